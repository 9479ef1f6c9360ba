"""The same in the classic Notebook with ipywidgets 7: the nearest to Colab that runs elsewhere."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import kernel_hosts
import pages
import pytest
from packaging.requirements import Requirement
from test_jupyterlab import (  # noqa: F401
    test_a_drag_reaches_python,
    test_a_value_set_in_python_moves_the_page,
)

REQUIREMENTS = Path(__file__).with_name("classic_requirements.txt")
COLAB = pages.ROOT / "tests" / "colab_versions.json"
CLASSIC = kernel_hosts.FrontEnd(
    module="notebook",
    options=[],
    address="notebooks/explorer.ipynb",
    # The last line: the extension of anywidget has said where the page finds it.
    ready="""
        window.Jupyter?.notebook?.kernel?.widget_manager
        && Jupyter.notebook.kernel.is_connected()
        && requirejs.s.contexts._.config.map["*"]?.anywidget
    """,
    cell="#notebook .cell",
    editor=".CodeMirror",
    prompt=".input_prompt",
    printed=".output_stdout pre",
    error=".output_error",
)


def pins():
    """Version of each package that is put before those of the project's environment."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if not line.startswith("#")]
    return {each.name: str(each.specifier).removeprefix("==") for each in wanted}


def make_environment(folder):
    """Make a virtual environment of the pins and, behind them, of all that runs the tests.

    Gives its Python. Where no package index answers, skip; with CI set that is a failure.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    options = ["--no-compile", "--no-input", "--disable-pip-version-check"]
    patience = ["--retries=2", "--timeout=20"]
    installed = subprocess.run(
        [*command, *options, *patience, "-r", str(REQUIREMENTS)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    if installed.returncode:
        no_index = "connection broken" in installed.stdout and not os.environ.get("CI")
        say = pytest.skip if no_index else pytest.fail
        say(f"cannot install {REQUIREMENTS.name}:\n{installed.stdout[-2000:]}")
    base = {"base": str(folder), "platbase": str(folder)}
    own = Path(sysconfig.get_path("purelib", scheme="venv", vars=base))
    running = dict.fromkeys(map(sysconfig.get_path, ("purelib", "platlib")))
    lines = [f"import site; site.addsitedir({path!r})\n" for path in running]
    (own / "running.pth").write_text("".join(lines), encoding="utf-8")
    return python


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of a fresh environment, which is taken away again: it is large."""
    folder = tmp_path_factory.mktemp("classic")
    yield make_environment(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def notebook(python, tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    with kernel_hosts.opened_notebook(CLASSIC, python, folder) as notebook:
        yield notebook


def test_the_pins_are_colabs():
    known = {}
    for packages in json.loads(COLAB.read_text(encoding="utf-8"))["packages"].values():
        known |= packages
    pinned = pins()
    shared = known.keys() & pinned.keys()
    assert shared >= {"anywidget", "ipykernel", "ipywidgets", "notebook", "widgetsnbextension"}
    assert {name: pinned[name] for name in shared} == {name: known[name] for name in shared}


def test_the_kernel_has_the_pins(notebook):
    pinned = pins()
    versions = {name.lower(): version for name, version in notebook.report()["versions"].items()}
    assert versions == {name: pinned[name] for name in versions}


def test_a_space_that_a_page_has_trained_is_read_by_python(notebook):
    report = kernel_hosts.train_and_read(notebook)
    assert (report["weight"], report["step"], report["steps"]) == (4, 60, 60)
    assert report["nats"] == pytest.approx(report["told"], abs=1e-3) and 20 < report["nats"] < 40
    assert notebook.faults == []
