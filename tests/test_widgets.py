"""The apps: pure draw functions, and sliders that call them."""

import copy
import io
import math

import pytest
import torch
from PIL import Image
from torch import nn

from nav_utils import widgets
from nav_utils.correction import Run, correct
from nav_utils.densities import StandardNormal, ring
from nav_utils.interpolation import lerp
from nav_utils.memory import fingerprint
from nav_utils.pretrained import load_pretrained
from nav_utils.ratio import DensityRatio, ExactRatio
from nav_utils.steps import Probability

SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def space():
    return load_pretrained("digits-2d")


@pytest.fixture(scope="module")
def ratio():
    return ExactRatio(ring())


def size_of(png):
    """Width and height, as the header of the file says."""
    png = bytes(png)  # a widget may hand back a view of them
    assert png.startswith(SIGNATURE) and png.endswith(b"IEND\xaeB`\x82")
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("eps", [0.01, 0.45])
@pytest.mark.parametrize("level", [-2.0, 4.0])
def test_regions_are_drawn_at_the_corners_of_the_sliders(ratio, eps, level):
    assert size_of(widgets.draw_regions(ratio, eps, level)) == (440, 360)


def test_the_same_numbers_give_the_same_bytes_and_others_give_others(ratio):
    first = widgets.draw_regions(ratio, 0.1, 1.0)
    assert widgets.draw_regions(ratio, 0.1, 1.0) == first
    assert widgets.draw_regions(ratio, 0.11, 1.0) != first
    assert widgets.draw_regions(ratio, 0.1, 1.1) != first


def test_the_contours_are_those_asked_for(ratio):
    drawn = widgets.regions_figure(ratio, 0.1, 1.5).axes[0].collections
    levels = [list(c.levels) for c in drawn if hasattr(c, "levels")]
    band = math.log(0.6 / 0.4)
    for wanted in ([-band, band], [1.5], [1.5, math.inf]):
        assert any(found == pytest.approx(wanted) for found in levels), wanted


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("level", [-1e4, 1e4])
def test_a_level_beyond_the_map_draws_no_line(ratio, level):
    drawn = widgets.regions_figure(ratio, 0.1, level).axes[0].collections
    assert [level] not in [list(c.levels) for c in drawn if hasattr(c, "levels")]


def test_shares_are_those_of_the_samples(ratio):
    shares = widgets.region_shares(ratio, 0.2, 1.0)
    samples = ratio.prior.sample(20_000, torch.Generator().manual_seed(0))
    for column, z in enumerate((samples, ratio.held_out)):
        d, a = ratio.prob(z).double(), ratio.logit(z)
        assert shares["band"][column] == pytest.approx(float((abs(d - 0.5) < 0.2).double().mean()))
        assert shares["above"][column] == pytest.approx(float((a > 1.0).double().mean()))


@pytest.mark.parametrize("name", ["eps", "level"])
def test_a_slider_changes_picture_and_words(ratio, name):
    app = widgets.region_explorer(ratio)
    picture, words = app.picture.value, app.caption.value
    assert size_of(picture) == (440, 360) and "of the held-out codes" in words
    app.sliders[name].value += 0.3
    assert app.picture.value != picture and app.caption.value != words
    values = {key: slider.value for key, slider in app.sliders.items()}
    assert app.picture.value == widgets.draw_regions(ratio, **values)


def test_every_control_has_words_and_the_app_has_a_stable_text(space):
    for app in (widgets.region_explorer(space), widgets.path_explorer(space)):
        assert app.caption in app.children and app.picture in app.children
        for slider in app.sliders.values():
            assert slider.description and slider in app.children
        assert len(repr(app)) < 100 and "run this cell" in repr(app)  # 110 characters are stored


def test_a_constant_logit_lies_in_no_region():
    flat = DensityRatio(nn.Linear(2, 1), torch.randn(50, 2), StandardNormal(2))
    nn.init.zeros_(flat.network.weight)
    nn.init.constant_(flat.network.bias, -3.0)
    assert widgets.region_shares(flat, 0.1, 1.0) == {"band": (0.0, 0.0), "above": (0.0, 0.0)}


@pytest.mark.parametrize("eps", [0.0, 0.5, -0.1, math.nan])
def test_an_impossible_band_is_refused(ratio, eps):
    with pytest.raises(ValueError, match="eps: expected a number between 0 and 1/2"):
        widgets.draw_regions(ratio, eps, 1.0)


@pytest.mark.parametrize("level", [math.nan, math.inf])
def test_an_infinite_level_is_refused(ratio, level):
    with pytest.raises(ValueError, match="level: expected a finite number"):
        widgets.draw_regions(ratio, 0.1, level)


def test_other_spaces_are_refused(space):
    with pytest.raises(ValueError, match="a space that has one, got a LatentSpace"):
        widgets.path_explorer(space._replace(ratio=None))
    with pytest.raises(ValueError, match="expected two dimensions, got 16"):
        widgets.region_explorer(load_pretrained("mnist-16d"))
    with pytest.raises(ValueError, match="expected a ratio or a space that has one, got a Tensor"):
        widgets.draw_regions(torch.zeros(3, 2), 0.1, 1.0)


# ---- a path -----------------------------------------------------------------------------------

NUMBERS = {
    "a1": 1.5,
    "a2": -1.8,
    "b1": -0.9,
    "b2": 0.4,
    "method": "probability",
    "goal": "band",
    "eta": 0.1,
    "eps": 0.1,
    "steps": 50,
    "noise": 0.0,
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", widgets.METHOD_MENU)
@pytest.mark.parametrize("goal", ["band", "below"])
def test_a_path_is_drawn_with_every_method(space, method, goal):
    numbers = NUMBERS | {"method": method, "goal": goal}
    assert size_of(widgets.draw_path(space, **numbers)) == (576, 496)
    assert "times the median" in widgets.path_words(space, **numbers)


def test_the_path_is_the_correction_of_the_straight_line(space):
    proposal, path = widgets.corrected_path(space.ratio, **NUMBERS)
    line = lerp(torch.tensor([1.5, -1.8]), torch.tensor([-0.9, 0.4]), torch.linspace(0, 1, 40))
    assert torch.allclose(proposal, line)
    found = correct(line[1:-1], space.ratio, Probability(0.1), run=Run(max_steps=50))
    assert torch.equal(path.points[0, 1:-1], found.z)
    assert torch.equal(path.points[0, [0, -1]], line[[0, -1]])


CHANGES = {
    "a1": 0.5,
    "a2": 0.0,
    "b1": 1.0,
    "b2": 2.0,
    "method": "gauss_newton",
    "goal": "below",
    "eta": 5.0,
    "eps": 0.02,
    "steps": 1,
    "noise": 0.1,
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_control_of_the_path_changes_the_picture(space, name):
    app = widgets.path_explorer(space)
    app.sliders["eta"].value = 1.0  # so that every point has something to do
    before = bytes(app.picture.value)
    app.sliders[name].value = CHANGES[name]
    values = {key: slider.value for key, slider in app.sliders.items()}
    assert values[name] == CHANGES[name]
    assert bytes(app.picture.value) != before
    assert bytes(app.picture.value) == widgets.draw_path(space, **values)
    assert app.caption.value == widgets.path_words(space, **values)


def test_the_words_count_what_is_outside_and_what_failed(space):
    numbers = NUMBERS | {"steps": 0}
    words = widgets.path_words(space, **numbers)
    proposal, _ = widgets.corrected_path(space.ratio, **numbers)
    outside = (space.ratio.prob(proposal) - 0.5).abs() >= 0.1
    assert f"{int(outside.sum())} of 40 points" in words
    assert f"{int(outside[1:-1].sum())} max steps" in words
    assert "none failed" in widgets.path_words(space, **NUMBERS | {"method": "string"})
    assert "The path is 1.0 times as long as the line, its largest gap 1.0 times" in words


def test_the_drawn_path_lies_where_the_map_has_it(space):
    """A path along the lower edge blackens pixels there, and none at the upper edge."""
    numbers = NUMBERS | {"a1": -3.0, "a2": -3.3, "b1": 3.0, "b2": -3.3, "steps": 0}
    image = Image.open(io.BytesIO(widgets.draw_path(space, **numbers))).convert("L")
    left, bottom, width, height = (
        round(x * y) for x, y in zip(widgets.PLACES[0], (576, 496, 576, 496), strict=True)
    )
    row = 496 - bottom - round(height * (3.5 - 3.3) / 7)  # where z2 = -3.3
    line = [image.getpixel((left + round(width * share), row)) for share in (0.3, 0.5, 0.7)]
    assert max(line) < 60
    other = 496 - bottom - round(height * (3.5 + 3.3) / 7)
    assert image.getpixel((left + width // 2, other)) > 60


def test_paths_that_cannot_be_are_refused(space):
    with pytest.raises(ValueError, match="expected finite"):
        widgets.draw_path(space, **NUMBERS | {"a1": math.nan})
    with pytest.raises(ValueError, match="method: expected one of"):
        widgets.draw_path(space, **NUMBERS | {"method": "hope"})
    with pytest.raises(ValueError, match="expected two dimensions, got 16"):
        widgets.path_explorer(load_pretrained("mnist-16d"))


# ---- a ratio that changes ---------------------------------------------------------------------


def shifted(ratio):
    ratio.shift += 1.0


def scaled(ratio):
    ratio.scale *= 2.0


def retrained(ratio):
    with torch.no_grad():
        ratio.network[0].weight.mul_(1.1)


def weights_replaced(ratio):
    ratio.network[0].weight.data = ratio.network[0].weight.data * 1.1


def other_codes(ratio):
    ratio.held_out = ratio.held_out + 1.0


@pytest.mark.parametrize("change", [shifted, scaled, retrained, weights_replaced])
def test_map_and_path_follow_a_ratio_that_is_changed(space, change):
    space = space._replace(ratio=copy.deepcopy(space.ratio))
    before = widgets.draw_path(space, **NUMBERS), widgets.path_words(space, **NUMBERS)
    change(space.ratio)
    again = space._replace(ratio=copy.deepcopy(space.ratio))  # nothing is remembered of this one
    for draw, old in zip((widgets.draw_path, widgets.path_words), before, strict=True):
        assert draw(space, **NUMBERS) == draw(again, **NUMBERS) != old


def test_map_and_path_follow_an_exact_ratio_that_is_changed(space):
    space = space._replace(ratio=ExactRatio(ring()))
    before = widgets.draw_path(space, **NUMBERS)
    space.ratio.q.means *= 1.5
    assert widgets.draw_path(space, **NUMBERS) != before


def test_nothing_is_computed_twice_for_a_ratio_that_stays(space, monkeypatch):
    widgets.corrected_path(space.ratio, **NUMBERS | {"a1": 0.123})
    monkeypatch.setattr(widgets, "navigate", None)
    widgets.corrected_path(space.ratio, **NUMBERS | {"a1": 0.123})


@pytest.mark.parametrize("change", [shifted, scaled, retrained, weights_replaced, other_codes])
def test_a_fingerprint_knows_every_change_and_no_other(space, change):
    ratio = copy.deepcopy(space.ratio)
    assert fingerprint(ratio) == fingerprint(space.ratio)
    ratio.no_data(torch.zeros(1, 2))  # finds its limits, and changes nothing
    assert fingerprint(ratio) == fingerprint(space.ratio)
    change(ratio)
    assert fingerprint(ratio) != fingerprint(space.ratio)


def test_a_fingerprint_of_an_object_that_holds_itself():
    class Node:
        def __init__(self, value):
            self.value, self.me = value, self

    assert fingerprint(Node(1)) == fingerprint(Node(1)) != fingerprint(Node(2))
    assert fingerprint([1, [2]]) != fingerprint([[1], 2])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_a_space_of_any_type_is_drawn(space, dtype):
    space = space._replace(model=copy.deepcopy(space.model).to(dtype))
    space = space._replace(ratio=copy.deepcopy(space.ratio))
    space.ratio.network.to(dtype)
    space.ratio.held_out = space.ratio.held_out.to(dtype)
    for codes in (space.codes, space.codes.to(dtype)):
        assert size_of(widgets.draw_path(space._replace(codes=codes), **NUMBERS)) == (576, 496)
