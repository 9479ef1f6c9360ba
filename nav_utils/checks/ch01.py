"""Exercises of chapter 01: the k-th nearest code, an in-between, sets that touch a hole."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise, first_mistake, on_each
from nav_utils.checks.ch00 import Values, normal
from nav_utils.checks.compare import to_array


def radii(log_q: Tensor, k: int, n_codes: int) -> Values:
    share = k / n_codes
    right = (share / math.pi / log_q.exp()).sqrt()
    mistakes: dict[str, tuple[Any, str]] = {
        "square, not radius": (right.square(), "That is r^2: take the root."),
        "log density for density": (
            (share / math.pi / log_q.abs()).sqrt(),
            "log_q is a logarithm: the density is exp(log_q).",
        ),
        "density upside down": (
            (share / math.pi * log_q.exp()).sqrt(),
            "Where codes are dense the k-th is near: the density stands below.",
        ),
        "pi left out": (
            (share / log_q.exp()).sqrt(),
            "The area of a disc is pi r^2: pi is missing.",
        ),
        "count, not share": (
            (k / math.pi / log_q.exp()).sqrt(),
            "A density has total 1: k codes of n_codes are the share k / n_codes.",
        ),
        "k left out": (
            right / k**0.5,
            "Within r there are k codes, not one: the share is k / n_codes.",
        ),
        "diameter": (2 * right, "That is the diameter of the disc."),
        "circumference": (
            share / (2 * math.pi) / log_q.exp(),
            "2 pi r is the length of the rim. The codes are spread over the area, pi r^2.",
        ),
    }
    return right, mistakes


@exercise("1.1", hint="solve k / (n_codes pi r^2) = exp(log_q) for r")
def distance_of(answer: Any) -> Mistake | None:
    """A function (log_q, k, n_codes) -> the distance at which the k-th code is expected, (N,)."""
    others = (
        (normal(n, seed=n) - 2, k, n_codes)
        for n, k, n_codes in ((5, 3, 400), (12, 25, 60_000), (1, 1, 77))
    )
    return on_each(answer, radii, [(torch.tensor([-1.8, -3.0, -6.5]), 10, 5000), *others])


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


def touching(share: Tensor, n: int) -> Values:
    right = 1 - (1 - share) ** n
    mistakes: dict[str, tuple[Any, str]] = {
        "shares added": (
            n * share,
            "A sum of chances counts a set with two such points twice, and can pass 1.",
        ),
        "all of them": (share**n, "That is the chance that all n points lie in a hole."),
        "none of them": ((1 - share) ** n, "That is the chance that none does: 1 minus it."),
        "exactly one": (
            n * share * (1 - share) ** (n - 1),
            "That is the chance of exactly one. Asked for is one or more.",
        ),
        "one point": (share, "That is the chance of a single point: n points have n chances."),
        "not all of them": (
            1 - share**n,
            "That is the chance that at least one is outside. Exchange share and 1 - share.",
        ),
    }
    return right, mistakes


@exercise("1.3", hint="first the chance that none of the n points lies in a hole")
def sets_touching(answer: Any) -> Mistake | None:
    """A function (share, n) -> the chance that one or more of n independent points is a hole's."""
    others = (
        (torch.rand(m, generator=torch.Generator().manual_seed(m)) / 9, n)
        for m, n in ((5, 4), (1, 90))
    )
    return on_each(answer, touching, [(torch.tensor([0.012, 0.07, 0.3]), 30), *others])
