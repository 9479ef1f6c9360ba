"""Correctors: move points until the ratio is content with them; and Langevin dynamics, which moves
them for ever.

A corrector is one small function from a point, its logit and the logit's gradient to a step
(`METHODS`). `correct` takes such steps, for all points at once, and says of each how it ended.
"""

from __future__ import annotations

import contextlib
import enum
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nav_utils.arguments import expect_samples, expect_shape
from nav_utils.noise import standard_normal, uniform
from nav_utils.ratio import Ratio


class Status(enum.IntEnum):
    """How a correction ended, for one point."""

    INSIDE = 0  # nothing to repair: not moved
    CONVERGED = 1  # moved inside
    MAX_STEPS = 2  # the steps ran out
    FLAT_GRADIENT = 3  # a step is too small to move the point
    OFF_SUPPORT = 4  # inside by the logit, but neither prior nor codes have mass there
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


class Rule(NamedTuple):
    """What a step needs to know besides the point: built once by `correct`."""

    ratio: Ratio
    method: str
    centre: float  # the logit aimed at
    band: float  # half the width of what counts as inside, in nats
    level: float | None  # the greatest logit inside, for one side; None for both
    log_q_level: float
    step_size: float
    damping: float
    max_move: float
    max_steps: int

    def excess(self, z: Tensor, a: Tensor) -> Tensor:
        """How far outside each point is, in nats; 0 or less is inside."""
        if self.method == "score":
            return self.log_q_level - (self.ratio.prior.log_prob(z) - a)
        if self.level is not None:
            return a - self.level
        return (a - self.centre).abs() - self.band


# ---- the methods: one step for points z (N, d), logit b = a - centre (N, 1), gradient (N, d) ----


def probability_step(z: Tensor, b: Tensor, gradient: Tensor, rule: Rule) -> Tensor:
    """Descent on (D - 1/2)^2, the update of the text: -eta 2 (D - 1/2) grad D."""
    d = b.sigmoid()
    return -rule.step_size * 2 * (d - 0.5) * (d * (-b).sigmoid()) * gradient  # D (1 - D) grad a


def logit_step(z: Tensor, b: Tensor, gradient: Tensor, rule: Rule) -> Tensor:
    """Descent on a^2 / 2: no factor that dies where D is near 0 or 1; no longer than max_move."""
    return capped(-rule.step_size * b * gradient, rule.max_move)


def gauss_newton_step(z: Tensor, b: Tensor, gradient: Tensor, rule: Rule) -> Tensor:
    """The smallest move that solves the linearised a = 0; damped, and no longer than max_move."""
    steepness = gradient.square().sum(-1, keepdim=True) + rule.damping
    move = -b * gradient / steepness.clamp_min(torch.finfo(z.dtype).tiny)  # never 0 / 0
    return capped(rule.step_size * move, rule.max_move)


def score_step(z: Tensor, b: Tensor, gradient: Tensor, rule: Rule) -> Tensor:
    """Ascent on log q = log p - a, no longer than max_move."""
    return capped(rule.step_size * (rule.ratio.prior.score(z) - gradient), rule.max_move)


def capped(move: Tensor, longest: float) -> Tensor:
    """Moves (N, d), those that are too long shortened."""
    scale = move.abs().amax(-1, keepdim=True).clamp_min(longest)  # 1e25 has no square in float32
    move = move / scale
    return move * (longest / move.norm(dim=-1, keepdim=True).clamp_min(longest / scale))


METHODS = {
    "probability": probability_step,
    "logit": logit_step,
    "gauss_newton": gauss_newton_step,
    "score": score_step,
}
STEP_SIZE = {"probability": 1.0, "logit": 0.05, "gauss_newton": 1.0, "score": 0.02}


# ---- the loop -----------------------------------------------------------------------------------


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


def advance(state: State, noise: Tensor | None, rule: Rule) -> State:
    """One step for every point that has no status yet; shapes never change."""
    moving = state.status == MOVING
    n_steps = state.n_steps + moving
    b = (state.logit - rule.centre).unsqueeze(-1)
    move = METHODS[rule.method](state.z, b, state.gradient, rule) * state.shrink.unsqueeze(-1)
    tried = state.z + (move if noise is None else move + noise)
    tried = torch.where(moving.unsqueeze(-1), tried, state.z)
    logit, gradient = rule.ratio.logit_and_grad(tried)
    excess = rule.excess(tried, logit)

    finite = (tried.isfinite() & gradient.isfinite()).all(-1) & excess.isfinite()
    flat = (tried == state.z).all(-1)
    accepted = moving & finite
    shrink = state.shrink
    if rule.method == "gauss_newton":  # accepted only if |a| falls
        accepted &= (logit - rule.centre).abs() < b.squeeze(-1).abs()
        shrink = torch.where(accepted, (2 * shrink).clamp_max(1), shrink / 2)
    spent = moving & (n_steps >= rule.max_steps)
    status = torch.where(spent, int(Status.MAX_STEPS), state.status)
    status = torch.where(accepted & (excess <= 0), int(Status.CONVERGED), status)
    status = torch.where(moving & flat, int(Status.FLAT_GRADIENT), status)
    status = torch.where(moving & ~finite, int(Status.NON_FINITE), status)
    better = accepted & (excess < state.best_excess)
    return State(
        torch.where(accepted.unsqueeze(-1), tried, state.z),
        torch.where(accepted, logit, state.logit),
        torch.where(accepted.unsqueeze(-1), gradient, state.gradient),
        shrink,
        status,
        n_steps,
        torch.where(better.unsqueeze(-1), tried, state.best_z),
        torch.where(better, logit, state.best_logit),
        torch.where(better, excess, state.best_excess),
        state.place,
    )


def begin(z: Tensor, rule: Rule, before: State | None = None) -> State:
    """The state of points (N, d) before their first step, or before they go on."""
    logit, gradient = rule.ratio.logit_and_grad(z)
    excess = rule.excess(z, logit)
    n_steps = torch.zeros_like(logit, dtype=torch.int64) if before is None else before.n_steps
    place = torch.arange(len(z), device=z.device) if before is None else before.place
    content = torch.where(n_steps > 0, int(Status.CONVERGED), int(Status.INSIDE))
    outside = torch.where(n_steps < rule.max_steps, MOVING, int(Status.MAX_STEPS))
    status = torch.where(excess <= 0, content, outside)
    finite = excess.isfinite() & gradient.isfinite().all(-1)
    status = torch.where(finite, status, int(Status.NON_FINITE))
    one = torch.ones_like(logit)
    return State(z, logit, gradient, one, status, n_steps, z, logit, excess, place)


def judge_again(rough: State, start: State, rule: Rule) -> State:
    """The state of points that have walked in low precision; the start may have been better."""
    state = begin(rough.best_z, rule, rough)
    better = state.best_excess < start.best_excess
    return state._replace(
        best_z=torch.where(better.unsqueeze(-1), state.best_z, start.best_z),
        best_logit=torch.where(better, state.best_logit, start.best_logit),
        best_excess=torch.where(better, state.best_excess, start.best_excess),
    )


def correct(
    z: Tensor,
    ratio: Ratio,
    method: str = "probability",
    *,
    step_size: float | None = None,
    eps: float = 0.1,
    max_steps: int = 200,
    side: str = "both",
    level: float | None = None,
    log_q_level: float | None = None,
    damping: float = 1e-3,
    max_move: float = 0.5,
    noise: float = 0.0,
    seed: int = 0,
    precision: str = "float32",
    compile: bool = False,
    chunk_size: int | None = None,
    check_every: int = 8,
    callback: Callable[[dict[str, Any]], None] | None = None,
) -> Correction:
    """Move every point until it lies inside; a point that does so already stays where it is.

    Inside is |D - 1/2| <= eps for both sides, D - 1/2 <= eps for one, or log p - a not below a
    level for "score". Each point is corrected alone, and its result does not depend on the others.

    Args:
        z: points (..., d), float32 or float64.
        ratio: says a(z) and its gradient.
        method: "probability", the literal update on (D - 1/2)^2; "logit", descent on a^2 / 2;
            "gauss_newton", damped and capped, taken only if |a| falls; "score", ascent on log q.
        step_size: eta; by default 1, 0.05, 1 and 0.02 in the order above. On (D - 1/2)^2 it acts
            near the contour like eta / 8 on a^2 / 2.
        eps: half the width of the band of D, between 0 and 1/2.
        max_steps: for each point.
        side: "both", or "hole" to correct only where the logit is too large. D < 1/2 means more
            codes than the prior expects: with "hole" such a point stays.
        level: of the logit, in nats. With side="both" the middle of the band, 0 by default (D =
            1/2). With side="hole" the largest logit that is inside, for example ratio.level(0.05);
            by default the upper edge of the band round 1/2.
        log_q_level: for "score", the least log p - a that is inside; ratio.log_q_level(0.5), that
            of the median code, by default.
        damping: lambda of gauss_newton.
        max_move: the greatest length of a step, but for "probability", whose formula has none.
        noise: standard deviation of the normal noise that is added to every step.
        seed: of the noise, which depends on it, on the point's place in z and on the step alone.
        precision: of the network while stepping: "float32", "tf32" or "bfloat16". Whatever it is,
            a point is judged, and if need be finished, in full precision.
        compile: have torch.compile fuse a step; where that fails, a warning and the plain step.
        chunk_size: points computed at a time; by default what fits a cache, or a GPU's memory.
        check_every: after how many steps to look whether any point is still moving.
        callback: called after every step with a dict: step, and what `State` holds of the points
            that are computed together: place (which), z, logit, gradient, status and so on.

    Raises:
        ValueError: points that are empty, not finite, not floating or of another dimension than
            the ratio; a method, side or precision that there is not; numbers out of range.
    """
    expect_points(z)
    expect_shape(z, [ratio.prior.dim], "z")
    if precision not in PRECISIONS:
        raise ValueError(f"precision: expected one of {PRECISIONS}, got {precision!r}")
    if max_steps < 0 or check_every < 1 or not 0 <= noise < math.inf:
        raise ValueError(
            "expected max_steps >= 0, check_every >= 1 and a finite noise >= 0, got "
            f"{max_steps}, {check_every} and {noise}"
        )
    if chunk_size is not None and chunk_size < 1:
        raise ValueError(f"chunk_size: expected at least 1, got {chunk_size}")
    numbers = (damping, max_move, max_steps)
    rule = make_rule(ratio, method, step_size, eps, side, level, log_q_level, *numbers)
    points = z.detach().reshape(-1, z.shape[-1]).to(ratio.device or z.device)
    step = fused(advance) if compile else advance
    size, n_evaluations = chunk_size or chunk_for(points, ratio), 0
    facts = points.new_empty(3, len(points))  # logit before and after, displacement
    counts, best = torch.empty(2, len(points), dtype=torch.int64).to(points.device), points.clone()
    for first in range(0, len(points), size):
        chunk = points[first : first + size]
        walk = Walk(rule, step, noise, seed, check_every, callback)
        with matmul_precision("float32", chunk.device):
            state = begin(chunk, rule)
            state = state._replace(place=state.place + first)
        before, taken = state.logit, 0
        n_evaluations += len(chunk)
        if precision != "float32":
            with matmul_precision(precision, chunk.device):
                rough, count = settle(state, walk, 0, max_steps)
            with matmul_precision("float32", chunk.device):  # only this one judges
                state = judge_again(rough, state, rule)
            n_evaluations += count + len(chunk)
            taken = max_steps  # whatever the others took: noise depends on the step's number
        with matmul_precision("float32", chunk.device):
            state, count = settle(state, walk, taken, taken + max_steps)
        n_evaluations += count
        rows = slice(first, first + len(chunk))  # written in place: parts would scatter memory
        best[rows], counts[:, rows], facts[:, rows] = finish(chunk, before, state, rule)
    status, n_steps = counts.reshape(2, *z.shape[:-1]).to(z.device)
    before, after, moved = facts.reshape(3, *z.shape[:-1]).to(z.device)
    best = best.reshape(z.shape).to(z.device)
    return Correction(best, status, n_steps, before, after, moved, n_evaluations)


def expect_points(z: Tensor) -> None:
    """Raise ValueError unless z is (..., d), finite, not empty, float32 or float64."""
    expect_samples(z=z)
    if z.dtype not in {torch.float32, torch.float64}:
        raise ValueError(f"z: expected float32 or float64, got {z.dtype}")


class Walk(NamedTuple):
    """What stays the same while the points of one chunk walk."""

    rule: Rule
    step: Callable[..., State]
    noise: float
    seed: int
    check_every: int
    callback: Callable[[dict[str, Any]], None] | None


def settle(state: State, walk: Walk, taken: int, last: int) -> tuple[State, int]:
    """Steps after number `taken`, until no point moves or number `last` is done.

    Shapes stay the same between two looks, which are rare: each makes a GPU wait. Once half of the
    points have arrived, the others go on alone.

    Returns:
        The state, and how many evaluations it took.
    """
    n, evaluations = len(state.z), 0
    while taken < last:
        rows = (state.status == MOVING).nonzero().squeeze(-1)
        if len(rows) == 0:
            break
        if 2 * len(rows) <= n:
            others = State(*(x[rows] for x in state))
            others, more = settle(others, walk, taken, last)
            whole = (x.index_copy(0, rows, y) for x, y in zip(state, others, strict=True))
            return State(*whole), evaluations + more
        for _ in range(min(walk.check_every, last - taken)):
            noise = None
            if walk.noise:
                dim, dtype = state.z.shape[-1], state.z.dtype
                noise = walk.noise * standard_normal(walk.seed, state.place, taken, dim, dtype)
            state = walk.step(state, noise, walk.rule)
            taken, evaluations = taken + 1, evaluations + n
            if walk.callback is not None:
                walk.callback({"step": taken, **state._asdict()})
    return state, evaluations


def finish(start: Tensor, before: Tensor, state: State, rule: Rule) -> tuple[Tensor, ...]:
    """The best place of each point (N, d); status and steps (2, N); logit before and after, and
    displacement (3, N).
    """
    content = state.status <= Status.CONVERGED
    lost = content & rule.ratio.no_data(state.best_z)
    status = torch.where(lost, int(Status.OFF_SUPPORT), state.status)
    moved = (state.best_z - start).norm(dim=-1)
    counts = torch.stack([status, state.n_steps])
    return state.best_z, counts, torch.stack([before, state.best_logit, moved])


def make_rule(
    ratio: Ratio,
    method: str,
    step_size: float | None,
    eps: float,
    side: str,
    level: float | None,
    log_q_level: float | None,
    damping: float,
    max_move: float,
    max_steps: int,
) -> Rule:
    """The rule that the arguments of `correct` describe; ValueError for what makes no sense."""
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    if side not in {"both", "hole"}:
        raise ValueError(f"side: expected 'both' or 'hole', got {side!r}")
    if not 0 < eps < 0.5:
        raise ValueError(f"eps: expected a number between 0 and 1/2, got {eps}")
    step_size = STEP_SIZE[method] if step_size is None else step_size
    for name, value in (("step_size", step_size), ("max_move", max_move)):
        if not 0 < value < math.inf:
            raise ValueError(f"{name}: expected a positive number, got {value}")
    if not 0 <= damping < math.inf:
        raise ValueError(f"damping: expected a number that is not negative, got {damping}")
    if method == "score" and level is not None:
        raise ValueError("level: expected None for method='score', whose level is log_q_level")
    if method != "score" and log_q_level is not None:
        raise ValueError(f"log_q_level: expected None unless method='score', got {log_q_level}")
    band = 2 * math.atanh(2 * eps)  # |D - 1/2| < eps means |a| < band
    centre = 0.0 if level is None else level if side == "both" else level - band
    if method == "score" and log_q_level is None:
        log_q_level = ratio.log_q_level(0.5)
    if not math.isfinite(centre) or not math.isfinite(log_q_level or 0.0):
        raise ValueError(f"expected finite levels, got {level} and {log_q_level}")
    return Rule(
        ratio,
        method,
        centre,
        band,
        None if side == "both" else band if level is None else level,
        log_q_level or 0.0,
        step_size,
        damping,
        max_move,
        max_steps,
    )


# ---- speed --------------------------------------------------------------------------------------

PRECISIONS = ("float32", "tf32", "bfloat16")


@contextlib.contextmanager
def matmul_precision(name: str, device: torch.device) -> Iterator[None]:
    """Inside this context networks compute in "float32", "tf32" (on CUDA) or "bfloat16"."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
    low = torch.autocast(device.type, torch.bfloat16, enabled=name == "bfloat16")
    try:
        with low:
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def chunk_for(points: Tensor, ratio: Ratio) -> int:
    """How many points to compute at a time: a processor's cache, or a quarter of a GPU's memory."""
    if points.device.type != "cuda":
        return 2048
    modules = getattr(ratio, "network", torch.nn.Identity()).modules()
    widths = [m.out_features for m in modules if isinstance(m, torch.nn.Linear)]
    per_point = 4 * (4 * sum(widths or [1024]) + 16 * points.shape[-1])  # bytes, with room
    free, _ = torch.cuda.mem_get_info(points.device)
    return max(4096, min(2**20, free // 4 // per_point))


def fused(step: Callable[..., State]) -> Callable[..., State]:
    """The step, compiled; where that fails, a warning and the plain step."""
    fast = torch.compile(step)

    def call(*arguments: Any) -> State:
        nonlocal fast
        try:
            return fast(*arguments)
        except Exception as error:  # no compiler, no support: any reason is one to go on without
            if fast is step:
                raise
            reason = (str(error) or repr(error)).splitlines()[0]
            warnings.warn(f"torch.compile failed, going on without it: {reason}", stacklevel=4)
            fast = step
            return step(*arguments)

    return call


# ---- Langevin dynamics --------------------------------------------------------------------------


class Chains(NamedTuple):
    """Where `langevin` has got to, for chains of leading shape (...).

    Attributes:
        z: (..., d), the last places, always finite.
        acceptance: (...), the share of steps accepted; 1 without Metropolis.
        status: (...) int64: `Status.MAX_STEPS`, or `Status.NON_FINITE` for a chain that ran away
            and stands where it was last finite.
        samples: (n_steps // keep_every, ..., d), places on the way.
    """

    z: Tensor
    acceptance: Tensor
    status: Tensor
    samples: Tensor


Target = Callable[[Tensor], tuple[Tensor, Tensor]]  # z (N, d) -> log density (N,), score (N, d)


def langevin(
    z: Tensor,
    target: Ratio | Target,
    step_size: float,
    n_steps: int,
    *,
    metropolis: bool = True,
    seed: int | Tensor = 0,
    keep_every: int | None = None,
    callback: Callable[[dict[str, Any]], None] | None = None,
) -> Chains:
    """Langevin dynamics z <- z + h score + sqrt(2 h) noise, one chain for each point.

    Without Metropolis its long run is the target with an error of order h; with it (MALA) a step
    is accepted with the probability that removes the error, in the limit of long chains.

    Args:
        z: starts (..., d).
        target: a ratio, to sample q = p exp(-a); or a function from points (N, d) to the log
            density, up to a constant, and its gradient.
        step_size: h; stable below 2 / L, L the greatest curvature of log density.
        n_steps: steps of every chain.
        metropolis: accept or refuse (MALA) or always go (ULA).
        seed: a number; or int64 of shape (...), a seed for each chain, whose walk then does not
            depend on the chains beside it.
        keep_every: keep the places after every so many steps; none are kept if not given.
        callback: called after each step with a dict: step, z, log_density, accepted.

    Raises:
        ValueError: starts empty, not finite or not (..., d); numbers out of range.
    Source: Roberts and Tweedie 1996; Welling and Teh 2011 for the use in learning.
    """
    expect_points(z)
    if not 0 < step_size < math.inf or n_steps < 1 or (keep_every is not None and keep_every < 1):
        raise ValueError(
            "expected a positive step_size, n_steps >= 1 and keep_every >= 1, got "
            f"{step_size}, {n_steps} and {keep_every}"
        )
    if isinstance(target, Ratio):
        expect_shape(z, [target.prior.dim], "z")
    density = density_of(target) if isinstance(target, Ratio) else target
    dim = z.shape[-1]
    here = z.detach().reshape(-1, dim)
    stream = torch.arange(len(here), device=z.device)
    if isinstance(seed, Tensor):
        if seed.shape != z.shape[:-1]:
            raise ValueError(f"seed: expected shape {tuple(z.shape[:-1])}, got {tuple(seed.shape)}")
        seed, stream = seed.reshape(-1).to(z.device), torch.zeros_like(stream)
    value, score = density(here)
    alive = value.isfinite() & score.isfinite().all(-1)
    accepted_steps, samples = torch.zeros_like(value), []
    for number in range(n_steps):
        noise = standard_normal(seed, stream, number, dim, here.dtype)
        tried = here + step_size * score + math.sqrt(2 * step_size) * noise
        tried_value, tried_score = density(tried)
        finite = tried_value.isfinite() & (tried.isfinite() & tried_score.isfinite()).all(-1)
        accepted = alive & finite
        if metropolis:
            back = here - tried - step_size * tried_score  # the noise that would lead back
            log_odds = tried_value - value + 0.5 * noise.square().sum(-1)
            log_odds = log_odds - back.square().sum(-1) / (4 * step_size)
            accepted &= uniform(seed, stream, number).log().to(log_odds) < log_odds
        else:
            alive = alive & finite
        here = torch.where(accepted.unsqueeze(-1), tried, here)
        score = torch.where(accepted.unsqueeze(-1), tried_score, score)
        value = torch.where(accepted, tried_value, value)
        accepted_steps += accepted
        if keep_every and (number + 1) % keep_every == 0:
            samples.append(here)
        if callback is not None:
            seen = {"step": number + 1, "z": here, "log_density": value, "accepted": accepted}
            callback(seen)
    shape = z.shape[:-1]
    status = torch.where(alive, int(Status.MAX_STEPS), int(Status.NON_FINITE))
    kept = torch.stack(samples) if samples else here.new_empty(0, *here.shape)
    return Chains(
        here.reshape(z.shape),
        (accepted_steps / n_steps).reshape(shape),
        status.reshape(shape),
        kept.reshape(-1, *z.shape),
    )


def density_of(ratio: Ratio) -> Target:
    """log q = log p - a and its score, by the ratio."""

    def density(z: Tensor) -> tuple[Tensor, Tensor]:
        a, gradient = ratio.logit_and_grad(z)
        return ratio.prior.log_prob(z) - a, ratio.prior.score(z) - gradient

    return density
