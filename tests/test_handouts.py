"""The handouts: one page of A4 each, and the names in them are those of the package."""

import os
import re
from pathlib import Path

import pytest

import nav_utils
from nav_utils import steps
from tools import browsers, handouts

ROOT = Path(__file__).parents[1]
TEXTS = handouts.handouts()


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """The folder of the printed handouts, and how many pages each has; one of ours is too long."""
    try:
        browsers.program()
    except ValueError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
    folder = tmp_path_factory.mktemp("handouts")
    texts = TEXTS | {"long": "# Long\n\n" + "Many words.\n\n" * 100}
    with browsers.browser() as browser:
        faulty = folder / "faulty.html"
        faulty.write_text(handouts.page("# Faulty\n\n$x^2^3$"), encoding="utf-8")
        with pytest.raises(ValueError, match="1 formulas are faulty"):
            handouts.printed(browser, faulty)
        return folder, handouts.write_handouts(texts, folder, browser)


def test_each_is_one_page(counted):
    folder, counts = counted
    assert counts.pop("long") > 1
    names = ["correctors", "feedback", "ledger", "method", "notation", "pulse", "two_hours"]
    assert counts == dict.fromkeys(names, 1)
    for name in counts:
        pdf = (folder / f"{name}.pdf").read_bytes()
        box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
        assert [round(float(side)) for side in box.groups()] == [595, 842]  # A4 in points


def test_the_ledger_is_that_of_the_book():
    page = (ROOT / "book" / "claims.md").read_text(encoding="utf-8")
    rows = [line for line in TEXTS["ledger"].splitlines() if re.match(r"\| C\d+ ", line)]
    assert len(rows) == len(re.findall(r"^\| C\d+ \|", page, re.MULTILINE)) == 16
    for row in rows:
        claim, words, chapter, verdict = row.strip("| ").split(" | ")
        (line,) = re.findall(rf"^\| {claim} \|.+$", page, re.MULTILINE)
        assert words in line and line.endswith(f"{verdict} |") and chapter[:2].isdigit()


def test_a_book_without_a_ledger_is_told(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "claims.md").write_text("# Nothing\n")
    with pytest.raises(ValueError, match="expected a table of claims"):
        handouts.ledger(tmp_path)


def test_the_method_has_ten_lines():
    assert re.findall(r"^(\d+)\. ", TEXTS["method"], re.MULTILINE) == [str(n) for n in range(1, 11)]


def test_symbols_are_those_of_the_notation():
    notation = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\$.+?\$) \|", TEXTS["notation"].partition("**How")[0], re.MULTILINE)
    known = re.sub(r"[^a-zA-Z]", "", notation)
    assert len(rows) >= 15
    assert all(re.sub(r"[^a-zA-Z]", "", part) in known for row in rows for part in row.split(","))


def test_calls_and_statuses_are_those_of_the_package():
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", "\n".join(TEXTS.values()), re.M | re.S))
    called = set(re.findall(r"\b([A-Za-z_]+)\(", code)) - {"level"}
    assert called >= {"navigate", "correct", "GaussNewton"}
    assert all(hasattr(nav_utils, name) or hasattr(steps, name) for name in called)
    named = set(re.findall(r"`([A-Z_]{6,})`", TEXTS["correctors"]))
    assert named == {status.name for status in nav_utils.Status}
    fields = set(re.findall(r"moved\.(\w+)", code))
    assert fields <= set(nav_utils.Correction._fields)
