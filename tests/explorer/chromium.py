"""Chromium, driven by Playwright."""

from contextlib import contextmanager

import pages
from playwright.sync_api import sync_playwright


@contextmanager
def opened():
    """A new Chromium; close it before other tests, as an open one disturbs notebooks' kernels."""
    with sync_playwright() as playwright:
        browser = pages.launch_browser(playwright)
        yield browser
        browser.close()
