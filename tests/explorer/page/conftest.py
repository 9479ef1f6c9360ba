"""One browser for all modules of this folder: one worker runs them in a row (tests/conftest.py)."""

import chromium
import pytest


@pytest.fixture(scope="package")
def browser():
    """A browser for all tests of this folder."""
    with chromium.opened() as browser:
        yield browser
