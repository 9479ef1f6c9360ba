"""The straight path: its ends, its shape, its refusals."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nav_utils.interpolation import lerp


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
