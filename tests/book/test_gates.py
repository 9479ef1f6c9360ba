"""The gates of the book turn red: each fault, planted in a small page or a tiny book, is found."""

import shutil

import pages
import pytest

GOOD_PAGE = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">
<title>Page</title><link rel="icon" href="data:,"><script>
const dark = matchMedia("(prefers-color-scheme: dark)");
const turn = () => { document.documentElement.dataset.theme = dark.matches ? "dark" : "light"; };
dark.onchange = turn; turn();
</script><style>
body { background: #fff; color: #222 } [data-theme="dark"] body { background: #111; color: #eee }
</style></head><body><article><p>Some text.</p>%s</article></body></html>
"""
DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

FAULTY_PARTS = {
    "a script of another host": (
        '<script src="https://example.org/x.js"></script>',
        "external request: https://example.org/x.js",
    ),
    "a picture of another host": (
        '<img alt="A dot" src="https://example.org/x.png">',
        "external request: https://example.org/x.png",
    ),
    "a style sheet of another host": (
        '<style>@import url("https://example.org/x.css");</style>',
        "external request: https://example.org/x.css",
    ),
    "a request that a script makes": (
        '<script>fetch("https://example.org/x.json").catch(() => {})</script>',
        "external request: https://example.org/x.json",
    ),
    "a web socket": (
        '<script>new WebSocket("wss://example.org/x")</script>',
        "external request: wss://example.org/x",
    ),
    "a missing alt text": (f'<img src="{DOT}">', "no alt text: data:image/gif"),
    "an empty alt text": (f'<img alt=" " src="{DOT}">', "no alt text: data:image/gif"),
    "a broken picture": (
        '<img alt="A dot" src="data:image/png;base64,AAAA">',
        "picture not shown: data:image/png",
    ),
    "a local file that is not there": ('<script src="none.js"></script>', "console error: "),
    "an error in a script": ("<script>null.x</script>", "page error: "),
    "an error on the console": ('<script>console.error("oh")</script>', "console error: oh"),
    "maths that is not drawn": ('<span class="math">\\(a\\)</span>', "maths: 0 of 1 formulas"),
    "faint text": ('<p style="color: #ccc">Text</p>', "light: contrast 1.6: <p> Text"),
    "text that vanishes in the dark": ('<p style="color: #222">Text</p>', "dark: contrast 1.2"),
    "a page too wide for a phone": (
        '<p style="width: 500px">Text</p>',
        "390 screen: the page is ",
    ),
    "an output that is cut": (
        f'<div class="cell_output"><pre style="overflow: auto">{"0 1 " * 80}</pre></div>',
        "1280 screen: cut at the right: 0 1 ",
    ),
    "an output that paper cuts": (
        f'<div class="cell_output"><pre style="overflow: auto">{"0 1 " * 25}</pre></div>',
        "680 print: cut at the right: 0 1 ",
    ),
    "a page that stays light": ("<script>dark.onchange = null</script>", "theme: the page does"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def address(folder):
    with pages.serve(folder) as address:
        yield address


def test_a_good_page_has_no_fault(reader, folder, address):
    good = GOOD_PAGE % f'<img alt="A dot" src="{DOT}"> <a href="https://example.org">A link</a>'
    (folder / "good.html").write_text(good, encoding="utf-8")
    assert pages.look_at(reader, f"{address}/good.html", home=address) == []
    file = folder / "good.html"
    assert pages.look_at(reader, file.as_uri(), home=folder.as_uri()) == []
    assert pages.external_addresses(good) == []


@pytest.mark.parametrize("fault", FAULTY_PARTS)
def test_a_fault_in_a_page_is_found(fault, reader, folder, address):
    part, expected = FAULTY_PARTS[fault]
    name = f"{fault.replace(' ', '-')}.html"  # one name a page: the browser keeps what it has seen
    (folder / name).write_text(GOOD_PAGE % part, encoding="utf-8")
    found = pages.look_at(reader, f"{address}/{name}", home=address)
    assert any(line.startswith(expected) for line in found), found


def test_a_request_planted_in_a_built_page_is_found(reader, built_book, tmp_path):
    copy = tmp_path / "html"
    shutil.copytree(built_book, copy)
    page = copy / f"{pages.chapters()[0]}.html"
    text = page.read_text(encoding="utf-8")
    planted = '<script src="https://example.org/planted.js"></script></head>'
    page.write_text(text.replace("</head>", planted), encoding="utf-8")
    found = pages.look_at(reader, page.as_uri(), home=copy.as_uri())
    assert "external request: https://example.org/planted.js" in found


def test_a_file_outside_the_book_counts_as_external(reader, folder, tmp_path):
    (tmp_path / "x.js").write_text("0", encoding="utf-8")
    script = f'<script src="{(tmp_path / "x.js").as_uri()}"></script>'
    (folder / "outside.html").write_text(GOOD_PAGE % script, encoding="utf-8")
    found = pages.look_at(reader, (folder / "outside.html").as_uri(), home=folder.as_uri())
    assert f"external request: {(tmp_path / 'x.js').as_uri()}" in found


@pytest.mark.parametrize(
    "text",
    [
        '<script async="async" src="https://example.org/x.js"></script>',
        '<img alt="A dot" src="//example.org/x.png">',
        '<link rel="preconnect" href="https://example.org">',
        "@font-face { src: url(https://example.org/x.woff2) }",
    ],
)
def test_an_address_to_load_from_is_found_in_the_text(text):
    assert len(pages.external_addresses(text)) == 1


def test_a_missing_browser_fails_under_ci_and_skips_elsewhere(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no Chromium found"):
        pages.launch_browser(None)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="no Chromium found"):
        pages.launch_browser(None)


def tiny_book(folder, text):
    """Build a book of one page with the project's own configuration; the finished process."""
    shutil.copy(pages.ROOT / "_config.yml", folder)
    for part in ("_ext", "_static", "references.bib"):
        source = pages.ROOT / "book" / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        (folder / "book").mkdir(exist_ok=True)
        copy(source, folder / "book" / part)
    (folder / "book" / "_toc.yml").write_text("format: jb-book\nroot: book/intro\n")
    (folder / "book" / "intro.md").write_text(f"# Title\n\n{text}\n", encoding="utf-8")
    return pages.build_book(folder, folder / "out")


def test_a_tiny_book_without_a_fault_builds_and_carries_no_explorer(tmp_path):
    built = tiny_book(tmp_path, "Words, `nav-explorer` too, $x^2$ and [this page](intro.md).")
    assert built.returncode == 0, built.stdout
    html = tmp_path / "out" / "_build" / "html"
    assert not (html / "_static" / "nav").exists()
    page = (html / "book" / "intro.html").read_text(encoding="utf-8")
    assert "nav-explorer<" in page and "nav-explorer-loader" not in page


BROKEN = {
    "[a page](nowhere.md)": "nowhere.md",
    "A claim {cite:p}`nobody1900`.": "nobody1900",
    "![A picture](nothing.png)": "nothing.png",
    "See {term}`unheard-of`.": "unheard-of",
    'Measured: {{ claims.C1["never"] }}.': "claims",
}


@pytest.fixture(scope="module")
def warnings(tmp_path_factory):
    """What a build says of every broken reference at once. A warning stops a build."""
    built = tiny_book(tmp_path_factory.mktemp("broken"), "\n\n".join(BROKEN))
    assert built.returncode == 1
    return [line for line in built.stdout.splitlines() if "WARNING" in line]


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_reference_stops_the_build(text, warnings):
    assert sum(BROKEN[text] in line for line in warnings) == 1, "\n".join(warnings)
    assert len(warnings) == len(BROKEN)
