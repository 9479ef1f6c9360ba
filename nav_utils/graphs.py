"""Graphs of latent space: places joined to their neighbours, and the cheapest way between two."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from scipy import sparse
from scipy.sparse import csgraph
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from nav_utils.arguments import expect_samples, expect_shape
from nav_utils.interpolation import lerp
from nav_utils.ratio import Ratio, in_parts


@dataclass(frozen=True)
class LatentGraph:
    """Places joined to their neighbours; an edge costs its length over the density on it.

    Attributes:
        nodes: (M, d), the places, and after them the ends that were joined to them.
        costs: sparse (M, M), from row to column. An end has edges of its own, but none leads to
            it: the way of one pair does not pass through the ends of another.
        n_evaluations: of the ratio, to make it.
        n_places: how many of the nodes are places.
        near: finds the nearest places.
        unit: (d,) float64, the lengths in which near is measured: cells need not be square.
        usual: the logarithm of the edges' median length over density, which costs 1.
        n_between: places on an edge where its cost was looked up.
    """

    nodes: Tensor
    costs: sparse.csr_matrix
    n_evaluations: int
    n_places: int
    near: NearestNeighbors
    unit: Tensor
    usual: float
    n_between: int


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
    expect_samples(codes=codes)
    expect_shape(codes, [ratio.prior.dim], "codes")
    n_between = (1 if codes.shape[1] == 2 else 4) if n_between is None else n_between
    if len(codes) < 2 or k < 1 or resolution < 2 or n_between < 1:
        raise ValueError(
            "expected two codes or more, k >= 1, resolution >= 2 and n_between >= 1, got "
            f"{len(codes)}, {k}, {resolution} and {n_between}"
        )
    if codes.shape[1] == 2:
        places, unit, (rows, columns) = grid(codes, resolution)
        k = 8
    else:
        places, unit = without_copies(codes), torch.ones(codes.shape[1], dtype=torch.float64)
        if len(places) < 2:
            raise ValueError("codes: expected at least two that differ, got copies of one")
    near = NearestNeighbors(n_neighbors=min(k, len(places) - 1))
    near.fit((places.cpu().double() / unit).numpy())
    if codes.shape[1] != 2:
        either = near.kneighbors_graph()  # a neighbour of one is a neighbour of the other
        rows, columns = sparse.triu(either.maximum(either.T)).nonzero()  # each edge once
    log_cost, count = log_costs(ratio, places[rows], places[columns], n_between)
    usual = float(log_cost.nanmedian())
    cost = np.tile(bounded(log_cost - usual), 2)  # both ways
    there, back = np.append(rows, columns), np.append(columns, rows)
    costs = sparse.csr_matrix((cost, (there, back)), (len(places), len(places)))
    graph = LatentGraph(places, costs, count, len(places), near, unit, usual, n_between)
    return graph if ends is None else joined(graph, ends, ratio)


def grid(codes: Tensor, resolution: int) -> tuple[Tensor, Tensor, tuple[np.ndarray, np.ndarray]]:
    """A grid that covers codes (M, 2): its places, the sides of a cell, and its edges, each once,
    from every place to those beside, above and at the corners.
    """
    low, high = codes.amin(0).tolist(), codes.amax(0).tolist()
    axes = [torch.linspace(a, b, resolution) for a, b in zip(low, high, strict=True)]
    unit = torch.tensor([float(axis[1] - axis[0]) or 1.0 for axis in axes]).double()
    number = np.arange(resolution**2).reshape(resolution, resolution)
    steps = [
        (number[:, :-1], number[:, 1:]),
        (number[:-1], number[1:]),
        (number[:-1, :-1], number[1:, 1:]),
        (number[:-1, 1:], number[1:, :-1]),
    ]
    rows, columns = (np.concatenate([x.ravel() for x in side]) for side in zip(*steps, strict=True))
    return torch.cartesian_prod(*axes).to(codes), unit, (rows, columns)


def without_copies(codes: Tensor) -> Tensor:
    """The codes (M, d) in their order, each once."""
    first = np.unique(codes.cpu().numpy(), axis=0, return_index=True)[1]
    return codes if len(first) == len(codes) else codes[torch.from_numpy(np.sort(first))]


def log_costs(ratio: Ratio, start: Tensor, end: Tensor, n_between: int) -> tuple[Tensor, int]:
    """log of length over density for edges from (E, d) to (E, d), and how many evaluations.

    exp(-log q) averaged over the edge, as a logarithm: it spans more than a float can hold.
    """
    t = torch.arange(1, n_between + 1, device=start.device) / (n_between + 1)
    log_q = in_parts(ratio.log_q, lerp(start, end, t)).cpu().double()  # (E, n_between)
    length = (start.cpu().double() - end.cpu().double()).norm(dim=-1)
    return length.log() + torch.logsumexp(-log_q, -1), log_q.numel()


def bounded(log_cost: Tensor) -> np.ndarray:
    """The costs of which these are the logarithms; dear where there is no number."""
    log_cost = torch.nan_to_num(log_cost, nan=600, posinf=600, neginf=-600)
    return log_cost.clamp(-600, 600).exp().numpy()


def joined(graph: LatentGraph, ends: Tensor, ratio: Ratio) -> LatentGraph:
    """The graph with ends (E, d) as its last nodes, each with edges to the places next to it.

    Raises:
        ValueError: for a graph of another dimension than the ratio, and ends not alike.
    """
    expect_shape(graph.nodes, [ratio.prior.dim], "graph")
    ends = ends.detach().to(graph.nodes)
    expect_samples(codes=graph.nodes, end_codes=ends)
    first = len(graph.nodes)
    columns = graph.near.kneighbors((ends.cpu().double() / graph.unit).numpy())[1]  # (E, k)
    rows = np.repeat(np.arange(len(ends)), columns.shape[1])
    log_cost, count = log_costs(ratio, ends[rows], graph.nodes[columns.ravel()], graph.n_between)
    data = np.append(graph.costs.data, bounded(log_cost - graph.usual))
    indices = np.append(graph.costs.indices, columns.ravel())
    more = graph.costs.nnz + columns.shape[1] * np.arange(1, len(ends) + 1)
    n = first + len(ends)
    costs = sparse.csr_matrix((data, indices, np.append(graph.costs.indptr, more)), (n, n))
    nodes, count = torch.cat([graph.nodes, ends]), graph.n_evaluations + count
    return replace(graph, nodes=nodes, costs=costs, n_evaluations=count)


# ---- kept graphs --------------------------------------------------------------------------------

ASKED = 64  # places where a ratio has to say what it said when its graph was made
Kept = tuple[bytes, LatentGraph, Tensor]  # of which codes, the graph, log q at some of its places
KEPT: WeakKeyDictionary[Ratio, Kept] = WeakKeyDictionary()


def kept_graph(ratio: Ratio, codes: Tensor | None = None) -> tuple[LatentGraph, int]:
    """The usual `latent_graph` of a ratio and codes, and the evaluations that it took now.

    The last one of a ratio is kept as long as the ratio is. It is made anew for other codes, and
    for a ratio that has changed, which shows in what it says at some places.
    """
    codes = (ratio.held_out if codes is None else codes).detach()
    content = codes.cpu().contiguous().numpy().tobytes()
    facts = f"{tuple(codes.shape)} {codes.dtype} {codes.device}"
    digest = hashlib.sha256(facts.encode() + content).digest()
    kept = KEPT.get(ratio)
    if kept is not None and kept[0] == digest:
        _, graph, said = kept
        now = ratio.log_q(some_places(graph)).detach()
        if torch.equal(now.nan_to_num(), said.nan_to_num()):
            return graph, len(now)
    graph = latent_graph(ratio, codes)
    KEPT[ratio] = digest, graph, ratio.log_q(some_places(graph)).detach()
    return graph, graph.n_evaluations + len(KEPT[ratio][2])


def some_places(graph: LatentGraph) -> Tensor:
    """At most `ASKED` places of a graph, from all over it."""
    places = graph.nodes[: graph.n_places]
    return places[:: -(-len(places) // ASKED)]


# ---- ways ---------------------------------------------------------------------------------------

LANDMARKS = 16  # nodes from which distances are known at a time


def cheapest(graph: LatentGraph, sources: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
    """The nodes on the cheapest way between each source and target; empty where there is none.

    From each source Dijkstra's search goes no farther than the best of some ways that are known:
    through the middle of the cheapest edge, and through the sources before. An end is no place to
    pass through, so that the latter may be a little too short; then the search goes on.
    """
    wanted, which = np.unique(sources, return_inverse=True)
    middle = graph.costs.indices[graph.costs.data.argmin()]
    known = np.full((min(LANDMARKS, len(wanted)) + 1, len(graph.nodes)), np.inf)
    known[-1] = csgraph.dijkstra(graph.costs, indices=middle)
    ways: list[np.ndarray] = [np.array([], dtype=int)] * len(sources)
    for number, source in enumerate(wanted):
        pairs = np.flatnonzero(which == number)
        there = way_to(graph, source, known)[0]
        limit = max((there + way_to(graph, targets[pair], known)[0]).min() for pair in pairs)
        for farthest in (limit * (1 + 1e-9), np.inf):
            distance, before = csgraph.dijkstra(
                graph.costs, indices=source, limit=farthest, return_predecessors=True
            )
            if max(way_to(graph, targets[pair], distance)[0] for pair in pairs) <= farthest:
                break
        known[number % (len(known) - 1)] = distance
        for pair in pairs:
            ways[pair] = way_back(graph, source, targets[pair], distance, before)
    return ways


def way_to(graph: LatentGraph, target: int, distance: np.ndarray) -> tuple[Any, Any]:
    """How far a target is by distances (..., M) of nodes, (...), and the node on the way before it,
    or itself, (...).

    No edge leads to an end, so its own are looked at backwards.
    """
    if target < graph.n_places:
        return distance[..., target], target
    row = slice(*graph.costs.indptr[target : target + 2])
    totals = distance[..., graph.costs.indices[row]] + graph.costs.data[row]
    return totals.min(-1), graph.costs.indices[row][totals.argmin(-1)]


def way_back(
    graph: LatentGraph, source: int, target: int, distance: np.ndarray, before: np.ndarray
) -> np.ndarray:
    """The nodes from source to target, by what Dijkstra's search from the source found (M,)."""
    way, last = [target], way_to(graph, target, distance)[1]
    if target not in {source, last}:
        way.append(last)
    while way[-1] != source and way[-1] >= 0:
        way.append(before[way[-1]])  # -9999 where there is no way
    return np.array(way[::-1]) if way[-1] == source else np.array([], dtype=int)
