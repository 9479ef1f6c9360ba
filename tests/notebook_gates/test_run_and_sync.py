"""What run, sync and the scripts do to the file of a chapter, and what is copied into it."""

import os

import nbformat
import pytest
from changes import add_code, cell_with, edit
from tiny_course import CONFIG

from tools import notebook_lint, notebook_text, notebooks


def outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    return [cell.get("outputs") for cell in cells]


def test_code_is_copied_without_its_docstrings(course):
    assert notebook_text.code_of("nav_utils.double", course) == (
        "def double(x):  # the comment stays\n    return 2 * x\n"
    )
    assert notebook_text.code_of("nav_utils.tiny.Scale", course) == (
        "class Scale:\n    factor = 3\n\n    def by(self, x):\n        return self.factor * x\n"
    )
    assert notebook_text.code_of("nav_utils.tiny.Scale.by", course) == (
        "def by(self, x):\n    return self.factor * x\n"
    )
    assert notebook_text.code_of("nav_utils.tiny.Trouble", course) == (
        "class Trouble(ValueError):\n    pass\n"
    )
    with pytest.raises(ValueError, match="nav_utils.tiny.treble is not"):
        notebook_text.code_of("nav_utils.tiny.treble", course)


def test_a_docstring_needs_a_line_of_its_own(tmp_path):
    (tmp_path / "nav_utils").mkdir()
    (tmp_path / "nav_utils" / "__init__.py").write_text('def f(): "all in one"\n')
    with pytest.raises(ValueError, match="docstring of f has to begin on a line of its own"):
        notebook_text.code_of("nav_utils.f", tmp_path)


def test_sync_refreshes_and_keeps_outputs(spoiled, course, good):
    def change(cells):
        edit("Code of", "display(", "print(")(cells)
        edit("# Setup", "someone", "nobody")(cells)
        edit("# A tiny", "someone", "nobody")(cells)
        edit("took = ", "2.5", "2.4")(cells)

    path = spoiled(change)
    kept = outputs(path)
    path.chmod(0o640)
    assert notebooks.sync(path, course)
    assert path.stat().st_mode & 0o777 == 0o640
    assert notebook_lint.lint(path, course) == []
    assert outputs(path) == kept
    assert not notebooks.sync(path, course)  # nothing left to change
    assert not notebooks.sync(good, course)


def test_running_again_changes_no_byte(course, good):
    before, stamp = good.read_bytes(), good.stat().st_mtime_ns
    assert not notebooks.run(good, course)
    assert (good.read_bytes(), good.stat().st_mtime_ns) == (before, stamp)


SURROUNDINGS = """
import os, time
from IPython.display import display
print("a", flush=True)
time.sleep(0.5)
names = ("TQDM_DISABLE", "OMP_NUM_THREADS", "PYTHONHASHSEED")
print(*(os.environ[name] for name in names), os.path.basename(os.getcwd()))
view = "application/vnd.jupyter.widget-view+json"
display({"text/plain": "a slider", view: {"model_id": os.urandom(8).hex()}}, raw=True)
"""


def test_running_stores_what_changed_and_drops_what_varies(spoiled, course):
    def change(cells):
        cell = cell_with(cells, "twice 21")
        cell.source = cell.source.replace("21", "22")
        cell.metadata = {"execution": {"iopub.execute_input": "now"}, "tags": ["a"]}
        add_code(cells, SURROUNDINGS.strip())

    path = spoiled(change)
    assert notebooks.run(path, course)
    cells = nbformat.read(path, as_version=4).cells
    stream, display = cells[-1].outputs  # what is printed in two goes is one output
    assert stream.text == "a\n1 1 0 notebooks\n"
    assert display.data == {"text/plain": "a slider"}
    cell = cell_with(cells, "twice 22")
    assert cell.outputs[0].text == "twice 22 is 44\n"
    assert cell.metadata == {"tags": ["a"]}
    assert notebook_lint.lint(path, course) == []


@pytest.mark.parametrize(
    ("source", "timeout", "message"),
    [
        ("raise OSError('disk on fire')", 60, "cell 5 raised OSError: disk on fire"),
        ("import time\ntime.sleep(60)", 1, "cell 5 took longer than 1 s"),
        ("import os\nos._exit(3)", 60, "the kernel died in cell 5"),
    ],
)
def test_a_failing_chapter_stays_as_it_was(source, timeout, message, spoiled, course):
    path = spoiled(lambda cells: cell_with(cells, "twice 21").update(source=source))
    before = path.read_bytes()
    with pytest.raises(notebooks.RunFailed, match=message):
        notebooks.run(path, course, timeout=timeout)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.glob(".*")] == []


def test_the_command_names_the_failing_chapter_and_exits_with_1(spoiled, course, capsys):
    path = spoiled(lambda cells: cell_with(cells, "# Setup").update(source="1 / 0"))
    assert notebooks.main(["run", str(path)], course) == 1
    told = capsys.readouterr().out
    assert "02_spoiled.ipynb" in told and "cell 2 raised ZeroDivisionError" in told
    assert notebooks.main(["lint", str(path)], course) == 1
    assert "raised" not in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        notebooks.main(["run", "no_such.ipynb"], course)


def test_a_write_that_fails_leaves_the_file_whole(spoiled, monkeypatch):
    path = spoiled(lambda cells: None)
    before = path.read_bytes()
    notebook = notebooks.read(path)
    notebook.cells[0].source += " more"

    def refuse(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="no space left"):
        notebooks.write(notebook, path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.glob(".*")] == []


def test_scripts_and_notebooks_turn_into_each_other(course, good, tmp_path):
    script = tmp_path / "chapter.py"
    script.write_text(notebooks.to_script(good), encoding="utf-8")
    back = tmp_path / "02_tiny.ipynb"
    assert notebooks.from_script(script, back, course)
    one, two = (nbformat.read(path, as_version=4).cells for path in (good, back))
    assert [(c.cell_type, c.source, c.id) for c in one] == [
        (c.cell_type, c.source, c.id) for c in two
    ]
    assert not notebooks.from_script(script, back, course)


def test_equal_cells_get_ids_of_their_own(tmp_path):
    script = tmp_path / "draft.py"
    script.write_text("# %%\nx = 1\n\n# %%\nx = 1\n", encoding="utf-8")
    path = tmp_path / "98_twice.ipynb"
    notebooks.from_script(script, path)
    first, second = (cell.id for cell in nbformat.read(path, as_version=4).cells)
    assert second == f"{first}-1"
    notebook = notebooks.read(path)
    notebook.cells[1].id = notebook.cells[0].id = "mine"
    notebooks.set_ids(notebook)
    assert [cell.id for cell in notebook.cells] == ["mine", first]


@pytest.mark.parametrize("end", ["", "/", ".git"])
def test_the_address_of_the_repository(end, tmp_path):
    settings = CONFIG.replace("some-course", f"some-course{end}").replace("  branch: main\n", "")
    (tmp_path / "_config.yml").write_text(settings, encoding="utf-8")
    url = "https://github.com/someone/some-course"
    assert notebook_text.repository(tmp_path) == (url, "someone/some-course", "main")


@pytest.mark.parametrize("config", ["title: x\n", "repository: {url: 'ftp://x'}\n", None])
def test_a_missing_address_is_named(config, tmp_path):
    if config:
        (tmp_path / "_config.yml").write_text(config, encoding="utf-8")
    with pytest.raises(ValueError, match="_config.yml"):
        notebook_text.repository(tmp_path)
