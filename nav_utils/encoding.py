"""Codes of images, however the images come."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from nav_utils.arguments import expect_whole, kind_of
from nav_utils.batches import in_order
from nav_utils.models import in_evaluation_mode
from nav_utils.sources import Images


@torch.no_grad()
def encode_all(
    model: Any, images: Images, *, batch_size: int = 1000, progress: bool = True
) -> Tensor:
    """Codes (N, d) of all images, in their order.

    Args:
        model: anything with `encode`, from images (n, C, H, W) to codes (n, d); in evaluation mode
            meanwhile, then as it was.
        images: as in `nav_utils.training.fit`. A DataLoader must not shuffle.
        batch_size: images at a time; a DataLoader has its own.
        progress: show a progress bar.

    Returns:
        (N, d); for a floating-point tensor in its type and on its device, else as the model's
        weights are.

    Raises:
        ValueError: for images that are none, not in [0, 1] or of several sizes, for a DataLoader
            that shuffles, and for a model whose answer is not one code for each image.
    """
    if not callable(getattr(model, "encode", None)):
        raise ValueError(f"model: expected one with encode, got {kind_of(model)}")
    (batch_size,) = expect_whole(1, batch_size=batch_size)
    given = images if isinstance(images, Tensor) and images.is_floating_point() else None
    parameters = getattr(model, "parameters", tuple)
    weight = next(iter(parameters()), torch.empty(0) if given is None else given)
    n, batches = in_order(images, weight, batch_size)
    silent = not progress or bool(os.environ.get("TQDM_DISABLE"))
    codes = []
    with (
        tqdm(total=n, unit="image", desc="codes", disable=silent) as bar,
        in_evaluation_mode(model),
    ):
        for x in batches:
            z = model.encode(x)
            if not isinstance(z, Tensor) or z.ndim != 2 or len(z) != len(x):
                shape = f" of shape {tuple(z.shape)}" if isinstance(z, Tensor) else ""
                raise ValueError(
                    f"model: expected codes ({len(x)}, d) from encode, got {kind_of(z)}{shape}"
                )
            codes.append(z if given is None else z.to(given))
            bar.update(len(x))
    if not codes:
        raise ValueError("images: expected at least one, got none")
    return torch.cat(codes)
