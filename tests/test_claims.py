"""The ledger of claims: its numbers come from the benchmark's file, all of them, and no others."""

import json
import re
import sys
from pathlib import Path

import pytest

from tests.results_tables import tables

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
from moved import meet, moved, span

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "book" / "claims.md").read_text(encoding="utf-8")
MEASURED = json.loads((ROOT / "benchmarks" / "results" / "claims.json").read_text())
RESULTS = MEASURED["claims"]
NAMED = re.findall(r'\{\{ claims\.(C\d+)\["([^"]+)"\] \}\}', PAGE)
NAMED += [(keys[1], keys[2]) for table in tables(PAGE) for keys in table.places if keys]
VERDICTS = ("holds", "holds in part", "holds if", "fails", "not yet measured")
ROW = re.compile(r"^\| (C\d+) \| (.+?) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)


def test_the_ledger_has_the_sixteen_claims_in_order():
    assert [row[0] for row in ROW.findall(PAGE)] == [f"C{n}" for n in range(1, 17)]


@pytest.mark.parametrize("row", ROW.findall(PAGE), ids=lambda row: row[0])
def test_a_claim_has_a_verdict_and_if_it_was_measured_a_section_with_numbers(row):
    claim, _, _, chapter, verdict = row
    assert verdict.strip("* ").startswith(VERDICTS), verdict
    measured = "not yet measured" not in verdict
    assert measured == bool(re.search(rf"^### {claim}\b", PAGE, re.MULTILINE))
    assert measured == ("planned" not in chapter)
    if measured:
        section = re.split(r"^##", PAGE.split(f"### {claim}")[1], flags=re.MULTILINE)[0]
        assert "{{ claims." in section or "{results} claims" in section
        assert ".ipynb" in section


def test_every_number_of_the_results_is_on_the_page_and_every_one_on_the_page_is_there():
    there = {(claim, name) for claim, found in RESULTS.items() for name in found}
    assert set(NAMED) == there | {("spaces", name) for name in MEASURED["spaces"]}


def test_every_space_says_how_many_trainings_and_refits_stand_behind_its_numbers():
    for name, counted in MEASURED["spaces"].items():
        refits = [int(n) for n in counted["refits of each"].split(", ")]
        assert len(refits) == int(counted["AAE seeds"]) >= 1 and min(refits) >= 1, name
    assert {"mnist-2d", "mnist-16d"} <= set(MEASURED["spaces"])


def test_no_measured_number_is_typed_by_hand():
    """A number with an interval, or in percent, stands on the page only by its name."""
    typed = re.findall(r"\d[\d.]* ?(?:%|\[)", re.sub(r"\{\{.*?\}\}", "", PAGE))
    assert [text for text in typed if text not in ALLOWED] == []


OF_SPACES = ("C1", "C2", "C5", "C6", "C7", "C13", "C14", "C16")
RANGES = MEASURED["ranges"]


@pytest.mark.parametrize("claim", OF_SPACES)
def test_every_row_of_several_ratios_has_their_range_and_is_within_reach_of_it(claim):
    rows = {name for name in RESULTS[claim] if "without penalty" not in name}
    assert set(RANGES[claim]) == rows
    for name, (low, high) in RANGES[claim].items():
        assert low <= high
        assert meet((low, high), span(RESULTS[claim][name])), name


def test_the_check_finds_labels_that_were_swapped_and_nothing_where_nothing_is():
    assert moved(RESULTS, RESULTS, RANGES) == []
    swapped = (
        ("C5", "cycle error, D 0.01 to 0.05, mnist-16d", "cycle error, D 0.6 to 0.8, mnist-16d"),
        ("C6", "held-out loss, left over, mnist-2d", "held-out loss, refit, mnist-2d"),
        ("C7", "targets inside the band, mnist-2d", "targets inside the band, mnist-16d"),
        (
            "C13",
            "places below the floor, straight line, mnist-2d",
            "codes below the floor, mnist-2d",
        ),
        ("C14", "length, graph with D, mnist-16d", "length, string with D, mnist-16d"),
    )
    for claim, one, other in swapped:
        rows = {one: RESULTS[claim][other], other: RESULTS[claim][one]}
        assert moved({claim: rows}, RESULTS, RANGES), (claim, one)


ALLOWED = {"5 %", "95 %", "99 %", "0.1 %"}  # intervals, and sizes chosen, not found
