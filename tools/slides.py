"""Slides of the chapters: one HTML file each, offline, with figures and speaker notes.

python tools/slides.py                # every chapter, into _build/slides
python tools/slides.py 00 07          # two of them
python tools/slides.py --measure      # and look in Chromium whether a slide overflows

reveal.js comes, once and in one version, out of a package of the package index; after that
nothing asks for a network.
"""

from __future__ import annotations

import argparse
import html
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

if __package__ in (None, ""):  # called as a script: find the modules beside this one
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import browsers, notebook_quiz, notebooks, students
from tools.notebook_text import ROOT
from tools.slide_parts import LIVE, Slide, slides_of

REVEAL = "sphinx-revealjs==3.2.1"  # carries reveal.js 5
REVEAL_FILES = ("dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js")
ASSETS = ROOT / "book" / "teach" / "slides"
SMALLEST_TEXT = 12.0  # pixels at 1280 x 720

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="data:,">
{styles}
<link rel="stylesheet" href="lib/deck.css">
</head>
<body>
<div class="reveal"><div class="slides">
{sections}
</div></div>
{scripts}
<script>window.MathJax = {{ options: {{ enableMenu: false }} }};</script>
<script src="lib/mathjax/tex-chtml.js"></script>
<script src="lib/deck.js"></script>
</body>
</html>
"""
SECTION = """<section{kind}><h2>{title}</h2><div class="fit">
{body}
</div><aside class="notes">{notes}</aside></section>"""


def page(title: str, slides: list[Slide], reveal: bool = True) -> str:
    """The slides as a page; without reveal.js they stand one below the other."""
    sections = [
        SECTION.format(
            kind=' class="opening"' if place == 0 else "",
            title=html.escape(slide.title),
            body=slide.body,
            notes=slide.notes,
        )
        for place, slide in enumerate(slides)
    ]
    files = [f"lib/{Path(name).name}" for name in REVEAL_FILES] if reveal else []
    live = any(mark in slide.body for slide in slides for mark in LIVE)
    scripts = [name for name in files if name.endswith(".js")]
    scripts += ["_static/nav/nav-explorer-loader.js"] if live else []
    return PAGE.format(
        title=html.escape(title),
        styles="\n".join(f'<link rel="stylesheet" href="{n}">' for n in files if n.endswith("css")),
        sections="\n".join(sections),
        scripts="\n".join(f'<script src="{name}"></script>' for name in scripts),
    )


def fetch_reveal(lib: Path) -> None:
    """Put reveal.js into a folder, unless it is there; pip downloads the package that has it.

    Raises:
        ValueError: if pip cannot get it.
    """
    if all((lib / Path(name).name).is_file() for name in REVEAL_FILES):
        return
    store = lib / "download"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(store)]
    done = subprocess.run([*command, REVEAL], capture_output=True, text=True)
    wheels = sorted(store.glob("*.whl"))
    if done.returncode or not wheels:
        raise ValueError(
            f"expected pip to download {REVEAL}, which carries reveal.js, got:\n"
            f"{done.stderr.strip()}\nThis needs the package index once; try again with a network."
        )
    with zipfile.ZipFile(wheels[0]) as wheel:
        for name in REVEAL_FILES:
            data = wheel.read(f"sphinx_revealjs/_static/revealjs/{name}")
            (lib / Path(name).name).write_bytes(data)
    shutil.rmtree(store)


def write_library(out: Path, decks: list[str], reveal: bool = True) -> None:
    """Write what all slides share: style, scripts, formulas, and the live figures' data."""
    sys.path.append(str(ROOT / "book" / "_ext"))
    import explorer_page
    import offline

    lib = out / "lib"
    lib.mkdir(parents=True, exist_ok=True)
    for file in sorted(ASSETS.iterdir()):
        shutil.copy(file, lib)
    if reveal:
        fetch_reveal(lib)
    for part in offline.MATHJAX_PARTS:
        source, target = offline.mathjax_source() / part, lib / "mathjax" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
    figures = [figure for deck in decks for figure in explorer_page.Found(deck).figures]
    spaces = {(kind, space) for _, kind, space in figures}
    builder = SimpleNamespace(format="html")
    explorer_page.write_assets(
        SimpleNamespace(builder=builder, outdir=out, nav_spaces=spaces), None
    )


def deck(path: Path, reveal: bool = True, root: Path = ROOT) -> str:
    """The page of one chapter."""
    notebook = notebooks.read(path)
    file = notebook_quiz.quiz_file(path, root)
    questions = notebook_quiz.read_quiz(file) if file.is_file() else []
    slides = slides_of(notebook, students.notes_of(path, root), questions)
    return page(slides[0].title, slides, reveal)


def write_slides(paths: list[Path], out: Path, reveal: bool = True) -> list[Path]:
    """Write one page for each chapter; the pages."""
    decks = {out / f"{path.stem}.html": deck(path, reveal) for path in paths}
    write_library(out, list(decks.values()), reveal)
    for file, text in decks.items():
        file.write_text(text, encoding="utf-8")
    return list(decks)


# In the page: what of a slide lies outside it, and the smallest letters on it.
LOOK = """(section) => {
  const box = section.getBoundingClientRect(), scale = box.width / 1280, found = [];
  let smallest = Infinity;
  for (const element of section.querySelectorAll(".fit, .fit *, h2")) {
    if (element.closest("mjx-assistive-mml, aside")) continue;
    const own = element.getBoundingClientRect();
    if (!own.width || !own.height) continue;
    const ends = [own.right - box.left, own.bottom - box.top].map((v) => Math.round(v / scale));
    if (ends[0] > 1281 || ends[1] > 721 || own.left < box.left - 1)
      found.push(`${element.tagName.toLowerCase()} ends at ${ends.join(" x ")}`);
    const text = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (text && !element.closest("mjx-container, svg, .nav-explorer, .nav-playground"))
      smallest = Math.min(smallest,
        parseFloat(getComputedStyle(element).fontSize) * (element.currentCSSZoom ?? 1));
  }
  return { title: section.querySelector("h2").innerText, found: found.slice(0, 3), smallest };
}"""


def measure(browser: Any, file: Path, pictures: Path | None = None) -> list[str]:
    """What is wrong with the slides of a page, looked at in a window of 1280 x 720: sentences.

    Args:
        browser: of playwright.
        file: the page.
        pictures: a folder for a picture of every slide.
    """
    view = browser.new_page(viewport={"width": 1280, "height": 720})
    errors: list[str] = []
    view.on("pageerror", lambda error: errors.append(f"error in the page: {error}"))
    view.goto(file.as_uri())
    view.wait_for_selector("body[data-ready]", timeout=60_000, state="attached")
    faults = []
    for number, section in enumerate(view.query_selector_all(".slides > section"), 1):
        if view.evaluate("() => !!window.Reveal"):
            view.evaluate("(n) => Reveal.slide(n, 0, 99)", number - 1)  # with all its answers
            live = section.query_selector(", ".join(f".{name}" for name in LIVE))
            view.wait_for_timeout(1_500 if live else 30)
        seen = view.evaluate(LOOK, section)
        place = f"{file.name}, slide {number} ({seen['title']})"
        faults += [f"{place}: {words}" for words in seen["found"]]
        if seen["smallest"] is not None and seen["smallest"] < SMALLEST_TEXT:
            faults.append(f"{place}: letters of {seen['smallest']:.1f} pixels")
        if pictures:
            pictures.mkdir(parents=True, exist_ok=True)
            view.screenshot(path=pictures / f"{file.stem}-{number:03d}.png")
    view.close()
    return errors + faults


def _measured(files: list[Path], pictures: Path | None) -> int:
    faults = []
    with browsers.browser() as browser:
        for file in files:
            found = measure(browser, file, pictures)
            print(f"{file.name}: {len(found)} faults", flush=True)
            faults += found
    print("\n".join(faults))
    return 1 if faults else 0


def main(arguments: list[str] | None = None) -> int:
    """Write the slides; the exit code is 1 if one overflows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("chapters", nargs="*", metavar="NN", help="all of them if none")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "slides", metavar="DIR")
    parser.add_argument("--measure", action="store_true", help="whether a slide overflows")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="one of every slide")
    given = parser.parse_args(arguments)
    paths = [p for p in notebooks.chapters() if not given.chapters or p.name[:2] in given.chapters]
    if not paths:
        parser.error(f"no such chapter: {' '.join(given.chapters)}")
    try:
        files = write_slides(paths, given.out.resolve())
        print(f"{len(files)} chapters in {given.out}")
        return _measured(files, given.pictures) if given.measure or given.pictures else 0
    except ValueError as error:
        print(f"slides: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
