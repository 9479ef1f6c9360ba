"""Every gate on the notebooks turns red on a small chapter with one thing wrong, and only then."""

import copy
import os

import nbformat
import pytest

from tools import notebook_lint, notebook_text, notebooks

CONFIG = """
repository:
  url: https://github.com/someone/some-course
  branch: main
"""

# A package with what a chapter needs, and no torch: each kernel starts in a second.
PACKAGE = {
    "__init__.py": '"""A package for tests."""\nfrom .tiny import double, show\n',
    "tiny.py": '''
"""Two helpers."""
import base64
from IPython.display import display


def double(x):  # the comment stays
    """Return twice x.

    Two lines and a blank one, all of them dropped.
    """

    return 2 * x


def show(alt):
    """Display a picture."""
    data = base64.b64encode(b"not really a picture").decode()
    image = f'<img alt="{alt}" src="data:image/png;base64,{data}">'
    display({"text/html": image, "text/plain": f"[figure: {alt}]"}, raw=True)


class Trouble(ValueError):
    """Nothing but words."""


def _hidden():
    return 1


class Scale:
    """Multiply."""

    factor = 3

    def by(self, x):
        """Multiply x."""
        return self.factor * x
''',
    "checks/ch02.py": "def answer_1(answer):\n    return None\n",
    "checks/__init__.py": '''
"""A stand-in for the exercise engine."""


class Verdict:
    def __repr__(self):
        return "Exercise: not started yet. Hint: think"


def check(number, answer):
    return Verdict()
''',
}

DRAFT = """
# %% [markdown]
# # A tiny chapter
#
# You will be able to double a number. 2 minutes. Prerequisites: none.

# %%
# Setup:

# %%
from nav_utils import show
from nav_utils.checks import check

# %% [markdown]
# Inline `code {like}` this, $\\hat{x}$ and `{so}` and `on` are no roles.
#
# <details><summary>Code of <code>show</code></summary>
#
# ```python
# # nav_utils.tiny.show
# ```
#
# </details>

# %%
def double(x):
    return 2 * x

print("twice 21 is", double(21))

# %%
show(alt="a line that rises from the left to the right")

"""

EXERCISE = """
# %% [markdown]
# ### Exercise 2.{n}: double it
#
# Write a function.

# %%
def answer_{n}(x):
    return ...

check("2.{n}", answer_{n})

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def answer_{n}(x):
#     return 2 * x
# ```
#
# </details>
"""

ENDING = """
# %% [markdown]
# ## Take-away
#
# Twice is twice.
#
# ## Where next
#
# On.
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of one good chapter, written from a script and run."""
    root = tmp_path_factory.mktemp("tiny course")
    (root / "_config.yml").write_text(CONFIG, encoding="utf-8")
    for name, source in PACKAGE.items():
        path = root / "nav_utils" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.lstrip("\n"), encoding="utf-8")
    (root / "notebooks").mkdir()
    script = root / "draft.py"
    exercises = "".join(EXERCISE.format(n=n) for n in (1, 2, 3))
    script.write_text(DRAFT + exercises + ENDING, encoding="utf-8")
    chapter = root / "notebooks" / "02_tiny.ipynb"
    assert notebooks.from_script(script, chapter, root)
    assert notebooks.run(chapter, root)
    return root


@pytest.fixture(scope="module")
def good(course):
    return course / "notebooks" / "02_tiny.ipynb"


@pytest.fixture
def spoiled(course, good):
    """Store the good chapter with one change beside it; taken away again after the test."""
    path = good.with_name("02_spoiled.ipynb")

    def store(change):
        notebook = copy.deepcopy(nbformat.read(good, as_version=4))
        notebook.cells[0].source = notebook.cells[0].source.replace("02_tiny", "02_spoiled")
        change(notebook.cells)
        nbformat.write(notebook, path)
        return path

    yield store
    path.unlink(missing_ok=True)


def rules(findings):
    return {finding.rule for finding in findings}


def cell_with(cells, words):
    return next(cell for cell in cells if words in cell.source)


# Changes to the cells, each by one hand.


def edit(words, old, new, count=-1):
    def change(cells):
        cell = cell_with(cells, words)
        assert old in cell.source
        cell.source = cell.source.replace(old, new, count)

    return change


def set_output(words, **data):
    def change(cells):
        cell_with(cells, words).outputs = [nbformat.v4.new_output("display_data", data)]

    return change


def set_stream(words, text, name="stdout"):
    def change(cells):
        output = nbformat.v4.new_output("stream", name=name, text=text)
        cell_with(cells, words).outputs = [output]

    return change


def set_error(cells):
    error = {"ename": "ValueError", "evalue": "no", "traceback": ["ValueError: no"]}
    cell_with(cells, "twice 21").outputs = [nbformat.v4.new_output("error", **error)]


def unexecute(cells):
    for cell in cells:
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []


def swap_counts(cells):
    first, second = [c for c in cells if c.cell_type == "code"][1:3]
    first.execution_count, second.execution_count = 3, 2


def drop_outputs(cells):
    cell_with(cells, "twice 21").outputs = []


def drop_cell(words):
    def change(cells):
        cells.remove(cell_with(cells, words))

    return change


def add_prose(words):
    return lambda cells: cells.insert(3, nbformat.v4.new_markdown_cell(words))


def add_code(cells, source):
    """Append a code cell that has been run and displays nothing."""
    count = sum(cell.cell_type == "code" for cell in cells) + 1
    cells.append(nbformat.v4.new_code_cell(source, execution_count=count))


def code(source):
    return lambda cells: add_code(cells, source)


def picture(html):
    return set_output("rises", **{"text/html": html})


LONG_ALT = "a line that rises from the left to the right"
SPOILED = {
    "unexecuted": (unexecute, {"executed"}),
    "one cell unexecuted": (
        lambda cells: cell_with(cells, "import show").update(execution_count=None),
        {"executed"},
    ),
    "counts out of order": (swap_counts, {"executed"}),
    "first count is not 1": (
        lambda cells: cell_with(cells, "# Setup").update(execution_count=7),
        {"executed"},
    ),
    "stored error": (set_error, {"error"}),
    "stderr": (set_stream("twice 21", "a warning", "stderr"), {"stderr"}),
    "empty output": (set_stream("twice 21", " \n"), {"empty-output"}),
    "output deleted": (drop_outputs, {"empty-output"}),
    "bare picture": (set_output("rises", **{"image/png": "iVBO"}), {"bare-picture"}),
    "figure object": (
        set_output("rises", **{"text/plain": "<Figure size 640x480 with 1 Axes>"}),
        {"bare-picture"},
    ),
    "no alt text": (picture('<img src="data:image/png;base64,AAAA">'), {"alt"}),
    "short alt text": (picture('<img alt="a plot" src="data:image/png;base64,AA">'), {"alt"}),
    "prose picture without alt": (add_prose("![](data:image/png;base64,AAAA)"), {"alt"}),
    "picture of another host": (
        picture(f'<img alt="{LONG_ALT}" src="https://example.org/a.png">'),
        {"foreign-picture"},
    ),
    "script of another host": (
        add_prose('<script src="https://example.org/a.js"></script>'),
        {"foreign-picture"},
    ),
    "picture beside the notebook": (
        add_prose(f"![{LONG_ALT}](images/a.png)"),
        {"foreign-picture"},
    ),
    "directive": (add_prose("```{note}\nWords.\n```"), {"directive"}),
    "colon directive": (add_prose(":::{note}\nWords.\n:::"), {"directive"}),
    "indented directive": (add_prose("- a\n\n  ```{math}\n  x\n  ```"), {"directive"}),
    "role": (add_prose("See {ref}`there`."), {"directive"}),
    "role after code": (add_prose("Use `x` and {doc}`there`."), {"directive"}),
    "target": (add_prose("(here)=\n## Here"), {"directive"}),
    "equation label": (add_prose("$$x$$ (eq-one)"), {"directive"}),
    "comment": (add_prose("% to do\n\nWords."), {"directive"}),
    "too large": (set_stream("twice 21", "x" * 1_500_000), {"size"}),
    "cell too long": (code("\n".join(["x = 1"] * 41)), {"length"}),
    "line too long": (code("x = '" + "x" * 100 + "'"), {"length"}),
    "line too long in a folded block": (
        add_prose("```python\nx = '" + "x" * 100 + "'\n```"),
        {"length"},
    ),
    "setup cell altered": (edit("# Setup", "--quiet", "--upgrade"), {"setup"}),
    "setup cell of another address": (edit("# Setup", "someone", "nobody"), {"setup"}),
    "setup cell missing": (drop_cell("# Setup"), {"setup", "executed"}),
    "badge of another notebook": (edit("# A tiny", "02_spoiled", "03_other"), {"badge"}),
    "badge of another address": (edit("# A tiny", "someone", "nobody"), {"badge"}),
    "no title": (edit("# A tiny", "# A tiny", "A tiny"), {"badge"}),
    "no objectives": (edit("# A tiny", "You will be able", "You can"), {"sections"}),
    "no minutes": (edit("# A tiny", "2 minutes", "soon"), {"sections"}),
    "no prerequisites": (edit("# A tiny", "Prerequisites: none.", ""), {"sections"}),
    "no take-away": (edit("Take-away", "## Take-away", "## Words"), {"sections"}),
    "nowhere next": (edit("Where next", "## Where next", "## End"), {"sections"}),
    "two exercises": (drop_cell("### Exercise 2.3"), {"exercises"}),
    "exercise of another chapter": (
        edit("### Exercise 2.3", "2.3", "3.3"),
        {"exercises"},
    ),
    "stub without a solution": (
        edit("answer_2(x):\n    return 2", "Solution", "Answer"),
        {"exercises"},
    ),
    "solution of another name": (
        edit("answer_2(x):\n    return 2", "answer_2", "answer_9"),
        {"exercises"},
    ),
    "two solutions": (
        edit("answer_2(x):\n    return 2", "```\n", "```\n\n```python\nanswer_2 = 2\n```\n", 1),
        {"exercises"},
    ),
    "no hint": (edit("answer_2(x):\n    return 2", "Hint", "Help"), {"exercises"}),
    "exercise without its check": (
        lambda cells: cell_with(cells, 'check("2.2"').update(source="1", outputs=[]),
        {"exercises"},
    ),
    "check of another number": (edit('check("2.2"', '"2.2"', '"2.1"'), {"exercises"}),
    "check of an expression": (
        edit('check("2.2"', 'check("2.2", answer_2)', 'check("2.2", answer_2(1))'),
        {"exercises"},
    ),
    "stored verdict of a solution": (
        set_output('check("2.2"', **{"text/plain": "Exercise 2.2: right."}),
        {"exercises"},
    ),
    "stray check": (
        lambda cells: cells.insert(
            len(cells) - 1, cells.pop(cells.index(cell_with(cells, 'check("2.2"')))
        ),
        {"exercises", "executed"},
    ),
    "path of a machine": (add_prose("Open /home/someone/x."), {"machine"}),
    "path in an output": (set_stream("twice 21", "read /tmp/tmp1/a.npy"), {"machine"}),
    "address in an output": (set_stream("twice 21", "<A at 0x7f00112233>"), {"machine"}),
    "outputs not compared": (edit("twice 21", "def", "# NBVAL_IGNORE_OUTPUT\ndef"), {"ignored"}),
    "folded code is stale": (edit("Code of", "display(", "print("), {"folded"}),
    "folded code of nothing": (edit("Code of", "tiny.show", "tiny.no"), {"folded", "shown"}),
    "folded code missing": (drop_cell("Code of"), {"shown"}),
    "helper unlike the package's": (edit("twice 21", "2 * x", "x + x"), {"copy"}),
}


def test_the_good_chapter_has_no_finding(course, good):
    assert notebooks.lint_files([good], course) == []


@pytest.mark.parametrize("fault", SPOILED)
def test_lint_finds(fault, spoiled, course):
    change, expected = SPOILED[fault]
    path = spoiled(change)
    found = notebook_lint.lint(path, course) + notebook_lint.lint_course([path], course)
    assert rules(found) == expected, [str(f) for f in found]


HARMLESS = {
    "nothing": lambda cells: None,
    "a picture whose data look like a path": picture(
        f'<img alt="{LONG_ALT}" src="data:image/png;base64,/tmp/AAAA">'
    ),
    "a function called like one of the package's own": code("def _hidden():\n    return 2"),
    "a solution with a comment": edit("answer_2(x):\n    return 2", "def", "# Twice.\ndef"),
    "a solution that is a value": edit(
        "answer_2(x):\n    return 2", "def answer_2(x):\n    return", "answer_2 ="
    ),
    "an exercise of several cells": lambda cells: cells.insert(
        cells.index(cell_with(cells, 'check("2.2"')), nbformat.v4.new_markdown_cell("A *word*.")
    ),
}


@pytest.mark.parametrize("change", HARMLESS)
def test_lint_leaves_alone(change, spoiled, course):
    path = spoiled(HARMLESS[change])
    assert notebook_lint.lint(path, course) == []
    assert notebook_lint.lint_course([path], course) == []


def test_every_rule_has_been_seen_red():
    seen = set().union(*(expected for _, expected in SPOILED.values()))
    assert seen == {*notebook_lint.RULES, "shown"}


def test_a_variant_on_purpose_is_allowed(spoiled, course):
    path = spoiled(edit("twice 21", "return 2 * x", "# a variant on purpose\n    return x + x"))
    assert notebook_lint.lint(path, course) == []


def test_a_helper_may_be_shown_in_an_earlier_chapter_only(spoiled, course, good):
    path = spoiled(drop_cell("Code of"))
    assert rules(notebooks.lint_files([path], course)) == {"shown"}  # it comes before 02_tiny
    assert notebooks.lint_files([good], course) == []
    later = path.rename(path.with_name("03_later.ipynb"))
    try:
        assert notebook_lint.lint_course([good, later], course) == []
        assert "shown" not in rules(notebooks.lint_files([later], course))
    finally:
        later.unlink()


def test_one_method_shows_its_class(spoiled, course):
    use = code("from nav_utils.tiny import Scale\nScale().by(2)")
    assert "shown" in rules(notebook_lint.lint_course([spoiled(use)], course))
    folded = "<details>\n\n```python\n# nav_utils.tiny.Scale.by\n```\n\n</details>"

    def shown(cells):
        cells.insert(2, nbformat.v4.new_markdown_cell(folded))
        use(cells)

    assert notebook_lint.lint_course([spoiled(shown)], course) == []


@pytest.mark.parametrize(
    "source",
    [
        "from nav_utils.tiny import Scale",
        "from nav_utils import tiny\ntiny.Scale().by(2)",
        "import nav_utils.tiny as t\nt.Scale().by(2)",
        "import nav_utils.tiny\nnav_utils.tiny.Scale().by(2)",
    ],
)
def test_every_way_of_using_a_helper_is_seen(source, spoiled, course):
    path = spoiled(code(source))
    (finding,) = notebook_lint.lint_course([path], course)
    assert "uses nav_utils.tiny.Scale" in finding.message


def test_a_change_in_the_package_makes_both_kinds_of_copy_stale(course, good):
    module = course / "nav_utils" / "tiny.py"
    before, stored = module.read_bytes(), good.read_bytes()
    module.write_bytes(before.replace(b"2 * x", b"x * 2").replace(b"{data}", b"{data!s}"))
    try:
        assert rules(notebooks.lint_files([good], course)) == {"folded", "copy"}
        assert notebooks.sync(good, course)
        assert rules(notebooks.lint_files([good], course)) == {"copy"}
    finally:
        module.write_bytes(before)
        good.write_bytes(stored)


# What run, sync and the scripts do to a file.


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
    path = tmp_path / "09_twice.ipynb"
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
