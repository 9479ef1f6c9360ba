"""What the numbers that chapter 11 prints have to show."""

import copy

import pytest
import torch

from nav_utils.checks.ch11 import FOR_THE_LEVEL, FOR_THE_PLACE
from nav_utils.correction import correct
from nav_utils.pretrained import load_pretrained
from nav_utils.ratio import DensityRatio
from nav_utils.steps import Below, GaussNewton
from tests.chapter_outputs import line, numbers, source


def test_the_loop_takes_far_longer_than_its_arithmetic():
    assert numbers("11", "as fast as in a large product:")[1] < 1  # per cent


def test_the_batch_and_the_closed_form_compute_the_same():
    move, difference = numbers("11", "largest move")
    assert difference < 0.1 * move
    values, gradients = numbers("11", "points, against autograd: largest difference of the values")
    assert max(values, gradients) < 1e-5


def test_nothing_is_much_faster_than_its_bound():
    """Every point takes every step, or the time for a step would come out too short."""
    bound, plain, compiled = (
        numbers("11", f"{name:>24}: ")
        for name in ("products and activations", "correct", "correct, compiled")
    )
    assert line("11", "evaluations for each of").startswith("21.0 ") and bound[2] == 100
    assert plain[2] <= 110 and compiled[2] <= 120  # a sigmoid once, not twice; and timed
    assert plain[1] > 30 and compiled[1] > 30


def test_points_that_have_arrived_cost_little():
    idle, mean, _ = numbers("11", "points that need no step:")
    used, naive = numbers("11", "evaluations for each point:")
    assert idle > 50 and mean + 1 <= used < 0.5 * naive


@pytest.mark.parametrize("label", ["shuffled and in other chunks:", "compiled or not:"])
def test_the_answers_do_not_depend_on_how_they_are_computed(label):
    assert numbers("11", label)[0] > 99.9


def test_low_precision_is_judged_in_full():
    error = numbers("11", "in bfloat16 the logit is off by")[0]
    content, greatest, level = numbers("11", "judged in float32:")
    assert error > 1e-3 and content > 99 and greatest <= level


def test_a_step_waits_for_memory_and_a_kernel_does_not():
    operations, intensity = numbers("11", "bytes for a point and a step, ")
    assert operations == 67_072 and intensity < 51.3 / 4.2  # where an H200 waits for its memory
    assert numbers("11", "all steps in one kernel:")[0] == 24


def test_every_rung_of_the_ladder_is_what_was_measured():
    """The copies are kept equal to the results by the lint of the chapters."""
    loop, torch, kernel = (
        numbers("11", f"{name:>30}:")[0]
        for name in (
            "one core: loop",
            "H200: compiled, as a CUDA graph",
            "H200: one kernel, float32",
        )
    )
    assert loop > 3600 and torch < 1 and kernel < torch
    full, half = numbers("11", "one kernel against the best of torch: float32")
    assert full == pytest.approx(torch / kernel, rel=0.05) and half > 8 and full > 4


def experiment(name):
    """Points moved, points outside the band at the end, length and largest gap."""
    return numbers("11", f"{name:>31} ")


def test_a_large_eta_makes_a_long_path():
    gentle, wild = experiment("1. eta 0.1"), experiment("1. eta 1")
    assert gentle[2] < 2 and wild[2] > 4 > experiment("3. Gauss-Newton, 50 steps")[2]


def test_below_the_band_some_points_stay():
    assert experiment("2. below")[0] < experiment("1. eta 0.1")[0] - 4


def test_gauss_newton_needs_few_steps_for_most_and_many_for_one():
    few, of_all, last = numbers("11", "Gauss-Newton:")
    assert few > of_all / 2 and last > 8
    short, enough = experiment("3. Gauss-Newton, 5 steps"), experiment("3. Gauss-Newton, 50 steps")
    assert short[1] > enough[1]


def test_a_string_has_no_gaps_and_leaves_the_band():
    _, outside, _, gap = experiment("4. string")
    assert gap < 1.2 and outside > 10


@pytest.mark.parametrize("method", ["literal, among 2s", "Gauss-Newton, the same"])
def test_in_one_cloud_only_below_leaves_the_path_alone(method):
    assert experiment(f"5. {method}, below")[0] == 0
    assert experiment(f"5. {method}, band")[0] > 30


def test_the_figure_and_python_agree():
    assert numbers("11", "against what correct returns: largest distance")[0] < 1e-3


def test_once_steps_overshoot_an_end_is_no_smooth_function_of_eta():
    small, middle, large = (
        numbers("11", f"eta from {first} to")[-1] for first in ("0.10", "0.17", "0.42")
    )
    assert small < 0.25 and small < middle < large and large > 1


def test_the_bits_of_the_experiment_are_the_fewest():
    ratio = load_pretrained("mnist-2d").ratio
    names = {"copy": copy, "torch": torch, "ratio": ratio, "DensityRatio": DensityRatio}
    exec(source("11", "def coarse(bits)").split("\n\n\n")[0], names)
    some = torch.randn(5000, 2, generator=torch.Generator().manual_seed(0))
    level = ratio.level(0.05)
    walk = GaussNewton(), Below(level)
    ends = correct(some, ratio, *walk).z

    def passed(bits):
        rough = correct(some, names["coarse"](bits), *walk).z
        near = (rough - ends).norm(dim=-1) < 0.05
        inside = ratio.logit(rough) < level + 0.05
        return float(near.double().mean()), float(inside.double().mean())

    assert passed(FOR_THE_PLACE - 1)[0] < 0.985 < 0.99 < passed(FOR_THE_PLACE)[0]
    assert passed(FOR_THE_LEVEL - 1)[1] < 0.985 < 0.99 < passed(FOR_THE_LEVEL)[1]
