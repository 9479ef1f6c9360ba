"""Paths between two latent points."""

from __future__ import annotations

import torch
from torch import Tensor


def lerp(z_a: Tensor, z_b: Tensor, t: float | Tensor) -> Tensor:
    """The straight path (1 - t) z_a + t z_b: exactly z_a at t = 0 and z_b at t = 1.

    Args:
        z_a: where the path starts (..., d), floating.
        z_b: where it ends, of the same shape, dtype and device.
        t: a number, or positions along the path (T,); outside [0, 1] the line goes on.

    Returns:
        (..., d) if t is a number, (..., T, d) if it is a tensor (T,).

    Raises:
        ValueError: z_a and z_b are not alike, not floating or empty; t is of another shape, empty
            or not finite.
    """
    kinds = [(tuple(z.shape), z.dtype, str(z.device)) for z in (z_a, z_b)]
    if kinds[0] != kinds[1] or not z_a.is_floating_point() or z_a.ndim < 1 or z_a.numel() == 0:
        raise ValueError(
            f"expected z_a and z_b (..., d), floating and alike, got {kinds[0]} and {kinds[1]}"
        )
    t = torch.as_tensor(t, dtype=z_a.dtype, device=z_a.device)
    if t.ndim > 1 or t.numel() == 0 or not torch.isfinite(t).all():
        raise ValueError(f"t: expected a finite number or a finite tensor (T,), got {t}")
    if t.ndim == 0:
        return torch.lerp(z_a, z_b, t)
    return torch.lerp(z_a.unsqueeze(-2), z_b.unsqueeze(-2), t.unsqueeze(-1))  # (..., T, d)
