"""Exercises of chapter 08: calibration error, the penalty as a filter, and a fair kernel judge."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise, first_mistake


@exercise("8.1", hint="sort by logit, split, compare mean D with the share of prior samples")
def calibration_error(answer: Callable[[Tensor, Tensor, int], Tensor]) -> Mistake | None:
    """The expected calibration error in equally full bins of the logit."""
    generator = torch.Generator().manual_seed(0)

    def judged(count: int, bins: int, strict: bool) -> tuple[str, Mistake | None]:
        logits = 2 * torch.randn(count, generator=generator)
        # The share of prior samples goes up and down with the logit: bins on both sides of the
        # diagonal, in turn, so that other bins give another error.
        is_prior = (
            torch.rand(count, generator=generator) < 0.5 + 0.45 * (3 * logits).sin()
        ).float()
        got = answer(logits, is_prior, bins)
        right, mistakes = errors(logits, is_prior, bins)
        order = logits.argsort(descending=True)  # as good: only the longer bins are others
        if closest(got, weighed(logits.sigmoid(), is_prior, order, bins)) is None:
            return "", None
        return f"{count} points in {bins} bins", closest(got, right, mistakes, strict=strict)

    return first_mistake(
        judged(*sizes) for sizes in ((37, 6, True), (50, 9, False), (12, 5, False))
    )


def bin_gaps(d: Tensor, y: Tensor, order: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    """Mean of d minus mean of y in each bin, and the bin's share of the points."""
    pairs = list(zip(d[order].tensor_split(bins), y[order].tensor_split(bins), strict=True))
    gaps = torch.stack([a.mean() - b.mean() for a, b in pairs])
    return gaps, torch.tensor([len(a) / len(d) for a, _ in pairs])


def weighed(d: Tensor, y: Tensor, order: Tensor, bins: int) -> Tensor:
    """The calibration error of d against y, in bins along an order."""
    gaps, shares = bin_gaps(d, y, order, bins)
    return (gaps.abs() * shares).sum()


def errors(logits: Tensor, y: Tensor, bins: int) -> tuple[Tensor, dict[str, tuple[Tensor, str]]]:
    """The right calibration error, and what likely mistakes give."""
    d, order, size = logits.sigmoid(), logits.argsort(), len(logits)
    unsorted = torch.arange(size)
    gaps, shares = bin_gaps(d, y, order, bins)
    chunks = zip(d[order].chunk(bins), y[order].chunk(bins), strict=True)
    edges = torch.linspace(float(logits.min()), float(logits.max()), bins + 1)
    which = torch.bucketize(logits, edges[1:-1])
    wide = [(d - y)[which == i].sum().abs() for i in range(bins)]
    return (gaps.abs() * shares).sum(), {
        "gaps that cancel": (
            (gaps * shares).sum(),
            "Bins above and below the diagonal cancel: take the distance in each bin first.",
        ),
        "logit instead of probability": (
            weighed(logits, y, order, bins),
            "The diagram compares a share with D: put the logit through the sigmoid.",
        ),
        "bins that are not sorted": (
            weighed(d, y, unsorted, bins),
            "Each bin must hold points of similar logit: sort by the logit before splitting.",
        ),
        "single points": (
            (d - y).abs().mean(),
            "One event cannot check a probability: average D and y within a bin before comparing.",
        ),
        "share of codes": (
            weighed(d, 1 - y, order, bins),
            "D is the probability of the prior: compare with the share of prior samples, not "
            "of codes.",
        ),
        "bins weighed alike": (
            gaps.abs().mean(),
            "Bins differ in size: weigh each with its points.",
        ),
        "only the logits sorted": (
            (bin_gaps(d[order], y, unsorted, bins)[0].abs() * shares).sum(),
            "Sort is_prior in the same order as the logits.",
        ),
        "bins added up": (
            gaps.abs().sum(),
            f"Weigh each bin with its share of the points; the sum of {bins} gaps is no mean.",
        ),
        "bins of chunk": (
            sum(((a - b).sum().abs() for a, b in chunks), torch.tensor(0.0)) / size,
            "torch.chunk makes all parts but the last equally long, and may make fewer: split "
            "with torch.tensor_split.",
        ),
        "bins of equal width": (
            torch.stack(wide).sum() / size,
            "The bins are to be equally full, not equally wide: sort, and split with "
            "torch.tensor_split.",
        ),
        "gaps squared": (
            (gaps.square() * shares).sum(),
            "The error is the mean distance from the diagonal, not its square.",
        ),
        "the worst bin": (
            gaps.abs().max(),
            "That is the largest distance of a bin: take the mean over all points.",
        ),
    }


@exercise("8.2", hint="rfft, divide entry k by 1 + 8 gamma (2 pi k / length)^2, irfft")
def through_penalty(answer: Callable[[Tensor, float, float], Tensor]) -> Mistake | None:
    """What the gradient penalty keeps of a periodic logit."""
    generator = torch.Generator().manual_seed(1)

    def judged(count: int, gamma: float, length: float) -> tuple[str, Mistake | None]:
        a_star = torch.randn(count, generator=generator) + 0.5
        got = answer(a_star, gamma, length)
        words = f"N = {count}, gamma = {gamma}, length = {length}"
        if is_complex(got):
            return words, Mistake(
                "a complex result",
                "The values are complex, and a logit is real: go back with "
                "torch.fft.irfft(..., n=N), or take .real after torch.fft.ifft.",
            )
        right, mistakes = damped(a_star, gamma, length)
        return words, closest(got, right, mistakes, strict=count == 31)

    inputs = ((31, 0.05, 6.0), (12, 0.3, 2.5), (45, 0.008, 20.0))
    return first_mistake(judged(*numbers) for numbers in inputs)


def is_complex(value: Any) -> bool:
    """True for complex numbers, in a tensor or a list too."""
    if isinstance(value, (list, tuple)):
        return any(is_complex(v) for v in value)
    return value.is_complex() if isinstance(value, Tensor) else isinstance(value, complex)


def damped(
    a_star: Tensor, gamma: float, length: float
) -> tuple[Tensor, dict[str, tuple[Tensor, str]]]:
    """What the penalty keeps of a logit, and what likely mistakes give."""
    waves, size = torch.fft.rfft(a_star), len(a_star)
    k = torch.arange(len(waves))
    kappa = 2 * math.pi * k / length
    right = 1 + 8 * gamma * kappa**2

    def kept(damping: Tensor) -> Tensor:
        return torch.fft.irfft(waves / damping, n=size)

    return kept(right), {
        "wavenumber without 2 pi": (
            kept(1 + 8 * gamma * (k / length) ** 2),
            "k / length counts waves; the wavenumber is 2 pi times that.",
        ),
        "wavenumber of a length of one": (
            kept(1 + 8 * gamma * (2 * math.pi * k) ** 2),
            "k waves lie on the whole length: divide by it.",
        ),
        "wavenumber of N points": (
            kept(1 + 8 * gamma * (2 * math.pi * k / size) ** 2),
            "k waves lie on the given length, however many points it has: divide by length, not "
            "by N.",
        ),
        "wavenumber not squared": (
            kept(1 + 8 * gamma * kappa),
            "Two derivatives bring down kappa twice: kappa squared.",
        ),
        "wavenumber from 1": (
            kept(1 + 8 * gamma * (2 * math.pi * (k + 1) / length) ** 2),
            "Entry 0 is the constant, which has no slope: k begins at 0.",
        ),
        "half the penalty": (
            kept(1 + 4 * gamma * kappa**2),
            "The penalty counts prior samples and codes, and the loss bends by m / 4 for each "
            "a squared: 8 gamma, not 4.",
        ),
        "sharpened instead of damped": (
            kept(1 / right),
            "The penalty damps the waves: divide.",
        ),
        "irfft without n": (
            torch.fft.irfft(waves / right),
            "From the waves alone irfft cannot tell an odd N from an even one, and takes the "
            "even: give it n=N.",
        ),
    }


@exercise("8.3", hint="blur q = exp(log p - a), a density, and go back to a logit")
def seen_through_blur(
    answer: Callable[[Tensor, Tensor, Callable[[Tensor], Tensor]], Tensor],
) -> Mistake | None:
    """The logit of q = p exp(-a) after q was convolved with a kernel."""
    generator = torch.Generator().manual_seed(2)

    def judged(rows: int, weights: list[float], shift: float) -> tuple[str, Mistake | None]:
        kernel = torch.tensor(weights).outer(torch.tensor(weights).flip(0))[None, None]
        axis, pad = torch.linspace(-2, 2, rows), len(weights) // 2

        def blur(x: Tensor) -> Tensor:
            x = torch.as_tensor(x)[None, None]
            x = F.pad(x, (pad, pad, pad, pad), mode="replicate")
            return F.conv2d(x, kernel.to(x.dtype))[0, 0]

        log_p = -((axis[:, None] - shift).square() + axis.square()) / 2 - math.log(2 * math.pi)
        a = torch.randn(rows, rows, generator=generator)
        right, mistakes = blurred(a, log_p, blur)
        found = closest(answer(a, log_p, blur), right, mistakes, strict=rows == 9)
        return f"{rows} by {rows} points, another kernel", found

    even, uneven = [1 / 3, 1 / 3, 1 / 3], [0.1, 0.4, 0.3, 0.15, 0.05]
    return first_mistake(judged(*i) for i in ((9, even, 0.0), (12, uneven, 0.0), (5, even, 0.7)))


def blurred(
    a: Tensor, log_p: Tensor, blur: Callable[[Tensor], Tensor]
) -> tuple[Tensor, dict[str, tuple[Tensor, str]]]:
    """The logit seen through a blur, and what likely mistakes give."""
    q = (log_p - a).exp()
    right = log_p - blur(q).log()
    return right, {
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
            blur(log_p.exp()).log() - blur(q).log(),
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
            log_p - blur(q),
            "The kernel leaves a density: take its logarithm before subtracting.",
        ),
        "not blurred": (
            a,
            "That is a again: pass q through blur before taking the logarithm.",
        ),
        "normalised again": (
            log_p - blur(q / q.sum()).log(),
            "exp(log p - a) is a density already: dividing by its sum over the grid shifts the "
            "logit.",
        ),
    }
