"""What the numbers that chapter 10 prints have to show."""

import pytest
import torch

from nav_utils.checks.ch10 import LARGEST_ETA, NEWTON_STEPS
from nav_utils.correction import Run, Status, correct
from nav_utils.densities import ring
from nav_utils.ratio import ExactRatio
from nav_utils.steps import Band, GaussNewton, Probability
from tests.chapter_outputs import numbers, printed

SPACES = ("mnist-2d", "mnist-16d")
MEASURES = ("confidence", "cycle error", "distance", "log q")
SIGN = {"confidence": 1, "cycle error": -1, "distance": -1, "log q": 1}  # of better
ONE_SIDE = (
    "literal, one side",
    "Gauss-Newton, one side",
    "... to level(0.05)",
    "... to level(0.5)",
)
BOTH_SIDES = ("literal, both sides", "logit, both sides", "Gauss-Newton, both sides")
STOPPING = (*BOTH_SIDES, *ONE_SIDE, "score, median code")


def table(space):
    """Method -> measure -> (difference to the straight line, half of its interval)."""
    lines = printed("10")
    start = next(n for n, text in enumerate(lines) if text.split()[:2] == [space, "confidence"])
    rows = {}
    for text in lines[start + 1 : start + 10]:
        values = text[24:].replace("±", " ").split()
        pairs = zip(map(float, values[:8:2]), map(float, values[1:8:2]), strict=True)
        rows[text[:24].strip()] = dict(zip(MEASURES, pairs, strict=True))
    assert set(STOPPING) < set(rows) and "score, no stop" in rows
    return rows


def improves(row, measure):
    """Whether a difference is for the better, and its interval leaves out 0."""
    mean, half = row[measure]
    return SIGN[measure] * mean > half


def harms(row, measure):
    mean, half = row[measure]
    return -SIGN[measure] * mean > half


def test_the_identities_hold():
    assert numbers("10", "largest relative difference at 1000 prior samples:") == [0.0]
    assert numbers("10", "linearised a after the step, at most") == [0.0]
    assert numbers("10", "no damping, T = 10: the step changes by") == [0.0]
    assert numbers("10", "exact score of q: largest difference") == [0.0]


def test_with_damping_a_temperature_shortens_the_step():
    (cold,), (warm,) = (numbers("10", f"damping 1, T = {t}:")[:1] for t in (" 1", "10"))
    assert warm < cold / 2


def test_noise_frees_from_a_maximum_and_hardly_from_a_minimum():
    def arrived(place, noise):
        (row,) = (text for text in printed("10") if text.startswith(f"{place} ") and noise in text)
        return [int(word) for word in row.split(noise)[1].split()[:4]]

    assert (
        arrived("      maximum", " 0.00") == [0] * 4
        and arrived("      maximum", " 0.02") == [5] * 4
    )
    assert arrived("beside island", " 0.00") == [0] * 4
    assert max(arrived("beside island", " 0.02")) <= 2


def test_on_the_ring_one_side_leaves_points_beyond_the_outer_contour():
    outer = numbers("10", "the contour is at |z| =")[1]
    nearest = numbers("10", "points below the 5 %, the nearest to the origin at |z| =")[0]
    assert nearest > outer > 1.3
    content, _, log_q, below = numbers("10", "score, to the 5 % level ")
    assert content == 100 and below == 0 and log_q > numbers("10", "log_q_level(0.05) =")[0]
    one_side = next(text for text in printed("10") if "Gauss-Newton, one side" in text)
    content, *_, below = (float(word.strip("%")) for word in one_side.split()[3:])
    assert content == 100 and below > 15


@pytest.mark.parametrize("space", SPACES)
def test_the_level_keeps_its_promise(space):
    level, above, low, high = (
        numbers("10", f"{space:>9}: level ")[:1] + numbers("10", f"{space:>9}: level ")[-3:]
    )
    assert 0.405 < level < 1.386  # stricter than the edge of a hole, laxer than the band
    assert abs(above - 5) < 1 and low < 4 and high > 7


def test_most_codes_of_16_dimensions_lie_below_the_band():
    below, in_it, above = numbers("10", "mnist-16d:  -3.0;")
    assert below > 80 and in_it < 10 and above < 10


def test_without_a_stop_the_score_leaves_the_range_of_codes():
    above = [row for row in printed("10") if "% of the points above the log q" in row]
    line_, stopped, unstopped = (float(row.split(":")[1].split("%")[0]) for row in above)
    assert unstopped > 90 and max(line_, stopped) < 2
    kinds = ("straight line", "score, stopped", "score, no stop", "test codes")
    spread = {kind: numbers("10", f"total variance, {kind:>14}:")[0] for kind in kinds}
    assert list(sorted(spread, key=spread.get)) == [kinds[i] for i in (2, 1, 0, 3)]


def test_the_walk_among_2s_is_spoilt_on_both_sides_only():
    (floor,) = numbers("10", "log p - a: 95 % of codes above")
    for method in ("probability", "logit", "gauss_newton"):
        moved, distance, _, lowest = numbers("10", f"{method:>17}   band ")
        kept, before, _, _ = numbers("10", f"{method:>17}  below ")
        assert moved == 46 and kept == 0 and distance > 1.5 * before
        assert lowest < floor


def test_two_judges_cannot_see_the_fault_of_the_straight_line():
    for space in SPACES:
        codes, straight = (
            numbers("10", f"{space:>10} {kind:>17}") for kind in ("real codes", "straight line")
        )
        assert straight[2] < codes[2] and straight[3] > codes[3]  # nearer, and denser
        assert straight[0] < codes[0] and straight[1] > codes[1]  # less clear, a larger error


def test_in_the_plane_dense_places_give_less_clear_digits():
    rare, dense = numbers("10", "rarest quarter"), numbers("10", "densest")
    assert dense[0] < rare[0] - 0.03 and dense[1] < rare[1] and dense[2] < rare[2] - 10


@pytest.mark.parametrize("method", ["literal, both sides", "logit, both sides"])
def test_in_16_dimensions_both_sides_do_harm(method):
    row = table("mnist-16d")[method]
    assert all(harms(row, measure) for measure in MEASURES[1:]) and row["confidence"][0] < 0


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("method", [*ONE_SIDE, "score, median code"])
def test_one_side_and_the_score_help(space, method):
    row = table(space)[method]
    assert improves(row, "confidence") and improves(row, "cycle error")


def test_in_the_plane_the_judges_disagree_on_the_literal_corrector():
    rows = {method: row for method, row in table("mnist-2d").items() if method in STOPPING}

    def best(measure):
        return max(rows, key=lambda method: SIGN[measure] * rows[method][measure][0])

    def worst(measure):
        return min(rows, key=lambda method: SIGN[measure] * rows[method][measure][0])

    assert best("confidence") == worst("log q") == worst("distance") == "literal, both sides"


def test_the_harm_comes_from_below_the_band():
    def sides(space, measure):
        below, below_after, above, above_after = numbers("10", f"{space:>9}, {measure:>11}:")
        return below_after - below, above_after - above

    confidence, cycle = sides("mnist-16d", "confidence"), sides("mnist-16d", "cycle error")
    assert confidence[0] < -0.04 and confidence[1] > 0.01
    assert cycle[0] > 0.08 and -0.05 < cycle[1] < 0 and cycle[0] > 3 * -cycle[1]
    cycle, log_q = sides("mnist-2d", "cycle error"), sides("mnist-2d", "log q")
    assert cycle[0] > 0 > cycle[1] and log_q[0] < 0 < log_q[1]


def test_a_path_of_corrected_points_is_torn():
    lines = printed("10")
    start = next(n for n, text in enumerate(lines) if "worst log q between" in text)
    rows = {text[:20].strip(): text[20:].replace("x", "") for text in lines[start + 1 : start + 5]}
    straight, literal, gentle = (
        [float(word.strip("%")) for word in rows[method].split()]
        for method in ("straight line", "literal, both sides", "... to level(0.05)")
    )
    assert literal[0] < 5 and literal[1] > 10 and literal[2] < straight[2]
    assert gentle[1] > 3 and gentle[2] >= straight[2]


def test_the_answer_of_the_experiment_is_where_the_share_falls():
    """Exercise 10.3: a little below and above the largest eta; one step and two."""
    ratio = ExactRatio(ring())
    generator = torch.Generator().manual_seed(0)
    prior = torch.randn(1000, 2, generator=generator, dtype=torch.float64)

    def content(method, max_steps):
        status = correct(prior, ratio, method, Band(), Run(max_steps)).status
        return float((status <= Status.CONVERGED).double().mean())

    assert content(Probability(0.97 * LARGEST_ETA), 200) > 0.9
    assert content(Probability(1.03 * LARGEST_ETA), 200) < 0.9
    assert content(GaussNewton(), NEWTON_STEPS - 1) < 0.9 < content(GaussNewton(), NEWTON_STEPS)
