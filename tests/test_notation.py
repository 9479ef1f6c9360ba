"""The notation: one symbol, one meaning, in every formula; the glossary is in order."""

import json
import re
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTATION = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
FORMULA = re.compile(r"(?<![\\$])\$\$(.+?)\$\$|(?<![\\$\w])\$([^$\n]+(?:\n[^$\n]+)?)\$", re.DOTALL)
WORD = r"\\(?:operatorname|mathrm|text|mathbb|mathbf)\s*\{[^}]*\}|\\mathbb E|\\mathbb R"
# commands that draw something and are no symbol
SIGNS = """
left right big Big tfrac frac dfrac sqrt underbrace boxed quad qquad text label tag sum int prod min
max log ln exp cos sin le ge ll gg ne pm cdot times approx sim propto infty pi dots to mid in notin
cup top partial square parallel mapsto leftarrow Longrightarrow Longleftrightarrow lvert rvert lVert
rVert Vert lceil rceil nabla Delta det
"""
SIGNS = set(SIGNS.split())
HOME = {  # a symbol that once had two meanings, and the chapters that use it
    r"\lambda": "04 05 14",
    r"\beta": "03",
    r"\theta": "04 05",
    r"\omega": "01 09",
    r"\delta": "10",
    "h": "07",
    "L": "09 11 12",
    "J": "14",
    "K": "14 17",
    "P": "18",
    "S": "18",
    "T": "06 08 10",
    "b": "10",
    "m": "06 08",
    "t": "00 09",
    "y": "08",
}
# an old meaning, an example of it, and what is written instead
FORBIDDEN = {
    r"(?<!_)\\sigma\(": (r"D = \sigma(a)", r"\operatorname{sigmoid}"),
    r"\\varepsilon": (r"z = \mu + \sigma \varepsilon", r"\xi for noise, \epsilon for the band"),
    r"(?<!mathcal )(?<!\\)\bN\(": ("z = N(0, I)", r"\mathcal N"),
    r"\\hat\s*\\?\{?(tau|m\b)": (r"\hat\tau", r"\hat v, or \overline g"),
    r"\\dot\b": (r"\dot z = -a", r"\Delta z"),
    r"\bs\s*(\\,|=)": (r"a \mapsto s\,a", r"1/T for a scale, \sigma for a deviation"),
    r"(?<!mathcal )\bP(_\w)?\(": (r"P(z < 1)", r"\Pr"),
    r"\bI\([xz];": ("I(x; z)", r"\mathrm{MI}"),
    r"\bc_z": ("c_z(a)", r"\mathcal L_z"),
    r"\\sigma\s*n\b|n\s*/\s*\\sigma": (r"x + \sigma n", r"\xi for noise"),
    r"^p\(x\) = \\frac\{1 \+": (r"p(x) = \frac{1 + k}{n + 1}", r"\mathrm{pv}"),
    r"\\tau\s*>\s*0|\\eta_": (r"\eta_1", r"one \eta for all"),
}


def rows():
    """(symbol cell, meaning) of every row of notation.md's tables."""
    found = re.findall(r"^\| (.+?) \| (.+?) \| .*?\| (\d\d) \|$", NOTATION, re.MULTILINE)
    return [(symbol, meaning) for symbol, meaning, _ in found]


def names(cell):
    """The symbols of a cell such as `$K, w_k$`, each without arguments and spaces."""
    parts = re.sub(r"\([^()|]*\)|\[[^\]]*\]|[\s$]", "", cell.replace(r"\mid", "|")).split(",")
    return [part for part in parts if part]


def texts():
    """(where, chapter or "", text without code) of every text that has formulas."""
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
            if cell["cell_type"] == "markdown":
                yield f"{path.stem} cell {number}", path.stem[:2], "".join(cell["source"])
    pages = [*ROOT.glob("book/*.md"), *ROOT.glob("book/api/*.md")]
    for path in sorted([*pages, *ROOT.glob("book/teach/**/*.md")]):
        if path.name != "notation.md":
            yield path.name, "", path.read_text(encoding="utf-8")


def formulas():
    """(where, chapter or "", formula) for every formula of the course."""
    for where, chapter, text in texts():
        plain = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
        for display, inline in FORMULA.findall(plain):
            yield where, chapter, display or inline


ALL = list(formulas())


def letters(formula):
    r"""The letters and Greek letters of a formula, \overline and hats taken off."""
    plain = re.sub(WORD + r"|_[a-z]\b|\\(hat|bar|overline)\b", " ", formula)
    found = re.findall(r"\\mathcal [A-Z]|\\[a-zA-Z]+|[a-zA-Z]", plain)
    return {name for name in found if name.strip("\\") not in SIGNS or name[0] != "\\"} - {"e"}


KNOWN = set().union(*(letters(cell) for cell, _ in rows()))


def test_each_symbol_has_one_row():
    seen = [name for cell, _ in rows() for name in names(cell)]
    assert len(seen) > 80
    assert sorted({name for name in seen if seen.count(name) > 1}) == []


def test_a_row_gives_one_meaning():
    several = re.compile(r"in chapters? \d|another thing|see below|in an example, also")
    assert [meaning for _, meaning in rows() if several.search(meaning)] == []
    assert "*later*" not in NOTATION


def test_every_symbol_of_a_formula_has_a_row():
    unknown = {(where, name) for where, _, formula in ALL for name in letters(formula) - KNOWN}
    assert len(ALL) > 1000
    assert sorted(unknown) == []


@pytest.mark.parametrize("symbol", HOME)
def test_a_symbol_stays_in_its_chapters(symbol):
    found = {chapter for _, chapter, formula in ALL if chapter and symbol in letters(formula)}
    assert sorted(found - set(HOME[symbol].split())) == []


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_no_formula_has_an_old_meaning(pattern):
    example, instead = FORBIDDEN[pattern]
    assert re.search(pattern, example)
    found = [(where, formula) for where, _, formula in ALL if re.search(pattern, formula)]
    assert found == [], f"write {instead}"


def test_the_glossary_is_in_order():
    text = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
    words = re.search(r"^```\{glossary\}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1]
    terms = re.findall(r"^(?=\S)(.+)$", words, re.MULTILINE)

    def key(term):
        plain = unicodedata.normalize("NFKD", term.casefold())
        return re.sub(r"[^a-z0-9]", "", plain)  # letter by letter

    assert len(terms) > 70
    assert terms == sorted(terms, key=key)
