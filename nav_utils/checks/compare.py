"""Comparing a learner's value with the right one and with those that likely mistakes would give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

# The names `closest` gives to what no named mistake explains.
GENERIC = ("a different value", "wrong shape", "wrong type", "not finite")


class Mistake(NamedTuple):
    """A recognised mistake: its name, and in a sentence what to do about it."""

    name: str
    advice: str


Values = tuple[Any, "Mapping[str, tuple[Any, str]]"]  # the right value, and what mistakes give


def first_mistake(found: Iterable[Any], others: str = "another") -> Mistake | None:
    """Return the first mistake among findings on several inputs, asked for one after the other.

    Args:
        found: findings of `closest`, usually a generator with one for each input; or pairs of the
            input in words and the finding. The first input tells the named mistakes apart.
        others: what the other inputs are, in words.
    """
    for place, finding in enumerate(found):
        words, mistake = finding if type(finding) is tuple else (others, finding)
        if mistake is not None and place and mistake.name in GENERIC:
            return Mistake(
                "right on one input only",
                f"Right on the first input that is tried, wrong on {words}: is a number typed in "
                f"that depends on the input, or an axis left out? {mistake.advice}",
            )
        if mistake is not None:
            return mistake
    return None


def on_each(
    answer: Callable[..., Any],
    values: Callable[..., Values],
    inputs: Iterable[tuple[Any, ...]],
    tolerance: float = 1e-4,
) -> Mistake | None:
    """Compare an answer on an input that tells the mistakes apart, then on others.

    Whoever is right on the first has made none of the named mistakes, so on the others only the
    right value counts.

    Args:
        answer: the learner's function.
        values: from an input to the right value, and those that named mistakes give.
        inputs: the arguments of both.
        tolerance: as in `closest`.
    """
    return first_mistake(
        (
            shape_in_words(given),
            closest(answer(*given), right, wrong if place == 0 else None, tolerance),
        )
        for place, given in enumerate(inputs)
        for right, wrong in [values(*given)]
    )


def shape_in_words(inputs: tuple[Any, ...]) -> str:
    """An input, told by its sizes: "another, of shape (5, 2) and 0.3"."""
    sizes = [f"shape {tuple(x.shape)}" if isinstance(x, torch.Tensor) else str(x) for x in inputs]
    return f"another, of {' and '.join(sizes)}"


def closest(
    got: Any,
    right: Any,
    mistakes: Mapping[str, tuple[Any, str]] | None = None,
    tolerance: float = 1e-4,
    strict: bool = True,
) -> Mistake | None:
    """Compare a value with the right one and with those that named mistakes would give.

    Args:
        got: the learner's tensor, array, number or (nested) list.
        right: the right value. If it is an integer or boolean, it has to be met exactly.
        mistakes: name of the mistake -> (value it gives, advice). The value may be of another
            shape than the right one, and may be NaN or infinite.
        tolerance: largest difference allowed, as a fraction of the largest entry in absolute
            value of the value compared with.
        strict: whether this input has to tell every mistake from the right value. If not, a mistake
            that gives the right value here is passed over.

    Returns:
        None when `got` is right; otherwise the `Mistake` whose value lies nearest within the
        tolerance, or a generic one, named in `GENERIC`, that says what was expected.

    Raises:
        ValueError: if `strict` and a mistake gives the right value, so that it could not be told
            apart.
    """
    target = to_array(right)
    if target is None:
        raise ValueError(f"the right value must be numeric, got {type(right).__name__}")
    if target.dtype.kind in "iub":
        tolerance = 0.0
    value = to_array(got)
    if value is None:
        return Mistake("wrong type", f"Expected {_kind(target)}, got {_came(got)}.")
    candidates = []
    for name, (wrong, advice) in (mistakes or {}).items():
        other = to_array(wrong)
        if other is None:
            raise ValueError(f"the value of mistake {name!r} must be numeric, got {wrong!r}")
        if _distance(other, target) <= tolerance:
            if not strict:
                continue
            raise ValueError(f"mistake {name!r} gives the right value; choose another input")
        candidates.append((_distance(value, other), Mistake(name, advice)))
    nearest = min(candidates, key=lambda pair: pair[0], default=(np.inf, None))
    if _distance(value, target) <= min(tolerance, nearest[0]):
        return None
    if nearest[0] <= tolerance:
        return nearest[1]
    return _generic(value, target)


def _generic(value: np.ndarray, target: np.ndarray) -> Mistake:
    """Describe a value that is neither right nor a mistake we know."""
    if value.shape != target.shape:
        return Mistake("wrong shape", f"Expected {_kind(target)}, got {_kind(value)}.")
    if np.isfinite(target).all() and not np.isfinite(value).all():
        bad = int((~np.isfinite(value)).sum())
        return Mistake("not finite", f"{bad} of {value.size} values are NaN or infinite.")
    if value.ndim == 0:
        return Mistake("a different value", f"Expected {_text(target)}, got {_text(value)}.")
    worst = np.unravel_index(np.argmax(np.abs(np.nan_to_num(_minus(value, target)))), value.shape)
    place = ", ".join(str(i) for i in worst)
    return Mistake(
        "a different value",
        f"Expected {_text(target[worst])} at [{place}], got {_text(value[worst])}.",
    )


def _minus(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a.astype(np.float64) - b.astype(np.float64)


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference over the largest entry of b; infinite for another shape or NaN pattern."""
    if a.shape != b.shape:
        return np.inf
    a, b = a.astype(np.float64), b.astype(np.float64)
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return np.inf
    if not finite.any():
        return 0.0
    difference = np.abs(a[finite] - b[finite]).max()
    scale = np.abs(b[finite]).max() or 1.0
    return float(difference / scale) if np.isfinite(difference) else np.inf


def to_array(value: Any) -> np.ndarray | None:
    """Convert to a real array (float64 or integer), or None where that cannot be done."""
    if isinstance(value, torch.Tensor):
        if value.layout is not torch.strided or value.is_meta:
            return None
        value = value.detach().cpu()
        value = value.double().numpy() if value.is_floating_point() else value.numpy()
    elif isinstance(value, (list, tuple)) and any(isinstance(v, torch.Tensor) for v in value):
        value = [to_array(v) for v in value]  # a None among them makes the array no number
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):  # a ragged list
        return None
    if array.dtype.kind not in "iubf":
        return None
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _text(number: np.ndarray) -> str:
    """Write one entry of an array: whole numbers in full, others with six digits."""
    return f"{float(number):.6g}" if number.dtype.kind == "f" else str(number)


def _came(value: Any) -> str:
    """What a value that is no real number is."""
    dtype = str(getattr(value, "dtype", type(value).__name__))
    if "complex" in dtype:
        return f"complex numbers ({dtype}); take the real part, or the transform that gives one"
    return f"{type(value).__name__} of {dtype}" if hasattr(value, "dtype") else dtype


def _kind(array: np.ndarray) -> str:
    return f"shape {array.shape}" if array.ndim else "a single number"


def from_numpy(value: Any) -> Any:
    """The value with tensors for its arrays and lists of numbers, in tuples and dicts too."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in "iubfc":
        return torch.from_numpy(np.array(value, order="C"))  # a copy: negative strides are refused
    if type(value) is list and value:
        array = None if any(isinstance(v, torch.Tensor) for v in value) else to_array(value)
        if array is not None:
            return torch.from_numpy(array)
    if type(value) in (tuple, list):
        return type(value)(from_numpy(v) for v in value)
    if type(value) is dict:
        return {key: from_numpy(v) for key, v in value.items()}
    return value
