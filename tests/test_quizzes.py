"""The quizzes: four questions a chapter, each option says why, the same text in every place."""

import re
from html.parser import HTMLParser

import nbformat
import pytest
from markdown_it import MarkdownIt

from tools import notebook_quiz, notebooks
from tools.notebook_quiz import read_quiz

CHAPTERS = notebooks.chapters()
by_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=[path.stem[:2] for path in CHAPTERS])


class Folded(HTMLParser):
    """The (summary, text) of each folded block, and every tag that is used."""

    def __init__(self, page):
        super().__init__()
        self.blocks, self.tags, self.inside = [], set(), None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "details":
            assert not attrs, "it has to be closed at first"
            self.blocks.append({"summary": "", "text": ""})
            self.inside = "text"
        self.inside = "summary" if tag == "summary" else self.inside

    def handle_endtag(self, tag):
        self.inside = {"summary": "text", "details": None}.get(tag, self.inside)

    def handle_data(self, data):
        if self.inside:
            self.blocks[-1][self.inside] += data


@by_chapter
def test_a_chapter_has_its_quiz_and_every_option_says_why(path):
    questions = read_quiz(notebook_quiz.quiz_file(path))
    cells = nbformat.read(path, as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert text.count(notebook_quiz.markdown(questions)) == 1
    reasons = [o.because for q in questions for o in q.options]
    assert len(set(reasons)) == len(reasons)
    for question in questions:
        assert question.ask.endswith("?") and len(question.ask.split()) <= 45
        assert len({option.text for option in question.options}) == len(question.options)
        for option in question.options:
            assert 3 <= len(option.because.split()) <= 40 and option.because.endswith(".")
            assert len(re.findall(r"[.?!](?= [A-Z])", option.because)) == 0, option.because
            assert not set("$\\") & set(option.text + option.because), "formulas: in words"


@by_chapter
def test_right_options_have_no_place_of_their_own(path):
    questions = read_quiz(notebook_quiz.quiz_file(path))
    places = [[option.right for option in q.options].index(True) for q in questions]
    assert len(set(places)) >= 2


def test_options_are_folded_and_need_no_script():
    """As CommonMark, which Jupyter, Colab and the book share: no kernel, no script, no link."""
    questions = read_quiz(notebook_quiz.quiz_file(CHAPTERS[0]))
    page = MarkdownIt("commonmark").render(notebook_quiz.markdown(questions))
    found = Folded(page)
    options = [option for question in questions for option in question.options]
    assert len(found.blocks) == len(options)
    for block, option in zip(found.blocks, options, strict=True):
        assert block["summary"][3:] == option.text and block["summary"][1:3] == ". "
        verdict, _, because = block["text"].strip().partition(" ")
        assert (verdict, because) == ("Right." if option.right else "No.", option.because)
    assert found.tags == {"h2", "p", "strong", "details", "summary"}


def test_the_key_names_the_right_letter():
    questions = read_quiz(notebook_quiz.quiz_file(CHAPTERS[0]))
    assert notebook_quiz.answers(questions).splitlines()[0].startswith("1. **B.** It compares")


GOOD = "- ask: Why?\n  options:\n" + "".join(
    f"    - {kind}: {word}\n      because: So.\n"
    for kind, word in (("right", "a"), ("wrong", "b"), ("wrong", "c < d"))
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD * 3, "4 questions"),
        (GOOD * 3 + GOOD.replace("wrong: b", "right: b"), "question 4: .*one of them right"),
        (GOOD * 3 + GOOD.replace("right: a", "wrong: a"), "one of them right"),
        (GOOD * 3 + GOOD.replace("      because: So.\n", "", 1), "and `because`"),
        (GOOD * 3 + GOOD.replace("ask", "question"), "expected `ask`"),
    ],
)
def test_a_quiz_that_lacks_something_is_refused(text, said, tmp_path):
    file = tmp_path / "00.yml"
    file.write_text(text)
    with pytest.raises(ValueError, match=said):
        read_quiz(file)
    file.write_text(GOOD * 4)
    assert "C. c &lt; d" in notebook_quiz.markdown(read_quiz(file))


def test_a_changed_quiz_takes_the_place_of_the_old_one(tmp_path):
    file = tmp_path / "book" / "quizzes" / "02.yml"
    file.parent.mkdir(parents=True)
    file.write_text(GOOD * 4)
    markdown = nbformat.v4.new_markdown_cell
    notebook = nbformat.v4.new_notebook(
        cells=[markdown("# T"), markdown("end.\n\n## 8. Exercises\n\n### Exercise 2.1: x")]
    )
    path = tmp_path / "02_x.ipynb"
    for word in ("Why?", "How?"):
        file.write_text(GOOD.replace("Why?", word) * 4)
        notebook_quiz.fill_quiz(notebook, path, tmp_path)
        source = notebook.cells[1].source
        assert source.startswith("end.\n\n## Quiz\n") and source.count("## Quiz") == 1
        assert source.count(word) == 4 and source.endswith("\n\n### Exercise 2.1: x")
    before = source
    notebook_quiz.fill_quiz(notebook, path, tmp_path)
    assert notebook.cells[1].source == before
    notebook.cells = notebook.cells[:1]
    with pytest.raises(ValueError, match="no heading"):
        notebook_quiz.fill_quiz(notebook, path, tmp_path)
