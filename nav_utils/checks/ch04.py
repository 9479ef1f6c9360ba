"""Exercises of chapter 04: two losses, the best logit, what chance does to an accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nav_utils.checks import GENERIC, Mistake, closest, exercise, first_mistake, on_each
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


# ---- the exercises ------------------------------------------------------------------------------


@exercise("4.1", hint="one detach: the discriminator's loss must not reach the encoder")
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


@exercise("4.2", hint="log p - log q, each the sum of the coordinates' log densities")
def best_logit(answer: Callable[[Tensor, Tensor, float], Tensor]) -> Mistake | None:
    """The best logit at z (N, d) if the codes are N(mean, std^2 I): log p - log q, (N,)."""
    generator = torch.Generator().manual_seed(42)
    sizes = ((5, 2, 1.7), (12, 3, 0.6), (4, 7, 1.2))
    inputs = [
        (2 * torch.randn(n, d, generator=generator), torch.randn(d, generator=generator), std)
        for n, d, std in sizes
    ]
    return on_each(answer, logits, inputs)


def logits(z: Tensor, mean: Tensor, std: float) -> tuple[Tensor, Wrong]:
    """The best logit, and what likely mistakes give."""
    apart = (z - mean).square()
    each = apart / (2 * std**2) - z.square() / 2 + math.log(std)
    right = each.sum(-1)
    return right, {
        "prior and codes exchanged": (
            -right,
            "The prior is class 1: a = log p - log q is high where the prior is denser.",
        ),
        "probability instead of logit": (
            right.sigmoid(),
            "That is D. Asked for is its logit: leave out the sigmoid.",
        ),
        "not summed": (
            each,
            "Log densities of independent coordinates add up: sum over the last axis.",
        ),
        "mean over the coordinates": (each.mean(-1), "Sum over the coordinates, not the mean."),
        "the factor 1 / std forgotten": (
            (each - math.log(std)).sum(-1),
            "A wide cloud is thin everywhere: log q has a term -log std for each coordinate.",
        ),
        "the factor 1 / std once for all": (
            (each - math.log(std)).sum(-1) + math.log(std),
            "The term log std counts once for each coordinate.",
        ),
        "variance instead of standard deviation": (
            (apart / (2 * std**4) - z.square() / 2 + 2 * math.log(std)).sum(-1),
            "torch.distributions.Normal takes the standard deviation.",
        ),
        "the mean forgotten": (
            (z.square() / (2 * std**2) - z.square() / 2 + math.log(std)).sum(-1),
            "The codes lie round `mean`: (z - mean)^2 in log q.",
        ),
        "ratio without logarithm": (right.exp(), "That is p / q. Take its logarithm."),
    }


@exercise(
    "4.3", hint="each side's share of right guesses has the variance 1 / (4 n); halve the sum"
)
def chance(answer: Callable[[float, float], float]) -> Mistake | None:
    """The standard deviation of the two-sample accuracy where codes and prior are the same."""
    sizes = ((600, 100), (2970, 297), (90, 5000))
    return first_mistake(
        (
            f"{n} prior samples and {m} codes",
            closest(answer(n, m), *deviations(n, m), tolerance=0.1, strict=place == 0),
        )
        for place, (n, m) in enumerate(sizes)
    )


def deviations(n_prior: int, n_codes: int) -> tuple[float, Wrong]:
    """The standard deviation of the mean of two shares, and what likely mistakes give."""
    right = math.sqrt(0.25 / n_prior + 0.25 / n_codes) / 2
    return right, {
        "the half forgotten": (
            2 * right,
            "The accuracy is half the sum of two shares, so its deviation is half of theirs.",
        ),
        "variance": (right**2, "That is the variance: take the root."),
        "one of the two kinds": (
            0.5 / math.sqrt(n_codes),
            "The prior's share varies too, and each counts one half.",
        ),
        "one heap": (
            0.5 / math.sqrt(n_prior + n_codes),
            "The two shares count one half each, however many points they come from.",
        ),
        "deviations added": (
            (0.5 / math.sqrt(n_prior) + 0.5 / math.sqrt(n_codes)) / 2,
            "The two shares are independent: their variances add up, not their deviations.",
        ),
    }
