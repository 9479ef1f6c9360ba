"""Likely mistakes of chapter 00, right answers of other styles, and wrong ones, by exercise."""


def radius(answer):
    return f"""
def radius_for(share):
    return {answer}
"""


def tears(answer):
    return f"""
def count_tears(points, factor):
    gaps = points.diff(dim=0).norm(dim=-1)
    return {answer}
"""


MISTAKES = {
    "0.1": {
        "share of the outside": radius("(-2 * share.log()).sqrt()"),
        "square, not radius": radius("-2 * (1 - share).log()"),
        "the 2 left out": radius("(-(1 - share).log()).sqrt()"),
        "share for radius": radius("1 - torch.exp(-(share**2) / 2)"),
    },
    "0.2": {
        "compared with the mean": tears("(gaps > factor * gaps.mean()).sum()"),
        "compared with the factor": tears("(gaps > factor).sum()"),
        "not counted": tears("gaps > factor * gaps.median()"),
        "the largest gap": tears("gaps.max() / gaps.median()"),
        "squared gaps": tears("(gaps**2 > factor * (gaps**2).median()).sum()"),
        "the others": tears("(gaps <= factor * gaps.median()).sum()"),
    },
    "0.3": {
        "no list of places": "stops = [1.0, 2.0]",
        "as good as straight": "stops = [(-1.34, -0.65)]",
        "still in a hole": "stops = [(-1.6, -0.9)]",
        "too long": "stops = [(-0.9, 0.1), (0.8, -0.2), (-0.2, -0.9)]",
    },
}

ALSO_RIGHT = {
    "0.1": {
        "in NumPy": radius("np.sqrt(-2 * np.log(1 - share.numpy()))"),
        "one after the other": radius("torch.stack([(2 * -(1 - x).log()) ** 0.5 for x in share])"),
    },
    "0.2": {
        "a loop": """
def count_tears(points, factor):
    gaps = [float((b - a).norm()) for a, b in zip(points, points[1:])]
    middle = sorted(gaps)[(len(gaps) - 1) // 2]
    return sum(gap > factor * middle for gap in gaps)
""",
        "in NumPy": """
def count_tears(points, factor):
    gaps = np.linalg.norm(np.diff(points.numpy(), axis=0), axis=1)
    return int((gaps > factor * np.median(gaps)).sum())
""",
    },
    "0.3": {
        "by the 3s alone": "stops = [(-0.8, -0.3)]",
        "a tensor": "stops = torch.tensor([[-0.9, 0.1], [-0.5, -1.0]])",
    },
}

ALSO_WRONG = {
    "0.3": {
        "three numbers": "stops = [(0.1, 0.2, 0.3)]",
        "not a number": "stops = [(float('nan'), 0.2)]",
    },
}
