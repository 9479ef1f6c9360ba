"""The chapters as they are stored: rules for the files, copies of code, experiments."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests import stored_outputs
from tools import notebook_lint, notebook_shown, notebook_text, notebooks

ROOT = Path(notebooks.__file__).resolve().parent.parent
CHAPTERS = notebooks.chapters()
by_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=[path.stem for path in CHAPTERS])


def told(findings):
    return "\n".join(map(str, findings))


@by_chapter
def test_a_stored_chapter_keeps_the_rules(path):
    findings = notebook_lint.lint(path)
    assert not findings, told(findings)


def test_copies_of_code_are_shown_by_the_first_use():
    findings = notebook_lint.lint_course(CHAPTERS)
    assert not findings, told(findings)


@by_chapter
def test_a_stored_chapter_is_as_the_tool_writes_it(path, tmp_path):
    """Nothing that varies from run to run is stored, and sync has nothing left to do."""
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    assert not notebooks.sync(copy), f"run: python tools/notebooks.py sync {path.name}"


PLANNED = {15, 16}  # the README and the introduction say so


def test_chapters_are_numbered_without_a_gap():
    numbers = [int(path.name[:2]) for path in CHAPTERS]
    assert numbers == [n for n in range(numbers[-1] + 1) if n not in PLANNED]
    strays = set((ROOT / "notebooks").glob("*.ipynb")) - set(CHAPTERS)
    assert not strays, f"not named NN_topic.ipynb: {strays}"


def test_the_code_of_every_public_name_can_be_shown():
    """What a folded block would hold is the same code, and has no docstring."""
    public = notebook_shown.public_definitions(ROOT)
    assert "load_images" in public and "check" in public
    for source in (source for twins in public.values() for source in twins):
        (shown,) = ast.parse(notebook_text.code_of(source.name)).body
        assert notebook_text.same_code(shown, source.node), source.name
        definitions = [n for n in ast.walk(shown) if isinstance(n, notebook_text.DEFINITIONS)]
        assert not any(map(ast.get_docstring, definitions)), source.name


def test_the_command_runs_as_a_script():
    command = [sys.executable, str(ROOT / "tools" / "notebooks.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    for verb in ("run", "sync", "lint", "from-script", "to-script"):
        assert f"\n    {verb}" in done.stdout


@by_chapter
def test_every_experiment_that_a_chapter_suggests_is_run(path):
    """Each **Try.** has its entry in tests/tries; each entry finds the cells that it changes."""
    notebook = nbformat.read(path, as_version=4)
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    entries = stored_outputs.tries_of(path.name)
    assert len(re.findall(r"\*\*Try\b", prose)) == len(entries), list(entries)
    assert all(stored_outputs.tries(path, notebook).values())
    for name, reason in entries.items():
        if isinstance(reason, str):
            assert (ROOT / reason.partition("::")[0]).is_file(), f"{name}: no {reason}"


@by_chapter
def test_a_chapter_asserts_nothing_that_a_learner_may_change(path):
    """An assert fires when a parameter is changed; what must hold stands in tests/chapters."""
    cells = nbformat.read(path, as_version=4).cells
    code = [(n, c.source) for n, c in enumerate(cells, 1) if c.cell_type == "code"]
    found = [
        f"[{n}] {line}"
        for n, source in code
        for line in source.splitlines()
        if line.lstrip().startswith("assert ")
    ]
    assert not found, "\n".join(found)


VERDICTS = {"yes", "no", "right", "wrong", "holds", "fails"}
RANGE = re.compile(r"\d\s*(?:to|-|–|\.\.\.)\s*\d")


def fixed_words(source):
    """What a cell prints whatever comes out: a range that was typed, or a word for a comparison."""
    found = []
    for node in ast.walk(ast.parse(notebook_text.python_of(source))):
        if isinstance(node, ast.IfExp):
            sides = [getattr(side, "value", None) for side in (node.body, node.orelse)]
            found += [s for s in sides if isinstance(s, str) and s.strip(" :.").lower() in VERDICTS]
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            texts = [getattr(argument, "value", None) for argument in node.args]
            if all(isinstance(text, str) for text in texts):  # nothing of it was computed
                found += [text for text in texts if RANGE.search(text)]
    return found


@by_chapter
def test_a_chapter_prints_what_was_measured_and_no_fixed_words(path):
    cells = nbformat.read(path, as_version=4).cells
    found = [
        f"[{n}] {words!r}"
        for n, cell in enumerate(cells, 1)
        if cell.cell_type == "code"
        for words in fixed_words(cell.source)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        'print("the share lies in 0.3 to 0.95")',
        'print("steps:", "2-5")',
        'print("the gap stays:", "yes" if gap > 1 else "no")',
        """print(f"larger {'Yes' if a > b else 'No'}")""",
    ],
)
def test_fixed_words_are_found(source):
    assert fixed_words(source)
    assert not fixed_words('print(f"from {low:.1f} to {high:.1f} in 20 steps"); x = 1 if a else 2')


def test_no_experiment_without_its_chapter():
    names = {f"ch{path.name[:2]}.py" for path in CHAPTERS}
    assert {path.name for path in stored_outputs.TRIES.glob("*.py")} <= names
