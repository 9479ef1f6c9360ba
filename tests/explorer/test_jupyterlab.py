"""The explorer in JupyterLab with ipywidgets 8: page and kernel follow each other."""

import json
import sys

import kernel_hosts
import pytest
from kernel_hosts import POINTS, SET, WAIT, eventually, expect

JUPYTERLAB = kernel_hosts.FrontEnd(
    module="jupyterlab",
    options=[
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
    ],
    address="lab/tree/explorer.ipynb",
    ready="""
        window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'
    """,
    cell=".jp-Notebook .jp-Cell",
    editor=".cm-content",
    prompt=".jp-InputPrompt",
    printed="[data-mime-type='application/vnd.jupyter.stdout'] pre",
    error="[data-mime-type='application/vnd.jupyter.error']",
)
# No news from outside, and all cells in the page, also those that are out of sight.
SETTINGS = {
    "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jupyterlab")
    for plugin, settings in SETTINGS.items():
        file = folder / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(settings), encoding="utf-8")
    with kernel_hosts.opened_notebook(JUPYTERLAB, sys.executable, folder) as notebook:
        yield notebook


def test_a_drag_reaches_python(notebook):
    before = notebook.report()
    notebook.drag("A", by=(-0.8, 0.6))
    after = notebook.report_when(lambda now: now["ends"] != before["ends"])
    x, y = before["a"]
    assert after["a"] == pytest.approx([x - 0.8, y + 0.6], abs=0.03)
    assert after["b"] == before["b"]
    assert after["ends"] == [after["a"], after["b"]]
    assert after["points"] == after["statuses"] == POINTS
    assert after["off"] < 1e-3  # the page's path is Python's
    assert notebook.faults == []


def test_a_value_set_in_python_moves_the_page(notebook):
    scale = notebook.scale()
    notebook.run(SET)
    after = notebook.report()
    assert (after["b"], after["eps"]) == ([-2.0, -0.5], 0.2)
    expect(notebook.control("eps")).to_have_value("0.2", timeout=WAIT)
    moved = [s * (b - a) for s, a, b in zip(scale, after["a"], after["b"], strict=True)]
    there = pytest.approx(moved, abs=2)  # pixels
    assert eventually(notebook.apart, lambda apart: apart == there) == there
    assert notebook.faults == []


def test_a_space_that_a_page_has_trained_is_read_by_python(notebook):
    report = kernel_hosts.train_and_read(notebook)
    assert (report["weight"], report["step"], report["steps"]) == (4, 60, 60)
    assert report["nats"] == pytest.approx(report["told"], abs=1e-3) and 20 < report["nats"] < 40
    assert notebook.faults == []
