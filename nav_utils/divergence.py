"""Steps of training that come to nothing: weights are put back, and one is told what to try."""

from __future__ import annotations

import math
import pathlib
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn


def weights_of(model: nn.Module) -> list[Tensor]:
    """All that a model has learnt: parameters and buffers."""
    return [*model.parameters(), *model.buffers()]


@torch.no_grad()
def copy_all(source: list[Tensor], target: list[Tensor]) -> None:
    """Write each tensor of `source` into its place in `target`."""
    for old, new in zip(target, source, strict=True):
        old.copy_(new)


def finite_step(
    step: Callable[..., dict[str, Tensor]],
    model: nn.Module,
    optimizers: Mapping[str, torch.optim.Optimizer],
    x: Tensor,
    generator: torch.Generator,
    kept: list[Tensor],
) -> dict[str, float]:
    """The losses of one step; where they are not finite, the weights are as before it.

    A step of several updates may have made some of them when another turns out to be impossible.

    Raises:
        FloatingPointError: when a loss or a gradient is not finite.
    """
    copy_all(weights_of(model), kept)
    try:
        losses = step(model, optimizers, x, generator)
        values = {name: float(loss.detach()) for name, loss in losses.items()}
        if not all(map(math.isfinite, values.values())):
            raise FloatingPointError(", ".join(f"{name} {v:.4g}" for name, v in values.items()))
    except FloatingPointError:
        copy_all(kept, weights_of(model))
        raise
    return values


def advice(
    error: FloatingPointError,
    where: str,
    model: nn.Module,
    checkpoint: str | pathlib.Path | None,
) -> str:
    """What to say, and what to try, when a loss or a gradient is not finite."""
    whole = all(bool(torch.isfinite(weight).all()) for weight in weights_of(model))
    state = (
        "The weights are those before this step"
        if whole
        else "The weights were not finite before this step either, so an earlier one, whose losses "
        "were finite, has spoilt them"
    )
    last = f"the checkpoint is {checkpoint}" if checkpoint else "no checkpoint was asked for"
    return (
        f"a loss or a gradient is not finite at {where}: {error}. {state} ({last}). Try a smaller "
        "learning rate, a smaller adversarial weight, a larger gradient penalty, and look at the "
        "images for values outside [0, 1]."
    )
