"""What the printed numbers of chapter 05 have to show."""

import math

import pytest

from nav_utils.checks.ch05 import LONGEST, steps_to_rest
from tests.chapter_outputs import line, numbers

BLIND = 2 * math.log(2)
COLLAPSED = 0.4  # the chapter's word for a smallest eigenvalue below


def after(label):
    return numbers("05", label)


def test_a_generator_at_a_tenth_of_the_rate_lets_the_codes_spread():
    for seed in (0, 1):
        low, high = after(f"seed {seed}: eigenvalues ")[:2]
        assert 2 < low <= high and high > 4
    half, whole = after("mean variance after 15 epochs ")[::2]
    assert whole > 1.3 * half > 1.3


def test_a_weight_does_not_matter_to_adam():
    light, heavy = (
        after("weight   1: largest eigenvalue "),
        after("weight 100: largest eigenvalue "),
    )
    assert light[0] == pytest.approx(heavy[0], rel=0.2)


def test_the_ratio_of_the_rates_decides_and_the_loss_does_not_tell():
    tenth, one, ten = (
        after(f"ratio {ratio}: smallest eigenvalue ") for ratio in (" 0.1", " 1.0", "10.0")
    )
    assert tenth[0] > 2 and 0.4 < one[0] < 2 and ten[0] < 0.2
    assert tenth[2] < 1.2
    assert ten[2] == pytest.approx(BLIND, abs=0.1)
    moving, still = after("encoder held still: discriminator's loss ")[:2]
    assert still < 0.6 < 1 < moving


def test_probabilities_end_in_an_infinite_loss():
    assert "discriminator inf" in line("05", "is not finite at step")


def kl_of(eigenvalues):
    """KL from the prior of a normal distribution with these eigenvalues."""
    return sum(v - 1 - math.log(v) for v in eigenvalues) / 2


def test_a_price_costs_reconstruction_and_brings_the_cloud_nearer_to_the_prior():
    cheap, fair, dear = (
        after(f"lambda {weight}: reconstruction loss ") for weight in (0.5, 2.0, 8.0)
    )
    assert cheap[0] < fair[0] < dear[0]
    assert 3 * kl_of(fair[1:3]) < kl_of(cheap[1:3]) and max(cheap[1:3]) > max(fair[1:3])
    assert 0.5 < fair[1] <= fair[2] < 1.6


def test_a_high_price_collapses_every_seed_and_none_after_a_warm_start():
    cold = after("lambda 8, five seeds: smallest eigenvalue ")
    assert len(cold) == 5
    assert after("collapsed: ") == [sum(v < COLLAPSED for v in cold), 5]
    assert max(cold) < COLLAPSED
    warm = after("after a warm start: smallest eigenvalue ")
    assert len(warm) == 5 and min(warm) > 0.5


def test_the_penalty_or_a_warm_start_saves_the_codes():
    found = {}
    for name in ("with penalty", "without", "without, warm start"):
        found[name] = after(f"{name}: smallest eigenvalue ")
        assert len(found[name]) == 5
    assert min(found["with penalty"]) > COLLAPSED and min(found["without, warm start"]) > COLLAPSED
    assert sum(v < COLLAPSED for v in found["without"]) == 4
    assert found["without"][1] > COLLAPSED  # the seed that would have told another story


def test_the_checklist_agrees_with_the_text():
    advice = {
        "two optimisers, ratio 0.1: ": "codes spread",
        "two optimisers, ratio 10: ": "codes collapse",
        "one objective, lambda 8, seed 3: ": "codes collapse",
        "one objective, lambda 2: ": "nothing to complain about",
    }
    for name, words in advice.items():
        assert words in line("05", name)
        assert (after(name + "smallest eigenvalue ")[0] < COLLAPSED) == (words == "codes collapse")


def test_a_stranger_sees_the_heap():
    assert after("the collapsed codes of ratio 10: the stranger's loss ")[0] < 0.9


def test_a_small_penalty_is_slow_in_the_game_of_two_numbers_and_a_large_one_too():
    small, medium, large = (
        after(f"weight 2, penalty {penalty}: ")[0] for penalty in ("0.05", "0.2", "3")
    )
    assert small > 4 * medium and large > 4 * medium
    assert line("05", "weight 2, penalty 0: ").endswith("more than 2000 steps")
    assert small > 8 * steps_to_rest(2.0, math.sqrt(2 / 8)) > 8 * 60
    assert steps_to_rest(8.0, 0.05) == LONGEST > 2000  # not at rest after as many
