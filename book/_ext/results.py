"""Sphinx extension: pages take measured numbers from benchmarks/results instead of repeating them.

`{{ claims.C1["confidence, codes"] }}` in a page is that entry of benchmarks/results/claims.json, as
the benchmark printed it. An entry that is not there fails the build.
"""

import json
from pathlib import Path


def measured(root):
    """What every results file holds, by the file's name."""
    folder = Path(root) / "benchmarks" / "results"
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def add_results(app, config):
    """Make the entries known to the pages, beside substitutions that are there already."""
    found = measured(app.srcdir)
    if "claims" in found:
        found["claims"] = found["claims"]["claims"]
    config.myst_substitutions = {**(config.myst_substitutions or {}), **found}


def setup(app):
    app.connect("config-inited", add_results)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
