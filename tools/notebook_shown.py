"""Which functions of the package a chapter uses, and which it shows the code of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools import notebook_text as text

# No part of any lesson: the exercise engine, and the live figure, whose code is that of a page.
# (What the figure computes, chapter 09 shows.)
EXEMPT = frozenset({"nav_utils.checks.check", "nav_utils.explorer.Explorer"})

# The comment that allows a cell to define a public name of the package in another way.
VARIANT = "# a variant on purpose"


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(text.python_of(source)).body
    except SyntaxError:  # a cell of %%magic; running it is what judges it
        return []


def _aliases(source: str) -> Iterator[tuple[str, str]]:
    """Yield (name in the notebook, dotted name) for everything imported from the package."""
    for statement in _statements(source):
        for node in ast.walk(statement):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(text.PACKAGE):
                for alias in node.names:
                    yield alias.asname or alias.name, f"{node.module}.{alias.name}"
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.split(".")[0] == text.PACKAGE:
                        yield (
                            alias.asname or text.PACKAGE,
                            alias.asname and alias.name or text.PACKAGE,
                        )


def _attributes(source: str) -> Iterator[str]:
    """Yield every dotted name, such as `nav_utils.plots.show`, that a cell spells out."""
    for statement in _statements(source):
        for node in ast.walk(statement):
            parts: list[str] = []
            while isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            if parts and isinstance(node, ast.Name):
                yield ".".join([node.id, *reversed(parts)])


def _definition(name: str, root: Path) -> str | None:
    """Return the full name of a function or class at the top of a module; None for all else."""
    source = text.find(name, root)
    if source is None or not isinstance(source.node, text.DEFINITIONS):
        return None
    return source.name


def used_names(cells: list[Any], root: Path) -> list[tuple[int, str]]:
    """Return (cell, full name) of the first use of every function and class of the package."""
    modules: dict[str, str] = {}
    first: dict[str, int] = {}
    for number, cell in enumerate(cells, 1):
        if cell.cell_type != "code":
            continue
        candidates = []
        for alias, target in _aliases(cell.source):
            candidates.append(target)
            modules[alias] = target
        for dotted in _attributes(cell.source):
            head, _, rest = dotted.partition(".")
            if head in modules and text.find(modules[head], root) is None:
                candidates += _prefixes(f"{modules[head]}.{rest}")
        for candidate in candidates:
            name = _definition(candidate, root)
            if name and _is_top_level(name, root):
                first.setdefault(name, number)
    return [(number, name) for name, number in first.items()]


def _prefixes(dotted: str) -> list[str]:
    parts = dotted.split(".")
    return [".".join(parts[:end]) for end in range(2, len(parts) + 1)]


def _is_top_level(name: str, root: Path) -> bool:
    return text.parse_module(name.rpartition(".")[0], root) is not None


def shown_names(cells: list[Any], root: Path) -> set[str]:
    """Return the full names of the functions and classes that a chapter shows the code of.

    One method is enough for its class: the lines that carry the idea. So is a block that says
    "in short" in its first line.
    """
    names: set[str] = set()
    for cell in cells:
        if cell.cell_type == "markdown":
            forms = (text.FOLDED, text.IN_SHORT)
            blocks = [block for form in forms for block in form.finditer(cell.source)]
            folded = (_definition(block["name"], root) for block in blocks)
            names.update(part for name in folded if name for part in _prefixes(name))
        elif cell.cell_type == "code":
            for node in _statements(cell.source):
                if isinstance(node, text.DEFINITIONS):
                    twins = public_definitions(root).get(node.name, [])
                    names.update(t.name for t in twins if text.same_code(node, t.node))
    return names


def public_definitions(root: Path) -> dict[str, list[text.Source]]:
    """Return the public functions and classes at the top of the package's modules, by name."""
    found: dict[str, list[text.Source]] = {}
    for path in sorted((root / text.PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        if module.startswith(f"{text.PACKAGE}.checks."):  # the answers to exercises
            continue
        parsed = text.parse_module(module, root)
        for node in parsed[0].body if parsed else []:
            if isinstance(node, text.DEFINITIONS) and not node.name.startswith("_"):
                source = text.Source(f"{module}.{node.name}", node, parsed[1] if parsed else "")
                found.setdefault(node.name, []).append(source)
    return found


def differing_copies(source: str, root: Path) -> Iterator[str]:
    """Say which definitions of a code cell bear a public name and differ from the package's."""
    if VARIANT in source:
        return
    public = public_definitions(root)
    for node in _statements(source):
        if isinstance(node, text.DEFINITIONS) and node.name in public:
            twins = public[node.name]
            if not any(text.same_code(node, twin.node) for twin in twins):
                yield (
                    f"{node.name} differs from {twins[0].name}: copy the package's code, take "
                    f"another name, or say `{VARIANT}`"
                )
