"""Numbers of the benchmarks: as people write them."""

import pytest

from benchmarks.printed import interval, number, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (48_000.4, "48,000"),
        (835_123, "835,000"),
        (1129, "1,130"),
        (99.96, "100"),
        (0.0213, "0.0213"),
        (0.00009061, "0.0000906"),
        (-3.14159, "-3.14"),
        (2.5, "2.5"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_a_number_has_no_exponent(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((0.0000906, -0.00563, 0.00525), "0.000 [-0.006, 0.005]"),
        ((0.93412, 0.92, 0.95), "0.93 [0.92, 0.95]"),
        ((12_345.6, 11_000.0, 13_000.0), "12,346 [11,000, 13,000]"),
        ((-0.0001, -0.2, 0.2), "0.0 [-0.2, 0.2]"),
        ((0.0, 0.0, 0.0), "0 [0, 0]"),
        ((1.0, float("nan"), 2.0), "1 [nan, 2]"),
    ],
)
def test_an_interval_fixes_the_decimals_of_all_three(values, text):
    assert interval(*values) == text


def test_shares_in_percent():
    assert percent(0.9967, 0.988, 0.99959) == "99.7 % [98.8, 100.0]"
    assert percent(1.0, 0.99, 1.0) == "100.0 % [99.0, 100.0]"
    assert percent(0.0, 0.0, 0.0119) == "0.0 % [0.0, 1.2]"
