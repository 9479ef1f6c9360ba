"""What functions expect of their arguments, said when it is not so."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any

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
        bits = isinstance(x, Tensor) and x.dtype == torch.uint8
        hint = "; x.float() / 255 makes one of an 8-bit image" * bits
        raise ValueError(f"{what}: expected a floating-point tensor, got {kind_of(x)}{hint}")
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
            raise ValueError(f"{name}: expected a tensor, got {kind_of(x)}")
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


def expect_codes(codes: Tensor, held_out: Tensor | None) -> None:
    """Raise ValueError for codes that no ratio can be fitted on."""
    expect_samples(**{"codes": codes} | ({} if held_out is None else {"held_out_codes": held_out}))
    for name, x, least in (("codes", codes, 12), ("held_out", held_out, 4)):
        if x is None:
            continue
        if len(x) < least:
            raise ValueError(f"{name}: expected at least {least} points, got {len(x)}")
        if bool((x == x[0]).all()):
            raise ValueError(
                f"{name}: expected codes that differ, got the same point {len(x)} times: has the "
                "encoder collapsed?"
            )
    if held_out is not None:
        seen = set(row_digests(codes))
        shared = sum(digest in seen for digest in row_digests(held_out))
        if shared:
            raise ValueError(
                f"held_out: expected codes of other images, got {shared} of {len(held_out)} rows "
                "that stand in codes too; a network that memorises would look good on them"
            )


def row_digests(codes: Tensor) -> Iterator[int]:
    """A number for each row of codes (N, d), the same for rows of equal values."""
    for row in codes.detach().cpu().double().add(0.0).numpy():  # -0.0 + 0.0 is 0.0
        yield hash(row.tobytes())


def expect_images(images: Tensor) -> None:
    """Raise ValueError unless images are a floating tensor (N, C, H, W), N >= 1, in [0, 1]."""
    if not isinstance(images, Tensor) or images.dim() != 4 or not images.is_floating_point():
        got = kind_of(images)
        if isinstance(images, Tensor):
            got += f" of shape {tuple(images.shape)}"
            got += "; images.float() / 255 makes it one" * (images.dtype == torch.uint8)
        raise ValueError(f"images: expected a floating-point tensor (N, C, H, W), got {got}")
    if len(images) == 0:
        raise ValueError("images: expected at least one, got none")
    low, high = float(images.min()), float(images.max())  # NaN if there is one
    if not (low >= 0 and high <= 1):
        advice = "look for what made them so"
        if -1 <= low < 0 and high <= 1:
            advice = "(images + 1) / 2 brings [-1, 1] there"
        elif low >= 0 and 1 < high <= 255:
            advice = "divide 8-bit images by 255"
        elif math.isfinite(low) and math.isfinite(high):
            advice = "undo their normalisation: images * std + mean"
        raise ValueError(
            f"images: expected finite values in [0, 1], got {low:.4g} to {high:.4g}; {advice}"
        )


def expect_whole(least: int | None = None, **numbers: Any) -> list[int]:
    """The numbers as Python's own, whatever kind of whole number they are; ValueError for others.

    Args:
        least: the smallest that is allowed, if there is one.
        numbers: by their names, for the messages.
    """
    found = []
    for name, value in numbers.items():
        try:
            number = operator.index(value)
        except (TypeError, RuntimeError):  # the second: a tensor of several
            number = None
        if number is None or (least is not None and number < least):
            bound = "" if least is None else f" of at least {least}"
            raise ValueError(f"{name}: expected a whole number{bound}, got {value!r}")
        found.append(number)
    return found


def seeded_generator(seed: int, device: str | torch.device = "cpu") -> torch.Generator:
    """A generator that starts from `seed`; ValueError when that is no whole number."""
    return torch.Generator(device).manual_seed(*expect_whole(seed=seed))


def kind_of(x: Any) -> str:
    """What came in place of a tensor, for messages, and how to make one of an array."""
    if isinstance(x, Tensor):
        return f"a {x.dtype} tensor"
    hint = "; torch.from_numpy makes a tensor of it" if type(x).__name__ == "ndarray" else ""
    return f"a {type(x).__name__}{hint}"
