"""Likely mistakes of chapter 01, right answers of other styles, and wrong ones, by exercise."""

BISECT = """
def find_between(g, a, b):
    for _ in range(40):
        middle = (a + b) / 2
        if {test}:
            a = middle
        else:
            b = middle
    return {result}
"""

MISTAKES = {
    "1.1": {
        "no logarithm": """
def log_density(r, k, n_codes):
    return k / (n_codes * math.pi * r**2)
""",
        "circumference": """
def log_density(r, k, n_codes):
    return torch.log(k / (n_codes * 2 * math.pi * r))
""",
        "one dimension": """
def log_density(r, k, n_codes):
    return torch.log(k / (n_codes * 2 * r))
""",
        "radius not squared": """
def log_density(r, k, n_codes):
    return math.log(k / n_codes) - math.log(math.pi) - r.log()
""",
        "count, not share": """
def log_density(r, k, n_codes):
    return math.log(k) - math.log(math.pi) - 2 * r.log()
""",
        "area over share": """
def log_density(r, k, n_codes):
    return math.log(n_codes / k) + math.log(math.pi) + 2 * r.log()
""",
    },
    "1.2": {
        "one step": """
def find_between(g, a, b):
    return (a + b) / 2
""",
        "never moves": """
def find_between(g, a, b):
    for _ in range(40):
        middle = (a + b) / 2
        if g(middle) * g(a) > 0:
            low = middle
        else:
            high = middle
    return middle
""",
        "value, not place": BISECT.format(test="g(middle) * g(a) > 0", result="g((a + b) / 2)"),
        "wrong half": BISECT.format(test="g(middle) > 0", result="(a + b) / 2"),
        "assumes that g rises": BISECT.format(test="g(middle) < 0", result="(a + b) / 2"),
    },
    "1.3": {
        "spread of the pairs": """
def interval(values, chosen):
    return values.quantile(torch.tensor([0.025, 0.975]))
""",
        "spread of the resampled pairs": """
def interval(values, chosen):
    return values[chosen].quantile(torch.tensor([0.025, 0.975]))
""",
        "90 % interval": """
def interval(values, chosen):
    means = values[chosen].mean(dim=1)
    return means.quantile(torch.tensor([0.05, 0.95]))
""",
        "mean over the resamples": """
def interval(values, chosen):
    means = values[chosen].mean(dim=0)
    return means.quantile(torch.tensor([0.025, 0.975]))
""",
        "ends exchanged": """
def interval(values, chosen):
    means = values[chosen].mean(dim=1)
    return means.quantile(torch.tensor([0.975, 0.025]))
""",
    },
}

ALSO_RIGHT = {
    "1.1": {
        "one fraction": """
def log_density(r, k, n_codes):
    return torch.log(k / (n_codes * math.pi * r**2))
""",
        "in place": """
def log_density(r, k, n_codes):
    r *= r
    r *= math.pi * n_codes / k
    return r.log_().neg_()
""",
        "in NumPy": """
def log_density(r, k, n_codes):
    return np.log(k) - np.log(n_codes) - np.log(np.pi * np.asarray(r) ** 2)
""",
        "one number after the other": """
def log_density(r, k, n_codes):
    return [math.log(k / (n_codes * math.pi * x**2)) for x in r.tolist()]
""",
        "in float64": """
def log_density(r, k, n_codes):
    return (k / n_codes / (math.pi * r.double().square())).log()
""",
        "a tensor of pi": """
def log_density(r, k, n_codes):
    return torch.log(torch.tensor(k / n_codes)) - torch.log(torch.pi * r.pow(2))
""",
        "another base, divided out": """
def log_density(r, k, n_codes):
    return torch.log2(k / n_codes / (torch.pi * r * r)) * math.log(2)
""",
    },
    "1.2": {
        "the sign kept": """
def find_between(g, a, b):
    sign = 1 if g(a) > 0 else -1
    for _ in range(40):
        middle = 0.5 * (a + b)
        a, b = (middle, b) if sign * g(middle) > 0 else (a, middle)
    return a
""",
        "np.sign": """
def find_between(g, a, b):
    for _ in range(60):
        middle = (a + b) / 2
        if np.sign(g(middle)) == np.sign(g(b)):
            b = middle
        else:
            a = middle
    return np.array(middle)
""",
        "recursion": """
def find_between(g, a, b, n=40):
    middle = (a + b) / 2
    if n == 0:
        return middle
    return find_between(g, a, middle, n - 1) if g(a) * g(middle) <= 0 else find_between(
        g, middle, b, n - 1)
""",
        "until it is near": """
def find_between(g, a, b):
    low, high = (a, b) if g(a) < 0 else (b, a)
    while abs(g((low + high) / 2)) >= 1e-3:
        middle = (low + high) / 2
        if g(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
""",
        "SciPy": """
from scipy.optimize import brentq


def find_between(g, a, b):
    return brentq(g, a, b)
""",
        "tensors": """
def find_between(g, a, b):
    a, b = torch.tensor(float(a)), torch.tensor(float(b))
    for _ in range(40):
        middle = (a + b) / 2
        if g(middle) * g(a) > 0:
            a.copy_(middle)
        else:
            b.copy_(middle)
    return a
""",
        "a fine grid": """
def find_between(g, a, b):
    z = np.linspace(a, b, 2_000_001)
    return z[np.abs(g(z)).argmin()]
""",
    },
    "1.3": {
        "in NumPy": """
def interval(values, chosen):
    return np.quantile(values.numpy()[chosen.numpy()].mean(axis=1), [0.025, 0.975])
""",
        "percentiles": """
def interval(values, chosen):
    return tuple(np.percentile(values[chosen].mean(1), [2.5, 97.5]))
""",
        "two numbers": """
def interval(values, chosen):
    means = values[chosen].mean(dim=-1)
    return means.quantile(0.025), means.quantile(0.975)
""",
        "a list of floats": """
def interval(values, chosen):
    means = torch.stack([values[row].mean() for row in chosen])
    return [torch.quantile(means, level).item() for level in (0.025, 0.975)]
""",
        "in float64": """
def interval(values, chosen):
    levels = torch.tensor([0.025, 0.975], dtype=torch.float64)
    return values.double()[chosen].mean(1).quantile(levels)
""",
        "in place": """
def interval(values, chosen):
    values -= 1
    means = values[chosen].mean(1)
    means += 1
    return means.sort().values.quantile(torch.tensor([0.025, 0.975]))
""",
        "take and divide": """
def interval(values, chosen):
    means = torch.take(values, chosen).sum(1) / len(values)
    return torch.stack([means.quantile(0.025), means.quantile(0.975)])
""",
        "counts": """
def interval(values, chosen):
    counts = F.one_hot(chosen, len(values)).sum(1).float()
    return (counts @ values / len(values)).quantile(torch.tensor([0.025, 0.975]))
""",
    },
}

ALSO_WRONG = {
    "1.1": {
        "the chapter's own numbers": (
            """
def log_density(r, k, n_codes):
    return math.log(10 / 5000) - math.log(math.pi) - 2 * r.log()
""",
            "right on one input only.*3 and 400",
        ),
        "log10": (
            """
def log_density(r, k, n_codes):
    return torch.log10(k / n_codes / (math.pi * r**2))
""",
            "natural",
        ),
        "log2": (
            """
def log_density(r, k, n_codes):
    return torch.log2(k / n_codes / (math.pi * r**2))
""",
            "log2",
        ),
        "a ball": (
            """
def log_density(r, k, n_codes):
    return torch.log(k / n_codes / (4 / 3 * math.pi * r**3))
""",
            "volume",
        ),
        "k left out": (
            """
def log_density(r, k, n_codes):
    return -torch.log(n_codes * math.pi * r**2)
""",
            "k left out",
        ),
        "pi squared": """
def log_density(r, k, n_codes):
    return torch.log(k / n_codes / (math.pi * r) ** 2)
""",
        "no pi": """
def log_density(r, k, n_codes):
    return torch.log(k / n_codes / r**2)
""",
        "brackets forgotten": (
            """
def log_density(r, k, n_codes):
    return torch.log(k / n_codes * math.pi * r**2)
""",
            "multiplied",
        ),
        "one number": (
            """
def log_density(r, k, n_codes):
    return torch.log(k / n_codes / (math.pi * r**2)).mean()
""",
            r"shape \(3,\)",
        ),
        "math.log of a tensor": (
            """
def log_density(r, k, n_codes):
    return math.log(k / n_codes / (math.pi * r**2))
""",
            "in the line",
        ),
        "log of the ratio to the prior": """
def log_density(r, k, n_codes):
    return torch.log(k / n_codes / (math.pi * r**2)) + math.log(2 * math.pi)
""",
        "complex": """
def log_density(r, k, n_codes):
    return torch.log(k / n_codes / (math.pi * r**2)) + 1j
""",
    },
    "1.2": {
        "a loop that compares and does not set": (
            """
def find_between(g, a, b):
    for _ in range(40):
        middle = (a + b) / 2
        if g(middle) * g(a) > 0:
            a == middle
        else:
            b == middle
    return (a + b) / 2
""",
            "never moves.*same middle",
        ),
        "the first middle": (
            """
def find_between(g, a, b):
    result = (a + b) / 2
    for _ in range(40):
        middle = (a + b) / 2
        if g(middle) * g(a) > 0:
            a = middle
        else:
            b = middle
    return result
""",
            "again at the end",
        ),
        "one halving": (
            """
def find_between(g, a, b):
    middle = (a + b) / 2
    if g(middle) * g(a) > 0:
        a = middle
    elif g(middle) * g(a) < 0:
        b = middle
    return (a + b) / 2
""",
            "40 times",
        ),
        "one look": (
            """
def find_between(g, a, b):
    middle = (a + b) / 2
    if g(middle) * g(a) > 0:
        a = middle
    elif g(middle) * g(a) < 0:
        b = middle
    return middle
""",
            "halve again",
        ),
        "too few halvings": BISECT.replace("40", "6").format(
            test="g(middle) * g(a) > 0", result="(a + b) / 2"
        ),
        "the half without the change": (
            BISECT.format(test="g(middle) * g(a) < 0", result="(a + b) / 2"),
            "sign",
        ),
        "a typed number": """
def find_between(g, a, b):
    return 0.3 if g(a) < 0 else -0.7
""",
        "both ends": (
            BISECT.format(test="g(middle) * g(a) > 0", result="(a, b)"),
            "single number",
        ),
        "one secant": """
def find_between(g, a, b):
    return a - g(a) * (b - a) / (g(b) - g(a))
""",
        "half of the last interval": """
def find_between(g, a, b):
    for _ in range(40):
        middle = (a + b) / 2
        if g(middle) * g(a) > 0:
            a = middle
        else:
            b = middle
    return (b - a) / 2
""",
        "outside": (
            """
def find_between(g, a, b):
    return b + 10
""",
            "does not lie between",
        ),
        "a coarse grid": """
def find_between(g, a, b):
    z = np.linspace(a, b, 100)
    return z[np.abs(g(z)).argmin()]
""",
        "whether there is one": """
def find_between(g, a, b):
    return g(a) * g(b) < 0
""",
        "NaN": """
def find_between(g, a, b):
    return float("nan")
""",
        "complex": """
def find_between(g, a, b):
    return 0.3 + 0j
""",
        "words": """
def find_between(g, a, b):
    return "in the middle"
""",
    },
    "1.3": {
        "resamples of one's own": (
            """
def interval(values, chosen):
    chosen = torch.randint(len(values), chosen.shape)
    return values[chosen].mean(1).quantile(torch.tensor([0.025, 0.975]))
""",
            "chosen",
        ),
        "the same resamples of one's own": (
            """
def interval(values, chosen):
    draws = np.random.default_rng(0).integers(len(values), size=(2000, len(values)))
    return np.quantile(values.numpy()[draws].mean(1), [0.025, 0.975])
""",
            "chosen",
        ),
        "1.96 standard errors": (
            """
def interval(values, chosen):
    error = values.std() / math.sqrt(len(values))
    return values.mean() - 1.96 * error, values.mean() + 1.96 * error
""",
            "normal",
        ),
        "1.96 standard deviations of the means": (
            """
def interval(values, chosen):
    means = values[chosen].mean(1)
    return torch.stack([means.mean() - 1.96 * means.std(), means.mean() + 1.96 * means.std()])
""",
            "normal",
        ),
        "medians": (
            """
def interval(values, chosen):
    return values[chosen].median(1).values.quantile(torch.tensor([0.025, 0.975]))
""",
            "median",
        ),
        "all of them": (
            """
def interval(values, chosen):
    means = values[chosen].mean(1)
    return means.min(), means.max()
""",
            "all of them",
        ),
        "sums": """
def interval(values, chosen):
    return values[chosen].sum(1).quantile(torch.tensor([0.025, 0.975]))
""",
        "the mean of all": (
            """
def interval(values, chosen):
    return values[chosen].mean().quantile(torch.tensor([0.025, 0.975]))
""",
            "spread|different",
        ),
        "thirty pairs": """
def interval(values, chosen):
    return (values[chosen].sum(1) / 30).quantile(torch.tensor([0.025, 0.975]))
""",
        "half of the means": """
def interval(values, chosen):
    return values[chosen].mean(1)[:200].quantile(torch.tensor([0.025, 0.975]))
""",
        "the low end": (
            """
def interval(values, chosen):
    return values[chosen].mean(1).quantile(0.025)
""",
            "shape",
        ),
        "its width": """
def interval(values, chosen):
    low, high = values[chosen].mean(1).quantile(torch.tensor([0.025, 0.975]))
    return high - low
""",
        "percent for shares": (
            """
def interval(values, chosen):
    return values[chosen].mean(1).quantile(torch.tensor([2.5, 97.5]))
""",
            "in the line",
        ),
        "words": """
def interval(values, chosen):
    return {"low": 0.1, "high": 0.2}
""",
    },
}
