"""Chapter 00: what its numbers have to show, and what its live figure shows when it is set."""

import functools
import re

import nbformat
import pytest
import torch

from nav_utils.explorer import Explorer
from nav_utils.interpolation import lerp
from nav_utils.pretrained import load_classifier, load_pretrained
from tests.chapter_outputs import ROOT, numbers

HOLE = 4  # the prior promises more than four codes for each one there


def judged(label):
    """Distance, mean confidence, and the share in percent of points below 0.9."""
    distance, confidence, _, share = numbers("00", label)
    return distance, confidence, share


def test_the_codes_follow_the_prior_roughly():
    assert numbers("00", "the circle of radius 1:")[1] == pytest.approx(39, abs=1)
    assert numbers("00", "the circle of radius 2:")[1] == pytest.approx(86, abs=1)
    for radius in (1, 2):
        codes, prior = numbers("00", f"the circle of radius {radius}:")
        assert abs(codes - prior) < 10
    assert prior - codes > 2  # more codes lie outside, and the text gives both shares


def test_the_worst_point_of_the_straight_path_is_a_hole():
    found, n_codes, promised, ratio = numbers("00", "within 0.1 of it lie")
    assert n_codes == 60_000
    assert ratio == pytest.approx(promised / found, abs=0.1)
    assert ratio > HOLE
    assert round(ratio) == 8  # in words in the text


def test_the_straight_path_is_worse_than_real_codes_and_the_detour_is_not():
    straight, real, detour = (
        judged(label) for label in ("straight path: dist", "all test codes:", "detour: dist")
    )
    assert straight[0] > 1.2 * real[0] and straight[1] < real[1] and straight[2] > 2 * real[2]
    assert detour[0] < 1.1 * real[0] and detour[1] > real[1] and detour[2] < real[2]
    assert 1 < numbers("00", "the detour is")[0] < 1.5  # a little longer


def test_the_compass_finds_codes_and_is_no_judge_of_digits():
    straight, detour, navigated = (
        judged(label) for label in ("straight line:", "detour by eye:", "navigated: dist")
    )
    assert navigated[0] < detour[0] < straight[0]
    assert detour[2] < navigated[2] / 2 and navigated[2] < straight[2]


def test_the_literal_loop_hardly_moves_towards_its_target():
    (whole,) = numbers("00", "from the 5 to the 3:")[:1]
    (left,) = numbers("00", "from the end of the literal loop to the 3:")
    assert 0.8 * whole < left < whole


def test_the_corrected_points_are_better_and_the_path_is_torn():
    moved, n_points, out = numbers("00", "points moved:")
    assert moved == out and n_points / 2 < moved < n_points
    _, doubtful_before, _, gap_before = numbers("00", "straight: the judge is below")
    _, doubtful, n_judged, gap = numbers("00", "corrected: the judge is below")
    assert n_judged == n_points
    assert doubtful < doubtful_before / 2
    assert gap_before == pytest.approx(1, abs=0.05) and gap > 5


# ---- what the three presets show ----------------------------------------------------------------


@functools.cache
def figure(preset):
    return Explorer("mnist-2d", name="voyage", preset=preset)


def gap(path):
    """The largest step of a path, in medians."""
    steps = torch.tensor(path).diff(dim=0).norm(dim=-1)
    return float(steps.max() / steps.median())


def test_the_chapter_offers_the_presets_that_are_tested_here():
    (path,) = (ROOT / "notebooks").glob("00_*.ipynb")
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    offered = re.findall(r'data-explorer="voyage" data-preset="([^"]+)"', text)
    assert offered == ["string", "hole-1-7", "one-side"]


def test_a_string_has_no_gap_and_some_smudges():
    assert gap(figure("first").path) > 5 > 1.2 > gap(figure("string").path)
    with torch.no_grad():
        images = load_pretrained("mnist-2d").model.decode(torch.tensor(figure("string").path))
        confidence = load_classifier()(images).softmax(-1).amax(-1)
    assert confidence.min() < 0.6  # at least one image is no clear digit
    assert confidence.median() > 0.8


@pytest.mark.parametrize("digit", [0, 2, 3, 4, 5, 6, 7, 8, 9])
def test_the_corrected_line_leaves_the_1s_by_a_leap(digit):
    space, live = load_pretrained("mnist-2d"), Explorer("mnist-2d", preset="hole-1-7")
    live.b = space.test_codes[space.test_labels == digit].median(0).values.tolist()
    assert gap(live.path) > 5


def test_among_the_2s_nothing_is_moved():
    live = figure("one-side")
    line = lerp(torch.tensor(live.a), torch.tensor(live.b), torch.linspace(0, 1, live.points))
    assert set(live.status) == {"given", "inside"}
    torch.testing.assert_close(torch.tensor(live.path), line, atol=1e-5, rtol=0)


def test_the_stop_of_the_experiment_lies_more_in_holes_and_the_judge_is_surer():
    straight, stops = (numbers("00", f"{name}, in holes: ")[0] for name in ("direct", "my stops"))
    assert stops > 2 * straight > 2 and stops == 18  # which the solution quotes
    assert judged("my stops: dist")[2] < judged("direct: dist")[2] / 2
