"""The ends of a path: dragged by mouse and finger, moved by keys, told while they move."""

import re

import pytest
import torch
from figure import HELP, QUICK, RADIUS, TWO_FRAMES, Figure, differs, link_to, number, spoken
from playwright.sync_api import expect

from nav_utils.explorer.state import DEFAULTS

from .expected import both_ways, expect_ends


@both_ways
def test_both_ends_follow_the_mouse(visit, space, home):
    figure = Figure(visit(home=home))
    for end, z in (("a", [2.0, 1.0]), ("b", [-1.5, -1.0])):
        with differs(figure, end, "over", "curve", "rows", "said"):
            figure.drag(end, z)
        assert figure.state()[end] == pytest.approx(z, abs=0.02)
    assert figure.state() == DEFAULTS | {end: figure.state()[end] for end in "ab"}
    expect_ends(figure, space, figure.state())


def test_while_it_is_dragged_the_words_follow_and_nothing_is_announced(show, space):
    figure = show()
    figure.live.evaluate(
        "(live) => { window.heard = []; new MutationObserver(() => heard.push(live.textContent))"
        ".observe(live, { childList: true, characterData: true, subtree: true }); }"
    )
    said = figure.numbers.text_content()
    figure.take("a")
    for z in ([1.0, 2.0], [2.5, 1.0], [2.0, 0.5]):
        figure.page.mouse.move(*figure.where(z), steps=3)
        expect(figure.note).to_have_text(QUICK)
        expect(figure.numbers).not_to_have_text(said)
        said = figure.numbers.text_content()
        x, y, d = spoken(figure.values()["a"])
        assert [x, y] == pytest.approx(z, abs=0.025)
        assert d == pytest.approx(float(space.ratio.prob(torch.tensor([[x, y]]))), abs=0.02)
    figure.page.wait_for_timeout(400)  # longer than the check would wait
    assert figure.note.text_content() == QUICK
    assert figure.link.is_hidden()
    figure.page.mouse.up()
    figure.settle()
    assert figure.page.evaluate("heard") == [figure.said.text_content()]


# In the page: where everything of a figure is, in whole pixels.
PLACES = """(root) => [...root.shadowRoot.querySelectorAll(
    ".map, .legend, .rows, .said, .curve, .hint, .card > details, .card")].map((one) => {
  const { top, height } = one.getBoundingClientRect();
  return [one.className || one.localName, Math.round(top + scrollY), Math.round(height)];
})"""


@pytest.mark.parametrize("width", [390, 760, 1100])
def test_nothing_jumps_while_an_end_is_dragged(visit, width):
    page = visit("plain.html", viewport={"width": width, "height": 900})
    figure = Figure(page, wait=False)
    figure.settle()
    for planner in ("pointwise", "stepwise"):
        page.evaluate("(f) => { location.hash = f; }", link_to(goal="below", planner=planner))
        figure.settle()
        assert figure.root.locator("details[open]").count() == 0
        before, said = figure.root.evaluate(PLACES), set()
        figure.take("a")
        for z in ([1.7, -1.6], [-3.0, 3.0], [3.0, 3.2], [-1.0, -3.0]):
            page.mouse.move(*figure.where(z), steps=2)
            page.evaluate(TWO_FRAMES)
            said.add(figure.said.text_content())
            assert figure.root.evaluate(PLACES) == before
        page.mouse.up()
        figure.settle()
        assert figure.root.evaluate(PLACES) == before and len(said) > 2


def test_a_handle_taken_at_its_rim_does_not_jump(show):
    figure = show()
    x, y = figure.where(DEFAULTS["a"])
    mouse = figure.page.mouse
    mouse.move(x + 12, y - 9)
    mouse.down()
    mouse.move(x + 12 + 42, y - 9, steps=3)
    mouse.up()
    width = figure.map.bounding_box()["width"]
    moved = [DEFAULTS["a"][0] + 42 / width * 2 * RADIUS, DEFAULTS["a"][1]]
    assert figure.state()["a"] == pytest.approx(moved, abs=0.011)


def test_an_end_stops_at_the_edge_of_the_map(show):
    figure = show()
    figure.drag("a", [4.2, -4.0])
    assert figure.state()["a"] == [RADIUS, -RADIUS]


def test_only_the_first_button_of_a_mouse_drags(show):
    figure = show()
    before = figure.values()
    for button in ("right", "middle"):
        figure.handle("a").hover()
        figure.page.mouse.down(button=button)
        figure.page.mouse.move(*figure.where([2.5, 2.0]), steps=3)
        figure.page.mouse.up(button=button)
        figure.settle()
        assert figure.values() == before


def test_a_bare_click_on_a_handle_changes_nothing(show):
    figure = show()
    figure.handle("a").click()
    figure.settle()
    assert figure.link.is_hidden() and figure.live.text_content() == ""


def test_a_second_finger_neither_moves_an_end_nor_lets_it_go(show):
    figure = show()
    figure.take("a")
    figure.page.mouse.move(*figure.where([2.0, 1.0]), steps=3)
    x, y = figure.where([-2.0, -2.0])
    second = """(handle, [clientX, clientY]) => {
      for (const type of ["pointerdown", "pointermove", "pointerup"])
        handle.dispatchEvent(new PointerEvent(type, { pointerId: 77, clientX, clientY }));
    }"""
    figure.handle("a").evaluate(second, [x, y])
    figure.page.mouse.move(*figure.where([2.0, 1.5]), steps=3)
    assert figure.link.is_hidden()
    figure.page.mouse.up()
    assert figure.state()["a"] == pytest.approx([2.0, 1.5], abs=0.02)


def test_a_handle_says_where_it_is_while_a_mouse_drags_it(show):
    figure = show()
    figure.handle("a").hover()
    figure.page.evaluate(TWO_FRAMES)
    assert HELP.match(figure.point.text_content())
    figure.take("a")
    figure.page.mouse.move(*figure.where([2.0, 1.0]), steps=3)
    figure.page.evaluate(TWO_FRAMES)
    x, y = re.match(r"A \((\S+), (\S+)\)", figure.point.text_content()).groups()
    assert [number(x), number(y)] == pytest.approx([2.0, 1.0], abs=0.02)
    figure.page.mouse.up()


def test_a_finger_on_a_handle_drags_and_elsewhere_scrolls(visit):
    page = visit(has_touch=True, viewport={"width": 500, "height": 700})
    figure = Figure(page)
    figure.map.scroll_into_view_if_needed()
    devtools = page.context.new_cdp_session(page)

    def touch(kind, *points):
        points = [{"x": x, "y": y} for x, y in points]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def stroke(start, end):
        touch("touchStart", start)
        for k in range(1, 9):
            touch("touchMove", [p + (q - p) * k / 8 for p, q in zip(start, end, strict=True)])
        touch("touchEnd")

    scrolled = page.evaluate("scrollY")
    stroke(figure.where(DEFAULTS["a"]), figure.where([2.0, 1.5]))
    assert figure.state()["a"] == pytest.approx([2.0, 1.5], abs=0.03)
    figure.settle()
    assert page.evaluate("scrollY") == scrolled
    before = figure.picture()
    stroke(figure.where([-1.0, -2.0]), figure.where([-1.0, 2.5]))  # beside the handles
    page.wait_for_function("(from) => Math.abs(scrollY - from) > 50", arg=scrolled)
    assert figure.picture() == before


# ---- keys ---------------------------------------------------------------------------------------

KEYS = {
    "ArrowRight": (0.05, 0),
    "ArrowLeft": (-0.05, 0),
    "ArrowUp": (0, 0.05),
    "ArrowDown": (0, -0.05),
    "Shift+ArrowUp": (0, 0.25),
    "Shift+ArrowLeft": (-0.25, 0),
    "Alt+ArrowRight": (0.01, 0),
    "Alt+ArrowDown": (0, -0.01),
}


@both_ways
def test_arrow_keys_move_an_end_and_nothing_else(visit, space, home):
    figure = Figure(visit(home=home))
    figure.map.scroll_into_view_if_needed()
    page, wanted = figure.page, [*DEFAULTS["b"]]
    scrolled, address = page.evaluate("scrollY"), page.url
    for key, (dx, dy) in KEYS.items():
        figure.handle("b").press(key)
        wanted = [wanted[0] + dx, wanted[1] + dy]
        assert figure.state()["b"] == pytest.approx(wanted, abs=1e-4), key
    figure.settle()
    expect_ends(figure, space, figure.state())
    assert figure.live.text_content() == figure.said.text_content()
    assert (page.evaluate("scrollY"), page.url) == (scrolled, address)
    moved = figure.picture()
    for key in ("Control+ArrowRight", "a", "Enter", "Home"):
        figure.handle("b").press(key)
    assert figure.picture() == moved
    assert figure.handle("b").get_attribute("aria-valuenow") == f"{wanted[0]:.2f}"


def test_a_key_whose_end_is_heard_elsewhere_is_let_go_all_the_same(show):
    figure = show()
    figure.handle("a").focus()
    figure.page.keyboard.down("ArrowRight")
    figure.handle("a").evaluate("(handle) => handle.blur()")
    figure.page.keyboard.up("ArrowRight")
    assert figure.state()["a"] == pytest.approx([1.55, -1.8])
    figure.settle()
