"""Paths against densities that are known exactly, and each planner against its own description."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nav_utils.correction import Status, correct
from nav_utils.densities import (
    GaussianMixture,
    StandardNormal,
    c_shape,
    circle,
    kde_log_prob,
    ring,
    two_clusters,
)
from nav_utils.interpolation import lerp, slerp
from nav_utils.navigation import (
    PATIENCE,
    Path,
    PathStatus,
    evenly_spaced,
    latent_graph,
    navigate,
)
from nav_utils.pretrained import load_pretrained
from nav_utils.ratio import ExactRatio, fit_ratio


def generator(seed):
    return torch.Generator().manual_seed(seed)


def points(*rows, dtype=torch.float32):
    return torch.tensor(rows, dtype=dtype)


RING, C, TWO = (ExactRatio(q) for q in (ring(), c_shape(), two_clusters()))
ENDS = {
    "ring": (points([-1.3, 0.02]), points([1.3, 0.0])),
    "C": tuple(circle(points(angle), 1.4).float() for angle in (0.55, -0.55)),
    "two": (points([-1.2, 0.1]), points([1.2, 0.0])),
}
PROBLEMS = {"ring": RING, "C": C, "two": TWO}
ONE_SIDED = {"method": "gauss_newton", "side": "hole"}
ANSWERS = {"ring": (-1.64, PathStatus.REACHED), "C": (-1.55, PathStatus.REACHED)}


def worst(path, q):
    """Lowest exact log q on 400 places of each path (B,)."""
    return q.log_prob(path.resample(400)).min(-1).values


def alike(path, other, rows=slice(None), tolerance=1e-5):
    """Whether a path is the rows of another."""
    close = torch.allclose(path.points, other.points[rows], atol=tolerance)
    same = torch.equal(path.status, other.status[rows])
    return close and same and torch.allclose(path.bottleneck, other.bottleneck[rows], atol=1e-3)


class Broken(ExactRatio):
    """An exact ratio that is not a number where x lies between two values."""

    low, high = -0.2, 0.2

    def logit(self, z):
        broken = (z[..., 0] > self.low) & (z[..., 0] < self.high)
        return super().logit(z).masked_fill(broken, float("nan"))

    def logit_and_grad(self, z):
        a, gradient = super().logit_and_grad(z)
        return a, gradient.masked_fill(a.isnan().unsqueeze(-1), float("nan"))


# ---- what is known of the exact problems ----


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ANSWERS)
def test_the_default_passes_where_a_way_is(name, dtype):
    z_a, z_b = (z.to(dtype) for z in ENDS[name])
    path = navigate(z_a, z_b, PROBLEMS[name])
    least, status = ANSWERS[name]
    assert worst(path, PROBLEMS[name].q) >= least and path.status.tolist() == [status]
    assert path.points.shape == (1, 64, 2) and path.points.dtype == dtype
    assert path.bottleneck.dtype == dtype and path.status.dtype == torch.int64
    assert path.bottleneck == pytest.approx(float(worst(path, PROBLEMS[name].q)), abs=1e-3)
    assert torch.equal(path.points[:, 0], z_a) and torch.equal(path.points[:, -1], z_b)
    assert path.tear < 1.05 and path.point_status is None


def test_where_no_way_is_it_says_so_and_where():
    path = navigate(*ENDS["two"], TWO)
    assert path.status.tolist() == [PathStatus.INFEASIBLE]
    assert path.bottleneck == pytest.approx(-5.615, abs=0.01)
    assert path.bottleneck_at.norm() < 0.05 and path.bottleneck_at.shape == (1, 2)
    assert navigate(*ENDS["two"], TWO, log_q_level=-5.7).status.tolist() == [PathStatus.REACHED]


def test_a_string_stays_in_the_valley_where_it_starts():
    good = navigate(*ENDS["ring"], RING, planner="string", proposal="linear")
    assert worst(good, RING.q) >= -1.64 and good.status.tolist() == [PathStatus.REACHED]
    wrong = navigate(*ENDS["C"], C, planner="string", proposal="linear")
    assert wrong.status.tolist() == [PathStatus.INFEASIBLE]
    assert worst(wrong, C.q) == pytest.approx(-5.76, abs=0.02), "across the gap"


def test_the_graph_alone_finds_the_valley():
    for name, least in (("ring", -1.72), ("C", -1.55)):
        path = navigate(*ENDS[name], PROBLEMS[name], string_steps=0)
        assert worst(path, PROBLEMS[name].q) >= least
    assert (path.points[0, :, 0] < -1).any(), "round the far side of the C"


def test_each_point_alone_tears_the_path():
    options = {"method": "gauss_newton", "eps": 0.01}
    path = navigate(*ENDS["ring"], RING, planner="pointwise", proposal="linear", **options)
    assert path.tear > 100 and path.status.tolist() == [PathStatus.INFEASIBLE]
    assert worst(path, RING.q) < -7, "a path pays for its tears"


@pytest.mark.parametrize("name", ["C"])  # ring and two clusters were tried by hand
def test_a_fitted_ratio_finds_nearly_the_same(name):
    q = PROBLEMS[name].q
    ratio = fit_ratio(
        q.sample(20_000, generator(1)),
        hidden=(64, 64, 64),
        steps=2000,
        batch_size=256,
        progress=False,
    )
    path = navigate(*ENDS[name], ratio)
    least, status = ANSWERS.get(name, (-5.62, PathStatus.INFEASIBLE))
    assert worst(path, q) >= least - 0.1 and path.status.tolist() == [status]


# ---- stepwise ----


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("proposal", ["linear", "slerp"])
def test_what_the_loop_cannot_pass_it_reports(name, proposal):
    path = navigate(*ENDS[name], PROBLEMS[name], planner="stepwise", proposal=proposal, **ONE_SIDED)
    if (name, proposal) == ("ring", "slerp"):  # the arc is the ring
        assert path.status.tolist() == [PathStatus.REACHED] and path.bottleneck > -1.64
        assert torch.equal(path.points[:, -1], path.z_b)
        return
    assert path.status.tolist() == [PathStatus.STALLED]
    assert path.tear < 5, "no leap at the end"
    assert (path.points[:, -1] - path.z_b).norm() > 0.3


def test_points_repeat_after_the_stall():
    path = navigate(*ENDS["C"], C, planner="stepwise", proposal="linear", **ONE_SIDED)
    z, even = path.points[0], float((path.z_b - path.points[:, 0]).norm()) / 63
    covered = torch.stack([(z[i] - z[i - PATIENCE]).norm() for i in range(PATIENCE + 1, 64)])
    stall = PATIENCE + 1 + int((covered < even).nonzero()[0])
    assert (z[stall:] == z[stall]).all() and not torch.equal(z[stall - 1], z[stall])
    statuses = path.point_status[0]
    assert (statuses[stall:] == statuses[stall]).all() and statuses.shape == (64,)
    assert stall < 50


@pytest.mark.parametrize("n_points", [3, 8, 11, 12, 25, 200])
def test_a_leap_is_never_called_arrival(n_points):
    for name in ("C", "two"):
        path = navigate(
            *ENDS[name],
            PROBLEMS[name],
            planner="stepwise",
            proposal="linear",
            n_points=n_points,
            **ONE_SIDED,
        )
        assert int(path.status) in {PathStatus.STALLED, PathStatus.INFEASIBLE}


def test_two_sided_it_never_arrives_because_the_target_is_outside_the_band():
    for name in PROBLEMS:
        z_a, z_b = ENDS[name]
        target = correct(z_b, PROBLEMS[name], method="gauss_newton")
        assert target.logit_before < 0 and target.displacement > 0
        path = navigate(z_a, z_b, PROBLEMS[name], planner="stepwise", method="gauss_newton")
        assert path.status.tolist() == [PathStatus.STALLED]


@pytest.mark.parametrize("proposal", ["linear", "slerp"])
def test_the_loop_is_propose_evaluate_correct(proposal):
    """The loop without stall detection: too short a walk to be patient with."""
    z_a, z_b = RING.q.sample(6, generator(0)), RING.q.sample(6, generator(1))
    path = navigate(z_a, z_b, RING, planner="stepwise", proposal=proposal, n_points=10)
    z, visited, statuses, count = z_a, [z_a], [torch.zeros(6).long()], 0
    for left in range(9, 0, -1):
        z = {"linear": lerp, "slerp": slerp}[proposal](z, z_b, 1 / left)
        found = correct(z, RING)
        z, count = found.z, count + found.n_evaluations
        visited.append(z), statuses.append(found.status)
    torch.testing.assert_close(path.points, torch.stack(visited, dim=1))
    assert torch.equal(path.point_status, torch.stack(statuses, dim=1))
    assert path.n_evaluations == count + 6 * 400, "and a dense look"
    assert set(path.point_status.unique().tolist()) >= {Status.INSIDE, Status.CONVERGED}


def test_proposals_at_the_origin_and_between_antipodes_stop_nothing():
    """The loop takes a straight step where there is no arc; a whole proposal is refused."""
    flat = ExactRatio(StandardNormal(2))  # a = 0: nothing is corrected
    z_a, z_b = points([1.0, 0.0], [0.0, 0.0], [1.0, 1.0]), points([-1.0, 0.0], [1.0, 0.0], [2, 0])
    path = navigate(z_a, z_b, flat, planner="stepwise", n_points=9)
    assert path.points.isfinite().all() and torch.equal(path.points[:, -1], z_b)
    assert path.points[0, 4].norm() < 1e-6, "through the origin, and on"
    arc = slerp(z_a[2], z_b[2], torch.linspace(0, 1, 9))
    torch.testing.assert_close(path.points[2], arc)
    with pytest.raises(ValueError, match="antipodes in row 0"):
        navigate(z_a[:1], z_b[:1], flat, planner="string")


# ---- pointwise ----


@pytest.mark.parametrize("method", ["probability", "gauss_newton", "score"])
def test_pointwise_is_the_corrected_proposal_between_its_ends(method):
    z_a, z_b = RING.q.sample(4, generator(0)), RING.q.sample(4, generator(1))
    path = navigate(z_a, z_b, RING, planner="pointwise", n_points=20, method=method)
    proposal = slerp(z_a, z_b, torch.linspace(0, 1, 20))
    found = correct(proposal[:, 1:-1], RING, method=method)
    assert torch.equal(path.points[:, 1:-1], found.z)
    assert torch.equal(path.points[:, 0], z_a) and torch.equal(path.points[:, -1], z_b)
    assert torch.equal(path.point_status[:, 1:-1], found.status)
    assert (path.point_status[:, [0, -1]] == Status.INSIDE).all()
    assert path.n_evaluations == found.n_evaluations + 4 * 400


def test_the_level_of_a_path_is_that_of_its_score_correction():
    options = {"planner": "pointwise", "proposal": "linear", "method": "score"}
    path = navigate(*ENDS["ring"], RING, log_q_level=-2.5, **options)
    found = correct(path.points[:, 1:-1], RING, method="score", log_q_level=-2.5)
    assert (found.status[path.point_status[:, 1:-1] <= Status.CONVERGED] == Status.INSIDE).all()
    low = RING.log_q(path.points)[path.point_status == Status.CONVERGED].min()
    assert -2.5 <= low < -1.9, "not that of the median code"


# ---- the string ----


def test_a_string_keeps_its_ends_and_spacing_while_log_q_rises():
    seen = []
    path = navigate(
        *ENDS["ring"],
        RING,
        planner="string",
        proposal="linear",
        callback=lambda facts: seen.append(facts),
    )
    assert [facts["step"] for facts in seen] == list(range(1, len(seen) + 1))
    assert torch.equal(seen[-1]["points"], path.points)
    for facts in seen:
        z = facts["points"]
        assert torch.equal(z[:, 0], ENDS["ring"][0]) and torch.equal(z[:, -1], ENDS["ring"][1])
        gaps = z.diff(dim=1).norm(dim=-1)
        assert gaps.max() / gaps.min() < 1.2
    mean = torch.stack([RING.log_q(facts["points"]).mean() for facts in seen])
    assert (mean.diff() > -0.02).all() and mean[-1] > mean[0] + 3.9
    assert path.n_evaluations == 62 * len(seen) + 400


def test_no_step_of_a_string_is_longer_than_its_spacing():
    seen = []
    navigate(
        *ENDS["ring"],
        RING,
        planner="string",
        proposal="linear",
        string_steps=1,
        string_step_size=1e6,
        callback=lambda facts: seen.append(facts["points"]),
    )
    line = lerp(*ENDS["ring"], torch.linspace(0, 1, 64))
    assert 0 < (seen[0] - line)[..., 1].abs().max() <= 2.6 / 63 * 1.01


def test_on_a_ridge_nothing_moves():
    """Along an axis of a stretched normal the force is along the path: it must not count."""
    ratio = ExactRatio(GaussianMixture([[0.0, 0.0]], points([0.9, 0.3])))
    z_a, z_b = points([-1.5, 0.0]), points([1.5, 0.0])
    path = navigate(z_a, z_b, ratio, planner="string", proposal="linear", n_points=31)
    line = lerp(z_a, z_b, torch.linspace(0, 1, 31))
    torch.testing.assert_close(path.points, line, atol=1e-5, rtol=0)
    assert path.n_evaluations == 29 + 400, "one step shows it"


def test_a_string_moves_across_itself_only():
    """Beside the ridge each point steps one spacing towards it, however hard log q pulls along."""
    ratio = ExactRatio(GaussianMixture([[0.0, 0.0]], points([0.9, 0.3])))
    z_a, z_b = points([-1.5, 0.2]), points([1.5, 0.2])
    options = {"planner": "string", "proposal": "linear", "string_steps": 1}
    path = navigate(z_a, z_b, ratio, n_points=31, string_step_size=1e6, **options)
    assert path.points[0, 2:-2, 1].tolist() == pytest.approx([0.1] * 27, abs=1e-5)


def test_no_steps_leave_the_proposal():
    path = navigate(*ENDS["C"], C, planner="string", proposal="linear", string_steps=0)
    line = lerp(*ENDS["C"], torch.linspace(0, 1, 64))
    assert torch.equal(path.points, line) and path.n_evaluations == 400


# ---- the graph ----


def test_a_graph_made_before_gives_the_same_up_to_the_end_nodes():
    for name, least in (("ring", -1.64), ("C", -1.55)):
        ratio = PROBLEMS[name]
        graph = latent_graph(ratio)
        own, given = (navigate(*ENDS[name], ratio, graph=g) for g in (None, graph))
        assert worst(given, ratio.q) >= least
        assert (own.points - given.points).norm(dim=-1).max() < 0.1
        assert graph.nodes.shape == (81 * 81, 2)
        # 81 * 81 places have 4 * 80 * 81 + ... edges; two ends have eight each.
        assert own.n_evaluations - given.n_evaluations >= graph.n_evaluations


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
    path = navigate(z_a, z_b, ratio, string_steps=0)
    shift = math.log(3 * 0.25)
    assert path.bottleneck + shift > -1.75 and path.status.tolist() == [PathStatus.REACHED]


def test_more_neighbours_than_codes_and_too_few_codes():
    ratio = sixteen()
    z = ratio.q.sample(2, generator(3))
    path = navigate(z[:1], z[1:], ratio, codes=ratio.held_out[:3])
    assert path.points.isfinite().all() and path.points.shape == (1, 64, 16)
    with pytest.raises(ValueError, match="expected two codes or more.*got 1, 12, 81 and 4"):
        navigate(z[:1], z[1:], ratio, codes=ratio.held_out[:1])


def sixteen():
    """Two far clusters in sixteen dimensions."""
    means = torch.zeros(2, 16)
    means[0, 0], means[1, 0] = -3, 3
    return ExactRatio(GaussianMixture(means, 0.3), n=400)


def test_codes_that_no_edge_joins_leave_the_straight_line():
    ratio = sixteen()
    z = torch.stack([side[:2] for side in halves(ratio.held_out.float())])  # (2, 2, 16)
    path = navigate(z[0], z[1], ratio, string_steps=0)
    torch.testing.assert_close(path.points, lerp(z[0], z[1], torch.linspace(0, 1, 64)))
    assert (path.status == PathStatus.INFEASIBLE).all()
    within = navigate(z[0, :1], z[0, 1:], ratio, string_steps=0)
    line = lerp(z[0, 0], z[0, 1], torch.linspace(0, 1, 64))
    assert (within.points[0] - line).norm(dim=-1).max() > 0.1, "over codes"


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
    path = navigate(z[0], z[1], ratio, codes=codes)
    assert path.points.dtype == torch.float32 and not path.points.requires_grad


def test_a_pair_does_not_pass_through_the_ends_of_another():
    """A bridge of other pairs' ends between the clusters would join what no code joins."""
    ratio = sixteen()
    left, right = (side[:1].float() for side in halves(ratio.held_out))
    bridge = lerp(left[0], right[0], torch.linspace(0.02, 0.98, 49))
    z_a, z_b = torch.cat([left, bridge]), torch.cat([left + 0.01, bridge + 0.01])
    graph = latent_graph(ratio, ends=torch.cat([z_a, z_b, right]))
    alone = navigate(left, right, ratio, string_steps=0, graph=latent_graph(ratio))
    among = navigate(left, right, ratio, string_steps=0, graph=graph)
    assert torch.equal(alone.points, among.points)


def test_sixteen_dimensions_of_mnist():
    space = load_pretrained("mnist-16d")
    codes, judges = space.test_codes[:1500], space.test_codes[5000:7000]
    z_a, z_b = space.test_codes[9000:9006], space.test_codes[9500:9506]
    path = navigate(z_a, z_b, space.ratio, codes=codes)
    line = navigate(z_a, z_b, space.ratio, planner="string", proposal="linear", string_steps=0)
    assert path.points.shape == (6, 64, 16) and (path.status == PathStatus.REACHED).all()
    assert torch.equal(path.points[:, 0], z_a) and torch.equal(path.points[:, -1], z_b)
    inner = [kde_log_prob(p.points[:, 8:-8], judges, 0.5).mean() for p in (path, line)]
    assert inner[0] > inner[1] + 0.3, "by a density that the ratio has not seen"


# ---- one pair like many ----

PLANS = {
    "graph": {"n_points": 32},
    "graph alone": {"string_steps": 0},
    "string": {"planner": "string", "n_points": 32},
    "line, string": {"planner": "string", "proposal": "linear", "n_points": 24},
    "pointwise": {"planner": "pointwise", "n_points": 32, "step_size": 0.3},
    "stepwise": {"planner": "stepwise", "n_points": 24, **ONE_SIDED},
    "score": {"planner": "pointwise", "method": "score", "n_points": 32},
}


@pytest.mark.parametrize("plan", PLANS)
def test_a_batch_is_its_pairs_in_any_order(plan):
    z_a, z_b = RING.q.sample(5, generator(4)), RING.q.sample(5, generator(5))
    z_a[3] = z_a[0]  # ends may be shared
    z_b[1] = 0.2 * z_b[1]  # in the hole
    together = navigate(z_a, z_b, RING, **PLANS[plan])
    order = torch.tensor([3, 0, 1, 4, 2])
    assert alike(navigate(z_a[order], z_b[order], RING, **PLANS[plan]), together, order)
    for i in range(5):
        assert alike(navigate(z_a[i], z_b[i], RING, **PLANS[plan]), together, slice(i, i + 1))


@pytest.mark.parametrize("plan", PLANS)
def test_float32_and_float64_agree(plan):
    z_a, z_b = RING.q.sample(4, generator(6)), RING.q.sample(4, generator(7))
    single = navigate(z_a, z_b, RING, **PLANS[plan])
    double = navigate(z_a.double(), z_b.double(), RING, **PLANS[plan])
    assert single.points.dtype == torch.float32 and double.points.dtype == torch.float64
    assert torch.equal(single.status, double.status)
    # Points may slide along where log q is flat: what the path is worth has to agree.
    torch.testing.assert_close(single.bottleneck.double(), double.bottleneck, atol=0.05, rtol=0)


@pytest.mark.parametrize("plan", PLANS)
def test_a_path_from_a_point_to_itself(plan):
    z = points([1.3, 0.0], [0.1, 0.1])
    path = navigate(z, z, RING, **PLANS[plan])
    for x in (path.points, path.bottleneck, path.bottleneck_at, path.arc_length, path.tear):
        assert x.isfinite().all()
    assert torch.equal(path.points[:, 0], z)
    assert path.status[0] == PathStatus.REACHED
    if plan in {"string", "line, string"}:
        assert (path.points == z[:, None]).all() and (path.tear == 1).all()
        assert (path.arc_length == 0).all()
        assert path.status[1] == PathStatus.REACHED, "it is nowhere worse than at its ends"


def test_a_path_from_a_point_without_force_to_itself():
    z = torch.zeros(1, 2)
    path = navigate(z, z, ExactRatio(StandardNormal(2)), planner="string", proposal="linear")
    assert (path.points == 0).all() and path.status.tolist() == [PathStatus.REACHED]


@pytest.mark.parametrize("plan", PLANS)
def test_where_the_ratio_is_not_a_number_the_others_are_unharmed(plan):
    """The first pair starts in the broken strip; the second crosses it; the last two do not."""
    good_a, good_b = points([-1.3, 0.1], [1.3, 0.1]), points([-0.9, -0.9], [0.9, -0.9])
    z_a = torch.cat([points([0.0, 1.3], [-0.92, 0.92]), good_a])
    z_b = torch.cat([points([1.3, 0.0], [0.92, 0.92]), good_b])
    ratio = Broken(ring())
    ratio.held_out = ratio.held_out[(ratio.held_out[:, 0].abs() > 0.2)]
    path = navigate(z_a, z_b, ratio, **PLANS[plan])
    assert path.points.isfinite().all()
    assert path.status[0] == PathStatus.NON_FINITE
    assert path.status[1] in (PathStatus.NON_FINITE, PathStatus.STALLED)
    assert path.status[2] != PathStatus.NON_FINITE and path.bottleneck[2:].isfinite().all()
    alone = navigate(good_a, good_b, ratio, **PLANS[plan])
    assert alike(alone, path, slice(2, None))


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


# ---- the verdict ----


def test_ends_below_the_level_are_excused_and_nothing_else():
    z_a, z_b = points([1.3, 0.0]), points([0.3, 0.0])  # a code, and a place in the hole
    options = {"planner": "string", "proposal": "linear", "string_steps": 0}
    path = navigate(z_a, z_b, RING, **options)
    assert RING.log_q(z_b) < RING.log_q_level(0.05) < RING.log_q(z_a)
    assert path.status.tolist() == [PathStatus.REACHED] and torch.equal(path.bottleneck_at, z_b)
    across = navigate(z_b, -z_b + points([0.0, 0.01]), RING, **options)
    assert across.bottleneck < RING.log_q(z_b) and across.status.tolist() == [PathStatus.INFEASIBLE]


def test_the_level_is_that_of_95_percent_of_codes_unless_one_is_given():
    line = {"planner": "string", "proposal": "linear", "string_steps": 0}
    level = RING.log_q_level(0.05)
    z_a, z_b = circle(points(0.0), 1.3).float(), circle(points(1.5), 1.3).float()
    depth = float(navigate(z_a, z_b, RING, **line).bottleneck)
    assert level < depth < RING.log_q_level(0.5) - 0.2
    assert int(navigate(z_a, z_b, RING, **line).status) == PathStatus.REACHED
    for margin, status in ((-0.01, PathStatus.REACHED), (0.01, PathStatus.INFEASIBLE)):
        path = navigate(z_a, z_b, RING, log_q_level=depth + margin, **line)
        assert path.status.tolist() == [status]


def test_the_look_is_dense_also_between_three_points():
    path = navigate(
        *ENDS["two"], TWO, planner="string", proposal="linear", string_steps=0, n_points=4
    )
    assert TWO.log_q(path.points).min() > -4 and path.bottleneck == pytest.approx(-5.62, abs=0.02)


def test_the_callback_of_the_loop_sees_the_path_grow():
    seen = []
    path = navigate(*ENDS["ring"], RING, planner="stepwise", n_points=6, callback=seen.append)
    assert [facts["step"] for facts in seen] == [1, 2, 3, 4, 5]
    assert all(torch.equal(f["points"], path.points[:, : f["step"] + 1]) for f in seen)


Z = points([1.0, 0.0], [0.0, 1.0])
BAD = {
    "planner": (Z, Z, {"planner": "teleport"}, "planner: expected one of stepwise.*'teleport'"),
    "proposal": (Z, Z, {"proposal": "arc"}, "proposal: expected one of slerp, linear, got 'arc'"),
    "option": (Z, Z, {"method": "logit", "eps": 0.1}, "method, eps: expected planner='stepwise'"),
    "one end": (Z, Z[0], {}, r"alike.*\(\(2, 2\).*\(\(2,\)"),
    "dtypes": (Z, Z.double(), {}, "alike.*float32.*float64"),
    "half": (Z.half(), Z.half(), {}, "float32 or float64, got .*float16"),
    "cube": (Z[None], Z[None], {}, r"\(B, d\) alike.*\(1, 2, 2\)"),
    "dimension": (torch.ones(2, 3), torch.ones(2, 3), {}, r"z_a: expected shape \(\.\.\., 2\)"),
    "none": (Z[:0], Z[:0], {}, "z_a: expected finite floating values, at least one"),
    "NaN": (Z, Z / 0, {}, "z_b: expected finite"),
    "integers": (Z.long(), Z.long(), {}, "z_a: expected finite floating"),
    "two points": (Z, Z, {"n_points": 2}, "n_points >= 3.*got 2, 100 and 0.02"),
    "steps": (Z, Z, {"string_steps": -1}, "string_steps >= 0.*got 64, -1"),
    "size": (Z, Z, {"string_step_size": 0.0}, "positive string_step_size"),
    "NaN size": (Z, Z, {"string_step_size": float("nan")}, "positive string_step_size"),
    "NaN level": (Z, Z, {"log_q_level": float("nan")}, "log_q_level: expected a number"),
    "codes": (Z, Z, {"codes": torch.ones(5, 3)}, r"codes: expected shape \(\.\.\., 2\)"),
    "NaN codes": (Z, Z, {"codes": Z / 0}, "codes: expected finite"),
    "origin": (Z, 0 * Z, {"planner": "string"}, "z_b: expected points away from the origin"),
    "antipodes": (Z, -Z, {"planner": "pointwise"}, "antipodes in rows 0, 1"),
    "correction": (Z, Z, {"planner": "stepwise", "eps": 0.7}, "eps: expected a number between"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_makes_no_sense_is_refused(case):
    z_a, z_b, options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        navigate(z_a, z_b, RING, **options)


def test_a_graph_of_another_space_is_refused():
    with pytest.raises(ValueError, match=r"graph: expected shape \(\.\.\., 2\), got \(400, 16\)"):
        navigate(Z, Z, RING, graph=latent_graph(sixteen()))


@pytest.mark.parametrize("options", [{"k": 0}, {"resolution": 1}, {"n_between": 0}])
def test_a_graph_of_nothing_is_refused(options):
    with pytest.raises(ValueError, match="k >= 1, resolution >= 2 and n_between >= 1"):
        latent_graph(RING, **options)


# ---- what a path can say ----


def path_through(z, **facts):
    """A path through points (B, n, d), as `navigate` would give it."""
    nothing = torch.zeros(len(z))
    default = {"z_b": z[:, -1], "status": nothing.long(), "bottleneck": nothing}
    default |= {"bottleneck_at": z[:, 0], "point_status": None, "n_evaluations": 0}
    return Path(points=z, **default | facts)


def test_arc_length_and_tear():
    z = points([[0.0, 0], [3, 4], [3, 5], [3, 7]], [[0, 0], [1, 0], [1, 0], [2, 0]], [[1, 1]] * 4)
    path = path_through(z)
    assert path.arc_length.tolist() == [[0, 5, 6, 8], [0, 1, 1, 2], [0, 0, 0, 0]]
    assert path.tear.tolist() == [2.5, 1, 1], "where it stood still no gap counts"


coordinate = st.floats(-100, 100, width=32)
polygons = st.integers(2, 9).flatmap(
    lambda m: st.lists(
        st.lists(st.tuples(coordinate, coordinate), min_size=m, max_size=m), min_size=1, max_size=3
    )
)


@settings(max_examples=200, deadline=None)
@given(polygons, st.integers(2, 40))
def test_a_resampled_path_is_evenly_spaced_on_the_polygon(polygon, n):
    z = torch.tensor(polygon, dtype=torch.float64)  # (B, m, 2)
    spread = path_through(z).resample(n)
    assert spread.shape == (len(z), n, 2)
    assert torch.equal(spread[:, 0], z[:, 0]) and torch.equal(spread[:, -1], z[:, -1])
    for polygon_points, found in zip(z.numpy(), spread.numpy(), strict=True):
        length = np.append(0, np.linalg.norm(np.diff(polygon_points, axis=0), axis=1).cumsum())
        at = np.linspace(0, length[-1], n)
        keep = np.append(True, np.diff(length) > 0)
        expected = [np.interp(at, length[keep], axis[keep]) for axis in polygon_points.T]
        np.testing.assert_allclose(found, np.stack(expected, axis=1), atol=1e-7 * (1 + length[-1]))


def test_a_path_without_length_resamples_to_its_point():
    assert path_through(points([[2.0, 3.0]] * 5)).resample(4).tolist() == [[[2.0, 3.0]] * 4]


@pytest.mark.parametrize("n", [1, 0, -3])
def test_fewer_than_two_points_are_not_a_path(n):
    with pytest.raises(ValueError, match=f"n: expected at least 2 points, the ends, got {n}"):
        path_through(points([[2.0, 3.0], [1.0, 1.0]])).resample(n)


def test_spacing_points_evenly_keeps_their_number():
    z = torch.randn(3, 7, 5, generator=generator(0)).cumsum(1)
    assert evenly_spaced(z).shape == (3, 7, 5)


def test_a_plot_shows_the_path_its_ends_and_what_failed():
    z = torch.randn(2, 5, 2, generator=generator(0))
    statuses = torch.tensor([[0] * 5, [0, 1, 2, 5, 0]])
    ax = path_through(z, point_status=statuses).plot(pair=1, label="mine")
    line, ends, failed = ax.lines
    assert np.allclose(line.get_xydata(), z[1]) and line.get_label() == "mine"
    assert np.allclose(ends.get_xydata(), z[1, [0, -1]])
    assert np.allclose(failed.get_xydata(), z[1, [2, 3]])
    assert failed.get_marker() == "s" and failed.get_markerfacecolor() == "none"
    assert line.get_linestyle() == "-" and len(line.get_path_effects()) == 2
    assert path_through(z).plot(ax) is ax and len(ax.lines) == 5, "no statuses, no squares"
    assert np.allclose(ax.lines[3].get_xydata(), z[0])
    plt.close("all")


def test_only_the_plane_is_drawn():
    with pytest.raises(ValueError, match="expected a path in the plane, got d = 3"):
        path_through(torch.zeros(1, 4, 3)).plot()


def test_each_step_of_the_loop_has_noise_of_its_own():
    ratio = ExactRatio(ring())
    z_a, z_b = torch.tensor([[-1.3, 0.02]]), torch.tensor([[1.3, 0.0]])
    options = {"planner": "stepwise", "proposal": "linear", "noise": 0.05, "step_size": 1e-9}
    path = navigate(z_a, z_b, ratio, max_steps=1, n_points=6, **options).points[0]
    proposals = torch.stack([lerp(path[i], z_b[0], 1 / (5 - i)) for i in range(5)])
    noise = path[1:] - proposals
    noise = noise[noise.norm(dim=-1) > 1e-3]  # steps that had something to correct
    assert len(noise) > 1 and (noise.diff(dim=0).norm(dim=-1) > 1e-3).all()


@pytest.mark.parametrize("option", [{"codes": torch.randn(20, 2)}, {"graph": None}])
def test_what_only_the_graph_takes_is_refused_elsewhere(option):
    ratio = ExactRatio(ring())
    z_a, z_b = torch.tensor([[-1.3, 0.02]]), torch.tensor([[1.3, 0.0]])
    if "graph" in option:
        option = {"graph": latent_graph(ratio, resolution=5)}
    with pytest.raises(ValueError, match="codes, graph: expected planner='graph'"):
        navigate(z_a, z_b, ratio, planner="string", **option)


def test_a_short_loop_looks_for_a_stall_too():
    ratio = ExactRatio(two_clusters())
    z_a, z_b = torch.tensor([[-1.2, 0.1]]), torch.tensor([[1.2, 0.0]])
    options = {"planner": "stepwise", "method": "gauss_newton", "side": "hole"}
    path = navigate(z_a, z_b, ratio, proposal="linear", n_points=11, **options)
    assert path.status.tolist() == [PathStatus.STALLED]
