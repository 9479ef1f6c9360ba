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
from nav_utils.plots import image_grid, plot_codes
from nav_utils.pretrained import CHECKPOINTS, LatentSpace, load_classifier, load_pretrained

FIGURE = Path(__file__).resolve().parent.parent / "book" / "figures" / "voyage.png"
HOLE = 4.0  # a hole, as in chapter 01: q below a quarter of p
N_SHOWN = 11  # points of the path whose images are shown
ENDS = ((3, (-0.9, 0.4)), (5, (1.5, -1.8)))  # the test codes nearest to these places, as in 00


class Voyage(NamedTuple):
    """The straight path of the figure, and what two measures say of it.

    Attributes:
        points: along the path (T, d).
        labels: digits at its two ends.
        shortage: how many times too few codes there are at each point (T,), see `shortage`.
        images: the decoded points (T, 1, 28, 28).
        confidence: the largest class probability that the judge gives each image (T,).
    """

    points: Tensor
    labels: tuple[int, int]
    shortage: Tensor
    images: Tensor
    confidence: Tensor


def voyage(folder: Path = CHECKPOINTS) -> Voyage:
    """The straight path of chapter 00, from the 3 to the 5, with what two measures say of it."""
    space, judge = load_pretrained("mnist-2d", folder=folder), load_classifier(folder=folder)
    ends = [nearest(space, digit, place) for digit, place in ENDS]
    points = lerp(
        space.test_codes[ends[0]], space.test_codes[ends[1]], torch.linspace(0, 1, N_SHOWN)
    )
    with torch.no_grad():
        images = space.model.decode(points)
        confidence = judge(images).softmax(-1).amax(-1)
    return Voyage(
        points,
        (int(space.test_labels[ends[0]]), int(space.test_labels[ends[1]])),
        shortage(points, space.codes),
        images,
        confidence,
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
    """Left the codes and the path, right the decoded images above the judge's confidence."""
    style: dict[Any, Any] = {"font.size": 13, "axes.titlesize": 13}
    with plt.rc_context(style):
        fig = plt.figure(figsize=(10, 4.5), layout="constrained")
        sides: Any = fig.subfigures(1, 2, width_ratios=(0.42, 0.58))
        left, right = sides
        draw_map(left.subplots(), trip, space)
        rows = right.subplots(3, 1, sharex=False, height_ratios=(0.75, 1, 1))
        draw_journey(rows, trip)
    return fig


def draw_map(ax: Axes, trip: Voyage, space: LatentSpace) -> None:
    """The test codes by digit, with the straight path across them."""
    plot_codes(space.test_codes, space.test_labels, ax=ax, radius=2.7)
    z, lost = trip.points, trip.shortage > HOLE
    ax.plot(z[:, 0], z[:, 1], "--", color="black", lw=1.3, zorder=5)
    for marker, face, rows in (("o", "black", ~lost), ("s", "white", lost)):
        ax.scatter(
            z[rows, 0], z[rows, 1], marker=marker, s=34, fc=face, ec="black", lw=1.2, zorder=6
        )
    ends = "from a {} to a {}".format(*trip.labels)
    ax.set_title(f"Codes of digits, and a straight path {ends}")


def draw_journey(rows: list[Axes], trip: Voyage) -> None:
    """Decoded images, confidence and shortage of codes, aligned point by point."""
    steps, lost = torch.arange(N_SHOWN), trip.shortage > HOLE
    image_grid(trip.images, ax=rows[0])
    rows[0].set_aspect("auto")
    rows[0].set_title("What the decoder makes of the points of the path")
    rows[0].axis("off")
    for ax, values, name in (
        (rows[1], trip.confidence, "confidence of\na classifier"),
        (rows[2], trip.shortage, "codes expected\nfor each found"),
    ):
        ax.plot(steps, values, "--", color="black", lw=1.3)
        for marker, face, at in (("o", "black", ~lost), ("s", "white", lost)):
            ax.scatter(steps[at], values[at], marker=marker, s=40, fc=face, ec="black", zorder=3)
        ax.set(xlim=(-0.5, N_SHOWN - 0.5), xticks=[], ylabel=name)
        ax.spines[["top", "right"]].set_visible(False)
    rows[1].set(ylim=(0, 1.1), yticks=(0, 0.5, 1))
    rows[2].set_ylim(bottom=0)
    rows[2].axhline(HOLE, color="0.4", lw=1)
    place = (-0.4, HOLE)
    rows[2].annotate(
        "above: a hole",
        place,
        (0, 3),
        textcoords="offset points",
        fontsize=11,
    )
    rows[2].set_xlabel("along the path; hollow squares: in the hole")


def save(fig: Figure, path: Path) -> None:
    """Write a figure as PNG with a palette: a third of the size, and no difference to the eye."""
    buffer = io.BytesIO()
    fig.savefig(buffer, dpi=150, facecolor="white")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(buffer).convert("RGB").quantize(128).save(path, optimize=True)


def describe(trip: Voyage) -> str:
    """The numbers that the book quotes."""
    lost = trip.shortage > HOLE
    return (
        f"digits {trip.labels[0]} to {trip.labels[1]}\n"
        f"confidence: ends {trip.confidence[0]:.2f} and {trip.confidence[-1]:.2f}, "
        f"lowest {trip.confidence.min():.2f}\n"
        f"codes expected for each found: ends {trip.shortage[0]:.1f} and {trip.shortage[-1]:.1f}; "
        f"{trip.shortage[lost].min():.0f} to {trip.shortage[lost].max():.0f} "
        f"at the {int(lost.sum())} of {N_SHOWN} points in the hole"
    )


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
