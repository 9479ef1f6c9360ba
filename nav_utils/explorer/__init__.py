"""The explorer: the corrector live in a notebook, a page, or a file to send.

`Explorer` is a widget for Jupyter and Colab. The same module of JavaScript draws it there, in the
book, and in what `to_html` writes.
"""

from __future__ import annotations

import os
import pathlib
from typing import Any

import anywidget
import traitlets as t

from nav_utils.correction import Status
from nav_utils.explorer.packing import payload, radius_of
from nav_utils.explorer.page import (
    BUNDLE,
    best_of,
    div,
    expect_name,
    paths,
    preset_state,
    shipped,
    space_name,
    to_html,
)
from nav_utils.explorer.state import DEFAULTS, ETA, RADIUS, State, expect_state, expect_value
from nav_utils.pretrained import LatentSpace

__all__ = ["Explorer", "payload", "to_html"]


class Controls(t.HasTraits):
    """What a reader can set, as traits; a value out of range is moved to the nearest end."""

    a = t.Any().tag(sync=True)
    b = t.Any().tag(sync=True)
    proposal = t.Any().tag(sync=True)
    planner = t.Any().tag(sync=True)
    method = t.Any().tag(sync=True)
    side = t.Any().tag(sync=True)
    level = t.Any().tag(sync=True)
    eta = t.Any().tag(sync=True)
    eps = t.Any().tag(sync=True)
    steps = t.Any().tag(sync=True)
    noise = t.Any().tag(sync=True)
    seed = t.Any().tag(sync=True)
    points = t.Any().tag(sync=True)
    classes = t.Any().tag(sync=True)
    radius = RADIUS  # of the map, in which the ends are

    @t.validate(*DEFAULTS)
    def _expect_value(self, proposed: Any) -> Any:
        return expect_value(proposed["trait"].name, proposed["value"], self.radius)

    @property
    def state(self) -> State:
        """All controls and their values, as a preset or a link holds them."""
        return {key: getattr(self, key) for key in DEFAULTS}


class Explorer(Controls, anywidget.AnyWidget):
    """Drag the ends of a path over D; see the correction and the decoded images follow.

    Every control is a trait, which can be read and set: a, b (the ends, [x, y]), proposal, planner,
    method, side, level, eta, eps, steps, noise, seed, points, classes. `state` holds them all.

    Args:
        space: "mnist-2d", "digits-2d", or a space as `payload` expects it.
        name: of the figure, for links to it in a page; "explorer" if not given.
        preset: the name of a state of the shipped space to begin with.
        state: controls to begin with, in place of the defaults or the preset's.

    Attributes:
        path: [[x, y], ...], the corrected path; of both arcs the one with the better bottleneck.
        status: for each of its points how its correction ended, a `Status` in lower case.

    Raises:
        ValueError: for a space that cannot be shown, and for values that make no sense. Numbers
            out of range are moved to the nearest end.
    """

    _esm = BUNDLE
    _ipython_display_ = None  # ipywidgets 7, Colab's: use the bundle below there too
    payload = t.Bytes().tag(sync=True)
    path: Any = t.List().tag(sync=True)
    status: Any = t.List().tag(sync=True)

    def __init__(
        self,
        space: str | LatentSpace = "mnist-2d",
        *,
        name: str | None = None,
        preset: str | None = None,
        **state: Any,
    ) -> None:
        self.space = shipped(space) if isinstance(space, str) else space
        self.name, self.from_page = expect_name(name or "explorer"), False
        data = payload(self.space)
        self.radius = radius_of(self.space)
        if preset is not None:
            state = preset_state(space_name(self.space), preset) | state
        super().__init__(payload=data, **expect_state(state, self.radius))
        self.follow()

    def follow(self) -> None:
        """Compute path and status from the controls."""
        assert self.space.ratio is not None  # `payload` has looked
        _, path = best_of(paths(self.space.ratio, self.state))
        codes = [0] * self.points if path.point_status is None else path.point_status[0].tolist()
        self.path = path.points[0].tolist()
        self.status = [Status(code).name.lower() for code in codes]

    @t.observe(*DEFAULTS)
    def _on_change(self, change: Any) -> None:
        if self.from_page or not self.path:
            return  # the page has computed it, or the widget is being made
        if change["name"] == "method" and self.eta == ETA[change["old"]]:
            self.eta = ETA[self.method]
        self.follow()

    def set_state(self, sync_data: Any) -> None:
        """Take what the page sends; the path that it has computed comes with it."""
        self.from_page = True
        try:
            super().set_state(sync_data)
        finally:
            self.from_page = False

    def to_html(self, file: str | os.PathLike[str]) -> pathlib.Path:
        """Write the explorer as it is now to one file, see `nav_utils.explorer.to_html`."""
        return to_html(self, file)

    def __repr__(self) -> str:
        return f"[explorer of {space_name(self.space)[:40]}: run this cell to drag A and B]"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        still = {"text/html": div(self.space, self.state, self.name), "text/plain": repr(self)}
        return data | still, metadata
