"""Exercises of chapter 02."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nav_utils.checks import GENERIC, Mistake, closest, exercise, on_each
from nav_utils.checks.compare import to_array
from nav_utils.training import reconstruction_nats

# The right value and those of likely mistakes: name -> (value, advice).
Expected = tuple[Tensor, Mapping[str, tuple[Any, str]]]


def _normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _images(*shape: int, seed: int = 0) -> Tensor:
    """Grey images (N, C, H, W), with pure paper and pure ink among the pixels."""
    x = torch.rand(shape, generator=torch.Generator().manual_seed(seed))
    x[0, 0, 0, 0], x[1, 0, 1, 1] = 0.0, 1.0
    return x


SHAPES = ((3, 1, 2, 4), (5, 1, 3, 3), (12, 2, 4, 2))


@exercise("2.1", hint="the best answer to a pixel x is s = x; put it into the cross-entropy.")
def floor(answer: Any) -> Mistake | None:
    inputs = [(_images(*shape, seed=seed),) for seed, shape in enumerate(SHAPES)]
    return on_each(answer, _floor, inputs)


def _floor(x: Tensor) -> Expected:
    ink = -torch.xlogy(x, x)
    right = (ink - torch.xlogy(1 - x, 1 - x)).flatten(1).sum(1)
    plain = (-x * x.log() - (1 - x) * (1 - x).log()).flatten(1).sum(1)  # 0 log 0 is NaN
    return right, {
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
        "black and white only": (
            torch.zeros_like(right),
            "A rounded image has no entropy. The pixels are grey: use x itself.",
        ),
    }


@exercise("2.2", hint="differentiate log(1 + e^l) - x l, pixel by pixel.")
def logit_gradient(answer: Any) -> Mistake | None:
    inputs = [
        (3 * _normal(*shape, seed=10 + seed), _images(*shape, seed=seed))
        for seed, shape in enumerate(SHAPES)
    ]
    return on_each(answer, _logit_gradient, inputs)


def _logit_gradient(logits: Tensor, x: Tensor) -> Expected:
    s = logits.sigmoid()
    return s - x, {
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
        "only the first term": (s, "The second term, -x l, has a derivative too."),
        "divided by the pixels": (
            (s - x) / x[0].numel(),
            "The loss is a sum over pixels, so each pixel's gradient stands undivided.",
        ),
        "mean over the images": (
            (s - x) / len(x),
            "The loss here is summed over the images, too: nothing is divided.",
        ),
        "mean over everything": (
            (s - x) / x.numel(),
            "The loss here is a sum, over pixels and images: nothing is divided.",
        ),
        "with respect to the probability": (
            (s - x) / (s * (1 - s)),
            "That is the derivative by s; multiply by ds/dl = s (1 - s).",
        ),
    }


@exercise("2.3", hint="subtract the mean, then undo a square root of the covariance.")
def whiten(answer: Any) -> Mistake | None:
    for n, d in ((400, 2), (60, 3), (12, 5)):
        codes = _stretched(n, d)
        found = _not_white(answer(codes), codes, strict=d == 2)
        if found:
            return found
    return None


def _stretched(n: int, d: int) -> Tensor:
    """Codes (n, d), off centre and correlated: samples of a normal distribution."""
    if d == 2:
        factor = torch.tensor([[3.0, 2.0], [0.0, 0.5]])
    else:  # no axis, and no pair of them, is like another
        factor = torch.diag(torch.linspace(0.5, 2.0, d)) + _normal(d, d, seed=20 + d).triu(1)
    return _normal(n, d, seed=30 + d) @ factor + torch.linspace(4.0, -5.0, d)


def _moments(z: Tensor) -> Tensor:
    """The mean and, below it, the covariance of rows (N, d): (d + 1, d)."""
    return torch.cat([z.mean(0)[None], torch.cov(z.T)])


def _not_white(got: Any, codes: Tensor, strict: bool) -> Mistake | None:
    """What keeps `got` from being the codes, whitened by some linear map."""
    value, codes = to_array(got), codes.double()
    d = codes.shape[1]
    if value is None or value.shape != tuple(codes.shape):
        return closest(got, codes)
    white = torch.from_numpy(value).double()
    if not torch.isfinite(white).all():
        return closest(white, codes)
    named = {name: (_moments(z), advice) for name, (z, advice) in _half_white(codes).items()}
    target = torch.cat([torch.zeros(1, d), torch.eye(d)]).double()
    found = closest(_moments(white), target, named, tolerance=1e-3, strict=strict)
    centred = codes - codes.mean(0)
    matrix = torch.linalg.lstsq(centred, white).solution  # white = centred @ matrix, at best
    if found and found.name in GENERIC:
        roots = torch.linalg.eigvalsh(torch.cov(codes.T)).sqrt()
        repaired = centred @ (matrix * roots).T / roots
        if closest(_moments(repaired), target, tolerance=1e-3) is None:
            advice = "torch.linalg.eigh gives eigenvectors as columns: centred @ V, not @ V.T."
            return Mistake("the eigenvectors transposed", advice)
        mean, *rows = (
            [float(f"{round(v, 3):.2g}") + 0.0 for v in row] for row in _moments(white).tolist()
        )
        advice = f"For {len(codes)} codes with d = {d} came the mean {mean} and the covariance"
        return Mistake("not white", f"{advice} {rows}; it should be 0 and the unit matrix.")
    if not found and (white - centred @ matrix).abs().max() > 1e-2:
        return Mistake(
            "not a map of the codes",
            "Mean and covariance are right, but row i is not a linear map of code i: start from "
            "the codes, and keep their order.",
        )
    return found


def _half_white(codes: Tensor) -> dict[str, tuple[Tensor, str]]:
    """What likely mistakes make of the codes: name -> (points, advice)."""
    centred, covariance = codes - codes.mean(0), torch.cov(codes.T)
    lower = torch.linalg.cholesky(covariance)

    def undo(factor: Tensor, z: Tensor) -> Tensor:
        return torch.linalg.solve(factor, z.T).T

    return {
        "only the mean": (
            centred,
            "The mean is 0 now; the spread and the correlation are still those of the codes.",
        ),
        "each axis on its own": (
            centred / codes.std(0),
            "Dividing by standard deviations leaves the correlation between the axes.",
        ),
        "the mean kept": (
            undo(lower, codes),
            "The covariance is right; subtract the mean before you apply the map.",
        ),
        "covariance instead of its root": (
            undo(covariance, centred),
            "Undo a square root of the covariance: the map acts on both sides of it.",
        ),
        "the factor on the wrong side": (
            centred @ torch.linalg.inv(lower),
            "Rows are points: L^-1 (z - mean) is (codes - mean) @ inv(L).T, transposed.",
        ),
        "only turned": (
            centred @ torch.linalg.eigh(covariance).eigenvectors,
            "The correlation is gone; divide each axis by the root of its eigenvalue, too.",
        ),
        "divided by N": (
            undo(lower, centred) * math.sqrt(len(codes) / (len(codes) - 1)),
            "Divide by N - 1 in the covariance, as torch.cov does.",
        ),
    }


@exercise("2.4", hint="two costs and a difference: the mean image's minus the decoder's.")
def gain(answer: Any) -> Mistake | None:
    inputs = [
        (
            _normal(*shape, seed=40 + seed),
            _images(*shape, seed=seed),
            0.1 + 0.8 * _images(2, *shape[1:], seed=50 + seed)[1],
        )
        for seed, shape in enumerate(SHAPES)
    ]
    return on_each(answer, _gain, inputs)


def _gain(logits: Tensor, x: Tensor, mean_image: Tensor) -> Expected:
    cost = reconstruction_nats(logits, x)
    lazy = reconstruction_nats(torch.logit(mean_image).expand_as(x), x)
    own = reconstruction_nats(torch.logit(x.mean(0)).expand_as(x), x)
    grey = reconstruction_nats(torch.zeros_like(x), x)
    best = F.binary_cross_entropy(x, x, reduction="none").flatten(1).sum(1)
    return lazy - cost, {
        "a loss instead of a gain": (
            cost - lazy,
            "Nats *saved*: what the mean image costs, minus what the decoder costs.",
        ),
        "probabilities as logits": (
            reconstruction_nats(mean_image.expand_as(x), x) - cost,
            "The mean image holds probabilities; torch.logit turns them into logits.",
        ),
        "logits as probabilities, twice squashed": (
            lazy - reconstruction_nats(logits.sigmoid(), x),
            "The decoder's logits are logits already: no sigmoid before the cost.",
        ),
        "the decoder's own cost": (cost, "Compare: subtract it from the mean image's cost."),
        "the mean image's cost": (lazy, "Compare: subtract the decoder's cost from it."),
        "measured from the floor": (
            cost - best,
            "That is the distance to the floor; the question is about the mean image.",
        ),
        "measured from grey": (
            grey - cost,
            "Logit 0 is the answer grey 1/2; the landmark asked for is the mean image.",
        ),
        "the mean of this batch": (
            own - cost,
            "The mean image is given; do not compute another one from x.",
        ),
        "mean instead of sum": (
            (lazy - cost) / x[0].numel(),
            "Sum over the pixels of an image; the mean is 1/64 of it for 8 x 8 pixels.",
        ),
        "summed over the batch": (
            (lazy - cost).sum(),
            "One number for each image: flatten(1) keeps the first dimension.",
        ),
    }
