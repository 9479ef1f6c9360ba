"""Settings of every test run, unit tests and notebooks alike, before anything imports torch."""

import os

# One thread: the workers share the cores, and stored numbers do not depend on how many there are.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Progress bars are not part of a stored output.
os.environ.setdefault("TQDM_DISABLE", "1")
# A notebook's kernel prints sets in the order that the stored outputs have.
os.environ.setdefault("PYTHONHASHSEED", "0")

# Stored outputs are compared as numbers and words, not letter by letter.
pytest_plugins = ["tests.stored_outputs"]


def pytest_collection_modifyitems(items):
    """The chapters first, the last one before all: nothing long is left for the end of a run."""
    chapters = [item for item in items if item.nodeid.startswith("notebooks/")]
    others = [item for item in items if not item.nodeid.startswith("notebooks/")]
    chapters.sort(key=lambda item: item.nodeid.split("::")[0], reverse=True)  # cells stay in order
    items[:] = chapters + others
