"""A live explorer of a page, looked at and handled as a reader does."""

import base64
import io
import json
import math
import re
from contextlib import contextmanager
from urllib.parse import parse_qsl

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from nav_utils.explorer.state import DEFAULTS, LIMITS, WORDS, expect_state

EXACT = "Checked with the network itself."
QUICK = "Computed on a grid."
HELP = re.compile(r"^A \(.*\): D .*\. B \(.*\): D \d\.\d\d\.$")
CONTENT = ("inside", "converged", "given", "never tried", "–")  # what the table calls no failure
RADIUS = 3.5
SHOWN = 12  # decoded images in a row
KEYS = [*DEFAULTS.keys() - {"a", "b"}]  # of the controls
CANVASES = {
    "ground": ".map canvas:first-child",
    "over": ".map canvas:nth-child(2)",
    "curve": "canvas.curve",
    "rows": "canvas.rows",
}

FOLDED = "details:not(:has(table))"

# In the page: a number for what each canvas shows.
HASHES = """(root, canvases) => Object.fromEntries(Object.entries(canvases).map(([name, at]) => {
  const canvas = root.shadowRoot.querySelector(at);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const words = new Int32Array(data.buffer);
  let hash = canvas.width;
  for (let i = 0; i < words.length; i++) hash = (Math.imul(hash, 31) + words[i]) | 0;
  return [name, hash];
}))"""
TWO_FRAMES = "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(() => go())))"


class Figure:
    """The explorer called `name` on a page; waits until it is live and its first check is done."""

    def __init__(self, page, name="first", wait=True):
        self.page, self.name = page, name
        self.root = page.locator(f"#{name}")
        self.card = self.root.locator(".card")
        self.map = self.root.locator(".map")
        self.rows = self.root.locator("canvas.rows")
        self.column = self.root.locator(".film i")
        self.said = self.root.locator(".said")
        self.numbers = self.root.locator("p.numbers")
        self.note = self.root.locator(".note")
        self.point = self.root.locator(".point")
        self.link = self.root.locator(".link input")
        self.live = self.root.locator("p.hidden[aria-live=polite]")
        self.menu = self.root.get_by_role("combobox", name="Show", exact=True)
        if wait:
            self.root.scroll_into_view_if_needed()
            self.unfold().settle()

    def unfold(self):
        """Open what is folded, but for the table."""
        expect(self.card).to_have_count(1)
        self.card.evaluate(
            "(card) => { for (const one of card.querySelectorAll(FOLDED)) "
            "one.open = true; }".replace("FOLDED", json.dumps(FOLDED))
        )
        return self

    def handle(self, end):
        return self.root.get_by_role("slider", name=f"Endpoint {end.upper()}")

    def control(self, key):
        return self.root.locator(f"[data-key={key}]")

    def button(self, name):
        return self.root.get_by_role("button", name=name, exact=True)

    # ---- what it shows --------------------------------------------------------------------------

    def settle(self):
        """Wait until what was done is drawn and checked with the network."""
        self.page.evaluate(TWO_FRAMES)
        expect(self.note).to_have_text(EXACT)
        return self

    def picture(self):
        """All that it shows once it has settled: a number for each canvas, and words."""
        self.settle()
        said = self.said.text_content() + self.numbers.text_content()
        return self.hashes() | {"said": said} | self.values()

    def hashes(self):
        return self.root.evaluate(HASHES, CANVASES)

    def pixels(self, canvas):
        """(height, width, 4) red, green, blue, alpha, 0 to 255."""
        read = "(root, at) => root.shadowRoot.querySelector(at).toDataURL()"
        png = base64.b64decode(self.root.evaluate(read, CANVASES[canvas]).partition(",")[2])
        return torch.tensor(np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))).int()

    def values(self):
        """What is spoken of the ends: {"a": "x 1.50, y -1.80, D 0.26", "b": ...}."""
        return {end: self.handle(end).get_attribute("aria-valuetext") for end in "ab"}

    def state(self):
        """The state in the link, which there is after a change."""
        expect(self.link).to_be_visible()
        return read_link(self.link.input_value(), self.name)

    def shown(self):
        """What the controls show."""
        read = "(input) => (input.type === 'checkbox' ? input.checked : input.value)"
        return {key: self.control(key).evaluate(read) for key in KEYS}

    def where(self, z):
        """Where a point of the plane is, in pixels of the window."""
        box = self.map.bounding_box()
        x, y = (z[0] / RADIUS + 1) / 2, (1 - z[1] / RADIUS) / 2
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def table(self):
        """The rows of the table, opened: point, x, y, D, x, y, D, status; D is that of its a."""
        if self.root.locator("table").is_hidden():
            self.root.get_by_text("The path as a table").click()
            expect(self.root.locator("tbody tr").first).to_be_visible()
        rows = "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
        found = self.root.locator("tbody tr").evaluate_all(rows)
        rows = [[*map(number, cells[:-1]), cells[-1]] for cells in found]
        for row in rows:
            for k in (3, 7):
                assert row[k + 1] == pytest.approx(1 / (1 + math.exp(-row[k])), abs=0.0075)
        return [row[:3] + row[4:7] + row[8:] for row in rows]

    # ---- what a reader does ---------------------------------------------------------------------

    def take(self, end):
        """Press the mouse on a handle."""
        self.map.scroll_into_view_if_needed()
        self.handle(end).hover()
        self.page.mouse.down()

    def drag(self, end, z):
        """Drag a handle to a point of the plane and let go."""
        self.take(end)
        self.page.mouse.move(*self.where(z), steps=6)
        self.page.mouse.up()

    def set(self, key, value):
        """Work a control as a reader does: keys for a slider, else a choice or what is typed."""
        control = self.control(key)
        kind = control.evaluate("(input) => input.type")
        if kind == "range":
            control.focus()
            for press in value.split():
                control.press(press)
        elif kind == "checkbox":
            control.set_checked(value)
        elif kind == "number":
            control.fill(str(value))
            control.press("Tab")
        else:
            control.select_option(value)


def number(text):
    return float(text.replace("\N{MINUS SIGN}", "-"))


def spoken(text):
    """x, y and D of "x 1.50, y -1.80, D 0.26"."""
    match = re.fullmatch(r"x (-?\d\.\d\d), y (-?\d\.\d\d), D (\d\.\d\d)", text)
    assert match, text
    return tuple(map(float, match.groups()))


def read_link(address, name):
    """The whole state that a link to the explorer `name` holds."""
    fragment, _, query = address.partition("#")[2].partition("?")
    assert fragment == name, address
    raw = {}
    for key, text in parse_qsl(query, strict_parsing=bool(query)):
        if key in WORDS:
            raw[key] = text
        elif key == "classes":
            raw[key] = text == "1"
        elif text == "null":
            raw[key] = None
        else:
            raw[key] = list(map(float, text.split(","))) if key in "ab" else float(text)
        if key in LIMITS and raw[key] is not None:
            assert math.isfinite(raw[key]), address
    return expect_state(raw, RADIUS)


def link_to(name="first", **state):
    """The fragment of a link that sets some keys of a state."""

    def word(value):
        if isinstance(value, list):
            return ",".join(map(str, value))
        return str(int(value) if isinstance(value, bool) else value)

    return f"#{name}?" + "&".join(f"{key}={word(value)}" for key, value in state.items())


@contextmanager
def differs(figure, *parts):
    """What happens within changes these parts of the picture."""
    before = figure.picture()
    yield
    after = figure.picture()
    same = [part for part in parts if before[part] == after[part]]
    assert same == [], f"expected all of {parts} to change; {same} did not"
