"""What judges and classifier say of images, by the definitions of `artifacts.py`."""

from __future__ import annotations

from typing import NamedTuple

import torch
from judges import STRANGE, Judge, in_parts
from torch import Tensor

from nav_utils.pretrained import load_classifier

NOISE = ("features", "statistics")  # judges by which an image may be noise-like


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


def shuffled(images: Tensor) -> Tensor:
    """Images (N, 1, H, W), each with its own pixels in a random order."""
    order = torch.rand(images.flatten(1).shape, generator=seeded(3)).argsort(1)
    return images.flatten(1).gather(1, order).reshape(images.shape)


class Seen(NamedTuple):
    """What judges and classifier say of images of leading shape (...)."""

    scores: dict[str, Tensor]  # of each judge
    entropy: Tensor  # of the classifier, in nats
    split: Tensor  # whether two classes share the probability
    classes: Tensor  # (..., 2), the likeliest first


class Court:
    """The judges, and the thresholds that `calibration` and shuffled noise set."""

    def __init__(self, judges: dict[str, Judge], calibration: Tensor) -> None:
        self.judges, self.classifier = judges, load_classifier()
        self.entropy = float(self.look(calibration).entropy.quantile(0.95))
        noise = self.look(shuffled(calibration[:2000])).scores
        self.noise = {name: float(noise[name].quantile(0.05)) for name in NOISE}

    def look(self, images: Tensor) -> Seen:
        """At images (..., 1, 28, 28)."""
        lead, flat = images.shape[:-3], images.reshape(-1, 1, 28, 28)
        prob = in_parts(self.classifier, flat).softmax(-1)
        best, classes = prob.topk(2, dim=-1)
        split = (best.sum(-1) > 0.9) & (best[:, 1] > 0.1)
        scores = {name: judge.score(flat).reshape(lead) for name, judge in self.judges.items()}
        entropy = torch.special.entr(prob).sum(-1)
        return Seen(scores, entropy.reshape(lead), split.reshape(lead), classes.reshape(*lead, 2))

    def p(self, seen: Seen) -> dict[str, Tensor]:
        """p-values (...) of each judge."""
        return {
            name: judge.p(seen.scores[name].flatten()).reshape(seen.entropy.shape)
            for name, judge in self.judges.items()
        }

    def ambiguous(self, seen: Seen) -> Tensor:
        """Flags (...)."""
        return seen.entropy > self.entropy

    def hybrid(self, seen: Seen) -> Tensor:
        """Flags (...)."""
        return self.ambiguous(seen) & seen.split

    def flags(self, seen: Seen, count: list[str]) -> dict[str, Tensor]:
        """What the definitions say, each (...)."""
        strange = {name: p < STRANGE for name, p in self.p(seen).items()}
        any_of = torch.stack([strange[name] for name in count]).any(0)
        noise = {
            f"noise-like by {name}": seen.scores[name] >= least
            for name, least in self.noise.items()
        }
        return (
            {f"strange by {name}": x for name, x in strange.items()} | noise | {"strange": any_of}
        )
