"""Paths between two latent points."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nav_utils.arguments import expect_samples, expect_shape, kind_of


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
    for name, z in (("z_a", z_a), ("z_b", z_b)):
        if not isinstance(z, Tensor):
            raise ValueError(f"{name}: expected a tensor, got {kind_of(z)}")
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


def slerp(z_a: Tensor, z_b: Tensor, t: float | Tensor) -> Tensor:
    """The path whose direction turns along the shorter arc while its norm changes linearly.

    At t the direction has turned by t times the angle between z_a and z_b, in their plane, and the
    norm is (1 - t) |z_a| + t |z_b|. The usual formula mixes z_a and z_b themselves and divides by
    the sine of the angle: with norms 2 and 1, 0.01 short of the antipode, its midpoint has norm
    100. Here a unit vector is turned, and no angle changes its length. Exactly z_a at t = 0 and
    z_b at t = 1.

    Args:
        z_a: where the path starts (..., d), floating. Its norm is taken from the origin.
        z_b: where it ends, of the same shape, dtype and device.
        t: a number, or positions along the path (T,); outside [0, 1] both turn and norm go on.

    Returns:
        (..., d) if t is a number, (..., T, d) if it is a tensor (T,).

    Raises:
        ValueError: as `lerp`; values not finite; a zero vector, which has no direction; antipodes
            (up to rounding), which have no unique arc. For d = 1 these are any two numbers of
            opposite sign. The rows named are those of z.reshape(-1, d).

    Source: Shoemake 1985; for latent spaces White 2016 (arXiv 1609.04468).
    """
    expect_directions(z_a=z_a, z_b=z_b)
    path, unique = arc_or_line(z_a, z_b, t)
    if not bool(unique.all()):
        raise ValueError(
            f"z_a and z_b: expected one shorter arc, got antipodes in {rows(~unique)}, between "
            "which no arc is unique; `arcs` gives both in two dimensions"
        )
    return path


def slerp_or_lerp(z_a: Tensor, z_b: Tensor, t: float | Tensor) -> Tensor:
    """`slerp` for the pairs that have a unique arc, `lerp` for the others.

    For loops over many pairs, in which a zero vector or antipodes must not stop the rest.
    Arguments, result and errors as in `lerp`.
    """
    return arc_or_line(z_a, z_b, t)[0]


def arcs(z_a: Tensor, z_b: Tensor, t: float | Tensor) -> Tensor:
    """Both ways round the origin in the plane: the shorter arc, which is `slerp`, and the longer.

    Between antipodes neither is shorter: the anticlockwise one comes first. Between points in
    (nearly) one direction the longer way is a whole turn, clockwise if they differ by rounding
    only. Norm and ends as in `slerp`.

    Args:
        z_a: where the paths start (..., 2), floating.
        z_b: where they end, of the same shape, dtype and device.
        t: a number, or positions along the paths (T,).

    Returns:
        (..., 2, d) if t is a number, (..., 2, T, d) if it is a tensor (T,): the shorter at 0, the
        longer at 1, and d = 2.

    Raises:
        ValueError: as `lerp`; d is not 2, values not finite, a zero vector.
    """
    expect_directions(z_a=z_a, z_b=z_b)
    expect_shape(z_a, [2], "z_a")
    which = z_a.ndim - 1  # the dimension that tells the arcs apart
    z_a, z_b, t = aligned(z_a, z_b, t)
    (u, norm_a), (v, norm_b) = polar(z_a), polar(z_b)
    w = torch.stack([-u[..., 1], u[..., 0]], dim=-1)  # u after a quarter turn, anticlockwise
    along, across = dot(u, v), dot(w, v)
    angle = torch.atan2(across, along)  # from u to v, anticlockwise, -pi to pi
    left = across >= -rounding(u)
    shorter = torch.where(left & (along < 0) & (angle < 0), angle + 2 * math.pi, angle)
    longer = torch.where(left, shorter - 2 * math.pi, shorter + 2 * math.pi)
    norm = torch.lerp(norm_a, norm_b, t)
    paths = [norm * turned(u, w, t * angle) for angle in (shorter, longer)]
    return torch.stack([with_ends(path, z_a, z_b, t) for path in paths], dim=which)


# ---- what they share --------------------------------------------------------------------------


def arc_or_line(z_a: Tensor, z_b: Tensor, t: float | Tensor) -> tuple[Tensor, Tensor]:
    """The path of `slerp_or_lerp`, and for which pairs it is an arc, bool of shape z_a.shape[:-1].

    The plane of the arc is spanned by u and by the part of v across u. Near u and near -u that part
    is a small difference of large numbers unless the large ones are subtracted first, which is
    then exact: v - u and v + u differ from v only along u.
    """
    shape = z_a.shape[:-1]
    z_a, z_b, t = aligned(z_a, z_b, t)
    (u, norm_a), (v, norm_b) = polar(z_a), polar(z_b)  # (..., d) or (..., 1, d), like z
    along = dot(u, v)
    rest = torch.where(along > 0, v - u, v + u)
    rest = rest - dot(u, rest) * u
    across = torch.linalg.vector_norm(rest, dim=-1, keepdim=True)
    flat = across <= rounding(u)  # on one line through the origin: a straight step, not an arc
    w = rest / across.masked_fill(flat, 1)
    arc = turned(u, w, t * torch.atan2(across, along))
    direction = torch.where(flat, u + t * rest, arc)
    path = with_ends(torch.lerp(norm_a, norm_b, t) * direction, z_a, z_b, t)
    unique = (norm_a > 0) & (norm_b > 0) & ((along > 0) | (across > rounding(u)))
    return torch.where(unique, path, torch.lerp(z_a, z_b, t)), unique.reshape(shape)


def aligned(z_a: Tensor, z_b: Tensor, t: float | Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What `lerp` expects, then z_a, z_b and t in shapes that broadcast to that of the path."""
    lerp(z_a, z_b, t)  # for its errors
    t = torch.as_tensor(t, dtype=z_a.dtype, device=z_a.device)
    if t.ndim == 0:
        return z_a, z_b, t
    return z_a.unsqueeze(-2), z_b.unsqueeze(-2), t.unsqueeze(-1)  # (..., 1, d) twice, (T, 1)


def polar(z: Tensor) -> tuple[Tensor, Tensor]:
    """Direction (..., d) and norm (..., 1) of z (..., d); a zero vector gets any direction.

    The squares in a norm leave float32 beyond 1e19 and below 1e-23, so the largest coordinate is
    divided out first. It is a constant to the gradient, as the result does not depend on it.
    """
    size = z.detach().abs().amax(-1, keepdim=True)
    zero = size == 0
    scaled = (z + zero) / (size + zero)  # ones in place of 0 / 0, whose gradient would be NaN
    length = torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
    return scaled / length, size * length


def turned(u: Tensor, w: Tensor, angle: Tensor) -> Tensor:
    """The unit vector u (..., d), turned towards the unit vector w at right angles to it."""
    return angle.cos() * u + angle.sin() * w


def with_ends(path: Tensor, z_a: Tensor, z_b: Tensor, t: Tensor) -> Tensor:
    """The path with z_a itself at t = 0 and z_b itself at t = 1, all of them aligned."""
    return torch.where(t == 0, z_a, torch.where(t == 1, z_b, path))


def dot(u: Tensor, v: Tensor) -> Tensor:
    """Scalar products (..., 1) of vectors (..., d)."""
    return (u * v).sum(-1, keepdim=True)


def rounding(u: Tensor) -> float:
    """How far, in radians, two unit vectors of u's dtype may differ through rounding alone.

    A point that was scaled, and then normalised, was rounded three times in each coordinate.
    """
    return 4 * torch.finfo(u.dtype).eps


def expect_directions(**points: Tensor) -> None:
    """Raise ValueError unless all points (..., d) are finite and none of them is zero."""
    expect_samples(**points)
    for name, z in points.items():
        zero = (z == 0).all(-1)
        if bool(zero.any()):
            raise ValueError(
                f"{name}: expected points away from the origin, got zero in {rows(zero)}, which "
                "has no direction"
            )


def rows(mask: Tensor, most: int = 3) -> str:
    """Where a mask is true, for messages: "rows 2, 5, 7 and 4 more", counted without shape."""
    found = mask.flatten().nonzero().flatten().tolist()
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return f"row{'s' * (len(found) > 1)} {', '.join(map(str, found[:most]))}{more}"
