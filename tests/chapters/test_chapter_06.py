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


@pytest.mark.parametrize("place", PLACES)
def test_the_least_loss_lies_at_the_log_ratio(place):
    ratio, least, cost, weight = numbers("06", f"{place:>8}  ")
    assert least == pytest.approx(ratio, abs=0.011)
    assert 0 < weight < cost


def test_a_wrong_logit_costs_little_where_one_density_is_missing():
    cost = {place: numbers("06", f"{place:>8}  ")[2] for place in PLACES}
    assert cost["ring"] > 0.1 > 100 * cost["centre"] > 100 * cost["outside"]


def test_divergences_on_the_grid_and_over_samples_agree():
    grid, _, samples = numbers("06", "KL(q || p) on the grid:")
    assert grid == pytest.approx(samples, abs=0.02)
    js, *_, best, by_samples = numbers("06", "JS(p, q) on the grid:")
    assert best == pytest.approx(LN_2 - js, abs=1e-3) == pytest.approx(by_samples, abs=0.01)


def test_the_fits_reach_the_best_loss_and_not_its_logit():
    exact, *learnt = numbers("06", "loss on fresh points: exact")
    assert all(-0.001 < loss - exact < 0.005 for loss in learnt)
    for kl in three("by the learnt logits:"):
        assert kl == pytest.approx(numbers("06", "KL(q || p) is")[0], abs=0.05)
    centre, *learnt = numbers("06", "logit at the centre: exact")
    assert all(3 < logit < centre - 2 for logit in learnt)
    on_ring, *learnt = numbers("06", "logit at the ring: exact")
    assert all(logit == pytest.approx(on_ring, abs=0.11) for logit in learnt)


def test_errors_are_small_over_codes_and_a_mean_over_the_mixture_is_at_the_mercy_of_few():
    codes, mixture = three("over codes, median:"), three("|a_hat - a| over both, median:")
    assert max(codes + mixture) < 0.1
    with_d = numbers("06", "|D_hat - D| over both, mean:")
    with_a = numbers("06", "|a_hat - a| over both, mean:")
    assert all(mean > 3 * median for mean, median in zip(with_a, mixture, strict=True))
    assert max(with_d) < 0.03


def test_the_error_is_large_where_one_density_is_missing_though_the_sum_is_not():
    sums, errors = {}, {}
    for place in ("centre, |z| < 0.25", "on the ring", "tail, |z| > 3"):
        sums[place], *_, errors[place] = numbers("06", f"{place}: log(p + q)")
    centre, ring, tail = sums
    assert abs(sums[centre] - sums[ring]) < 1 < sums[ring] - sums[tail]
    assert errors[centre] > 30 * errors[ring] and errors[tail] > errors[centre]


def test_the_score_is_right_but_for_the_direction_on_the_crest():
    share, *on_crest = numbers("06", "on the crest (")
    _, *elsewhere, a, b, c, length_elsewhere = numbers("06", "elsewhere (")
    *crest, d, e, f, length = on_crest
    assert 5 < share < 20 and min(elsewhere) > 0.98 and max(crest) < min(elsewhere)
    assert max(d, e, f) < 1.5 * max(a, b, c) and length < 0.5 < length_elsewhere


def test_unbalanced_classes_shift_the_logit_by_the_log_of_the_odds_and_a_shift_repairs_it():
    wanted, offset = numbers("06", "log(100 / 400) =")
    assert wanted == pytest.approx(math.log(1 / 4), abs=0.01)
    assert offset == pytest.approx(wanted, abs=0.1)
    codes, prior = {}, {}
    for name in ("exact", "unbalanced", "shifted"):
        codes[name], _, prior[name] = numbers("06", f"{name}: D > 1/2 at")
    assert codes["unbalanced"] < 0.5 * codes["exact"]
    assert codes["shifted"] == pytest.approx(codes["exact"], abs=3)
    assert prior["unbalanced"] < prior["exact"] - 5, "holes shrink"
    assert prior["shifted"] == pytest.approx(prior["exact"], abs=3)


def test_a_temperature_keeps_the_contour_and_fills_the_band():
    # share in the band, and (after 1/2 and 0.1) the share above one half
    band, above = {}, {}
    for name in ("as it is", "T = 4", "a + 0.5"):
        band[name], *_, above[name], _, _ = numbers("06", f"{name}: of the codes")
    assert band["T = 4"] > 90 > 20 > band["as it is"]
    assert above["T = 4"] == above["as it is"] < above["a + 0.5"]


def test_the_contour_runs_to_where_nothing_is():
    lines = printed("06")
    (header,) = (n for n, text in enumerate(lines) if "share of the prior farther out" in text)
    for text in lines[header + 1 : header + 4]:
        a, d, p, q, _ = (token.value for token in tokens(text.split(")")[1])[0])
        assert a == 0 and d == 0.5 and p == q
    assert numbers("06", "(6.0, 3.4) ")[-1] < 1e-9


def test_d_stays_at_one_half_with_many_codes_and_not_with_few():
    found = {}
    for name in ("20,000 codes", "100, overfitted", "100, stopped"):
        median, _, most, loss = numbers("06", f"{name}: median")  # the one between is of "95 %"
        found[name] = median, most, loss
    median, most, loss = found["20,000 codes"]
    assert median < 0.02 and most < 0.05 and loss == pytest.approx(LN_2, abs=0.002)
    median, most, loss = found["100, overfitted"]
    assert median > 0.03 and most > 0.3 and loss > LN_2 + 0.1
    on_its_own, _, hole = numbers("06", "overfitted, loss on its own 100:")
    assert on_its_own < LN_2 - 0.02 and hole > 2, "holes where there are none"
    assert LN_2 < found["100, stopped"][2] < loss


def test_an_untrained_network_says_one_half_over_a_hole():
    _, most, loss, best = numbers("06", "untrained, on the ring:")
    assert most < 0.1 and loss == pytest.approx(LN_2, abs=0.02) and best < loss - 0.1


def test_more_samples_are_needed_where_codes_are_rare():
    found = [numbers("06", f"at ({x}, 0): shares") for x in (1.3, 0.9, 0.7, 0.5)]
    for share_p, share_q, n, came in found:
        assert came == pytest.approx(math.sqrt((1 / share_p + 1 / share_q) / n), rel=0.2)
    assert found[0][-1] < found[-1][-1] / 3
