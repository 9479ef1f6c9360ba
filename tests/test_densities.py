"""Exact densities against integrals, differences and samples; estimates against brute force."""

import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KernelDensity

from nav_utils.densities import (
    GaussianMixture,
    StandardNormal,
    c_shape,
    circle,
    kde_bandwidth,
    kde_log_prob,
    knn_distance,
    ring,
    two_clusters,
)


def normal(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def grid(radius, steps, d):
    """Points (steps ** d, d) in float64 and the volume that each stands for."""
    axis = torch.linspace(-radius, radius, steps, dtype=torch.float64)
    z = torch.stack(torch.meshgrid(*[axis] * d, indexing="ij"), dim=-1).reshape(-1, d)
    return z, float(axis[1] - axis[0]) ** d


WEIGHTED = GaussianMixture(
    [[-1.0, 0.5], [1.5, -0.5], [0.0, 2.0]], [[0.4, 1.2], [0.9, 0.3], [0.5, 0.5]], [5.0, 3.0, 2.0]
)
DENSITIES = {
    "ring": ring(),
    "c shape": c_shape(),
    "two clusters": two_clusters(),
    "normal": StandardNormal(2),
    "weighted": WEIGHTED,
    "1-D": GaussianMixture([[-2.0], [1.0]], [0.3, 0.8], [1.0, 3.0]),
    "3-D": GaussianMixture([[0.0, 1.0, -1.0], [1.0, 0.0, 0.5]], [0.5, 0.8], [0.7, 0.3]),
    "16-D": GaussianMixture(normal(5, 16, seed=9), 0.6),
}
EVERY = pytest.mark.parametrize("density", DENSITIES.values(), ids=DENSITIES.keys())


# ---- exact densities ----


@pytest.mark.parametrize("name", [name for name in DENSITIES if name != "16-D"])
def test_the_density_integrates_to_one(name):
    density = DENSITIES[name]
    z, cell = grid(8.0, {1: 2001, 2: 401, 3: 97}[density.dim], density.dim)
    assert float(density.log_prob(z).exp().sum() * cell) == pytest.approx(1, abs=1e-6)


@EVERY
def test_log_prob_is_the_sum_over_the_components_written_out(density):
    z = 2 * normal(50, density.dim, dtype=torch.float64)
    parts = torch.distributions.Normal(density.means, density.std).log_prob(z[:, None]).sum(-1)
    expected = (density.weights * parts.exp()).sum(-1).log()
    torch.testing.assert_close(density.log_prob(z), expected)


@EVERY
def test_the_score_is_the_gradient_of_log_prob(density):
    z = 2 * normal(40, density.dim, dtype=torch.float64)
    step = 1e-6 * torch.eye(density.dim, dtype=torch.float64)
    ahead, behind = (density.log_prob(z[:, None] + s) for s in (step, -step))
    torch.testing.assert_close(density.score(z), (ahead - behind) / 2e-6, rtol=1e-6, atol=1e-6)


@EVERY
def test_samples_have_the_moments_of_the_mixture(density):
    n = 200_000
    z = density.sample(n, seeded(0)).double()
    mean = density.weights @ density.means
    second = density.weights @ (density.std**2 + density.means**2)
    sigma = (second - mean**2).sqrt()
    assert ((z.mean(0) - mean).abs() < 5 * sigma / math.sqrt(n)).all()
    assert ((z.var(0) / sigma**2 - 1).abs() < 0.02).all()


def test_samples_fall_on_the_components_by_their_weights():
    density = GaussianMixture([[-10.0], [0.0], [10.0]], 0.1, [1, 3, 6])
    z = density.sample(100_000, seeded(0)).squeeze()
    shares = [float(((z - mean).abs() < 5).float().mean()) for mean in (-10, 0, 10)]
    assert shares == pytest.approx([0.1, 0.3, 0.6], abs=0.005)
    assert float(z[z > 5].std()) == pytest.approx(0.1, rel=0.02)


@EVERY
def test_a_generator_decides_the_samples(density):
    first, again = density.sample(50, seeded(3)), density.sample(50, seeded(3))
    assert torch.equal(first, again)
    assert not torch.equal(first, density.sample(50, seeded(4)))
    generator = seeded(3)
    assert not torch.equal(density.sample(50, generator), density.sample(50, generator))
    before = torch.get_rng_state()
    density.sample(50, seeded(3))
    assert torch.equal(torch.get_rng_state(), before), "the global generator is left alone"


@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4)])
def test_dtype_and_leading_shape_follow_the_points(density, dtype, shape):
    z = normal(*shape, density.dim, dtype=dtype)
    log_prob, score = density.log_prob(z), density.score(z)
    assert log_prob.shape == shape and log_prob.dtype == dtype
    assert score.shape == z.shape and score.dtype == dtype
    assert density.sample(5, seeded(0), dtype).dtype == dtype
    torch.testing.assert_close(
        log_prob.double(), density.log_prob(z.double()), rtol=1e-4, atol=1e-4
    )


@EVERY
def test_each_point_is_answered_for_itself(density):
    z = normal(30, density.dim, dtype=torch.float64)
    order = torch.randperm(30, generator=seeded(0))
    for answer in (density.log_prob, density.score):
        torch.testing.assert_close(answer(z[order]), answer(z)[order], rtol=1e-12, atol=0)
        torch.testing.assert_close(
            torch.stack([answer(x) for x in z]), answer(z), rtol=1e-12, atol=0
        )


@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_far_away_everything_is_finite_and_points_back(density, dtype):
    z = normal(200, density.dim, dtype=dtype)
    z = (100 * z / z.norm(dim=-1, keepdim=True)).requires_grad_()
    log_prob, score = density.log_prob(z), density.score(z)
    (gradient,) = torch.autograd.grad(log_prob.sum(), z)
    assert all(bool(x.isfinite().all()) for x in (log_prob, score, gradient))
    assert (log_prob < -1000).all() and ((score * z).sum(-1) < 0).all()
    # In float32 a log density of -80,000 is rounded to 0.008, and its gradient to 1 %.
    exact = density.score(z.detach().double())
    for found in (score, gradient):
        assert ((found - exact).norm(dim=-1) < 0.01 * exact.norm(dim=-1)).all()


def test_the_standard_normal_is_what_everyone_knows():
    prior = StandardNormal(3)
    z = normal(20, 3, dtype=torch.float64)
    expected = -0.5 * z.square().sum(-1) - 1.5 * math.log(2 * math.pi)
    torch.testing.assert_close(prior.log_prob(z), expected)
    torch.testing.assert_close(prior.score(z), -z)


# ---- the ground-truth problems ----


@pytest.mark.parametrize(
    ("density", "k", "std", "radius", "five_percent"),
    [(ring(), 24, 0.25, 1.3, -3.54), (c_shape(), 20, 0.22, 1.4, -3.50)],
)
def test_components_stand_on_their_circle(density, k, std, radius, five_percent):
    assert density.means.shape == (k, 2) and density.dim == 2
    assert density.means.norm(dim=-1).numpy() == pytest.approx(radius)
    assert (density.std == std).all() and density.weights.numpy() == pytest.approx(1 / k)
    z = density.sample(100_000, seeded(0), torch.float64)
    quantile = float(density.log_prob(z).quantile(0.05))
    assert quantile == pytest.approx(five_percent, abs=0.02)


def test_the_ring_is_even_and_the_c_is_open_to_the_right():
    angles = torch.atan2(*ring().means.T.flip(0)).sort().values
    assert angles.diff().numpy() == pytest.approx(2 * math.pi / 24, abs=1e-6)
    assert ring().means[0].tolist() == pytest.approx([1.3, 0])
    angles = torch.atan2(*c_shape().means.T.flip(0)) % (2 * math.pi)
    assert angles.numpy() == pytest.approx(np.linspace(0.5, 2 * math.pi - 0.5, 20))
    gap, back = c_shape().log_prob(torch.tensor([[1.4, 0.0], [-1.4, 0.0]])).tolist()
    assert gap < -5 < -2 < back


def test_the_two_clusters_are_two():
    density = two_clusters()
    assert density.means.tolist() == [[-1.2, 0], [1.2, 0]] and (density.std == 0.35).all()
    z = density.sample(100_000, seeded(0), torch.float64)
    assert float(density.log_prob(z).quantile(0.05)) == pytest.approx(-3.42, abs=0.02)
    middle = density.log_prob(torch.zeros(2, dtype=torch.float64))
    assert float(middle) == pytest.approx(-5.62, abs=0.01), "the summit of every way across"


@settings(deadline=None)
@given(st.floats(-10, 10), st.floats(0.1, 10))
def test_points_of_a_circle(angle, radius):
    (point,) = circle(torch.tensor([angle], dtype=torch.float64), radius)
    assert point.tolist() == pytest.approx([radius * math.cos(angle), radius * math.sin(angle)])


BAD_MIXTURES = {
    "means not a matrix": (([0.0, 1.0], 1.0), r"means: expected shape \(K, d\), got \(2,\)"),
    "no components": ((torch.zeros(0, 2), 1.0), r"means: expected shape \(K, d\), got \(0, 2\)"),
    "NaN mean": (([[0.0, float("nan")]], 1.0), "means: expected finite values"),
    "std of another length": (([[0.0], [1.0]], [1.0, 1.0, 1.0]), r"std: expected a number, \(2,\)"),
    "std zero": (([[0.0], [1.0]], 0.0), "std: expected finite positive values"),
    "std negative": (([[0.0], [1.0]], [1.0, -1.0]), "std: expected finite positive values"),
    "std infinite": (([[0.0]], float("inf")), "std: expected finite positive values"),
    "weights of another length": (([[0.0], [1.0]], 1.0, [1.0]), r"weights: expected shape \(2,\)"),
    "weight zero": (([[0.0], [1.0]], 1.0, [1.0, 0.0]), "weights: expected finite positive"),
    "weights all negative": (([[0.0], [1.0]], 1.0, [-1.0, -1.0]), "weights: expected finite posit"),
    "weight NaN": (([[0.0], [1.0]], 1.0, [1.0, float("nan")]), "weights: expected finite positive"),
}


@pytest.mark.parametrize("case", BAD_MIXTURES)
def test_a_mixture_that_is_none_is_refused(case):
    arguments, message = BAD_MIXTURES[case]
    with pytest.raises(ValueError, match=message):
        GaussianMixture(*arguments)


@pytest.mark.parametrize("method", ["log_prob", "score"])
def test_points_of_another_dimension_are_refused(method):
    with pytest.raises(ValueError, match=r"z: expected shape \(\.\.\., 2\), got \(5, 3\)"):
        getattr(ring(), method)(torch.zeros(5, 3))
    with pytest.raises(ValueError, match="z: expected a floating-point tensor"):
        getattr(ring(), method)(torch.zeros(5, 2).long())


# ---- kernel density ----


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("bandwidth", [0.05, 0.7])
def test_the_kernel_density_is_the_mixture_of_its_kernels(d, bandwidth):
    z, codes = 2 * normal(60, d, dtype=torch.float64), normal(300, d, seed=1, dtype=torch.float64)
    expected = GaussianMixture(codes, bandwidth).log_prob(z)
    torch.testing.assert_close(kde_log_prob(z, codes, bandwidth), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_the_kernel_density_equals_that_of_scikit_learn(d):
    # At points among the codes: far out, scikit-learn's tree is off by several per cent.
    z, codes = normal(60, d, dtype=torch.float64), normal(300, d, seed=1, dtype=torch.float64)
    expected = KernelDensity(bandwidth=0.7).fit(codes.numpy()).score_samples(z.numpy())
    assert kde_log_prob(z, codes, 0.7).numpy() == pytest.approx(expected, rel=1e-6)


def test_the_kernel_density_of_one_code_is_its_kernel():
    z = normal(20, 2, dtype=torch.float64)
    expected = GaussianMixture([[0.5, -1.0]], 0.3).log_prob(z)
    codes = torch.tensor([[0.5, -1.0]], dtype=torch.float64)
    torch.testing.assert_close(kde_log_prob(z, codes, 0.3), expected)


@pytest.mark.parametrize("d", [1, 2])
def test_the_kernel_density_integrates_to_one(d):
    z, cell = grid(6.0, {1: 2001, 2: 201}[d], d)
    total = kde_log_prob(z, normal(100, d), 0.2).exp().sum() * cell
    assert float(total) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("most", [1, 299, 300, 1000, 10_000_000])
def test_chunks_change_nothing(most):
    z, codes = normal(37, 3), normal(300, 3, seed=1)
    whole = kde_log_prob(z, codes, 0.3, most=37 * 300)
    torch.testing.assert_close(kde_log_prob(z, codes, 0.3, most=most), whole, rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(2,), (1, 2), (7, 2), (3, 4, 2)])
def test_the_kernel_density_has_shape_and_dtype_of_the_points_and_no_gradient(dtype, shape):
    log_q = kde_log_prob(normal(*shape, dtype=dtype).requires_grad_(), normal(30, 2), 0.5)
    assert log_q.shape == shape[:-1] and log_q.dtype == dtype and not log_q.requires_grad


def test_the_kernel_density_is_finite_far_from_every_code():
    log_q = kde_log_prob(torch.tensor([[100.0, 0.0]]), normal(300, 2), 0.1)
    assert bool(log_q.isfinite()) and float(log_q) < -1e5


MEMORY = """
import resource, torch
from nav_utils.densities import kde_log_prob
z = torch.randn(10_000, 2, generator=torch.Generator().manual_seed(0))
kde_log_prob(z[:100], z, 0.1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
kde_log_prob(z, z, 0.1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux alone")
def test_ten_thousand_points_and_codes_stay_within_a_gigabyte():
    run = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 400 * 1024, "KiB; all distances at once would need 800 MB and more"


@pytest.mark.parametrize(("density", "n"), [(ring(), 800), (StandardNormal(1), 500)])
def test_the_chosen_bandwidth_is_near_the_best_for_fresh_samples(density, n):
    codes, fresh = density.sample(n, seeded(0)), density.sample(2000, seeded(1))
    sizes = np.geomspace(0.03, 1.0, 25)
    losses = [-float(kde_log_prob(fresh, codes, float(h)).mean()) for h in sizes]
    chosen = kde_bandwidth(codes)
    assert -float(kde_log_prob(fresh, codes, chosen).mean()) < min(losses) + 0.01
    assert 0.5 < chosen / sizes[int(np.argmin(losses))] < 2


def test_the_bandwidth_scales_with_the_codes():
    codes = normal(500, 2)
    assert kde_bandwidth(7 * codes) == pytest.approx(7 * kde_bandwidth(codes), rel=0.02)
    assert kde_bandwidth(codes + 50) == pytest.approx(kde_bandwidth(codes), rel=0.02)


def test_a_subset_stands_for_more_codes_with_a_smaller_bandwidth():
    codes = normal(2000, 2)
    on_subset, on_all = kde_bandwidth(codes, most=500), kde_bandwidth(codes)
    assert on_subset == pytest.approx(on_all, rel=0.15)
    # The same 500 codes in the same folds: what is left is M^(-1 / (d + 4)).
    subset = codes[torch.randperm(2000, generator=seeded(0))[:500]]
    alone = kde_bandwidth(subset[torch.randperm(500, generator=seeded(0)).argsort()])
    assert on_subset / alone == pytest.approx((500 / 2000) ** (1 / 6))


def test_the_bandwidth_of_one_seed_is_one_number():
    codes = normal(300, 2)
    assert kde_bandwidth(codes, most=100, seed=1) == kde_bandwidth(codes, most=100, seed=1)
    assert kde_bandwidth(codes, most=100, seed=1) != kde_bandwidth(codes, most=100, seed=2)


@pytest.mark.parametrize("n", range(10, 30))
def test_any_number_of_codes_from_two_in_each_fold_has_a_bandwidth(n):
    assert 0.05 < kde_bandwidth(normal(n, 2)) < 3


BAD_KERNELS = {
    "zero": (normal(5, 2), normal(30, 2), 0.0, "bandwidth: expected a positive number, got 0.0"),
    "negative": (normal(5, 2), normal(30, 2), -1.0, "bandwidth: expected a positive number"),
    "infinite": (normal(5, 2), normal(30, 2), float("inf"), "bandwidth: expected a positive"),
    "NaN": (normal(5, 2), normal(30, 2), float("nan"), "bandwidth: expected a positive number"),
    "dimension": (normal(5, 2), normal(30, 3), 1.0, r"z \(5, 2\), codes \(30, 3\)"),
    "NaN code": (normal(5, 2), torch.full((30, 2), float("nan")), 1.0, "codes: expected finite"),
    "no codes": (normal(5, 2), torch.empty(0, 2), 1.0, "codes: .*at least one"),
}


@pytest.mark.parametrize("case", BAD_KERNELS)
def test_bad_arguments_of_the_kernel_density(case):
    z, codes, bandwidth, message = BAD_KERNELS[case]
    with pytest.raises(ValueError, match=message):
        kde_log_prob(z, codes, bandwidth)


@pytest.mark.filterwarnings("error")
def test_repeated_codes_do_not_make_the_bandwidth_vanish():
    codes = normal(500, 2)
    alone = kde_bandwidth(codes)
    for repeated in (codes.repeat(2, 1), codes.repeat(4, 1), torch.cat([codes, codes[:100]])):
        assert kde_bandwidth(repeated) == pytest.approx(alone, rel=0.15)
    rounded = (10 * codes).round() / 10
    assert kde_bandwidth(rounded) == pytest.approx(alone, rel=0.3)


@pytest.mark.parametrize("far", [30.0, 1e3, 1e6])
@pytest.mark.parametrize("axes", [slice(0, 1), slice(0, 2)])
def test_one_far_outlier_does_not_set_the_bandwidth(far, axes):
    codes = normal(500, 2)
    alone = kde_bandwidth(codes)
    codes[17, axes] = far
    with pytest.warns(UserWarning, match="1 of 500 codes are more than 30 times as far"):
        assert kde_bandwidth(codes) == pytest.approx(alone, rel=0.05)


@pytest.mark.filterwarnings("error")
def test_the_search_goes_on_where_it_ends_at_its_rim():
    """Ten tight heaps: the bandwidth is that of a heap, a thousandth of the codes' deviation."""
    heaps = 3 * normal(10, 2, seed=1).repeat(100, 1)
    alone = kde_bandwidth(1e-3 * normal(100, 2))
    assert kde_bandwidth(heaps + 1e-3 * normal(1000, 2)) == pytest.approx(alone, rel=0.3)


def test_a_bandwidth_at_the_end_of_the_search_is_told():
    points = normal(10, 2, seed=1, dtype=torch.float64).repeat(20, 1)
    points += 1e-9 * normal(200, 2, dtype=torch.float64)
    with pytest.warns(UserWarning, match="at the end of what was searched.*by hand"):
        kde_bandwidth(points)


def test_codes_on_few_points_have_no_bandwidth():
    with pytest.raises(ValueError, match="expected at least 10 different ones .* got 3 of 60"):
        kde_bandwidth(normal(3, 2).repeat(20, 1))


def test_many_codes_far_from_the_others_are_no_exceptions():
    codes = torch.cat([1e-6 * normal(300, 2), normal(200, 2, seed=1)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        kde_bandwidth(codes)
    assert not [w for w in caught if "times as far" in str(w.message)]


@pytest.mark.parametrize("whole", [np.int64, torch.tensor])
def test_the_seed_of_a_bandwidth_may_be_of_any_kind(whole):
    codes = normal(300, 2)
    assert kde_bandwidth(codes, most=100, seed=whole(3)) == kde_bandwidth(codes, most=100, seed=3)


def test_bad_arguments_of_the_bandwidth():
    with pytest.raises(ValueError, match="codes: expected at least 10 for 5 folds, got 9"):
        kde_bandwidth(normal(9, 2))
    with pytest.raises(ValueError, match="expected codes that differ, got one point many times"):
        kde_bandwidth(torch.full((30, 2), 0.1))
    with pytest.raises(ValueError, match=r"codes: expected shape \(N, d\)"):
        kde_bandwidth(normal(30))


# ---- distance to the k-th nearest code ----


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20), st.integers(1, 40), st.integers(1, 20), st.data())
def test_equals_brute_force(d, m, n, data):
    k = data.draw(st.integers(1, m))
    z, codes = normal(n, d, seed=1), normal(m, d, seed=2)
    expected = (z[:, None].double() - codes.double()).norm(dim=-1).kthvalue(k, dim=1).values
    assert torch.allclose(knn_distance(z, codes, k).double(), expected, rtol=1e-6)


def test_worked_example():
    codes = torch.tensor([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    z = torch.tensor([[0.0, 0.0], [3.0, 0.0]])
    assert knn_distance(z, codes, 1).tolist() == [0.0, 3.0]
    assert knn_distance(z, codes, 2).tolist() == [5.0, 4.0]


@pytest.mark.parametrize("d", [2, 16, 64])
def test_a_code_counts_itself(d):
    codes = normal(200, d) + 100  # far from zero, where x^2 - 2xy + y^2 would lose the digits
    assert (knn_distance(codes, codes, 1) == 0).all()
    assert (knn_distance(codes, codes, 2) > 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(2,), (1, 2), (7, 2), (3, 4, 2)])
def test_shape_and_dtype_follow_z(dtype, shape):
    distance = knn_distance(normal(*shape, dtype=dtype), normal(30, 2))
    assert distance.shape == shape[:-1] and distance.dtype == dtype
    assert not knn_distance(normal(*shape).requires_grad_(), normal(30, 2)).requires_grad


def test_each_point_for_itself():
    z, codes = normal(50, 3, seed=1), normal(400, 3)
    together = knn_distance(z, codes)
    order = torch.randperm(50, generator=torch.Generator().manual_seed(0))
    assert torch.equal(knn_distance(z[order], codes), together[order])
    assert torch.equal(torch.stack([knn_distance(point, codes) for point in z]), together)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_result_is_on_the_device_of_z():
    assert knn_distance(normal(5, 2).cuda(), normal(30, 2)).is_cuda


BAD = {
    "other dimension": (normal(5, 2), normal(30, 3), 10, r"z \(5, 2\), codes \(30, 3\)"),
    "codes not a matrix": (
        normal(5, 2),
        normal(30, 2, 2),
        10,
        r"codes: expected shape \(N, d\), got",
    ),
    "z a number": (torch.tensor(1.0), normal(30, 1), 10, r"z: expected shape \(\.\.\., d\)"),
    "too few codes": (normal(5, 2), normal(9, 2), 10, "k: expected 1 to 9.*got 10"),
    "k = 0": (normal(5, 2), normal(9, 2), 0, "k: expected 1 to 9.*got 0"),
    "integer z": (torch.ones(5, 2, dtype=torch.int64), normal(30, 2), 10, "z: .*torch.int64"),
    "integer codes": (normal(5, 2), torch.ones(30, 2).long(), 10, "codes: .*torch.int64"),
    "NaN": (torch.full((5, 2), float("nan")), normal(30, 2), 10, "z: .*10 of them not finite"),
    "infinity": (normal(5, 2), torch.full((30, 2), float("inf")), 10, "codes: .*60 of them"),
    "no points": (torch.empty(0, 2), normal(30, 2), 10, r"z: .*at least one.*\(0, 2\)"),
    "no codes": (normal(5, 2), torch.empty(0, 2), 10, r"codes: .*at least one.*\(0, 2\)"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    z, codes, k, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        knn_distance(z, codes, k)
