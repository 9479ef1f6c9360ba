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
    weights: list[Tensor],
    kept: list[Tensor],
) -> dict[str, float]:
    """The losses of one step, after which losses and weights are finite.

    If they are not, the weights are put back. A finite loss may have a gradient that is not, and
    of the updates of one step some may have been made before another turned out to be impossible.

    Args:
        step, model, optimizers, x, generator: as in `training.fit`.
        weights: `weights_of(model)`, gathered once: it takes as long as their copy.
        kept: like `weights`; holds those from before the step.

    Raises:
        FloatingPointError: when losses or weights are not finite.
    """
    copy_all(weights, kept)
    losses = step(model, optimizers, x, generator)
    values = {name: float(loss.detach()) for name, loss in losses.items()}
    sound = finite(weights)
    if sound and all(map(math.isfinite, values.values())):
        return values
    copy_all(kept, weights)
    said = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
    raise FloatingPointError(said if sound else f"{said}, and weights that are not finite")


def finite(tensors: list[Tensor]) -> bool:
    """Whether all values are; one that is not spoils the sum of its tensor, and that of all."""
    sums = [x.detach().sum(dtype=torch.float32) for x in tensors]
    return not sums or math.isfinite(float(torch.stack(sums).sum()))


def advice(
    error: FloatingPointError,
    where: str,
    model: nn.Module,
    checkpoint: str | pathlib.Path | None,
) -> str:
    """What to say, and what to try, when losses or weights are not finite."""
    state = "those before this step"
    if not finite(weights_of(model)):
        state += ", which were not finite either: the model began with such weights"
    last = f"the checkpoint is {checkpoint}" if checkpoint else "no checkpoint was asked for"
    return (
        f"a loss or a weight is not finite at {where}: {error}. The weights are {state} ({last}). "
        "Try a smaller learning rate, a smaller adversarial weight, a larger gradient penalty, and "
        "look at the images for values outside [0, 1]."
    )
