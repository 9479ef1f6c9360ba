"""What the printed numbers of chapter 12 have to show."""

import math

import pytest
import torch

from nav_utils.checks.ch12 import LARGEST_X
from nav_utils.densities import GaussianMixture
from nav_utils.langevin import langevin
from nav_utils.ratio import ExactRatio
from tests.chapter_outputs import line, numbers, printed
from tests.stored_outputs import tokens


def test_ula_has_the_variance_of_the_formula_and_none_beyond_the_limit():
    for eta in ("0.02", "0.06", "0.10"):
        measured, formula = numbers("12", f"eta = {eta}: variance / sigma^2")
        assert measured == pytest.approx(formula, rel=0.08)
        assert formula == pytest.approx(1 / (1 - 8 * float(eta)), abs=0.01)
    assert numbers("12", "eta = 0.13: variance / sigma^2")[0] > 1e6
    assert line("12", "eta = 0.13:").endswith("none")


def test_the_bias_of_ula_falls_with_h_and_mala_has_none():
    rows = [[t.value for t in tokens(row)[0]] for row in printed("12") if row.startswith(" 0.0")]
    h, ula, formula, mala, radius, accepted = zip(*rows, strict=True)
    assert list(h) == sorted(h, reverse=True) and len(h) == 3
    assert list(ula) == sorted(ula) and ula[0] < -0.5 and ula[-1] > -0.15
    assert all(abs(u / f - 1) < 0.35 for u, f in zip(ula, formula, strict=True))
    assert all(abs(m) < 0.02 for m in mala) and all(abs(r - 1) < 0.01 for r in radius)
    assert list(accepted) == sorted(accepted) and accepted[0] > 50


def test_an_accepting_chain_has_not_mixed():
    depth, accepted = numbers("12", "depth of the saddle:")
    assert depth > 5 and accepted > 95
    assert numbers("12", "after 2000 steps")[0] < 42  # of 50 %
    assert numbers("12", "chains that never crossed:")[0] > 30


def test_the_formula_is_autograd_s_and_its_sign_turns_at_one_half():
    assert numbers("12", "formula: largest difference") == [0.0]
    high = numbers("12", "log(q/p) rises along the move at")[0]
    (low,) = [row for row in printed("12") if row.endswith("of the others")]
    assert high == 100 and "and at 0.0%" in low


@pytest.mark.parametrize("where", ["prior samples", "codes        "])
def test_where_the_correction_climbs_q(where):
    for name in ("ring", "two clusters"):
        _, up, _, down = numbers("12", f"{name:12}  {where}:")
        assert up == 100 and down > 80
    assert numbers("12", f"{'wide':12}  {where}:")[1::2] == [0.0, 0.0]


def test_corrected_points_are_two_circles_and_those_of_langevin_are_q():
    near, log_q, distance = numbers("12", "prior, corrected  :")
    assert near > 90 and distance > 0.15
    walked, truth = numbers("12", "prior, Langevin   :"), numbers("12", "samples of q      :")
    assert walked[0] < 10 and walked[2] <= 0.02
    assert numbers("12", "prior             :")[1] < log_q < walked[1]
    assert abs(walked[1] - truth[1]) < 0.2


def test_mala_leaves_samples_of_q_alone_and_the_correction_does_not():
    untouched, walked, moved = (
        numbers("12", f"{name:18}:")[2]
        for name in ("samples of q", "samples, Langevin", "samples, corrected")
    )
    assert moved > 8 * max(untouched, walked)


def test_without_the_prior_s_pull_the_chains_run_away():
    kept = numbers("12", "with the pull, ULA")
    ula, mala = numbers("12", "without, ULA"), numbers("12", "without, MALA")
    assert max(kept) < 3 and min(ula[-1], mala[-1]) > 50
    assert ula[2] / ula[1] == pytest.approx(math.exp(0.56 * 0.02 * 150), rel=0.1)


def test_the_tube_has_the_weight_of_the_co_area_formula_from_any_start():
    for start in ("prior", "codes"):
        with_slope, alone = numbers("12", f"Langevin on U from {start}")
        assert with_slope < 0.04 < 0.1 < alone
        assert min(numbers("12", f"no noise      from {start}")) > 0.05
    still, moving = ([float(row.split()[-1])] for row in printed("12") if "between the two" in row)
    assert still[0] > 0.1 and moving[0] < 0.04
    spread, _, expected = numbers("12", "spread of a:")
    assert spread == pytest.approx(expected, rel=0.1)


def test_a_langevin_corrector_mends_the_predictor():
    for levels in (6, 12):
        alone = numbers("12", f"{levels} levels, 0 corrector steps:")
        mended = numbers("12", f"{levels} levels, 5 corrector steps:")
        assert mended[0] < alone[0] and mended[1] > alone[1]
        assert mended[0] < alone[0] / (3 if levels == 6 else 1)


def crowd(name):
    """Rare (%), in a hole (%), confidence, cycle error and energy distance of a crowd."""
    return numbers("12", f"{name:18} ")


def test_the_ratio_samples_codes_and_the_correction_does_not():
    prior, corrected, codes = map(
        crowd, ("prior samples", "literal correction", "fresh test codes")
    )
    for name in ("Langevin (MALA)", "rejection"):
        assert abs(crowd(name)[4]) < prior[4] / 5
    assert corrected[4] > prior[4] / 2 > 5 * abs(codes[4])
    low, high = numbers("12", "energy distance of two sets of real codes:")
    assert low - 0.001 < codes[4] < high + 0.001 < prior[4] / 5


def test_a_corrected_point_is_never_in_a_hole():
    assert crowd("literal correction")[1] == 0 < crowd("fresh test codes")[1]
    assert numbers("12", "largest D of a corrected point:")[0] <= 0.61
    assert crowd("literal correction")[2] > crowd("fresh test codes")[2]


def test_rejection_keeps_less_in_more_dimensions():
    plane, many = (numbers("12", f"mnist-{d}d: at most one in")[0] for d in (2, 16))
    assert many > 20 * plane and plane > 50


def test_noise_shakes_points_off_a_hill_that_is_too_low():
    still, some, all_of_it = (
        numbers("12", f"noise {noise}: ")[0] for noise in ("0.0", "0.1", "0.2")
    )
    assert still > 2 * some > 2 * all_of_it - 1
    for row in (row for row in printed("12") if "stand at" in row):
        assert float(row.split("log q is")[1].split(";")[0]) < float(row.split()[-1])


def test_the_answer_of_the_experiment_is_where_chains_stop_mixing():
    """Exercise 12.3: a tenth below and above the checker's number."""
    for x, mixes in ((0.9 * LARGEST_X, True), (1.1 * LARGEST_X, False)):
        start = torch.tensor([[-x, 0.0]], dtype=torch.float64).repeat(300, 1)
        target = ExactRatio(GaussianMixture([[-x, 0.0], [x, 0.0]], 0.35))
        ends = langevin(start, target, 0.02, 1000, seed=0).z
        assert (float((ends[:, 0] > 0).double().mean()) >= 0.4) == mixes
