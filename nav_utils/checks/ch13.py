"""Exercises of chapter 13: whole paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise


def bent() -> Tensor:
    """A path (7, 2) with uneven gaps, no two alike."""
    steps = [[0.3, 0.1], [0.1, 0.0], [1.4, -0.9], [0.2, 0.5], [-0.1, 0.3], [0.6, 0.2]]
    return torch.cat([torch.tensor([[-0.4, 0.7]]), torch.tensor(steps)]).cumsum(0)


@exercise("13.1", hint="the gaps are points.diff(dim=0).norm(dim=-1); largest over median")
def tear(answer: Callable[[Tensor], Any]) -> Mistake | None:
    """The largest gap of a path (n, d) over its median gap."""
    points = bent()[:6]  # five gaps: one of them is the median
    gaps = points.diff(dim=0).norm(dim=-1)
    middle = gaps[1:-1]
    ends = (points[-1] - points[0]).norm()
    return closest(
        answer(points),
        gaps.max() / gaps.median(),
        {
            "mean instead of median": (
                gaps.max() / gaps.mean(),
                "The tear itself raises the mean, and hides behind it. The median does not notice.",
            ),
            "squared distances": (
                (gaps.max() / gaps.median()).square(),
                "A gap is a length: take the square root, or use .norm(dim=-1).",
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
        },
    )


def at_lengths(points: Tensor, along: Tensor, wanted: Tensor) -> Tensor:
    """Points of the polygon at the positions `wanted` of the scale `along` (n,)."""
    right = torch.searchsorted(along, wanted, right=True).clamp(1, len(along) - 1)
    share = (wanted - along[right - 1]) / (along[right] - along[right - 1])
    return torch.lerp(points[right - 1], points[right], share[:, None])


@exercise("13.2", hint="cumulate the gaps, ask for n equal fractions of the whole, np.interp each")
def equal_arcs(answer: Callable[[Tensor, int], Any]) -> Mistake | None:
    """n points at equal arc lengths on the polygon through points (m, d)."""
    points, n = bent(), 5
    gaps = points.diff(dim=0).norm(dim=-1)
    along = torch.cat([torch.zeros(1), gaps.cumsum(0)])
    number = torch.arange(len(points), dtype=torch.float32)
    chord, fractions = torch.lerp(points[0], points[-1], 0.0), torch.linspace(0, 1, n)
    chord = points[0] + fractions[:, None] * (points[-1] - points[0])
    inner = (torch.arange(n) + 0.5) / n
    within = torch.arange(1, n + 1) / (n + 1)
    unrooted = torch.cat([torch.zeros(1), gaps.square().cumsum(0)])
    return closest(
        answer(points, n),
        at_lengths(points, along, along[-1] * fractions),
        {
            "spaced in the index": (
                at_lengths(points, number, number[-1] * fractions),
                "These are equal steps in the *number* of the point. Where points are crowded "
                "they stay crowded: measure with the cumulated length.",
            ),
            "ends moved": (
                at_lengths(points, along, along[-1] * inner),
                "The first and the last point must stay: fractions from 0 to 1, both included.",
            ),
            "ends left out": (
                at_lengths(points, along, along[-1] * within),
                "n points strictly between the ends: both ends count among the n, so the "
                "fractions run from 0 to 1, linspace(0, 1, n).",
            ),
            "last end missing": (
                at_lengths(points, along, along[-1] * torch.arange(n) / n),
                "Fractions i / n never reach 1: linspace(0, 1, n) divides by n - 1.",
            ),
            "squared distances": (
                at_lengths(points, unrooted, unrooted[-1] * fractions),
                "You cumulated squares. A length is the square root of the sum of squares.",
            ),
            "cut straight": (
                chord,
                "These lie on the straight line from end to end: the polygon is forgotten.",
            ),
        },
        tolerance=1e-3,
    )


@exercise("13.3", hint="t = (after - before), normalised; F minus its component along t")
def force_across(answer: Callable[[Tensor, Tensor, Tensor], Any]) -> Mistake | None:
    """The part of a force across the path, from the neighbours before and after (n, d)."""
    generator = torch.Generator().manual_seed(0)
    before, after, force = (torch.randn(4, 3, generator=generator) for _ in range(3))
    raw = after - before
    tangent = torch.nn.functional.normalize(raw, dim=-1)
    onto = (force * tangent).sum(-1, keepdim=True) * tangent
    bare = (force * raw).sum(-1, keepdim=True) * raw
    once = (force * raw).sum(-1, keepdim=True) * tangent
    whole = (force * tangent).sum() * tangent
    matrix = torch.nn.functional.normalize(raw, dim=0)
    return closest(
        answer(before, after, force),
        force - onto,
        {
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
                force - whole,
                "Each point has its own F . t: sum over the last axis, with keepdim=True.",
            ),
            "normalised over the points": (
                force - (force * matrix).sum(-1, keepdim=True) * matrix,
                "Normalise each tangent over its coordinates, dim=-1.",
            ),
        },
    )


CASES = [  # log q on a dense look, level, status
    ([-1.0, -2.0, -1.5], -3.0, "reached"),
    ([-1.0, -5.0, -1.5], -3.0, "infeasible"),
    ([-4.0, -2.0, -3.5], -3.0, "reached"),
    ([-4.0, -3.8, -1.5], -3.0, "reached"),
    ([-4.0, -4.5, -1.5], -3.0, "infeasible"),
    ([-1.0, -2.0, float("nan"), -1.5], -3.0, "non_finite"),
    ([-1.0, -1.2, -4.0, -1.1, -1.0, -1.0], -3.0, "infeasible"),
]
LATE = ([-1.0, -1.5, -1.2], -3.0)
DEEP = ([-1.0, -5.0, -1.5], -3.0)
LOST = ([-1.0, float("nan"), -1.2], -3.0)


@exercise("13.4", hint="first non-finite, then arrived, then the lowest against the level")
def verdict(answer: Callable[[Tensor, float, bool], Any]) -> Mistake | None:
    """Status of a path from log q on a dense look, the level, and whether it arrived."""

    def said(log_q: list[float], level: float, arrived: bool = True) -> str:
        got = answer(torch.tensor(log_q), level, arrived)
        return got.name.lower() if hasattr(got, "name") else str(got).lower()

    if "reached" in {said(*LATE, False), said(*DEEP, False)}:
        return Mistake(
            "arrival not asked",
            "A path that stops half-way can be fine all along. Without arriving it is stalled.",
        )
    if said(*DEEP, False) == "infeasible":
        return Mistake(
            "stalled called infeasible",
            "It did not arrive: that is stalled, whatever lies on the way. Infeasible is a path "
            "that arrives, over a bottleneck that is too deep.",
        )
    if said(*LATE, False) != "stalled":
        return Mistake("unknown word", 'Expected "stalled" for a path that did not arrive.')
    got = [said(log_q, level) for log_q, level, _ in CASES]
    lost = said(*LOST, False)
    wrong = [i for i, case in enumerate(CASES) if got[i] != case[2]]
    if not wrong and lost == "stalled":
        return Mistake(
            "wrong order",
            "Not finite comes before stalled: where log q is NaN nothing is known, whether the "
            "path arrived or not. Ask isfinite() first.",
        )
    if not wrong and lost != "non_finite":
        return Mistake(
            "another verdict",
            f"With a NaN in log q, and not arrived, expected non_finite, got {lost}.",
        )
    if not wrong:
        return None
    if wrong == [5]:
        return Mistake(
            "NaN slips through",
            "Every comparison with NaN is false, so no minimum is below the level: ask "
            "isfinite() first.",
        )
    if got[0] == "infeasible":
        return Mistake("comparison reversed", "log q *below* the level is bad: lower is rarer.")
    if set(wrong) >= {1, 6} and got[1] == "reached":
        return Mistake(
            "mean instead of lowest",
            "A path is as good as its worst place: take the minimum along it, not the mean, nor "
            "the ends.",
        )
    if 1 not in wrong and got[6] == "reached":
        return Mistake(
            "mean instead of lowest",
            "A short deep place vanishes in a mean: take the minimum along the path.",
        )
    if {2, 3} & set(wrong) and got[2] != "reached":
        return Mistake(
            "ends held against the path",
            "The ends were given. If one of them lies below the level, the path may be as low as "
            "its worse end, and no lower: the bar is the minimum of level and both ends.",
        )
    if got[4] == "reached":
        return Mistake(
            "no bar left",
            "A low end lowers the bar to that end, not to nothing: here the path sinks below both.",
        )
    log_q, level, right = CASES[wrong[0]]
    return Mistake(
        "another verdict",
        f"For log q {log_q} and level {level} expected {right}, got {got[wrong[0]]}.",
    )
