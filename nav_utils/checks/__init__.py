"""Exercise checkers: compare a learner's answer with the right one and name the likely mistake.

A chapter calls ``check("2.1", answer)`` and shows the verdict. The checkers of chapter 2 live in
``nav_utils/checks/ch02.py`` and register themselves with ``@exercise("2.1", hint=...)``.
"""

from __future__ import annotations

import functools
import importlib
import linecache
import pkgutil
import re
import textwrap
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from nav_utils.checks.compare import GENERIC, Mistake, closest, first_mistake, from_numpy, on_each

__all__ = [
    "GENERIC",
    "Mistake",
    "Verdict",
    "check",
    "closest",
    "exercise",
    "exercises",
    "first_mistake",
    "on_each",
]

# What an untouched stub is told: where to write, and no hint that was not asked for.
NOT_STARTED = (
    "not started yet. Write your answer in place of the `...` and run the cell again; "
    "a hint is folded below it."
)

Status = Literal["right", "mistake", "not started", "error"]


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

# The kind of the last failure of each exercise: the same one twice in a row brings the hint.
_LAST_FAILURE: dict[str, str] = {}


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
            mistake = checker(
                _watched(answer) if _is_plain_function(answer) else from_numpy(answer)
            )
    except _NotStarted as reason:
        if not str(reason):
            return Verdict(number, "not started", None, NOT_STARTED)
        return _failed(number, "not started", None, f"not started yet: {reason}.", hint)
    except _LearnerError as error:
        return _failed(number, "error", None, f"your code raised {error}.", hint)
    except Exception as error:  # an answer of another kind than the checker can handle
        message = f"your answer could not be checked: {_describe(error)}."
        if not callable(answer) and "not callable" in str(error):
            message = f"expected a function, got a {type(answer).__name__}."
        return _failed(number, "error", None, message, hint)
    if mistake is not None:
        message = f"not yet ({mistake.name}). {mistake.advice}"
        return _failed(number, "mistake", mistake.name, message, hint)
    _LAST_FAILURE.pop(number, None)
    return Verdict(number, "right", None, "right.")


def _failed(number: str, status: Status, mistake: str | None, message: str, hint: str) -> Verdict:
    """The verdict on a failure, with the hint if the last one was of the same kind."""
    kind = mistake or f"{status}: {message}"
    if _LAST_FAILURE.get(number) == kind:
        message = f"{message} Hint: {hint.rstrip('.')}."
    _LAST_FAILURE[number] = kind
    return Verdict(number, status, mistake, message)


def _is_blank(value: Any) -> bool:
    """True for `...`, None, and a non-empty tuple or list of nothing else."""
    if isinstance(value, (tuple, list)):
        return len(value) > 0 and all(_is_blank(v) for v in value)
    return value is None or value is Ellipsis


def _is_plain_function(answer: Any) -> bool:
    kinds = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, functools.partial)
    return isinstance(answer, kinds)


def _watched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a learner's function: own copies of its arguments, results as tensors, errors told.

    A learner may compute in place, and may answer in NumPy; a stub and an exception of the
    learner's are told apart from one of the checker's.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            result = function(*_copied(args), **_copied(kwargs))
        except Exception as error:
            raise _LearnerError(_describe(error) + _line_of(error, function)) from error
        if result is None:
            raise _NotStarted("nothing came back, so if you did write it, a return is missing")
        if _is_blank(result):
            raise _NotStarted
        return from_numpy(result)

    return call


def _copied(value: Any) -> Any:
    """The value with tensors and arrays of its own, in tuples, lists and dicts too."""
    if isinstance(value, torch.Tensor):
        return value.clone()  # a gradient still reaches the original
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (tuple, list):
        return type(value)(_copied(v) for v in value)
    if type(value) is dict:
        return {key: _copied(v) for key, v in value.items()}
    return value


def _line_of(error: Exception, function: Callable[..., Any]) -> str:
    """The line of the learner's code in which an exception came up, if it can be told."""
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(function, "__code__", None)
    line, frame = "", error.__traceback__
    while frame is not None and code is not None:
        if frame.tb_frame.f_code.co_filename == code.co_filename:
            line = linecache.getline(code.co_filename, frame.tb_lineno).strip() or line
        frame = frame.tb_next
    return f", in the line `{line}`" if line else ""


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
