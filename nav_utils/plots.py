"""Figures of the course.

Each function draws on Axes and returns them; `show` puts a figure, with its words, on the page.
"""

from __future__ import annotations

import base64
import html
import io
from collections import Counter
from collections.abc import Sequence
from typing import cast

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from nav_utils.arguments import kind_of
from nav_utils.correction import Status
from nav_utils.extras import display
from nav_utils.navigation import Path
from nav_utils.pretrained import LatentSpace
from nav_utils.ratio import Ratio

# D is orange (0), grey (1/2), blue (1) in every figure, on the logit cut off at 4: 0.018 to 0.982.
D_COLOURS = LinearSegmentedColormap.from_list(
    "D", ["#b35806", "#f1a340", "#fee0b6", "#f2f2f2", "#c6dbef", "#6baed6", "#08519c"]
)
D_LIMIT = 4.0
MARKERS = "os^vD<>P*X"  # a class is told by its digit and its marker, never by colour alone


def show(fig: Figure, alt: str) -> None:
    """Display a figure as an image that says in words what one should see, and close it.

    Args:
        fig: the figure.
        alt: one or two sentences for those who cannot see it. It reaches Jupyter, Colab and the
            book.
    """
    if len(alt) < 20:
        raise ValueError(f"alt: expected a sentence that says what one should see, got {alt!r}")
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=110, facecolor="white", metadata={"Software": None})
    plt.close(fig)
    data = base64.b64encode(buffer.getvalue()).decode()
    image = (
        f'<img alt="{html.escape(alt)}" style="max-width: 100%" src="data:image/png;base64,{data}">'
    )
    display({"text/html": image, "text/plain": f"[figure: {alt}]"}, raw=True)


def as_array(x: Tensor | np.ndarray, what: str) -> np.ndarray:
    """The values of a tensor of any type on any device, or of an array; ValueError for others."""
    if isinstance(x, Tensor):
        x = x.detach().cpu()
        x = x.float() if x.dtype == torch.bfloat16 else x  # which NumPy does not know
    found = np.asarray(x)
    if found.dtype.kind not in "biuf":
        raise ValueError(f"{what}: expected a tensor or an array of numbers, got {kind_of(x)}")
    return found


def image_grid(
    images: Tensor | np.ndarray, ax: Axes | None = None, columns: int | None = None
) -> Axes:
    """Draw images side by side on one Axes: grey ones from 0 (white) to 1 (black), colour as it is.

    Args:
        images: (..., 1, H, W) or (N, H, W) grey, (..., 3, H, W) red, green and blue; in [0, 1]. A
            tensor or an array.
        ax: the Axes to draw on; a new figure's if not given.
        columns: images in a row; all in one row if not given.

    Returns:
        The Axes.

    Raises:
        ValueError: for other shapes, and for no image.
    """
    pictures = as_array(images, "images")
    shape = pictures.shape
    grey = len(shape) == 3 or (len(shape) > 3 and shape[-3] == 1)
    if pictures.size == 0 or not (grey or (len(shape) > 3 and shape[-3] == 3)):
        raise ValueError(
            "images: expected at least one, (N, H, W) or (..., C, H, W) with 1 or 3 channels, "
            f"got {shape}"
        )
    channels = 1 if grey else 3
    pictures = pictures.reshape(-1, channels, *shape[-2:]).transpose(0, 2, 3, 1)  # (N, H, W, C)
    n, height, width = pictures.shape[:3]
    columns = columns or n
    rows = -(-n // columns)
    size = (rows * (height + 1) - 1, columns * (width + 1) - 1, channels)
    canvas = np.full(size, 0.0 if grey else 1.0)  # white
    for i, picture in enumerate(pictures):
        top, left = i // columns * (height + 1), i % columns * (width + 1)
        canvas[top : top + height, left : left + width] = picture
    if ax is None:
        ax = plt.subplots(figsize=(0.7 * columns, 0.7 * rows), layout="constrained")[1]
    canvas = canvas[..., 0] if grey else canvas.clip(0, 1)
    ax.imshow(canvas, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    return ax


def plot_codes(
    codes: Tensor | np.ndarray,
    labels: Tensor | np.ndarray | None = None,
    ax: Axes | None = None,
    radius: float = 4.0,
    avoid: Tensor | np.ndarray | None = None,
) -> Axes:
    """Scatter two-dimensional codes, each class with its marker.

    The digit of a class is at its median, or beside it with a line to it if it would cover another.

    Args:
        codes: (N, 2), a tensor or an array.
        labels: (N,) whole numbers; all points look alike if not given.
        ax: the Axes to draw on; a new figure's if not given.
        radius: the axes go from -radius to radius; dashed circles hold 39 % and 86 % of the prior's
            mass.
        avoid: points (M, 2) that no digit may cover, such as those of a path.

    Returns:
        The Axes.

    Raises:
        ValueError: for other shapes, and for labels that are no whole numbers.
    """
    z = as_array(codes, "codes")
    if z.ndim != 2 or z.shape[-1] != 2:
        raise ValueError(f"codes: expected shape (N, 2), got {z.shape}")
    if ax is None:
        ax = plt.subplots(figsize=(5, 5), layout="constrained")[1]
    groups = np.zeros(len(z), int) if labels is None else as_array(labels, "labels")
    if groups.shape != z.shape[:1] or (groups != np.round(groups)).any():
        raise ValueError(
            f"labels: expected {len(z)} whole numbers, one for each code, got {groups.dtype} of "
            f"shape {groups.shape}"
        )
    groups = groups.astype(int)
    colours = plt.get_cmap("tab10")
    for group in np.unique(groups):
        points = z[groups == group]
        colour = "0.4" if labels is None else colours(group % 10)
        ax.scatter(
            points[:, 0],
            points[:, 1],
            s=6,
            marker=MARKERS[group % 10],
            alpha=0.5,
            linewidths=0,
            color=colour,
        )
    for sigma in (1, 2):
        ax.add_patch(plt.Circle((0, 0), sigma, fill=False, ls="--", lw=0.8, color="0.3"))
    ax.set(
        xlim=(-radius, radius),
        ylim=(-radius, radius),
        aspect="equal",
        xlabel="$z_1$",
        ylabel="$z_2$",
    )
    if labels is not None:
        write_digits(ax, z, groups, radius, None if avoid is None else as_array(avoid, "avoid"))
    return ax


def write_digits(
    ax: Axes, z: np.ndarray, groups: np.ndarray, radius: float, avoid: np.ndarray | None
) -> None:
    """Write each class's digit at the median of its points, or beside it where it is crowded."""
    box = ax.get_window_extent()
    inches = min(box.width, box.height) / ax.figure.dpi
    size = 14 if inches > 3 else 10  # points; a disc round the digit is twice as wide
    width = 2 * size / 72 / inches * 2 * radius
    names = np.unique(groups)
    medians = np.array([np.median(z[groups == name], axis=0) for name in names])
    for name, median, place in zip(names, medians, apart(medians, width, avoid), strict=True):
        if np.hypot(*(place - median)) > width / 2:
            ax.plot(*np.stack([median, place]).T, color="0.2", lw=0.8, zorder=1.4)
        ax.text(
            place[0],
            place[1],
            str(name),
            fontsize=size,
            weight="bold",
            ha="center",
            va="center",
            bbox={"boxstyle": "circle,pad=0.15", "fc": "white", "ec": "0.3", "alpha": 0.9},
        )


def apart(places: np.ndarray, width: float, avoid: np.ndarray | None = None) -> np.ndarray:
    """Places (K, 2) pushed apart until discs of a width overlap neither each other nor points."""
    angle = 2 * np.pi * np.arange(len(places)) / len(places)
    ties = 1e-3 * width * np.stack([np.cos(angle), np.sin(angle)], axis=1)  # one heap: all ways
    moved, fixed = places + ties, np.zeros((0, 2)) if avoid is None else avoid
    least = np.r_[np.full(len(places), width), np.full(len(fixed), 0.65 * width)]
    for _ in range(300):
        between = moved[:, None] - np.concatenate([moved, fixed])  # (K, K + M, 2)
        distance = np.hypot(between[..., 0], between[..., 1])
        np.fill_diagonal(distance, np.inf)
        if (distance >= least).all():
            break
        overlap = (1.03 * least - distance).clip(min=0)
        push = (overlap / np.maximum(distance, 1e-9))[..., None] * between
        moved += 0.5 * push.sum(axis=1) / max(1, (overlap > 0).sum(axis=1).max())
    stayed = np.hypot(*(moved - places - ties).T) < 1e-9
    return np.where(stayed[:, None], places, moved)


def plot_map(
    ratio: Ratio,
    ax: Axes | None = None,
    radius: float = 3.5,
    resolution: int = 201,
    eps: float | None = None,
    hatch: bool = True,
    colorbar: bool = True,
) -> Axes:
    """Draw D over the plane: orange where codes dominate, grey at 1/2, blue where the prior does.

    The solid line is D = 1/2. Hatched: neither prior nor codes have mass there, D is extrapolation.

    Args:
        ratio: of two dimensions.
        ax: the Axes to draw on; a new figure's if not given.
        radius: the axes go from -radius to radius.
        resolution: grid points along each axis.
        eps: draw the band |D - 1/2| < eps too, as dotted lines, if given.
        hatch: whether to hatch.
        colorbar: whether to draw the scale.

    Returns:
        The Axes.
    """
    if ax is None:
        ax = plt.subplots(figsize=(6, 5), layout="constrained")[1]
    axis = torch.linspace(-radius, radius, resolution)
    z = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)  # (R, R, 2): row is z_2
    with torch.no_grad():
        a = ratio.logit(z).cpu().numpy()
    picture = ax.imshow(
        a,
        origin="lower",
        extent=(-radius, radius, -radius, radius),
        cmap=D_COLOURS,
        vmin=-D_LIMIT,
        vmax=D_LIMIT,
        interpolation="bilinear",
    )
    x = axis.numpy()
    if a.min() < 0 < a.max():
        line = ax.contour(x, x, a, levels=[0.0], colors="black", linewidths=1.5)
        ax.clabel(line, fmt="D = 0.5", fontsize=9)
    band = [] if eps is None else [float(np.log((0.5 + eps) / (0.5 - eps)))]
    rims = [rim for edge in band for rim in (-edge, edge) if a.min() < rim < a.max()]
    if rims:
        ax.contour(x, x, a, levels=rims, colors="black", linewidths=0.8, linestyles=":")
    if hatch:
        empty = ratio.no_data(z).cpu().numpy().astype(float)
        ax.contourf(x, x, empty, levels=[0.5, 1.5], colors="none", hatches=["///"])
    if colorbar:
        bar = ax.figure.colorbar(picture, ax=ax, shrink=0.85, label="D(z)")
        ticks = np.array([0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98])
        bar.set_ticks(np.log(ticks / (1 - ticks)), labels=[f"{t:g}" for t in ticks])
    ax.set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
    return ax


def decoded_rows(rows: Sequence[tuple[str, Tensor | np.ndarray]], title: str = "") -> Figure:
    """Rows of decoded images under each other, aligned, each with its name at the left.

    Args:
        rows: (name, images) for each row, all with the same number of images, as `image_grid` has
            them: grey (N, 1, H, W) or in colour (N, 3, H, W).
        title: above the figure.

    Returns:
        The figure, for `show`.

    Raises:
        ValueError: for no row, for no images, or for rows of different lengths.
    """
    lengths = [len(images) for _, images in rows]
    if len(set(lengths)) != 1 or lengths[0] == 0:
        raise ValueError(f"rows: expected equally many images in each, got {lengths or 'no row'}")
    n = lengths[0]
    fig, axes = plt.subplots(
        len(rows),
        1,
        figsize=(9, (0.85 * 8 * len(rows)) / n + 0.4),
        layout="constrained",
        squeeze=False,
    )
    for ax, (name, images) in zip(axes[:, 0], rows, strict=True):
        image_grid(images, ax)
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
    fig.suptitle(title, fontsize=11)
    return fig


# ---- what shows a proposal and its correction ---------------------------------------------------


def plot_correction(ax: Axes, proposal: Tensor, path: Path) -> None:
    """The proposal (n, 2) dashed, the path solid with a halo, whiskers from one to the other."""
    ax.plot(*proposal.T, "--", color="black", lw=1)
    ax.plot(*torch.stack([proposal, path.points[0]]).permute(2, 0, 1), "-", color="0.3", lw=0.5)
    path.plot(ax)


def plot_d_along(
    ax: Axes,
    ratio: Ratio,
    proposal: Tensor,
    path: Path,
    band: tuple[float, float] | None,
) -> None:
    """D at each point of proposal and path; shaded the band of D that counts as inside, if any."""
    failed, n = failures(path), len(proposal)
    with torch.no_grad():
        d = ratio.prob(torch.stack([proposal, path.points[0]]))
    if band is not None:
        ax.axhspan(*band, color="0.85")
    ax.plot(d[0], "--", color="black", lw=1)
    ax.plot(d[1], "-", color="black", lw=2)
    ax.plot(failed, d[1, failed], "s", ms=6, mfc="none", mec="black")
    ax.set(xlim=(0, n - 1), ylim=(0, 1))


def plot_decoded(ax: Axes, space: LatentSpace, z: Tensor, n_shown: int) -> None:
    """What points along z (n, 2) decode to, ends included, side by side."""
    shown = torch.linspace(0, len(z) - 1, n_shown).round().long()
    with torch.no_grad():
        image_grid(space.model.decode(z[shown].to(space.codes)), ax)


def outcome_words(
    proposal: Tensor,
    path: Path,
    outside: list[int],
    where: tuple[str, str],
    ends: str = "its ends stay",
) -> str:
    """How many points were outside, before and after, and what became of the path.

    Args:
        proposal: (n, 2).
        path: of one pair.
        outside: points of the proposal, and of the path, that are outside.
        where: what they are outside of, and what the proposal is called.
        ends: what became of them.
    """
    failed = Counter(
        Status(int(path.point_status[0, i])).name.lower().replace("_", " ")
        for i in failures(path).tolist()
        if path.point_status is not None
    )
    chord, length = float((proposal[-1] - proposal[0]).norm()), float(path.arc_length[0, -1])
    times = f"{length / chord:.1f} times as long as the line" if chord else f"{length:.1f} long"
    said = ", ".join(f"{n} {name}" for name, n in failed.items()) or "none failed"
    return (
        f"{where[0]}: {outside[0]} of {len(proposal)} points of {where[1]} (dashed), "
        f"{outside[1]} after the correction (solid; {ends}); {said}. "
        f"The path is {times}, its largest gap "
        f"{float(path.tear):.1f} times the median. "
        f"Lowest log p - a on the path: {float(path.bottleneck):.1f} nats."
    )


def failures(path: Path) -> Tensor:
    """Which points of the first path the corrector gave up on."""
    if path.point_status is None:
        return torch.zeros(0, dtype=torch.int64)
    return (path.point_status[0] > Status.CONVERGED).nonzero().squeeze(-1)


def pixels(fig: Figure) -> Image.Image:
    """The picture of a figure with its transparency."""
    canvas = cast(FigureCanvasAgg, fig.canvas)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba()).copy())
