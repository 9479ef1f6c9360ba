"""Measures without a discriminator against direct computation; holes against integrals."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch import nn

from nav_utils.densities import (
    GaussianMixture,
    StandardNormal,
    kde_log_prob,
    knn_distance,
    ring,
    two_clusters,
)
from nav_utils.evaluation import MORE_IS_BETTER, Reference, evaluate, find_holes, hole_mass
from nav_utils.models import Autoencoder, Classifier
from nav_utils.navigation import Path, PathStatus, Stepwise, String, navigate
from nav_utils.ratio import ExactRatio


def generator(seed):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=generator(seed), dtype=dtype)


class Linear(Autoencoder):
    """Decodes a code to an image of 1 x 1 x 3 that is linear in it; encodes it back, times `gain`.

    The matrix has orthonormal columns, so that with gain 1 the cycle is exact.
    """

    def __init__(self, gain=1.0):
        super().__init__((1, 1, 3), 2, hidden=(4,))
        self.gain, self.basis = gain, torch.tensor([[0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])

    def encode(self, x):
        return self.gain * x.flatten(1) @ self.basis.T

    def decode(self, z):
        return (z @ self.basis).reshape(-1, 1, 1, 3)


class Judge(nn.Module):
    """Class logits of an image: its three pixels, doubled."""

    def forward(self, x):
        return 2 * x.flatten(1)


CODES = normal(400, 2)


# ---- the reference ----


def test_half_of_the_codes_carry_the_density_and_the_others_are_judged():
    reference = Reference(CODES, k=25, seed=3)
    first = {tuple(row) for row in reference.density_codes.tolist()}
    assert len(first) == 200 and first < {tuple(row) for row in CODES.tolist()}
    others = torch.stack([row for row in CODES if tuple(row.tolist()) not in first])
    log_q = kde_log_prob(others, reference.density_codes, reference.bandwidth)
    distance = knn_distance(others, reference.density_codes, 25)
    assert set(reference.usual) == {"log q", "distance"}
    torch.testing.assert_close(reference.usual["log q"].sort().values, log_q.sort().values)
    torch.testing.assert_close(reference.usual["distance"].sort().values, distance.sort().values)
    assert (reference.usual["distance"] > 0).all(), "no code is its own neighbour"
    assert 0.2 < reference.bandwidth < 1


def test_the_split_is_drawn_by_the_seed():
    first, again, other = (Reference(CODES, seed=s).density_codes for s in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_the_cycle_error_is_the_distance_that_decoding_and_encoding_moves_a_code(gain):
    reference = Reference(CODES, Linear(gain))
    z = normal(30, 2, seed=1)
    expected = (1 - gain) * z.norm(dim=-1)
    torch.testing.assert_close(reference.measures(z)["cycle error"], expected, atol=1e-6, rtol=1e-5)
    assert set(reference.usual) == {"log q", "distance", "cycle error"}


def test_confidence_and_entropy_are_those_of_the_judges_answer():
    reference = Reference(CODES, Linear(), Judge())
    z = normal(30, 2, seed=1)
    p = (2 * z @ reference.model.basis).softmax(-1)
    found = reference.measures(z)
    torch.testing.assert_close(found["confidence"], p.max(-1).values)
    torch.testing.assert_close(found["entropy"], -(p * p.log()).sum(-1))
    middle = reference.measures(torch.zeros(1, 2))
    assert float(middle["confidence"]) == pytest.approx(1 / 3)
    assert float(middle["entropy"]) == pytest.approx(math.log(3))
    assert set(found) == set(MORE_IS_BETTER)


def test_a_judge_that_is_certain_has_no_entropy_and_no_nan():
    found = Reference(CODES, Linear(), Judge()).measures(torch.tensor([[0.0, 500.0]]))
    assert float(found["confidence"]) == 1 and float(found["entropy"]) == 0


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_measures_have_the_shape_of_the_points(shape, dtype):
    for reference in (Reference(CODES), Reference(CODES, Linear(), Judge())):
        if dtype == torch.float64 and reference.model is not None:
            continue  # the model is in float32
        z = normal(*shape, 2, dtype=dtype).requires_grad_()
        found = reference.measures(z)
        worse = reference.worse_than(found)
        for name, values in found.items():
            assert values.shape == worse[name].shape == shape
            assert values.dtype == dtype and not values.requires_grad


def test_each_point_is_measured_for_itself():
    reference = Reference(CODES, Linear(0.9), Judge())
    z = normal(30, 2, seed=1)
    together, single = reference.measures(z), [reference.measures(x) for x in z]
    for name, values in together.items():
        alone = torch.stack([found[name] for found in single])
        torch.testing.assert_close(alone, values, rtol=1e-5, atol=1e-6)


def test_more_points_than_a_chunk():
    reference = Reference(CODES, Linear(0.9), Judge())
    z = normal(5001, 2, seed=1)
    found = reference.measures(z)
    for name, values in reference.measures(z[4990:]).items():
        torch.testing.assert_close(found[name][4990:], values, rtol=1e-5, atol=1e-6)


def test_fresh_codes_are_worse_than_half_and_far_points_than_all():
    reference = Reference(normal(2000, 2), Linear(0.9))
    fresh = reference.worse_than(reference.measures(normal(2000, 2, seed=1)))
    far = reference.worse_than(reference.measures(torch.tensor([[9.0, 0.0]])))
    for name in ("log q", "distance", "cycle error"):
        assert float(fresh[name].mean()) == pytest.approx(0.5, abs=0.04)
        assert float(far[name]) == 1
        assert fresh[name].min() >= 0 and fresh[name].max() <= 1


@pytest.mark.parametrize("name", MORE_IS_BETTER)
def test_worse_has_the_right_direction_for_every_measure(name):
    more_is_better = {"log q": 1, "confidence": 1, "distance": 0, "cycle error": 0, "entropy": 0}
    reference = Reference(CODES)
    reference.usual = {name: torch.tensor([3.0, 1.0, 4.0, 2.0])}
    values = torch.tensor([0.0, 1.0, 1.5, 2.5, 4.0, 9.0])
    better = [4, 3, 3, 2, 0, 0] if more_is_better[name] else [0, 0, 1, 2, 3, 4]
    assert reference.worse_than({name: values})[name].tolist() == [n / 4 for n in better]


BAD_CODES = {
    "few": (normal(19, 2), {}, "codes: expected at least 20, got 19"),
    "NaN": (torch.full((50, 2), float("nan")), {}, "codes: expected finite"),
    "one axis": (normal(50), {}, r"codes: expected shape \(N, d\)"),
    "one point": (torch.ones(50, 2), {}, "codes: expected codes that differ"),
    "no model": (CODES, {"classifier": Judge()}, "classifier: expected a model too"),
}


@pytest.mark.parametrize("case", BAD_CODES)
def test_codes_that_nothing_can_be_judged_by_are_refused(case):
    codes, options, message = BAD_CODES[case]
    with pytest.raises(ValueError, match=message):
        Reference(codes, **options)


@pytest.mark.parametrize("n", range(20, 32))
def test_twenty_codes_and_more_are_a_reference(n):
    reference = Reference(normal(n, 2), k=50)
    assert reference.k == len(reference.density_codes)
    assert len(reference.usual["log q"]) + reference.k == n


@pytest.mark.parametrize("z", [torch.zeros(3, 5), torch.full((3, 2), float("nan"))])
def test_points_that_cannot_be_measured_are_refused(z):
    with pytest.raises(ValueError, match="expected"):
        Reference(CODES).measures(z)


# ---- types ----

TYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]


@pytest.mark.parametrize("points", TYPES)
@pytest.mark.parametrize("own", TYPES)
def test_points_codes_and_models_may_be_of_any_type(own, points):
    """Measures come back in the type of the points."""
    model, judge = Autoencoder((1, 28, 28), 2, hidden=(4,)).to(own), Classifier(width=2).to(own)
    for codes in (normal(60, 2).to(own), normal(60, 2).to(points)):
        reference = Reference(codes, model, judge)
        found = reference.measures(normal(7, 2, seed=1).to(points))
        assert set(found) == set(MORE_IS_BETTER)
        assert all(values.dtype == points and values.isfinite().all() for values in found.values())
        shares = reference.worse_than(found)
        assert all(bool(((s >= 0) & (s <= 1)).all()) for s in shares.values())


@pytest.mark.parametrize("own", TYPES)
@pytest.mark.parametrize("points", [torch.float32, torch.float64])
def test_paths_are_judged_whatever_the_type_of_the_model(own, points):
    reference = Reference(normal(60, 2).to(own), Autoencoder((1, 4, 4), 2, (4,)).to(own))
    path = navigate(*normal(2, 3, 2, dtype=points), ExactRatio(ring(), n=200), planner="pointwise")
    report = evaluate(path, reference)
    for name in ("worst_log_q", "mean_log_q", "distance", "cycle_error", "end_error"):
        assert getattr(report, name).dtype == points and getattr(report, name).isfinite().all()


def test_arrays_are_answered_with_what_was_expected():
    array, reference = normal(50, 2).numpy(), Reference(normal(50, 2))
    with pytest.raises(ValueError, match="codes: expected a tensor, got a ndarray; torch.from_nu"):
        Reference(array)
    with pytest.raises(ValueError, match="z: expected a tensor, got a ndarray; torch.from_numpy"):
        reference.measures(array)
    with pytest.raises(ValueError, match="path: expected a Path, got a ndarray"):
        evaluate(array, reference)
    with pytest.raises(ValueError, match="reference: expected a Reference, got a Tensor|a torch"):
        evaluate(path_through(BENT), normal(50, 2))


@pytest.mark.parametrize("whole", [np.int64, torch.tensor])
def test_seeds_of_any_kind(whole):
    first, again = Reference(CODES, seed=3), Reference(CODES, seed=whole(3))
    assert torch.equal(first.density_codes, again.density_codes)
    logit = ExactRatio(ring(), n=200).logit
    masses = [hole_mass(logit, StandardNormal(2), n=50, seed=s) for s in (3, whole(3))]
    assert masses[0] == masses[1]


# ---- paths ----


def path_through(*rows, z_b=None):
    """Paths through points (B, n, 2), bound for their last one unless another is given."""
    z, nothing = torch.tensor(rows), torch.zeros(len(rows))
    z_b = z[:, -1] if z_b is None else torch.tensor(z_b)
    return Path(z, z_b, nothing.long(), nothing, z[:, 0], None, 17)


BENT = [[0.0, 0.0], [1.0, 0.0], [1.0, 2.0], [1.0, 3.0]]  # length 4: a step east, three north
FLAT = [[-1.0, 0.5], [0.0, 0.5], [1.0, 0.5], [2.0, 0.5]]
# Nine places on each, 4 / 8 and 3 / 8 apart.
BENT_9 = [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [1, 1.5], [1, 2], [1, 2.5], [1, 3]]
FLAT_9 = [[-1 + 0.375 * i, 0.5] for i in range(9)]


def test_every_measure_of_a_path_by_hand():
    reference = Reference(CODES, Linear(0.5), Judge())
    report = evaluate(path_through(BENT, FLAT), reference, n=9)
    z = torch.tensor([BENT_9, FLAT_9])
    log_q = kde_log_prob(z, reference.density_codes, reference.bandwidth)
    p = (2 * z @ reference.model.basis).softmax(-1)  # (2, 9, 3)
    expected = {
        "worst_log_q": log_q.min(-1).values,
        "mean_log_q": log_q.mean(-1),
        "distance": knn_distance(z, reference.density_codes, 10).mean(-1),
        "cycle_error": 0.5 * z.norm(dim=-1).mean(-1),
        "confidence": p.max(-1).values.mean(-1),
        "worst_confidence": p.max(-1).values.min(-1).values,
        "entropy": -(p * p.log()).sum(-1).mean(-1),
        "length_over_chord": torch.tensor([4 / math.sqrt(10), 1.0]),
        "largest_gap": torch.tensor([2.0, 1.0]),
        "end_error": torch.zeros(2),
    }
    for name, values in expected.items():
        found = getattr(report, name)
        assert found.shape == (2,)
        torch.testing.assert_close(found, values, rtol=1e-4, atol=1e-6)
    assert report.n_evaluations == 17
    assert set(report._fields) == {*expected, "n_evaluations", "places"}
    torch.testing.assert_close(report.places["log q"], log_q)
    torch.testing.assert_close(report.places["confidence"], p.max(-1).values)


def test_without_model_or_judge_their_measures_are_none():
    report = evaluate(path_through(BENT), Reference(CODES))
    unknown = {name for name in report._fields if getattr(report, name) is None}
    assert unknown == {"cycle_error", "confidence", "worst_confidence", "entropy"}
    report = evaluate(path_through(BENT), Reference(CODES, Linear(0.5)))
    unknown = {name for name in report._fields if getattr(report, name) is None}
    assert unknown == {"confidence", "worst_confidence", "entropy"}


def test_a_torn_path_pays_for_its_tear():
    """All its points are good, and the way between two of them leads through the hole."""
    codes = ring().sample(2000, generator(0))
    angles = torch.tensor([math.pi - 0.2 * i for i in range(5)] + [0.2 * i for i in range(5)])
    z = 1.3 * torch.stack([angles.cos(), angles.sin().abs()], dim=-1)
    z[5:] = z[5:].flip(0)
    reference = Reference(codes)
    report = evaluate(path_through(z.tolist()), reference)
    at_points = reference.measures(z)["log q"].min()
    assert at_points > -2.5 and report.worst_log_q < at_points - 1
    assert report.largest_gap > 5


def test_a_path_that_stalled_is_told_how_far_it_is_from_its_end():
    report = evaluate(path_through(BENT, FLAT, z_b=[[4.0, 7.0], [2.0, 0.5]]), Reference(CODES))
    assert report.end_error.tolist() == [5, 0]
    assert report.length_over_chord.tolist() == pytest.approx([4 / math.sqrt(65), 1])
    stalled = navigate(
        torch.tensor([[-1.2, 0.1]]),
        torch.tensor([[1.2, 0.0]]),
        ExactRatio(two_clusters()),
        Stepwise("gauss_newton", "below"),
        proposal="linear",
    )
    assert stalled.status.tolist() == [PathStatus.STALLED]
    assert evaluate(stalled, Reference(CODES)).end_error > 1


@pytest.mark.parametrize("n", [1, 0, -5])
def test_a_path_is_not_judged_by_fewer_than_two_places(n):
    with pytest.raises(ValueError, match=f"n: expected at least 2 places on a path, got {n}"):
        evaluate(path_through(BENT), Reference(CODES), n)


def test_a_path_of_another_dimension_is_refused():
    with pytest.raises(ValueError, match="expected one number of coordinates d"):
        evaluate(path_through(BENT), Reference(normal(50, 3)))


# ---- holes ----

EXACT = ExactRatio(ring())
LEVEL = math.log(4)


def central_radius(level):
    """Where the logit of the ring falls below the level, on the way out from the centre."""
    radius = torch.linspace(0, 1.3, 20_001, dtype=torch.float64)
    a = EXACT.logit(torch.stack([radius, torch.zeros_like(radius)], dim=-1))
    return float(radius[(a < level).nonzero()[0]])


def disc(*centres, radius=0.5, high=3.0, low=-1.0):
    """A logit that is `high` in discs round the centres, and `low` elsewhere."""

    def logit(z):
        distances = torch.stack([(z - torch.tensor(centre)).norm(dim=-1) for centre in centres])
        return torch.where((distances < radius).any(0), high, low)

    return logit


def mass_of_disc(distance, radius):
    """Mass of N(0, I) in a disc, by integration of the chords' masses."""

    def chord(x):
        half = math.sqrt(max(radius**2 - (x - distance) ** 2, 0.0))
        return math.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) * math.erf(half / math.sqrt(2))

    return quad(chord, distance - radius, distance + radius)[0]


@pytest.mark.parametrize("level", [math.log(4), math.log(2), 0.0])
def test_the_ring_has_one_hole_in_the_middle_of_the_right_mass(level):
    hole, *others = find_holes(EXACT.logit, level, radius=2.0)
    r = central_radius(level)
    assert hole.mass == pytest.approx(1 - math.exp(-(r**2) / 2), rel=0.01)
    assert hole.area == pytest.approx(math.pi * r**2, rel=0.01)
    assert hole.centre.norm() < 0.03 and hole.centre.shape == (2,)
    assert hole.worst == pytest.approx(float(EXACT.logit(torch.zeros(2))), abs=0.01)
    assert all(other.mass < hole.mass for other in others)


def test_inside_the_rim_there_is_no_other():
    assert len(find_holes(EXACT.logit, radius=1.8)) == 1


def test_the_plane_outside_the_codes_is_a_hole_where_the_radius_lets_it():
    r = torch.linspace(1.3, 3, 20_001, dtype=torch.float64)
    a = EXACT.logit(torch.stack([r, torch.zeros_like(r)], dim=-1))
    begins = float(r[(a > LEVEL).nonzero()[0]])
    outside = max(find_holes(EXACT.logit, radius=3.0), key=lambda hole: hole.area)
    expected = math.exp(-(begins**2) / 2) - math.exp(-4.5)
    assert outside.mass == pytest.approx(expected, rel=0.02)
    assert outside.area == pytest.approx(math.pi * (9 - begins**2), rel=0.02)


def test_where_prior_and_codes_agree_there_is_none():
    assert find_holes(ExactRatio(StandardNormal(2)).logit) == []


def test_two_holes_are_two_the_larger_mass_first():
    near, far = find_holes(disc((1.5, 1.0), (-0.5, 0.0)))
    assert near.mass == pytest.approx(mass_of_disc(0.5, 0.5), rel=0.02)
    assert far.mass == pytest.approx(mass_of_disc(math.hypot(1.5, 1.0), 0.5), rel=0.02)
    assert near.centre.tolist() == pytest.approx([-0.5, 0.0], abs=0.03)
    assert far.centre.tolist() == pytest.approx([1.5, 1.0], abs=0.03), "(x, y), not (row, column)"
    assert near.area == pytest.approx(math.pi / 4, rel=0.02) and near.worst == 3


def test_the_centre_lies_inside_also_where_the_mean_does_not():
    half_moon = lambda z: torch.where((z.norm(dim=-1) - 1.3).abs() < 0.3, 3.0, -1.0)  # noqa: E731
    (hole,) = find_holes(half_moon)
    assert abs(float(hole.centre.norm()) - 1.3) < 0.05


def test_holes_of_too_little_mass_are_left_out():
    two = disc((2.4, 0.0), (0.0, 0.0), radius=0.3)
    masses = [hole.mass for hole in find_holes(two)]
    assert len(masses) == 2
    between = sum(masses) / 2
    assert [hole.mass for hole in find_holes(two, min_mass=between)] == masses[:1]
    assert find_holes(two, min_mass=2 * masses[0]) == []


def test_only_the_disc_counts():
    assert len(find_holes(disc((2.5, 0.0)), radius=2.9)) == 1
    assert find_holes(disc((2.5, 0.0)), radius=1.9) == []
    corner = disc((1.9, 1.9), radius=0.3)  # inside the square of radius 2.2, outside its disc
    assert find_holes(corner, radius=2.2, min_mass=0) == []
    assert len(find_holes(corner, radius=3.2, min_mass=0)) == 1


def test_the_level_is_where_a_hole_begins():
    assert len(find_holes(disc((0.0, 0.0), high=LEVEL + 0.01))) == 1
    assert find_holes(disc((0.0, 0.0), high=LEVEL - 0.01)) == []
    assert find_holes(disc((0.0, 0.0), high=2.0), level=2.0) == []


def test_the_mass_is_that_of_the_prior_given():
    (hole,) = find_holes(disc((1.0, 0.0)), prior=GaussianMixture([[1.0, 0.0]], 1.0))
    assert hole.mass == pytest.approx(1 - math.exp(-0.125), rel=0.02)


def test_a_kernel_density_finds_the_hole_too():
    codes, prior = ring().sample(3000, generator(0)), StandardNormal(2)
    hole = find_holes(
        lambda z: prior.log_prob(z) - kde_log_prob(z, codes, 0.15), radius=1.8, resolution=101
    )[0]
    assert hole.centre.norm() < 0.15
    assert hole.mass == pytest.approx(1 - math.exp(-(central_radius(LEVEL) ** 2) / 2), rel=0.25)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_logit_that_is_not_finite_is_refused(value):
    def logit(z):
        a = torch.zeros(len(z))
        a[:7] = value
        return a

    with pytest.raises(ValueError, match="logit: expected finite values, got 7 others"):
        find_holes(logit)
    with pytest.raises(ValueError, match="logit: expected finite values, got 7 others"):
        hole_mass(logit, StandardNormal(3))


def test_holes_in_other_dimensions_are_for_sampling():
    with pytest.raises(ValueError, match="prior: expected two dimensions, got 3; hole_mass"):
        find_holes(EXACT.logit, prior=StandardNormal(3))


@pytest.mark.parametrize("level", [0.0, LEVEL])
def test_sampling_agrees_with_the_grid_within_its_interval(level):
    grid = sum(h.mass for h in find_holes(EXACT.logit, level, radius=6.0, min_mass=0))
    mass, low, high = hole_mass(EXACT.logit, StandardNormal(2), level)
    assert low < mass < high and low < grid < high
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(mass * (1 - mass) / 20_000), rel=0.05)


def test_sampling_works_in_sixteen_dimensions_and_by_its_seed():
    prior = StandardNormal(16)
    runs = [hole_mass(lambda z: z[:, 0], prior, 1.0, n=5000, seed=s) for s in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]
    expected = 0.5 * math.erfc(1 / math.sqrt(2))
    assert all(low < expected < high for _, low, high in runs)


def test_none_and_all_have_one_sided_intervals():
    prior = StandardNormal(2)
    mass, low, high = hole_mass(lambda z: -torch.ones(len(z)), prior, n=1000)
    assert (mass, low) == (0, 0) and high == pytest.approx(1 - 0.025 ** (1 / 1000), rel=1e-6)
    mass, low, high = hole_mass(lambda z: 9 * torch.ones(len(z)), prior, n=1000)
    assert (mass, high) == (1, 1) and low == pytest.approx(0.025 ** (1 / 1000), rel=1e-6)


def test_a_path_between_equal_ends_is_as_long_as_its_chord():
    codes = ring().sample(100, torch.Generator().manual_seed(0))
    z = codes[:2]
    path = navigate(z, z, ExactRatio(ring()), String(0), proposal="linear")
    report = evaluate(path, Reference(codes))
    assert report.length_over_chord.tolist() == [1.0, 1.0]
