"""Chapter 01: what its numbers have to show."""

import pytest

from tests.chapter_outputs import numbers, printed


def row(label):
    """A row of the table of means: real codes, prior, (mean, low, high) of both kinds of pairs."""
    real, prior, *paths = numbers("01", label)
    return real, prior, tuple(paths[:3]), tuple(paths[3:])


def share(label):
    """A share in percent and its interval."""
    return tuple(numbers("01", label))


def test_the_midpoint_of_two_points_lies_at_the_cosine_of_half_their_angle():
    radii = []
    for line in ("points 0.2:", "points 1.0:", "points 2.0:", "points 3.1:"):
        radius, cosine = numbers("01", line)
        assert radius == pytest.approx(cosine, abs=0.005)
        radii.append(radius)
    assert radii == sorted(radii, reverse=True) and radii[0] > 0.99 and radii[-1] == 0


def test_a_mean_of_pixels_is_a_double_exposure():
    assert numbers("01", "pixels over codes:")[0] > 1.2


def test_crossing_once_meets_the_bound_and_crossing_twice_costs_more():
    once_before = 100.0
    for slope in (" 4", "16", "64"):
        bound, once, twice = numbers("01", f"slope {slope}:")
        assert once == pytest.approx(bound, abs=0.02)
        assert twice > 1.4 * once
        assert once == pytest.approx(100 * 0.798 / int(slope), rel=0.02)  # sqrt(2 / pi) / L
        assert 0 < once < once_before
        once_before = once


def test_holes_are_a_small_part_of_the_prior_and_a_coarser_measure_sees_fewer():
    (fine,) = [line for line in printed("01") if "prior's samples fall into a hole" in line]
    fine = float(fine.split("%")[0])
    assert 5 < fine < 25
    assert 100 * row("   in a hole  ")[1] < fine


def test_a_straight_path_is_no_farther_from_codes_than_real_codes_are():
    real, prior, different, same = row("   distance  ")
    assert different[0] <= real < prior
    assert same[2] < real


def test_a_path_between_classes_lies_more_in_holes_than_real_codes_and_less_than_the_prior():
    real, prior, different, same = row("   in a hole  ")
    assert different[1] > 3 * real
    assert different[2] < prior
    assert same[1] <= real <= same[2]


def test_confidence_and_cycle_error_are_slightly_and_clearly_worse():
    real, _, different, same = row("   confidence  ")
    assert different[2] < real and different[0] > real - 0.06
    assert same[1] <= real <= same[2]
    real, _, different, same = row("   cycle error  ")
    assert different[1] > real and different[0] < 1.3 * real
    assert same[1] <= real <= same[2]


@pytest.mark.parametrize(("what", "low", "high"), [("in a hole", 40, 50), ("garbage", 20, 30)])
def test_some_paths_between_classes_have_a_bad_stretch(what, low, high):
    touching = share(f"different class, {what}, paths with one:")
    (real,) = share(f"real codes, {what}, sets of 30 with one:")
    same = share(f"same class, {what}, paths with one:")
    assert low < touching[0] < high  # "nearly half", "about a quarter"
    assert touching[1] > real and 1.3 < touching[0] / real < 1.8  # "one and a half times"
    assert touching[0] > 3 * same[0]
    points = share(f"different class, {what}, share of points:")
    assert points[2] < 10  # most points of most paths are neither


def test_in_a_hole_things_are_worse():
    inside, elsewhere = numbers("01", "distance: ")
    assert inside > 1.8 * elsewhere
    inside, elsewhere = numbers("01", "cycle error: ")
    assert inside > 1.8 * elsewhere
    inside, elsewhere = numbers("01", "confidence: ")
    assert inside < elsewhere - 0.05


def test_the_worst_point_of_a_path_proves_nothing():
    for measure in ("   distance", "cycle error"):
        worst, _, high, _, real = numbers("01", f"worst {measure} of a path:")
        assert worst < high < real  # milder than the worst of 30 real codes
    worst, _, high, _, real = numbers("01", "worst  confidence of a path:")
    assert 0.5 < worst < high < real


def test_the_smallest_confidence_is_below_one_half_if_one_looks_closely():
    _, few, _, many = numbers("01", "worst confidence of the first")[:4]
    n_same, n = numbers("01", "of one class to the judge on")
    assert 0 < n_same < 0.1 * n
    assert many < 0.5 < few


def test_at_more_points_hardly_more_paths_touch_a_hole_and_nearly_all_sets_of_codes_do():
    rows = [numbers("01", f"{n:6d}    ")[:3] for n in (30, 100, 300)]
    points, paths, sets = zip(*rows, strict=True)
    assert max(points) - min(points) < 1 and max(paths) - min(paths) < 10
    assert paths[0] > sets[0] and paths[1] < sets[1] and sets[2] > 90
