"""Likely mistakes of chapter 16, by exercise; right and wrong answers of other styles."""


def p_value(expression):
    return f"""
def p_value(score, usual):
    above = (usual >= score[:, None]).sum(1)
    n = len(usual)
    return {expression}
"""


HYBRID = """
def hybrid(prob, cutoff):
    entropy = -(prob * prob.clamp_min(1e-12).log()).sum(-1)
    best = prob.sort(dim=-1, descending=True).values
    ambiguous, both, second = entropy > cutoff, best[:, :2].sum(-1) > 0.9, best[:, 1] > 0.1
    return {expression}
"""


def hybrid(expression):
    return HYBRID.format(expression=expression)


JUDGE = """
def parts(x):
    return torch.cat([{parts}], 1)


def judge(images, bank):
    return {sign}torch.cdist(parts(images), parts(bank)).topk(5, largest=False).values[:, -1]
"""
VALUES = "x.flatten(1).sort(1).values"
STEPS = (
    "x.diff(dim=-1).abs().flatten(1).sort(1).values, x.diff(dim=-2).abs().flatten(1).sort(1).values"
)


def judge(parts, sign=""):
    return JUDGE.format(parts=parts, sign=sign)


MISTAKES = {
    "16.1": {
        "the image itself left out": p_value("above / n"),
        "one added above only": p_value("(1 + above) / n"),
        "one added below only": p_value("above / (n + 1)"),
        "ties not counted": p_value("(1 + above) / (n + 1)").replace(">=", ">"),
        "small scores are strange": p_value("(1 + above) / (n + 1)").replace(">=", "<="),
        "one minus p": p_value("1 - (1 + above) / (n + 1)"),
        "how many, not which share": p_value("1 + above"),
    },
    "16.2": {
        "entropy not asked": hybrid("both & second"),
        "two classes not asked": hybrid("ambiguous & second"),
        "the second class not asked": hybrid("ambiguous & both"),
        "the largest alone above 0.9": hybrid("ambiguous & (best[:, 0] > 0.9) & second"),
        "entropy in bits": hybrid("(entropy / math.log(2) > cutoff) & both & second"),
        "any of the three": hybrid("ambiguous | both | second"),
    },
    "16.3": {
        "crossfades pass": judge("x.flatten(1)"),
        "noise passes": judge(VALUES),
        "small scores are strange": judge(f"{VALUES}, {STEPS}", sign="-"),
        "blind to both": """
def judge(images, bank):
    return -images.flatten(1).max(1).values
""",
        "not one number for each image": judge("x.flatten(1)").replace("[:, -1]", ""),
        "depends on the other images": """
def judge(images, bank):
    return (images.flatten(1).std(1) - images.flatten(1).std(1).mean()).abs()
""",
    },
}

ALSO_RIGHT = {
    "16.1": {
        "with NumPy": """
def p_value(score, usual):
    ordered = np.sort(usual.numpy())
    at_least = len(ordered) - np.searchsorted(ordered, score.numpy(), side="left")
    return (1 + at_least) / (len(ordered) + 1)
""",
    },
    "16.2": {"as a product": hybrid("(ambiguous * both * second).bool()")},
    "16.3": {"the nearest": judge(f"{VALUES}, {STEPS}").replace("topk(5", "topk(1")},
}
