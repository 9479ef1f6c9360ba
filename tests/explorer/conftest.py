"""A small book with explorers, built once a run, and its pages in a browser."""

import os
import shutil
import sys
import warnings
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import expect

sys.path.append(str(Path(__file__).parents[1] / "book"))
import chromium
import pages
from figure import Figure, link_to

from nav_utils.explorer.packing import shipped_presets
from nav_utils.pretrained import load_pretrained

expect.set_options(timeout=30_000)

# The second explorer is far below the first, and starts from another state than the usual one.
INTRO = """# Title

Words that set presets: {words}.

```{{explorer}} first
```

<div style="height: 1600px"></div>

```{{explorer}} second
:a: 1.0, -1.0
:b: -1.25, 0.75
:method: score
:noise: 0.05
:seed: 5
:points: 40
```

The end.
"""
DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
# As a notebook's stored output has it.
BARE = (
    '<div class="nav-explorer" id="{name}" data-space="mnist-2d" data-state="{state}">'
    f'<img alt="A map" width="640" height="500" src="{DOT}"><p>A still picture.</p></div>'
)
FEW = "{&quot;points&quot;: 8, &quot;steps&quot;: 5}"
# A page without the book's theme; its favicon is its own, as the policy of a test wants it.
PLAIN = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Plain</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="_static/favicon.svg">
<script defer src="_static/nav/nav-explorer-loader.js"></script></head><body>%s
{BARE.format(name="first", state="{}").replace(DOT, "_static/favicon.svg")}</body></html>
"""


@pytest.fixture(scope="session")
def presets():
    """The presets of presets.json, by name."""
    found = shipped_presets("mnist-2d")
    assert found, "expected presets of mnist-2d in presets.json, got none"
    return found


@pytest.fixture(scope="session")
def space():
    return load_pretrained("mnist-2d")


@pytest.fixture(scope="session")
def small_book(tmp_path_factory):
    """Folder of the built pages: book/intro.html and forty.html, plain.html and low.html."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, log = shared / "small", shared / "small.log"
    with FileLock(shared / "small.lock"):
        if not log.exists():
            write_book(folder / "book")
            built = pages.build_book(folder, folder / "out")
            log.write_text(f"{built.returncode}\n{built.stdout}", encoding="utf-8")
            if built.returncode == 0:
                for name, above in (("plain", ""), ("low", '<div style="height: 3000px"></div>')):
                    page = folder / "out" / "_build" / "html" / f"{name}.html"
                    page.write_text(PLAIN % above, encoding="utf-8")
    code, _, said = log.read_text(encoding="utf-8").partition("\n")
    if code != "0":
        pytest.fail(f"the small book does not build:\n{said[-4000:]}", pytrace=False)
    return folder / "out" / "_build" / "html"


def write_book(book):
    """The sources of the small book; with words for presets as soon as there are any."""
    book.mkdir(parents=True)
    shutil.copy(pages.ROOT / "_config.yml", book.parent)
    shutil.copy(pages.ROOT / "book" / "references.bib", book)
    for part in ("_ext", "_static"):
        shutil.copytree(pages.ROOT / "book" / part, book / part)
    names = list(shipped_presets("mnist-2d"))
    words = [f"{{preset}}`role {name} <first:{name}>`" for name in names]
    words += [
        f'<span class="nav-preset" data-explorer="second" data-preset="{name}">raw {name}</span>'
        for name in names[-1:]
    ]
    intro = INTRO.format(words=", ".join(words) or "none")
    (book / "intro.md").write_text(intro, encoding="utf-8")
    forty = "\n\n".join(["# Forty", *(BARE.format(name=f"e{i}", state=FEW) for i in range(40))])
    (book / "forty.md").write_text(forty, encoding="utf-8")
    toc = "format: jb-book\nroot: book/intro\nparts:\n- chapters:\n  - file: book/forty\n"
    (book / "_toc.yml").write_text(toc, encoding="utf-8")


@pytest.fixture(scope="module")
def browser():
    """A browser for all tests of a module."""
    with chromium.opened() as browser:
        yield browser


@pytest.fixture(scope="module")
def served(small_book):
    with pages.serve(small_book) as address:
        yield address


@pytest.fixture(scope="module")
def context(browser):
    """A browser's context with the options that are asked for; one for each set of options."""
    known = {}

    def context(**options):
        key = repr(sorted(options.items()))
        size = {"width": 1100, "height": 800}
        if key not in known:
            wanted = {"reduced_motion": "reduce", "viewport": size, **options}
            known[key] = browser.new_context(**wanted)
        return known[key]

    yield context
    for each in known.values():
        each.close()


@pytest.fixture
def visit(context, served, small_book):
    """Open a page, by the name of its file; what it does wrong fails the test that opened it.

    home is "http", "file" or an address; script runs before those of the page; headers come with
    the page; other options are those of a browser's context.
    """
    opened, faults = [], []

    def visit(name="book/intro.html", fragment="", home="http", script="", headers=None, **options):
        home = {"http": served, "file": small_book.as_uri()}.get(home, home)
        page = context(**options).new_page()
        opened.append(page)
        page.set_default_timeout(30_000)
        page.add_init_script(script)
        watch(page, home, faults)
        page.faults = faults
        if headers:
            page.route(f"{home}/{name}", lambda route: with_headers(route, headers))
        page.goto(f"{home}/{name}{fragment}", wait_until="load")
        return page

    yield visit
    for page in opened:
        page.close()
    assert faults == []


# In the page: whether a frame comes within ten seconds.
DRAWS = """() => Promise.race([
  new Promise((go) => requestAnimationFrame(() => go(true))),
  new Promise((go) => setTimeout(go, 10_000, false)),
])"""


@pytest.fixture(scope="module")
def shared(context, served):
    """A page that the tests of a module share, and what it does wrong.

    The headless shell was once seen to draw no more frames of a page whose scripts ran on. No
    script can cause that, so the page is opened anew, with a warning.
    """
    opened, faults = [], []

    def shared():
        if opened and not opened[-1].evaluate(DRAWS):
            warnings.warn("the browser no longer draws the page: opened anew", stacklevel=1)
            opened.pop().close()
        if not opened:
            page = context().new_page()
            page.set_default_timeout(30_000)
            watch(page, served, faults)
            page.goto(f"{served}/plain.html", wait_until="load")
            opened.append(page)
        return opened[-1], faults

    return shared


# In the page: follow a link, though it may be the one whose state is shown.
FOLLOW = """(fragment) => {
  history.replaceState(null, "", location.pathname);
  location.hash = fragment;
}"""


@pytest.fixture
def show(shared):
    """A new figure in a state of its own, on a shared page: quicker than a `visit`."""
    page, faults = shared()
    expect_none(faults)  # late ones of the test before

    def show(**state):
        page.mouse.up()
        page.mouse.move(2, 2)
        page.evaluate("scrollTo(0, 0)")
        page.locator("#first .card").evaluate("(card) => { card.dataset.old = ''; }")
        page.evaluate(FOLLOW, link_to(**state))
        expect(page.locator("#first .card:not([data-old])")).to_have_count(1)
        return Figure(page)

    yield show
    expect_none(faults)


def expect_none(faults):
    """There are none; those that there were are the fault of no later test."""
    found = faults[:]
    faults.clear()
    assert found == []


def with_headers(route, headers):
    response = route.fetch()
    route.fulfill(response=response, headers=response.headers | headers)


def watch(page, home, faults):
    """Note errors of the page, and requests to anywhere but `home`."""

    def note(url):
        if not url.startswith((f"{home}/", "data:", "blob:")):
            faults.append(f"external request: {url}")

    def hear(said):
        if said.type == "error":
            faults.append(f"console error: {said.text}")

    page.on("request", lambda request: note(request.url))
    page.on("websocket", lambda socket: note(socket.url))
    page.on("pageerror", lambda error: faults.append(f"page error: {error}"))

    def dismiss(dialog):
        faults.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", hear)
    page.on("dialog", dismiss)
