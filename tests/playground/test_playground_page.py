"""The playground in a page: it trains, slows down, is calibrated, and is taken to the explorer.

A few pages, each for several tests, for a browser and an engine are slow to start. The network is
blocked: a request to anywhere but the page's own folder is a fault.
"""

import functools
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import npm
import numpy as np
import pytest
from playwright.sync_api import expect, sync_playwright

from nav_utils.browser.page import LOADER, space_script
from nav_utils.playground import to_html
from nav_utils.playground.digits import packed_digits
from nav_utils.playground.page import BUNDLE, DIGITS, div, presets, still
from nav_utils.playground.state import DEFAULTS as SETTINGS
from nav_utils.playground.state import in_page

sys.path.append(str(Path(__file__).parents[1] / "book"))
import pages

expect.set_options(timeout=30_000)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
# In the page: what axe-core finds wrong.
AXE = """async (tags) => {
  const { violations, passes } = await axe.run({ include: [["#playground"]] }, { runOnly: tags });
  if (passes.length < 3) return ["axe has looked at next to nothing"];
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.flat().join(" ")}: ${node.failureSummary}`));
}"""
# In the page: a number for what a canvas shows.
HASH = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let hash = canvas.width;
  for (const x of new Int32Array(data.buffer)) hash = (Math.imul(hash, 31) + x) | 0;
  return hash;
}"""
# In the page: red of the ten digits, and of what they are rebuilt as.
ROWS = """(canvas) => [0, 9].map((top) => {
  const { data } = canvas.getContext("2d").getImageData(0, top, canvas.width, 8);
  return [...data].filter((_, i) => i % 4 === 0);
})"""
# Before the page's scripts: no worker, and a count of the slices in which the page computes.
NO_WORKER = """
window.Worker = class { constructor() { throw new Error("refused by the test"); } };
window.turns = 0;
window.later = setTimeout;
window.setTimeout = (...given) => { window.turns++; return later(...given); };
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with playground.html; a second one begins far down the page."""
    folder = tmp_path_factory.mktemp("playground")
    text = to_html(folder / "playground.html").read_text(encoding="utf-8")
    span = '<span class="nav-preset" data-explorer="playground" data-preset="two-optimisers">'
    words = f'<p>Words: {span}it diverges</span>.</p><div style="height: 3000px">A gap</div>'
    (folder / "low.html").write_text(text.replace("<h1>", f"{words}<h1>"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = pages.launch_browser(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(folder):
    with pages.serve(folder) as address:
        yield address


@pytest.fixture(scope="module")
def visit(browser, folder):
    """Open a page, from the disk unless `home` is an address; its faults are in `.faults`."""

    def visit(fragment="", name="playground.html", script="", home=None, **options):
        home = home or folder.as_uri()
        size = {"width": 1100, "height": 1000}
        context = browser.new_context(**{"viewport": size, "bypass_csp": True, **options})
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda it: page.faults.append(it.text) if it.type == "error" else None)
        page.route("**", functools.partial(only_from, home, page.faults))
        page.add_init_script(script)
        page.goto(f"{home}/{name}{fragment}")
        return page

    return visit


def only_from(home, faults, route):
    """Let requests to a page's own folder pass; block and note all others."""
    url = route.request.url
    if url.startswith((f"{home}/", "data:", "blob:")):
        route.continue_()
    else:
        faults.append(f"external request: {url}")
        route.abort()


@pytest.fixture(scope="module")
def trained(visit):
    """A page whose short run is over."""
    page = visit("#playground?steps=120")
    press(page, "Play")
    expect(said(page)).to_contain_text("The run is over", timeout=60_000)
    return page


def button(page, name):
    return page.locator("#playground").get_by_role("button", name=name, exact=True)


def press(page, name):
    expect(said(page)).to_contain_text("Step ")
    button(page, name).click()


def said(page):
    return page.locator("#playground .said").first


def step(page):
    return int(re.search(r"Step (\d+) of", said(page).text_content())[1])


def canvas(page, nth):
    return page.locator("#playground .map canvas").nth(nth).evaluate(HASH)


def spread(page):
    """The larger eigenvalue of the codes."""
    return float(re.search(r"codes: [\d.]+ and ([\d.]+)", said(page).text_content())[1])


def test_it_plays_pauses_and_takes_one_step(visit):
    page = visit("#playground?steps=20000")  # a run that does not end by itself
    expect(said(page)).to_contain_text("Step 0 of 20000")
    before = [canvas(page, 0), canvas(page, 1)]
    press(page, "One step")
    expect(said(page)).to_contain_text("Step 1 of 20000")
    assert [canvas(page, 0), canvas(page, 1)] != before
    press(page, "Play")
    expect(said(page)).to_contain_text("a second")
    press(page, "Pause")
    expect(button(page, "Play")).to_be_visible()
    spoken = page.locator("#playground p.hidden")  # while it plays it is not told
    page.wait_for_function(
        "([a, b]) => a.textContent === b.textContent",
        arg=[spoken.element_handle(), said(page).element_handle()],
    )
    here = step(page)
    assert here > 1
    page.wait_for_timeout(300)
    assert step(page) == here, "it has paused"
    assert spoken.text_content() == said(page).text_content()
    # Lambda acts at once on the running model, and a link holds it.
    page.get_by_text("Controls", exact=True).click()
    page.locator("[data-key=lambda]").press("Home")
    link = page.locator("#playground .link input").first
    expect(link).to_have_value(re.compile(r"#playground\?lambda=0&steps=20000$"))
    assert step(page) == here
    # Another seed begins anew.
    page.locator("[data-key=seed]").fill("3")
    page.locator("[data-key=seed]").press("Tab")
    expect(said(page)).to_contain_text("Step 0 of 20000")
    expect(link).to_have_value(re.compile(r"\?lambda=0&steps=20000&seed=3$"))
    fragment = link.input_value().partition("#")[2]
    page.evaluate("(fragment) => { location.hash = fragment; }", fragment)
    expect(page.locator("[data-key=seed]")).to_have_value("3")
    assert page.locator("[data-key=lambda]").get_attribute("aria-valuetext") == "0"
    # A link that makes no sense is told, and the figure is there.
    page.evaluate("() => { location.hash = 'playground?lambda=abc&route=1'; }")
    expect(page.get_by_role("alert")).to_contain_text("lambda=abc, route=1")
    expect(said(page)).to_contain_text("Step 0 of 720")
    assert page.faults == []
    page.context.close()


# The control, in which settings, what is done to it, and the value then.
CONTROLS = {
    "data": ({}, "ring", "ring"),
    "objective": ({}, "plain", "plain"),
    "optimisers": ({}, "two", "two"),
    "lambda": ({}, "Home", 0),
    "beta": ({"objective": "variational"}, "End", 100),
    "penalty": ({}, "End", 10),
    "learningRate": ({}, "Home", 1e-5),
    "discriminatorRate": ({}, "Home", 0.01),
    "generatorRate": ({"optimisers": "two"}, "End", 100),
    "tiny": ({"optimisers": "two"}, "Home", 0),
    "steps": ({}, "Home", 60),
    "decay": ({}, "End", 1),
    "speed": ({}, "5", 5),
    "seed": ({}, "7", 7),
}


# In the page: follow a link to the playground, though it may be the one that is shown.
FOLLOW = """(fragment) => {
  document.querySelector("#playground").shadowRoot.querySelector(".card").dataset.old = "";
  history.replaceState(null, "", location.pathname);
  location.hash = fragment;
}"""


def follow(page, settings):
    page.evaluate(FOLLOW, "playground?" + urlencode(settings))
    expect(page.locator("#playground .card:not([data-old])")).to_have_count(1)
    expect(said(page)).to_contain_text("Step 0 of")
    page.get_by_text("Controls", exact=True).click()


def test_every_control_makes_a_link_that_leads_back(visit, served):
    page = visit(home=served)
    expect(said(page)).to_contain_text("Step 0 of")
    link = page.locator("#playground .link input").first
    assert set(CONTROLS) == set(in_page(SETTINGS))
    read = "(inputs) => Object.fromEntries(inputs.map((input) => [input.dataset.key, input.value]))"
    for key, (settings, done, value) in CONTROLS.items():
        follow(page, settings)
        control = page.locator(f"[data-key={key}]")
        expect(link).to_be_hidden()
        expect(control).to_be_enabled()
        kind = control.evaluate("(input) => input.type")
        if kind == "range":
            control.press(done)
        elif kind == "number":
            control.fill(done)
            control.press("Tab")
        else:
            control.select_option(done)
        found = read_link(link.input_value())
        assert float(found.pop(key)) == value if kind == "range" else found.pop(key) == str(value)
        assert found == settings
        shown = page.locator("#playground [data-key]").evaluate_all(read)
        follow(page, read_link(link.input_value()))
        expect(link).to_be_hidden()
        assert page.locator("#playground [data-key]").evaluate_all(read) == shown, key
    menu = page.locator("#playground select").first
    for name, preset in presets().items():
        menu.select_option(name)
        assert set(read_link(link.input_value())) == set(preset["settings"])
        expect(menu).to_have_value(name)
    assert page.faults == []
    page.context.close()


def read_link(address):
    """The settings in a link, as words."""
    fragment, _, query = address.partition("#")[2].partition("?")
    assert fragment == "playground"
    return dict(parse_qsl(query, strict_parsing=bool(query)))


def test_the_codes_pour_into_the_prior(trained):
    assert spread(trained) > 0.4
    text = said(trained).text_content()
    assert 15 < float(re.search(r"reconstruction ([\d.]+) nats", text)[1]) < 30
    digits, rebuilt = trained.locator("#playground canvas.rows").evaluate(ROWS)
    assert np.corrcoef(digits, rebuilt)[0, 1] > 0.7 and np.ptp(digits) == 255
    assert trained.locator("#playground .note").last.text_content().endswith("by WebAssembly.")


def test_slow_motion_shows_each_part_and_what_it_moves(trained):
    here = step(trained)
    press(trained, "Slow motion")
    title = trained.locator("#playground .slow p[aria-live]")
    heads, pictures = [], set()
    for k in range(8):
        expect(title).to_contain_text(f"{k + 1}. ")
        heads.append(re.match(r"\d\. ([A-Z][a-z]+)", title.text_content())[1])
        pictures.add(trained.locator("#playground .slow svg").inner_html())
        if k < 7:
            button(trained, "Next").click()
    assert button(trained, "Next").get_attribute("aria-disabled") == "true"
    wanted = "Encode Decode Draw Judge Reconstruction Adversarial Discriminator After"
    assert heads == wanted.split() and len(pictures) == 8
    assert step(trained) == here + 1
    press(trained, "Leave slow motion")
    expect(title).to_be_hidden()


def test_the_place_is_moved_by_keys_and_spoken(trained):
    place = trained.get_by_role("slider", name="Place")
    place.focus()
    place.press("Shift+ArrowRight")
    place.press("ArrowUp")
    expect(place).to_have_attribute("aria-valuetext", re.compile(r"^x -1.75, y 2.05, D \d\.\d\d$"))


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1100)])
def test_axe_finds_nothing(trained, tmp_path_factory, scheme, width):
    source = npm.node_modules(tmp_path_factory) / "axe-core" / "axe.min.js"
    trained.emulate_media(color_scheme=scheme)
    trained.set_viewport_size({"width": width, "height": 900})
    expect(trained.locator("#playground .card").first).to_have_attribute("data-theme", scheme)
    if trained.evaluate("typeof axe") == "undefined":
        trained.evaluate(source.read_text(encoding="utf-8"))
    assert trained.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert trained.evaluate(AXE, TAGS) == []
    trained.locator("#playground .said").first.evaluate("(p) => { p.style.color = '#888'; }")
    trained.locator("#playground .card").first.evaluate("(c) => { c.style.background = '#777'; }")
    assert any("color-contrast" in line for line in trained.evaluate(AXE, TAGS)), "it can fail"
    for part in (".said", ".card"):
        trained.locator(f"#playground {part}").first.evaluate("(p) => p.removeAttribute('style')")


def test_it_is_calibrated_and_taken_to_the_explorer(trained):
    trained.set_viewport_size({"width": 1100, "height": 1000})
    press(trained, "Calibrate")
    expect(said(trained)).to_contain_text("The encoder is frozen")
    expect(said(trained)).to_contain_text("fresh D: held-out loss", timeout=90_000)
    assert re.search(r"Left-over D: held-out loss 0\.\d{3}", said(trained).text_content())
    assert trained.locator("#playground .beside figure").count() == 2
    press(trained, "Take this space to the explorer")
    explorer = trained.locator("#playground .taken")
    words = explorer.locator("p.numbers")
    expect(words).to_contain_text("points of", timeout=60_000)
    before = words.text_content()
    end = explorer.get_by_role("slider", name="Endpoint A")
    place = end.get_attribute("aria-valuetext")
    explorer.locator(".map").scroll_into_view_if_needed()
    end.hover()
    box = end.bounding_box()
    trained.mouse.down()
    trained.mouse.move(box["x"] + 80, box["y"] - 60, steps=4)
    trained.mouse.up()
    expect(words).not_to_have_text(before)
    assert end.get_attribute("aria-valuetext") != place
    press(trained, "Train on")
    expect(button(trained, "Calibrate")).to_be_visible()
    expect(trained.locator("#playground .beside figure")).to_have_count(0)
    assert trained.faults == []


def test_without_workers_words_start_a_run_that_diverges(visit):
    page = visit(name="low.html", script=NO_WORKER, reduced_motion="reduce")
    assert page.locator("#playground .card").count() == 0, "far away nothing is fetched"
    page.get_by_role("button", name="it diverges").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("It diverged at step", timeout=90_000)
    assert "discriminator infinite" in alert.text_content()
    expect(page.locator("#playground")).to_be_in_viewport()
    assert "in the page itself" in page.locator("#playground .note").last.text_content()
    assert "refused by the test" in page.locator("#playground .note").last.text_content()
    assert page.locator("#playground select").first.input_value() == "two-optimisers"
    # Out of sight it rests.
    page.locator("#playground select").first.select_option("ring")
    expect(said(page)).to_contain_text("Motion is reduced: one picture a second.")
    turns = "(wait) => new Promise((go) => { const k = turns; later(() => go(turns - k), wait); })"
    assert page.evaluate(turns, 200) > 3
    page.evaluate("scrollTo(0, 0)")
    rests = (page.evaluate(turns, 200) == 0 for _ in range(50))
    assert any(rests), "the last frame is computed, then nothing more"
    assert page.evaluate(turns, 200) == 0
    here = step(page)
    page.locator("#playground").scroll_into_view_if_needed()
    expect(said(page)).not_to_contain_text(f"Step {here} of")
    assert page.faults == []
    page.context.close()


SITE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Site</title>
<link rel="icon" href="data:,"><script defer src="loader.js"></script></head><body>%s</body></html>
"""
POLICIES = {
    "default-src 'self'": "could not start",
    "default-src 'self' blob:; worker-src 'none'": "in the page itself, by plain JavaScript",
}


def test_a_site_may_allow_it_less(browser, tmp_path):
    for file in (LOADER, BUNDLE):
        shutil.copy(file, tmp_path / file.name)
    script = space_script(DIGITS, packed_digits())
    (tmp_path / f"space-{DIGITS}.js").write_text(script, encoding="utf-8")
    (tmp_path / "index.html").write_text(SITE % div({}, "playground"), encoding="utf-8")
    with pages.serve(tmp_path) as home:
        for policy, wanted in POLICIES.items():
            page = browser.new_page()
            add = {"Content-Security-Policy": f"{policy}; img-src 'self' data:"}
            page.route(f"{home}/index.html", functools.partial(with_headers, headers=add))
            page.goto(f"{home}/index.html")
            place = "[role=alert]" if "not start" in wanted else ".note"
            told = page.locator(f"#playground {place}").last
            expect(told).to_contain_text(wanted)
            if place == ".note":
                press(page, "One step")
                expect(said(page)).to_contain_text("Step 1 of")
            else:
                assert page.locator("#playground img").bounding_box()["width"] > 300
            page.close()


def with_headers(route, headers):
    response = route.fetch()
    route.fulfill(response=response, headers=response.headers | headers)


def test_without_script_there_is_a_still_picture(visit):
    page = visit(java_script_enabled=False)
    image = page.locator("#playground img")
    assert image.get_attribute("alt") == still({})[1] and image.bounding_box()["width"] > 300
    page.context.close()


def test_every_preset_is_offered(trained):
    options = trained.locator("#playground select").first.locator("option").all_text_contents()
    assert options[1:] == [preset["text"] for preset in presets().values()]
