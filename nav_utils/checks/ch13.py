"""Exercises of chapter 13: whole paths."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from nav_utils.checks import Mistake, exercise, on_each
from nav_utils.navigation import PathStatus

# What a builder returns: the right value, and {mistake: (value it gives, advice)}.
Built = tuple[Tensor, dict[str, tuple[Tensor, str]]]


def bent() -> Tensor:
    """A path (7, 2) with uneven gaps, no two alike."""
    steps = [[0.3, 0.1], [0.1, 0.0], [1.4, -0.9], [0.2, 0.5], [-0.1, 0.3], [0.6, 0.2]]
    return torch.cat([torch.tensor([[-0.4, 0.7]]), torch.tensor(steps)]).cumsum(0)


def random_path(n: int, dim: int) -> Tensor:
    """A random walk (n, dim) with one long step."""
    steps = torch.randn(n, dim, generator=torch.Generator().manual_seed(n))
    steps[n // 2] *= 4
    return steps.cumsum(0)


# ---- 13.1 -------------------------------------------------------------------------------------


def tears(points: Tensor) -> Built:
    """The largest gap over the median gap; an odd number of gaps, so that one is the median."""
    steps = points.diff(dim=0)
    gaps = steps.norm(dim=-1)
    middle, ends = gaps[1:-1], (points[-1] - points[0]).norm()
    wrong_axis, absolute = points.diff(dim=1).norm(dim=-1), steps.abs().sum(-1)
    return gaps.max() / gaps.median(), {
        "mean instead of median": (
            gaps.max() / gaps.mean(),
            "The tear itself raises the mean, and hides behind it. The median does not notice.",
        ),
        "smallest instead of median": (
            gaps.max() / gaps.min(),
            "One pair of close points makes the smallest gap tiny. The median is the usual gap.",
        ),
        "squared distances": (
            (gaps.max() / gaps.median()).square(),
            "A gap is a length: take the square root, or use .norm(dim=-1).",
        ),
        "coordinates added up": (
            absolute.max() / absolute.median(),
            "That adds the coordinates of a step. Its length is the root of the sum of squares.",
        ),
        "differences of coordinates": (
            wrong_axis.max() / wrong_axis.median(),
            "You took differences between the coordinates of one point. Neighbours of the path "
            "are neighbours along the first axis: points.diff(dim=0).",
        ),
        "ends left out": (
            middle.max() / middle.median(),
            "The gaps next to the ends count too, and are often the torn ones.",
        ),
        "from end to end": (
            ends / gaps.median(),
            "That is the chord. Asked for is the largest gap between *neighbours*.",
        ),
        "upside down": (gaps.median() / gaps.max(), "Largest over median, not the reverse."),
        "only the largest gap": (
            gaps.max(),
            "Divide by the median gap: a gap means nothing without the usual one.",
        ),
    }


@exercise("13.1", hint="the gaps are points.diff(dim=0).norm(dim=-1); largest over median")
def tear(answer: Callable[[Tensor], Any]) -> Mistake | None:
    """The largest gap of a path (n, d) over its median gap."""
    paths = bent()[:6], random_path(4, 3), random_path(12, 5)
    return on_each(answer, tears, ((points,) for points in paths))


# ---- 13.2 -------------------------------------------------------------------------------------


def at_lengths(points: Tensor, along: Tensor, wanted: Tensor, snap: bool = False) -> Tensor:
    """Points of the polygon at the positions `wanted` of the scale `along` (n,)."""
    right = torch.searchsorted(along, wanted, right=True).clamp(1, len(along) - 1)
    share = (wanted - along[right - 1]) / (along[right] - along[right - 1])
    share = share.round() if snap else share
    return torch.lerp(points[right - 1], points[right], share[:, None])


def arcs(points: Tensor, n: int) -> Built:
    """n points at equal arc lengths on the polygon through points (m, d)."""
    gaps = points.diff(dim=0).norm(dim=-1)
    along = torch.cat([torch.zeros(1), gaps.cumsum(0)])
    number = torch.arange(len(points), dtype=torch.float32)
    unrooted = torch.cat([torch.zeros(1), gaps.square().cumsum(0)])
    fractions = torch.linspace(0, 1, n)
    right = at_lengths(points, along, along[-1] * fractions)
    return right, {
        "spaced in the index": (
            at_lengths(points, number, number[-1] * fractions),
            "These are equal steps in the *number* of the point. Where points are crowded "
            "they stay crowded: measure with the cumulated length.",
        ),
        "nearest points": (
            at_lengths(points, along, along[-1] * fractions, snap=True),
            "These are points of the path as they were. Interpolate between two neighbours.",
        ),
        "ends moved": (
            at_lengths(points, along, along[-1] * (torch.arange(n) + 0.5) / n),
            "The first and the last point must stay: fractions from 0 to 1, both included.",
        ),
        "ends left out": (
            at_lengths(points, along, along[-1] * torch.arange(1, n + 1) / (n + 1)),
            "n points strictly between the ends: both ends count among the n, so the "
            "fractions run from 0 to 1, linspace(0, 1, n).",
        ),
        "last end missing": (
            at_lengths(points, along, along[-1] * torch.arange(n) / n),
            "Fractions i / n never reach 1: linspace(0, 1, n) divides by n - 1.",
        ),
        "one point too many": (
            at_lengths(points, along, along[-1] * torch.linspace(0, 1, n + 1)),
            "n points, both ends among them, have n - 1 gaps: linspace(0, 1, n).",
        ),
        "squared distances": (
            at_lengths(points, unrooted, unrooted[-1] * fractions),
            "You cumulated squares. A length is the square root of the sum of squares.",
        ),
        "cut straight": (
            points[0] + fractions[:, None] * (points[-1] - points[0]),
            "These lie on the straight line from end to end: the polygon is forgotten.",
        ),
        "from the far end": (right.flip(0), "The first point comes first: yours run backwards."),
    }


@exercise("13.2", hint="cumulate the gaps, ask for n equal fractions of the whole, np.interp each")
def equal_arcs(answer: Callable[[Tensor, int], Any]) -> Mistake | None:
    """n points at equal arc lengths on the polygon through points (m, d)."""
    inputs = (bent(), 5), (random_path(5, 3), 8), (random_path(12, 2), 6)
    return on_each(answer, arcs, inputs, tolerance=1e-3)


# ---- 13.3 -------------------------------------------------------------------------------------


def across(before: Tensor, after: Tensor, force: Tensor) -> Built:
    """The part of a force at right angles to the path."""
    raw = after - before
    tangent = normalize(raw, dim=-1)
    onto = (force * tangent).sum(-1, keepdim=True) * tangent
    bare = (force * raw).sum(-1, keepdim=True) * raw
    once = (force * raw).sum(-1, keepdim=True) * tangent
    columns = normalize(raw, dim=0)
    return force - onto, {
        "projected onto the path": (
            onto,
            "That is the part *along* the path, which only herds points. Subtract it.",
        ),
        "wrong sign": (
            onto - force,
            "Across the path, but downhill: the string would flee from the codes.",
        ),
        "added instead of subtracted": (
            force + onto,
            "You doubled the part along the path. It has to go: subtract.",
        ),
        "tangent not normalised": (
            force - bare,
            "(F . t) t is a projection only for a unit tangent: divide t by its length.",
        ),
        "tangent normalised once": (
            force - once,
            "The tangent stands twice in (F . t) t: use the unit vector in both places.",
        ),
        "one number for all points": (
            force - (force * tangent).sum() * tangent,
            "Each point has its own F . t: sum over the last axis, with keepdim=True.",
        ),
        "normalised over the points": (
            force - (force * columns).sum(-1, keepdim=True) * columns,
            "Normalise each tangent over its coordinates, dim=-1.",
        ),
        "no sum over the coordinates": (
            force - force * tangent * tangent,
            "F . t is a sum over the coordinates: the product has to be added up.",
        ),
    }


@exercise("13.3", hint="t = (after - before), normalised; F minus its component along t")
def force_across(answer: Callable[[Tensor, Tensor, Tensor], Any]) -> Mistake | None:
    """The part of a force across the path, from the neighbours before and after (n, d)."""

    def inputs() -> Iterator[tuple[Tensor, ...]]:
        for n, dim in ((4, 3), (5, 2), (12, 5)):
            generator = torch.Generator().manual_seed(n)
            yield tuple(torch.randn(n, dim, generator=generator) for _ in range(3))

    return on_each(answer, across, inputs())


# ---- 13.4 -------------------------------------------------------------------------------------

Rule = Callable[[list[float], float, bool], str]
NAN, INF = math.nan, math.inf
WORDS = ("reached", "stalled", "infeasible", "non_finite")
FINE, DEEP = [-1.0, -1.5, -1.25], [-1.0, -5.0, -1.5]
CASES: list[tuple[list[float], float, bool]] = [  # log q on a dense look, floor, arrived
    (FINE, -3.0, True),
    (DEEP, -3.0, True),
    (FINE, -3.0, False),
    (DEEP, -3.0, False),
    ([-1.0, -1.25, -4.0, -1.125, -1.0, -1.0], -3.0, True),  # a short deep place
    ([-1.0, -3.0, -1.5], -3.0, True),  # just at the floor
    ([-4.0, -2.0, -3.5], -3.0, True),  # ends below the floor
    ([-4.0, -3.75, -1.5], -3.0, True),
    ([-1.5, -3.75, -4.0], -3.0, True),
    ([-4.0, -4.5, -1.5], -3.0, True),
    ([-1.5, -4.5, -4.0], -3.0, True),
    ([-4.0, -4.5, -3.5], -3.0, True),
    ([-4.0, -2.0, -4.0], -3.0, True),
    ([-1.0, -3.0, -1.5], -2.5, True),  # another floor
    ([-1.0, -3.0, -1.5], -6.25, True),
    ([-1.0, -2.0, NAN, -1.5], -3.0, True),
    ([-1.0, NAN, -1.25], -3.0, False),
    ([-1.0, -INF, -1.25], -3.0, True),
    ([-1.0, INF, -1.25, -1.0], -3.0, True),
    ([-1.0, INF, -1.25, -1.0], -3.0, False),
]


def more_cases() -> Iterator[tuple[list[float], float, bool]]:
    """Random paths of 5 and 12 places, in eighths, so that a comparison has no rounding."""
    generator = torch.Generator().manual_seed(0)
    for n in (5, 12) * 10:
        log_q = -torch.randint(8, 41, (n,), generator=generator) / 8
        floor, chance = torch.randint(0, 40, (2,), generator=generator).tolist()
        yield log_q.tolist(), -floor / 8, chance > 5


def rule(
    *,
    finite: Callable[[float], bool] = math.isfinite,
    order: str = "finite arrived deep",
    worst: Callable[[list[float]], float] = min,
    bar: Callable[[float, float, float], float] = min,
    below: Callable[[float, float], bool] = operator.lt,
) -> Rule:
    """The right verdict, or a mistaken one: what is finite, the order, the lowest, the bar."""

    def verdict(log_q: list[float], floor: float, arrived: bool) -> str:
        for step in order.split():
            if step == "finite" and not all(map(finite, log_q)):
                return "non_finite"
            if step == "arrived" and not arrived:
                return "stalled"
            if step == "deep" and below(worst(log_q), bar(floor, log_q[0], log_q[-1])):
                return "infeasible"
        return "reached"

    return verdict


RIGHT = rule()
MISTAKEN: dict[str, tuple[list[Rule], str]] = {  # with every rule that makes the mistake
    "arrival not asked": (
        [rule(order="finite deep")],
        "A path that stops half-way can be fine all along. Without arriving it is stalled.",
    ),
    "stalled called infeasible": (
        [rule(order="finite deep arrived")],
        "A path that did not arrive is stalled, whatever lies on the way. Infeasible is a path "
        "that arrives, over a place that is too deep.",
    ),
    "wrong order": (
        [rule(order="arrived finite deep")],
        "Not finite comes before stalled: where log q is not finite nothing is known, whether the "
        "path arrived or not.",
    ),
    "NaN slips through": (
        [rule(finite=lambda x: True), rule(finite=lambda x: not math.isinf(x))],
        "Every comparison with NaN is false, so no minimum is below the bar: ask isfinite() first.",
    ),
    "infinity slips through": (
        [rule(finite=lambda x: not math.isnan(x)), rule(finite=lambda x: x > -INF)],
        "Infinity is not finite either, on both sides: ask isfinite(), not isnan().",
    ),
    "comparison reversed": (
        [rule(below=operator.gt), rule(below=operator.ge)],
        "You call a path infeasible whose lowest place is *above* the bar. It is the other way "
        "round: low log q is rare.",
    ),
    "at the bar counted as below": (
        [rule(below=operator.le)],
        "A path whose lowest place is just at the bar, its own end for instance, is not below it: "
        "use <, not <=.",
    ),
    "mean instead of lowest": (
        [rule(worst=lambda log_q: sum(log_q) / len(log_q))],
        "A short deep place vanishes in a mean or a median: take the minimum along the path.",
    ),
    "only the ends looked at": (
        [rule(worst=lambda log_q: min(log_q[0], log_q[-1]), bar=lambda floor, a, b: floor)],
        "The worst place usually lies between the ends: take the minimum along the whole path.",
    ),
    "ends held against the path": (
        [rule(bar=lambda floor, a, b: floor)],
        "The ends were given. If one of them lies below the floor, the path may be as low as "
        "its worse end, and no lower: the bar is the minimum of the floor and both ends.",
    ),
    "one end forgotten": (
        [rule(bar=lambda floor, a, b: min(floor, a)), rule(bar=lambda floor, a, b: min(floor, b))],
        "Either end may be the low one: the bar is the minimum of the floor and *both* ends.",
    ),
    "bar at the better end": (
        [rule(bar=lambda floor, a, b: min(floor, max(a, b)))],
        "The path contains its worse end too: the bar is the minimum of the floor and both ends.",
    ),
    "floor forgotten": (
        [rule(bar=lambda floor, a, b: min(a, b))],
        "Between good ends the path may be lower than both, down to the floor: the bar is the "
        "minimum of the floor and both ends.",
    ),
    "bar at the highest": (
        [rule(bar=max)],
        "The bar is the *smallest* of the floor and the two ends, not the largest.",
    ),
    "no bar left": (
        [rule(bar=lambda floor, a, b: -INF if min(a, b) < floor else floor)],
        "A low end lowers the bar to that end, not to nothing: a path may sink below both.",
    ),
}


@exercise("13.4", hint="first non-finite, then arrived, then the lowest against the bar")
def verdict(answer: Callable[[Tensor, float, bool], Any]) -> Mistake | None:
    """Status of a path from log q on a dense look, the floor, and whether it arrived."""
    cases = [*CASES, *more_cases()]
    got = []
    for log_q, floor, arrived in cases:
        said = answer(torch.tensor(log_q), floor, arrived)
        said = said.name.lower() if isinstance(said, PathStatus) else said
        if not isinstance(said, str):
            kind = type(said).__name__
            return Mistake("wrong type", f"Expected one of four words, got {kind}.")
        if said not in WORDS:
            words = ", ".join(f'"{word}"' for word in WORDS)
            return Mistake(
                "unknown word", f'Expected one of {words}, letter by letter, got "{said[:40]}".'
            )
        got.append(said)
    right = [RIGHT(*case) for case in cases]
    if got == right:
        return None
    for name, (rules, advice) in MISTAKEN.items():
        if any(got == [mistaken(*case) for case in cases] for mistaken in rules):
            return Mistake(name, advice)
    log_q, floor, arrived = cases[place := next(i for i in range(len(got)) if got[i] != right[i])]
    values = ", ".join(f"{x:g}" for x in log_q)
    return Mistake(
        "another verdict",
        f"For log q [{values}], the floor {floor:g} and arrived = {arrived} expected "
        f'"{right[place]}", got "{got[place]}".',
    )
