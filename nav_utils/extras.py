"""What is installed only on request, said when it is missing."""

from __future__ import annotations

from typing import Any


def needs_course(what: str, error: ImportError) -> ImportError:
    """The error for a part of the package that a plain installation leaves out.

    Args:
        what: the part that was asked for.
        error: how its import ended.
    """
    missing = (error.name or "more").partition(".")[0]
    return ImportError(
        f"{what} needs {missing}, which is not installed here. It comes with the extra "
        "`course`: pip install 'nav_utils[course]'",
        name=error.name,
    )


def display(*objects: Any, **options: Any) -> None:
    """IPython's display, imported when it is needed; outside notebooks nobody needs it."""
    try:
        from IPython.display import display as show_in_notebook
    except ModuleNotFoundError as error:
        raise needs_course("A figure in a notebook", error) from error
    show_in_notebook(*objects, **options)
