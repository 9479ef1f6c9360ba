"""How fast the explorer is in a browser: python benchmarks/explorer.py

Serves a page with forty explorers on this machine, opens it in headless Chromium, and measures the
first frame, what the script of a frame takes while end A is dragged in circles (method by method),
whether an idle page asks for frames, what forty explorers hold, and the sizes of what is sent.
Needs Chromium and Playwright (the package's `test` extra).
"""

from __future__ import annotations

import base64
import functools
import http.server
import json
import os
import statistics
import tempfile
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from nav_utils.browser.page import LOADER, space_script
from nav_utils.explorer import payload
from nav_utils.explorer.page import BUNDLE, div, shipped
from nav_utils.explorer.state import ETA, expect_state

RESULTS = Path(__file__).parent / "results" / "explorer.json"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
MANY = 40  # explorers on the page
MOVES = 300  # of the pointer, in two turns round the map, for each method

# Before the page's own scripts: note what the script of every frame takes, in milliseconds.
COUNT_FRAMES = """
window.frames = [];
const ask = (window.ask = window.requestAnimationFrame);
window.requestAnimationFrame = (callback) => ask.call(window, (time) => {
  const start = performance.now();
  callback(time);
  window.frames.push(performance.now() - start);
});
"""
# Move the pointer once for each frame, and wait for the frame before the next move.
DRAG = """async (moves) => {
  const root = document.querySelector(".nav-explorer").shadowRoot;
  const [handle, chart] = [".handle", ".map"].map((name) => root.querySelector(name));
  const box = chart.getBoundingClientRect();
  const shown = () => new Promise((resolve) => window.ask.call(window, resolve));
  window.frames.length = 0;
  const began = performance.now();
  for (let i = 0; i < moves; i++) {
    const angle = (4 * Math.PI * i) / moves;
    const clientX = box.left + box.width * (0.5 + 0.42 * Math.cos(angle));
    const clientY = box.top + box.height * (0.5 + 0.42 * Math.sin(angle));
    handle.dispatchEvent(new PointerEvent("pointermove", { pointerId: 1, clientX, clientY }));
    await shown();
  }
  return [performance.now() - began, window.frames.slice()];
}"""
# From the call for the page to the first frame that drew an explorer.
FIRST_FRAME = """() => new Promise((resolve) => {
  const look = () => {
    if (document.querySelector(".nav-explorer").shadowRoot?.querySelector(".said")?.textContent)
      resolve(performance.now());
    else setTimeout(look, 5);
  };
  look();
})"""


def make_page(folder: Path) -> None:
    """A folder with a page of many explorers and all it asks for."""
    space = shipped("mnist-2d")
    first = div(space, expect_state({}), "e0", live=True)
    divs = [first.replace('id="e0"', f'id="e{i}"') for i in range(MANY)]
    (folder / "explorer.js").write_bytes(BUNDLE.read_bytes())
    (folder / "loader.js").write_bytes(LOADER.read_bytes())
    (folder / "space-mnist-2d.js").write_text(space_script("mnist-2d", payload(space)))
    (folder / "index.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Explorers</title>'
        '<link rel="icon" href="data:,"><body style="max-width: 760px">'
        f'{"".join(divs)}<script src="loader.js"></script></body></html>'
    )


def drag(page: Page) -> dict[str, Any]:
    """Two circles with end A of the first explorer, one move for each frame that is shown."""
    page.locator(".handle").first.hover()
    page.mouse.down()
    took, frames = page.evaluate(DRAG, MOVES)
    page.mouse.up()
    return {
        "frames": len(frames),
        "script_ms_median": round(statistics.median(frames), 2),
        "script_ms_p95": round(statistics.quantiles(frames, n=20)[-1], 2),
        "script_ms_max": round(max(frames), 2),
        "frames_per_second": round(1000 * len(frames) / took, 1),
    }


def measure(page: Page, address: str) -> dict[str, Any]:
    """All figures of one page."""
    page.add_init_script(COUNT_FRAMES)
    page.goto(address, wait_until="commit")
    found: dict[str, Any] = {"first_frame_ms": round(page.evaluate(FIRST_FRAME))}
    page.wait_for_timeout(2000)
    found["mounted_at_first"] = page.evaluate(
        "[...document.querySelectorAll('.nav-explorer')].filter((el) => el.shadowRoot).length"
    )
    found["drag"] = {}
    for method in ETA:
        page.locator("select[data-key=method]").first.select_option(method)
        page.wait_for_timeout(1500)
        found["drag"][method] = drag(page)
    page.wait_for_timeout(2000)
    page.evaluate("window.frames.length = 0")
    page.wait_for_timeout(3000)
    found["idle_frames_in_3_s"] = page.evaluate("window.frames.length")
    for i in range(MANY):  # as a reader who scrolls through all of them
        page.locator(".nav-explorer").nth(i).scroll_into_view_if_needed()
        page.wait_for_timeout(100)
    page.wait_for_timeout(3000)
    found["mounted_after_scrolling"] = page.evaluate(
        "[...document.querySelectorAll('.nav-explorer')].filter((el) => el.shadowRoot).length"
    )
    found["heap_MB"] = round(page.evaluate("performance.memory.usedJSHeapSize") / 1e6, 1)
    page.evaluate("window.frames.length = 0")
    page.wait_for_timeout(3000)
    found["idle_frames_in_3_s_of_all"] = page.evaluate("window.frames.length")
    return found


def sizes() -> dict[str, int]:
    """Bytes (characters, for base64) of what a page with one explorer holds."""
    space = shipped("mnist-2d")
    parts = {
        "bundle": BUNDLE.stat().st_size,
        "loader": LOADER.stat().st_size,
        "payload_base64": len(base64.b64encode(payload(space))),
        "markup_and_still_picture": len(div(space, expect_state({}), "e0", live=True)),
    }
    return parts | {"all": sum(parts.values())}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, without a log."""

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        make_page(Path(folder))
        handler = functools.partial(Quiet, directory=folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--disable-gpu"])
        page = browser.new_page(viewport={"width": 800, "height": 1000})
        found = measure(page, f"http://127.0.0.1:{server.server_port}/index.html")
        version = browser.version
        browser.close()
        server.shutdown()
    result = {
        "browser": f"headless Chromium {version.split('.')[0]}, no GPU",
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
        "bytes": sizes(),
        **found,
    }
    print(json.dumps(result, indent=2))
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
