"""Exercises of chapter 08: calibration error, the penalty as a filter, a repaired compass."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nav_utils.checks import GENERIC, Mistake, closest, exercise, first_mistake
from nav_utils.checks.compare import to_array
from nav_utils.densities import StandardNormal, ring
from nav_utils.fitting import logistic_loss
from nav_utils.ratio import ExactRatio

Wrong = dict[str, tuple[Any, str]]


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


@exercise("8.3", hint="logit(observed) = logit(predicted) / T + c: fit a straight line")
def repair(answer: Callable[[np.ndarray, np.ndarray], tuple[float, float]]) -> Mistake | None:
    """Scale and shift from a reliability diagram: what they gain is measured on other samples."""
    faults = ((0.4, 0.8), (1.6, -1.0), (2.5, 0.5), (0.7, -0.6))
    return first_mistake(
        (f"a compass with {s} a {b:+}", repaired(answer, s, b, k == 0))
        for k, (s, b) in enumerate(faults)
    )


def repaired(
    answer: Callable[[np.ndarray, np.ndarray], tuple[float, float]], s: float, b: float, first: bool
) -> Mistake | None:
    """What is wrong with the repair of the ring's logit a, spoilt to s a + b."""
    exact = ExactRatio(ring(), n=4)
    draws = [torch.Generator().manual_seed(seed) for seed in (1, 2, 3, 4)]
    sides = [StandardNormal(2).sample(4000, draws[0]), ring().sample(4000, draws[1])]
    a = torch.cat([exact.logit(z) for z in sides]).double().numpy()
    predicted, observed = diagram(s * a + b, np.repeat([1.0, 0.0], 4000))
    given = to_array(answer(predicted.copy(), observed.copy()))
    if given is None or given.shape != (2,):
        return Mistake("not two numbers", "Return the scale and the shift: two numbers.")
    fresh = [StandardNormal(2).sample(4000, draws[2]), ring().sample(4000, draws[3])]
    on_prior, on_codes = (exact.logit(z).double() for z in fresh)
    best = float(logistic_loss(on_prior, on_codes))
    scale, shift = map(float, given)
    came = float(logistic_loss(*(scale * (s * x + b) + shift for x in (on_prior, on_codes))))
    if scale > 0 and came - best < 0.004:
        return None
    right, mistakes = fits(predicted, observed)
    found = closest(given, right, mistakes, tolerance=0.02, strict=first)
    if found is not None and found.name not in GENERIC:
        return found
    return Mistake(
        "not repaired",
        f"Your {scale:.2f} and {shift:.2f} leave a loss of {came:.3f}; the exact ratio's is "
        f"{best:.3f}.",
    )


def diagram(a: np.ndarray, is_prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of D and share of prior samples in fifteen bins of the logit, equally full."""
    order, d = a.argsort(), 1 / (1 + np.exp(-a))
    parts = np.array_split(order, 15)
    mean_d, share = (np.array([x[part].mean() for part in parts]) for x in (d, is_prior))
    return mean_d, share


def fits(predicted: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, Wrong]:
    """Scale and shift by a straight line in the logit, and what likely mistakes give."""
    inner = (observed > 0.02) & (observed < 0.97)  # elsewhere a bin counts a handful
    x, y = (np.log(d / (1 - d)) for d in (predicted[inner], observed[inner]))
    scale, shift = np.polyfit(x, y, 1)
    return np.array([scale, shift]), {
        "the other way round": (
            np.polyfit(y, x, 1),
            "That turns a calibrated logit into the broken one: predicted is x, observed is y.",
        ),
        "a line through probabilities": (
            np.polyfit(predicted, observed, 1),
            "Scale and shift act on the logit: take log(D / (1 - D)) of both first.",
        ),
        "shift and scale exchanged": (
            np.array([shift, scale]),
            "The scale comes first, then the shift.",
        ),
        "the scale only": (
            np.array([scale, 0.0]),
            "The diagram does not pass through (1/2, 1/2): it needs a shift, too.",
        ),
        "the shift only": (
            np.array([1.0, float((y - x).mean())]),
            "The diagram is not as steep as the diagonal: it needs a scale, too.",
        ),
        "the shift's sign": (
            np.array([scale, -shift]),
            "The repaired logit is a / T + c: the shift is added.",
        ),
    }
