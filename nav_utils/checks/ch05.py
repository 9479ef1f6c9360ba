"""Exercises of chapter 05: Adam's step, the spread of the codes, the gradient penalty."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nav_utils.checks import Mistake, closest, exercise
from nav_utils.models import mlp, seeded


@exercise("5.1", hint="after bias correction the first averages are g and g squared themselves")
def first_adam_step(answer: Callable[[Tensor, float], Tensor]) -> Mistake | None:
    """Change of the weights in Adam's very first step."""
    gradient, rate = torch.tensor([3.0, -0.02, 500.0, -7.0]), 0.01
    right = -rate * gradient.sign()
    uncorrected = -rate * (0.1 * gradient) / (0.001 * gradient**2).sqrt()
    return closest(
        answer(gradient, rate),
        right,
        {
            "gradient descent": (
                -rate * gradient,
                "That is plain gradient descent. Adam divides by the root of the averaged squared "
                "gradient, so that its size cancels.",
            ),
            "wrong sign": (
                -right,
                "Adam descends: the step goes against the gradient.",
            ),
            "no bias correction": (
                uncorrected,
                "Divide the averages by 1 - beta1 and 1 - beta2 first: they start from zero.",
            ),
            "normalised as a whole": (
                -rate * gradient / gradient.norm(),
                "Adam divides each weight's gradient by its own size, not by the norm of all.",
            ),
            "squared gradient without root": (
                -rate * gradient / gradient**2,
                "Divide by the square root of the second average, not by the average.",
            ),
        },
        tolerance=1e-3,
    )


@exercise("5.2", hint="centre the codes; then the eigenvalues, not the diagonal, of the covariance")
def spread(answer: Callable[[Tensor], Tensor]) -> Mistake | None:
    """Eigenvalues of the covariance of codes (N, d), smallest first."""
    with seeded(0):
        z = torch.randn(40, 2) @ torch.tensor([[1.5, 1.0], [0.0, 0.4]]) + torch.tensor([1.0, -2.0])
    covariance = torch.cov(z.T)
    right = torch.linalg.eigvalsh(covariance)
    got = torch.as_tensor(answer(z))
    if got.is_complex():
        return Mistake(
            "complex eigenvalues",
            "A covariance is symmetric: torch.linalg.eigvalsh gives real eigenvalues, in order.",
        )
    raw = torch.linalg.eigvalsh(z.T @ z / len(z))
    return closest(
        got,
        right,
        {
            "variances instead of eigenvalues": (
                covariance.diag(),
                "A thin diagonal cloud has two large variances. Take the eigenvalues.",
            ),
            "standard deviations": (
                right.sqrt(),
                "These are square roots: leave the eigenvalues in units of variance.",
            ),
            "not centred": (
                raw,
                "Subtract the mean first; a shifted cloud is not a wide one.",
            ),
            "largest first": (
                right.flip(0),
                "The task asks for the smallest first.",
            ),
            "correlation instead of covariance": (
                torch.linalg.eigvalsh(torch.corrcoef(z.T)),
                "The correlation forgets the size of the cloud, which is what we want to know.",
            ),
        },
        tolerance=0.04,  # dividing by N instead of N - 1 is as good
    )


@exercise(
    "5.3", hint="autograd.grad of the summed logits with respect to z, with create_graph=True"
)
def slope_charge(answer: Callable[[nn.Module, Tensor], Tensor]) -> Mistake | None:
    """Mean squared length of the gradient of the logit, differentiable in the weights."""
    with seeded(0):
        network, z = mlp([3, 8, 1]), torch.randn(5, 3)
    (gradient,) = torch.autograd.grad(network(leaf := z.clone().requires_grad_()).sum(), leaf)
    squared = gradient.square().sum(-1)
    got = answer(network, z)
    mistake = closest(
        got,
        squared.mean(),
        {
            "length instead of its square": (
                squared.sqrt().mean(),
                "R1 and R2 charge for the square of the length of the gradient.",
            ),
            "mean over the coordinates": (
                gradient.square().mean(),
                "Sum the squares over the coordinates of z; the mean is over the batch only.",
            ),
            "sum over the batch": (
                squared.sum(),
                "Take the mean over the batch, or the penalty grows with the batch size.",
            ),
            "gradient of the mean logit": (
                squared.mean() / len(z) ** 2,
                "Differentiate the sum of the logits: the mean divides each gradient by N.",
            ),
            "towards length one": (
                (squared.sqrt() - 1).square().mean(),
                "That is the penalty of a Wasserstein GAN; ours is centred on zero.",
            ),
        },
    )
    if mistake is not None:
        return mistake
    if not getattr(got, "requires_grad", False):
        return Mistake(
            "no graph",
            "The value is right, but the discriminator cannot learn from it: create_graph=True, "
            "and no detach or item.",
        )
    return None
