"""The live figures' JavaScript in node: which node, and a run of its tests."""

import importlib.util
import os
import pathlib
import shutil
import subprocess
from collections.abc import Mapping

import pytest


def node() -> str:
    """The node on the path, else the one that playwright's package carries."""
    found = shutil.which("node")
    spec = importlib.util.find_spec("playwright")
    if found is None and spec is not None and spec.origin is not None:
        driver = pathlib.Path(spec.origin).parent / "driver"
        found = shutil.which("node", path=str(driver))
    if found is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("no node: neither on the path nor in playwright's package")
    return found


def run_tests(folder: pathlib.Path, least: int, env: Mapping[str, str] | None = None) -> str:
    """What node says of the tests in a folder, of which there are at least so many files."""
    tests = sorted(str(path) for path in folder.glob("*.test.js"))
    assert len(tests) >= least
    ran = subprocess.run(
        [node(), "--test", "--test-reporter=tap", *tests],
        env=os.environ | dict(env or {}),
        capture_output=True,
        text=True,
        timeout=600,
    )
    return ran.stdout + ran.stderr


def expect_passed(said: str) -> None:
    """All tests have run, and passed."""
    assert "\n# skipped 0\n" in said and "\n# fail 0\n" in said, said
