"""Likely mistakes of chapter 16, by exercise; right and wrong answers of other styles."""

TWO = """
def two_sided(score, usual):
    n = len(usual)
    above = (usual {more} score[:, None]).sum(1)
    below = (usual {less} score[:, None]).sum(1)
    return {answer}
"""


def two(answer, more=">=", less="<="):
    return TWO.format(answer=answer, more=more, less=less)


RIGHT = "(2 * (1 + torch.minimum(above, below)) / (n + 1)).clamp_max(1)"


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


def my_judge(images, bank):
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
        "not doubled": two("(1 + torch.minimum(above, below)) / (n + 1)"),
        "not cut off at 1": two("2 * (1 + torch.minimum(above, below)) / (n + 1)"),
        "the larger of both": two(RIGHT.replace("minimum", "maximum")),
        "the upper tail only": two("(1 + above) / (n + 1)"),
        "the lower tail only": two("(1 + below) / (n + 1)"),
        "the image itself left out": two("(2 * torch.minimum(above, below) / n).clamp_max(1)"),
        "one added above only": two(RIGHT.replace("(n + 1)", "n")),
        "ties not counted": two(RIGHT, ">", "<"),
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
def my_judge(images, bank):
    return -images.flatten(1).max(1).values
""",
        "not one number for each image": judge("x.flatten(1)").replace("[:, -1]", ""),
        "depends on the other images": """
def my_judge(images, bank):
    return (images.flatten(1).std(1) - images.flatten(1).std(1).mean()).abs()
""",
    },
}

ALSO_RIGHT = {
    "16.1": {
        "with NumPy": """
def two_sided(score, usual):
    ordered, x = np.sort(usual.numpy()), score.numpy()
    above = len(ordered) - np.searchsorted(ordered, x, side="left")
    below = np.searchsorted(ordered, x, side="right")
    return np.minimum(1, 2 * (1 + np.minimum(above, below)) / (len(ordered) + 1))
""",
    },
    "16.2": {"as a product": hybrid("(ambiguous * both * second).bool()")},
    "16.3": {"the nearest": judge(f"{VALUES}, {STEPS}").replace("topk(5", "topk(1")},
}
