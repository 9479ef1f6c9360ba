"""Reset, presets from the menu and from words of the prose, and links that hold a state."""

import re

from figure import TWO_FRAMES, Figure, link_to
from playwright.sync_api import expect

from nav_utils.explorer.state import DEFAULTS, ETA, expect_state

from .expected import both_ways, expect_ends

SECOND = DEFAULTS | {  # where the second explorer of the page starts
    "a": [1.0, -1.0],
    "b": [-1.25, 0.75],
    "method": "score",
    "eta": ETA["score"],
    "noise": 0.05,
    "seed": 5,
    "points": 40,
}


@both_ways
def test_an_explorer_starts_from_its_own_state_and_reset_returns_to_it(visit, space, home):
    figure = Figure(visit(home=home), "second")
    start = figure.picture()
    assert figure.link.is_hidden()
    expect_ends(figure, space, SECOND)
    figure.set("method", "logit")
    figure.set("classes", True)
    figure.drag("b", [0.5, 2.0])
    figure.button("Play").click()
    figure.button("Reset").click()
    assert figure.picture() == start
    assert figure.state() == SECOND
    assert figure.root.locator(".slow").is_hidden()


def test_every_preset_of_the_menu_is_shown(show, presets):
    figure = show()
    assert figure.menu.locator("option").all_text_contents() == [
        "a state of your own",
        *(preset["text"] for preset in presets.values()),
    ]
    seen = set()
    figure.button("Play").click()  # which a preset leaves
    for name, preset in presets.items():
        figure.menu.select_option(name)
        figure.page.evaluate(TWO_FRAMES)
        assert figure.state() == expect_state(preset["state"]), name
        assert figure.menu.input_value() == name
        seen.add((figure.hashes()["over"], figure.hashes()["ground"]))
    assert len(seen) == len(presets)
    assert figure.root.locator(".slow").is_hidden()
    figure.handle("a").press("Alt+ArrowLeft")
    figure.settle()
    assert figure.menu.input_value() == ""


@both_ways
def test_words_of_the_prose_set_a_preset(visit, presets, home):
    page = visit(home=home)
    figure = Figure(page)
    names = list(presets)
    for how, name in zip(("click", "Enter", " "), (names[0], names[-1], names[0]), strict=True):
        words = page.get_by_role("button", name=f"role {name}", exact=True)
        words.click() if how == "click" else words.press(how)
        expect(figure.menu).to_have_value(name)
        assert figure.state() == expect_state(presets[name]["state"])
        assert page.evaluate("scrollY") == 0  # for the figure is in sight
    figure.settle()


def test_words_of_the_prose_wake_and_show_an_explorer_out_of_sight(visit, presets):
    page = visit()
    name = list(presets)[-1]
    figure = Figure(page, "second", wait=False)
    expect(figure.card).to_have_count(0)
    page.get_by_role("button", name=f"raw {name}", exact=True).click()
    figure.unfold()
    expect(figure.menu).to_have_value(name)
    expect(figure.map).to_be_in_viewport()
    assert figure.state() == expect_state(presets[name]["state"])


# ---- links --------------------------------------------------------------------------------------

FULL = {
    "a": [-1.2346, 2.3457],
    "b": [3.5, -3.5],
    "proposal": "arcs",
    "planner": "stepwise",
    "method": "logit",
    "goal": "below",
    "level": 1.2345678,
    "log_q_level": -3.25,
    "eta": 0.333,
    "eps": 0.37,
    "steps": 123,
    "noise": 0.015,
    "seed": 2**53 - 1,
    "points": 33,
    "classes": True,
}


@both_ways
def test_a_link_holds_the_whole_state(visit, home):
    assert FULL.keys() == DEFAULTS.keys()
    figure = Figure(visit(fragment=link_to(**FULL), home=home))
    assert figure.link.is_hidden()  # until something changes
    figure.set("steps", "ArrowRight")
    picture, shown = figure.picture(), figure.shown()
    assert figure.state() == FULL | {"steps": 124}
    address = figure.link.input_value()
    assert address.split("#")[0] == figure.page.url.split("#")[0]
    again = Figure(visit(fragment="#" + address.split("#")[1], home=home))
    assert (again.picture(), again.shown()) == (picture, shown)


def test_a_link_after_a_drag_gives_the_same_words(visit):
    figure = Figure(visit())
    figure.drag("a", [0.87, -2.13])
    picture = figure.picture()
    again = Figure(visit(fragment="#" + figure.link.input_value().split("#")[1])).picture()
    for key in ("said", "a", "b"):
        assert again[key] == picture[key]


def test_a_link_to_the_usual_state_wins_over_where_an_explorer_starts(visit, space):
    figure = Figure(visit(fragment="#second?"), "second")
    expect(figure.map).to_be_in_viewport()
    expect_ends(figure, space, DEFAULTS)
    assert figure.shown()["method"] == DEFAULTS["method"]
    figure.button("Reset").click()
    assert figure.state() == SECOND
    figure.control("method").select_option(DEFAULTS["method"])
    for end, z in (("a", DEFAULTS["a"]), ("b", DEFAULTS["b"])):
        figure.drag(end, z)


@both_ways
def test_a_link_is_followed_on_the_page_itself(visit, space, home):
    page = visit(home=home)
    figure = Figure(page)
    for state in ({"a": [2.0, 1.0]}, {"b": [0.5, 0.5], "method": "score"}, {}):
        page.evaluate("(fragment) => { location.hash = fragment; }", link_to(**state))
        expect(figure.control("method")).to_have_value(state.get("method", DEFAULTS["method"]))
        expect(figure.handle("a")).to_have_attribute(
            "aria-valuetext", re.compile("x 2.00" if state.get("a") else "x 1.50")
        )
        expect_ends(figure.settle(), space, DEFAULTS | state)


def test_a_mistyped_link_says_so_and_the_usual_values_stand(visit):
    page = visit(fragment="#first?methd=score&eta=fast&a=1,1")
    figure = Figure(page)
    said = figure.card.get_by_role("alert").text_content()
    assert "what makes no sense here: methd=score, eta=fast." in said
    figure.set("steps", "ArrowRight")
    assert figure.state() == DEFAULTS | {"a": [1.0, 1.0], "steps": 51}
    page.evaluate("() => { location.hash = '#first?a=1,1'; }")
    expect(figure.card.get_by_role("alert")).to_have_count(0)


def test_the_link_is_copied(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    figure = Figure(page)
    figure.set("classes", True)
    figure.button("Copy").click()
    expect(figure.button("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == figure.link.input_value()


def test_where_it_may_not_be_copied_the_link_is_selected(visit):
    script = "Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined });"
    figure = Figure(visit(script=script))
    figure.set("classes", True)
    figure.button("Copy").click()
    expect(figure.button("Press Ctrl+C")).to_be_visible()
    chosen = "(input) => input.value.slice(input.selectionStart, input.selectionEnd)"
    assert figure.link.evaluate(chosen) == figure.link.input_value()


def test_a_link_that_is_clicked_again_is_followed_again(visit):
    page = visit("plain.html")
    figure = Figure(page)
    page.evaluate(
        "(link) => { document.body.insertAdjacentHTML('afterbegin', `<a href='${link}'>go</a>`); }",
        link_to(a=[2, 1]),
    )
    for _ in range(2):
        page.get_by_role("link", name="go").click()
        expect(figure.handle("a")).to_have_attribute("aria-valuetext", re.compile("^x 2.00, y 1"))
        figure.drag("a", [0, 1])
        expect(figure.handle("a")).to_have_attribute("aria-valuetext", re.compile("^x -?0"))
    figure.settle()
