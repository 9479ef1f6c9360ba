"""Exercises of chapter 01."""

import math

import torch

from nav_utils.checks import Mistake, closest, exercise


@exercise(
    "1.1", hint="the share k / n_codes of the codes, over the area pi r^2, then the logarithm"
)
def log_density(answer) -> Mistake | None:
    """A function (r, k, n_codes) -> log density, the shape of r."""
    r, k, n_codes = torch.tensor([0.05, 0.4, 1.7]), 10, 5000
    area = math.pi * r.square()
    right = (k / n_codes / area).log()
    return closest(
        answer(r, k, n_codes),
        right,
        {
            "no logarithm": (right.exp(), "That is the density: take its logarithm."),
            "circumference": (
                (k / n_codes / (2 * math.pi * r)).log(),
                "2 pi r is the length of the rim. The codes are spread over the area, pi r^2.",
            ),
            "one dimension": (
                (k / n_codes / (2 * r)).log(),
                "2 r is the length of an interval. In the plane the ball is a disc: pi r^2.",
            ),
            "radius not squared": (
                (k / n_codes / (math.pi * r)).log(),
                "An area grows with the square of r: log r counts twice.",
            ),
            "count, not share": (
                (k / area).log(),
                "k / area counts codes. Divide by n_codes, so that the density has total 1.",
            ),
            "area over share": (-right, "The sign is wrong: a large distance is a small density."),
        },
    )


@exercise(
    "1.2", hint="keep the half at whose ends g has opposite signs; compare with the sign at a"
)
def find_between(answer) -> Mistake | None:
    """A function (g, a, b) -> z with g(z) near 0."""

    def rising(z: float) -> float:
        return math.tanh(4 * (z - 0.3))

    def falling(z: float) -> float:
        return -2 * math.tanh(3 * (z + 0.7))

    first = closest(
        answer(rising, -2.0, 2.5),
        0.3,
        {
            "one step": (0.25, "That is the middle of the interval: halve again, 40 times."),
            "value, not place": (0.0, "You returned g there; asked for is z itself."),
            "wrong half": (-2.0, "You kept the half where g does not change sign."),
        },
        tolerance=1e-3,
    )
    if first is not None:
        return first
    only_rising = "This g falls. Compare the sign in the middle with the sign at a, not with 0."
    return closest(
        answer(falling, -2.0, 2.5),
        -0.7,
        {
            "assumes that g rises": (2.5, only_rising),
            "assumes that g rises (a)": (-2.0, only_rising),
        },
        tolerance=1e-3,
    )


@exercise(
    "1.3", hint="values[chosen].mean(dim=1) are the means of the resamples; take their quantiles"
)
def interval(answer) -> Mistake | None:
    """A function (values, chosen) -> (low, high)."""
    generator = torch.Generator().manual_seed(0)
    values = torch.rand(30, generator=generator).square()
    chosen = torch.randint(30, (400, 30), generator=generator)
    levels = torch.tensor([0.025, 0.975])
    means = values[chosen].mean(1)
    right = means.quantile(levels)
    return closest(
        answer(values, chosen),
        right,
        {
            "spread of the pairs": (
                values.quantile(levels),
                "These are quantiles of single pairs. The interval is of the mean: it needs the "
                "means of the resamples.",
            ),
            "spread of the resampled pairs": (
                values[chosen].quantile(levels),
                "Take the mean of each resample before the quantiles.",
            ),
            "90 % interval": (
                means.quantile(torch.tensor([0.05, 0.95])),
                "5 % to 95 % holds 90 %. Leave 2.5 % on either side.",
            ),
            "mean over the resamples": (
                values[chosen].mean(0).quantile(levels),
                "You averaged over the resamples (dim 0). Each row is a resample: average dim 1.",
            ),
            "ends exchanged": (right.flip(0), "Low first, then high."),
        },
    )
