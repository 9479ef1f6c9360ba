"""The quiz of a chapter: written once in book/quizzes/NN.yml, shown everywhere as folded options.

Each option is a `<details>`: a click or a tap on it says why it is right or wrong. That needs no
kernel and no script, so the same Markdown serves Jupyter, Colab, the book, a phone and the slides;
on paper the options stand folded, and the answers are on a page of their own.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import yaml

from tools.notebook_exercises import chapter_number
from tools.notebook_text import ROOT

QUESTIONS, FEWEST, MOST = 4, 3, 4  # questions of a quiz; options of a question
HEADING = "## Quiz"
WRITTEN = re.compile(r"^## Quiz\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BEFORE = re.compile(r"^(?=## (?:\d+\. )?Exercises$)", re.MULTILINE)
LEAD = "Four questions. Choose an option, then click on it: it says why it is right or wrong."


class Option(NamedTuple):
    """An option, whether it is right, and one sentence that says why."""

    text: str
    right: bool
    because: str


class Question(NamedTuple):
    ask: str
    options: list[Option]


def quiz_file(path: Path, root: Path = ROOT) -> Path:
    """Where the quiz of a chapter is written, whether or not it has one."""
    return root / "book" / "quizzes" / f"{chapter_number(path):02d}.yml"


def read_quiz(file: Path) -> list[Question]:
    """The questions of a quiz.

    Raises:
        ValueError: if there are not four questions, or if one has not exactly one right option,
            three or four options, and a reason for each.
    """
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(found, list) or len(found) != QUESTIONS:
        raise ValueError(f"{file.name}: expected a list of {QUESTIONS} questions")
    return [_question(entry, f"{file.name}, question {n}") for n, entry in enumerate(found, 1)]


def _question(entry: Any, place: str) -> Question:
    if not isinstance(entry, dict) or set(entry) != {"ask", "options"}:
        raise ValueError(f"{place}: expected `ask` and `options`, got {entry!r}")
    options = [_option(option, place) for option in entry["options"]]
    if not FEWEST <= len(options) <= MOST or sum(option.right for option in options) != 1:
        raise ValueError(f"{place}: expected {FEWEST} or {MOST} options, one of them right")
    return Question(one_line(entry["ask"]), options)


def _option(entry: Any, place: str) -> Option:
    kinds = {"right", "wrong"} & set(entry)
    if not isinstance(entry, dict) or len(kinds) != 1 or set(entry) != kinds | {"because"}:
        raise ValueError(f"{place}: expected `right` or `wrong`, and `because`, got {entry!r}")
    (kind,) = kinds
    return Option(one_line(entry[kind]), kind == "right", one_line(entry["because"]))


def one_line(words: object) -> str:
    return " ".join(str(words).split())


def letter(place: int) -> str:
    return "ABCD"[place]


def markdown(questions: list[Question]) -> str:
    """The quiz as Markdown that Jupyter, Colab and the book all render."""
    return "\n\n".join([HEADING, LEAD, *(asked(n, q) for n, q in enumerate(questions, 1))])


def asked(number: int, question: Question) -> str:
    """One question, each option folded over its reason."""
    blocks = [f"**{number}.** {question.ask}"]
    for place, (text, right, because) in enumerate(question.options):
        blocks += [
            f"<details><summary>{letter(place)}. {html.escape(text, quote=False)}</summary>",
            f"{'**Right.**' if right else '**No.**'} {because}",
            "</details>",
        ]
    return "\n\n".join(blocks)


def answers(questions: list[Question]) -> str:
    """A key for paper: the right letters with their reasons."""
    lines = []
    for number, question in enumerate(questions, 1):
        place = [option.right for option in question.options].index(True)
        lines.append(f"{number}. **{letter(place)}.** {question.options[place].because}")
    return "\n".join(lines)


def fill_quiz(notebook: Any, path: Path, root: Path = ROOT) -> None:
    """Write the quiz into a chapter: in its place, or before the exercises; none without a file."""
    file = quiz_file(path, root)
    if not file.is_file():
        return
    text = markdown(read_quiz(file)) + "\n\n"
    cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    for place in (WRITTEN, BEFORE):
        for cell in cells:
            if place.search(cell.source):
                cell.source = place.sub(lambda _: text, cell.source, count=1).rstrip()
                return
    raise ValueError(f"{path.name}: has a quiz and no heading `## Exercises` to put it before")


def sheet(questions: list[Question]) -> str:
    """The questions for paper: options with a box to tick, and no answer."""
    lines = []
    for number, question in enumerate(questions, 1):
        lines += [f"**{number}.** {question.ask}", ""]
        for place, option in enumerate(question.options):
            lines.append(f"- ☐ {letter(place)}. {option.text}")
        lines.append("")
    return "\n".join(lines)


def every_quiz(root: Path = ROOT) -> dict[str, list[Question]]:
    """All quizzes, by the title of their chapter."""
    found = {}
    for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        file = quiz_file(path, root)
        if file.is_file():
            first = nbformat.read(path, as_version=4).cells[0].source
            found[first.partition("\n")[0].removeprefix("# ")] = read_quiz(file)
    return found
