"""Apps for notebooks: sliders over a picture, bound to pure functions that draw it.

A `draw_*` function takes numbers and returns the bytes of a PNG file: the same numbers, the same
bytes. An app writes them into an `Image` widget and what one sees in words under it, so that
nothing depends on captured output, and a test can move a slider without a browser.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from nav_utils.correction import Run
from nav_utils.extras import needs_course
from nav_utils.interpolation import lerp
from nav_utils.memory import remembered
from nav_utils.navigation import Path, Planner, Pointwise, String, navigate
from nav_utils.plots import (
    outcome_words,
    pixels,
    plot_correction,
    plot_d_along,
    plot_decoded,
    plot_map,
)
from nav_utils.pretrained import LatentSpace
from nav_utils.ratio import Ratio
from nav_utils.steps import Band, Below, Goal, Score, method_of

try:
    import ipywidgets as widgets
except ModuleNotFoundError as error:
    raise needs_course("An app for notebooks", error) from error

RADIUS = 3.5  # of the map, and of the sliders of the ends


class App(widgets.VBox):
    """Sliders, a picture, and the picture in words; all change together.

    Args:
        name: what a page says where no kernel runs.
        draw: from the sliders' values, by name, to the bytes of a PNG file.
        words: from the same values to a sentence that says what one sees.
        sliders: by the name of the argument they set; a menu will do too.
    """

    def __init__(
        self,
        name: str,
        draw: Callable[..., bytes],
        words: Callable[..., str],
        sliders: dict[str, widgets.ValueWidget],
    ) -> None:
        self.picture = widgets.Image(format="png")
        self.caption = widgets.HTML()  # an Image has no alternative text of its own
        self.sliders, self.app_name = sliders, name

        def update(_change: object = None) -> None:
            values = {key: slider.value for key, slider in sliders.items()}
            self.picture.value, self.caption.value = draw(**values), words(**values)

        for slider in sliders.values():
            slider.observe(update, names="value")
        update()
        super().__init__([*sliders.values(), self.picture, self.caption])

    def __repr__(self) -> str:
        many = len(self.sliders) > 3
        what = f"its {len(self.sliders)} controls" if many else " and ".join(self.sliders)
        return f"[{self.app_name}: run this cell to move {what}]"


def float_slider(
    text: str, value: float, low: float, high: float, step: float
) -> widgets.FloatSlider:
    """A slider that reports when it is let go; values outside its range are moved to the end."""
    return widgets.FloatSlider(
        value=min(max(value, low), high),
        min=low,
        max=high,
        step=step,
        description=text,
        continuous_update=False,
        style={"description_width": "initial"},
        layout=widgets.Layout(width="95%", max_width="560px"),
    )


# ---- the band and the level -------------------------------------------------------------------


def region_explorer(ratio: Ratio | LatentSpace) -> App:
    """Move the half-width eps of the band round D = 1/2 and the level of the logit a.

    Args:
        ratio: of two dimensions, or a latent space that has one.
    """
    compass = ratio_of(ratio)
    sliders = {
        "eps": float_slider("eps, half the band of D", 0.1, 0.01, 0.45, 0.01),
        "level": float_slider(
            "level of the logit a (nats)", round(compass.level(0.05), 1), -2, 4, 0.1
        ),
    }
    return App(
        "region explorer",
        lambda eps, level: draw_regions(compass, eps, level),
        lambda eps, level: region_words(compass, eps, level),
        sliders,
    )


def draw_regions(ratio: Ratio, eps: float, level: float) -> bytes:
    """The map of D with the band |D - 1/2| < eps and the region a > level, as a PNG file.

    Args:
        ratio: of two dimensions.
        eps: between 0 and 1/2.
        level: of the logit, in nats.

    Raises:
        ValueError: for a ratio of another dimension, or numbers out of range.
    """
    return png_of(regions_figure(ratio, eps, level))


def regions_figure(ratio: Ratio, eps: float, level: float) -> Figure:
    """The figure of `draw_regions`: dotted lines round the band, dots where a > level."""
    expect_band(ratio, eps, level)
    fig = Figure(figsize=(5.5, 4.5), layout="constrained")
    ax = plot_map(ratio, fig.subplots(), RADIUS, eps=eps)
    x = torch.linspace(-RADIUS, RADIUS, 201)
    with torch.no_grad():
        a = ratio.logit(torch.stack(torch.meshgrid(x, x, indexing="xy"), dim=-1)).numpy()
    ax.contourf(x, x, a, levels=[level, math.inf], colors="none", hatches=[".."])
    if a.min() < level < a.max():  # else there is no line to draw, and a warning
        ax.contour(x, x, a, levels=[level], colors="#7a0177", linewidths=2, linestyles="--")
    ax.set_title(f"dots: a > {level:.1f}; dotted lines: |D - 1/2| = {eps:.2f}", fontsize=11)
    return fig


def region_shares(ratio: Ratio, eps: float, level: float) -> dict[str, tuple[float, float]]:
    """Shares of the prior (20,000 samples) and of the held-out codes in "band" and "above"."""
    expect_band(ratio, eps, level)
    band = math.log((0.5 + eps) / (0.5 - eps))
    samples = ratio.prior.sample(20_000, torch.Generator().manual_seed(0))
    with torch.no_grad():
        a = [ratio.logit(z) for z in (samples, ratio.held_out)]
    prior_band, codes_band = (float((x.abs() < band).double().mean()) for x in a)
    prior_above, codes_above = (float((x > level).double().mean()) for x in a)
    return {"band": (prior_band, codes_band), "above": (prior_above, codes_above)}


def region_words(ratio: Ratio, eps: float, level: float) -> str:
    """What `draw_regions` shows, in words."""
    shares = region_shares(ratio, eps, level)
    named = {
        f"Band, D within {eps:.2f} of 1/2": shares["band"],
        f"Dotted region, a above {level:.1f}": shares["above"],
    }
    return " ".join(
        f"{name}: {prior:.0%} of the prior, {codes:.0%} of the held-out codes."
        for name, (prior, codes) in named.items()
    )


# ---- a path -----------------------------------------------------------------------------------

N_POINTS, N_SHOWN = 40, 14  # on a path; of them decoded
METHOD_MENU = ("probability", "logit", "gauss_newton", "score", "string")


def path_explorer(space: LatentSpace) -> App:
    """Move the ends of a path and the corrector's numbers; see the map, D along it, the images."""
    ratio_of(space)

    def menu(text: str, options: tuple[str, ...]) -> widgets.Dropdown:
        return widgets.Dropdown(
            options=options, description=text, style={"description_width": "initial"}
        )

    sliders = {
        "a1": float_slider("A, first coordinate", 1.5, -RADIUS, RADIUS, 0.1),
        "a2": float_slider("A, second coordinate", -1.8, -RADIUS, RADIUS, 0.1),
        "b1": float_slider("B, first coordinate", -0.9, -RADIUS, RADIUS, 0.1),
        "b2": float_slider("B, second coordinate", 0.4, -RADIUS, RADIUS, 0.1),
        "method": menu("method", METHOD_MENU),
        "goal": menu("goal", ("band", "below")),
        "eta": float_slider("eta, the step size", 0.1, 0.01, 10, 0.01),
        "eps": float_slider("eps, half the band of D", 0.1, 0.01, 0.45, 0.01),
        "steps": float_slider("steps at most", 50, 0, 200, 1),
        "noise": float_slider("noise added to each step", 0.0, 0.0, 0.2, 0.01),
    }
    return App(
        "path explorer",
        lambda **numbers: draw_path(space, **numbers),
        lambda **numbers: path_words(space, **numbers),
        sliders,
    )


@remembered(maxsize=8)
def corrected_path(
    ratio: Ratio,
    a1: float,
    a2: float,
    b1: float,
    b2: float,
    method: str,
    goal: str,
    eta: float,
    eps: float,
    steps: float,
    noise: float,
) -> tuple[torch.Tensor, Path]:
    """The straight proposal (n, 2) from A to B and the `Path` that a method makes of it.

    Args:
        ratio: of two dimensions.
        a1, a2, b1, b2: the ends A and B.
        method: one of `METHOD_MENU`; all but "string" correct each point alone.
        goal: "band" or "below", up to its upper edge; only for the methods that aim at a logit.
        eta: the method's step size; the string has its own.
        eps: half the width of the band of D.
        steps: at most so many.
        noise: added to each step.

    Raises:
        ValueError: as `navigate` and `correct`.
    """
    z_a, z_b = torch.tensor([[a1, a2], [b1, b2]], dtype=torch.float32)
    proposal = lerp(z_a, z_b, torch.linspace(0, 1, N_POINTS))
    planner: Planner
    if method == "string":
        planner = String(int(steps))
    else:
        run = Run(max_steps=int(steps), noise=noise)
        band = Band(eps)
        inside: Goal | None = Below(band.width, band.width) if goal == "below" else band
        step = method_of(method, eta)
        planner = Pointwise(step, None if isinstance(step, Score) else inside, run)
    path = navigate(z_a, z_b, ratio, planner, n_points=N_POINTS, proposal="linear")
    return proposal, path


def draw_path(space: LatentSpace, **numbers: Any) -> bytes:
    """Map, D along the path and decoded images, for `corrected_path`'s numbers, as a PNG file."""
    ratio = ratio_of(space)
    proposal, path = corrected_path(ratio, **numbers)
    back, fig = backdrop(ratio), Figure(figsize=PAGE, dpi=80)
    FigureCanvasAgg(fig)
    fig.patch.set_alpha(0)
    on_map, curve, *rows = (fig.add_axes(place, frameon=False) for place in PLACES)
    plot_correction(on_map, proposal, path)
    band = (0.5 - numbers["eps"], 0.5 + numbers["eps"])
    plot_d_along(curve, ratio, proposal, path, band)
    on_map.set(xlim=(-RADIUS, RADIUS), ylim=(-RADIUS, RADIUS))
    for ax, z in zip(rows, (proposal, path.points[0]), strict=True):
        plot_decoded(ax, space, z, N_SHOWN)
    for ax in fig.axes:
        ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
    buffer = io.BytesIO()
    picture = Image.alpha_composite(back, pixels(fig))
    picture.convert("RGB").save(buffer, format="png", compress_level=1)
    return buffer.getvalue()


def path_words(space: LatentSpace, **numbers: Any) -> str:
    """What `draw_path` shows, in words."""
    ratio = ratio_of(space)
    proposal, path = corrected_path(ratio, **numbers)
    with torch.no_grad():
        outside = [
            int(((ratio.prob(z) - 0.5).abs() >= numbers["eps"]).sum())
            for z in (proposal, path.points[0])
        ]
    where = "Outside the band", "the straight line"
    return outcome_words(proposal, path, outside, where)


PAGE = (7.2, 6.2)
PLACES = ((0.08, 0.42, 0.46, 0.54), (0.66, 0.42, 0.32, 0.54), (0.12, 0.17, 0.86, 0.12),
          (0.12, 0.03, 0.86, 0.12))  # fmt: skip


@remembered(maxsize=4)
def backdrop(ratio: Ratio) -> Image.Image:
    """What no slider changes: the map, the frames, the labels. Drawn once for each ratio."""
    fig = Figure(figsize=PAGE, dpi=80)
    FigureCanvasAgg(fig)
    on_map, curve, *rows = (fig.add_axes(place) for place in PLACES)
    plot_map(ratio, on_map, RADIUS, colorbar=False)
    on_map.set(xlim=(-RADIUS, RADIUS), ylim=(-RADIUS, RADIUS), aspect="auto")
    curve.set(xlim=(0, N_POINTS - 1), ylim=(0, 1), xlabel="point of the path", ylabel="D")
    for ax, name in zip(rows, ("proposal", "corrected"), strict=True):
        ax.set(xticks=[], yticks=[])
        ax.set_ylabel(name, rotation=0, ha="right", va="center")
    return pixels(fig)


# ---- what all need ---------------------------------------------------------------------------


def ratio_of(space: Ratio | LatentSpace) -> Ratio:
    """The ratio of a latent space, or the ratio itself; ValueError unless it is of the plane."""
    ratio = space if isinstance(space, Ratio) else getattr(space, "ratio", None)
    if not isinstance(ratio, Ratio):
        raise ValueError(f"expected a ratio or a space that has one, got a {type(space).__name__}")
    if ratio.prior.dim != 2:
        raise ValueError(f"expected two dimensions, got {ratio.prior.dim}: there is no map to draw")
    return ratio


def expect_band(ratio: Ratio, eps: float, level: float) -> None:
    """Raise ValueError for what no region can be drawn of."""
    ratio_of(ratio)
    if not 0 < eps < 0.5:
        raise ValueError(f"eps: expected a number between 0 and 1/2, got {eps}")
    if not math.isfinite(level):
        raise ValueError(f"level: expected a finite number, got {level}")


def png_of(fig: Figure) -> bytes:
    """The bytes of a PNG file that shows a figure; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=80, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()
