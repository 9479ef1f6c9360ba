"""Planners that need no discriminator, only codes: what the compass has to beat.

A graph of codes whose edges cost a power of their length: a high power shuns long steps, so it
keeps to where codes are many. With the power d + 1 its cheapest ways tend to those of the cost
1 / q, the cost that the graph with D uses (Hwang, Damelin and Hero 2016; Groisman, Jonckheere and
Sapienza 2022: power a, cost q^((1 - a) / d)). And the graph and string with a kernel density of the
codes in place of D.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from nav_utils.densities import StandardNormal, kde_bandwidth, kde_log_prob
from nav_utils.graphs import LatentGraph, neighbours, without_copies
from nav_utils.navigation import Graph, String
from nav_utils.ratio import Ratio


def power_graph(codes: Tensor, ends: Tensor, power: float, k: int = 12) -> LatentGraph:
    """Codes (M, d) and ends (E, d) joined to their k nearest codes; an edge costs length^power.

    As in `latent_graph`, no edge leads to an end.
    """
    codes = without_copies(codes)
    nodes, n = torch.cat([codes, ends.to(codes)]), len(codes)
    places = nodes.double()
    rows, columns, n_edges = neighbours(places, n, k)
    length = (places[rows] - places[columns]).norm(dim=-1).clamp_min(1e-12)
    cost = (power * (length / length.median()).log()).clamp(-600, 600).exp().numpy()
    there, back = np.append(rows, columns[:n_edges]), np.append(columns, rows[:n_edges])
    costs = sparse.csr_matrix((np.append(cost, cost[:n_edges]), (there, back)), (len(nodes),) * 2)
    return LatentGraph(nodes, costs, 0)


def by_length(codes: Tensor, ends: Tensor, power: float) -> Graph:
    """A planner that takes the cheapest way through a `power_graph`, as it is."""
    return Graph(graph=power_graph(codes, ends, power), string=String(0))


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
