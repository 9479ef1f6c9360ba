"""Every exercise: its solution is right, its likely mistakes are named, its stub is not started."""

import contextlib
import functools
import importlib.util
import io
import math
import re
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


def mistakes_of(chapter, folder=ROOT / "tests" / "exercises"):
    """MISTAKES of tests/exercises/chNN.py; empty if there is no such file."""
    path = folder / f"ch{chapter:02d}.py"
    if not path.is_file():
        return {}
    spec = importlib.util.spec_from_file_location(f"mistakes_ch{chapter:02d}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MISTAKES


def namespace():
    """What a solution may take for granted; all else it imports itself."""
    return {"math": math, "np": np, "torch": torch, "F": F, "check": checks.check}


def verdict_of(exercise, source):
    """Run what a learner would have written, and check the name it defines."""
    names = namespace()
    torch.manual_seed(0)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(source, f"<exercise {exercise.number}>", "exec"), names)
    assert exercise.name in names, f"exercise {exercise.number} has to define {exercise.name}"
    return checks.check(exercise.number, names[exercise.name])


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
MISTAKES = [
    pytest.param(exercise.values[1], name, source, id=f"{exercise.id}-{name}")
    for exercise in EXERCISES
    for name, source in mistakes_of(exercise.values[0]).get(exercise.values[1].number, {}).items()
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


@pytest.mark.parametrize(("exercise", "name", "source"), MISTAKES)
def test_a_mistake_is_rejected_by_its_name(exercise, name, source):
    verdict = verdict_of(exercise, source)
    assert (verdict.status, verdict.mistake) == ("mistake", name), verdict


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
