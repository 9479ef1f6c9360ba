"""The playground without a kernel: a still picture, markup, and a page in one file."""

from __future__ import annotations

import base64
import functools
import html
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from nav_utils.browser.page import (
    expect_name,
    script_of,
    space_script,
    whole_page,
    write_in_one_move,
)
from nav_utils.explorer.page import BUNDLE as EXPLORER
from nav_utils.playground.digits import packed_digits
from nav_utils.playground.state import DEFAULTS, expect_settings, in_page

HERE = pathlib.Path(__file__).parent
BUNDLE = HERE / "playground.js"
DIGITS = "digits-8x8"  # the name under which a page keeps them

# Still pictures by name, with what one sees in them: both ends of a run with the usual settings.
STILLS = {
    "plain": (
        "the codes of 1,500 digits, at the start and at the end of a plain run. At the start all "
        "codes lie in one spot. At the end they lie so far out, in long heaps by digit, that the "
        "map is drawn several times as wide; the circles of the prior are hidden in its middle."
    ),
    "variational": (
        "the codes of 1,500 digits, at the start and at the end of a variational run. At the start "
        "all codes lie in one spot. At the end they fill the circles of the prior, sorted by digit."
    ),
    "adversarial": (
        "the codes of 1,500 digits, at the start and at the end of an adversarial run. At the "
        "start all codes lie in one spot. At the end they fill the circles of the prior, sorted by "
        "digit, and the map of D is grey nearly everywhere."
    ),
    "exact": (
        "samples of a ring, at the start and at the end of the training of D. At the start the map "
        "of D is grey. At the end it is orange on the ring, blue within and round it."
    ),
}
LIVE = "A still picture: where scripts run, an autoencoder trains in this figure."
KERNEL = "A still picture: run this cell to have the live figure, which needs the kernel."


@functools.cache
def presets() -> dict[str, Any]:
    """Texts and settings by name, as the page has them."""
    return json.loads((HERE / "presets.json").read_text(encoding="utf-8"))


def preset_settings(name: str) -> dict[str, Any]:
    """The settings of a preset, in part, as the page calls them; ValueError if there is none."""
    if name not in presets():
        raise ValueError(f"preset: expected one of {', '.join(presets())}, got {name!r}")
    return dict(presets()[name]["settings"])


def still(settings: Mapping[str, Any]) -> tuple[pathlib.Path, str]:
    """The still picture of the kind of run that settings describe: its file, its alternative text.

    Args:
        settings: whole or in part, as the page calls them.
    """
    exact = settings.get("data", DEFAULTS["data"]) != "digits"
    name = "exact" if exact else settings.get("objective", DEFAULTS["objective"])
    return HERE / f"still_{name}.png", f"Two maps of the plane with {STILLS[name]}"


def div(settings: Mapping[str, Any], name: str, live: bool = True) -> str:
    """The markup of one playground: a still picture, which the loader makes live if it can.

    Args:
        settings: whole or in part, as the page calls them (see `in_page`).
        name: of the element, for links.
        live: whether the page holds the scripts for it.
    """
    attributes = {"class": "nav-playground", "id": expect_name(name)}
    if live:
        attributes["data-space"] = DIGITS
        attributes["data-state"] = json.dumps(dict(settings), sort_keys=True)
    opening = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
    file, seen = still(settings)
    picture = base64.b64encode(file.read_bytes()).decode()
    return (
        f'<div {opening}><img alt="{html.escape(seen)}" '
        f'src="data:image/png;base64,{picture}"><p>{LIVE if live else KERNEL}</p></div>'
    )


def scripts() -> list[str]:
    """What a page needs beside the loader: both figures and the digits."""
    bundles = [script_of("playground", BUNDLE), script_of("explorer", EXPLORER)]
    return [*bundles, space_script(DIGITS, packed_digits())]


def to_html(
    file: str | os.PathLike[str],
    settings: Mapping[str, Any] | None = None,
    name: str = "playground",
) -> pathlib.Path:
    """Write a playground as one file that needs nothing else: to send, or to open from a disk.

    Args:
        file: where to; what is there is replaced in one move.
        settings: as in `Playground`, whole or in part; the defaults if not given.
        name: of the element, for links.

    Returns:
        The path of the file.

    Raises:
        ValueError: for settings that make no sense, and for a name that no link can hold.
        OSError: when the file cannot be written; nothing is left behind.
    """
    whole = in_page(expect_settings(settings or {}))
    title = "Playground: an adversarial autoencoder trains in this page"
    page = whole_page(title, div(whole, name), scripts(), "'wasm-unsafe-eval'")
    return write_in_one_move(pathlib.Path(file), page)
