"""The exercises of a chapter: heading, cell with the learner's stub, hint and solution."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tools import notebook_text as text

MIN_EXERCISES = 3

HEADING = re.compile(r"^### Exercise (\d+\.\d+): \S", re.MULTILINE)
ANY_HEADING = re.compile(r"^#{1,3} ", re.MULTILINE)
STARTS = "not started yet"  # in the verdict on a stub, nav_utils/checks
HINT = "<summary>Hint</summary>"
SOLUTION = "<summary>Solution</summary>"
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)


class Exercise(NamedTuple):
    """An exercise as a chapter states it; what is missing is None."""

    number: str
    cell: int  # of its heading, from 1
    name: str | None  # of what the learner defines
    stub: str | None  # source of the cell that ends in check("2.1", name)
    stub_cells: list[int]
    printed: str | None  # stored output of that cell; None if it has not been executed
    hint: bool
    solutions: list[str]


def chapter_number(path: Path) -> int:
    """Return 2 for `02_autoencoder.ipynb`."""
    match = re.match(r"(\d+)_", path.name)
    if match is None:
        raise ValueError(f"expected a chapter named like 02_topic.ipynb, got {path.name}")
    return int(match[1])


def checked(source: str) -> tuple[str, str | None] | None:
    """Return (number, name) of a cell that ends in check("2.1", name); None for other cells."""
    try:
        body = ast.parse(text.python_of(source)).body
    except SyntaxError:
        return None
    call = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        return None
    if call.func.id != "check" or len(call.args) != 2:
        return None
    number, answer = call.args
    if not (isinstance(number, ast.Constant) and isinstance(number.value, str)):
        return None
    return number.value, answer.id if isinstance(answer, ast.Name) else None


def find(cells: list[Any]) -> list[Exercise]:
    """Return the exercises of a chapter: each from its heading to the next heading."""
    starts = [
        (number, HEADING.search(cell.source))
        for number, cell in enumerate(cells, 1)
        if cell.cell_type == "markdown"
    ]
    return [_read(cells, number, match[1]) for number, match in starts if match]


def _read(cells: list[Any], start: int, number: str) -> Exercise:
    stubs, folded = [], [cells[start - 1].source]
    for at, cell in enumerate(cells[start:], start + 1):
        if cell.cell_type == "markdown":
            if ANY_HEADING.search(PYTHON_BLOCK.sub("", cell.source)):
                break
            folded.append(cell.source)
        elif cell.cell_type == "code" and checked(cell.source):
            stubs.append((at, cell))
    markdown = "\n\n".join(folded)
    source = stubs[0][1].source if stubs else None
    found = checked(source) if source else None
    outputs = stubs[0][1].get("outputs", []) if stubs else []
    ran = bool(stubs) and stubs[0][1].get("execution_count") is not None
    printed = "".join(str(o.get("data", {}).get("text/plain", "")) for o in outputs)
    return Exercise(
        number=number,
        cell=start,
        name=found[1] if found else None,
        stub=source,
        stub_cells=[at for at, _ in stubs],
        printed=printed if ran else None,
        hint=HINT in markdown,
        solutions=PYTHON_BLOCK.findall(markdown.partition(SOLUTION)[2]),
    )


def findings(path: Path, cells: list[Any]) -> Iterator[tuple[int | None, str]]:
    """Yield (cell, message) for every exercise that lacks a part."""
    chapter = chapter_number(path)
    found = find(cells)
    if len(found) < MIN_EXERCISES:
        yield None, f"{len(found)} exercises; at least {MIN_EXERCISES}"
    for place, exercise in enumerate(found, 1):
        yield from ((exercise.cell, m) for m in _faults(exercise, f"{chapter}.{place}"))
    owned = {at for exercise in found for at in exercise.stub_cells}
    for at, cell in enumerate(cells, 1):
        if cell.cell_type == "code" and at not in owned:
            stray = checked(cell.source)
            if stray:
                yield at, f"check({stray[0]!r}, ...) stands below no heading of an exercise"


def _faults(exercise: Exercise, expected: str) -> Iterator[str]:
    number = exercise.number
    if number != expected:
        yield f"exercise {number} should be {expected}: number them in order"
    if len(exercise.stub_cells) != 1:
        yield f"exercise {number} has {len(exercise.stub_cells)} cells ending in check(...), not 1"
    elif exercise.name is None:
        yield f"exercise {number}: the second argument of check has to be a name"
    elif exercise.stub and (checked(exercise.stub) or ("",))[0] != number:
        yield f"exercise {number}: its cell checks {(checked(exercise.stub) or ('',))[0]}"
    elif exercise.printed is not None and STARTS not in " ".join(exercise.printed.split()):
        yield f"exercise {number}: its stored verdict isn't `{STARTS}`"
    if not exercise.hint:
        yield f"exercise {number} has no {HINT}"
    if len(exercise.solutions) != 1:
        count = len(exercise.solutions)
        yield f"exercise {number} has {count} python blocks below {SOLUTION}, not 1"
    elif exercise.name and not _defines(exercise.solutions[0], exercise.name):
        yield f"exercise {number}: its solution doesn't define {exercise.name}"


def _defines(source: str, name: str) -> bool:
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    for node in body:
        if isinstance(node, text.DEFINITIONS) and node.name == name:
            return True
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {
                t.id for target in targets for t in ast.walk(target) if isinstance(t, ast.Name)
            }
            if name in names:
                return True
    return False
