"""What functions expect of their arguments, said when it is not so."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def expect_shape(x: Tensor, ending: Sequence[int], what: str) -> None:
    """Raise ValueError unless `x` is a floating-point tensor whose shape ends in `ending`.

    Args:
        x: the tensor to look at.
        ending: the sizes its last dimensions must have.
        what: the word for `x` in the message, for example "images".
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        came = f"a {x.dtype} tensor" if isinstance(x, Tensor) else f"a {type(x).__name__}"
        raise ValueError(f"{what}: expected a floating-point tensor, got {came}")
    if tuple(x.shape[-len(ending) :]) != tuple(ending):
        sizes = ", ".join(str(size) for size in ending)
        raise ValueError(f"{what}: expected shape (..., {sizes}), got {tuple(x.shape)}")


def expect_samples(**samples: Tensor) -> None:
    """Raise ValueError unless each is (..., d), floating, finite, not empty, and d agrees.

    Args:
        samples: tensors by their names, for the messages. Names that end in `codes` or `samples`
            have to be (N, d).
    """
    for name, x in samples.items():
        if not isinstance(x, Tensor):
            raise ValueError(f"{name}: expected a tensor, got a {type(x).__name__}")
        shape, finite = tuple(x.shape), torch.isfinite(x)
        if not x.is_floating_point() or x.numel() == 0 or not bool(finite.all()):
            raise ValueError(
                f"{name}: expected finite floating values, at least one, "
                f"got {x.dtype} of shape {shape}, {int((~finite).sum())} of them not finite"
            )
        rows = name.endswith(("codes", "samples"))
        if x.ndim < 1 or (rows and x.ndim != 2):
            wanted = "(N, d)" if rows else "(..., d)"
            raise ValueError(f"{name}: expected shape {wanted}, got {shape}")
    if len({x.shape[-1] for x in samples.values()}) > 1:
        shapes = ", ".join(f"{name} {tuple(x.shape)}" for name, x in samples.items())
        raise ValueError(f"expected one number of coordinates d for all, got {shapes}")
