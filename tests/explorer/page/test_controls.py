"""The controls: what each changes, which are greyed, and what a new method begins with."""

import re

import pytest
from figure import TWO_FRAMES, Figure, differs, link_to, number

from nav_utils.explorer.state import DEFAULTS, ETA, expect_state

from .expected import both_ways

NOISE = {"noise": 0.1, "steps": 20}
# The control, in which state, what is done to it, the value then, and what that changes.
CONTROLS = {
    "slerp": ("proposal", {}, "slerp", "slerp", "over curve rows said"),
    "both arcs": ("proposal", {}, "arcs", "arcs", "over said"),
    "planner": ("planner", {}, "stepwise", "stepwise", "over curve rows said"),
    "goal": ("goal", {}, "below", "below", "over curve said"),
    "eta": ("eta", {"steps": 3}, "Home", 0.001, "over curve said"),
    "eta by one step": ("eta", {"steps": 2}, "ArrowLeft", 0.955, "over"),
    "eps": ("eps", {}, "ArrowRight ArrowRight ArrowRight", 0.13, "ground over curve said"),
    "steps": ("steps", {}, "Home ArrowRight", 1, "over curve said"),
    "noise": ("noise", {}, "End", 0.5, "over curve said"),
    "points": ("points", {}, "Home", 8, "over curve said"),
    "seed": ("seed", NOISE, 12345, 12345, "over"),
    "a large seed": ("seed", NOISE | {"seed": 2**53 - 2}, 2**53 - 1, 2**53 - 1, "over"),
    "classes": ("classes", {}, True, True, "ground"),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_changes_state_and_picture(show, name):
    key, state, done, value, parts = CONTROLS[name]
    figure = show(**state)
    with differs(figure, *parts.split()):
        figure.set(key, done)
    assert figure.state() == expect_state(state | {key: value})
    assert figure.live.text_content() == figure.said.text_content()


@both_ways
def test_every_method_begins_with_its_own_step_size_and_keeps_the_level(visit, home):
    figure = Figure(visit(fragment=link_to(level=1.25, eta=0.5), home=home))
    for method in ("score", "probability", "string", "logit", "gauss_newton"):
        with differs(figure, "over", "curve", "said"):
            figure.set("method", method)
        assert figure.state() == DEFAULTS | {"method": method, "eta": ETA[method], "level": 1.25}
        shown = figure.root.locator("label:has([data-key=eta]) span + span")
        assert float(shown.text_content()) == ETA[method]


def test_the_level_is_that_of_the_codes_or_none(show, space):
    figure = show()
    typical = {
        ("gauss_newton", "level"): space.ratio.level(0.05),
        ("score", "log_q_level"): space.ratio.log_q_level(0.05),
    }
    for (method, key), level in typical.items():
        if method != figure.shown()["method"]:
            figure.set("method", method)
        drawn = ["ground"] if method != "score" else []
        with differs(figure, "over", "curve", "said", *drawn):
            figure.control(key).select_option(index=1)
        assert figure.state() == DEFAULTS | {"method": method, "eta": ETA[method], key: level}
        chosen = figure.control(key).locator("option:checked").text_content()
        assert number(re.search(r"\((.*)\)", chosen)[1]) == pytest.approx(level, rel=5e-3)
        with differs(figure, "over", "curve", "said", *drawn):
            figure.control(key).select_option(index=0)
        assert figure.state()[key] is None


def test_a_level_of_ones_own_is_shown_and_kept(show):
    figure = show(level=1.25)
    assert figure.control("level").locator("option:checked").text_content() == "own (1.25)"
    figure.set("steps", "Home")
    assert figure.state() == DEFAULTS | {"level": 1.25, "steps": 0}


def test_a_slider_follows_the_mouse(show):
    figure = show()
    box = figure.control("noise").bounding_box()
    with differs(figure, "over", "said"):
        figure.control("noise").click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert figure.state()["noise"] == pytest.approx(0.25, abs=0.02)


# In the page: for each method and each control, whether it is greyed, and whether another value
# of it changes anything that is shown.
USED = """async ([base, others]) => {
  const { mount } = await import("./_static/nav/explorer.js");
  const el = document.createElement("div");
  document.body.replaceChildren(el);
  const bytes = Uint8Array.from(atob(NAV_SPACES["mnist-2d"]), (x) => x.charCodeAt(0));
  const view = mount(el, { payload: bytes });
  const find = (what) => el.shadowRoot.querySelectorAll(what);
  for (const folded of find("details")) folded.open = true;
  const show = async (state) => {
    view.set(state);
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
    const drawn = [...find(".map canvas:nth-child(2), .curve, .rows")].map((x) => x.toDataURL());
    return find("p.numbers")[0].textContent + drawn.join();
  };
  const found = [];
  for (const method of ["probability", "logit", "gauss_newton", "score", "string"]) {
    for (const [key, value] of Object.entries(others)) {
      const before = await show({ ...base, method });
      const greyed = find(`[data-key=${key}]`)[0].disabled;
      const changes = (await show({ [key]: value })) !== before;
      found.push([method, key, greyed, changes]);
    }
  }
  return found;
}"""


def test_a_control_is_greyed_exactly_where_it_changes_nothing(visit):
    figure = Figure(visit("plain.html"))
    base = DEFAULTS | {"eta": 0.05, "steps": 10, "noise": 0.02, "points": 24}
    others = {
        "proposal": "slerp",
        "planner": "stepwise",
        "goal": "below",
        "level": 0.7,
        "log_q_level": -4.0,
        "eta": 0.004,  # to a string it is the first step, which is cut off where it is long
        "eps": 0.3,
        "steps": 4,
        "noise": 0.1,
        "seed": 1,
        "points": 20,
    }
    found = figure.page.evaluate(USED, [base, others])
    assert len(found) == len(others) * 5
    assert [case for case in found if case[2] == case[3]] == []
    assert sum(greyed for _, _, greyed, _ in found) == 13


def test_a_seed_is_typed_as_one_types(show):
    figure = show(seed=5, noise=0.1)
    seed = figure.control("seed")
    for press in ("Control+a", "Backspace", "1", "2"):
        seed.press(press)
        figure.page.evaluate(TWO_FRAMES)
    assert seed.input_value() == "12"
    seed.press("Tab")
    assert figure.state()["seed"] == 12
    for press in ("Control+a", "Backspace", "Tab"):
        seed.press(press)
    assert seed.input_value() == "12"  # as nothing was typed
    figure.settle()
