"""What the tests of density ratios share: seeded points, networks, held-out codes."""

import torch
from torch import nn

from nav_utils.densities import GaussianMixture, ring
from nav_utils.models import mlp, seeded


def generator(seed):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=generator(seed), dtype=dtype)


def network(sizes=(2, 16, 1), seed=0):
    with seeded(seed):
        return mlp(sizes)


class Flat(nn.Module):
    """A user's own network: one linear layer, logits of shape (N,)."""

    def __init__(self, weight=(1.0, -2.0), bias=0.5):
        super().__init__()
        self.weight, self.bias = (
            nn.Parameter(torch.tensor(weight)),
            nn.Parameter(torch.tensor(bias)),
        )

    def forward(self, z):
        return z @ self.weight + self.bias


HELD_OUT = ring().sample(500, generator(5))
OBLONG = GaussianMixture([[0.0, 0.0]], [[1.5, 0.6]])
