"""What a stored chapter prints, for tests that say what has to hold of it.

A chapter prints numbers and asserts nothing, so that a learner may change it. nbval holds the
stored output equal to a fresh one; what the numbers have to show is asserted in tests/chapters/.
"""

from __future__ import annotations

import functools
from pathlib import Path

import nbformat

from tests.stored_outputs import tokens

ROOT = Path(__file__).resolve().parent.parent


@functools.cache
def printed(chapter: str) -> list[str]:
    """Every line of text that chapter "04" prints, in order."""
    (path,) = (ROOT / "notebooks").glob(f"{chapter}_*.ipynb")
    outputs = [o for c in nbformat.read(path, as_version=4).cells for o in c.get("outputs", [])]
    texts = [
        o.text if o.output_type == "stream" else o.get("data", {}).get("text/plain", "")
        for o in outputs
    ]
    return [line for text in texts for line in text.splitlines()]


def line(chapter: str, label: str) -> str:
    """The one printed line that holds `label`."""
    found = [line for line in printed(chapter) if label in line]
    assert len(found) == 1, f"chapter {chapter} prints {label!r} in {len(found)} lines, expected 1"
    return found[0]


def numbers(chapter: str, label: str) -> list[float]:
    """The numbers that stand after `label` in the one line that holds it."""
    after = line(chapter, label).split(label, 1)[1]
    return [token.value for token in tokens(after)[0]]


def source(chapter: str, label: str) -> str:
    """The source of the one code cell that holds `label`."""
    (path,) = (ROOT / "notebooks").glob(f"{chapter}_*.ipynb")
    cells = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    (found,) = [text for text in cells if label in text]
    return found
