"""Exercises of chapter 10: a one-sided Gauss-Newton step, a conformal floor, the score of q."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise
from nav_utils.densities import GaussianMixture, StandardNormal


@exercise("10.1", hint="b = max(a - tau, 0); -b g / (|g|^2 + damping); then shorten what is long")
def one_sided_step(answer: Callable[..., Tensor]) -> Mistake | None:
    """The damped, capped Gauss-Newton step from above a level down to it."""
    a = torch.tensor([3.0, -1.0, 0.9, 8.0, 2.0])
    gradient = torch.tensor([[4.0, 3.0], [1.0, -2.0], [-0.6, 1.5], [0.3, 0.4], [0.0, 0.0]])
    tau, damping, longest = 0.7, 0.5, 0.4

    def step(b: Tensor, damping: float = damping) -> Tensor:
        return -b[:, None] * gradient / (gradient.square().sum(1, keepdim=True) + damping)

    def capped(move: Tensor) -> Tensor:
        return move * (longest / move.norm(dim=1, keepdim=True).clamp_min(longest))

    b = (a - tau).clamp_min(0)
    length = gradient.norm(dim=1, keepdim=True)
    return closest(
        answer(a, gradient, tau, damping, longest),
        capped(step(b)),
        {
            "wrong sign": (
                capped(-step(b)),
                "This climbs into the hole: a falls against its gradient, so the step has a minus.",
            ),
            "square missing": (
                capped(-b[:, None] * gradient / (length + damping)),
                "Divide by |g|^2, not by |g|: one factor makes a direction of the gradient, the "
                "other turns nats into length.",
            ),
            "squares not summed": (
                capped(-b[:, None] * gradient / (gradient.square() + damping)),
                "|g|^2 is one number for each point: sum the squares over the coordinates, and "
                "keep the dimension.",
            ),
            "one norm for all points": (
                capped(-b[:, None] * gradient / (gradient.square().sum() + damping)),
                "Each point has its own |g|^2: sum over the last dimension only.",
            ),
            "no damping": (
                capped(step(b, 0.0)),
                "Where the gradient is 0 this is 0 / 0: add the damping to |g|^2.",
            ),
            "no cap": (
                step(b),
                "Where the gradient is small the linear picture promises a leap: shorten moves "
                "that are longer than max_move.",
            ),
            "coordinates capped one by one": (
                step(b).clamp(-longest, longest),
                "Clamping each coordinate turns the step: scale the whole vector.",
            ),
            "both sides": (
                capped(step(a - tau)),
                "A point with a below tau has more codes than the level asks for: it stays.",
            ),
            "aims at 0": (
                capped(step(torch.where(a > tau, a, torch.zeros_like(a)))),
                "The step goes down to tau, not to 0: what is left to remove is a - tau.",
            ),
        },
    )


@exercise("10.2", hint="a fresh code is equally likely in each of n + 1 gaps; count from below")
def log_q_floor(answer: Callable[[Tensor, float], float]) -> Mistake | None:
    """The log q that a share 1 - alpha of unseen codes stays above."""
    generator = torch.Generator().manual_seed(0)
    for n, rank in ((49, 5), (56, 5)):  # (n + 1) / 10 is 5.0, then 5.7
        log_q = torch.randn(n, generator=generator) - 3
        ordered = log_q.sort().values
        mistakes = {
            "wrong side": (
                ordered[-rank],
                "Few codes lie above this one. The floor has few codes below it: count from below.",
            ),
            "interpolated quantile": (
                torch.quantile(log_q, 0.1),
                "torch.quantile knows nothing of the fresh code, and interpolates: take one of the "
                "sorted values, by its rank.",
            ),
            "off by one": (
                ordered[rank],
                "The rank counts from 1 and rounds down: the r-th smallest is sorted[r - 1].",
            ),
        }
        if n == 49:
            mistakes["n for n + 1"] = (
                ordered[math.floor(n / 10) - 1],
                "The fresh code is one more: n codes leave n + 1 gaps, of which alpha (n + 1) may "
                "lie below the floor.",
            )
        else:
            del mistakes["off by one"]  # the same value
            mistakes["rank rounded up"] = (
                ordered[rank],
                "Rounded up, more than a share alpha of codes may fall below: round down.",
            )
        mistake = closest(answer(log_q, 0.1), ordered[rank - 1], mistakes)
        if mistake is not None:
            return mistake
    log_q = torch.tensor([-3.0, -5.0, -2.0, -4.0])
    return closest(
        answer(log_q, 0.1),
        torch.tensor(-math.inf),
        {
            "too few codes": (
                log_q.max(),
                "Rank 0, and sorted[-1] is the largest: with four codes no value keeps the "
                "promise. Return -math.inf then.",
            ),
            "a promise that four codes cannot keep": (
                log_q.min(),
                "A fifth code is the smallest with a chance of 1 in 5, twice alpha. Return "
                "-math.inf when the rank is 0.",
            ),
        },
    )


@exercise("10.3", hint="log q = log p - a, and grad log p = -z for N(0, I)")
def score_of_q(answer: Callable[..., Tensor]) -> Mistake | None:
    """The score of the codes from a logit and the prior N(0, I)."""
    q, prior = GaussianMixture([[1.2, 0.3], [-1.0, 0.5]], [0.4, 0.6]), StandardNormal(2)

    def logit(z: Tensor) -> Tensor:
        return prior.log_prob(z) - q.log_prob(z)

    z = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    d = logit(z).sigmoid()[:, None]
    g = prior.score(z) - q.score(z)
    return closest(
        answer(z, logit),
        q.score(z),
        {
            "sign of grad a": (
                g - z,
                "This is the score of p^2 / q and climbs into holes: log q = log p minus a.",
            ),
            "prior forgotten": (
                -g,
                "-grad a climbs q / p, which grows without end where the prior dies first: add the "
                "prior's own score.",
            ),
            "prior pushes outwards": (
                z - g,
                "The gradient of -|z|^2 / 2 is -z: the prior pulls inwards.",
            ),
            "both signs": (
                z + g,
                "This is minus the score of q: it leads downhill.",
            ),
            "probability instead of logit": (
                -z - d * (1 - d) * g,
                "log q = log p - a has the logit in it, not D: no sigmoid.",
            ),
            "mean over the batch": (
                -z - g / len(z),
                "The mean divides every point's gradient by N: sum the logits before "
                "differentiating.",
            ),
        },
    )
