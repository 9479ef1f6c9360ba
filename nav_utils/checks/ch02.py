"""Exercises of chapter 02: the gradient of the loss, whitened codes, a cost for their place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nav_utils.checks import GENERIC, Mistake, closest, exercise, on_each
from nav_utils.checks.compare import to_array

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


@exercise("2.1", hint="differentiate log(1 + e^l) - x l, pixel by pixel.")
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


@exercise("2.2", hint="subtract the mean, then undo a square root of the covariance.")
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


@exercise("2.3", hint="compare codes.mean(0) with 0, and torch.cov(codes.T) with the unit matrix")
def mismatch(answer: Any) -> Mistake | None:
    """A function codes (N, d) -> a cost that is least at mean 0 and covariance I."""
    for n, d in ((300, 2), (200, 3)):
        found = _cost_of(answer, _white(n, d))
        if found:
            return found
    return None


def _white(n: int, d: int) -> Tensor:
    """Codes (n, d) with mean 0 and covariance I, exactly."""
    z = _normal(n, d, seed=60 + d)
    z = z - z.mean(0)
    return torch.linalg.solve(torch.linalg.cholesky(torch.cov(z.T)), z.T).T


def _cost_of(answer: Any, white: Tensor) -> Mistake | None:
    """What a cost overlooks: codes that are not like the prior, and cost no more than these."""
    least = answer(white)
    if isinstance(least, Tensor) and least.numel() == 1:
        least = least.reshape(())
    value = to_array(least)
    if value is None or value.ndim or not math.isfinite(float(value)):
        return closest(least, 0.0)  # wrong type, wrong shape, not finite
    for name, (codes, advice) in _unlike(white).items():
        if float(answer(codes)) < float(value) + 0.02:
            return Mistake(name, advice)
    leaf = (2 * white).requires_grad_()
    cost = answer(leaf)
    if isinstance(cost, Tensor) and cost.requires_grad:
        (gradient,) = torch.autograd.grad(cost.sum(), leaf, allow_unused=True)
        if gradient is not None and bool(gradient.isfinite().all()) and bool(gradient.any()):
            return None
    return Mistake(
        "the gradient is cut",
        "The cost is fine, but no gradient reaches the codes: stay in torch, and use neither "
        "detach nor no_grad.",
    )


def _unlike(white: Tensor) -> dict[str, tuple[Tensor, str]]:
    """Codes that are unlike the prior, by what a cost forgets that does not mind them."""
    turned = torch.eye(white.shape[1])
    turned[:2, 1] = torch.tensor([0.8, 0.6])  # each axis keeps its variance
    return {
        "the spread is free": (
            3 * white,
            "Codes that are three times as wide cost no more. Charge for the variance.",
        ),
        "the collapse is free": (
            0.1 * white,
            "Codes in one heap at the origin cost no more. A variance below 1 has to cost too.",
        ),
        "the place is free": (
            white + torch.tensor([2.0, *[0.0] * (white.shape[1] - 1)]),
            "Codes that lie beside the prior cost no more. Charge for the mean.",
        ),
        "the other axes are free": (
            white * torch.tensor([1.0] * (white.shape[1] - 1) + [2.0]),
            "Codes that are wide along the last axis cost no more. Charge for every axis.",
        ),
        "the correlation is free": (
            white @ turned,
            "Codes in a thin diagonal cloud cost no more. Compare the whole covariance with I.",
        ),
    }
