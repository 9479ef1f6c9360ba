"""What the README and the pages around the chapters promise is there: code, commands, chapters."""

import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

from tools.figures import FIGURE, HOLE, N_SHOWN, voyage
from tools.notebook_text import badge

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ARXIV = re.compile(r"\b[012]\d(?:0[1-9]|1[0-2])\.\d{4,5}\b")  # year, month, number
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "book").rglob("*.md")),
]
ROW = re.compile(
    r"^\| \[(?P<title>.+?)\]\(notebooks/(?P<name>.+?)\) \| (?P<minutes>\d+) \| (?P<badge>.+) \|$"
)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text, language):
    """The code blocks of this language."""
    return re.findall(rf"^[ ]*```{language}\n(.*?)^[ ]*```$", text, re.MULTILINE | re.DOTALL)


def markdown(path):
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def table():
    return [row for row in map(ROW.match, read("README.md").splitlines()) if row]


def test_the_examples_of_the_readme_run_and_give_the_shapes_they_state(monkeypatch, tmp_path):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    monkeypatch.chdir(tmp_path)  # the second writes a file
    names = {}
    first, second = blocks(read("README.md"), "python")
    for example in (first, second):
        exec(compile(example, "README.md", "exec"), names)
    assert len(names["explorer"].path) == 48
    assert (tmp_path / "explorer.html").stat().st_size > 800_000
    assert names["train"].images.shape == (1500, 1, 8, 8)
    assert names["codes"].shape == (1500, 2)
    assert names["images"].shape == (9, 1, 28, 28)
    reconstruction = names["history"].epochs("reconstruction")
    assert reconstruction[-1] < reconstruction[0]


def test_the_table_lists_exactly_the_chapters_in_order():
    assert [row["name"] for row in table()] == [path.name for path in CHAPTERS]


@pytest.mark.parametrize("row", table(), ids=lambda row: row["name"][:2])
def test_a_row_has_the_title_the_minutes_and_the_badge_of_its_chapter(row):
    path = ROOT / "notebooks" / row["name"]
    text = markdown(path)
    assert text.splitlines()[0] == f"# {row['title']}"
    assert re.search(rf"\b{row['minutes']} minutes\b", text), f"{path.name}: {row['minutes']}"
    assert row["badge"] == badge(path).strip("*")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_make_command_named_is_in_the_makefile(path):
    text = path.read_text(encoding="utf-8")
    # `make book`, a line of a code block, or a piece of one such as TMPDIR=~/tmp make book
    named = set(re.findall(r"`(?:\w+=\S+ )*make ([a-z-]+)", text))
    for block in blocks(text, "bash"):
        named |= set(re.findall(r"^\s*make ([a-z-]+)", block, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    assert named <= targets
    assert path.name not in {"README.md", "how_to_use.md"} or {"book", "test"} <= named


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize("name", ["README.md", "book/how_to_use.md"])
def test_the_plain_commands_are_those_that_make_would_run(name):
    targets = ["book", "test", "lab"]
    command = ["make", "--dry-run", "--always-make", *targets, "PYTHON=python3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    would_run = re.sub(r"\s*\\\n\s*", " ", done.stdout)
    lines = [line for block in blocks(read(name), "bash") for line in block.splitlines()]
    plain = [line for line in lines if re.match(r"python3 -m venv|\.venv/bin/python ", line)]
    assert len(plain) >= 5
    assert [line for line in plain if line not in would_run] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_to_files_and_images_lead_somewhere_and_images_have_words(path):
    text = path.read_text(encoding="utf-8")
    for bang, words, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", text):
        if not re.match(r"https?:|#", target):
            assert (path.parent / target.split("#")[0]).exists(), target
        assert not bang or len(words) >= 20, target
    for target, options in re.findall(r"^```\{figure\} (\S+)\n((?::.*\n)*)", text, re.MULTILINE):
        assert (path.parent / target).exists()
        assert re.search(r"^:alt: .{20,}", options, re.MULTILINE), target


def test_a_paper_named_in_a_chapter_or_a_page_by_its_arxiv_number_is_in_the_bibliography():
    texts = {path.name: markdown(path) for path in CHAPTERS}
    texts |= {path.name: path.read_text(encoding="utf-8") for path in PAGES}
    known = set(re.findall(r"eprint\s*=\s*\{(.+?)\}", read("book/references.bib")))
    named = {(name, number) for name, text in texts.items() for number in ARXIV.findall(text)}
    assert [(name, number) for name, number in sorted(named) if number not in known] == []


def test_the_caption_of_the_introduction_says_what_the_figure_shows():
    caption = re.sub(r"\s+", " ", read("book/intro.md"))
    straight, planned = voyage()[1:]
    lost = straight.shortage[straight.shortage > HOLE]
    assert (len(lost), N_SHOWN) == (4, 11)
    assert "On four of its eleven points" in caption
    assert f"{lost.min():.0f} to {lost.max():.0f} times as many codes as there are" in caption
    assert f"above {HOLE:.0f} this course speaks of a hole" in caption
    assert straight.confidence[[0, -1]].min() > 0.95
    assert straight.confidence.min() < 0.5
    assert "most of all at the edge of the hole" in caption
    at, first = int(straight.confidence.argmin()), int((straight.shortage > HOLE).float().argmax())
    assert at == first - 1
    # The planned path: through no hole, sure of its digits, half as long again.
    assert planned.shortage.max() < 2 < HOLE and planned.confidence.min() > 0.8
    assert "no point of it lies in a hole" in caption and "It is half as long again" in caption
    line, way = (path.line.diff(dim=0).norm(dim=-1).sum() for path in (straight, planned))
    assert 1.35 < float(way / line) < 1.65


def test_the_figure_of_the_introduction_is_small():
    assert FIGURE.stat().st_size <= 200_000
