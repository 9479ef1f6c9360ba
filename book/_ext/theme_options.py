"""Sphinx extension: options of the theme that _config.yml can't set.

Jupyter Book fills `html_theme_options` itself from _config.yml; given there as a whole, the launch
buttons and the repository's address would be lost.
"""


def leave_out_second_search(app, config):
    """The sidebar has the search field; without this a bar with another lies over every page."""
    config.html_theme_options["navbar_persistent"] = []


def setup(app):
    app.connect("config-inited", leave_out_second_search)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
