"""Exercises of chapter 05: Adam's second step, a price at rest, the best penalty of a game."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise, on_each
from nav_utils.checks.ch04 import Wrong
from nav_utils.checks.compare import to_array

# ---- 5.1 ----------------------------------------------------------------------------------------


@exercise("5.1", hint="the averages after two steps, each divided by 1 - beta^2")
def second_adam_step(answer: Callable[[Tensor, Tensor, float], Tensor]) -> Mistake | None:
    """Change of the weights in Adam's second step, from the gradients of the first two."""
    generator = torch.Generator().manual_seed(51)
    first = (torch.tensor([3.0, -0.02, 500.0, 7.0]), torch.tensor([2.0, 0.05, -80.0, 7.0]), 0.01)
    others = [
        (*(3 * torch.randn(2, *shape, generator=generator)).unbind(), rate)
        for shape, rate in (((7,), 0.3), ((3, 4), 0.002))
    ]
    # Adam's epsilon of 1e-8 is negligible beside these gradients: far below the tolerance.
    return on_each(answer, second_steps, [first, *others], tolerance=1e-3)


def second_steps(first: Tensor, second: Tensor, rate: float) -> tuple[Tensor, Wrong]:
    """Adam's second step, and what likely mistakes give."""
    mean, square = 0.09 * first + 0.1 * second, 0.000999 * first**2 + 0.001 * second**2
    right = -rate * (mean / 0.19) / (square / 0.001999).sqrt()
    return right, {
        "as if it were the first step": (
            -rate * second.sign(),
            "The averages still hold the first gradient: m = 0.9 * 0.1 g1 + 0.1 g2.",
        ),
        "wrong sign": (-right, "Adam descends: the step goes against the mean gradient."),
        "both steps together": (
            right - rate * first.sign(),
            "That is the way of both steps. Asked for is the second alone.",
        ),
        "no bias correction": (
            -rate * mean / square.sqrt(),
            "Divide m by 1 - 0.9^2 and v by 1 - 0.999^2: both averages start from zero.",
        ),
        "corrected as in the first step": (
            -rate * (mean / 0.1) / (square / 0.001).sqrt(),
            "After two steps divide by 1 - beta^2, not by 1 - beta.",
        ),
        "gradient descent": (-rate * second, "That is plain gradient descent."),
        "the older one does not fade": (
            -rate * ((first + second) / 2) / ((first**2 + second**2) / 2).sqrt(),
            "You took plain means. In the second step the first gradient counts 0.9 times as much.",
        ),
        "squared gradient without root": (
            -rate * (mean / 0.19) / (square / 0.001999),
            "Divide by the square root of the second average.",
        ),
        "no learning rate": (right / rate, "Multiply by the learning rate."),
    }


# ---- 5.2 ----------------------------------------------------------------------------------------


@exercise("5.2", hint="minimise |g_rec + lambda g_kl|^2 over lambda: set the derivative to 0")
def price_at_rest(answer: Callable[[Tensor, Tensor], Tensor]) -> Mistake | None:
    """The lambda with which two gradients (n,) come nearest to cancelling each other."""
    generator = torch.Generator().manual_seed(52)
    inputs = [(torch.tensor([2.0, -1.0, 0.5]), torch.tensor([-1.5, 0.4, 0.3]))]
    for n, price in ((7, 3.0), (40, 0.2)):
        g_kl = torch.randn(n, generator=generator)
        inputs.append((-price * g_kl + 0.3 * torch.randn(n, generator=generator), g_kl))
    return on_each(answer, prices, inputs)


def prices(g_rec: Tensor, g_kl: Tensor) -> tuple[Tensor, Wrong]:
    """The price, and what likely mistakes give."""
    dot = (g_rec * g_kl).sum()
    right = -dot / g_kl.square().sum()
    return right, {
        "wrong sign": (-right, "At rest they point against each other: lambda is positive."),
        "ratio of the lengths": (
            g_rec.norm() / g_kl.norm(),
            "The lengths alone do not know the directions: a part of g_rec cannot be cancelled.",
        ),
        "price of the other": (
            -dot / g_rec.square().sum(),
            "That scales the reconstruction's gradient. lambda stands before that of the KL.",
        ),
        "not divided": (-dot, "Divide by the squared length of g_kl."),
        "divided by the length": (
            -dot / g_kl.norm(),
            "Divide by the square of the length: lambda g_kl has the length lambda |g_kl|.",
        ),
        "the cosine": (
            -dot / g_rec.norm() / g_kl.norm(),
            "That is the cosine of the angle. It says whether they can cancel, not at what price.",
        ),
        "a mean of quotients": (
            -(g_rec / g_kl).mean(),
            "One lambda has to do for all entries: minimise the squared length of the sum.",
        ),
    }


# ---- 5.3 ----------------------------------------------------------------------------------------

RATE, NEAR = 0.05, 0.01
WEIGHTS = (2.0, 8.0, 0.5)


@exercise(
    "5.3", hint="find the best penalty by eye for two weights; how does it grow with the weight?"
)
def best_penalty(answer: Callable[[float], float]) -> Mistake | None:
    """The penalty with which the heap of the toy is at the prior's place soonest."""
    found = []
    for weight in WEIGHTS:
        got = answer(weight)
        value = to_array(got)
        if value is None or value.ndim:
            return closest(got, 0.5)  # wrong type, wrong shape
        found.append(float(value))
    named = {
        "the root left out": ([w / 8 for w in WEIGHTS], "Four times the weight: measure again."),
        "upside down": (
            [math.sqrt(8 / w) for w in WEIGHTS],
            "A larger weight needs more, not less.",
        ),
        "no penalty": ([0.0] * 3, "Without a penalty the heap does not come to rest."),
        "one for all": ([found[0]] * 3, "Measure with another weight: the best one moves."),
    }
    for weight, penalty in zip(WEIGHTS, found, strict=True):
        least = min(steps_to_rest(weight, math.sqrt(weight / 8) * f) for f in (0.7, 0.8, 0.9, 1.0))
        taken = steps_to_rest(weight, penalty)
        if taken <= 1.6 * least:
            continue
        for name, (values, advice) in named.items():
            if all(math.isclose(x, y, rel_tol=0.02) for x, y in zip(found, values, strict=True)):
                return Mistake(name, advice)
        words = f"takes {taken} steps" if taken < LONGEST else f"is not at rest after {LONGEST}"
        return Mistake(
            "slower than it has to be",
            f"At the weight {weight:g} your penalty {penalty:.3g} {words}; {least} are possible.",
        )
    return None


LONGEST = 4000


def steps_to_rest(weight: float, penalty: float) -> int:
    """Steps until the heap stays within NEAR of 0, at most LONGEST."""
    place, slope, last = 1.0, 0.0, 0
    for step in range(1, LONGEST + 1):
        push = place / (1 + math.exp(-max(-500.0, min(500.0, slope * place))))
        place, slope = (
            place + RATE * weight * slope,
            slope - RATE * (push + 4 * penalty * slope),
        )
        if not math.isfinite(place) or abs(place) > 1e6:
            return LONGEST
        last = step if abs(place) > NEAR else last
        if step - last > 600:
            break
    return min(last + 1, LONGEST)
