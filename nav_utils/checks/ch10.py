"""Exercises of chapter 10: a one-sided Gauss-Newton step, a conformal floor, an experiment."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nav_utils.checks import Mistake, _NotStarted, closest, exercise

Mistakes = dict[str, tuple[Any, str]]


class Case(NamedTuple):
    """One input of an exercise, and what comes out of it."""

    words: str  # what the learner is told of the input
    arguments: tuple[Any, ...]
    right: Any
    mistakes: Mistakes


def first_wrong(
    answer: Callable[..., Any], cases: Iterable[Case], strict: bool = True
) -> Mistake | None:
    """The first mistake in the answers to several inputs.

    Args:
        answer: the learner's function.
        cases: the instructive input, then others, in which a typed-in number or an exchanged
            argument shows.
        strict: whether the instructive input has to tell every mistake from the right value.

    Raises:
        _NotStarted: nothing came back for any of the inputs.
    """
    blank, without, tried = None, [], 0
    for place, (words, arguments, right, mistakes) in enumerate(cases):
        try:
            got = answer(*arguments)
        except _NotStarted as reason:
            blank = reason
            without.append(words)
            continue
        mistake = closest(got, right, mistakes, strict=strict and place == 0)
        if mistake is not None and mistake.name == "a different value" and tried:
            return Mistake(
                "right for some inputs only",
                f"Right for the first input, not for one with {words}: is a number typed in that "
                f"belongs to one input? {mistake.advice}",
            )
        if mistake is not None:
            return mistake
        tried += 1
    if blank is not None and not tried:
        raise blank
    if without:
        some = ", nor with ".join(without[:2]) + (" (and others)" if len(without) > 2 else "")
        return Mistake(
            "a branch without a value",
            f"Nothing comes back with {some}: a branch lacks its return, or still has the `...`.",
        )
    return None


# ---- 10.1 ---------------------------------------------------------------------------------------


def steps(
    a: Tensor, gradient: Tensor, tau: float, damping: float, longest: float
) -> tuple[Tensor, Mistakes]:
    """The damped, capped Gauss-Newton step down to a level, and what mistakes make of it."""
    b = (a - tau).clamp_min(0)
    squared = gradient.square().sum(1, keepdim=True)

    def step(b: Tensor, steepness: Tensor = squared + damping) -> Tensor:
        return -b[:, None] * gradient / steepness

    def capped(move: Tensor) -> Tensor:
        return move * (longest / move.norm(dim=1, keepdim=True).clamp_min(longest))

    full = step(b)
    length = full.norm(dim=1, keepdim=True)
    stretched = "Only moves longer than max_move are shortened to it; a shorter one stays as it is."
    return capped(full), {
        "wrong sign": (
            capped(-full),
            "This climbs into the hole: a falls against its gradient, so the step has a minus.",
        ),
        "square missing": (
            capped(step(b, squared.sqrt() + damping)),
            "Divide by |g|^2, not by |g|: one factor makes a direction of the gradient, the "
            "other turns nats into length.",
        ),
        "squares not summed": (
            capped(step(b, gradient.square() + damping)),
            "|g|^2 is one number for each point: sum the squares over the coordinates, and "
            "keep the dimension.",
        ),
        "one norm for all points": (
            capped(step(b, squared.sum() + damping)),
            "Each point has its own |g|^2: sum over the last dimension only.",
        ),
        "no damping": (
            capped(step(b, squared)),
            "Where the gradient is 0 this is 0 / 0: add the damping to |g|^2.",
        ),
        "damping squared": (
            capped(step(b, squared + damping**2)),
            "The damping is added to |g|^2 as it is, without a square of its own.",
        ),
        "no cap": (
            full,
            "Where the gradient is small the linear picture promises a leap: shorten moves "
            "that are longer than max_move.",
        ),
        "coordinates capped one by one": (
            full.clamp(-longest, longest),
            "Clamping each coordinate turns the step: scale the whole vector.",
        ),
        "long moves dropped": (
            full.masked_fill(length > longest, 0.0),
            "A move that is too long is shortened, not left out.",
        ),
        "every move max_move long": (longest * full / length.clamp_min(1e-12), stretched),
        "every move max_move long, and 0 / 0": (longest * full / length, stretched),
        "both sides": (
            capped(step(a - tau)),
            "A point with a below tau has more codes than the level asks for: it stays.",
        ),
        "aims at 0": (
            capped(step(torch.where(a > tau, a, torch.zeros_like(a)))),
            "The step goes down to tau, not to 0: what is left to remove is a - tau.",
        ),
        "mask at 0": (
            capped(step((a - tau) * (a > 0))),
            "Who moves is decided at tau, not at 0: a point between 0 and tau would be pushed up.",
        ),
        "level forgotten": (
            capped(step(a.clamp_min(0))),
            "This corrects all that is above 0, down to 0: the level tau is missing.",
        ),
    }


@exercise("10.1", hint="b = max(a - tau, 0); -b g / (|g|^2 + damping); then shorten what is long")
def one_sided_step(answer: Callable[..., Tensor]) -> Mistake | None:
    """The damped, capped Gauss-Newton step from above a level down to it."""
    a = torch.tensor([3.0, -1.0, 0.9, 8.0, 2.0, 0.3])
    gradient = torch.tensor(
        [[4.0, 3.0], [1.0, -2.0], [-0.6, 1.5], [0.3, 0.4], [0.0, 0.0], [0.8, -0.5]]
    )
    generator = torch.Generator().manual_seed(0)
    cases = [(a, gradient, 0.7, 0.5, 0.4)]
    for n, d, tau, damping, longest in ((13, 3, -0.8, 0.02, 0.9), (8, 5, 1.2, 1.5, 0.25)):
        shapes = torch.randn(n, generator=generator) * 2, torch.randn(n, d, generator=generator)
        cases.append((*shapes, tau, damping, longest))
    words = "a of shape {}, tau = {}, damping = {} and max_move = {}"
    return first_wrong(
        answer,
        [Case(words.format(tuple(c[0].shape), *c[2:]), c, *steps(*c)) for c in cases],
    )


# ---- 10.2 ---------------------------------------------------------------------------------------


def floors(log_q: Tensor, alpha: float) -> tuple[Tensor, Mistakes]:
    """The conformal floor under n values, and what mistakes make of it."""
    ordered, n = log_q.sort().values, len(log_q)
    rank = math.floor((n + 1) * alpha + 1e-9)
    if rank == 0:
        return torch.tensor(-math.inf), {
            "too few codes": (
                ordered[-1],
                "Rank 0, and sorted[-1] is the largest: with so few codes no value keeps the "
                "promise. Return -math.inf then.",
            ),
            "a promise that so few codes cannot keep": (
                ordered[0],
                f"One more code is the smallest with a chance of 1 in {n + 1}, more than alpha. "
                "Return -math.inf when the rank is 0.",
            ),
            "the other end": (
                torch.tensor(math.inf),
                "Every code lies below that. Where nothing can be promised, the floor is "
                "-math.inf, below every code.",
            ),
        }
    interpolated = (
        "torch.quantile knows nothing of the fresh code, and interpolates: take one of the "
        "sorted values, by its rank."
    )
    values = [*ordered, ordered[-1]]
    return ordered[rank - 1], {
        "wrong side": (
            ordered[-rank],
            "Few codes lie above this one. The floor has few codes below it: count from below.",
        ),
        "interpolated quantile": (torch.quantile(log_q, alpha), interpolated),
        "rank rounded up": (
            values[math.ceil((n + 1) * alpha - 1e-9) - 1],
            "Rounded up, more than a share alpha of codes may fall below: round down.",
        ),
        "off by one": (
            ordered[rank],
            "The rank counts from 1 and rounds down: the r-th smallest is sorted[r - 1].",
        ),
        "n for n + 1": (
            values[math.floor(n * alpha + 1e-9) - 1],
            "The fresh code is one more: n codes leave n + 1 gaps, of which alpha (n + 1) may "
            "lie below the floor.",
        ),
        "always -inf": (
            torch.tensor(-math.inf),
            "Here a code can keep the promise. Return -math.inf only when the rank is 0.",
        ),
    }


# (n + 1) alpha is a whole number, and then it is not; the last two leave the rank 0.
FLOORS = [(49, 0.1), (56, 0.1), (33, 0.15), (39, 0.05), (12, 0.4), (4, 0.1), (30, 0.03)]


@exercise("10.2", hint="a fresh code is equally likely in each of n + 1 gaps; count from below")
def log_q_floor(answer: Callable[[Tensor, float], float]) -> Mistake | None:
    """The log q that a share 1 - alpha of unseen codes stays above."""
    generator = torch.Generator().manual_seed(0)
    inputs = [(torch.randn(n, generator=generator) - 3, alpha) for n, alpha in FLOORS]
    return first_wrong(
        answer,
        [Case(f"{len(x[0])} codes and alpha = {x[1]}", x, *floors(*x)) for x in inputs],
        strict=False,
    )


# ---- 10.3 ---------------------------------------------------------------------------------------

LARGEST_ETA, NEWTON_STEPS = 2.32, 2  # measured: tests/chapters/test_chapter_10.py


@exercise("10.3", hint="halve the interval of eta in which content(...) falls below 0.9")
def found(answer: Any) -> Mistake | None:
    """The largest eta, and the steps of Gauss-Newton, that bring 90 % into the band."""
    numbers = torch.as_tensor(answer, dtype=torch.float64).flatten()
    if numbers.shape != (2,):
        return Mistake("not two numbers", "Expected (eta, steps), two numbers.")
    eta, steps = numbers.tolist()
    if not numbers.isfinite().all():
        return Mistake("not finite", "Expected (eta, steps), two finite numbers.")
    if abs(steps / LARGEST_ETA - 1) < 0.05 and eta == NEWTON_STEPS:
        return Mistake("the two exchanged", "First eta, then the steps of Gauss-Newton.")
    if eta < 0.2:
        return Mistake(
            "the smallest instead of the largest",
            "A small eta is slow, but 200 steps are enough. Look for the edge at the other end.",
        )
    if eta < LARGEST_ETA * 0.95:
        return Mistake("eta too small", f"With {eta:g} they still arrive: halve the interval.")
    if eta > LARGEST_ETA * 1.05:
        return Mistake(
            "eta too large", f"With {eta:g} fewer than 90 % end in the band: points jump over it."
        )
    if steps < NEWTON_STEPS:
        return Mistake("too few steps", "One step of Gauss-Newton is not enough: count inside.")
    if steps > NEWTON_STEPS:
        return Mistake("more steps than needed", f"Fewer than {steps:g} steps are enough.")
    return None
