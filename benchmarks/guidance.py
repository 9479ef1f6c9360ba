"""Discriminator guidance (Kim et al. 2023, arXiv 2211.17091) of a diffusion of codes.

A discriminator that is told the noise level tells noisy codes of real images, 1, from noisy samples
of the diffusion, 0. Where it is right, log D/(1 - D) is the log of the ratio of the two densities,
and its gradient is what the diffusion's score lacks. It is added with a weight, from level HIGHEST
down. Above it noisy codes and noisy samples are alike, the discriminator has hardly learnt, and the
factor sigma^2 would make much of its errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from quality import Judge
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from nav_utils.diffusion import LOG_MEAN, LOG_STD, Denoiser, draw_samples, heun, noise_levels, waves
from nav_utils.models import mlp, seeded
from nav_utils.spaces import LatentSpace
from nav_utils.training import adam, cosine_rate

N, BATCH, SAMPLER = 2000, 512, 9
WEIGHTS, HIGHEST = (0.5, 1.0), 3.0
# How many real codes and as many samples a discriminator learns from, and for how many steps.
LEARNERS = {"20,000 codes": (20_000, 800), "500 codes": (500, 800)}


class Critic(nn.Module):
    """The logit of "a real code" for noisy codes (N, d) at levels (N,)."""

    def __init__(self, dim: int, seed: int = 0) -> None:
        super().__init__()
        with seeded(seed):
            self.layers = mlp([dim + waves(torch.zeros(1)).shape[1], 128, 128, 1])

    def forward(self, z: Tensor, sigma: Tensor) -> Tensor:
        """(N,) logits."""
        z = z / (1 + sigma[:, None] ** 2).sqrt()
        return self.layers(torch.cat([z, waves(sigma.log())], dim=1)).squeeze(-1)


def noised(z: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Codes at levels like those that the denoiser has learnt from."""
    sigma = (LOG_MEAN + LOG_STD * torch.randn(len(z), generator=generator)).exp()
    return z + sigma[:, None] * torch.randn(z.shape, generator=generator), sigma


def train_critic(real: Tensor, made: Tensor, steps: int) -> Critic:
    """Cross-entropy between real codes (N, d) and samples (M, d), at all levels."""
    critic, generator = Critic(real.shape[1]), torch.Generator().manual_seed(0)
    optimizer = adam(critic.parameters(), 2e-3)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = cosine_rate(2e-3, step / steps)
        logits = []
        for z in (real, made):
            rows = torch.randint(len(z), (BATCH,), generator=generator)
            logits.append(critic(*noised(z[rows], generator)))
        loss = F.softplus(-logits[0]).mean() + F.softplus(logits[1]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return critic.eval().requires_grad_(False)


@torch.no_grad()
def auc(critic: Critic, real: Tensor, made: Tensor) -> float:
    """How well it tells them apart, at levels like those it has learnt from."""
    generator = torch.Generator().manual_seed(5)
    logits = torch.cat([critic(*noised(z, generator)) for z in (real, made)])
    flags = torch.cat([torch.ones(len(real)), torch.zeros(len(made))])
    return float(roc_auc_score(flags.numpy(), logits.numpy()))


def corrected(
    denoiser: Denoiser, critic: Critic, weight: float
) -> Callable[[Tensor, Tensor], Tensor]:
    """The denoiser with the critic's gradient added to its score: mean + sigma^2 w grad."""

    def denoise(z: Tensor, sigma: Tensor) -> Tensor:
        if sigma > HIGHEST:
            return denoiser(z, sigma)
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            logits = critic(z, sigma.expand(len(z)))
            (gradient,) = torch.autograd.grad(logits.sum(), z)
        return denoiser(z.detach(), sigma) + sigma**2 * weight * gradient

    return denoise


def guided(
    denoiser: Denoiser,
    space: LatentSpace,
    decoded: Callable[[Tensor], Tensor],
    judge: Judge,
) -> dict[str, Any]:
    """Quality without guidance, and with each discriminator and weight."""
    noise = torch.randn(N, space.codes.shape[1], generator=torch.Generator().manual_seed(1))
    levels = noise_levels(SAMPLER, denoiser.std)
    start = levels[0] * noise
    rows: dict[str, Any] = {"no guidance": judge(decoded(heun(denoiser, start, levels))).row()}
    made = draw_samples(denoiser, 22_000, SAMPLER, seed=7)
    for name, (n, steps) in LEARNERS.items():
        critic = train_critic(space.codes[:n], made[:n], steps)
        seen, fresh = ((space.codes[:n], made[:n]), (space.codes[-2000:], made[-2000:]))
        rows[name] = {
            "AUC on its own": f"{auc(critic, *seen):.3f}",
            "AUC on others": f"{auc(critic, *fresh):.3f}",
        }
        for weight in WEIGHTS:
            denoise = corrected(denoiser, critic, weight)
            quality = judge(decoded(heun(denoise, start, levels))).row()
            rows[f"{name}, weight {weight:g}"] = quality
    return rows
