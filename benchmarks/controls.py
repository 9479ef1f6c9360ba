"""Planners that need no discriminator, only codes: what the compass has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from scipy.sparse import csgraph
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from nav_utils.densities import StandardNormal, kde_bandwidth, kde_log_prob
from nav_utils.ratio import Ratio
from nav_utils.strings import evenly_spaced


@dataclass(frozen=True)
class ByLength:
    """A planner: the cheapest way through a k-NN graph of codes whose edges cost length^power.

    A power of 1 asks for the shortest way. A higher one shuns long steps, and so keeps to where
    codes are many: with more and more codes its cheapest ways tend to those of the cost
    q^((1 - power) / d), so that d + 1 has the limit 1 / q, the cost of the graph with D.

    Args:
        codes: (M, d).
        power: at least 1.
        k: neighbours of a code, and codes that an end is joined to.
    Source: Hwang, Damelin and Hero 2016, arXiv 1202.0045 (the limit); Groisman, Jonckheere and
        Sapienza 2022, arXiv 1810.09398 (as a distance between data).
    """

    codes: Tensor
    power: float
    k: int = 12

    def plan(self, start: Any, ratio: Ratio, callback: Any) -> tuple[Tensor, None, int]:
        """Points (B, n, d); neither a ratio nor a callback is asked."""
        z_a, z_b, codes = start.z_a, start.z_b, self.codes.to(start.z_a)
        n, pairs = len(codes), len(z_a)
        search = NearestNeighbors(n_neighbors=self.k).fit(codes.double().numpy())
        between = search.kneighbors_graph(mode="distance")
        out, into = (
            search.kneighbors_graph(z.double().numpy(), mode="distance") for z in (z_a, z_b)
        )
        edges = sparse.bmat(  # codes, starts, targets; no way passes through the ends of another
            [
                [between.maximum(between.T), None, into.T],
                [out, sparse.csr_matrix((pairs, pairs)), None],
                [None, None, sparse.csr_matrix((pairs, pairs))],
            ]
        ).tocsr()
        lengths = np.maximum(edges.data, 1e-12)
        edges.data = (lengths / np.median(lengths)) ** self.power
        before = csgraph.dijkstra(edges, indices=n + np.arange(pairs), return_predecessors=True)[1]
        nodes = torch.cat([codes, z_a, z_b])
        ways = [way_back(row, n + i, n + pairs + i) for i, row in enumerate(before)]
        polygons = [evenly_spaced(nodes[way][None], start.n_points) for way in ways]
        return torch.cat(polygons), None, 0


def way_back(before: np.ndarray, source: int, target: int) -> list[int]:
    """The nodes from source to target, by each node's predecessor (M,); the ends where there is
    no way."""
    way = [target]
    while way[-1] != source:
        if before[way[-1]] < 0:
            return [source, target]
        way.append(int(before[way[-1]]))
    return way[::-1]


class KernelRatio(Ratio):
    """A ratio that nobody taught: log p - log of a kernel density of codes (M, d)."""

    def __init__(self, codes: Tensor) -> None:
        super().__init__(StandardNormal(codes.shape[1]), codes)
        self.bandwidth = kde_bandwidth(codes)

    def logit(self, z: Tensor) -> Tensor:
        """a(z) in nats, (...) for points (..., d)."""
        return self.prior.log_prob(z) - kde_log_prob(z, self.held_out, self.bandwidth)

    def logit_and_grad(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """a(z) and its gradient: codes pull by their share in the density at z."""
        codes, width = self.held_out.to(z), self.bandwidth
        points = z.detach().reshape(-1, z.shape[-1])
        nearness = -0.5 * (torch.cdist(points, codes) / width).square()  # (N, M)
        pull = (nearness.softmax(-1) @ codes - points) / width**2
        return self.logit(z), self.prior.score(z) - pull.reshape(z.shape)
