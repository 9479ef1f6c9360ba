"""What the printed numbers of chapter 08 have to show."""

import math
import re

import pytest

from tests.chapter_outputs import numbers, printed
from tests.stored_outputs import tokens

BLIND = math.log(2)


def rows(pattern):
    """The numbers after a pattern, for each printed line that holds it."""
    matches = [re.search(pattern, line) for line in printed("08")]
    return [[t.value for t in tokens(m.string[m.end() :])[0]] for m in matches if m]


def changed(name):
    """Loss, Brier score, ECE, Dawid Z, AUC and cosine of the gradient of a changed ring."""
    (found,) = rows(rf"^ +{re.escape(name)}  ")
    return found


def test_the_loss_is_least_for_the_exact_ratio():
    exact = changed("exact")
    others = {name: changed(name) for name in ("0", "2a", "a + 1", "-a", "stairs", "ripple")}
    assert all(found[0] > exact[0] for found in others.values())
    assert others["0"][2] < exact[2]  # the best ECE: what says nothing
    assert all(abs(others[name][4] - exact[4]) < 0.01 for name in ("2a", "a + 1"))
    assert others["-a"][4] == pytest.approx(1 - exact[4], abs=0.011)
    assert others["a + 1"][3] < -3 and abs(others["-a"][3]) < 3 and abs(exact[3]) < 3
    assert others["stairs"][5] == 0 and 0 < others["ripple"][5] < 0.5


def bench(name, kind):
    """Loss, gain (%), ECE, Z, AUC and scale of a ratio of the bench."""
    return numbers("08", f" {name} {kind:>17} ")


@pytest.mark.parametrize(("name", "gain"), [("mnist-2d", 33), ("mnist-16d", 60)])
def test_platt_mends_the_calibration_and_not_the_order(name, gain):
    left, mended = bench(name, "left over"), bench(name, "left over + Platt")
    refit = bench(name, "refit")
    assert left[0] > mended[0] > refit[0]
    assert 0 < left[1] < gain < 100
    assert left[2] > 2 * mended[2]
    assert left[4] == mended[4] < refit[4]
    assert mended[5] > 2


def test_the_left_over_gradient_is_flat_and_often_opposite():
    left, refit = numbers("08", "median |grad a| at test codes: left over")
    assert left < refit / 3
    assert numbers("08", "the two gradients point to opposite sides at")[0] > 10


def test_the_refit_of_16_dimensions_is_overconfident():
    assert bench("mnist-16d", "refit")[3] < -3
    assert bench("mnist-16d", "refit + Platt")[5] < 1
    assert bench("mnist-16d", "left over + Platt")[2] < bench("mnist-16d", "refit")[2]


@pytest.mark.parametrize(("wavelength", "off"), [(3.1, 0.06), (1.6, 0.02), (0.8, 0.02)])
def test_the_penalty_is_the_filter_that_the_formula_says(wavelength, off):
    kept, formula = numbers("08", f"wavelength {wavelength}: kept")
    assert abs(kept - formula) < off


def test_the_penalty_explains_the_gap():
    (loss, spread, correlation), (control, wide, other) = (
        numbers("08", f"best for gamma = {g}: loss") for g in ("0.05", "1e-05")
    )
    assert loss > control and spread < wide and correlation > 0.95 > 0.8 > other
    _, leaves, _, leaves_nearly_none = numbers("08", "of the gap between left over and refit,")
    (used,) = numbers("08", "training used gamma =")
    assert 90 < leaves < 100 and abs(leaves_nearly_none) < 10 and used == 0.05


def test_training_on_without_the_penalty_closes_the_gap():
    left, kept, dropped, fresh, refit = (
        numbers("08", f"{label}: ")[0]
        for label in (
            "                             left over",
            "150 steps on, with the penalty",
            "150 steps on, without it",
            "150 steps from new weights, without it",
            "refit, 4,000 steps from new weights",
        )
    )
    assert abs(kept - left) < 0.006
    assert dropped > left + (refit - left) / 3
    assert dropped > fresh + 0.01


def test_only_the_early_discriminator_is_out_of_date():
    early, late = (numbers("08", f"the {which} discriminator:") for which in ("first", "last"))
    assert early[0] < BLIND < min(early[1:])
    assert max(late[2:]) - min(late[2:]) < 0.005 and late[-1] < BLIND


def test_the_correlation_prefers_the_same_blur_and_the_loss_the_truth():
    exact, kernel = (numbers("08", f"{name}: loss") for name in ("exact ratio", "kernel ratio"))
    assert exact[0] < kernel[0] and exact[1] < kernel[1]


def test_few_codes_are_learnt_by_heart():
    best, last, train = numbers("08", "   held out at best")
    assert train < 0 < best < last - 0.002
    few, many = (numbers("08", f"{n} codes, stopped early: fresh codes") for n in ("150", "50,000"))
    assert few[1] < 0 < few[0]
    assert many[0] < few[0] / 2 and many[0] - many[1] < (few[0] - few[1]) / 4


def test_a_level_holds_for_codes_that_the_ratio_has_not_seen():
    unseen = rows("test codes above:")
    assert len(unseen) == 2
    for share, low, high, *_ in unseen:
        assert low < share < high and 4 < share < 7
    naive_2d, naive_16d = (found[0] for found in rows("above a level set on fitted codes:"))
    assert naive_2d < 7 and naive_16d > 10
    losses = rows("loss on fitted, held-out and test codes:")
    assert all(abs(held_out - test) < 0.005 for _, held_out, test in losses)
    assert losses[0][0] > losses[0][1] - 0.005 and losses[1][0] < losses[1][1] - 0.05


def circle(radius):
    """Exact logit, mean of three refits, its error, their disagreement, NO_DATA (%) on a circle."""
    (found,) = rows(rf"^{re.escape(radius)} ")
    return found


def test_three_refits_agree_and_are_wrong_together():
    assert circle("1.25")[2] < 0.3  # on the ring
    for radius in ("0.50", "2.50", "3.50", "6.00"):
        exact, mean, error, disagreement, _ = circle(radius)
        assert exact > 0.405 and mean > 0.405  # the sign is right
        assert error > 3 * disagreement
    assert circle("2.50")[2] > 1 and circle("3.50")[4] < 50 and circle("6.00")[4] == 100
    assert circle("6.00")[3] > circle("2.50")[3] > circle("0.50")[3]


def test_auc_tells_the_compass_that_two_numbers_cannot_repair():
    (*_, a), (*_, b), (*_, c) = (numbers("08", f"{name}: loss") for name in "ABC")
    assert a == b > 0.7 > c
