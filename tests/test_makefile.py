"""The Makefile's environment: made once, renewed when its files change, afresh after a break.

A stand-in for Python notes what it is asked for, so that nothing is installed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAND_IN = """#!/bin/sh
echo "$@" >> "{log}"
case "$1 $2" in
    "-m venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    "-m pip") [ ! -e "{folder}/no-install" ] ;;
    "-m pytest") [ ! -e "{folder}/no-tests" ] ;;
    "-c import sys"*) exec "{python}" -c "import sys; sys.version_info = {version}
$2" ;;
    "-c from jupyter_book"*) mkdir -p _build/html _build/.doctrees; [ ! -e "{folder}/no-book" ] ;;
esac
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


class Project:
    """A copy of the Makefile in a folder whose name has spaces, and the stand-in for Python."""

    def __init__(self, folder, version):
        self.folder, self.log = folder, folder / "log"
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, folder)
        python = folder / "stand-in"
        text = STAND_IN.format(log=self.log, folder=folder, python=sys.executable, version=version)
        python.write_text(text, encoding="utf-8")
        python.chmod(0o755)

    def make(self, *arguments):
        """Run make; the finished process and the lines that Python was called with."""
        self.log.write_text("")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        run = subprocess.run(
            ["make", "PYTHON=./stand-in", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        return run, self.log.read_text().splitlines()


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "a path with spaces, and 'more'"
    folder.mkdir()
    return Project(folder, (3, 11, 7, "final", 0))


def installs(calls):
    return [call for call in calls if call.startswith("-m pip install")]


def test_first_run_makes_the_environment_and_the_next_only_builds(project):
    run, calls = project.make("book")
    assert run.returncode == 0, run.stderr
    assert "-m venv .venv" in calls
    assert installs(calls) == [
        "-m pip install --no-deps torch==2.13.0",
        "-m pip install -c constraints.txt -e .[course,book,test]",
    ]
    run, calls = project.make("book")
    assert run.returncode == 0
    assert [call.split(";")[0] for call in calls] == ["-c from jupyter_book.cli.main import main"]


def test_another_index_is_used_for_torch_alone(project):
    _, calls = project.make("env", "TORCH_INDEX=https://example.org/cpu")
    assert installs(calls) == [
        "-m pip install --no-deps torch==2.13.0 --index-url https://example.org/cpu",
        "-m pip install -c constraints.txt -e .[course,book,test]",
    ]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_file_installs_again_into_the_same_environment(project, name):
    project.make("env")
    later = (project.folder / ".venv" / ".installed").stat().st_mtime + 10
    os.utime(project.folder / name, (later, later))
    _, calls = project.make("env")
    assert "-m venv .venv" not in calls
    assert len(installs(calls)) == 2


def test_an_interrupted_install_starts_afresh(project):
    (project.folder / "no-install").touch()
    run, _ = project.make("env")
    assert run.returncode != 0
    assert (project.folder / ".venv" / ".incomplete").exists()
    (project.folder / ".venv" / "half-written").touch()
    (project.folder / "no-install").unlink()
    run, calls = project.make("env")
    assert run.returncode == 0
    assert "-m venv .venv" in calls
    assert not (project.folder / ".venv" / "half-written").exists()
    assert not (project.folder / ".venv" / ".incomplete").exists()
    assert project.make("env")[1] == []


def test_a_moved_project_installs_itself_again(project):
    project.make("env")
    moved = project.folder.with_name("elsewhere")
    shutil.copytree(project.folder, moved)
    project.folder = moved
    assert len(installs(project.make("env")[1])) == 2
    assert project.make("env")[1] == []


def test_the_laboratory_is_installed_once(project):
    assert installs(project.make("lab")[1])[-1] == "-m pip install -c constraints.txt -e .[lab]"
    assert project.make("lab")[1] == ["-m jupyterlab notebooks"]


def test_a_failed_build_leaves_nothing_that_the_next_could_skip(project):
    project.make("book")
    assert (project.folder / "_build" / ".doctrees").exists()
    (project.folder / "no-book").touch()
    run, _ = project.make("book")
    assert run.returncode != 0
    assert not (project.folder / "_build" / ".doctrees").exists()
    assert not (project.folder / "_build" / "html").exists()


def test_failed_tests_fail_the_command(project):
    assert project.make("test")[0].returncode == 0
    (project.folder / "no-tests").touch()
    assert project.make("test")[0].returncode != 0


@pytest.mark.parametrize("command", ["book", "test"])
def test_an_older_python_is_named_with_what_to_do(tmp_path, command):
    old = Project(tmp_path, (3, 9, 2, "final", 0))
    run, calls = old.make(command)
    assert run.returncode != 0
    assert "needs Python 3.11, 3.12 or 3.13, and ./stand-in is Python 3.9" in run.stderr
    assert f"make {command} PYTHON=python3.12" in run.stderr
    assert not (tmp_path / ".venv").exists()
    assert installs(calls) == []


def test_a_newer_python_is_tried_with_a_warning(tmp_path):
    new = Project(tmp_path, (3, 14, 0, "final", 0))
    run, calls = new.make("env")
    assert run.returncode == 0
    assert "tested with Python 3.11 to 3.13, not with Python 3.14" in run.stderr
    assert len(installs(calls)) == 2


def test_help_is_the_default_and_names_every_command(project):
    run, calls = project.make()
    names = {line.split()[0] for line in run.stdout.splitlines() if line.startswith("  ")}
    asked = {"book", "test", "serve", "lab", "notebooks", "lint", "publish-as", "clean"}
    assert asked <= names
    assert calls == []
