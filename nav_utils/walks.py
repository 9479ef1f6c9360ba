"""Walks of many points at once: their state, one step, several steps, until all have ended.

`nav_utils.correction.correct` begins and judges them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nav_utils.noise import standard_normal
from nav_utils.ratio import Ratio
from nav_utils.running import Run, Status
from nav_utils.steps import Goal, Method, Place

MOVING = -1  # no status yet


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


def stride(state: State, noises: list[Tensor] | None, n: int, corrector: Corrector) -> State | None:
    """What n steps of `advance` do, for a method whose steps do not depend on what was accepted.

    First all steps, for all points; then one look back decides where each walk ended and which of
    its places was the best. None where something is not finite: `advance` says what that means.
    """
    here, track = Place(state.z, state.logit, state.gradient), []
    for k in range(n):
        move = corrector.move(here)
        z = here.z + (move if noises is None else move + noises[k])
        here = Place(z, *corrector.ratio.logit_and_grad(z))
        track.append(here)
    z, logit, gradient = (torch.stack(x) for x in zip(*track, strict=True))  # (n, N, ...)
    excess = corrector.excess(Place(z, logit, gradient))
    if not bool((excess.sum() + gradient.sum()).isfinite()):
        return None
    least, which = excess.min(0)
    left = (corrector.run.max_steps - state.n_steps) * (state.status == MOVING)
    last, status, count = here, state.status, torch.full_like(left, n)
    before = z[-2] if n > 1 else state.z
    if noises or bool((unmoved(z[-1], before) | (least <= 0) | (left <= n)).any()):  # who ends?
        flat = unmoved(z, torch.cat([state.z.unsqueeze(0), z[:-1]]))
        arrived, number = excess <= 0, torch.arange(n, device=z.device).unsqueeze(-1)
        ends, _ = number.masked_fill(~(arrived | flat), n).min(0)  # where; n: nowhere
        count = (ends + 1).clamp_max(n).minimum(left)  # steps that are taken
        end, ended, moved = (count - 1).clamp_min(0), ends < count, picked(count > 0)
        status = status.masked_fill((count > 0) & (count == left), int(Status.MAX_STEPS))
        status = torch.where(ended & at(end, arrived), int(Status.CONVERGED), status)
        status = torch.where(ended & at(end, flat), int(Status.FLAT_GRADIENT), status)
        pairs = zip((z, logit, gradient), state[:3], strict=True)
        last = Place(*(moved(at(end, x), y) for x, y in pairs))
        least, which = excess.masked_fill(number >= count, torch.inf).min(0)
    best = picked(least < state.best_excess)
    return State(
        *last,
        state.shrink,
        status,
        state.n_steps + count,
        best(at(which, z), state.best_z),
        best(at(which, logit), state.best_logit),
        best(least, state.best_excess),
        state.place,
    )


def unmoved(z: Tensor, before: Tensor) -> Tensor:
    """Whether points (..., d) are where they were before, (...)."""
    return summed((z - before).abs()) == 0


def at(which: Tensor, x: Tensor) -> Tensor:
    """Of x (n, N, ...) for each of the N points that of a step (N,): (N, ...)."""
    n_points = len(which)
    rows = which * n_points + torch.arange(n_points, device=which.device)
    return x.flatten(0, 1).index_select(0, rows)


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


Step = Callable[[State, "Tensor | None", Corrector], State]


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
        number, ahead = min(run.check_every, last - taken), None
        if step is advance and not corrector.method.descends and run.callback is None:
            ahead = stride(state, noises(state, taken, number, corrector), number, corrector)
        if ahead is None:
            ahead = singly(state, taken, number, corrector, step)
        state, taken, evaluations = ahead, taken + number, evaluations + number * n
    return state, evaluations


def singly(state: State, taken: int, number: int, corrector: Corrector, step: Step) -> State:
    """So many steps after number `taken`, one after the other."""
    noise = noises(state, taken, number, corrector)
    for k in range(number):
        state = step(state, None if noise is None else noise[k], corrector)
        if corrector.run.callback is not None:
            corrector.run.callback({"step": taken + k + 1, **state._asdict()})
    return state


def noises(state: State, taken: int, number: int, corrector: Corrector) -> list[Tensor] | None:
    """The noise (N, d) of so many steps after number `taken`; None: there is none."""
    run, dim, dtype = corrector.run, state.z.shape[-1], state.z.dtype
    if not run.noise:
        return None
    steps = range(taken, taken + number)
    return [run.noise * standard_normal(run.seed, state.place, k, dim, dtype) for k in steps]
