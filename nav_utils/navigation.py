"""Paths: from one code to another through places where there are codes.

Four planners. `stepwise` is the loop of the text: propose, evaluate, correct. `pointwise` corrects
all points of a proposal at once. `string` relaxes a whole path and keeps its points evenly spaced.
`graph` first looks for the right valley among codes (and on a grid in the plane), then does as
`string`. Whatever made a path, it is looked at densely before it is called good.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib import patheffects
from matplotlib.axes import Axes
from scipy import sparse
from scipy.sparse import csgraph
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from nav_utils.arguments import expect_samples, expect_shape
from nav_utils.correction import Status, correct
from nav_utils.interpolation import lerp, slerp, slerp_or_lerp
from nav_utils.ratio import Ratio


class PathStatus(enum.IntEnum):
    """How a path ended."""

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
    """

    points: Tensor
    z_b: Tensor
    status: Tensor
    bottleneck: Tensor
    bottleneck_at: Tensor
    point_status: Tensor | None
    n_evaluations: int

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
    *,
    n_points: int = 64,
    planner: str = "graph",
    proposal: str = "slerp",
    log_q_level: float | None = None,
    codes: Tensor | None = None,
    graph: LatentGraph | None = None,
    string_steps: int = 100,
    string_step_size: float = 0.02,
    callback: Callable[[dict[str, Any]], None] | None = None,
    **correction: Any,
) -> Path:
    """Paths from z_a to z_b, all pairs at once.

    Args:
        z_a, z_b: ends (B, d), or (d,) for one pair (B = 1), float32 or float64.
        ratio: says where codes are.
        n_points: on each path, ends included; for "stepwise" the steps it may take, plus one.
        planner: "stepwise", "pointwise", "string" or "graph"; see the head of this module.
        proposal: "slerp" or "linear": what the first three start from.
        log_q_level: a path with log p - a below it somewhere is `INFEASIBLE`, unless it is nowhere
            worse than at its ends, which were given; ratio.log_q_level(0.05), what 95 % of codes
            clear, by default. With method="score" it is the level of the correction too.
        codes: (M, d), the nodes of the graph; the ratio's held-out codes by default.
        graph: a `LatentGraph` made before, to plan many times with it. Between ends that no way
            through the graph joins, the string starts from the straight line.
        string_steps: of the string's relaxation, which stops before when no point moves by a
            hundredth of the spacing; 0 leaves the graph's path as it is.
        string_step_size: of the relaxation, in units of log q's gradient.
        callback: called after each step of the loop or the string with a dict: step, points.
        correction: for "stepwise" and "pointwise", what `correct` takes: method, side, eps, ...

    Returns:
        A `Path`.

    Raises:
        ValueError: ends that are not alike, not finite or of another dimension than the ratio;
            a planner or proposal that there is not; options that the planner does not take.
    Source: E, Ren and Vanden-Eijnden 2007 (string method); Henkelman and Jonsson 2000.
    """
    if planner not in PLANNERS:
        raise ValueError(f"planner: expected one of {', '.join(PLANNERS)}, got {planner!r}")
    if proposal not in PROPOSALS:
        raise ValueError(f"proposal: expected one of {', '.join(PROPOSALS)}, got {proposal!r}")
    if correction and planner not in {"stepwise", "pointwise"}:
        raise ValueError(
            f"{', '.join(correction)}: expected planner='stepwise' or 'pointwise' with it, got "
            f"{planner!r}, which corrects no single points"
        )
    if planner != "graph" and (codes is not None or graph is not None):
        raise ValueError(f"codes, graph: expected planner='graph' with them, got {planner!r}")
    expect_samples(z_a=z_a, z_b=z_b)
    expect_shape(z_a, [ratio.prior.dim], "z_a")
    kinds = [(tuple(z.shape), z.dtype, str(z.device)) for z in (z_a, z_b)]
    if kinds[0] != kinds[1] or z_a.ndim > 2 or z_a.dtype not in {torch.float32, torch.float64}:
        raise ValueError(
            f"expected z_a and z_b (B, d) alike, float32 or float64, got {kinds[0]} and {kinds[1]}"
        )
    if n_points < 3 or string_steps < 0 or not 0 < string_step_size < math.inf:
        raise ValueError(
            "expected n_points >= 3, string_steps >= 0 and a positive string_step_size, got "
            f"{n_points}, {string_steps} and {string_step_size}"
        )
    z_a, z_b = (z.detach().reshape(-1, z.shape[-1]) for z in (z_a, z_b))
    if log_q_level is None:
        log_q_level = ratio.log_q_level(0.05)
    elif correction.get("method") == "score":
        correction = correction | {"log_q_level": log_q_level}
    if math.isnan(log_q_level):
        raise ValueError("log_q_level: expected a number; the ratio's own is NaN on too many codes")
    if graph is not None:
        expect_shape(graph.nodes, [ratio.prior.dim], "graph")
    task = Task(
        z_a,
        z_b,
        ratio,
        n_points,
        proposal,
        log_q_level,
        codes,
        graph,
        string_steps,
        string_step_size,
        callback,
        correction,
    )
    points, point_status, n_evaluations = PLANNERS[planner](task)
    return with_verdict(points, point_status, n_evaluations, task)


class Task(NamedTuple):
    """What a planner has to know; the arguments of `navigate`."""

    z_a: Tensor
    z_b: Tensor
    ratio: Ratio
    n_points: int
    proposal: str
    log_q_level: float
    codes: Tensor | None
    graph: LatentGraph | None
    string_steps: int
    string_step_size: float
    callback: Callable[[dict[str, Any]], None] | None
    correction: dict[str, Any]


Planned = tuple[Tensor, Tensor | None, int]  # points (B, n, d), status of each point, evaluations
PROPOSALS = {"slerp": slerp, "linear": lerp}


def proposed(task: Task) -> Tensor:
    """The proposal (B, n, d): geometry only."""
    t = torch.linspace(0, 1, task.n_points, dtype=task.z_a.dtype, device=task.z_a.device)
    return PROPOSALS[task.proposal](task.z_a, task.z_b, t)


def with_verdict(points: Tensor, point_status: Tensor | None, count: int, task: Task) -> Path:
    """The path with its verdict, from a look between the points too."""
    dense = evenly_spaced(points, max(400, 4 * points.shape[1]))
    log_q = task.ratio.log_q(dense)
    lowest, where = log_q.min(-1)
    at = dense[torch.arange(len(dense)), where]
    arrived = (points[:, -1] - task.z_b).norm(dim=-1) <= 1e-6 * (1 + task.z_b.norm(dim=-1))
    level = torch.minimum(log_q[:, 0], log_q[:, -1]).clamp_max(task.log_q_level) - 1e-4
    status = torch.where(lowest < level, int(PathStatus.INFEASIBLE), 0)
    status = torch.where(arrived, status, int(PathStatus.STALLED))
    finite = log_q.isfinite().all(-1)
    status = torch.where(finite, status, int(PathStatus.NON_FINITE))
    return Path(points, task.z_b, status, lowest, at, point_status, count + log_q.numel())


# ---- one point at a time ------------------------------------------------------------------------


def stepwise(task: Task) -> Planned:
    """The loop of the text: propose a step to the target, evaluate, correct; repeat.

    The step is a share 1 / (steps left) of the remaining arc: a constant share would arrive only
    in the limit. The last proposal is the target itself. If it is not inside, it is corrected away
    from the target like any other point, and the path has not arrived. A path that in ten steps
    moves by less than one even step stays where it is, for otherwise the last proposals would leap
    over what they could not pass.
    """
    step = slerp_or_lerp if task.proposal == "slerp" else lerp
    z, count, n_steps = task.z_a, 0, task.n_points - 1
    even = (task.z_b - task.z_a).norm(dim=-1) / n_steps  # (B,), an even step
    points, statuses = [z], [torch.zeros(len(z), dtype=torch.int64, device=z.device)]
    stuck, patience = torch.zeros_like(even, dtype=torch.bool), min(PATIENCE, n_steps // 2)
    for number in range(n_steps):
        tried = step(z, task.z_b, 1 / (n_steps - number))  # propose
        options = task.correction | {"seed": task.correction.get("seed", 0) + number}
        found = correct(tried, task.ratio, **options)  # evaluate, correct
        z, count = torch.where(stuck[:, None], z, found.z), count + found.n_evaluations
        points.append(z)
        statuses.append(torch.where(stuck, statuses[-1], found.status))
        if number >= patience:
            stuck = stuck | ((z - points[-1 - patience]).norm(dim=-1) < even)
        if task.callback is not None:
            task.callback({"step": number + 1, "points": torch.stack(points, dim=1)})
    return torch.stack(points, dim=1), torch.stack(statuses, dim=1), count


PATIENCE = 10


def pointwise(task: Task) -> Planned:
    """Correct every point of the proposal on its own, all at once; the ends stay."""
    points = proposed(task)
    found = correct(points[:, 1:-1], task.ratio, **task.correction)
    status = torch.nn.functional.pad(found.status, (1, 1))  # INSIDE
    points = torch.cat([points[:, :1], found.z, points[:, -1:]], dim=1)
    return points, status, found.n_evaluations


# ---- the whole path -----------------------------------------------------------------------------


def string(task: Task) -> Planned:
    """Relax the proposal as one string."""
    return relaxed(proposed(task), task)


def relaxed(points: Tensor, task: Task) -> Planned:
    """Move points (B, n, d) up log q across the path, and space them evenly along it, repeatedly.

    The force along the path is left out: it would only slide points to where codes are many. What
    stays across vanishes on a ridge of log q. Ends are fixed. Each path stops on its own, so that
    it does not depend on the others.
    """
    count, moving = 0, torch.arange(len(points), device=points.device)
    for number in range(task.string_steps):
        before = points[moving]
        spacing = before.diff(dim=1).norm(dim=-1).mean(-1)[:, None, None]  # (B, 1, 1)
        inner = before[:, 1:-1] + across(before, spacing, task)
        after = evenly_spaced(torch.cat([before[:, :1], inner, before[:, -1:]], dim=1))
        points = points.index_copy(0, moving, after)
        count += inner.shape[0] * inner.shape[1]
        if task.callback is not None:
            task.callback({"step": number + 1, "points": points})
        if number % 8 == 0:
            still = ((after - before).norm(dim=-1) < 0.01 * spacing[..., 0]).all(-1)
            moving = moving[~still]
            if len(moving) == 0:
                break
    return points, None, count


def across(points: Tensor, spacing: Tensor, task: Task) -> Tensor:
    """The string's moves (B, n - 2, d) for its inner points, none longer than the spacing."""
    inner = points[:, 1:-1]
    _, gradient = task.ratio.logit_and_grad(inner)
    force = task.ratio.prior.score(inner) - gradient  # of log q = log p - a
    force = torch.where(force.isfinite().all(-1, keepdim=True), force, 0)  # where a is NaN: stay
    along = torch.nn.functional.normalize(points[:, 2:] - points[:, :-2], dim=-1)
    move = task.string_step_size * (force - (force * along).sum(-1, keepdim=True) * along)
    length = move.norm(dim=-1, keepdim=True)
    return move * (spacing / torch.maximum(length, spacing).clamp_min(1e-30))


def evenly_spaced(points: Tensor, n: int | None = None) -> Tensor:
    """n points (B, n, d) at equal distances along the polygons through points (B, m, d)."""
    m = points.shape[1]
    n = m if n is None else n
    lengths = points.diff(dim=1).norm(dim=-1)  # (B, m - 1)
    along = torch.cat([torch.zeros_like(lengths[:, :1]), lengths.cumsum(-1)], dim=1)
    t = torch.linspace(0, 1, n, dtype=points.dtype, device=points.device)
    wanted = along[:, -1:] * t  # (B, n)
    right = torch.searchsorted(along, wanted.contiguous(), right=True).clamp(1, m - 1)
    start, end = along.gather(1, right - 1), along.gather(1, right)
    share = (wanted - start) / (end - start).clamp_min(torch.finfo(points.dtype).tiny)

    def pick(rows: Tensor) -> Tensor:
        return points.gather(1, rows.unsqueeze(-1).expand(-1, -1, points.shape[-1]))

    spread = torch.lerp(pick(right - 1), pick(right), share.clamp(0, 1).unsqueeze(-1))
    spread[:, 0], spread[:, -1] = points[:, 0], points[:, -1]
    return spread


# ---- the right valley ---------------------------------------------------------------------------


@dataclass(frozen=True)
class LatentGraph:
    """Places joined to their neighbours; an edge costs its length over the density on it.

    Attributes:
        nodes: (M, d).
        costs: sparse (M, M), from row to column. An end has edges of its own, but none leads to
            it: the way of one pair does not pass through the ends of another.
        n_evaluations: of the ratio, to make it.
    """

    nodes: Tensor
    costs: sparse.csr_matrix
    n_evaluations: int


def latent_graph(
    ratio: Ratio,
    codes: Tensor | None = None,
    ends: Tensor | None = None,
    k: int = 12,
    resolution: int = 81,
    n_between: int | None = None,
) -> LatentGraph:
    """Join places to their neighbours: of a grid in the plane, else of the codes.

    Args:
        ratio: says log q = log p - a.
        codes: (M, d); the ratio's held-out codes by default. A grid covers them.
        ends: (E, d), more places to put on the graph; they become its last nodes.
        k: neighbours of a code; a place of the grid has eight.
        resolution: of the grid, along each axis.
        n_between: places on an edge where its cost is looked up; 1 on the short edges of a grid, 4
            between codes, by default.

    Raises:
        ValueError: fewer codes than two; codes or ends of another dimension than the ratio, or not
            finite; numbers out of range.
    """
    codes = (ratio.held_out if codes is None else codes).detach()
    ends = codes[:0] if ends is None else ends.detach().to(codes)
    expect_samples(codes=codes)
    expect_shape(codes, [ratio.prior.dim], "codes")
    if len(ends):
        expect_samples(codes=codes, end_codes=ends)
    n_between = (1 if codes.shape[1] == 2 else 4) if n_between is None else n_between
    if len(codes) < 2 or k < 1 or resolution < 2 or n_between < 1:
        raise ValueError(
            "expected two codes or more, k >= 1, resolution >= 2 and n_between >= 1, got "
            f"{len(codes)}, {k}, {resolution} and {n_between}"
        )
    unit = torch.ones(codes.shape[1], dtype=torch.float64)
    if codes.shape[1] == 2:
        low, high = codes.amin(0).tolist(), codes.amax(0).tolist()
        axes = [torch.linspace(a, b, resolution) for a, b in zip(low, high, strict=True)]
        codes, k = torch.cartesian_prod(*axes).to(codes), 8
        unit = torch.tensor([float(axis[1] - axis[0]) or 1.0 for axis in axes]).double()
    nodes, n = torch.cat([codes, ends]), len(codes)
    places = nodes.cpu().double()
    rows, columns, n_edges = neighbours(places / unit, n, k)  # cells need not be square
    start, end = nodes[rows], nodes[columns]
    t = torch.arange(1, n_between + 1, device=nodes.device) / (n_between + 1)
    log_q = ratio.log_q(lerp(start, end, t)).cpu().double()  # (edges, n_between)
    length = (places[rows] - places[columns]).norm(dim=-1)
    # exp(-log q) averaged over the edge, as a logarithm: it spans more than a float can hold.
    log_cost = length.log() + torch.logsumexp(-log_q, -1)
    usual = log_cost[:n_edges].nanmedian()
    log_cost = torch.nan_to_num(log_cost - usual, nan=600, posinf=600, neginf=-600)
    cost = log_cost.clamp(-600, 600).exp()
    cost = torch.cat([cost, cost[:n_edges]])  # between places both ways
    there, back = np.append(rows, columns[:n_edges]), np.append(columns, rows[:n_edges])
    costs = sparse.csr_matrix((cost.numpy(), (there, back)), (len(nodes), len(nodes)))
    return LatentGraph(nodes, costs, log_q.numel())


def neighbours(places: Tensor, n: int, k: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Edges (rows, columns, how many of the first kind): between the first n places, where either
    is among the k nearest of the other; then from each further place to its k nearest.
    """
    search = NearestNeighbors(n_neighbors=min(k, n - 1)).fit(places[:n].numpy())
    near = search.kneighbors_graph()
    rows, columns = sparse.triu(near.maximum(near.T)).nonzero()  # each edge once
    if len(places) == n:
        return rows, columns, len(rows)
    more_rows, more_columns = search.kneighbors_graph(places[n:].numpy()).nonzero()
    return np.append(rows, n + more_rows), np.append(columns, more_columns), len(rows)


def cheapest(graph: LatentGraph, sources: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
    """The nodes on the cheapest way between each source and target; empty where there is none."""
    wanted, which = np.unique(sources, return_inverse=True)
    distance, before = csgraph.dijkstra(graph.costs, indices=wanted, return_predecessors=True)
    ways = []
    for row, source, target in zip(which, sources, targets, strict=True):
        way = [target]
        if target != source:  # no edge leads to an end, so its own are looked at backwards
            edges = graph.costs[target]
            totals = distance[row, edges.indices] + edges.data
            way.append(edges.indices[totals.argmin()])
        while way[-1] != source and way[-1] >= 0:
            way.append(before[row, way[-1]])  # -9999 where there is no way
        ways.append(np.array(way[::-1]) if way[-1] == source else np.array([], dtype=int))
    return ways


def from_graph(task: Task) -> Planned:
    """The cheapest way through the graph, then relaxed as a string."""
    ends = torch.cat([task.z_a, task.z_b])
    graph, count = task.graph, 0
    if graph is None:
        graph = latent_graph(task.ratio, task.codes, ends)
        count = graph.n_evaluations
        first = len(graph.nodes) - len(ends) + np.arange(len(ends))
    else:  # the nodes nearest to the ends
        places = NearestNeighbors(n_neighbors=1).fit(graph.nodes.cpu().double().numpy())
        first = places.kneighbors(ends.cpu().double().numpy(), return_distance=False)[:, 0]
    sources, targets = first[: len(task.z_a)], first[len(task.z_a) :]
    nodes = graph.nodes.to(task.z_a)
    whole = []
    ways = cheapest(graph, sources, targets)
    for way, z_a, z_b in zip(ways, task.z_a, task.z_b, strict=True):
        polygon = torch.cat([z_a[None], nodes[torch.as_tensor(way).long()], z_b[None]])
        whole.append(evenly_spaced(polygon[None], task.n_points)[0])
    points, _, more = relaxed(torch.stack(whole), task)
    return points, None, count + more


PLANNERS = {"stepwise": stepwise, "pointwise": pointwise, "string": string, "graph": from_graph}
