"""Sphinx extension: live figures in pages, without a kernel, over http and from file:// alike.

    ```{explorer} NAME
    :preset: hole
    :eta: 0.5
    ```

puts one in; NAME is that of the element, for links. `:space:` is a shipped space ("mnist-2d" if
not given), any other option a key of the state. {preset}`words <NAME:PRESET>` is text that sets a
preset of the page's explorer when clicked. A notebook's `Explorer` shows its own markup, and

    <span class="nav-preset" data-explorer="NAME" data-preset="PRESET">words</span>

does there what the role does here. Likewise

    ```{playground} NAME
    :preset: plain
    :lambda: 0
    ```

puts in a playground, and the role sets its presets. Pages that hold such a figure load a small
script; the rest is fetched when a figure comes near the window.
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
# Of a playground, where Sphinx writes options in small letters.
CHOSEN = ("preset", "data", "objective", "optimisers")
RATES = ("lambda", "beta", "penalty", "tiny", "steps", "decay", "seed", "speed")
RATES += ("learning_rate", "discriminator_rate", "generator_rate")


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


class PlaygroundDirective(SphinxDirective):
    """A still picture of the default run, which the loader makes live with these settings."""

    required_arguments = 1
    option_spec = {
        **dict.fromkeys(CHOSEN, directives.unchanged_required),
        **dict.fromkeys(RATES, float),
    }

    def run(self):
        from nav_utils.playground import page, state

        asked = dict(self.options)
        try:
            usual = page.preset_settings(asked.pop("preset")) if "preset" in asked else {}
            settings = {state.trait_of(key): value for key, value in (usual | asked).items()}
            shown = state.in_page(state.expect_settings(settings))
            markup = page.div(shown, self.arguments[0])
        except ValueError as error:
            raise self.error(f"playground: {error}") from error
        for name in ("presets.json", *(f"still_{kind}.png" for kind in page.STILLS)):
            self.env.note_dependency(str(page.HERE / name))
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
    """The figures of a page, (name, kind, space) each, and the presets that its words set."""

    def __init__(self, body):
        super().__init__()
        self.figures, self.presets = [], []
        self.feed(body)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        for kind in ("explorer", "playground"):
            if f"nav-{kind}" in classes and "data-space" in given:
                self.figures.append((given.get("id"), kind, given["data-space"]))
        if "nav-preset" in classes:
            self.presets.append((given.get("data-explorer"), given.get("data-preset")))


def look_for_figures(app, pagename, templatename, context, doctree):
    """Give a page with live figures its script; warn of presets that there are not."""
    if app.builder.format != "html" or "nav-" not in context.get("body", ""):
        return
    found = Found(context["body"])
    for fault in faults(found):
        logger.warning("explorer: %s", fault, location=pagename)
    if found.figures:
        app.add_js_file(f"nav/{LOADER}", loading_method="defer")
        app.nav_spaces.update((kind, space) for _, kind, space in found.figures)


def faults(found):
    """What is wrong with the figures and presets of one page: sentences."""
    if not found.figures and not found.presets:
        return
    names = [name for name, _, _ in found.figures]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"expected names that differ, got {name!r} {names.count(name)} times on one page"
    figures = {name: (kind, space) for name, kind, space in found.figures}
    for name, preset in found.presets:
        if name not in figures:
            yield f"expected a figure of this page ({', '.join(figures) or 'none'}), got {name!r}"
        elif preset not in (presets := presets_of(*figures[name])):
            yield f"expected a preset ({', '.join(presets) or 'there are none'}), got {preset!r}"


def presets_of(kind, space):
    """The presets of a figure, by name."""
    if kind == "playground":
        from nav_utils.playground import page

        return page.presets()
    from nav_utils.explorer.packing import shipped_presets

    return shipped_presets(space)


def write_assets(app, exception):
    """Write the scripts into the built book, if a page needs them or did in an earlier build."""
    if exception is not None or app.builder.format != "html":
        return
    target = Path(app.outdir, ASSETS)
    of_before = {file.stem.removeprefix("space-") for file in target.glob("space-*")}
    spaces = {space for _, space in app.nav_spaces} | of_before
    if not spaces:
        return
    from nav_utils.browser.page import LOADER as loader
    from nav_utils.browser.page import space_script
    from nav_utils.explorer import page, payload
    from nav_utils.playground import digits
    from nav_utils.playground import page as playground

    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(loader, target / LOADER)
    write_bundle(target, page.BUNDLE)  # a playground may show an explorer
    if playground.DIGITS in spaces:
        write_bundle(target, playground.BUNDLE)
    for name in sorted(spaces):
        is_digits = name == playground.DIGITS
        data = digits.packed_digits() if is_digits else payload(page.shipped(name))
        (target / f"space-{name}.js").write_text(space_script(name, data), encoding="utf-8")


def write_bundle(target, bundle):
    """A bundle as a module and, for pages opened from a disk, as a script that holds its text."""
    from nav_utils.browser.page import script_of

    shutil.copy(bundle, target / bundle.name)
    text = target / f"{bundle.stem}-text.js"
    text.write_text(script_of(bundle.stem, bundle), encoding="utf-8")


def begin(app):
    app.nav_spaces = set()  # (kind, space) of the figures of this build's pages


def setup(app):
    app.add_directive("explorer", ExplorerDirective)
    app.add_directive("playground", PlaygroundDirective)
    app.add_role("preset", PresetRole())
    app.connect("builder-inited", begin)
    app.connect("html-page-context", look_for_figures)
    app.connect("build-finished", write_assets)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
