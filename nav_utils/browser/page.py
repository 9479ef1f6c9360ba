"""Pages with live figures: names, scripts that hold data, and a page in one file.

A page holds `<div class="nav-explorer">` or `<div class="nav-playground">` with a still picture
inside. loader.js, a classic script that works over http and from file:// alike, fetches what is
needed once such a div comes near the window, and puts the live figure in its place; where anything
fails, the picture stays.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import pathlib
import re
import secrets
import shutil
from collections.abc import Sequence

LOADER = pathlib.Path(__file__).parent / "loader.js"
NAME = re.compile(r"[A-Za-z][\w.-]{0,63}", re.ASCII)  # of an element, as it appears in links


def expect_name(name: str) -> str:
    """The name of an element; ValueError for what no link can hold."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(
            "name: expected a letter and then letters, digits, '-', '_' or '.', at most 64 in all, "
            f"got {name!r}"
        )
    return name


def space_script(name: str, data: bytes) -> str:
    """A classic script that holds a payload where the loader looks for it."""
    return assignment("(window.NAV_SPACES ??= {})", name, base64.b64encode(data).decode())


def script_of(figure: str, bundle: pathlib.Path) -> str:
    """A classic script that holds a bundle's text, for pages that may import no file.

    Args:
        figure: "explorer" or "playground".
        bundle: its file.
    """
    return assignment("(window.NAV_BUNDLES ??= {})", figure, bundle.read_text(encoding="utf-8"))


def assignment(target: str, key: str, text: str) -> str:
    """target[key] = text in JavaScript, which no text can break out of, nor out of <script>."""
    left, right = (json.dumps(value).replace("<", "\\u003c") for value in (key, text))
    return f"{target}[{left}] = {right};\n"


STYLE = """
body { max-width: 60rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
img { max-width: 100%; }
:root { color-scheme: light dark; }
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{div}
{scripts}
</body>
</html>
"""


def whole_page(title: str, markup: str, scripts: Sequence[str], allowed: str = "") -> str:
    """A page that holds all that it needs, and may connect to nothing.

    Args:
        title: of the page, as text.
        markup: of the figures.
        scripts: data and bundles, see `space_script` and `script_of`; the loader is added.
        allowed: more that scripts may do, as a content security policy says it.
    """
    scripts = [*scripts, LOADER.read_text(encoding="utf-8")]
    run = f"{hashes(*scripts)} blob: {allowed}".rstrip()
    policy = (
        f"default-src 'none'; script-src {run}; style-src {hashes(STYLE)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return PAGE.format(
        policy=policy,
        style=STYLE,
        title=html.escape(title),
        div=markup,
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )


def hashes(*texts: str) -> str:
    """What a content security policy calls inline texts that it allows."""
    digests = [hashlib.sha256(text.encode()).digest() for text in texts]
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def write_in_one_move(file: pathlib.Path, text: str) -> pathlib.Path:
    """Write a text file under another name, then rename it; on failure leave nothing behind."""
    target = file.resolve()  # of a link: the file that it leads to
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
        if target.exists():
            shutil.copymode(target, partial)
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return file
