"""What the commands read: spaces, ratios, codes and pairs of ends, from files and folders."""

from __future__ import annotations

import pathlib

import numpy as np
import torch
from torch import Tensor

from nav_utils.arguments import expect_samples, seeded_generator
from nav_utils.checkpointing import read_safetensors
from nav_utils.pretrained import load_pretrained
from nav_utils.ratio import DensityRatio
from nav_utils.spaces import CODES, RATIO, LatentSpace, load_space


def space_from(text: str) -> LatentSpace:
    """A shipped space by its name, or that of a folder; ValueError or OSError if it is neither."""
    folder = pathlib.Path(text).expanduser()
    if not folder.is_dir():
        return load_pretrained(text)
    try:
        return load_space(folder)
    except ValueError as error:
        if "class of one's own" not in str(error):
            raise
        raise ValueError(
            f"{text}: expected a space with a model of this package, got one with a model of one's "
            f"own, which only Python can load: load_space({text!r}, model=...). Without the model, "
            f"holes and navigate take {folder / RATIO}, and calibrate takes {folder / CODES}"
        ) from error


def ratio_from(text: str) -> tuple[DensityRatio, LatentSpace | None]:
    """The ratio of a space and the space, or that of a file and None."""
    if text.endswith(".safetensors"):
        return DensityRatio.load(existing(text)), None
    space = space_from(text)
    if space.ratio is None:
        raise ValueError(f"{text}: expected a space with a ratio, got one without; fit one first")
    return space.ratio, space


def codes_from(text: str) -> tuple[Tensor, Tensor | None]:
    """Codes (N, d) to fit on, and codes that judge where there are some."""
    if not text.endswith((".npy", ".safetensors")):
        space = space_from(text)
        return space.codes, space.test_codes
    return tensor_from(pathlib.Path(text), "codes"), None


def tensor_from(path: pathlib.Path, *names: str) -> Tensor:
    """The tensor of a .npy file, or the first of these names in a .safetensors file."""
    if existing(path).suffix == ".npy":
        return array_from(path)
    tensors, _ = read_safetensors(path)
    for name in (*names, "z"):
        if name in tensors:
            return tensors[name]
    raise ValueError(
        f"{path}: expected {' or '.join(names)}, got {', '.join(sorted(tensors)) or 'none'}"
    )


def array_from(path: pathlib.Path) -> Tensor:
    """The array of a .npy file as a tensor; nothing is unpickled."""
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: expected a .npy file of numbers, got: {error}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fui":
        raise ValueError(f"{path}: expected one array of numbers, got {type(array).__name__}")
    return torch.from_numpy(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))))


def existing(path: str | pathlib.Path) -> pathlib.Path:
    """The path of a file; FileNotFoundError if there is none."""
    path = pathlib.Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected a file, got none of this name")
    return path


def ends_from(text: str, space: LatentSpace | None, seed: int) -> tuple[Tensor, Tensor]:
    """Ends z_a and z_b (B, d) from a file, or of so many pairs of the space's test codes."""
    if not text.isdecimal():
        return ends_of_file(pathlib.Path(text))
    count, codes = int(text), None if space is None else space.test_codes
    if codes is None or not 1 <= count <= len(codes) // 2:
        there = 0 if codes is None else len(codes)
        raise ValueError(
            f"PAIRS: expected a file, or a number of pairs up to half the test codes of a space, "
            f"got {count} and {there} test codes"
        )
    order = torch.randperm(len(codes), generator=seeded_generator(seed))
    z_a, z_b = codes[order[:count]], codes[order[count : 2 * count]]
    return z_a, z_b


def ends_of_file(path: pathlib.Path) -> tuple[Tensor, Tensor]:
    """Ends from a file: (B, 2, d), or two tensors z_a and z_b."""
    if path.suffix == ".safetensors":
        tensors, _ = read_safetensors(existing(path))
        if not {"z_a", "z_b"} <= tensors.keys():
            raise ValueError(
                f"{path}: expected z_a and z_b, got {', '.join(sorted(tensors)) or 'none'}"
            )
        z_a, z_b = tensors["z_a"], tensors["z_b"]
    else:
        pairs = tensor_from(path)
        if pairs.ndim != 3 or pairs.shape[1] != 2:
            raise ValueError(f"{path}: expected pairs (B, 2, d), got {tuple(pairs.shape)}")
        z_a, z_b = pairs.unbind(1)
    expect_samples(z_a=z_a, z_b=z_b)
    return z_a, z_b
