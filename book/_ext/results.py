"""Sphinx extension: pages take measured numbers from benchmarks/results instead of repeating them.

`{{ claims.C1["confidence, codes"] }}` in a page is that entry of benchmarks/results/claims.json, as
the benchmark printed it. A whole table names its rows and columns:

    ```{results} paths / mnist-2d / {row} / {column}
    :head: path
    :columns: confidence | worst log q | gap = largest gap, median
    real codes ?
    linear
    ```

The title says where a cell is: the file, then key by key. `shown = key` shows another word than
the key. Where rows or columns are named by two keys, `ring / linear`, the title takes them apart:
`paths / speed / {row[0]} / {row[1]} / {column}`. An entry that is not there fails the build, but in
a row with a question mark, whose cell stays empty.
"""

import json
from pathlib import Path

from docutils.parsers.rst import directives
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective


def measured(root):
    """What every results file holds, by the file's name."""
    folder = Path(root) / "benchmarks" / "results"
    found = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    if "claims" in found:
        found["claims"] = found["claims"]["claims"] | {"spaces": found["claims"]["spaces"]}
    return found


def add_results(app, config):
    """Make the entries known to the pages, beside substitutions that are there already."""
    config.myst_substitutions = {**(config.myst_substitutions or {}), **measured(app.srcdir)}


class Keys(list):
    """A name in its parts: "ring / linear" has two."""

    def __init__(self, text):
        super().__init__(part.strip() for part in text.split(" / "))

    def __str__(self):
        return " / ".join(self)


def table(results, place, columns, rows, head=""):
    """A table in Markdown.

    Args:
        results: of all files, by name.
        place: where a cell is, such as "paths / mnist-2d / {row} / {column}".
        columns, rows: lists of "key" or "shown = key"; a row may end in " ?".
        head: of the first columns, "path" or "problem | planner".

    Raises:
        ValueError: for an entry that is not there, or that is no cell.
    """
    heads = [text.strip() for text in head.split("|")]
    names = [shown_and_keys(column) for column in columns]
    lines = [[*heads, *(shown for shown, _ in names)], ["---"] * (len(heads) + len(names))]
    for row in rows:
        shown, row_keys = shown_and_keys(row.removesuffix(" ?"))
        labels = [shown] if len(heads) == 1 else shown.split(" / ")
        if len(labels) != len(heads):
            raise ValueError(f"row {row!r}: expected {len(heads)} words for {', '.join(heads)}")
        cells = [
            entry(results, place_of(place, row_keys, keys), row.endswith(" ?")) for _, keys in names
        ]
        lines.append([*labels, *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown_and_keys(text):
    shown, _, keys = text.partition(" = ")
    return shown.strip(), Keys(keys or shown)


def place_of(place, row, column):
    """The keys that lead to a cell."""
    return [part.strip().format(row=row, column=column) for part in place.split(" / ")]


def entry(results, keys, may_lack):
    """What stands at the end of these keys, as a string."""
    found = results
    for depth, key in enumerate(keys):
        if not isinstance(found, dict) or key not in found:
            if may_lack and depth == len(keys) - 1:
                return ""
            raise ValueError(f"results have no {' / '.join(keys[: depth + 1])}")
        found = found[key]
    if isinstance(found, dict):
        raise ValueError(f"{' / '.join(keys)}: expected a number or words, got {sorted(found)}")
    return str(found)


class Results(SphinxDirective):
    """Draw a table of measured numbers."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"columns": directives.unchanged_required, "head": directives.unchanged}
    has_content = True

    def run(self):
        columns = [text.strip() for text in self.options["columns"].split("|")]
        rows = [text.strip() for text in self.content if text.strip()]
        place, head = self.arguments[0], self.options.get("head", "")
        try:
            found = table(measured(self.env.srcdir), place, columns, rows, head)
        except ValueError as error:
            raise ExtensionError(f"{self.get_location()}: {error}") from error
        return self.parse_text_to_nodes(found)


def setup(app):
    app.connect("config-inited", add_results)
    app.add_directive("results", Results)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
