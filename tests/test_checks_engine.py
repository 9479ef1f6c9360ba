"""The exercise engine: what a learner is told for every kind of answer."""

import dataclasses
import functools
import importlib
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch

from nav_utils import checks
from nav_utils.checks import (
    GENERIC,
    Mistake,
    check,
    closest,
    exercise,
    exercises,
    first_mistake,
    on_each,
)

CHAPTER = '''
"""Exercises of a chapter made for this test."""
import torch
from nav_utils.checks import Mistake, closest, exercise

X = torch.tensor([[1.0, 2.0], [3.0, 5.0]])

@exercise("97.1", hint="add up over each row")
def row_sums(answer):
    torch.manual_seed(5)
    return closest(answer(X), X.sum(1), {
        "mean instead of sum": (X.mean(1), "Add up; do not divide."),
        "one sum for all": (X.sum(), "Sum over dim=1 only."),
    })

@exercise("97.2", hint="count them")
def count(answer):
    return closest(answer, 12, {"one too many": (13, "Start at zero.")})

@exercise("97.10", hint="any model")
def model(answer):
    return None if answer(X).shape == (2, 1) else Mistake("wrong width", "Make it one unit wide.")
'''


@pytest.fixture(autouse=True)
def chapter(tmp_path, monkeypatch):
    """Chapter 97 and no other, found as the real ones are."""
    (tmp_path / "ch97.py").write_text(CHAPTER, encoding="utf-8")
    monkeypatch.setattr(checks, "__path__", [str(tmp_path)])
    monkeypatch.setattr(checks, "_EXERCISES", {})
    monkeypatch.setattr(checks, "_LAST_FAILURE", {})
    importlib.invalidate_caches()
    yield
    for name in ("ch97", "ch98"):
        sys.modules.pop(f"nav_utils.checks.{name}", None)
        checks.__dict__.pop(name, None)


def test_a_right_answer():
    verdict = check("97.1", lambda x: x.sum(1))
    assert (verdict.status, verdict.mistake) == ("right", None)
    assert repr(verdict) == "Exercise 97.1: right."


def test_a_mistake_has_a_name_and_advice():
    verdict = check("97.1", lambda x: x.mean(1))
    assert (verdict.status, verdict.mistake) == ("mistake", "mean instead of sum")
    expected = "Exercise 97.1: not yet (mean instead of sum). Add up; do not divide."
    assert repr(verdict) == expected


def test_a_mistake_may_have_another_shape():
    assert check("97.1", lambda x: x.sum()).mistake == "one sum for all"


@pytest.mark.parametrize("answer", [..., None, (..., ...), [None, ...], lambda x: ...])
def test_not_started(answer):
    verdict = check("97.1", answer)
    assert (verdict.status, verdict.mistake) == ("not started", None)
    assert verdict.message == checks.NOT_STARTED and "add up" not in verdict.message


def test_an_empty_tuple_is_an_answer():
    assert check("97.2", ()).mistake == "wrong shape"


def test_a_missing_return_is_named():
    def forgot(x):
        x.sum(1)

    verdict = check("97.1", forgot)
    assert verdict.status == "not started"
    assert "not started yet" in verdict.message and "return" in verdict.message


def test_an_exception_of_the_learner_is_told_in_one_line():
    def wrong(x):
        y = x.sum(7)
        return y

    verdict = check("97.1", wrong)
    assert verdict.status == "error"
    assert verdict.message.startswith("your code raised IndexError: Dimension out of range")
    assert verdict.message.endswith("in the line `y = x.sum(7)`.")
    assert "Traceback" not in repr(verdict) and "Hint" not in verdict.message
    assert check("97.1", wrong).message.endswith("`. Hint: add up over each row.")
    assert "`y = x.sum(7)`" in check("97.1", functools.partial(wrong)).message


def test_the_line_is_the_learners_also_when_a_library_raised():
    def wrong(x):
        np.linalg.inv(np.zeros((2, 2)))

    assert "in the line `np.linalg.inv(np.zeros((2, 2)))`" in check("97.1", wrong).message
    nowhere = compile("def f(x): return x.sum(7)", "<nowhere>", "exec")  # a file that is not there
    exec(nowhere, names := {})
    assert "in the line" not in check("97.1", names["f"]).message


def test_a_hint_comes_with_the_second_failure_of_one_kind():
    hint = " Hint: add up over each row."
    answers = [lambda x: x.mean(1), lambda x: x.sum(), lambda x: x.mean(1), lambda x: x.mean(1)]
    assert [check("97.1", a).message.endswith(hint) for a in answers] == [False] * 3 + [True]
    assert check("97.1", lambda x: x.sum(1)).message == "right."
    assert not check("97.1", answers[0]).message.endswith(hint)
    assert check("97.1", ...).message == checks.NOT_STARTED
    assert check("97.1", answers[0]).message.endswith(hint)  # an untouched stub is no failure


def test_an_answer_of_another_kind_is_told():
    verdict = check("97.1", torch.ones(2))  # a tensor where a function is asked for
    assert verdict.status == "error"
    assert verdict.message == "expected a function, got a Tensor."
    assert "could not be checked: AttributeError" in check("97.10", lambda x: 3).message


def test_a_module_reaches_the_checker_as_it_is():
    assert check("97.10", torch.nn.Linear(2, 1)).status == "right"
    assert check("97.10", torch.nn.Linear(2, 3)).mistake == "wrong width"


def test_a_learner_may_compute_in_place():
    def in_place(x):
        x *= 2
        return x.sum(1) / 2

    for _ in range(2):
        assert check("97.1", in_place).status == "right"


def test_arguments_are_copied_where_they_lie_deep():
    given = {"a": [torch.ones(2), (np.ones(2), "word")], "n": 3}
    copy = checks._copied(given)
    assert copy["a"][1][1] == "word" and copy["n"] == 3
    copy["a"][0] += 1
    copy["a"][1][0][:] = 5
    assert given["a"][0].tolist() == [1, 1] and given["a"][1][0].tolist() == [1, 1]


def test_a_gradient_passes_the_copy():
    x = torch.ones(2, requires_grad=True)
    (checks._copied(x) * 3).sum().backward()
    assert x.grad.tolist() == [3, 3]


@pytest.mark.parametrize(
    "form",
    [
        lambda t: t.numpy(),
        lambda t: np.flip(np.flip(t.numpy()).copy()),
        lambda t: t.tolist(),
        lambda t: t.numpy().astype(np.float64),
        lambda t: list(t.numpy()),
    ],
)
def test_a_learner_may_answer_in_numpy(form):
    assert check("97.1", lambda x: form(x.sum(1))).status == "right"
    assert check("97.1", lambda x: form(x.mean(1))).mistake == "mean instead of sum"


@pytest.mark.parametrize("value", [12, 12.0, np.int64(12), np.array(12), torch.tensor(12.0)])
def test_a_number_of_any_kind(value):
    assert check("97.2", value).status == "right"


def test_an_interrupt_is_not_swallowed():
    def stop(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("97.1", stop)


def test_the_random_state_is_as_before():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    check("97.1", lambda x: x.sum(1) + torch.rand(2))
    assert torch.equal(torch.rand(1), expected)


def test_a_long_verdict_is_wrapped():
    verdict = checks.Verdict("97.1", "error", None, "word " * 60)
    assert max(map(len, repr(verdict).splitlines())) <= 96
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.status = "right"


@pytest.mark.parametrize(
    ("number", "named"),
    [
        ("97.3", "nearest is 97.2"),
        ("97.30", "nearest is 97.10"),
        ("96.1", "nearest is 97.1 (chapter 97 has 97.1, 97.2, 97.10)"),
        ("4.7", "nearest is 97.1"),
    ],
)
def test_an_unknown_number_names_the_nearest(number, named):
    with pytest.raises(ValueError, match="there is no exercise") as error:
        check(number, ...)
    assert named in str(error.value)


def test_without_any_chapter():
    checks.__path__ = []
    with pytest.raises(ValueError, match="no chapter has a checker"):
        check("4.7", ...)


@pytest.mark.parametrize("number", [2.1, "two", "2", "2.1.3", "2.x", None])
def test_a_malformed_number(number):
    with pytest.raises(ValueError, match='such as "2.1"'):
        check(number, ...)


def test_a_broken_chapter_says_what_is_missing(tmp_path):
    (tmp_path / "ch98.py").write_text("import no_such_module_anywhere\n", encoding="utf-8")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        check("98.1", ...)


def test_exercises_in_order_and_of_no_chapter():
    assert exercises(97) == ("97.1", "97.2", "97.10")
    assert exercises(55) == ()


def test_a_number_is_registered_once_and_may_be_reloaded():
    exercises(97)
    importlib.reload(sys.modules["nav_utils.checks.ch97"])
    with pytest.raises(ValueError, match="97.1 already has the checker 'row_sums'"):
        exercise("97.1", hint="")(lambda answer: None)


def test_a_number_stands_in_its_own_chapter(tmp_path):
    wrong = CHAPTER.replace('"97.2"', '"96.2"')
    (tmp_path / "ch97.py").write_text(wrong, encoding="utf-8")
    with pytest.raises(ValueError, match=r"put it in nav_utils/checks/ch96\.py"):
        exercises(97)


# closest

RIGHT = torch.tensor([1.0, -2.0, 4.0])


@pytest.mark.parametrize(
    "got",
    [
        RIGHT,
        RIGHT.clone().requires_grad_(),
        RIGHT.double(),
        RIGHT.bfloat16(),
        RIGHT.numpy(),
        [1, -2, 4],
        [torch.tensor(1.0), torch.tensor(-2.0), torch.tensor(4.0)],
        RIGHT + 1e-4,
    ],
    ids=["tensor", "grad", "double", "bfloat16", "array", "list", "tensors", "rounded"],
)
def test_closest_takes_every_numeric_kind(got):
    assert closest(got, RIGHT) is None


def test_closest_measures_against_the_largest_entry():
    assert closest(RIGHT + 3e-4, RIGHT, tolerance=1e-4) is None  # 3e-4 of 4 is 7.5e-5
    assert closest(RIGHT + 5e-4, RIGHT, tolerance=1e-4).name == "a different value"
    assert closest(0.0, 0.0) is None
    assert closest(1e-5, 0.0) is None
    assert closest(1e-3, 0.0).name == "a different value"
    assert closest(2e-6, 1e-6).name == "a different value"


def test_closest_takes_the_nearest_candidate():
    mistakes = {"a": (1.04, "A."), "b": (1.10, "B.")}
    assert closest(1.01, 1.0, mistakes, tolerance=0.03) is None
    assert closest(1.06, 1.0, mistakes, tolerance=0.03).name == "a"
    assert closest(1.03, 1.0, mistakes, tolerance=0.035).name == "a"  # within both tolerances
    assert closest(1.09, 1.0, mistakes, tolerance=0.03) == Mistake("b", "B.")


def test_closest_says_what_was_expected():
    mistake = closest([1.0, 2.0, 4.0], RIGHT)
    assert mistake == ("a different value", "Expected -2 at [1], got 2.")
    assert closest(3.0, 0.125).advice == "Expected 0.125, got 3."
    assert closest(12345678, 12345679).advice == "Expected 12345679, got 12345678."


def test_closest_names_a_wrong_shape():
    mistake = closest(torch.ones(3, 4), RIGHT)
    assert mistake == ("wrong shape", "Expected shape (3,), got shape (3, 4).")
    assert closest(1.0, RIGHT).advice == "Expected shape (3,), got a single number."


@pytest.mark.parametrize(
    "got", ["text", [torch.ones(()), "x"], {1: 2}, object(), [[1], [2, 3]], 1j, print]
)
def test_closest_names_a_wrong_type(got):
    mistake = closest(got, RIGHT)
    assert mistake.name == "wrong type"
    assert type(got).__name__ in mistake.advice


def test_complex_numbers_are_called_so():
    for value in (torch.ones(3, dtype=torch.complex64), np.ones(3, dtype=complex)):
        assert "complex numbers" in closest(value, RIGHT).advice


def test_closest_names_nan():
    mistake = closest([1.0, float("nan"), float("inf")], RIGHT)
    assert mistake == ("not finite", "2 of 3 values are NaN or infinite.")


def test_a_named_mistake_may_be_nan_and_the_right_value_infinite():
    nan = np.array([1.0, np.nan])
    assert closest(nan, [1.0, 2.0], {"log of zero": (nan, "Add eps.")}).name == "log of zero"
    two = {"two": ([2.0, 2.0], "One."), "log of zero": (nan, "Add eps.")}
    assert closest(nan, [1.0, 2.0], two).name == "log of zero"
    assert closest([np.inf, 1.0], [np.inf, 1.0]) is None
    assert closest([-np.inf, 1.0], [np.inf, 1.0]).name == "a different value"
    assert closest(np.nan, np.nan) is None


def test_whole_numbers_have_to_be_met_exactly():
    assert closest(12, 12) is None
    assert closest(12.0, 12) is None
    assert closest(np.int64(12), 12, tolerance=0.5) is None
    assert closest(12.0001, 12, tolerance=0.5).name == "a different value"
    assert closest(torch.tensor([True, False]), torch.tensor([True, False])) is None
    assert check("97.2", 13).mistake == "one too many"


def test_a_mistake_that_looks_right_is_refused():
    with pytest.raises(ValueError, match="'same' gives the right value; choose another input"):
        closest(1.0, 2.0, {"same": (2.0, "")})


def test_a_mistake_that_looks_right_is_passed_over_if_the_input_need_not_tell():
    mistakes = {"same": (2.0, "Same."), "other": (3.0, "Other.")}
    assert closest(2.0, 2.0, mistakes, strict=False) is None
    assert closest(3.0, 2.0, mistakes, strict=False).name == "other"


def test_the_first_mistake_of_several_inputs():
    seen = []

    def finding(value, right):
        seen.append(value)
        return closest(value, right)

    pairs = [(1, 1), (2, 3), (4, 5)]
    found = first_mistake(finding(*pair) for pair in pairs)
    assert found.name == "right on one input only" and found.advice.endswith("Expected 3, got 2.")
    assert "wrong on another: is a number typed in" in found.advice and seen == [1, 2]
    assert first_mistake([finding(2, 3)]) == ("a different value", "Expected 3, got 2.")
    words = first_mistake([("n = 1", None), ("n = 2", finding(2, 3))])
    assert "wrong on n = 2: is" in words.advice
    named = Mistake("sign lost", "Put it back.")
    assert first_mistake([None, named]) is named
    assert first_mistake(iter(())) is None


def test_the_same_answer_on_each_input():
    def values(x, factor):
        return x * factor, {"forgot the factor": (x, "Multiply.")}

    inputs = [(torch.tensor([1.0, 2.0]), 3), (torch.ones(5), 1), (torch.tensor([4.0]), 7)]
    assert on_each(lambda x, factor: x * factor, values, inputs) is None
    assert on_each(lambda x, factor: x, values, inputs).name == "forgot the factor"
    typed_in = on_each(lambda x, factor: 3 * x, values, inputs)
    assert typed_in.name == "right on one input only"
    assert "another, of shape (5,) and 1" in typed_in.advice


def test_bad_references_are_refused():
    with pytest.raises(ValueError, match="right value must be numeric, got str"):
        closest(1.0, "one")
    with pytest.raises(ValueError, match="mistake 'x' must be numeric"):
        closest(1.0, 2.0, {"x": ("one", "")})


def test_every_generic_name_occurs():
    cases = [closest(got, RIGHT) for got in ([1, 1, 1], 1.0, "x", [1, 1, np.nan])]
    assert sorted(m.name for m in cases) == sorted(GENERIC)


def test_the_engine_stays_left_of_its_neighbours():
    """In a fresh interpreter the engine loads torch and numpy, and nothing to its right."""
    program = textwrap.dedent("""
        import sys, nav_utils
        before = set(sys.modules)
        import nav_utils.checks
        new = {m for m in set(sys.modules) - before if m.startswith("nav_utils")}
        assert new == {"nav_utils.checks", "nav_utils.checks.compare"}, new
    """)
    subprocess.run([sys.executable, "-c", program], check=True)
