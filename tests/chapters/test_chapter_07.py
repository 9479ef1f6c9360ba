"""What the numbers that chapter 07 prints have to show."""

import math

import pytest

from tests.chapter_outputs import line, numbers, printed
from tests.stored_outputs import tokens

BINS = ("0.0 to 0.2", "0.2 to 0.3", "0.3 to 0.4", "0.4 to 0.6", "0.6 to 0.8", "0.8 to 1.0")
MEASURES = ("log q", "distance", "cycle error", "confidence", "below floor(0.05)")


def rows_after(label, n):
    """The numbers of the n lines that follow the one that starts with a label."""
    lines = printed("07")
    (start,) = (at for at, text in enumerate(lines) if text.startswith(label))
    return [[token.value for token in tokens(text)[0]] for text in lines[start + 1 : start + 1 + n]]


def by_bin(measure):
    """Bin -> (mean over codes, low, high, mean over prior samples)."""
    rows = rows_after(f"{measure}, mean [95 % interval]", len(BINS))
    return {
        name: (mean, low, high, prior)
        for name, (_, _, _, mean, low, high, _, prior, _, _) in zip(BINS, rows, strict=True)
    }


def kept_and_below(kind):
    """Rule -> (share kept, share of these below the floor, its interval), in percent."""
    names = ("band", "level", "level and floor")
    rows = rows_after(kind, len(names))
    return {name: row[-4:] for name, row in zip(names, rows, strict=True)}


def test_a_thin_kernel_density_inside_the_cloud_is_blue_on_the_map():
    thin, _, dense, _ = numbers("07", "of the places with |z| < 2, median D")
    assert thin > 0.7 > 0.5 > dense


def test_both_witnesses_find_holes_at_places_in_common():
    ratio, kernel, both = numbers("07", "share of the prior in holes: ratio")
    assert ratio > kernel > both > 4 * numbers("07", "nothing to do with each other:")[0]
    assert both > 0.7 * kernel and both > 0.3 * ratio


def test_where_they_part_the_counts_are_with_the_ratio():
    by_ratio, by_kernel = numbers("07", "at (0.7, -2.6): a =")
    n, expected, n_kernel = numbers("07", "within 0.2:")
    counted = math.log(expected / n)
    assert abs(by_ratio - counted) < 1 < by_kernel - counted and n_kernel == 0


def test_the_classifier_is_less_sure_in_holes():
    holes, codes = numbers("07", "the classifier's mean confidence in holes:")
    assert holes < codes - 0.05


def test_holes_hold_prior_and_few_codes_and_chance_finds_none():
    masses = [numbers("07", f"prior where p > {factor} q, by the ratio:") for factor in (2, 4, 8)]
    (two, *_), (four, low, high), (eight, *_) = masses
    assert two > four > eight and low < four < high
    codes, _, upper = numbers("07", "test codes in the ratio's holes:")
    assert upper < four / 4 and codes < upper
    assert numbers("07", "other test codes in the kernel's holes:")[0] < 9.4 / 4
    assert numbers("07", "control, kernel:")[0] < 1
    share, listed = numbers("07", "control, ratio:")
    assert share < 1 and listed == 0


def test_some_classes_meet_and_the_one_is_an_island():
    assert numbers("07", "4 and 9:")[1] < 10
    assert numbers("07", "1 and all others:")[0] > 90
    assert "(4, 9)" in line("07", "meet almost without a hole:")
    assert numbers("07", "all borders:")[0] > 15


def test_near_one_every_measure_is_bad_and_the_best_bin_is_not_that_of_one_half():
    for measure in MEASURES:
        found, sign = by_bin(measure), 1 if measure in ("log q", "confidence") else -1
        assert sign * found["0.8 to 1.0"][0] < sign * found["0.4 to 0.6"][0], measure
        assert sign * found["0.8 to 1.0"][3] < sign * found["0.4 to 0.6"][3], measure
    for measure, sign in (("log q", 1), ("distance", -1), ("cycle error", -1)):
        found = by_bin(measure)
        best = max(found, key=lambda name: sign * found[name][0])
        assert best == "0.3 to 0.4", measure
    (_, _, high, _), (_, low, _, _) = (
        by_bin("cycle error")[b] for b in ("0.3 to 0.4", "0.4 to 0.6")
    )
    assert high < low, "the intervals are apart"


def test_the_lowest_bin_is_the_end_of_the_codes_and_the_judge_does_not_see_it():
    assert by_bin("below floor(0.05)")["0.0 to 0.2"][1] > 0.5
    assert by_bin("cycle error")["0.0 to 0.2"][0] > 3 * by_bin("cycle error")["0.3 to 0.4"][0]
    assert by_bin("confidence")["0.0 to 0.2"][0] > 0.9
    assert numbers("07", "the nearest to the origin at |z| =")[0] > 2


def test_the_exact_example_is_that_of_the_text():
    logit, d, log_p, log_q = numbers("07", "at (6, 0): a =")
    assert logit == pytest.approx(-10.1, abs=0.02) and log_q == pytest.approx(-9.7, abs=0.04)
    assert d < 1e-4 and log_p - log_q == pytest.approx(logit, abs=0.02)
    (floor,) = numbers("07", "5 % of q's own samples have log q below")
    assert log_q < floor


def test_of_the_bands_draws_few_lie_below_the_floor_and_of_its_places_many():
    draws, places = kept_and_below("draws (prior)"), kept_and_below("places, |z| < 3")
    codes = kept_and_below("held-out codes")
    assert draws["band"][3] < 5 < 20 < places["band"][2]
    assert codes["band"][0] < 50, "the band refuses more than half of the codes"
    assert codes["level"][0] == pytest.approx(97.5, abs=1)
    assert codes["level and floor"][0] == pytest.approx(95, abs=1.5)
    assert places["level"][1] > places["level and floor"][1]


def test_level_and_band_keep_as_many_codes_and_the_band_more_of_the_prior():
    level, d, eps, top = numbers("07", "level(0.05): a =")
    assert d == pytest.approx(1 / (1 + math.exp(-level)), abs=0.01)
    assert top == pytest.approx(0.5 + eps, abs=0.01) and top > d
    below, band = (numbers("07", f"{name}:") for name in ("below the level", "in that band"))
    assert below[0] == pytest.approx(95, abs=0.5) == pytest.approx(band[0], abs=0.5)
    assert below[1] < band[1]


def test_walks_cross_holes_where_the_chapter_says():
    crossed = {pair: numbers("07", f"{pair}: ")[0] for pair in ("6 to 4", "0 to 2", "1 to 8")}
    assert all(crossed.values())
    for pair in ("4 to 9", "0 to 6"):
        points, _, d, confidence = numbers("07", f"{pair}: ")
        assert points == 0 and d < 0.8 and confidence < 0.6


def test_beyond_all_codes_only_the_guard_speaks():
    spots = {name: numbers("07", f"{name}: D =") for name in ("hole", "corner", "beyond")}
    assert spots["hole"][0] > 0.8 > 0.2 > spots["corner"][0] > spots["beyond"][0]
    assert spots["corner"][1] == pytest.approx(spots["hole"][1], abs=0.5)
    assert spots["beyond"][1] < -20 and spots["beyond"][3] > 0.9
    ends = {name: line("07", f"{name}: D =").split()[-1] for name in spots}
    assert ends == {"hole": "False", "corner": "False", "beyond": "True"}


def test_a_hole_is_seen_by_the_square_of_its_radius_over_the_bandwidth():
    for h in (0.08, 0.16):
        for r in (0.05, 0.1, 0.2):
            (rise,) = numbers("07", f"bandwidth {h:.2f}, radius {r:.2f}: a rises by")
            assert rise == pytest.approx(r**2 / (2 * h**2), rel=0.25, abs=0.03)
