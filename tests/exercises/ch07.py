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
    },
}
