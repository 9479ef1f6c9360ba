"""States of the explorer for tests, and the one path that most of them have."""

from nav_utils.densities import ring
from nav_utils.explorer.state import expect_state
from nav_utils.ratio import ExactRatio

RING = ExactRatio(ring())


def state(**some):
    return expect_state({"points": 20, **some})


def only(found):
    ((proposal, path),) = found
    return proposal, path
