"""The explorer: the corrector live in a notebook, a page, or a file to send.

`Explorer` is a widget for Jupyter and Colab. The same module of JavaScript draws it there, in the
book, and in what `to_html` writes; `to_html` and `payload` need no widgets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nav_utils.explorer.packing import payload
from nav_utils.explorer.page import to_html

if TYPE_CHECKING:
    from nav_utils.explorer.widget import Explorer

__all__ = ["Explorer", "payload", "to_html"]

if not TYPE_CHECKING:

    def __getattr__(name):
        """`Explorer`, once it is asked for: it needs what the extra `course` installs."""
        if name != "Explorer":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from nav_utils.explorer.widget import Explorer

        return Explorer
