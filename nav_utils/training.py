"""Training: the losses, one step of each method, and one loop that runs them all.

A *step* is a function (model, optimizers, x, generator) -> losses that updates the model once.
`fit` is the loop around it: batches, learning rate, history, checkpoints, resume.
`train_autoencoder`, `train_vae` and `train_aae` are `fit` with the step and the optimisers of
their method.
"""

from __future__ import annotations

import functools
import math
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Distribution
from tqdm.auto import tqdm

from nav_utils.arguments import expect_whole, seeded_generator
from nav_utils.batches import Shuffled, batches_of
from nav_utils.checkpointing import Checkpoint, describe_run
from nav_utils.divergence import advice, finite_step, weights_of
from nav_utils.history import History
from nav_utils.models import AAE, VAE, Autoencoder, expect_parts
from nav_utils.priors import Prior, as_prior
from nav_utils.sources import Images

Losses = dict[str, Tensor]
Optimizers = Mapping[str, torch.optim.Optimizer]
Step = Callable[[Any, Optimizers, Tensor, torch.Generator], Losses]


# ---- losses, each in nats ---------------------------------------------------------------------


def reconstruction_nats(logits: Tensor, x: Tensor) -> Tensor:
    """Binary cross-entropy of each image, summed over its pixels.

    Args:
        logits: the decoder's pixel logits (N, C, H, W).
        x: the images (N, C, H, W) in [0, 1].

    Returns:
        (N,) in nats per image: what it costs to tell someone the image, who already has the code.
    """
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def kl_to_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, I)) in closed form.

    Args:
        mean, log_variance: (N, d).

    Returns:
        (N,) in nats. Source: Kingma and Welling 2013, arXiv 1312.6114, appendix B.
    """
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(-1)


def gradient_penalty(discriminator: nn.Module, z: Tensor) -> Tensor:
    """Mean of |grad a(z)|^2 over the rows of z.

    Args:
        discriminator: (N, d) to logits (N, 1).
        z: (N, d).

    Returns:
        A scalar, differentiable in the discriminator's weights. Source: Mescheder et al. 2018,
        arXiv 1801.04406 (R1 when z is from the prior, R2 when z are codes).
    """
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    return gradient.square().sum(-1).mean()


# ---- one step of each method ------------------------------------------------------------------


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One descent step on `loss`, for this optimiser's parameters; none if it is not finite."""
    if not torch.isfinite(loss):
        return
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    optimizer.zero_grad()
    loss.backward(inputs=parameters)
    optimizer.step()


def autoencoder_step(
    model: Autoencoder, optimizers: Optimizers, x: Tensor, generator: torch.Generator
) -> Losses:
    """One step of a plain autoencoder on a batch x (N, C, H, W)."""
    reconstruction = reconstruction_nats(model.decode_logits(model.encode(x)), x).mean()
    update(optimizers["autoencoder"], reconstruction)
    return {"reconstruction": reconstruction}


def vae_step(
    model: VAE, optimizers: Optimizers, x: Tensor, generator: torch.Generator, beta: float
) -> Losses:
    """One step of a variational autoencoder on a batch x (N, C, H, W).

    With beta = 1 the loss is minus the evidence lower bound.
    """
    mean, log_variance = model.posterior(x)
    noise = torch.randn(mean.shape, generator=generator, device=mean.device)
    z = mean + (0.5 * log_variance).exp() * noise
    reconstruction = reconstruction_nats(model.decode_logits(z), x).mean()
    kl = kl_to_prior(mean, log_variance).mean()
    update(optimizers["autoencoder"], reconstruction + beta * kl)
    return {"reconstruction": reconstruction, "kl": kl}


def aae_step(
    model: AAE,
    optimizers: Optimizers,
    x: Tensor,
    generator: torch.Generator,
    weight: float,
    penalty: float,
    prior: Prior | None = None,
) -> Losses:
    """One step of an adversarial autoencoder on a batch x (N, C, H, W).

    First the autoencoder: rebuild the image and, with one and the same gradient, make its code look
    like the prior.
    Then the discriminator: tell prior samples (1) from codes (0), kept smooth by the gradient
    penalty. The prior is N(0, I) if not given.
    """
    z = model.encode(x)
    reconstruction = reconstruction_nats(model.decode_logits(z), x).mean()
    adversarial = -model.logit(z).mean()  # estimates KL(q || p), up to the discriminator's error
    update(optimizers["autoencoder"], reconstruction + weight * adversarial)

    codes = z.detach()
    if prior is None:
        samples = torch.randn(z.shape, generator=generator, device=z.device)
    else:
        samples = prior.sample(len(z), generator)
    points = torch.cat([samples, codes])
    at_samples, at_codes = model.logit(points).chunk(2)
    logistic = F.softplus(-at_samples).mean() + F.softplus(at_codes).mean()
    loss = logistic
    if penalty:  # its mean over both, twice: one for the samples and one for the codes
        loss = loss + 2 * penalty * gradient_penalty(model.discriminator, points)
    update(optimizers["discriminator"], loss)
    return {"reconstruction": reconstruction, "adversarial": adversarial, "discriminator": logistic}


# ---- the loop ---------------------------------------------------------------------------------


def fit(
    model: nn.Module,
    images: Images | Shuffled,
    optimizers: Optimizers,
    step: Step,
    *,
    epochs: int,
    batch_size: int | None = None,
    seed: int = 0,
    cosine: tuple[str, ...] = (),
    decay: float = 1.0,
    callback: Callable[[dict[str, Any]], None] | None = None,
    checkpoint: str | pathlib.Path | None = None,
    checkpoint_every: int = 500,
    progress: bool = True,
) -> History:
    """Run `step` over shuffled batches, `epochs` times over the images, on the device the model is
    on.

    Args:
        model: updated in place.
        images: a floating-point tensor (N, C, H, W) in [0, 1]; a tensor or array of 8 bits or of
            floats in [0, 1], channels first or last; an `ImageData`; a `Dataset` or list of images;
            a DataLoader; or the path of a folder of PNG or JPEG files, see
            `nav_utils.pictures.Pictures`. The last four are never in memory as a whole. The model's
            weights decide in which type images are computed with.
        optimizers: by name, as `step` expects them.
        step: (model, optimizers, x, generator) -> losses, a dict of scalars.
        epochs, batch_size: 256 images if not given; the last batch of an epoch may be smaller. A
            DataLoader has its own.
        seed: of the order of the images and of the noise; the initial weights have the model's own
            seed. A DataLoader whose generator is its own has its own order.
        cosine: names of the optimisers whose learning rate falls to 0 along half a cosine.
        decay: it falls over this last share of the run, and is constant before.
        callback: called after every step with a dict: step, n_steps, epoch, epoch_end, losses,
            model.
        checkpoint: a .safetensors file; written every `checkpoint_every` steps and at the end. If
            it exists, training goes on from it, and ends bit for bit as if it had never been
            interrupted (same machine, same versions). The items of a Dataset have to be the same
            each time. Not with a DataLoader, whose order cannot be repeated.
        progress: show a progress bar with the losses.

    Returns:
        The `History` of every loss at every step.

    Raises:
        ValueError: for bad arguments, or a checkpoint of another run or device, or a damaged one;
            nothing has been touched then.
        FloatingPointError: when a step ends in losses or weights that are not finite; the weights
            are put back to what they were before it.
    """
    epochs, checkpoint_every = expect_whole(1, epochs=epochs, checkpoint_every=checkpoint_every)
    (seed,) = expect_whole(seed=seed)
    if not 0 < decay <= 1:
        raise ValueError(f"decay: expected a share of the run, above 0 and at most 1, got {decay}")
    batches = batches_of(images, model, batch_size, seed, progress)
    generator = seeded_generator(seed, batches.device)
    n_batches = len(batches)
    n_steps, done = epochs * n_batches, 0
    rates = {name: optimizers[name].param_groups[0]["lr"] for name in cosine}
    history = History(n_batches)
    saved = None
    if checkpoint is not None:
        run = describe_run(model, batches, optimizers, step, epochs, seed, cosine, decay)
        saved = Checkpoint(checkpoint, run)
        done = saved.load(model, optimizers, generator, history)

    model.train()
    weights = weights_of(model)
    kept = [weight.detach().clone() for weight in weights]  # before the step
    silent = not progress or bool(os.environ.get("TQDM_DISABLE"))  # tqdm forgets it in notebooks
    with tqdm(total=n_steps, initial=done, unit="step", disable=silent) as bar:
        for number in range(done, n_steps):
            epoch, batch = divmod(number, n_batches)
            for name, rate in rates.items():
                optimizers[name].param_groups[0]["lr"] = cosine_rate(rate, number / n_steps, decay)
            x = batches.batch(epoch, batch)
            try:
                values = finite_step(step, model, optimizers, x, generator, weights, kept)
            except FloatingPointError as error:
                where = f"step {number + 1} of {n_steps}"
                raise FloatingPointError(advice(error, where, model, checkpoint)) from error
            history.append(values)
            bar.update()
            bar.set_postfix({name: f"{value:.4g}" for name, value in values.items()}, refresh=False)
            last = number + 1 == n_steps
            if saved is not None and ((number + 1) % checkpoint_every == 0 or last):
                saved.save(model, optimizers, generator, history, number + 1)
            if callback is not None:
                info: dict[str, Any] = {"step": number + 1, "n_steps": n_steps, "epoch": epoch + 1}
                info |= {"epoch_end": batch + 1 == n_batches, "losses": values, "model": model}
                callback(info)
    model.eval()
    return history


def cosine_rate(rate: float, progress: float, decay: float = 1.0) -> float:
    """Learning rate after a fraction `progress` of the run.

    Constant at `rate`, then to 0 along half a cosine over the last share `decay` of the run.
    Source: Loshchilov and Hutter 2017, arXiv 1608.03983 (decay = 1).
    """
    late = max(0.0, 1 - (1 - progress) / decay)
    return 0.5 * rate * (1 + math.cos(math.pi * late))


# ---- the three methods ------------------------------------------------------------------------


def adam(
    parameters: Any, rate: float, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Adam:
    """Adam, with the fused update where torch has one."""
    return torch.optim.Adam(list(parameters), lr=rate, betas=betas, fused=True)


def autoencoder_parameters(model: Autoencoder) -> list[nn.Parameter]:
    """The weights of encoder and decoder, without those of a discriminator."""
    return [*model.encoder.parameters(), *model.decoder.parameters()]


def train_autoencoder(
    model: Autoencoder,
    images: Images,
    epochs: int,
    *,
    learning_rate: float = 1e-3,
    step: Step = autoencoder_step,
    device: str | torch.device = "cpu",
    **options: Any,
) -> History:
    """Train a plain autoencoder; losses: reconstruction (nats per image).

    Args:
        model: an `Autoencoder`; moved to `device` and updated in place.
        images: a tensor (N, C, H, W) in [0, 1], an array, an `ImageData`, a `Dataset`, a
            DataLoader or a folder of pictures, see `fit`.
        learning_rate: of Adam; falls to 0 along half a cosine.
        step: what is done with one batch: (model, optimizers, x, generator) -> losses.
        options: those of `fit`: batch_size, seed, decay, callback, checkpoint, checkpoint_every,
            progress.
    """
    model.to(device)
    optimizers = {"autoencoder": adam(autoencoder_parameters(model), learning_rate)}
    return fit(
        model,
        images,
        optimizers,
        step,
        epochs=epochs,
        cosine=("autoencoder",),
        **options,
    )


def train_vae(
    model: VAE,
    images: Images,
    epochs: int,
    *,
    beta: float = 1.0,
    learning_rate: float = 1e-3,
    step: Callable[..., Losses] = vae_step,
    device: str | torch.device = "cpu",
    **options: Any,
) -> History:
    """Train a variational autoencoder; losses: reconstruction and kl (nats per image).

    Args:
        beta: weight of the KL term; 1 is the evidence lower bound.
        step: what is done with one batch; called as `vae_step` is. The others as in
            `train_autoencoder`.
    """
    model.to(device)
    optimizers = {"autoencoder": adam(autoencoder_parameters(model), learning_rate)}
    one = functools.partial(step, beta=beta)
    return fit(model, images, optimizers, one, epochs=epochs, cosine=("autoencoder",), **options)


def expect_prior(prior: Prior | Distribution, model: AAE) -> Prior:
    """The prior, if its dimension is that of the model's codes."""
    prior = as_prior(prior)
    dim = getattr(model, "latent_dim", prior.dim)
    if prior.dim != dim:
        raise ValueError(f"prior: expected dimension {dim}, that of the codes, got {prior.dim}")
    return prior


def train_aae(
    model: AAE,
    images: Images,
    epochs: int,
    *,
    weight: float = 5.0,
    penalty: float = 0.02,
    prior: Prior | Distribution | None = None,
    learning_rate: float = 3e-3,
    decay: float = 0.3,
    step: Callable[..., Losses] = aae_step,
    device: str | torch.device = "cpu",
    **options: Any,
) -> History:
    """Train an adversarial autoencoder; losses: reconstruction, adversarial, discriminator (nats).

    Args:
        model: an `AAE`, or a module of your own with three modules, `encoder`, `decoder` and
            `discriminator`, and three methods: `encode`, images (N, C, H, W) to codes (N, d);
            `decode_logits`, codes to logits of the pixels; `logit`, codes to logits (N,).
        weight: lambda, nats of reconstruction paid for one nat of KL(q || p).
        penalty: gamma, of the discriminator's gradient penalty on prior samples and codes.
        prior: what the codes shall be distributed like, any of `nav_utils.priors` or of
            torch.distributions; N(0, I) if not given.
        learning_rate: of both Adams.
        decay: the autoencoder's rate falls to 0 along half a cosine over this last share of the
            run. A short run at full speed for most of its steps rebuilds better
            (benchmarks/training.py).
        step: what is done with one batch; called as `aae_step` is, with a prior only if one is
            given. The others as in `train_autoencoder`.

    Raises:
        ValueError: a model that lacks a part, a prior of another dimension than the codes; else
            as `fit`.
    """
    expect_parts(model)
    model.to(device)
    optimizers = {
        "autoencoder": adam(autoencoder_parameters(model), learning_rate),
        "discriminator": adam(model.discriminator.parameters(), learning_rate, betas=(0.5, 0.99)),
    }
    one = functools.partial(step, weight=weight, penalty=penalty)
    if prior is not None:
        one = functools.partial(one, prior=expect_prior(prior, model))
    schedule: dict[str, Any] = {"cosine": ("autoencoder",), "decay": decay}
    return fit(model, images, optimizers, one, epochs=epochs, **schedule, **options)
