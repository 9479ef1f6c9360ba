"""Build a book, and look at its pages as a reader's browser does."""

import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
# Without a grammar of addresses that jsonschema reads, if it is there, for a second each time.
JUPYTER_BOOK = """
import sys
sys.modules["rfc3987_syntax"] = None
from jupyter_book.cli.main import main
main()
"""
# The headless shell is the same engine without a window; it takes half of the processor's time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
EXTERNAL = re.compile(
    r"""<(?:script|link|img|iframe|source|video|audio|object|embed)\b[^>]*?
        \s(?:src|href|srcset|data)=["']((?:https?:)?//[^"']*)|url\(["']?((?:https?:)?//[^)"']*)""",
    re.VERBOSE | re.IGNORECASE,
)


def build_book(folder, output):
    """Build the book of `folder` as `make book` does; the finished process, its output in stdout.

    The pages are in `output`/_build/html.
    """
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", ".", "--toc", "book/_toc.yml"]
    return subprocess.run(
        [*command, "-W", "-n", "--keep-going", "--path-output", str(output)],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def chapters(folder=ROOT):
    """The pages that the table of contents names, without suffix, in order."""
    toc = yaml.safe_load((folder / "book" / "_toc.yml").read_text(encoding="utf-8"))
    entries = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    return [toc["root"], *entries]


def external_addresses(text):
    """Addresses on other hosts that a page or style sheet would load by itself."""
    return [attribute or style for attribute, style in EXTERNAL.findall(text)]


def find_browser(name, variable, programs, package):
    """The program that a variable of the environment names, else the first that is installed.

    Where there is none, skip; but with CI set in the environment a missing browser is a failure.
    """
    named = os.environ.get(variable)
    found = next(filter(None, map(shutil.which, [named] if named else programs)), None)
    if found is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(
            f"no {name} found: install it (Debian: apt-get install {package}) "
            f"or name one in {variable}; looked for {named or ', '.join(programs)}"
        )
    return found


def launch_browser(playwright):
    """Start Debian's Chromium (or the one that CHROMIUM names), with no way to any other host."""
    found = find_browser("Chromium", "CHROMIUM", BROWSERS, "chromium-headless-shell")
    offline = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    return playwright.chromium.launch(executable_path=found, args=["--disable-gpu", offline])


@contextmanager
def serve(folder):
    """Serve `folder` on a free port of this machine; gives the address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


# In the page: what a reader would miss. Waits for MathJax and for every picture.
LOOK = """async () => {
  const found = [];
  if (window.MathJax?.startup?.promise) await MathJax.startup.promise;
  for (const img of document.images) {
    img.loading = "eager";
    await img.decode().catch(() => {});
    const name = (img.getAttribute("src") || "").slice(0, 80);
    if (!(img.getAttribute("alt") || "").trim()) found.push("no alt text: " + name);
    if (!img.naturalWidth) found.push("picture not shown: " + name);
  }
  const formulas = document.querySelectorAll(".math").length;
  const drawn = document.querySelectorAll("mjx-container").length;
  if (drawn < formulas) found.push(`maths: ${drawn} of ${formulas} formulas drawn`);
  for (const error of document.querySelectorAll("mjx-merror"))
    found.push("maths error: " + (error.getAttribute("data-mjx-error") || error.textContent));
  return found;
}"""

# In the page: whether it follows the reader's choice of light or dark within two seconds.
THEME_SHOWN = """async (theme) => {
  for (let i = 0; i < 40 && document.documentElement.dataset.theme !== theme; i++)
    await new Promise((go_on) => setTimeout(go_on, 50));
  return document.documentElement.dataset.theme === theme;
}"""

# In the page: text that is hard to read in this theme (WCAG AA asks a contrast of 4.5).
CONTRAST = """() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const luminance = (rgb) => {
    const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = rgb.map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      if (colour.a > 0.99) return colour.rgb;
    }
    return [255, 255, 255];
  };
  const found = new Set();
  for (const element of document.querySelectorAll(
    "article p, article li, article td, article summary, article h1, article h2, article h3")) {
    // What a live figure stands in for is not drawn, and has no colour.
    if (!element.innerText?.trim() || !getComputedStyle(element).color) continue;
    const text = luminance(parse(getComputedStyle(element).color).rgb);
    const ground = luminance(background(element));
    const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    const name = `<${element.tagName.toLowerCase()}> ${element.innerText.slice(0, 40)}`;
    if (ratio < 4.5) found.add(`contrast ${ratio.toFixed(1)}: ${name}`);
  }
  return [...found];
}"""

# Widths in pixels, and the medium: a phone, a sheet of A4 with its margins, a laptop.
SIZES = ((390, "screen"), (680, "print"), (1280, "screen"))

# In the page: what does not fit. A phone may scroll a table or a line of code, but not the page.
FIT = """([width, medium]) => {
  const found = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > width + 1) found.push(`the page is ${wide} pixels wide`);
  if (width < 600) return found;
  const parts = "article .cell_output pre, article div.math"
    + (medium === "print" ? "" : ", article table");
  for (const part of document.querySelectorAll(parts))
    if (part.scrollWidth > part.clientWidth + 1)
      found.push(`cut at the right: ${part.innerText.slice(0, 40).replaceAll("\\n", " ")}`);
  return found;
}"""


def unfit(page):
    """What of an open page does not fit a phone, a sheet of paper, a laptop."""
    found = []
    for width, medium in SIZES:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(media=medium)
        found += [f"{width} {medium}: {fault}" for fault in page.evaluate(FIT, [width, medium])]
    return found


def look_at(reader, address, home, themes=("light", "dark")):
    """Open one page, light and then dark, in the browser context `reader`; the list of its faults.

    `home` is the prefix of the addresses that the page may ask for. Without themes only what the
    page loads and shows is looked at, not its colours and its widths.
    """
    found = []
    page = reader.new_page()
    page.set_default_timeout(30_000)

    def note(url):
        if not url.startswith((home, "data:", "blob:")):
            found.append(f"external request: {url}")

    page.on("request", lambda request: note(request.url))
    page.on("websocket", lambda socket: note(socket.url))
    page.on("pageerror", lambda error: found.append(f"page error: {error}"))
    page.on(
        "console",
        lambda said: found.append(f"console error: {said.text}") if said.type == "error" else None,
    )
    try:
        page.goto(address, wait_until="load")
        found += page.evaluate(LOOK)
        for theme in themes:
            page.emulate_media(color_scheme=theme)
            if not page.evaluate(THEME_SHOWN, theme):
                found.append(f"theme: the page does not turn {theme}")
            found += [f"{theme}: {fault}" for fault in page.evaluate(CONTRAST)]
        if themes:
            found += unfit(page)
    finally:
        page.close()
    return found
