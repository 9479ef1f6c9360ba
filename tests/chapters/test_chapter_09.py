"""What the printed numbers of chapter 09 have to show."""

import math
import re

import pytest

from tests.chapter_outputs import line, numbers, printed
from tests.stored_outputs import tokens


def rows(pattern):
    """The numbers after a pattern, for each printed line that holds it."""
    matches = [re.search(pattern, text) for text in printed("09")]
    return [[t.value for t in tokens(m.string[m.end() :])[0]] for m in matches if m]


def test_textbook_slerp_explodes():
    textbook, apart = numbers("09", "norm of the midpoint: textbook")
    assert textbook > 50 and 1 < apart < 2
    assert "no arc is unique" in line("09", "got antipodes in row 0")


def test_loop_and_package_agree():
    package, by_hand, off = numbers("09", "inside at the end:")
    assert package == by_hand and off < 1e-6
    assert numbers("09", "hand-written loop and package differ by at most")[0] < 1e-6


def test_the_deepest_are_lost_and_the_law_says_from_where():
    lost, back = numbers("09", "the lost have a >"), numbers("09", "came back, a <")
    assert abs(lost[0] - back[0]) < 0.5
    found = rows(r"^ *10{1,3} steps: formula ")
    for formula, deepest_back, shallowest_lost in found:
        assert abs(deepest_back - formula) < 1 and abs(shallowest_lost - formula) < 1
    reach = [formula for formula, _, _ in found]
    assert [b - a for a, b in zip(reach, reach[1:], strict=False)] == pytest.approx(
        [math.log(10)] * 2, abs=0.11
    )
    assert numbers("09", "where a is near 10: |grad a| about")[0] > 10
    assert numbers("09", "the factor is at most") == [0.0962, 1.32]


def test_nothing_moves_where_the_sigmoid_is_one():
    came, said = numbers("09", "torch.sigmoid is exactly 1 in float32 from a =")[::3]
    assert abs(came - said) < 0.02
    moved = rows(r"^eta = 1e\+0[09]: ")
    assert len(moved) == 2 and all(row[0] == 0 < row[1] for row in moved)


def test_beyond_16_over_the_squared_slope_points_do_not_settle():
    slope = numbers("09", "at the contour: |grad a|")[0]
    wide, narrow = {}, {}
    for eta, wide_share, narrow_share in rows(r"^ (?= ?\d+\.\d\d \| )"):
        wide[eta], narrow[eta] = wide_share, narrow_share
    assert len(wide) == 6 and min(narrow[eta] for eta in (0.1, 0.25)) > 85
    assert 0.25 < 16 / slope**2 < 0.6
    assert narrow[0.6] < 20 < narrow[1.0] < wide[1.0]
    assert wide[10.0] < wide[3.0] < 65 < 88 < wide[0.25]


def test_too_large_a_step_ends_in_a_flat_gradient():
    after = {row[0]: row[2] for row in rows(r"^eta = (?=\d\.\d\d: a =)")}
    assert after[0.25] < after[0.1] < 1.7
    assert -3 < after[1.0] < 0 and after[5.0] > 16.64


def test_the_loop_does_not_arrive_at_a_code_outside_the_band():
    left = {
        name: numbers("09", f" {name}:")
        for name in (
            "share 0.1, two sides",
            "1/(steps left), two sides",
            "1/(steps left), one side",
        )
    }
    assert all(left[name][0] > 0.1 and left[name][1] == 100 for name in left if "two" in name)
    assert left["1/(steps left), one side"][0] == 0
    assert numbers("09", "D at the target")[0] < 0.4


def test_in_front_of_the_gap_the_loop_stalls_or_leaps():
    stalled, leapt = numbers("09", " share 0.1: ends"), numbers("09", "1/(steps left): ends")
    straight = numbers("09", "the straight line: worst log q on the way")
    assert stalled[0] > 0.5 and stalled[2] < 0.1
    assert leapt[0] == 0 and leapt[2] > 0.5 and leapt[3] == straight[0] < stalled[3]
    assert straight[1] > math.log(4)  # a hole lies ahead
    assert (
        numbers("09", "where it stands: cosine of the target's direction with grad a =")[0] > 0.99
    )
    assert "STALLED" in line("09", "the C: ")
    assert "STALLED" in line("09", "the ring, two sides:")


def test_a_smaller_step_size_cures_the_zigzag_and_not_the_tear():
    small, large = (rows(rf"^eta = {eta}: (?=\d+ of 11)")[0] for eta in ("0.1", "1.0"))
    assert large[2] > 2 * small[2]
    digits = {
        name: numbers("09", f"{name}, read by the classifier:")[:]
        for name in ("proposal", "eta = 0.1", "eta = 1")
    }
    changes = {n: sum(a != b for a, b in zip(d, d[1:], strict=False)) for n, d in digits.items()}
    assert changes["eta = 0.1"] <= changes["proposal"] < changes["eta = 1"]


def test_torn_at_every_step_size():
    as_it_is = numbers("09", "SLERP as it is")
    found = {row[0]: row[1:] for row in rows(r" corrected, eta = ")}
    assert sorted(found) == [0.03, 0.1, 1.0]
    for inside, longest, tear in found.values():
        assert inside > 93 and longest > 5 * as_it_is[1] and tear > 7
    assert as_it_is[2] < 2
    assert found[0.03][2] > 0.8 * found[0.1][2]
    assert found[0.03][1] > 0.8 * found[0.1][1]


def test_the_answers_to_the_two_questions():
    few, many = rows(r"^ ?\d+ steps: (?=\d+ points lost)")
    assert few[0] > many[0] > 3
    thrown, wild, tame = rows(r"^eta = \S+: farthest coordinate")
    assert thrown[0] > thrown[1] > max(wild[0], tame[0])
    assert wild[2] > 2 > tame[2]


def tallied(space, kind):
    """Below, inside, hole and after (%)."""
    (found,) = rows(rf"^ +{space} +{kind} (?= *\d+%)")
    return found


def test_most_points_come_back_and_most_codes_were_not_inside():
    for space in ("ring", "mnist-2d", "mnist-16d"):
        assert all(tallied(space, kind)[3] >= 96 for kind in ("SLERP", "codes"))
        assert tallied(space, "codes")[0] > tallied(space, "codes")[1] < 50  # below, inside
        assert tallied(space, "codes")[2] <= 5
    for space in ("ring", "mnist-16d"):
        assert 80 < tallied(space, "prior")[3] < 97
    assert tallied("mnist-16d", "prior")[2] > 50  # most of them start in a hole


def test_the_target_decides_whether_a_loop_arrives():
    for space in ("mnist-2d", "mnist-16d"):
        inside, n_inside = numbers("09", f"{space}, target  inside:")
        outside, n_outside = numbers("09", f"{space}, target outside:")
        assert outside == 0 < inside and n_inside == n_outside == 10
        assert inside == 10 if space == "mnist-16d" else inside < 10


def verdict(space, kind, measure):
    """+1, 0 or -1: better, as before or worse."""
    mean, error = numbers("09", f"{space} {kind} {measure:>12}")
    good = -mean if measure == "cycle error" else mean
    return 0 if abs(mean) < error else math.copysign(1, good)


MEASURES = ("confidence", "cycle error", "log q")


def test_prior_samples_gain_and_real_codes_of_16_dimensions_lose():
    for measure in MEASURES:
        assert verdict("mnist-2d", "prior", measure) == 1
        assert verdict("mnist-16d", "prior", measure) == 1
        assert verdict("mnist-16d", "codes", measure) == -1
        assert verdict("mnist-2d", "lines", measure) == 1
    assert verdict("mnist-2d", "codes", "confidence") == 1
    assert verdict("mnist-2d", "codes", "log q") == 0
    assert verdict("mnist-16d", "lines", "log q") == verdict("mnist-16d", "lines", "worst log q")
    assert verdict("mnist-16d", "lines", "log q") == -1


def test_no_single_step_size_serves_all_points():
    shares = [
        share for _, share in rows(r"^eta = (?=\d\.\d+ for all points)|^eta = (?=0\.\d+ for)")
    ]
    assert len(shares) == 3 and shares == sorted(shares) and shares[-1] < 97
