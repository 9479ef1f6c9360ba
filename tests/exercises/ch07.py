"""Likely mistakes of chapter 07, by exercise."""

MASS = """
def prior_mass(log_p, log_q, level, cell):
    hole = log_p - log_q > level
    return {result}
"""

LEVEL = """
def level_of(logits, alpha):
    n = len(logits)
    rank = math.ceil({count} * {share})
    return {values}.sort().values[{index}]
"""
RIGHT = {"count": "(n + 1)", "share": "(1 - alpha)", "values": "logits", "index": "rank - 1"}

MISTAKES = {
    "7.1": {
        "all but the holes": """
def prior_mass(log_p, log_q, level, cell):
    return (log_p.exp() * (log_p - log_q < level)).sum() * cell
""",
        "area, not mass": MASS.format(result="hole.sum() * cell"),
        "share of the grid": MASS.format(result="hole.float().mean()"),
        "wrong side": """
def prior_mass(log_p, log_q, level, cell):
    return log_p.exp()[log_q - log_p > level].sum() * cell
""",
        "cell forgotten": MASS.format(result="log_p.exp()[hole].sum()"),
        "mass of the codes": MASS.format(result="log_q.exp()[hole].sum() * cell"),
        "log density": MASS.format(result="log_p[hole].sum() * cell"),
        "share of the mass on the grid": MASS.format(
            result="log_p.exp()[hole].sum() / log_p.exp().sum()"
        ),
        "mean instead of sum": MASS.format(result="(log_p.exp() * hole).mean() * cell"),
        "cell squared": MASS.format(result="log_p.exp()[hole].sum() * cell**2"),
        "|log p - log q| above the level": """
def prior_mass(log_p, log_q, level, cell):
    return log_p.exp()[(log_p - log_q).abs() > level].sum() * cell
""",
        "ratio compared with the level": """
def prior_mass(log_p, log_q, level, cell):
    p, q = log_p.exp(), log_q.exp()
    return p[p / q > level].sum() * cell
""",
        "D compared with the level": """
def prior_mass(log_p, log_q, level, cell):
    return log_p.exp()[torch.sigmoid(log_p - log_q) > level].sum() * cell
""",
        "level log 4, whatever it is": """
def prior_mass(log_p, log_q, level, cell):
    return log_p.exp()[log_p - log_q > math.log(4)].sum() * cell
""",
    },
    "7.2": {
        "rank counts from 0": LEVEL.format(**RIGHT | {"index": "rank"}),
        "n instead of n + 1": LEVEL.format(**RIGHT | {"count": "n"}),
        "quantile without the correction": """
def level_of(logits, alpha):
    return logits.quantile(1 - alpha)
""",
        "wrong tail": LEVEL.format(**RIGHT | {"share": "alpha"}),
        "two-sided": LEVEL.format(**RIGHT | {"values": "logits.abs()"}),
        "quantile of n, not of n + 1": """
def level_of(logits, alpha):
    return torch.quantile(logits, 1 - alpha, interpolation="higher")
""",
        "floor instead of ceil": """
def level_of(logits, alpha):
    return logits.sort().values[int((len(logits) + 1) * (1 - alpha)) - 1]
""",
        "rounded, not rounded up": """
def level_of(logits, alpha):
    return logits.sort().values[round((len(logits) + 1) * (1 - alpha)) - 1]
""",
        "one more than the floor": """
def level_of(logits, alpha):
    return logits.sort().values[int((len(logits) + 1) * (1 - alpha))]
""",
        "not sorted": """
def level_of(logits, alpha):
    return logits[math.ceil((len(logits) + 1) * (1 - alpha)) - 1]
""",
        "sorted downwards": """
def level_of(logits, alpha):
    rank = math.ceil((len(logits) + 1) * (1 - alpha))
    return logits.sort(descending=True).values[rank - 1]
""",
        "largest of all": """
def level_of(logits, alpha):
    return logits.max()
""",
    },
    "7.3": {
        "without the 2": """
def smallest_radius(bandwidth, rise):
    return bandwidth * math.sqrt(rise)
""",
        "square, not radius": """
def smallest_radius(bandwidth, rise):
    return 2 * bandwidth**2 * rise
""",
        "the bandwidth": """
def smallest_radius(bandwidth, rise):
    return bandwidth
""",
        "linear in the rise": """
def smallest_radius(bandwidth, rise):
    return 2 * bandwidth * rise
""",
        "factor, not logarithm": """
def smallest_radius(bandwidth, rise):
    return bandwidth * math.sqrt(2 * math.exp(rise))
""",
    },
}

ALSO_RIGHT = {
    "7.1": {
        "in place": """
def prior_mass(log_p, log_q, level, cell):
    log_q -= log_p
    log_p.exp_()
    log_p[log_q >= -level] = 0
    return log_p.sum().mul_(cell)
""",
        "in NumPy": """
def prior_mass(log_p, log_q, level, cell):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    return np.sum(np.exp(log_p[log_p - log_q > level])) * cell
""",
        "a loop": """
def prior_mass(log_p, log_q, level, cell):
    mass = 0.0
    for a, b in zip(log_p.tolist(), log_q.tolist()):
        if a - b > level:
            mass += math.exp(a) * cell
    return mass
""",
        "by logsumexp": """
def prior_mass(log_p, log_q, level, cell):
    return (torch.logsumexp(log_p[log_p - log_q > level], 0) + math.log(cell)).exp()
""",
        "densities, and a factor": """
def prior_mass(log_p, log_q, level, cell):
    p, q = log_p.exp(), log_q.exp()
    return (p * cell * (p > math.exp(level) * q)).sum()
""",
        "torch.where": """
def prior_mass(log_p, log_q, level, cell):
    return torch.where(log_q < log_p - level, log_p.exp(), 0.0).sum() * cell
""",
    },
    "7.2": {
        "kthvalue": """
def level_of(logits, alpha):
    rank = math.ceil((1 - alpha) * (len(logits) + 1))
    return torch.kthvalue(logits, rank).values
""",
        "sorted": """
def level_of(logits, alpha):
    return sorted(logits)[math.ceil((len(logits) + 1) * (1 - alpha)) - 1]
""",
        "in NumPy": """
def level_of(logits, alpha):
    rank = int(np.ceil((len(logits) + 1) * (1 - alpha)))
    return np.partition(logits.numpy(), rank - 1)[rank - 1]
""",
        "counted from above": """
def level_of(logits, alpha):
    above = math.floor((len(logits) + 1) * alpha)
    return logits.sort(descending=True).values[above - 1]
""",
        "topk": """
def level_of(logits, alpha):
    return logits.topk(math.floor((len(logits) + 1) * alpha)).values[-1].item()
""",
        "the course's own": """
from nav_utils.ratio import conformal
def level_of(logits, alpha):
    return conformal(logits, alpha)
""",
    },
    "7.3": {
        "as a power": """
def smallest_radius(bandwidth, rise):
    return (2 * rise * bandwidth**2) ** 0.5
""",
        "a little more": """
def smallest_radius(bandwidth, rise):
    return 1.02 * bandwidth * np.sqrt(2 * rise)
""",
        "a tensor": """
def smallest_radius(bandwidth, rise):
    return torch.tensor(2 * rise).sqrt() * bandwidth
""",
    },
}

ALSO_WRONG = {
    "7.1": {
        "the cell of the example": (
            MASS.format(result="log_p.exp()[hole].sum() * 0.02"),
            r"is a number typed in",
        ),
        "the size of the example": MASS.format(result="(log_p.exp() * hole).mean() * 400 * cell"),
        "D > 0.8, whatever the level": """
def prior_mass(log_p, log_q, level, cell):
    d = torch.sigmoid(log_p - log_q)
    return log_p.exp()[d > 0.8].sum() * cell
""",
        "quarter of p": """
def prior_mass(log_p, log_q, level, cell):
    p, q = log_p.exp(), log_q.exp()
    return p[q < p / 4].sum() * cell
""",
        "excess of the prior": MASS.format(result="(log_p.exp() - log_q.exp())[hole].sum() * cell"),
        "a mean of none": (
            MASS.format(result="log_p.exp()[hole].mean() * hole.sum() * cell"),
            "the mass is 0",
        ),
        "the mask": (MASS.format(result="hole"), "wrong shape"),
        "level in the density": """
def prior_mass(log_p, log_q, level, cell):
    return log_p.exp()[log_p > level].sum() * cell
""",
    },
    "7.2": {
        "quantile, nearest": """
def level_of(logits, alpha):
    return torch.quantile(logits, 1 - alpha, interpolation="nearest")
""",
        "quantile, lower": """
def level_of(logits, alpha):
    return torch.quantile(logits, 1 - alpha, interpolation="lower")
""",
        "quantile of n + 1 over n": """
def level_of(logits, alpha):
    return logits.quantile(min(1.0, (1 - alpha) * (len(logits) + 1) / len(logits)))
""",
        "the floor is named": (
            """
def level_of(logits, alpha):
    rank = math.floor((len(logits) + 1) * (1 - alpha))
    return logits.sort().values[rank - 1]
""",
            r"not yet \(floor instead of ceil\)",
        ),
        "index n (1 - alpha)": """
def level_of(logits, alpha):
    return logits.sort().values[int(len(logits) * (1 - alpha))]
""",
        "index n (1 - alpha), rounded up": """
def level_of(logits, alpha):
    return logits.sort().values[math.ceil(len(logits) * (1 - alpha))]
""",
        "alpha = 0.05 typed in": """
def level_of(logits, alpha):
    return logits.sort().values[math.ceil((len(logits) + 1) * 0.95) - 1]
""",
        "alpha = 0.3 typed in": (
            """
def level_of(logits, alpha):
    return logits.sort().values[math.ceil((len(logits) + 1) * 0.7) - 1]
""",
            r"is a number typed in",
        ),
        "the rank": """
def level_of(logits, alpha):
    return math.ceil((len(logits) + 1) * (1 - alpha))
""",
        "a row of one": (
            """
def level_of(logits, alpha):
    rank = math.ceil((len(logits) + 1) * (1 - alpha))
    return logits.sort().values[rank - 1 : rank]
""",
            "wrong shape",
        ),
    },
    "7.3": {
        "typed in": """
def smallest_radius(bandwidth, rise):
    return 0.1665
""",
        "half as much again": (
            """
def smallest_radius(bandwidth, rise):
    return 1.5 * bandwidth * math.sqrt(2 * rise)
""",
            "wanted",
        ),
        "by the share of a line": """
def smallest_radius(bandwidth, rise):
    return bandwidth * (rise + 0.5)
""",
    },
}
