"""The distance to the k-th nearest code against brute force, and its contract."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nav_utils.densities import knn_distance


def normal(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


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
