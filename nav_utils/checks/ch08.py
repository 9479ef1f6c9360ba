"""Exercises of chapter 08: calibration error, the penalty as a filter, and a fair kernel judge."""

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
            "bins weighed alike": (
                sum(((a.mean() - b.mean()).abs() for a, b in pairs), torch.tensor(0.0)) / 4,
                "Bins differ in size: weigh each with its points.",
            ),
            "only the logits sorted": (
                error(d[order], y),
                "Sort is_prior in the same order as the logits.",
            ),
            "bins added up": (
                sum(((a.mean() - b.mean()).abs() for a, b in pairs), torch.tensor(0.0)),
                "Weigh each bin with its share of the points; the sum of four gaps is no mean.",
            ),
        },
    )


@exercise("8.2", hint="rfft, divide entry k by 1 + 8 gamma (2 pi k / length)^2, irfft")
def through_penalty(answer: Callable[[Tensor, float, float], Tensor]) -> Mistake | None:
    """What the gradient penalty keeps of a periodic logit."""
    a_star = torch.randn(30, generator=torch.Generator().manual_seed(1)) + 0.5
    gamma, length = 0.05, 6.0
    waves = torch.fft.rfft(a_star)
    k = torch.arange(len(waves))
    kappa = 2 * math.pi * k / length

    def kept(damping: Tensor) -> Tensor:
        return torch.fft.irfft(waves / damping, n=30)

    return closest(
        answer(a_star, gamma, length),
        kept(1 + 8 * gamma * kappa**2),
        {
            "wavenumber without 2 pi": (
                kept(1 + 8 * gamma * (k / length) ** 2),
                "k / length counts waves; the wavenumber is 2 pi times that.",
            ),
            "wavenumber of a length of one": (
                kept(1 + 8 * gamma * (2 * math.pi * k) ** 2),
                "k waves lie on the whole length: divide by it.",
            ),
            "wavenumber not squared": (
                kept(1 + 8 * gamma * kappa),
                "Two derivatives bring down kappa twice: kappa squared.",
            ),
            "half the penalty": (
                kept(1 + 4 * gamma * kappa**2),
                "The penalty counts prior samples and codes, and the loss bends by m / 4 for each "
                "a squared: 8 gamma, not 4.",
            ),
            "sharpened instead of damped": (
                torch.fft.irfft(waves * (1 + 8 * gamma * kappa**2), n=30),
                "The penalty damps the waves: divide.",
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
            "the density of another sign": (
                log_p - blur((log_p + a).exp()).log(),
                "a = log p - log q, so log q = log p - a.",
            ),
            "log q returned": (
                log_p - right,
                "That is the blurred log q: the logit is log p minus it.",
            ),
            "no logarithm": (
                log_p - blur((log_p - a).exp()),
                "The kernel leaves a density: take its logarithm before subtracting.",
            ),
        },
    )
