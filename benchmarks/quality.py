"""How good a set of generated images is, by the features of the judge of digits.

The Fréchet distance (Heusel et al. 2017, arXiv 1706.08500) compares means and covariances of the
features, as the FID does with another network. Precision is the share of generated images that lie
among real ones, recall the share of real ones that lie among generated (Kynkäänniemi et al. 2019,
arXiv 1904.06991). Both depend on the numbers of images: compare only equal ones.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from intervals import share, words
from printed import interval
from torch import Tensor

from nav_utils.models import Classifier
from nav_utils.pretrained import load_classifier

RESAMPLES, NEIGHBOURS = 50, 3


class Quality(NamedTuple):
    """The Fréchet distance and its standard error; who lies among the others, flags (N,)."""

    frechet: float
    error: float
    precise: Tensor
    recalled: Tensor

    def row(self) -> dict[str, str]:
        """As a page prints it."""
        ends = (self.frechet - 1.96 * self.error, self.frechet + 1.96 * self.error)
        return {
            "Fréchet distance": interval(self.frechet, *ends),
            "precision": words([[share(self.precise)]]),
            "recall": words([[share(self.recalled)]]),
        }


class Judge:
    """Features of real images, which generated ones are compared with.

    Args:
        real: images (N, C, H, W).
    """

    def __init__(self, real: Tensor) -> None:
        self.classifier: Classifier = load_classifier()
        self.real = self.features(real)
        self.radius = radii(self.real)

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """What the last layer of the classifier gets: (N, 128) in double precision."""
        body = self.classifier.layers[:-1]
        return torch.cat([body(part) for part in images.split(1000)]).double()

    @torch.no_grad()
    def labels(self, images: Tensor) -> Tensor:
        """The digit that the classifier reads, (N,)."""
        return torch.cat([self.classifier(part).argmax(-1) for part in images.split(1000)])

    def __call__(self, images: Tensor) -> Quality:
        """Compare images (M, C, H, W) in [0, 1] with the real ones."""
        found = self.features(images)
        generator, root = torch.Generator().manual_seed(0), moments(self.real)
        drawn = [
            frechet(moments(found[rows]), root)
            for rows in torch.randint(
                len(found), (RESAMPLES, len(found)), generator=generator
            ).unbind()
        ]
        distances = torch.cdist(found, self.real)
        return Quality(
            frechet(moments(found), root),
            float(torch.tensor(drawn).std()),
            (distances <= self.radius).any(1),
            (distances <= radii(found)[:, None]).any(0),
        )


def radii(features: Tensor) -> Tensor:
    """The distance of each row (N, F) to its third nearest other one, (N,)."""
    near = torch.cdist(features, features).topk(NEIGHBOURS + 1, largest=False).values
    return near[:, -1]


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (F,) and covariance (F, F) of features (N, F)."""
    return features.mean(0), features.T.cov()


def frechet(first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor]) -> float:
    """The Fréchet distance of two normal distributions, squared, as the FID has it.

    |m_1 - m_2|^2 + tr(C_1 + C_2 - 2 (C_1^1/2 C_2 C_1^1/2)^1/2).
    """
    (m1, c1), (m2, c2) = first, second
    values, vectors = torch.linalg.eigh(c1)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    mixed = torch.linalg.eigvalsh(root @ c2 @ root).clamp_min(0).sqrt().sum()
    return float((m1 - m2).square().sum() + c1.trace() + c2.trace() - 2 * mixed)
