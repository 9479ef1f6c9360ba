"""What is expected of arguments: what passes, and what the refusal says."""

import numpy as np
import pytest
import torch

from nav_utils.arguments import expect_samples, expect_shape, expect_whole, seeded_generator

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(2,), (1, 2), (7, 2), (3, 4, 2), (0, 2)])
def test_a_floating_tensor_whose_shape_ends_as_asked_passes(shape, dtype):
    expect_shape(torch.zeros(shape, dtype=dtype), [2], "z")


def test_only_the_end_of_the_shape_counts():
    expect_shape(torch.zeros(5, 1, 8, 8), (1, 8, 8), "images")
    with pytest.raises(
        ValueError, match=r"images: expected shape \(\.\.\., 1, 8, 8\), got \(5, 8, 1, 8\)"
    ):
        expect_shape(torch.zeros(5, 8, 1, 8), (1, 8, 8), "images")


BAD_SHAPES = {
    "other size": (torch.zeros(5, 3), r"z: expected shape \(\.\.\., 2\), got \(5, 3\)"),
    "too few dimensions": (torch.tensor(1.0), r"z: expected shape \(\.\.\., 2\), got \(\)"),
    "integers": (torch.ones(5, 2).long(), "z: expected a floating-point tensor.*torch.int64"),
    "booleans": (torch.ones(5, 2).bool(), "z: expected a floating-point tensor.*torch.bool"),
    "a list": ([[0.0, 1.0]], "z: expected a floating-point tensor, got a list"),
}


@pytest.mark.parametrize("case", BAD_SHAPES)
def test_another_shape_or_type_is_refused_with_what_came(case):
    x, message = BAD_SHAPES[case]
    with pytest.raises(ValueError, match=message):
        expect_shape(x, [2], "z")


def test_samples_of_one_dimension_pass_whatever_their_number():
    expect_samples(z=torch.zeros(3, 4, 2), codes=torch.zeros(7, 2), prior_samples=torch.ones(1, 2))
    expect_samples(z=torch.zeros(2))  # one point


def one_bad(value):
    x = torch.zeros(4, 3)
    x[2, 1] = value
    return x


BAD_SAMPLES = {
    "NaN": ({"codes": one_bad(NAN)}, r"codes: expected finite.*\(4, 3\), 1 of them not finite"),
    "infinity": ({"codes": one_bad(-INF)}, "codes: expected finite.*1 of them not finite"),
    "integers": ({"codes": torch.ones(4, 3).int()}, "codes: expected finite.*got torch.int32"),
    "empty": ({"codes": torch.zeros(0, 3)}, r"codes: .*at least one, got .*\(0, 3\)"),
    "a list": ({"z": [0.0]}, "z: expected a tensor, got a list"),
    "an array": ({"z": np.zeros(2)}, "got a ndarray; torch.from_numpy makes a tensor of it"),
    "a number": ({"z": torch.tensor(0.5)}, r"z: expected shape \(\.\.\., d\), got \(\)"),
    "codes of three axes": ({"codes": torch.zeros(2, 2, 2)}, r"codes: expected shape \(N, d\)"),
    "one code": ({"held_out_codes": torch.zeros(2)}, r"held_out_codes: expected shape \(N, d\)"),
    "samples of three axes": (
        {"prior_samples": torch.zeros(2, 2, 2)},
        r"prior_samples: expected shape \(N, d\), got \(2, 2, 2\)",
    ),
    "two dimensions": (
        {"z": torch.zeros(4, 3), "codes": torch.zeros(4, 2)},
        r"one number of coordinates d for all, got z \(4, 3\), codes \(4, 2\)",
    ),
    "the second is bad": ({"z": torch.zeros(2), "codes": one_bad(NAN)}, "codes: expected finite"),
}


@pytest.mark.parametrize("case", BAD_SAMPLES)
def test_samples_that_nothing_can_be_learnt_from_are_refused_by_name(case):
    samples, message = BAD_SAMPLES[case]
    with pytest.raises(ValueError, match=message):
        expect_samples(**samples)


# ---- whole numbers ----


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), torch.tensor(3)])
def test_whole_numbers_of_any_kind_become_pythons(value):
    (found,) = expect_whole(3, steps=value)
    assert found == 3 and type(found) is int
    assert seeded_generator(value).initial_seed() == 3


@pytest.mark.parametrize("value", [3.0, np.float64(3), "3", None, torch.tensor([3, 3]), 2, -3])
def test_what_is_no_whole_number_or_too_small_is_refused_by_name(value):
    with pytest.raises(ValueError, match="steps: expected a whole number of at least 3, got"):
        expect_whole(3, steps=value)


def test_a_seed_may_be_negative_but_no_fraction():
    assert expect_whole(seed=-3) == [-3]
    with pytest.raises(ValueError, match="seed: expected a whole number, got 0.5"):
        seeded_generator(0.5)
