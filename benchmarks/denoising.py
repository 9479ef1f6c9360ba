"""A score network: learns the gradient of the log density of noisy codes, by removing the noise.

With z a code and xi noise from N(0, I), the network s with the least mean of
|s(z + sigma xi) + xi / sigma|^2 is the score of q_sigma, the codes blurred by sigma (Vincent 2011).
A small sigma is near to q and hard to learn, a large one is easy and blurred: `fisher_loss` on
codes that were held out says which is best. One network can learn many levels (Song and Ermon
2019); it is scaled so that what it answers has variance 1 at each level (Karras et al. 2022).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import torch
from scipy.optimize import brentq
from torch import Tensor, nn

from nav_utils.densities import GaussianMixture
from nav_utils.models import mlp, mlp_sizes, seeded
from nav_utils.ratio import DensityRatio
from nav_utils.training import cosine_rate

SIGMAS = (0.015, 0.03, 0.06, 0.12, 0.25)  # what a level is chosen from
RANGE = (0.01, 2.0)  # of the levels that one network learns together
Score = Callable[[Tensor], Tensor]  # points (N, d) to scores (N, d)


class ScoreNetwork(nn.Module):
    """The score of q_sigma: -y / (1 + sigma^2), that of N(0, I) blurred, and what the network adds.

    Args:
        dim: d.
        sigma: one level; None for a network that is told the level.
        energy: the network has one output, and its gradient is the score.
        hidden: widths of the hidden layers.
    """

    def __init__(
        self,
        dim: int,
        sigma: float | None = None,
        energy: bool = False,
        hidden: Sequence[int] = (128, 128, 128),
    ) -> None:
        super().__init__()
        self.sigma, self.energy = sigma, energy
        self.network = mlp([dim + (sigma is None), *hidden, 1 if energy else dim])

    def forward(self, y: Tensor, sigma: Tensor) -> Tensor:
        """Scores (N, d) at points (N, d), of the level sigma (N, 1); autograd may go through."""
        scale = (1 + sigma**2).sqrt()
        told = [] if self.sigma is not None else [sigma.log()]

        def network(x: Tensor) -> Tensor:
            return self.network(torch.cat([x / scale, *told], dim=1))

        if self.energy:
            with torch.enable_grad():
                x = y if y.requires_grad else y.detach().requires_grad_()
                energy = -(network(x) / sigma).sum()
                (answer,) = torch.autograd.grad(energy, x, create_graph=True)
            return answer - y / scale**2
        return network(y) / (sigma * scale) - y / scale**2

    def at(self, sigma: float) -> Score:
        """The score of one level, as a function of points (N, d)."""
        return lambda y: self(y, torch.full_like(y[:, :1], sigma))


def denoising_loss(network: ScoreNetwork, z: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """Mean squared error of the noise that the network finds, (N, d) of codes and noise."""
    scale = (1 + sigma**2).sqrt()
    return ((network(z + sigma * noise, sigma) * sigma + noise) * scale).square().mean()


def fit_score(
    codes: Tensor,
    held_out: Tensor,
    *,
    sigma: float | None = None,
    energy: bool = False,
    seed: int = 0,
    hidden: Sequence[int] = (128, 128, 128),
    steps: int,
    rows: int,
    learning_rate: float,
    weight_decay: float = 0.03,
    check_every: int = 100,
    paired: bool = True,
) -> ScoreNetwork:
    """Train a score network on codes (N, d), as `fit_ratio` trains a ratio.

    AdamW, a rate that falls to 0 along half a cosine, and the weights with the least loss on the
    held-out codes are kept.

    Args:
        sigma: one level; None: many, drawn from `RANGE` evenly in log sigma.
        rows: noisy codes in a batch. With each noise comes its negative, which halves what the
            gradient of the loss has of chance.
    """
    generator = torch.Generator().manual_seed(seed)
    with seeded(seed):
        network = ScoreNetwork(codes.shape[1], sigma, energy, hidden)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True
    )

    def drawn(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        noise = torch.randn(z.shape, generator=generator)
        share = torch.rand(len(z), 1, generator=generator)
        low, high = (math.log(x) for x in ((sigma, sigma) if sigma else RANGE))
        levels = (low + (high - low) * share).exp()
        if not paired:
            return z, noise, levels
        return z.repeat(2, 1), torch.cat([noise, -noise]), levels.repeat(2, 1)

    check = drawn(held_out.repeat(4, 1))
    kept, best = copy.deepcopy(network.state_dict()), math.inf
    for number in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = cosine_rate(learning_rate, (number - 1) / steps)
        picked = torch.randint(len(codes), (rows // 2 if paired else rows,), generator=generator)
        loss = denoising_loss(network, *drawn(codes[picked]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if number % check_every == 0 or number == steps:
            with torch.no_grad():
                value = float(denoising_loss(network, *check))
            if value < best:
                kept, best = copy.deepcopy(network.state_dict()), value
    network.load_state_dict(kept)
    return network.eval().requires_grad_(False)


def fisher_loss(score: Score, z: Tensor) -> float:
    """Mean of |s|^2 / 2 + div s over points (N, d): half the squared error of the score s on the
    distribution of the points, but for a constant that no score changes (Hyvarinen 2005).
    """
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        s = score(z)
        divergence = sum(
            torch.autograd.grad(s[:, i].sum(), z, retain_graph=True)[0][:, i].detach()
            for i in range(z.shape[1])
        )
    return float((0.5 * s.detach().square().sum(1) + divergence).mean())


def as_ratio(network: ScoreNetwork, sigma: float, held_out: Tensor, seed: int = 0) -> DensityRatio:
    """The compass that an energy of one level is: log p - log q, both blurred by sigma.

    The level goes into the bias of the first layer, its scale into the last one: what is left is a
    plain `mlp` with one output, as `fit_ratio` makes. An energy lacks a constant. It is set so
    that samples of the prior and held-out codes (N, d), taken together, have D = 1/2 on average,
    as the best classifier has. The prior is N(0, (1 + sigma^2) I).

    Raises:
        ValueError: for a network that has no energy.
    """
    if not network.energy:
        raise ValueError("network: expected one with energy=True, got a field of scores")
    dim, scale = held_out.shape[1], (1 + sigma**2) ** 0.5
    told, widths = network.network, mlp_sizes(network.network)
    assert widths is not None
    plain = mlp([dim, *widths[1:]])
    plain.load_state_dict(told.state_dict() | {"0.weight": told[0].weight[:, :dim] / scale})
    with torch.no_grad():
        if network.sigma is None:
            plain[0].bias += told[0].weight[:, dim] * math.log(sigma)
        plain[-1].weight /= sigma
        plain[-1].bias /= sigma
        prior = GaussianMixture(torch.zeros(1, dim), scale)
        generator = torch.Generator().manual_seed(seed)
        noisy = held_out + sigma * torch.randn(held_out.shape, generator=generator)
        parts = [plain(z).double() for z in (prior.sample(len(noisy), generator), noisy)]

    def excess(shift: float) -> float:
        return float(sum((part + shift).sigmoid().mean() for part in parts)) - 1

    shift = brentq(excess, -1000.0, 1000.0)
    return DensityRatio(plain, held_out, prior, shift=shift)
