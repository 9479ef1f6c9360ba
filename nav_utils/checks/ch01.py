"""Exercises of chapter 01."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise, first_mistake, on_each
from nav_utils.checks.ch00 import Values, normal
from nav_utils.checks.compare import to_array


def density(r: Tensor, k: int, n_codes: int) -> Values:
    area = math.pi * r.square()
    right = (k / n_codes / area).log()
    mistakes: dict[str, tuple[Any, str]] = {
        "no logarithm": (right.exp(), "That is the density: take its logarithm."),
        "base of the logarithm": (right / math.log(10), "That is log10. Take the natural one."),
        "base two": (right / math.log(2), "That is log2. Take the natural logarithm."),
        "circumference": (
            (k / n_codes / (2 * math.pi * r)).log(),
            "2 pi r is the length of the rim. The codes are spread over the area, pi r^2.",
        ),
        "one dimension": (
            (k / n_codes / (2 * r)).log(),
            "2 r is the length of an interval. In the plane the ball is a disc: pi r^2.",
        ),
        "three dimensions": (
            (k / n_codes / (4 / 3 * math.pi * r**3)).log(),
            "4/3 pi r^3 is a volume. In the plane the ball is a disc: pi r^2.",
        ),
        "a square": (
            (k / n_codes / (2 * r).square()).log(),
            "(2 r)^2 is the area of a square. The places nearer than r fill a disc: pi r^2.",
        ),
        "pi left out": (
            (k / n_codes / r.square()).log(),
            "The area of a disc is pi r^2: pi is missing.",
        ),
        "pi squared": (
            (k / n_codes / (math.pi * r).square()).log(),
            "(pi r)^2 squares pi too. The area of a disc is pi r^2.",
        ),
        "radius not squared": (
            (k / n_codes / (math.pi * r)).log(),
            "An area grows with the square of r: log r counts twice.",
        ),
        "count, not share": (
            (k / area).log(),
            "k / area counts codes. Divide by n_codes, so that the density has total 1.",
        ),
        "k left out": (
            (1 / n_codes / area).log(),
            "There are k codes within r, not one: the share is k / n_codes.",
        ),
        "area times share": (
            (k / n_codes * area).log(),
            "You multiplied by the area. A density is a share divided by an area.",
        ),
        "area over share": (-right, "The sign is wrong: a large distance is a small density."),
    }
    return right, mistakes


@exercise(
    "1.1", hint="the share k / n_codes of the codes, over the area pi r^2, then the logarithm"
)
def log_density(answer: Any) -> Mistake | None:
    """A function (r, k, n_codes) -> log density, the shape of r."""
    others = (
        (normal(n, seed=n).exp(), k, n_codes)
        for n, k, n_codes in ((5, 3, 400), (12, 25, 60_000), (1, 1, 77))
    )
    return on_each(answer, density, [(torch.tensor([0.05, 0.4, 1.7]), 10, 5000), *others])


def rising(z: Any) -> Any:
    return np.tanh(4 * (z - 0.3))


def falling(z: Any) -> Any:
    return -2 * np.tanh(3 * (z + 0.7))


def wavy(z: Any) -> Any:
    return z - 5 + 3 * np.sin(4 * z)


def cubic(z: Any) -> Any:
    return (31 - z) * (1 + (z - 31) ** 2) / 50


def flat(z: Any) -> Any:
    return np.tanh(2 * z - 3.86) + 0.01


LINES = (
    (rising, -2.0, 2.5),
    (falling, -2.0, 2.5),
    (wavy, -1.3, 9.0),
    (cubic, 11.0, 90.0),
    (flat, -8.0, 2.0),
    (wavy, 3, 7),
)


@exercise(
    "1.2", hint="keep the half at whose ends g has opposite signs; compare with the sign at a"
)
def find_between(answer: Any) -> Mistake | None:
    """A function (g, a, b) -> z with g(z) near 0."""
    return first_mistake(not_between(answer, *line) for line in LINES)


def not_between(
    answer: Callable[..., Any], g: Callable[[Any], Any], a: float, b: float
) -> Mistake | None:
    """What keeps the answer from lying between a and b where |g| < 0.001, if anything does."""
    asked: list[float] = []  # where g was computed

    def watched(z: Any) -> Any:
        if isinstance(z, Tensor):
            return torch.as_tensor(watched(z.detach().double().numpy())).to(z)
        asked.extend(np.ravel(z).tolist())
        return g(z)

    got = answer(watched, a, b)
    place = to_array(got)
    if place is None or place.ndim or not np.isfinite(place):
        return closest(got, 0.0)  # wrong type, wrong shape, not finite
    z = float(place)
    if a <= z <= b and abs(g(z)) < 1e-3:
        return None
    if abs(z - (a + b) / 2) < 1e-6 * (b - a):
        return stays_in_the_middle(asked, a, b)
    if abs(z) < 1e-3:
        return Mistake(
            "value, not place",
            "You returned a number near 0: g at the place, or the width of the last interval? "
            "Asked for is the place z itself.",
        )
    if not a <= z <= b:
        return Mistake("outside", f"z = {z:.6g} does not lie between {a:g} and {b:g}.")
    if min(z - a, b - z) < 1e-3 * (b - a):
        if g is falling:
            return Mistake(
                "assumes that g rises",
                "This g falls. Compare the sign in the middle with the sign at a, not with 0.",
            )
        return Mistake("wrong half", "You kept the half where g does not change sign.")
    return Mistake(
        "not near enough",
        f"Between {a:g} and {b:g} you found z = {z:.6g}, but g is {float(g(z)):.3g} there. Keep "
        "the half at whose ends g has opposite signs, and halve 40 times.",
    )


def stays_in_the_middle(asked: list[float], a: float, b: float) -> Mistake:
    """Why the middle of the whole interval came back, told by where g was computed."""
    middle = (a + b) / 2
    if any(z not in (a, b, middle) for z in asked):
        return Mistake(
            "the first middle",
            "You halve, and then return the middle of the whole interval: compute (a + b) / 2 "
            "again at the end.",
        )
    if asked.count(middle) > 9:
        return Mistake(
            "never moves",
            "Every round of your loop looks at the same middle. Set a or b to the middle, so that "
            "the next round halves the half.",
        )
    return Mistake("one step", "That is the middle of the interval: halve again, 40 times.")


def percentiles(values: Tensor, chosen: Tensor) -> Values:
    levels = torch.tensor([0.025, 0.975])
    means = values[chosen].mean(1)
    right = means.quantile(levels)
    normal_range = torch.tensor([-1.96, 1.96])
    mistakes: dict[str, tuple[Any, str]] = {
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
        "smallest and largest": (
            torch.stack([means.min(), means.max()]),
            "Between the smallest and the largest mean lie all of them, not 95 %.",
        ),
        "mean over the resamples": (
            values[chosen].mean(0).quantile(levels),
            "You averaged over the resamples (dim 0). Each row is a resample: average dim 1.",
        ),
        "medians": (
            values[chosen].median(1).values.quantile(levels),
            "Asked for is the interval of the mean: take each resample's mean, not its median.",
        ),
        "sums": (
            values[chosen].sum(1).quantile(levels),
            "You added up each resample. Divide by the number of pairs: the mean.",
        ),
        "normal approximation": (
            values.mean() + normal_range * values.std() / len(values) ** 0.5,
            "Mean and 1.96 standard errors assume a normal distribution and use no resample. Take "
            "quantiles of the resamples' means.",
        ),
        "normal approximation of the means": (
            means.mean() + normal_range * means.std(),
            "1.96 standard deviations assume that the means are normal. Take their quantiles.",
        ),
        "centred": (
            right - means.mean(),
            "These are distances from the mean. Give the ends themselves.",
        ),
        "ends exchanged": (right.flip(0), "Low first, then high."),
    }
    return right, mistakes


@exercise(
    "1.3", hint="values[chosen].mean(dim=1) are the means of the resamples; take their quantiles"
)
def interval(answer: Any) -> Mistake | None:
    """A function (values, chosen) -> (low, high)."""

    def pairs(n: int, n_resamples: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(n)
        values = torch.rand(n, generator=generator).square()
        return values, torch.randint(n, (n_resamples, n), generator=generator)

    others = [pairs(5, 12), pairs(12, 301), pairs(101, 40)]
    others += [(normal(7, seed=7), pairs(7, 200)[1])]
    found = on_each(answer, percentiles, [pairs(30, 400), *others])
    if found is not None and found.name == "a different value":
        values, chosen = pairs(30, 400)
        ends = to_array(answer(values, torch.zeros_like(chosen)))  # one pair, again and again
        if ends is not None and ends.shape == (2,) and np.ptp(ends) > 1e-3:
            return Mistake(
                "resamples of your own",
                "Your interval does not follow `chosen`: its rows say which pairs each resample "
                "drew, so values[chosen] are the resamples.",
            )
    return found
