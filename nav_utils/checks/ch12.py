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
    """(z, a, grad_a, nu, eta, noise), thrice."""
    yield (
        torch.tensor([[0.8, -0.5], [-1.2, 2.0], [0.3, 0.7]]),
        torch.tensor([[0.7], [-0.4], [1.3]]),
        torch.tensor([[1.5, 0.4], [-0.7, 0.9], [2.1, -1.3]]),
        3.0,
        0.04,
        torch.tensor([[0.6, -1.1], [1.7, 0.2], [-0.4, 0.9]]),
    )
    for n, nu, eta in ((5, 0.6, 0.11), (12, 7.5, 0.013)):
        yield normal(n, n, 2), normal(n + 1, n, 1), normal(n + 2, n, 2), nu, eta, normal(0, n, 2)


def tube(z: Tensor, a: Tensor, grad_a: Tensor, nu: float, eta: float, noise: Tensor) -> Built:
    """One unadjusted Langevin step on U = nu a^2 / 2 - log p."""
    climb = nu * a * grad_a  # the gradient of nu a^2 / 2
    drift, shake = eta * (-z - climb), math.sqrt(2 * eta) * noise
    return z + drift + shake, {
        "noise with sqrt(eta)": (
            z + drift + math.sqrt(eta) * noise,
            "With a drift of eta times the score the noise has variance 2 eta: sqrt(2 eta). "
            "sqrt(eta) belongs to a drift of eta / 2, and here it samples exp(-2 U).",
        ),
        "noise with eta": (
            z + drift + eta * noise,
            "Noise adds in variances: n steps of eta give sqrt(n) eta, which vanishes beside the "
            "drift as eta falls. It takes sqrt(2 eta).",
        ),
        "noise with 2 eta": (
            z + drift + 2 * eta * noise,
            "2 eta is the variance of the noise. Multiply by its square root.",
        ),
        "noise with 2 sqrt(eta)": (
            z + drift + 2 * math.sqrt(eta) * noise,
            "The 2 belongs under the root: the variance is 2 eta, so the factor is sqrt(2 eta).",
        ),
        "noise as it came": (
            z + drift + noise,
            "The noise has variance 1 when it comes. It has to have 2 eta: times sqrt(2 eta).",
        ),
        "no noise": (
            z + drift,
            "Without noise that is gradient descent: it ends in the valleys of U.",
        ),
        "half the drift": (
            z + drift / 2 + shake,
            "You mixed two conventions: eta / 2 goes with sqrt(eta), eta goes with sqrt(2 eta).",
        ),
        "prior's pull forgotten": (
            z - eta * climb + shake,
            "U contains -log p, so the drift contains s_p = -z. Without it nothing holds the "
            "chain on a contour that is unbounded, and the weight p is lost.",
        ),
        "a forgotten": (
            z + eta * (-z - nu * grad_a) + shake,
            "The derivative of a^2 / 2 is a grad a. Without the a you run past the contour, "
            "to where a is small.",
        ),
        "grad a forgotten": (
            z + eta * (-z - nu * a) + shake,
            "The derivative of a^2 / 2 is a grad a: a alone has no direction.",
        ),
        "nu forgotten": (
            z + eta * (-z - a * grad_a) + shake,
            "nu multiplies a^2 / 2 in U, so it multiplies a grad a in the drift.",
        ),
        "nu times the prior too": (
            z + eta * nu * (-z - a * grad_a) + shake,
            "nu belongs to a^2 / 2 alone; log p stands in U without a factor.",
        ),
        "factor 2": (
            z + eta * (-z - 2 * climb) + shake,
            "U has nu / 2 in front of a^2: the 2 of the derivative cancels.",
        ),
        "factor 1 / 2": (
            z + eta * (-z - climb / 2) + shake,
            "The derivative of a^2 brings a 2, which cancels the 1 / 2 in U.",
        ),
        "target q": (
            z + eta * (-z - grad_a) + shake,
            "That is the step for the target q. Here the target is exp(-U), a tube round the "
            "contour: the drift is -nu a grad a - z.",
        ),
        "sign of a grad a": (
            z + eta * (-z + climb) + shake,
            "You climb a^2, away from the contour. The drift is *minus* the gradient of U.",
        ),
        "sign of the prior's score": (
            z + eta * (z - climb) + shake,
            "The score of N(0, I) is -z: the prior pulls inwards.",
        ),
        "sign of the drift": (
            z - drift + shake,
            "You climb U: the drift is minus eta times its gradient.",
        ),
        "eta forgotten": (
            z + (-z - climb) + shake,
            "The drift is minus eta times the gradient of U. Here all of it was subtracted.",
        ),
        "the move, not the place": (drift + shake, "Add the move to z."),
    }


@exercise(
    "12.1", hint="the drift is -eta grad U = eta (-z - nu a grad a); noise has variance 2 eta"
)
def tube_step(answer: Callable[..., Any]) -> Mistake | None:
    """A function (z, a, grad_a, nu, eta, noise) -> one unadjusted Langevin step on U."""
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
    """(z, new, log_q, log_q_new, score, score_new, eta), thrice."""
    yield (
        torch.tensor([[0.0, 0.5], [1.0, -0.2], [0.4, 0.3], [-0.6, 0.1]]),
        torch.tensor([[0.3, 0.9], [0.6, 0.3], [0.7, -0.2], [-0.5, 0.2]]),
        torch.tensor([-1.0, -1.4, -0.9, -2.0]),
        torch.tensor([-1.3, -1.9, -1.1, -1.2]),
        torch.tensor([[1.0, 0.8], [-0.9, 1.2], [0.5, -1.5], [2.0, 1.0]]),
        torch.tensor([[-0.6, 0.3], [0.4, -0.7], [1.1, 0.6], [1.5, 0.5]]),
        0.08,
    )
    for n, eta in ((5, 0.02), (12, 0.3)):
        z, score, score_new = normal(n, n, 2), normal(n + 1, n, 2), normal(n + 2, n, 2)
        new = z + eta * score + math.sqrt(2 * eta) * normal(n + 3, n, 2)
        yield z, new, normal(n + 4, n) - 2, normal(n + 5, n) - 2, score, score_new, eta


def metropolis(
    z: Tensor,
    new: Tensor,
    log_q: Tensor,
    log_q_new: Tensor,
    score: Tensor,
    score_new: Tensor,
    eta: float,
) -> Built:
    """The logarithm of MALA's acceptance probability."""

    def ways(width: float = 4, reach: float = eta, back: Tensor = score_new) -> Tensor:
        """log prop(z | new) - log prop(new | z) for each coordinate, (N, 2)."""
        there = (new - z - reach * score).square() / (width * eta)
        return there - (z - new - reach * back).square() / (width * eta)

    density, kernels = log_q_new - log_q, ways().sum(-1)
    lengths = (new - z - eta * score).norm(dim=-1) - (z - new - eta * score_new).norm(dim=-1)
    right = (density + kernels).clamp(max=0)
    return right, {
        "no ratio of proposals": (
            density.clamp(max=0),
            "That is the rule for a symmetric proposal. Here the drift makes the way there and "
            "the way back unequal: add log prop(z | new) - log prop(new | z).",
        ),
        "no ratio of densities": (
            kernels.clamp(max=0),
            "That is the ratio of proposals alone. Add log q(new) - log q(z): it is q that is to "
            "be sampled.",
        ),
        "ratio of proposals reversed": (
            (density - kernels).clamp(max=0),
            "The proposal of the way *back* is on top: log prop(z | new) - log prop(new | z).",
        ),
        "ratio of densities reversed": (
            (kernels - density).clamp(max=0),
            "The new density is on top: log q(new) - log q(z).",
        ),
        "everything reversed": (
            (-density - kernels).clamp(max=0),
            "Both ratios are upside down: the new place and the way back are on top.",
        ),
        "2 eta in the proposal": (
            (density + ways(2).sum(-1)).clamp(max=0),
            "The noise has variance 2 eta; a normal density divides by twice its variance: 4 eta.",
        ),
        "eta in the proposal": (
            (density + ways(1).sum(-1)).clamp(max=0),
            "A normal density divides by twice its variance; the noise has variance 2 eta: 4 eta.",
        ),
        "lengths, not squares": (
            (density + lengths / (4 * eta)).clamp(max=0),
            "The exponent of a normal density is the *square* of the distance, over 4 eta.",
        ),
        "drift without eta": (
            (density + ways(reach=1.0).sum(-1)).clamp(max=0),
            "The proposal is centred at z + eta times the score: the eta is missing in yours.",
        ),
        "drift with the wrong sign": (
            (density + ways(reach=-eta).sum(-1)).clamp(max=0),
            "The proposal is centred at z *plus* eta times the score; subtract that centre.",
        ),
        "one score for both ways": (
            (density + ways(back=score).sum(-1)).clamp(max=0),
            "On the way back the drift is that of the new place: score_new.",
        ),
        "mean over the coordinates": (
            (density + ways().mean(-1)).clamp(max=0),
            "The squares of all coordinates add up: a sum over the last axis, not a mean.",
        ),
        "one proposal for all points": (
            (density + ways().sum()).clamp(max=0),
            "Each point has a proposal of its own: sum over the last axis only.",
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


@exercise("12.2", hint="log q ratio, plus log prop(z | new) - log prop(new | z)")
def log_acceptance(answer: Callable[..., Any]) -> Mistake | None:
    """A function (z, new, log_q, log_q_new, score, score_new, eta) -> log probability to accept."""
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
