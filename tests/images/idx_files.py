"""Small IDX files that stand for a dataset, and what is loaded from them."""

import hashlib
import struct

import numpy as np
import torch

N_TRAIN, N_TEST = 12, 5


def idx_bytes(values: np.ndarray) -> bytes:
    """An IDX file of unsigned bytes, written independently of the package."""
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    return header + values.astype(np.uint8).tobytes()


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def small_split(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (n, 4, 3)), generator.integers(0, 10, n)


TRAIN, TEST = small_split(N_TRAIN, 0), small_split(N_TEST, 1)
CONTENTS = {
    "train-images-idx3-ubyte": idx_bytes(TRAIN[0]),
    "train-labels-idx1-ubyte": idx_bytes(TRAIN[1]),
    "t10k-images-idx3-ubyte": idx_bytes(TEST[0]),
    "t10k-labels-idx1-ubyte": idx_bytes(TEST[1]),
}
IMAGES = "train-images-idx3-ubyte"


def assert_is(loaded, expected):
    pixels, labels = expected
    assert loaded.images.dtype == torch.float32 and loaded.labels.dtype == torch.int64
    assert loaded.images.shape == (len(pixels), 1, *pixels.shape[1:])
    assert np.array_equal((loaded.images * 255).round().numpy()[:, 0], pixels)
    assert np.array_equal(loaded.labels.numpy(), labels)
