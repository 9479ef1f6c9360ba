"""The density ratio: exact, wrapped round any network, saved, and learnt from codes."""

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

from nav_utils.checkpointing import write_safetensors
from nav_utils.densities import GaussianMixture, StandardNormal, c_shape, ring, two_clusters
from nav_utils.models import mlp, seeded
from nav_utils.ratio import (
    DensityRatio,
    ExactRatio,
    Ratio,
    Region,
    fit_ratio,
    logistic_loss,
    platt,
)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=generator(seed), dtype=dtype)


def network(sizes=(2, 16, 1), seed=0):
    with seeded(seed):
        return mlp(sizes)


class Flat(nn.Module):
    """A user's own network: one linear layer, logits of shape (N,)."""

    def __init__(self, weight=(1.0, -2.0), bias=0.5):
        super().__init__()
        self.weight, self.bias = (
            nn.Parameter(torch.tensor(weight)),
            nn.Parameter(torch.tensor(bias)),
        )

    def forward(self, z):
        return z @ self.weight + self.bias


HELD_OUT = ring().sample(500, generator(5))
OBLONG = GaussianMixture([[0.0, 0.0]], [[1.5, 0.6]])
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


# ---- any network ----


def test_a_linear_layer_and_a_module_of_ones_own_are_wrapped_alike():
    flat, linear = Flat(), nn.Linear(2, 1)
    with torch.no_grad():
        linear.weight.copy_(flat.weight[None]), linear.bias.fill_(0.5)
    z = normal(6, 3, 2)
    for net in (flat, linear):
        ratio = DensityRatio(net, HELD_OUT)
        torch.testing.assert_close(ratio.logit(z), z[..., 0] - 2 * z[..., 1] + 0.5)
        assert not net.training and not any(p.requires_grad for p in net.parameters())


def test_dropout_is_off():
    ratio = DensityRatio(nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 1)), HELD_OUT)
    z = normal(50, 2)
    assert torch.equal(ratio.logit(z), ratio.logit(z))


@pytest.mark.parametrize(
    ("net", "shapes"),
    [
        (nn.Linear(2, 2), r"shape \(2,\) or \(2, 1\) for points \(2, 2\), got \(2, 2\)"),
        (nn.Linear(2, 3), r"got \(2, 3\)"),
        (nn.Sequential(nn.Linear(2, 1), nn.Unflatten(1, (1, 1))), r"got \(2, 1, 1\)"),
    ],
)
def test_a_network_that_answers_something_else_is_refused_with_the_shapes(net, shapes):
    with pytest.raises(ValueError, match="network: expected logits of .*" + shapes):
        DensityRatio(net, HELD_OUT)


def test_scale_and_shift_recalibrate_the_logit():
    plain, recalibrated = (
        DensityRatio(Flat(), HELD_OUT, scale=s, shift=t) for s, t in ((1, 0), (2.5, -0.7))
    )
    z = normal(20, 2)
    torch.testing.assert_close(recalibrated.logit(z), 2.5 * plain.logit(z) - 0.7)
    torch.testing.assert_close(recalibrated.logit_and_grad(z)[1], 2.5 * plain.logit_and_grad(z)[1])
    assert recalibrated.level() == pytest.approx(2.5 * plain.level() - 0.7, abs=1e-5)


def test_a_network_of_probabilities_gives_the_same_logit():
    probability = nn.Sequential(Flat(), nn.Sigmoid())
    z = normal(50, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ratio = DensityRatio(probability, HELD_OUT, probability=True, scale=2.0, shift=0.1)
        expected = 2 * DensityRatio(Flat(), HELD_OUT).logit(z) + 0.1
        torch.testing.assert_close(ratio.logit(z), expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(
            ratio.logit_and_grad(z)[1],
            torch.tensor([2.0, -4.0]).expand(50, 2),
            rtol=1e-3,
            atol=1e-3,
        )


@pytest.mark.parametrize("far", [40.0, -200.0])
def test_a_probability_that_saturates_is_cut_off_with_a_warning(far):
    ratio = DensityRatio(nn.Sequential(Flat(), nn.Sigmoid()), HELD_OUT, probability=True)
    z = torch.tensor([[far, 0.0], [0.5, 0.2]])
    with pytest.warns(UserWarning, match="D is rounded to 0 or 1 at 1 of 2 points"):
        a = ratio.logit(z)
    assert float(a[0]) == pytest.approx(math.copysign(16.64, far), abs=0.01)
    assert float(a[1]) == pytest.approx(0.6, abs=1e-5)


@pytest.mark.parametrize("bias", [1.5, -1.5])
def test_logits_that_pose_as_probabilities_are_refused(bias):
    constant = Flat((0.0, 0.0), bias)
    with pytest.raises(ValueError, match=r"probabilities in \[0, 1\]; leave out probability=True"):
        DensityRatio(constant, HELD_OUT, probability=True)


BAD_HELD_OUT = {
    "NaN": (torch.full((9, 2), float("nan")), None, "held_out_codes: expected finite"),
    "one axis": (torch.zeros(9), None, r"held_out_codes: expected shape \(N, d\)"),
    "prior of another dimension": (HELD_OUT, StandardNormal(3), r"held_out: expected shape"),
}


@pytest.mark.parametrize("case", BAD_HELD_OUT)
def test_held_out_codes_that_are_none_are_refused(case):
    held_out, prior, message = BAD_HELD_OUT[case]
    with pytest.raises(ValueError, match=message):
        DensityRatio(network(), held_out, prior)


# ---- files ----


def test_a_file_gives_back_the_same_ratio_bit_for_bit(tmp_path):
    ratio = DensityRatio(network((2, 16, 8, 1)), HELD_OUT, scale=1.1, shift=1 / 3)
    ratio.history = {"step": [1], "held_out_loss": [0.1 + 0.2]}
    ratio.save(tmp_path / "a.safetensors")
    again = DensityRatio.load(tmp_path / "a.safetensors")
    z = normal(50, 2)
    assert torch.equal(again.logit(z), ratio.logit(z)) and again.level() == ratio.level()
    assert torch.equal(again.region(z), ratio.region(z))
    assert torch.equal(again.held_out, ratio.held_out) and again.history == ratio.history
    assert (again.scale, again.shift, again.probability) == (1.1, 1 / 3, False)
    again.save(tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


@pytest.mark.parametrize(
    "make",
    [
        Flat,
        lambda: nn.Linear(2, 1),
        lambda: nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)),
    ],
)
def test_a_network_of_ones_own_is_handed_in_again(make, tmp_path):
    path = tmp_path / "own.safetensors"
    ratio = DensityRatio(make(), HELD_OUT)
    ratio.save(path)
    with pytest.raises(ValueError, match="expected network=, a module to put its weights into"):
        DensityRatio.load(path)
    z = normal(9, 2)
    assert torch.equal(DensityRatio.load(path, make()).logit(z), ratio.logit(z))


def test_a_file_remembers_that_the_network_gives_probabilities(tmp_path):
    def make():
        return nn.Sequential(Flat(), nn.Sigmoid())

    ratio = DensityRatio(make(), HELD_OUT, probability=True)
    ratio.save(tmp_path / "p.safetensors")
    z = normal(9, 2)
    again = DensityRatio.load(tmp_path / "p.safetensors", make())
    assert again.probability and torch.equal(again.logit(z), ratio.logit(z))


def test_a_prior_that_no_file_holds_is_not_saved(tmp_path):
    ratio = DensityRatio(network(), HELD_OUT, prior=OBLONG)
    with pytest.raises(ValueError, match=r"prior: expected N\(0, I\)"):
        ratio.save(tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_other_and_damaged_files_are_refused(tmp_path):
    other, whole, half = (tmp_path / f"{name}.safetensors" for name in ("other", "whole", "half"))
    write_safetensors(other, {"x": torch.zeros(3)}, {"run": "{}"})
    with pytest.raises(ValueError, match="other.*expected a file written by DensityRatio.save"):
        DensityRatio.load(other)
    DensityRatio(network(), HELD_OUT).save(whole)
    half.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(ValueError, match="half.*expected a whole safetensors file"):
        DensityRatio.load(half)
    with pytest.raises(FileNotFoundError):
        DensityRatio.load(tmp_path / "none.safetensors")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_answers_come_back_where_the_points_are():
    ratio = DensityRatio(network(), HELD_OUT).to("cuda")
    assert not ratio.logit(normal(5, 2)).is_cuda and ratio.logit(normal(5, 2).cuda()).is_cuda
    assert ratio.region(normal(5, 2).cuda()).is_cuda and ratio.score_q(normal(5, 2).cuda()).is_cuda


# ---- learning it ----

CODES, OTHERS = ring().sample(20_000, generator(1)), ring().sample(4000, generator(2))
QUICK = {"steps": 200, "check_every": 50, "batch_size": 128, "hidden": (32, 32), "progress": False}


def test_the_logistic_loss_weighs_the_classes_alike():
    a, b = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([-1.0])
    d, e = a.sigmoid(), b.sigmoid()
    expected = -0.5 * (d.log().mean() + (1 - e).log().mean())
    torch.testing.assert_close(logistic_loss(a, b), expected)
    assert float(logistic_loss(torch.zeros(3), torch.zeros(9))) == pytest.approx(math.log(2))
    assert bool(logistic_loss(torch.tensor([-1e4]), torch.tensor([1e4])).isfinite())


def test_the_ring_is_learnt_from_twenty_thousand_codes():
    ratio = fit_ratio(CODES, OTHERS, steps=1000, batch_size=512, hidden=(64, 64), progress=False)
    exact = ExactRatio(ring())
    on_codes = ring().sample(20_000, generator(3))
    mixture = torch.cat([on_codes, StandardNormal(2).sample(20_000, generator(4))])
    error, everywhere = ((ratio.logit(z) - exact.logit(z)).abs() for z in (on_codes, mixture))
    cosine = torch.cosine_similarity(ratio.score_q(on_codes), exact.score_q(on_codes), dim=-1)
    assert float(error.mean()) <= 0.12
    assert float(everywhere.median()) <= 0.15
    assert float(cosine.mean()) >= 0.95
    assert ratio.history["held_out_loss"][-1] < 0.58 < math.log(2)
    above = ratio.logit(on_codes) > ratio.level(0.1)
    assert float(above.float().mean()) == pytest.approx(0.1, abs=0.025)


def test_where_prior_and_codes_agree_the_needle_stands_still():
    prior = StandardNormal(2)
    codes, others = prior.sample(5000, generator(1)), prior.sample(4000, generator(2))
    ratio = fit_ratio(codes, others, **QUICK)
    assert float(ratio.logit(prior.sample(5000, generator(3))).abs().mean()) < 0.1


def test_two_runs_with_one_seed_are_equal_and_another_seed_is_not():
    z = normal(20, 2)
    before = torch.get_rng_state()
    first, again, other = (fit_ratio(CODES, seed=seed, **QUICK) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before), "the global generator is left alone"
    assert torch.equal(first.logit(z), again.logit(z)) and first.history == again.history
    assert torch.equal(first.held_out, again.held_out)
    assert not torch.equal(first.logit(z), other.logit(z))
    assert not torch.equal(first.held_out, other.held_out)


def test_the_callback_is_told_at_every_look():
    looks = []
    ratio = fit_ratio(CODES, OTHERS, callback=looks.append, **QUICK | {"steps": 220})
    assert [look["step"] for look in looks] == [50, 100, 150, 200, 220]
    for name in ("step", "train_loss", "held_out_loss"):
        assert [look[name] for look in looks] == ratio.history[name]
    assert all(isinstance(look["network"], nn.Module) for look in looks)


def test_looks_change_nothing_and_tell_the_mean_loss_since_the_last():
    options = QUICK | {"steps": 60, "patience": 99}
    every, some = (fit_ratio(CODES, **options | {"check_every": n}) for n in (1, 20))
    losses = torch.tensor(every.history["train_loss"])
    assert some.history["train_loss"] == pytest.approx(losses.reshape(3, 20).mean(1).tolist())
    assert some.history["held_out_loss"] == every.history["held_out_loss"][19::20]
    assert losses[0] == pytest.approx(math.log(2), abs=0.05)


def path_of_weights(**options):
    """The weights after each step, as rows."""
    rows = []

    def keep(look):
        rows.append(torch.cat([p.detach().flatten() for p in look["network"].parameters()]))

    fit_ratio(CODES, callback=keep, **QUICK | {"check_every": 1, "patience": 99} | options)
    return torch.stack(rows)


def test_the_first_weights_are_drawn_by_the_seed():
    standing = {"steps": 1, "learning_rate": 0.0}
    first, again, other = (path_of_weights(seed=seed, **standing) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_steps_shrink_to_nothing_at_the_end():
    lengths = path_of_weights(steps=50).diff(dim=0).norm(dim=-1)
    assert lengths[-1] < 0.02 * lengths.max()


def test_weight_decay_shrinks_the_weights():
    free, decayed = (path_of_weights(steps=50, weight_decay=w)[-1].norm() for w in (0.0, 10.0))
    assert decayed < 0.7 * free


def overfit(patience, **options):
    """A run on 60 codes, which the network memorises, and its weights at every look."""
    weights = []

    def keep(look):
        weights.append({k: v.clone() for k, v in look["network"].state_dict().items()})

    options = QUICK | {"steps": 600, "learning_rate": 1e-2, "weight_decay": 0.0} | options
    codes, others = CODES[:60], OTHERS[:600]
    return fit_ratio(codes, others, callback=keep, patience=patience, **options), weights


def test_the_best_weights_are_kept_not_the_last():
    ratio, weights = overfit(patience=99)
    losses = ratio.history["held_out_loss"]
    best = min(range(len(losses)), key=losses.__getitem__)
    assert len(losses) == 12 and best < 11 and losses[-1] > losses[best] + 0.05
    for name, value in ratio.network.state_dict().items():
        assert torch.equal(value, weights[best][name])
    assert ratio.history["train_loss"][-1] < losses[-1], "it has memorised"


def test_training_stops_after_so_many_looks_without_a_better_one():
    patient = overfit(patience=99)[0].history["held_out_loss"]
    best = min(range(len(patient)), key=patient.__getitem__)
    stopped = overfit(patience=3)[0].history["held_out_loss"]
    assert stopped == patient[: best + 1 + 3]


def test_held_out_codes_are_shared_between_stopping_and_levels():
    ratio = fit_ratio(CODES[:500], OTHERS[:101], **QUICK | {"steps": 1})
    rows = {tuple(row) for row in OTHERS[:101].tolist()}
    assert len(ratio.held_out) == 50 and {tuple(row) for row in ratio.held_out.tolist()} < rows
    alone = fit_ratio(CODES[:600], **QUICK | {"steps": 1})  # a sixth, and half of that
    assert len(alone.held_out) == 50
    assert {tuple(row) for row in alone.held_out.tolist()} < {
        tuple(r) for r in CODES[:600].tolist()
    }


def test_codes_that_are_held_out_teach_nothing():
    """With none given, a sixth of the codes is drawn, and no batch has any of it."""
    seen = []
    hook = nn.modules.module.register_module_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0]) if isinstance(module, nn.Sequential) else None
    )
    try:
        ratio = fit_ratio(CODES[:600], **QUICK | {"steps": 50})
    finally:
        hook.remove()
    batches = {tuple(row) for x in seen if len(x) == 256 for row in x[128:].tolist()}
    held = {tuple(row) for row in ratio.held_out.tolist()}
    assert 450 < len(batches) <= 500 and not batches & held


def test_recalibration_undoes_a_distortion():
    exact = ExactRatio(ring())
    on_prior = StandardNormal(2).sample(100_000, generator(6))
    on_codes = ring().sample(25_000, generator(7))

    class Distorted(nn.Module):
        def forward(self, z):
            return 3 * exact.logit(z)[:, None] - 0.8

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scale, shift = platt(Distorted(), on_prior, on_codes)
    assert scale == pytest.approx(1 / 3, rel=0.05) and shift == pytest.approx(0.8 / 3, abs=0.03)


def test_recalibration_lowers_the_loss_of_a_network_that_is_too_sure():
    plain, recalibrated = (overfit(99, recalibrate=r, check_every=600)[0] for r in (False, True))
    z = normal(30, 2)
    assert (plain.scale, plain.shift) == (1.0, 0.0) and 0 < recalibrated.scale < 0.9
    torch.testing.assert_close(
        recalibrated.logit(z), recalibrated.scale * plain.logit(z) + recalibrated.shift
    )
    on_prior, on_codes = normal(4000, 2, seed=8), ring().sample(4000, generator(9))
    before, after = (
        float(logistic_loss(r.logit(on_prior), r.logit(on_codes))) for r in (plain, recalibrated)
    )
    assert after < before - 0.02


def test_fewer_codes_than_a_batch_are_drawn_more_than_once():
    ratio = fit_ratio(CODES[:12], **QUICK | {"batch_size": 1024, "steps": 20})
    assert bool(ratio.logit(normal(5, 2)).isfinite().all()) and len(ratio.held_out) == 2


def test_another_prior_and_another_dimension():
    prior = GaussianMixture([[2.0, 0.0, 0.0]], 0.7)
    codes, others = normal(3000, 3, seed=1), normal(1000, 3, seed=2)
    ratio = fit_ratio(codes, others, prior, **QUICK)
    exact = ExactRatio(StandardNormal(3), prior)
    z = torch.cat([normal(1000, 3, seed=3), prior.sample(1000, generator(4))])
    assert float(torch.corrcoef(torch.stack([ratio.logit(z), exact.logit(z)]))[0, 1]) > 0.9
    assert ratio.prior is prior


def test_codes_are_frozen_whatever_they_carry():
    codes = CODES[:500].clone().double().requires_grad_()
    ratio = fit_ratio(codes, OTHERS[:100].clone().requires_grad_(), **QUICK | {"steps": 5})
    assert codes.grad is None and not ratio.held_out.requires_grad
    assert not any(p.requires_grad for p in ratio.network.parameters())
    assert not ratio.network.training


BAD_CODES = {
    "NaN": (torch.full((50, 2), float("nan")), None, None, "codes: expected finite.*100 of them"),
    "one point": (normal(1, 2), None, None, "codes: expected at least 12 points, got 1"),
    "eleven points": (normal(11, 2), None, None, "codes: expected at least 12 points, got 11"),
    "constant": (torch.full((50, 2), 0.3), None, None, "the same point 50 times.*collapsed"),
    "integers": (torch.ones(50, 2).long(), None, None, "codes: expected finite floating.*int64"),
    "one axis": (normal(50), None, None, r"codes: expected shape \(N, d\), got \(50,\)"),
    "other dimension": (normal(50, 2), normal(20, 3, seed=1), None, r"held_out_codes \(20, 3\)"),
    "other prior": (normal(50, 2), None, StandardNormal(3), "prior: expected dimension 2.*got 3"),
    "few held out": (normal(50, 2), normal(3, 2, seed=1), None, "held_out: .*at least 4.*got 3"),
    "held out constant": (normal(50, 2), torch.ones(9, 2), None, "held_out: .*same point 9 times"),
    "NaN held out": (normal(50, 2), torch.full((9, 2), float("nan")), None, "held_out_codes: exp"),
    "overlap": (
        normal(50, 2),
        torch.cat([normal(20, 2, seed=1), normal(50, 2)[10:17]]),
        None,
        "held_out: expected codes of other images, got 7 of 27 rows",
    ),
}


@pytest.mark.parametrize("case", BAD_CODES)
def test_codes_that_teach_nothing_are_refused(case):
    codes, held_out, prior, message = BAD_CODES[case]
    with pytest.raises(ValueError, match=message):
        fit_ratio(codes, held_out, prior, **QUICK)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"network": torch.nn.Linear(3, 1)}, r"network: expected one that takes points \(N, 2\)"),
        ({"scale": 0.0}, "positive scale"),
        ({"scale": -1.0}, "positive scale"),
        ({"shift": math.nan}, "finite shift"),
        ({"held_out": torch.zeros(1, 2)}, "held_out: expected at least 2 codes, got 1"),
    ],
)
def test_a_ratio_that_cannot_work_is_refused_at_once(options, words):
    given = {"network": torch.nn.Linear(2, 1), "held_out": torch.randn(20, 2)} | options
    with pytest.raises(ValueError, match=words):
        DensityRatio(**given)


# ---- arrays, types, numbers of other kinds ----


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


def test_arrays_of_codes_are_answered_with_what_was_expected():
    codes = np.random.default_rng(0).normal(size=(50, 2))
    with pytest.raises(ValueError, match="codes: expected a tensor, got a ndarray; torch.from_nu"):
        fit_ratio(codes, **{"steps": 2, "progress": False})
    with pytest.raises(ValueError, match="held_out_codes: expected a tensor, got a ndarray"):
        DensityRatio(mlp([2, 4, 1]), codes)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_a_ratio_of_any_type_is_saved_as_it_is(dtype, tmp_path):
    generator = torch.Generator().manual_seed(0)
    codes = torch.randn(50, 2, generator=generator).to(dtype)
    ratio = DensityRatio(mlp([2, 4, 1]).to(dtype), codes)
    ratio.save(tmp_path / "ratio")
    again = DensityRatio.load(tmp_path / "ratio")
    assert again.held_out.dtype == dtype and torch.equal(again.held_out, codes)
    for z in (codes, codes.float()):
        assert torch.equal(again.logit(z), ratio.logit(z)) and again.logit(z).dtype == z.dtype


@pytest.mark.parametrize("whole", [np.int64, torch.tensor])
def test_whole_numbers_of_any_kind_make_a_ratio_that_can_be_saved(whole, tmp_path):
    codes = torch.randn(60, 2, generator=torch.Generator().manual_seed(0))
    fits = []
    for kind in (int, whole):
        options = {"seed": kind(3), "steps": kind(4), "hidden": (kind(5),), "check_every": kind(2)}
        ratio = fit_ratio(codes, batch_size=kind(16), patience=kind(9), progress=False, **options)
        ratio.shift = np.float32(0.5)
        ratio.save(tmp_path / kind.__name__)
        fits.append(DensityRatio.load(tmp_path / kind.__name__).logit(codes))
    assert torch.equal(*fits)


def test_a_training_that_diverges_is_no_ratio():
    codes = torch.randn(60, 2, generator=torch.Generator().manual_seed(0))
    with pytest.raises(FloatingPointError, match="held-out loss is .* at step .* smaller learning"):
        fit_ratio(codes, steps=20, learning_rate=1e30, check_every=5, progress=False)
