"""Exercises of chapter 11: one step for a batch, a gradient by hand, and how many bits it needs."""

from __future__ import annotations

from collections.abc import Callable
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

FOR_THE_PLACE, FOR_THE_LEVEL = 7, 3  # measured: tests/chapters/test_chapter_11.py


@exercise("11.3", hint="a loop over bits from 1 to 12: print both shares, then read the first 99 %")
def fewest_bits(answer: Any) -> Mistake | None:
    """The fewest significant bits of the weights that keep the places, and the level."""
    found = torch.as_tensor(answer, dtype=torch.float64).flatten()
    if found.shape != (2,):
        return Mistake("not two numbers", "Expected two numbers of bits: for place and level.")
    if not found.isfinite().all() or bool((found != found.round()).any()):
        return Mistake("not whole numbers", "Bits are counted: expected two whole numbers.")
    place, level = found.int().tolist()
    right = FOR_THE_PLACE, FOR_THE_LEVEL
    if (place, level) == right:
        return None
    if (level, place) == right:
        return Mistake("the two exchanged", "First the bits for the place, then for the level.")
    if (place, level) == (right[0] - 1, right[1] - 1):
        return Mistake(
            "the last that fails", "With these bits fewer than 99 % pass. Take the next number."
        )
    for name, bits, wanted in (("place", place, right[0]), ("level", level, right[1])):
        if bits < wanted:
            return Mistake(
                f"too few for the {name}",
                f"With {bits} bits fewer than 99 % of the points pass the test of the {name}.",
            )
        if bits > wanted:
            return Mistake(
                f"not the fewest for the {name}",
                f"With {bits - 1} bits 99 % of the points still pass the test of the {name}.",
            )
    return None
