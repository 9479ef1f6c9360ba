"""Exercises of chapter 12: Langevin steps, the Metropolis test, and how long a chain has to be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nav_utils.checks import Mistake, exercise, on_each
from nav_utils.checks.compare import to_array

# What a builder returns: the right value, and {mistake: (value it gives, advice)}.
Built = tuple[Tensor, dict[str, tuple[Tensor, str]]]


def normal(seed: int, *shape: int) -> Tensor:
    """Standard normal numbers of a shape."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# ---- 12.1 -------------------------------------------------------------------------------------


def tube_inputs() -> Iterable[tuple[Any, ...]]:
    """(z, a, grad_a, beta, h, noise), thrice."""
    yield (
        torch.tensor([[0.8, -0.5], [-1.2, 2.0], [0.3, 0.7]]),
        torch.tensor([[0.7], [-0.4], [1.3]]),
        torch.tensor([[1.5, 0.4], [-0.7, 0.9], [2.1, -1.3]]),
        3.0,
        0.04,
        torch.tensor([[0.6, -1.1], [1.7, 0.2], [-0.4, 0.9]]),
    )
    for n, beta, h in ((5, 0.6, 0.11), (12, 7.5, 0.013)):
        yield normal(n, n, 2), normal(n + 1, n, 1), normal(n + 2, n, 2), beta, h, normal(0, n, 2)


def tube(z: Tensor, a: Tensor, grad_a: Tensor, beta: float, h: float, noise: Tensor) -> Built:
    """One unadjusted Langevin step on U = beta a^2 / 2 - log p."""
    climb = beta * a * grad_a  # the gradient of beta a^2 / 2
    drift, shake = h * (-z - climb), math.sqrt(2 * h) * noise
    return z + drift + shake, {
        "noise with sqrt(h)": (
            z + drift + math.sqrt(h) * noise,
            "With a drift of h times the score the noise has variance 2 h: sqrt(2 h). sqrt(h) "
            "belongs to a drift of h / 2, and here it samples exp(-2 U).",
        ),
        "noise with h": (
            z + drift + h * noise,
            "Noise adds in variances: n steps of h give sqrt(n) h, which vanishes beside the "
            "drift as h falls. It takes sqrt(2 h).",
        ),
        "noise with 2 h": (
            z + drift + 2 * h * noise,
            "2 h is the variance of the noise. Multiply by its square root.",
        ),
        "noise with 2 sqrt(h)": (
            z + drift + 2 * math.sqrt(h) * noise,
            "The 2 belongs under the root: the variance is 2 h, so the factor is sqrt(2 h).",
        ),
        "noise as it came": (
            z + drift + noise,
            "The noise has variance 1 when it comes. It has to have 2 h: multiply by sqrt(2 h).",
        ),
        "no noise": (
            z + drift,
            "Without noise that is gradient descent: it ends in the valleys of U.",
        ),
        "half the drift": (
            z + drift / 2 + shake,
            "You mixed two conventions: h / 2 goes with sqrt(h), h goes with sqrt(2 h).",
        ),
        "prior's pull forgotten": (
            z - h * climb + shake,
            "U contains -log p, so the drift contains s_p = -z. Without it nothing holds the "
            "chain on a contour that is unbounded, and the weight p is lost.",
        ),
        "a forgotten": (
            z + h * (-z - beta * grad_a) + shake,
            "The derivative of a^2 / 2 is a grad a. Without the a you run past the contour, "
            "to where a is small.",
        ),
        "grad a forgotten": (
            z + h * (-z - beta * a) + shake,
            "The derivative of a^2 / 2 is a grad a: a alone has no direction.",
        ),
        "beta forgotten": (
            z + h * (-z - a * grad_a) + shake,
            "beta multiplies a^2 / 2 in U, so it multiplies a grad a in the drift.",
        ),
        "beta times the prior too": (
            z + h * beta * (-z - a * grad_a) + shake,
            "beta belongs to a^2 / 2 alone; log p stands in U without a factor.",
        ),
        "factor 2": (
            z + h * (-z - 2 * climb) + shake,
            "U has beta / 2 in front of a^2: the 2 of the derivative cancels.",
        ),
        "factor 1 / 2": (
            z + h * (-z - climb / 2) + shake,
            "The derivative of a^2 brings a 2, which cancels the 1 / 2 in U.",
        ),
        "target q": (
            z + h * (-z - grad_a) + shake,
            "That is the step for the target q. Here the target is exp(-U), a tube round the "
            "contour: the drift is -beta a grad a - z.",
        ),
        "sign of a grad a": (
            z + h * (-z + climb) + shake,
            "You climb a^2, away from the contour. The drift is *minus* the gradient of U.",
        ),
        "sign of the prior's score": (
            z + h * (z - climb) + shake,
            "The score of N(0, I) is -z: the prior pulls inwards.",
        ),
        "sign of the drift": (
            z - drift + shake,
            "You climb U: the drift is minus h times its gradient.",
        ),
        "h forgotten": (
            z + (-z - climb) + shake,
            "The drift is h times minus the gradient of U. Here the whole gradient was subtracted.",
        ),
        "the move, not the place": (drift + shake, "Add the move to z."),
    }


@exercise("12.1", hint="the drift is -h grad U = h (-z - beta a grad a); noise has variance 2 h")
def tube_step(answer: Callable[..., Any]) -> Mistake | None:
    """A function (z, a, grad_a, beta, h, noise) -> one unadjusted Langevin step on U."""
    given = next(iter(tube_inputs()))
    once, again = (to_array(answer(*given)) for _ in range(2))
    if once is None or again is None or once.shape != again.shape:
        return on_each(answer, tube, tube_inputs())
    if not np.allclose(once, again, equal_nan=True):
        return Mistake(
            "noise of your own",
            "The same call gave two places. Use the noise you were given: then a step can be "
            "repeated, and checked.",
        )
    return on_each(answer, tube, tube_inputs())


# ---- 12.2 -------------------------------------------------------------------------------------


def metropolis_inputs() -> Iterable[tuple[Any, ...]]:
    """(z, new, log_q, log_q_new, score, score_new, h), thrice."""
    yield (
        torch.tensor([[0.0, 0.5], [1.0, -0.2], [0.4, 0.3], [-0.6, 0.1]]),
        torch.tensor([[0.3, 0.9], [0.6, 0.3], [0.7, -0.2], [-0.5, 0.2]]),
        torch.tensor([-1.0, -1.4, -0.9, -2.0]),
        torch.tensor([-1.3, -1.9, -1.1, -1.2]),
        torch.tensor([[1.0, 0.8], [-0.9, 1.2], [0.5, -1.5], [2.0, 1.0]]),
        torch.tensor([[-0.6, 0.3], [0.4, -0.7], [1.1, 0.6], [1.5, 0.5]]),
        0.08,
    )
    for n, h in ((5, 0.02), (12, 0.3)):
        z, score, score_new = normal(n, n, 2), normal(n + 1, n, 2), normal(n + 2, n, 2)
        new = z + h * score + math.sqrt(2 * h) * normal(n + 3, n, 2)
        yield z, new, normal(n + 4, n) - 2, normal(n + 5, n) - 2, score, score_new, h


def metropolis(
    z: Tensor,
    new: Tensor,
    log_q: Tensor,
    log_q_new: Tensor,
    score: Tensor,
    score_new: Tensor,
    h: float,
) -> Built:
    """The logarithm of MALA's acceptance probability."""

    def ways(width: float = 4, reach: float = h, back: Tensor = score_new) -> Tensor:
        """log k(z | new) - log k(new | z) for each coordinate, (N, 2)."""
        there = (new - z - reach * score).square() / (width * h)
        return there - (z - new - reach * back).square() / (width * h)

    density, kernels = log_q_new - log_q, ways().sum(-1)
    lengths = (new - z - h * score).norm(dim=-1) - (z - new - h * score_new).norm(dim=-1)
    right = (density + kernels).clamp(max=0)
    return right, {
        "no ratio of kernels": (
            density.clamp(max=0),
            "That is the rule for a symmetric proposal. Here the drift makes the way there and "
            "the way back unequal: add log k(z | new) - log k(new | z).",
        ),
        "no ratio of densities": (
            kernels.clamp(max=0),
            "That is the ratio of kernels alone. Add log q(new) - log q(z): it is q that is to "
            "be sampled.",
        ),
        "ratio of kernels reversed": (
            (density - kernels).clamp(max=0),
            "The kernel of the way *back* is on top: log k(z | new) - log k(new | z).",
        ),
        "ratio of densities reversed": (
            (kernels - density).clamp(max=0),
            "The new density is on top: log q(new) - log q(z).",
        ),
        "everything reversed": (
            (-density - kernels).clamp(max=0),
            "Both ratios are upside down: the new place and the way back are on top.",
        ),
        "2 h in the kernel": (
            (density + ways(2).sum(-1)).clamp(max=0),
            "The noise has variance 2 h, and a normal density divides by twice its variance: 4 h.",
        ),
        "h in the kernel": (
            (density + ways(1).sum(-1)).clamp(max=0),
            "A normal density divides by twice its variance, and the noise has variance 2 h: 4 h.",
        ),
        "lengths, not squares": (
            (density + lengths / (4 * h)).clamp(max=0),
            "The exponent of a normal density is the *square* of the distance, over 4 h.",
        ),
        "drift without h": (
            (density + ways(reach=1.0).sum(-1)).clamp(max=0),
            "The proposal is centred at z + h times the score: the h is missing in your kernel.",
        ),
        "drift with the wrong sign": (
            (density + ways(reach=-h).sum(-1)).clamp(max=0),
            "The proposal is centred at z *plus* h times the score; subtract that centre.",
        ),
        "one score for both ways": (
            (density + ways(back=score).sum(-1)).clamp(max=0),
            "On the way back the drift is that of the new place: score_new.",
        ),
        "mean over the coordinates": (
            (density + ways().mean(-1)).clamp(max=0),
            "The squares of all coordinates add up: a sum over the last axis, not a mean.",
        ),
        "one kernel for all points": (
            (density + ways().sum()).clamp(max=0),
            "Each point has a kernel of its own: sum over the last axis only.",
        ),
        "cut off at the wrong end": (
            (density + kernels).clamp(min=0),
            "You kept the larger of 0 and the logarithm. A probability is at most 1, so its "
            "logarithm is at most 0: clamp(max=0).",
        ),
        "not cut off at 0": (
            density + kernels,
            "A probability is at most 1, its logarithm at most 0: take the smaller of the two.",
        ),
        "probability, not logarithm": (
            right.exp(),
            "That is the acceptance probability. Asked for is its logarithm.",
        ),
    }


@exercise("12.2", hint="log q ratio, plus log k(z | new) - log k(new | z), both kernels over 4 h")
def log_acceptance(answer: Callable[..., Any]) -> Mistake | None:
    """A function (z, new, log_q, log_q_new, score, score_new, h) -> log acceptance probability."""
    return on_each(answer, metropolis, metropolis_inputs())


# ---- 12.3 -------------------------------------------------------------------------------------

LARGEST_X = 1.03  # measured, to within a twentieth: tests/chapters/test_chapter_12.py


@exercise("12.3", hint="on_the_right(1.0) and on_the_right(1.2), then the middle between the two")
def largest_x(answer: Any) -> Mistake | None:
    """Half the largest distance of two clusters that 1,000 steps of MALA still mix to 40 %."""
    given = torch.as_tensor(answer, dtype=torch.float64).flatten()
    if given.shape != (1,):
        return Mistake("not one number", "Expected one number, the largest x.")
    if not given.isfinite().all():
        return Mistake("not finite", "Expected one finite number, the largest x.")
    x = float(given)
    if abs(x - LARGEST_X) <= LARGEST_X / 20:
        return None
    if abs(x / 2 - LARGEST_X) <= LARGEST_X / 20:
        return Mistake(
            "the distance instead of x", "The clusters lie at -x and x: half of their distance."
        )
    if abs(x - 0.4) < 0.05:
        return Mistake("the share instead of x", "That is the share. Asked for is the x.")
    if x < LARGEST_X:
        return Mistake("too near", f"At x = {x:g} more than 40 % are on the right: go on.")
    return Mistake("too far", f"At x = {x:g} fewer than 40 % are on the right.")
