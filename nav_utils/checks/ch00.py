"""Exercises of chapter 00."""

from typing import Any

import torch
from torch import Tensor

from nav_utils.checks import Mistake, exercise, on_each

Values = tuple[Any, dict[str, tuple[Any, str]]]  # the right value, and what mistakes would give


def normal(*shape: int, seed: int) -> Tensor:
    """Standard normal numbers, the same in every call."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def straight(z_a: Tensor, z_b: Tensor, t: Tensor) -> Values:
    column = t[:, None]
    right = (1 - column) * z_a + column * z_b
    even = torch.linspace(0, 1, len(t))[:, None]
    mistakes: dict[str, tuple[Any, str]] = {
        "ends exchanged": (
            column * z_a + (1 - column) * z_b,
            "Your path runs from z_b to z_a: at t = 0 it has to be at z_a.",
        ),
        "target added": (
            z_a + column * z_b,
            "At t = 1 you stand at z_a + z_b. Weigh z_a with 1 - t, or add t times z_b - z_a.",
        ),
        "axes exchanged": (
            right.T,
            "The shape is (d, T): one row for each point, please, so t gets its new axis last.",
        ),
        "the difference alone": (
            column * (z_b - z_a),
            "These are steps from the origin: the path has to start at z_a.",
        ),
        "even steps": (
            (1 - even) * z_a + even * z_b,
            "Your points are evenly spaced. They have to be at the positions that t names.",
        ),
        "difference the wrong way round": (
            z_a + column * (z_a - z_b),
            "You walk away from z_b: the step from z_a to z_b is z_b - z_a.",
        ),
    }
    return right, mistakes


@exercise("0.1", hint="give t a second axis, t[:, None], and let broadcasting do the rest")
def straight_path(answer: Any) -> Mistake | None:
    """A function (z_a, z_b, t) -> points (T, d)."""
    first = (
        torch.tensor([1.0, -2.0, 0.5]),
        torch.tensor([-1.0, 2.0, 3.0]),
        torch.tensor([0.0, 0.2, 0.7, 1.0]),
    )
    others = (
        (normal(d, seed=d), normal(d, seed=d + 1), normal(n, seed=n).sigmoid())
        for d, n in ((2, 5), (5, 12), (4, 4), (16, 1))
    )
    return on_each(answer, straight, [first, *others])


def nearest(z: Tensor, codes: Tensor) -> Values:
    difference = codes - z
    distance = difference.norm(dim=-1)
    place = distance.argmin()
    euclid = "Asked for is the Euclidean distance: the root of the sum of squares."
    mistakes: dict[str, tuple[Any, str]] = {
        "the farthest": (distance.argmax(), "That is the farthest code: take the smallest."),
        "distance, not index": (
            distance.min(),
            "That is how far the nearest code is. Asked for is its place among the codes: argmin.",
        ),
        "the code, not its index": (
            codes[place],
            "That is the nearest code itself. Asked for is its place among the codes: argmin.",
        ),
        "largest dot product": (
            (codes @ z).argmax(),
            "A large dot product means long and in the same direction, not near. Subtract first.",
        ),
        "cosine": (
            torch.cosine_similarity(codes, z[None]).argmax(),
            "A large cosine means in the same direction, near or far. Subtract first.",
        ),
        "difference of norms": (
            (codes.norm(dim=-1) - z.norm()).abs().argmin(),
            "You compared lengths: that code is as far from the origin as z is. Subtract z first, "
            "then take the norm.",
        ),
        "smallest norm": (
            codes.norm(dim=-1).argmin(),
            "That is the code nearest to the origin: subtract z first.",
        ),
        "L1 distance": (
            difference.abs().sum(-1).argmin(),
            f"You added absolute differences. {euclid}",
        ),
        "largest difference": (
            difference.abs().amax(-1).argmin(),
            f"You took the largest difference of a coordinate. {euclid}",
        ),
        "one coordinate": (
            difference.abs().argmin(),
            "You took the smallest difference of any one coordinate, and counted coordinates. Add "
            "up over the last axis before you compare.",
        ),
        "the best coordinate": (
            difference.abs().amin(-1).argmin(),
            f"You let the smallest difference of a coordinate decide. {euclid}",
        ),
        "first coordinate": (
            difference[:, 0].abs().argmin(),
            "Only the first coordinate counts in what you did. Take the norm over the last axis.",
        ),
        "differences not squared": (
            difference.sum(-1).abs().argmin(),
            "Differences of opposite signs cancel in your sum: square them before you add.",
        ),
        "norm over the codes": (
            difference.norm(dim=0).argmin(),
            "You took the norm over the codes (dim 0). Each code has its own: the last axis.",
        ),
        "counted from one": (place + 1, "You count the codes from one; the first has index 0."),
        "sum with signs": (
            difference.sum(-1).argmin(),
            "The smallest sum of differences is the most negative one: square before you add.",
        ),
    }
    return place, mistakes


@exercise("0.2", hint="a norm over the last axis gives one distance for each code; then argmin")
def nearest_code(answer: Any) -> Mistake | None:
    """A function (z, codes) -> index."""
    # Number 7 is the nearest; most of the others are what a certain mistake would take.
    codes = torch.tensor(
        [[6.0, 6.0], [-1.0, 5.0], [3.1, 0.6], [1.2, 0.8], [-3.6, 0.1]]
        + [[2.1, 2.85], [12.0, -6.0], [4.0, 2.6], [-2.0, 4.0], [9.0, 4.0]]
        + [[8.5, 2.01], [3.02, 8.0], [7.0, -2.0], [-3.0, -5.0], [0.1, -0.1]]
    )
    others = (
        (normal(d, seed=n), normal(n, d, seed=n + d))
        for n, d in ((5, 3), (12, 2), (40, 5), (101, 4), (200, 8), (300, 16), (77, 16))
    )
    return on_each(answer, nearest, [(torch.tensor([3.0, 2.0]), codes), *others])


def length(points: Tensor) -> Values:
    steps = points.diff(dim=0)
    lengths = steps.norm(dim=-1)
    ends = (points[-1] - points[0]).norm()
    mistakes: dict[str, tuple[Any, str]] = {
        "first to last": (
            ends,
            "That is the straight line between the ends; the detour is not in it.",
        ),
        "squares added": (
            steps.square().sum(),
            "You added squared lengths: take the root of each step's before you add.",
        ),
        "one root for all": (
            steps.square().sum().sqrt(),
            "A norm over the whole tensor mixes the steps: take it over the last axis only.",
        ),
        "mean step": (lengths.mean(), "That is the mean length of a step: add, don't average."),
        "longest step": (lengths.max(), "That is the longest step alone: add all of them."),
        "and back": (
            lengths.sum() + ends,
            "You went back to the first point. The path ends at the last one.",
        ),
        "last step left out": (lengths[:-1].sum(), "The step to the last point is missing."),
        "first step left out": (lengths[1:].sum(), "The step from the first point is missing."),
        "along the axes": (
            steps.abs().sum(),
            "You walk along the axes, as in a city. The straight step is the root of the sum of "
            "squares.",
        ),
        "norm over the points": (
            steps.norm(dim=0).sum(),
            "You took the norm over the steps (dim 0). Each step has its own: the last axis.",
        ),
        "distances from the origin": (
            points.norm(dim=-1).sum(),
            "These are the points' distances from the origin. Take differences first.",
        ),
        "two coordinates": (
            steps[:, :2].norm(dim=-1).sum(),
            "Points may have more than two coordinates: take the norm over the whole last axis.",
        ),
        "not added": (lengths, "These are the lengths of the steps: add them."),
    }
    return lengths.sum(), mistakes


@exercise("0.3", hint="points.diff(dim=0) are the steps; their norms are their lengths")
def path_length(answer: Any) -> Mistake | None:
    """A function points (T, d) -> length."""
    first = torch.tensor([[1.0, 0.0, 2.0], [4.0, 4.0, 2.0], [4.0, 6.0, 1.0], [2.0, 2.0, 5.0]])
    sizes = ((5, 2), (12, 5), (3, 16), (2, 2))
    others = ((normal(n, d, seed=n + d),) for n, d in sizes)
    return on_each(answer, length, [(first,), *others])
