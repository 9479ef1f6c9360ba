"""`nav-utils check`: whether this machine is ready for the course."""

from __future__ import annotations

import argparse

from nav_utils import check_setup


def run(given: argparse.Namespace) -> int:
    return check_setup.main()
