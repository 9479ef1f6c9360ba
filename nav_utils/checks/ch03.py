"""Exercises of chapter 03."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nav_utils.checks import Mistake, exercise, on_each

# The right value and those of likely mistakes: name -> (value, advice).
Expected = tuple[Tensor, Mapping[str, tuple[Any, str]]]


def _normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@exercise("3.1", hint="E (z - mean_2)^2 under the first cloud is its variance plus (m_1 - m_2)^2.")
def kl_gaussians(answer: Any) -> Mistake | None:
    shapes = ((4, 3), (5, 2), (12, 7))
    inputs = [tuple(_normal(*s, seed=10 * i + k) for k in range(4)) for i, s in enumerate(shapes)]
    return on_each(answer, _kl_gaussians, inputs)


def _terms(m_1: Tensor, v_1: Tensor, m_2: Tensor, v_2: Tensor) -> Tensor:
    """Twice the KL divergence of each coordinate, from means and log-variances."""
    return (v_1.exp() + (m_1 - m_2) ** 2) / v_2.exp() - 1 + v_2 - v_1


def _kl_gaussians(m_1: Tensor, v_1: Tensor, m_2: Tensor, v_2: Tensor) -> Expected:
    terms = _terms(m_1, v_1, m_2, v_2)
    squares = (m_1 - m_2) ** 2
    return 0.5 * terms.sum(-1), {
        "the two clouds swapped": (
            0.5 * _terms(m_2, v_2, m_1, v_1).sum(-1),
            "KL is not symmetric: the expectation is over the first cloud.",
        ),
        "half forgotten": (
            terms.sum(-1),
            "A factor 1/2 stands before the sum: both log densities carry it.",
        ),
        "only the prior": (
            0.5 * (m_1**2 + v_1.exp() - 1 - v_1).sum(-1),
            "This is the KL to N(0, I); the second cloud has a mean and a variance of its own.",
        ),
        "the distance not scaled": (
            0.5 * (v_1.exp() / v_2.exp() + squares - 1 + v_2 - v_1).sum(-1),
            "Divide (mean_1 - mean_2)^2 by the second variance, too.",
        ),
        "the distance not squared": (
            0.5 * ((v_1.exp() + (m_1 - m_2)) / v_2.exp() - 1 + v_2 - v_1).sum(-1),
            "The means enter as (mean_1 - mean_2)^2.",
        ),
        "the 1 forgotten": (
            0.5 * (terms + 1).sum(-1),
            "Each coordinate has a -1: two equal clouds cost nothing.",
        ),
        "logarithms with the other sign": (
            0.5 * ((v_1.exp() + squares) / v_2.exp() - 1 + v_1 - v_2).sum(-1),
            "-log q_2 brings + log variance_2, and log q_1 brings - log variance_1.",
        ),
        "variance instead of standard deviation": (
            0.5 * _terms(m_1, 2 * v_1, m_2, 2 * v_2).sum(-1),
            "exp(log_variance) is sigma^2; sigma, which Normal takes, is exp(log_variance / 2).",
        ),
        "mean instead of sum": (
            0.5 * terms.mean(-1),
            "Log densities of independent coordinates add up: sum over the coordinates.",
        ),
        "summed over the batch": (
            0.5 * terms.sum(),
            "One number for each pair of clouds: sum over the last dimension only.",
        ),
        "not summed": (
            0.5 * terms,
            "Sum over the coordinates: one number for each pair of clouds.",
        ),
    }


@exercise("3.2", hint="the standard deviation is exp(log_variance / 2).")
def draw(answer: Any) -> Mistake | None:
    shapes = ((5, 2), (3, 4), (12, 1))
    inputs = [
        tuple(_normal(*s, seed=40 + 10 * i + k).requires_grad_(k < 2) for k in range(3))
        for i, s in enumerate(shapes)
    ]
    wrong = on_each(answer, _draw, inputs)
    if wrong:
        return wrong
    mean, log_variance, noise = inputs[0]
    got = answer(mean, log_variance, noise)
    if isinstance(got, Tensor) and got.requires_grad:
        try:
            gradients = torch.autograd.grad(got.sum(), (mean, log_variance), allow_unused=True)
        except RuntimeError:
            return Mistake(
                "overwritten before the gradient",
                "The values are right, but a step in place has overwritten what the gradient needs "
                "(the result of exp, most likely): write that step without the underscore.",
            )
        if all(g is not None and bool(g.any()) for g in gradients):
            return None
    return Mistake(
        "the gradient is cut",
        "The values are right, but no gradient reaches mean and log_variance: stay in torch, and "
        "use neither detach nor no_grad.",
    )


def _draw(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Expected:
    deviation = (0.5 * log_variance).exp()
    return mean + deviation * noise, {
        "variance instead of standard deviation": (
            mean + log_variance.exp() * noise,
            "exp(log_variance) is the variance; the noise is scaled by its square root.",
        ),
        "the logarithm as the scale": (
            mean + log_variance * noise,
            "log_variance is a logarithm and may be negative: take exp(log_variance / 2).",
        ),
        "half the variance": (
            mean + 0.5 * log_variance.exp() * noise,
            "The half belongs inside the exponential: exp(0.5 * log_variance).",
        ),
        "the mean forgotten": (deviation * noise, "Shift the scaled noise by the mean."),
        "the mean scaled, too": (
            deviation * (mean + noise),
            "Only the noise is scaled: add the mean afterwards.",
        ),
        "no noise": (mean, "This is the middle of the cloud: a sample needs the noise."),
        "noise subtracted": (
            mean - deviation * noise,
            "Distributed as asked, but the sample made from this noise is mean + sigma * noise.",
        ),
        "the exponent's sign": (
            mean + (-0.5 * log_variance).exp() * noise,
            "exp(-log_variance / 2) is one over the standard deviation.",
        ),
    }


@exercise("3.3", hint="a softmax over the images of the log densities of the code.")
def whose(answer: Any) -> Mistake | None:
    sizes = ((4, 6, 2), (12, 5, 3), (5, 5, 1))
    inputs = [
        (
            _normal(m, d, seed=70 + i),
            _normal(n, d, seed=80 + i),
            _normal(n, d, seed=90 + i),
        )
        for i, (m, n, d) in enumerate(sizes)
    ]
    return on_each(answer, _whose, inputs)


def _whose(z: Tensor, mean: Tensor, log_variance: Tensor) -> Expected:
    squares = (z[:, None] - mean) ** 2
    log_density = -0.5 * (squares / log_variance.exp() + log_variance).sum(-1)
    return log_density.softmax(1), {
        "normalised over the codes": (
            log_density.softmax(0),
            "For one code the probabilities of all images add up to 1: rows, not columns.",
        ),
        "normalised over everything": (
            log_density.flatten().softmax(0).view_as(log_density),
            "Each row adds up to 1: take the softmax over dim=1 alone.",
        ),
        "transposed": (
            log_density.softmax(1).T,
            "Codes are rows and images are columns: (M, N).",
        ),
        "all clouds equally wide": (
            (-0.5 * squares.sum(-1)).softmax(1),
            "Distances count in units of each cloud's own standard deviation.",
        ),
        "the factor 1 / sigma forgotten": (
            (-0.5 * (squares / log_variance.exp()).sum(-1)).softmax(1),
            "A wide cloud is thin everywhere: the density has a factor 1 / sigma.",
        ),
        "the factor 1 / sigma squared": (
            (-0.5 * (squares / log_variance.exp() + 2 * log_variance).sum(-1)).softmax(1),
            "The density has a factor 1 / sigma, not one over the variance.",
        ),
        "the half forgotten": (
            (2 * log_density).softmax(1),
            "The exponent is -(z - mean)^2 / (2 sigma^2): half of what stands here.",
        ),
        "far is likely": (
            (-log_density).softmax(1),
            "The nearer the cloud, the likelier: mind the minus in the exponent.",
        ),
        "variance instead of standard deviation": (
            torch.distributions.Normal(mean, log_variance.exp())
            .log_prob(z[:, None])
            .sum(-1)
            .softmax(1),
            "Normal takes the standard deviation, exp(log_variance / 2).",
        ),
        "logarithms instead of probabilities": (
            log_density.log_softmax(1),
            "Probabilities were asked for: softmax, or the exponential of what you have.",
        ),
        "densities instead of probabilities": (
            log_density.exp() / (2 * math.pi) ** (z.shape[1] / 2),
            "Bayes' rule has a denominator: divide by the sum over the images.",
        ),
    }


@exercise("3.4", hint="torch.logsumexp over the samples, and then the 1/K.")
def bound(answer: Any) -> Mistake | None:
    inputs = [
        (3 * _normal(8, 3, seed=100) - torch.tensor([1000.0, 1150.0, 1300.0]),),
        (3 * _normal(5, 4, seed=101) - 2.0,),
        (3 * _normal(12, 7, seed=102) - 300.0,),
    ]
    # The values are large and differ little: 1e-5 of 1000 is fine enough to tell them apart.
    return on_each(answer, _bound, inputs, tolerance=1e-5)


def _bound(log_weights: Tensor) -> Expected:
    k, n = log_weights.shape
    right = torch.logsumexp(log_weights, 0) - math.log(k)
    shift = log_weights.max()
    return right, {
        "mean of the logarithms": (
            log_weights.mean(0),
            "That is the plain evidence lower bound, averaged: the mean goes inside the log.",
        ),
        "sum instead of mean": (
            right + math.log(k),
            "The weights are averaged: subtract log K.",
        ),
        "K instead of log K": (
            right + math.log(k) - k,
            "Dividing the sum by K subtracts log K from its logarithm.",
        ),
        "divided by K outside": (
            (right + math.log(k)) / k,
            "The 1/K stands inside the logarithm: subtract log K.",
        ),
        "the number of images": (
            right + math.log(k) - math.log(n),
            "The average is over the K samples, the first dimension.",
        ),
        "underflow": (
            log_weights.exp().mean(0).log(),
            "exp(-1000) is 0 in floating point, and log 0 is -inf: use torch.logsumexp.",
        ),
        "one maximum for all images": (
            shift + (log_weights - shift).exp().mean(0).log(),
            "Beside the largest weight of all images, those of another image underflow: take the "
            "maximum of each image, or torch.logsumexp.",
        ),
        "over the images": (
            torch.logsumexp(log_weights, 1) - math.log(n),
            "The samples are the first dimension; keep one number for each image.",
        ),
        "over everything": (
            torch.logsumexp(log_weights.flatten(), 0) - math.log(k * n),
            "Keep one number for each image: the logarithm is of a mean over dim=0.",
        ),
        "only the best sample": (
            log_weights.max(0).values,
            "The largest weight dominates, but it is the average that bounds log p(x).",
        ),
        "minus sign": (-right, "The bound is of log p(x) itself, not of minus it."),
    }
