"""Densities in latent space; for now one estimate from samples, the distance to nearby codes."""

from __future__ import annotations

import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor


def knn_distance(z: Tensor, codes: Tensor, k: int = 10) -> Tensor:
    """Euclidean distance of each point to its k-th nearest code: large in a hole.

    A point that is itself a code has a code at distance zero, and that one counts: for the k-th
    nearest *other* code, ask for k + 1. No gradient flows through the result.

    Args:
        z: points (..., d), floating.
        codes: stored codes (M, d), floating, M >= k.
        k: which neighbour, counted from 1.

    Returns:
        Distances of shape z.shape[:-1], on z's device and in its dtype.

    Raises:
        ValueError: other shapes, values not floating or not finite, no points, k not in 1 to M.

    Source: Loftsgaarden and Quesenberry 1965; the density at z is about k / M divided by the
    volume of the ball with this radius.
    """
    for name, x in (("z", z), ("codes", codes)):
        if not x.is_floating_point() or x.numel() == 0 or not torch.isfinite(x).all():
            raise ValueError(
                f"{name}: expected finite floating values, at least one, "
                f"got {x.dtype} of shape {tuple(x.shape)}, {int((~torch.isfinite(x)).sum())} of "
                "them not finite"
            )
    if z.ndim < 1 or codes.ndim != 2 or z.shape[-1] != codes.shape[1]:
        raise ValueError(
            f"expected z (..., d) and codes (M, d), got {tuple(z.shape)} and {tuple(codes.shape)}"
        )
    if not 1 <= k <= len(codes):
        raise ValueError(f"k: expected 1 to {len(codes)}, the number of codes, got {k}")
    points = z.detach().reshape(-1, z.shape[-1]).cpu().double()  # (N, d)
    stored = codes.detach().cpu().double()
    neighbours = NearestNeighbors(n_neighbors=k).fit(stored.numpy())
    nearest = torch.from_numpy(neighbours.kneighbors(points.numpy(), return_distance=False))
    # Distances anew: in many dimensions scikit-learn's x^2 - 2xy + y^2 loses the small ones.
    distances = (points[:, None] - stored[nearest]).norm(dim=-1).amax(1)  # (N, k, d) -> (N,)
    return distances.reshape(z.shape[:-1]).to(z)
