"""Stored outputs: words and layout exactly, numbers as numbers, experiments in the same kernel."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests import stored_outputs
from tests.stored_outputs import Tolerance, difference, tokens

ROOT = Path(__file__).resolve().parent.parent

SAME = {
    "one unit down": ("lowest -5.62", "lowest -5.61"),
    "one unit up": ("1.1 % of them", "1.0 % of them"),
    "a whole percent": ("12 % of them", "13 % of them"),
    "one per cent": ("134.2 nats", "135.5 nats"),
    "exponents": ("rate 1.2e-05", "rate 1.3e-05"),
    "across a power of ten": ("9.99 and 1.0e-05", "10.00 and 9.9e-06"),
    "padding eaten on the left": ("a   9.99 |", "a  10.00 |"),
    "padding eaten on the right": ("a 9.99   | b", "a 10.00  | b"),
    "a sign of almost nothing": ("by -0.00", "by 0.00"),
    "a zero dropped by the format g": ("x = 0.2,", "x = 0.19,"),
    "a printed tensor": ("tensor([ 0.1234, -1.2345])", "tensor([ 0.1235, -1.2344])"),
    "a thousand": ("1,234.5 codes", "1,240.5 codes"),
}
OTHER = {
    "two units": ("lowest -0.62", "lowest -0.60"),
    "two whole per cent": ("12 % of them", "14 % of them"),
    "a changed word": ("lowest -5.62", "highest -5.62"),
    "a missing line": ("a 1.0\nb 2.0\n", "a 1.0\n"),
    "a line more": ("a 1.0\n", "a 1.0\nb 2.0\n"),
    "a sign": ("change +0.50", "change -0.50"),
    "a small sign": ("change 0.01", "change -0.01"),
    "nan": ("loss 1.0", "loss nan"),
    "a number for nan": ("loss nan", "loss 1.0"),
    "infinity": ("loss 1.0", "loss inf"),
    "one more of a count": ("converged 12 of 48", "converged 13 of 48"),
    "one more of thousands": ("1,234 codes", "1,235 codes"),
    "a count with decimals": ("12 codes", "12.0 codes"),
    "a whole float of a tensor": ("tensor([1., 2.])", "tensor([1., 3.])"),
    "a status": ("INSIDE 12", "STALLED 12"),
    "layout": ("a  1.00", "a 1.00"),
    "a space at the end": ("a 1.00 |", "a 1.00  |"),
    "a version": ("torch 2.13.0", "torch 2.13.1"),
    "a name": ("float32 at x1", "float64 at x1"),
    "the end of a range": ("0.30-0.50", "0.30-0.60"),
    "order": ("1.0 2.0", "2.0 1.0"),
}


@pytest.mark.parametrize(("stored", "fresh"), SAME.values(), ids=SAME)
def test_the_same_number_printed_elsewhere(stored, fresh):
    assert difference(stored, fresh) is None
    assert difference(fresh, stored) is None or "per cent" in stored


@pytest.mark.parametrize(("stored", "fresh"), OTHER.values(), ids=OTHER)
def test_another_output_is_told(stored, fresh):
    assert difference(stored, fresh)
    assert difference(fresh, stored)


def test_what_differs_is_said():
    assert "-5.62 came as -6.62" in difference("lowest -5.62", "lowest -6.62")
    assert "whole number 12 came as 13" in difference("at 12", "at 13")
    assert "'lowest '" in difference("lowest 1.0", "highest 1.0")


def test_numbers_and_words_are_told_apart():
    found, end = tokens("in float32, v2.13.0: 3 of 1,200 at -0.5 (5 %), 1e-05; 3-4 or x-7 end")
    assert [token.number for token in found] == ["3", "1,200", "-0.5", "5", "1e-05", "3", "4", "7"]
    assert [token.measured for token in found] == [False] * 2 + [True] * 3 + [False] * 3
    assert end == " end"


TAGGED = [
    (["numbers-within-5-percent"], "1.00 of 20", "1.05 of 20", True),
    (["numbers-within-5-percent"], "1.00 of 20", "1.07 of 20", False),
    (["numbers-within-0.2"], "0.01 of 20", "0.20 of 20", True),
    (["numbers-within-0.2"], "0.01 of 20", "0.23 of 20", False),
    (["numbers-within-5-percent"], "1.00 of 20", "1.00 of 21", False),
    (["integers-within-1"], "1.00 of 20", "1.00 of 21", True),
    (["integers-within-1"], "1.00 of 20", "1.00 of 22", False),
    (["integers-within-10-percent"], "1.00 of 20", "1.00 of 22", True),
    (["integers-within-10-percent", "numbers-within-0.1"], "1.00 of 20", "1.09 of 22", True),
    (["compare-exactly"], "1.00 of 20", "1.01 of 20", False),
    (["hide-input"], "1.00 of 20", "1.01 of 20", True),
]


@pytest.mark.parametrize(("tags", "stored", "fresh", "same"), TAGGED)
def test_a_tag_names_the_tolerance_of_a_cell(tags, stored, fresh, same):
    assert (difference(stored, fresh, Tolerance.from_tags(tags)) is None) == same


@pytest.mark.parametrize(
    "tag",
    ["numbers-within-five-percent", "numbers-within-90-percent", "integers-within-0-percent",
     "integers-5", "compare-roughly"],
)  # fmt: skip
def test_a_tag_that_means_nothing_is_refused(tag):
    with pytest.raises(ValueError, match=tag):
        Tolerance.from_tags([tag])


# Through nbval, on a chapter made for this test. Each cell: source, stored text, tags, passes.
CELLS = [
    ("x = 5.617", "", [], True),
    ("print(f'lowest {-x:.2f}')", "lowest -5.61\n", [], True),
    ("print(f'lowest {-x:.2f}')", "lowest -5.42\n", [], False),
    ("print(f'lowest {-x:.2f}')", "lowest -5.61\n", ["compare-exactly"], False),
    ("print(f'lowest {-x:.2f}')", "lowest -5.42\n", ["numbers-within-0.3"], True),
    ("print('12 of 13 arrive')", "12 of 14 arrive\n", [], False),
    ("'word'", "'sword'", [], False),
    ("round(x, 2)", "5.61", [], True),
    ("print('more')", "", [], False),
    ("pass", "less\n", [], False),
]
TRIES = """
TRIES = {
    "another x": [("x = 5.617", {"5.617": "99"}), ("numbers-within", {})],
    "a slider": "tests/test_widgets.py",
    "a silent end": [("x = 5.617", {})],
    "one that breaks": [("'word'", {"'word'": "[][x > 90]"})],
}
"""


def tiny_chapter(folder):
    notebook = nbformat.v4.new_notebook()
    for count, (source, stored, tags, _) in enumerate(CELLS, 1):
        outputs = []
        if stored and source.startswith(("print", "pass")):
            outputs = [nbformat.v4.new_output("stream", name="stdout", text=stored)]
        elif stored:
            data = {"text/plain": stored}
            outputs = [nbformat.v4.new_output("execute_result", data, execution_count=count)]
        cell = nbformat.v4.new_code_cell(source, execution_count=count, outputs=outputs)
        cell.source += f"  # {' '.join(tags)}" if tags else ""
        cell.metadata["tags"] = tags
        notebook.cells.append(cell)
    path = folder / "42_tiny.ipynb"
    nbformat.write(notebook, path)
    return path


def run_nbval(folder, path):
    """pytest with nbval and the plugin, its experiments in `folder`; (passed, failed) by name."""
    (folder / "conftest.py").write_text(
        "import pathlib\nfrom tests import stored_outputs\n"
        "stored_outputs.TRIES = pathlib.Path(__file__).parent\n"
    )
    command = [sys.executable, "-m", "pytest", "-v", "-o", "addopts=", "-p", "no:cacheprovider"]
    command += ["-p", "nbval.plugin", "-p", "tests.stored_outputs", "--nbval", "--color=no"]
    command += ["--nbval-current-env", f"--rootdir={folder}", str(path)]
    environment = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True
    )
    lines = [line.rsplit("::", 1)[1] for line in done.stdout.splitlines() if "ipynb::" in line]
    ends = {" PASSED": [], " FAILED": []}
    for line in lines:
        for end, names in ends.items():
            if end in line and "[" in line:
                names.append(line.split(end)[0])
    return *ends.values(), done.stdout


def test_nbval_compares_as_said_and_runs_the_experiments(tmp_path):
    (tmp_path / "ch42.py").write_text(TRIES)
    passed, failed, output = run_nbval(tmp_path, tiny_chapter(tmp_path))
    experiments = ["Try: another x (1 of 2)", "Try: another x (2 of 2)"]
    wrong = ["Try: a silent end (1 of 1)", "Try: one that breaks (1 of 1)"]
    expected = {True: [], False: []}
    for number, (*_, right) in enumerate(CELLS):
        expected[right].append(f"Cell {number}")
    assert passed == expected[True] + experiments, output
    assert failed == expected[False] + wrong, output
    assert "the whole number 14 came as 13" in output
    assert "shows nothing" in output


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([("no such cell", {})], "stands in 0 code cells"),
        ([("print", {})], "code cells, expected 1"),
        ([("x = 5.617", {"7": "8", "6.1": "x"})], "expected once"),
    ],
)
def test_an_experiment_on_code_that_is_gone_is_told(steps, told, tmp_path, monkeypatch):
    path = tiny_chapter(tmp_path)
    (tmp_path / "ch42.py").write_text(f"TRIES = {{'it': {steps!r}}}")
    monkeypatch.setattr(stored_outputs, "TRIES", tmp_path)
    with pytest.raises(ValueError, match=told):
        stored_outputs.tries(path, nbformat.read(path, as_version=4))
