"""Draw the figure of the introduction from the shipped checkpoints; print the numbers it shows.

python -m tools.figures
"""

from __future__ import annotations

import argparse
import io
import math
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from nav_utils.densities import knn_distance
from nav_utils.interpolation import lerp
from nav_utils.navigation import Graph, PathStatus, navigate
from nav_utils.plots import image_grid, plot_codes
from nav_utils.pretrained import CHECKPOINTS, LatentSpace, load_classifier, load_pretrained
from nav_utils.strings import evenly_spaced

FIGURE = Path(__file__).resolve().parent.parent / "book" / "figures" / "voyage.png"
HOLE = 4.0  # a hole, as in chapter 01: q below a quarter of p
N_SHOWN = 11  # points of the path whose images are shown
N_CODES = 20_000  # of the graph that the second path is planned on
ENDS = ((3, (-0.9, 0.4)), (5, (1.5, -1.8)))  # the test codes nearest to these places, as in 00


class Way(NamedTuple):
    """A path, and what two measures say of it.

    Attributes:
        line: dense points along it (M, d).
        points: those whose images are shown, evenly spaced (T, d).
        shortage: how many times too few codes there are at each of them (T,), see `shortage`.
        images: what they decode to (T, 1, 28, 28).
        confidence: the largest class probability that the judge gives each image (T,).
    """

    line: Tensor
    points: Tensor
    shortage: Tensor
    images: Tensor
    confidence: Tensor


class Voyage(NamedTuple):
    """Two ways from one code to another: straight, and planned; `labels` are those of the ends."""

    labels: tuple[int, int]
    straight: Way
    planned: Way


def voyage(folder: Path = CHECKPOINTS) -> Voyage:
    """From the 3 of chapter 00 to its 5: as the line goes, and as `Graph` plans it (chapter 13)."""
    space, judge = load_pretrained("mnist-2d", folder=folder), load_classifier(folder=folder)
    rows = [nearest(space, digit, place) for digit, place in ENDS]
    a, b = space.test_codes[rows].split(1)  # (1, 2) each
    if space.ratio is None:
        raise ValueError("mnist-2d: expected a ratio in the folder, found none")
    planner = Graph(space.codes[:N_CODES])
    found = navigate(a, b, space.ratio, planner, n_points=200)
    if found.status != PathStatus.REACHED:
        raise RuntimeError(
            f"expected a path that arrives, got {PathStatus(int(found.status)).name}"
        )

    def way(line: Tensor) -> Way:
        points = evenly_spaced(line[None], N_SHOWN)[0]
        with torch.no_grad():
            images = space.model.decode(points)
            confidence = judge(images).softmax(-1).amax(-1)
        return Way(line, points, shortage(points, space.codes), images, confidence)

    labels = tuple(int(space.test_labels[row]) for row in rows)
    return Voyage(
        (labels[0], labels[1]),
        way(lerp(a[0], b[0], torch.linspace(0, 1, N_SHOWN))),
        way(found.points[0]),
    )


def nearest(space: LatentSpace, digit: int, place: tuple[float, float]) -> int:
    """Row of the test code of this digit that is nearest to a place."""
    distance = (space.test_codes - torch.tensor(place)).norm(dim=-1)
    return int(torch.where(space.test_labels == digit, distance, torch.inf).argmin())


def shortage(z: Tensor, codes: Tensor, k: int = 10) -> Tensor:
    """How many codes the prior puts within the distance of the k-th nearest code, over k.

    An estimate of p(z) / q(z) in two dimensions: 1 where there are as many codes as the prior
    promises, large in a hole.
    """
    area = math.pi * knn_distance(z, codes, k).square()
    density = torch.exp(-z.square().sum(-1) / 2) / (2 * math.pi)  # of the prior
    return len(codes) * density * area / k


def draw(trip: Voyage, space: LatentSpace) -> Figure:
    """Left the codes and both paths, right what they decode to, above two measures."""
    style: dict[Any, Any] = {"font.size": 13, "axes.titlesize": 13}
    with plt.rc_context(style):
        fig = plt.figure(figsize=(10, 4.6), layout="constrained")
        sides: Any = fig.subfigures(1, 2, width_ratios=(0.42, 0.58))
        left, right = sides
        draw_map(left.subplots(), trip, space)
        draw_journey(right.subplots(4, 1, height_ratios=(0.5, 0.5, 0.8, 0.8)), trip)
    return fig


def draw_map(ax: Axes, trip: Voyage, space: LatentSpace) -> None:
    """The test codes by digit, with both paths across them."""
    both = torch.cat([trip.straight.line, trip.planned.line])
    plot_codes(space.test_codes, space.test_labels, ax=ax, radius=2.7, avoid=both)
    for way, style in ((trip.straight, "--"), (trip.planned, "-")):
        ax.plot(*way.line.T, "-", color="white", lw=4, zorder=5)
        ax.plot(*way.line.T, style, color="black", lw=1.6, zorder=5)
        dots(ax, way.points[:, 0], way.points[:, 1], way.shortage > HOLE, size=34)
    ends = "from a {} to a {}".format(*trip.labels)
    ax.set_title(f"Codes of digits, and two paths {ends}")


def dots(ax: Axes, x: Tensor, y: Tensor, lost: Tensor, size: float) -> None:
    """Black discs; hollow squares where a point lies in a hole."""
    for marker, face, at in (("o", "black", ~lost), ("s", "white", lost)):
        ax.scatter(x[at], y[at], marker=marker, s=size, fc=face, ec="black", lw=1.2, zorder=6)


def draw_journey(rows: list[Axes], trip: Voyage) -> None:
    """Decoded images of both paths; confidence and shortage of codes, aligned point by point."""
    steps = torch.arange(N_SHOWN)
    ways = ((trip.straight, "--", "straight (dashed)"), (trip.planned, "-", "planned (solid)"))
    for ax, (way, _, name) in zip(rows, ways, strict=False):
        image_grid(way.images, ax=ax)
        ax.set_aspect("auto")
        ax.set_title(name, loc="left")
        ax.axis("off")
    for way, style, _ in ways:
        for ax, values in ((rows[2], way.confidence), (rows[3], way.shortage)):
            ax.plot(steps, values, style, color="black", lw=1.3)
            dots(ax, steps, values, way.shortage > HOLE, size=30)
    for ax, name in ((rows[2], "sure of\nthe digit"), (rows[3], "promised\nper code")):
        ax.set(xlim=(-0.5, N_SHOWN - 0.5), xticks=[], ylabel=name)
        ax.spines[["top", "right"]].set_visible(False)
    rows[2].set(ylim=(0, 1.1), yticks=(0, 0.5, 1))
    rows[3].set_ylim(bottom=0)
    rows[3].axhline(HOLE, color="0.4", lw=1)
    rows[3].annotate("above: a hole", (-0.4, HOLE), (0, 3), textcoords="offset points", fontsize=11)
    rows[3].set_xlabel("along the paths; hollow squares: in a hole")


def save(fig: Figure, path: Path) -> None:
    """Write a figure as PNG with a palette: a third of the size, and no difference to the eye."""
    buffer = io.BytesIO()
    fig.savefig(buffer, dpi=150, facecolor="white")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(buffer).convert("RGB").quantize(128).save(path, optimize=True)


def describe(trip: Voyage) -> str:
    """The numbers that the book quotes."""
    said = ["digits {} to {}".format(*trip.labels)]
    for name, way in (("straight", trip.straight), ("planned", trip.planned)):
        lost = way.shortage[way.shortage > HOLE]
        range_of = f" ({lost.min():.0f} to {lost.max():.0f})" if len(lost) else ""
        said.append(
            f"{name}: confidence {way.confidence.min():.2f} at its lowest; {len(lost)} of "
            f"{N_SHOWN} points in a hole{range_of}; codes expected for each found: at most "
            f"{way.shortage.max():.1f}"
        )
    straight, planned = (way.line.diff(dim=0).norm(dim=-1).sum() for way in trip[1:])
    said.append(f"length of the planned path: {planned / straight:.1f} times the straight one")
    return "\n".join(said)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=CHECKPOINTS, help="folder of checkpoints")
    options = parser.parse_args()
    trip, space = voyage(options.folder), load_pretrained("mnist-2d", folder=options.folder)
    save(draw(trip, space), FIGURE)
    print(f"{FIGURE.name}: {FIGURE.stat().st_size / 1000:.0f} kB\n{describe(trip)}")


if __name__ == "__main__":
    main()
