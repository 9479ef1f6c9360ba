"""Rules for stored chapters that a comparison of outputs can't see; each finding names its rule.

A rule is a function that takes a chapter and yields (number of the cell or None, message).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from tools import notebook_exercises as exercises
from tools import notebook_shown as shown
from tools import notebook_text as text

MAX_BYTES = 1_500_000
MAX_CELL_LINES = 40
MAX_LINE = 100
MAX_SHORT_LINES = 16
MIN_ALT = 20
MAX_IGNORED_SHARE = 0.1

IGNORE_MARKS = ("NBVAL_IGNORE_OUTPUT", "nbval-ignore-output", "NBVAL_SKIP", "nbval-skip")
DISPLAYS = ("print", "show", "check", "display")
DATA_URI = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]*")
MACHINE_PATH = re.compile(r"(?<![\w./~-])(/home/\w|/Users/\w|/root/|/tmp/|/mnt/|[A-Z]:\\Users)")
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")
REMOTE = re.compile(
    r"<(?:img|script|link|iframe|video|source)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//"
)


class Finding(NamedTuple):
    """One departure from the rules."""

    file: str
    cell: int | None
    rule: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}, cell {self.cell}" if self.cell else self.file
        return f"{place}: {self.message} [{self.rule}]"


class Chapter(NamedTuple):
    """A stored notebook, its cells numbered from 1, and the root of the repository."""

    path: Path
    cells: list[Any]
    root: Path

    def code(self) -> Iterator[tuple[int, Any]]:
        return ((n, c) for n, c in enumerate(self.cells, 1) if c.cell_type == "code")

    def markdown(self) -> Iterator[tuple[int, str]]:
        return ((n, c.source) for n, c in enumerate(self.cells, 1) if c.cell_type == "markdown")

    def outputs(self) -> Iterator[tuple[int, Any]]:
        return ((n, output) for n, cell in self.code() for output in cell.get("outputs", []))


Hits = Iterator[tuple[int | None, str]]
Rule = Callable[[Chapter], Hits]


def texts_of(output: Any) -> dict[str, str]:
    """Return every text that an output carries, by its mime type ("stream" for printed text)."""
    if output.output_type == "stream":
        return {"stream": output.text}
    if output.output_type == "error":
        return {"error": "\n".join([output.ename, output.evalue, *output.traceback])}
    return {k: "".join(v) if isinstance(v, list) else str(v) for k, v in output.data.items()}


def executed(chapter: Chapter) -> Hits:
    if all(cell.get("execution_count") is None for _, cell in chapter.code()):
        yield None, "no cell has been executed; store the outputs of a fresh run"
        return
    for expected, (number, cell) in enumerate(chapter.code(), 1):
        count = cell.get("execution_count")
        if count is None:
            yield number, "has not been executed; store the outputs of a fresh run"
        elif count != expected:
            yield number, f"execution count {count}, expected {expected}: run from top to bottom"


def error_output(chapter: Chapter) -> Hits:
    for number, output in chapter.outputs():
        if output.output_type == "error":
            yield number, f"stored output is an error: {output.ename}: {output.evalue}"


def stderr_output(chapter: Chapter) -> Hits:
    for number, output in chapter.outputs():
        if output.output_type == "stream" and output.name == "stderr":
            yield number, f"writes to stderr: {output.text.strip()[:80]!r}"


def empty_output(chapter: Chapter) -> Hits:
    for number, output in chapter.outputs():
        if not any(t.strip() for t in texts_of(output).values()):
            yield number, "stores an output without content"
    for number, cell in chapter.code():
        missing = cell.get("execution_count") is not None and not cell.get("outputs")
        if missing and last_call(cell.source) in DISPLAYS:
            yield number, f"ends in {last_call(cell.source)}(...) and has no stored output"


def last_call(source: str) -> str | None:
    """Return the name of the function that a cell's last statement calls, if it is a call."""
    try:
        body = ast.parse(text.python_of(source)).body
    except SyntaxError:
        return None
    last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    if isinstance(last, ast.Call) and isinstance(last.func, ast.Name):
        return last.func.id
    return None


def bare_picture(chapter: Chapter) -> Hits:
    for number, output in chapter.outputs():
        texts = texts_of(output)
        if any(mime.startswith("image/") for mime in texts):
            yield number, "stores a bare picture; display it with show(fig, alt=...)"
        elif "<Figure size" in texts.get("text/plain", ""):
            yield number, "displays a figure object; display it with show(fig, alt=...)"


class _Images(HTMLParser):
    """Collects the alt text (or None) of every <img>."""

    def __init__(self) -> None:
        super().__init__()
        self.alts: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.alts.append(dict(attrs).get("alt"))


def alt_text(chapter: Chapter) -> Hits:
    pages = [(n, texts_of(o).get("text/html", "")) for n, o in chapter.outputs()]
    for number, page in [*pages, *((n, without_code(m)) for n, m in chapter.markdown())]:
        parser = _Images()
        parser.feed(page)
        for alt in parser.alts + re.findall(r"!\[([^\]]*)\]\(", page):
            if alt is None or len(alt.strip()) < MIN_ALT:
                got = "none" if alt is None else repr(alt)
                yield number, f"picture with alt text {got}: say in {MIN_ALT} characters or more"


def foreign_picture(chapter: Chapter) -> Hits:
    for number, source in chapter.markdown():
        prose = without_code(source)
        for target in re.findall(r"!\[[^\]]*\]\(([^)\s]*)", prose):
            if not target.startswith("data:"):
                yield number, f"picture {target[:60]} isn't in the notebook; draw it in a code cell"
        if REMOTE.search(prose):
            yield number, "loads something from another host"
    for number, output in chapter.outputs():
        if REMOTE.search(texts_of(output).get("text/html", "")):
            yield number, "its output loads something from another host"


def without_code(markdown: str) -> str:
    """Blank the fenced blocks and code spans of a markdown cell."""
    prose = re.sub(r"^(`{3,}|~{3,}).*?^\1[`~]*[ ]*$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "``", prose, flags=re.DOTALL)


def directive(chapter: Chapter) -> Hits:
    for number, source in chapter.markdown():
        prose = without_code(source)
        marks = {
            "a directive": re.search(
                r"^\s*(`{3,}|~{3,}|:{3,})\s*\{[\w:+.-]+\}", source, re.MULTILINE
            ),
            "a colon fence": re.search(r"^\s*:{3,}", prose, re.MULTILINE),
            "a role": re.search(r"(?<![\\\w])\{[a-zA-Z][\w:+.-]*\}(?=``)", prose),
            "a target": re.search(r"^\([\w:. -]+\)=[ ]*$", prose, re.MULTILINE),
            "an equation label": re.search(r"\$\$[ ]*\([\w:.-]+\)[ ]*$", prose, re.MULTILINE),
            "a comment line": re.search(r"^%\s", prose, re.MULTILINE),
        }
        for what, match in marks.items():
            if match:
                yield number, f"{what} of MyST ({match[0].strip()!r}) shows as text on Colab"


def size(chapter: Chapter) -> Hits:
    stored = chapter.path.stat().st_size
    if stored > MAX_BYTES:
        yield None, f"{stored:,} bytes; at most {MAX_BYTES:,}"


def length(chapter: Chapter) -> Hits:
    blocks = [(n, c.source) for n, c in chapter.code() if not is_setup(c.source)]
    for number, source in blocks:
        lines = source.count("\n") + 1
        if lines > MAX_CELL_LINES:
            yield number, f"{lines} lines of code; at most {MAX_CELL_LINES}: split the cell"
    for number, markdown in chapter.markdown():
        found = re.findall(r"^```python\n(.*?)^```", markdown, re.MULTILINE | re.DOTALL)
        blocks += [(number, block) for block in found]
    for number, source in blocks:
        for line in source.splitlines():
            if len(line) > MAX_LINE:
                yield number, f"{len(line)} characters; at most {MAX_LINE}: {line[:50]!r}..."


def is_setup(source: str) -> bool:
    return source.startswith(text.SETUP_MARK)


def setup_cell(chapter: Chapter) -> Hits:
    number, first = next(chapter.code(), (None, None))
    if first is None or first.source != text.setup_cell(chapter.root):
        yield number, "the first code cell isn't the setup cell as it has to be: run sync"


def title_and_badge(chapter: Chapter) -> Hits:
    first = chapter.cells[0] if chapter.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield 1, "the first cell has to be markdown and begin with `# Title`"
    elif text.badge(chapter.path, chapter.root) not in first.source.splitlines():
        yield 1, f"no line {text.badge(chapter.path, chapter.root)}: run sync"


def sections(chapter: Chapter) -> Hits:
    prose = "\n\n".join(source for _, source in chapter.markdown())
    wanted = {
        '"You will be able to"': r"You will be able to",
        'the time it takes ("20 minutes")': r"\b\d+(?:\s+to\s+\d+)?\s+minutes\b",
        '"Prerequisites"': r"Prerequisites",
        'a heading "Take-away"': r"^#+ Take-away",
        'a heading "Where next"': r"^#+ Where next",
    }
    for what, pattern in wanted.items():
        if not re.search(pattern, prose, re.MULTILINE):
            yield None, f"lacks {what}"


def exercise_parts(chapter: Chapter) -> Hits:
    yield from exercises.findings(chapter.path, chapter.cells)


def machine(chapter: Chapter) -> Hits:
    sources = [(n, c.source) for n, c in enumerate(chapter.cells, 1)]
    stored = [(n, t) for n, output in chapter.outputs() for t in texts_of(output).values()]
    for number, content in sources + stored:
        content = DATA_URI.sub("", content)
        for pattern, what in ((MACHINE_PATH, "a path of one machine"), (ADDRESS, "an address")):
            match = pattern.search(content)
            if match:
                end = match.end()
                yield number, f"holds {what}: {content[max(0, end - 20) : end + 30]!r}"


def ignored_outputs(chapter: Chapter) -> Hits:
    cells = [cell for _, cell in chapter.code()]
    ignored = [c for c in cells if any(m in str(c.source) + str(c.metadata) for m in IGNORE_MARKS)]
    if len(ignored) > MAX_IGNORED_SHARE * len(cells):
        yield None, f"{len(ignored)} of {len(cells)} code cells aren't compared; at most a tenth"


def folded_copies(chapter: Chapter) -> Hits:
    for number, markdown in chapter.markdown():
        try:
            fresh = text.fill_folded(markdown, chapter.root)
        except ValueError as error:
            yield number, f"folded code: {error}"
        else:
            if fresh != markdown:
                yield number, "folded code differs from the package's: run sync"


def short_copies(chapter: Chapter) -> Hits:
    for number, markdown in chapter.markdown():
        for block in text.IN_SHORT.finditer(markdown):
            lines = block["body"].count("\n")
            if text.find(block["name"], chapter.root) is None:
                yield number, f"in short: the package has nothing called {block['name']}"
            if lines > MAX_SHORT_LINES:
                yield number, f"{block['name']} in short: {lines} lines; at most {MAX_SHORT_LINES}"
            if not text.API_PAGE.search(without_code(markdown)):
                yield number, f"{block['name']} in short: link the page ../book/api/ with the rest"


def code_copies(chapter: Chapter) -> Hits:
    for number, cell in chapter.code():
        yield from ((number, m) for m in shown.differing_copies(cell.source, chapter.root))


RULES: dict[str, Rule] = {
    "executed": executed,
    "error": error_output,
    "stderr": stderr_output,
    "empty-output": empty_output,
    "bare-picture": bare_picture,
    "alt": alt_text,
    "foreign-picture": foreign_picture,
    "directive": directive,
    "size": size,
    "length": length,
    "setup": setup_cell,
    "badge": title_and_badge,
    "sections": sections,
    "exercises": exercise_parts,
    "machine": machine,
    "ignored": ignored_outputs,
    "folded": folded_copies,
    "short": short_copies,
    "copy": code_copies,
}


def lint(path: Path, root: Path = text.ROOT) -> list[Finding]:
    """Apply every rule about a single chapter to a stored notebook."""
    notebook = nbformat.read(path, as_version=4)
    chapter = Chapter(path, notebook.cells, root)
    return [
        Finding(path.name, number, name, message)
        for name, rule in RULES.items()
        for number, message in rule(chapter)
    ]


def lint_course(paths: list[Path], root: Path = text.ROOT) -> list[Finding]:
    """Ask of all chapters, in their order, that each helper is shown by its first use."""
    seen: set[str] = set()
    findings = []
    for path in sorted(paths):
        cells = nbformat.read(path, as_version=4).cells
        seen |= shown.shown_names(cells, root)
        for number, name in shown.used_names(cells, root):
            if name not in seen and name not in shown.EXEMPT:
                message = f"uses {name}, whose code no chapter up to here shows"
                findings.append(Finding(path.name, number, "shown", message))
    return findings
