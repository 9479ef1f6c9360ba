"""The explorer as a widget of Jupyter and Colab."""

from __future__ import annotations

import copy
import math
import os
import pathlib
from typing import Any

import torch

from nav_utils import memory
from nav_utils.explorer.atlas import pictures
from nav_utils.explorer.computing import best_of, endings, in_float64, paths
from nav_utils.explorer.packing import expect_space, parts, payload, usual_ends
from nav_utils.explorer.page import (
    BUNDLE,
    div,
    expect_name,
    preset_state,
    shipped,
    space_name,
    to_html,
)
from nav_utils.explorer.state import (
    DEFAULTS,
    ETA,
    RADIUS,
    WORDS,
    State,
    changed,
    expect_state,
    expect_value,
)
from nav_utils.extras import needs_course
from nav_utils.spaces import LatentSpace

try:
    import anywidget
    import traitlets as t
except ModuleNotFoundError as error:
    raise needs_course("The explorer in a notebook", error) from error


class Controls(t.HasTraits):
    """What a reader can set, as traits; a value out of range is moved to the nearest end."""

    a = t.Any().tag(sync=True)
    b = t.Any().tag(sync=True)
    proposal = t.Any().tag(sync=True)
    planner = t.Any().tag(sync=True)
    method = t.Any().tag(sync=True)
    goal = t.Any().tag(sync=True)
    level = t.Any().tag(sync=True)
    log_q_level = t.Any().tag(sync=True)
    eta = t.Any().tag(sync=True)
    eps = t.Any().tag(sync=True)
    steps = t.Any().tag(sync=True)
    noise = t.Any().tag(sync=True)
    seed = t.Any().tag(sync=True)
    points = t.Any().tag(sync=True)
    classes = t.Any().tag(sync=True)
    radius = RADIUS  # of the map, in which the ends are
    methods = WORDS["method"]  # those that the page offers

    @t.validate(*DEFAULTS)
    def _expect_value(self, proposed: Any) -> Any:
        return expect_value(proposed["trait"].name, proposed["value"], self.radius, self.methods)

    @property
    def state(self) -> State:
        """A copy of all controls and their values, as a preset or a link holds them."""
        return {key: copy.deepcopy(getattr(self, key)) for key in DEFAULTS}


MOST_PLACES = 48  # that a page may ask for at a time


def is_places(asked: Any) -> bool:
    """Whether it is a list of finite coordinates, x and y in turn, of a few places."""
    return (
        isinstance(asked, list)
        and 0 < len(asked) <= 2 * MOST_PLACES
        and len(asked) % 2 == 0
        and all(isinstance(x, int | float) and math.isfinite(x) for x in asked)
    )


def weights_of(model: Any) -> str | None:
    """A fingerprint of a model's weights; None for one that is no module."""
    if not isinstance(model, torch.nn.Module):
        return None
    return memory.fingerprint(dict(model.state_dict()))


class Explorer(Controls, anywidget.AnyWidget):
    """Drag the ends of a path over D; see the correction and the decoded images follow.

    Every control is a trait, which can be read and set: a, b (the ends, [x, y]), proposal, planner,
    method, goal, level, log_q_level, eta, eps, steps, noise, seed, points, classes. `state` holds
    them all. Set an end as a whole: `figure.a = [x, y]`. A new method begins with its own eta; set
    that after it. `level` is one of the logit, `log_q_level` that of the score. The space is shown
    as it was when the figure was made. Images that the page cannot decode itself come from an
    atlas and, once A or B is let go, from this kernel.

    Args:
        space: "mnist-2d", "digits-2d", or a space as `payload` expects it.
        name: of the figure, for links to it in a page; "explorer" if not given.
        preset: the name of a state of the shipped space to begin with.
        state: controls to begin with, in place of the defaults or the preset's.

    Attributes:
        path: [[x, y], ...], the corrected path; of both arcs the one with the better bottleneck,
            the shorter one with a prior that the page cannot compute.
        status: for each of its points how its correction ended, a `Status` in lower case; "given"
            for an end that stays, "unjudged" for the others of a string, "untried" for points
            that a loop which stalls never came to.

    Raises:
        ValueError: for a space that cannot be shown, and for values that make no sense. Numbers
            out of range are moved to the nearest end.
    """

    _esm = BUNDLE
    _ipython_display_ = None  # ipywidgets 7, Colab's: use the bundle below there too
    payload = t.Bytes().tag(sync=True)
    call = t.Unicode().tag(sync=True)  # how this figure was made, for the line of Python in it
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
        self.name, self.ready, self.from_page = expect_name(name or "explorer"), False, False
        if preset is not None:
            state = changed(preset_state(space_name(self.space), preset), state)
        expect_space(self.space)
        state = usual_ends(self.space) | state
        data = payload(self.space, start=state)
        self.ratio = in_float64(expect_space(self.space))
        facts = parts(self.space, expect_space(self.space))[1]
        self.radius, self.methods, self.atlas = facts["radius"], facts["methods"], facts["atlas"]
        self.weights = weights_of(self.space.model)
        call = f"Explorer({repr(space) if isinstance(space, str) else 'space'}"
        if name is not None:
            call += f", name={name!r}"
        state = expect_state(state, self.radius, self.methods)
        super().__init__(payload=data, call=call, **state)
        self.on_msg(self._on_message)
        self.follow()
        self.ready = True

    def follow(self) -> None:
        """Compute path and status from the controls."""
        found = paths(self.ratio, self.state)
        _, path = best_of(found) if "string" in self.methods else found[0]  # as the page does
        self.path, self.status = path.points[0].tolist(), endings(path, self.state)

    @t.observe(*DEFAULTS)
    def _on_change(self, change: Any) -> None:
        if not self.ready:
            return
        if change["name"] == "method" and not self.from_page:
            self.ready = False  # this makes no change of its own
            self.eta = ETA[self.method]
            self.ready = True
        if not self.from_page:
            self.follow()

    def set_state(self, sync_data: Any) -> None:
        """Take what the page sends; the path that it has computed comes with it."""
        sent = self.state | {key: sync_data[key] for key in DEFAULTS if key in sync_data}
        self.from_page = True
        try:
            super().set_state(sync_data)
        finally:
            self.from_page = False
        if "path" not in sync_data or self.state != sent:
            self.follow()

    def _on_message(self, _: Any, content: Any, buffers: Any) -> None:
        """Decode what a page with an atlas asks for: {"decode": [x, y, x, y, ...]}."""
        asked = content.get("decode") if isinstance(content, dict) else None
        if self.atlas is None or not is_places(asked):
            return
        if weights_of(self.space.model) != self.weights:
            return  # it has learnt since: the page goes on with its atlas
        z = torch.tensor(asked, dtype=torch.float64).reshape(-1, 2)
        grey = pictures(self.space.model, z, tuple(self.atlas["size"]))
        self.send({"decoded": asked}, [grey.tobytes()])

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
