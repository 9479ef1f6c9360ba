"""Exercises of chapter 03: the KL of two clouds, a tighter bound, the weight of a collapse."""

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


@exercise("3.2", hint="torch.logsumexp over the samples, and then the 1/K.")
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


@exercise("3.3", hint="measure for two variances, then for two noises: with which does it grow?")
def largest_beta(answer: Any) -> Mistake | None:
    """A function (variance, noise) -> the weight at which the code of the toy collapses, (N,)."""
    inputs = [(torch.tensor([4.0, 0.7, 9.0]), torch.tensor([1.0, 0.5, 3.0]))]
    inputs += [(_normal(n, seed=n).exp(), _normal(n, seed=n + 1).exp()) for n in (5, 1)]
    return on_each(answer, _largest_beta, inputs, tolerance=0.05)


def _largest_beta(variance: Tensor, noise: Tensor) -> Expected:
    right = variance / noise
    return right, {
        "upside down": (
            noise / variance,
            "More variance to explain makes the code worth more: variance stands above.",
        ),
        "the root": (
            right.sqrt(),
            "Variance against variance: no root. Measure at four times the variance.",
        ),
        "the noise squared": (variance / noise**2, "`noise` is a variance already."),
        "the noise left out": (variance, "Measure with another noise: it counts too."),
        "the variance left out": (1 / noise, "Measure with another variance: it counts too."),
        "half": (right / 2, "Both terms carry the factor 1/2, and it cancels."),
        "one less": (right - 1, "At beta = 1 the code is used if variance is above noise."),
        "information, not weight": (
            0.5 * right.log().abs(),
            "That is the information at beta = 1, in nats. Asked for is beta.",
        ),
    }
