"""The explorer in a book: what the extension makes of a page, and what its loader does there.

The loader meets a stand-in for explorer.js that notes how it is called; the real one has tests of
its own.
"""

import functools
import itertools
import re

import pages
import pytest
from playwright.sync_api import expect
from test_gates import tiny_book

from nav_utils.browser import page as shared
from nav_utils.explorer import page as static
from nav_utils.explorer.state import expect_state
from nav_utils.playground import page as playground
from nav_utils.playground.state import expect_settings, in_page

ASSETS = ("explorer-text.js", "explorer.js", "nav-explorer-loader.js", "space-digits-2d.js")
ASSETS += ("playground-text.js", "playground.js", "space-digits-8x8.js")
GOOD = """
```{explorer} first
:space: digits-2d
:a: 1.0, -9
:method: score
:level: none
:classes: true
:points: 20
```

Then click {preset}`these words <second:PRESET>`.

```{explorer} second
:preset: PRESET
:eps: 0.2
:level: 1.5
```

{preset}`Another <third:plain>`:

```{playground} third
:preset: no-penalty
:lambda: 50
:learning_rate: 0.01
:data: digits
```
"""
FAULTY = {
    "```{explorer} e1\n:etta: 1\n```": "Unknown option keys: ['etta']",
    "```{explorer} e2\n:eta: much\n```": "Invalid option value for 'eta'",
    "```{explorer} e3\n:a: 1.0\n```": "a: expected two finite numbers [x, y], got [1.0]",
    "```{explorer} e4\n:method: hope\n```": "method: expected one of probability",
    "```{explorer} e5\n:classes: yes\n```": "Invalid option value for 'classes'",
    "```{explorer} e6\n:space: mnist-16d\n```": "space: expected one of mnist-2d, digits-2d",
    "```{explorer} e7\n:preset: never\n```": "ERROR: explorer: preset: expected ",
    "```{explorer} 1e\n```": "name: expected a letter",
    "```{playground} p1\n:preset: never\n```": "ERROR: playground: preset: expected ",
    "```{playground} p2\n:beta: much\n```": "Invalid option value for 'beta'",
    "```{playground} p3\n:data: faces\n```": "data: expected one of digits",
    "```{playground} p4\n```\n\n{preset}`words <p4:first>`": "expected a preset (adversarial, ",
    "{preset}`words`": "preset: expected `words <NAME:PRESET>`, got 'words'",
    "{preset}`words <nobody:first>`": "expected a figure of this page (good, ",
    "{preset}`words <good:never>`": "expected a preset (first, ",
    "```{explorer} twice\n```\n\n```{explorer} twice\n```": "got 'twice' 2 times on one page",
}


@functools.cache
def a_preset():
    """The name of a shipped preset."""
    return next(iter(static.shipped_presets("mnist-2d")))


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Folder of the pages of a book of one page with two explorers."""
    folder = tmp_path_factory.mktemp("good")
    built = tiny_book(folder, GOOD.replace("PRESET", a_preset()))
    assert built.returncode == 0, built.stdout
    return folder / "out" / "_build" / "html"


def test_a_directive_puts_in_the_div_of_its_state(book):
    text = (book / "book" / "intro.html").read_text(encoding="utf-8")
    some = {"a": [1.0, -9], "method": "score", "classes": True, "points": 20}
    first = static.div(static.shipped("digits-2d"), expect_state(some), "first")
    assert first in text
    more = static.preset_state("mnist-2d", a_preset()) | {"eps": 0.2, "level": 1.5}
    assert static.div(static.shipped("mnist-2d"), expect_state(more), "second") in text


def test_a_directive_puts_in_the_div_of_a_playground(book):
    text = (book / "book" / "intro.html").read_text(encoding="utf-8")
    settings = in_page(expect_settings({"weight": 50, "penalty": 0, "learning_rate": 0.01}))
    assert playground.div(settings, "third") in text
    wanted = 'data-explorer="third" data-preset="plain">Another</span>'
    assert f'<span class="nav-preset" {wanted}' in text


def test_a_role_is_text_that_names_a_preset(book):
    text = (book / "book" / "intro.html").read_text(encoding="utf-8")
    wanted = f'data-explorer="second" data-preset="{a_preset()}">these words</span>'
    assert f'Then click <span class="nav-preset" {wanted}.' in text


def test_pages_load_the_script_only_where_there_is_an_explorer(book):
    script = re.compile(r'<script defer="defer" src="[^"]*_static/nav/nav-explorer-loader\.js')
    assert script.search((book / "book" / "intro.html").read_text(encoding="utf-8"))
    assert not script.search((book / "search.html").read_text(encoding="utf-8"))


def test_the_book_carries_what_its_pages_fetch(book):
    folder = book / "_static" / "nav"
    assert {path.name for path in folder.iterdir()} == {*ASSETS, "space-mnist-2d.js"}
    read = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert read["nav-explorer-loader.js"] == shared.LOADER.read_text(encoding="utf-8")
    assert read["explorer.js"] == static.BUNDLE.read_text(encoding="utf-8")
    assert read["explorer-text.js"] == static.bundle_script()
    data = static.payload(static.shipped("digits-2d"))
    assert read["playground.js"] == playground.BUNDLE.read_text(encoding="utf-8")
    assert read["space-digits-2d.js"] == static.space_script("digits-2d", data)


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What a build says of every fault at once."""
    folder = tmp_path_factory.mktemp("faulty")
    built = tiny_book(folder, "\n\n".join(["```{explorer} good\n```", *FAULTY]))
    assert built.returncode == 1
    return [line for line in built.stdout.splitlines() if "WARNING" in line or "ERROR" in line]


@pytest.mark.parametrize("fault", FAULTY)
def test_a_fault_stops_the_build_and_is_told(fault, said):
    told = FAULTY[fault]
    assert sum(told in line for line in said) == 1, "\n".join(said)
    assert len(said) == len(FAULTY)


# ---- the loader ---------------------------------------------------------------------------------

STAND_IN = """
window.calls ??= [];
window.modules = (window.modules ?? 0) + 1;
export function mount(el, options) {
  const { payload, ...rest } = options;
  window.calls.push({ ...rest, bytes: [...payload] });
  window.payloads = (window.payloads ?? []).concat([payload]);
  (el.shadowRoot ?? el.attachShadow({ mode: "open" })).innerHTML = "<b>live</b>";
  return {
    get: () => ({}),
    set: (patch) => window.calls.push({ id: options.id, patch }),
    preset: (name) => window.calls.push({ id: options.id, preset: name }),
    destroy: () => window.calls.push({ id: options.id, destroyed: true }),
  };
}
"""
DIV = (
    '<div class="nav-explorer" id="{id}" data-space="{space}" data-state=\'{{"eps": 0.2}}\'>'
    '<img alt="A still picture" src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALA'
    'AAAAABAAEAAAIBRAA7"></div>'
)
WORDS = '<p><span class="nav-preset" data-explorer="{}" data-preset="stall">words</span></p>'
numbers = itertools.count()
GAP = '<div style="height: 4000px"></div>'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loader")
    write_assets(folder, STAND_IN)
    write_assets(folder / "broken", STAND_IN.replace("export function", "export funktion"))
    return folder


def write_assets(folder, module):
    folder.mkdir(exist_ok=True)
    (folder / "nav-explorer-loader.js").write_text(shared.LOADER.read_text(encoding="utf-8"))
    (folder / "explorer.js").write_text(module)
    text = shared.assignment("(window.NAV_BUNDLES ??= {})", "explorer", module)
    (folder / "explorer-text.js").write_text(text)
    (folder / "space-tiny.js").write_text(static.space_script("tiny", b"\x01\xff"))
    (folder / "space-broken.js").write_text(shared.assignment("(NAV_SPACES)", "broken", "?"))
    (folder / "space-empty.js").write_text("")


@pytest.fixture(scope="module")
def address(folder):
    with pages.serve(folder) as address:
        yield address


@pytest.fixture
def open_page(reader, folder, address):
    """Write a page and open it, over http or from the disk; it has `.asked`, names of files."""
    opened = []

    def open_page(body, over="http", fragment="", place="", script=""):
        loader = '<script defer src="nav-explorer-loader.js?v=1"></script>'
        text = f'<!doctype html><html lang="en"><head><title>x</title>{loader}</head><body>{body}'
        name = f"{place}page-{next(numbers)}.html"  # a name that no cache has seen
        (folder / name).write_text(text, encoding="utf-8")
        page = reader.new_page()
        opened.append(page)
        page.set_default_timeout(10_000)
        page.add_init_script(script)
        page.asked, page.faults = [], []
        page.on("request", lambda it: page.asked.append(it.url.split("/")[-1]))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        home = address if over == "http" else folder.as_uri()
        page.goto(f"{home}/{name}{fragment}", wait_until="load")
        return page

    yield open_page
    for page in opened:
        page.close()


def calls(page, n):
    """The first n calls of the stand-in."""
    page.wait_for_function("(n) => (window.calls ?? []).length >= n", arg=n)
    return page.evaluate("window.calls")


def mounted(name, query=None):
    return {"id": name, "state": {"eps": 0.2}, "query": query, "bytes": [1, 255]}


@pytest.mark.parametrize("over", ["http", "file"])
def test_an_explorer_in_sight_becomes_live(open_page, over):
    page = open_page(DIV.format(id="one", space="tiny") + DIV.format(id="two", space="tiny"), over)
    assert calls(page, 2) == [mounted("one"), mounted("two")]
    assert page.evaluate("window.modules") == 1
    expect(page.locator("#one b")).to_have_text("live")
    module = "explorer.js" if over == "http" else "explorer-text.js"
    assert {"space-tiny.js", module} <= set(page.asked)
    assert not {"explorer.js", "explorer-text.js"} - {module} & set(page.asked)


def test_what_is_far_below_is_neither_fetched_nor_mounted_until_it_comes_near(open_page):
    page = open_page(GAP + DIV.format(id="one", space="tiny") + DIV.format(id="two", space="tiny"))
    page.wait_for_timeout(300)
    assert "space-tiny.js" not in page.asked and "explorer.js" not in page.asked
    page.locator("#one").scroll_into_view_if_needed()
    assert {call["id"] for call in calls(page, 2)} == {"one", "two"}
    assert page.asked.count("space-tiny.js") == page.asked.count("explorer.js") == 1
    assert page.evaluate("payloads[0] === payloads[1]"), "explorers of one space share its bytes"
    page.evaluate("scrollTo(0, 0)")
    page.locator("#two").scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    assert len(calls(page, 2)) == 2, "once is enough"


FAILURES = {
    "no data": ({"space": "missing"}, "space-missing.js could not be loaded."),
    "a name that is no file's": ({"space": "../x"}, "The name of its data is not a file's."),
    "a broken payload": ({"space": "broken"}, "Expected data as base64 in space-broken.js"),
    "a script without data": ({"space": "empty"}, "Expected data as base64 in space-empty.js"),
}


@pytest.mark.parametrize("over", ["http", "file"])
@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_is_told_and_the_picture_stays(open_page, kind, over):
    options, told = FAILURES[kind]
    page = open_page(DIV.format(id="one", **options) + DIV.format(id="two", space="tiny"), over)
    alert = page.locator("#one [role=alert]")
    expect(alert).to_contain_text(told)
    expect(page.locator("#one img")).to_be_visible()
    assert alert.bounding_box()["y"] < page.locator("#one img").bounding_box()["y"]
    assert calls(page, 1) == [mounted("two")], "the others go on"


@pytest.mark.parametrize("over", ["http", "file"])
def test_a_module_that_cannot_be_read_is_told(open_page, over):
    page = open_page(DIV.format(id="one", space="tiny"), over, place="broken/")
    expect(page.locator("#one [role=alert]")).to_contain_text("could not start")
    expect(page.locator("#one img")).to_be_visible()


def test_without_script_words_and_picture_stay(reader, folder, address):
    context = reader.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    body = DIV.format(id="one", space="tiny") + WORDS.format("one")
    (folder / "still.html").write_text(f"<!doctype html><title>x</title>{body}")
    page.goto(f"{address}/still.html")
    expect(page.locator("img")).to_be_visible()
    assert page.locator("[role=button]").count() == 0
    context.close()


def test_a_link_brings_its_state_and_scrolls_there(open_page):
    page = open_page(
        GAP + DIV.format(id="one", space="tiny") + DIV.format(id="two", space="tiny"),
        fragment="#two?eps=0.3&a=1,2",
    )
    found = calls(page, 2)
    assert mounted("two", "eps=0.3&a=1,2") in found and mounted("one") in found
    page.wait_for_function("scrollY > 3000")
    page.evaluate("location.hash = '#two?eps=0.4'")
    assert calls(page, 4)[2:] == [{"id": "two", "destroyed": True}, mounted("two", "eps=0.4")]


@pytest.mark.parametrize("fragment", ["#nobody?eps=1", "#one", "#?eps=1", "#%<b>?x", "#stray?x"])
def test_a_link_to_something_else_changes_nothing(open_page, fragment):
    page = open_page(f'<p id="stray">x</p>{DIV.format(id="one", space="tiny")}', fragment=fragment)
    assert calls(page, 1) == [mounted("one")]
    page.evaluate(f"location.hash = {fragment + 'y'!r}")
    page.wait_for_timeout(100)
    assert calls(page, 1) == [mounted("one")] and page.faults == []


@pytest.mark.parametrize("press", ["click", "Enter", " "])
def test_words_set_a_preset_of_their_explorer_and_show_it(open_page, press):
    page = open_page(WORDS.format("one") + GAP + DIV.format(id="one", space="tiny"))
    words = page.get_by_role("button", name="words")
    if press == "click":
        words.click()
    else:
        page.keyboard.press("Tab")
        expect(words).to_be_focused()
        page.keyboard.press(press)
    preset = {"id": "one", "preset": "stall"}
    assert calls(page, 2) == [mounted("one"), preset]
    expect(page.locator("#one")).to_be_in_viewport()
    words.click()
    assert calls(page, 3) == [mounted("one"), preset, preset], "it is mounted once"


def test_words_for_an_explorer_that_is_not_there_or_not_live_do_no_harm(open_page):
    page = open_page(
        WORDS.format("nobody") + WORDS.format("one") + DIV.format(id="one", space="missing")
    )
    expect(page.locator("#one [role=alert]")).to_be_visible()
    for words in page.get_by_role("button", name="words").all():
        words.click()
    page.wait_for_timeout(100)
    assert page.faults == [] and page.locator("#one [role=alert]").count() == 1


def test_explorers_that_need_a_kernel_are_left_alone(open_page):
    page = open_page(
        '<div class="nav-explorer" id="mine"><p>run it</p></div>'
        + DIV.format(id="one", space="tiny")
    )
    assert calls(page, 1) == [mounted("one")]
    expect(page.locator("#mine p")).to_have_text("run it")


@pytest.mark.parametrize("over", ["http", "file"])
def test_a_page_that_holds_everything_fetches_nothing(reader, folder, address, over):
    static.to_html(static.shipped("digits-2d"), folder / "all.html", name="one")
    page = reader.new_page()
    asked, faults = [], []
    page.on("request", lambda it: asked.append(it.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda it: faults.append(it.text) if it.type == "error" else None)
    url = f"{address if over == 'http' else folder.as_uri()}/all.html"
    page.goto(url)
    expect(page.locator("#one .card")).to_be_visible()
    assert faults == [] and page.locator("#one [role=alert]:not([hidden])").count() == 0
    assert [it for it in asked if not it.startswith(("data:", "blob:"))] == [url]
    page.close()


def test_without_an_intersection_observer_it_is_live_at_once(open_page):
    page = open_page(
        DIV.format(id="one", space="tiny"), script="delete window.IntersectionObserver"
    )
    assert calls(page, 1) == [mounted("one")] and page.faults == []


def test_what_failed_is_tried_again_and_told_once(open_page, folder):
    late = folder / "space-late.js"
    page = open_page(DIV.format(id="one", space="late"))
    alert = page.locator("#one [role=alert]")
    for k in range(3):
        expect(alert).to_have_count(1)
        page.evaluate("(k) => { location.hash = `#one?eps=0.${k}`; }", k)
        page.wait_for_timeout(100)
    expect(alert).to_have_count(1)
    late.write_text(static.space_script("late", b"\x01\xff"))
    page.evaluate("() => { location.hash = '#one?eps=0.4'; }")
    assert calls(page, 1) == [mounted("one", "eps=0.4")]
    late.unlink()
