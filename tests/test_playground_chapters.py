"""The chapters that hold a playground: its preset, the words that set others, the diagrams."""

import base64
import functools
import html
import json
import re

import nbformat
import pytest

from nav_utils.playground.page import preset_settings, presets
from nav_utils.playground.state import expect_settings, in_page, trait_of
from tests.chapter_outputs import ROOT

# Of each chapter: the figure's name, and the preset that it begins with.
FIGURES = {
    "02": ("plain", "plain"),
    "03": ("variational", "variational"),
    "04": ("game", "adversarial"),
    "05": ("broken", "two-optimisers"),
    "06": ("exact", "ring"),
    "08": ("bench", "adversarial"),
}
SET_BY_WORDS = {
    "05": {"two-optimisers", "lambda-huge", "no-penalty", "with-penalty"},
    "06": {"ring-penalty"},
}
DIAGRAMS = {"02": "plain", "03": "variational", "04": "adversarial"}
DIV = re.compile(r'<div class="nav-playground" id="([^"]+)" .*?data-state="([^"]+)"')
WORDS = re.compile(r'<span class="nav-preset" data-explorer="([^"]+)" data-preset="([^"]+)">')


@functools.cache
def cells(chapter):
    (path,) = (ROOT / "notebooks").glob(f"{chapter}_*.ipynb")
    return nbformat.read(path, as_version=4).cells


def figure_of(chapter):
    """The place of the one cell that shows a playground, the figure's name and its settings."""
    found = [
        (n, *match.groups())
        for n, cell in enumerate(cells(chapter))
        for output in cell.get("outputs", [])
        for match in DIV.finditer(output.get("data", {}).get("text/html", ""))
    ]
    assert len(found) == 1, f"chapter {chapter} shows {len(found)} playgrounds, expected 1"
    place, name, state = found[0]
    return place, name, json.loads(html.unescape(state))


@pytest.mark.parametrize("chapter", FIGURES)
def test_a_chapter_holds_its_playground_with_a_question_and_an_answer(chapter):
    place, name, state = figure_of(chapter)
    wanted, preset = FIGURES[chapter]
    usual = {trait_of(key): value for key, value in preset_settings(preset).items()}
    assert name == wanted
    assert state == in_page(expect_settings(usual))
    before, after = (cells(chapter)[place + step].source for step in (-1, 1))
    assert before.count("**Predict.**") == 1 and "**Play**" in before
    assert after.startswith("<details><summary>Answer</summary>")


@pytest.mark.parametrize("chapter", FIGURES)
def test_words_set_presets_of_the_chapters_figure(chapter):
    prose = "\n".join(c.source for c in cells(chapter) if c.cell_type == "markdown")
    found = WORDS.findall(prose)
    assert {preset for _, preset in found} == SET_BY_WORDS.get(chapter, set())
    assert {name for name, _ in found} <= {FIGURES[chapter][0]}
    assert {preset for _, preset in found} <= set(presets())


def test_chapter_04_opens_with_it():
    first_code = [n for n, cell in enumerate(cells("04")) if cell.cell_type == "code"]
    assert figure_of("04")[0] == first_code[1]  # the first one is the setup


@pytest.mark.parametrize("chapter", DIAGRAMS)
def test_the_diagram_of_one_step_is_the_one_that_the_figure_draws(chapter):
    file = ROOT / "book" / "figures" / f"step_{DIAGRAMS[chapter]}.svg"
    source = f'src="data:image/svg+xml;base64,{base64.b64encode(file.read_bytes()).decode()}"'
    found = [n for n, cell in enumerate(cells(chapter)) if source in cell.source]
    assert len(found) == 1
    (code,) = (cells(chapter)[n + 1].source for n in found)
    assert re.search(r"^def \w+_step\(", code, re.MULTILINE), "it stands before the step's code"
