"""Exercise checkers: compare a learner's answer with the right one and name the likely mistake.

A chapter calls ``check("2.1", answer)`` and shows the verdict. The checkers of chapter 2 live in
``nav_utils/checks/ch02.py`` and register themselves with ``@exercise("2.1", hint=...)``.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
import textwrap
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

__all__ = ["GENERIC", "Mistake", "Verdict", "check", "closest", "exercise", "exercises"]

# What an untouched stub is told: where to write, and no hint that was not asked for.
NOT_STARTED = (
    "not started yet. Write your answer in place of the `...` and run the cell again; "
    "a hint is folded below it."
)

Status = Literal["right", "mistake", "not started", "error"]

# The names `closest` gives to what no named mistake explains.
GENERIC = ("a different value", "wrong shape", "wrong type", "not finite")


class Mistake(NamedTuple):
    """A recognised mistake: its name, and in a sentence what to do about it."""

    name: str
    advice: str


@dataclass(frozen=True, repr=False)
class Verdict:
    """What `check` found: the status, the name of the mistake (or None) and a message."""

    number: str
    status: Status
    mistake: str | None
    message: str

    def __repr__(self) -> str:
        return textwrap.fill(f"Exercise {self.number}: {self.message}", width=96)


Checker = Callable[[Any], "Mistake | None"]


class _Exercise(NamedTuple):
    checker: Checker
    hint: str


_EXERCISES: dict[str, _Exercise] = {}


class _NotStarted(Exception):
    """The learner's function returned `...` (no message) or nothing (a message that says so)."""


class _LearnerError(Exception):
    """The learner's function raised; the original exception is the cause."""


def exercise(number: str, *, hint: str) -> Callable[[Checker], Checker]:
    """Register the decorated function as the checker of an exercise.

    Args:
        number: chapter and place, such as "2.1".
        hint: one sentence for a learner whose code raised or returned nothing.

    Returns:
        A decorator. The checker takes the learner's answer (a value or a function) and returns
        None when it is right, or a `Mistake`.

    Raises:
        ValueError: if the number is malformed, belongs to another chapter's module, or is taken.
    """
    _split(number)

    def register(checker: Checker) -> Checker:
        home = re.search(r"\.ch(\d+)$", checker.__module__)
        if home and int(home[1]) != _split(number)[0]:
            raise ValueError(
                f"exercise {number} is registered in {checker.__module__}; "
                f"put it in nav_utils/checks/ch{_split(number)[0]:02d}.py"
            )
        known = _EXERCISES.get(number)
        if known and _identity(known.checker) != _identity(checker):
            raise ValueError(
                f"exercise {number} already has the checker {known.checker.__qualname__!r}; "
                f"give {checker.__qualname__!r} a number of its own"
            )
        _EXERCISES[number] = _Exercise(checker, hint)
        return checker

    return register


def exercises(chapter: int) -> tuple[str, ...]:
    """Return the numbers of a chapter's exercises, in order; empty if the chapter has none."""
    name = f"{__name__}.ch{chapter:02d}"
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:  # the module is there, and something it imports is not
            raise
    return tuple(sorted((n for n in _EXERCISES if _split(n)[0] == chapter), key=_split))


def check(number: str, answer: Any) -> Verdict:
    """Check a learner's answer to an exercise.

    Args:
        number: the exercise, such as "2.1".
        answer: what the exercise asks for: a value, a tensor, a function, a module.

    Returns:
        A `Verdict` that displays as a sentence: right, the mistake by its name and what to do,
        not started yet, or the error that the learner's code raised. Torch's random state is as
        before.

    Raises:
        ValueError: if there is no such exercise; the message names the nearest one.
    """
    checker, hint = _find(number)
    if _is_blank(answer):
        return Verdict(number, "not started", None, NOT_STARTED)
    try:
        with torch.random.fork_rng(devices=[]):
            mistake = checker(_watched(answer) if _is_plain_function(answer) else answer)
    except _NotStarted as reason:
        message = f"not started yet: {reason}. Hint: {hint}" if str(reason) else NOT_STARTED
        return Verdict(number, "not started", None, message)
    except _LearnerError as error:
        return Verdict(number, "error", None, f"your code raised {error}. Hint: {hint}")
    except Exception as error:  # an answer of another kind than the checker can handle
        message = f"your answer could not be checked: {_describe(error)}. Hint: {hint}"
        return Verdict(number, "error", None, message)
    if mistake is None:
        return Verdict(number, "right", None, "right.")
    return Verdict(number, "mistake", mistake.name, f"not yet ({mistake.name}). {mistake.advice}")


def closest(
    got: Any,
    right: Any,
    mistakes: Mapping[str, tuple[Any, str]] | None = None,
    tolerance: float = 1e-4,
) -> Mistake | None:
    """Compare a value with the right one and with those that named mistakes would give.

    Args:
        got: the learner's tensor, array, number or (nested) list.
        right: the right value. If it is an integer or boolean, it has to be met exactly.
        mistakes: name of the mistake -> (value it gives, advice). The value may be of another
            shape than the right one, and may be NaN or infinite.
        tolerance: largest difference allowed, as a fraction of the largest entry in absolute
            value of the value compared with.

    Returns:
        None when `got` is right; otherwise the `Mistake` whose value lies nearest within the
        tolerance, or a generic one, named in `GENERIC`, that says what was expected.

    Raises:
        ValueError: if a mistake gives the right value, so that it could not be told apart.
    """
    target = _to_array(right)
    if target is None:
        raise ValueError(f"the right value must be numeric, got {type(right).__name__}")
    if target.dtype.kind in "iub":
        tolerance = 0.0
    value = _to_array(got)
    if value is None:
        return Mistake("wrong type", f"Expected {_kind(target)}, got {type(got).__name__}.")
    candidates = []
    for name, (wrong, advice) in (mistakes or {}).items():
        other = _to_array(wrong)
        if other is None:
            raise ValueError(f"the value of mistake {name!r} must be numeric, got {wrong!r}")
        if _distance(other, target) <= tolerance:
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


def _to_array(value: Any) -> np.ndarray | None:
    """Convert to a real array (float64 or integer), or None where that cannot be done."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = value.double().numpy() if value.is_floating_point() else value.numpy()
    elif isinstance(value, (list, tuple)) and any(isinstance(v, torch.Tensor) for v in value):
        value = [_to_array(v) for v in value]  # a None among them makes the array no number
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


def _kind(array: np.ndarray) -> str:
    return f"shape {array.shape}" if array.ndim else "a single number"


def _is_blank(value: Any) -> bool:
    """True for `...`, None, and a non-empty tuple or list of nothing else."""
    if isinstance(value, (tuple, list)):
        return len(value) > 0 and all(_is_blank(v) for v in value)
    return value is None or value is Ellipsis


def _is_plain_function(answer: Any) -> bool:
    kinds = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, functools.partial)
    return isinstance(answer, kinds)


def _watched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a learner's function so that a stub and an exception of its own are told apart."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            raise _LearnerError(_describe(error)) from error
        if result is None:
            raise _NotStarted("nothing came back, so if you did write it, a return is missing")
        if _is_blank(result):
            raise _NotStarted
        return result

    return call


def _describe(error: Exception) -> str:
    """One line: the type of the exception and the first line of its message."""
    first = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {first}".rstrip(" .:")


def _identity(checker: Checker) -> tuple[str, str]:
    return checker.__module__, checker.__qualname__


def _split(number: str) -> tuple[int, int]:
    """Return (chapter, place) of an exercise number such as "2.1"."""
    parts = re.fullmatch(r"(\d+)\.(\d+)", number) if isinstance(number, str) else None
    if parts is None:
        raise ValueError(
            f'expected the number of an exercise in quotes, such as "2.1", got {number!r}'
        )
    return int(parts[1]), int(parts[2])


def _chapters() -> list[int]:
    names = (re.fullmatch(r"ch(\d+)", m.name) for m in pkgutil.iter_modules(__path__))
    return sorted(int(name[1]) for name in names if name)


def _find(number: str) -> _Exercise:
    """Import the chapter's module and look the exercise up, or name the nearest there is."""
    chapter, place = _split(number)
    known = exercises(chapter)
    if number in known:
        return _EXERCISES[number]
    if not known:
        near = _nearest(_chapters(), chapter)
        known = exercises(near) if near is not None else ()
    if not known:
        raise ValueError(f"there is no exercise {number}: no chapter has a checker")
    there = _split(known[0])[0]
    place = _nearest((_split(n)[1] for n in known), place if there == chapter else 1) or 0
    raise ValueError(
        f"there is no exercise {number}; the nearest is {there}.{place} "
        f"(chapter {there} has {', '.join(known)})"
    )


def _nearest(numbers: Iterable[int], wanted: int) -> int | None:
    return min(numbers, key=lambda n: abs(n - wanted), default=None)
