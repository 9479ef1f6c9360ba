"""What the claims are judged on: latent spaces, their halves of test codes, and paths in them."""

from __future__ import annotations

import functools
import math
import pathlib
from typing import Any

import seeds
import torch
from controls import ByLength, KernelRatio
from torch import Tensor

from nav_utils.densities import StandardNormal, knn_distance
from nav_utils.evaluation import Reference, halves
from nav_utils.navigation import Graph, Path, Pointwise, Stepwise, Straight, String, navigate
from nav_utils.pretrained import load_classifier
from nav_utils.ratio import Ratio
from nav_utils.spaces import LatentSpace
from nav_utils.steps import Probability

SPACES = ("mnist-2d", "mnist-16d")
LINE, SLERP = "straight line", "SLERP"
POWERS = (1, 2, 3, 4, 6, 8, 12, 17)  # of an edge's length, from the line's length to beyond ours
LOOP, ALL = Stepwise(Probability(0.3)), Pointwise(Probability(0.3))  # eta: calmest in chapter 09
PROPOSALS = {  # a correction: how it starts, and what it has to beat
    "literal loop, SLERP": (LOOP, SLERP),
    "literal loop, straight": (LOOP, LINE),
    "all points, SLERP": (ALL, SLERP),
    "all points, straight": (ALL, LINE),
}
WITH_D = {
    "string with D": String(),
    "graph with D": Graph(string=String(0)),
    "graph and string with D": Graph(),
}
WITHOUT_D = ("k-NN graph, length^4", "k-NN graph, length^(d+1)")
KERNEL = {
    "kernel density graph": WITH_D["graph with D"],
    "kernel density graph and string": Graph(),
}


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


class Ground:
    """One latent space with one ratio.

    Args:
        space, ratio: what is judged.
        reference: the judge: all test codes, of which `halves` gives the first half the density;
            the second supplies pairs and points, and says what is usual.
        n_pairs: of ends of paths.
        draw: a seed; other refits of a space get other pairs.
    """

    def __init__(
        self, space: LatentSpace, ratio: Ratio, reference: Reference, n_pairs: int, draw: int
    ) -> None:
        self.space, self.ratio, self.reference = space, ratio, reference
        self.n_pairs, self.draw = n_pairs, draw
        rows = halves(len(space.test_codes))[1]
        self.pool, self.labels = space.test_codes[rows], space.test_labels[rows]
        self.dim = self.pool.shape[1]
        self.prior = StandardNormal(self.dim)
        self.path = functools.cache(self._path)
        self.measures = functools.cache(self._measures)
        self.kernel = functools.cache(lambda: KernelRatio(ratio.held_out))

    def log_ratio(self, z: Tensor, k: int = 10) -> Tensor:
        """log p - log q in the plane, q from the distance to the k-th nearest reference code."""
        codes = self.reference.density_codes
        log_q = math.log(k / (math.pi * len(codes))) - 2 * knn_distance(z, codes, k).log()
        return self.prior.log_prob(z) - log_q

    def pairs(self, same: bool = False) -> Tensor:
        """Codes (n, 2, d) of random pairs from the pool, of one class or of different classes."""
        n = self.n_pairs
        rows = torch.randint(len(self.pool), (40 * n, 2), generator=seeded(1 + self.draw))
        alike = self.labels[rows[:, 0]] == self.labels[rows[:, 1]]
        return self.pool[rows[(alike == same) & (rows[:, 0] != rows[:, 1])][:n]]

    def _path(self, name: str, same: bool = False) -> Path:
        """Paths between the pairs, by a name of this module; or by k-NN graph: "power 4"."""
        z_a, z_b = self.pairs(same).unbind(1)
        ratio, planner, proposal = self.ratio, Straight(), "linear"
        if name in PROPOSALS:
            planner, start = PROPOSALS[name]
            proposal = {SLERP: "slerp", LINE: "linear"}[start]
        elif name == SLERP:
            planner, proposal = String(0), "slerp"
        elif name in WITH_D:
            planner = WITH_D[name]
        elif name in KERNEL:
            ratio, planner = self.kernel(), KERNEL[name]
        elif name != LINE:
            power = {WITHOUT_D[0]: 4.0, WITHOUT_D[1]: self.dim + 1.0}.get(name)
            power = float(name.removeprefix("power ")) if power is None else power
            planner = ByLength(ratio.held_out, power)
        planned: Any = planner
        return navigate(z_a, z_b, ratio, planned, proposal=proposal)

    def _measures(self, name: str, same: bool = False) -> dict[str, Tensor]:
        """Measures that use no ratio, at 64 places (n, 64) of each path."""
        return self.reference.measures(self.path(name, same).resample(64))


Grounds = list[list[Ground]]  # for each seed, one for each refit


def shipped(name: str, n_pairs: int = 200) -> Grounds:
    """The shipped space with the shipped ratio."""
    return grounds(pathlib.Path(), name, seeds.PENALTY, [[0]], n_pairs)


def trained(folder: pathlib.Path, name: str, penalty: float, n_pairs: int = 100) -> Grounds:
    """Every space of a folder of `seeds.py`, with every ratio of it that is there."""
    there = [
        [refit for refit in seeds.REFITS if seeds.is_there(folder, name, penalty, seed, refit)]
        for seed in seeds.SEEDS
    ]
    return grounds(folder, name, penalty, there, n_pairs)


def grounds(
    folder: pathlib.Path, name: str, penalty: float, refits: list[list[int]], n_pairs: int
) -> Grounds:
    """Grounds of a space for seeds 0, 1, ... with these refits; a seed without any is left out."""
    found = []
    for seed, some in enumerate(refits):
        if some:
            space = seeds.space_of(folder, name, penalty, seed)
            reference = Reference(space.test_codes, space.model, load_classifier())
            ratios = [seeds.ratio_of(folder, name, penalty, seed, refit) for refit in some]
            made = [
                Ground(space, ratio, reference, n_pairs, draw) for draw, ratio in enumerate(ratios)
            ]
            found.append(made)
    return found
