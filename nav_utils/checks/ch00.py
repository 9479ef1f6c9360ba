"""Exercises of chapter 00."""

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise


@exercise("0.1", hint="give t a second axis, t[:, None], and let broadcasting do the rest")
def straight_path(answer) -> Mistake | None:
    """A function (z_a, z_b, t) -> points (T, d)."""
    z_a, z_b = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([-1.0, 2.0, 3.0])
    t = torch.tensor([0.0, 0.2, 0.7, 1.0])
    column = t[:, None]
    right = (1 - column) * z_a + column * z_b
    return closest(
        answer(z_a, z_b, t),
        right,
        {
            "ends exchanged": (
                column * z_a + (1 - column) * z_b,
                "Your path runs from z_b to z_a: at t = 0 it has to be at z_a.",
            ),
            "target added": (
                z_a + column * z_b,
                "At t = 1 you stand at z_a + z_b. Weigh z_a with 1 - t, or add t times z_b - z_a.",
            ),
            "axes exchanged": (
                right.T,
                "The shape is (d, T): one row for each point, please, so t gets its new axis last.",
            ),
            "the difference alone": (
                column * (z_b - z_a),
                "These are steps from the origin: the path has to start at z_a.",
            ),
        },
    )


@exercise("0.2", hint="a norm over the last axis gives one distance for each code; then argmin")
def nearest_code(answer) -> Mistake | None:
    """A function (z, codes) -> index."""
    z = torch.tensor([1.0, 1.0])
    codes = torch.tensor([[-3.0, -2.0], [5.0, 3.0], [1.0, 2.5], [1.6, 1.5], [0.9, -3.0]])
    difference = codes - z
    distance = difference.norm(dim=-1)
    mistakes: dict[str, tuple[Tensor, str]] = {
        "the farthest": (distance.argmax(), "That is the farthest code: take the smallest."),
        "distance, not index": (
            distance.min(),
            "That is how far the nearest code is. Asked for is its place among the codes: argmin.",
        ),
        "largest dot product": (
            (codes @ z).argmax(),
            "A large dot product means long and in the same direction, not near. Subtract first.",
        ),
        "one coordinate": (
            difference.abs().argmin(),
            "You took the smallest difference of any one coordinate, and counted coordinates. Add "
            "up over the last axis before you compare.",
        ),
    }
    return closest(answer(z, codes), distance.argmin(), mistakes)


@exercise("0.3", hint="points.diff(dim=0) are the steps; their norms are their lengths")
def path_length(answer) -> Mistake | None:
    """A function points (T, d) -> length."""
    points = torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 6.0], [0.0, 2.0]])
    steps = points.diff(dim=0)
    lengths = steps.norm(dim=-1)
    return closest(
        answer(points),
        lengths.sum(),
        {
            "first to last": (
                (points[-1] - points[0]).norm(),
                "That is the straight line between the ends; the detour is not in it.",
            ),
            "squares added": (
                steps.square().sum(),
                "You added squared lengths: take the root of each step's before you add.",
            ),
            "one root for all": (
                steps.square().sum().sqrt(),
                "A norm over the whole tensor mixes the steps: take it over the last axis only.",
            ),
            "mean step": (lengths.mean(), "That is the mean length of a step: add, don't average."),
        },
    )
