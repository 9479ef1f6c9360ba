"""Exercises of chapter 03."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise


def _normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _kl(m_1: Tensor, v_1: Tensor, m_2: Tensor, v_2: Tensor) -> Tensor:
    """Twice the KL divergence of each coordinate, from means and log-variances."""
    return (v_1.exp() + (m_1 - m_2) ** 2) / v_2.exp() - 1 + v_2 - v_1


@exercise("3.1", hint="E (z - mean_2)^2 under the first cloud is its variance plus (m_1 - m_2)^2.")
def kl_gaussians(answer: Any) -> Mistake | None:
    m_1, v_1, m_2, v_2 = (_normal(4, 3, seed=seed) for seed in range(4))
    terms = _kl(m_1, v_1, m_2, v_2)
    squares = (m_1 - m_2) ** 2
    return closest(
        answer(m_1, v_1, m_2, v_2),
        0.5 * terms.sum(-1),
        {
            "the two clouds swapped": (
                0.5 * _kl(m_2, v_2, m_1, v_1).sum(-1),
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
            "logarithms with the other sign": (
                0.5 * ((v_1.exp() + squares) / v_2.exp() - 1 + v_1 - v_2).sum(-1),
                "-log q_2 brings + log variance_2, and log q_1 brings - log variance_1.",
            ),
            "mean instead of sum": (
                0.5 * terms.mean(-1),
                "Log densities of independent coordinates add up: sum over the coordinates.",
            ),
            "summed over the batch": (
                0.5 * terms.sum(),
                "One number for each pair of clouds: sum over the last dimension only.",
            ),
        },
    )


@exercise("3.2", hint="the standard deviation is exp(log_variance / 2).")
def draw(answer: Any) -> Mistake | None:
    mean, log_variance, noise = (_normal(5, 2, seed=seed) for seed in (4, 5, 6))
    mean.requires_grad_()
    log_variance.requires_grad_()
    got = answer(mean, log_variance, noise)
    deviation = (0.5 * log_variance).exp()
    wrong = closest(
        got,
        mean + deviation * noise,
        {
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
            "the exponent's sign": (
                mean + (-0.5 * log_variance).exp() * noise,
                "exp(-log_variance / 2) is one over the standard deviation.",
            ),
        },
    )
    if wrong:
        return wrong
    if got.requires_grad:
        gradients = torch.autograd.grad(got.sum(), (mean, log_variance), allow_unused=True)
    if not got.requires_grad or any(g is None for g in gradients):
        return Mistake(
            "the gradient is cut",
            "The values are right, but no gradient reaches mean and log_variance: use neither "
            "detach nor no_grad.",
        )
    return None


@exercise("3.3", hint="a softmax over the images of the log densities of the code.")
def whose(answer: Any) -> Mistake | None:
    z, mean, log_variance = _normal(4, 2, seed=7), _normal(6, 2, seed=8), _normal(6, 2, seed=9)
    squares = (z[:, None] - mean) ** 2
    log_density = -0.5 * (squares / log_variance.exp() + log_variance).sum(-1)
    return closest(
        answer(z, mean, log_variance),
        log_density.softmax(1),
        {
            "normalised over the codes": (
                log_density.softmax(0),
                "For one code the probabilities of all images add up to 1: rows, not columns.",
            ),
            "normalised over everything": (
                log_density.flatten().softmax(0).view_as(log_density),
                "Each row adds up to 1: take the softmax over dim=1 alone.",
            ),
            "all clouds equally wide": (
                (-0.5 * squares.sum(-1)).softmax(1),
                "Distances count in units of each cloud's own standard deviation.",
            ),
            "the factor 1 / sigma forgotten": (
                (-0.5 * (squares / log_variance.exp()).sum(-1)).softmax(1),
                "A wide cloud is thin everywhere: the density has a factor 1 / sigma.",
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
                log_density.exp() / (2 * math.pi),
                "Bayes' rule has a denominator: divide by the sum over the images.",
            ),
        },
    )


@exercise("3.4", hint="torch.logsumexp over the samples, and then the 1/K.")
def bound(answer: Any) -> Mistake | None:
    log_weights = 3 * _normal(8, 3, seed=10) - 1000.0
    right = torch.logsumexp(log_weights, 0) - math.log(8)
    # A tolerance of 1e-4 of 1000 would blur the differences: compare without the large constant.
    return closest(
        _shifted(answer(log_weights)),
        right + 1000,
        {
            "mean of the logarithms": (
                log_weights.mean(0) + 1000,
                "That is the plain evidence lower bound, averaged: the mean goes inside the log.",
            ),
            "sum instead of mean": (
                right + math.log(8) + 1000,
                "The weights are averaged: subtract log K.",
            ),
            "underflow": (
                torch.full((3,), -torch.inf),
                "exp(-1000) is 0 in floating point, and log 0 is -inf: use torch.logsumexp.",
            ),
            "over the images": (
                torch.logsumexp(log_weights, 1) - math.log(3) + 1000,
                "The samples are the first dimension; keep one number for each image.",
            ),
            "only the best sample": (
                log_weights.max(0).values + 1000,
                "The largest weight dominates, but it is the average that bounds log p(x).",
            ),
        },
        tolerance=1e-3,
    )


def _shifted(value: Any) -> Any:
    """An answer without the constant -1000; what is not a tensor is left to `closest`."""
    return value + 1000 if isinstance(value, Tensor) and value.is_floating_point() else value
