"""Write the playground's still pictures, from the live figure in Chromium.

    python tools/playground_still.py

writes nav_utils/playground/still_plain.png and so on, the maps at the start and at the end of a run
with the usual settings, and
book/figures/step_plain.svg, step_variational.svg and step_adversarial.svg, diagrams of one step.
"""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageDraw
from playwright.sync_api import Page, sync_playwright

from nav_utils.playground import to_html
from nav_utils.playground.page import HERE, preset_settings, still
from nav_utils.playground.state import trait_of
from nav_utils.plots import D_COLOURS

FIGURES = Path(__file__).parents[1] / "book" / "figures"
MAP_SOURCE = HERE.parent / "browser" / "source" / "map.js"
PRESETS = ("plain", "variational", "adversarial", "ring")
SIDE, GAP, HEAD = 340, 12, 24  # pixels of a map, between maps, and above them
N_COLOURS, N_GREYS = 81, 8  # of D, and between black and white
# In the page: the ground with the codes on it.
MAP = """() => {
  const [ground, over] = document.querySelector("#playground").shadowRoot
    .querySelectorAll(".map canvas");
  const whole = Object.assign(document.createElement("canvas"), { width: 340, height: 340 });
  for (const part of [ground, over]) whole.getContext("2d").drawImage(part, 0, 0, 340, 340);
  return whole.toDataURL();
}"""
DIAGRAM = """import { diagram, toText } from "%s/flow.js"; import { en } from "%s/words.en.js";
console.log(JSON.stringify(["plain", "variational", "adversarial"].map((route) =>
  [route, toText(diagram(route, null, en.flow))])));"""


def palette(classes: list[str]) -> Image.Image:
    """The few colours of the picture: those of D, greys, each class in three tints."""
    inks = [np.array(ImageColor.getrgb(name)) for name in classes]
    tints = [share * ink + (1 - share) * 242 for ink in inks for share in (1, 0.7, 0.4)]
    few = np.concatenate(
        [
            255 * D_COLOURS(np.linspace(0, 1, N_COLOURS))[:, :3],
            np.repeat(np.linspace(0, 255, N_GREYS), 3).reshape(-1, 3),
            np.array(tints),
        ]
    )
    found = Image.new("P", (1, 1))
    found.putpalette(np.rint(few).astype(np.uint8).tobytes())
    return found


def picture(page: Page) -> Image.Image:
    """The map as it is now."""
    data = base64.b64decode(page.evaluate(MAP).partition(",")[2])
    return Image.open(io.BytesIO(data)).convert("RGB")


def two_maps(browser_path: str, settings: dict[str, Any]) -> Image.Image:
    """The maps at the start and at the end of a run, side by side."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = to_html(Path(folder) / "playground.html", settings)
        browser = playwright.chromium.launch(executable_path=browser_path)
        page = browser.new_page(viewport={"width": 1000, "height": 900}, bypass_csp=True)
        page.goto(file.as_uri())
        play = page.get_by_role("button", name="Play", exact=True)
        page.locator(".said", has_text="Step 0 of").wait_for()
        maps = [picture(page)]
        play.click()
        page.locator(".said", has_text="The run is over").wait_for(timeout=300_000)
        maps.append(picture(page))
        browser.close()
    whole = Image.new("RGB", (2 * SIDE + GAP, SIDE + HEAD), "white")
    draw = ImageDraw.Draw(whole)
    for k, (text, part) in enumerate(zip(("start", "end of the run"), maps, strict=True)):
        draw.text((k * (SIDE + GAP) + 4, 4), text, "black", font_size=14)
        whole.paste(part, (k * (SIDE + GAP), HEAD))
    return whole


def main() -> None:
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        sys.exit(f"expected a browser, found none of {', '.join(names)}")
    classes = re.findall(r'"(#\w{6})",\n', MAP_SOURCE.read_text(encoding="utf-8"))
    for preset in PRESETS:
        settings = preset_settings(preset)
        file, _ = still(settings)
        maps = two_maps(browser, {trait_of(key): value for key, value in settings.items()})
        maps.quantize(palette=palette(classes), dither=Image.Dither.NONE).save(file, optimize=True)
        print(f"{file.name}: {file.stat().st_size} bytes")
    source = (HERE / "source").as_posix()
    script = DIAGRAM % (source, source)
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", script], capture_output=True, text=True, check=True
    )
    for route, text in json.loads(ran.stdout):
        file = FIGURES / f"step_{route}.svg"
        file.write_text(text + "\n", encoding="utf-8")
        print(f"{file.name}: {len(text)} letters")


if __name__ == "__main__":
    main()
