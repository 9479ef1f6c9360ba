"""Exercises of chapter 00: a circle of the prior, the tears of a path, a detour of one's own."""

import functools
import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from nav_utils.checks import Mistake, exercise, on_each
from nav_utils.checks.compare import to_array
from nav_utils.pretrained import load_pretrained

Values = tuple[Any, dict[str, tuple[Any, str]]]  # the right value, and what mistakes would give


def normal(*shape: int, seed: int) -> Tensor:
    """Standard normal numbers, the same in every call."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def circle(share: Tensor) -> Values:
    right = (-2 * torch.log1p(-share)).sqrt()
    mistakes: dict[str, tuple[Any, str]] = {
        "share of the outside": (
            (-2 * share.log()).sqrt(),
            "Outside that circle lies the share. The inside has 1 - exp(-r^2 / 2): solve for r.",
        ),
        "square, not radius": (
            -2 * torch.log1p(-share),
            "That is the square of the radius: take the root.",
        ),
        "the 2 left out": (
            (-torch.log1p(-share)).sqrt(),
            "The exponent is r^2 / 2: multiply by 2 before the root.",
        ),
        "share for radius": (
            1 - (-share.square() / 2).exp(),
            "That is the share within a radius. Asked for is the radius that holds a share.",
        ),
        "one dimension": (
            torch.distributions.Normal(0.0, 1.0).icdf((1 + share) / 2),
            "That is the interval on a line. In the plane the share is 1 - exp(-r^2 / 2).",
        ),
    }
    return right, mistakes


@exercise("0.1", hint="solve 1 - exp(-r^2 / 2) = share for r")
def radius_for(answer: Any) -> Mistake | None:
    """A function share -> radius, both tensors (N,)."""
    others = (torch.rand(n, generator=torch.Generator().manual_seed(n)) for n in (5, 1))
    return on_each(answer, circle, [(x,) for x in (torch.tensor([0.39, 0.86, 0.5, 0.1]), *others)])


def tears(points: Tensor, factor: float) -> Values:
    steps = points.diff(dim=0)
    gaps = steps.norm(dim=-1)
    torn = gaps > factor * gaps.median()
    mistakes: dict[str, tuple[Any, str]] = {
        "compared with the mean": (
            (gaps > factor * gaps.mean()).sum(),
            "Large gaps pull the mean up. Compare with the median.",
        ),
        "compared with the factor": (
            (gaps > factor).sum(),
            "The factor has no unit: compare with factor times the median gap.",
        ),
        "not counted": (torn, "That says which gaps are large: count them."),
        "the largest gap": (
            gaps.max() / gaps.median(),
            "That is how large the largest gap is. Asked for is how many gaps are too large.",
        ),
        "squared gaps": (
            (gaps.square() > factor * gaps.square().median()).sum(),
            "You compared squared gaps: take the root, a norm over the last axis.",
        ),
        "each coordinate": (
            (steps.abs() > factor * steps.abs().median()).sum(),
            "A gap is the distance of two points: a norm over the last axis, then compare.",
        ),
        "small ones too": (
            (torn | (gaps < gaps.median() / factor)).sum(),
            "A small gap is no tear: count those above factor times the median.",
        ),
        "the others": ((~torn).sum(), "That counts the gaps that are not too large."),
    }
    return torn.sum(), mistakes


@exercise("0.2", hint="points.diff(dim=0) are the steps; a norm over the last axis gives the gaps")
def count_tears(answer: Any) -> Mistake | None:
    """A function (points, factor) -> how many gaps are larger than factor times the median."""
    steps = torch.tensor(
        [[0.3, 0.4], [0.1, 0.1], [0.5, 0.0], [9.0, 2.0], [0.6, 0.1], [1.9, 0.4], [0.0, 0.7]]
        + [[2.4, 0.1], [4.0, 0.3], [0.4, 0.2], [0.2, 0.5], [0.5, 1.7], [7.0, 0.0], [0.02, 0.1]]
        + [[0.1, 0.2], [0.3, 0.3]]
    )
    others = [(normal(n, d, seed=n).cumsum(0), f) for n, d, f in ((12, 3, 1.2), (30, 2, 1.5))]
    return on_each(answer, tears, [(steps.cumsum(0), 3.0), *others])


# ---- 0.3: a detour from a 2 to a 0 ---------------------------------------------------------------

LONGEST = 1.5  # times the straight path
MOST_IN_HOLES = 0.02  # share of the points
N_POINTS = 101


class Trip(NamedTuple):
    """The two ends (2, 2) and the training codes (N, 2)."""

    ends: Tensor
    codes: Tensor


@functools.cache
def trip() -> Trip:
    """The 2 and the 0 of the experiment, among the codes of mnist-2d."""
    space = load_pretrained("mnist-2d")
    ends = []
    for place, digit in ((torch.tensor([-1.8, 0.3]), 2), (torch.tensor([-0.9, -1.6]), 0)):
        distance = (space.test_codes - place).norm(dim=-1)
        row = torch.where(space.test_labels == digit, distance, torch.inf).argmin()
        ends.append(space.test_codes[row])
    return Trip(torch.stack(ends), space.codes)


@exercise("0.3", hint="look at the map: which clouds touch both the 2s and the 0s? go through them")
def stops(answer: Any) -> Mistake | None:
    """Stops (K, 2) of a path from the 2 to the 0 that stays out of holes."""
    value = to_array(answer)
    shaped = value is not None and value.ndim == 2 and value.shape[1] == 2 and len(value)
    if value is None or not shaped or not np.isfinite(value).all():
        return Mistake("no list of places", "Expected places such as [(-1.0, 0.0), (0.5, 0.2)].")
    ends, codes = trip()
    places = torch.as_tensor(value, dtype=torch.float32)
    points = torch.cat([ends[:1], places, ends[1:]])
    legs = points.diff(dim=0).norm(dim=-1)
    times = float(legs.sum() / (ends[1] - ends[0]).norm())
    share = float((codes_promised(evenly(points), codes) > 4).float().mean())
    straight = float((codes_promised(evenly(ends), codes) > 4).float().mean())
    if times > LONGEST:
        return Mistake(
            "too long", f"{times:.2f} times as long as the straight path; at most {LONGEST} asked."
        )
    if times < 1.02:
        return Mistake(
            "as good as straight",
            f"Your stops are on the straight path, with {straight:.0%} of its points in holes.",
        )
    if share > MOST_IN_HOLES:
        return Mistake(
            "still in a hole",
            f"{share:.0%} of {N_POINTS} points lie in holes (straight: {straight:.0%}); at most "
            f"{MOST_IN_HOLES:.0%} asked. Go where there are more codes.",
        )
    return None


def codes_promised(z: Tensor, codes: Tensor, radius: float = 0.1) -> Tensor:
    """Codes that the prior promises for each one found within the radius of z (M, 2): (M,)."""
    found = (torch.cdist(z, codes) < radius).sum(-1)
    density = torch.exp(-z.square().sum(-1) / 2) / (2 * math.pi)  # of the prior
    return len(codes) * math.pi * radius**2 * density / found.clamp(min=1)


def evenly(points: Tensor) -> Tensor:
    """N_POINTS places, evenly spaced on the straight legs between points (K, 2)."""
    legs = points.diff(dim=0).norm(dim=-1)
    along = torch.cat([torch.zeros(1), legs.cumsum(0)])
    at = torch.linspace(0, float(along[-1]), N_POINTS)
    leg = (torch.searchsorted(along, at, right=True) - 1).clamp(0, len(legs) - 1)
    return (
        points[leg]
        + ((at - along[leg]) / legs[leg].clamp(min=1e-9))[:, None] * points.diff(dim=0)[leg]
    )
