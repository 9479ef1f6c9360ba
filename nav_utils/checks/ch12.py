"""Exercises of chapter 12: Langevin steps, the Metropolis test, and the correction as a drift."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise


@exercise("12.1", hint="the drift is -h grad U = h (-z - beta a grad a); noise has variance 2 h")
def tube_step(answer: Callable[..., Tensor]) -> Mistake | None:
    """A function (z, a, grad_a, beta, h, noise) -> one unadjusted Langevin step on U."""
    z = torch.tensor([[0.8, -0.5], [-1.2, 2.0], [0.3, 0.7]])
    a = torch.tensor([[0.7], [-0.4], [1.3]])
    grad_a = torch.tensor([[1.5, 0.4], [-0.7, 0.9], [2.1, -1.3]])
    noise = torch.tensor([[0.6, -1.1], [1.7, 0.2], [-0.4, 0.9]])
    beta, h = 3.0, 0.04
    got, again = (
        answer(z.clone(), a.clone(), grad_a.clone(), beta, h, noise.clone()) for _ in range(2)
    )
    tensors = isinstance(got, Tensor) and isinstance(again, Tensor) and got.shape == again.shape
    if tensors and not torch.allclose(got, again, equal_nan=True):
        return Mistake(
            "noise of your own",
            "The same call gave two places. Use the noise you were given: then a step can be "
            "repeated, and checked.",
        )
    climb = beta * a * grad_a  # the gradient of beta a^2 / 2
    drift, shake = h * (-z - climb), math.sqrt(2 * h) * noise
    return closest(
        got,
        z + drift + shake,
        {
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
            "the move, not the place": (drift + shake, "Add the move to z."),
        },
        tolerance=1e-4,
    )


@exercise("12.2", hint="log q ratio, plus log k(z | new) - log k(new | z), both kernels over 4 h")
def log_acceptance(answer: Callable[..., Tensor]) -> Mistake | None:
    """A function (z, new, log_q, log_q_new, score, score_new, h) -> log acceptance probability."""
    z = torch.tensor([[0.0, 0.5], [1.0, -0.2], [0.4, 0.3], [-0.6, 0.1]])
    new = torch.tensor([[0.3, 0.9], [0.6, 0.3], [0.7, -0.2], [-0.5, 0.2]])
    log_q, log_q_new = (
        torch.tensor([-1.0, -1.4, -0.9, -2.0]),
        torch.tensor([-1.3, -1.9, -1.1, -1.2]),
    )
    score = torch.tensor([[1.0, 0.8], [-0.9, 1.2], [0.5, -1.5], [2.0, 1.0]])
    score_new = torch.tensor([[-0.6, 0.3], [0.4, -0.7], [1.1, 0.6], [1.5, 0.5]])
    h = 0.08

    def log_kernel(there: Tensor, here: Tensor, drift: Tensor, width: float = 4) -> Tensor:
        return -(there - here - h * drift).square().sum(-1) / (width * h)

    density = log_q_new - log_q
    kernels = log_kernel(z, new, score_new) - log_kernel(new, z, score)
    narrow = log_kernel(z, new, score_new, 2) - log_kernel(new, z, score, 2)
    one_score = log_kernel(z, new, score) - log_kernel(new, z, score)
    right = (density + kernels).clamp(max=0)
    return closest(
        answer(z, new, log_q, log_q_new, score, score_new, h),
        right,
        {
            "no ratio of kernels": (
                density.clamp(max=0),
                "That is the rule for a symmetric proposal. Here the drift makes the way there and "
                "the way back unequal: add log k(z | new) - log k(new | z).",
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
                (density + narrow).clamp(max=0),
                "The noise has variance 2 h, and a normal density divides by twice its variance: "
                "4 h.",
            ),
            "one score for both ways": (
                (density + one_score).clamp(max=0),
                "On the way back the drift is that of the new place: score_new.",
            ),
            "not cut off at 0": (
                density + kernels,
                "A probability is at most 1, its logarithm at most 0: take the smaller of the two.",
            ),
            "probability, not logarithm": (
                right.exp(),
                "That is the acceptance probability. Asked for is its logarithm.",
            ),
        },
        tolerance=1e-4,
    )


@exercise(
    "12.3", hint="-grad L = -2 (D - 1/2) grad D, grad D = D (1 - D) grad a, a = log p - log q"
)
def correction_move(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Mistake | None:
    """A function (D, s_p, s_q) -> -grad of (D - 1/2)^2."""
    D = torch.tensor([[0.9], [0.2], [0.65], [0.4]])
    s_p = torch.tensor([[-1.0, 0.3], [0.5, -0.8], [0.2, 1.1], [-0.7, -0.4]])
    s_q = torch.tensor([[2.0, -1.5], [-0.6, 0.9], [1.4, 0.1], [0.8, -2.2]])
    slope, difference = D * (1 - D), s_p - s_q
    right = (1 - 2 * D) * slope * difference
    return closest(
        answer(D, s_p, s_q),
        right,
        {
            "wrong sign": (
                -right,
                "That is plus the gradient of L: it leads away from the contour. Descent has a "
                "minus.",
            ),
            "D (1 - D) forgotten": (
                (1 - 2 * D) * difference,
                "grad D is not grad a: the sigmoid between them has the slope D (1 - D). It is "
                "this factor that dies in deep holes.",
            ),
            "factor 2 once too often": (
                2 * right,
                "2 (D - 1/2) is already 2 D - 1: the 2 is inside the bracket.",
            ),
            "factor 2 lost": (
                right / 2,
                "The derivative of a square brings a 2: 2 (D - 1/2) = 2 D - 1.",
            ),
            "one sign for both sides": (
                (1 - 2 * D).abs() * slope * -difference,
                "You climb q / p on both sides of the contour. The literal correction turns round "
                "where D < 1/2: keep the sign of 1 - 2 D.",
            ),
            "the sign of 1 - 2 D forgotten": (
                slope * difference,
                "That is grad D. The loss brings the factor 1 - 2 D, positive among the codes and "
                "negative in a hole.",
            ),
            "prior's score forgotten": (
                (1 - 2 * D) * slope * -s_q,
                "grad a has two parts: s_p - s_q. The correction knows q only relative to p.",
            ),
            "sum of the scores": (
                (1 - 2 * D) * slope * (s_p + s_q),
                "a is a difference of logarithms, so grad a is a difference of scores.",
            ),
        },
        tolerance=1e-4,
    )
