"""The reference in the book: every public name is there, and what its examples say is so."""

import ast
import doctest
import importlib
import re
from pathlib import Path

import nbformat
import pytest

import nav_utils
from book._ext.docstrings import to_rst

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "book" / "api").glob("*.md"))
MODULE = re.compile(r"\.\. automodule:: (\S+)\n   :members: (.+)\n")
CLASS = re.compile(r"\.\. autoclass:: (\S+)\n")


def python_blocks(path):
    """The python of a page or a chapter, block by block; magics of notebooks left out."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        sources = [cell.source for cell in cells if cell.cell_type == "code"]
        return [re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M) for source in sources]
    text = path.read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def documented(text):
    """Full names in the reference's directives."""
    members = [(module, name) for module, names in MODULE.findall(text) for name in names.split()]
    found = [f"{module}.{name.strip(',')}" for module, name in members]
    return [*found, *CLASS.findall(text)]


REFERENCE = [name for page in PAGES for name in documented(page.read_text(encoding="utf-8"))]


def imported(path):
    """Full names that a page or chapter imports from modules of the package."""
    for block in python_blocks(path):
        if ">>>" in block:
            continue  # an example of the reference itself, which runs below
        for node in ast.walk(ast.parse(block)):
            module = getattr(node, "module", None) or ""
            if isinstance(node, ast.ImportFrom) and module.startswith("nav_utils"):
                for alias in node.names:
                    home = nav_utils.HOMES.get(alias.name)
                    yield f"nav_utils.{home}.{alias.name}" if home else f"{module}.{alias.name}"


def test_every_public_name_is_in_the_reference_once():
    public = {f"nav_utils.{module}.{name}" for name, module in nav_utils.HOMES.items()}
    assert public - set(REFERENCE) == set()
    assert len(REFERENCE) == len(set(REFERENCE))


def test_whatever_a_chapter_or_page_imports_is_in_the_reference():
    readers = [ROOT / "README.md", *(ROOT / "book").rglob("*.md")]
    readers += sorted((ROOT / "notebooks").glob("*.ipynb"))
    used = {name for path in readers for name in imported(path)}
    assert len(used) > 50
    colours = {"nav_utils.plots.D_COLOURS"}  # not functions: Sphinx has no words for them
    types = {"nav_utils.training.Losses", "nav_utils.training.Optimizers"}
    commands = {"nav_utils.correct_file"}  # a module, which says what it does with --help
    assert used - colours - types - commands - set(REFERENCE) == set()


@pytest.mark.parametrize("name", REFERENCE)
def test_a_name_of_the_reference_is_there_and_says_what_it_is(name):
    module, _, attribute = name.rpartition(".")
    value = getattr(importlib.import_module(module), attribute)
    assert len((value.__doc__ or "").split()) > 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_section_leads_to_what_teaches_it(page):
    for section in page.read_text(encoding="utf-8").split("\n## ")[1:]:
        words, _, rest = section.partition("```{eval-rst}")
        assert not rest or re.search(r"\]\((?:\.\./)+(?:notebooks/|\w+\.md)", words), (
            section.splitlines()[0]
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_run(page):
    code = "\n".join(block for block in python_blocks(page) if ">>>" in block)
    assert code
    example = doctest.DocTestParser().get_doctest(code, {}, page.name, str(page), 0)
    said = []
    doctest.DocTestRunner().run(example, out=said.append)
    assert said == []


SOURCE = """Line "with" |norm|, a * b and a name_ of `fit_ratio`, and `unknown
one`.

    z = x

Args:
    z_a, z_b: ends (B, d): both
        of them.
    *more: others.

Returns:
    (N,) in nats: what it costs.

Raises:
    ValueError: bad.
Source: Someone 2001,
    somewhere.
"""
WANTED = r"""Line \"with\" \|norm\|, a \* b and a name\_ of :py:obj:`fit_ratio <x.fit_ratio>`, and ``unknown one``.

::

    z = x

:Arguments:
    ``z_a``, ``z_b``
        ends (B, d): both
        of them.
    ``*more``
        others.

:Returns:
    (N,) in nats: what it costs.

:Raises:
    ``ValueError``
        bad.

:Source:
    Someone 2001,
    somewhere.
"""  # noqa: E501


def test_a_docstring_becomes_restructured_text():
    made = to_rst(SOURCE, {"fit_ratio": "x.fit_ratio"})
    assert re.sub(r"\n{2,}", "\n\n", made).strip() == WANTED.strip()
