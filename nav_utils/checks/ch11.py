"""Exercises of chapter 11: one step for a batch, a gradient by hand, and chunks that fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise


@exercise("11.1", hint="the sum of (D - 1/2)^2, one gradient, torch.where with moving[..., None]")
def step_all(
    answer: Callable[[Tensor, Callable[[Tensor], Tensor], float, float], Tensor],
) -> Mistake | None:
    """One literal step for a batch; points that are inside stay."""
    z = torch.randn(12, 3, generator=torch.Generator().manual_seed(0))
    eta, eps = 0.7, 0.3

    def logit_of(points: Tensor) -> Tensor:
        return points.square().sum(-1) - 2.5 + points[..., 0]

    slope = 2 * z + torch.tensor([1.0, 0.0, 0.0])  # of the logit
    d = logit_of(z).sigmoid()
    moving = ((d - 0.5).abs() >= eps).unsqueeze(-1)
    gradient = (2 * (d - 0.5) * d * (1 - d)).unsqueeze(-1) * slope

    def stepped(move: Tensor, mask: Tensor = moving) -> Tensor:
        return torch.where(mask, z - eta * move, z)

    given = z.clone()
    found = answer(given, logit_of, eta, eps)
    if not torch.equal(given.detach(), z):
        return Mistake("input changed", "Leave the given points as they are: return new ones.")
    if isinstance(found, Tensor) and found.requires_grad:
        return Mistake(
            "missing detach",
            "The result still carries its graph: over many steps all of them would be kept. "
            "Detach it.",
        )
    return closest(
        found,
        stepped(gradient),
        {
            "mean instead of sum": (
                stepped(gradient / len(z)),
                "The gradient of a mean is N times too small for each point: sum the losses.",
            ),
            "points inside moved": (
                z - eta * gradient,
                "Points with |D - 1/2| < eps have arrived: keep them with torch.where.",
            ),
            "points outside kept": (
                stepped(gradient, ~moving),
                "The mask is the wrong way round: those outside the band move.",
            ),
            "wrong sign": (
                stepped(-gradient),
                "Descend: minus eta times the gradient.",
            ),
            "gradient of D": (
                stepped((d * (1 - d)).unsqueeze(-1) * slope),
                "That descends on D itself. The loss is (D - 1/2)^2.",
            ),
            "factor 2 missing": (
                stepped(gradient / 2),
                "The square brings down a factor 2.",
            ),
            "sigmoid twice": (
                stepped(
                    (
                        2 * (d.sigmoid() - 0.5) * d.sigmoid() * (1 - d.sigmoid()) * d * (1 - d)
                    ).unsqueeze(-1)
                    * slope
                ),
                "logit_of gives a logit; one sigmoid makes D of it, not two.",
            ),
        },
    )


@exercise("11.2", hint="slope of SiLU at x: s + x s (1 - s); then times v, then @ W")
def gradient_by_hand(
    answer: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
) -> Mistake | None:
    """The gradient of v . SiLU(W z + b)."""
    generator = torch.Generator().manual_seed(1)
    z, w = torch.randn(6, 3, generator=generator), torch.randn(5, 3, generator=generator)
    b, v = torch.randn(5, generator=generator), torch.randn(5, generator=generator)
    x = z @ w.T + b
    s = x.sigmoid()
    return closest(
        answer(z, w, b, v),
        (v * (s + x * s * (1 - s))) @ w,
        {
            "slope of the sigmoid": (
                (v * s * (1 - s)) @ w,
                "s (1 - s) is the slope of the sigmoid. SiLU is x times the sigmoid: product rule.",
            ),
            "only the first term": (
                (v * s) @ w,
                "The product rule has a second term, x s (1 - s).",
            ),
            "only the second term": (
                (v * x * s * (1 - s)) @ w,
                "The product rule has a first term, s.",
            ),
            "value instead of slope": (
                (v * x * s) @ w,
                "x s is SiLU itself; the gradient needs its slope.",
            ),
            "bias left out": (
                (v * ((z @ w.T).sigmoid() * (1 + (z @ w.T) * (1 - (z @ w.T).sigmoid())))) @ w,
                "The slope is taken at x = W z + b.",
            ),
            "output weights left out": (
                (s + x * s * (1 - s)) @ w,
                "Each hidden unit counts with its weight v.",
            ),
        },
    )


@exercise("11.3", hint="4 * (2 d + 2 sum(widths)) bytes for a point, a third of the memory")
def chunk_size(answer: Callable[[int, Sequence[int], int], int]) -> Mistake | None:
    """How many points fit into a third of the free memory."""
    free, widths, d = 1_000_003, (100, 50), 3
    numbers = 2 * d + 2 * sum(widths)
    mistake = closest(
        answer(free, widths, d),
        free // 3 // (4 * numbers),
        {
            "all of the memory": (free // (4 * numbers), "Leave room: a third of the memory."),
            "numbers instead of bytes": (free // 3 // numbers, "A float32 takes four bytes."),
            "activations only": (
                free // 3 // (4 * (2 * d + sum(widths))),
                "Two tensors for each hidden layer: the activation and its slope.",
            ),
            "widths multiplied": (
                free // 3 // (4 * (2 * d + 2 * widths[0] * widths[1])),
                "Weights are shared by all points; a point keeps a number for each unit: sum.",
            ),
            "points forgotten": (
                free // 3 // (8 * sum(widths)),
                "The point and its gradient take memory too: 2 d numbers.",
            ),
            "not rounded": (
                free / 3 / (4 * numbers),
                "A chunk has a whole number of points: round down.",
            ),
        },
    )
    if mistake is None and answer(100, widths, d) < 1:
        return Mistake("no point at all", "Return at least 1, or nothing would ever be computed.")
    return mistake
