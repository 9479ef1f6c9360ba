"""An explorer for everyone: axe-core, keyboard, a narrow window, light and dark, little motion."""

import re

import npm
import pytest
from figure import Figure, link_to
from playwright.sync_api import expect

themes = pytest.mark.parametrize("scheme", ["light", "dark"])
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]

# In the page: the rules of axe-core that its explorers break, and where.
AXE = """async ([tags, explorers]) => {
  const context = { include: explorers.map((name) => [`#${name}`]) };
  const { violations, passes } = await axe.run(context, { runOnly: tags });
  if (passes.length < 3) return ["axe has looked at next to nothing"];
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.flat().join(" ")}: ${node.failureSummary}`));
}"""


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """What axe-core finds in the explorers of a page: one line for each fault."""
    source = npm.node_modules(tmp_path_factory) / "axe-core" / "axe.min.js"
    text = source.read_text(encoding="utf-8")

    def axe(page, *explorers):
        if page.evaluate("typeof axe") == "undefined":
            page.evaluate(text)
        return page.evaluate(AXE, [TAGS, explorers or ["first"]])

    return axe


# ---- axe-core -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1100)])
def test_axe_finds_nothing(visit, axe, scheme, width):
    page = visit(color_scheme=scheme, viewport={"width": width, "height": 900})
    figure = Figure(page)
    expect(figure.card).to_have_attribute("data-theme", scheme)
    assert axe(page) == []
    figure.set("method", "score")  # which greys some controls and shows the link
    figure.table()
    figure.rows.hover()
    figure.settle()
    assert axe(page) == []
    figure.button("Play").click()
    figure.button("Next").click()
    figure.handle("a").focus()
    assert axe(page) == []


@themes
def test_axe_finds_nothing_in_two_explorers_of_a_page(visit, axe, scheme):
    page = visit(color_scheme=scheme)
    Figure(page)
    Figure(page, "second")
    assert axe(page, "first", "second") == []


@themes
def test_axe_finds_nothing_in_a_message(visit, axe, scheme):
    script = "window.NAV_SPACES = { 'mnist-2d': 'AAAA' };"
    page = visit("book/intro.html", script=script, color_scheme=scheme)
    expect(page.locator("#first").get_by_role("alert")).to_be_visible()
    assert axe(page) == []


PLANTED = {
    "a handle without a name": (
        ".handle",
        "(one) => one.removeAttribute('aria-label')",
        "aria-input-field-name",
    ),
    "faint words": (".said", "(one) => { one.style.color = '#888'; }", "color-contrast"),
    "a picture without a text": (
        "canvas.curve",
        "(one) => one.removeAttribute('aria-label')",
        "role-img-alt",
    ),
    "a slider without a label": (
        "[data-key=eps]",
        "(one) => one.parentNode.replaceWith(one)",
        "label",
    ),
    "a button without a name": (".bar button", "(one) => { one.textContent = ''; }", "button-name"),
    "a wrong role": (".map", "(one) => one.setAttribute('role', 'sliders')", "aria-roles"),
}


@themes
def test_axe_finds_each_planted_fault(visit, axe, scheme):
    page = visit("plain.html", color_scheme=scheme)
    figure = Figure(page)
    for what, (where, change, rule) in PLANTED.items():
        if rule == "color-contrast":
            figure.card.evaluate("(card) => { card.style.background = '#777'; }")
        figure.root.locator(where).first.evaluate(change)
        assert any(line.startswith(f"{rule}: ") for line in axe(page)), what


# ---- keyboard -----------------------------------------------------------------------------------

ORDER = [
    *("method", "Play", "Endpoint A", "Endpoint B"),  # all that there is at first
    "More controls, examples, a link",
    *("Show", "Reset"),
    *("proposal", "planner", "goal", "level", "eta", "eps", "steps", "noise"),
    *("points", "seed", "classes"),
    *("Link to this state", "Copy", "Numbers"),
    "The path as a table",
    "The path as a table",  # the table, which scrolls
]
# In the page: what has the focus, and the width of the line round it.
FOCUSED = """(root) => {
  const at = root.shadowRoot.activeElement;
  if (!at) return ["nothing", 0];
  const name = at.dataset.key ?? at.ariaLabel ?? at.labels?.[0]?.firstChild.textContent;
  const line = (pseudo) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(at, pseudo);
    return outlineStyle === "none" ? 0 : parseFloat(outlineWidth);
  };
  return [name ?? at.textContent, Math.max(line(null), line("::before"))];
}"""


def test_tab_reaches_everything_and_shows_where_it_is(show):
    figure = show()
    figure.table()
    figure.set("noise", "ArrowRight")
    figure.settle()
    figure.control("method").focus()
    found = [figure.root.evaluate(FOCUSED)]
    for _ in ORDER[1:]:
        figure.page.keyboard.press("Tab")
        found.append(figure.root.evaluate(FOCUSED))
    assert [name for name, _ in found] == ORDER
    assert [name for name, width in found[1:] if width < 1] == []
    figure.page.keyboard.press("Tab")
    assert figure.root.evaluate(FOCUSED) == ["nothing", 0]


def test_the_focus_of_a_handle_shows_only_for_keys(show):
    figure = show()
    figure.drag("a", [2.0, 1.0])
    assert figure.root.evaluate(FOCUSED) == ["Endpoint A", 0]
    figure.handle("a").press("ArrowUp")
    assert figure.root.evaluate(FOCUSED) == ["Endpoint A", 3]


# ---- a narrow window ----------------------------------------------------------------------------

# In the page: what of a figure can be worked but not reached: too small, outside, or covered.
UNREACHABLE = """(root) => {
  const all = [...root.shadowRoot.querySelectorAll(
    "button, select, input, summary, [role=slider], [tabindex]")];
  const shown = all.filter((one) => one.checkVisibility());
  const out = shown.length < 20 ? ["nearly everything"] : [];
  for (const one of shown) {
    one.scrollIntoView({ block: "center" });
    const { left, right, top, bottom } = one.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const name = one.dataset.key ?? one.ariaLabel ?? one.textContent;
    if (left < 0 || right > innerWidth) out.push(`${name}: from ${left} to ${right}`);
    if (Math.min(right - left, bottom - top) < 20) out.push(`${name}: small`);
    const at = root.shadowRoot.elementFromPoint(x, y);
    if (one !== at && !one.contains(at)) out.push(`${name}: under ${at?.outerHTML.slice(0, 60)}`);
  }
  return out;
}"""
WIDTH = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"


@pytest.mark.parametrize("name", ["book/intro.html", "plain.html"])
def test_a_telephone_shows_all_of_it(visit, name):
    page = visit(name, viewport={"width": 360, "height": 740}, has_touch=True)
    figure = Figure(page)
    assert page.evaluate(WIDTH) == 360
    assert figure.map.bounding_box()["width"] > 280
    figure.set("points", "ArrowRight")
    figure.table()
    figure.button("Play").click()
    expect(figure.root.locator(".slow")).to_contain_text("Propose")
    assert page.evaluate(WIDTH) == 360
    assert figure.root.evaluate(UNREACHABLE) == []
    figure.button("Leave slow motion").click()
    figure.button("Reset").tap()
    figure.menu.select_option(index=1)
    figure.settle()
    assert page.evaluate(WIDTH) == 360


def test_ends_in_the_corners_do_not_widen_a_telephone_s_page(visit):
    corners = link_to(a=[3.5, -3.5], b=[-3.5, 3.5])
    page = visit(fragment=corners, viewport={"width": 360, "height": 740})
    figure = Figure(page)
    assert page.evaluate(WIDTH) == 360
    for end in "ab":
        box = figure.handle(end).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360


def test_the_figure_follows_the_width_of_the_window(visit):
    page = visit("plain.html")
    figure = Figure(page)
    wide = figure.picture()
    assert figure.map.bounding_box()["y"] == pytest.approx(figure.rows.bounding_box()["y"], abs=5)
    page.set_viewport_size({"width": 400, "height": 800})
    narrow = figure.picture()
    size = figure.map.bounding_box()["width"]
    assert figure.pixels("over").shape[0] == round(size) < 400
    assert (
        figure.root.locator("canvas.curve").bounding_box()["y"]
        > figure.map.bounding_box()["y"] + size
    )
    assert narrow["said"] == wide["said"] and narrow["over"] != wide["over"]
    page.set_viewport_size({"width": 1100, "height": 800})
    assert figure.picture() == wide


def test_a_sharp_screen_has_sharp_pictures(visit):
    figure = Figure(visit("plain.html", device_scale_factor=2))
    size = round(2 * figure.map.bounding_box()["width"])
    assert figure.pixels("over").shape == figure.pixels("ground").shape == (size, size, 4)
    figure.drag("a", [2.0, 1.0])
    assert figure.state()["a"] == pytest.approx([2.0, 1.0], abs=0.02)


HOLD = """window.held = null; const ask = window.requestAnimationFrame;
window.requestAnimationFrame = (draw) => (held ? held.push(draw) : ask.call(window, draw));"""


def test_a_new_size_shows_no_empty_picture(visit):
    """A canvas of a new size is empty; it is drawn in that frame, not in the next one."""
    page = visit("plain.html", script=HOLD)
    figure = Figure(page)
    page.evaluate("() => { held = []; }")
    for width in (700, 500):
        page.set_viewport_size({"width": width, "height": 800})
        curve = figure.root.locator("canvas.curve").element_handle()
        fitted = "(canvas) => canvas.width === canvas.clientWidth"
        page.wait_for_function(fitted, arg=curve, polling=50)
        for name in ("ground", "over", "curve"):
            drawn = figure.pixels(name)
            assert drawn.shape[1] < width and int((drawn[..., 3] > 100).sum()) > 500, name
    page.evaluate("() => { held.forEach((draw) => ask(draw)); held = null; }")


def test_opening_the_table_draws_nothing_anew(visit):
    page = visit("plain.html", script=HOLD)
    figure = Figure(page)
    before = figure.hashes()
    page.evaluate("() => { held = []; }")
    figure.table()
    page.wait_for_timeout(100)
    assert figure.hashes() == before and page.evaluate("held.length") == 0
    page.evaluate("() => { held = null; }")


def test_a_reader_s_zoom_leaves_the_picture_sharp(visit):
    """As zoom is seen by a page whose elements keep their size: a resize, and another ratio."""
    page = visit("plain.html")
    figure = Figure(page)
    size = figure.pixels("over").shape[0]
    for ratio, height in ((2, 790), (1, 800)):
        page.evaluate("(value) => Object.assign(window, { devicePixelRatio: value })", ratio)
        page.set_viewport_size({"width": 1100, "height": height})
        figure.settle()
        assert figure.pixels("over").shape[0] == ratio * size


# ---- light and dark, little motion --------------------------------------------------------------

GROUND = "(card) => getComputedStyle(card).backgroundColor.match(/\\d+/g).map(Number)"


def expect_theme(figure, theme):
    expect(figure.card).to_have_attribute("data-theme", theme)
    dark = max(figure.card.evaluate(GROUND)) < 60
    assert dark == (theme == "dark")
    ground = figure.settle().pixels("curve")[2, -2, :3]  # beside the title of the curve
    assert (int(ground.max()) < 60) == dark


def test_it_is_light_or_dark_as_the_book_is(visit):
    page = visit(color_scheme="light")
    figure = Figure(page)
    expect_theme(figure, "light")
    light = figure.picture()
    page.emulate_media(color_scheme="dark")
    expect_theme(figure, "dark")
    dark = figure.picture()
    assert {key for key in light if light[key] != dark[key]} == {"curve"}
    page.evaluate("document.documentElement.dataset.theme = 'light'")  # the book's own button
    expect_theme(figure, "light")
    assert figure.picture() == light


def test_what_is_printed_is_light_and_drawn_at_once(visit):
    page = visit("plain.html", color_scheme="dark", script=HOLD)
    figure = Figure(page)
    dark = figure.hashes()["curve"]
    page.evaluate("() => { held = []; dispatchEvent(new Event('beforeprint')); }")
    expect(figure.card).to_have_attribute("data-theme", "light")
    assert int(figure.pixels("curve")[2, -2, :3].min()) > 240
    page.evaluate("() => { held = null; dispatchEvent(new Event('afterprint')); }")
    expect_theme(figure, "dark")
    assert figure.hashes()["curve"] == dark
    figure.button("Play").click()
    expect(figure.said).to_be_hidden()
    page.emulate_media(media="print")
    expect(figure.said).to_be_visible()


SAYS = [
    ("dark", "", "dark"),
    ("light", "", "light"),
    ("light", "document.body.dataset.jpThemeLight = 'false'", "dark"),
    ("dark", "document.body.dataset.jpThemeLight = 'true'", "light"),
    ("light", "document.documentElement.setAttribute('theme', 'dark')", "dark"),
    ("light", "document.documentElement.dataset.theme = 'dark'", "dark"),
    ("dark", "document.documentElement.dataset.theme = 'strange'", "dark"),
]
SAY_NOTHING = """() => {
  delete document.body.dataset.jpThemeLight;
  for (const name of ["theme", "data-theme"]) document.documentElement.removeAttribute(name);
}"""


def test_it_is_light_or_dark_as_any_page_says(visit):
    page = visit("plain.html")
    figure = Figure(page)
    for scheme, says, theme in SAYS:
        page.emulate_media(color_scheme=scheme)
        page.evaluate(f"() => {{ {says} }}")
        expect_theme(figure, theme)
        page.evaluate(SAY_NOTHING)


@pytest.mark.parametrize(("wish", "way"), [("reduce", "auto"), ("no-preference", "smooth")])
def test_it_scrolls_smoothly_only_for_those_who_like_it(visit, presets, wish, way):
    script = """window.ways = []; const scroll = Element.prototype.scrollIntoView;
    Element.prototype.scrollIntoView = function (how) {
      if (this.id) ways.push([this.id, how.behavior]);
      scroll.call(this, how);
    };"""
    page = visit(fragment="#second?a=1,1", script=script, reduced_motion=wish)
    second = Figure(page, "second", wait=False)
    expect(second.map).to_be_in_viewport()
    page.get_by_role("button", name=re.compile("^raw ")).click()
    expect(second.unfold().menu).to_have_value(list(presets)[-1])
    assert page.evaluate("ways") == [["second", way]] * 2
