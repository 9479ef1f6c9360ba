"""Graphs of latent space: places joined to their neighbours, and the cheapest way between two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from scipy.sparse import csgraph
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from nav_utils.arguments import expect_samples, expect_shape
from nav_utils.interpolation import lerp
from nav_utils.ratio import Ratio, in_parts

SOURCES = 256  # searched from at a time: each takes memory in proportion to the nodes


@dataclass(frozen=True)
class LatentGraph:
    """Places joined to their neighbours; an edge costs its length over the density on it.

    Attributes:
        nodes: (M, d).
        costs: sparse (M, M), from row to column. An end has edges of its own, but none leads to
            it: the way of one pair does not pass through the ends of another.
        n_evaluations: of the ratio, to make it.
    """

    nodes: Tensor
    costs: sparse.csr_matrix
    n_evaluations: int


def latent_graph(
    ratio: Ratio,
    codes: Tensor | None = None,
    ends: Tensor | None = None,
    k: int = 12,
    resolution: int = 81,
    n_between: int | None = None,
) -> LatentGraph:
    """Join places to their neighbours: of a grid in the plane, else of the codes.

    Args:
        ratio: says log q = log p - a.
        codes: (M, d); the ratio's held-out codes by default. A grid covers them. Copies of a code
            count once: they would be each other's only neighbours.
        ends: (E, d), more places to put on the graph; they become its last nodes.
        k: neighbours of a code; a place of the grid has eight.
        resolution: of the grid, along each axis.
        n_between: places on an edge where its cost is looked up; 1 on the short edges of a grid, 4
            between codes, by default.

    Raises:
        ValueError: fewer codes than two; codes or ends of another dimension than the ratio, or not
            finite; numbers out of range.
    """
    codes = (ratio.held_out if codes is None else codes).detach()
    ends = codes[:0] if ends is None else ends.detach().to(codes)
    expect_samples(codes=codes)
    expect_shape(codes, [ratio.prior.dim], "codes")
    if len(ends):
        expect_samples(codes=codes, end_codes=ends)
    n_between = (1 if codes.shape[1] == 2 else 4) if n_between is None else n_between
    if len(codes) < 2 or k < 1 or resolution < 2 or n_between < 1:
        raise ValueError(
            "expected two codes or more, k >= 1, resolution >= 2 and n_between >= 1, got "
            f"{len(codes)}, {k}, {resolution} and {n_between}"
        )
    unit = torch.ones(codes.shape[1], dtype=torch.float64)
    if codes.shape[1] == 2:
        low, high = codes.amin(0).tolist(), codes.amax(0).tolist()
        axes = [torch.linspace(a, b, resolution) for a, b in zip(low, high, strict=True)]
        codes, k = torch.cartesian_prod(*axes).to(codes), 8
        unit = torch.tensor([float(axis[1] - axis[0]) or 1.0 for axis in axes]).double()
    else:
        codes = without_copies(codes)
        if len(codes) < 2:
            raise ValueError("codes: expected at least two that differ, got copies of one")
    nodes, n = torch.cat([codes, ends]), len(codes)
    places = nodes.cpu().double()
    rows, columns, n_edges = neighbours(places / unit, n, k)  # cells need not be square
    start, end = nodes[rows], nodes[columns]
    t = torch.arange(1, n_between + 1, device=nodes.device) / (n_between + 1)
    log_q = in_parts(ratio.log_q, lerp(start, end, t)).cpu().double()  # (edges, n_between)
    length = (places[rows] - places[columns]).norm(dim=-1)
    # exp(-log q) averaged over the edge, as a logarithm: it spans more than a float can hold.
    log_cost = length.log() + torch.logsumexp(-log_q, -1)
    usual = log_cost[:n_edges].nanmedian()
    log_cost = torch.nan_to_num(log_cost - usual, nan=600, posinf=600, neginf=-600)
    cost = log_cost.clamp(-600, 600).exp()
    cost = torch.cat([cost, cost[:n_edges]])  # between places both ways
    there, back = np.append(rows, columns[:n_edges]), np.append(columns, rows[:n_edges])
    costs = sparse.csr_matrix((cost.numpy(), (there, back)), (len(nodes), len(nodes)))
    return LatentGraph(nodes, costs, log_q.numel())


def without_copies(codes: Tensor) -> Tensor:
    """The codes (M, d) in their order, each once."""
    first = np.unique(codes.cpu().numpy(), axis=0, return_index=True)[1]
    return codes if len(first) == len(codes) else codes[torch.from_numpy(np.sort(first))]


def neighbours(places: Tensor, n: int, k: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Edges (rows, columns, how many of the first kind): between the first n places, where either
    is among the k nearest of the other; then from each further place to its k nearest.
    """
    search = NearestNeighbors(n_neighbors=min(k, n - 1)).fit(places[:n].numpy())
    near = search.kneighbors_graph()
    rows, columns = sparse.triu(near.maximum(near.T)).nonzero()  # each edge once
    if len(places) == n:
        return rows, columns, len(rows)
    more_rows, more_columns = search.kneighbors_graph(places[n:].numpy()).nonzero()
    return np.append(rows, n + more_rows), np.append(columns, more_columns), len(rows)


def cheapest(graph: LatentGraph, sources: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
    """The nodes on the cheapest way between each source and target; empty where there is none."""
    wanted, which = np.unique(sources, return_inverse=True)
    ways: list[np.ndarray] = [np.array([], dtype=int)] * len(sources)
    for first in range(0, len(wanted), SOURCES):
        some = wanted[first : first + SOURCES]
        distance, before = csgraph.dijkstra(graph.costs, indices=some, return_predecessors=True)
        for pair in np.flatnonzero((which >= first) & (which < first + SOURCES)):
            row = which[pair] - first
            ways[pair] = way_back(graph, sources[pair], targets[pair], distance[row], before[row])
    return ways


def way_back(
    graph: LatentGraph, source: int, target: int, distance: np.ndarray, before: np.ndarray
) -> np.ndarray:
    """The nodes from source to target, by what Dijkstra's search from the source found (M,)."""
    way = [target]
    if target != source:  # no edge leads to an end, so its own are looked at backwards
        edges = graph.costs[target]
        totals = distance[edges.indices] + edges.data
        way.append(edges.indices[totals.argmin()])
    while way[-1] != source and way[-1] >= 0:
        way.append(before[way[-1]])  # -9999 where there is no way
    return np.array(way[::-1]) if way[-1] == source else np.array([], dtype=int)
