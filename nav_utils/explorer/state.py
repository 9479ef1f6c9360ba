"""The state of an explorer: flat, JSON, the same keys, limits and defaults as in the page.

A state is what a link, a preset and the traits of the widget hold. Numbers out of range are moved
to the nearest end, as in the page. What makes no sense is told; the page, which has it from a
stranger's link, takes the default in its place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from nav_utils.browser.keys import expect_keys

State = dict[str, Any]

RADIUS = 3.5  # of the map, where the codes do not ask for a larger one
ETA = {"probability": 1.0, "logit": 0.05, "gauss_newton": 1.0, "score": 0.02, "string": 0.01}
DEFAULTS: State = {
    "a": [1.5, -1.8],
    "b": [-0.9, 0.4],
    "proposal": "linear",
    "planner": "pointwise",
    "method": "gauss_newton",
    "goal": "band",
    "level": None,
    "log_q_level": None,
    "eta": ETA["gauss_newton"],
    "eps": 0.1,
    "steps": 50,
    "noise": 0.0,
    "seed": 0,
    "points": 48,
    "classes": False,
}
WORDS = {
    "proposal": ("linear", "slerp", "arcs"),
    "planner": ("pointwise", "stepwise"),
    "method": tuple(ETA),
    "goal": ("band", "below"),
}
LIMITS: dict[str, tuple[float, float]] = {
    "level": (-10, 10),
    "log_q_level": (-10, 10),
    "eta": (0.001, 100),
    "eps": (0.01, 0.45),
    "steps": (0, 400),
    "noise": (0, 0.5),
    "seed": (0, 2**53 - 1),
    "points": (8, 96),
}
WHOLE = ("steps", "seed", "points")  # counts
LEVELS = ("level", "log_q_level")  # of the logit; of log q, for the score; or None


def expect_state(
    raw: Mapping[str, Any], radius: float = RADIUS, methods: Sequence[str] = WORDS["method"]
) -> State:
    """The whole state that a mapping describes.

    Args:
        raw: some keys and their values; the others get their defaults, eta that of the method.
        radius: ends are within +-radius, coordinate by coordinate.
        methods: those that there are for this space.

    Raises:
        ValueError: for keys that there are not and values that make no sense.
    """
    expect_keys(raw, DEFAULTS, "state")
    given = {key: raw.get(key, DEFAULTS[key]) for key in DEFAULTS}
    state = {key: expect_value(key, value, radius, methods) for key, value in given.items()}
    if "eta" not in raw:
        state["eta"] = ETA[state["method"]]
    return state


def changed(state: Mapping[str, Any], patch: Mapping[str, Any]) -> State:
    """A state, whole or in part, with some keys set anew, as in the page.

    Another method begins with its own eta, for that of one means nothing to another.
    """
    method = patch.get("method", state.get("method", DEFAULTS["method"]))
    if method != state.get("method", DEFAULTS["method"]):
        state = {key: value for key, value in state.items() if key != "eta"}
    return {**state, **patch}


def expect_value(
    key: str, value: Any, radius: float = RADIUS, methods: Sequence[str] = WORDS["method"]
) -> Any:
    """The value in range and of the right type; ValueError for what makes no sense."""
    if key in WORDS:
        words = methods if key == "method" else WORDS[key]
        if not isinstance(value, str) or value not in words:
            lacking = key == "method" and value in WORDS[key]
            hint = "; this one needs log p, which the page cannot compute here" if lacking else ""
            raise ValueError(f"{key}: expected one of {', '.join(words)}, got {value!r}{hint}")
        return value
    if key in {"a", "b"}:
        try:
            x, y = map(number, value.tolist() if hasattr(value, "tolist") else expect_pair(value))
        except (TypeError, ValueError):
            raise ValueError(f"{key}: expected two finite numbers [x, y], got {value!r}") from None
        return [within(x, -radius, radius), within(y, -radius, radius)]
    if key == "classes":
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"classes: expected True or False, got {value!r}")
        return bool(value)
    if key in LEVELS and value is None:
        return None
    low, high = LIMITS[key]
    try:
        inside = within(number(value), low, high)
    except ValueError:
        none = " or None" if key in LEVELS else ""
        raise ValueError(
            f"{key}: expected a finite number from {low} to {high}{none}, got {value!r}"
        ) from None
    if key in WHOLE:
        return math.floor(inside) + (inside % 1 >= 0.5)  # halves up, as in the page
    return inside


def within(x: float, low: float, high: float) -> float:
    return min(max(x, float(low)), float(high)) + 0.0  # no -0


def expect_pair(value: Any) -> Any:
    """A list or tuple; TypeError for what has two parts but no order, or other parts."""
    if not isinstance(value, list | tuple):
        raise TypeError(f"expected a list or tuple, got a {type(value).__name__}")
    return value


def number(value: Any) -> float:
    """A finite number, as a float; ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"expected a finite number, got {value!r}")
    try:
        found = float(value)
    except OverflowError:  # a whole number beyond 1e308
        found = math.inf
    if not math.isfinite(found):
        raise ValueError("expected a finite number")
    return found
