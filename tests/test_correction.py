"""Correctors: each method's promise, the truth of the status, and one answer per point."""

import copy
import itertools
import math
import shutil
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nav_utils import correction
from nav_utils.correction import METHODS, Status, correct
from nav_utils.densities import GaussianMixture, StandardNormal, ring
from nav_utils.models import mlp, mlp_value_and_grad, seeded
from nav_utils.ratio import DensityRatio, ExactRatio, fit_ratio

INSIDE, CONVERGED, MAX_STEPS, FLAT_GRADIENT, OFF_SUPPORT, NON_FINITE = Status
BAND = 2 * math.atanh(0.2)  # |D - 1/2| < 0.1 in nats of the logit
EVERY = pytest.mark.parametrize("method", METHODS)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=generator(seed), dtype=dtype)


def network(sizes=(2, 16, 16, 1), seed=0):
    with seeded(seed):
        return mlp(sizes)


HELD_OUT = ring().sample(200, generator(5))


def learnt_ratio():
    """A network that knows the ring roughly, in float32 as networks are shipped."""
    quick = {"steps": 250, "batch_size": 256, "hidden": (32, 32), "progress": False}
    return fit_ratio(ring().sample(3000, generator(1)), HELD_OUT, **quick)


RING, SINGLE = ExactRatio(ring()), learnt_ratio()
LEARNT = DensityRatio(copy.deepcopy(SINGLE.network).double(), HELD_OUT)
RATIOS = pytest.mark.parametrize("ratio", [RING, LEARNT], ids=["exact", "learnt"])


class Looks(list):
    """A callback that keeps what it is shown."""

    def __call__(self, look):
        self.append(look)

    def of(self, place, name="z"):
        """What was shown of one point, after each step that it took."""
        taken, shown = 0, []
        for look in self:
            row = (look["place"] == place).nonzero().squeeze(-1)
            if len(row) and int(look["n_steps"][row]) > taken:
                taken = int(look["n_steps"][row])
                shown.append(look[name][row[0]])
        return shown


class Field(nn.Module):
    """A network that is any function from points (N, d) to logits (N,)."""

    def __init__(self, logit):
        super().__init__()
        self.logit = logit

    def forward(self, z):
        return self.logit(z)


def field(logit, held_out=HELD_OUT):
    return DensityRatio(Field(logit), held_out)


def same(found, expected, rows=slice(None), atol=1e-9):
    """Two corrections agree on each point."""
    assert torch.equal(found.status, expected.status[rows])
    assert torch.equal(found.n_steps, expected.n_steps[rows])
    for name in ("z", "logit_before", "logit_after", "displacement"):
        one, other = getattr(found, name), getattr(expected, name)[rows]
        torch.testing.assert_close(one, other, rtol=0, atol=atol, equal_nan=True)


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
    found = correct(z, ratio, step_size=eta, eps=eps, max_steps=30, callback=looks)
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
    found = correct(z, RING)
    assert bool((found.logit_before * torch.tensor([1, -1]) > BAND).all())
    assert found.status.tolist() == [CONVERGED] * 2
    assert bool((found.logit_after.abs() < BAND).all())
    same(correct(z, RING, "probability", side="both", step_size=1.0, eps=0.1), found, atol=0)


# ---- what each method promises ----


@RATIOS
@pytest.mark.parametrize("side", ["both", "hole"])
def test_gauss_newton_never_raises_the_logit_and_its_steps_are_short(ratio, side):
    z, looks = 2 * normal(100, 2), Looks()
    options = {"side": side, "max_move": 0.2, "eps": 0.01}
    found = correct(z, ratio, "gauss_newton", callback=looks, **options)
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
    correct(z, RING, method, callback=looks, **options)
    moves = torch.cat(
        [torch.stack([z[i], *looks.of(i)]).diff(dim=0).norm(dim=-1) for i in range(60)]
    )
    assert float(moves.max()) == pytest.approx(0.1, rel=1e-9)  # and the longest are that long


def test_the_cap_survives_gradients_without_a_square():
    steep = field(lambda z: 1e25 * (z[:, 0] - 1))
    found = correct(torch.tensor([[3.0, 0.0]]), steep, "logit", max_steps=1)
    assert found.status.tolist() == [NON_FINITE]  # 1e25 times 1e25 is no number in float32
    found = correct(torch.tensor([[3.0, 0.0]]), steep, "score", max_steps=1, log_q_level=0.0)
    assert found.z.tolist() == [[2.5, 0.0]] and found.status.tolist() == [MAX_STEPS]


def test_gauss_newton_does_not_see_a_temperature_unless_damped():
    warm, cold = (DensityRatio(LEARNT.network, HELD_OUT, scale=scale) for scale in (1.0, 1 / 7))
    z = normal(50, 2)
    runs = {}
    for damping in (0.0, 0.1):
        for name, ratio in (("warm", warm), ("cold", cold)):
            options = {"damping": damping, "max_steps": 1, "eps": 1e-6}
            runs[name, damping] = correct(z, ratio, "gauss_newton", **options).z
    torch.testing.assert_close(runs["warm", 0.0], runs["cold", 0.0], rtol=0, atol=1e-9)
    assert float((runs["warm", 0.1] - runs["cold", 0.1]).norm(dim=-1).median()) > 1e-3


def test_an_undamped_step_solves_the_linearised_equation():
    plane = field(lambda z: 3 * z[:, 0] - 4 * z[:, 1] + 1)
    z = normal(20, 2)
    found = correct(z, plane, "gauss_newton", damping=0.0, max_move=100.0, max_steps=1)
    moved = found.n_steps == 1
    torch.testing.assert_close(found.logit_after[moved], torch.zeros(int(moved.sum())).double())
    expected = (plane.logit(z) / 5).abs()  # the distance to the line
    torch.testing.assert_close(found.displacement[moved], expected[moved])


def test_where_the_step_overshoots_gauss_newton_shortens_it():
    bend = field(lambda z: z[:, 0].atan())  # Newton's method diverges beyond 1.39
    z = torch.tensor([[4.0, 0.0]], dtype=torch.float64)
    found = correct(z, bend, "gauss_newton", damping=0.0, max_move=100.0)
    assert found.status.tolist() == [CONVERGED] and int(found.n_steps) < 10


@RATIOS
def test_the_flow_of_logit_is_monotone(ratio):
    z, looks = 1.5 * normal(60, 2), Looks()
    found = correct(z, ratio, "logit", step_size=2e-3, max_steps=150, callback=looks)
    for i in range(len(z)):
        a = torch.stack([found.logit_before[i], *looks.of(i, "logit")])
        assert bool((a.abs().diff() < 0).all())
        assert bool((a * a[0] > 0).all())  # and never crosses
    assert bool((found.n_steps > 0).any())


@RATIOS
def test_score_climbs_log_q(ratio):
    z, looks = 1.5 * normal(60, 2), Looks()
    level = ratio.log_q_level(0.5)
    found = correct(z, ratio, "score", step_size=2e-3, max_steps=300, callback=looks)
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
        found = correct(z, RING, "score", log_q_level=level, max_steps=100)
        good = RING.log_q(found.z) >= level
        assert torch.equal(good, found.status <= CONVERGED)
        assert bool(good.any()) == (level < 0)


@RATIOS
@EVERY
def test_one_side_moves_no_point_that_is_no_hole(ratio, method):
    if method == "score":
        pytest.skip("score knows no sides")
    z, level, low = 1.5 * normal(300, 2), ratio.level(0.2), ratio.level(0.8)
    for options, edge in (({}, BAND), ({"level": level}, level), ({"level": low}, low)):
        found = correct(z, ratio, method, side="hole", max_steps=20, **options)
        stays = found.logit_before <= edge
        assert torch.equal(found.z[stays], z[stays])
        assert bool((found.n_steps[stays] == 0).all()) and bool((found.n_steps[~stays] > 0).all())
        assert bool((found.logit_after[found.status == CONVERGED] <= edge).all())
        assert bool(stays.any()) and not bool(stays.all())


def test_the_code_that_sets_the_level_is_inside():
    codes = RING.held_out
    found = correct(codes, RING, "gauss_newton", side="hole", level=RING.level(0.05))
    on_level = RING.logit(codes) == RING.level(0.05)
    assert int(on_level.sum()) == 1 and found.status[on_level].tolist() == [INSIDE]
    assert int((found.status == INSIDE).sum()) == math.ceil(0.95 * (len(codes) + 1))
    z = torch.tensor([[0.3, 0.0]], dtype=torch.float64)  # in float32 and float64, at any level
    for points in (z, z.float(), 1.7 * z):
        level = float(RING.logit(points))
        assert correct(points, RING, side="hole", level=level).status.tolist() == [INSIDE]


def test_for_both_sides_the_level_is_the_middle_of_the_band():
    z = 1.2 * normal(200, 2)
    found = correct(z, RING, "gauss_newton", level=1.0, eps=0.05)
    band = 2 * math.atanh(0.1)
    done = found.status <= CONVERGED
    assert bool(((found.logit_after - 1.0).abs()[done] <= band).all()) and bool(done.all())
    assert torch.equal(found.status == INSIDE, (found.logit_before - 1.0).abs() <= band)


@pytest.mark.parametrize("eps", [0.01, 0.1, 0.4])
def test_inside_is_the_band_of_d(eps):
    z = normal(500, 2)
    d = RING.prob(z) - 0.5
    both, hole = (correct(z, RING, eps=eps, side=s, max_steps=0) for s in ("both", "hole"))
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
    found = correct(z, ratio)
    assert found.status.tolist() == [FLAT_GRADIENT]
    assert torch.equal(found.z, z) and found.n_steps.tolist() == [1]
    for method in ("logit", "gauss_newton"):  # whose steps do not die
        assert correct(z, ratio, method, max_steps=2000).status.tolist() != [FLAT_GRADIENT]


def test_the_factor_does_not_round_to_zero_before_d_does():
    """D (1 - D) as sigma(a) sigma(-a): at a = 20 float32 still moves a point that is near 0."""
    ratio = field(lambda z: z[:, 0] + 20)
    z, looks = torch.zeros(1, 2), Looks()
    assert float(ratio.prob(z)) == 1.0
    correct(z, ratio, max_steps=1, callback=looks)
    assert float(looks.of(0)[0][0]) == pytest.approx(-math.exp(-20), rel=1e-3)


SUMMIT = ExactRatio(GaussianMixture([[1.2, 0.0], [-1.2, 0.0], [0.0, 1.2], [0.0, -1.2]], 0.4))


@EVERY
@pytest.mark.parametrize("damping", [0.0, 1e-3])
def test_on_the_summit_of_a_hole_every_method_stands_still_and_noise_escapes(method, damping):
    top = SUMMIT if method == "score" else field(lambda z: 3 - 10 * z.square().sum(-1))
    z = torch.zeros(1, 2, dtype=torch.float64)
    options = {"damping": damping, "step_size": 0.02 if method != "gauss_newton" else 1.0}
    found = correct(z, top, method, **options)
    assert found.status.tolist() == [FLAT_GRADIENT] and torch.equal(found.z, z)
    escaped = correct(z.expand(20, 2), top, method, noise=0.05, **options)
    assert bool((escaped.status == CONVERGED).all())


def test_in_a_positive_minimum_gauss_newton_gives_up_at_the_bottom():
    bowl = field(lambda z: 1 + z.square().sum(-1))
    found = correct(torch.tensor([[0.7, 0.2]]).double(), bowl, "gauss_newton", max_steps=1000)
    assert found.status.tolist() == [FLAT_GRADIENT]
    assert float(found.logit_after) == pytest.approx(1, abs=1e-3)


def test_too_few_steps_are_said_and_the_best_place_comes_back():
    z, looks = normal(100, 2), Looks()
    found = correct(z, RING, step_size=20.0, max_steps=7, callback=looks)
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
    found = correct(z, oblong, side="hole")
    assert found.logit_before[0] == pytest.approx(-10.1, abs=0.05)
    assert found.status.tolist() == [OFF_SUPPORT, INSIDE] and torch.equal(found.z, z)
    far = torch.tensor([[9.0, -6.0]], dtype=torch.float64)  # the contour runs out to infinity
    assert correct(far, oblong, "gauss_newton").status.tolist() == [OFF_SUPPORT]


@RATIOS
@EVERY
def test_the_columns_agree_with_each_other(ratio, method):
    z = 1.5 * normal(100, 2)
    found = correct(z, ratio, method, max_steps=40)
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
    st.sampled_from(["both", "hole"]),
    st.sampled_from([torch.float32, torch.float64]),
    st.integers(0, 10_000),
)
def test_a_broken_network_harms_only_the_points_that_see_it(kind, edge, method, side, dtype, seed):
    z = torch.cat([1.5 * normal(7, 2, seed=seed, dtype=dtype), torch.full((1, 2), 1.7).to(dtype)])
    ratio = broken(kind, edge)
    options = {"side": side, "max_steps": 8}
    options |= {"log_q_level": -2.0} if method == "score" else {}
    found = correct(z, ratio, method, **options)
    assert bool(found.z.isfinite().all())
    assert set(found.status.tolist()) <= set(Status)
    beyond = z[:, 0] > edge
    sick = beyond if kind in {"nan", "inf", "-inf", "kink"} else torch.zeros_like(beyond)
    assert bool(beyond.any()), "the last point is"
    assert torch.equal(found.z[sick], z[sick])
    assert bool((found.status[sick] == NON_FINITE).all())
    assert bool((found.logit_before[~sick].isfinite()).all())
    alone = [correct(point, ratio, method, **options) for point in z]
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
    options = {"step_size": 0.1, "callback": looks, "max_move": 0.2}
    options |= {"log_q_level": -4.4} if method == "score" else {}
    found = correct(z, ratio, method, **options)
    assert found.status.tolist() == [NON_FINITE, CONVERGED]
    assert 0 < found.z[0, 0] <= 0.5 and bool(found.z.isfinite().all())
    assert bool(found.logit_after.isfinite().all())
    torch.testing.assert_close(found.z[0], torch.stack(looks.of(0))[-1])  # the last one before
    assert int(found.n_steps[0]) <= int(found.n_steps[1])


# ---- one answer per point ----


@RATIOS
@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_company_of_a_point_changes_nothing(ratio, method, dtype):
    ratio = SINGLE if ratio is LEARNT and dtype == torch.float32 else ratio
    z, options = 1.3 * normal(60, 2, dtype=dtype), {"max_steps": 25}
    together = correct(z, ratio, method, **options)
    atol = 1e-9 if dtype == torch.float64 else 1e-3
    if dtype == torch.float32:  # near an edge the last digit decides: so not the literal status
        stable = correct(z, ratio, method, chunk_size=7, **options)
        keep = stable.status == together.status
        assert float(keep.double().mean()) > 0.95
        close = (stable.z - together.z).norm(dim=-1) < atol
        assert float(close.double().mean()) > 0.95
        return
    order = torch.randperm(60, generator=generator(3))
    same(correct(z[order], ratio, method, **options), together, order)
    same(correct(z[7], ratio, method, **options), together, 7)
    same(correct(z[7:8], ratio, method, **options), together, slice(7, 8))
    for extra in ({"chunk_size": 7}, {"chunk_size": 1000}, {"check_every": 1}, {"check_every": 99}):
        same(correct(z, ratio, method, **options, **extra), together)


def coarse():
    """A network that bfloat16 knows only to half a nat near its contour, x = 1."""
    slope = nn.Linear(2, 1)
    with torch.no_grad():
        slope.weight.copy_(torch.tensor([[40.0, 0.0]])), slope.bias.fill_(-40.0)
    return DensityRatio(slope, HELD_OUT)


@pytest.mark.parametrize("method", ["logit", "gauss_newton", "score"])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_slow_points_do_not_use_up_the_steps_of_others_in_low_precision(method, noise):
    near, far = torch.linspace(0.95, 1.1, 30), torch.linspace(1.5, 3, 30)
    z, ratio = torch.cat([near, far])[:, None] * torch.tensor([1.0, 0.2]), coarse()
    options = {"precision": "bfloat16", "noise": noise, "max_steps": 40, "max_move": 0.01}
    options |= {"log_q_level": -2.0} if method == "score" else {"eps": 0.02}
    together = correct(z, ratio, method, **options)
    assert bool((together.n_steps[30:] == 40).all())  # the slow ones use all of their steps
    for rows in (slice(0, 30), slice(0, 7)):  # the first keep their places, and so their noise
        same(correct(z[rows], ratio, method, **options), together, rows, atol=1e-5)
    same(correct(z, ratio, method, check_every=1, **options), together, atol=1e-5)


def test_low_precision_never_brings_a_point_back_worse_than_it_came():
    z, options = normal(500, 2, dtype=torch.float32) * 0.005 + 1, {"noise": 3e-3, "max_steps": 3}
    for method in ("probability", "logit", "gauss_newton"):
        options |= {"precision": "bfloat16", "step_size": 1e-4, "eps": 1e-3}
        found = correct(z, coarse(), method, **options)
        assert bool((found.logit_after.abs() <= found.logit_before.abs()).all())
        assert bool((found.displacement > 0).any())


@EVERY
def test_noise_belongs_to_seed_and_place(method):
    z, options = normal(40, 2), {"noise": 0.03, "max_steps": 15}
    one = correct(z, RING, method, **options)
    again = correct(z, RING, method, seed=0, **options)
    other = correct(z, RING, method, seed=1, **options)
    assert all(torch.equal(x, y) for x, y in zip(one[:-1], again[:-1], strict=True))
    moved = (one.displacement > 0) & (other.displacement > 0)
    assert not bool((one.z == other.z).all(-1)[moved].any()) and bool(moved.any())
    for extra in ({"chunk_size": 11}, {"check_every": 3}, {"chunk_size": 1, "check_every": 1}):
        same(correct(z, RING, method, **options, **extra), one)
    same(correct(z[:9], RING, method, **options), one, slice(0, 9))


def test_noise_has_the_standard_deviation_that_was_asked():
    flat = field(lambda z: 5 + 0 * z[:, 0])
    z, looks = torch.zeros(4000, 2, dtype=torch.float64), Looks()
    correct(z, flat, "logit", noise=0.2, max_steps=3, chunk_size=4000, callback=looks)
    steps = torch.stack([z, *(look["z"] for look in looks)]).diff(dim=0)
    assert float(steps.std()) == pytest.approx(0.2, rel=0.02)
    assert abs(float((steps[0] * steps[1]).mean())) < 0.002


# ---- shapes, types, books ----


@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3, 4)])
def test_shape_and_dtype_follow_the_points(method, dtype, shape):
    z = normal(*shape, 2, dtype=dtype)
    for ratio in (RING, SINGLE):
        found = correct(z, ratio, method, max_steps=5)
        assert found.z.shape == z.shape and found.z.dtype == dtype
        for name in ("status", "n_steps", "logit_before", "logit_after", "displacement"):
            column = getattr(found, name)
            assert column.shape == shape
            assert column.dtype == (torch.int64 if name in {"status", "n_steps"} else dtype)
        flat = correct(z.reshape(-1, 2), ratio, method, max_steps=5)
        assert torch.equal(found.z.reshape(-1, 2), flat.z)


@EVERY
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_nothing_is_left_behind(method, precision):
    z = normal(30, 2, dtype=torch.float32).requires_grad_()
    copy, before = z.detach().clone(), torch.get_float32_matmul_precision()
    state = torch.get_rng_state()
    try:
        for setting in ("highest", "high"):
            torch.set_float32_matmul_precision(setting)
            found = correct(z, SINGLE, method, precision=precision, noise=0.1, max_steps=9)
            assert torch.get_float32_matmul_precision() == setting
    finally:
        torch.set_float32_matmul_precision(before)
    assert not torch.is_autocast_enabled("cpu") and torch.equal(torch.get_rng_state(), state)
    assert torch.equal(z.detach(), copy) and z.grad is None
    assert not any(x.requires_grad for x in found[:-1])
    learning = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))  # autograd's way
    ratio = DensityRatio(learning, HELD_OUT)
    learning.requires_grad_()
    other = correct(z, ratio, method, precision=precision, max_steps=9)
    assert all(p.grad is None for p in learning.parameters()) and z.grad is None
    assert not any(x.requires_grad for x in other[:-1])
    found.z.zero_()  # the answer is no view of the question
    assert torch.equal(z.detach(), copy)


def test_precision_is_restored_when_the_network_fails():
    def logit(z):
        if len(z) == 3 and bool((z[:, 0] != 1).any()):
            raise RuntimeError("out of order")
        return 5 * z[:, 0]

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        for precision in ("float32", "bfloat16"):  # fails at the first step
            with pytest.raises(RuntimeError, match="out of order"):
                correct(torch.ones(3, 2), field(logit), precision=precision)
            assert torch.get_float32_matmul_precision() == "high"
            assert not torch.is_autocast_enabled("cpu")
    finally:
        torch.set_float32_matmul_precision(before)


class Counting(ExactRatio):
    rows = 0

    def logit_and_grad(self, z):
        self.rows += len(z)
        return super().logit_and_grad(z)


@EVERY
@pytest.mark.parametrize(
    "options", [{}, {"chunk_size": 7}, {"check_every": 1}, {"max_steps": 3}, {"max_steps": 0}]
)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_evaluations_are_counted(method, options, precision):
    ratio = Counting(ring(), n=50)
    options = {"max_steps": 30} | options
    found = correct(normal(50, 2), ratio, method, precision=precision, **options)
    assert found.n_evaluations == ratio.rows >= 50 + int(found.n_steps.sum())


def test_points_that_have_arrived_cost_little():
    """Half of the points have far to go: without compaction all would be computed to the end."""
    z = torch.cat([torch.zeros(200, 2), torch.full((20, 2), 0.35)]).double()
    slope = field(lambda z: 8 * z[:, 0])
    found = correct(z, slope, "logit", step_size=2e-4, max_steps=400)
    assert int(found.n_steps.max()) > 100
    assert found.n_evaluations < 220 + 20 * (int(found.n_steps.max()) + 8)


def test_the_callback_sees_every_step():
    z, looks = normal(30, 2), Looks()
    found = correct(z, RING, max_steps=20, callback=looks, chunk_size=16)
    assert [look["step"] for look in looks if 0 in look["place"]][:3] == [1, 2, 3]
    for look in looks:
        assert set(look) >= {"step", "place", "z", "logit", "gradient", "status", "n_steps"}
        a, gradient = RING.logit_and_grad(look["z"])
        torch.testing.assert_close(look["logit"], a)
        torch.testing.assert_close(look["gradient"], gradient)
    for i in range(30):
        assert len(looks.of(i)) == int(found.n_steps[i])
    assert {int(p) for look in looks for p in look["place"]} <= set(range(30))


BAD = {
    "empty": (torch.empty(0, 2), {}, r"z: expected finite floating values.*\(0, 2\)"),
    "NaN": (torch.tensor([[0.0, math.nan]]), {}, "z: .*1 of them not finite"),
    "infinite": (torch.tensor([[0.0, -math.inf]]), {}, "z: .*1 of them not finite"),
    "integers": (torch.zeros(3, 2, dtype=torch.long), {}, "z: .*int64"),
    "half": (torch.zeros(3, 2).half(), {}, "z: expected float32 or float64, got torch.float16"),
    "bfloat16": (torch.zeros(3, 2).bfloat16(), {}, "z: expected float32 or float64"),
    "a number": (torch.tensor(1.0), {}, r"z: expected shape \(\.\.\., d\)"),
    "three coordinates": (torch.zeros(4, 3), {}, r"z: expected shape \(\.\.\., 2\), got \(4, 3\)"),
    "a list": ([[0.0, 0.0]], {}, "z: expected a tensor, got a list"),
    "method": (None, {"method": "newton"}, "method: expected one of probability.*'newton'"),
    "side": (None, {"side": "left"}, "side: expected 'both' or 'hole', got 'left'"),
    "precision": (None, {"precision": "fp8"}, "precision: expected one of .*'fp8'"),
    "eps 0": (None, {"eps": 0.0}, "eps: expected a number between 0 and 1/2, got 0"),
    "eps 1/2": (None, {"eps": 0.5}, "eps: expected"),
    "eps NaN": (None, {"eps": math.nan}, "eps: expected"),
    "step 0": (None, {"step_size": 0.0}, "step_size: expected a positive number"),
    "step NaN": (None, {"step_size": math.nan}, "step_size: expected a positive number"),
    "max_move": (None, {"max_move": -1.0}, "max_move: expected a positive number"),
    "damping": (None, {"damping": -0.1}, "damping: expected"),
    "max_steps": (None, {"max_steps": -1}, "max_steps >= 0.*got -1"),
    "check_every": (None, {"check_every": 0}, "check_every >= 1.* 0 "),
    "chunk_size 0": (None, {"chunk_size": 0}, "chunk_size: expected at least 1, got 0"),
    "chunk_size": (None, {"chunk_size": -4}, "chunk_size: expected at least 1, got -4"),
    "noise": (None, {"noise": -0.1}, "noise >= 0"),
    "noise NaN": (None, {"noise": math.nan}, "noise >= 0"),
    "level": (None, {"level": math.nan}, "finite levels, got nan"),
    "level infinite": (None, {"level": math.inf, "side": "hole"}, "finite levels, got inf"),
    "log q": (None, {"method": "score", "log_q_level": -math.inf}, "finite levels"),
    "score, level": (None, {"method": "score", "level": 0.5}, "level: expected None.*log_q_level"),
    "logit, log q": (None, {"method": "logit", "log_q_level": -3.0}, "log_q_level: expected None"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    z, options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        correct(torch.zeros(3, 2) if z is None else z, RING, **options)


# ---- speed without another answer ----


@EVERY
def test_low_precision_ends_are_judged_in_full(method):
    z = 1.3 * normal(200, 2, dtype=torch.float32)
    looks = Looks()
    found = correct(z, SINGLE, method, precision="bfloat16", callback=looks)
    plain = correct(z, SINGLE, method)
    torch.testing.assert_close(found.logit_after, SINGLE.logit(found.z), rtol=0, atol=1e-4)
    torch.testing.assert_close(found.logit_before, SINGLE.logit(z), rtol=0, atol=1e-4)
    done = found.status <= CONVERGED
    if method == "score":
        assert bool((SINGLE.log_q(found.z[done]) >= SINGLE.log_q_level(0.5) - 1e-4).all())
    else:
        assert bool((found.logit_after[done].abs() <= BAND).all())
        assert bool((found.logit_after.abs() <= found.logit_before.abs() + 1e-6).all())
    assert float((done == (plain.status <= CONVERGED)).double().mean()) > 0.97
    assert int(found.n_steps.max()) <= 200
    first = looks[0]["logit"]  # of which those that moved are numbers of bfloat16
    rounded = (first == first.bfloat16().float())[looks[0]["n_steps"] > 0]
    assert bool(rounded.all()) and bool(rounded.any())


needs_compiler = pytest.mark.skipif(
    not any(shutil.which(name) for name in ("c++", "g++", "clang++")), reason="no C++ compiler here"
)


@needs_compiler
def test_a_compiled_step_is_the_same_step():
    z, eager, fast = normal(100, 2, dtype=torch.float32), Looks(), Looks()
    options = {"max_steps": 6, "eps": 1e-5, "side": "both"}
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="torch.compile failed")
        correct(z, SINGLE, "logit", compile=True, callback=fast, **options)
    correct(z, SINGLE, "logit", callback=eager, **options)
    assert len(fast) == len(eager) == 6
    for one, other in zip(fast, eager, strict=True):
        torch.testing.assert_close(one["z"], other["z"], rtol=0, atol=1e-4)
        assert torch.equal(one["status"], other["status"])


@pytest.mark.parametrize("words", ["no compiler\nanywhere", ""])
def test_where_compilation_fails_a_warning_and_the_same_answer(monkeypatch, words):
    def broken_compiler(step):
        def call(*arguments):
            raise RuntimeError(words)

        return call

    monkeypatch.setattr(torch, "compile", broken_compiler)
    z = normal(30, 2)
    with pytest.warns(UserWarning, match="torch.compile failed, going on without it: ") as caught:
        found = correct(z, RING, "logit", compile=True, max_steps=9)
    assert len(caught) == 1 and (words.split("\n")[0] or "RuntimeError") in str(caught[0].message)
    same(found, correct(z, RING, "logit", max_steps=9), atol=0)


def test_a_network_that_fails_is_not_blamed_on_the_compiler(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda step: step)

    def logit(z):
        if len(z) == 3 and bool((z[:, 0] != 1).all()):
            raise RuntimeError("out of order")
        return 5 * z[:, 0]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeError, match="out of order"):
            correct(torch.ones(3, 2), field(logit), "logit", compile=True)


@pytest.mark.parametrize("sizes", [(2, 1), (3, 8, 1), (2, 16, 16, 16, 1), (5, 7, 3, 1)])
def test_the_closed_form_of_an_mlp_is_what_autograd_finds(sizes):
    net, z = network(sizes).double(), 3 * normal(50, sizes[0])
    value, gradient = mlp_value_and_grad(net, z)
    z.requires_grad_()
    expected = net(z).squeeze(-1)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected.sum(), z)[0])
    assert value.shape == (50,) and gradient.shape == z.shape


# ---- on a GPU ----

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


@needs_gpu
@EVERY
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_gpu_takes_the_same_steps(method, noise):
    z, options = normal(500, 2, dtype=torch.float32), {"max_steps": 1, "noise": noise, "eps": 0.01}
    gpu = DensityRatio(copy.deepcopy(SINGLE.network), SINGLE.held_out).to("cuda")
    start = z
    for _ in range(5):  # each step from the same place, so that nothing adds up
        here, there = Looks(), Looks()
        one = correct(start, SINGLE, method, callback=here, **options)
        two = correct(start.cuda(), gpu, method, callback=there, **options)
        assert two.z.is_cuda and two.status.is_cuda
        ends = [start.clone(), start.clone()]
        for end, (look,) in zip(ends, (here, there), strict=True):
            end[look["place"].cpu()] = look["z"].cpu()
        torch.testing.assert_close(*ends, rtol=0, atol=1e-4)
        assert not torch.equal(ends[0], start)
        start = one.z
    back = correct(z, gpu, method, max_steps=5)  # a network there, points here
    assert not back.z.is_cuda and not back.status.is_cuda


@needs_gpu
@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
def test_low_precision_on_a_gpu_is_judged_in_full(precision):
    gpu = DensityRatio(copy.deepcopy(SINGLE.network), HELD_OUT).to("cuda")
    found = correct(normal(500, 2, dtype=torch.float32), gpu, "logit", precision=precision)
    torch.testing.assert_close(found.logit_after, gpu.logit(found.z), rtol=0, atol=1e-4)
    done = found.status <= CONVERGED
    assert bool((found.logit_after[done].abs() <= BAND).all())


@needs_gpu
def test_chunks_on_a_gpu_follow_its_free_memory(monkeypatch):
    points, wide = (
        torch.zeros(2, 2, device="cuda"),
        DensityRatio(network((2, 512, 512, 1)), HELD_OUT),
    )
    sizes = []
    for free in (2**20, 2**30, 2**34):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, free))
        sizes.append(correction.chunk_for(points, wide))
    assert sizes[0] < sizes[1] < sizes[2] <= 2**20
    assert correction.chunk_for(points, SINGLE) >= sizes[2]


@needs_gpu
def test_memory_on_a_gpu_does_not_grow_with_the_number_of_points():
    gpu = DensityRatio(network((2, 128, 128, 1)), HELD_OUT).to("cuda")
    peaks = []
    for n in (100_000, 400_000):
        z = torch.randn(n, 2, device="cuda")
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        correct(z, gpu, "logit", max_steps=5, chunk_size=50_000)
        peaks.append(torch.cuda.max_memory_allocated() - before)
    assert peaks[1] < peaks[0] + 400_000 * 100  # the answer itself, and no activations


def test_the_prior_of_the_ratio_is_the_one_that_score_uses():
    other = ExactRatio(ring(), GaussianMixture([[0.3, 0.1]], 1.4))
    z = normal(40, 2)
    found = correct(z, other, "score", max_steps=1, step_size=1e-3, log_q_level=5.0)
    torch.testing.assert_close(found.z, z + 1e-3 * ring().score(z))
    assert float((StandardNormal(2).score(z) - other.prior.score(z)).abs().max()) > 0.1
