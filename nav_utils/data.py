"""Images to train on: what scikit-learn ships, MNIST, Fashion-MNIST, or any folder of IDX files.

IDX is the format of the MNIST files: a big-endian header (two zero bytes, the type of the values,
the number of dimensions, then each dimension in 32 bits) and the values, here unsigned bytes.
"""

from __future__ import annotations

import difflib
import gzip
import hashlib
import io
import math
import os
import re
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pooch
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

from nav_utils.patches import patches


class ImageData(NamedTuple):
    """Images (N, C, H, W), float32 in [0, 1], with their labels (N,), int64."""

    images: Tensor
    labels: Tensor


class Dataset(NamedTuple):
    """Where a dataset can be downloaded, the SHA-256 of the files of each split, and what
    torchvision calls its folder.
    """

    mirrors: tuple[str, ...]
    sha256: dict[str, tuple[str, str]]
    folder: str = "MNIST"


# The files of a split: images, labels. In a user's folder, test-* is understood as t10k-*.
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}

# Hashes of the uncompressed files: the same content is compressed in more than one way.
DATASETS = {
    "mnist": Dataset(
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        sha256={
            "train": (
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
            "test": (
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        },
    ),
    "fashion_mnist": Dataset(
        mirrors=(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        sha256={
            "train": (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            ),
            "test": (
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        },
        folder="FashionMNIST",
    ),
}
EMNIST = tuple(
    f"emnist-{part}" for part in ("digits", "letters", "balanced", "byclass", "bymerge", "mnist")
)

NAMES = ("digits", "patches", *DATASETS, *EMNIST)


def load_images(
    name_or_folder: str | Path = "digits", split: str = "train", root: str | Path | None = None
) -> ImageData:
    """Load labelled images, grey ones but for "patches".

    Args:
        name_or_folder: "digits" (scikit-learn's 8 x 8 digits) and "patches" (16 x 16 pixels, in
            colour, of its two photographs), both always at hand; "mnist", "fashion_mnist",
            "emnist-digits", "emnist-letters" and the other four of EMNIST (28 x 28), or the path of
            a folder of IDX files, gzipped or not: in it, or where torchvision puts them, in
            MNIST/raw and the like. A folder that bears the name of a dataset is written as a path:
            "./mnist", or Path("mnist").
        split: "train" or "test": 1,500 and 297 of the digits, 16,224 and 4,056 patches, of
            other places of the photographs (`nav_utils.patches`), 60,000 and 10,000 of MNIST.
        root: for a dataset by its name, a folder that has its files in it, in a subfolder of the
            dataset's name, or where torchvision puts them. Without root, the folder in the
            environment variable NAV_UTILS_DATA is searched in the same way; files of "mnist" and
            "fashion_mnist" that are not there either are downloaded and kept in the user's cache.

    Returns:
        ImageData: images (N, C, H, W), float32 in [0, 1]; labels (N,), int64. C is 3 for patches,
        whose labels say which photograph, else 1. The files of EMNIST hold each image with rows
        and columns exchanged: where the name of the file of images begins with "emnist", the images
        are turned upright here. Labels are as in the file: "emnist-letters" has 1 to 26.

    Raises:
        ValueError: an unknown name or split; a file that is damaged, empty, of another format, or
            that is not the published one of the dataset named (SHA-256 of its content).
        OSError: a folder or file is missing or unreadable (FileNotFoundError, PermissionError).
        ConnectionError: no mirror delivered the file.

    Source: LeCun et al. 1998 (MNIST); Xiao et al. 2017, arXiv 1708.07747 (Fashion-MNIST); Cohen
    et al. 2017, arXiv 1702.05373 (EMNIST).
    """
    if split not in FILES:
        raise ValueError(f"split: expected 'train' or 'test', got {split!r}")
    if not isinstance(name_or_folder, str | os.PathLike):
        raise ValueError(
            "name_or_folder: expected the name of a dataset or the path of a folder, got a "
            + type(name_or_folder).__name__
        )
    if name_or_folder == "digits":
        return digits(split)
    if name_or_folder == "patches":
        return ImageData(*patches(split))
    if name_or_folder in DATASETS or name_or_folder in EMNIST:
        paths = dataset_files(str(name_or_folder), split, root)
    else:
        paths = own_files(own_folder(name_or_folder), split)
    contents = [read_content(path) for path in paths]
    if name_or_folder in DATASETS:
        verify(paths, contents, str(name_or_folder), split)
    pixels = parse_idx(paths[0], contents[0], n_dims=3)
    labels = parse_idx(paths[1], contents[1], n_dims=1)
    if len(pixels) != len(labels):
        raise ValueError(
            f"{paths[1]}: expected {len(pixels)} labels, one for each image of {paths[0].name}, "
            f"got {len(labels)}; take both files from the same source"
        )
    if is_emnist(paths[0].name):
        pixels = np.ascontiguousarray(pixels.transpose(0, 2, 1))
    images = torch.from_numpy(pixels.astype(np.float32)).div_(255).unsqueeze(1)  # (N, 1, H, W)
    return ImageData(images, torch.from_numpy(labels.astype(np.int64)))


def digits(split: str) -> ImageData:
    """A split of scikit-learn's 1,797 digits, always the same, with every class in proportion."""
    bunch = load_digits()
    train, test = train_test_split(
        np.arange(len(bunch.target)), test_size=297, stratify=bunch.target, random_state=0
    )
    chosen = train if split == "train" else test
    images = torch.from_numpy(bunch.images[chosen].astype(np.float32)).div_(16).unsqueeze(1)
    return ImageData(images, torch.from_numpy(bunch.target[chosen].astype(np.int64)))


def list_folder(folder: Path, of: str = "IDX files") -> list[str]:
    """Sorted names of what is in a folder; errors say what it was to be a folder of."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError as error:  # missing, not a folder, no permission: the same kind, and what to do
        raise type(error)(
            f"{folder}: expected a folder of {of} that can be read, got: {error.strerror}; "
            "check the path and its permissions"
        ) from error


def own_folder(name_or_folder: str | os.PathLike[str]) -> Path:
    """The folder a user means; an unknown name is an error that offers the nearest known one."""
    folder, known = Path(name_or_folder).expanduser(), NAMES
    if folder.exists():
        return folder
    if not isinstance(name_or_folder, str) and str(folder) in known:
        raise FileNotFoundError(
            f"{folder}: expected a folder of IDX files, got none of this name here; the dataset is "
            f"load_images({str(folder)!r}), its name as a text and not as a Path"
        )
    if not isinstance(name_or_folder, str) or folder.name != name_or_folder:  # written as a path
        return folder
    near = difflib.get_close_matches(folder.name.lower().replace("-", "_"), known, 1, 0.5)
    if folder.name.lower() == "emnist":
        near = [EMNIST[0]]
    raise ValueError(
        f"name_or_folder: expected {', '.join(map(repr, known))} or a folder of IDX files, got "
        f"{folder.name!r}, which is neither; "
        + (f"did you mean {near[0]!r}?" if near else "check the name or the path")
    )


def own_files(folder: Path, split: str) -> list[Path]:
    """Files of a split in a folder, or else in the one place below it where torchvision puts them;
    of EMNIST's names too.
    """
    list_folder(folder)  # for its errors
    below = [place for place in (folder / "raw", *folder.glob("*/raw")) if has_idx(place)]
    if has_idx(folder) or not below:
        return find_files(folder, split)
    if len(below) > 1:
        places = ", ".join(map(str, sorted(below)))
        raise ValueError(f"{folder}: expected one dataset, got those of {places}; name one of them")
    return find_files(below[0], split)


def dataset_files(name: str, split: str, root: str | Path | None) -> list[Path]:
    """Files of a split of a dataset: under `root`, else under NAV_UTILS_DATA, else downloaded."""
    part = name if name in EMNIST else ""
    if place := root or os.environ.get("NAV_UTILS_DATA"):
        parent = Path(place).expanduser()
        list_folder(parent)  # for its errors
        usual = "EMNIST" if part else DATASETS[name].folder
        below = (name, f"{name}/raw", f"{usual}/raw", usual, "raw", "gzip")
        for folder in (*(parent / path for path in below), parent):
            if has_idx(folder, part):
                return find_files(folder, split, part)
    if part:
        raise FileNotFoundError(
            f"{place or name}: expected the files of {name!r} ({part}-{FILES['train'][0]}, with or "
            "without .gz, ...) in the folder that root= or NAV_UTILS_DATA names, got none; they "
            "are not downloaded: torchvision.datasets.EMNIST fetches them"
        )
    if root:
        raise FileNotFoundError(
            f"{parent}: expected the IDX files of {name!r} ({FILES[split][0]}, with or without "
            f".gz, ...) there or in a subfolder {name!r} or '{usual}/raw', got neither; leave root "
            "out to download them"
        )
    return [
        download(name, file, sha256)
        for file, sha256 in zip(FILES[split], DATASETS[name].sha256[split], strict=True)
    ]


def is_emnist(file: str) -> bool:
    """Whether a file has one of EMNIST's names: emnist-digits-train-images-idx3-ubyte and so on."""
    return file.lower().startswith("emnist-")


def has_idx(folder: Path, part: str | None = None) -> bool:
    """Whether a folder has files with the names of IDX files: of one of `EMNIST`, or of none of
    them ("", as MNIST's), or of any (None).
    """
    names = list_folder(folder) if folder.is_dir() else []
    prefix = {None: "(emnist-[a-z]+-)?", "": ""}.get(part, f"{part}-")
    return any(re.match(f"{prefix}(train|t10k|test)-", name) for name in names)


def find_files(folder: Path, split: str, part: str = "") -> list[Path]:
    """Paths of the images and of the labels of a split in a folder, gzipped or not.

    Args:
        folder: where they are.
        split: "train" or "test".
        part: one of `EMNIST`; if not given, those of MNIST's names, or else the one of EMNIST's.
    """
    names, paths = list_folder(folder), []
    start = f"{part}-" if part else ""
    for file in FILES[split]:
        prefix = file.split("-idx")[0]  # train-images, ...
        prefixes = (prefix, prefix.replace("t10k", "test"))
        files = [name for name in names if (folder / name).is_file()]
        found = [name for name in files if name.startswith(tuple(start + p for p in prefixes))]
        if not found and not part:
            found = [name for name in files if is_emnist(name) and any(p in name for p in prefixes)]
        if not found:
            raise FileNotFoundError(
                f"{folder / (start + file)}: expected this file, with or without .gz, got a folder "
                f"with {', '.join(names[:8]) or 'nothing'} in it; put the file there. A folder of "
                "PNG or JPEG files is read by nav_utils.pictures.load_folder"
            )
        if len({name.removesuffix(".gz") for name in found}) > 1:
            name = "-".join(found[0].split("-")[:2])
            choose = f"choose one: load_images({name!r}, root=...) and so on"
            raise ValueError(
                f"{folder}: expected one file {prefix}*, got {', '.join(found)}; "
                + (choose if is_emnist(name) else "keep the one you mean")
            )
        paths.append(folder / found[0])
    return paths


def read_content(path: Path) -> bytes:
    """Bytes of a file, uncompressed if it is gzipped, whatever its name says."""
    return gunzip(path.read_bytes(), str(path))


def gunzip(content: bytes, source: str) -> bytes:
    """Uncompress `content` if it is gzipped; errors name its source."""
    if not content:
        raise ValueError(f"{source}: expected an IDX file, got an empty one; fetch it again")
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(
            f"{source}: expected a whole gzip file, got one that is cut short or damaged "
            f"({error}); fetch it again"
        ) from error


def verify(paths: list[Path], contents: list[bytes], name: str, split: str) -> None:
    """Refuse files that are not the published ones of a dataset, and leave them where they are."""
    for path, content, expected in zip(paths, contents, DATASETS[name].sha256[split], strict=True):
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != expected:
            raise ValueError(
                f"{path}: expected the {split} files of {name!r} (SHA-256 of the content "
                f"{expected}), got another content ({sha256}); put the files of {name!r} in a "
                f"subfolder {name!r}, or load a folder of your own by its path"
            )


def parse_idx(path: Path, content: bytes, n_dims: int) -> np.ndarray:
    """Values of an IDX file of unsigned bytes: images (N, H, W) or labels (N,), by `n_dims`."""
    kind = "images (N, H, W)" if n_dims == 3 else "labels (N,)"
    magic, expected = content[:4].hex(), f"000008{n_dims:02x}"  # 08: unsigned bytes
    if magic != expected:
        raise ValueError(
            f"{path}: expected an IDX file of {kind}, unsigned bytes, magic number 0x{expected}, "
            f"got 0x{magic}; check that the file is what its name says"
        )
    header = 4 + 4 * n_dims
    shape = struct.unpack(f">{n_dims}I", content[4:header].ljust(4 * n_dims, b"\0"))
    if math.prod(shape) == 0 or len(content) != header + math.prod(shape):
        raise ValueError(
            f"{path}: expected {kind} with as many bytes after the header as it says, at least "
            f"one, got shape {shape} and {len(content) - header} bytes; fetch the file again"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def download(name: str, file: str, sha256: str) -> Path:
    """Path of a verified file in the user's cache, from the first mirror that delivers it."""
    import requests  # only here: it is slow to import

    folder, failures = pooch.os_cache("nav_utils") / name, []
    for mirror in DATASETS[name].mirrors:
        url = f"{mirror}{file}.gz"
        try:
            # pooch verifies what is in the cache, and moves there only a file with this hash
            return Path(pooch.retrieve(url, sha256, file, folder, downloader=fetch_uncompressed))
        except (requests.RequestException, ValueError) as error:
            failures.append((url, error))
    (folder / file).unlink(missing_ok=True)  # one that was in the cache already is damaged
    wrong_content = all(isinstance(error, ValueError) for _, error in failures)
    raise (ValueError if wrong_content else ConnectionError)(
        f"{file} of {name!r}: expected it from one of {len(failures)} mirrors, got\n"
        + "\n".join(f"- {url}: {error}" for url, error in failures)
        + f"\nNothing was kept in {folder}. Check the network and try again, or put the files of "
        f"{name!r} in a folder and name it in root= or in the environment variable NAV_UTILS_DATA."
    )


def fetch_uncompressed(url: str, output_file: str, _: object) -> None:
    """A pooch downloader that uncompresses; TQDM_DISABLE=1 switches its progress bar off."""
    archive = io.BytesIO()
    pooch.HTTPDownloader(progressbar=True, chunk_size=2**16, timeout=30)(url, archive, None)
    Path(output_file).write_bytes(gunzip(archive.getvalue(), url))
