"""Small colour images that need no download: patches of scikit-learn's two photographs."""

from __future__ import annotations

import torch
from sklearn.datasets import load_sample_images
from torch import Tensor

SIZE, STRIDE = 16, 4  # of a patch, and from one to the next, in pixels
BLOCK = 64  # a photograph is cut into blocks of so many pixels before patches are


def patches(split: str) -> tuple[Tensor, Tensor]:
    """Patches of 16 x 16 pixels, and which photograph each is from: 0 china.jpg, 1 flower.jpg.

    Each photograph, 427 x 640 pixels, is cut into 60 blocks of 64 x 64 pixels, and 43 rows at its
    lower rim are left out. Every fifth block is for testing. Patches lie within one block, so
    that those of different splits share no pixel. Those of one block overlap.

    Args:
        split: "train" or "test".

    Returns:
        Images (N, 3, 16, 16), float32 in [0, 1], and labels (N,), int64: 16,224 for training and
        4,056 for testing, half of them from each photograph. Another decoder of JPEG may give
        other last bits.
    """
    found = []
    for photograph in load_sample_images().images:  # (H, W, 3) uint8
        pixels = torch.from_numpy(photograph.copy()).permute(2, 0, 1).unsqueeze(0)
        blocks = windows(pixels, BLOCK, BLOCK)  # (rows, columns, 3, BLOCK, BLOCK)
        rows, columns = (torch.arange(n) for n in blocks.shape[:2])
        for_test = (rows[:, None] + 2 * columns) % 5 == 0
        chosen = blocks[for_test if split == "test" else ~for_test]
        found.append(windows(chosen, SIZE, STRIDE).reshape(-1, 3, SIZE, SIZE))
    labels = torch.arange(len(found)).repeat_interleave(len(found[0]))
    return torch.cat(found).float() / 255, labels


def windows(x: Tensor, size: int, stride: int) -> Tensor:
    """The square windows of images (N, C, H, W) as (rows, columns, C, size, size) for N = 1, else
    (N, rows, columns, C, size, size).
    """
    cut = x.unfold(-2, size, stride).unfold(-2, size, stride)  # (N, C, rows, columns, size, size)
    return cut.permute(0, 2, 3, 1, 4, 5).squeeze(0)
