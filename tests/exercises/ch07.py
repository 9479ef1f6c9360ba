"""Likely mistakes of chapter 07, by exercise."""

BAND = """
def band(eps):
    return {result}
"""

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
        "log D only": """
def band(eps):
    return math.log(0.5 + eps)
""",
        "one, not one half": """
def band(eps):
    return math.log((1 + eps) / (1 - eps))
""",
        "probability, not logit": BAND.format(result="0.5 + eps"),
        "odds, not their logarithm": BAND.format(result="(0.5 + eps) / (0.5 - eps)"),
        "logit of eps": BAND.format(result="math.log(eps / (1 - eps))"),
        "lower rim": BAND.format(result="math.log((0.5 - eps) / (0.5 + eps))"),
        "straight line": BAND.format(result="4 * eps"),
        "half the logit": BAND.format(result="math.atanh(2 * eps)"),
        "another logarithm": BAND.format(result="math.log10((0.5 + eps) / (0.5 - eps))"),
        "width of the band": BAND.format(result="2 * math.log((0.5 + eps) / (0.5 - eps))"),
    },
    "7.2": {
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
    "7.3": {
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
}

ALSO_RIGHT = {
    "7.1": {
        "by artanh": BAND.format(result="2 * math.atanh(2 * eps)"),
        "by torch": BAND.format(result="torch.logit(torch.tensor(0.5 + eps))"),
        "in NumPy": BAND.format(result="np.log(0.5 + eps) - np.log(0.5 - eps)"),
        "with SciPy": """
from scipy.special import logit
def band(eps):
    return logit(0.5 + eps)
""",
        "minus the lower rim": BAND.format(result="-math.log((1 - 2 * eps) / (1 + 2 * eps))"),
    },
    "7.2": {
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
    "7.3": {
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
}

ALSO_WRONG = {
    "7.1": {
        "eps = 0.1 typed in": BAND.format(result="math.log(1.5)"),
        "eps = 0.3 typed in": (BAND.format(result="math.log(4)"), r"is a number typed in"),
        "the odds of eps and 1": BAND.format(result="math.log(1 + eps) - math.log(eps)"),
        "both rims": (
            BAND.format(result="(-math.log((0.5 + eps) / (0.5 - eps)), 0)"),
            "wrong shape",
        ),
        "a tensor of one": (
            BAND.format(result="torch.tensor([math.log((0.5 + eps) / (0.5 - eps))])"),
            "wrong shape",
        ),
        "the sigmoid": BAND.format(result="1 / (1 + math.exp(-0.5 - eps))"),
        "words": (BAND.format(result="'log 1.5'"), "wrong type"),
        "torch's logarithm of a number": (
            BAND.format(result="torch.log((0.5 + eps) / (0.5 - eps))"),
            "TypeError",
        ),
    },
    "7.2": {
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
    "7.3": {
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
}
