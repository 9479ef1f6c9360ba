"""Paths: from one code to another through places where there are codes.

Five planners. `Straight` is the straight line, to compare with. `Stepwise` is the loop of the text:
propose, evaluate, correct. `Pointwise` corrects all points of a proposal at once. `String` relaxes
a whole path and keeps its points evenly spaced. `Graph` first looks for the right valley among
codes (and on a grid in the plane), then does as `String`. Whatever made a path, it is looked at
densely before it is called good.
"""

from __future__ import annotations

import enum
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib import patheffects
from matplotlib.axes import Axes
from torch import Tensor

from nav_utils.arguments import expect_samples, expect_shape
from nav_utils.correction import Run, Status, correct
from nav_utils.graphs import LatentGraph, cheapest, joined, kept_graph
from nav_utils.proposals import Proposal
from nav_utils.ratio import Ratio, in_parts
from nav_utils.steps import Goal, Method
from nav_utils.strings import evenly_spaced, relaxed

Callback = Callable[[dict[str, Any]], None]


class PathStatus(enum.IntEnum):
    """How a path ended: REACHED (0), STALLED (1), INFEASIBLE (2) or NON_FINITE (3)."""

    REACHED = 0  # from end to end, and nowhere below the level (or below its worse end)
    STALLED = 1  # it did not arrive at z_b
    INFEASIBLE = 2  # it arrives, but its bottleneck lies below the level
    NON_FINITE = 3  # the ratio gave values that are not finite on it


@dataclass(frozen=True)
class Path:
    """Paths of B pairs.

    Attributes:
        points: (B, n, d).
        z_b: (B, d), where it was to go.
        status: (B,) int64, a `PathStatus`.
        bottleneck: (B,), the lowest log p - a on a dense look at the path, in nats.
        bottleneck_at: (B, d), where.
        point_status: (B, n) int64, a `correction.Status`; None where no point was corrected alone.
        n_evaluations: of the ratio, over all pairs.
        at_rest: (B,) bool, whether the string came to rest before its steps ended; False, too,
            where `Graph` kept its way, as the string was worse. None where none was relaxed.
    """

    points: Tensor
    z_b: Tensor
    status: Tensor
    bottleneck: Tensor
    bottleneck_at: Tensor
    point_status: Tensor | None
    n_evaluations: int
    at_rest: Tensor | None = None

    @property
    def arc_length(self) -> Tensor:
        """(B, n), the length of each path up to each of its points."""
        gaps = self.points.diff(dim=-2).norm(dim=-1)
        return torch.cat([torch.zeros_like(gaps[:, :1]), gaps.cumsum(-1)], dim=-1)

    @property
    def tear(self) -> Tensor:
        """(B,), the largest gap between neighbours over the median gap; 1 is evenly spaced."""
        gaps = self.points.diff(dim=-2).norm(dim=-1)
        usual = torch.where(gaps > 0, gaps, torch.nan).nanmedian(-1).values  # not where it stood
        return torch.where(usual.isnan(), 1.0, gaps.amax(-1) / usual)

    def resample(self, n: int) -> Tensor:
        """n >= 2 points (B, n, d) on each path, evenly spaced along its straight pieces."""
        if n < 2:
            raise ValueError(f"n: expected at least 2 points, the ends, got {n}")
        return evenly_spaced(self.points, n)

    def plot(self, ax: Axes | None = None, pair: int = 0, label: str | None = None) -> Axes:
        """Draw one path of the plane: solid with a halo, hollow squares where a point failed."""
        if self.points.shape[-1] != 2:
            raise ValueError(f"expected a path in the plane, got d = {self.points.shape[-1]}")
        if ax is None:
            ax = plt.subplots(figsize=(6, 5), layout="constrained")[1]
        z = self.points[pair].cpu()
        halo = [patheffects.Stroke(linewidth=5, foreground="white"), patheffects.Normal()]
        ax.plot(*z.T, "-", color="black", lw=2, path_effects=halo, label=label)
        ax.plot(*z[[0, -1]].T, "o", ms=7, mfc="white", mec="black", mew=2)
        if self.point_status is not None:
            failed = z[self.point_status[pair].cpu() > Status.CONVERGED]
            ax.plot(*failed.T, "s", ms=7, mfc="none", mec="black", mew=1.5)
        return ax


def navigate(
    z_a: Tensor,
    z_b: Tensor,
    ratio: Ratio,
    planner: Planner | str = "graph",
    *,
    n_points: int = 64,
    proposal: str | Tensor = "slerp",
    log_q_level: float | None = None,
    callback: Callback | None = None,
) -> Path:
    """Paths from z_a to z_b, all pairs at once.

    Args:
        z_a, z_b: ends (B, d), or (d,) for one pair (B = 1), float32 or float64.
        ratio: says where codes are.
        planner: `Straight`, `Stepwise`, `Pointwise`, `String` or `Graph`, with their own numbers;
            or a name, for the usual ones: "straight", "stepwise", "pointwise", "string", "graph".
        n_points: on each path, ends included; for `Stepwise` the steps it may take, plus one.
        proposal: "slerp" or "linear", what `Stepwise`, `Pointwise` and `String` start from; or
            points (B, n_points, d) from z_a to z_b, for the last two.
        log_q_level: a path with log p - a below it somewhere is `INFEASIBLE`, unless it is nowhere
            worse than at its ends, which were given; ratio.log_q_level(0.05), what 95 % of codes
            clear, by default.
        callback: called after each step of the loop or the string with a dict: step, points.

    Returns:
        A `Path`.

    Raises:
        ValueError: ends that are not alike, not finite or of another dimension than the ratio; a
            planner or proposal that there is not, or that do not go together.
    """
    expect_ends(z_a, z_b, ratio)
    z_a, z_b = (z.detach().reshape(-1, z.shape[-1]) for z in (z_a, z_b))
    chosen = planner_of(planner)
    start = Proposal.of(proposal, z_a, z_b, n_points)
    level = ratio.log_q_level(0.05) if log_q_level is None else log_q_level
    if math.isnan(level):
        raise ValueError("log_q_level: expected a number; the ratio's own is NaN on too many codes")
    planned = Planned(*chosen.plan(start, ratio, callback))
    return with_verdict(planned, z_b, ratio, level)


def expect_ends(z_a: Tensor, z_b: Tensor, ratio: Ratio) -> None:
    """Raise ValueError unless both are (B, d) or (d,), alike, of the ratio's dimension."""
    expect_samples(z_a=z_a, z_b=z_b)
    expect_shape(z_a, [ratio.prior.dim], "z_a")
    kinds = [(tuple(z.shape), z.dtype, str(z.device)) for z in (z_a, z_b)]
    if kinds[0] != kinds[1] or z_a.ndim > 2 or z_a.dtype not in {torch.float32, torch.float64}:
        raise ValueError(
            f"expected z_a and z_b (B, d) alike, float32 or float64, got {kinds[0]} and {kinds[1]}"
        )


class Planned(NamedTuple):
    """What a planner gives; the last may be left out."""

    points: Tensor  # (B, n, d)
    point_status: Tensor | None  # (B, n), a `Status` for each
    n_evaluations: int
    at_rest: Tensor | None = None  # (B,)


def with_verdict(planned: Planned, z_b: Tensor, ratio: Ratio, log_q_level: float) -> Path:
    """The path with its verdict, from a look between the points too."""
    points, point_status, count, at_rest = planned
    dense = evenly_spaced(points, max(400, 4 * points.shape[1]))
    log_q = in_parts(ratio.log_q, dense)
    lowest, where = log_q.min(-1)
    at = dense[torch.arange(len(dense)), where]
    arrived = (points[:, -1] - z_b).norm(dim=-1) <= 1e-6 * (1 + z_b.norm(dim=-1))
    level = torch.minimum(log_q[:, 0], log_q[:, -1]).clamp_max(log_q_level) - 1e-4
    status = torch.where(lowest < level, int(PathStatus.INFEASIBLE), 0)
    status = torch.where(arrived, status, int(PathStatus.STALLED))
    finite = log_q.isfinite().all(-1)
    status = torch.where(finite, status, int(PathStatus.NON_FINITE))
    count += log_q.numel()
    return Path(points, z_b, status, lowest, at, point_status, count, at_rest)


# ---- the planners -------------------------------------------------------------------------------

PATIENCE = 10  # steps of the loop after which standing still is called stuck


class Planner(Protocol):
    """Makes paths of a proposal."""

    def plan(self, start: Proposal, ratio: Ratio, callback: Callback | None) -> Planned:
        """Points (B, n, d), a `Status` for each (B, n) or None, and how many evaluations: as a
        tuple, or as `Planned`, which has room for more.
        """


@dataclass(frozen=True)
class Straight:
    """The straight line, whatever the proposal: what every other planner has to beat."""

    def plan(self, start: Proposal, ratio: Ratio, callback: Callback | None) -> Planned:
        return Planned(start._replace(kind="linear", given=None).points(), None, 0)


@dataclass(frozen=True)
class Stepwise:
    """The loop of the text, to study it; to get a path, take `Graph`.

    Propose a step to the target, evaluate, correct; repeat. Most of its paths stall, and those that
    arrive are often worse than the straight line (chapters 09 and 13).

    The step is a share 1 / (steps left) of the remaining arc: a constant share would arrive only
    in the limit. The last proposal is the target itself. If that is not inside, it is corrected
    away like any other point, and the path has not arrived. A path that in ten steps moves by less
    than one even step stays where it is: its last proposals would leap over what it cannot pass.

    Args:
        method, goal, run: of the correction, as in `correct`.
    """

    method: Method | str = "probability"
    goal: Goal | str | None = None
    run: Run = Run()

    def plan(self, start: Proposal, ratio: Ratio, callback: Callback | None) -> Planned:
        z, count, n_steps = start.z_a, 0, start.n_points - 1
        even = (start.z_b - z).norm(dim=-1) / n_steps  # (B,), an even step
        points, statuses = [z], [torch.zeros(len(z), dtype=torch.int64, device=z.device)]
        stuck, patience = torch.zeros_like(even, dtype=torch.bool), min(PATIENCE, n_steps // 2)
        for number in range(n_steps):
            tried = start.toward(z, 1 / (n_steps - number))  # propose
            run = replace(self.run, seed=self.run.seed + number)
            found = correct(tried, ratio, self.method, self.goal, run)  # evaluate, correct
            z, count = torch.where(stuck[:, None], z, found.z), count + found.n_evaluations
            points.append(z)
            statuses.append(torch.where(stuck, statuses[-1], found.status))
            if number >= patience:
                stuck = stuck | ((z - points[-1 - patience]).norm(dim=-1) < even)
            if callback is not None:
                callback({"step": number + 1, "points": torch.stack(points, dim=1)})
        return Planned(torch.stack(points, dim=1), torch.stack(statuses, dim=1), count)


@dataclass(frozen=True)
class Pointwise:
    """Correct each point of the proposal alone, to study that; to get a path, take `Graph`.

    All at once; the ends stay. Points get better and the path tears: on some models it is worse
    than the proposal (chapters 09 and 13).

    Args:
        method, goal, run: of the correction, as in `correct`.
    """

    method: Method | str = "probability"
    goal: Goal | str | None = None
    run: Run = Run()

    def plan(self, start: Proposal, ratio: Ratio, callback: Callback | None) -> Planned:
        points = start.points()
        found = correct(points[:, 1:-1], ratio, self.method, self.goal, self.run)
        status = torch.nn.functional.pad(found.status, (1, 1))  # INSIDE
        points = torch.cat([points[:, :1], found.z, points[:, -1:]], dim=1)
        return Planned(points, status, found.n_evaluations)


@dataclass(frozen=True)
class String:
    """Relax the proposal as one string, see `nav_utils.strings.relaxed`.

    Args:
        n_steps: at most; a string stops before when it has come to rest, which `Path.at_rest` says.
        step_size: the first, in units of log q's gradient; each string then finds its own.
    """

    n_steps: int = 200
    step_size: float = 0.02

    def __post_init__(self) -> None:
        if self.n_steps < 0 or not 0 < self.step_size < math.inf:
            raise ValueError(
                "expected n_steps >= 0 and a finite, positive step_size, got "
                f"{self.n_steps} and {self.step_size}"
            )

    def plan(self, start: Proposal, ratio: Ratio, callback: Callback | None) -> Planned:
        return self.relax(start.points(), ratio, callback)

    def relax(self, points: Tensor, ratio: Ratio, callback: Callback | None) -> Planned:
        """The strings that points (B, n, d) become."""
        if self.n_steps == 0:
            return Planned(points, None, 0)
        found = relaxed(points, ratio, self.n_steps, self.step_size, callback)
        return Planned(found.points, None, found.n_evaluations, found.at_rest)


@dataclass(frozen=True)
class Graph:
    """The cheapest way through a graph, then relaxed as a string.

    Args:
        codes: (M, d), the nodes; the ratio's held-out codes by default. The graph of a ratio and
            its codes is made once and kept, see `nav_utils.graphs.kept_graph`.
        graph: a `LatentGraph` of your own.
        string: how to relax what the graph gives; String(0) leaves it as it is.
    """

    codes: Tensor | None = None
    graph: LatentGraph | None = None
    string: String = String()

    def plan(self, start: Proposal, ratio: Ratio, callback: Callback | None) -> Planned:
        graph, count = (self.graph, 0) if self.graph is not None else kept_graph(ratio, self.codes)
        first, n = len(graph.nodes), len(start.z_a)
        graph, before = joined(graph, torch.cat([start.z_a, start.z_b]), ratio), graph.n_evaluations
        ways = cheapest(graph, first + np.arange(n), first + n + np.arange(n))
        warn_of_gaps(ways)
        nodes, whole = graph.nodes.to(start.z_a), []
        for way, z_a, z_b in zip(ways, start.z_a, start.z_b, strict=True):
            polygon = torch.cat([z_a[None], nodes[torch.as_tensor(way).long()], z_b[None]])
            whole.append(evenly_spaced(polygon[None], start.n_points)[0])
        planned = self.relax(torch.stack(whole), ratio, callback)
        count += planned.n_evaluations + graph.n_evaluations - before
        return planned._replace(n_evaluations=count)

    def relax(self, ways: Tensor, ratio: Ratio, callback: Callback | None) -> Planned:
        """The strings that ways (B, n, d) become; a way stays where its string is worse: points
        too far apart leap over what lies between them.
        """
        planned = self.string.relax(ways, ratio, callback)
        if planned.at_rest is None:
            return planned
        both = torch.stack([ways, planned.points])  # (2, B, n, d), and half-way between points:
        log_q = in_parts(
            ratio.log_q, torch.cat([both, both[:, :, 1:].lerp(both[:, :, :-1], 0.5)], 2)
        )
        before, after = log_q.amin(-1)
        better = ~(after < before - 0.01)  # NaN stays as it is
        points = torch.where(better[:, None, None], planned.points, ways)
        count = planned.n_evaluations + log_q.numel()
        return Planned(points, None, count, planned.at_rest & better)


def warn_of_gaps(ways: list[np.ndarray]) -> None:
    """Warn of pairs whose ends lie in different parts of the graph."""
    apart = [number for number, way in enumerate(ways) if len(way) == 0]
    if apart:
        some = ", ".join(map(str, apart[:5])) + (", ..." if len(apart) > 5 else "")
        warnings.warn(
            f"no way through the graph joins the ends of {len(apart)} of {len(ways)} pairs "
            f"({some}): they lie in different parts of it, and the string starts from the "
            "straight line. More codes, or a latent_graph(..., k=) with more neighbours, may "
            "join them",
            stacklevel=4,
        )


PLANNERS: dict[str, Planner] = {
    "straight": Straight(),
    "stepwise": Stepwise(),
    "pointwise": Pointwise(),
    "string": String(),
    "graph": Graph(),
}


def planner_of(planner: Planner | str) -> Planner:
    """The planner, or the one of that name with its usual numbers; ValueError if there is none."""
    if isinstance(planner, str):
        if planner not in PLANNERS:
            raise ValueError(f"planner: expected one of {', '.join(PLANNERS)}, got {planner!r}")
        return PLANNERS[planner]
    if not hasattr(planner, "plan"):
        raise ValueError(
            f"planner: expected one of {', '.join(PLANNERS)} or an object such as String(50), got "
            f"a {type(planner).__name__}"
        )
    return planner
