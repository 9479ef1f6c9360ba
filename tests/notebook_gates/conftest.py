"""A course of one good chapter, and that chapter with one thing wrong."""

import copy

import nbformat
import pytest
import tiny_course


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A course of one good chapter, written from a script and run."""
    root = tmp_path_factory.mktemp("tiny course")
    tiny_course.write(root)
    return root


@pytest.fixture(scope="module")
def good(course):
    return course / "notebooks" / "02_tiny.ipynb"


@pytest.fixture
def spoiled(course, good):
    """Store the good chapter with one change beside it; taken away again after the test."""
    path = good.with_name("02_spoiled.ipynb")

    def store(change):
        notebook = copy.deepcopy(nbformat.read(good, as_version=4))
        notebook.cells[0].source = notebook.cells[0].source.replace("02_tiny", "02_spoiled")
        change(notebook.cells)
        nbformat.write(notebook, path)
        return path

    yield store
    path.unlink(missing_ok=True)
