"""Exercises of chapter 09: the literal correction, its reach, the loop, and how points end."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise


@exercise(
    "9.1",
    hint="start from a fresh leaf, z.detach().requires_grad_(); then z - eta * 2 * (D - 1/2) * "
    "grad D, with D = sigmoid(logit(z))",
)
def literal_step(
    answer: Callable[[Tensor, Callable[[Tensor], Tensor], float], Tensor],
) -> Mistake | None:
    """One step of descent on (D - 1/2)^2."""
    z = torch.tensor([[0.7, -0.4], [-1.1, 0.3], [0.2, 1.5], [1.6, 0.9], [-0.3, -0.6]])
    eta = 0.9

    def logit(z: Tensor) -> Tensor:
        return z.square().sum(-1) + 0.5 * z[..., 0] - 1.2

    gradient = 2 * z + torch.tensor([0.5, 0.0])
    d = logit(z).sigmoid()[:, None]
    slope, off = d * (1 - d) * gradient, d - 0.5
    twice = d.sigmoid()
    got = answer(z.clone(), logit, eta)
    mistake = closest(
        got,
        z - eta * 2 * off * slope,
        {
            "wrong sign": (
                z + eta * 2 * off * slope,
                "This climbs away from D = 1/2: descent subtracts the gradient.",
            ),
            "missing factor 2": (
                z - eta * off * slope,
                "The derivative of (D - 1/2)^2 is 2 (D - 1/2) times that of D.",
            ),
            "gradient of the logit": (
                z - eta * 2 * off * gradient,
                "The formula has grad D, not grad a: differentiate after the sigmoid.",
            ),
            "sigmoid twice": (
                z - eta * 2 * (twice - 0.5) * twice * (1 - twice) * slope,
                "logit(z).sigmoid() is D already; a second sigmoid squeezes it between 1/2 and "
                "0.73.",
            ),
            "D itself instead of D - 1/2": (
                z - eta * 2 * d * slope,
                "This descends on D^2 and drives every point to D = 0: the target is D = 1/2.",
            ),
            "logit instead of D": (
                z - eta * 2 * logit(z)[:, None] * gradient,
                "This descends on a^2. A good idea, and that of chapter 10; here the loss is "
                "(D - 1/2)^2.",
            ),
            "near the contour only": (
                z - eta / 8 * logit(z)[:, None] * gradient,
                "This descends on a^2 / 16, which is (D - 1/2)^2 near the contour and nowhere "
                "else: take D itself.",
            ),
            "averaged over the batch": (
                z - eta * 2 * off * slope / len(z),
                "Each point has a loss of its own: sum over the batch before grad, no mean.",
            ),
        },
    )
    if mistake is not None:
        return mistake
    if got.requires_grad:
        return Mistake(
            "missing detach",
            "The new points still carry the graph of the step, and a loop would keep that of "
            "every step before: detach them.",
        )
    return None


@exercise("9.2", hint="a_0 + log1p(-n * eta * slope**2 * exp(-a_0)), and 0 where that is out")
def reached(answer: Callable[[Tensor, int, float, float], Tensor]) -> Mistake | None:
    """How deep a point still is after n steps, each of which takes the same from e^a."""
    n, eta, slope = 50, 0.2, 12.0
    a_0 = torch.tensor([2.0, 7.0, 7.3, 7.5, 8.0, 9.0, 11.0, 14.0])
    right = fallen(a_0, n * eta * slope**2)
    mistake = closest(
        answer(a_0, n, eta, slope),
        right,
        {
            "slope not squared": (
                fallen(a_0, n * eta * slope),
                "The step has |grad a| once, and the change of the logit over it once more: "
                "the slope counts squared.",
            ),
            "one step only": (
                fallen(a_0, eta * slope**2),
                "This is one step: n steps take n times as much from e^a.",
            ),
            "the logit falls, not its exponential": (
                (a_0 - n * eta * slope**2).clamp_min(0),
                "It is e^a that falls by the same amount in each step, not a.",
            ),
            "the first pull for ever": (
                (a_0 - n * eta * slope**2 * (-a_0).exp()).clamp_min(0),
                "The pull e^-a grows as the point rises out of the hole: let e^a fall, and take "
                "the logarithm afterwards.",
            ),
            "out counted as not moved": (
                torch.where(right > 0, right, a_0),
                "A point whose e^a is used up is out: its answer is 0, not a_0.",
            ),
            "e^a instead of a": (
                a_0.exp() - n * eta * slope**2,
                "That is e^a after n steps: the logit is its logarithm.",
            ),
            "the logarithm of what is left, unlimited": (
                (a_0.exp() - n * eta * slope**2).log(),
                "Where more than e^a_0 is taken the logarithm has no value: there the point is "
                "out, and the answer 0.",
            ),
        },
    )
    if mistake is not None:
        return mistake
    deep = torch.tensor([100.0, 150.0])
    if closest(answer(deep, n, eta, slope), deep) is not None:
        return Mistake(
            "overflow",
            "e^100 is more than float32 can hold: take a_0 out of the logarithm, "
            "a_0 + log1p(-n eta slope^2 e^-a_0).",
        )
    return None


def fallen(a_0: Tensor, fall: float) -> Tensor:
    """The logit when e^a has fallen by `fall`; 0 where it is used up."""
    share = (fall * (-a_0).exp()).clamp_max(1)
    return (a_0 + torch.log1p(-share)).clamp_min(0)


@exercise("9.3", hint="share 1 / (steps left) from the current point; repair all but the ends")
def loop(
    answer: Callable[[Tensor, Tensor, Callable[[Tensor], Tensor], int], Tensor],
) -> Mistake | None:
    """The stepwise loop with fixed ends."""
    z_a, z_b, n = torch.tensor([-1.0, 0.2]), torch.tensor([1.0, -0.4]), 7
    steps = n - 1

    def repair(z: Tensor) -> Tensor:
        return z + torch.stack([0.1 * z[1], 0.3 * torch.cos(2 * z[0])])

    def walk(
        share: Callable[[int], float], fix: Callable[[Tensor], Tensor], last: bool = False
    ) -> Tensor:
        points = [z_a]
        for i in range(steps if last else steps - 1):
            points.append(fix(points[-1] + share(i) * (z_b - points[-1])))
        return torch.stack(points if last else [*points, z_b])

    def even(i: int) -> float:
        return 1 / (steps - i)

    t = torch.linspace(0, 1, n)[:, None]
    line = (1 - t) * z_a + t * z_b
    pointwise = torch.stack([z_a, *(repair(z) for z in line[1:-1]), z_b])
    repaired_start = walk(even, repair)
    repaired_start[0] = repair(z_a)
    return closest(
        answer(z_a, z_b, repair, n),
        walk(even, repair),
        {
            "the target corrected": (
                walk(even, repair, last=True),
                "The last proposal is z_b, and repair moves it away: a real code usually lies "
                "outside the band. Leave the end alone.",
            ),
            "the start corrected": (
                repaired_start,
                "z_a is given: only what lies between the ends is repaired.",
            ),
            "constant share": (
                walk(lambda i: 1 / steps, repair),
                "A constant share of the rest leaves a rest for ever: divide by the steps that "
                "are left.",
            ),
            "constant share to the end": (
                walk(lambda i: 1 / steps, repair, last=True),
                "A constant share of the rest never arrives: divide by the steps that are left, "
                "and end in z_b.",
            ),
            "nothing corrected": (line, "Each proposal between the ends has to pass repair."),
            "pointwise instead of stepwise": (
                pointwise,
                "Propose from the current, corrected point, not from a line drawn beforehand.",
            ),
            "one step off": (
                walk(lambda i: 1 / (n - i), repair),
                "n_points points are n_points - 1 steps: before the first, n_points - 1 are left.",
            ),
        },
    )


@exercise("9.4", hint="start with 3 everywhere; overwrite with flat, repaired, inside before")
def outcomes(
    answer: Callable[[Tensor, Tensor, Callable[[Tensor], Tensor], float], Tensor],
) -> Mistake | None:
    """What became of each point of a correction."""
    eps = 0.1

    def logit(z: Tensor) -> Tensor:
        return z[..., 0]

    # logits before and after; the second coordinate only says whether a point has moved
    before = torch.tensor([0.0, 0.3, 2.0, -2.0, 18.0, -5.0, 3.0, 0.9, -0.6, 18.0, -0.2, 18.0, 0.2])
    after = torch.tensor([0.0, 0.3, 0.2, -0.3, 18.0, -5.0, 1.0, 0.9, 0.6, 18.0, -0.2, 18.0, 0.9])
    aside = torch.zeros_like(before)
    aside[9], aside[11] = 0.5, 1e-9
    z_0 = torch.stack([before, torch.zeros_like(before)], dim=-1)
    z_1 = torch.stack([after, aside], dim=-1)

    def sorted_by(was: Tensor, now: Tensor, flat: Tensor) -> Tensor:
        found = torch.full(was.shape, 3)
        found[flat], found[now] = 2, 1
        found[was] = 0
        return found

    def within(a: Tensor) -> Tensor:
        return (a.sigmoid() - 0.5).abs() < eps

    flat = (z_0 == z_1).all(-1)
    was, now = within(before), within(after)
    inside_as_flat = sorted_by(was, now, flat)
    inside_as_flat[flat] = 2
    inside_as_repaired = sorted_by(torch.zeros_like(was), now, flat)
    return closest(
        answer(z_0, z_1, logit, eps),
        sorted_by(was, now, flat),
        {
            "one side only": (
                sorted_by(before.sigmoid() - 0.5 < eps, after.sigmoid() - 0.5 < eps, flat),
                "Below the band is outside too: take |D - 1/2|.",
            ),
            "band of the logit": (
                sorted_by(before.abs() < eps, after.abs() < eps, flat),
                "eps belongs to D, not to the logit: put it through the sigmoid first.",
            ),
            "inside counted as flat": (
                inside_as_flat,
                "A point that was inside does not move either, and nothing is wrong with it: ask "
                "first whether it was inside.",
            ),
            "inside counted as repaired": (
                inside_as_repaired,
                "A point that was inside before was not repaired: that is outcome 0.",
            ),
            "moved by the logit": (
                sorted_by(was, now, before == after),
                "A point can move along a level of the logit: compare the points themselves.",
            ),
            "nearly the same counted as flat": (
                sorted_by(was, now, torch.isclose(z_0, z_1).all(-1)),
                "A point that moved by a hair has moved: compare with ==, bit by bit, without a "
                "tolerance.",
            ),
            "inside must last": (
                sorted_by(was & now, now, flat),
                "A point that was inside before is outcome 0, even if it is outside now.",
            ),
            "any coordinate": (
                sorted_by(was, now, (z_0 == z_1).any(-1)),
                "Flat means that no coordinate has changed: all, not any.",
            ),
        },
    )
