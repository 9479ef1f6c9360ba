"""Likely mistakes of chapter 14, by exercise; right and wrong answers of other styles."""


def left(noise="y.shape[1] / sigma**2", sign="-", square=".square().sum(-1).mean()"):
    return f"""
def least_loss(score, y, sigma):
    return {noise} {sign} score(y){square}
"""


def blur(answer):
    return f"""
def blur_error(std, sigma):
    return {answer}
"""


LEVEL = """
def best_level(kernel_score, codes, held_out, levels):
    losses = []
    for sigma in levels:
        score, divergence = kernel_score(codes, sigma)({at})
        losses.append(float(({what}).mean()))
    return levels[losses.index(min(losses))]
"""


def level(what="score.square().sum(-1) / 2 + divergence", at="held_out"):
    return LEVEL.format(what=what, at=at)


MISTAKES = {
    "14.1": {
        "mixed term left out": left(sign="+"),
        "mixed term counted once": left(square=".sum() * 0"),
        "without the noise": left(noise="0"),
        "one coordinate of noise": left(noise="1 / sigma**2"),
        "noise not divided": left(noise="y.shape[1]"),
        "sigma not squared": left(noise="y.shape[1] / sigma"),
        "mean over coordinates": left(square=".square().mean()"),
        "norm not squared": left(square=".norm(dim=-1).mean()"),
    },
    "14.2": {
        "not squared": blur("sigma**2 / (std**2 + sigma**2)"),
        "what is left": blur("(std**2 / (std**2 + sigma**2)) ** 2"),
        "deviations for variances": blur("(sigma / (std + sigma)) ** 2"),
        "as a share of the blurred": blur("(sigma / std) ** 4"),
        "absolute": blur("(sigma**2 / (std**2 + sigma**2) / std) ** 2"),
    },
    "14.3": {
        "judged on its own codes": level(at="codes"),
        "without the divergence": level("score.square().sum(-1) / 2"),
        "only the divergence": level("divergence"),
        "not one of the levels": level().replace("levels[losses", "(losses").replace("))]", ")))"),
        "not one level": level().replace("return levels[", "return list(levels), ["),
    },
}

ALSO_RIGHT = {
    "14.1": {
        "with einsum": """
def least_loss(score, y, sigma):
    n, d = y.shape
    s = score(y)
    return d / sigma**2 - torch.einsum("ni,ni->", s, s) / n
""",
    },
    "14.2": {"one over": blur("1 / (1 + (std / sigma) ** 2) ** 2")},
    "14.3": {
        "with min": """
def best_level(kernel_score, codes, held_out, levels):
    def fisher(sigma):
        score, divergence = kernel_score(codes, sigma)(held_out)
        return (score.pow(2).sum(1) / 2 + divergence).mean()

    return min(levels, key=fisher)
""",
    },
}
