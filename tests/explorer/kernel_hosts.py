"""Serve a notebook with an explorer, open it in a browser, and use it as a reader does.

JupyterLab and the classic Notebook differ in what `FrontEnd` holds. Nothing here waits for ever.
"""

import json
import os
import re
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from typing import NamedTuple

import nbformat
import pages
import psutil
from playwright.sync_api import TimeoutError, expect, sync_playwright

WAIT = 120_000  # milliseconds for one step, on a slow machine under load
LIMIT = 480  # seconds for all of them
POINTS = 24

SHOW, REPORT, SET, PLAY, TAKE = range(5)  # the notebook's cells
CELLS = [
    f"""\
import importlib
import json

from nav_utils.explorer import Explorer
from nav_utils.explorer.computing import best_of, paths

packages = ["anywidget", "ipykernel", "IPython", "ipywidgets", "matplotlib", "numpy", "traitlets"]
versions = {{name: importlib.import_module(name).__version__ for name in packages}}
turn = 0
figure = Explorer("mnist-2d", name="e2e", points={POINTS})
figure""",
    """\
turn += 1
own = best_of(paths(figure.space.ratio, figure.state))[1].points[0].tolist()
report = {"turn": turn, "a": figure.a, "b": figure.b, "eps": figure.eps, "versions": versions}
report |= {"points": len(figure.path), "statuses": len(figure.status)}
report |= {"ends": [figure.path[0], figure.path[-1]]}
report["off"] = max(abs(x - y) for p, q in zip(figure.path, own) for x, y in zip(p, q))
print(json.dumps(report))""",
    """\
figure.b = [-2.0, -0.5]
figure.eps = 0.2""",
    """\
from nav_utils.data import load_images
from nav_utils.playground import Playground
from nav_utils.training import reconstruction_nats

playground = Playground(steps=60)
playground""",
    """\
space = playground.space()
images = load_images("digits").images
nats = reconstruction_nats(space.model.decode_logits(space.model.encode(images)), images).mean()
told = space.card["reconstruction (nats)"]["train"]
report = {"weight": playground.weight, "step": playground.step, "steps": space.card["steps"]}
print(json.dumps(report | {"nats": float(nats), "told": told}))""",
]

# In the page: whether an open shadow root holds a canvas that is not blank.
DRAWN = """() => {
  for (const element of document.querySelectorAll("*")) {
    const canvas = element.shadowRoot?.querySelector("canvas");
    if (!canvas?.width) continue;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    if (data.some((value) => value)) return true;
  }
  return false;
}"""
# In the page: what the shadow roots say.
SAID = """() => [...document.querySelectorAll("*")]
  .map((element) => element.shadowRoot?.textContent.slice(-300))
  .filter((text) => text)"""


class FrontEnd(NamedTuple):
    """A program that shows notebooks: how it is started, and where its pages keep things."""

    module: str  # for python -m
    options: list[str]
    address: str  # of the notebook, below the server's own
    ready: str  # JavaScript: the kernel answers, and widgets can be shown
    cell: str  # a selector, and within a cell:
    editor: str
    prompt: str
    printed: str
    error: str


@contextmanager
def opened_notebook(front_end, python, folder):
    """Serve a notebook from `folder`, open it and run its first cell, the figure's; a `Notebook`.

    `python` is the interpreter that has the front end, and that runs the kernel.
    """
    (folder / "root").mkdir()
    written = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, CELLS)))
    written.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(written, folder / "root" / "explorer.ipynb")
    with served(front_end, python, folder) as (home, token), browser_page(home) as (page, faults):
        page.goto(f"{home}{front_end.address}?token={token}")
        page.wait_for_function(front_end.ready)
        notebook = Notebook(page, front_end, faults)
        notebook.run(SHOW)
        try:
            page.wait_for_function(DRAWN, polling=250)
        except TimeoutError:
            said = page.evaluate(SAID)
            raise AssertionError(
                f"no figure in an open shadow root, but {said}, {faults}"
            ) from None
        yield notebook


@contextmanager
def served(front_end, python, folder):
    """Run the front end's server on a free port; its address, and the token that opens it."""
    own = {f"JUPYTER_{name}_DIR": folder / name.lower() for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {f"JUPYTERLAB_{name}_DIR": folder / name.lower() for name in ("SETTINGS", "WORKSPACES")}
    own |= {"IPYTHONDIR": folder / "ipython", "PYTHONPATH": pages.ROOT}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "MPLBACKEND"))}
    command = [python, "-m", front_end.module, "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, f"--port={free_port()}", *front_end.options],
            cwd=folder / "root",
            env=inherited | {name: str(value) for name, value in own.items()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield server_address(server, own["JUPYTER_RUNTIME_DIR"], log)
    finally:
        stop(server)


def free_port():
    """A port that is free now; should it be taken meanwhile, the server tries others."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def server_address(server, runtime, log):
    """Address and token, from the file that the server writes once it listens."""

    def look():
        with suppress(StopIteration, OSError, ValueError):  # not there, or not yet whole
            found = json.loads(next(runtime.glob(f"*server-{server.pid}.json")).read_text())
            return found["url"], found["token"]

    found = eventually(look, lambda found: found or server.poll() is not None, WAIT)
    if found is None:
        said = log.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise RuntimeError(f"the server does not start:\n{said}")
    return found


def stop(server):
    """End the server and its kernels, which are in sessions of their own, whatever they do."""
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(server.pid).children(recursive=True)
        server.terminate()  # it ends its kernels and then itself
        with suppress(subprocess.TimeoutExpired):
            server.wait(10)
        kill(family)
    server.kill()
    server.wait()


def kill(processes):
    """End processes at once; those that are gone already are no error."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


@contextmanager
def browser_page(home):
    """A page that can ask nobody but `home`, and the list of its faults, which grows.

    For a page that hangs some calls of Playwright wait for ever, so the browser is ended in time.
    """
    others = psutil.Process().children()
    with sync_playwright() as playwright:
        browser = pages.launch_browser(playwright)
        drivers = [child for child in psutil.Process().children() if child not in others]
        started = [process for driver in drivers for process in driver.children(recursive=True)]
        watchdog = threading.Timer(LIMIT, kill, [started])
        watchdog.start()
        try:
            yield watched_page(browser, home)
        finally:
            watchdog.cancel()
            browser.close()


def watched_page(browser, home):
    """A new page, and its faults: errors in it, and requests to others than `home`."""
    context = browser.new_context(viewport={"width": 1280, "height": 2000}, reduced_motion="reduce")
    page, faults = context.new_page(), []
    page.set_default_timeout(WAIT)
    inside = re.compile(f"{home}|{home.replace('http', 'ws', 1)}|data:|blob:")
    context.route(re.compile(f"^(?!{inside.pattern})"), lambda route: route.abort())

    def note(fault):
        print(fault)  # pytest shows it with whatever fails first
        faults.append(fault)

    def note_request(asked):
        if not inside.match(asked.url):
            note(f"external request: {asked.url}")

    def note_error(said):
        if said.type == "error":
            note(f"console error: {said.text} ({said.location['url']})")

    page.on("request", note_request)
    page.on("websocket", note_request)
    page.on("pageerror", lambda error: note(f"page error: {error}"))
    page.on("console", note_error)
    return page, faults


class Notebook:
    """The notebook in its page: run a cell, ask Python, use the figure."""

    def __init__(self, page, front_end, faults):
        self.page, self.front_end, self.faults = page, front_end, faults
        self.turn = 0

    def run(self, index):
        """Run a cell as a reader does, and wait until it is done; the cell."""
        cell = self.page.locator(self.front_end.cell).nth(index)
        prompt = cell.locator(self.front_end.prompt).first
        before = prompt.inner_text()
        cell.locator(self.front_end.editor).first.click()
        self.page.keyboard.press("Control+Enter")
        expect(prompt).not_to_have_text(before, timeout=WAIT)
        expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=WAIT)  # not [*]
        errors = cell.locator(self.front_end.error)
        if errors.count():
            raise AssertionError(f"cell {index} ends with an error:\n{errors.first.inner_text()}")
        return cell

    def report(self):
        """What Python knows of the figure; `off`: how far its path is from the one of Python."""
        self.turn += 1
        printed = self.run(REPORT).locator(self.front_end.printed)
        expect(printed).to_contain_text(f'"turn": {self.turn},', timeout=WAIT)
        return json.loads(printed.inner_text())

    def report_when(self, holds):
        """Ask Python until `holds(report)`; the last report."""
        return eventually(self.report, holds)

    def control(self, key):
        """The control of a trait."""
        return self.page.locator(f"input[data-key={key}]")

    def centre(self, name):
        """Where handle A or B is on the screen, in pixels."""
        handle = self.page.locator(".handle[role=slider]", has_text=re.compile(f"^{name}$"))
        box = handle.bounding_box()
        return [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]

    def apart(self):
        """How far B is from A on the screen, in pixels to the right and down."""
        return [b - a for a, b in zip(self.centre("A"), self.centre("B"), strict=True)]

    def scale(self):
        """Pixels per latent unit, to the right and down, from the places that Python knows."""
        now = self.report()
        return [p / (b - a) for p, a, b in zip(self.apart(), now["a"], now["b"], strict=True)]

    def drag(self, name, by):
        """Drag a handle by so many latent units with the mouse."""
        scale = self.scale()
        start = self.centre(name)
        end = [p + s * step for p, s, step in zip(start, scale, by, strict=True)]
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=8)
        self.page.mouse.up()


def train_and_read(notebook):
    """Train a playground in the page with a lambda of 4, take its space; what Python knows then."""
    cell = notebook.run(PLAY)
    press = lambda name: cell.get_by_role("button", name=name, exact=True).click()  # noqa: E731
    said = cell.locator(".said").first
    cell.locator(".card").first.scroll_into_view_if_needed()  # out of sight nothing is drawn
    expect(said).to_contain_text("Step 0 of 60", timeout=WAIT)
    cell.get_by_text("Controls", exact=True).click()
    weight = cell.locator("input[data-key=lambda]")
    for _ in range(6):  # 0.05 in the logarithm each
        weight.press("ArrowRight")
    press("Play")
    expect(said).to_contain_text("The run is over", timeout=WAIT)
    press("Take this space to the explorer")
    expect(cell.locator(".taken .said")).to_contain_text("points", timeout=WAIT)
    return json.loads(notebook.run(TAKE).locator(notebook.front_end.printed).inner_text())


def eventually(look, holds, wait=WAIT / 2):
    """Look until what is seen holds, for so many milliseconds at most; what was seen last."""
    deadline = time.monotonic() + wait / 1000
    while not holds(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return seen
