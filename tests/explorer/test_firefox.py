"""The explorer in Debian's Firefox: over http and from the disk, with a drag and a preset."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import npm
import pytest
import torch
from figure import RADIUS, number, read_link

from nav_utils.explorer.page import best_of, paths
from nav_utils.explorer.state import DEFAULTS, expect_state

BROWSERS = ("firefox-esr", "firefox")


@pytest.fixture(scope="module")
def firefox():
    """The program; where there is none, skip, but with CI set in the environment fail."""
    named = os.environ.get("FIREFOX")
    found = next(filter(None, map(shutil.which, [named] if named else BROWSERS)), None)
    if found is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("no Firefox found: install it (Debian: apt-get install firefox-esr), or set FIREFOX")
    return found


def points(rows):
    """(2, n, 2) x and y of the proposal and of the correction."""
    cells = [[number(cell) for cell in row[1:-1]] for row in rows]
    return torch.tensor([[row[k : k + 2] for row in cells] for k in (0, 4)])


@pytest.mark.parametrize("home", ["http", "file"])
def test_firefox_shows_what_python_computes(
    firefox, space, served, small_book, presets, tmp_path_factory, tmp_path, home
):
    modules = npm.node_modules(tmp_path_factory)
    base = served if home == "http" else small_book.as_uri()
    script = Path(__file__).with_name("firefox.mjs")
    done = subprocess.run(
        ["node", script, modules, firefox, f"{base}/book/intro.html"],
        env=os.environ | {"HOME": str(tmp_path), "MOZ_HEADLESS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["faults"] == [] and "irefox" in seen["browser"]
    moved = read_link(seen["dragged"]["link"], "first")
    ax, ay = DEFAULTS["a"]
    scale = 2 * RADIUS / seen["dragged"]["size"]
    assert moved == DEFAULTS | {"a": pytest.approx([ax - 60 * scale, ay + 40 * scale], abs=0.03)}
    name = next(iter(presets))
    assert seen["preset"]["preset"] == name
    states = {"first": DEFAULTS, "dragged": moved, "preset": expect_state(presets[name]["state"])}
    for what, state in states.items():
        proposal, path = best_of(paths(space.ratio, expect_state(state)))
        wanted = torch.stack([proposal, path.points[0]]).float()
        rows = seen[what]["table"]
        assert points(rows).flatten().tolist() == pytest.approx(
            wanted.flatten().tolist(), abs=0.0065
        )
        ground, over, curve, digits = seen[what]["canvases"]
        assert ground["clear"] == curve["clear"] == digits["clear"] == 0 < over["clear"]
        assert min(canvas["dark"] for canvas in (ground, over, curve, digits)) > 300
    assert len({seen[what]["said"] for what in states}) == 3
