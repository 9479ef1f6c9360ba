"""Exercises of chapter 13: whole paths."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

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


@exercise("13.1", hint="cumulate the gaps, ask for n equal fractions of the whole, np.interp each")
def equal_arcs(answer: Callable[[Tensor, int], Any]) -> Mistake | None:
    """n points at equal arc lengths on the polygon through points (m, d)."""
    inputs = (bent(), 5), (random_path(5, 3), 8), (random_path(12, 2), 6)
    return on_each(answer, arcs, inputs, tolerance=1e-3)


# ---- 13.2 -------------------------------------------------------------------------------------

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


@exercise("13.2", hint="first non-finite, then arrived, then the lowest against the bar")
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


# ---- 13.3 -------------------------------------------------------------------------------------

FOR_A_GRAPH, FOR_THE_LOOP = 0.0195, 0.09  # measured: tests/chapters/test_chapter_13.py
TENTH = 0.1


def near(got: float, right: float) -> bool:
    return abs(got - right) <= TENTH * right


@exercise("13.3", hint="halve the interval between a share that fails and one that does not")
def shares(answer: Any) -> Mistake | None:
    """The smallest shares of codes on the bridge with which a graph and the loop arrive."""
    found = torch.as_tensor(answer, dtype=torch.float64).flatten()
    if found.shape != (2,):
        return Mistake("not two numbers", "Expected two shares: for the graph, for the loop.")
    if not found.isfinite().all():
        return Mistake("not finite", "Expected two shares between 0 and 1.")
    graph, loop = found.tolist()
    right = FOR_A_GRAPH, FOR_THE_LOOP
    if near(graph, right[0]) and near(loop, right[1]):
        return None
    if near(graph / 100, right[0]) and near(loop / 100, right[1]):
        return Mistake("in per cent", "A share of all codes lies between 0 and 1: divide by 100.")
    if near(graph, right[1]) and near(loop, right[0]):
        return Mistake("the two exchanged", "First the share for the graph, then for the loop.")
    if near(graph, right[0]) and near(loop, right[0]):
        return Mistake(
            "the loop not tried",
            "The loop needs more than the graph. Pass `loop` and proposal='linear' to navigate.",
        )
    for name, value, wanted in (("graph", graph, right[0]), ("loop", loop, right[1])):
        if value < wanted and not near(value, wanted):
            return Mistake(
                f"too small for the {name}",
                f"With a share of {value:g} on the bridge the {name} does not arrive.",
            )
        if not near(value, wanted):
            return Mistake(
                f"not the smallest for the {name}",
                f"The {name} arrives with less than {value:g}: halve the interval once more.",
            )
    return None
