"""The images of a page: by the decoder itself, or from an atlas, decoded images on a grid.

A page can compute a decoder that is an `mlp` and ends in a sigmoid. For any other decoder it gets
an atlas: one JPEG sheet of n x n tiles over the map, row i at z_2, column j at z_1, from low to
high, each tile filled up to whole blocks of the JPEG with its last rows and columns.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from nav_utils.arguments import expect_images, kind_of
from nav_utils.evaluation import in_evaluation_mode
from nav_utils.models import like_weights, mlp_sizes

LARGEST = 750_000  # bytes of the sheet, which are a million letters in a page
MOST_PIXELS = 8_000_000  # of the sheet: it has to fit a phone
MOST_WEIGHTS = 2_000_000  # of a decoder that a page computes at every frame
MOST_DECODED = 20_000_000  # numbers of all its images: seconds, not minutes
NODES = (49, 33, 25, 17, 13, 9)  # along an axis
SIDES = (96, 64, 48, 32, 24, 16)  # of an image in pixels, the longer one; a page shows no more
QUALITIES = (95, 90, 80)  # of the JPEG
BLOCK = 8  # pixels
CHUNK = 1_000_000  # numbers of images that are decoded at a time
N_PLACES = 100  # where the error is measured


class Atlas(NamedTuple):
    """Decoded images on a grid over the plane."""

    sheet: bytes  # a JPEG file
    nodes: int  # along an axis
    size: tuple[int, int]  # height and width of an image in it
    error: float  # mean distance from the decoder's images, in grey levels of 255


# ---- what a model decodes -----------------------------------------------------------------------


def decoded(model: Any, z: Tensor) -> Tensor:
    """The images (N, C, H, W) of points (N, 2), float32 on the CPU, the model left as it is.

    Raises:
        ValueError: for a model without `decode`, and for what are no images with 1 or 3 channels.
    """
    if not callable(getattr(model, "decode", None)):
        raise ValueError(f"model: expected a method decode(z), got a {type(model).__name__}")
    z = like_weights(z, model) if isinstance(model, nn.Module) else z.float()
    wanted = f"expected images (N, C, H, W) with C = 1 or 3 for points {tuple(z.shape)}"
    try:
        with torch.no_grad(), in_evaluation_mode(model):
            images = model.decode(z)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise ValueError(f"decode: {wanted}, got: {error}") from error
    if not isinstance(images, Tensor):
        raise ValueError(f"decode: {wanted}, got {kind_of(images)}")
    if images.ndim != 4 or len(images) != len(z) or images.shape[1] not in (1, 3):
        raise ValueError(f"decode: {wanted}, got shape {tuple(images.shape)}")
    images = images.detach().float().cpu()
    if not bool(images.isfinite().all()):
        raise ValueError("decode: expected finite values, got others; has its training diverged?")
    return images


def expect_decode(model: Any, codes: Tensor) -> tuple[int, int, int]:
    """(C, H, W) of the images; ValueError unless codes (N, 2) decode to values in [0, 1].

    A value may lie a little outside, as those of a decoder without a sigmoid do: it is cut off.
    """
    images = decoded(model, codes[:64])
    if float(((images < -0.1) | (images > 1.1)).float().mean()) > 0.01:
        try:
            expect_images(images)
        except ValueError as error:
            raise ValueError(f"decode: its {error}") from error
    channels, height, width = images.shape[1:]
    return channels, height, width


def pictures(model: Any, z: Tensor, size: tuple[int, int]) -> np.ndarray:
    """Images of points (N, 2) in grey levels, (N, C, *size) uint8: averaged where they are larger.

    Errors as in `decoded`.
    """
    at_a_time = max(1, CHUNK // decoded(model, z[:1]).numel())
    parts = []
    for chunk in z.split(at_a_time):
        images = decoded(model, chunk)
        if images.shape[2:] != size:
            images = F.interpolate(images, size, mode="area")
        parts.append((255 * images.clamp(0, 1)).round().to(torch.uint8))
    return torch.cat(parts).numpy()


def page_decoder(model: Any, codes: Tensor) -> nn.Sequential | None:
    """The `mlp` whose logits are those of the model's images, if a page can compute it in time.

    Args:
        model: its images are compared with those of the `mlp`.
        codes: (N, 2), where.

    Raises:
        ValueError: when it is one whose weights no page can hold.
    """
    network = getattr(model, "decoder", None)
    sizes = mlp_sizes(network) if isinstance(network, nn.Module) else None
    if network is None or sizes is None or sizes[0] != 2:
        return None
    for name, values in network.named_parameters():
        expect_half(name, values)
    images = decoded(model, codes[:64])
    if sizes[-1] != math.prod(images.shape[1:]) or count(network) > MOST_WEIGHTS:
        return None
    with torch.no_grad():
        own = network(like_weights(codes[:64], network)).sigmoid().float().cpu()
    same = torch.allclose(own.reshape(images.shape), images, atol=0.01)
    return network if same and isinstance(network, nn.Sequential) else None


def expect_half(name: str, values: Tensor) -> None:
    """Raise ValueError for values that 16 bits do not hold."""
    if not bool(values.detach().half().isfinite().all()):
        raise ValueError(
            f"{name}: expected finite values within +-65504, got others; a network whose "
            "training diverged cannot be shown"
        )


def count(network: nn.Module) -> int:
    return sum(values.numel() for values in network.parameters())


# ---- the atlas ----------------------------------------------------------------------------------


def atlas_of(model: Any, codes: Tensor, radius: float, shape: tuple[int, int, int]) -> Atlas:
    """The atlas of at most LARGEST bytes whose images are nearest to the decoder's.

    Of each size and quality that it tries it takes the finest grid that there is room for. Nodes of
    a coarser grid are among those of the finest, whose images are decoded once.

    Args:
        model: see `decoded`.
        codes: (N, 2); the error is measured on the lines between pairs of them.
        radius: of the map, which the atlas covers.
        shape: (C, H, W) of the model's images.
    """
    sizes = [shown_size(shape, side) for side in (max(shape[1:]), *SIDES)]
    sizes = sorted(set(sizes), reverse=True)
    own = sizes[0] if max(sizes[0]) <= SIDES[0] else shown_size(shape, SIDES[0])
    affordable = [n for n in NODES if n**2 * math.prod(shape) <= MOST_DECODED]
    n = affordable[0] if affordable else NODES[-1]
    every = pictures(model, plane(n, radius).reshape(-1, 2), own)
    grid = every.reshape(n, n, *every.shape[1:])
    z = between(codes, radius)
    true = pictures(model, z, own).astype(np.float32)
    best: Atlas | None = None
    for size in (size for size in sizes if size <= own):
        if best is not None and best.nodes == n:
            break  # a smaller image would gain nothing
        smaller = grid if size == own else shrunk(grid, size)
        for sheet, nodes in sheets(smaller):
            error = float(np.abs(seen(sheet, nodes, size, z, radius, own) - true).mean())
            if best is None or error < best.error:
                best = Atlas(sheet, nodes, size, error)
    assert best is not None, "the smallest has room"
    return best


def shown_size(shape: tuple[int, int, int], side: int) -> tuple[int, int]:
    """Height and width of an image whose longer side has `side` pixels, or its own if less."""
    share = min(1.0, side / max(shape[1:]))
    return max(1, round(shape[1] * share)), max(1, round(shape[2] * share))


def plane(n: int, high: float) -> Tensor:
    """The nodes (n, n, 2) of a grid over the square within +-high: z_2 by row, z_1 by column."""
    axis = torch.linspace(-high, high, n, dtype=torch.float64)
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)


def between(codes: Tensor, radius: float) -> Tensor:
    """Places (N_PLACES, 2) on the lines between pairs of codes, where paths go."""
    generator = torch.Generator().manual_seed(0)
    ends = torch.randint(len(codes), (2, N_PLACES), generator=generator)
    share = torch.rand(N_PLACES, 1, generator=generator, dtype=torch.float64)
    a, b = codes.detach().cpu().double()[ends]
    return torch.lerp(a, b, share).clamp(-radius, radius)


def shrunk(grid: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Images (n, n, C, H, W) made smaller, (n, n, C, *size)."""
    flat = torch.from_numpy(grid.reshape(-1, *grid.shape[2:])).float()
    small = F.interpolate(flat, size, mode="area").round().to(torch.uint8).numpy()
    return small.reshape(*grid.shape[:2], *small.shape[1:])


def sheets(grid: np.ndarray) -> Iterator[tuple[bytes, int]]:
    """For each quality the sheet of the most nodes that fits, of images (n, n, C, h, w)."""
    tile = math.prod(blocks(grid.shape[3:]))
    for quality in QUALITIES:
        for nodes in NODES:
            step, rest = divmod(len(grid) - 1, nodes - 1)
            if not step or rest or nodes**2 * tile > MOST_PIXELS:
                continue
            sheet = jpeg(grid[::step, ::step], quality)
            if len(sheet) <= LARGEST:
                yield sheet, nodes
                break


def blocks(size: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of a tile: whole blocks."""
    return -size[0] % BLOCK + size[0], -size[1] % BLOCK + size[1]


def jpeg(grid: np.ndarray, quality: int) -> bytes:
    """Images (n, n, C, h, w) as one sheet, a JPEG file, in which no tile runs into another."""
    n, _, channels, height, width = grid.shape
    tall, wide = blocks((height, width))
    filled = np.pad(
        grid, [(0, 0)] * 3 + [(0, tall - height), (0, wide - width)], mode="edge"
    )  # (n, n, C, tall, wide)
    sheet = filled.transpose(0, 3, 1, 4, 2).reshape(n * tall, n * wide, channels)
    buffer = io.BytesIO()
    picture = Image.fromarray(sheet[..., 0] if channels == 1 else sheet)
    picture.save(buffer, format="jpeg", quality=quality, subsampling=0)
    return buffer.getvalue()


def seen(
    sheet: bytes,
    nodes: int,
    size: tuple[int, int],
    z: Tensor,
    radius: float,
    own: tuple[int, int],
) -> np.ndarray:
    """What a page shows at points (N, 2), grey levels (N, C, *own): as atlas.js, then enlarged."""
    tall, wide = blocks(size)
    pixels = np.asarray(Image.open(io.BytesIO(sheet))).astype(np.float32)
    tiles = pixels.reshape(nodes, tall, nodes, wide, -1).transpose(0, 2, 4, 1, 3)
    tiles = tiles[..., : size[0], : size[1]]  # (n, n, C, h, w)
    at = ((z.numpy() / radius + 1) / 2 * (nodes - 1)).clip(0, nodes - 1)
    low = np.minimum(np.floor(at).astype(int), nodes - 2)
    share = (at - low).astype(np.float32)[:, :, None, None, None]
    (j, i), (f, g) = low.T, share.swapaxes(0, 1)  # column by z_1, row by z_2
    top = (1 - f) * tiles[i, j] + f * tiles[i, j + 1]
    bottom = (1 - f) * tiles[i + 1, j] + f * tiles[i + 1, j + 1]
    blended = torch.from_numpy((1 - g) * top + g * bottom)
    return F.interpolate(blended, own, mode="bilinear").numpy()
