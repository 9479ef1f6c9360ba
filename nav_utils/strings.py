"""Strings: whole paths that relax up log q and keep their points evenly spaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.linalg import vector_norm

from nav_utils.ratio import PART, Ratio, in_parts

LOOK = 6  # steps between two looks at which strings have come to rest
NODES = 64  # with more than twice as many points a string first relaxes with so many


class Relaxed(NamedTuple):
    """What became of B strings.

    Attributes:
        points: (B, n, d), evenly spaced.
        at_rest: (B,) bool, whether in the last six steps no point moved by more than the spacing.
        n_evaluations: of the ratio, over all strings.
    """

    points: Tensor
    at_rest: Tensor
    n_evaluations: int


def relaxed(
    points: Tensor,
    ratio: Ratio,
    n_steps: int,
    step_size: float,
    callback: Callable[[dict[str, Any]], None] | None = None,
) -> Relaxed:
    """Move points (B, n, d) up log q, and space them evenly along the path, repeatedly.

    What the force does along the path is undone by the even spacing; what it does across vanishes
    on a ridge of log q. Ends are fixed. Each path has its own step, which grows while it goes on in
    one direction, up to the spacing, and is halved when it turns back. Each stops on its own, when
    in six steps no point has moved by more than the spacing, though the step was not too small to
    see it: it turned back, or was as long as the spacing.

    A step moves no point by more than the spacing, so that many points would need many steps:
    above 128 the string relaxes with 64 of them first.

    Args:
        n_steps: at most; for a string that relaxes twice, each time.
        step_size: the first, in units of log q's gradient.
        callback: called after each step with a dict: step, points.

    Source: E, Ren and Vanden-Eijnden 2007 (the simplified string method, without projection).
    """
    n, count = points.shape[1], 0
    ratio = ratio.prepared(min(PART, len(points) * n))
    for nodes in [NODES, n] if n > 2 * NODES else [n]:
        points = points if nodes == points.shape[1] else evenly_spaced(points, nodes)
        points, at_rest, more = settled(points, ratio, n_steps, step_size, callback, n)
        count += more
    return Relaxed(points, at_rest, count)


def settled(
    points: Tensor,
    ratio: Ratio,
    n_steps: int,
    step_size: float,
    callback: Callable[[dict[str, Any]], None] | None,
    n_shown: int,
) -> Relaxed:
    """The loop of `relaxed`, for one number of points; the callback is shown `n_shown`."""
    count, moving, now, seen = 0, torch.arange(len(points), device=points.device), points, points
    steps = torch.full_like(points[:, :1, :1], step_size)  # (B, 1, 1), of the moving ones
    last = torch.zeros_like(points)  # where the step before led
    tried = torch.zeros_like(steps, dtype=torch.bool)  # whether steps were not too small
    for number in range(1, n_steps + 1):
        spacing = vector_norm(now.diff(dim=1), dim=-1).mean(-1)[:, None, None]  # (B, 1, 1)
        after, steps, longest = pulled(now, ratio, steps, spacing)
        move = after - now
        turned = (move * last).sum((1, 2), keepdim=True) < 0
        tried = tried | turned | longest
        steps = steps * torch.where(turned, 0.5, 1.5)
        now, last = after, move
        count += after.shape[0] * (after.shape[1] - 2)
        if callback is not None:
            points = points.index_copy(0, moving, now)
            shown = points if n_shown == points.shape[1] else evenly_spaced(points, n_shown)
            callback({"step": number, "points": shown})
        if number % LOOK == 0:
            points = points.index_copy(0, moving, now)
            far = (now - seen).norm(dim=-1).amax(-1) > spacing.flatten()
            on = far | ~tried.flatten()
            if not bool(on.all()):
                moving, steps, last, now = moving[on], steps[on], last[on], now[on]
            tried, seen = torch.zeros_like(tried[: len(now)]), now
            if len(moving) == 0:
                break
    points = points.index_copy(0, moving, now)
    at_rest = torch.ones(len(points), dtype=torch.bool, device=points.device)
    return Relaxed(points, at_rest.index_fill(0, moving, False), count)


def pulled(
    points: Tensor, ratio: Ratio, steps: Tensor, spacing: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Strings (B, n, d) after a step; the steps (B, 1, 1) as they were taken; where they are the
    longest that are allowed, (B, 1, 1) bool.

    No point moves by more than the spacing, and on average they are not even pulled so far.
    """
    inner = points[:, 1:-1]
    force = in_parts(ratio.score_q, inner)  # the gradient of log q
    if not bool(force.sum().isfinite()):  # where a is NaN: stay
        force = torch.where(force.isfinite().all(-1, keepdim=True), force, 0)
    pull = vector_norm(force, dim=-1, keepdim=True)
    tiny = torch.finfo(points.dtype).tiny
    average = pull.mean(1, keepdim=True)
    most = spacing / average.clamp_min(tiny)
    longest = (steps >= most) | (average == 0)
    steps = torch.minimum(steps, most)
    move = force * torch.minimum(steps, spacing / pull.clamp_min(tiny))
    moved = evenly_spaced(torch.cat([points[:, :1], inner + move, points[:, -1:]], dim=1))
    return moved, steps, longest


def evenly_spaced(points: Tensor, n: int | None = None) -> Tensor:
    """n points (B, n, d) at equal distances along the polygons through points (B, m, d)."""
    m = points.shape[1]
    n = m if n is None else n
    lengths = vector_norm(points.diff(dim=1), dim=-1)  # (B, m - 1)
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
