"""Exercises of chapter 11: one step for a batch, a gradient by hand, and chunks that fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode

from nav_utils.checks import Mistake, exercise
from nav_utils.checks.ch10 import Case, Mistakes, first_wrong

# ---- 11.1 ---------------------------------------------------------------------------------------

LogitOf = Callable[[Tensor], Tensor]


def steps(z: Tensor, logit_of: LogitOf, eta: float, eps: float) -> tuple[Tensor, Mistakes]:
    """One literal step for the points outside the band, and what mistakes make of it."""
    points = z.clone().requires_grad_()
    a = logit_of(points)
    (slope,) = torch.autograd.grad(a.sum(), points)
    a, d = a.detach()[:, None], a.detach().sigmoid()[:, None]
    moving = (d - 0.5).abs() >= eps
    gradient = 2 * (d - 0.5) * d * (1 - d) * slope
    twice = d.sigmoid()

    def stepped(move: Tensor, mask: Tensor = moving) -> Tensor:
        return torch.where(mask, z - eta * move, z)

    return stepped(gradient), {
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
        "band on the logit": (
            stepped(gradient, a.abs() >= eps),
            "The band is one of D: |D - 1/2| < eps, not |a| < eps.",
        ),
        "one side only": (
            stepped(gradient, d - 0.5 >= eps),
            "The band has two sides: take |D - 1/2|, for points with D near 0 too.",
        ),
        "wrong sign": (stepped(-gradient), "Descend: minus eta times the gradient."),
        "gradient of D": (
            stepped(d * (1 - d) * slope),
            "That descends on D itself. The loss is (D - 1/2)^2.",
        ),
        "logit descent": (
            stepped(a * slope),
            "That descends on a^2 / 2, a step of chapter 10. The literal loss is (D - 1/2)^2.",
        ),
        "slope of the sigmoid missing": (
            stepped(2 * (d - 0.5) * slope),
            "The chain rule goes through the sigmoid too: the gradient of D is D (1 - D) grad a.",
        ),
        "factor 2 missing": (stepped(gradient / 2), "The square brings down a factor 2."),
        "sigmoid twice": (
            stepped(2 * (twice - 0.5) * twice * (1 - twice) * d * (1 - d) * slope),
            "logit_of gives a logit; one sigmoid makes D of it, not two.",
        ),
        "the move, not the place": (stepped(gradient) - z, "Add the move to z."),
    }


@exercise("11.1", hint="the sum of (D - 1/2)^2, one gradient, torch.where with moving[..., None]")
def step_all(answer: Callable[[Tensor, LogitOf, float, float], Tensor]) -> Mistake | None:
    """One literal step for a batch; points that are inside stay."""
    generator = torch.Generator().manual_seed(0)

    def bowl(z: Tensor) -> Tensor:
        return z.square().sum(-1) - 2.5 + z[..., 0]

    def waves(z: Tensor) -> Tensor:
        return 3 * z[..., 0].sin() - 2 * z[..., 1].cos() + 0.5

    given = [(14, 3, bowl, 0.7, 0.3), (5, 2, waves, 0.2, 0.2), (9, 4, bowl, 1.5, 0.05)]
    cases = []
    for n, d, logit_of, eta, eps in given:
        arguments = torch.randn(n, d, generator=generator), logit_of, eta, eps
        words = f"points of shape {(n, d)}, eta = {eta} and eps = {eps}"
        cases.append(Case(words, arguments, *steps(*arguments)))
    graphs = []

    def watched(*arguments: Any) -> Any:
        result = answer(*arguments)
        graphs.append(isinstance(result, Tensor) and result.grad_fn is not None)
        return result

    mistake = first_wrong(watched, cases)
    if mistake is None and any(graphs):
        return Mistake(
            "missing detach",
            "The places are right, but they still carry their graph: over many steps all of the "
            "graphs would be kept. Detach the result.",
        )
    return mistake


# ---- 11.2 ---------------------------------------------------------------------------------------


def gradients(z: Tensor, w: Tensor, b: Tensor, v: Tensor) -> tuple[Tensor, Mistakes]:
    """The gradient of u . SiLU(A z + c), and what mistakes make of it."""
    x, unbiased = z @ w.T + b, z @ w.T
    s, s0 = x.sigmoid(), unbiased.sigmoid()
    return (v * (s + x * s * (1 - s))) @ w, {
        "slope of the sigmoid": (
            (v * s * (1 - s)) @ w,
            "s (1 - s) is the slope of the sigmoid. SiLU is v times the sigmoid: product rule.",
        ),
        "only the first term": (
            (v * s) @ w,
            "The product rule has a second term, v s (1 - s).",
        ),
        "only the second term": (
            (v * x * s * (1 - s)) @ w,
            "The product rule has a first term, s.",
        ),
        "value instead of slope": (
            (v * x * s) @ w,
            "v s is SiLU itself; the gradient needs its slope.",
        ),
        "no slope at all": (
            (v * torch.ones_like(x)) @ w,
            "That is the gradient without an activation: each unit counts with the slope of SiLU.",
        ),
        "bias left out": (
            (v * (s0 + unbiased * s0 * (1 - s0))) @ w,
            "The slope is taken at v = A z + c.",
        ),
        "output weights left out": (
            (s + x * s * (1 - s)) @ w,
            "Each hidden unit counts with its weight in u.",
        ),
        "sign of the second term": (
            (v * (s - x * s * (1 - s))) @ w,
            "Both terms of the product rule have a plus: s + v s (1 - s).",
        ),
        "one gradient for all": (
            ((v * (s + x * s * (1 - s))) @ w).sum(0),
            "Each point has a gradient of its own, a row of (N, d).",
        ),
    }


class _ForwardMode(TorchFunctionMode):
    """Notes whether any operation carries a tangent along."""

    used = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and forward_ad.unpack_dual(result).tangent is not None:
            self.used = True
        return result


def uses_autograd(answer: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Whether a function that computes its answer well lets torch differentiate.

    A backward pass asks for the tensors that the forward pass saved, which a hook notes;
    torch.func refuses such hooks; forward mode carries tangents along.
    """
    asked_for = []

    def unpack(saved: Tensor) -> Tensor:
        asked_for.append(saved)
        return saved

    try:
        with _ForwardMode() as forward, saved_tensors_hooks(lambda tensor: tensor, unpack):
            answer(*arguments)
    except Exception:  # without the hooks it came to its end
        return True
    return bool(asked_for) or forward.used


@exercise("11.2", hint="slope of SiLU at v: s + v s (1 - s); then times u, then @ A")
def gradient_by_hand(
    answer: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
) -> Mistake | None:
    """The gradient of u . SiLU(A z + c)."""
    generator = torch.Generator().manual_seed(1)
    cases = []
    for n, d, width in ((6, 3, 5), (11, 2, 8), (4, 7, 4)):
        shapes = (n, d), (width, d), (width,), (width,)
        arguments = tuple(torch.randn(shape, generator=generator) for shape in shapes)
        cases.append(Case(f"N = {n}, d = {d} and H = {width}", arguments, *gradients(*arguments)))
    mistake = first_wrong(answer, cases)
    if mistake is None and uses_autograd(answer, cases[0].arguments):
        return Mistake(
            "autograd",
            "The numbers are right, and torch has differentiated for you. Write the slope of SiLU "
            "and the products yourself.",
        )
    return mistake


# ---- 11.3 ---------------------------------------------------------------------------------------


def sizes(free: int, widths: Sequence[int], d: int) -> tuple[int, Mistakes]:
    """How many points fit into a third of the memory, and what mistakes make of it."""
    numbers, third, product = 2 * d + 2 * sum(widths), free // 3, 1
    for width in widths:
        product *= width
    right = third // (4 * numbers)
    if right < 1:
        return 1, {
            "no point at all": (right, "Return at least 1, or nothing would ever be computed."),
            "not rounded": (free / 3 / (4 * numbers), "A chunk has a whole number of points."),
        }
    return right, {
        "all of the memory": (free // (4 * numbers), "Leave room: a third of the memory."),
        "numbers instead of bytes": (third // numbers, "A float32 takes four bytes."),
        "eight bytes": (third // (8 * numbers), "A float32 takes four bytes, a float64 eight."),
        "activations only": (
            third // (4 * (2 * d + sum(widths))),
            "Two tensors for each hidden layer: the activation and its slope.",
        ),
        "widths multiplied": (
            third // (4 * (2 * d + 2 * product)),
            "Weights are shared by all points; a point keeps a number for each unit: sum.",
        ),
        "points forgotten": (
            third // (8 * sum(widths)),
            "The point and its gradient take memory too: 2 d numbers.",
        ),
        "gradient forgotten": (
            third // (4 * (numbers - d)),
            "The point has d numbers, and its gradient d more.",
        ),
        "rounded up": (
            -(-free // (12 * numbers)),
            "Rounded up, or to the nearest whole number, the last point does not fit: round down.",
        ),
        "not rounded": (
            free / 3 / (4 * numbers),
            "A chunk has a whole number of points: round down.",
        ),
    }


# The first leaves a remainder of more than half a point; into the last two not one point fits.
MEMORIES = [
    (1_005_003, (100, 50), 3),
    (7_654_321, [256, 256, 64], 16),
    (50_000, (32,), 2),
    (100, (100, 50), 3),
    (0, [8], 2),
]


@exercise("11.3", hint="4 * (2 d + 2 sum(widths)) bytes for a point, a third of the memory")
def chunk_size(answer: Callable[[int, Sequence[int], int], int]) -> Mistake | None:
    """How many points fit into a third of the free memory."""
    return first_wrong(
        answer,
        [
            Case(
                f"free_bytes = {free:,}, widths = {widths} and d = {d}",
                (free, widths, d),
                *sizes(free, widths, d),
            )
            for free, widths, d in MEMORIES
        ],
    )
