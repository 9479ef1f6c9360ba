"""Exercises of chapter 04: the losses of an adversarial autoencoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise
from nav_utils.models import mlp, seeded


@exercise("4.1", hint="minus log sigmoid(a) is softplus(-a); the prior should have a large logit")
def referee_loss(answer: Callable[[Tensor, Tensor], Tensor]) -> Mistake | None:
    """The discriminator's logistic loss from its logits, prior 1 and codes 0."""
    prior, codes = torch.tensor([2.0, -0.5, 1.0, 3.0]), torch.tensor([-1.0, 0.5, -2.0, 0.3])
    right = F.softplus(-prior).mean() + F.softplus(codes).mean()
    one, zero = torch.ones(4), torch.zeros(4)
    loss = F.binary_cross_entropy_with_logits
    mistake = closest(
        answer(prior, codes),
        right,
        {
            "labels swapped": (
                F.softplus(prior).mean() + F.softplus(-codes).mean(),
                "Prior samples are class 1 and codes class 0: a large logit on the prior is cheap.",
            ),
            "sigmoid twice": (
                loss(prior.sigmoid(), one) + loss(codes.sigmoid(), zero),
                "The inputs are logits and the loss has a sigmoid inside: leave out yours.",
            ),
            "half the loss": (
                right / 2,
                "Each half has its own mean, and they are added: 2 ln 2 when blind, not ln 2.",
            ),
            "sum instead of mean": (
                4 * right,
                "Take the mean over each batch, or the loss grows with the batch size.",
            ),
        },
    )
    if mistake is not None:
        return mistake
    extreme = answer(torch.tensor([-1000.0]), torch.tensor([1000.0]))
    if not bool(torch.isfinite(torch.as_tensor(extreme)).all()):
        return Mistake(
            "probability before logarithm",
            "At a logit of 1,000 the sigmoid is exactly 1 and log(1 - D) is infinite: use softplus "
            "on the logit, or binary_cross_entropy_with_logits.",
        )
    return closest(extreme, torch.tensor(2000.0))


@exercise("4.2", hint="a = log p - log q at the optimum; KL(q || p) is the mean of log q - log p")
def encoder_share(answer: Callable[[Tensor], Tensor]) -> Mistake | None:
    """The encoder's adversarial loss: minus the mean logit on codes."""
    logits = torch.tensor([-1.5, 0.3, -2.0, 0.7, -0.9])
    return closest(
        answer(logits),
        -logits.mean(),
        {
            "wrong sign": (
                logits.mean(),
                "Descending on this drives the codes to where the prior is not: the encoder wants "
                "a high logit, so its loss is minus the logit.",
            ),
            "sum instead of mean": (
                -logits.sum(),
                "Take the mean over the batch, as the expectation says.",
            ),
            "probability instead of logit": (
                -logits.sigmoid().mean(),
                "The KL divergence is the mean of -a, not of -D: leave out the sigmoid.",
            ),
            "the non-saturating loss": (
                F.softplus(-logits).mean(),
                "-log D is what the first GAN used, and it works; but it is not a KL divergence in "
                "nats: take the mean of -a.",
            ),
        },
    )


@exercise("4.3", hint="one detach: the discriminator's loss must not reach the encoder")
def both_losses(answer: Callable[..., Any]) -> Mistake | None:
    """Adversarial and discriminator's loss of a batch, each with its gradient in its place."""
    with seeded(0):
        encoder, discriminator = torch.nn.Linear(6, 2), mlp([2, 8, 1])
        x, prior = torch.rand(5, 6), torch.randn(5, 2)
    with torch.no_grad():
        on_codes, on_prior = discriminator(encoder(x)), discriminator(prior)
        adversarial = -on_codes.mean()
        logistic = F.softplus(-on_prior).mean() + F.softplus(on_codes).mean()
        swapped = F.softplus(on_prior).mean() + F.softplus(-on_codes).mean()
    got = answer(encoder, discriminator, x, prior)
    mistake = closest(
        got,
        torch.stack([adversarial, logistic]),
        {
            "wrong sign": (
                torch.stack([-adversarial, logistic]),
                "The encoder wants a high logit: its loss is minus the mean logit on codes.",
            ),
            "labels swapped": (
                torch.stack([adversarial, swapped]),
                "Prior samples are class 1 and codes class 0 in the discriminator's loss.",
            ),
            "losses in the other order": (
                torch.stack([logistic, adversarial]),
                "Return the adversarial loss first, then the discriminator's.",
            ),
        },
    )
    if mistake is not None:
        return mistake
    if not reaches(got[0], encoder):
        return Mistake(
            "the encoder is cut off",
            "The adversarial loss must send its gradient through the codes into the encoder: no "
            "detach there.",
        )
    if reaches(got[1], encoder):
        return Mistake(
            "missing detach",
            "The discriminator's loss sends a gradient into the encoder and makes it help the "
            "discriminator: use codes.detach() there.",
        )
    if not reaches(got[1], discriminator):
        return Mistake(
            "the discriminator is cut off",
            "Detach the codes, not the logits: the discriminator has to learn from this loss.",
        )
    return None


def reaches(loss: Tensor, module: torch.nn.Module) -> bool:
    """Whether a loss has a gradient in the weights of a module."""
    if not loss.requires_grad:
        return False
    gradients = torch.autograd.grad(
        loss, list(module.parameters()), retain_graph=True, allow_unused=True
    )
    return any(g is not None and bool((g != 0).any()) for g in gradients)
