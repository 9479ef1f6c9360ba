"""Keys that a caller gives: which there are, and which one was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def expect_keys(given: Iterable[object], known: Iterable[str], what: str) -> None:
    """ValueError, with the nearest name, for a key that there is not.

    Args:
        given: keys that came.
        known: those that there are.
        what: they belong to, for the message.
    """
    known = list(known)
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"{what}: expected keys of {', '.join(known)}, got {key!r}{hint}")
