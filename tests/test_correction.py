"""Correctors: each method's promise, and the truth of the status."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nav_utils.correction import Run, Status, correct
from nav_utils.densities import GaussianMixture
from nav_utils.ratio import DensityRatio, ExactRatio
from nav_utils.steps import BAND, METHODS, Band, Below, Denser, GaussNewton, Probability
from tests.corrections import HELD_OUT, LEARNT, RING, Looks, corrected, field, normal, same

INSIDE, CONVERGED, MAX_STEPS, FLAT_GRADIENT, OFF_SUPPORT, NON_FINITE = Status
EVERY = pytest.mark.parametrize("method", METHODS)
RATIOS = pytest.mark.parametrize("ratio", [RING, LEARNT], ids=["exact", "learnt"])


# ---- the literal update ----


def literal(z, logit, eta, eps):
    """The text's update of one point: z <- z - eta grad (D - 1/2)^2, unless |D - 1/2| < eps."""
    z = z.clone().requires_grad_()
    d = logit(z).sigmoid()
    if abs(d - 0.5) < eps:
        return None
    (gradient,) = torch.autograd.grad((d - 0.5) ** 2, z)
    return (z - eta * gradient).detach()


@RATIOS
@pytest.mark.parametrize(("eta", "eps"), [(1.0, 0.1), (0.3, 0.05), (8.0, 0.2)])
def test_probability_is_the_formula_of_the_text_step_for_step(ratio, eta, eps):
    z, looks = 1.5 * normal(40, 2), Looks()
    found = corrected(z, ratio, goal=Band(eps), step_size=eta, max_steps=30, callback=looks)
    for i, start in enumerate(z):
        places = [start, *looks.of(i)]
        for here, there in itertools.pairwise(places):
            expected = literal(here, ratio.logit, eta, eps)
            torch.testing.assert_close(there, expected, rtol=0, atol=1e-12)
        arrived = literal(places[-1], ratio.logit, eta, eps) is None
        assert arrived == (int(found.status[i]) in {INSIDE, CONVERGED, OFF_SUPPORT})
        assert arrived or len(places) == 31 or torch.equal(places[-1], places[-2])
    assert set(found.status.tolist()) >= {INSIDE, CONVERGED}


def test_the_literal_update_is_the_default_and_works_on_both_sides():
    z = torch.tensor([[0.5, 0.0], [1.3, 0.0]], dtype=torch.float64)  # a hole, and the ridge of q
    found = corrected(z, RING)
    assert bool((found.logit_before * torch.tensor([1, -1]) > BAND).all())
    assert found.status.tolist() == [CONVERGED] * 2
    assert bool((found.logit_after.abs() < BAND).all())
    same(correct(z, RING, Probability(1.0), Band(0.1), Run()), found, atol=0)


# ---- what each method promises ----


@RATIOS
@pytest.mark.parametrize("goal", [Band(0.01), Below(0.04, 0.04)])
def test_gauss_newton_never_raises_the_logit_and_its_steps_are_short(ratio, goal):
    z, looks = 2 * normal(100, 2), Looks()
    found = corrected(z, ratio, "gauss_newton", goal, callback=looks, max_move=0.2)
    for i in range(len(z)):
        places = torch.stack([z[i], *looks.of(i)])
        sizes = torch.stack([found.logit_before[i], *looks.of(i, "logit")]).abs()
        assert bool((sizes.diff() <= 0).all())
        assert bool((places.diff(dim=0).norm(dim=-1) <= 0.2 * (1 + 1e-9)).all())
    assert float((found.status <= CONVERGED).double().mean()) > 0.9


@pytest.mark.parametrize("method", ["logit", "score", "gauss_newton"])
def test_no_step_is_longer_than_max_move(method):
    z, looks = 3 * normal(60, 2), Looks()
    options = {"step_size": 50.0, "max_move": 0.1, "max_steps": 20}
    corrected(z, RING, method, callback=looks, **options)
    moves = torch.cat(
        [torch.stack([z[i], *looks.of(i)]).diff(dim=0).norm(dim=-1) for i in range(60)]
    )
    assert float(moves.max()) == pytest.approx(0.1, rel=1e-9)  # and the longest are that long


def test_the_cap_survives_gradients_without_a_square():
    steep = field(lambda z: 1e25 * (z[:, 0] - 1))
    found = corrected(torch.tensor([[3.0, 0.0]]), steep, "logit", max_steps=1)
    assert found.status.tolist() == [NON_FINITE]  # 1e25 times 1e25 is no number in float32
    found = corrected(torch.tensor([[3.0, 0.0]]), steep, "score", Denser(0.0), max_steps=1)
    assert found.z.tolist() == [[2.5, 0.0]] and found.status.tolist() == [MAX_STEPS]


def test_gauss_newton_does_not_see_a_temperature_unless_damped():
    warm, cold = (DensityRatio(LEARNT.network, HELD_OUT, scale=scale) for scale in (1.0, 1 / 7))
    z = normal(50, 2)
    runs = {}
    for damping in (0.0, 0.1):
        for name, ratio in (("warm", warm), ("cold", cold)):
            step, once = GaussNewton(damping=damping), Run(max_steps=1)
            runs[name, damping] = correct(z, ratio, step, Band(1e-6), once).z
    torch.testing.assert_close(runs["warm", 0.0], runs["cold", 0.0], rtol=0, atol=1e-9)
    assert float((runs["warm", 0.1] - runs["cold", 0.1]).norm(dim=-1).median()) > 1e-3


def test_an_undamped_step_solves_the_linearised_equation():
    plane = field(lambda z: 3 * z[:, 0] - 4 * z[:, 1] + 1)
    z = normal(20, 2)
    found = corrected(z, plane, "gauss_newton", damping=0.0, max_move=100.0, max_steps=1)
    moved = found.n_steps == 1
    torch.testing.assert_close(found.logit_after[moved], torch.zeros(int(moved.sum())).double())
    expected = (plane.logit(z) / 5).abs()  # the distance to the line
    torch.testing.assert_close(found.displacement[moved], expected[moved])


def test_where_the_step_overshoots_gauss_newton_shortens_it():
    bend = field(lambda z: z[:, 0].atan())  # Newton's method diverges beyond 1.39
    z = torch.tensor([[4.0, 0.0]], dtype=torch.float64)
    found = corrected(z, bend, "gauss_newton", damping=0.0, max_move=100.0)
    assert found.status.tolist() == [CONVERGED] and int(found.n_steps) < 10


@RATIOS
def test_the_flow_of_logit_is_monotone(ratio):
    z, looks = 1.5 * normal(60, 2), Looks()
    found = corrected(z, ratio, "logit", step_size=2e-3, max_steps=150, callback=looks)
    for i in range(len(z)):
        a = torch.stack([found.logit_before[i], *looks.of(i, "logit")])
        assert bool((a.abs().diff() < 0).all())
        assert bool((a * a[0] > 0).all())  # and never crosses
    assert bool((found.n_steps > 0).any())


@RATIOS
def test_score_climbs_log_q(ratio):
    z, looks = 1.5 * normal(60, 2), Looks()
    level = ratio.log_q_level(0.5)
    found = corrected(z, ratio, "score", step_size=2e-3, max_steps=300, callback=looks)
    for i in range(len(z)):
        log_q = ratio.log_q(torch.stack([z[i], *looks.of(i)]))
        assert bool((log_q.diff() > 0).all())
    above = ratio.log_q(found.z) >= level
    assert torch.equal(above, found.status <= CONVERGED) and bool(above.any())
    at_start = ratio.log_q(z) >= level
    assert torch.equal(at_start, found.status == INSIDE)


def test_score_stops_at_the_level_that_it_is_given():
    z = 1.5 * normal(100, 2)
    for level in (-3.0, -2.0, 0.0):  # no place has a log q of 0
        found = corrected(z, RING, "score", Denser(level), max_steps=100)
        good = RING.log_q(found.z) >= level
        assert torch.equal(good, found.status <= CONVERGED)
        assert bool(good.any()) == (level < 0)


@RATIOS
@EVERY
def test_one_side_moves_no_point_that_is_no_hole(ratio, method):
    z, level, low = 1.5 * normal(300, 2), ratio.level(0.2), ratio.level(0.8)
    for goal, edge in (("below", BAND), (Below(level), level), (Below(low), low)):
        found = corrected(z, ratio, method, goal, max_steps=20)
        stays = found.logit_before <= edge
        assert torch.equal(found.z[stays], z[stays])
        assert bool((found.n_steps[stays] == 0).all()) and bool((found.n_steps[~stays] > 0).all())
        assert bool((found.logit_after[found.status == CONVERGED] <= edge).all())
        assert bool(stays.any()) and not bool(stays.all())


def test_the_code_that_sets_the_level_is_inside():
    codes = RING.held_out
    found = correct(codes, RING, "gauss_newton", Below(RING.level(0.05)))
    on_level = RING.logit(codes) == RING.level(0.05)
    assert int(on_level.sum()) == 1 and found.status[on_level].tolist() == [INSIDE]
    assert int((found.status == INSIDE).sum()) == math.ceil(0.95 * (len(codes) + 1))
    z = torch.tensor([[0.3, 0.0]], dtype=torch.float64)  # in float32 and float64, at any level
    for points in (z, z.float(), 1.7 * z):
        level = float(RING.logit(points))
        assert correct(points, RING, goal=Below(level)).status.tolist() == [INSIDE]


def test_a_band_may_have_another_centre():
    z = 1.2 * normal(200, 2)
    found = correct(z, RING, "gauss_newton", Band(0.05, 1.0))
    band = 2 * math.atanh(0.1)
    done = found.status <= CONVERGED
    assert bool(((found.logit_after - 1.0).abs()[done] <= band).all()) and bool(done.all())
    assert torch.equal(found.status == INSIDE, (found.logit_before - 1.0).abs() <= band)


@pytest.mark.parametrize("eps", [0.01, 0.1, 0.4])
def test_inside_is_the_band_of_d(eps):
    z = normal(500, 2)
    d = RING.prob(z) - 0.5
    band, stay = Band(eps), Run(max_steps=0)
    both, hole = (correct(z, RING, goal=g, run=stay) for g in (band, Below(band.width)))
    assert torch.equal(both.status == MAX_STEPS, d.abs() > eps)
    assert torch.equal(hole.status == MAX_STEPS, d > eps)
    for found in (both, hole):
        assert torch.equal(found.z, z) and bool((found.n_steps == 0).all())
        assert bool((found.displacement == 0).all()) and found.n_evaluations == 500


# ---- the truth about failure ----


@pytest.mark.parametrize(("dtype", "a"), [(torch.float32, 30.0), (torch.float64, 60.0)])
def test_where_d_rounds_to_1_the_literal_update_says_so(dtype, a):
    ratio = field(lambda z: z[:, 0] + a - 1)
    z = torch.tensor([[1.0, 0.0]], dtype=dtype)
    assert float(ratio.prob(z)) == 1.0
    found = corrected(z, ratio)
    assert found.status.tolist() == [FLAT_GRADIENT]
    assert torch.equal(found.z, z) and found.n_steps.tolist() == [1]
    for method in ("logit", "gauss_newton"):  # whose steps do not die
        assert corrected(z, ratio, method, max_steps=2000).status.tolist() != [FLAT_GRADIENT]


def test_the_factor_does_not_round_to_zero_before_d_does():
    """D (1 - D) as sigma(a) sigma(-a): at a = 20 float32 still moves a point that is near 0."""
    ratio = field(lambda z: z[:, 0] + 20)
    z, looks = torch.zeros(1, 2), Looks()
    assert float(ratio.prob(z)) == 1.0
    corrected(z, ratio, max_steps=1, callback=looks)
    assert float(looks.of(0)[0][0]) == pytest.approx(-math.exp(-20), rel=1e-3)


SUMMIT = ExactRatio(GaussianMixture([[1.2, 0.0], [-1.2, 0.0], [0.0, 1.2], [0.0, -1.2]], 0.4))


@EVERY
@pytest.mark.parametrize("damping", [0.0, 1e-3])
def test_on_the_summit_of_a_hole_every_method_stands_still_and_noise_escapes(method, damping):
    top = SUMMIT if method == "score" else field(lambda z: 3 - 10 * z.square().sum(-1))
    z = torch.zeros(1, 2, dtype=torch.float64)
    options = {"step_size": 0.02} if method != "gauss_newton" else {"damping": damping}
    found = corrected(z, top, method, **options)
    assert found.status.tolist() == [FLAT_GRADIENT] and torch.equal(found.z, z)
    escaped = corrected(z.expand(20, 2), top, method, noise=0.05, **options)
    assert bool((escaped.status == CONVERGED).all())


def test_in_a_positive_minimum_gauss_newton_gives_up_at_the_bottom():
    bowl = field(lambda z: 1 + z.square().sum(-1))
    found = corrected(torch.tensor([[0.7, 0.2]]).double(), bowl, "gauss_newton", max_steps=1000)
    assert found.status.tolist() == [FLAT_GRADIENT]
    assert float(found.logit_after) == pytest.approx(1, abs=1e-3)


def test_too_few_steps_are_said_and_the_best_place_comes_back():
    z, looks = normal(100, 2), Looks()
    found = corrected(z, RING, step_size=20.0, max_steps=7, callback=looks)
    late = found.status == MAX_STEPS
    assert bool(late.any()) and bool((found.n_steps[late] == 7).all())
    improved = 0
    for i in late.nonzero().squeeze(-1).tolist():
        places = torch.stack([z[i], *looks.of(i)])
        sizes = RING.logit(places).abs()
        torch.testing.assert_close(found.logit_after[i].abs(), sizes.min())
        assert torch.equal(found.z[i], places[sizes.argmin()])
        improved += int(sizes.argmin()) < 7
    torch.testing.assert_close(found.displacement, (found.z - z).norm(dim=-1))
    assert improved > 0  # some ended worse than they had been


def test_the_tail_beyond_the_prior_is_no_place_to_be_content():
    oblong = ExactRatio(GaussianMixture([[0.0, 0.0]], [[1.5, 0.6]]))
    z = torch.tensor([[6.0, 0.0], [3.0, 0.0]], dtype=torch.float64)
    found = correct(z, oblong, goal="below")
    assert found.logit_before[0] == pytest.approx(-10.1, abs=0.05)
    assert found.status.tolist() == [OFF_SUPPORT, INSIDE] and torch.equal(found.z, z)
    far = torch.tensor([[9.0, -6.0]], dtype=torch.float64)  # the contour runs out to infinity
    assert corrected(far, oblong, "gauss_newton").status.tolist() == [OFF_SUPPORT]


@RATIOS
@EVERY
def test_the_columns_agree_with_each_other(ratio, method):
    z = 1.5 * normal(100, 2)
    found = corrected(z, ratio, method, max_steps=40)
    torch.testing.assert_close(found.logit_before, ratio.logit(z))
    torch.testing.assert_close(found.logit_after, ratio.logit(found.z))
    torch.testing.assert_close(found.displacement, (found.z - z).norm(dim=-1))
    still = found.status == INSIDE
    assert torch.equal(found.z[still], z[still]) and bool((found.n_steps[still] == 0).all())
    assert bool((found.n_steps[~still] > 0).all()) and int(found.n_steps.max()) <= 40
    assert found.status.dtype == found.n_steps.dtype == torch.int64


# ---- whatever the network does ----


def broken(kind, edge):
    """A smooth network, but for the points beyond an edge."""

    def logit(z):
        a, beyond = 2 - z.square().sum(-1) + 0.3 * z[:, 1], z[:, 0] > edge
        if kind == "steep":
            return torch.where(beyond, 1e30 * (z[:, 0] - edge) + a, a)
        if kind == "kink":  # the value is finite, the gradient is not
            return a + torch.where(beyond, 0 * z[:, 0], 1.0).sqrt()
        return torch.where(beyond, float(kind), a)

    return field(logit, HELD_OUT[:20])


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["nan", "inf", "-inf", "steep", "kink", "1e20"]),
    st.floats(-1.0, 1.5),
    st.sampled_from(list(METHODS)),
    st.sampled_from([Band(), Below(), Denser(-2.0)]),
    st.sampled_from([torch.float32, torch.float64]),
    st.integers(0, 10_000),
)
def test_a_broken_network_harms_only_the_points_that_see_it(kind, edge, method, goal, dtype, seed):
    z = torch.cat([1.5 * normal(7, 2, seed=seed, dtype=dtype), torch.full((1, 2), 1.7).to(dtype)])
    ratio = broken(kind, edge)
    eight = Run(max_steps=8)
    found = correct(z, ratio, method, goal, eight)
    assert bool(found.z.isfinite().all())
    assert set(found.status.tolist()) <= set(Status)
    beyond = z[:, 0] > edge
    sick = beyond if kind in {"nan", "inf", "-inf", "kink"} else torch.zeros_like(beyond)
    assert bool(beyond.any()), "the last point is"
    assert torch.equal(found.z[sick], z[sick])
    assert bool((found.status[sick] == NON_FINITE).all())
    assert bool((found.logit_before[~sick].isfinite()).all())
    alone = [correct(point, ratio, method, goal, eight) for point in z]
    for i, one in enumerate(alone):
        assert torch.equal(one.z, found.z[i]) and torch.equal(one.status, found.status[i])


@EVERY
@pytest.mark.parametrize("value", [math.nan, math.inf, "kink"])
def test_a_point_that_walks_into_nonsense_comes_back_to_the_best_place_before(method, value):
    def logit(z):
        a = 3 - 2 * z[:, 0]  # every method walks towards greater x
        there = (z[:, 0] > 0.5) & (z[:, 1] > 0)
        if value == "kink":  # finite, but not its gradient
            return a + torch.where(there, 0 * z[:, 0], 1.0).sqrt()
        return torch.where(there, value, a)

    ratio, looks = field(logit), Looks()
    z = torch.tensor([[0.0, 1.0], [0.0, -1.0]], dtype=torch.float64)
    options = {"step_size": 0.1, "callback": looks}
    options |= {"max_move": 0.2} if method != "probability" else {}
    goal = Denser(-4.4) if method == "score" else None
    found = corrected(z, ratio, method, goal, **options)
    assert found.status.tolist() == [NON_FINITE, CONVERGED]
    assert 0 < found.z[0, 0] <= 0.5 and bool(found.z.isfinite().all())
    assert bool(found.logit_after.isfinite().all())
    torch.testing.assert_close(found.z[0], torch.stack(looks.of(0))[-1])  # the last one before
    assert int(found.n_steps[0]) <= int(found.n_steps[1])
