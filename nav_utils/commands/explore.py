"""`nav-utils explore`: one HTML file in which a space can be explored."""

from __future__ import annotations

import argparse

from nav_utils.commands.inputs import space_from
from nav_utils.explorer import to_html


def run(given: argparse.Namespace) -> None:
    if given.out.suffix != ".html":
        raise ValueError(f"OUT: expected a .html file, got {given.out}")
    space = space_from(given.space)
    print(f"written to {to_html(space, given.out)}")
