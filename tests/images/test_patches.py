"""Patches of scikit-learn's two photographs: their form, and two splits without a common pixel."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_images

from nav_utils import patches
from nav_utils.data import load_images


@pytest.fixture(scope="module")
def splits():
    return load_images("patches"), load_images("patches", "test")


def test_patches_have_the_documented_form(splits):
    for (images, labels), n in zip(splits, (16224, 4056), strict=True):
        assert images.shape == (n, 3, 16, 16) and images.dtype == torch.float32
        assert labels.dtype == torch.int64 and labels.bincount().tolist() == [n // 2, n // 2]
        assert 0 <= images.min() < 0.01 and 0.99 < images.max() <= 1
        assert images.is_contiguous()


def test_a_patch_is_a_piece_of_its_photograph(splits):
    china, flower = (torch.from_numpy(x.copy()) for x in load_sample_images().images)
    images = splits[0].images.mul(255).round().byte().permute(0, 2, 3, 1)
    assert torch.equal(images[1], china[:16, 68:84])  # the first block is for testing
    assert torch.equal(images[8112], flower[:16, 64:80])


def test_no_pixel_is_in_both_splits(monkeypatch):
    """Photographs whose every pixel is a number of its own."""
    numbers = np.arange(2 * 427 * 640).reshape(2, 427, 640)
    coloured = np.stack([numbers >> 16, numbers >> 8 & 255, numbers & 255], axis=-1).astype("uint8")
    bunch = type("Bunch", (), {"images": list(coloured)})
    monkeypatch.setattr(patches, "load_sample_images", lambda: bunch)
    seen = []
    for split in ("train", "test"):
        images, labels = patches.patches(split)
        digits = images.mul(255).round().long()
        pixels = digits[:, 0] * 65536 + digits[:, 1] * 256 + digits[:, 2]  # (N, 16, 16)
        assert (pixels // (427 * 640) == labels[:, None, None]).all()
        assert len(pixels.flatten(1).unique(dim=0)) == len(pixels)
        seen.append(pixels.unique())
    assert len(seen[0]) == 2 * 48 * 64**2 and len(seen[1]) == 2 * 12 * 64**2
    assert not torch.isin(seen[1], seen[0]).any()


def test_a_near_name_is_offered():
    with pytest.raises(ValueError, match="did you mean 'patches'"):
        load_images("patch")
