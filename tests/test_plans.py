"""The plans of the workshop kit: minutes add up, and agree with the times of the chapters."""

import re
from pathlib import Path

import pytest

from tools import notebook_exercises, notebooks, students

KIT = Path(__file__).parents[1] / "book" / "teach"
PAGE = KIT / "plans.md"
LENGTHS = {  # minutes
    "Two hours, with a browser only": 120,
    "Half a day": 240,
    "One day": 480,
    "Day one: the map": 480,
    "Day two: the compass": 480,
    "Day three: the voyage": 480,
}
LONGEST_SITTING = 100  # minutes without a break
CHAPTER = re.compile(r"^\[(\d\d)\]\(../../notebooks/(.+?)\)(?: whole$|: (.+)$)")


LIST = r"(?:, | and | to )"
NAMED = {  # how a page names an exercise and a chapter
    "exercise": re.compile(rf"\b[Ee]xercises? (\d+\.\d+(?:{LIST}\d+\.\d+)*)"),
    "chapter": re.compile(rf"(?:\b[Cc]hapters? |notebooks/)(\d\d(?:{LIST}\d\d)*)"),
}
THERE = {
    "exercise": {
        exercise.number
        for path in notebooks.chapters()
        for exercise in notebook_exercises.find(notebooks.read(path).cells)
    },
    "chapter": {path.name[:2] for path in notebooks.chapters()},
}


def missing(text):
    """The exercises and chapters that a text names and that do not exist."""
    for kind, pattern in NAMED.items():
        for found in pattern.findall(" ".join(text.split())):
            for name in re.split(LIST, found):
                if name not in THERE[kind]:
                    yield f"{kind} {name}"


def plans(page):
    """Rows (start, minutes, what, how, cut) of each plan, by its heading; times in minutes."""
    found = {}
    for part in re.split(r"^#{2,3} ", page, flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| (\d):(\d\d) \| (\d+) \| (.*?) \| (.*?) ?\| (.*?) ?\|$", part, re.M)
        if rows:
            found[part.partition("\n")[0]] = [
                (60 * int(h) + int(m), int(minutes), *rest) for h, m, minutes, *rest in rows
            ]
    return found


def faults(plan, length, stated):
    """What is wrong with a plan: sentences.

    Args:
        plan: its rows.
        length: how many minutes it has to take.
        stated: by the two digits of a chapter, its minutes and its headings.
    """
    clock, whole, sitting = 0, {}, 0
    for start, minutes, what, how, cut in plan:
        if start != clock:
            yield f"{what}: begins at {start}, and the row before ends at {clock}"
        clock = start + minutes
        sitting = 0 if what in ("break", "lunch") else sitting + minutes
        if sitting > LONGEST_SITTING:
            yield f"{what}: {sitting} minutes without a break"
        if not cut and start:
            yield f"{what}: nothing is said for those who are late"
        if not how and what not in ("break", "lunch"):
            yield f"{what}: nothing is said of who does what"
        match = CHAPTER.match(what)
        if "notebooks/" in what and not match:
            yield f"{what}: neither whole nor in named sections"
        elif match:
            minutes_stated, there = stated[match[1]]
            sections = match[3].split("; ") if match[3] else []
            sections += re.findall(r'"(.+?)"', cut)
            yield from (f"{what}: no section {name!r}" for name in sections if name not in there)
            if not match[3]:
                whole[match[1]] = whole.get(match[1], 0) + minutes - minutes_stated
    yield from (f"chapter {c}: {-gap} minutes too few" for c, gap in whole.items() if gap < 0)
    if clock != length:
        yield f"takes {clock} minutes instead of {length}"


def stated_by(path):
    """Minutes that a chapter states for all of it, and its headings."""
    notebook = notebooks.read(path)
    times = [int(m) for m in re.findall(r"(\d+) minutes", notebook.cells[0].source)]
    if not times:
        times = [int(m) for c in notebook.cells[:3] for m in re.findall(r"(\d+) minutes", c.source)]
    return max(times), students.headings(notebook)


STATED = {path.name[:2]: stated_by(path) for path in notebooks.chapters()}
PLANS = plans(PAGE.read_text(encoding="utf-8"))


FILES = sorted([*KIT.rglob("*.md"), *KIT.rglob("*.yml")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_exercises_and_chapters_that_the_kit_names_are_there(path):
    assert list(missing(path.read_text(encoding="utf-8"))) == []


def test_a_name_of_nothing_is_found():
    text = "Skip exercises 0.1 and 0.9, chapters 04, 31 and\n05: [x](../../notebooks/77_x.ipynb)."
    assert list(missing(text)) == ["exercise 0.9", "chapter 31", "chapter 77"]


def test_there_are_four_plans():
    assert list(PLANS) == list(LENGTHS)
    assert {"00", "04", "13", "17"} <= set(STATED)


@pytest.mark.parametrize("name", LENGTHS)
def test_a_plan_adds_up_and_agrees_with_the_chapters(name):
    assert list(faults(PLANS[name], LENGTHS[name], STATED)) == []


def test_the_shortest_needs_a_browser_only():
    chapters = [row[2] for row in PLANS["Two hours, with a browser only"] if "notebooks/" in row[2]]
    pages = [row[2] for row in PLANS["Two hours, with a browser only"] if row[2].startswith("[")]
    assert len(chapters) == 1 and {"[explorer](../explorer.md)", chapters[0]} < set(pages)


def test_the_shortest_is_written_out_with_the_same_times():
    text = (PAGE.parent / "two_hours.md").read_text(encoding="utf-8")
    told = re.findall(r"^### (\d):(\d\d), (\d+) minutes: (.+)$", text, re.M)
    told = [(60 * int(h) + int(m), int(minutes), what) for h, m, minutes, what in told]
    rows = PLANS["Two hours, with a browser only"]
    plain = [re.sub(r"^\[(.+?)\].*$", r"\1", what) for _, _, what, *_ in rows]
    assert told == [(*row[:2], what) for row, what in zip(rows, plain, strict=True)]


def test_every_chapter_is_in_the_longest():
    rows = [row[2] for name in LENGTHS if name.startswith("Day") for row in PLANS[name]]
    there = {match[1] for match in map(CHAPTER.match, rows) if match}
    assert there >= {f"{n:02d}" for n in range(14)} | {"17"}


def test_every_other_chapter_is_listed_with_its_minutes():
    page = PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\d\d)\]\(../../notebooks/.+?\) \| (\d+) \| .+ \|$", page, re.M)
    rows = [row[2] for plan in PLANS.values() for row in plan]
    there = {match[1] for match in map(CHAPTER.match, rows) if match}
    others = [(number, str(STATED[number][0])) for number in sorted(set(STATED) - there)]
    assert listed == others


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("| 0:05 | 10 |", "| 0:05 | 11 |", "begins at 15"),
        ("| 1:53 | 7 |", "| 1:53 | 8 |", "takes 121 minutes"),
        ("| 0:50 | 10 | break", "| 0:50 | 10 | talk", "without a break"),
        ("ipynb) whole", "ipynb)", "neither whole nor"),
        ("ipynb) whole", "ipynb): The map; No such section", "no section 'No such section'"),
        ("only the second |", " |", "for those who are late"),
        ("exercises 0.1 and 0.2 |", '"Such a section" |', "no section 'Such a section'"),
    ],
)
def test_a_fault_is_found(old, new, said):
    page = PAGE.read_text(encoding="utf-8")
    assert old in page
    name = "Two hours, with a browser only"
    found = faults(plans(page.replace(old, new, 1))[name], 120, STATED)
    assert any(said in fault for fault in found)


def test_a_chapter_that_needs_more_time_is_a_fault():
    stated = STATED | {"00": (99, STATED["00"][1])}
    found = faults(PLANS["Half a day"], 240, stated)
    assert list(found) == ["chapter 00: 69 minutes too few"]
