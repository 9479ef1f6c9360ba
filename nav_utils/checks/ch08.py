"""Exercises of chapter 08: calibration error, conformal level, and a fair kernel judge."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise


@exercise("8.1", hint="sort by logit, split, compare mean D with the share of prior samples")
def calibration_error(answer: Callable[[Tensor, Tensor, int], Tensor]) -> Mistake | None:
    """The expected calibration error in equally full bins of the logit."""
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(50, generator=generator)
    # Less sure than the logit says, so that bins lie on both sides of the diagonal.
    is_prior = (torch.rand(50, generator=generator) < (0.3 * logits).sigmoid()).float()
    order = logits.argsort()

    def error(d: Tensor, y: Tensor, magnitude: bool = True) -> Tensor:
        pairs = zip(d.tensor_split(4), y.tensor_split(4), strict=True)
        gaps = [((a.mean() - b.mean()) * len(a) / len(d)) for a, b in pairs]
        return sum((gap.abs() if magnitude else gap for gap in gaps), torch.tensor(0.0))

    d, y = logits.sigmoid(), is_prior
    pairs = list(zip(d[order].tensor_split(4), y[order].tensor_split(4), strict=True))
    return closest(
        answer(logits, is_prior, 4),
        error(d[order], y[order]),
        {
            "gaps that cancel": (
                error(d[order], y[order], magnitude=False),
                "Bins above and below the diagonal cancel: take the distance in each bin first.",
            ),
            "logit instead of probability": (
                error(logits[order], y[order]),
                "The diagram compares a share with D: put the logit through the sigmoid.",
            ),
            "bins that are not sorted": (
                error(d, y),
                "Each bin must hold points of similar logit: sort by the logit before splitting.",
            ),
            "single points": (
                (d - y).abs().mean(),
                "One event cannot check a probability: average D and y within a bin before "
                "comparing.",
            ),
            "share of codes": (
                error(d[order], 1 - y[order]),
                "D is the probability of the prior: compare with the share of prior samples, not "
                "of codes.",
            ),
            "bins added up": (
                sum(((a.mean() - b.mean()).abs() for a, b in pairs), torch.tensor(0.0)),
                "Weigh each bin with its share of the points; the sum of four gaps is no mean.",
            ),
        },
    )


@exercise("8.2", hint="the ceil((N + 1)(1 - alpha))-th smallest, counted from 1")
def conformal_level(answer: Callable[[Tensor, float], Tensor]) -> Mistake | None:
    """The split conformal level of held-out logits."""
    logits = torch.randn(40, generator=torch.Generator().manual_seed(1))
    ordered, alpha = logits.sort().values, 0.1
    rank = math.ceil(41 * (1 - alpha))  # 37
    return closest(
        answer(logits, alpha),
        ordered[rank - 1],
        {
            "wrong tail": (
                ordered[math.ceil(41 * alpha) - 1],
                "Holes have large logits: a share alpha may lie above the level, not below it.",
            ),
            "the fresh code forgotten": (
                ordered[math.ceil(40 * (1 - alpha)) - 1],
                "With the fresh code there are N + 1: use (N + 1)(1 - alpha), or the level is a "
                "little too low to keep its promise.",
            ),
            "counted from zero": (
                ordered[rank],
                "The k-th smallest has the index k - 1.",
            ),
            "interpolated": (
                logits.quantile(1 - alpha),
                "torch.quantile interpolates and knows nothing of the fresh code: pick one logit.",
            ),
        },
    )


@exercise("8.3", hint="blur q = exp(log p - a), a density, and go back to a logit")
def seen_through_blur(
    answer: Callable[[Tensor, Tensor, Callable[[Tensor], Tensor]], Tensor],
) -> Mistake | None:
    """The logit of q = p exp(-a) after q was convolved with a kernel."""
    generator = torch.Generator().manual_seed(2)
    axis = torch.linspace(-2, 2, 9)
    log_p = -(axis[:, None].square() + axis.square()) / 2 - math.log(2 * math.pi)
    a = torch.randn(9, 9, generator=generator)

    def blur(x: Tensor) -> Tensor:
        return F.avg_pool2d(F.pad(x[None, None], (1, 1, 1, 1), mode="replicate"), 3, 1)[0, 0]

    right = log_p - blur((log_p - a).exp()).log()
    return closest(
        answer(a, log_p, blur),
        right,
        {
            "the logit blurred": (
                blur(a),
                "The expectation of a kernel density is a blurred density, not a blurred logit.",
            ),
            "log q blurred": (
                log_p - blur(log_p - a),
                "A blurred logarithm is not the logarithm of the blurred: exponentiate first.",
            ),
            "the ratio blurred": (
                -blur((-a).exp()).log(),
                "exp(-a) is q / p. The kernel acts on q: multiply by p before blurring.",
            ),
            "p blurred too": (
                blur(log_p.exp()).log() - blur((log_p - a).exp()).log(),
                "The judge knows the prior exactly; only q comes from a kernel estimate.",
            ),
            "wrong sign": (
                -right,
                "a = log p - log q, in this order.",
            ),
        },
    )
