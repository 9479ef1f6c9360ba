"""What every density ratio says, exact or learnt: logit, D, scores, regions and levels."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ratios import HELD_OUT, OBLONG, Flat, generator, network, normal

from nav_utils.densities import GaussianMixture, StandardNormal, c_shape, ring, two_clusters
from nav_utils.models import mlp
from nav_utils.ratio import DensityRatio, ExactRatio, Ratio, Region

RATIOS = {
    "ring": ExactRatio(ring()),
    "c shape": ExactRatio(c_shape()),
    "other prior": ExactRatio(two_clusters(), GaussianMixture([[0.3, 0.1]], 1.4)),
    "3-D": ExactRatio(GaussianMixture([[1.0, 0.0, 0.0], [0.0, -1.0, 0.5]], 0.5)),
    "network": DensityRatio(network(), HELD_OUT, scale=1.3, shift=0.2),
    "user's network": DensityRatio(Flat(), HELD_OUT),
    "network in float64": DensityRatio(network().double(), HELD_OUT),
}
EVERY = pytest.mark.parametrize("ratio", RATIOS.values(), ids=RATIOS.keys())
METHODS = {
    "logit": Ratio.logit,
    "prob": Ratio.prob,
    "gradient": Ratio.logit_and_grad,
    "score_q": Ratio.score_q,
    "log_q": Ratio.log_q,
    "region": Ratio.region,
}


def call(ratio, method, z):
    answer = getattr(ratio, METHODS[method].__name__)(z)
    return answer[1] if method == "gradient" else answer


# ---- what every ratio can say ----


@pytest.mark.parametrize("name", ["ring", "c shape", "other prior", "3-D"])
def test_the_exact_logit_is_log_p_minus_log_q(name):
    ratio = RATIOS[name]
    z = normal(50, ratio.prior.dim, dtype=torch.float64)
    log_p, log_q = ratio.prior.log_prob(z), ratio.q.log_prob(z)
    torch.testing.assert_close(ratio.logit(z), log_p - log_q)
    torch.testing.assert_close(ratio.prob(z), log_p.exp() / (log_p.exp() + log_q.exp()))
    torch.testing.assert_close(ratio.log_q(z), log_q)
    torch.testing.assert_close(ratio.score_q(z), ratio.q.score(z))
    torch.testing.assert_close(Ratio.score_q(ratio, z), ratio.q.score(z))


def test_the_exact_prior_is_the_standard_normal_unless_told():
    z = normal(9, 2, dtype=torch.float64)
    torch.testing.assert_close(
        ExactRatio(ring()).logit(z), StandardNormal(2).log_prob(z) - ring().log_prob(z)
    )
    with pytest.raises(ValueError, match="p: expected dimension 2, that of q, got 3"):
        ExactRatio(ring(), StandardNormal(3))


@EVERY
def test_the_gradient_is_that_of_the_logit(ratio):
    if isinstance(ratio, DensityRatio):  # differences need float64 all the way
        ratio = DensityRatio(
            mlp((2, 16, 1)).double() if ratio.network is None else ratio.network.double(),
            HELD_OUT,
            scale=ratio.scale,
            shift=ratio.shift,
        )
    d = ratio.prior.dim
    z = normal(40, d, dtype=torch.float64)
    step = 1e-6 * torch.eye(d, dtype=torch.float64)
    differences = (ratio.logit(z[:, None] + step) - ratio.logit(z[:, None] - step)) / 2e-6
    a, gradient = ratio.logit_and_grad(z)
    torch.testing.assert_close(gradient, differences, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(a, ratio.logit(z))
    torch.testing.assert_close(
        ratio.score_q(z), ratio.prior.score(z) - differences, rtol=1e-5, atol=1e-5
    )


def test_score_q_under_the_standard_normal_is_minus_z_minus_the_gradient():
    ratio = DensityRatio(Flat((1.0, -2.0), 0.5), HELD_OUT, scale=3.0)
    z = normal(5, 2)
    torch.testing.assert_close(ratio.score_q(z), -z - torch.tensor([3.0, -6.0]))
    torch.testing.assert_close(ratio.log_q(z), StandardNormal(2).log_prob(z) - ratio.logit(z))


@EVERY
@pytest.mark.parametrize("method", METHODS)
def test_a_batch_of_one_of_many_and_permuted_says_the_same_of_each_point(ratio, method):
    z = 2 * normal(30, ratio.prior.dim, dtype=torch.float64)
    together = call(ratio, method, z)
    order = torch.randperm(30, generator=generator(1))
    torch.testing.assert_close(call(ratio, method, z[order]), together[order])
    torch.testing.assert_close(torch.stack([call(ratio, method, x) for x in z[:2]]), together[:2])
    torch.testing.assert_close(call(ratio, method, z[:1]), together[:1])
    folded = call(ratio, method, z.unflatten(0, (5, 6)))
    torch.testing.assert_close(folded.flatten(0, 1), together)


@EVERY
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(), (1,), (3, 4)])
def test_shape_and_dtype_follow_the_points(ratio, method, dtype, shape):
    z = normal(*shape, ratio.prior.dim, dtype=dtype)
    answer = call(ratio, method, z)
    assert answer.shape == (z.shape if method in {"gradient", "score_q"} else shape)
    assert answer.dtype == (torch.int64 if method == "region" else dtype)


@EVERY
def test_points_keep_their_own_gradients(ratio):
    z = normal(4, ratio.prior.dim).requires_grad_()
    a, gradient = ratio.logit_and_grad(z)
    assert not a.requires_grad and not gradient.requires_grad and z.grad is None
    assert not ratio.region(z).requires_grad and not ratio.score_q(z).requires_grad
    (through,) = torch.autograd.grad(ratio.logit(z).sum(), z)
    torch.testing.assert_close(through, gradient)
    with torch.no_grad():
        torch.testing.assert_close(ratio.logit_and_grad(z)[1], gradient)


@pytest.mark.parametrize("name", ["ring", "c shape", "other prior", "3-D"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_hundred_away_nothing_overflows(name, dtype):
    ratio = RATIOS[name]
    z = normal(50, ratio.prior.dim, dtype=dtype)
    z = 100 * z / z.norm(dim=-1, keepdim=True)
    a, gradient = ratio.logit_and_grad(z)
    for answer in (a, gradient, ratio.prob(z), ratio.score_q(z), ratio.log_q(z)):
        assert bool(answer.isfinite().all())
    assert (ratio.region(z) == Region.NO_DATA).all()


@EVERY
@pytest.mark.parametrize("method", METHODS)
def test_points_of_another_dimension_are_refused(ratio, method):
    with pytest.raises(ValueError, match=r"expected|\(3, 7\)"):
        call(ratio, method, torch.zeros(3, 7))


@pytest.mark.parametrize(
    "method", ["logit", "prob", "logit_and_grad", "score_q", "log_q", "region", "no_data"]
)
@pytest.mark.parametrize("exact", [True, False])
def test_arrays_are_answered_with_what_was_expected(method, exact):
    ratio = ExactRatio(ring(), n=50)
    if not exact:
        ratio = DensityRatio(mlp([2, 4, 1]), ratio.held_out)
    with pytest.raises(ValueError, match="z: expected .* got a ndarray; torch.from_numpy makes"):
        getattr(ratio, method)(np.zeros((3, 2)))


# ---- regions ----


def on_contour(ratio, inner, outer):
    """The radius along the first axis where the logit changes its sign, by bisection."""
    for _ in range(60):
        middle = (inner + outer) / 2
        a = float(ratio.logit(torch.tensor([middle, 0.0], dtype=torch.float64)))
        inner, outer = (middle, outer) if a > 0 else (inner, middle)
    return middle


def test_each_region_has_its_name():
    ratio = RATIOS["ring"]
    z = [[0.0, 0.0], [1.3, 0.0], [on_contour(ratio, 0.0, 1.3), 0.0], [8.0, 0.0], [2.5, 0.0]]
    names = [Region(int(r)).name for r in ratio.region(torch.tensor(z, dtype=torch.float64))]
    # (2.5, 0) has no codes but 4 % of the prior beyond it: the prior's tail is a hole like others.
    assert names == ["HOLE", "DATA", "EQUILIBRIUM", "NO_DATA", "HOLE"]


@pytest.mark.parametrize("eps", [0.01, 0.1, 0.25, 0.49])
def test_the_band_is_that_of_d(eps):
    ratio = RATIOS["ring"]
    z = normal(3000, 2, dtype=torch.float64)
    region, d = ratio.region(z, eps), ratio.prob(z)
    known = region != Region.NO_DATA
    expected = torch.ones_like(region)
    expected[d > 0.5 + eps], expected[d < 0.5 - eps] = 0, 2
    assert torch.equal(region[known], expected[known]) and known.double().mean() > 0.99
    assert set(region.tolist()) >= ({0, 1, 2} if eps < 0.2 else {1})


@pytest.mark.parametrize("eps", [0.0, -0.1, 0.5, 1.0, float("nan")])
def test_a_band_that_is_none_is_refused(eps):
    with pytest.raises(ValueError, match="eps: expected a number between 0 and 1/2"):
        RATIOS["ring"].region(torch.zeros(2), eps)


def test_a_small_d_is_not_always_the_dense_inside_of_the_data():
    ratio = ExactRatio(OBLONG)
    z = torch.tensor([6.0, 0.0], dtype=torch.float64)
    assert float(ratio.logit(z)) == pytest.approx(-10.1, abs=0.05)
    assert float(ratio.log_q(z)) == pytest.approx(-9.7, abs=0.05)
    assert int(ratio.region(z)) == Region.NO_DATA
    assert int(ratio.region(z / 2)) == Region.DATA


def test_no_data_needs_both_a_rare_prior_and_far_codes():
    far = GaussianMixture([[6.0, 0.0]], 0.5)  # codes where the prior has nothing
    ratio = ExactRatio(far)
    z = torch.tensor([[6.0, 0.0], [0.0, 0.0], [-6.0, 0.0], [3.0, 2.5]])
    assert ratio.no_data(z).tolist() == [False, False, True, True]
    assert ratio.region(z).tolist() == [Region.DATA, Region.HOLE, Region.NO_DATA, Region.NO_DATA]


def test_far_is_farther_than_the_loneliest_codes_are_from_the_next():
    row = DensityRatio(network(), torch.tensor([[10.0, 0.0], [11.0, 0.0], [14.0, 0.0]]))
    z = torch.tensor([[16.9, 0.0], [17.1, 0.0], [7.1, 0.0], [6.9, 0.0]])
    assert row.no_data(z, k=1).tolist() == [False, True, False, True]
    assert row.no_data(z[:1], k=1).dtype == torch.bool


def test_no_data_keeps_the_shares_that_it_promises():
    ratio = ExactRatio(StandardNormal(2), n=2000)  # codes far out are rare points of the prior too
    z = StandardNormal(2).sample(20_000, generator(8))
    shares = [float(ratio.no_data(z, tail=t).float().mean()) for t in (1e-3, 1e-2, 1e-1)]
    assert shares[0] < 2e-3 and shares[1] < 2e-2 and shares[2] < 0.2
    assert shares[0] < shares[1] < shares[2] and shares[2] > 0.02
    few = DensityRatio(network(), HELD_OUT[:3])
    assert few.no_data(torch.tensor([[50.0, 0.0], [0.0, 0.0]])).tolist() == [True, False]


# ---- levels ----


@example(9, 700)  # in floats 10 * (1 - 0.7) is a little more than 3
@settings(deadline=None)
@given(st.integers(2, 400), st.integers(1, 999))
def test_the_level_is_the_conformal_rank(n, thousandths):
    ratio = DensityRatio(Flat((1.0, 0.0), 0.0), torch.randperm(n)[:, None] * torch.ones(1, 2))
    rank = math.ceil((n + 1) * (1 - Fraction(thousandths, 1000)))
    if rank > n:
        with pytest.raises(ValueError, match=f"for {n} codes"):
            ratio.level(thousandths / 1000)
    else:
        assert ratio.level(thousandths / 1000) == rank - 1  # the logits are 0, 1, ..., n - 1


@pytest.mark.parametrize("name", ["ring", "network", "3-D"])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
def test_fresh_codes_stay_below_the_level(name, alpha):
    ratio = RATIOS[name]
    q = getattr(ratio, "q", ring())
    above = ratio.logit(q.sample(40_000, generator(77))) > ratio.level(alpha)
    n = len(ratio.held_out)
    assert float(above.float().mean()) == pytest.approx(alpha, abs=4 * math.sqrt(alpha / n) + 0.002)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 1.1, 1e-4])
def test_a_level_for_no_share_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha: expected 0.002 to 1 for 500 codes, got"):
        RATIOS["network"].level(alpha)
