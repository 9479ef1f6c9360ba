"""Tables of measured numbers: rows and columns by name, and no entry that is not there."""

import re
from pathlib import Path

import pytest

from tests.results_tables import RESULTS, ROOT, tables

FOUND = {
    "speed": {
        "ring": {"ours": {"ms": "9", "times": "1"}, "theirs": {"ms": "80"}},
        "C": {"ours": {"ms": "8", "times": "1"}, "theirs": {"ms": "70", "times": "8.8"}},
    },
    "flat": {"share, low D": "5 % [4, 6]", "share, high D": "7 % [6, 8]"},
}


def test_a_key_in_words_of_its_own():
    rows = ["low", "above one half = high"]
    assert RESULTS.table(FOUND, "flat / {column}, {row} D", ["part = share"], rows, "D") == (
        "| D | part |\n| --- | --- |\n| low | 5 % [4, 6] |\n| above one half | 7 % [6, 8] |"
    )


def test_rows_and_columns_of_two_keys():
    place = "speed / {row[0]} / {row[1]} / {column}"
    rows = ["ring / theirs ?", "C / theirs"]
    assert RESULTS.table(FOUND, place, ["ms", "times"], rows, "problem | planner") == (
        "| problem | planner | ms | times |\n| --- | --- | --- | --- |\n"
        "| ring | theirs | 80 |  |\n| C | theirs | 70 | 8.8 |"
    )
    columns = ["on the ring = ring / ms", "on the C = C / ms"]
    place = "speed / {column[0]} / {row} / {column[1]}"
    assert RESULTS.table(FOUND, place, columns, ["ours"]).endswith("| ours | 9 | 8 |")


@pytest.mark.parametrize(
    ("place", "columns", "rows", "message"),
    [
        ("speed / ring / {row} / {column}", ["times"], ["theirs"], "ring / theirs / times"),
        ("speed / ring / {row} / {column}", ["times"], ["nobody ?"], "speed / ring / nobody"),
        ("slow / ring / {row} / {column}", ["times"], ["ours"], "results have no slow"),
        ("speed / {row} / {column}", ["ours"], ["ring"], "expected a number or words"),
    ],
)
def test_an_entry_that_is_not_there_is_told(place, columns, rows, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        RESULTS.table(FOUND, place, columns, rows)


def test_as_many_words_as_columns_for_them():
    with pytest.raises(ValueError, match="expected 2 words for problem, planner"):
        RESULTS.table(FOUND, "speed / {row} / {column}", ["ms"], ["ring"], "problem | planner")


PAGES = sorted((ROOT / "book").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_repeats_a_table_row_by_row(page: Path):
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    assert not [row for row in rows if row.count("{{") > 1]


def test_every_table_of_the_book_can_be_drawn():
    found = [table for page in PAGES for table in tables(page.read_text(encoding="utf-8"))]
    assert len(found) > 10
    for table in found:
        assert any(table.places)


def test_no_result_has_an_exponent():
    """A number such as 1e+02 is not how people write a hundred."""

    def texts(found):
        if isinstance(found, dict):
            return [text for value in found.values() for text in texts(value)]
        return [str(found)]

    results = {k: v for k, v in RESULTS.measured(ROOT).items() if k in {"claims", "paths"}}
    assert [t for t in texts(results) if re.search(r"\d[eE][+-]\d", t)] == []
