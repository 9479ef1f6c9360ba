"""No data but what a test makes: its folder of IDX files, and a "mnist" of them."""

import pooch
import pytest
from idx_files import CONTENTS, hash_of

from nav_utils import data
from nav_utils.data import Dataset


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No data of the user, no cache of the user, no proxy: each test meets what it made."""
    monkeypatch.delenv("NAV_UTILS_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)


@pytest.fixture
def folder(tmp_path):
    """A user's folder of plain IDX files."""
    path = tmp_path / "own"
    path.mkdir()
    for name, content in CONTENTS.items():
        (path / name).write_bytes(content)
    return path


@pytest.fixture
def toy_mnist(monkeypatch):
    """ "mnist" stands for the small files of this test, with no mirror yet."""
    sha256 = {
        split: (hash_of(CONTENTS[images]), hash_of(CONTENTS[labels]))
        for split, (images, labels) in data.FILES.items()
    }
    monkeypatch.setitem(data.DATASETS, "mnist", Dataset((), sha256))
