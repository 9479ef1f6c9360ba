"""What the ledger says of artifacts and of classes in pieces: C12 and C15.

Rows are read from results/artifacts.json, which artifacts.py writes; at the smaller size they are
measured again, on a quarter of the pairs and one seed.
"""

from __future__ import annotations

import json
from typing import Any

import artifacts
import loop
import pieces

CONTROLS = ("real", "real, ambiguous", "real, blurred", "by hand: half of each", "pixel crossfades")
CORRECTED = {"line": "line, corrected", "SLERP": "SLERP, corrected"}
OF_PATHS = ("line", "line, corrected", "graph and string")


def read(part: str) -> dict[str, Any]:
    """A part of the results."""
    found: dict[str, Any] = json.loads(artifacts.RESULTS.read_text())[part]
    return found


def claim_12(small: bool) -> dict[str, str]:
    """Are hybrids on corrected paths noise? Are they in distribution?"""
    found = artifacts.of_images(part=4) if small else read("images")
    rebuilt = [f"rebuilt, {name}" for name in artifacts.SPACES]
    rows = {}
    for kind in (*CONTROLS, "shuffled pixels", *rebuilt):
        rows[f"strange, {kind}"] = found["controls"][kind]["strange"]
        for judge in ("features", "statistics"):
            key = f"noise-like by {judge}"
            rows[f"{key}, {kind}"] = found["controls"][kind][key]
    for name, ways in found["paths"].items():
        for short, way in CORRECTED.items():
            for key in ("strange", "noise-like by features", "noise-like by statistics"):
                rows[f"{key}, hybrids, {short}, {name}"] = ways[way][f"hybrids in the band: {key}"]
            less = ways[way]["hybrids in the band: strange, less ambiguous real images"]
            rows[f"strange, less ambiguous real images, hybrids, {short}, {name}"] = less
            rows[f"strange, other places, {short}, {name}"] = ways[way]["others: strange"]
    return rows


def claim_15(small: bool) -> dict[str, str]:
    """How much mixing is there, are classes in pieces, and who goes round a real hole?"""
    images = read("images")
    in_pieces = pieces.measured(20) if small else read("pieces")
    round_it = loop.measured((0,)) if small else read("loop")
    rows = {}
    for name, ways in images["paths"].items():
        for way in OF_PATHS:
            rows[f"places that are hybrids, {way}, {name}"] = ways[way]["hybrid"]
            rows[f"paths with a hybrid, {way}, {name}"] = ways[way]["paths with a hybrid"]
    for name, found in in_pieces["found"].items():
        for key in ("fall between classes", "fall within a class", "gap"):
            rows[f"{key}, {name}"] = found[key]
        rows[f"gap of one Gaussian, {name}"] = found["gap, one Gaussian, largest of 3"]
    for dim, by_separation in in_pieces["power"].items():
        for separation, found in by_separation.items():
            for test in ("longest bar", "longest bar of large parts", "gap, labels known"):
                rows[f"power, {test}, {separation} deviations apart, {dim}"] = found[test]
    for kind, found in round_it.items():
        for way in OF_PATHS:
            rows[f"paths that go round, {way}, {kind}"] = found[f"{way}: round"]
        near = "codes near another part of the loop"
        rows[f"{near}, {kind}"] = found[near]
    return rows
