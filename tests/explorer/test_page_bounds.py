"""An explorer without script, on paper, with hostile links, broken files, and among many."""

import base64
import json
import re
import shutil
import struct
from urllib.parse import quote

import pages
import pytest
from figure import EXACT, TWO_FRAMES, Figure, link_to, spoken
from playwright.sync_api import expect

from nav_utils.explorer.page import to_html
from nav_utils.explorer.state import DEFAULTS, LIMITS, WORDS

both_ways = pytest.mark.parametrize("home", ["http", "file"])

# ---- what there is without script, and on paper -------------------------------------------------


@both_ways
@pytest.mark.parametrize("media", ["screen", "print"])
def test_without_script_there_is_a_still_picture(visit, home, media, presets):
    page = visit(home=home, java_script_enabled=False)
    page.emulate_media(media=media)
    for name, method in (("first", "gauss_newton"), ("second", "score")):
        picture = page.locator(f"#{name} img")
        picture.scroll_into_view_if_needed()
        expect(picture).to_be_visible()
        assert picture.bounding_box()["height"] > 400
        assert picture.evaluate("(img) => img.complete && img.naturalWidth") > 600
        alt = picture.get_attribute("alt")
        assert f"corrected by the method {method}" in alt
        assert re.search(r"\d+ of \d+ points", alt)
        expect(page.locator(f"#{name}")).to_contain_text("A still picture")
    words = page.locator(".nav-preset")
    assert words.count() == len(presets) + 1
    assert words.first.text_content() == f"role {next(iter(presets))}"
    assert words.evaluate_all("(all) => all.every((one) => one.attributes.length === 3)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_paper_there_is_the_figure_without_its_controls(visit, scheme):
    page = visit(color_scheme=scheme)
    figure = Figure(page)
    expect(figure.card).to_have_attribute("data-theme", scheme)
    page.emulate_media(media="print")
    for part in (figure.map, figure.rows, figure.said, figure.root.locator("canvas.curve")):
        expect(part).to_be_visible()
    for part in (figure.button("Reset"), figure.control("eta"), figure.menu):
        expect(part).to_be_hidden()
    colours = "(said) => [getComputedStyle(said).color, getComputedStyle(said).opacity]"
    assert figure.said.evaluate(colours) == ["rgb(0, 0, 0)", "1"]
    expect(page.locator("#second img")).to_be_visible()  # which has not become live
    expect(page.locator("#first img")).to_be_hidden()


def test_it_becomes_live_near_the_window_and_no_sooner(visit):
    page = visit()
    asked = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
    Figure(page)
    asked.clear()
    second = Figure(page, "second", wait=False)
    expect(second.card).to_have_count(0)
    expect(page.locator("#second img")).to_be_visible()
    second.root.evaluate("(root) => scrollTo(0, root.getBoundingClientRect().top + scrollY - 1150)")
    expect(second.card).to_have_count(1)
    assert page.evaluate("innerHeight") == 800
    second.settle()
    assert asked == []  # what the first one has fetched is enough


@both_ways
def test_nothing_is_fetched_before_it_is_needed(visit, home):
    page = visit("low.html", home=home)
    asked = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
    page.wait_for_timeout(500)
    assert [name for name in asked if name.endswith(".js")] == []
    Figure(page)
    program = ["explorer.js"] if home == "http" else ["explorer-text.js"]
    assert sorted(name for name in asked if name.endswith(".js")) == [*program, SPACE]


# ---- links that mean no good --------------------------------------------------------------------

SCRIPT = "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>"
HOSTILE = {
    "a script": f"a={SCRIPT}&method={SCRIPT}&seed={SCRIPT}&{SCRIPT}={SCRIPT}",
    "an escaped script": "&".join(f"{key}={quote(SCRIPT)}" for key in DEFAULTS),
    "bad escapes": "%&%%%zz&a=%E0%A4%A,%&method=%ff&eta=%00&%",
    "no numbers": "a=NaN,NaN&b=1,2,3&eta=NaN&points=Infinity&eps=-Infinity&seed=,&steps=&noise=x",
    "prototypes": "__proto__=1&constructor=2&method=__proto__&goal=constructor&a=toString&eta=at",
    "too large": "a=1e999,-1e999&" + "&".join(f"{key}=1e999" for key in LIMITS),
    "out of range": "a=1e9,-1e9&b=-99,99&" + "&".join(f"{key}=1e30" for key in LIMITS),
    "below range": "&".join(f"{key}=-1e30" for key in LIMITS),
    "100 kB": f"a={'9' * 40_000},1&{'x' * 30_000}=1&method={'y' * 30_000}",
    "separators": "&&&===&a=&b=,&=&method==score&points=#?&level=%26",
    "an address": "a=javascript:alert(1)&proposal=https://example.org/x.js&planner=data:text/html,x",
}
# In the page: the names of the elements of a figure; attributes that might run; scripts around it.
CENSUS = """(root) => {
  const all = [...root.shadowRoot.querySelectorAll("*")];
  const attributes = all.flatMap((one) => one.getAttributeNames());
  return [
    [...new Set(all.map((one) => one.localName))].sort(),
    attributes.filter((name) => /^(on|href|src|style$)/.test(name)).sort(),
    document.querySelectorAll("script, iframe, object, embed, img").length,
  ];
}"""


def test_a_hostile_link_leaves_a_working_figure(visit):
    page = visit("plain.html", "#first?method=score")
    page.on("dialog", lambda dialog: page.faults.append(f"a dialog: {dialog.message}"))
    honest = Figure(page).root.evaluate(CENSUS)
    follow = "(query) => { location.hash = '#first?' + query; }"
    for what, query in HOSTILE.items():
        print(what)  # pytest shows it where this fails
        page.evaluate(follow, "method=score")
        expect(Figure(page, wait=False).control("method")).to_have_value("score")
        page.evaluate(follow, query)
        figure = Figure(page, wait=False)
        expect(figure.control("method")).to_have_value("gauss_newton")
        figure.unfold()
        expect_harmless(figure.settle(), honest)


def expect_harmless(figure, honest):
    """The figure works, its state is one that it may have, and the link has put in no element."""
    said = figure.page.locator("[role=alert]:not([hidden])").all_text_contents()
    assert all(len(text) < 400 and "usual values stand" in text for text in said)
    for end in "ab":
        x, y, d = spoken(figure.values()[end])
        assert max(abs(x), abs(y)) <= 3.5 and 0 <= d <= 1
    assert figure.root.evaluate(CENSUS) == honest
    assert "<" not in figure.card.text_content()
    assert figure.page.evaluate("window.pwned ?? 0") == 0
    moved = figure.picture()
    figure.handle("a").press("Shift+ArrowLeft")
    figure.handle("a").press("Shift+ArrowDown")
    assert figure.picture() != moved
    state = figure.state()
    assert all(state[key] in WORDS[key] for key in WORDS)
    assert all(low <= (state[key] or 0) <= high for key, (low, high) in LIMITS.items())


@both_ways
@pytest.mark.parametrize("what", ["an escaped script", "too large", "100 kB"])
def test_a_page_opened_by_a_hostile_link_works(visit, what, home):
    honest = Figure(visit("plain.html", home=home)).root.evaluate(CENSUS)
    figure = Figure(visit("plain.html", f"#first?{HOSTILE[what]}", home=home))
    expect_harmless(figure, honest)
    if what == "too large":  # what is not a number leaves what is usual
        assert figure.state() == DEFAULTS | {"a": [1.25, -2.05]}


NOWHERE = ["#<img src=x>?a=1,1", "#__proto__?a=1,1", "#constructor?a=1,1", "#?a=1,1", "#%",
    "#first", "#first%3Fa=1,1", "##first?a=1,1", "#FIRST?a=1,1", "#first,second?a=1,1"]  # fmt: skip


def test_a_link_to_no_explorer_changes_none(visit):
    page = visit("plain.html", NOWHERE[0])
    figure = Figure(page)
    usual = figure.picture()
    for fragment in NOWHERE[1:]:
        page.evaluate("(fragment) => { location.hash = fragment; }", fragment)
        assert figure.picture() == usual
    page.evaluate("(fragment) => { location.hash = fragment; }", "#first?a=1,1")
    expect(figure.handle("a")).to_have_attribute("aria-valuetext", re.compile("^x 1.00, y 1.00"))


# ---- broken files -------------------------------------------------------------------------------


def payload_of(script):
    return bytearray(base64.b64decode(script.split('"')[3]))


def script_of(data):
    text = base64.b64encode(bytes(data)).decode()
    return f'(window.NAV_SPACES ??= {{}})["mnist-2d"] = "{text}";\n'


def header_of(data):
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), 8 + length


def with_nan(script, name, size):
    """The payload with every bit set in the last number of a tensor."""
    data = payload_of(script)
    header, start = header_of(data)
    end = start + header[name]["data_offsets"][1]
    data[end - size : end] = b"\xff" * size
    return script_of(data)


def with_facts(script, **facts):
    data = payload_of(script)
    header, start = header_of(data)
    meta = json.loads(header["__metadata__"]["explorer"]) | facts
    header["__metadata__"]["explorer"] = json.dumps(meta)
    packed = json.dumps(header).encode()
    return script_of(struct.pack("<Q", len(packed)) + packed + data[start:])


def flipped(script, byte, bit):
    data = payload_of(script)
    data[byte] ^= bit
    return script_of(data)


SPACE, BUNDLE, TEXT = "space-mnist-2d.js", "explorer.js", "explorer-text.js"
# The file, what is done to it (None: it is not there), and what the message says.
BROKEN = {
    "no data": (SPACE, None, "space-mnist-2d.js could not be loaded"),
    "an empty file": (SPACE, lambda script: "", "space-mnist-2d.js"),
    "half of the file": (SPACE, lambda script: script[: len(script) // 2], "space-mnist-2d.js"),
    "half of the data": (
        SPACE,
        lambda script: script_of(payload_of(script)[:300_000]),
        r"payload: expected tensor .*, got 29\d+ bytes",
    ),
    "a letter that base64 has not": (SPACE, lambda script: script[:500] + "?" + script[501:], ""),
    "a flipped bit in the length": (
        SPACE,
        lambda script: flipped(script, 4, 0x80),
        r"payload: expected a header up to byte \d+, got \d+ bytes",
    ),
    "a flipped bit in the header": (
        SPACE,
        lambda script: flipped(script, 8, 0x01),
        "payload: expected JSON in the header",
    ),
    "NaN in the decoder": (
        SPACE,
        lambda script: with_nan(script, "decoder.0.weight", 2),
        "finite numbers in decoder.0.weight, got NaN",
    ),
    "NaN in the ratio": (
        SPACE,
        lambda script: with_nan(script, "ratio.1.bias", 4),
        "finite numbers in ratio.1.bias, got NaN",
    ),
    "a later version": (
        SPACE,
        lambda script: with_facts(script, version=3),
        "expected version 2, got 3",
    ),
    "a version in HTML": (
        SPACE,
        lambda script: with_facts(script, version="<img src=x>"),
        'expected version 2, got "<img src=x>"',
    ),
    "no radius": (SPACE, lambda script: with_facts(script, radius=None), "radius, got null"),
    "no program": ("both", None, "could not|Failed to fetch"),
    "a program cut short": ("both", lambda script: script[: len(script) // 2], ""),
}
# From the disk a file comes another way; what is in it is then read by the same code.
FROM_DISK = ("no data", "an empty file", "half of the file", "no program", "a program cut short")
WAYS = [*((what, "http") for what in BROKEN), *((what, "file") for what in FROM_DISK)]


@pytest.mark.parametrize(("what", "home"), WAYS)
def test_a_broken_file_is_told_and_the_picture_stays(visit, small_book, tmp_path, what, home):
    name, change, message = BROKEN[what]
    folder = tmp_path / "html"
    shutil.copytree(small_book / "_static" / "nav", folder / "_static" / "nav")
    shutil.copy(small_book / "plain.html", folder)
    shutil.copy(small_book / "_static" / "favicon.svg", folder / "_static")
    for file in [BUNDLE, TEXT] if name == "both" else [name]:
        broken = folder / "_static" / "nav" / file
        script = broken.read_text(encoding="utf-8")
        broken.unlink()
        if change is not None:
            broken.write_text(change(script), encoding="utf-8")
    with pages.serve(folder) as address:
        page = visit("plain.html", home=address if home == "http" else folder.as_uri())
        said = page.locator("#first").get_by_role("alert")
        expect(said).to_be_visible()
        said = said.text_content()
        assert re.match(r"The interactive figure could not start[;:] ", said)
        assert re.search(message, said) and len(said) < 400, said
        expect(page.locator("#first img")).to_be_visible()
        expect(page.locator("#first")).to_contain_text("A still picture.")
        expect(page.locator("#first .card")).to_have_count(0)
        # What the browser itself says of a file that is not there, or is no script.
        usual = ("console error: Failed to load", "page error: Invalid or unexpected token")
        page.faults[:] = [fault for fault in page.faults if not fault.startswith(usual)]
        page.close()  # before its server: it may still be asking for a file


def test_where_there_is_no_network_the_figure_says_so(visit, small_book):
    """As for a ratio that is no network: a payload without it."""
    script = (small_book / "_static" / "nav" / SPACE).read_text(encoding="utf-8")
    data = payload_of(script)
    header, start = header_of(data)
    header = {name: entry for name, entry in header.items() if not name.startswith("ratio.")}
    packed = json.dumps(header).encode()
    script = script_of(struct.pack("<Q", len(packed)) + packed + data[start:])
    figure = Figure(visit("plain.html", script=script), wait=False)
    expect(figure.note).to_have_text(
        re.compile("^Computed on a grid, whose D is off by at most 0.00")
    )
    figure.handle("a").press("ArrowUp")
    expect(figure.live).not_to_be_empty()
    assert figure.live.text_content() == figure.said.text_content()
    assert figure.note.text_content().startswith("Computed on a grid, whose")


def test_it_works_without_webassembly(visit):
    figure = Figure(visit(script="delete window.WebAssembly;"))
    assert figure.page.evaluate("typeof WebAssembly") == "undefined"
    figure.drag("a", [2.0, 1.0])
    figure.settle()
    assert figure.state()["a"] == pytest.approx([2.0, 1.0], abs=0.02)


# ---- policies, and a page in one file -----------------------------------------------------------


def test_it_runs_under_a_strict_content_security_policy(visit):
    policy = {"content-security-policy": "default-src 'self'"}
    page = visit("plain.html", link_to(steps=3), headers=policy)
    figure = Figure(page)
    figure.drag("a", [2.0, 1.0])
    figure.button("Play").click()
    figure.button("Next").click()
    figure.button("Reset").click()
    figure.table()
    figure.rows.hover()
    figure.settle()
    expect(figure.column).to_be_visible()
    frame = figure.column.bounding_box()
    assert 0 < frame["width"] < figure.rows.bounding_box()["width"] / 8


def test_what_a_policy_refuses_would_be_seen(visit):
    policy = {"content-security-policy": "default-src 'self'; connect-src 'none'"}
    page = visit("plain.html", headers=policy)
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    for _ in range(100):  # the console is heard a little later
        if any("Content Security Policy" in fault for fault in page.faults):
            break
        page.wait_for_timeout(50)
    assert any("Content Security Policy" in fault for fault in page.faults)
    page.faults.clear()


def test_a_book_s_picture_breaks_no_policy(visit, small_book):
    """What the directive writes has no style of its own, which `default-src 'self'` refuses."""
    text = (small_book / "book" / "intro.html").read_text(encoding="utf-8")
    found = re.search(r'<div class="nav-explorer".*?</div>', text, re.DOTALL)[0]
    assert not re.search(r"\s(style|on\w+)=", found)


def test_one_file_holds_all(visit, space, tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    start = {"method": "logit", "a": [2.0, 1.0], "points": 20}
    to_html(space, folder / "explorer.html", start)
    asked = []
    page = visit("explorer.html", home=folder.as_uri())
    page.on("request", lambda request: asked.append(request.url))
    figure = Figure(page, "explorer")
    assert spoken(figure.values()["a"])[:2] == (2.0, 1.0)
    figure.drag("b", [1.0, 2.0])
    state = figure.state()
    assert state == DEFAULTS | start | {"eta": 0.05, "b": state["b"]}
    figure.settle()
    page.reload()
    figure = Figure(page, "explorer")
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [page.url]
    policy = page.locator("meta[http-equiv]").get_attribute("content")
    assert policy.startswith("default-src 'none';") and "unsafe-eval" not in policy
    still = visit("explorer.html", home=folder.as_uri(), java_script_enabled=False)
    expect(still.locator("#explorer img")).to_be_visible()


# ---- many, idle, out of sight -------------------------------------------------------------------

COUNT_FRAMES = """window.asked = 0; const ask = window.requestAnimationFrame;
window.requestAnimationFrame = (draw) => { window.asked++; return ask.call(window, draw); };"""


def frames_within(page, milliseconds):
    before = page.evaluate("asked")
    page.wait_for_timeout(milliseconds)
    return page.evaluate("asked") - before


def test_an_idle_explorer_asks_for_no_frame(visit):
    page = visit(script=COUNT_FRAMES)
    figure = Figure(page)
    page.mouse.move(2, 2)
    figure.settle()
    page.wait_for_timeout(200)
    assert page.evaluate("asked") > 0
    assert frames_within(page, 1200) == 0
    figure.button("Play").click()
    figure.button("Pause").click()
    page.evaluate(TWO_FRAMES)
    page.wait_for_timeout(200)
    assert frames_within(page, 1200) == 0


def test_a_link_leaves_nothing_behind_of_the_figure_before(visit):
    """What is gone draws no more: a change of theme asks for one frame, not one for each."""
    page = visit("plain.html", script=COUNT_FRAMES)
    figure = Figure(page)
    for x in (1, 2, 3):
        page.evaluate("(fragment) => { location.hash = fragment; }", link_to(a=[x, 0]))
        expect(figure.handle("a")).to_have_attribute("aria-valuetext", re.compile(f"^x {x}.00"))
    figure.settle()
    page.wait_for_timeout(200)
    before = page.evaluate("asked")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(200)
    assert page.evaluate("asked") - before == 1


def test_play_stops_out_of_sight(visit):
    slow = link_to(method="probability", eta=0.02, steps=400)
    page = visit(fragment=slow, script=COUNT_FRAMES)
    figure = Figure(page)
    figure.button("Play").click()
    title = figure.root.locator(".slow p").first
    expect(title).to_contain_text("3. Correct: step ")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(figure.card).not_to_be_in_viewport()
    Figure(page, "second")  # which is live by now
    page.mouse.move(2, 2)
    page.wait_for_timeout(200)
    said = title.text_content()
    assert frames_within(page, 1700) == 0
    assert title.text_content() == said
    figure.root.locator(".slow").scroll_into_view_if_needed()
    expect(title).not_to_have_text(said)


def test_forty_explorers_on_a_page(visit):
    page = visit("book/forty.html", script=COUNT_FRAMES)
    Figure(page, "e0")
    live = page.locator(".nav-explorer .card")
    assert live.count() < 6
    for i in range(40):
        page.locator(f"#e{i}").scroll_into_view_if_needed()
        expect(page.locator(f"#e{i} .card")).to_be_visible()
    assert live.count() == 40
    expect(page.locator(".nav-explorer .note", has_text=EXACT)).to_have_count(40)
    page.wait_for_timeout(300)
    assert frames_within(page, 1000) == 0
    figure = Figure(page, "e39")
    figure.drag("a", [2.0, 1.0])
    assert figure.state()["a"] == pytest.approx([2.0, 1.0], abs=0.02)
    figure.settle()
    devtools = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    heap = devtools.send("Runtime.getHeapUsage")
    assert heap["usedSize"] + heap.get("backingStorageSize", 0) < 80e6


def test_a_page_opened_in_the_background_is_right_when_it_comes_to_the_front(visit):
    held = """window.ask = window.requestAnimationFrame; window.held = [];
    window.requestAnimationFrame = (draw) => (held ? held.push(draw) : ask(draw));"""
    page = visit("plain.html", link_to(a=[2.0, 1.0], method="logit"), script=held)
    figure = Figure(page, wait=False)
    expect(figure.card).to_have_count(1)
    page.wait_for_timeout(1500)  # the check is done, with no frame yet
    page.evaluate("() => { held.forEach((draw) => ask(draw)); window.held = null; }")
    figure.settle()
    assert spoken(figure.values()["a"])[:2] == (2.0, 1.0)
    assert figure.shown()["method"] == "logit"
