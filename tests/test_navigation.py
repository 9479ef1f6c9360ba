"""Paths against densities that are known exactly, and each planner against its own description."""

import math

import pytest
import torch

from nav_utils.correction import Run, Status, correct
from nav_utils.densities import (
    GaussianMixture,
    StandardNormal,
    circle,
    ring,
    two_clusters,
)
from nav_utils.fitting import fit_ratio
from nav_utils.interpolation import lerp, slerp
from nav_utils.navigation import (
    PATIENCE,
    Graph,
    PathStatus,
    Pointwise,
    Stepwise,
    String,
    navigate,
)
from nav_utils.ratio import ExactRatio
from nav_utils.steps import Band, Probability
from tests.plans import (
    ANSWERS,
    ENDS,
    GRAPH_ALONE,
    ONE_SIDED,
    PROBLEMS,
    RING,
    TWO,
    Broken,
    C,
    alike,
    generator,
    points,
    worst,
)

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
    good = navigate(*ENDS["ring"], RING, "string", proposal="linear")
    assert worst(good, RING.q) >= -1.64 and good.status.tolist() == [PathStatus.REACHED]
    wrong = navigate(*ENDS["C"], C, "string", proposal="linear")
    assert wrong.status.tolist() == [PathStatus.INFEASIBLE]
    assert worst(wrong, C.q) == pytest.approx(-5.76, abs=0.02), "across the gap"


def test_the_graph_alone_finds_the_valley():
    for name, least in (("ring", -1.72), ("C", -1.55)):
        path = navigate(*ENDS[name], PROBLEMS[name], GRAPH_ALONE)
        assert worst(path, PROBLEMS[name].q) >= least
    assert (path.points[0, :, 0] < -1).any(), "round the far side of the C"


def test_each_point_alone_tears_the_path():
    path = navigate(*ENDS["ring"], RING, Pointwise("gauss_newton", Band(0.01)), proposal="linear")
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
    path = navigate(*ENDS[name], PROBLEMS[name], ONE_SIDED, proposal=proposal)
    if (name, proposal) == ("ring", "slerp"):  # the arc is the ring
        assert path.status.tolist() == [PathStatus.REACHED] and path.bottleneck > -1.64
        assert torch.equal(path.points[:, -1], path.z_b)
        return
    assert path.status.tolist() == [PathStatus.STALLED]
    assert path.tear < 5, "no leap at the end"
    assert (path.points[:, -1] - path.z_b).norm() > 0.3


def test_points_repeat_after_the_stall():
    path = navigate(*ENDS["C"], C, ONE_SIDED, proposal="linear")
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
        ends, ratio = ENDS[name], PROBLEMS[name]
        path = navigate(*ends, ratio, ONE_SIDED, proposal="linear", n_points=n_points)
        assert int(path.status) in {PathStatus.STALLED, PathStatus.INFEASIBLE}


def test_two_sided_it_never_arrives_because_the_target_is_outside_the_band():
    for name in PROBLEMS:
        z_a, z_b = ENDS[name]
        target = correct(z_b, PROBLEMS[name], method="gauss_newton")
        assert target.logit_before < 0 and target.displacement > 0
        path = navigate(z_a, z_b, PROBLEMS[name], Stepwise("gauss_newton"))
        assert path.status.tolist() == [PathStatus.STALLED]


@pytest.mark.parametrize("proposal", ["linear", "slerp"])
def test_the_loop_is_propose_evaluate_correct(proposal):
    """The loop without stall detection: too short a walk to be patient with."""
    z_a, z_b = RING.q.sample(6, generator(0)), RING.q.sample(6, generator(1))
    path = navigate(z_a, z_b, RING, "stepwise", proposal=proposal, n_points=10)
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
    path = navigate(z_a, z_b, flat, "stepwise", n_points=9)
    assert path.points.isfinite().all() and torch.equal(path.points[:, -1], z_b)
    assert path.points[0, 4].norm() < 1e-6, "through the origin, and on"
    arc = slerp(z_a[2], z_b[2], torch.linspace(0, 1, 9))
    torch.testing.assert_close(path.points[2], arc)
    with pytest.raises(ValueError, match="antipodes in row 0"):
        navigate(z_a[:1], z_b[:1], flat, "string")


# ---- pointwise ----


@pytest.mark.parametrize("method", ["probability", "gauss_newton", "score"])
def test_pointwise_is_the_corrected_proposal_between_its_ends(method):
    z_a, z_b = RING.q.sample(4, generator(0)), RING.q.sample(4, generator(1))
    path = navigate(z_a, z_b, RING, Pointwise(method), n_points=20)
    proposal = slerp(z_a, z_b, torch.linspace(0, 1, 20))
    found = correct(proposal[:, 1:-1], RING, method=method)
    assert torch.equal(path.points[:, 1:-1], found.z)
    assert torch.equal(path.points[:, 0], z_a) and torch.equal(path.points[:, -1], z_b)
    assert torch.equal(path.point_status[:, 1:-1], found.status)
    assert (path.point_status[:, [0, -1]] == Status.INSIDE).all()
    assert path.n_evaluations == found.n_evaluations + 4 * 400


def test_a_proposal_may_be_given():
    z_a, z_b = RING.q.sample(3, generator(0)), RING.q.sample(3, generator(1))
    bent = lerp(z_a, z_b, torch.linspace(0, 1, 12))
    bent[:, 1:-1] += 0.3
    for planner in (Pointwise("gauss_newton"), String(20)):
        path = navigate(z_a, z_b, RING, planner, n_points=12, proposal=bent)
        line = navigate(z_a, z_b, RING, planner, n_points=12, proposal="linear")
        assert not torch.allclose(path.points, line.points)
    assert torch.equal(navigate(z_a, z_b, RING, String(0), n_points=12, proposal=bent).points, bent)
    for planner, proposal, message in (
        ("stepwise", bent, "proposal: expected 'slerp' or 'linear'"),
        ("string", bent[:2], r"proposal: expected shape \(3, 12, 2\), got \(2, 12, 2\)"),
        ("string", bent + 1, "proposal: expected points from z_a to z_b"),
        ("string", bent / 0, "proposal: expected finite"),
    ):
        with pytest.raises(ValueError, match=message):
            navigate(z_a, z_b, RING, planner, n_points=12, proposal=proposal)


# ---- the string ----


def test_a_string_keeps_its_ends_and_spacing_while_log_q_rises():
    seen = []
    path = navigate(
        *ENDS["ring"],
        RING,
        "string",
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
        String(1, 1e6),
        proposal="linear",
        callback=lambda facts: seen.append(facts["points"]),
    )
    line = lerp(*ENDS["ring"], torch.linspace(0, 1, 64))
    assert 0 < (seen[0] - line)[..., 1].abs().max() <= 2.6 / 63 * 1.01


def test_on_a_ridge_nothing_moves():
    """Along an axis of a stretched normal the force is along the path: the spacing undoes it."""
    ratio = ExactRatio(GaussianMixture([[0.0, 0.0]], points([0.9, 0.3])))
    z_a, z_b = points([-1.5, 0.0]), points([1.5, 0.0])
    path = navigate(z_a, z_b, ratio, "string", proposal="linear", n_points=31)
    line = lerp(z_a, z_b, torch.linspace(0, 1, 31))
    torch.testing.assert_close(path.points, line, atol=1e-5, rtol=0)
    assert path.at_rest.tolist() == [True] and path.n_evaluations == 6 * 29 + 400, "one look"


def test_the_first_step_of_a_string_hardly_matters():
    """Each string finds its own: on a ring of another size too."""
    for scale in (1.0, 50.0):
        ratio = ExactRatio(
            GaussianMixture(scale * ring().means, 0.25 * scale),
            GaussianMixture([[0.0, 0.0]], scale),
        )
        z_a, z_b = (scale * z for z in ENDS["ring"])
        found = [
            navigate(z_a, z_b, ratio, String(200, first), proposal="linear", n_points=32)
            for first in (1e-3 * scale**2, 0.02, 1e6)
        ]
        for path in found:
            assert path.at_rest.tolist() == [True] and path.status.tolist() == [PathStatus.REACHED]
            assert path.bottleneck + 2 * math.log(scale) == pytest.approx(-1.628, abs=2e-3)


@pytest.mark.parametrize("n_points", [16, 512])
def test_a_string_says_whether_it_has_come_to_rest(n_points):
    z_a, z_b = points([1.3, 0.0], [-1.3, 0.02]), points([1.3, 0.0], [1.3, 0.0])

    def string(n_steps):
        return navigate(z_a, z_b, RING, String(n_steps), proposal="linear", n_points=n_points)

    assert string(6).at_rest.tolist() == [True, False], "a point, and a path with far to go"
    assert string(0).at_rest is None, "nothing was relaxed"
    settled = string(200)
    assert settled.at_rest.all() and settled.points.shape == (2, n_points, 2)
    assert (worst(settled, RING.q) > -1.64).all() and (settled.tear < 1.5).all()
    assert navigate(z_a, z_b, RING, "straight").at_rest is None


def test_a_planner_of_ones_own_may_leave_out_what_it_does_not_know():
    class Mine:
        def plan(self, start, ratio, callback):
            return start.points(), None, 7

    path = navigate(*ENDS["ring"], RING, Mine())
    assert path.n_evaluations == 407 and path.at_rest is None


def test_no_steps_leave_the_proposal():
    path = navigate(*ENDS["C"], C, String(0), proposal="linear")
    line = lerp(*ENDS["C"], torch.linspace(0, 1, 64))
    assert torch.equal(path.points, line) and path.n_evaluations == 400


@pytest.mark.parametrize("proposal", ["slerp", torch.zeros(1, 5, 2)])
def test_the_straight_line_is_judged_like_any_other_path(proposal):
    z_a, z_b = ENDS["ring"]
    if not isinstance(proposal, str):
        proposal[:, 0], proposal[:, -1] = z_a, z_b
    path = navigate(z_a, z_b, RING, "straight", n_points=5, proposal=proposal)
    assert torch.equal(path.points, lerp(z_a, z_b, torch.linspace(0, 1, 5)))
    assert path.status.tolist() == [PathStatus.INFEASIBLE] and path.point_status is None
    assert path.bottleneck == pytest.approx(float(worst(path, RING.q)), abs=1e-3)
    assert path.n_evaluations == 400, "those of the verdict"
    z_b = points([1.2, 0.5])  # beside the start on the ring
    near = navigate(points([1.3, 0.0]), z_b, RING, "straight")
    assert near.status.tolist() == [PathStatus.REACHED]


# ---- one pair like many ----

PLANS = {
    "graph": {"n_points": 32},
    "graph alone": {"planner": GRAPH_ALONE},
    "string": {"planner": "string", "n_points": 32},
    "line, string": {"planner": "string", "proposal": "linear", "n_points": 24},
    "pointwise": {"planner": Pointwise(Probability(0.3)), "n_points": 32},
    "stepwise": {"planner": ONE_SIDED, "n_points": 24},
    "score": {"planner": Pointwise("score"), "n_points": 32},
    "straight": {"planner": "straight", "n_points": 32},
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
    path = navigate(z, z, ExactRatio(StandardNormal(2)), "string", proposal="linear")
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


# ---- the verdict ----


def test_ends_below_the_level_are_excused_and_nothing_else():
    z_a, z_b = points([1.3, 0.0]), points([0.3, 0.0])  # a code, and a place in the hole
    options = {"planner": String(0), "proposal": "linear"}
    path = navigate(z_a, z_b, RING, **options)
    assert RING.log_q(z_b) < RING.log_q_level(0.05) < RING.log_q(z_a)
    assert path.status.tolist() == [PathStatus.REACHED] and torch.equal(path.bottleneck_at, z_b)
    across = navigate(z_b, -z_b + points([0.0, 0.01]), RING, **options)
    assert across.bottleneck < RING.log_q(z_b) and across.status.tolist() == [PathStatus.INFEASIBLE]


def test_the_level_is_that_of_95_percent_of_codes_unless_one_is_given():
    line = {"planner": String(0), "proposal": "linear"}
    level = RING.log_q_level(0.05)
    z_a, z_b = circle(points(0.0), 1.3).float(), circle(points(1.5), 1.3).float()
    depth = float(navigate(z_a, z_b, RING, **line).bottleneck)
    assert level < depth < RING.log_q_level(0.5) - 0.2
    assert int(navigate(z_a, z_b, RING, **line).status) == PathStatus.REACHED
    for margin, status in ((-0.01, PathStatus.REACHED), (0.01, PathStatus.INFEASIBLE)):
        path = navigate(z_a, z_b, RING, log_q_level=depth + margin, **line)
        assert path.status.tolist() == [status]


def test_the_look_is_dense_also_between_three_points():
    path = navigate(*ENDS["two"], TWO, String(0), proposal="linear", n_points=4)
    assert TWO.log_q(path.points).min() > -4 and path.bottleneck == pytest.approx(-5.62, abs=0.02)


def test_the_callback_of_the_loop_sees_the_path_grow():
    seen = []
    path = navigate(*ENDS["ring"], RING, "stepwise", n_points=6, callback=seen.append)
    assert [facts["step"] for facts in seen] == [1, 2, 3, 4, 5]
    assert all(torch.equal(f["points"], path.points[:, : f["step"] + 1]) for f in seen)


Z = points([1.0, 0.0], [0.0, 1.0])
BAD = {
    "planner": (
        Z,
        Z,
        {"planner": "teleport"},
        "planner: expected one of straight, stepwise.*'teleport'",
    ),
    "proposal": (
        Z,
        Z,
        {"proposal": "arc"},
        "proposal: expected slerp, linear or points.*'arc'",
    ),
    "no planner": (Z, Z, {"planner": 3}, "planner: expected one of straight, stepwise.*got a int"),
    "one end": (Z, Z[0], {}, r"alike.*\(\(2, 2\).*\(\(2,\)"),
    "dtypes": (Z, Z.double(), {}, "alike.*float32.*float64"),
    "half": (Z.half(), Z.half(), {}, "float32 or float64, got .*float16"),
    "cube": (Z[None], Z[None], {}, r"\(B, d\) alike.*\(1, 2, 2\)"),
    "dimension": (torch.ones(2, 3), torch.ones(2, 3), {}, r"z_a: expected shape \(\.\.\., 2\)"),
    "none": (Z[:0], Z[:0], {}, "z_a: expected finite floating values, at least one"),
    "NaN": (Z, Z / 0, {}, "z_b: expected finite"),
    "integers": (Z.long(), Z.long(), {}, "z_a: expected finite floating"),
    "two points": (Z, Z, {"n_points": 2}, "n_points: expected at least 3, got 2"),
    "NaN level": (Z, Z, {"log_q_level": float("nan")}, "log_q_level: expected a number"),
    "codes": (Z, Z, {"planner": Graph(torch.ones(5, 3))}, r"codes: expected shape \(\.\.\., 2\)"),
    "NaN codes": (Z, Z, {"planner": Graph(Z / 0)}, "codes: expected finite"),
    "origin": (Z, 0 * Z, {"planner": "string"}, "z_b: expected points away from the origin"),
    "antipodes": (Z, -Z, {"planner": "pointwise"}, "antipodes in rows 0, 1"),
    "goal": (Z, Z, {"planner": Stepwise(goal="left")}, "goal: expected one of band"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_makes_no_sense_is_refused(case):
    z_a, z_b, options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        navigate(z_a, z_b, RING, **options)


@pytest.mark.parametrize("numbers", [(-1,), (5, 0.0), (5, float("nan"))])
def test_a_string_of_nonsense_is_refused(numbers):
    with pytest.raises(ValueError, match="n_steps >= 0 and a finite, positive step_size"):
        String(*numbers)


def test_each_step_of_the_loop_has_noise_of_its_own():
    ratio = ExactRatio(ring())
    z_a, z_b = torch.tensor([[-1.3, 0.02]]), torch.tensor([[1.3, 0.0]])
    loop = Stepwise(Probability(1e-9), run=Run(max_steps=1, noise=0.05))
    path = navigate(z_a, z_b, ratio, loop, proposal="linear", n_points=6).points[0]
    proposals = torch.stack([lerp(path[i], z_b[0], 1 / (5 - i)) for i in range(5)])
    noise = path[1:] - proposals
    noise = noise[noise.norm(dim=-1) > 1e-3]  # steps that had something to correct
    assert len(noise) > 1 and (noise.diff(dim=0).norm(dim=-1) > 1e-3).all()


def test_a_short_loop_looks_for_a_stall_too():
    ratio = ExactRatio(two_clusters())
    z_a, z_b = torch.tensor([[-1.2, 0.1]]), torch.tensor([[1.2, 0.0]])
    path = navigate(z_a, z_b, ratio, ONE_SIDED, proposal="linear", n_points=11)
    assert path.status.tolist() == [PathStatus.STALLED]
