"""Likely mistakes of chapter 15, by exercise; right and wrong answers of other styles."""


def pair(score="(guess - noisy) / rows**2", noise="(noisy - guess) / rows"):
    return f"""
def two_readings(noisy, guess, sigma):
    rows = sigma[:, None]
    return {score}, {noise}
"""


def area(body):
    return f"""
def nats(sigmas, errors):
    heights = errors / sigmas**3
    return {body}
"""


PRICE = """
from nav_utils.diffusion import heun, noise_levels


def euler(denoise, x, sigmas):
    for now, then in zip(sigmas[:-1], sigmas[1:]):
        x = x + (then - now) * (x - denoise(x, now)) / now
    return x


def at_equal_price(denoise, noise, questions):
    def end(method, steps):
        sigmas = noise_levels(steps).to(noise)
        return method(denoise, sigmas[0] * noise, sigmas)

    truth = end(heun, 150)
    ends = end({first}), end({second})
    return {result}
"""
MEAN = "tuple((x - truth).norm(dim=-1).mean() for x in ends)"


def price(first="euler, questions", second="heun, (questions + 1) // 2", result=MEAN):
    return PRICE.format(first=first, second=second, result=result)


MISTAKES = {
    "15.1": {
        "sign of the score": pair("(noisy - guess) / rows**2"),
        "sigma not squared": pair("(guess - noisy) / rows"),
        "not divided": pair("guess - noisy"),
        "sign of the noise": pair(noise="(guess - noisy) / rows"),
        "noise not divided": pair(noise="noisy - guess"),
        "noise divided twice": pair(noise="(noisy - guess) / rows**2"),
        "not two tensors": pair().replace(", (noisy - guess) / rows", ""),
    },
    "15.2": {
        "sigma squared": area("torch.trapezoid(errors / sigmas**2, sigmas)"),
        "one half too many": area("torch.trapezoid(heights, sigmas) / 2"),
        "levels taken as even": area("heights.mean() * (sigmas[-1] - sigmas[0])"),
        "left ends only": area("(heights[:-1] * sigmas.diff()).sum()"),
        "right ends only": area("(heights[1:] * sigmas.diff()).sum()"),
        "the wrong sign": area("torch.trapezoid(heights.flip(0), sigmas.flip(0))"),
        "steps not multiplied": area("heights.sum()"),
    },
    "15.3": {
        "Euler with Heun's steps": price("euler, (questions + 1) // 2"),
        "Heun with Euler's steps": price(second="heun, questions"),
        "not the mean distance": price(
            result="tuple((x - truth).square().mean().sqrt() for x in ends)"
        ),
        "errors in the other order": price("heun, (questions + 1) // 2", "euler, questions"),
        "Euler twice": price(second="euler, (questions + 1) // 2"),
        "not two numbers": price(result="(ends[0] - truth).norm(dim=-1).mean()"),
    },
}

ALSO_RIGHT = {
    "15.1": {
        "by views": """
def two_readings(noisy, guess, sigma):
    noise = (noisy - guess) / sigma.view(-1, 1)
    return -noise / sigma.view(-1, 1), noise
""",
    },
    "15.2": {
        "by hand": area("((heights[1:] + heights[:-1]) / 2 * sigmas.diff()).sum()"),
        "with NumPy": """
def nats(sigmas, errors):
    return float(np.trapezoid((errors / sigmas**3).numpy(), sigmas.numpy()))
""",
    },
    "15.3": {"as numbers": price(result="[float((x - truth).norm(dim=-1).mean()) for x in ends]")},
}
