"""Judges of images for `artifacts.py`: none knows a code, an autoencoder or a discriminator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nav_utils.models import seeded

STRANGE = 0.05  # a p-value below it
BANK, NEAREST, LEVELS = 20_000, 10, 8


def p_values(scores: Tensor, usual: Tensor) -> Tensor:
    """Conformal p-values (N,) of scores (N,) among usual ones (n,), large scores being strange."""
    ordered = usual.sort().values
    as_strange = len(ordered) - torch.searchsorted(ordered, scores.contiguous())
    return (1 + as_strange).double() / (len(ordered) + 1)


@dataclass(frozen=True)
class Judge:
    """A score of images, what is usual of it, and whether both tails are strange.

    Args:
        score: from images (N, 1, 28, 28) to (N,).
        usual: scores (n,) of the calibration images.
        two_sided: small scores are strange too.
    """

    score: Callable[[Tensor], Tensor]
    usual: Tensor
    two_sided: bool = False

    def p(self, scores: Tensor) -> Tensor:
        """p-values (N,) of scores (N,)."""
        high = p_values(scores, self.usual)
        if not self.two_sided:
            return high
        return (2 * torch.minimum(high, p_values(-scores, -self.usual))).clamp_max(1.0)


# ---- features that were learnt without labels ---------------------------------------------------


class Features(nn.Module):
    """A small convolutional network, images (N, 1, 28, 28) to unit vectors (N, 64)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for n_in, n_out in ((1, 16), (16, 32), (32, 64)):
            layers += [nn.Conv2d(n_in, n_out, 3, 2, 1), nn.GroupNorm(4, n_out), nn.SiLU()]
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 16, 64))
        self.head = nn.Sequential(nn.SiLU(), nn.Linear(64, 32))  # for the learning only

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(self.body(x), dim=-1)

    def statistics(self, x: Tensor) -> Tensor:
        """Mean and standard deviation of every channel of the three layers, (N, 224)."""
        found = []
        for layer in (self.body[:3], self.body[3:6], self.body[6:9]):
            x = layer(x)
            found += [x.mean((2, 3)), x.std((2, 3))]
        return torch.cat(found, 1)


def view(x: Tensor, generator: torch.Generator) -> Tensor:
    """Images (N, 1, H, W), each turned by at most 15 degrees, scaled and sheared by at most 15 and
    20 %, and shifted by at most 2 pixels of 28."""
    turn, size, shear, *shift = (2 * torch.rand(5, len(x), generator=generator) - 1).unbind(0)
    angle = turn * (torch.pi / 12)
    scale = torch.exp(0.15 * size)
    rows = [
        torch.stack([angle.cos(), -angle.sin() + 0.2 * shear, shift[0] / 7], -1),
        torch.stack([angle.sin(), angle.cos(), shift[1] / 7], -1),
    ]
    affine = torch.stack(rows, 1) * torch.stack([scale, scale, torch.ones_like(scale)], -1)[:, None]
    grid = F.affine_grid(affine, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def contrastive(features: Tensor, temperature: float = 0.2) -> Tensor:
    """The loss of unit vectors (2 N, d), rows n and N + n being views of one image: each has to
    find the other among all (Chen et al. 2020, arXiv 2002.05709)."""
    n = len(features) // 2
    likeness = features @ features.T / temperature
    likeness = likeness.masked_fill(torch.eye(2 * n, dtype=torch.bool), -torch.inf)
    return F.cross_entropy(likeness, torch.arange(2 * n).roll(n))


def learn_features(images: Tensor, steps: int = 800, batch: int = 256, seed: int = 0) -> Features:
    """A `Features` that learnt from images (N, 1, 28, 28) without labels."""
    with seeded(seed):
        network = Features()
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        x = images[torch.randint(len(images), (batch,), generator=generator)]
        both = torch.cat([view(x, generator), view(x, generator)])
        loss = contrastive(F.normalize(network.head(network.body(both)), dim=-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval().requires_grad_(False)


def nearest(x: Tensor, bank: Tensor, k: int) -> Tensor:
    """Distance (N,) from rows (N, m) to their k-th nearest of a bank (M, m)."""
    parts = [torch.cdist(some, bank).topk(k, largest=False).values[:, -1] for some in x.split(500)]
    return torch.cat(parts)


# ---- a small autoregressive density -------------------------------------------------------------


class MaskedConv(nn.Conv2d):
    """A convolution that sees the pixels before each pixel; with `itself`, that one too."""

    before: Tensor

    def __init__(self, n_in: int, n_out: int, size: int, itself: bool) -> None:
        super().__init__(n_in, n_out, size, padding=size // 2)
        before = torch.arange(size * size) < size * size // 2 + itself
        self.register_buffer("before", before.reshape(size, size).float())

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.before, self.bias, padding=self.padding)


class PixelDensity(nn.Module):
    """log p of images at 14 x 14 pixels and 8 grey levels (PixelCNN; van den Oord et al. 2016,
    arXiv 1601.06759)."""

    def __init__(self, width: int = 24, depth: int = 4) -> None:
        super().__init__()
        self.first = MaskedConv(1, width, 7, itself=False)
        self.blocks = nn.ModuleList(MaskedConv(width, width, 3, itself=True) for _ in range(depth))
        self.last = nn.Conv2d(width, LEVELS, 1)

    def forward(self, levels: Tensor) -> Tensor:
        """Levels (N, 14, 14), whole numbers, to log p (N,) in nats."""
        x = levels[:, None].float() / (LEVELS - 1) - 0.5
        h = self.first(x)
        for block in self.blocks:
            h = h + block(F.silu(h))
        return -F.cross_entropy(self.last(F.silu(h)), levels, reduction="none").sum((1, 2))


def levels_of(images: Tensor) -> Tensor:
    """Images (N, 1, 28, 28) in [0, 1] as levels (N, 14, 14), whole numbers from 0 to 7."""
    small = F.avg_pool2d(images, 2).squeeze(1)
    return (small * LEVELS).long().clamp_max(LEVELS - 1)


def learn_density(images: Tensor, steps: int = 1200, batch: int = 64, seed: int = 0) -> nn.Module:
    """A `PixelDensity` of images (N, 1, 28, 28)."""
    with seeded(seed):
        network = PixelDensity()
    generator = torch.Generator().manual_seed(seed)
    levels = levels_of(images)
    optimizer = torch.optim.Adam(network.parameters(), 4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        loss = -network(levels[torch.randint(len(levels), (batch,), generator=generator)]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval().requires_grad_(False)


# ---- all of them --------------------------------------------------------------------------------


def learn_judges(
    fit: Tensor, calibration: Tensor, features: Features, density: nn.Module
) -> dict[str, Judge]:
    """The judges by name, from images (N, 1, 28, 28) and the two networks."""
    bank = fit[:BANK]
    pixels, vectors = bank.flatten(1), in_parts(features, bank)
    channels = in_parts(features.statistics, bank)
    unit = channels.std(0)

    def by_features(x: Tensor) -> Tensor:
        return nearest(in_parts(features, x), vectors, NEAREST)

    def by_statistics(x: Tensor) -> Tensor:
        return nearest(in_parts(features.statistics, x) / unit, channels / unit, NEAREST)

    def by_pixels(x: Tensor) -> Tensor:
        return nearest(x.flatten(1), pixels, 1)

    def by_density(x: Tensor) -> Tensor:
        return -in_parts(lambda some: density(levels_of(some)), x)

    return {
        "features": Judge(by_features, by_features(calibration)),
        "statistics": Judge(by_statistics, by_statistics(calibration)),
        "pixels": Judge(by_pixels, by_pixels(calibration)),
        "density": Judge(by_density, by_density(calibration), two_sided=True),
    }


@torch.no_grad()
def in_parts(network: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What a network makes of images, a thousand at a time."""
    return torch.cat([network(some) for some in x.split(1000)])
