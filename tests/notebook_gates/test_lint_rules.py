"""Every gate on the notebooks turns red on a small chapter with one thing wrong, and only then."""

from pathlib import PurePosixPath

import nbformat
import pytest
from changes import (
    add_prose,
    cell_with,
    code,
    drop_cell,
    drop_outputs,
    edit,
    picture,
    set_error,
    set_output,
    set_stream,
    swap_counts,
    unexecute,
)

from tools import notebook_lint, notebooks


def rules(findings):
    return {finding.rule for finding in findings}


SCRATCH = PurePosixPath("/", "tmp", "AAAA")
LONG_ALT = "a line that rises from the left to the right"


def in_short(name, link="The rest: [Reference](../book/api/models.md).", lines=2):
    block = f"```python\n# {name}, in short\n" + "pass\n" * lines + "```"
    return add_prose(f"{block}\n\n{link}")


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
    "path in an output": (set_stream("twice 21", f"read {SCRATCH}"), {"machine"}),
    "address in an output": (set_stream("twice 21", "<A at 0x7f00112233>"), {"machine"}),
    "outputs not compared": (edit("twice 21", "def", "# NBVAL_IGNORE_OUTPUT\ndef"), {"ignored"}),
    "folded code is stale": (edit("Code of", "display(", "print("), {"folded"}),
    "folded code of nothing": (edit("Code of", "tiny.show", "tiny.no"), {"folded", "shown"}),
    "folded code missing": (drop_cell("Code of"), {"shown"}),
    "nothing of that name in short": (in_short("nav_utils.tiny.no"), {"short"}),
    "in short without a link to the rest": (in_short("nav_utils.tiny.show", link=""), {"short"}),
    "in short and long": (in_short("nav_utils.tiny.show", lines=17), {"short"}),
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
        f'<img alt="{LONG_ALT}" src="data:image/png;base64,{SCRATCH}">'
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


def test_what_is_shown_in_short_is_shown(spoiled, course):
    def shown(cells):
        code("from nav_utils.tiny import Scale\nScale().by(2)")(cells)
        in_short("nav_utils.tiny.Scale")(cells)

    path = spoiled(shown)
    assert notebook_lint.lint(path, course) == []
    assert "shown" not in rules(notebook_lint.lint_course([path], course))


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
