"""What the numbers that chapter 06 prints have to show."""

import math

import pytest

from tests.chapter_outputs import numbers, printed
from tests.stored_outputs import tokens

LN_2 = math.log(2)
PLACES = ("centre", "ring", "outside")


def three(label):
    """The numbers of the three fits."""
    found = numbers("06", label)
    assert len(found) == 3, f"{label!r} prints {found}"
    return found


def test_a_ruler_changes_both_densities_and_not_their_ratio():
    change_q, change_p, *_, change_a = numbers("06", "in mm: log q changes by")
    assert change_q == change_p == pytest.approx(-2 * math.log(10), abs=1e-3)
    assert change_a == 0


@pytest.mark.parametrize("place", PLACES)
def test_the_least_loss_lies_at_the_log_ratio_with_the_curvature_of_the_text(place):
    ratio, least, newton_step = numbers("06", f"{place}: log p - log q =")
    assert least == pytest.approx(ratio, abs=0.011) and newton_step == 0
    curvature, product, two, _ = numbers("06", f"{place}: curvature")
    assert curvature == product and two == 2


def test_a_wrong_logit_costs_little_where_one_density_is_missing():
    cost = {place: numbers("06", f"{place}: curvature")[-1] for place in PLACES}
    assert cost["ring"] > 0.1 > 100 * cost["centre"] > 100 * cost["outside"]
    d, six, d_of_six, cost_of_six = numbers("06", "centre: D =")
    assert six == 6 and d > d_of_six > 0.99 and 0.001 < cost_of_six < 0.01


def test_divergences_on_the_grid_and_over_samples_agree():
    grid, _, samples = numbers("06", "KL(q || p) on the grid:")
    assert grid == pytest.approx(samples, abs=0.02)
    js, *_, best, by_samples = numbers("06", "JS(p, q) on the grid:")
    assert best == pytest.approx(LN_2 - js, abs=1e-3) == pytest.approx(by_samples, abs=0.01)


def test_the_fits_reach_the_best_loss_and_not_its_logit():
    exact, *learnt = numbers("06", "loss on fresh points: exact")
    assert all(-0.001 < loss - exact < 0.003 for loss in learnt)
    for kl in three("by the learnt logits:"):
        assert kl == pytest.approx(numbers("06", "KL(q || p) is")[0], abs=0.05)
    centre, *learnt = numbers("06", "logit at the centre: exact")
    assert all(3 < logit < centre - 2 for logit in learnt)
    on_ring, *learnt = numbers("06", "logit at the ring: exact")
    assert all(logit == pytest.approx(on_ring, abs=0.11) for logit in learnt)


def test_errors_are_small_over_codes_and_a_mean_over_the_mixture_is_at_the_mercy_of_few():
    codes, mixture = three("over codes, median:"), three("half prior, median:")
    assert max(codes + mixture) < 0.1
    with_d = numbers("06", "|D_hat - D|    over half codes, half prior, mean:")
    with_a = numbers("06", "|a_hat - a|    over half codes, half prior, mean:")
    assert all(mean > 3 * median for mean, median in zip(with_a, mixture, strict=True))
    assert max(with_d) < 0.02


def test_the_error_is_large_where_one_density_is_missing_though_the_sum_is_not():
    sums, errors = {}, {}
    for place in ("centre, |z| < 0.25", "on the ring", "tail, |z| > 3"):
        sums[place], *_, errors[place] = numbers("06", f"{place}: log(p + q)")
    centre, ring, tail = sums
    assert abs(sums[centre] - sums[ring]) < 1 < sums[ring] - sums[tail]
    assert errors[centre] > 30 * errors[ring] and errors[tail] > errors[centre]


def test_at_one_curvature_the_error_is_larger_inside_the_ring_than_outside():
    (*_, x_in, inside), (*_, x_out, outside) = (
        numbers("06", f"same pq/(p+q), {side}: log(p + q)") for side in ("in", "out")
    )
    assert x_in == pytest.approx(x_out, abs=0.5) and inside > 2 * outside


def test_the_score_is_right_but_for_the_direction_on_the_crest():
    _, share, *on_crest = numbers("06", "on the crest, |s_q| <")
    elsewhere, everywhere = three("  elsewhere:"), three("exact score, mean over codes:")
    assert 5 < share < 20 and min(elsewhere) > 0.98
    for crest, rest, mean in zip(on_crest, elsewhere, everywhere, strict=True):
        assert crest < mean < rest
    *crest, length = numbers("06", "length of the error on the crest:")
    *rest, length_elsewhere = numbers("06", "length of the error elsewhere:")
    assert max(crest) < 1.5 * max(rest) and length < 0.5 < length_elsewhere


def test_unbalanced_classes_shift_the_logit_by_the_log_of_the_odds_and_a_shift_repairs_it():
    wanted, offset = numbers("06", "log(205 / 820) =")
    assert wanted == pytest.approx(math.log(1 / 4), abs=0.01)
    assert offset == pytest.approx(wanted, abs=0.1)
    assert numbers("06", "after the shift, median |a_hat - a|:")[0] < 0.15
    codes, prior = {}, {}
    for name in ("exact", "unbalanced", "shifted"):
        codes[name], _, prior[name] = numbers("06", f"{name}: D > 1/2 at")
    assert codes["unbalanced"] < 0.5 * codes["exact"]
    assert codes["shifted"] == pytest.approx(codes["exact"], abs=3)
    assert prior["unbalanced"] < prior["exact"] - 5, "holes shrink"
    assert prior["shifted"] == pytest.approx(prior["exact"], abs=3)


def test_a_band_is_a_factor_between_p_and_q():
    for eps in ("0.05", "0.10", "0.25", "0.40"):
        factor, logit, *_, artanh = numbers("06", f"eps = {eps}: p and q within a factor")
        assert logit == artanh == pytest.approx(math.log(factor), abs=0.01)
    assert numbers("06", "eps = 0.10: p and q within a factor")[:2] == [1.5, 0.405]


def test_a_temperature_keeps_the_contour_and_fills_the_band():
    # share in the band, and (after 1/2 and 0.1) the share above one half
    band, above = {}, {}
    for name in ("as it is", "T = 4", "a + 0.5"):
        band[name], *_, above[name], _, _ = numbers("06", f"{name}: of the codes")
    assert band["T = 4"] > 90 > 20 > band["as it is"]
    assert above["T = 4"] == above["as it is"] < above["a + 0.5"]


def test_the_contour_runs_to_where_nothing_is():
    lines = [line for line in printed("06") if "share of the prior farther out" in line]
    assert len(lines) == 4
    for line in lines:
        a, d, p, q, _ = (token.value for token in tokens(line.split("|a| =")[1])[0])
        assert a == 0 and d == 0.5 and p == q
    assert numbers("06", "(6.0, 3.4): |a| =")[-1] < 1e-9


def test_the_needle_stands_still_with_many_codes_and_swings_with_few():
    *median, _, low, high = numbers("06", "20,000 codes: median")[:5]
    assert max(median) < 0.02 and max(low, high) < 0.05
    losses = numbers("06", "20,000 codes: median")[5:]
    assert losses == [pytest.approx(LN_2, abs=0.002)] * 2
    median, _, most, loss = numbers("06", "200, overfitted: median")
    assert median > 0.03 and most > 0.3 and loss > LN_2 + 0.1
    on_its_own, _, hole = numbers("06", "overfitted, loss on its own 200:")
    assert on_its_own < LN_2 - 0.02 and hole > 2, "holes where there are none"
    _, _, stopped, loss_stopped = numbers("06", "200, stopped: median")
    assert stopped < most and LN_2 < loss_stopped < loss


def test_an_untrained_needle_stands_still_over_a_hole():
    _, swing, loss, *_, best = numbers("06", "untrained, on the ring: |D - 1/2|")
    assert swing < 0.1 and loss == pytest.approx(LN_2, abs=0.02) and best < loss - 0.1
