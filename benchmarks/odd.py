"""What the ledger says of artifacts and of classes in pieces: C12 and C15.

Rows are read from results/artifacts.json, which artifacts.py writes; at the smaller size they are
measured again, on a quarter of the pairs and one seed.
"""

from __future__ import annotations

import functools
import json
from typing import Any

import artifacts
import loop
import pieces
from hybrids import LESS, SPACES

CONTROLS = ("real", "real, ambiguous", "real, blurred", "by hand: half of each", "pixel crossfades")
CORRECTED = {
    "line": "line, corrected",
    "SLERP": "SLERP, corrected",
    "line, loop": "line, step by step",
    "SLERP, loop": "SLERP, step by step",
}
OF_PATHS = ("line", "line, corrected", "line, step by step", "graph and string")
OF_LOOPS = ("line", "line, corrected", "graph and string")


Keys = tuple[str, ...]


@functools.cache
def read(part: str, small: bool) -> dict[str, Any]:
    """A part of the results; or what the smaller size gives."""
    if not small:
        found: dict[str, Any] = json.loads(artifacts.RESULTS.read_text())[part]
        return found
    smaller: dict[str, Any] = {
        "images": lambda: artifacts.of_images(part=4),
        "pieces": lambda: pieces.measured(20),
        "loop": lambda: loop.measured((0,)),
    }
    return smaller[part]()  # type: ignore[no-any-return]


def places_of_12() -> dict[str, Keys]:
    """Where in the results each row of C12 stands."""
    rows: dict[str, Keys] = {}
    for kind in (*CONTROLS, "shuffled pixels", *(f"rebuilt, {name}" for name in SPACES)):
        for key in ("strange", "noise-like by features", "noise-like by statistics"):
            rows[f"{key}, {kind}"] = ("images", "controls", kind, key)
    for name in SPACES:
        for short, way in CORRECTED.items():
            place = ("images", "paths", name, way)
            for key in ("strange", "noise-like by features", "noise-like by statistics"):
                rows[f"{key}, hybrids, {short}, {name}"] = (*place, f"hybrids in the band: {key}")
            label = f"strange, less ambiguous real images, hybrids, {short}, {name}"
            rows[label] = (*place, LESS)
            rows[f"strange, other places, {short}, {name}"] = (*place, "others: strange")
            if "loop" in short:
                rows[f"arrive, {short}, {name}"] = (*place, "arrive")
    return rows


def places_of_15() -> dict[str, Keys]:
    """Where in the results each row of C15 stands."""
    rows: dict[str, Keys] = {}
    for name in SPACES:
        for way in OF_PATHS:
            place = ("images", "paths", name, way)
            rows[f"places that are hybrids, {way}, {name}"] = (*place, "hybrid")
            rows[f"paths with a hybrid, {way}, {name}"] = (*place, "paths with a hybrid")
    for name in (*SPACES, "pixels"):
        for key in ("fall between classes", "fall within a class", "gap"):
            rows[f"{key}, {name}"] = ("pieces", "found", name, key)
        rows[f"gap of one Gaussian, {name}"] = (
            *("pieces", "found", name),
            "gap, one Gaussian, largest of 3",
        )
    for dim in ("2-D", "16-D"):
        for apart in (f"{x:g}" for x in pieces.SEPARATIONS):
            for test in ("longest bar", "longest bar of large parts", "gap, labels known"):
                label = f"power, {test}, {apart} deviations apart, {dim}"
                rows[label] = ("pieces", "power", dim, apart, test)
    for kind in loop.PADDING:
        for way in OF_LOOPS:
            rows[f"paths that go round, {way}, {kind}"] = ("loop", kind, f"{way}: round")
        rows[f"{loop.CROSSED}, {kind}"] = ("loop", kind, loop.CROSSED)
    return rows


PLACES = {"C12": places_of_12, "C15": places_of_15}


def there(found: dict[str, Any], keys: Keys) -> Any:
    """What stands at a place of nested results; None if nothing does."""
    at: Any = found
    for key in keys:
        at = at.get(key) if at is not None else None
    return at


def rows_of(claim: str, small: bool) -> dict[str, str]:
    """The rows of C12: are hybrids on corrected paths noise, are they in distribution? Of C15: how
    much mixing is there, are classes in pieces, and who goes round a real hole?"""
    return {row: there(read(part, small), keys) for row, (part, *keys) in PLACES[claim]().items()}


def ranges_of(claim: str) -> dict[str, tuple[float, float]]:
    """Of the rows that several trainings or refits give: the least and the largest of each one."""
    found = {
        row: there(read(part, False).get("ranges", {}), keys)
        for row, (part, *keys) in PLACES[claim]().items()
    }
    return {row: (ends[0], ends[1]) for row, ends in found.items() if ends is not None}
