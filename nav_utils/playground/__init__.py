"""The playground: an adversarial autoencoder trains in the page, and is then navigated.

`Playground` is a widget for Jupyter and Colab. The same module of JavaScript draws it there, in the
book, and in what `to_html` writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nav_utils.playground.page import to_html

if TYPE_CHECKING:
    from nav_utils.playground.widget import Playground

__all__ = ["Playground", "to_html"]

if not TYPE_CHECKING:

    def __getattr__(name):
        """`Playground`, once it is asked for: it needs what the extra `course` installs."""
        if name != "Playground":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from nav_utils.playground.widget import Playground

        return Playground
