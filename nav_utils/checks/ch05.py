"""Exercises of chapter 05: Adam's step, the spread of the codes, the gradient penalty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from nav_utils.checks import GENERIC, Mistake, closest, exercise, first_mistake
from nav_utils.checks.ch04 import Copied, Wrong, slope_in
from nav_utils.models import mlp, seeded


@exercise("5.1", hint="after bias correction the first averages are g and g squared themselves")
def first_adam_step(answer: Callable[[Tensor, float], Tensor]) -> Mistake | None:
    """Change of the weights in Adam's very first step."""
    generator = torch.Generator().manual_seed(51)

    def judged(gradient: Tensor, rate: float) -> Mistake | None:
        # Adam's epsilon of 1e-8 is negligible beside these gradients: far below the tolerance.
        got = answer(gradient, rate)
        return closest(got, -rate * gradient.sign(), wrong_steps(gradient, rate), 1e-3, False)

    fresh = [3 * torch.randn(shape, generator=generator) for shape in ((7,), (3, 4), (1,))]
    gradients = [torch.tensor([3.0, -0.02, 500.0, -7.0]), *fresh]
    return first_mistake(map(judged, gradients, (0.01, 0.3, 0.002, 1.5)))


def wrong_steps(gradient: Tensor, rate: float) -> Wrong:
    """Steps that likely mistakes give."""
    right = -rate * gradient.sign()
    return {
        "gradient descent": (
            -rate * gradient,
            "That is plain gradient descent. Adam divides by the root of the averaged squared "
            "gradient, so that its size cancels.",
        ),
        "wrong sign": (
            -right,
            "Adam descends: the step goes against the gradient.",
        ),
        "no learning rate": (
            -gradient.sign(),
            "The step is as long as the learning rate: multiply by it.",
        ),
        "no bias correction": (
            right * 0.1 / 0.001**0.5,
            "Divide the averages by 1 - beta1 and 1 - beta2 first: they start from zero.",
        ),
        "first average not corrected": (
            right * 0.1,
            "Divide the average of the gradient by 1 - beta1 too: both start from zero.",
        ),
        "second average not corrected": (
            right / 0.001**0.5,
            "Divide the average of the squared gradient by 1 - beta2 too: both start from zero.",
        ),
        "normalised as a whole": (
            -rate * gradient / gradient.norm(),
            "Adam divides each weight's gradient by its own size, not by the norm of all.",
        ),
        "normalised by the largest": (
            -rate * gradient / gradient.abs().max(),
            "Adam divides each weight's gradient by its own size, not by the largest.",
        ),
        "squared gradient without root": (
            -rate / gradient,
            "Divide by the square root of the second average, not by the average.",
        ),
        "the size without the sign": (
            torch.full_like(gradient, -rate),
            "Each weight steps against the sign of its own gradient.",
        ),
    }


@exercise("5.2", hint="centre the codes; then the eigenvalues, not the diagonal, of the covariance")
def spread(answer: Callable[[Tensor], Tensor]) -> Mistake | None:
    """Eigenvalues of the covariance of codes (N, d), smallest first."""
    with seeded(0):
        codes = [torch.randn(40, 2) @ torch.tensor([[1.5, 1.0], [0.0, 0.4]])]
        codes += [torch.randn(n, d) @ torch.randn(d, d) for n, d in ((13, 3), (30, 5))]
        codes = [z + 2 * torch.randn(z.shape[1]) for z in codes]
    return first_mistake(spread_of(answer(z), z) for z in codes)


def spread_of(got: Any, z: Tensor) -> Mistake | None:
    """Judge the eigenvalues for one set of codes; dividing by N is as good as by N - 1."""
    if isinstance(got, (tuple, list)) and len(got) == 2 and getattr(got[1], "ndim", 0) == 2:
        return Mistake(
            "eigenvectors too",
            "Return the eigenvalues only: torch.linalg.eigvalsh gives them alone.",
        )
    if getattr(got, "is_complex", bool)():
        return Mistake(
            "complex eigenvalues",
            "A covariance is symmetric: torch.linalg.eigvalsh gives real eigenvalues, in order.",
        )
    found = [
        closest(got, *spread_and_mistakes(z, correction), strict=False) for correction in (1, 0)
    ]
    if None in found:
        return None
    named = (mistake for mistake in found if mistake and mistake.name not in GENERIC)
    return next(named, found[0])


def spread_and_mistakes(z: Tensor, correction: int) -> tuple[Tensor, Wrong]:
    """The right eigenvalues and what likely mistakes give, divided by N - correction."""
    covariance = torch.cov(z.T, correction=correction).reshape(z.shape[1], z.shape[1])
    right = torch.linalg.eigvalsh(covariance)
    size = len(z) - correction
    deviation = covariance.diag().sqrt()
    return right, {
        "variances instead of eigenvalues": (
            covariance.diag(),
            "A thin diagonal cloud has two large variances. Take the eigenvalues.",
        ),
        "variances in order": (
            covariance.diag().sort().values,
            "A thin diagonal cloud has two large variances. Take the eigenvalues.",
        ),
        "standard deviations": (
            right.clamp(min=0).sqrt(),
            "These are square roots: leave the eigenvalues in units of variance.",
        ),
        "not centred": (
            torch.linalg.eigvalsh(z.T @ z / size),
            "Subtract the mean first; a shifted cloud is not a wide one.",
        ),
        "not divided by N": (
            right * size,
            "Divide by the number of codes: the spread must not grow with it.",
        ),
        "largest first": (
            right.flip(0),
            "The task asks for the smallest first.",
        ),
        "correlation instead of covariance": (
            torch.linalg.eigvalsh(covariance / deviation / deviation[:, None]),
            "The correlation forgets the size of the cloud, which is what we want to know.",
        ),
        "covariance of the rows": (
            torch.linalg.eigvalsh(torch.cov(z, correction=min(correction, z.shape[1] - 1))),
            "torch.cov and np.cov want one row for each coordinate: give them codes.T.",
        ),
    }


@exercise(
    "5.3", hint="autograd.grad of the summed logits with respect to z, with create_graph=True"
)
def slope_charge(answer: Callable[[nn.Module, Tensor], Tensor]) -> Mistake | None:
    """Mean squared length of the gradient of the logit, differentiable in the weights."""
    sizes = ((5, 3), (12, 2), (8, 4), (3, 1))
    return first_mistake(charge_of(answer, *size, strict=size == sizes[0]) for size in sizes)


def charge_of(
    answer: Callable[[nn.Module, Tensor], Tensor], rows: int, dim: int, strict: bool
) -> Mistake | None:
    """Judge the penalty, and its gradient in the weights, on a network of one size."""
    with seeded(rows):
        network, z = nn.Sequential(Copied(), mlp([dim, 8, 1])), 2 * torch.randn(rows, dim)
    leaf = z.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(leaf).sum(), leaf, create_graph=True)
    squared = gradient.square().sum(-1)
    got = answer(network, z)
    network.requires_grad_(True)
    if isinstance(got, Tensor) and got.numel() == 1:
        got = got.reshape(())
    mistake = closest(got, squared.detach().mean(), wrong_charges(gradient.detach()), strict=strict)
    if mistake is not None:
        return mistake
    try:
        found = slope_in(got, network)
    except RuntimeError:
        return Mistake(
            "the graph is used up",
            "The gradient can't be taken any more: return the penalty, leave backward() out, and "
            "change nothing in place on the way.",
        )
    if not found.any():
        return Mistake(
            "no graph",
            "The value is right, but the discriminator cannot learn from it: create_graph=True, "
            "and no detach, item or NumPy.",
        )
    if closest(found, slope_in(squared.mean(), network)):
        return Mistake(
            "a part is cut off",
            "The value is right, and its gradient in the weights is another: no detach or no_grad "
            "on the way, and the discriminator as it is.",
        )
    return None


def wrong_charges(gradient: Tensor) -> Wrong:
    """Values that likely mistakes give, from the gradient (N, d) of the logit at each point."""
    squared = gradient.square().sum(-1)
    return {
        "length instead of its square": (
            squared.sqrt().mean(),
            "R1 and R2 charge for the square of the length of the gradient.",
        ),
        "squared after the mean": (
            squared.sqrt().mean().square(),
            "Square each length first, then take the mean.",
        ),
        "mean over the coordinates": (
            gradient.square().mean(),
            "Sum the squares over the coordinates of z; the mean is over the batch only.",
        ),
        "sum over the batch": (
            squared.sum(),
            "Take the mean over the batch, or the penalty grows with the batch size.",
        ),
        "one number for each point": (
            squared,
            "Take the mean over the batch: the penalty is a single number.",
        ),
        "length of all gradients together": (
            squared.sum().sqrt(),
            "Sum over the coordinates only, leave out the root, and take the mean over the batch.",
        ),
        "gradient of the mean logit": (
            squared.mean() / len(gradient) ** 2,
            "Differentiate the sum of the logits: the mean divides each gradient by N.",
        ),
        "sum without squares": (
            gradient.sum(-1).mean(),
            "Square the entries of the gradient before you sum them.",
        ),
        "half the square": (
            squared.mean() / 2,
            "The task asks for the mean of the squared length without the factor 1/2.",
        ),
        "towards length one": (
            (squared.sqrt() - 1).square().mean(),
            "That is the penalty of a Wasserstein GAN; ours is centred on zero.",
        ),
    }
