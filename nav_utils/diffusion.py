"""Denoising diffusion of codes or of pixels: a network that takes noise away, and its sampler.

A clean x becomes x + sigma xi, xi from N(0, I), with one sigma for each row. The network learns the
mean of the clean x that may lie behind a noisy one, which is the score of the noisy density as well
(Tweedie's formula): score(x) = (mean - x) / sigma^2. Samples come from pure noise, whose sigma
falls to 0 in a few dozen steps.

Preconditioning, noise levels, weights and the sampler are those of Karras et al. 2022, arXiv
2206.00364.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from nav_utils.arguments import expect_samples, expect_shape, expect_whole, seeded_generator
from nav_utils.batches import Shuffled
from nav_utils.history import History
from nav_utils.models import like_weights, seeded
from nav_utils.sources import Stored
from nav_utils.training import Losses, Optimizers, adam, fit, update

LARGEST, SMALLEST, RHO = 80.0, 0.005, 7.0  # noise levels of the sampler, in units of the data's std
LOG_MEAN, LOG_STD = -0.5, 1.2  # of the noise levels that a network learns from, in the same units
N_WAVES = 8


# ---- networks -----------------------------------------------------------------------------------


def waves(level: Tensor) -> Tensor:
    """Cosines and sines of a noise level's logarithm: (N,) to (N, 16)."""
    angles = level[:, None] * torch.arange(1, N_WAVES + 1, device=level.device)
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class Layer(nn.Module):
    """Two linear layers beside a shortcut; the noise level shifts the units in between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width))
        self.level = nn.Linear(2 * N_WAVES, width)
        self.second = nn.Sequential(nn.SiLU(), nn.Linear(width, width))

    def forward(self, h: Tensor, level: Tensor) -> Tensor:
        """(N, width) and (N, 16) to (N, width)."""
        return h + self.second(self.first(h) + self.level(level))


class PointNet(nn.Module):
    """A residual network of points that is told the noise level: (N, d) and (N,) to (N, d)."""

    def __init__(self, dim: int, width: int, depth: int) -> None:
        super().__init__()
        self.enter = nn.Linear(dim, width)
        self.layers = nn.ModuleList(Layer(width) for _ in range(depth))
        self.leave = nn.Linear(width, dim)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """What the preconditioning asks for, of about unit size."""
        h, level = self.enter(x), waves(level)
        for layer in self.layers:
            h = layer(h, level)
        return self.leave(h)


class Block(nn.Module):
    """Two convolutions beside a shortcut; the noise level shifts the channels in between."""

    def __init__(self, n_in: int, n_out: int, n_level: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, n_in), nn.SiLU(), conv(n_in, n_out))
        self.level = nn.Linear(n_level, n_out)
        self.second = nn.Sequential(nn.GroupNorm(8, n_out), nn.SiLU(), conv(n_out, n_out))
        self.shortcut = nn.Conv2d(n_in, n_out, 1) if n_in != n_out else nn.Identity()

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """(N, n_in, H, W) and (N, n_level) to (N, n_out, H, W)."""
        h = self.first(x) + self.level(level)[:, :, None, None]
        return self.shortcut(x) + self.second(h)


def conv(n_in: int, n_out: int) -> nn.Conv2d:
    """A 3 x 3 convolution that keeps the size."""
    return nn.Conv2d(n_in, n_out, 3, padding=1)


class UNet(nn.Module):
    """A small U-Net (Ronneberger et al. 2015, arXiv 1505.04597) that is told the noise level.

    It takes pixels 2 x 2 at a time, so that its first level has a quarter of the places; each
    further level has a quarter of the last one's.

    Args:
        channels: C of the images; H and W are multiples of 2 ** len(widths).
        widths: channels of each level.
    """

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        n_level, last = 64, widths[-1]
        self.level = nn.Sequential(nn.Linear(2 * N_WAVES, n_level), nn.SiLU())
        self.enter = conv(4 * channels, widths[0])
        sizes = list(zip([widths[0], *widths], widths, strict=False))
        self.down = nn.ModuleList(Block(a, b, n_level) for a, b in sizes)
        self.middle = Block(last, last, n_level)
        below = [last, *reversed(widths)]
        sizes = [(a + b, b) for a, b in zip(below, reversed(widths), strict=False)]
        self.up = nn.ModuleList(Block(a, b, n_level) for a, b in sizes)
        self.leave = nn.Sequential(
            nn.GroupNorm(8, widths[0]), nn.SiLU(), conv(widths[0], 4 * channels)
        )

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """(N, C, H, W) and (N,) to (N, C, H, W)."""
        level = self.level(waves(level))
        h, kept = self.enter(F.pixel_unshuffle(x, 2)), []
        for number, block in enumerate(self.down):
            h = block(F.avg_pool2d(h, 2) if number else h, level)
            kept.append(h)
        h = self.middle(h, level)
        for number, block in enumerate(self.up):
            h = F.interpolate(h, scale_factor=2) if number else h
            h = block(torch.cat([h, kept.pop()], dim=1), level)
        return F.pixel_shuffle(self.leave(h), 2)


class Denoiser(nn.Module):
    """The mean of the clean x behind a noisy one, for every level of noise.

    Args:
        shape: of one x: (d,) for codes, which take a `PointNet`, or (C, H, W) for images, which
            take a `UNet`; H and W are multiples of 2 ** len(widths).
        widths: channels of the U-Net's levels, multiples of 8; or of each residual layer for codes,
            all the same.
        mean, std: of the data, over all coordinates.
        seed: the initial weights are drawn from it.

    Raises:
        ValueError: for a shape or widths that no network is made for.
    """

    def __init__(
        self,
        shape: Sequence[int],
        widths: Sequence[int] = (128, 128, 128),
        mean: float = 0.0,
        std: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        expect_sizes(shape, widths)
        if not std > 0:
            raise ValueError(f"std: expected that of the data, above 0, got {std}")
        self.shape, self.mean, self.std = tuple(shape), mean, std
        self.config: dict[str, Any] = {
            "shape": list(shape),
            "widths": list(widths),
            "mean": mean,
            "std": std,
            "seed": seed,
        }
        with seeded(seed):
            if len(self.shape) == 1:
                self.network: nn.Module = PointNet(shape[0], widths[0], len(widths))
            else:
                self.network = UNet(shape[0], widths)

    def forward(self, x: Tensor, sigma: Tensor | float) -> Tensor:
        """E[clean | x] for noisy x (N, *shape); sigma is one number, or one for each row (N,)."""
        expect_shape(x, self.shape, "x")
        noisy = like_weights(x, self) - self.mean
        sigma = torch.as_tensor(sigma).to(noisy).expand(len(x))
        rows = sigma.reshape(-1, *[1] * len(self.shape))
        size = (rows**2 + self.std**2).sqrt()  # of the noisy x, so that the network sees 1
        answer = self.network(noisy / size, (sigma / self.std).log())
        clean = (self.std**2 / size**2) * noisy + (rows * self.std / size) * answer
        return (self.mean + clean).to(x)

    def score(self, x: Tensor, sigma: Tensor | float) -> Tensor:
        """The gradient of the noisy log density at x (N, *shape), by Tweedie's formula."""
        rows = torch.as_tensor(sigma).to(x).reshape(-1, *[1] * len(self.shape))
        return (self(x, sigma) - x) / rows**2


def expect_sizes(shape: Sequence[int], widths: Sequence[int]) -> None:
    """Raise ValueError unless a `PointNet` or a `UNet` can be built."""
    if len(shape) == 1 and len(set(widths)) == 1:
        return
    parts = 2 ** len(widths)
    fits = len(shape) == 3 and not any(size % parts for size in shape[1:])
    if not fits or not widths or any(width % 8 for width in widths):
        raise ValueError(
            "expected shape (d,) and equal widths, or (C, H, W) with H and W multiples of "
            f"2 ** len(widths) and widths multiples of 8, got {tuple(shape)} and {tuple(widths)}"
        )


# ---- learning -----------------------------------------------------------------------------------


def denoiser_loss(denoiser: Denoiser, clean: Tensor, generator: torch.Generator) -> Tensor:
    """Squared error of the denoised rows (N, *shape), weighted so that every level counts alike."""
    n, device = len(clean), clean.device
    random = torch.randn(n, generator=generator, device=device)
    sigma = denoiser.std * (LOG_MEAN + LOG_STD * random).exp()
    rows = sigma.reshape(-1, *[1] * len(denoiser.shape))
    noise = torch.randn(clean.shape, generator=generator, device=device)
    error = denoiser(clean + rows * noise, sigma) - clean
    weight = (rows**2 + denoiser.std**2) / (rows * denoiser.std) ** 2
    return (weight * error**2).mean()


def denoising_step(
    model: nn.ModuleDict, optimizers: Optimizers, x: Tensor, generator: torch.Generator, half: bool
) -> Losses:
    """One step on a batch x (N, *shape), and the average of the weights over past steps."""
    with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
        loss = denoiser_loss(model["now"], x, generator)  # type: ignore[arg-type]
    update(optimizers["denoiser"], loss)
    model["average"].update_parameters(model["now"])  # type: ignore[operator]
    return {"denoising": loss}


def average(old: Tensor, new: Tensor, n: Tensor | int) -> Tensor:
    """A running mean of the weights over about a tenth of the steps, at most a thousand."""
    return torch.lerp(old, new, 1 - min(0.999, (1 + int(n)) / (10 + int(n))))


class Points(Stored):
    """Codes (N, d) in memory, in place of images."""

    def __init__(self, points: Tensor) -> None:
        expect_samples(codes=points)
        self.pixels = points


def train_denoiser(
    denoiser: Denoiser,
    data: Tensor,
    epochs: int,
    *,
    batch_size: int = 256,
    learning_rate: float = 2e-3,
    half: bool = False,
    seed: int = 0,
    **options: Any,
) -> History:
    """Train a denoiser; its weights become their running mean over the last steps.

    Args:
        denoiser: updated in place, at the end of the training.
        data: codes (N, d), or images (N, C, H, W) in [0, 1].
        learning_rate: of Adam; falls to 0 along half a cosine.
        half: compute products in bfloat16; twice as fast where the processor can.
        options: those of `fit`: decay, callback, checkpoint, checkpoint_every, progress. What the
            callback gets as `model` has the current weights as `now`, their mean as `average`.

    Returns:
        The `History` of the loss `denoising`; a network that knows nothing has 1.

    Raises:
        ValueError: for data of another shape than the denoiser's; else as `fit`.
    """
    expect_shape(data, denoiser.shape, "data")
    expect_whole(1, batch_size=batch_size)
    mean: Any = AveragedModel(denoiser, avg_fn=average)
    model = nn.ModuleDict({"now": denoiser, "average": mean})
    model.config = denoiser.config  # type: ignore[assignment]
    source = Points(data) if len(denoiser.shape) == 1 else Stored(data)
    weight = next(denoiser.parameters())
    batches = Shuffled(source, weight, batch_size, seed)
    optimizers = {"denoiser": adam(denoiser.parameters(), learning_rate)}

    def step(model: Any, optimizers: Optimizers, x: Tensor, generator: torch.Generator) -> Losses:
        return denoising_step(model, optimizers, x, generator, half)

    schedule: dict[str, Any] = {"epochs": epochs, "seed": seed, "cosine": ("denoiser",)}
    history = fit(model, batches, optimizers, step, **schedule, **options)
    denoiser.load_state_dict(mean.module.state_dict())
    return history


# ---- sampling -----------------------------------------------------------------------------------

Denoise = Callable[[Tensor, Tensor], Tensor]


def noise_levels(steps: int, std: float = 1.0, largest: float = LARGEST) -> Tensor:
    """Noise levels (steps + 1,) from the largest to the smallest, close together there, then 0.

    Args:
        steps: at least 2.
        std: of the data.
        largest: in units of `std`.
    """
    (steps,) = expect_whole(2, steps=steps)
    ends = (largest ** (1 / RHO), SMALLEST ** (1 / RHO))
    return std * torch.cat([torch.linspace(*ends, steps) ** RHO, torch.zeros(1)])


@torch.no_grad()
def heun(denoise: Denoise, x: Tensor, sigmas: Tensor) -> Tensor:
    """Follow the probability flow from noise level sigmas[0] to the last, in steps of two slopes.

    dx / dsigma = (x - denoise(x, sigma)) / sigma. Each step but one that ends at 0 takes the mean
    of the slopes at both of its ends.

    Args:
        denoise: a `Denoiser`, or any function (x, sigma) -> E[clean | x].
        x: (N, ...) at level sigmas[0].
        sigmas: falling, (K + 1,).

    Returns:
        (N, ...) at level sigmas[-1]; `denoise` was asked 2K times, once less if that is 0.
    """
    for now, then in zip(sigmas, sigmas[1:], strict=False):
        slope = (x - denoise(x, now)) / now
        there = x + (then - now) * slope
        if then > 0:
            slope = (slope + (there - denoise(there, then)) / then) / 2
            there = x + (then - now) * slope
        x = there
    return x


def draw_samples(denoiser: Denoiser, n: int, steps: int = 18, seed: int = 0) -> Tensor:
    """Draw n samples (n, *shape) from a trained denoiser: noise, then `heun`.

    The network is asked 2 * steps - 1 times.
    """
    (n,) = expect_whole(1, n=n)
    weight = next(denoiser.parameters())
    sigmas = noise_levels(steps, denoiser.std).to(weight)
    noise = torch.randn(n, *denoiser.shape, generator=seeded_generator(seed)).to(weight)
    return heun(denoiser, denoiser.mean + sigmas[0] * noise, sigmas)
