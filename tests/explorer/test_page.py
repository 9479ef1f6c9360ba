"""What a reader does with an explorer of a page: drag, set controls, follow links, hover, play."""

import math
import re

import pytest
import torch
from figure import (
    CONTENT,
    EXACT,
    HELP,
    QUICK,
    RADIUS,
    SHOWN,
    TWO_FRAMES,
    Figure,
    differs,
    link_to,
    number,
    spoken,
)
from playwright.sync_api import expect

from nav_utils.explorer.page import best_of, outside, paths
from nav_utils.explorer.state import DEFAULTS, ETA, expect_state
from nav_utils.plots import D_COLOURS, D_LIMIT

both_ways = pytest.mark.parametrize("home", ["http", "file"])


def expect_ends(figure, space, state):
    """What is spoken of the ends is what is in the state, and D is D."""
    for end, text in figure.values().items():
        x, y, d = spoken(text)
        assert [x, y] == pytest.approx(state[end], abs=0.0051)
        assert d == pytest.approx(float(space.ratio.prob(torch.tensor([state[end]]))), abs=0.0065)


# ---- the ends -----------------------------------------------------------------------------------


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
    said = figure.said.text_content()
    figure.take("a")
    for z in ([1.0, 2.0], [2.5, 1.0], [2.0, 0.5]):
        figure.page.mouse.move(*figure.where(z), steps=3)
        expect(figure.note).to_have_text(QUICK)
        expect(figure.said).not_to_have_text(said)
        said = figure.said.text_content()
        x, y, d = spoken(figure.values()["a"])
        assert [x, y] == pytest.approx(z, abs=0.025)
        assert d == pytest.approx(float(space.ratio.prob(torch.tensor([[x, y]]))), abs=0.02)
    figure.page.wait_for_timeout(400)  # longer than the check would wait
    assert figure.note.text_content() == QUICK
    assert figure.link.is_hidden()
    figure.page.mouse.up()
    figure.settle()
    assert figure.page.evaluate("heard") == [figure.said.text_content()]


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


# ---- the controls -------------------------------------------------------------------------------

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
    "eps of the string": ("eps", {"method": "string"}, "End", 0.45, "ground curve said"),
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
def test_every_method_begins_with_its_own_step_size_and_level(visit, home):
    figure = Figure(visit(fragment=link_to(level=1.25, eta=0.5), home=home))
    for method in ("score", "probability", "string", "logit", "gauss_newton"):
        with differs(figure, "over", "curve", "said"):
            figure.set("method", method)
        assert figure.state() == DEFAULTS | {"method": method, "eta": ETA[method]}
        shown = figure.root.locator("label:has([data-key=eta]) span + span")
        assert float(shown.text_content()) == ETA[method]


def test_the_level_is_that_of_the_codes_or_none(show, space):
    figure = show()
    typical = {"gauss_newton": space.ratio.level(0.05), "score": space.ratio.log_q_level(0.05)}
    for method, level in typical.items():
        if method != figure.shown()["method"]:
            figure.set("method", method)
        drawn = ["ground"] if method != "score" else []
        with differs(figure, "over", "curve", "said", *drawn):
            figure.control("level").select_option(index=1)
        assert figure.state() == DEFAULTS | {"method": method, "eta": ETA[method], "level": level}
        chosen = figure.control("level").locator("option:checked").text_content()
        assert number(re.search(r"\((.*)\)", chosen)[1]) == pytest.approx(level, rel=5e-3)
        with differs(figure, "over", "curve", "said", *drawn):
            figure.control("level").select_option(index=0)
        assert figure.state()["level"] is None


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
  const show = async (state) => {
    view.set(state);
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
    const drawn = [...find(".map canvas:nth-child(2), .curve, .rows")].map((x) => x.toDataURL());
    return find(".said")[0].textContent + drawn.join();
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
        "eta": 0.09,
        "eps": 0.3,
        "steps": 4,
        "noise": 0.1,
        "seed": 1,
        "points": 20,
    }
    found = figure.page.evaluate(USED, [base, others])
    assert len(found) == len(others) * 5
    assert [case for case in found if case[2] == case[3]] == []
    assert sum(greyed for _, _, greyed, _ in found) == 7


# ---- what it shows is what Python computes ------------------------------------------------------

STATES = {
    "gauss_newton": {},
    "arcs": {"proposal": "arcs", "a": [1.6, -1.7], "b": [-1.0, 0.5], "goal": "below"},
    "stepwise": {"planner": "stepwise", "method": "logit", "eta": 0.05, "level": -0.5},
    "string": {"method": "string", "steps": 100, "eta": 0.005, "points": 30},
    "noise": {"method": "score", "noise": 0.1, "seed": 7, "points": 20, "proposal": "slerp"},
}


@pytest.mark.parametrize("name", STATES)
def test_what_is_shown_is_what_python_computes(show, space, name):
    figure = show(**STATES[name])
    proposal, path = best_of(paths(space.ratio, expect_state(STATES[name])))
    z, rows = path.points[0], figure.table()
    assert [row[0] for row in rows] == list(range(1, len(z) + 1))
    with torch.no_grad():
        d = space.ratio.prob(torch.stack([proposal, z]).float())[..., None]
    wanted = torch.cat([proposal, d[0], z, d[1]], dim=-1)
    assert torch.tensor([row[1:7] for row in rows]) == pytest.approx(wanted, abs=0.0065)
    expect_path_drawn(figure, z)
    expect_curve_drawn(figure, d[1, :, 0])
    assert rows[0][7] == "given" and (rows[-1][7] == "given") == (name != "stepwise")
    expect_digits(figure, space, proposal, z)
    counts = [outside(space.ratio, each, expect_state(STATES[name])) for each in (proposal, z)]
    failed = sum(row[7] not in CONTENT for row in rows)
    said = figure.said.text_content()
    found = re.search(r"(\d+) of (\d+) points [^,]*, (\d+) after the correction", said)
    assert [int(count) for count in found.groups()] == [counts[0], len(z), counts[1]]
    assert ("Shown below: the arc" in said) == (name == "arcs")
    gave_up = re.search(r"; (\d+) gave up", said)
    assert int(gave_up[1] if gave_up else 0) == failed


def expect_curve_drawn(figure, d):
    """Black is where the curve of D has its points."""
    pixels = figure.pixels("curve")
    height, width = pixels.shape[:2]
    x = (26 + torch.linspace(0, 1, len(d)) * (width - 34)).long()
    y = (height - 18 - d * (height - 38)).long()
    dark = (pixels[..., :3] < 100).all(-1)
    near = [dark[y + dy, x + dx] for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    assert float(torch.stack(near).any(0).float().mean()) > 0.9


def expect_path_drawn(figure, z):
    """Black is under the points of the path; under most, as squares of failed ones cover some."""
    assert dark_at(figure.pixels("over"), z) > 0.75


def test_the_table_follows_the_figure(show):
    figure = show()
    before = figure.table()
    assert len(before) == 48 and before[0][1:3] == DEFAULTS["a"]
    figure.drag("a", [2.0, 1.0])
    figure.settle()
    after = figure.table()
    assert after[0][1:3] == pytest.approx([2.0, 1.0], abs=0.025)
    assert after[-1] == before[-1] and after[1:-1] != before[1:-1]
    figure.take("a")
    figure.page.mouse.move(*figure.where([1.0, 2.0]), steps=3)
    figure.page.evaluate(TWO_FRAMES)
    assert figure.table()[0][1:3] == pytest.approx([1.0, 2.0], abs=0.025)  # and not yet let go
    figure.page.mouse.up()
    figure.set("points", "Home")
    figure.settle()
    assert len(figure.table()) == 8


DRAWN = {"points": 12, "method": "probability", "steps": 4, "eta": 1}


def test_the_parts_of_the_drawing(show, space):
    """Dashes for the proposal, lines to its correction, squares where that failed, circles."""
    figure = show(**DRAWN)
    rows = figure.table()
    over = figure.pixels("over")
    before, after = (torch.tensor([row[k : k + 2] for row in rows]) for k in (1, 4))
    t = torch.linspace(0, 1, 2000)[:, None]
    assert 0.6 < dark_at(over, torch.lerp(before[:1], before[-1:], t)) < 0.94
    moved = (after - before).norm(dim=1) > 0.3
    whiskers = torch.lerp(before[moved], after[moved], 0.5)
    assert moved.sum() >= 3 and dark_at(over, whiskers, below=120) == 1
    failed = torch.tensor([row[7] not in CONTENT for row in rows])
    corner = 3.5 / over.shape[0] * 2 * RADIUS * torch.tensor([1, 1])
    assert failed.sum() >= 3 and dark_at(over, after[failed] + corner, below=150) == 1
    assert dark_at(over, after[~failed][1:-1] + corner, below=150) < 0.8
    ground = figure.pixels("ground")
    angle = torch.linspace(0, 2 * math.pi, 2000)[:, None]
    circle = torch.cat([angle.cos(), angle.sin()], dim=1)
    for r in (1, 2):
        on, beside = (dark_at(ground, radius * circle, below=150) for radius in (r, 1.1 * r))
        assert on > 0.55 > 2 * beside


def dark_at(pixels, z, below=60):
    """The share of places with something dark within a pixel."""
    size = pixels.shape[0]
    x, y = ((torch.tensor([1, -1]) * z / RADIUS + 1) / 2 * size).long().clamp(1, size - 2).T
    dark = (pixels[..., :3] < below).all(-1) & (pixels[..., 3] > 100)
    near = [dark[y + dy, x + dx] for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    return float(torch.stack(near).any(0).float().mean())


def expect_digits(figure, space, *points):
    """Two rows of decoded images, apart by one pixel, black on white."""
    pixels = figure.pixels("rows")
    for row, z in enumerate(points):
        shown = torch.linspace(0, len(z) - 1, SHOWN).round().long()
        with torch.no_grad():
            images = space.model.decode(z[shown].float())[:, 0]
        for k, image in enumerate(images):
            drawn = pixels[29 * row : 29 * row + 28, 29 * k : 29 * k + 28]
            assert bool((drawn[..., 3] == 255).all())
            error = (255 - drawn[..., 0] - 255 * image).abs().mean()
            assert error < 2, (row, k, float(error))


def test_the_map_has_the_colours_of_d(show, space):
    figure = show()
    pixels = figure.pixels("ground")
    size = pixels.shape[0]
    generator = torch.Generator().manual_seed(0)
    z = (2 * torch.rand(600, 2, generator=generator) - 1) * 0.99 * RADIUS
    a = space.ratio.logit(z)
    plain = a.abs() > 0.7  # not on a contour
    at = ((torch.tensor([1, -1]) * z / RADIUS + 1) / 2 * size).long()
    z, a, (x, y) = z[plain], a[plain], at[plain].T
    wanted = 255 * torch.tensor(D_COLOURS(((a / D_LIMIT).clamp(-1, 1) + 1).numpy() / 2))
    near = ((pixels[y, x] - wanted).abs() < 6).all(1)  # not under a code or a circle
    striped = space.ratio.no_data(z)
    assert float(near[~striped].float().mean()) > 0.8
    assert 0.6 < float(near[striped].float().mean()) < 0.95


def test_codes_by_class_are_written_in_the_colours_of_classes(show):
    figure = show()
    plain = figure.pixels("ground")
    figure.set("classes", True)
    figure.settle()
    by_class = figure.pixels("ground")
    for colour in ([0x6A, 0x1B, 0x7A], [0x9C, 0x0F, 0x3F], [0x2F, 0x5D, 0x1E], [0x0B, 0x5A, 0x55]):
        before, after = (
            int(((pixels[..., :3] - torch.tensor(colour)).abs().amax(-1) < 25).sum())
            for pixels in (plain, by_class)
        )
        assert after > 50 + 3 * before


def test_what_eps_draws_moves(show, space):
    figure = show(eps=0.1, method="string")
    narrow, height = figure.pixels("ground"), zone_height(figure)
    figure.set("eps", "End ArrowLeft " + "ArrowLeft " * 24)
    figure.settle()
    assert figure.state()["eps"] == 0.2
    assert zone_height(figure) == pytest.approx(2 * height, rel=0.1)
    expect_rims(figure, space, narrow, (0.1, 0.2))


def zone_height(figure):
    """Pixels of the band behind the curve, in the column where they are most."""
    zone = torch.tensor([0xDF, 0xE3, 0xEA, 0xFF])
    return int((figure.pixels("curve") == zone).all(-1).sum(0).max())


def expect_rims(figure, space, before, eps):
    """Where the ground changed there was a rim of the band, or is one now."""
    changed = ((figure.pixels("ground") - before).abs().sum(-1) > 60).nonzero()
    size = before.shape[0]
    z = torch.tensor([1, -1]) * ((2 * changed.flip(1) + 1) / size - 1) * RADIUS
    with torch.no_grad():
        off = (space.ratio.prob(z) - 0.5).abs()
    near = [((off - each).abs() < 0.04) for each in eps]
    assert len(changed) > 300
    assert float((near[0] | near[1]).float().mean()) > 0.97
    assert all(int(each.sum()) > 100 for each in near)


# ---- slow motion --------------------------------------------------------------------------------

FOLLOWED = re.compile(
    r"Point (\d+): D = (\S+), a = (\S+), \|∇a\| = (\S+?)"
    r"(?:; this step moves (?:it by (\S+)|no point)\.)?"
)


class Slow:
    """The part of a figure that tells of one step after the other."""

    def __init__(self, figure):
        self.root = figure.root.locator(".slow")
        self.title, self.formula, self.numbers = map(self.root.locator("p").nth, range(3))
        self.figure = figure
        figure.button("Slow motion").click()
        figure.page.evaluate(TWO_FRAMES)
        expect(self.root).to_be_visible()

    def step(self, name="Next", times=1):
        for _ in range(times):
            self.figure.button(name).click()
        self.figure.page.evaluate(TWO_FRAMES)
        return self.title.text_content()

    def rewind(self):
        self.figure.page.evaluate(TWO_FRAMES)
        while self.figure.button("Back").is_enabled():
            self.step("Back")

    def followed(self):
        """The number of the point that is followed, D, a, the slope, and how far it moved."""
        parts = FOLLOWED.fullmatch(self.numbers.text_content()).groups()
        return [None if part is None else number(part) for part in parts]


def test_slow_motion_walks_through_propose_evaluate_correct(show, space):
    figure = show(steps=7)
    usual, before = figure.picture(), int(re.search(r"(\d+) of", figure.said.text_content())[1])
    slow = Slow(figure)
    expect(slow.title).to_have_text("1. Propose: 48 points on the straight line.")
    assert slow.formula.text_content() == "z = (1 − t) A + t B"
    assert figure.said.is_hidden() and figure.button("Back").is_disabled()
    assert slow.step() == f"2. Evaluate: {before} of 48 are not yet where they should be."
    assert slow.formula.text_content() == "|D(z) − ½| ≤ ϵ ?"
    i, d, a, slope, moved = slow.followed()
    z = torch.lerp(*(torch.tensor(DEFAULTS[end]) for end in "ab"), (i - 1) / 47)
    z.requires_grad_()
    logit = space.ratio.logit(z[None]).sum()
    logit.backward()
    wanted = (float(logit.detach().sigmoid()), float(logit.detach()), float(z.grad.norm()))
    assert (d, a, slope) == pytest.approx(wanted, abs=0.03) and moved is None
    pictures = [figure.hashes()["over"]]
    title = slow.step()
    steps = int(re.fullmatch(r"3\. Correct: step 1 of (\d+)", title)[1])
    assert slow.formula.text_content() == FORMULAS["gauss_newton"]
    assert slow.followed()[0] == i
    assert slow.followed()[4] == pytest.approx(min(abs(a) / slope, 0.5), rel=0.05)
    for _ in range(steps - 1):
        pictures.append(figure.hashes()["over"])
        title = slow.step()
    assert title == f"3. Correct: step {steps} of {steps} Done."
    assert len({*pictures, figure.hashes()["over"]}) == steps + 1
    assert figure.button("Next").is_disabled()
    assert slow.step("Back") == f"3. Correct: step {steps - 1} of {steps}"
    assert figure.hashes()["over"] == pictures[-1]
    assert slow.step("Back", steps) == "1. Propose: 48 points on the straight line."
    figure.button("Leave slow motion").click()
    assert figure.picture() == usual


def test_the_rows_show_what_slow_motion_has_reached(show, space):
    figure = show()
    slow = Slow(figure)
    ends = [torch.tensor([DEFAULTS[end]]) for end in "ab"]
    proposal = torch.lerp(*ends, torch.linspace(0, 1, 48)[:, None])
    slow.step()
    expect_digits(figure, space, proposal, proposal)
    slow.step()
    with pytest.raises(AssertionError):
        expect_digits(figure, space, proposal, proposal)


FORMULAS = {
    "probability": "z ← z − η · 2 (D − ½) D (1 − D) ∇a",
    "logit": "z ← z − η · a ∇a, no longer than ½",
    "gauss_newton": "z ← z − η · a ∇a / (|∇a|² + 0.001), no longer than ½; "
    "a step that overshoots is taken back and halved",
    "score": "z ← z + η (−z − ∇a), no longer than ½",
    "string": "z ← z + η (−z − ∇a), across the path; then evenly spaced",
}


def test_each_step_has_the_formula_of_the_method(show, space):
    figure = show(goal="below", proposal="slerp", steps=3)
    slow = Slow(figure)
    for method, formula in FORMULAS.items():
        figure.set("method", method)
        slow.rewind()
        assert slow.title.text_content() == "1. Propose: 48 points on the arc."
        assert slow.formula.text_content() == "direction turned by t, norm (1 − t)|A| + t|B|"
        slow.step()
        median = space.ratio.log_q_level(0.5)
        asks = {"score": f"log p(z) − a(z) ≥ −{-median:.2f} ?", "string": ""}
        assert slow.formula.text_content() == asks.get(method, "a(z) ≤ 0.405 ?")
        slow.step()
        assert slow.formula.text_content() == formula


def test_the_formula_says_what_is_aimed_at_and_that_there_is_noise(show):
    """Then the numbers beside it are those that it gives."""
    figure = show(goal="below", level=0.85, a=[0.4, -0.2], b=[1.3, -1.6])
    slow = Slow(figure)
    slow.step()
    assert slow.formula.text_content() == "a(z) ≤ 0.85 ?"
    _, _, a, slope, _ = slow.followed()
    slow.step()
    assert slow.formula.text_content().startswith("z ← z − η · (a − 0.445) ∇a / ")
    assert slow.followed()[4] == pytest.approx((a - 0.445) / slope, abs=0.01)
    figure = show(level=-0.5, method="probability", noise=0.2)
    slow = Slow(figure)
    slow.step()
    assert slow.formula.text_content() == "|a(z) + 0.5| ≤ 2 artanh 2ϵ ?"
    slow.step()
    assert slow.formula.text_content().endswith("D (1 − D) ∇a, with D = σ(a + 0.5); plus noise")


def test_slow_motion_of_the_loop_shows_what_it_proposes_and_what_becomes_of_it(show, presets):
    figure = show(**presets["stall"]["state"])
    slow = Slow(figure)
    assert slow.title.text_content().startswith("1. Propose: a step towards B, one of 47;")
    assert slow.formula.text_content() == "z = z + (B − z) / (steps left)"
    assert slow.step().startswith("2. Evaluate: each step is judged as it comes")
    said, moved = [], []
    while figure.button("Next").is_enabled():
        said.append(slow.step())
        moved.append(slow.followed()[4])
    assert [text.split(":")[0] for text in said[::2]] == ["Propose"] * 16
    judged = [text.split(":")[0] for text in said[1::2]]
    assert set(judged) == {"Evaluate", "Evaluate and correct"}
    assert [move is None for move in moved[1::2]] == [what == "Evaluate" for what in judged]
    assert said[-1].endswith("It stops: ten steps have brought it no further.")
    rows = figure.table()
    assert [row[7] for row in rows[17:]] == ["never tried"] * 31
    assert "never tried" not in [row[7] for row in rows[:17]]


def test_slow_motion_of_a_string_asks_nothing_of_a_point(show):
    slow = Slow(show(method="string", steps=20))
    assert (
        slow.step()
        == "2. Evaluate: no point by itself: the string moves as a whole, till it rests."
    )


def test_slow_motion_without_a_step_says_so(show):
    slow = Slow(show(steps=0))
    assert slow.step().endswith(" are not yet where they should be. No step is allowed.")


@both_ways
def test_it_plays_and_pauses(visit, home):
    figure = Figure(visit(fragment=link_to(method="probability", eta=0.05, steps=400), home=home))
    slow = Slow(figure)
    figure.button("Play").click()
    expect(slow.title).to_contain_text("3. Correct: step ")
    figure.button("Pause").click()
    paused = slow.title.text_content()
    figure.page.wait_for_timeout(1200)
    assert slow.title.text_content() == paused
    figure.button("Play").click()
    expect(slow.title).not_to_have_text(paused)
    figure.button("Next").click()  # which pauses too
    expect(figure.button("Play")).to_be_visible()


def test_it_plays_to_the_end_and_then_from_the_start(show):
    figure = show(steps=2, method="logit")
    slow = Slow(figure)
    slow.title.evaluate(
        "(title) => { window.titles = []; new MutationObserver(() => "
        "titles.at(-1) === title.textContent || titles.push(title.textContent))"
        ".observe(title, { childList: true, characterData: true, subtree: true }); }"
    )
    stages = ["1. Propose", "2. Evaluate", "3. Correct: step 1", "3. Correct: step 2 of 2 Done."]
    for _ in range(2):
        figure.button("Play").click()
        expect(figure.button("Pause")).to_be_visible()
        expect(figure.button("Play")).to_be_visible()
    titles = figure.page.evaluate("titles")
    assert len(titles) == 2 * len(stages)
    assert all(title.startswith(stage) for title, stage in zip(titles, 2 * stages, strict=True))


def test_slow_motion_may_begin_while_a_check_is_under_way(show):
    figure = show()
    figure.root.evaluate(
        """(el) => {
          const find = (what) => el.shadowRoot.querySelector(what);
          for (const type of ["keydown", "keyup"])
            find(".handle").dispatchEvent(new KeyboardEvent(type, { key: "ArrowRight" }));
          find(".bar button:last-child").click();
        }"""
    )
    figure.settle()
    expect(figure.root.locator(".slow")).to_contain_text("1. Propose")
    assert figure.state()["a"] == pytest.approx([1.55, -1.8])


# ---- hovering -----------------------------------------------------------------------------------

RING = torch.tensor([0x7A, 0x01, 0x77, 0xFF])  # the colour of what marks a point
NAMED = re.compile(
    r"Point (\d+) of 48: D (\S+) on the proposal, (\S+) after the correction; (.+)\."
)


def expect_marked(figure, i, path):
    """Point i is named, its column is framed, and two rings are on the map."""
    expect(figure.point).to_contain_text(f"Point {i + 1} of ")
    named, row = NAMED.fullmatch(figure.point.text_content()), path[i]
    assert [number(named[2]), number(named[3]), named[4]] == [row[3], row[6], row[7]]
    film, column = figure.rows.bounding_box(), figure.column.bounding_box()
    middle = (column["x"] + column["width"] / 2 - film["x"]) / film["width"] * SHOWN
    assert math.floor(middle) == round(i / (len(path) - 1) * (SHOWN - 1))
    pixels = figure.pixels("over")
    rings = (pixels == RING).all(-1).nonzero().flip(1) + 0.5
    centres = torch.tensor([row[1:3], row[4:6]]) * torch.tensor([1, -1])
    distance = torch.cdist(rings, (centres / RADIUS + 1) / 2 * pixels.shape[0])
    on = (distance - torch.tensor([5, 8])).abs() < 2.5
    assert bool(on.any(1).all()) and bool((on.sum(0) > 12).all())


def expect_nothing_marked(figure):
    expect(figure.point).to_have_text(HELP)
    assert figure.column.is_hidden()
    assert not bool((figure.pixels("over") == RING).all(-1).any())


def test_hovering_a_digit_marks_its_point(show):
    figure = show()
    path = figure.table()
    figure.rows.scroll_into_view_if_needed()
    expect_nothing_marked(figure)
    for column in (0, 4, 11):
        box = figure.rows.bounding_box()
        x = box["x"] + (column + 0.5) / SHOWN * box["width"]
        figure.page.mouse.move(x, box["y"] + box["height"] / 3)
        expect_marked(figure, round(column / (SHOWN - 1) * 47), path)
    figure.page.mouse.move(2, 2)
    expect_nothing_marked(figure)


def test_hovering_a_point_marks_its_digit(show):
    figure = show()
    path = figure.table()
    figure.map.scroll_into_view_if_needed()
    for columns, wanted in ((slice(4, 6), 20), (slice(1, 3), 31)):
        z = path[wanted][columns]
        figure.page.mouse.move(*figure.where(z))
        expect_marked(figure, wanted, path)
    figure.page.mouse.move(*figure.where([-3.0, 3.0]))  # far from any point
    expect_nothing_marked(figure)


def test_hovering_the_curve_marks_its_point(show):
    figure = show()
    path, curve = figure.table(), figure.root.locator("canvas.curve")
    curve.scroll_into_view_if_needed()
    before = figure.hashes()["curve"]
    box = curve.bounding_box()
    left, right = box["x"] + 26, box["x"] + box["width"] - 8
    figure.page.mouse.move(left + 17 / 47 * (right - left), box["y"] + 70)
    expect_marked(figure, 17, path)
    assert figure.hashes()["curve"] != before
    figure.page.mouse.move(2, 2)
    expect_nothing_marked(figure)
    assert figure.hashes()["curve"] == before


# ---- reset and presets --------------------------------------------------------------------------

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
    figure.button("Slow motion").click()
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
    figure.button("Slow motion").click()  # which a preset leaves
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


# ---- edges --------------------------------------------------------------------------------------


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


def test_a_key_whose_end_is_heard_elsewhere_is_let_go_all_the_same(show):
    figure = show()
    figure.handle("a").focus()
    figure.page.keyboard.down("ArrowRight")
    figure.handle("a").evaluate("(handle) => handle.blur()")
    figure.page.keyboard.up("ArrowRight")
    assert figure.state()["a"] == pytest.approx([1.55, -1.8])
    figure.settle()


def test_the_marked_point_goes_when_there_are_fewer_points(show):
    figure = show()
    figure.control("points").evaluate("(input) => input.focus({ preventScroll: true })")
    box = figure.rows.bounding_box()
    figure.page.mouse.move(box["x"] + 0.95 * box["width"], box["y"] + 5)
    figure.page.evaluate(TWO_FRAMES)
    assert figure.point.text_content().startswith("Point 48 of 48")
    figure.page.keyboard.press("Home")
    figure.settle()
    assert HELP.match(figure.point.text_content()) and figure.column.is_hidden()


def test_of_few_points_the_image_pointed_at_is_the_one_marked(show):
    figure = show(points=8)
    box, marked = figure.rows.bounding_box(), []
    for k in range(SHOWN):
        figure.page.mouse.move(box["x"] + (k + 0.5) / SHOWN * box["width"], box["y"] + 5)
        figure.page.evaluate(TWO_FRAMES)
        left = figure.column.bounding_box()["x"] - box["x"]
        marked.append(round(left / box["width"] * SHOWN))
    twice = [round(k / (SHOWN - 1) * 7) for k in range(SHOWN)]
    assert marked == [twice.index(point) for point in twice]


def test_ends_in_one_place_have_a_sentence_of_their_own(show):
    said = show(a=[1, 1], b=[1, 1], proposal="arcs").said.text_content()
    assert "A and B are one place, the path is a loop, its largest gap" in said
    assert "\N{EN DASH} times" not in said


def test_a_string_draws_no_level_as_it_knows_none(show):
    figure = show(method="string")
    usual = figure.hashes()["ground"]
    assert show(method="string", level=1).hashes()["ground"] == usual
    assert show(level=1).hashes()["ground"] != usual


def test_points_without_data_are_counted_by_that_name(show, presets):
    said = show(**presets["off-support"]["state"]).said.text_content()
    assert re.search(r"; \d+ lie where there are no data \(hollow squares\)", said)
    assert "gave up" not in said


def test_the_sentence_of_the_loop_names_the_line_that_it_did_not_propose(show):
    assert "of the straight line are" in show(planner="stepwise").said.text_content()
    assert "of the arc are" in show(planner="stepwise", proposal="arcs").said.text_content()
    assert "of the proposal are" in show(proposal="arcs").said.text_content()


def test_before_the_last_step_nobody_says_how_a_point_ended(show):
    figure = show()
    slow = Slow(figure)
    box = figure.rows.bounding_box()
    figure.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 5)
    figure.page.evaluate(TWO_FRAMES)
    assert re.fullmatch(r"Point \d+ of 48: D \S+ on the proposal, \S+ so far\.",
                        figure.point.text_content())  # fmt: skip
    slow.root.get_by_role("button", name="Next").focus()
    while figure.button("Next").is_enabled():
        figure.page.keyboard.press("Enter")
        figure.page.evaluate(TWO_FRAMES)
    focused = "(root) => root.shadowRoot.activeElement?.textContent"
    assert figure.root.evaluate(focused) == "Next", "the focus is not lost"
    assert re.search(r" after the correction; \w+", figure.point.text_content())
    expect(figure.note).to_have_text(EXACT)


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
