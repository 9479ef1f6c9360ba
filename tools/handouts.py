"""Handouts: one page of A4 each, printed to PDF by Chromium.

python tools/handouts.py            # all of them, into _build/handouts

The worksheet of the two hours, notation, method, correctors and the forms are written in
book/teach/handouts; the ledger is the table of book/claims.md.
"""

from __future__ import annotations

import argparse
import html
import re
import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # called as a script: find the modules beside this one
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import browsers
from tools.notebook_text import ROOT
from tools.slide_parts import to_html

FOLDER = ROOT / "book" / "teach" / "handouts"
LEDGER = """# The ledger of claims

A report describes a method and makes sixteen claims for it. The course measures each of them. A
verdict holds for the data and models of the chapter that is named.

{table}

The numbers behind every verdict are on the page "The ledger of claims" of the book; they are
written by `python benchmarks/claims.py`.

**For the room.** Choose a verdict that you would contest. Which experiment would change it?
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
@page {{ size: A4; margin: 13mm 14mm; }}
body {{ font: 10.8pt/1.38 system-ui, sans-serif; color: #111; margin: 0; }}
h1 {{ font-size: 16pt; margin: 0 0 5pt; color: #08519c; }}
p, ul, ol {{ margin: 0 0 5pt; }}
ol, ul {{ padding-left: 22pt; }}
table {{ border-collapse: collapse; width: 100%; margin: 0 0 7pt; font-size: 9.8pt; }}
th, td {{ border-bottom: 0.5pt solid #999; padding: 1.8pt 4pt; text-align: left; }}
td, th {{ vertical-align: top; }}
pre, code {{ font: 9.2pt/1.3 ui-monospace, monospace; }}
pre {{ background: #f3f4f6; padding: 4pt 6pt; margin: 0 0 6pt; }}
footer {{ color: #555; font-size: 7.5pt; }}
</style>
<script>window.MathJax = {{ options: {{ enableMenu: false }}, chtml: {{ scale: 0.92 }} }};</script>
<script src="{mathjax}/tex-chtml.js"></script>
</head>
<body>
{body}
<footer>Navigating latent space with a discriminator. CC BY 4.0.</footer>
</body>
</html>
"""


def ledger(root: Path = ROOT) -> str:
    """The table of claims without the columns that only readers of the report need.

    Raises:
        ValueError: if the page has no such table.
    """
    page = (root / "book" / "claims.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (C\d+) \| (.+?) \| .+? \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    if not rows:
        raise ValueError("book/claims.md: expected a table of claims C1, C2 and so on, found none")
    lines = ["| | what is claimed | chapter | verdict |", "| --- | --- | --- | --- |"]
    for claim, words, chapter, verdict in rows:
        number = re.sub(r"\[(\d+)\]\(.*?\)", r"\1", chapter)
        lines.append(f"| {claim} | {words} | {number} | {verdict} |")
    return LEDGER.format(table="\n".join(lines))


def handouts(root: Path = ROOT) -> dict[str, str]:
    """The Markdown of each handout, by name."""
    folder = root / "book" / "teach" / "handouts"
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}
    return texts | {"ledger": ledger(root)}


def page(markdown: str) -> str:
    """A handout as a page that prints on A4."""
    sys.path.append(str(ROOT / "book" / "_ext"))
    import offline

    title = markdown.partition("\n")[0].removeprefix("# ")
    return PAGE.format(
        title=html.escape(title),
        mathjax=offline.mathjax_source().as_uri(),
        body=to_html(markdown),
    )


def printed(browser: Any, file: Path) -> bytes:
    """A page as PDF, its formulas set."""
    view = browser.new_page()
    view.goto(file.as_uri())
    view.evaluate("() => MathJax.startup.promise")
    errors = view.evaluate("() => document.querySelectorAll('mjx-merror').length")
    pdf: bytes = view.pdf(prefer_css_page_size=True, print_background=True)
    view.close()
    if errors:
        raise ValueError(f"{file.name}: {errors} formulas are faulty")
    return pdf


def pages_in(pdf: bytes) -> int:
    """How many pages a PDF of Chromium's has."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def write_handouts(texts: dict[str, str], out: Path, browser: Any) -> dict[str, int]:
    """Write name.html and name.pdf for each; how many pages each has."""
    out.mkdir(parents=True, exist_ok=True)
    counts = {}
    for name, text in texts.items():
        file = out / f"{name}.html"
        file.write_text(page(text), encoding="utf-8")
        pdf = printed(browser, file)
        (out / f"{name}.pdf").write_bytes(pdf)
        counts[name] = pages_in(pdf)
    return counts


def main(arguments: list[str] | None = None) -> int:
    """Print the handouts; the exit code is 1 if one has more than a page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "handouts", metavar="DIR")
    given = parser.parse_args(arguments)
    try:
        with browsers.browser() as browser:
            counts = write_handouts(handouts(), given.out.resolve(), browser)
    except ValueError as error:
        print(f"handouts: {error}", file=sys.stderr)
        return 2
    for name, count in counts.items():
        print(f"{given.out / name}.pdf: {count} page{'s' * (count > 1)}")
    return 1 if max(counts.values()) > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
