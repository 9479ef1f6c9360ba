"""The playground as a widget of Jupyter and Colab."""

from __future__ import annotations

import os
import pathlib
from typing import Any

from nav_utils.browser.page import expect_name
from nav_utils.explorer.page import BUNDLE as EXPLORER
from nav_utils.extras import needs_course
from nav_utils.playground.digits import packed_digits
from nav_utils.playground.page import BUNDLE, div, to_html
from nav_utils.playground.spaces import trained_space
from nav_utils.playground.state import DEFAULTS, Settings, expect_settings, expect_value, in_page
from nav_utils.spaces import LatentSpace

try:
    import anywidget
    import traitlets as t
except ModuleNotFoundError as error:
    raise needs_course("The playground in a notebook", error) from error


class Settable(t.HasTraits):
    """The settings of a run, as traits; a number out of range is moved to the nearest end."""

    data = t.Any().tag(sync=True)
    objective = t.Any().tag(sync=True)
    optimisers = t.Any().tag(sync=True)
    weight = t.Any().tag(sync=True)
    beta = t.Any().tag(sync=True)
    penalty = t.Any().tag(sync=True)
    learning_rate = t.Any().tag(sync=True)
    discriminator_rate = t.Any().tag(sync=True)
    generator_rate = t.Any().tag(sync=True)
    tiny = t.Any().tag(sync=True)
    steps = t.Any().tag(sync=True)
    decay = t.Any().tag(sync=True)
    seed = t.Any().tag(sync=True)
    speed = t.Any().tag(sync=True)

    @t.validate(*DEFAULTS)
    def _expect_value(self, proposed: Any) -> Any:
        return expect_value(proposed["trait"].name, proposed["value"])

    @property
    def state(self) -> Settings:
        """All settings and their values."""
        return {key: getattr(self, key) for key in DEFAULTS}


class Playground(Settable, anywidget.AnyWidget):
    """An adversarial autoencoder of 1,500 digits that trains in the page.

    Every setting is a trait, which can be read and set, also while it trains: data, objective,
    optimisers, weight (lambda), beta, penalty, learning_rate, discriminator_rate, generator_rate,
    tiny, steps, decay, seed, speed. `state` holds them all. Another data, seed or number of
    optimisers begins a fresh model.

    Args:
        name: of the figure, for links to it in a page.
        settings: to begin with, in place of the defaults.

    Attributes:
        step: how many steps the model had taken when it last paused.

    Raises:
        ValueError: for settings that make no sense.
    """

    _esm = BUNDLE
    _ipython_display_ = None  # ipywidgets 7, Colab's: use the bundle below there too
    digits = t.Bytes().tag(sync=True)
    explorer = t.Unicode().tag(sync=True)  # the text of that module: it shows what is taken
    step = t.Int(0).tag(sync=True)

    def __init__(self, *, name: str = "playground", **settings: Any) -> None:
        self.name = expect_name(name)
        whole = expect_settings(settings)
        text = EXPLORER.read_text(encoding="utf-8")
        self.trained = b""  # a safetensors file, once a space was taken
        super().__init__(digits=packed_digits(), explorer=text, **whole)
        self.on_msg(self._on_message)

    def _on_message(self, _: Any, content: Any, buffers: Any) -> None:
        """Keep the space that the page sends."""
        if isinstance(content, dict) and content.get("trained") and len(buffers) == 1:
            self.trained = bytes(buffers[0])

    def space(self) -> LatentSpace:
        """The model that was trained in the page, with its ratio and codes.

        Press "Take this space to the explorer" first: that fits the ratio and sends both here.

        Raises:
            ValueError: as long as no space was taken.
        """
        if not self.trained:
            raise ValueError(
                "playground: expected a space, got none yet; train in the page, then press "
                "'Take this space to the explorer', wait until the explorer is there, and try again"
            )
        return trained_space(self.trained)

    def to_html(self, file: str | os.PathLike[str]) -> pathlib.Path:
        """Write a playground with these settings to one file; its model begins anew there."""
        return to_html(file, self.state, self.name)

    def __repr__(self) -> str:
        return "[playground: run this cell to train an autoencoder in the page]"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        still = {"text/html": div(in_page(self.state), self.name), "text/plain": repr(self)}
        return data | still, metadata
