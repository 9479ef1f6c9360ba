"""Settings of the unit tests; those of every run, notebooks too, are in the conftest.py above."""

import matplotlib
import pytest
from xdist.scheduler import LoadScopeScheduling

# Set here and not through MPLBACKEND: a notebook's kernel would inherit that and draw no figure.
matplotlib.use("agg")

# What more than one module expects: a failure there tells as much as in a test.
pytest.register_assert_rewrite("changes", "idx_files", "page.expected")

# Folders whose modules share what is slow to start: one worker runs them all, in a row.
TOGETHER = ("tests/explorer/page/", "tests/book/")


class Scheduling(LoadScopeScheduling):
    """What --dist=loadscope does, but for the folders in TOGETHER."""

    def _split_scope(self, nodeid):
        folder = next(filter(nodeid.startswith, TOGETHER), None)
        return folder or super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log) if config.getoption("dist") == "loadscope" else None


@pytest.fixture(scope="session")
def space():
    """A small shipped space of the plane; some modules have another of this name."""
    from nav_utils.explorer.page import shipped

    return shipped("digits-2d")
