"""Where the real MNIST is, for the tests that use it: the folder NAV_UTILS_DATA, if it is whole."""

import os
from pathlib import Path

import pytest

FILES = ("train-images", "train-labels", "t10k-images", "t10k-labels")


def mnist_folder() -> Path | None:
    """The folder of the four IDX files, or None."""
    if not (place := os.environ.get("NAV_UTILS_DATA")):
        return None
    for folder in (Path(place), Path(place, "mnist")):
        if folder.is_dir() and all(list(folder.glob(f"{file}*")) for file in FILES):
            return folder
    return None


needs_mnist = pytest.mark.skipif(
    mnist_folder() is None, reason="NAV_UTILS_DATA names no folder with the four real MNIST files"
)
