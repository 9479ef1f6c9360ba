"""The still picture of an explorer, and the words that say what it shows."""

import io

import numpy as np
import pytest
import torch
from explorer_states import RING, only, state
from PIL import Image

from nav_utils.densities import ring
from nav_utils.explorer import computing, page
from nav_utils.explorer.computing import paths
from nav_utils.explorer.packing import shipped_presets
from nav_utils.explorer.page import shipped, static_figure, words
from nav_utils.explorer.state import expect_state
from nav_utils.plots import failures
from nav_utils.ratio import ExactRatio

EVERY = [
    state(),
    state(proposal="arcs", method="score", classes=True),
    state(proposal="slerp", method="string", eps=0.45),
    state(planner="stepwise", goal="below", level=-10.0, eps=0.01),
    state(a=[3.5, 3.5], b=[3.5, 3.5], level=10.0),
    state(a=[0, 0], b=[0, 0], steps=0, points=8),
]


@pytest.fixture(scope="module")
def pictures(space):
    """Of every one of these states."""
    return [static_figure(space, wanted) for wanted in EVERY]


def small(png):
    image = Image.open(io.BytesIO(png))
    assert image.convert("RGBA").getextrema()[3] == (255, 255), "opaque"
    return image.format == "PNG" and image.width <= 760 and len(png) <= 50_000


def test_every_state_has_a_small_opaque_picture(pictures):
    assert all(small(png) for png in pictures) and len(set(pictures)) == len(EVERY)
    assert small(static_figure(shipped("mnist-2d"), expect_state({"classes": True})))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("wanted", EVERY)
def test_every_state_has_words(space, wanted):
    said = words(space, wanted)
    assert f"{wanted['points']} points of" in said and "nan" not in said and "inf" not in said


def test_the_picture_follows_the_state(space, pictures):
    assert static_figure(space, EVERY[0]) == pictures[0], "the same state, the same bytes"
    for key, value in {"b": [1, 1], "eps": 0.2}.items():
        assert static_figure(space, state(**{key: value})) != pictures[0]


def drawn(space, wanted, monkeypatch):
    """The figure before it becomes a picture."""
    kept = []
    original = page.pixels

    def pixels(fig):
        kept.append(fig)
        return original(fig)

    monkeypatch.setattr(page, "pixels", pixels)
    static_figure(space, wanted)
    return kept[0]


def test_the_figure_shows_both_paths_the_band_and_the_images(space, monkeypatch):
    wanted = state(steps=3, method="probability", eta=0.5)
    fig = drawn(space, wanted, monkeypatch)
    on_map, curve, *rows = fig.axes
    proposal, path = only(paths(space.ratio, wanted))
    lines = {line.get_linestyle(): [] for line in on_map.lines}
    for line in on_map.lines:
        lines[line.get_linestyle()].append(line)
    (dashed,) = lines["--"]
    assert np.array_equal(dashed.get_xydata(), proposal)
    solid = [line for line in lines["-"] if len(line.get_xydata()) == 20]
    assert np.array_equal(solid[0].get_xydata(), path.points[0])
    assert solid[0].get_path_effects() and solid[0].get_linewidth() > dashed.get_linewidth()
    whiskers = [line.get_xydata() for line in lines["-"] if len(line.get_xydata()) == 2]
    assert np.array_equal(whiskers[7], torch.stack([proposal, path.points[0]])[:, 7])
    failed = failures(path)
    squares = [line for line in on_map.lines if line.get_marker() == "s"]
    assert len(failed) > 3 and np.array_equal(squares[0].get_xydata(), path.points[0, failed])
    assert {text.get_text() for text in on_map.texts} >= {"A", "B", "D = 0.5"}
    d = [line.get_ydata() for line in curve.lines]
    assert d[0] == pytest.approx(space.ratio.prob(proposal).numpy())
    assert d[1] == pytest.approx(space.ratio.prob(path.points[0]).numpy())
    assert curve.lines[2].get_marker() == "s"
    assert np.array_equal(curve.lines[2].get_xydata(), np.stack([failed, d[1][failed]], 1))
    band = curve.patches[0]
    assert (band.get_y(), band.get_height()) == pytest.approx((0.4, 0.2))
    for ax, z in zip(rows, (proposal, path.points[0]), strict=True):
        shown = ax.images[0].get_array()
        last = space.model.decode(z[-1:].float())[0, 0].numpy()
        assert shown.shape == (8, 12 * 9 - 1) and np.allclose(shown[:, -8:], last)
    assert [ax.get_ylabel() for ax in rows] == ["proposal", "corrected"]
    sizes = [text.get_fontsize() for text in fig.findobj(lambda x: hasattr(x, "get_fontsize"))]
    assert min(sizes) >= 9 and len(sizes) > 10


def test_with_both_arcs_the_other_is_drawn_too(space, monkeypatch):
    wanted = state(proposal="arcs", goal="below")
    fig = drawn(space, wanted, monkeypatch)
    curves = [line.get_xydata() for line in fig.axes[0].lines]
    for proposal, path in paths(space.ratio, wanted):
        assert any(np.array_equal(proposal, xy) for xy in curves)
        assert any(np.array_equal(path.points[0], xy) for xy in curves)


def test_codes_are_drawn_by_class_if_asked(space, monkeypatch):
    def digits(fig):
        return {text.get_text() for text in fig.axes[0].texts} & set("0123456789")

    assert digits(drawn(space, state(), monkeypatch)) == set()
    fig = drawn(space, state(classes=True), monkeypatch)
    assert digits(fig) == set("0123456789")
    over = max(line.get_zorder() for line in fig.axes[0].lines)
    assert all(t.get_zorder() < over for t in fig.axes[0].texts if t.get_text() in "0123456789")


@pytest.mark.parametrize(
    ("some", "band"),
    [
        ({"eps": 0.2}, (0.3, 0.7)),
        ({"eps": 0.2, "goal": "below"}, (0.0, 0.7)),
        ({"level": 0.0, "goal": "below"}, (0.0, 0.5)),
        ({"level": np.log(4.0), "eps": 0.25}, (4 / 7, 12 / 13)),
        ({"level": 2.0, "goal": "band", "method": "string"}, (0.0, 0.8)),
    ],
)
def test_the_band_is_what_counts_as_inside(some, band):
    wanted = state(**some)
    assert page.band_of(computing.goal_of(wanted, RING)) == pytest.approx(band)
    low, high = band
    ratio = FlatRatio()
    for d, inside in ((low + 1e-3, low > 0), (low - 1e-3, False), (high - 1e-3, True)):
        ratio.d = max(d, 1e-6)
        expected = 0 if inside or (low == 0 and d < high) else 1
        assert computing.outside(ratio, torch.zeros(1, 2).double(), wanted) == expected
    ratio.d = high + 1e-3
    assert computing.outside(ratio, torch.zeros(1, 2).double(), wanted) == 1


class FlatRatio(ExactRatio):
    """D is the same everywhere."""

    def __init__(self):
        super().__init__(ring(), n=100)
        self.d = 0.5

    def logit(self, z):
        return torch.full(z.shape[:-1], self.d, dtype=z.dtype).logit()


def test_score_speaks_of_log_q_and_shades_no_band():
    assert page.band_of(computing.goal_of(state(method="score"), RING)) is None
    z = RING.q.sample(200, torch.Generator().manual_seed(0), torch.float64)
    wanted = state(method="score", log_q_level=-2.5)
    assert computing.outside(RING, z, wanted) == int((RING.log_q(z) < -2.5).sum()) > 0
    half = computing.outside(RING, RING.held_out, state(method="score"))
    assert half == pytest.approx(len(RING.held_out) / 2, rel=0.01)


def test_the_words_say_what_happened(space):
    wanted = state(steps=0)
    proposal, path = only(paths(space.ratio, wanted))
    out = int(((space.ratio.prob(proposal) - 0.5).abs() > 0.1).sum())
    said = words(space, wanted)
    assert "from A (1.50, -1.80) to B (-0.90, 0.40)" in said and "gauss_newton" in said
    assert f"within 0.10 of 1/2: {out} of 20 points of the straight line" in said
    assert f"{out} after the correction" in said and "max steps" in said
    assert f"Lowest log p - a on the path: {float(path.bottleneck):.1f} nats" in said
    assert "Below the level of log p - a" in words(space, state(method="score"))
    assert "Above the level of the logit" in words(space, state(goal="below"))
    assert "In holes (a above log 4)" in words(space, state(goal="below", method="string"))
    assert "of the arc (dashed)" in words(space, state(proposal="slerp"))
    assert "of the better arc (dashed)" in words(space, state(proposal="arcs"))
    assert "The path is 0.0 long" in words(space, state(a=[1, 1], b=[1, 1], steps=0))


def test_the_words_give_the_verdict():
    space = shipped("mnist-2d")
    presets = {name: preset["state"] for name, preset in shipped_presets("mnist-2d").items()}
    stall = words(space, expect_state(presets["stall"]))
    assert "It stalls at point 17 of 48 and does not arrive at B." in stall
    assert "29 of 48 points" in stall and "none failed" in stall
    assert "It arrives." in words(space, expect_state(presets["one-side"]))
    assert "rarer than 95 % of codes" in words(space, expect_state(presets["no-way"]))
