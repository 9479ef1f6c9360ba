"""Slides: what goes on them, what into the notes, and that none overflows."""

import os
import re
from types import SimpleNamespace

import nbformat
import pytest

from tools import browsers, notebook_quiz, notebooks, slide_parts, slides, students

CHAPTERS = {path.name[:2]: path for path in notebooks.chapters()}
SHOWN = "01"  # looked at here; `python tools/slides.py --measure` looks at all


@pytest.fixture(scope="module")
def made():
    """The slides of every chapter."""
    found = {}
    for number, path in CHAPTERS.items():
        file = notebook_quiz.quiz_file(path)
        quiz = notebook_quiz.read_quiz(file) if file.is_file() else []
        found[number] = slide_parts.slides_of(notebooks.read(path), students.notes_of(path), quiz)
    return found


def test_the_slides_that_the_two_hours_name_are_there(made):
    text = (slides.ROOT / "book" / "teach" / "two_hours.md").read_text(encoding="utf-8")
    titles = [slide.title for slide in made["00"]]
    rows = re.findall(r"^\| (\d+) ([A-Z].+?) \|", text, re.M)
    assert [(int(n), titles[int(n) - 1]) for n, _ in rows] == [(int(n), t) for n, t in rows]
    assert [int(n) for n, _ in rows] == list(range(2, 12))
    asks = [n for n, slide in enumerate(made["00"], 1) if "Predict." in slide.body]
    assert asks == [5, 12, 15, 18]  # "slides 12 and 15", "slide 18"
    assert [n for n, title in enumerate(titles, 1) if title.startswith("Quiz")] == [20, 21, 22, 23]
    assert titles[24] == "Take-away"


def text_of(html):
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", html))


@pytest.mark.parametrize("number", CHAPTERS)
def test_figures_predictions_and_quiz_are_on_the_slides_and_solutions_are_not(number, made):
    deck, cells = made[number], notebooks.read(CHAPTERS[number]).cells
    bodies, notes = ("\n".join(getattr(s, k) for s in deck) for k in ("body", "notes"))
    text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    for source in (bodies, notes):
        assert "<summary>Solution" not in source
    cut = re.split(r"^## (?:Quiz|(?:\d+\. )?Exercises)$", text, flags=re.M)[0]
    assert bodies.count("Predict.") == cut.count("**Predict.**")
    end = next(
        i for i, c in enumerate(cells) if re.search(r"^## (?:\d+\. )?Exercises$", c.source, re.M)
    )
    pictures = [
        output["data"]["text/html"]
        for cell in cells[:end]
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    assert pictures and all(picture in bodies for picture in pictures)
    assert deck[0].title in text.splitlines()[0] and deck[-2].title == "Take-away"
    assert len(re.findall("class='options'", bodies)) in (0, 4)


def test_what_a_section_says_and_what_the_teacher_needs_is_in_the_notes(made):
    path = CHAPTERS["13"]
    notes = text_of("\n".join(slide.notes for slide in made["13"]))
    cells = [cell for cell in notebooks.read(path).cells if cell.cell_type == "markdown"]
    said = 0
    for cell in cells[1:]:
        if re.search(r"^## (Quiz|Exercises)$", cell.source, re.M):
            break
        for block in slide_parts.blocks_of(cell.source):
            if not block.startswith("#"):
                said += 1
                assert text_of(slide_parts.to_html(block)) in notes, block[:80]
    assert said > 40
    for note in students.notes_of(path).values():
        for sentence in note.values():
            assert text_of(slide_parts.to_html(sentence)) in notes


@pytest.mark.parametrize(
    ("paragraph", "sentence"),
    [
        ("The first sentence is this one. The second.", "The first sentence is this one."),
        ("It takes $a = 1.5$ or so, e. g. here. Next.", "It takes $a = 1.5$ or so, e. g. here."),
        ("We look at three of them here: *Left* is one.", "We look at three of them here."),
        ("No stop at all", "No stop at all"),
    ],
)
def test_a_section_begins_with_its_first_sentence(paragraph, sentence):
    assert slide_parts.first_sentence(paragraph) == sentence


def test_a_slide_brings_the_new_words():
    text = "A plain beginning is here. Then a dull sentence. We call it a **hole**: few codes."
    assert slide_parts.told(text, first=False) == "We call it a **hole**: few codes."
    both = "A plain beginning is here. We call it a **hole**: few codes."
    assert slide_parts.told(text, first=True) == both
    assert slide_parts.part_of("Nothing new in this paragraph.", first=False) is None


def test_the_answer_waits_for_the_prediction():
    ask, figure = slide_parts.Part("ask", 1.0, asks=True), slide_parts.Part("figure", 1.0)
    assert slide_parts.stepwise([figure, ask]) == "figure\nask"
    shown, hidden = slide_parts.stepwise([figure, ask, figure, figure]).split("<div")
    assert shown == "figure\nask\n" and hidden == ' class="fragment">\nfigure\nfigure\n</div>'
    twice = slide_parts.stepwise([ask, figure, ask, figure])
    assert twice.count("<div") == twice.count("</div>") == 2


def test_a_few_plain_words_are_no_slide_of_their_own():
    section = slide_parts.Section("One", None)
    words = slide_parts.Part("words", 1.6, spare=True)
    section.parts = [slide_parts.Part("figure", 10.0, alone=True), words]
    assert [slide.body for slide in section.slides()] == ["figure"]
    section.parts = [words]
    assert [slide.body for slide in section.slides()] == ["words"]


def test_formulas_are_left_to_mathjax_and_long_parts_get_slides_of_their_own():
    assert r"\(a_1 &lt; b_2\)" in slide_parts.to_html("$a_1 < b_2$")
    parts = [slide_parts.Part("x", 6.0)] * 5 + [slide_parts.Part("y", 1.0, alone=True)] * 2
    assert [len(group) for group in slide_parts.grouped(parts)] == [2, 2, 1, 1, 1]


@pytest.fixture(scope="module")
def browser():
    try:
        browsers.program()
    except ValueError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
    with browsers.browser() as opened:
        yield opened


def test_no_slide_overflows_and_one_that_does_is_named(browser, tmp_path):
    """Without reveal.js, which comes from an index: the sizes are those of our own style."""
    (file,) = slides.write_slides([CHAPTERS[SHOWN]], tmp_path, reveal=False)
    text = file.read_text(encoding="utf-8")
    assert "https://" not in re.sub(r"data:[^\"]+|<a [^>]+>|http://www.w3.org\S+", "", text)
    assert slides.measure(browser, file) == []
    body = '<p style="height: 3000px; width: 1400px">words</p>'
    tiny = '<p style="font-size: 9px">words</p>'
    bad = [slide_parts.Slide("Large", body, ""), slide_parts.Slide("Small", tiny, "")]
    file.write_text(slides.page("Bad", bad, reveal=False), encoding="utf-8")
    faults = slides.measure(browser, file)
    assert any("slide 1 (Large): p ends at" in fault for fault in faults)
    assert any("slide 2 (Small): letters of 9.0 pixels" in fault for fault in faults)


def test_reveal_that_cannot_be_fetched_is_told(tmp_path, monkeypatch):
    done = SimpleNamespace(returncode=1, stderr="no such host")
    monkeypatch.setattr(slides.subprocess, "run", lambda *a, **k: done)
    with pytest.raises(ValueError, match="no such host\nThis needs the package index once"):
        slides.fetch_reveal(tmp_path)


def test_a_chapter_without_quiz_and_notes_has_slides():
    cells = [
        nbformat.v4.new_markdown_cell("# T\n\n**You will be able to**\n- x;"),
        nbformat.v4.new_markdown_cell("## One\n\nA sentence that is long enough. More."),
        nbformat.v4.new_markdown_cell("## Take-away\n\nKeep it."),
    ]
    deck = slide_parts.slides_of(nbformat.v4.new_notebook(cells=cells), {}, [])
    assert [slide.title for slide in deck][:2] == ["T", "One"] and "More" in deck[1].notes
