"""Exercises of chapter 02."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise
from nav_utils.training import reconstruction_nats


def _images() -> Tensor:
    """Three small grey images (3, 1, 2, 4), with pure paper and pure ink among the pixels."""
    x = torch.rand(3, 1, 2, 4, generator=torch.Generator().manual_seed(0))
    x[0, 0, 0, 0], x[1, 0, 1, 1] = 0.0, 1.0
    return x


@exercise("2.1", hint="the best answer to a pixel x is s = x; put it into the cross-entropy.")
def floor(answer: Any) -> Mistake | None:
    x = _images()
    ink = -torch.xlogy(x, x)
    right = (ink - torch.xlogy(1 - x, 1 - x)).flatten(1).sum(1)
    plain = (-x * x.log() - (1 - x) * (1 - x).log()).flatten(1).sum(1)  # 0 log 0 is NaN
    return closest(
        answer(x),
        right,
        {
            "minus sign lost": (-right, "Entropy is never negative: log x is, so take minus it."),
            "only the ink": (
                ink.flatten(1).sum(1),
                "A pixel is ink with probability x and paper with 1 - x: both terms count.",
            ),
            "mean instead of sum": (
                right / x[0].numel(),
                "Sum over the pixels of an image: a mean hides how large the images are.",
            ),
            "bits instead of nats": (
                right / math.log(2),
                "Nats come from the natural logarithm; log2 gives bits.",
            ),
            "zero times infinity": (
                plain,
                "0 * log(0) is NaN in floating point; torch.xlogy knows that it is 0.",
            ),
            "summed over the batch": (
                right.sum(),
                "One number for each image: flatten(1) keeps the first dimension.",
            ),
        },
    )


@exercise("2.2", hint="differentiate log(1 + e^l) - x l, pixel by pixel.")
def logit_gradient(answer: Any) -> Mistake | None:
    x = _images()
    logits = 3 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    s = logits.sigmoid()
    return closest(
        answer(logits, x),
        s - x,
        {
            "the other sign": (x - s, "This is the way down, not up: the gradient is s - x."),
            "squared error": (
                (s - x) * s * (1 - s),
                "That is half the squared error's; in the cross-entropy s (1 - s) cancels.",
            ),
            "squared error, without the half": (
                2 * (s - x) * s * (1 - s),
                "That is the squared error's gradient; in the cross-entropy s (1 - s) cancels.",
            ),
            "no sigmoid": (logits - x, "The derivative of log(1 + e^l) is sigmoid(l), not l."),
            "divided by the pixels": (
                (s - x) / x[0].numel(),
                "The loss is a sum over pixels, so each pixel's gradient stands undivided.",
            ),
            "mean over everything": (
                (s - x) / x.numel(),
                "The loss here is a sum, over pixels and images: nothing is divided.",
            ),
            "with respect to the probability": (
                (s - x) / (s * (1 - s)),
                "That is the derivative by s; multiply by ds/dl = s (1 - s).",
            ),
        },
    )


@exercise("2.3", hint="subtract the mean, then undo a square root of the covariance.")
def whiten(answer: Any) -> Mistake | None:
    draws = torch.randn(400, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    codes = draws @ torch.tensor([[3.0, 2.0], [0.0, 0.5]]).double() + torch.tensor([4.0, -5.0])
    codes = codes.float()
    got = answer(codes)
    if not isinstance(got, Tensor) or got.shape != codes.shape:
        return closest(got, codes)
    centred, covariance = codes - codes.mean(0), torch.cov(codes.T)
    lower = torch.linalg.cholesky(covariance)

    def moments(z: Tensor) -> Tensor:
        return torch.cat([z.mean(0), torch.cov(z.T).flatten()])

    def undo(factor: Tensor, z: Tensor) -> Tensor:
        return torch.linalg.solve(factor, z.T).T

    return closest(
        moments(got),
        torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0, 1.0]),
        {
            "only the mean": (
                moments(centred),
                "The mean is 0 now; the spread and the correlation are still those of the codes.",
            ),
            "each axis on its own": (
                moments(centred / codes.std(0)),
                "Dividing by standard deviations leaves the correlation between the axes.",
            ),
            "the mean kept": (
                moments(undo(lower, codes)),
                "The covariance is right; subtract the mean before you apply the map.",
            ),
            "covariance instead of its root": (
                moments(undo(covariance, centred)),
                "Undo a square root of the covariance: the map acts on both sides of it.",
            ),
            "the factor on the wrong side": (
                moments(centred @ torch.linalg.inv(lower)),
                "Rows are points: L^-1 (z - mean) is (codes - mean) @ inv(L).T, transposed.",
            ),
        },
        tolerance=1e-3,
    )


@exercise("2.4", hint="two costs and a difference: the mean image's minus the decoder's.")
def gain(answer: Any) -> Mistake | None:
    x = _images()
    logits = torch.randn(x.shape, generator=torch.Generator().manual_seed(3))
    mean_image = 0.1 + 0.8 * torch.rand(x.shape[1:], generator=torch.Generator().manual_seed(4))
    mean_logits = torch.logit(mean_image).expand_as(x)
    cost, lazy = reconstruction_nats(logits, x), reconstruction_nats(mean_logits, x)
    grey = reconstruction_nats(torch.zeros_like(x), x)
    best = F.binary_cross_entropy(x, x, reduction="none").flatten(1).sum(1)
    return closest(
        answer(logits, x, mean_image),
        lazy - cost,
        {
            "a loss instead of a gain": (
                cost - lazy,
                "Nats *saved*: what the mean image costs, minus what the decoder costs.",
            ),
            "probabilities as logits": (
                reconstruction_nats(mean_image.expand_as(x), x) - cost,
                "The mean image holds probabilities; torch.logit turns them into logits.",
            ),
            "the decoder's own cost": (cost, "Compare: subtract it from the mean image's cost."),
            "measured from the floor": (
                cost - best,
                "That is the distance to the floor; the question is about the mean image.",
            ),
            "measured from grey": (
                grey - cost,
                "Logit 0 is the answer grey 1/2; the landmark asked for is the mean image.",
            ),
            "mean instead of sum": (
                (lazy - cost) / x[0].numel(),
                "Sum over the pixels of an image; the mean is 1/64 of it for 8 x 8 pixels.",
            ),
        },
    )
