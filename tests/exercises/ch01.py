"""Likely mistakes of chapter 01, by exercise."""

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
