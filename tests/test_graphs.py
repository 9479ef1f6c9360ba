"""Graphs of latent space: their edges, their ways, and the paths that they give."""

import gc
import itertools
import math
import warnings

import numpy as np
import pytest
import torch
from scipy.sparse import csgraph

from nav_utils.densities import GaussianMixture, c_shape, kde_log_prob, ring
from nav_utils.graphs import KEPT, cheapest, kept_graph, latent_graph
from nav_utils.interpolation import lerp
from nav_utils.navigation import Graph, PathStatus, String, navigate
from nav_utils.pretrained import load_pretrained
from nav_utils.ratio import ExactRatio
from tests.plans import ENDS, GRAPH_ALONE, PROBLEMS, RING, Broken, generator, points, worst

Z = points([1.0, 0.0], [0.0, 1.0])

# ---- the graph ----


def test_the_graph_of_a_ratio_and_its_codes_is_made_once():
    for name, least in (("ring", -1.64), ("C", -1.55)):
        ratio = ExactRatio(PROBLEMS[name].q)
        graph = latent_graph(ratio)
        first, again = (navigate(*ENDS[name], ratio) for _ in range(2))
        given = navigate(*ENDS[name], ratio, Graph(graph=graph))
        assert worst(first, ratio.q) >= least and graph.nodes.shape == (81 * 81, 2)
        assert torch.equal(first.points, again.points) and torch.equal(first.points, given.points)
        # 81 x 81 places have 4 x 80 x 81 edges less those over the corners; two ends have eight.
        assert graph.n_evaluations == 2 * 80 * 81 + 2 * 80 * 80
        assert first.n_evaluations - given.n_evaluations == graph.n_evaluations + 64
        assert again.n_evaluations - given.n_evaluations == 64, "a look whether it still holds"


def test_a_kept_graph_is_made_anew_for_other_codes_and_a_ratio_that_has_changed():
    ratio = ExactRatio(ring(), n=300)
    graph, _ = kept_graph(ratio)
    assert kept_graph(ratio, ratio.held_out.clone())[0] is graph, "what counts is their content"
    other, count = kept_graph(ratio, ratio.held_out[:200])
    assert other is not graph and count > other.n_evaluations
    ratio.q = c_shape()
    changed, _ = kept_graph(ratio, ratio.held_out[:200])
    assert changed is not other and abs(changed.costs - other.costs).max() > 1
    assert kept_graph(ratio, ratio.held_out[:200])[0] is changed
    del ratio
    gc.collect()
    kept = [id(graph) for _, graph, _ in KEPT.values()]
    assert id(changed) not in kept, "no longer than its ratio"


def test_a_search_that_stops_early_finds_the_cheapest_way_all_the_same():
    z = RING.q.sample(40, generator(8))
    graph = latent_graph(RING, ends=z, resolution=31)
    first = len(graph.nodes) - 40
    sources, targets = first + np.arange(20), first + 20 + np.arange(20)
    whole = csgraph.dijkstra(graph.costs, indices=sources)
    ways = cheapest(graph, np.append(sources, 5), np.append(targets, 600))  # and of two places
    for source, target, way in zip(sources, targets, ways[:-1], strict=True):
        assert way[0] == source and way[-1] == target
        found = sum(graph.costs[i, j] for i, j in itertools.pairwise(way[:-1]))
        found += graph.costs[target, way[-2]]
        row = graph.costs[target]
        assert found == pytest.approx((whole[source - first][row.indices] + row.data).min())
    assert ways[-1][0] == 5 and ways[-1][-1] == 600


@pytest.mark.parametrize("share", [0.1, 0.5, 0.7, 0.9])
def test_a_search_goes_on_where_a_known_way_was_too_short(monkeypatch, share):
    graph = latent_graph(RING, ends=RING.q.sample(40, generator(8)), resolution=31)
    ends = len(graph.nodes) - 40 + np.arange(40)
    sources, targets = np.append(ends[:20], [5, 400, 5]), np.append(ends[20:], [600, 20, 800])
    expected, limits, search = cheapest(graph, sources, targets), [], csgraph.dijkstra

    def short(costs, limit=np.inf, **options):
        limits.append(limit)
        found = search(costs, limit=limit, **options)
        return found if "return_predecessors" in options else share * found

    monkeypatch.setattr(csgraph, "dijkstra", short)
    for way, other in zip(cheapest(graph, sources, targets), expected, strict=True):
        assert np.array_equal(way, other)
    assert np.isinf(limits).sum() > 1  # one of them is the first search of all


def test_the_edges_of_a_grid_lead_to_eight_neighbours_and_cost_length_over_density():
    graph = latent_graph(RING, ends=points([0.5, 0.1]), resolution=21)
    nodes, costs = graph.nodes.double(), graph.costs
    inner = 10 * 21 + 10
    found = sorted(costs[inner].indices)
    assert found == [inner + i * 21 + j for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
    middle = (nodes[found] + nodes[inner]) / 2
    expected = (nodes[found] - nodes[inner]).norm(dim=-1) * (-RING.log_q(middle)).exp()
    cost = torch.tensor(costs[inner].toarray()[0][found])
    torch.testing.assert_close(cost / cost[0], expected / expected[0])
    end = 21 * 21
    assert costs.shape == (end + 1, end + 1) and len(costs[end].indices) == 8
    assert costs[:, end].nnz == 0, "no edge leads to an end"
    base = costs[:end, :end]
    assert abs(base - base.T).max() == 0


def test_a_grid_of_stretched_cells_hangs_together():
    """Eight nearest places would all lie in one column where cells are twelve times as wide."""
    ratio = ExactRatio(
        GaussianMixture(
            ring().means * torch.tensor([3.0, 0.25]), points([0.75, 0.0625]).expand(24, 2)
        ),
        GaussianMixture([[0.0, 0.0]], points([3.0, 0.25])),
    )
    z_a, z_b = (z * torch.tensor([3.0, 0.25]) for z in ENDS["ring"])
    path = navigate(z_a, z_b, ratio, GRAPH_ALONE)
    shift = math.log(3 * 0.25)
    assert path.bottleneck + shift > -1.75 and path.status.tolist() == [PathStatus.REACHED]


def test_more_neighbours_than_codes_and_too_few_codes():
    ratio = sixteen()
    z = ratio.q.sample(2, generator(3))
    path = navigate(z[:1], z[1:], ratio, Graph(ratio.held_out[:3]))
    assert path.points.isfinite().all() and path.points.shape == (1, 64, 16)
    with pytest.raises(ValueError, match="expected two codes or more.*got 1, 12, 81 and 4"):
        navigate(z[:1], z[1:], ratio, Graph(ratio.held_out[:1]))


def sixteen():
    """Two far clusters in sixteen dimensions."""
    means = torch.zeros(2, 16)
    means[0, 0], means[1, 0] = -3, 3
    return ExactRatio(GaussianMixture(means, 0.3), n=400)


def test_codes_that_no_edge_joins_leave_the_straight_line_and_a_warning():
    ratio = sixteen()
    z = torch.stack([side[:2] for side in halves(ratio.held_out.float())])  # (2, 2, 16)
    with pytest.warns(UserWarning, match=r"ends of 2 of 2 pairs \(0, 1\): they lie in different"):
        path = navigate(z[0], z[1], ratio, GRAPH_ALONE)
    torch.testing.assert_close(path.points, lerp(z[0], z[1], torch.linspace(0, 1, 64)))
    assert (path.status == PathStatus.INFEASIBLE).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        within = navigate(z[0, :1], z[0, 1:], ratio, GRAPH_ALONE)
    line = lerp(z[0, 0], z[0, 1], torch.linspace(0, 1, 64))
    assert (within.points[0] - line).norm(dim=-1).max() > 0.1, "over codes"


def test_copies_of_codes_change_nothing():
    """Five copies of each code of one cluster would be each other's only neighbours."""
    ratio = ExactRatio(GaussianMixture([[0.0] * 4, [1.0] + [0.0] * 3], 0.4), n=300)
    codes = ratio.held_out.float()
    often = torch.cat([codes, codes[codes[:, 0] > 0.5].repeat(20, 1)])
    order = torch.randperm(len(often), generator=generator(2))
    z_a, z_b = codes[:4], codes[4:8]
    once = navigate(z_a, z_b, ratio, Graph(codes))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = navigate(z_a, z_b, ratio, Graph(often))
        shuffled = navigate(z_a, z_b, ratio, Graph(often[order]))
    assert torch.equal(again.points, once.points) and torch.equal(again.status, once.status)
    torch.testing.assert_close(shuffled.bottleneck, once.bottleneck, atol=1e-3, rtol=0)
    with pytest.raises(ValueError, match="at least two that differ"):
        navigate(z_a, z_b, ratio, Graph(codes[:1].repeat(5, 1)))


def halves(codes):
    return codes[codes[:, 0] < 0], codes[codes[:, 0] > 0]


def test_codes_given_are_the_nodes_and_may_carry_a_gradient():
    ratio = sixteen()
    left, _ = halves(ratio.held_out)
    z = left[:2].float()
    codes = left[2:40].clone().requires_grad_()
    graph = latent_graph(ratio, codes, z.requires_grad_(), k=5)
    assert torch.equal(graph.nodes[:38], codes.detach()) and not graph.nodes.requires_grad
    torch.testing.assert_close(graph.nodes[38:], z.double().detach())
    path = navigate(z[0], z[1], ratio, Graph(codes))
    assert path.points.dtype == torch.float32 and not path.points.requires_grad


def test_a_pair_does_not_pass_through_the_ends_of_another():
    """A bridge of other pairs' ends between the clusters would join what no code joins."""
    ratio = sixteen()
    left, right = (side[:1].float() for side in halves(ratio.held_out))
    bridge = lerp(left[0], right[0], torch.linspace(0.02, 0.98, 49))
    z_a, z_b = torch.cat([left, bridge]), torch.cat([left + 0.01, bridge + 0.01])
    graph = latent_graph(ratio, ends=torch.cat([z_a, z_b, right]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone = navigate(left, right, ratio, Graph(graph=latent_graph(ratio), string=String(0)))
        among = navigate(left, right, ratio, Graph(graph=graph, string=String(0)))
    assert torch.equal(alone.points, among.points)


def test_sixteen_dimensions_of_mnist():
    space = load_pretrained("mnist-16d")
    codes, judges = space.test_codes[:1500], space.test_codes[5000:7000]
    z_a, z_b = space.test_codes[9000:9006], space.test_codes[9500:9506]
    path = navigate(z_a, z_b, space.ratio, Graph(codes))
    line = navigate(z_a, z_b, space.ratio, String(0), proposal="linear")
    assert path.points.shape == (6, 64, 16) and (path.status == PathStatus.REACHED).all()
    assert torch.equal(path.points[:, 0], z_a) and torch.equal(path.points[:, -1], z_b)
    inner = [kde_log_prob(p.points[:, 8:-8], judges, 0.5).mean() for p in (path, line)]
    assert inner[0] > inner[1] + 0.3, "by a density that the ratio has not seen"


def test_a_graph_goes_round_what_is_not_a_number():
    """Twice as far, but finite: the strip cuts the upper half of the ring only."""

    class Half(Broken):
        def logit(self, z):
            return torch.where(z[..., 1] > 0, super().logit(z), ExactRatio.logit(self, z))

    ratio = Half(ring())
    ratio.held_out = ratio.held_out[ratio.logit(ratio.held_out).isfinite()]
    z_a, z_b = points([-0.65, 1.12]), points([0.65, 1.12])
    path = navigate(z_a, z_b, ratio)
    assert path.status.tolist() == [PathStatus.REACHED] and path.points[..., 1].min() < -1
    assert navigate(z_a, z_b, RING).points[..., 1].min() > 1


def test_a_graph_of_another_space_is_refused():
    with pytest.raises(ValueError, match=r"graph: expected shape \(\.\.\., 2\), got \(400, 16\)"):
        navigate(Z, Z, RING, Graph(graph=latent_graph(sixteen())))


@pytest.mark.parametrize("options", [{"k": 0}, {"resolution": 1}, {"n_between": 0}])
def test_a_graph_of_nothing_is_refused(options):
    with pytest.raises(ValueError, match="k >= 1, resolution >= 2 and n_between >= 1"):
        latent_graph(RING, **options)
