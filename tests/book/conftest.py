"""The built book and the browser, shared by the tests of this folder."""

import os

import pages
import pytest
from filelock import FileLock
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def built_book(tmp_path_factory):
    """Folder of the built pages: built once a run, afresh, whichever worker asks first."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    output, log = shared / "book", shared / "book.log"
    with FileLock(shared / "book.lock"):
        if not log.exists():
            built = pages.build_book(pages.ROOT, output)
            log.write_text(f"{built.returncode}\n{built.stdout}", encoding="utf-8")
    code, _, said = log.read_text(encoding="utf-8").partition("\n")
    if code != "0":
        pytest.fail(f"the book does not build:\n{said[-4000:]}", pytrace=False)
    return output / "_build" / "html"


@pytest.fixture(scope="module")
def reader():
    """A browser for all tests of a module (an open one would disturb the notebooks' kernels)."""
    with sync_playwright() as playwright:
        browser = pages.launch_browser(playwright)
        yield browser.new_context(reduced_motion="reduce")
        browser.close()
