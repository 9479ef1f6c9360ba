"""Sphinx extension: the built book asks no other host, over http and from file:// alike.

MathJax is copied from the package sphinx-mathjax-offline (the parts that a page can ask for, some
2 MB, not all 24), and the state of kernel widgets, which would ask for a widget manager on a
content delivery network, stays out of the pages.
"""

import importlib.util
import shutil
from pathlib import Path

MATHJAX_PARTS = ("tex-chtml.js", "output/chtml/fonts", "input/tex/extensions")


def mathjax_source():
    """Folder of the MathJax files that the package sphinx-mathjax-offline carries."""
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            "the book needs the package sphinx-mathjax-offline: pip install -e '.[book]'"
        )
    return Path(spec.origin).parent / "static" / "mathjax"


def use_local_mathjax(app):
    """Point every page at _static/mathjax instead of the content delivery network."""
    app.config.mathjax_path = "mathjax/tex-chtml.js"


def copy_mathjax(app, exception):
    """Copy the needed parts of MathJax into the built book."""
    if exception is not None or app.builder.format != "html":
        return
    source, target = mathjax_source(), Path(app.outdir, "_static", "mathjax")
    for part in MATHJAX_PARTS:
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, dirs_exist_ok=True)
        else:
            shutil.copy(source / part, target / part)


def drop_widget_state(app, env):
    """Remove the scripts that hold kernel-widget state: without a kernel they draw nothing."""
    for metadata in getattr(env, "nb_metadata", {}).values():
        scripts = metadata.get("js_files", {})
        for name in [name for name in scripts if name.startswith("ipywidgets_")]:
            del scripts[name]


def setup(app):
    app.connect("builder-inited", use_local_mathjax)
    app.connect("env-updated", drop_widget_state)
    app.connect("build-finished", copy_mathjax)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
