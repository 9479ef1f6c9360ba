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


def distance(answer):
    return f"""
def distance_of(log_q, k, n_codes):
    return {answer}
"""


def touching(answer):
    return f"""
def sets_touching(share, n):
    return {answer}
"""


MISTAKES = {
    "1.1": {
        "square, not radius": distance("k / n_codes / math.pi / log_q.exp()"),
        "log density for density": distance("(k / n_codes / math.pi / log_q.abs()).sqrt()"),
        "density upside down": distance("(k / n_codes / math.pi * log_q.exp()).sqrt()"),
        "pi left out": distance("(k / n_codes / log_q.exp()).sqrt()"),
        "count, not share": distance("(k / math.pi / log_q.exp()).sqrt()"),
        "k left out": distance("(1 / n_codes / math.pi / log_q.exp()).sqrt()"),
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
        "shares added": touching("n * share"),
        "all of them": touching("share**n"),
        "none of them": touching("(1 - share) ** n"),
        "exactly one": touching("n * share * (1 - share) ** (n - 1)"),
    },
}

ALSO_RIGHT = {
    "1.1": {
        "in logarithms": distance("torch.exp((math.log(k / n_codes / math.pi) - log_q) / 2)"),
        "in NumPy": distance("np.sqrt(k / (n_codes * np.pi * np.exp(log_q.numpy())))"),
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
        "in logarithms": touching("-torch.expm1(n * torch.log1p(-share))"),
        "a loop": """
def sets_touching(share, n):
    none = torch.ones_like(share)
    for _ in range(n):
        none = none * (1 - share)
    return 1 - none
""",
    },
}

ALSO_WRONG = {
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
        "drawn, not computed": """
def sets_touching(share, n):
    return (torch.rand(300, n, len(share)) < share).any(1).float().mean(0)
""",
    },
}
