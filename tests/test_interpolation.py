"""The straight path and the arcs: their ends, their shape, their refusals."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nav_utils.interpolation import arcs, lerp, slerp, slerp_or_lerp


def normal(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


finite = st.floats(-(2.0**100), 2.0**100, width=32)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(finite, finite), min_size=1, max_size=20))
def test_ends_are_exact_in_float32(pairs):
    z_a, z_b = (torch.tensor(values) for values in zip(*pairs, strict=True))
    assert torch.equal(lerp(z_a, z_b, 0.0), z_a)
    assert torch.equal(lerp(z_a, z_b, 1.0), z_b)
    path = lerp(z_a, z_b, torch.tensor([0.0, 0.5, 1.0]))
    assert torch.equal(path[0], z_a) and torch.equal(path[2], z_b)


def test_ends_are_exact_where_the_plain_formula_is_not():
    z_a, z_b = torch.tensor([1e8]), torch.tensor([0.1])
    assert z_a + 1.0 * (z_b - z_a) != z_b  # the reason for torch.lerp
    assert torch.equal(lerp(z_a, z_b, 1.0), z_b)


def test_positions_between():
    z_a, z_b = torch.tensor([[0.0, 8.0], [1.0, 1.0]]), torch.tensor([[4.0, 0.0], [1.0, 3.0]])
    assert lerp(z_a, z_b, 0.25).tolist() == [[1.0, 6.0], [1.0, 1.5]]
    path = lerp(z_a, z_b, torch.tensor([0.0, 0.25, 1.5]))
    assert path.tolist() == [[[0, 8], [1, 6], [6, -4]], [[1, 1], [1, 1.5], [1, 4]]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(2,), (1, 3), (5, 3), (2, 5, 3)])
def test_shape_and_dtype(dtype, shape):
    z_a, z_b = normal(*shape, dtype=dtype), normal(*shape, seed=1, dtype=dtype)
    t = torch.linspace(0, 1, 4, dtype=torch.float64)
    path = lerp(z_a, z_b, t)
    assert path.shape == (*shape[:-1], 4, shape[-1]) and path.dtype == dtype
    for i, at in enumerate(t):
        point = lerp(z_a, z_b, float(at))
        assert point.shape == shape and point.dtype == dtype
        assert torch.allclose(path[..., i, :], point, rtol=1e-6)
        assert torch.equal(lerp(z_a, z_b, at), point)  # a tensor without dimensions is a number


def test_a_batch_is_its_points():
    z_a, z_b, t = normal(6, 2), normal(6, 2, seed=1), torch.linspace(0, 1, 11)
    together = lerp(z_a, z_b, t)
    assert torch.equal(
        torch.stack([lerp(*ends, t) for ends in zip(z_a, z_b, strict=True)]), together
    )


def test_gradient_reaches_both_ends():
    z_a, z_b = normal(2).requires_grad_(), normal(2, seed=1).requires_grad_()
    lerp(z_a, z_b, 0.25).sum().backward()
    assert z_a.grad.tolist() == [0.75, 0.75] and z_b.grad.tolist() == [0.25, 0.25]


BAD: dict[str, tuple] = {
    "other shape": (normal(5, 2), normal(2), 0.5, r"alike, got \(\(5, 2\).*\(\(2,\)"),
    "other dtype": (normal(2), normal(2).double(), 0.5, "torch.float32.*torch.float64"),
    "integers": (torch.ones(2).long(), torch.ones(2).long(), 0.5, "floating.*torch.int64"),
    "numbers": (torch.tensor(1.0), torch.tensor(2.0), 0.5, r"\(\.\.\., d\)"),
    "no points": (torch.empty(0, 2), torch.empty(0, 2), 0.5, r"\(0, 2\)"),
    "t a matrix": (normal(2), normal(2), torch.ones(2, 2), r"t: expected.*\(T,\)"),
    "t empty": (normal(2), normal(2), torch.empty(0), r"t: expected.*\(T,\)"),
    "t NaN": (normal(2), normal(2), float("nan"), "t: expected a finite number.*nan"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    z_a, z_b, t, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        lerp(z_a, z_b, t)


# ---- directions on an arc, norms on a line ----------------------------------------------------


def pair(seed, dim, angle, norm_a, norm_b, dtype=torch.float64):
    """Two vectors with these norms and this angle between them, in a random plane."""
    u, w = torch.linalg.qr(normal(dim, 2, seed=seed, dtype=torch.float64)).Q.T
    z_b = norm_b * (math.cos(angle) * u + math.sin(angle) * w)
    return (norm_a * u).to(dtype), z_b.to(dtype)


def angles_from(z_a, path):
    """Angles between z_a (d,) and the points (T, d), from the two chords: exact near 0 and pi."""
    u, v = z_a / z_a.norm(), path / path.norm(dim=-1, keepdim=True)
    return 2 * torch.atan2((u - v).norm(dim=-1), (u + v).norm(dim=-1))


def close(x, y, rtol=1e-9):
    return torch.allclose(x, y, rtol=rtol, atol=rtol * float(y.abs().max()))


norms = st.floats(0.01, 100.0)
pairs = st.builds(
    pair,
    seed=st.integers(0, 10_000),
    dim=st.integers(2, 6),
    angle=st.one_of(st.floats(0, math.pi - 1e-3), st.floats(1e-14, 1e-3)),
    norm_a=norms,
    norm_b=norms,
)
positions = torch.linspace(0, 1, 9, dtype=torch.float64)
property_of_pairs = settings(max_examples=150, deadline=None)


def textbook(z_a, z_b, t):
    """SLERP as it is usually written, on vectors of any norm."""
    angle = torch.acos(torch.dot(z_a, z_b) / (z_a.norm() * z_b.norm()))
    return (((1 - t) * angle).sin() * z_a + (t * angle).sin() * z_b) / angle.sin()


@property_of_pairs
@given(pairs, st.sampled_from([torch.float32, torch.float64]))
def test_ends_of_arcs_are_exact(ends, dtype):
    z_a, z_b = (z.to(dtype) for z in ends)
    for path in (slerp, slerp_or_lerp):
        assert torch.equal(path(z_a, z_b, 0), z_a) and torch.equal(path(z_a, z_b, 1), z_b)
        points = path(z_a, z_b, torch.tensor([1.0, 0.5, 0.0]))
        assert torch.equal(points[0], z_b) and torch.equal(points[2], z_a)
    both = arcs(z_a[:2], z_b[:2], torch.tensor([0.0, 0.5, 1.0]))
    assert torch.equal(both[:, 0], z_a[:2].expand(2, 2))
    assert torch.equal(both[:, 2], z_b[:2].expand(2, 2))


@property_of_pairs
@given(pairs)
def test_the_way_back_is_the_same_way(ends):
    z_a, z_b = ends
    assert close(slerp(z_a, z_b, positions), slerp(z_b, z_a, 1 - positions))


@property_of_pairs
@given(pairs)
def test_norm_changes_linearly(ends):
    z_a, z_b = ends
    norm = slerp(z_a, z_b, positions).norm(dim=-1)
    assert close(norm, torch.lerp(z_a.norm(), z_b.norm(), positions), rtol=1e-14)


@property_of_pairs
@given(pairs)
def test_angle_grows_linearly(ends):
    z_a, z_b = ends
    path = slerp(z_a, z_b, positions)
    wanted = positions * angles_from(z_a, z_b[None])
    assert torch.allclose(angles_from(z_a, path), wanted, rtol=1e-9, atol=1e-15)
    assert torch.allclose(angles_from(z_b, path), wanted.flip(0), rtol=1e-9, atol=1e-15)


@property_of_pairs
@given(pairs, st.integers(0, 10_000), st.floats(1e-3, 1e3))
def test_rotating_and_scaling_the_ends_does_it_to_the_path(ends, seed, scale):
    z_a, z_b = ends
    path = slerp(z_a, z_b, positions)
    turn = torch.linalg.qr(normal(len(z_a), len(z_a), seed=seed, dtype=torch.float64)).Q
    assert close(slerp(z_a @ turn, z_b @ turn, positions), path @ turn)
    assert close(slerp(scale * z_a, scale * z_b, positions), scale * path)


@property_of_pairs
@given(st.integers(0, 10_000), st.floats(0.1, 3.0), norms)
def test_equal_norms_give_the_textbook_path(seed, angle, norm):
    z_a, z_b = pair(seed, 3, angle, norm, norm)
    assert close(slerp(z_a, z_b, 0.25), textbook(z_a, z_b, torch.tensor(0.25)))


def test_near_the_antipode_the_textbook_formula_explodes_and_slerp_does_not():
    z_a, z_b = pair(0, 2, math.pi - 0.01, 2.0, 1.0)
    assert float(textbook(z_a, z_b, torch.tensor(0.5)).norm()) == pytest.approx(100, rel=0.01)
    assert float(slerp(z_a, z_b, 0.5).norm()) == pytest.approx(1.5, rel=1e-14)


@pytest.mark.parametrize("short_of_pi", [1e-3, 1e-6, 1e-9, 1e-12])
def test_near_the_antipode_the_turn_is_as_sharp_as_its_ends(short_of_pi):
    u, angle = torch.tensor([1.0, 0, 0], dtype=torch.float64), math.pi - short_of_pi
    z_b = torch.tensor([math.cos(angle), math.sin(angle), 0], dtype=torch.float64)
    half = torch.tensor([math.cos(angle / 2), math.sin(angle / 2), 0], dtype=torch.float64)
    assert torch.allclose(slerp(u, z_b, 0.5), half, rtol=0, atol=1e-15)
    z_a, z_b = pair(1, 5, angle, 2.0, 1.0)  # in no special plane: sharp as far as the ends are
    assert torch.allclose(angles_from(z_a, slerp(z_a, z_b, positions)), positions * angle)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_points_in_one_direction_are_joined_by_a_line(dtype):
    z_a = normal(50, 3, dtype=dtype)
    assert close(slerp(z_a, z_a, 0.3), z_a, rtol=1e-6 if dtype == torch.float32 else 1e-14)
    for factor in (3.0, 0.7):
        line = lerp(z_a, factor * z_a, positions)
        path = slerp(z_a, factor * z_a, positions)
        assert close(path, line, rtol=1e-6 if dtype == torch.float32 else 1e-14)
    one = torch.tensor([2.0], dtype=dtype)
    assert float(slerp(one, 3 * one, 0.5)) == 4.0  # one dimension: a direction is a sign


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("dim", [1, 2, 3, 64])
def test_antipodes_are_refused_and_named(dtype, dim):
    z_a, z_b = normal(200, dim, dtype=dtype), normal(200, dim, seed=1, dtype=dtype)
    z_b = z_b if dim > 1 else z_a.clone()
    factors = torch.linspace(0.1, 10, 195, dtype=dtype)[:, None]  # most of them not exact
    z_b[5:] = -factors * z_a[5:]
    message = r"antipodes in rows 5, 6, 7 and 192 more, .*no arc is unique; `arcs` gives both"
    with pytest.raises(ValueError, match=message):
        slerp(z_a, z_b, 0.5)
    assert torch.equal(slerp_or_lerp(z_a, z_b, positions)[5:], lerp(z_a, z_b, positions)[5:])
    assert close(slerp_or_lerp(z_a, z_b, 0.4)[:5], slerp(z_a[:5], z_b[:5], 0.4), 1e-6)
    with pytest.raises(ValueError, match="antipodes in row 0, between"):
        slerp(z_a[9], z_b[9], 0.5)


def test_a_zero_vector_is_refused_and_named():
    z_a, z_b = normal(2, 3, 4), normal(2, 3, 4, seed=1)
    z_b[0, 1] = z_b[1, 2] = 0
    with pytest.raises(ValueError, match="z_b: .*zero in rows 1, 5, which has no direction"):
        slerp(z_a, z_b, 0.5)
    with pytest.raises(ValueError, match="z_a: .*zero in rows 1, 5"):
        slerp(z_b, z_a, 0.5)
    with pytest.raises(ValueError, match="z_a: .*zero in row 0"):
        arcs(torch.zeros(2), torch.ones(2), 0.5)
    path, line = slerp_or_lerp(z_a, z_b, 0.25), lerp(z_a, z_b, 0.25)
    assert torch.equal(path[0, 1], line[0, 1]) and torch.equal(path[1, 2], line[1, 2])
    assert torch.equal(path[0, 2], slerp(z_a[0, 2], z_b[0, 2], 0.25))
    assert torch.equal(slerp_or_lerp(z_b, z_b, 0.25)[0, 1], torch.zeros(4))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_pair_that_is_not_finite_spoils_no_other(value):
    z_a, z_b = normal(3, 2), normal(3, 2, seed=1)
    z_b[1] = value
    path = slerp_or_lerp(z_a, z_b, 0.25)
    assert torch.allclose(path[1], lerp(z_a, z_b, 0.25)[1], equal_nan=True)
    assert torch.equal(path[::2], slerp(z_a[::2], z_b[::2], 0.25))


@pytest.mark.parametrize(
    ("dtype", "size"),
    [
        (torch.float32, 1e30),
        (torch.float32, 1e-30),
        (torch.float64, 1e200),
        (torch.float64, 1e-200),
    ],
)
def test_huge_and_tiny_norms_survive(dtype, size):
    z_a, z_b = normal(20, 2, dtype=dtype), normal(20, 2, seed=1, dtype=dtype)
    rtol = 1e-5 if dtype == torch.float32 else 1e-13
    t = torch.linspace(-0.5, 1.5, 9)
    for path in (slerp, arcs):
        assert close(path(size * z_a, size * z_b, t) / size, path(z_a, z_b, t), rtol)
    both = slerp(size * z_a, z_b, 0.5)  # one end huge or tiny, the other not
    assert close(both / both.abs().amax(), slerp(z_a * size, z_b, 0.5) / both.abs().amax(), rtol)
    norm = (both / max(size, 1)).norm(dim=-1)
    wanted = (size / max(size, 1) * z_a.norm(dim=-1) + z_b.norm(dim=-1) / max(size, 1)) / 2
    assert close(norm, wanted, rtol)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(2,), (1, 3), (5, 3), (2, 5, 2)])
def test_shape_and_dtype_of_arcs(dtype, shape):
    z_a, z_b = normal(*shape, dtype=dtype), normal(*shape, seed=1, dtype=dtype)
    t = torch.linspace(0, 1, 4, dtype=torch.float64)
    for path in (slerp, slerp_or_lerp, arcs) if shape[-1] == 2 else (slerp, slerp_or_lerp):
        which = (2,) if path is arcs else ()
        points = path(z_a, z_b, t)
        assert points.shape == (*shape[:-1], *which, 4, shape[-1]) and points.dtype == dtype
        for i, at in enumerate(t):
            point = path(z_a, z_b, float(at))
            assert point.shape == (*shape[:-1], *which, shape[-1]) and point.dtype == dtype
            assert torch.allclose(points[..., i, :], point, rtol=1e-5, atol=1e-6)


@property_of_pairs
@given(st.integers(0, 10_000), st.permutations(range(6)))
def test_a_batch_of_arcs_is_its_points_in_any_order(seed, order):
    z_a, z_b = (normal(6, 2, seed=s, dtype=torch.float64) for s in (seed, seed + 1))
    z_a[0], z_b[1], z_b[2] = 0, z_a[1], -z_a[2]
    for path, start in ((slerp_or_lerp, 0), (slerp, 3), (arcs, 1)):
        ends = list(zip(z_a[start:], z_b[start:], strict=True))
        together = path(z_a[start:], z_b[start:], positions)
        assert close(torch.stack([path(*pair, positions) for pair in ends]), together, 1e-14)
        shuffled = [i for i in order if i < len(ends)]
        again = path(z_a[start:][shuffled], z_b[start:][shuffled], positions)
        assert close(again, together[shuffled], 1e-14)


def test_gradients_are_right_and_finite_where_there_is_no_arc():
    z_a, z_b = (normal(6, 2, seed=s, dtype=torch.float64).requires_grad_() for s in (0, 1))
    assert torch.autograd.gradcheck(lambda a, b: slerp(a, b, positions), (z_a, z_b))
    assert torch.autograd.gradcheck(lambda a, b: arcs(a, b, positions), (z_a, z_b))
    same = z_a.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: slerp(a, b, positions), (z_a, same))
    bad = torch.stack([torch.zeros(2).double(), -z_a[1], z_a[2], z_b[3]]).detach().requires_grad_()
    for start, end in ((z_a[:4], bad), (bad, z_a[:4]), (bad, bad)):
        (gradient,) = torch.autograd.grad(slerp_or_lerp(start, end, positions).sum(), bad)
        assert gradient.isfinite().all()


def test_gradient_at_huge_and_tiny_ends():
    for size in (1e30, 1e-30):
        z_a, z_b = (size * normal(4, 3, seed=s) for s in (0, 1))
        z_a.requires_grad_()
        slerp(z_a, z_b, 0.25).sum().backward()
        scaled = (z_a.detach() / size).requires_grad_()
        slerp(scaled, z_b / size, 0.25).sum().backward()
        assert torch.allclose(z_a.grad, scaled.grad, rtol=1e-4)


# ---- both ways round --------------------------------------------------------------------------


@property_of_pairs
@given(st.integers(0, 10_000), st.floats(1e-3, math.pi - 1e-3), norms, norms)
def test_the_shorter_arc_is_slerp_and_the_longer_the_rest_of_the_turn(seed, angle, norm_a, norm_b):
    z_a, z_b = pair(seed, 2, angle, norm_a, norm_b)
    shorter, longer = arcs(z_a, z_b, positions)
    assert close(shorter, slerp(z_a, z_b, positions))
    assert close(longer.norm(dim=-1), shorter.norm(dim=-1))
    assert close(longer[4], -shorter[4])  # the two midpoints are opposite
    steps = [angles_from(at, to[None]) for at, to in itertools.pairwise(longer)]
    assert close(torch.cat(steps), torch.full_like(longer[1:, 0], (2 * math.pi - angle) / 8))
    for arc, way in zip(arcs(z_a, z_b, 0.5), (shorter, longer), strict=True):
        assert close(arc, way[4])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_between_antipodes_the_anticlockwise_arc_comes_first(dtype):
    z_a = normal(300, 2, dtype=dtype)
    z_b = -torch.linspace(0.1, 10, 300, dtype=dtype)[:, None] * z_a  # not exact, to either side
    quarter = torch.stack([-z_a[:, 1], z_a[:, 0]], dim=-1)
    middle = (z_a.norm(dim=-1) + z_b.norm(dim=-1)) / 2
    wanted = quarter / quarter.norm(dim=-1, keepdim=True) * middle[:, None]
    rtol = 1e-6 if dtype == torch.float32 else 1e-14
    assert close(arcs(z_a, z_b, 0.5), torch.stack([wanted, -wanted], dim=1), rtol)


def test_between_points_in_one_direction_the_longer_arc_is_a_whole_turn_clockwise():
    z_a = normal(300, 2)
    z_b = torch.linspace(0.1, 10, 300)[:, None] * z_a
    shorter, longer = arcs(z_a, z_b, 0.25).unbind(1)
    assert close(shorter, lerp(z_a, z_b, 0.25), 1e-6)
    assert close(longer, torch.stack([shorter[:, 1], -shorter[:, 0]], dim=-1), 1e-6)


@pytest.mark.parametrize("path", [slerp, arcs, slerp_or_lerp])
@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_of_arcs(case, path):
    z_a, z_b, t, _ = BAD[case]
    with pytest.raises(ValueError, match="expected"):
        path(z_a, z_b, t)


@pytest.mark.parametrize("path", [slerp, arcs])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_ends_that_are_not_finite(path, value):
    with pytest.raises(ValueError, match="z_b: expected finite floating values"):
        path(torch.ones(2), torch.tensor([1.0, value]), 0.5)


def test_arcs_are_for_the_plane():
    with pytest.raises(ValueError, match=r"z_a: expected shape \(\.\.\., 2\), got \(5, 3\)"):
        arcs(normal(5, 3), normal(5, 3, seed=1), 0.5)


@pytest.mark.parametrize("path", [lerp, slerp, slerp_or_lerp, arcs])
@pytest.mark.parametrize("which", [0, 1])
def test_arrays_are_answered_with_what_was_expected(path, which):
    ends = [torch.tensor([1.0, 2.0]), torch.tensor([2.0, -1.0])]
    ends[which] = ends[which].numpy()
    with pytest.raises(ValueError, match="z_[ab]: expected a tensor, got a ndarray; torch.from_nu"):
        path(*ends, 0.5)
