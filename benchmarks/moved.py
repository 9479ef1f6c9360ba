"""Which rows of a smaller run are not those that were written?"""

from __future__ import annotations

import re

NUMBER = r"-?[\d,]+(?:\.\d+)?"
PRINTED = re.compile(rf"({NUMBER})(?: %)?(?: \[({NUMBER}), ({NUMBER})\])?")
SLACK = 0.25  # of a number without an interval, or with one that has no width


def moved(found: dict[str, dict[str, str]], written: dict[str, dict[str, str]]) -> list[str]:
    """A line for each row whose intervals do not meet, or that is not there."""
    lines = []
    for claim, rows in found.items():
        for name, text in rows.items():
            before = written.get(claim, {}).get(name)
            if before is None:
                lines.append(f"{claim}, {name}: {text}, which was not written")
            elif not meet(span(text), span(before)):
                lines.append(f"{claim}, {name}: {text}, written {before}")
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
