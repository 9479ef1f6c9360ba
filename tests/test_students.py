"""Students' copies hold no solution and run; the teacher's copies hold every note."""

import ast
import re

import nbformat
import pytest
from nbclient import NotebookClient

from tools import notebook_exercises, notebooks, students

CHAPTERS = notebooks.chapters()
by_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=[path.stem[:2] for path in CHAPTERS])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Both sets, as `make students` writes them, by name and file."""
    sets = students.write_sets(tmp_path_factory.mktemp("sets"))
    return {
        name: {path.name: nbformat.read(path, as_version=4) for path in paths}
        for name, paths in sets.items()
    }


PREAMBLE = (ast.FunctionDef, ast.Import, ast.ImportFrom)


def squeezed(text):
    return re.sub(r"\s+", "", text)


def text_of(notebook):
    """All that a reader of the file could find."""
    return "\n".join(cell.source for cell in notebook.cells) + str(
        [cell.get("outputs") for cell in notebook.cells]
    )


def statements(code):
    """The statements of a solution's functions: what a student has to find."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.stmt) and not isinstance(node, PREAMBLE):
            yield squeezed(ast.get_source_segment(code, node))


@by_chapter
def test_no_solution_is_left(path, written):
    exercises = notebook_exercises.find(notebooks.read(path).cells)
    copy = written["students"][path.name]
    text = squeezed(text_of(copy))
    assert len(exercises) >= 3
    assert "<summary>Solution" not in text_of(copy)
    start = text.rindex("Exercise" + exercises[0].number)
    for exercise in exercises:
        (solution,) = exercise.solutions
        body, given = squeezed(solution.partition("\n")[2]), squeezed(exercise.stub)
        assert len(body) > 10
        assert body not in text, exercise.number  # nor does it stand above
        told = [s for s in statements(solution) if len(s) > 12 and s not in given]
        left = [statement for statement in told if statement in text[start:]]
        assert len(left) <= 1, exercise.number  # a hint may say one line


@by_chapter
def test_answers_are_empty_hints_are_folded_and_the_rest_is_the_chapter(path, written):
    chapter, copy = notebooks.read(path), written["students"][path.name]
    code = [[c.source for c in n.cells if c.cell_type == "code"] for n in (chapter, copy)]
    assert code[0] == code[1]  # what the tests of the chapters run, with the same checkers
    assert all(not c.outputs for c in copy.cells if c.cell_type == "code")
    exercises = notebook_exercises.find(copy.cells)
    assert all("..." in exercise.stub and exercise.hint for exercise in exercises)
    assert [e.number for e in exercises] == [
        e.number for e in notebook_exercises.find(chapter.cells)
    ]
    assert "Open in Colab" not in copy.cells[0].source  # that one has the solutions
    assert students.headings(copy) == students.headings(chapter)


def test_a_copy_runs_and_its_checkers_are_live(written):
    """The setup, the imports and the exercises of one chapter, in a kernel."""
    copy = written["students"]["00_first_voyage.ipynb"]
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    answers = [cell for cell in code if notebook_exercises.checked(cell.source)]
    copy.cells = [*code[:2], *answers]
    wrong = answers[1]
    wrong.source = wrong.source.replace("return ...", "return len(codes)")
    NotebookClient(copy, timeout=60, kernel_name="python3").execute()
    said = [cell.outputs[0]["data"]["text/plain"] for cell in answers]
    assert "not started yet" in said[0] and "not started yet" in said[2]
    assert "Exercise 0.2" in said[1] and "not started" not in said[1] and "right" not in said[1]


def test_a_folded_block_within_another_is_refused():
    """Else its end would be taken for the end of the solution."""
    inner = "<details><summary>Hint</summary>x</details>"
    with pytest.raises(ValueError, match="within another"):
        students.without_solutions(f"<details><summary>Solution</summary>{inner}y</details>")


def test_nothing_of_an_earlier_run_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "chapters", lambda root: CHAPTERS[:1])
    old = tmp_path / "students" / "99_renamed.ipynb"
    old.parent.mkdir()
    old.write_text("{}")
    assert students.main(["--out", str(tmp_path)]) == 0
    assert not old.exists() and len(list(tmp_path.rglob("*.ipynb"))) == 2


# ---- the teacher's set --------------------------------------------------------------------------

UNNOTED = {"Exercises", "Take-away", "Where next", "Quiz"}


@by_chapter
def test_every_section_has_a_note_and_it_stands_below_its_heading(path, written):
    notes, copy = students.notes_of(path), written["teacher"][path.name]
    sections = [
        students.plain(match[2])
        for cell in notebooks.read(path).cells
        if cell.cell_type == "markdown"
        for match in students.HEADING.finditer(re.sub(r"```.*?```", "", cell.source, flags=re.S))
        if match[1] == "##"
    ]
    assert set(sections) - UNNOTED <= set(notes)
    for kind in students.NOTES:
        assert any(kind in note for note in notes.values()), f"nothing on {kind}"
    text = text_of(copy)
    for heading, note in notes.items():
        place = re.search(rf"^#+ (\d+\. )?{re.escape(heading)}\n\n> \*\*For the t", text, re.M)
        assert place, heading
        for words in note.values():
            assert " ".join(words.split()) in text[place.start() :][:2000], heading
    assert "<summary>Solution" in text


def test_a_chapter_without_notes_is_copied_as_it_is(tmp_path):
    (tmp_path / "notebooks").mkdir()
    path = tmp_path / "notebooks" / CHAPTERS[0].name
    path.write_bytes(CHAPTERS[0].read_bytes())
    chapter = notebooks.read(path)
    assert students.notes_of(path, tmp_path) == {}
    assert students.teacher_copy(chapter, {}).cells == chapter.cells


@pytest.mark.parametrize(
    ("notes", "said"),
    [("No such heading:\n  ask: x\n", "no heading"), ("The map:\n  mood: x\n", "expected some")],
)
def test_a_note_without_its_section_is_an_error(notes, said, tmp_path):
    folder = tmp_path / "book" / "teach" / "notes"
    folder.mkdir(parents=True)
    (folder / "00.yml").write_text(notes)
    with pytest.raises(ValueError, match=said):
        students.notes_of(CHAPTERS[0], tmp_path)
