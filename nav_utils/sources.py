"""Images as people have them: what training and encoding accept.

A tensor, a NumPy array, an `ImageData`, a `Dataset` or a list of images, a folder of pictures, a
`DataLoader`. The first three lie in memory; the others are read as they are needed, and are never
in memory as a whole.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset
from tqdm.auto import tqdm

from nav_utils.arguments import expect_images, kind_of
from nav_utils.checkpointing import tensor_hash
from nav_utils.data import NAMES, ImageData
from nav_utils.memory import bytes_of
from nav_utils.pictures import Pictures

Images = (
    Tensor
    | np.ndarray
    | ImageData
    | Dataset[Any]
    | Sequence[Any]
    | DataLoader[Any]
    | str
    | os.PathLike[str]
)
KINDS = (
    "a tensor (N, C, H, W), an array, an ImageData, a Dataset, a list of images, a DataLoader, or "
    "the path of a folder of pictures"
)


# ---- what there is -------------------------------------------------------------------------------


class Stored:
    """Images in memory, as `pixels` (N, C, H, W): floating in [0, 1], or 8-bit whole numbers."""

    def __init__(self, pixels: Tensor) -> None:
        if pixels.dtype == torch.uint8:
            pixels = bytes_of_images(pixels)
        else:
            expect_images(pixels)
        self.pixels = pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, rows: Tensor) -> Tensor:
        return self.pixels[rows]

    def to(self, weight: Tensor) -> None:
        """Move all to the device of a model's weight; to its type too, if they are floating."""
        whole = self.pixels.dtype == torch.uint8
        self.pixels = self.pixels.to(weight.device, None if whole else weight.dtype)

    def digest(self, progress: bool = False) -> str:
        """SHA-256 of all values."""
        return tensor_hash(self.pixels)


class Items:
    """Images that something with a length and numbered items gives one at a time.

    Args:
        items: each an image, or a tuple or list that begins with one.
    """

    def __init__(self, items: Any) -> None:
        self.items = items
        if len(items) == 0:
            raise ValueError("images: expected at least one, got none")
        self[torch.tensor([0])]  # what is no image is told now

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, rows: Tensor) -> Tensor:
        found = [image_of(self.items[row], f"image {row}") for row in rows.tolist()]
        for row, image in zip(rows.tolist(), found, strict=True):
            if image.shape != found[0].shape:
                raise ValueError(
                    f"image {row}: expected shape {tuple(found[0].shape)}, as image "
                    f"{int(rows[0])} has, got {tuple(image.shape)}; bring all to one size first"
                )
        images = torch.stack(found)
        expect_images(images)
        return images

    def to(self, weight: Tensor) -> None:
        """Nothing: images are moved as they are read."""

    def digest(self, progress: bool = False) -> str:
        """SHA-256 of all values, of a data set whose items are the same each time; reads all."""
        found, rows = hashlib.sha256(), torch.arange(len(self)).split(256)
        silent = not progress or bool(os.environ.get("TQDM_DISABLE"))
        for some in tqdm(rows, desc="reading all images once", leave=False, disable=silent):
            found.update(bytes_of(self[some]))
        return found.hexdigest()


def source_of(images: Images) -> Stored | Items | DataLoader[Any]:
    """What gives the images, once it was found sound; ValueError for what is none of `KINDS`."""
    if isinstance(images, ImageData):
        if len(images.labels) != len(images.images):
            raise ValueError(
                f"labels: expected one for each of {len(images.images)} images, got "
                f"{len(images.labels)}"
            )
        images = images.images
    if isinstance(images, DataLoader):
        return images
    if isinstance(images, Tensor):
        return Stored(images)
    if isinstance(images, np.ndarray):
        pixels = from_array(images, "images")
        return Stored(pixels if pixels.dtype == torch.uint8 else laid_out(pixels))
    if isinstance(images, str) and images in NAMES and not os.path.exists(images):
        raise ValueError(
            f"images: expected {KINDS}, got {images!r}; give load_images({images!r}).images"
        )
    if isinstance(images, str | os.PathLike):
        return Items(Pictures(images))
    if isinstance(images, IterableDataset):
        raise ValueError(
            "images: expected a Dataset with numbered items, got an IterableDataset; give "
            "DataLoader(dataset, batch_size=...)"
        )
    if hasattr(images, "__len__") and hasattr(images, "__getitem__"):
        return Items(images)
    raise ValueError(f"images: expected {KINDS}, got {kind_of(images)}")


# ---- one image, one array ------------------------------------------------------------------------


def from_array(values: np.ndarray, what: str) -> Tensor:
    """An array of images (N, C, H, W), (N, H, W, C) or (N, H, W) as a tensor, without a copy."""
    if values.dtype not in (np.uint8, np.float16, np.float32, np.float64) or values.ndim < 3:
        raise ValueError(
            f"{what}: expected an array (N, C, H, W), (N, H, W, C) or (N, H, W) of uint8 or of "
            f"floats in [0, 1], got {values.dtype} of shape {values.shape}"
        )
    if any(stride < 0 for stride in values.strides):
        values = values.copy()
    with warnings.catch_warnings():  # of an array that must not be written: nobody writes
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(values)


def bytes_of_images(pixels: Tensor) -> Tensor:
    """8-bit images (N, C, H, W), once they were found sound."""
    if pixels.ndim not in (3, 4) or pixels.numel() == 0:
        raise ValueError(
            "images: expected (N, C, H, W), (N, H, W, C) or (N, H, W), at least one, got 8-bit "
            f"values of shape {tuple(pixels.shape)}"
        )
    if int(pixels.max()) == 1:
        raise ValueError(
            "images: expected 8-bit values from 0 to 255, got 0 and 1 only; for images in black "
            "and white give floating-point values"
        )
    return laid_out(pixels)


def laid_out(pixels: Tensor) -> Tensor:
    """(N, C, H, W), (N, H, W, C) or (N, H, W) as (N, C, H, W)."""
    return channels_first(pixels.unsqueeze(1) if pixels.ndim == 3 else pixels)


def channels_first(pixels: Tensor) -> Tensor:
    """(..., H, W, C) as (..., C, H, W), if the last axis has 1 or 3 entries and that one not."""
    last, third = pixels.shape[-1] in (1, 3), pixels.shape[-3] in (1, 3)
    if last and third:
        raise ValueError(
            f"images: expected channels first or last, got shape {tuple(pixels.shape)}, which may "
            "be either; give a floating-point tensor (N, C, H, W)"
        )
    return pixels.movedim(-1, -3) if last else pixels


def image_of(item: Any, name: str) -> Tensor:
    """The image (C, H, W), floating in [0, 1], of an item of a data set."""
    image = item[0] if isinstance(item, tuple | list) and len(item) else item
    if type(image).__module__.startswith("PIL."):
        image = np.array(image.convert("L" if image.mode in ("1", "L", "LA") else "RGB"))
    if isinstance(image, np.ndarray) and image.ndim in (2, 3):
        image = laid_out(from_array(image[None], name))[0]
    if not isinstance(image, Tensor) or image.ndim not in (2, 3) or image.numel() == 0:
        raise ValueError(
            f"{name}: expected an image (C, H, W) or (H, W), a Pillow image, or a tuple that "
            f"begins with one, got {described(image)}"
        )
    image = image if image.ndim == 3 else image.unsqueeze(0)
    return floating(channels_first(image) if image.dtype == torch.uint8 else image)


def described(value: Any) -> str:
    """What came, for messages: its type, and what is in it or what shape it has."""
    if isinstance(value, Tensor | np.ndarray):
        return f"a {type(value).__name__} ({value.dtype}) of shape {tuple(value.shape)}"
    keys = f" with {', '.join(map(repr, value))}" if isinstance(value, dict) else ""
    return f"a {type(value).__name__}{keys}"


def floating(images: Tensor, like: Tensor | None = None) -> Tensor:
    """Images of 8 bits divided by 255, others as they are; on the device and in the type of `like`.

    Args:
        images: of any shape.
        like: a weight of the model; float32 on the images' device if not given.
    """
    if images.dtype == torch.uint8:
        return images.to(like if like is not None else torch.float32) / 255
    return images if like is None else images.to(like)
