"""The chapters as they are stored: rules for the files, copies of code, another processor."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import notebook_lint, notebook_shown, notebook_text, notebooks

ROOT = Path(notebooks.__file__).resolve().parent.parent
CHAPTERS = notebooks.chapters()
by_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=[path.stem for path in CHAPTERS])

# A chapter that trains a network, and what makes a processor of another make out of this one:
# one thread, and no vector instructions beyond those of 2008.
TRAINING_CHAPTER = ROOT / "notebooks" / "04_adversarial.ipynb"
ANOTHER_PROCESSOR = {
    "OMP_NUM_THREADS": "1",
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
}


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


def test_chapters_are_numbered_without_a_gap():
    numbers = [int(path.name[:2]) for path in CHAPTERS]
    assert numbers == list(range(len(numbers)))
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


@pytest.mark.skipif(not TRAINING_CHAPTER.is_file(), reason=f"no {TRAINING_CHAPTER.name} yet")
def test_stored_outputs_hold_on_another_processor():
    command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
    command += ["-p", "nbval.plugin", "--nbval", "--nbval-current-env"]
    command += ["--nbval-cell-timeout=300", f"--nbval-sanitize-with={ROOT}/tests/nbval.cfg"]
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    environment = {"PYTHONPATH": search, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [*command, str(TRAINING_CHAPTER)],
        cwd=ROOT,
        env=os.environ | environment | ANOTHER_PROCESSOR,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
