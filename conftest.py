"""Settings of every test run, unit tests and notebooks alike, before anything imports torch."""

import itertools
import os

# One thread: the workers share the cores, and stored numbers do not depend on how many there are.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Progress bars are not part of a stored output.
os.environ.setdefault("TQDM_DISABLE", "1")
# A notebook's kernel prints sets in the order that the stored outputs have.
os.environ.setdefault("PYTHONHASHSEED", "0")

# Stored outputs are compared as numbers and words, not letter by letter.
pytest_plugins = ["tests.stored_outputs"]


BROWSERS = ("tests/book/", "tests/explorer/", "tests/playground/")
WHOLE = ("tests/book/", "tests/explorer/page/")  # folders that one worker runs in a row


def longest_first(file):
    """Chapters by number, but for chapter 05, whose trainings take longest."""
    return "/05_" in file, file


def pytest_collection_modifyitems(items):
    """Chapters, which compute, in turn with pages, which wait; what is short comes last."""
    chapters, pages, others = {}, {}, []
    for item in items:
        file = item.nodeid.split("::")[0]
        folder = next(filter(file.startswith, WHOLE), file)
        if file.startswith("notebooks/"):
            chapters.setdefault(file, []).append(item)
        elif file.startswith(BROWSERS):
            pages.setdefault(folder, []).append(item)
        else:
            others.append(item)
    longest = sorted(pages.items(), key=lambda page: page[0] not in WHOLE)
    last_first = [chapters[file] for file in sorted(chapters, key=longest_first, reverse=True)]
    turns = itertools.zip_longest((tests for _, tests in longest), last_first, fillvalue=[])
    items[:] = [item for pair in turns for tests in pair for item in tests] + others
