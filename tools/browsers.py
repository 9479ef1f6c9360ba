"""The browser that slides are measured in and handouts are printed with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def program() -> str:
    """Chromium or Chrome, or the program that the variable CHROMIUM names.

    Raises:
        ValueError: if there is none.
    """
    names = (os.environ.get("CHROMIUM", ""), *PROGRAMS)
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise ValueError(
            "expected Chromium or Chrome, found none: install it (Debian: apt-get install "
            "chromium) or name its program in the variable CHROMIUM"
        )
    return found


@contextmanager
def browser() -> Iterator[Any]:
    """A browser of playwright's, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program())
        yield opened
        opened.close()
