"""The digits as a page gets them: 1,500 to train on and 297 to judge with, without any loss."""

from __future__ import annotations

import struct

import numpy as np

from nav_utils.data import load_images


def packed_digits() -> bytes:
    """scikit-learn's 1,797 digits of 8 x 8 pixels, each a whole number from 0 to 16.

    Returns:
        60 KB: the numbers of images to train on and of test images (two bytes each, the lower
        first); four bits a pixel, the earlier pixel in the higher ones, 15 for 15 and 16; four bits
        a label, likewise; and one bit for each pixel that reads 15: whether it is 16. Images to
        train on come first. source/data.js reads it.
    """
    splits = [load_images("digits", split) for split in ("train", "test")]
    pixels = np.concatenate([(16 * data.images.numpy()).round().ravel() for data in splits])
    labels = np.concatenate([data.labels.numpy() for data in splits])
    whole = pixels.astype(np.uint8)
    full = whole[whole >= 15] == 16
    parts = [half_bytes(whole.clip(max=15)), half_bytes(labels), np.packbits(full)]
    header = struct.pack("<2H", *(len(data.images) for data in splits))
    return header + b"".join(part.tobytes() for part in parts)


def half_bytes(values: np.ndarray) -> np.ndarray:
    """Two numbers from 0 to 15 in a byte, the earlier in the higher bits."""
    values = np.append(values, 0)[: 2 * -(-len(values) // 2)].astype(np.uint8)
    return values[::2] << 4 | values[1::2]
