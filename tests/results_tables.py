"""Tables of measured numbers that a page of the book asks for, read as its extension does."""

import importlib.util
import re
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOUND = re.compile(r"^```\{results\} (.+)\n((?:.*\n)*?)```$", re.MULTILINE)


def extension() -> Any:
    """The module book/_ext/results.py."""
    path = ROOT / "book" / "_ext" / "results.py"
    spec = importlib.util.spec_from_file_location("results", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RESULTS = extension()
MEASURED = RESULTS.measured(ROOT)


class Table(NamedTuple):
    """One directive."""

    place: str
    head: str
    columns: list[str]
    rows: list[str]

    @property
    def places(self) -> list[list[str]]:
        """The keys of every cell that is there; [] for one that may lack and does."""
        found = []
        for row in self.rows:
            row_keys = RESULTS.shown_and_keys(row.removesuffix(" ?"))[1]
            for column in self.columns:
                keys = RESULTS.place_of(self.place, row_keys, RESULTS.shown_and_keys(column)[1])
                there = RESULTS.entry(MEASURED, keys, row.endswith(" ?"))
                found.append(keys if there else [])
        return found


def tables(page: str) -> list[Table]:
    """The tables of a page's source, in order."""
    found = []
    for place, body in FOUND.findall(page):
        lines = [line.strip() for line in body.splitlines()]
        options = dict(re.findall(r"^:(\w+): (.*)$", body, re.MULTILINE))
        columns = [text.strip() for text in options["columns"].split("|")]
        rows = [line for line in lines if line and not line.startswith(":")]
        found.append(Table(place, options.get("head", ""), columns, rows))
    return found
