"""Exercises of chapter 04: the losses of an adversarial autoencoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nav_utils.checks import GENERIC, Mistake, closest, exercise, first_mistake
from nav_utils.models import mlp, seeded

Wrong = dict[str, tuple[Any, str]]


class Copied(nn.Module):
    """Hands on a copy: what is done to the input later does not reach the gradient."""

    def forward(self, z: Tensor) -> Tensor:
        return z.clone()


# ---- the two losses, and what likely mistakes make of them --------------------------------------


def logistic_loss(on_prior: Tensor, on_codes: Tensor) -> Tensor:
    """The discriminator's loss from its logits, prior 1 and codes 0."""
    return F.softplus(-on_prior).mean() + F.softplus(on_codes).mean()


def wrong_logistic(on_prior: Tensor, on_codes: Tensor) -> Wrong:
    """Values that likely mistakes give for the discriminator's loss."""
    real, fake = F.softplus(-on_prior), F.softplus(on_codes)
    return {
        "labels swapped": (
            logistic_loss(-on_prior, -on_codes),
            "Prior samples are class 1 and codes class 0: a large logit on the prior is cheap.",
        ),
        "sigmoid twice": (
            logistic_loss(on_prior.sigmoid(), on_codes.sigmoid()),
            "The inputs are logits and the loss has a sigmoid inside: leave out yours.",
        ),
        "half the loss": (
            (real.mean() + fake.mean()) / 2,
            "Each half has its own mean, and they are added: 2 ln 2 when blind, not ln 2.",
        ),
        "sum instead of mean": (
            real.sum() + fake.sum(),
            "Take the mean over each batch, or the loss grows with the batch size.",
        ),
        "the prior's half only": (
            real.mean(),
            "The codes have a half of the loss too: softplus(a) on them.",
        ),
        "the codes' half only": (
            fake.mean(),
            "The prior samples have a half of the loss too: softplus(-a) on them.",
        ),
        "one class for both": (
            real.mean() + F.softplus(-on_codes).mean(),
            "Codes are class 0: on them a large logit is dear, softplus(a).",
        ),
        "minus the loss": (
            -real.mean() - fake.mean(),
            "This is minus the loss: log D and log(1 - D) are negative, so take minus them.",
        ),
    }


def wrong_adversarial(on_codes: Tensor) -> Wrong:
    """Values that likely mistakes give for minus the mean logit."""
    return {
        "wrong sign": (
            on_codes.mean(),
            "Descending on this drives the codes to where the prior is not: the encoder wants "
            "a high logit, so its loss is minus the logit.",
        ),
        "sum instead of mean": (
            -on_codes.sum(),
            "Take the mean over the batch, as the expectation says.",
        ),
        "probability instead of logit": (
            -on_codes.sigmoid().mean(),
            "The KL divergence is the mean of -a, not of -D: leave out the sigmoid.",
        ),
        "the non-saturating loss": (
            F.softplus(-on_codes).mean(),
            "-log D is what the first GAN used, and it works; but it is not a KL divergence in "
            "nats: take the mean of -a.",
        ),
        "the minimax loss": (
            -F.softplus(on_codes).mean(),
            "log(1 - D) is the discriminator's loss with the sign turned, and it is flat where D "
            "is near 0: take the mean of -a.",
        ),
        "logits made positive": (
            on_codes.abs().mean(),
            "A logit may have either sign, and so has its share: no absolute value.",
        ),
    }


def made_positive(on_codes: Tensor) -> Wrong:
    """Values of who believes that the share cannot be negative."""
    return {
        "never below zero": (
            (-on_codes.mean()).abs(),
            "A KL divergence is never negative, its estimate may be: the plain mean of -a.",
        ),
        "cut off at zero": (
            F.relu(-on_codes.mean()),
            "A KL divergence is never negative, its estimate may be: the plain mean of -a.",
        ),
    }


# ---- the exercises ------------------------------------------------------------------------------


@exercise("4.1", hint="minus log sigmoid(a) is softplus(-a); the prior should have a large logit")
def referee_loss(answer: Callable[[Tensor, Tensor], Tensor]) -> Mistake | None:
    """The discriminator's logistic loss from its logits, prior 1 and codes 0."""
    generator = torch.Generator().manual_seed(41)
    pairs = [(torch.tensor([2.0, -0.5, 1.0, 3.0]), torch.tensor([-1.0, 0.5, -2.0, 0.3]))]
    # As many prior samples as codes, as in the chapter: one mean over both is right then.
    fresh = [2 * torch.randn(2, n, generator=generator) for n in (5, 12)]
    pairs += [(logits[0], logits[1]) for logits in fresh]
    mistake = first_mistake(
        closest(
            answer(prior, codes),
            logistic_loss(prior, codes),
            wrong_logistic(prior, codes),
            strict=place == 0,
        )
        for place, (prior, codes) in enumerate(pairs)
    )
    if mistake is not None:
        return mistake
    for logit in (1000.0, -1000.0):
        prior, codes = torch.full((2,), -logit), torch.full((2,), logit)
        if closest(answer(prior, codes), logistic_loss(prior, codes)) is not None:
            return Mistake(
                "probability before logarithm",
                f"At a logit of {-logit:,.0f} on the prior and {logit:,.0f} on codes the loss is "
                f"{2000 if logit > 0 else 0:,}. There the sigmoid is exactly 0 or 1 and exp "
                "overflows: use softplus on the logit, or binary_cross_entropy_with_logits.",
            )
    return None


@exercise("4.2", hint="a = log p - log q at the optimum; KL(q || p) is the mean of log q - log p")
def encoder_share(answer: Callable[[Tensor], Tensor]) -> Mistake | None:
    """The encoder's adversarial loss: minus the mean logit on codes."""
    generator = torch.Generator().manual_seed(42)
    inputs = [torch.tensor([-1.5, 0.3, -2.0, 0.7, -0.9])]
    # The others have a positive mean, and so a negative share.
    inputs += [torch.randn(n, generator=generator) + 0.6 for n in (12, 7)]
    return first_mistake(
        closest(answer(a), -a.mean(), made_positive(a) | wrong_adversarial(a), strict=False)
        for a in inputs
    )


@exercise("4.3", hint="one detach: the discriminator's loss must not reach the encoder")
def both_losses(answer: Callable[..., Any]) -> Mistake | None:
    """Adversarial and discriminator's loss of a batch, each with its gradient in its place."""
    return first_mistake(losses_of(answer, *sizes) for sizes in ((5, 6, 2), (12, 4, 3), (8, 7, 1)))


def losses_of(answer: Callable[..., Any], rows: int, pixels: int, dim: int) -> Mistake | None:
    """Judge the pair of losses on networks of one size."""
    with seeded(rows):
        encoder = nn.Sequential(Copied(), nn.Linear(pixels, dim))
        discriminator = nn.Sequential(Copied(), mlp([dim, 8, 1]))
        x, prior = torch.rand(rows, pixels), torch.randn(rows, dim)
    got = answer(encoder, discriminator, x, prior)
    for module in (encoder, discriminator):  # whoever froze a network on the way has to be right
        module.requires_grad_(True)
    pair = got.unbind() if isinstance(got, Tensor) and got.ndim else got
    if not isinstance(pair, (tuple, list)):
        return Mistake(
            "no pair", f"Expected two losses, (adversarial, discriminator's), got {got!r:.40}."
        )
    if len(pair) != 2:
        return Mistake("no pair", f"Expected two losses, adversarial first, got {len(pair)}.")
    adversarial, logistic = (
        loss.reshape(()) if isinstance(loss, Tensor) and loss.numel() == 1 else loss
        for loss in pair
    )
    codes = encoder(x)
    on_codes, on_prior = discriminator(codes), discriminator(prior)
    return wrong_values(adversarial, logistic, on_codes.detach(), on_prior.detach()) or (
        wrong_gradients(
            (adversarial, logistic),
            -on_codes.mean(),
            (F.softplus(-on_prior).mean(), F.softplus(discriminator(codes.detach())).mean()),
            encoder,
            discriminator,
        )
    )


def wrong_values(
    adversarial: Any, logistic: Any, on_codes: Tensor, on_prior: Tensor
) -> Mistake | None:
    """What is wrong with the values of the two losses."""
    right = (-on_codes.mean(), logistic_loss(on_prior, on_codes))
    if not closest(adversarial, right[1]) and not closest(logistic, right[0]):
        return Mistake(
            "losses in the other order",
            "Return the adversarial loss first, then the discriminator's.",
        )
    named = (
        ("adversarial", closest(adversarial, right[0], wrong_adversarial(on_codes), strict=False)),
        (
            "discriminator's",
            closest(logistic, right[1], wrong_logistic(on_prior, on_codes), strict=False),
        ),
    )
    for loss, mistake in named:
        if mistake is not None:
            return Mistake(mistake.name, f"In the {loss} loss: {mistake.advice}")
    return None


def wrong_gradients(
    pair: tuple[Any, Any],
    own: Tensor,
    halves: tuple[Tensor, Tensor],
    encoder: nn.Module,
    discriminator: nn.Module,
) -> Mistake | None:
    """What is wrong with the gradients of two losses whose values are right.

    Args:
        pair: the learner's adversarial loss and the discriminator's.
        own: the right adversarial loss.
        halves: the right loss of the discriminator, on the prior samples and on the codes.
    """
    try:
        (moves, passes), (leaks, learns) = (
            (slope_in(loss, encoder), slope_in(loss, discriminator)) for loss in pair
        )
    except RuntimeError:
        return Mistake(
            "the graph is used up",
            "The gradient can't be taken any more: return the losses, leave backward() out, and "
            "change nothing in place on the way.",
        )
    if not moves.any():
        return Mistake(
            "the encoder is cut off",
            "The adversarial loss must send its gradient through the codes into the encoder: no "
            "detach, no_grad, item or NumPy there.",
        )
    if closest(moves, slope_in(own, encoder)):
        return Mistake(
            "the encoder is cut off in part",
            "The adversarial loss has the right value and sends another gradient into the "
            "encoder: nothing in it may be detached.",
        )
    if leaks.any():
        return Mistake(
            "missing detach",
            "The discriminator's loss sends a gradient into the encoder and makes it help the "
            "discriminator: use codes.detach() there.",
        )
    if not learns.any():
        return Mistake(
            "the discriminator is cut off",
            "Detach the codes, not the logits: the discriminator has to learn from this loss.",
        )
    on_prior, on_codes = (slope_in(half, discriminator) for half in halves)
    parts = {
        "it does not learn from the codes": (
            on_prior,
            "The discriminator's loss has a gradient from the prior samples only: detach the "
            "codes, not the logits on them, and no no_grad.",
        ),
        "it does not learn from the prior": (
            on_codes,
            "The discriminator's loss has a gradient from the codes only: no detach or no_grad "
            "around the logits on prior samples.",
        ),
    }
    mistake = closest(learns, on_prior + on_codes, parts, strict=False)
    if mistake is not None and mistake.name in GENERIC:
        return Mistake(
            "the discriminator is cut off in part",
            "Its loss has the right value and another gradient: only the codes are detached.",
        )
    # An adversarial loss may pass by the discriminator's weights: only the encoder moves on it.
    if passes.any() and closest(passes, slope_in(own, discriminator)):
        return Mistake(
            "another gradient in the discriminator",
            "The adversarial loss has the right value and another gradient in the discriminator: "
            "run the codes through it as it is.",
        )
    return mistake


def slope_in(loss: Any, module: nn.Module) -> Tensor:
    """The gradient of a loss in all weights of a module, as one vector; 0 where there is none.

    Raises RuntimeError if the graph of the loss is used up.
    """
    weights = list(module.parameters())
    found: tuple[Tensor | None, ...] = (None,) * len(weights)
    if isinstance(loss, Tensor) and loss.requires_grad:
        found = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
    pairs = zip(found, weights, strict=True)
    return torch.cat(
        [(torch.zeros_like(w) if g is None else g.detach()).flatten() for g, w in pairs]
    )
