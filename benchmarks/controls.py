"""Planners that need no discriminator, only codes: what the compass has to beat.

A graph of codes whose edges cost a power of their length (`nav_utils.graphs.length_graph`), and the
graph and string with a kernel density of the codes in place of D.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nav_utils.densities import StandardNormal, kde_bandwidth, kde_log_prob
from nav_utils.graphs import length_graph
from nav_utils.navigation import Graph, String
from nav_utils.ratio import Ratio


def by_length(codes: Tensor, ends: Tensor, power: float) -> Graph:
    """A planner that takes the cheapest way through a `length_graph`, as it is."""
    return Graph(graph=length_graph(codes, ends, power), string=String(0))


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
