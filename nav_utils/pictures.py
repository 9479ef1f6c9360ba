"""A folder of pictures: PNG and JPEG files of one size, read one at a time or all at once."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm.auto import tqdm

from nav_utils.data import ImageData, list_folder

SUFFIXES = (".png", ".jpg", ".jpeg")
# Kinds of pixels with 8 bits for each channel, as Pillow calls them.
GREY, COLOUR = {"1", "L", "LA"}, {"P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"}


class Pictures(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """The PNG and JPEG files in a folder and below it, in the order of their paths.

    Item i is (image, label): image (C, H, W) uint8, C = 1 if all pictures are grey, else 3. What
    is transparent is taken as if it were not. Nothing is kept in memory; a
    `torch.utils.data.DataLoader` can read with several processes.

    Args:
        folder: pictures of one size, with 8 bits for each channel.

    Attributes:
        paths: of the files.
        classes: the subfolders that hold them, sorted; "." is the folder itself.
        labels: (N,) int64, the place of each picture's subfolder in `classes`.
        shape: (C, H, W).

    Raises:
        ValueError: no picture, one that cannot be read, of another size, or of 16 bits.
        OSError: a folder that is missing or unreadable.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        top = Path(folder).expanduser()
        names = list_folder(top, "pictures")
        self.paths = sorted(path for path in top.rglob("*") if is_picture(path))
        if not self.paths:
            idx = any("-ubyte" in name for name in names)
            hint = f"; load_images({str(top)!r}) reads its IDX files" if idx else ""
            raise ValueError(
                f"{top}: expected PNG or JPEG files in it or below, got "
                f"{', '.join(names[:8]) or 'an empty folder'}{hint}"
            )
        kinds = [header(path) for path in self.paths]  # (mode, (W, H)) of each
        for path, (_, size) in zip(self.paths, kinds, strict=True):
            if size != kinds[0][1]:
                raise ValueError(
                    f"{path}: expected {pixels(kinds[0][1])} pixels, as {self.paths[0].name} has, "
                    f"got {pixels(size)}; bring all pictures to one size first"
                )
        width, height = kinds[0][1]
        self.shape = (1 if all(mode in GREY for mode, _ in kinds) else 3, height, width)
        places = [path.parent.relative_to(top).as_posix() for path in self.paths]
        self.classes = sorted(set(places))
        numbers = {place: number for number, place in enumerate(self.classes)}
        self.labels = torch.tensor([numbers[place] for place in places])

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        path = self.paths[index]
        try:
            with Image.open(path) as picture:
                values = np.array(picture.convert("L" if self.shape[0] == 1 else "RGB"))
        except (OSError, SyntaxError, ValueError) as error:  # the second: a damaged PNG
            raise ValueError(unreadable(path, error)) from error
        image = torch.from_numpy(values).reshape(*values.shape[:2], -1).permute(2, 0, 1)
        return image.contiguous(), int(self.labels[index])


def load_folder(folder: str | os.PathLike[str], progress: bool = True) -> ImageData:
    """All pictures of a folder at once; see `Pictures` for those that are accepted.

    Args:
        folder: PNG and JPEG files, in it or in subfolders.
        progress: show a progress bar.

    Returns:
        ImageData: images (N, C, H, W), float32 in [0, 1]; labels (N,), int64, the number of each
        picture's subfolder in sorted order.

    Raises:
        ValueError, OSError: as `Pictures`.
    """
    pictures = Pictures(folder)
    images = torch.empty(len(pictures), *pictures.shape)
    silent = not progress or bool(os.environ.get("TQDM_DISABLE"))
    for number in tqdm(range(len(pictures)), unit="picture", disable=silent):
        images[number] = pictures[number][0].float() / 255
    return ImageData(images, pictures.labels)


def is_picture(path: Path) -> bool:
    """Whether it is a file with a picture's name; "._x.png" and the like are none."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def header(path: Path) -> tuple[str, tuple[int, int]]:
    """Mode and (W, H) of a picture, without reading its pixels."""
    try:
        with Image.open(path) as picture:
            mode, size = picture.mode, picture.size
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(unreadable(path, error)) from error
    if mode not in GREY | COLOUR:
        raise ValueError(
            f"{path}: expected 8 bits for each channel, got Pillow's mode {mode!r}; write it anew "
            "with 8 bits, or give the values as an array of floats in [0, 1]"
        )
    return mode, size


def unreadable(path: Path, error: Exception) -> str:
    """What to say of a file that Pillow cannot read."""
    return f"{path}: expected a picture that can be read, got: {error}; write it anew or remove it"


def pixels(size: tuple[int, int]) -> str:
    """(W, H) as people write it."""
    return f"{size[0]} x {size[1]}"
