"""Sphinx extension: the explorer in pages, live without a kernel, over http and from file:// alike.

    ```{explorer} NAME
    :preset: hole
    :eta: 0.5
    ```

puts one in; NAME is that of the element, for links. `:space:` is a shipped space ("mnist-2d" if
not given), any other option a key of the state. {preset}`words <NAME:PRESET>` is text that sets a
preset of the page's explorer when clicked. A notebook's `Explorer` shows its own markup, and

    <span class="nav-preset" data-explorer="NAME" data-preset="PRESET">words</span>

does there what the role does here. Pages that hold an explorer load a small script; the rest is
fetched when an explorer comes near the window.
"""

import html
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

ASSETS = Path("_static", "nav")
LOADER = "nav-explorer-loader.js"
PRESET = re.compile(r"(.+?)\s*<([A-Za-z0-9_.-]+):([^:<>]+)>", re.DOTALL)
logger = logging.getLogger(__name__)


def pair(text):
    return [float(part) for part in text.split(",")]


def truth(text):
    return {"true": True, "false": False}[directives.choice(text, ("true", "false"))]


def level(text):
    return None if text == "none" else float(text)


WORDS = ("space", "preset", "proposal", "planner", "method", "goal")
NUMBERS = ("eta", "eps", "steps", "noise", "seed", "points")


class ExplorerDirective(SphinxDirective):
    """A still picture of a state, which the loader makes live."""

    required_arguments = 1
    option_spec = {
        **dict.fromkeys(WORDS, directives.unchanged_required),
        **dict.fromkeys(NUMBERS, float),
        **{"a": pair, "b": pair, "level": level, "log_q_level": level, "classes": truth},
    }

    def run(self):
        from nav_utils.explorer import page, state  # torch takes seconds: only where it is needed

        asked = dict(self.options)
        try:
            space = page.shipped(asked.pop("space", page.SHIPPED[0]))
            if "preset" in asked:
                preset = page.preset_state(page.space_name(space), asked.pop("preset"))
                asked = state.changed(preset, asked)
                self.env.note_dependency(str(page.HERE / "presets.json"))
            shown = state.expect_state(asked, page.radius_of(space))
            markup = page.div(space, shown, self.arguments[0])
        except ValueError as error:
            raise self.error(f"explorer: {error}") from error
        return [nodes.raw("", markup, format="html")]


class PresetRole(SphinxRole):
    """Words that set a preset; without script, and outside HTML, nothing but words."""

    def run(self):
        match = PRESET.fullmatch(self.text)
        if match is None:
            message = self.inliner.reporter.error(
                f"preset: expected `words <NAME:PRESET>`, got {self.text!r}", line=self.lineno
            )
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        words, explorer, preset = match.groups()
        opening = (
            f'<span class="nav-preset" data-explorer="{html.escape(explorer)}" '
            f'data-preset="{html.escape(preset)}">'
        )
        parts = [nodes.raw("", opening, format="html"), nodes.Text(words)]
        return [*parts, nodes.raw("", "</span>", format="html")], []


class Found(HTMLParser):
    """The explorers of a page, (name, space) each, and the presets that its words set."""

    def __init__(self, body):
        super().__init__()
        self.explorers, self.presets = [], []
        self.feed(body)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if "nav-explorer" in classes and "data-space" in given:
            self.explorers.append((given.get("id"), given["data-space"]))
        if "nav-preset" in classes:
            self.presets.append((given.get("data-explorer"), given.get("data-preset")))


def look_for_explorers(app, pagename, templatename, context, doctree):
    """Give a page with explorers its script; warn of presets that there are not."""
    if app.builder.format != "html" or "nav-" not in context.get("body", ""):
        return
    found = Found(context["body"])
    for fault in faults(found):
        logger.warning("explorer: %s", fault, location=pagename)
    if found.explorers:
        app.add_js_file(f"nav/{LOADER}", loading_method="defer")
        app.nav_spaces.update(space for _, space in found.explorers)


def faults(found):
    """What is wrong with the explorers and presets of one page: sentences."""
    if not found.explorers and not found.presets:
        return
    from nav_utils.explorer.packing import shipped_presets

    names = [name for name, _ in found.explorers]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"expected names that differ, got {name!r} {names.count(name)} times on one page"
    spaces = dict(found.explorers)
    for explorer, preset in found.presets:
        if explorer not in spaces:
            there = ", ".join(spaces) or "none"
            yield f"expected an explorer of this page ({there}), got {explorer!r}"
        elif preset not in (presets := shipped_presets(spaces[explorer])):
            yield f"expected a preset ({', '.join(presets) or 'there are none'}), got {preset!r}"


def write_assets(app, exception):
    """Write the scripts into the built book, if a page needs them or did in an earlier build."""
    if exception is not None or app.builder.format != "html":
        return
    target = Path(app.outdir, ASSETS)
    spaces = app.nav_spaces | {file.stem.removeprefix("space-") for file in target.glob("space-*")}
    if not spaces:
        return
    from nav_utils.explorer import page, payload

    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(page.LOADER, target / LOADER)
    shutil.copy(page.BUNDLE, target / "explorer.js")
    (target / "explorer-text.js").write_text(page.bundle_script(), encoding="utf-8")
    for name in sorted(spaces):
        script = page.space_script(name, payload(page.shipped(name)))
        (target / f"space-{name}.js").write_text(script, encoding="utf-8")


def begin(app):
    app.nav_spaces = set()  # that the pages of this build show


def setup(app):
    app.add_directive("explorer", ExplorerDirective)
    app.add_role("preset", PresetRole())
    app.connect("builder-inited", begin)
    app.connect("html-page-context", look_for_explorers)
    app.connect("build-finished", write_assets)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
