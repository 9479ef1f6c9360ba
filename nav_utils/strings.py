"""Strings: whole paths that relax up log q and keep their points evenly spaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nav_utils.ratio import Ratio, in_parts


def relaxed(
    points: Tensor,
    ratio: Ratio,
    n_steps: int,
    step_size: float,
    callback: Callable[[dict[str, Any]], None] | None = None,
) -> tuple[Tensor, int]:
    """Move points (B, n, d) up log q across the path, and space them evenly along it, repeatedly.

    The force along the path is left out: it would only slide points to where codes are many. What
    stays across vanishes on a ridge of log q. Ends are fixed. Each path stops on its own, when no
    point moves by a hundredth of the spacing, so that it does not depend on the others.

    Returns:
        The paths (B, n, d), and how many evaluations of the ratio they took.
    Source: E, Ren and Vanden-Eijnden 2002 (string method, with the projection).
    """
    count, moving = 0, torch.arange(len(points), device=points.device)
    for number in range(n_steps):
        before = points[moving]
        spacing = before.diff(dim=1).norm(dim=-1).mean(-1)[:, None, None]  # (B, 1, 1)
        inner = before[:, 1:-1] + across(before, spacing, ratio, step_size)
        after = evenly_spaced(torch.cat([before[:, :1], inner, before[:, -1:]], dim=1))
        points = points.index_copy(0, moving, after)
        count += inner.shape[0] * inner.shape[1]
        if callback is not None:
            callback({"step": number + 1, "points": points})
        if number % 8 == 0:
            still = ((after - before).norm(dim=-1) < 0.01 * spacing[..., 0]).all(-1)
            moving = moving[~still]
            if len(moving) == 0:
                break
    return points, count


def across(points: Tensor, spacing: Tensor, ratio: Ratio, step_size: float) -> Tensor:
    """The string's moves (B, n - 2, d) for its inner points, none longer than the spacing."""
    inner = points[:, 1:-1]
    gradient = in_parts(lambda z: ratio.logit_and_grad(z)[1], inner)
    force = ratio.prior.score(inner) - gradient  # of log q = log p - a
    force = torch.where(force.isfinite().all(-1, keepdim=True), force, 0)  # where a is NaN: stay
    along = torch.nn.functional.normalize(points[:, 2:] - points[:, :-2], dim=-1)
    move = step_size * (force - (force * along).sum(-1, keepdim=True) * along)
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
