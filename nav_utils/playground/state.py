"""The settings of a playground: names, defaults and limits are those of source/protocol.js."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nav_utils.browser.keys import expect_keys
from nav_utils.explorer.state import number, within

Settings = dict[str, Any]

DEFAULTS: Settings = {
    "data": "digits",
    "objective": "adversarial",
    "optimisers": "one",
    "weight": 2.0,
    "beta": 1.0,
    "penalty": 0.05,
    "learning_rate": 0.003,
    "discriminator_rate": 1.0,
    "generator_rate": 0.1,
    "tiny": 1e-8,
    "steps": 720,
    "decay": 0.3,
    "seed": 0,
    "speed": 0.0,
}
CHOICES = {
    "data": ("digits", "ring", "c_shape", "two_clusters"),
    "objective": ("plain", "variational", "adversarial"),
    "optimisers": ("one", "two"),
}
LIMITS: dict[str, tuple[float, float]] = {
    "weight": (0, 1000),
    "beta": (0, 100),
    "penalty": (0, 10),
    "learning_rate": (1e-5, 1),
    "discriminator_rate": (0.01, 100),
    "generator_rate": (0.001, 100),
    "tiny": (0, 1e-3),
    "steps": (1, 100000),
    "decay": (0.01, 1),
    "seed": (0, 2**53 - 1),
    "speed": (0, 1000),
}
WHOLE = ("steps", "seed")  # counts


def expect_settings(raw: Mapping[str, Any]) -> Settings:
    """The whole settings that a mapping describes; the others get their defaults.

    Raises:
        ValueError: for settings that there are not and values that make no sense.
    """
    expect_keys(raw, DEFAULTS, "playground")
    return {key: expect_value(key, raw.get(key, usual)) for key, usual in DEFAULTS.items()}


def expect_value(key: str, value: Any) -> Any:
    """The value in range and of the right type; ValueError for what makes no sense."""
    if key in CHOICES:
        if value not in CHOICES[key]:
            raise ValueError(f"{key}: expected one of {', '.join(CHOICES[key])}, got {value!r}")
        return value
    low, high = LIMITS[key]
    try:
        inside = within(number(value), low, high)
    except ValueError:
        raise ValueError(
            f"{key}: expected a finite number from {low} to {high}, got {value!r}"
        ) from None
    return round(inside) if key in WHOLE else inside


def page_key(key: str) -> str:
    """What the page calls a setting: learningRate, and lambda for the weight."""
    head, *rest = key.split("_")
    return "lambda" if key == "weight" else head + "".join(part.capitalize() for part in rest)


def in_page(settings: Mapping[str, Any]) -> Settings:
    """Settings with the names that the page and its links have."""
    return {page_key(key): value for key, value in settings.items()}


def trait_of(key: str) -> str:
    """The reverse of `page_key`: learning_rate for learningRate, weight for lambda."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)
    return "weight" if key == "lambda" else name
