"""Style, format and types are clean (settings in pyproject.toml)."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command, folder=ROOT):
    """Run a module of this environment in `folder`; the finished process."""
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True
    )


@pytest.mark.parametrize("command", [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]])
def test_the_project_is_clean(command):
    found = run(*command)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (["ruff", "check"], "import os\n"),
        (["ruff", "check"], f"x = '{'a' * 100}'\n"),
        (["ruff", "format", "--check"], "x = [1,2]\n"),
        (["mypy"], 'def f(x: int) -> int:\n    return "a"\n'),
    ],
)
def test_a_fault_is_found(command, text, tmp_path):
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for package in ("nav_utils", "tools"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    assert run(*command, folder=tmp_path).returncode == 0
    (tmp_path / "tools" / "faulty.py").write_text(text)
    assert run(*command, folder=tmp_path).returncode == 1


LONGEST = {"nav_utils": 400, "tools": 400, "benchmarks": 400, "tests": 600}  # lines of a module


def too_long(root):
    """The modules below `root` that are longer than those of their folder may be."""
    found = []
    for folder, limit in LONGEST.items():
        for path in sorted((root / folder).rglob("*.[pj][ys]")):
            if "node_modules" in path.parts:
                continue
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > limit:
                name = path.relative_to(root).as_posix()
                found.append(f"{name}: {lines} lines, of {limit} at most")
    return found


def test_no_module_is_too_long():
    assert too_long(ROOT) == []


@pytest.mark.parametrize("folder", LONGEST)
def test_a_module_that_is_too_long_is_named(folder, tmp_path):
    path = tmp_path / folder / "below" / "long.py"
    path.parent.mkdir(parents=True)
    path.write_text("x = 1\n" * LONGEST[folder])
    assert too_long(tmp_path) == []
    path.write_text("x = 1\n" * (LONGEST[folder] + 1))
    [found] = too_long(tmp_path)
    assert found.startswith(f"{folder}/below/long.py: {LONGEST[folder] + 1} lines")
