"""The explorer without a kernel: a still picture, the markup of a page, and a page in one file.

A page holds `<div class="nav-explorer">` with a still picture inside. loader.js, a classic script
that works over http and from file:// alike, fetches what is needed once such a div comes near the
window, and puts the live figure in its place; where anything fails, the picture stays.
"""

from __future__ import annotations

import base64
import functools
import html
import io
import json
import math
import os
import pathlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from nav_utils.browser.page import (
    NAME,
    expect_name,
    script_of,
    space_script,
    whole_page,
    write_in_one_move,
)
from nav_utils.correction import Status
from nav_utils.densities import StandardNormal
from nav_utils.explorer.atlas import decoded
from nav_utils.explorer.computing import best_of, goal_of, outside, paths, stays, walked
from nav_utils.explorer.packing import (
    HERE,
    SHIPPED,
    expect_space,
    fingerprint,
    methods_of,
    payload,
    radius_of,
    shipped_presets,
    usual_ends,
)
from nav_utils.explorer.prior import contours
from nav_utils.explorer.state import State, expect_state
from nav_utils.navigation import Path, PathStatus
from nav_utils.plots import (
    D_COLOURS,
    image_grid,
    outcome_words,
    pixels,
    plot_codes,
    plot_correction,
    plot_d_along,
    plot_map,
)
from nav_utils.pretrained import LatentSpace, load_pretrained
from nav_utils.ratio import Ratio
from nav_utils.steps import Band, Below, Denser, Goal

BUNDLE = HERE / "explorer.js"


# ---- the still picture --------------------------------------------------------------------------

SIZE = (6.6, 5.2)  # inches at 100 pixels each
N_IMAGES, N_CODES = 12, 300
N_COLOURS, N_GREYS = 21, 7  # of the picture; an odd number of D's has grey for 1/2
N_IMAGE_COLOURS = 128  # of images that are not grey
PLACES = {
    "map": (0.075, 0.345, 0.48, 0.606),
    "curve": (0.63, 0.345, 0.355, 0.606),
    "proposal": (0.125, 0.135, 0.865, 0.1),
    "corrected": (0.125, 0.025, 0.865, 0.1),
}


def static_figure(space: LatentSpace, state: Mapping[str, Any]) -> bytes:
    """A PNG file of a state: the map with both paths, D along them, and what they decode to.

    Args:
        space: as in `payload`.
        state: a whole one.
    """
    ratio = expect_space(space)
    found = paths(ratio, state)
    proposal, path = best_of(found)
    fig = Figure(figsize=SIZE, dpi=100)
    FigureCanvasAgg(fig)
    axes = {name: fig.add_axes(place) for name, place in PLACES.items()}
    draw_map(axes["map"], space, ratio, state)
    for other, longer in found:
        if longer is not path:
            axes["map"].plot(*other.T, "--", color="0.35", lw=1)
            axes["map"].plot(*longer.points[0].T, "-", color="0.35", lw=1)
    path = tried(path, walked(path, state))
    plot_correction(axes["map"], proposal, path)
    for end, (x, y) in zip("AB", proposal[[0, -1]].tolist(), strict=True):
        box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "black"}
        axes["map"].annotate(
            end, (x, y), (7, 7), textcoords="offset points", fontsize=11, weight="bold", bbox=box
        )
    plot_d_along(axes["curve"], ratio, proposal, path, band_of(goal_of(state, ratio)))
    axes["curve"].set_title("D along the path", fontsize=10)
    axes["curve"].set_xlabel("point of the path", fontsize=10)
    shown = torch.linspace(0, len(proposal) - 1, N_IMAGES).round().long()
    rows = {
        "proposal": decoded(space.model, proposal[shown]),
        "corrected": decoded(space.model, path.points[0, shown]),
    }
    for name, row in rows.items():
        image_grid(row, axes[name])
        axes[name].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
    return small_png(pixels(fig), torch.cat([*rows.values()]))


def tried(path: Path, came: int) -> Path:
    """A path of which no point failed that it never came to."""
    if path.point_status is None:
        return path
    status = path.point_status.clone()
    status[:, came:] = Status.INSIDE
    return replace(path, point_status=status)


def band_of(goal: Goal) -> tuple[float, float] | None:
    """The values of D that count as inside; None for a goal that does not speak of D."""
    if isinstance(goal, Denser):
        return None
    if isinstance(goal, Below):
        return 0.0, sigmoid(goal.level)
    assert isinstance(goal, Band)
    return sigmoid(goal.centre - goal.width), sigmoid(goal.centre + goal.width)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def draw_map(ax: Axes, space: LatentSpace, ratio: Ratio, state: Mapping[str, Any]) -> None:
    """The map of D with its band and some codes; with their classes, if the state says so."""
    radius = radius_of(space)
    plot_map(ratio, ax, radius, eps=state["eps"], colorbar=False)
    chosen = torch.randperm(len(space.codes), generator=torch.Generator().manual_seed(0))[:N_CODES]
    chosen = chosen.to(space.codes.device)
    plot_codes(space.codes[chosen], space.labels[chosen] if state["classes"] else None, ax, radius)
    if type(ratio.prior) is not StandardNormal:
        for circle in [*ax.patches]:  # of the usual prior
            circle.remove()
        for line in contours(ratio.prior, radius):
            ax.plot(*line.T, "--", color="0.3", lw=0.8)
    for text in ax.texts:
        text.set_zorder(1.5)  # under the paths
    ax.set_title("map of D: orange near 0, blue near 1", fontsize=10)


def small_png(picture: Image.Image, images: torch.Tensor) -> bytes:
    """A PNG file of few colours, those of D, of the classes, and greys: a third of the size.

    Args:
        picture: to write.
        images: (N, C, H, W) that are in it; colours of theirs are among the few, too.
    """
    classes = matplotlib.colormaps["tab10"](range(10))
    greys = matplotlib.colormaps["gray"](np.linspace(0, 1, N_GREYS))
    colours = np.concatenate([D_COLOURS(np.linspace(0, 1, N_COLOURS)), classes, greys])
    few = np.rint(255 * colours[:, :3]).astype(np.uint8)
    if images.shape[1] == 3:
        strip = (255 * images.clamp(0, 1)).byte().permute(1, 0, 2, 3).flatten(1)  # (3, pixels)
        own = Image.fromarray(strip.T.numpy()[None]).quantize(N_IMAGE_COLOURS).getpalette()
        few = np.concatenate([few, np.array(own, np.uint8).reshape(-1, 3)])
    palette = Image.new("P", (1, 1))
    palette.putpalette(few.tobytes())
    buffer = io.BytesIO()
    found = picture.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    found.save(buffer, format="png", optimize=True)
    return buffer.getvalue()


VERDICTS = {
    PathStatus.REACHED: "It arrives.",
    PathStatus.STALLED: "It stalls and does not arrive at B.",
    PathStatus.INFEASIBLE: "It arrives, but crosses a place rarer than 95 % of codes.",
    PathStatus.NON_FINITE: "It meets values that are not finite.",
}
PROPOSALS = {"linear": "the straight line", "slerp": "the arc"}


def words(space: LatentSpace, state: Mapping[str, Any]) -> str:
    """What `static_figure` shows, in words: its alternative text."""
    ratio = expect_space(space)
    found = paths(ratio, state)
    proposal, path = best_of(found)
    came = walked(path, state)
    counts = [outside(ratio, z, state) for z in (proposal, path.points[0, :came])]
    if state["method"] == "score":
        where = "Below the level of log p - a"
    elif state["method"] == "string":
        where = "In holes (a above log 4)"
    elif state["goal"] == "below":
        where = "Above the level of the logit"
    else:
        where = f"Outside the band, D within {state['eps']:.2f} of 1/2"
    name = "the better arc" if len(found) > 1 else PROPOSALS.get(state["proposal"], "the arc")
    ends = "its ends stay" if stays(state) else "its first end stays"
    a, b = (f"({x:.2f}, {y:.2f})" for x, y in (state["a"], state["b"]))
    verdict = VERDICTS[PathStatus(int(path.status))]
    if came < len(proposal):
        verdict = f"It stalls at point {came} of {len(proposal)} and does not arrive at B."
    if float(path.bottleneck) == -math.inf:
        verdict = "It leaves the places where the prior has mass."
    return (
        f"A map of D with a path from A {a} to B {b}, corrected by the method {state['method']}; "
        "beside it D along the path, below it decoded images, the proposal above the correction. "
        + outcome_words(proposal, tried(path, came), counts, (where, name), ends)
        + f" {verdict}"
    )


# ---- markup -------------------------------------------------------------------------------------

LIVE = "A still picture: where scripts run, this figure is live."
KERNEL = "A still picture: run this cell to have the live figure, which needs the kernel."


def space_name(space: LatentSpace) -> str:
    """What the card calls a space."""
    return str(space.card.get("name", "latent space"))


def space_key(space: LatentSpace) -> str:
    """The name under which a page keeps a space's payload, whatever the card says."""
    return space_name(space) if NAME.fullmatch(space_name(space)) else "space"


@functools.cache
def shipped(name: str) -> LatentSpace:
    """A shipped space of the plane, loaded once; ValueError for any other name."""
    if name not in SHIPPED:
        raise ValueError(f"space: expected one of {', '.join(SHIPPED)}, got {name!r}")
    return load_pretrained(name)


def is_shipped(space: LatentSpace) -> bool:
    """Whether a page can fetch this very space by its name."""
    name = space_name(space)
    return name in SHIPPED and fingerprint(space) == fingerprint(shipped(name))


def preset_state(space_name: str, preset: str) -> State:
    """The state of a preset, in part; ValueError if there is none of that name."""
    presets = shipped_presets(space_name)
    if preset not in presets:
        there = ", ".join(presets) or "none, as there are none for this space"
        raise ValueError(f"preset: expected {there}, got {preset!r}")
    return presets[preset]["state"]


def div(space: LatentSpace, state: Mapping[str, Any], name: str, live: bool | None = None) -> str:
    """The markup of one explorer: a still picture, which the loader makes live if it can.

    Args:
        space: as in `payload`.
        state: a whole one.
        name: of the element, for links.
        live: whether the page can get at the space's payload; by default, for a shipped space.
    """
    live = is_shipped(space) if live is None else live
    attributes = {"class": "nav-explorer", "id": expect_name(name)}
    if live:
        attributes["data-space"] = space_key(space)
        attributes["data-state"] = json.dumps(state, sort_keys=True)
    opening = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
    picture = base64.b64encode(static_figure(space, state)).decode()
    return (
        f'<div {opening}><img alt="{html.escape(words(space, state))}" '
        f'src="data:image/png;base64,{picture}"><p>{LIVE if live else KERNEL}</p></div>'
    )


def bundle_script() -> str:
    """The bundle as `script_of` writes it."""
    return script_of("explorer", BUNDLE)


def to_html(
    space: Any, file: str | os.PathLike[str], state: State | None = None, name: str = "explorer"
) -> pathlib.Path:
    """Write an explorer as one file that needs nothing else: to send, or to open from a disk.

    Args:
        space: a `LatentSpace` as in `payload`; or an `Explorer`, which brings its state and name.
        file: where to; what is there is replaced in one move.
        state: the state to begin with, whole or in part; the defaults if not given.
        name: of the element, for links.

    Returns:
        The path of the file.

    Raises:
        ValueError: as `payload`, and for a name that no link can hold.
        OSError: when the file cannot be written; nothing is left behind.
    """
    if hasattr(space, "follow"):  # an Explorer
        if state is not None or name != "explorer":
            raise ValueError("to_html: an Explorer brings its own state and name; give neither")
        space, state, name = space.space, space.state, space.name
    expect_space(space)
    state = usual_ends(space) | (state or {})
    data = payload(space, start=state)
    state = expect_state(state, radius_of(space), methods_of(space))
    scripts = [bundle_script(), space_script(space_key(space), data)]
    title = f"{space_name(space)}: explorer of a latent space"
    page = whole_page(title, div(space, state, name, live=True), scripts)
    return write_in_one_move(pathlib.Path(file), page)
