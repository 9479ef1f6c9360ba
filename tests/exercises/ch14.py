"""Likely mistakes of chapter 14, by exercise; right and wrong answers of other styles."""


def loss(noise="noise / sigma", at="z + sigma * noise", mean=".sum(-1).mean()", square=".square()"):
    return f"""
def denoising_loss(score, z, noise, sigma):
    return (score({at}) + {noise}){square}{mean}
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
        "sign of the noise": loss("-noise / sigma"),
        "noise not divided": loss("noise"),
        "divided twice": loss("noise / sigma**2"),
        "score of the clean codes": loss(at="z"),
        "variance for deviation": loss(at="z + sigma**2 * noise"),
        "mean over coordinates": loss(mean=".mean()"),
        "not squared": loss(square=".norm(dim=-1)", mean=".mean()"),
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
        "two terms": """
def denoising_loss(score, z, noise, sigma):
    y = z + sigma * noise
    target = (z - y) / sigma**2
    return F.mse_loss(score(y), target, reduction="sum") / len(z)
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
