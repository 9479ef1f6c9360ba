"""The explorer without a browser: paths, the widget, the still picture, and the file to send."""

import base64
import hashlib
import html
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from PIL import Image

from nav_utils import explorer as package
from nav_utils.correction import Run, Status, correct
from nav_utils.densities import c_shape, ring
from nav_utils.explorer import Explorer, page, payload, to_html
from nav_utils.explorer.packing import shipped_presets
from nav_utils.explorer.page import paths, shipped, static_figure, words
from nav_utils.explorer.state import DEFAULTS, changed, expect_state
from nav_utils.interpolation import arcs, lerp, slerp
from nav_utils.navigation import PathStatus, Stepwise, String, navigate
from nav_utils.plots import failures
from nav_utils.pretrained import load_pretrained
from nav_utils.ratio import ExactRatio
from nav_utils.steps import METHODS, Band, Below, Denser

RING = ExactRatio(ring())
T = torch.linspace(0, 1, 20, dtype=torch.float64)
A, B = (torch.tensor([DEFAULTS[end]], dtype=torch.float64) for end in "ab")


@pytest.fixture(scope="module")
def space():
    return shipped("digits-2d")


@pytest.fixture(scope="module")
def mine():
    """A space of one's own, with names that are not harmless."""
    return load_pretrained("digits-2d")._replace(
        card={"name": "</script><script>alert(1)</script><!-- \"'&"}
    )


def state(**some):
    return expect_state({"points": 20, **some})


def only(found):
    ((proposal, path),) = found
    return proposal, path


# ---- paths --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["probability", "logit", "gauss_newton", "score"])
@pytest.mark.parametrize("goal", ["band", "below"])
def test_a_pointwise_path_is_the_correction_of_its_inner_points(method, goal):
    wanted = state(method=method, goal=goal, eps=0.07, steps=30, noise=0.02, seed=5)
    proposal, path = only(paths(RING, wanted))
    assert torch.equal(proposal, lerp(A, B, T)[0]) and path.points.dtype == torch.float64
    band = Band(0.07)
    inside = {"band": band, "below": Below(band.width, band.width)}[goal]
    if method == "score":
        inside = "denser"
    run = Run(max_steps=30, noise=0.02, seed=5)
    found = correct(proposal[1:-1], RING, METHODS[method](wanted["eta"]), inside, run)
    assert torch.equal(path.points[0, 1:-1], found.z)
    assert torch.equal(path.points[0, [0, -1]], proposal[[0, -1]])
    assert path.point_status[0].tolist() == [0, *found.status.tolist(), 0]


def test_the_level_is_one_of_the_logit_or_of_log_q():
    line = lerp(A, B, T)[0, 1:-1]
    run = Run(max_steps=50)
    for name, goal in (("band", Band(centre=1.5)), ("below", Below(1.5))):
        _, path = only(paths(RING, state(goal=name, level=1.5)))
        found = correct(line, RING, "gauss_newton", goal, run)
        assert torch.equal(path.points[0, 1:-1], found.z)
    _, path = only(paths(RING, state(method="score", level=-3.0)))
    found = correct(line, RING, "score", Denser(-3.0), run)
    assert torch.equal(path.points[0, 1:-1], found.z)


@pytest.mark.parametrize("proposal", ["linear", "slerp"])
def test_the_loop_and_the_string_are_those_of_navigate(proposal):
    loop = state(planner="stepwise", proposal=proposal, goal="below", noise=0.01, seed=9)
    planner = Stepwise("gauss_newton", "below", Run(max_steps=50, noise=0.01, seed=9))
    found = navigate(A, B, RING, planner, n_points=20, proposal=proposal)
    assert torch.equal(only(paths(RING, loop))[1].points, found.points)
    string = state(method="string", planner="stepwise", proposal=proposal, steps=40, eta=0.05)
    found = navigate(A, B, RING, String(40, 0.05), n_points=20, proposal=proposal)
    path = only(paths(RING, string))[1]
    assert torch.equal(path.points, found.points) and path.point_status is None
    assert path.bottleneck == found.bottleneck


def test_both_arcs_are_two_paths_unless_they_cannot_be():
    both = paths(RING, state(proposal="arcs", goal="below"))
    assert torch.equal(torch.stack([p for p, _ in both]), arcs(A, B, T)[0])
    assert not torch.equal(both[0][1].points, both[1][1].points)
    assert len(paths(RING, state(proposal="arcs", method="string", steps=3))) == 2
    proposal, _ = only(paths(RING, state(proposal="arcs", planner="stepwise")))
    assert torch.equal(proposal, slerp(A, B, T)[0])
    for end in ("a", "b"):
        proposal, _ = only(paths(RING, state(proposal="arcs", **{end: [0, 0]})))
        assert torch.equal(proposal[10], lerp(proposal[0], proposal[-1], T)[10])


def test_ends_without_an_arc_get_the_straight_line():
    for a, b in (([1, 1], [-1, -1]), ([0, 0], [1, 1])):
        proposal, _ = only(paths(RING, state(proposal="slerp", a=a, b=b)))
        ends = torch.tensor([a, b], dtype=torch.float64)
        assert torch.allclose(proposal, lerp(*ends, T))


def test_the_verdict_looks_at_the_level_of_95_percent_of_codes():
    assert only(paths(RING, state(method="string", steps=200)))[1].status == PathStatus.REACHED
    chord = [[1.3 * np.cos(angle), 1.3 * np.sin(angle)] for angle in (0.0, 1.6)]
    _, path = only(paths(RING, state(a=chord[0], b=chord[1], steps=0)))
    assert RING.log_q_level(0.05) < path.bottleneck < RING.log_q_level(0.5) - 0.5
    assert path.status == PathStatus.REACHED, "rarer than half of the codes, and still good"
    across = state(a=[-1.3, 0.0], b=[1.3, 0.0], steps=0)
    assert only(paths(RING, across))[1].status == PathStatus.INFEASIBLE
    score = state(a=[-1.3, 0.0], b=[1.3, 0.0], steps=0, method="score", level=-10)
    assert only(paths(RING, score))[1].status == PathStatus.INFEASIBLE, (
        "the method's level is its own"
    )


def test_the_network_computes_in_float64_and_stays_as_it_was(space):
    _, path = only(paths(space.ratio, state(method="string", steps=100)))
    assert path.points.dtype == torch.float64
    assert {p.dtype for p in space.ratio.network.parameters()} == {torch.float32}
    twice = page.in_float64(space.ratio)
    assert {p.dtype for p in twice.network.parameters()} == {torch.float64}
    z = torch.rand(50, 2, dtype=torch.float64)
    assert 0 < (twice.logit(z) - space.ratio.logit(z)).abs().max() < 1e-4


def test_the_better_arc_has_the_higher_bottleneck():
    """In the shape of a C with its gap at the right, the longer way round is the better one."""
    both = paths(
        ExactRatio(c_shape()), state(proposal="arcs", a=[1.2, 0.73], b=[1.2, -0.73], steps=0)
    )
    shorter, longer = (float(path.bottleneck) for _, path in both)
    assert longer > shorter and page.best_of(both) is both[1] is page.best_of(both[::-1])
    assert page.best_of([both[0], both[0]]) is both[0]


# ---- the widget ---------------------------------------------------------------------------------


def test_an_explorer_has_the_state_it_was_given(space):
    figure = Explorer(space, name="here", method="score", a=(9, 0.5), steps=12.5, points=20)
    assert figure.state == state(method="score", a=[3.5, 0.5], steps=13) and figure.eta == 0.02
    assert figure.name == "here" and bytes(figure.payload) == payload(space, start=figure.state)
    assert Explorer("digits-2d").state == DEFAULTS and Explorer("digits-2d").name == "explorer"
    assert Explorer().space is shipped("mnist-2d")
    assert {"_esm", "payload", "path", "status", *DEFAULTS} <= set(figure.keys), "are synchronised"


def test_path_and_status_are_there_from_the_start_and_follow(space):
    figure = Explorer(space, points=20)

    def expected():
        _, path = page.best_of(paths(space.ratio, figure.state))
        inner = [Status(code).name.lower() for code in path.point_status[0, 1:-1].tolist()]
        return path.points[0].tolist(), ["given", *inner, "given"]

    for change in ({}, {"a": [0.5, 1.0]}, {"eps": 0.3}, {"proposal": "arcs"}, {"points": 9}):
        before = figure.path
        for key, value in change.items():
            setattr(figure, key, value)
        points, status = expected()
        assert figure.path == points and (figure.path != before or not change)
        assert figure.status == status
    figure.method = "string"
    assert figure.status == ["given", *["unjudged"] * 7, "given"] and len(figure.path) == 9
    figure.planner = "stepwise"
    assert figure.status[-1] == "given", "the string knows no planner"
    figure.method = "probability"
    assert figure.status[0] == "given" != figure.status[-1], "the loop may not arrive"


def test_a_new_method_begins_with_its_own_step_size_and_level(space):
    figure = Explorer(space, points=8, goal="below", level=1.4)
    seen = []
    figure.observe(lambda change: seen.append(change["new"]), "path")
    figure.method = "logit"
    assert figure.eta == 0.05 and figure.level is None and len(seen) == 1, "computed once"
    assert figure.path == Explorer(space, points=8, goal="below", method="logit").path
    figure.eta = 3.0
    figure.method = "score"
    assert figure.eta == 0.02
    preset = {"eta": 0.3, "level": 1.0, "method": "logit", "points": 20}
    assert changed(preset, {"method": "logit", "eps": 0.2}) == preset | {"eps": 0.2}
    assert changed(preset, {"method": "score"}) == {"method": "score", "points": 20}
    assert changed({"eta": 3.0}, {"method": "gauss_newton"}) == {
        "eta": 3.0,
        "method": "gauss_newton",
    }
    assert Explorer(preset="string", method="gauss_newton").eta == 1


def test_a_state_is_a_copy_and_a_space_is_shown_as_it_was():
    trained = load_pretrained("digits-2d")
    figure = Explorer(trained, points=8)
    figure.state["a"][0] = 99
    assert figure.a == DEFAULTS["a"]
    before = figure.path
    with torch.no_grad():
        next(iter(trained.ratio.network.parameters())).zero_()
    figure.b = [0.0, 0.0]
    figure.b = DEFAULTS["b"]
    assert figure.path == before


def test_a_message_without_a_path_is_followed(space):
    figure = Explorer(space, points=8)
    figure.set_state({"eps": 0.4})
    assert figure.path == Explorer(space, points=8, eps=0.4).path
    figure.observe(lambda change: setattr(figure, "points", 20), "seed")
    figure.set_state({"seed": 5, "path": [[1, 1]], "status": ["x"]})
    assert figure.path == Explorer(space, points=20, eps=0.4, seed=5).path
    figure.path = []
    figure.points = 9
    assert len(figure.path) == 9


def test_the_line_of_python_is_how_it_was_made(space):
    assert Explorer(space).call == "Explorer(space"
    assert Explorer("digits-2d", name="x").call == "Explorer('digits-2d', name='x'"


def test_what_the_page_writes_wins(space):
    figure = Explorer(space, points=8)
    sent = {"a": [1, 1], "method": "score", "eta": 1, "path": [[1, 1], [2, 2]], "status": ["x"]}
    figure.set_state(sent)
    assert figure.a == [1.0, 1.0] and figure.eta == 1
    assert figure.path == [[1, 1], [2, 2]] and figure.status == ["x"]
    figure.b = [0, 0]
    assert len(figure.path) == 8 and figure.path[0] == [1, 1]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("eps", "wide", "eps: expected a finite number from 0.01 to 0.45, got 'wide'"),
        ("method", "hope", "method: expected one of probability"),
        ("a", [1, 2, 3], r"a: expected two finite numbers \[x, y\], got \[1, 2, 3\]"),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(space, key, value, said):
    with pytest.raises(ValueError, match=said):
        Explorer(space, **{key: value})
    figure = Explorer(space, points=8)
    before = figure.state
    with pytest.raises(ValueError, match=said):
        setattr(figure, key, value)
    assert figure.state == before


def test_names_spaces_and_presets_that_cannot_be_are_refused(space):
    with pytest.raises(ValueError, match="expected one of mnist-2d, digits-2d, got 'mnist'"):
        Explorer("mnist")
    with pytest.raises(ValueError, match="expected a LatentSpace, got a int"):
        Explorer(3)
    with pytest.raises(ValueError, match="got 'colour'"):
        Explorer(space, colour=1)
    for name in ("1st", 'a" onclick="x', "a b", "a?b", "x" * 65):
        with pytest.raises(ValueError, match="name: expected a letter and then"):
            Explorer(space, name=name)
    with pytest.raises(ValueError, match="preset: expected first, .* got 'nothing'"):
        Explorer(preset="nothing")
    with pytest.raises(ValueError, match="there are none for this space, got 'first'"):
        Explorer(space, preset="first")


def test_a_preset_is_where_it_starts_and_what_is_given_comes_on_top():
    (name, preset), *_ = shipped_presets("mnist-2d").items()
    figure = Explorer(preset=name, points=8)
    assert figure.state == expect_state(preset["state"] | {"points": 8})


def test_its_text_is_short_and_always_the_same(space, mine):
    first, second = Explorer(space, points=8), Explorer(space, points=8)
    assert repr(first) == repr(second) == "[explorer of digits-2d: run this cell to drag A and B]"
    long = space._replace(card={"name": "x" * 300})
    assert len(repr(Explorer(long, points=8))) < 100


def test_jupyter_gets_the_live_widget_and_for_pages_the_still_one(space):
    figure = Explorer(space, points=8, name="here")
    data, _ = figure._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == figure.model_id
    assert data["text/plain"] == repr(figure)
    assert data["text/html"] == page.div(space, figure.state, "here")
    assert figure._ipython_display_ is None, "ipywidgets 7 would leave the bundle out"


# ---- markup -------------------------------------------------------------------------------------


class Read(HTMLParser):
    """Every tag's name and attributes, and all text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def picture_of(attributes):
    kind, _, data = attributes["src"].partition(",")
    assert kind == "data:image/png;base64"
    return base64.b64decode(data)


def test_the_div_of_a_shipped_space_says_what_to_fetch_and_holds_a_picture(space):
    wanted = state(method="score", a=[1, 1])
    found = Read(page.div(space, wanted, "here"))
    (div,), (img,) = found.attributes("div"), found.attributes("img")
    assert div["class"] == "nav-explorer" and div["id"] == "here"
    assert div["data-space"] == "digits-2d" and json.loads(div["data-state"]) == wanted
    assert picture_of(img) == static_figure(space, wanted)
    assert img["alt"] == words(space, wanted)
    assert not any("style" in some for _, some in found.tags), "a policy may forbid it"
    assert "where scripts run, this figure is live" in found.text


def test_a_space_of_ones_own_is_still_and_says_what_it_needs(space, mine):
    found = Read(page.div(mine, state(), "here"))
    assert set(found.attributes("div")[0]) == {"class", "id"}, "the loader leaves it alone"
    assert "needs the kernel" in found.text and len(found.attributes("img")) == 1
    assert len(page.div(mine, state(), "here")) < 150_000
    other = load_pretrained("digits-2d")
    assert page.is_shipped(other), "another copy of the same"
    other.ratio.network[0].bias[0] += 0.01
    assert not page.is_shipped(other), "the name alone is not enough"
    assert not page.is_shipped(mine) and page.is_shipped(space)


# ---- the still picture --------------------------------------------------------------------------

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
        ({"level": 2.0, "goal": "below", "method": "string"}, (0.4, 0.6)),
    ],
)
def test_the_band_is_what_counts_as_inside(some, band):
    wanted = state(**some)
    assert page.band_of(page.goal_of(wanted, RING)) == pytest.approx(band)
    low, high = band
    ratio = FlatRatio()
    for d, inside in ((low + 1e-3, low > 0), (low - 1e-3, False), (high - 1e-3, True)):
        ratio.d = max(d, 1e-6)
        expected = 0 if inside or (low == 0 and d < high) else 1
        assert page.outside(ratio, torch.zeros(1, 2).double(), wanted) == expected
    ratio.d = high + 1e-3
    assert page.outside(ratio, torch.zeros(1, 2).double(), wanted) == 1


class FlatRatio(ExactRatio):
    """D is the same everywhere."""

    def __init__(self):
        super().__init__(ring(), n=100)
        self.d = 0.5

    def logit(self, z):
        return torch.full(z.shape[:-1], self.d, dtype=z.dtype).logit()


def test_score_speaks_of_log_q_and_shades_no_band():
    assert page.band_of(page.goal_of(state(method="score"), RING)) is None
    z = RING.q.sample(200, torch.Generator().manual_seed(0), torch.float64)
    wanted = state(method="score", level=-2.5)
    assert page.outside(RING, z, wanted) == int((RING.log_q(z) < -2.5).sum()) > 0
    half = page.outside(RING, RING.held_out, state(method="score"))
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
    assert "Outside the band" in words(space, state(goal="below", method="string"))
    assert "of the arc (dashed)" in words(space, state(proposal="slerp"))
    assert "of the better arc (dashed)" in words(space, state(proposal="arcs"))
    assert "The path is 0.0 long" in words(space, state(a=[1, 1], b=[1, 1], steps=0))


def test_the_words_give_the_verdict():
    space = shipped("mnist-2d")
    presets = {name: preset["state"] for name, preset in shipped_presets("mnist-2d").items()}
    assert "It stalls and does not arrive at B." in words(space, expect_state(presets["stall"]))
    assert "It arrives." in words(space, expect_state(presets["one-side"]))
    assert "rarer than 95 % of codes" in words(space, expect_state(presets["no-way"]))


# ---- scripts, and the file to send --------------------------------------------------------------


def text_of(script, target):
    """The text that a script assigns."""
    match = re.fullmatch(re.escape(target) + r"\[(\".*?\")\] = (\".*\");\n", script)
    return json.loads(match[1]), json.loads(match[2])


def test_scripts_hold_what_the_loader_looks_for(space):
    name, data = text_of(page.space_script("digits-2d", b"\x00\xff"), "(window.NAV_SPACES ??= {})")
    assert name == "digits-2d" and base64.b64decode(data) == b"\x00\xff"
    name, text = text_of(page.bundle_script(), "window")
    assert name == "NAV_EXPLORER" and text == page.BUNDLE.read_text(encoding="utf-8")
    hostile = page.assignment("x", '</script>"', "<!-- </script> \u2028 \\ \"'")
    assert "<" not in hostile and "\u2028" not in hostile
    assert text_of(hostile, "x") == ('</script>"', "<!-- </script> \u2028 \\ \"'")
    assert "</script" not in page.LOADER.read_text(encoding="utf-8"), "it is put into a page whole"


def test_the_bundle_and_its_page_stay_small():
    assert page.BUNDLE.stat().st_size <= 60_000
    whole = page.space_script("mnist-2d", payload(shipped("mnist-2d")))
    whole += page.div(shipped("mnist-2d"), DEFAULTS, "explorer") + page.LOADER.read_text()
    assert len(whole) + page.BUNDLE.stat().st_size <= 900_000


def test_the_file_holds_all_it_needs(space, tmp_path):
    figure = Explorer(space, name="here", a=[1, 1], points=20)
    file = figure.to_html(tmp_path / "explorer.html")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>\n") and list(tmp_path.iterdir()) == [file]
    found = Read(text)
    assert found.attributes("html") == [{"lang": "en"}] and "<title>digits-2d" in text
    assert any(meta.get("name") == "viewport" for meta in found.attributes("meta"))
    (div,) = found.attributes("div")
    assert div["id"] == "here" and json.loads(div["data-state"]) == figure.state
    assert picture_of(found.attributes("img")[0]) == static_figure(space, figure.state)
    assert found.attributes("script") == [{}, {}, {}], "nothing is fetched"
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    data = text_of(text.split("<script>")[2].split("</script>")[0], "(window.NAV_SPACES ??= {})")
    assert data == ("digits-2d", base64.b64encode(payload(space, start=figure.state)).decode())


def test_the_files_policy_allows_its_own_scripts_and_no_others(space, tmp_path):
    text = to_html(space, tmp_path / "x.html", {"points": 20}).read_text(encoding="utf-8")
    found = Read(text)
    (policy,) = (m["content"] for m in found.attributes("meta") if "http-equiv" in m)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'" and "unsafe" not in policy

    def hashes(tag):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digests = (hashlib.sha256(part.encode()).digest() for part in inside)
        return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]

    assert (
        rules["script-src"].split() == [*hashes("script"), "blob:"] and len(hashes("script")) == 3
    )
    assert rules["style-src"].split() == hashes("style")


def test_a_space_has_a_file_too_and_starts_where_one_says(space, tmp_path):
    to_html(space, tmp_path / "x.html", {"eps": 0.3, "a": [9, 0]}, name="other")
    div = Read((tmp_path / "x.html").read_text(encoding="utf-8")).attributes("div")[0]
    assert div["id"] == "other"
    assert json.loads(div["data-state"]) == DEFAULTS | {"eps": 0.3, "a": [3.5, 0.0]}
    with pytest.raises(ValueError, match="eps: expected a finite number"):
        to_html(space, tmp_path / "y.html", {"eps": None})
    with pytest.raises(ValueError, match="name: expected a letter"):
        to_html(space, tmp_path / "y.html", name="<b>")
    with pytest.raises(ValueError, match="expected a LatentSpace, got a str"):
        to_html("mnist-2d", tmp_path / "y.html")
    assert [path.name for path in tmp_path.iterdir()] == ["x.html"]


def test_names_cannot_break_out_of_the_file(mine, tmp_path):
    name = mine.card["name"]
    text = to_html(mine, tmp_path / "x.html").read_text(encoding="utf-8")
    found = Read(text)
    assert found.attributes("div")[0]["data-space"] == "space"
    assert found.attributes("script") == [{}, {}, {}] and "<script>alert" not in text
    assert html.escape(name) in text.split("<title>")[1].split("</title>")[0]
    script = text.split("<script>")[2].split("</script>")[0]
    assert text_of(script, "(window.NAV_SPACES ??= {})")[0] == "space"


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_else(
    space, tmp_path, monkeypatch
):
    file = tmp_path / "x.html"
    file.write_text("old")
    file.chmod(0o600)
    with pytest.raises(FileNotFoundError):
        to_html(space, tmp_path / "nowhere" / "x.html")

    def fail(*paths):
        raise OSError("the disk is full")

    monkeypatch.setattr(page.os, "replace", fail)
    with pytest.raises(OSError, match="the disk is full"):
        to_html(space, file)
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]
    monkeypatch.undo()
    to_html(space, file)
    assert file.read_text().startswith("<!doctype html>") and list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o600
    link = tmp_path / "link.html"
    link.symlink_to(file)
    assert to_html(space, link, {"eps": 0.3}) == link and link.is_symlink()
    assert "0.3" in file.read_text()


def test_the_package_offers_three_names():
    assert package.__all__ == ["Explorer", "payload", "to_html"]
