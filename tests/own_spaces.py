"""Small latent spaces of models that are not the package's own."""

import torch
from torch import nn

from nav_utils.models import mlp, seeded
from nav_utils.pretrained import LatentSpace
from nav_utils.priors import Box
from nav_utils.ratio import DensityRatio

BOX = Box([-1.5, -1.2], [1.4, 1.3])


class Plain(nn.Module):
    """A convolutional autoencoder with nothing but `encode` and `decode`: red to the right,
    green upwards; images of an odd size, and layers that learn statistics while they train.
    """

    def __init__(self, channels=3, height=13, width=21):
        super().__init__()
        with seeded(0):
            self.layers = nn.Sequential(
                nn.Linear(2, 24),
                nn.Unflatten(1, (4, 2, 3)),
                nn.Upsample((height, width), mode="bilinear"),
                nn.BatchNorm2d(4),
                nn.SiLU(),
                nn.Conv2d(4, channels, 3, padding=1),
                nn.Dropout(0.5),
            )

    def encode(self, x):
        return x.flatten(1)[:, :2]

    def decode(self, z):
        colour = torch.cat([z, -z.sum(-1, keepdim=True)], dim=-1)[:, : self.layers[5].out_channels]
        return (0.7 * self.layers(z) + colour[..., None, None]).sigmoid()


def own_space(model=None, prior=BOX, n=400):
    """A space of the plane with an untrained ratio, whose codes lie within the unit square."""
    generator = torch.Generator().manual_seed(0)
    codes = 2 * torch.rand(n, 2, generator=generator) - 1
    labels = torch.arange(n) % 3
    with seeded(1):
        network = mlp([2, 8, 1])
    with torch.no_grad():
        network[-1].weight *= 20  # or its answers look like probabilities
    ratio = DensityRatio(network, codes[: n // 2], prior)
    model = model or Plain()
    return LatentSpace(model, ratio, network, codes, labels, codes[:5], labels[:5], {"name": "own"})
