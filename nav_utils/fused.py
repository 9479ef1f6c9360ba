"""Whole walks in one kernel: a fused corrector for small networks, written in Triton.

A step of `nav_utils.correction` reads its points, activations and gradients from memory and writes
them back. Here a walk reads a point once, takes all its steps, and writes the best place once. What
comes out is rough, as in low precision: it is judged anew, by `judge`, and `correct` finishes it
where it must.
Needs the extra `gpu` (triton) and a GPU; with TRITON_INTERPRET=1 it runs on a processor, slowly.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from nav_utils.densities import StandardNormal
from nav_utils.ratio import DensityRatio, Ratio
from nav_utils.steps import (
    Band,
    Below,
    Denser,
    GaussNewton,
    Goal,
    Logit,
    Method,
    Probability,
    Score,
)

WIDEST, MOST_LAYERS, MOST_COORDINATES = 128, 3, 32
KINDS: dict[type, int] = {Probability: 0, Logit: 1, GaussNewton: 2, Score: 3}
GOALS: dict[type, int] = {Band: 0, Below: 1, Denser: 2}
# By precision: of the weights, of the products, points of a program, warps. Blocks and warps are
# the quickest of those tried on an H100 and an H200. float32 is three products of bfloat16 parts,
# with three hidden layers in larger programs; the judge takes six.
SETTINGS: dict[str, tuple[torch.dtype, str, int, int]] = {
    "float32": (torch.bfloat16, "split", 64, 4),
    "tf32": (torch.float32, "tf32", 128, 8),
    "float16": (torch.float16, "ieee", 64, 4),
    "bfloat16": (torch.bfloat16, "ieee", 64, 4),
}
JUDGE = (torch.float32, "bf16x6", 128, 8)


def interpreted() -> bool:
    """Whether Triton's interpreter stands for a GPU."""
    return os.environ.get("TRITON_INTERPRET") == "1"


def why_not(ratio: Ratio, method: Method, goal: Goal, z: Tensor, precision: str) -> str | None:
    """What keeps a walk from points z (N, d) out of one kernel, in words; None: nothing does."""
    if importlib.util.find_spec("triton") is None:
        return "triton is not installed; it comes with the extra `gpu`"
    if z.device.type != "cuda" and not interpreted():
        return f"the ratio is on {z.device.type}, and a kernel needs a GPU"
    if not isinstance(ratio, DensityRatio) or ratio.sizes is None or ratio.probability:
        return "the ratio is not a network that nav_utils.models.mlp made, with logits"
    d, *hidden, _ = ratio.sizes
    if not 1 <= len(hidden) <= MOST_LAYERS or max(hidden) > WIDEST or d > MOST_COORDINATES:
        return (
            f"a network of {ratio.sizes} is not one of 1 to {MOST_LAYERS} hidden layers up to "
            f"{WIDEST} wide and up to {MOST_COORDINATES} inputs"
        )
    if len(hidden) > 2 and precision == "tf32" and not interpreted():
        return "three hidden layers do not fit in tf32; they do in the other precisions"
    if type(method) not in KINDS or type(goal) not in GOALS:
        return "the method or the goal is not the package's own"
    normal = type(ratio.prior) is StandardNormal
    if not normal and (isinstance(method, Score) or isinstance(goal, Denser)):
        return "the prior is not N(0, I), and this method or goal asks for it"
    return None if z.dtype == torch.float32 else f"the points are {z.dtype}, not float32"


class Weights(NamedTuple):
    """What the kernel reads of a network, padded with zeros to powers of two, at least 16."""

    tensors: list[Tensor]  # w1 (2, D, H), b1, w2 (2, H, H), b2, w3, b3, out: biases, out (H,)
    n_layers: int
    width: int  # H
    inputs: int  # D


def weights_of(network: nn.Module, dtype: torch.dtype, device: torch.device) -> Weights:
    """The weights of a network that `mlp` made, on a device: in this dtype, and the rest in it."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    inputs = power_of_two(layers[0].in_features)
    width = power_of_two(max(layer.out_features for layer in layers[:-1]))
    tensors: list[Tensor] = []
    for number, layer in enumerate(layers[:-1]):
        exact = torch.zeros(width if number else inputs, width, device=device)
        exact[: layer.in_features, : layer.out_features] = layer.weight.detach().T.to(exact)
        high = exact.to(dtype)
        tensors += [
            torch.stack([high, (exact - high).to(dtype)]),
            padded(layer.bias, width, device),
        ]
    tensors += tensors[:2] * (MOST_LAYERS - len(layers) + 1)  # in place of layers there are not
    return Weights(
        [*tensors, padded(layers[-1].weight[0], width, device)], len(layers) - 1, width, inputs
    )


def padded(x: Tensor, n: int, device: torch.device) -> Tensor:
    """x and zeros, (n,) float32."""
    return nn.functional.pad(x.detach().float(), (0, n - len(x))).to(device)


def power_of_two(n: int) -> int:
    """The least power of two that is at least n and at least 16, as the products want it."""
    return max(16, 1 << (n - 1).bit_length())


def walk(
    z: Tensor,
    moving: Tensor,
    ratio: DensityRatio,
    method: Method,
    goal: Goal,
    max_steps: int,
    precision: str,
) -> tuple[Tensor, Tensor]:
    """All steps of a correction in one kernel.

    Args:
        z: points (N, d), float32, contiguous.
        moving: (N,) bool, which of them walk.
        ratio, method, goal: such that `why_not` finds nothing.
        max_steps: for each point.
        precision: one of `SETTINGS`.

    Returns:
        The best places (N, d), of the least excess by the kernel's own arithmetic, and the steps
        that each point took (N,) int64.
    """
    from nav_utils.fused_kernel import walk as kernel  # triton, which not everybody has

    best, n_steps = torch.empty_like(z), torch.empty(len(z), dtype=torch.int32, device=z.device)
    grid, weights, affine, options = launch(z, ratio, SETTINGS[precision])
    numbers: Any = (
        *z.shape,
        max_steps,
        *affine,
        method.step_size,  # type: ignore[attr-defined]
        getattr(method, "damping", 0.0),
        getattr(method, "max_move", 0.0),
        *numbers_of(goal),
    )
    kernel[grid](
        z, moving.to(torch.int32), best, n_steps, *weights, *numbers,
        METHOD=KINDS[type(method)], GOAL=GOALS[type(goal)], **options,
    )  # fmt: skip
    return best, n_steps.long()


def judge(z: Tensor, ratio: DensityRatio) -> Tensor:
    """The logits (N,) at points z (N, d), as near to float32 as a GPU's own products are.

    For ratios and points of which `why_not` finds nothing.
    """
    from nav_utils.fused_kernel import judge as kernel

    logit = torch.empty(len(z), device=z.device)
    grid, weights, affine, options = launch(z, ratio, JUDGE)
    kernel[grid](z, logit, *weights, *z.shape, *affine, **options)
    return logit


def launch(
    z: Tensor, ratio: DensityRatio, setting: tuple[torch.dtype, str, int, int]
) -> tuple[tuple[int], list[Tensor], tuple[float, float], dict[str, Any]]:
    """How to call a kernel: its programs, weights, a logit's scale and shift, its constants."""
    dtype, dot, block, warps = setting
    if interpreted():  # its products are exact
        dtype, dot, block = torch.float32 if dot == "split" else dtype, "ieee", 16
    weights = weights_of(ratio.network, dtype, z.device)
    if dot == "split" and weights.n_layers > 2:
        block, warps = 128, 8
    last = cast(nn.Linear, [m for m in ratio.network.modules() if isinstance(m, nn.Linear)][-1])
    scale = ratio.sign * ratio.scale
    constants = {"LAYERS": weights.n_layers, "DOT": dot, "BLOCK": block, "D": weights.inputs}
    options = {**constants, "H": weights.width, "num_warps": warps}
    shift = scale * float(last.bias) + ratio.shift
    return (-(-len(z) // block),), weights.tensors, (scale, shift), options


def numbers_of(goal: Goal) -> tuple[float, float]:
    """The two numbers by which the kernel knows a goal."""
    if isinstance(goal, Band):
        return goal.centre, goal.width
    if isinstance(goal, Below):
        return goal.level, goal.margin
    denser = cast(Denser, goal)
    return denser.log_q_level, denser.margin
