"""Correctors: move points until they are where they should be.

Three choices that do not touch each other: how to step and what is inside (`nav_utils.steps`), and
how to run (`nav_utils.running.Run`). `correct` has `nav_utils.walks` take the steps, for all points
at once, and says how each ended.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple, cast

import torch
from torch import Tensor

from nav_utils.arguments import expect_samples, expect_shape
from nav_utils.fused import judge, walk, why_not
from nav_utils.ratio import DensityRatio, Ratio
from nav_utils.running import Run, Status, chunk_for, compiled, matmul_precision
from nav_utils.steps import Goal, Method, Place, goal_of, method_of
from nav_utils.walks import (
    MOVING,
    Corrector,
    State,
    Step,
    advance,
    begin,
    judge_again,
    put,
    settle,
    some,
)

__all__ = ["Correction", "Run", "Status", "correct"]


class Correction(NamedTuple):
    """What `correct` found, for points of leading shape (...).

    Attributes:
        z: (..., d), for each point the best place that it visited, always finite.
        status: (...) int64, a `Status`.
        n_steps: (...) int64, steps that the point took.
        logit_before, logit_after: (...), a at the start and at z.
        displacement: (...), distance from start to z.
        n_evaluations: of logit and gradient together, over all points.
    """

    z: Tensor
    status: Tensor
    n_steps: Tensor
    logit_before: Tensor
    logit_after: Tensor
    displacement: Tensor
    n_evaluations: int


def correct(
    z: Tensor,
    ratio: Ratio,
    method: Method | str = "probability",
    goal: Goal | str | None = None,
    run: Run | None = None,
) -> Correction:
    """Move every point until it is inside; a point that is so already stays where it is.

    Each point is corrected alone, and its result does not depend on the others.

    Args:
        z: points (..., d), float32 or float64.
        ratio: says a(z) and its gradient.
        method: how to step: `Probability`, the literal update on (D - 1/2)^2; `Logit`, descent on
            a^2 / 2; `GaussNewton`, damped and taken only if |a| falls; `Score`, ascent on log q.
            Or its name, for its usual numbers: "probability", "logit", "gauss_newton", "score".
        goal: what is inside: `Band`, |D - 1/2| <= eps; `Below`, a <= level; `Denser`, log q >=
            level. Or its name: "band", "below", "denser". By default the band; for the score, as
            dense as the median held-out code.
        run: how to run: steps, noise, precision and so on, see `Run`.

    Raises:
        ValueError: points that are empty, not finite, not floating or of another dimension than
            the ratio; a method or goal that there is not.
    """
    expect_points(z)
    expect_shape(z, [ratio.prior.dim], "z")
    run, method = run or Run(), method_of(method)
    points = z.detach().reshape(-1, z.shape[-1]).to(ratio.device or z.device)
    size, n_evaluations = min(run.chunk_size or chunk_for(points, ratio), len(points)), 0
    goal = goal_of(goal, method, ratio)
    plain = run.compile is False and run.precision == "float32"
    corrector = Corrector(ratio.prepared(size if plain else 0), method, goal, run)
    step = compiled(advance) if run.compile is True else advance
    fuse = run.compile == "fused" and may_fuse(corrector, points)
    facts = points.new_empty(3, len(points))  # logit before and after, displacement
    counts = torch.empty(2, len(points), dtype=torch.int64, device=points.device)
    best = points.clone()
    for first in range(0, len(points), size):
        rows = slice(first, first + size)  # written in place: parts would scatter memory
        start, state, count = walked(points[rows], first, corrector, step, fuse)
        best[rows], counts[:, rows], facts[:, rows] = finish(start, state, corrector)
        n_evaluations += count
    status, n_steps = counts.reshape(2, *z.shape[:-1]).to(z.device)
    before, after, moved = facts.reshape(3, *z.shape[:-1]).to(z.device)
    best = best.reshape(z.shape).to(z.device)
    return Correction(best, status, n_steps, before, after, moved, n_evaluations)


def expect_points(z: Tensor) -> None:
    """Raise ValueError unless z is (..., d), finite, not empty, float32 or float64."""
    expect_samples(z=z)
    if z.dtype not in {torch.float32, torch.float64}:
        raise ValueError(f"z: expected float32 or float64, got {z.dtype}")


def may_fuse(corrector: Corrector, points: Tensor) -> bool:
    """Whether one kernel can take all steps; a warning where it cannot."""
    run = corrector.run
    reason = why_not(corrector.ratio, corrector.method, corrector.goal, points, run.precision)
    if run.noise or run.callback is not None:
        reason = "a kernel has neither noise nor callback"
    if reason is not None:
        warnings.warn(f"no fused kernel, going on without it: {reason}", stacklevel=3)
    return reason is None


def walked(
    points: Tensor, first: int, corrector: Corrector, step: Step, fuse: bool = False
) -> tuple[State, State, int]:
    """One chunk of points (N, d), the first of them at place `first`: start, end, evaluations."""
    last, precision, taken = corrector.run.max_steps, corrector.run.precision, 0
    with matmul_precision("float32", points.device):
        ends = at_once(points, corrector) if fuse else None
        start, state = ends or (begin(points, corrector, first=first),) * 2
    evaluations = len(points) * (3 if ends else 1) + int(state.n_steps.sum())
    if ends is None and precision != "float32":
        with matmul_precision(precision, points.device):
            rough, count = settle(start, corrector, step, 0, last)
        with matmul_precision("float32", points.device):  # only this one judges
            state = judge_again(rough, start, corrector)
        evaluations += count + len(points)
    if ends or precision != "float32":
        taken = last  # whatever the others took: noise depends on the step's number
    with matmul_precision("float32", points.device):
        state, count = settle(state, corrector, step, taken, taken + last)
    return start, state, evaluations + count


def at_once(points: Tensor, corrector: Corrector) -> tuple[State, State] | None:
    """All steps in one kernel: the states at the start and at the end, as judged in float32.

    None, after a warning, where a kernel fails: a GPU may be unable to compile or to hold it.
    """
    ratio, (method, goal, run) = cast(DensityRatio, corrector.ratio), corrector[1:]
    try:
        start = begin(points, corrector, logit=judge(points, ratio))
        moving = start.status == MOVING
        best, n_steps = walk(points, moving, ratio, method, goal, run.max_steps, run.precision)
        rough = start._replace(best_z=best, n_steps=n_steps)
        state = judge_again(rough, start, corrector, judge(best, ratio))
    except Exception as error:
        reason = (str(error) or repr(error)).splitlines()[0]
        warnings.warn(f"the fused kernel failed, going on without it: {reason}", stacklevel=4)
        return None
    rows = (state.status == MOVING).nonzero().squeeze(-1)  # who goes on needs a gradient
    if len(rows):
        state = put(state, rows, judge_again(some(rough, rows), some(start, rows), corrector))
    return start, state


def finish(start: State, state: State, corrector: Corrector) -> tuple[Tensor, Tensor, Tensor]:
    """The best place of each point (N, d); status and steps (2, N); logit before and after, and
    displacement (3, N).
    """
    content = state.status <= Status.CONVERGED
    lost = torch.zeros_like(content)
    lost[content] = corrector.ratio.no_data(state.best_z[content])  # it may ask for neighbours
    sick = state.status == Status.NON_FINITE
    if bool(sick.any()):
        lost |= sick & beyond_prior(state, corrector)
    status = torch.where(lost, int(Status.OFF_SUPPORT), state.status)
    moved = (state.best_z - start.z).norm(dim=-1)
    counts = torch.stack([status, state.n_steps])
    return state.best_z, counts, torch.stack([start.logit, state.best_logit, moved])


def beyond_prior(state: State, corrector: Corrector) -> Tensor:
    """Whether the prior's density is 0 at points (N, d), or after the next step from them, (N,)."""
    move = corrector.move(Place(state.z, state.logit, state.gradient))
    places = torch.stack([state.z, state.z + move * state.shrink.unsqueeze(-1)]).double()
    return corrector.ratio.prior.log_prob(places.nan_to_num(0)).isneginf().any(0)
