"""The parts of a chapter that are derived from elsewhere: setup cell, badge, copies of the code.

Everything is read from source text with `ast`; the package itself is never imported.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "nav_utils"

SETUP_MARK = "# Setup:"
SETUP = """\
# Setup: on Colab this installs nav_utils and leaves everything else as it is; elsewhere it does nothing.
try:
    import nav_utils
except ModuleNotFoundError:
    %pip install --quiet "nav_utils[course] @ git+{url}"\
"""  # noqa: E501
BADGE = "**[Open in Colab](https://colab.research.google.com/github/{repo}/blob/{branch}/{path})**"
BADGE_LINE = re.compile(r"^.*\[Open in Colab\]\(.*$", re.MULTILINE)

# A python block in a markdown cell whose first line names something of the package.
FOLDED = re.compile(
    r"^```python\n# (?P<name>nav_utils(?:\.\w+)+)[ ]*\n(?P<body>.*?)^```[ ]*$",
    re.MULTILINE | re.DOTALL,
)

# The lines that carry the idea of something of the package; its API page has the whole of it.
IN_SHORT = re.compile(
    r"^```python\n# (?P<name>nav_utils(?:\.\w+)+), in short[ ]*\n(?P<body>.*?)^```[ ]*$",
    re.MULTILINE | re.DOTALL,
)
API_PAGE = re.compile(r"\]\(\.\./book/api/\w+\.md(?:#[\w.-]+)?\)")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Source(NamedTuple):
    """A name of the package: its full dotted name, its node, and the text of its module."""

    name: str
    node: ast.stmt
    text: str


def repository(root: Path = ROOT) -> tuple[str, str, str]:
    """Return (url, owner/name, branch) of the repository, from `_config.yml`."""
    path = root / "_config.yml"
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))["repository"]
        url = str(settings["url"]).rstrip("/").removesuffix(".git")
    except (FileNotFoundError, KeyError, TypeError) as error:
        raise ValueError(f"expected `repository: url:` in {path}; {error!r}") from error
    address = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", url)
    if address is None:
        raise ValueError(f"expected https://github.com/OWNER/NAME as url in {path}, got {url!r}")
    return url, address[1], str(settings.get("branch", "main"))


def setup_cell(root: Path = ROOT) -> str:
    """Return the one setup cell that every chapter begins with."""
    return SETUP.format(url=repository(root)[0])


def badge(path: Path, root: Path = ROOT) -> str:
    """Return the line that opens this chapter on Colab: a plain link, which fetches nothing."""
    _, repo, branch = repository(root)
    return BADGE.format(repo=repo, branch=branch, path=f"notebooks/{path.name}")


def python_of(cell_source: str) -> str:
    """Return a code cell's source with every line of IPython magic turned into `pass`."""
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", cell_source, flags=re.MULTILINE)


@functools.cache
def _parse(path: Path, stamp: tuple[int, int]) -> tuple[ast.Module, str]:
    text = path.read_text(encoding="utf-8")
    return ast.parse(text), text


def parse_module(name: str, root: Path = ROOT) -> tuple[ast.Module, str] | None:
    """Parse the module of this dotted name; None if the package has no such module."""
    place = root.joinpath(*name.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            stat = path.stat()
            return _parse(path, (stat.st_mtime_ns, stat.st_size))
    return None


def find(name: str, root: Path = ROOT) -> Source | None:
    """Find what a dotted name such as `nav_utils.models.AAE.encode` stands for.

    Follows `from nav_utils.x import name` from one module to the next. None if nothing has that
    name, or if it is a module.
    """
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:cut])
        parsed = parse_module(module, root)
        if parsed is not None:
            return _find_in(module, parsed, parts[cut:], root)
    return None


def _find_in(
    module: str, parsed: tuple[ast.Module, str], parts: list[str], root: Path
) -> Source | None:
    tree, text = parsed
    body: list[ast.stmt] = tree.body
    for depth, part in enumerate(parts):
        node = _named(body, part)
        if node is None:
            target = _imported(body, part, module) if depth == 0 else None
            return find(".".join([target, *parts[1:]]), root) if target else None
        body = getattr(node, "body", []) if isinstance(node, DEFINITIONS) else []
    return Source(f"{module}.{'.'.join(parts)}", node, text) if node else None


def _named(body: list[ast.stmt], name: str) -> ast.stmt | None:
    """Return the last statement of a body that defines this name."""
    found = None
    for node in body:
        if isinstance(node, DEFINITIONS):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [t.id for t in node.targets if isinstance(t, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            names = []
        found = node if name in names else found
    return found


def _imported(body: list[ast.stmt], name: str, module: str) -> str | None:
    """Return the dotted name that `from ... import name` in a module's body refers to."""
    for node in body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                home = node.module or module
                if node.level:  # relative: seen from a package's __init__, one dot is itself
                    home = f"{module}.{node.module}" if node.module else module
                if (alias.asname or alias.name) == name and home.startswith(PACKAGE):
                    return f"{home}.{alias.name}"
    return None


def code_of(name: str, root: Path = ROOT) -> str:
    """Return the package's source of a function, class, method or constant, without docstrings.

    Comments and formatting stay exactly as they are; a method is shifted to the left margin.

    Raises:
        ValueError: if the package has nothing of that name.
    """
    source = find(name, root)
    if source is None:
        raise ValueError(f"{name} is not a function, class or constant of {PACKAGE}")
    node = source.node
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(d.lineno for d in decorators)])
    lines = source.text.splitlines()
    drop: set[int] = set()
    instead: dict[int, str] = {}
    for inner in ast.walk(node):
        span = _docstring_span(inner, lines)
        if span:
            drop.update(span)
            if len(inner.body) == 1:  # type: ignore[attr-defined]
                indent = " " * inner.body[0].col_offset  # type: ignore[attr-defined]
                instead[span[0]] = f"{indent}pass"
    margin = node.col_offset
    kept = [
        instead.get(number, lines[number - 1])[margin:].rstrip()
        for number in range(first, (node.end_lineno or node.lineno) + 1)
        if number not in drop or number in instead
    ]
    return "\n".join(kept) + "\n"


def _docstring_span(node: ast.AST, lines: list[str]) -> range | None:
    """Return the lines (from 1) of a definition's docstring and of the blanks below it."""
    if not isinstance(node, DEFINITIONS) or ast.get_docstring(node, clean=False) is None:
        return None
    statement = node.body[0]
    if lines[statement.lineno - 1][: statement.col_offset].strip():
        raise ValueError(f"the docstring of {node.name} has to begin on a line of its own")
    end = statement.end_lineno or statement.lineno
    while end < len(lines) and not lines[end].strip() and len(node.body) > 1:
        end += 1
    return range(statement.lineno, end + 1)


def same_code(one: ast.stmt, other: ast.stmt) -> bool:
    """True if two definitions are equal but for docstrings, comments and formatting."""
    return _bare(one) == _bare(other)


def _bare(node: ast.stmt) -> str:
    copy = ast.parse(ast.unparse(node)).body[0]
    for inner in ast.walk(copy):
        if isinstance(inner, DEFINITIONS) and ast.get_docstring(inner, clean=False) is not None:
            inner.body = inner.body[1:] or [ast.Pass()]
    return ast.dump(copy)


def fill_folded(markdown: str, root: Path = ROOT) -> str:
    """Write the package's present code into every folded block of a markdown cell."""

    def fill(block: re.Match[str]) -> str:
        return f"```python\n# {block['name']}\n{code_of(block['name'], root)}```"

    return FOLDED.sub(fill, markdown)


def fill_badge(markdown: str, path: Path, root: Path = ROOT) -> str:
    """Write this chapter's Colab link into its first cell: in its place, or below the title."""
    line = badge(path, root)
    if BADGE_LINE.search(markdown):
        return BADGE_LINE.sub(lambda _: line, markdown, count=1)
    title, _, rest = markdown.partition("\n")
    return f"{title}\n\n{line}\n\n{rest.lstrip()}".rstrip()
