"""Correctors: move points until they are where they should be.

Three choices that do not touch each other: how to step and what is inside (`nav_utils.steps`), and
how to run (`Run`). `correct` takes the steps, for all points at once, and says how each ended.
"""

from __future__ import annotations

import enum
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from nav_utils.arguments import expect_samples, expect_shape
from nav_utils.fused import judge, walk, why_not
from nav_utils.noise import standard_normal
from nav_utils.ratio import DensityRatio, Ratio
from nav_utils.running import PRECISIONS, chunk_for, compiled, matmul_precision
from nav_utils.steps import Goal, Method, Place, goal_of, method_of


class Status(enum.IntEnum):
    """How a correction ended, for one point."""

    INSIDE = 0  # nothing to repair: not moved
    CONVERGED = 1  # moved inside
    MAX_STEPS = 2  # the steps ran out
    FLAT_GRADIENT = 3  # a step is too small to move the point
    OFF_SUPPORT = 4  # neither prior nor codes have mass there, whatever the logit says
    NON_FINITE = 5  # logit, gradient or step was not finite: back at the best place before


MOVING = -1  # no status yet


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


@dataclass(frozen=True)
class Run:
    """How to run a correction.

    Args:
        max_steps: for each point.
        noise: standard deviation of the normal noise that is added to every step.
        seed: of the noise, which depends on it, on the point's place in z and on the step alone.
        precision: of the network while stepping: "float32", "tf32", "bfloat16" or "float16".
            Whatever it is, a point is judged, and if need be finished, in full precision.
        compile: True has torch.compile fuse a step; "fused" takes all steps of a walk in one
            kernel, see `nav_utils.fused`. Where that fails, a warning and the plain step.
        chunk_size: points computed at a time; by default what fits a cache, or a GPU's memory.
        check_every: after how many steps to look whether any point is still moving.
        callback: called after every step with a dict: step, and what `State` holds of the points
            that are computed together: place (which), z, logit, gradient, status and so on.
    """

    max_steps: int = 200
    noise: float = 0.0
    seed: int = 0
    precision: str = "float32"
    compile: bool | str = False
    chunk_size: int | None = None
    check_every: int = 8
    callback: Callable[[dict[str, Any]], None] | None = None

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision: expected one of {PRECISIONS}, got {self.precision!r}")
        if self.compile not in (False, True, "fused"):
            raise ValueError(f"compile: expected False, True or 'fused', got {self.compile!r}")
        if self.max_steps < 0 or self.check_every < 1 or not 0 <= self.noise < math.inf:
            raise ValueError(
                "expected max_steps >= 0, check_every >= 1 and a finite noise >= 0, got "
                f"{self.max_steps}, {self.check_every} and {self.noise}"
            )
        if self.chunk_size is not None and self.chunk_size < 1:
            raise ValueError(f"chunk_size: expected at least 1, got {self.chunk_size}")


# ---- the loop -----------------------------------------------------------------------------------


class Corrector(NamedTuple):
    """The three choices, and the ratio: all that one step has to know besides the points."""

    ratio: Ratio
    method: Method
    goal: Goal
    run: Run

    def excess(self, here: Place) -> Tensor:
        """How far outside each point is, (N,) in nats; 0 or less is inside."""
        return self.goal.excess(here, self.ratio.prior)

    def aim(self, here: Place) -> Tensor:
        """What a step brings to 0, (N,) in nats."""
        return self.goal.aim(here, self.ratio.prior)

    def move(self, here: Place) -> Tensor:
        """Where the points go from here, (N, d)."""
        return self.method.move(here, self.goal, self.ratio.prior)


class State(NamedTuple):
    """All points of a chunk; logit and gradient are computed once for each place."""

    z: Tensor  # (N, d)
    logit: Tensor  # (N,)
    gradient: Tensor  # (N, d)
    shrink: Tensor  # (N,), gauss_newton shortens its steps after a refusal
    status: Tensor  # (N,) int64
    n_steps: Tensor  # (N,) int64
    best_z: Tensor  # (N, d), of the least excess so far
    best_logit: Tensor  # (N,)
    best_excess: Tensor  # (N,)
    place: Tensor  # (N,) int64, its place among all points


def advance(state: State, noise: Tensor | None, corrector: Corrector) -> State:
    """One step for every point that has no status yet; shapes never change."""
    descends, moving = corrector.method.descends, state.status == MOVING
    n_steps = state.n_steps + moving
    here = Place(state.z, state.logit, state.gradient)
    move = corrector.move(here)
    if descends:
        move = move * state.shrink.unsqueeze(-1)
    tried = state.z + (move if noise is None else move + noise)
    tried = picked(moving)(tried, state.z)
    there = Place(tried, *corrector.ratio.logit_and_grad(tried))
    excess = corrector.excess(there)

    finite = summed(0 * tried + 0 * there.gradient) + 0 * excess == 0  # 0 times infinity is NaN
    flat = summed((tried - state.z).abs()) == 0
    accepted = moving & finite
    shrink = state.shrink
    if descends:  # accepted only if |b| falls
        accepted &= corrector.aim(there).abs() < corrector.aim(here).abs()
        shrink = torch.where(accepted, (2 * shrink).clamp_max(1), shrink / 2)
    spent, arrived = n_steps >= corrector.run.max_steps, accepted & (excess <= 0)
    status = picked(moving & spent)(int(Status.MAX_STEPS), state.status)
    status = picked(arrived)(int(Status.CONVERGED), status)
    status = picked(moving & flat)(int(Status.FLAT_GRADIENT), status)
    status = picked(moving & ~finite)(int(Status.NON_FINITE), status)
    new, best = picked(accepted), picked(accepted & (excess < state.best_excess))
    return State(
        new(tried, state.z),
        new(there.logit, state.logit),
        new(there.gradient, state.gradient),
        shrink,
        status,
        n_steps,
        best(tried, state.best_z),
        best(there.logit, state.best_logit),
        best(excess, state.best_excess),
        state.place,
    )


def picked(mask: Tensor) -> Callable[[Any, Tensor], Tensor]:
    """What gives, of two tensors (N,) or (N, d), or a number and one, the first where a mask (N,)
    is true. A processor looks first: as a rule all points agree, and nothing is to be copied.
    """
    if mask.device.type == "cpu" and not torch.compiler.is_compiling():
        if not bool(mask.any()):
            return lambda yes, no: no
        if bool(mask.all()):
            return lambda yes, no: yes if isinstance(yes, Tensor) else torch.full_like(no, yes)
    wide = mask.unsqueeze(-1)
    return lambda yes, no: torch.where(wide if no.ndim > 1 else mask, yes, no)


def summed(x: Tensor) -> Tensor:
    """The sum of each row of x (N, d): as a product, since few columns are slow to reduce."""
    return x @ x.new_ones(x.shape[-1])


def begin(
    z: Tensor,
    corrector: Corrector,
    before: State | None = None,
    logit: Tensor | None = None,
    first: int = 0,
) -> State:
    """The state of points (N, d), the first at this place, before they start, or go on.

    With a logit (N,) from elsewhere there is no gradient: it is 0 until somebody needs it.
    """
    if logit is None:
        logit, gradient = corrector.ratio.logit_and_grad(z)
    else:
        gradient = torch.zeros_like(z)
    excess = corrector.excess(Place(z, logit, gradient))
    n_steps = torch.zeros_like(logit, dtype=torch.int64) if before is None else before.n_steps
    place = first + torch.arange(len(z), device=z.device) if before is None else before.place
    content = torch.where(n_steps > 0, int(Status.CONVERGED), int(Status.INSIDE))
    outside = torch.where(n_steps < corrector.run.max_steps, MOVING, int(Status.MAX_STEPS))
    status = torch.where(excess <= 0, content, outside)
    finite = excess.isfinite() & gradient.isfinite().all(-1)
    status = torch.where(finite, status, int(Status.NON_FINITE))
    one = torch.ones_like(logit)
    return State(z, logit, gradient, one, status, n_steps, z, logit, excess, place)


def judge_again(
    rough: State, start: State, corrector: Corrector, logit: Tensor | None = None
) -> State:
    """The state of points that have walked in low precision; the start may have been better."""
    state = begin(rough.best_z, corrector, rough, logit)
    better = state.best_excess < start.best_excess
    return state._replace(
        best_z=torch.where(better.unsqueeze(-1), state.best_z, start.best_z),
        best_logit=torch.where(better, state.best_logit, start.best_logit),
        best_excess=torch.where(better, state.best_excess, start.best_excess),
    )


def some(state: State, rows: Tensor) -> State:
    """The state of the points in these rows (M,)."""
    return State(*(x[rows] for x in state))


def put(state: State, rows: Tensor, others: State) -> State:
    """A state in which the points in these rows (M,) are as the others say."""
    return State(*(x.index_copy(0, rows, y) for x, y in zip(state, others, strict=True)))


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
    corrector = Corrector(ratio, method, goal_of(goal, method, ratio), run)
    step = compiled(advance) if run.compile is True else advance
    points = z.detach().reshape(-1, z.shape[-1]).to(ratio.device or z.device)
    fuse = run.compile == "fused" and may_fuse(corrector, points)
    size, n_evaluations = run.chunk_size or chunk_for(points, ratio), 0
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


Step = Callable[[State, "Tensor | None", Corrector], State]


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


def settle(
    state: State, corrector: Corrector, step: Step, taken: int, last: int
) -> tuple[State, int]:
    """Steps after number `taken`, until no point moves or number `last` is done.

    Shapes stay the same between two looks, which are rare: each makes a GPU wait. Once half of the
    points have arrived, the others go on alone.

    Returns:
        The state, and how many evaluations it took.
    """
    n, evaluations, run = len(state.z), 0, corrector.run
    while taken < last:
        rows = (state.status == MOVING).nonzero().squeeze(-1)
        if len(rows) == 0:
            break
        if 2 * len(rows) <= n:
            others, more = settle(some(state, rows), corrector, step, taken, last)
            return put(state, rows, others), evaluations + more
        for _ in range(min(run.check_every, last - taken)):
            noise = None
            if run.noise:
                dim, dtype = state.z.shape[-1], state.z.dtype
                noise = run.noise * standard_normal(run.seed, state.place, taken, dim, dtype)
            state = step(state, noise, corrector)
            taken, evaluations = taken + 1, evaluations + n
            if run.callback is not None:
                run.callback({"step": taken, **state._asdict()})
    return state, evaluations


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
