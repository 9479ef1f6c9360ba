"""Every exercise: its solution is right, its likely mistakes are named, its stub is not started."""

import contextlib
import functools
import importlib.util
import io
import linecache
import math
import re
import types
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from nav_utils import checks
from tools import notebook_exercises, notebooks

MIN_MISTAKES = 3
ROOT = Path(notebooks.__file__).resolve().parent.parent
CHAPTERS = {notebook_exercises.chapter_number(path): path for path in notebooks.chapters()}


@functools.cache
def stated(path):
    """The exercises that a notebook states."""
    return notebook_exercises.find(nbformat.read(path, as_version=4).cells)


@functools.cache
def answers_of(chapter, kind, folder=ROOT / "tests" / "exercises"):
    """MISTAKES, ALSO_RIGHT or ALSO_WRONG of tests/exercises/chNN.py; empty if there is none.

    Each is {exercise: {name: source}}. In MISTAKES the name is the one that the learner is told. A
    source in ALSO_WRONG may be a pair with a regular expression that the message has to match.
    """
    path = folder / f"ch{chapter:02d}.py"
    if not path.is_file():
        return {}
    spec = importlib.util.spec_from_file_location(f"answers_ch{chapter:02d}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, kind, {})


def mistakes_of(chapter):
    return answers_of(chapter, "MISTAKES")


def namespace():
    """What a solution may take for granted; all else it imports itself."""
    return {"math": math, "np": np, "torch": torch, "F": F, "check": checks.check}


def answer_of(exercise, source):
    """Run what a learner would have written, and return what it defines."""
    names, file = namespace(), f"<exercise {exercise.number}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    torch.manual_seed(0)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(source, file, "exec"), names)
    assert exercise.name in names, f"exercise {exercise.number} has to define {exercise.name}"
    return names[exercise.name]


def verdict_of(exercise, source):
    """Run what a learner would have written, and check the name it defines."""
    return checks.check(exercise.number, answer_of(exercise, source))


def stub_verdict(exercise):
    """Run the notebook's own cell as it stands and return its verdict."""
    source, _, last = exercise.stub.rstrip().rpartition("\n")
    assert re.match(r"check\(", last), f"the last line has to be check(...), got {last!r}"
    return verdict_of(exercise, source)


EXERCISES = [
    pytest.param(chapter, exercise, id=f"{path.stem}-{exercise.number}")
    for chapter, path in CHAPTERS.items()
    for exercise in stated(path)
]


def of_kind(kind):
    """Parameters (exercise, name, source) of all answers of a kind."""
    return [
        pytest.param(exercise.values[1], name, source, id=f"{exercise.id}-{name}")
        for exercise in EXERCISES
        for name, source in answers_of(exercise.values[0], kind)
        .get(exercise.values[1].number, {})
        .items()
    ]


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_the_solution_is_right(chapter, exercise):
    (solution,) = exercise.solutions
    verdict = verdict_of(exercise, solution)
    assert verdict.status == "right", verdict


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_the_stub_is_not_started(chapter, exercise):
    verdict = stub_verdict(exercise)
    assert verdict.status == "not started", verdict


@pytest.mark.parametrize(("exercise", "name", "source"), of_kind("MISTAKES"))
def test_a_mistake_is_rejected_by_its_name(exercise, name, source):
    verdict = verdict_of(exercise, source)
    assert (verdict.status, verdict.mistake) == ("mistake", name), verdict


@pytest.mark.parametrize(("exercise", "name", "source"), of_kind("ALSO_RIGHT"))
def test_a_right_answer_of_another_style_is_right(exercise, name, source):
    verdict = verdict_of(exercise, source)
    assert verdict.status == "right", verdict


@pytest.mark.parametrize(("exercise", "name", "source"), of_kind("ALSO_WRONG"))
def test_a_wrong_answer_is_never_right(exercise, name, source):
    source, pattern = source if isinstance(source, tuple) else (source, "")
    verdict = verdict_of(exercise, source)
    assert verdict.status in ("mistake", "error", "not started"), verdict
    assert re.search(pattern, verdict.message), verdict


def spoilt(function):
    """The function, and then every argument overwritten: a checker must not look at them."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        result = function(*args, **kwargs)
        result = each_tensor(result, lambda t: t.clone())
        for value in [*args, *kwargs.values()]:
            each_tensor(value, lambda t: t.data.fill_(1e9 if t.is_floating_point() else 7))
        return result

    return call


def each_tensor(value, change):
    """The value with every tensor changed, in tuples and lists too."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if type(value) in (tuple, list):
        return type(value)(each_tensor(v, change) for v in value)
    return value


def backwards(tensor):
    """The same values as an array whose strides are negative."""
    array = tensor.detach().numpy()
    return np.flip(np.flip(array).copy()) if array.ndim else array


def zero_d(value):
    return np.asarray(value) if type(value) is float else value


FORMS = {
    "float64": lambda t: t.double() if t.is_floating_point() else t,
    "an array": lambda t: t.detach().numpy(),
    "an array backwards": backwards,
    "a list": lambda t: t.detach().tolist(),
}


@pytest.mark.parametrize("form", [*FORMS, "a 0-d array", "arguments spoilt"])
@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_a_right_answer_is_right_in_every_form(chapter, exercise, form):
    """The solution computed in place, in NumPy, in float64, as a list or a number."""
    if form in FORMS and exercise.number in answers_of(chapter, "NEEDS_TENSOR"):
        pytest.skip("the task asks for a tensor with a gradient")
    answer = answer_of(exercise, exercise.solutions[0])

    def reformed(result):
        return zero_d(result) if form == "a 0-d array" else each_tensor(result, FORMS[form])

    if form == "arguments spoilt":
        answer = spoilt(answer) if isinstance(answer, types.FunctionType) else answer
    elif isinstance(answer, types.FunctionType):
        answer = (lambda f: functools.wraps(f)(lambda *a, **k: reformed(f(*a, **k))))(answer)
    else:
        answer = reformed(answer)
    verdict = checks.check(exercise.number, answer)
    assert verdict.status == "right", verdict


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_a_hint_comes_with_the_second_failure_of_one_kind(chapter, exercise, monkeypatch):
    monkeypatch.setattr(checks, "_LAST_FAILURE", {})

    def fails(*args, **kwargs):
        return [][1]

    if not isinstance(answer_of(exercise, exercise.solutions[0]), types.FunctionType):
        pytest.skip("the answer is a value")
    first, second = (checks.check(exercise.number, fails) for _ in range(2))
    assert first.status == "error" and "Hint:" not in first.message
    assert "in the line `return [][1]`" in first.message
    assert second.message.startswith(first.message) and "Hint:" in second.message


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_an_exercise_has_enough_mistakes_of_its_own(chapter, exercise):
    names = set(mistakes_of(chapter).get(exercise.number, {}))
    assert len(names) >= MIN_MISTAKES, f"{exercise.number} has {len(names)}: {sorted(names)}"
    assert not names & set(checks.GENERIC), f"{exercise.number} uses the engine's own names"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_notebook_checkers_and_mistakes_speak_of_the_same_exercises(chapter):
    in_notebook = [exercise.number for exercise in stated(CHAPTERS[chapter])]
    assert list(checks.exercises(chapter)) == in_notebook
    assert sorted(mistakes_of(chapter)) == sorted(in_notebook)


def test_no_checker_and_no_mistakes_without_a_chapter():
    for folder in (ROOT / "nav_utils" / "checks", ROOT / "tests" / "exercises"):
        numbers = {int(path.stem[2:]) for path in folder.glob("ch[0-9][0-9].py")}
        assert numbers <= set(CHAPTERS), f"{folder}: no chapter {sorted(numbers - set(CHAPTERS))}"
