"""Two copies of every chapter: for students, without solutions, and for the teacher, with notes.

python tools/students.py            # writes _build/students and _build/teacher
python tools/students.py --out DIR  # or into DIR/students and DIR/teacher

In a student's copy the answers are empty, the hints are folded, the checkers are live, and no
output is stored, so that nobody reads a result before the prediction. The teacher's copy is the
chapter as it stands, with what book/teach/notes/NN.yml says below each heading.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import yaml

if __package__ in (None, ""):  # called as a script: find the modules beside this one
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import notebooks
from tools.notebook_exercises import SOLUTION, chapter_number
from tools.notebook_text import BADGE_LINE, ROOT

FOLDED = re.compile(r"<details>\s*<summary>(.*?)</summary>.*?</details>\s*", re.DOTALL)
HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)
NOTES = ("wrong", "ask", "skip")
WORDS = {"wrong": "People get wrong", "ask": "Ask", "skip": "Skip"}
STUDENTS, TEACHER = "students", "teacher"


def without_solutions(markdown: str) -> str:
    """A markdown cell without its folded solutions; hints and other folded text stay."""

    def kept(block: re.Match[str]) -> str:
        if "<details" in block[0][len("<details") :]:
            raise ValueError(f"a folded block within another: {block[0][:80]!r}")
        return "" if f"<summary>{block[1]}</summary>" == SOLUTION else block[0]

    return FOLDED.sub(kept, markdown).strip()


def student_copy(notebook: Any) -> Any:
    """A chapter to work in: no solution, no output, no link to the chapter with both."""
    copy = nbformat.from_dict(notebook)
    cells = []
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = BADGE_LINE.sub("", without_solutions(cell.source), count=1).strip()
        elif cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if cell.source.strip():
            cells.append(cell)
    copy.cells = cells
    return copy


def headings(notebook: Any) -> list[str]:
    """The headings of a chapter in order, without those in code, and without their numbers."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"^```.*?^```", "", cell.source, flags=re.MULTILINE | re.DOTALL)
            found += [plain(match[2]) for match in HEADING.finditer(prose)]
    return found


def plain(heading: str) -> str:
    """A heading without its number: "5. The loop" is "The loop"."""
    return re.sub(r"^\d+\. ", "", heading).strip()


def notes_of(path: Path, root: Path = ROOT) -> dict[str, dict[str, str]]:
    """The notes of a chapter by heading, each with some of `wrong`, `ask` and `skip`.

    A chapter without a file of notes has none. ValueError for a heading that the chapter has not.
    """
    file = root / "book" / "teach" / "notes" / f"{chapter_number(path):02d}.yml"
    if not file.is_file():
        return {}
    notes = yaml.safe_load(file.read_text(encoding="utf-8"))
    there = headings(notebooks.read(path))
    for heading, note in notes.items():
        if heading not in there:
            raise ValueError(f"{file.name}: {path.name} has no heading {heading!r}")
        if not note or not set(note) <= set(NOTES):
            raise ValueError(f"{file.name}: {heading!r}: expected some of {NOTES}, got {note}")
    return notes


def shown(note: dict[str, str]) -> str:
    """A note as a quotation below its heading."""
    lines = [f"> *{WORDS[kind]}:* {' '.join(note[kind].split())}" for kind in NOTES if kind in note]
    return "\n>\n".join(["> **For the teacher**", *lines])


def table(notes: dict[str, dict[str, str]]) -> str:
    """The notes of a chapter as a table, a section in each row."""
    head = ["section", *(WORDS[kind].lower() for kind in NOTES)]
    rows = [
        [heading, *(" ".join(note.get(kind, "").split()) for kind in NOTES)]
        for heading, note in notes.items()
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(c.replace("|", r"\|") for c in line) + " |" for line in lines
    )


def teacher_copy(notebook: Any, notes: dict[str, dict[str, str]]) -> Any:
    """A chapter as it stands, each note below its heading."""
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        if cell.cell_type != "markdown":
            continue
        for heading in HEADING.findall(cell.source):
            line, name = " ".join(heading), plain(heading[1])
            if name in notes:
                with_note = f"{line}\n\n{shown(notes[name])}\n"
                cell.source = cell.source.replace(line, with_note, 1)
    return copy


def write_sets(out: Path, root: Path = ROOT) -> dict[str, list[Path]]:
    """Write both sets afresh; the paths by set.

    Raises:
        ValueError: for a solution that was not taken out, and for notes without their heading.
    """
    copies: dict[str, list[tuple[str, Any]]] = {STUDENTS: [], TEACHER: []}
    for path in notebooks.chapters(root):
        notebook = notebooks.read(path)
        copies[STUDENTS].append((path.name, student_copy(notebook)))
        copies[TEACHER].append((path.name, teacher_copy(notebook, notes_of(path, root))))
    written: dict[str, list[Path]] = {}
    for name, made in copies.items():
        folder = out / name
        if folder.exists():  # of a chapter that was renamed nothing is to stay behind
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        written[name] = [folder / file for file, _ in made]
        for file, notebook in made:
            nbformat.write(notebook, folder / file)
    return written


def main(arguments: list[str] | None = None) -> int:
    """Write the copies and say where they are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "_build", metavar="DIR")
    given = parser.parse_args(arguments)
    for paths in write_sets(given.out).values():
        print(f"{len(paths)} chapters in {paths[0].parent}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
