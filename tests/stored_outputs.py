"""A pytest plugin: stored outputs are compared word by word, and numbers as numbers.

nbval compares texts. A number near a rounding edge then fails on another processor, however few
digits are printed. Here words and layout have to be the same; a number with decimals, an exponent
or a percent sign may be off by one unit of its last printed digit, or by 1 % if that is more; a
whole number counts something and has to be the same. A cell may say otherwise by its tags:

    numbers-within-5-percent, numbers-within-0.2      for numbers with decimals
    integers-within-5-percent, integers-within-3      for whole numbers
    compare-exactly                                   text by text, as nbval does

After its cells, a chapter's experiments run in the same kernel: `tests/tries/chNN.py` names them.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import nbval.plugin as nbval
import pytest

NUMBER = re.compile(
    r"""(?<![\w.])                                  # not within a word, a version, a number
    (?:(?<![\w)\]])[-+−])?                          # a sign, and not the dash of a range
    (?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?      # 12, 12.5, 1,234.5
    (?:[eE][-+]?\d+)?
    (?![\w]|\.\d|,\d{3}(?!\d))""",
    re.VERBOSE,
)
TAG = re.compile(r"(numbers|integers)-within-(\d+(?:\.\d+)?)(-percent)?")
EXACT = "compare-exactly"
# A comparison that lets a half or the double pass compares nothing.
MAX_PERCENT = 50


class Tolerance(NamedTuple):
    """How far a number may be off: `share` of the stored one or `absolute`, whatever is more."""

    share: float = 0.01
    absolute: float = 0.0
    integer_share: float = 0.0
    integer_absolute: float = 0.0
    exact: bool = False

    @classmethod
    def from_tags(cls, tags: list[str]) -> Tolerance:
        """Read a cell's tags; ValueError for one that looks like a tolerance and is none."""
        tolerance = cls(exact=EXACT in tags)
        for tag in tags:
            if not tag.startswith(("numbers-", "integers-", "compare-")) or tag == EXACT:
                continue
            parts = TAG.fullmatch(tag)
            if parts is None or (parts[3] and not 0 < float(parts[2]) <= MAX_PERCENT):
                raise ValueError(
                    f"tag {tag!r}: expected {EXACT}, or numbers- or integers-within- a number, or "
                    f"at most {MAX_PERCENT}-percent, such as numbers-within-5-percent"
                )
            prefix = "integer_" if parts[1] == "integers" else ""
            name, size = (
                ("share", float(parts[2]) / 100) if parts[3] else ("absolute", float(parts[2]))
            )
            tolerance = cls(**{**tolerance._asdict(), prefix + name: size})
        return tolerance


DEFAULT = Tolerance()
TRIES = Path(__file__).parent / "tries"


class Token(NamedTuple):
    """A number as it was printed, and the text between it and the number before."""

    before: str
    number: str
    measured: bool  # decimals, an exponent or a percent sign: not a count

    @property
    def value(self) -> float:
        return float(self.number.replace(",", "").replace("−", "-"))

    @property
    def unit(self) -> float:
        """One unit of the last printed digit."""
        digits, _, exponent = self.number.lower().partition("e")
        decimals = len(digits.partition(".")[2])
        return 10.0 ** (int(exponent or 0) - decimals)


def tokens(text: str) -> tuple[list[Token], str]:
    """Split a text into its numbers, each with the text before it, and the text after the last."""
    found, end = [], 0
    for match in NUMBER.finditer(text):
        percent = re.match(r" ?%", text[match.end() :])
        measured = bool(percent) or any(mark in match[0] for mark in ".eE")
        found.append(Token(text[end : match.start()], match[0], measured))
        end = match.end()
    return found, text[end:]


def same_number(stored: Token, fresh: Token, tolerance: Tolerance) -> bool:
    """True if two printed numbers are the same within the tolerance."""
    if stored.measured != fresh.measured:
        return False
    size = abs(stored.value)
    if stored.measured:
        unit = min(stored.unit, fresh.unit)  # the formats g drop zeros: the finer one counts
        allowed = max(unit, tolerance.share * size, tolerance.absolute)
    else:
        allowed = max(tolerance.integer_share * size, tolerance.integer_absolute)
    difference = abs(stored.value - fresh.value)
    return difference <= allowed or math.isclose(difference, allowed, rel_tol=1e-6)


def same_layout(stored: str, fresh: str, width_changed: bool) -> bool:
    """True if two texts between numbers are the same; a longer number may have eaten padding."""
    if stored == fresh or not width_changed:
        return stored == fresh
    pad = functools.partial(re.sub, r"^ +| +$", " ")
    return pad(stored) == pad(fresh)


def difference(stored: str, fresh: str, tolerance: Tolerance = DEFAULT) -> str | None:
    """What keeps two outputs from being the same, in words; None if nothing does."""
    if stored == fresh:
        return None
    if tolerance.exact:
        return "this cell is compared exactly, and the texts differ"
    (old, old_end), (new, new_end) = tokens(stored), tokens(fresh)
    width_changed = False
    for a, b in zip(old, new, strict=False):
        wider = len(a.number) != len(b.number)
        if not same_layout(a.before, b.before, width_changed or wider):
            return f"the text before {a.number} is {a.before!r}, came {b.before!r}"
        if not same_number(a, b, tolerance):
            kind = "measured" if a.measured else "whole"
            return f"the {kind} number {a.number} came as {b.number}, after {a.before[-40:]!r}"
        width_changed = wider
    if len(old) != len(new):
        return f"{len(old)} numbers were stored, {len(new)} came; the end came as {fresh[-60:]!r}"
    if not same_layout(old_end, new_end, width_changed):
        return f"the end {old_end[-60:]!r} came as {new_end[-60:]!r}"
    return None


class StoredCell(nbval.IPyNbCell):
    """A cell of a chapter; its stored and its fresh output are compared as above."""

    def __init__(self, name: str, parent: Any, **rest: Any) -> None:
        super().__init__(name, parent, **rest)
        self.tolerance = Tolerance.from_tags(self.cell.metadata.get("tags", []))

    def compare_outputs(self, test: list[Any], ref: list[Any], skip_compare: Any = None) -> bool:
        reasons = []
        for fresh, stored in zip(test, ref, strict=False):
            for new, old, key in texts_in_both(fresh, stored):
                reason = difference(
                    self.sanitize(old[key]), self.sanitize(new[key]), self.tolerance
                )
                if reason is None:
                    new[key] = old[key]
                else:
                    reasons.append(f"{key}: {reason}")
        same = super().compare_outputs(test, ref, skip_compare)
        if not same:
            self.comparison_traceback[:0] = reasons
        return bool(same)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: Any) -> Any:
    """Collect what nbval would collect as a `StoredChapter`."""
    found = yield
    return [
        StoredChapter.from_parent(parent, path=file_path) if isinstance(f, nbval.IPyNbFile) else f
        for f in found
    ]


def texts_in_both(fresh: Any, stored: Any) -> Iterator[tuple[Any, Any, str]]:
    """The texts that two outputs of one kind have in common: (fresh, stored, key)."""
    if fresh.output_type != stored.output_type:
        return
    for new, old in ((fresh, stored), (fresh.get("data", {}), stored.get("data", {}))):
        for key in new.keys() & old.keys() - {"output_type", "name"}:
            if isinstance(new[key], str) and isinstance(old[key], str):
                yield new, old, key


class TryCell(nbval.IPyNbCell):
    """A cell run once more with the change that the chapter suggests: it has to come to its end."""

    def runtest(self) -> None:
        super().runtest()
        if self.options["last"] and not self.test_outputs:
            self.raise_cell_error("The experiment ends and shows nothing")


class StoredChapter(nbval.IPyNbFile):
    """A chapter: its cells, then its experiments in the same kernel."""

    def collect(self) -> Iterator[pytest.Item]:
        number = -1
        for item in super().collect():
            number = item.cell_num
            parts = {"cell_num": number, "cell": item.cell, "options": item.options}
            yield StoredCell.from_parent(self, name=item.name, **parts)
        for name, cells in tries(self.path, self.nb).items():
            for place, cell in enumerate(cells, 1):
                number += 1
                options = {"last": place == len(cells), "check": False}
                options |= {"skip": False, "check_exception": False}
                label = f"Try: {name} ({place} of {len(cells)})"
                yield TryCell.from_parent(
                    self, name=label, cell_num=number, cell=cell, options=options
                )


def tries(path: Path, notebook: Any) -> dict[str, list[Any]]:
    """The experiments of a chapter: name -> the cells to run again, changed."""
    changes = tries_of(path.name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return {
        name: [changed(code, mark, edits, f"{path.name}, {name}") for mark, edits in steps]
        for name, steps in changes.items()
        if not isinstance(steps, str)  # a reason why it is tested elsewhere
    }


def tries_of(name: str) -> dict[str, Any]:
    """TRIES of tests/tries/chNN.py; empty if a chapter has none."""
    path = TRIES / f"ch{name[:2]}.py"
    if not path.is_file():
        return {}
    spec = importlib.util.spec_from_file_location(f"tries_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.TRIES)


def changed(code: list[Any], mark: str, edits: dict[str, str], where: str) -> Any:
    """The one cell that holds `mark`, with every old text (it stands once) made new."""
    holding = [cell for cell in code if mark in cell.source]
    if len(holding) != 1:
        raise ValueError(f"{where}: {mark!r} stands in {len(holding)} code cells, expected 1")
    source = holding[0].source
    for old, new in edits.items():
        if source.count(old) != 1:
            raise ValueError(f"{where}: {old!r} stands {source.count(old)} times, expected once")
        source = source.replace(old, new)
    return nbformat.v4.new_code_cell(source)
