"""The development tools of the live figures, from the npm registry."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

PACKAGE = Path(__file__).parents[1] / "nav_utils"
SOURCE = PACKAGE / "browser" / "source"


def node_modules(tmp_path_factory):
    """The folder that `npm ci` makes: beside the sources, else made once a run.

    Where there is no npm, skip; but with CI set in the environment that is a failure.
    """
    if is_complete(SOURCE / "node_modules"):
        return SOURCE / "node_modules"
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "npm"
    with FileLock(shared / "npm.lock"):
        if not is_complete(folder / "node_modules"):
            install(folder)
    return folder / "node_modules"


def wanted():
    """Versions by package."""
    return json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))["devDependencies"]


def is_complete(folder):
    """Whether it holds every package in the version that package.json asks for."""
    for name, version in wanted().items():
        card = folder / name / "package.json"
        if not card.is_file() or json.loads(card.read_text(encoding="utf-8"))["version"] != version:
            return False
    return True


def install(folder):
    say = pytest.fail if os.environ.get("CI") else pytest.skip
    npm = shutil.which("npm")
    if npm is None:
        say("no npm found: install it (Debian: apt-get install npm), or run `make explorer`")
    folder.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, folder)
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        say(f"npm ci failed; it needs the npm registry once:\n{done.stdout[-2000:]}")
