"""Numbers as people write them: no exponents, and no digits that their interval leaves open."""

from __future__ import annotations

import math


def number(value: float, digits: int = 3) -> str:
    """A number with so many significant digits; thousands are set apart: 48,000, 0.0213."""
    if not math.isfinite(value) or value == 0:
        return f"{value:.0f}"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if decimals > 0 else text


def interval(value: float, low: float, high: float) -> str:
    """A value and its interval, all three down to the first digit of half its width."""
    half = (high - low) / 2
    if not (math.isfinite(half) and half > 0):
        return f"{number(value)} [{number(low)}, {number(high)}]"
    decimals = max(0, -math.floor(math.log10(half)))
    centre, *ends = (f"{round(x, decimals) + 0.0:,.{decimals}f}" for x in (value, low, high))
    return f"{centre} [{', '.join(ends)}]"


def percent(value: float, low: float, high: float) -> str:
    """Three shares as percentages, the last two as an interval."""
    centre, _, rest = interval(100 * value, 100 * low, 100 * high).partition(" ")
    return f"{centre} % {rest}"
