"""Which rows of a smaller run are not those that were written?"""

from __future__ import annotations

import re
from typing import Any

NUMBER = r"-?[\d,]+(?:\.\d+)?"
PRINTED = re.compile(rf"({NUMBER})(?: %)?(?: \[({NUMBER}), ({NUMBER})\])?")
SLACK = 0.25  # of a number without an interval, or with one that has no width


Rows = dict[str, dict[str, str]]  # by claim
Ranges = dict[str, dict[str, Any]]  # two numbers for each row


def moved(found: Rows, written: Rows, ranges: Ranges | None = None) -> list[str]:
    """A line for each row whose interval meets neither the one that was written nor the range of
    what single ratios give, where it has one; or that is not there."""
    lines = []
    for claim, rows in found.items():
        for name, text in rows.items():
            before = written.get(claim, {}).get(name)
            if before is None:
                lines.append(f"{claim}, {name}: {text}, which was not written")
                continue
            single = (ranges or {}).get(claim, {}).get(name)
            usual = [span(before)] + ([tuple(single)] if single else [])
            if not any(meet(span(text), ends) for ends in usual):
                of_single = f", single ratios {single[0]:.4g} to {single[1]:.4g}" if single else ""
                lines.append(f"{claim}, {name}: {text}, written {before}{of_single}")
    return lines


def span(text: str) -> tuple[float, float]:
    """The interval that a printed number has; a quarter to both sides of one without."""
    match = PRINTED.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a number, perhaps with an interval, got {text!r}")
    value, *ends = (None if x is None else float(x.replace(",", "")) for x in match.groups())
    assert value is not None
    if ends[0] is None or ends[1] is None or ends[0] == ends[1]:
        return value - SLACK * abs(value), value + SLACK * abs(value)
    return ends[0], ends[1]


def meet(first: tuple[float, float], second: tuple[float, float]) -> bool:
    """Whether two intervals have a point in common."""
    return first[0] <= second[1] and second[0] <= first[1]
