"""The explorer without a browser: its paths, and the widget of a notebook."""

import numpy as np
import pytest
import torch
from explorer_states import RING, only, state

from nav_utils import explorer as package
from nav_utils.correction import Run, Status, correct
from nav_utils.densities import c_shape
from nav_utils.explorer import Explorer, computing, page, payload
from nav_utils.explorer.computing import paths
from nav_utils.explorer.packing import shipped_presets
from nav_utils.explorer.page import shipped
from nav_utils.explorer.state import DEFAULTS, changed, expect_state
from nav_utils.interpolation import arcs, lerp, slerp
from nav_utils.navigation import PathStatus, Stepwise, String, navigate
from nav_utils.pretrained import load_pretrained
from nav_utils.ratio import ExactRatio
from nav_utils.steps import METHODS, Band, Below, Denser

T = torch.linspace(0, 1, 20, dtype=torch.float64)
A, B = (torch.tensor([DEFAULTS[end]], dtype=torch.float64) for end in "ab")


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
    _, path = only(paths(RING, state(method="score", log_q_level=-3.0)))
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
    score = state(a=[-1.3, 0.0], b=[1.3, 0.0], steps=0, method="score", log_q_level=-10)
    assert only(paths(RING, score))[1].status == PathStatus.INFEASIBLE, (
        "the method's level is its own"
    )


def test_the_network_computes_in_float64_and_stays_as_it_was(space):
    _, path = only(paths(space.ratio, state(method="string", steps=100)))
    assert path.points.dtype == torch.float64
    assert {p.dtype for p in space.ratio.network.parameters()} == {torch.float32}
    twice = computing.in_float64(space.ratio)
    assert {p.dtype for p in twice.network.parameters()} == {torch.float64}
    z = torch.rand(50, 2, dtype=torch.float64)
    assert 0 < (twice.logit(z) - space.ratio.logit(z)).abs().max() < 1e-4


def test_the_better_arc_has_the_higher_bottleneck():
    """In the shape of a C with its gap at the right, the longer way round is the better one."""
    both = paths(
        ExactRatio(c_shape()), state(proposal="arcs", a=[1.2, 0.73], b=[1.2, -0.73], steps=0)
    )
    shorter, longer = (float(path.bottleneck) for _, path in both)
    assert longer > shorter and computing.best_of(both) is both[1] is computing.best_of(both[::-1])
    assert computing.best_of([both[0], both[0]]) is both[0]


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
        _, path = computing.best_of(paths(space.ratio, figure.state))
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


def test_a_new_method_begins_with_its_own_step_size_and_keeps_the_level(space):
    figure = Explorer(space, points=8, goal="below", level=1.4)
    seen = []
    figure.observe(lambda change: seen.append(change["new"]), "path")
    figure.method = "logit"
    assert figure.eta == 0.05 and figure.level == 1.4 and len(seen) == 1, "computed once"
    assert figure.path == Explorer(space, points=8, goal="below", method="logit", level=1.4).path
    figure.eta = 3.0
    figure.method = "score"
    assert figure.eta == 0.02 and len(seen) >= 3
    before = figure.path
    figure.level = -5.0
    assert figure.path == before, "the score has its own level"
    figure.log_q_level = -1.0
    assert figure.path != before
    preset = {"eta": 0.3, "level": 1.0, "method": "logit", "points": 20}
    assert changed(preset, {"method": "logit", "eps": 0.2}) == preset | {"eps": 0.2}
    assert changed(preset, {"method": "score"}) == {
        "method": "score",
        "level": 1.0,
        "points": 20,
    }
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


def test_its_text_is_short_and_always_the_same(space):
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


def test_the_package_offers_three_names():
    assert package.__all__ == ["Explorer", "payload", "to_html"]


def test_points_that_a_stalled_loop_never_came_to_are_untried():
    figure = Explorer(preset="stall")
    assert figure.status[17:] == ["untried"] * 31 and "untried" not in figure.status[:17]
    assert figure.path[17:] == [figure.path[16]] * 31
    _, path = only(paths(figure.ratio, figure.state))
    assert computing.walked(path, figure.state) == 17
    whole = state(planner="stepwise", goal="below", level=10.0)  # which repairs nothing
    assert computing.walked(only(paths(RING, whole))[1], whole) == whole["points"]
    assert computing.walked(path, figure.state | {"planner": "pointwise"}) == 48
