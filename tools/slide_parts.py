"""What of a chapter goes on which slide, and what into the speaker notes.

On the slides: headings, the first sentence of a section, each sentence that brings a new word,
predictions, experiments, formulas of their own line, tables, lists, figures, printed outputs and
short code. What follows a prediction on its slide waits for one more press of a key. In the notes:
the chapter's whole text, the folded answers, and the teacher's notes of book/teach/notes.
"""

from __future__ import annotations

import base64
import html
import math
import re
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tools.notebook_exercises import HEADING as EXERCISE
from tools.notebook_exercises import checked
from tools.notebook_lint import is_setup, texts_of
from tools.notebook_quiz import Question, letter
from tools.students import FOLDED, HEADING, plain, shown

ROOM = 14.0  # lines of running text on a slide
LINE = 40.5  # pixels of such a line
FIGURE_WIDTH, FIGURE_HEIGHT = 1184.0, 430.0  # pixels, as deck.css has them
LIVE = ("nav-explorer", "nav-playground")
COLUMNS = 76  # letters in such a line
CODE_LINES, OUTPUT_LINES = 20, 16  # more go to the notes, or on a slide of their own
PREDICTION = "**Predict"
LEAST = 2.5  # lines; a slide of running text has more, or its text stays in the notes
MARKS = (PREDICTION, "**Try", "**Expected", "**Happened", "**Why", "**Repair")
IMPORT = re.compile(r"^(?:import|from) .*\n?", re.MULTILINE)  # what nobody reads on a wall
PULSE = "What did you expect that did not happen?", "Which one sentence should be said again?"


class Part(NamedTuple):
    """Something to show.

    Attributes:
        html: what is shown.
        lines: how many lines it takes.
        alone: it wants a slide of its own.
        asks: it is a prediction, and what follows is the answer.
        spare: it says too little to be a slide.
    """

    html: str
    lines: float
    alone: bool = False
    asks: bool = False
    spare: bool = False


class Slide(NamedTuple):
    title: str
    body: str
    notes: str


def _math(content: str, options: dict[str, Any]) -> str:
    left, right = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return left + html.escape(content, quote=False) + right


MARKDOWN = (
    MarkdownIt("commonmark", {"html": True})
    .enable("table")
    .use(dollarmath_plugin, renderer=_math, allow_space=True, double_inline=True)
)


def to_html(markdown: str) -> str:
    """Markdown with formulas, as HTML that MathJax reads."""
    return MARKDOWN.render(markdown)


def blocks_of(markdown: str) -> list[str]:
    """The blocks of a piece of Markdown: paragraphs, lists, tables, formulas; no folded parts."""
    prose = FOLDED.sub("", markdown)
    prose = re.sub(r"<img\b[^>]*>", lambda image: f"\n\n{image[0]}\n\n", prose)
    prose = re.sub(
        r"^\$\$.*?\$\$", lambda formula: f"\n\n{formula[0]}\n\n", prose, flags=re.M | re.S
    )
    return [block.strip() for block in re.split(r"\n\s*\n", prose) if block.strip()]


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph; a full stop within a formula or bold words ends none."""
    found, start = [], 0
    for match in re.finditer(r"[.?!:]['\")*]*(?=\s+[A-Z*\[$])", paragraph):
        head = paragraph[start : match.end()]
        if head.count("$") % 2 == 0 and head.count("**") % 2 == 0 and len(head) > 20:
            found.append(head.strip())
            start = match.end()
    rest = paragraph[start:].strip()
    return [*found, rest] if rest else found


def first_sentence(paragraph: str) -> str:
    """A paragraph up to its first full stop that ends a sentence outside a formula."""
    head = sentences(paragraph)[0]
    ended = head != paragraph.strip() and head.endswith(":")
    return head.rstrip(":") + "." if ended else head


def told(paragraph: str, first: bool) -> str:
    """What a slide says of a paragraph: its first sentence, and each with a new word in bold."""
    kept = [first_sentence(paragraph)] if first else []
    for place, sentence in enumerate(sentences(paragraph)):
        if "**" in sentence and not (first and place == 0):
            kept.append(sentence)
    return " ".join(kept)


def part_of(block: str, first: bool) -> Part | None:
    """What a block shows on a slide; None if it goes to the notes alone."""
    if block.startswith("$$"):
        return Part(to_html(block), 2.0 + 1.2 * block.count(r"\\"))
    if block.startswith("<img"):
        return Part(block, ROOM, alone=True)
    if block.startswith("|"):
        rows = block.splitlines()
        wide = sum(math.ceil(len(re.sub(r"\$[^$]*\$", "xxxx", row)) / 95) for row in rows)
        return Part(to_html(block), 1.1 * wide + 1, alone=wide > 7)
    if block.startswith(("- ", "* ", "1. ", "> ")) or any(mark in block for mark in MARKS):
        return Part(to_html(block), lines_of(block) + 0.6, asks=block.startswith(PREDICTION))
    words = told(block, first)
    if not words:
        return None
    return Part(to_html(words), lines_of(words) + 0.6, spare="**" not in words)


def lines_of(text: str) -> float:
    """How many lines a piece of text takes on a slide."""
    return float(sum(math.ceil(max(1, len(line)) / COLUMNS) for line in paragraphs(text)))


def paragraphs(text: str) -> list[str]:
    """Text with the lines of one paragraph or one point joined."""
    return re.sub(r"\n(?![-*>\d|])", " ", text).splitlines()


def code_parts(cell: Any) -> Iterator[Part]:
    """What a code cell shows: short code, then its figures, then what it printed."""
    outputs = [texts_of(output) for output in cell.get("outputs", [])]
    figures = [o["text/html"] for o in outputs if "text/html" in o]
    source = IMPORT.sub("", cell.source).strip()
    count = source.count("\n") + 1
    if source and not figures and count <= CODE_LINES:
        yield Part(f"<pre><code>{html.escape(source)}</code></pre>", 0.72 * count + 0.6)
    for figure in figures:
        yield Part(f'<div class="figure">{figure}</div>', height_of(figure) / LINE, is_live(figure))
    for output in outputs:
        lines = output.get("stream", "").rstrip().splitlines()
        for start in range(0, len(lines), OUTPUT_LINES):
            piece = "\n".join(lines[start : start + OUTPUT_LINES])
            yield Part(
                f'<pre class="printed">{html.escape(piece)}</pre>', 0.75 * (piece.count("\n") + 2)
            )


def is_live(figure: str) -> bool:
    return any(mark in figure for mark in LIVE)


def height_of(figure: str) -> float:
    """How high a figure is on a slide, in pixels, from the size of its PNG picture."""
    data = re.search(r"data:image/png;base64,([A-Za-z0-9+/]{40})", figure)
    if data is None or is_live(figure):
        return ROOM * LINE
    width, height = struct.unpack(">II", base64.b64decode(data[1])[16:24])
    return min(FIGURE_HEIGHT, height * min(1.0, FIGURE_WIDTH / width)) + 12.0


class Section:
    """The parts and notes below one heading."""

    def __init__(self, title: str, teacher: dict[str, str] | None) -> None:
        self.title = title
        self.parts: list[Part] = []
        self.notes = [to_html(shown(teacher))] if teacher else []

    def slides(self) -> Iterator[Slide]:
        """As many slides as the parts need; the notes go with the first."""
        notes = "\n".join(self.notes)
        groups = list(grouped(self.parts))
        if len(groups) > 1:
            groups = [group for group in groups if not too_little(group)]
        for group in groups:
            yield Slide(self.title, stepwise(group), notes)
            notes = ""


def too_little(group: list[Part]) -> bool:
    """Whether a slide would hold a few plain words and nothing else."""
    return all(part.spare for part in group) and sum(part.lines for part in group) < LEAST


def stepwise(group: list[Part]) -> str:
    """The HTML of a slide; what follows a prediction appears at the next press of a key."""
    shown, steps = [], 0
    for place, part in enumerate(group, 1):
        shown.append(part.html)
        if part.asks and place < len(group):
            shown.append(f'{"</div>" * (steps > 0)}<div class="fragment">')
            steps += 1
    return "\n".join(shown) + "\n</div>" * (steps > 0)


def grouped(parts: list[Part]) -> Iterator[list[Part]]:
    """Parts slide by slide, in order."""
    group: list[Part] = []
    for part in parts:
        full = sum(p.lines for p in group) + part.lines > ROOM
        if group and (full or part.alone or group[-1].alone):
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def title_and_sections(
    cells: list[Any], teacher: dict[str, dict[str, str]]
) -> tuple[Slide, list[Section]]:
    """The title slide, and the sections up to the quiz or the exercises."""
    first, *rest = cells
    title, _, lead = first.source.partition("\n")
    wanted = [b for b in blocks_of(lead) if re.match(r"- |\*\*(You will|Time)|You will", b)]
    goals = "\n\n".join(wanted)
    opening = Slide(title.removeprefix("# "), to_html(goals), to_html(lead))
    sections: list[Section] = []
    for cell in rest:
        if cell.cell_type == "markdown":
            if _add_markdown(cell.source, sections, teacher):
                break
        elif sections and not is_setup(cell.source) and not checked(cell.source):
            sections[-1].parts += code_parts(cell)
            sections[-1].notes.append(f"<pre>{html.escape(cell.source)}</pre>")
    return opening, sections


def _add_markdown(source: str, sections: list[Section], teacher: dict[str, Any]) -> bool:
    """Add a cell of text to the sections; True where the exercises or the quiz begin."""
    code_free = re.sub(r"^```.*?^```", lambda b: "\0" * len(b[0]), source, flags=re.M | re.S)
    starts = list(HEADING.finditer(code_free))
    pieces: list[tuple[str | None, str]] = [
        (None, source[: starts[0].start()] if starts else source)
    ]
    for place, match in enumerate(starts, 1):
        end = starts[place].start() if place < len(starts) else len(source)
        pieces.append((plain(match[2]), source[match.end() : end]))
    for title, text in pieces:
        if title in ("Quiz", "Exercises"):
            return True
        if title is not None:
            sections.append(Section(title, teacher.get(title)))
        if sections and text.strip():
            blocks = blocks_of(text)
            parts = [part_of(block, place == 0) for place, block in enumerate(blocks)]
            sections[-1].parts += [part for part in parts if part]
            sections[-1].notes.append(to_html(text))
    return False


def closing(cells: list[Any], questions: list[Question]) -> Iterator[Slide]:
    """The quiz, the exercises, the take-away and the pulse."""
    for number, (ask, options) in enumerate(questions, 1):
        items = "".join(f"<li>{html.escape(option.text)}</li>" for option in options)
        reasons = [
            f"{letter(n)}: {'right' if o.right else 'no'}. {o.because}"
            for n, o in enumerate(options)
        ]
        body = f"<p>{html.escape(ask)}</p><ol class='options' type='A'>{items}</ol>"
        yield Slide(f"Quiz, question {number}", body, to_html("\n\n".join(reasons)))
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    names = re.findall(r"^### Exercise (\d+\.\d+): (.+)$", text, re.MULTILINE)
    if names and EXERCISE.search(text):
        body = "\n".join(f"- **{number}** {name}" for number, name in names)
        yield Slide("Exercises", to_html(body), "")
    take = re.search(r"^## Take-away\s+(.+?)(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    if take:
        yield Slide("Take-away", f'<div class="take">{to_html(take[1])}</div>', "")
    pulse = "\n".join(f"<li>{question}</li>" for question in PULSE)
    yield Slide("Half a minute, on paper", f"<ol>{pulse}</ol>", "The pulse: see the feedback page.")


def slides_of(
    notebook: Any, teacher: dict[str, dict[str, str]], questions: list[Question]
) -> list[Slide]:
    """All slides of a chapter.

    Args:
        notebook: the chapter with its stored outputs.
        teacher: notes by heading, as `students.notes_of` gives them.
        questions: of its quiz; none if it has none.
    """
    opening, sections = title_and_sections(notebook.cells, teacher)
    body = [slide for section in sections for slide in section.slides()]
    return [opening, *body, *closing(notebook.cells, questions)]
