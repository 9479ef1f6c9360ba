"""Exercises of chapter 09: the literal correction, its reach, the loop, and how points end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise, first_mistake

Wrong = dict[str, tuple[Tensor, str]]


@exercise(
    "9.1",
    hint="start from a fresh leaf, z.detach().requires_grad_(); then z - eta * 2 * (D - 1/2) * "
    "grad D, with D = sigmoid(logit(z))",
)
def literal_step(
    answer: Callable[[Tensor, Callable[[Tensor], Tensor], float], Tensor],
) -> Mistake | None:
    """One step of descent on (D - 1/2)^2."""
    generator = torch.Generator().manual_seed(3)
    example = torch.tensor([[0.7, -0.4], [-1.1, 0.3], [0.2, 1.5], [1.6, 0.9], [-0.3, -0.6]])

    def judged(z: Tensor, eta: float, tilt: list[float], shift: float) -> Mistake | None:
        def logit(z: Tensor) -> Tensor:
            z = torch.as_tensor(z)
            return z.square().sum(-1) + z @ torch.tensor(tilt, dtype=z.dtype) - shift

        a, gradient = logit(z)[:, None], 2 * z + torch.tensor(tilt)
        got = answer(z, logit, eta)
        right, mistakes = stepped(z, a, gradient, eta)
        mistake = closest(got, right, mistakes, strict=z is example)
        if mistake is None and carries_a_graph(got):
            return Mistake(
                "missing detach",
                "The new points still carry the graph of the step, and a loop would keep that of "
                "every step before: detach them.",
            )
        return mistake

    z_2, z_3 = (torch.randn(n, d, generator=generator) for n, d in ((12, 2), (4, 3)))
    return first_mistake(
        (f"{len(z)} points, d = {z.shape[1]}, eta = {eta}", judged(z, eta, tilt, shift))
        for z, eta, tilt, shift in (
            (example, 0.9, [0.5, 0.0], 1.2),
            (z_2, 0.3, [-0.2, 0.7], 2.0),
            (z_3, 4.0, [0.0, 1.0, -0.5], 1.5),
        )
    )


def stepped(z: Tensor, a: Tensor, gradient: Tensor, eta: float) -> tuple[Tensor, Wrong]:
    """Points after one literal step, and after likely wrong ones; a is (N, 1)."""
    d = a.sigmoid()
    slope, off, twice = d * (1 - d) * gradient, d - 0.5, d.sigmoid()
    right = z - eta * 2 * off * slope
    return right, {
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
            "logit(z).sigmoid() is D already; a second sigmoid squeezes it between 1/2 and 0.73.",
        ),
        "D itself instead of D - 1/2": (
            z - eta * 2 * d * slope,
            "This descends on D^2 and drives every point to D = 0: the target is D = 1/2.",
        ),
        "logit instead of D": (
            z - eta * 2 * a * gradient,
            "This descends on a^2. A good idea, and that of chapter 10; here the loss is "
            "(D - 1/2)^2.",
        ),
        "near the contour only": (
            z - eta / 8 * a * gradient,
            "This descends on a^2 / 16, which is (D - 1/2)^2 near the contour and nowhere else: "
            "take D itself.",
        ),
        "averaged over the batch": (
            z - eta * 2 * off * slope / len(z),
            "Each point has a loss of its own: sum over the batch before grad, no mean.",
        ),
        "only outside the band": (
            torch.where(off.abs() < 0.1, z, right),
            "This step is for all points: no band here.",
        ),
        "the move, not the points": (
            -eta * 2 * off * slope,
            "That is the move: add it to z.",
        ),
    }


def carries_a_graph(value: Any) -> bool:
    """True for a tensor that requires a gradient, in a list too."""
    if isinstance(value, (list, tuple)):
        return any(carries_a_graph(v) for v in value)
    return isinstance(value, Tensor) and value.requires_grad


@exercise("9.2", hint="a_0 + log1p(-n * eta * slope**2 * exp(-a_0)), and 0 where that is out")
def reached(answer: Callable[[Tensor, int, float, float], Tensor]) -> Mistake | None:
    """How deep a point still is after n steps, each of which takes the same from e^a."""

    def judged(depths: list[float], n: int, eta: float, slope: float) -> tuple[str, Mistake | None]:
        a_0 = torch.tensor(depths)
        got = answer(a_0, n, eta, slope)
        right, mistakes = risen(a_0, n, eta, slope)
        mistake = closest(got, right, mistakes, strict=n == 5)
        deep = torch.tensor([100.0, 150.0])
        if mistake is None and closest(answer(deep, n, eta, slope), deep) is not None:
            mistake = Mistake(
                "overflow",
                "e^100 is more than float32 can hold: take a_0 out of the logarithm, "
                "a_0 + log1p(-n eta slope^2 e^-a_0).",
            )
        return f"n = {n}, eta = {eta}, slope = {slope}", mistake

    return first_mistake(  # 5 steps take 4 from e^a, 50 take 1440, 3 take 36
        judged(*numbers)
        for numbers in (
            ([0.5, 1.2, 1.5, 1.7, 2.0, 3.0, 6.0], 5, 0.2, 2.0),
            ([2.0, 7.0, 7.3, 7.5, 8.0, 9.0, 11.0, 14.0], 50, 0.2, 12.0),
            ([3.59, 3.3, 6.0, 3.6, 4.1], 3, 0.75, 4.0),
        )
    )


def risen(a_0: Tensor, n: int, eta: float, slope: float) -> tuple[Tensor, Wrong]:
    """The logit after n steps from a_0, and what likely mistakes give."""
    fall = n * eta * slope**2
    left = a_0.double().exp() - fall  # of e^a
    right = fallen(a_0, fall)
    return right, {
        "slope not squared": (
            fallen(a_0, n * eta * slope),
            "The step has |grad a| once, and the change of the logit over it once more: the "
            "slope counts squared.",
        ),
        "one step only": (
            fallen(a_0, eta * slope**2),
            "This is one step: n steps take n times as much from e^a.",
        ),
        "the logit falls, not its exponential": (
            (a_0 - fall).clamp_min(0),
            "It is e^a that falls by the same amount in each step, not a.",
        ),
        "the first pull for ever": (
            (a_0 - fall * (-a_0).exp()).clamp_min(0),
            "The pull e^-a grows as the point rises out of the hole: let e^a fall, and take the "
            "logarithm afterwards.",
        ),
        "out counted as not moved": (
            torch.where(left > 0, left.log(), a_0),
            "A point that the law takes to 0 or below is out: its answer is 0.",
        ),
        "e^a instead of a": (
            left,
            "That is e^a after n steps: the logit is its logarithm.",
        ),
        "negative answers": (
            torch.where(left > 0, left.log(), 0.0),
            "Where e^a is less than 1 but not used up its logarithm is negative: such a point is "
            "out too, and its answer 0.",
        ),
        "the logarithm of what is left, unlimited": (
            left.log(),
            "Where more than e^a_0 is taken the logarithm has no value: there the point is out, "
            "and the answer 0.",
        ),
    }


def fallen(a_0: Tensor, fall: float) -> Tensor:
    """The logit when e^a has fallen by `fall`; 0 where that takes it to 0 or below."""
    share = (fall * (-a_0.double()).exp()).clamp_max(1)
    return (a_0 + torch.log1p(-share)).clamp_min(0)


@exercise("9.3", hint="share 1 / (steps left) from the current point; repair all but the ends")
def loop(
    answer: Callable[[Tensor, Tensor, Callable[[Tensor], Tensor], int], Tensor],
) -> Mistake | None:
    """The stepwise loop with fixed ends."""

    def judged(a: list[float], b: list[float], n: int, size: float) -> tuple[str, Mistake | None]:
        z_a, z_b = torch.tensor(a), torch.tensor(b)

        def repair(z: Tensor) -> Tensor:
            z = torch.as_tensor(z)
            return z + size * torch.cat([0.1 * z[1:2], 0.3 * torch.cos(2 * z[:-1])])

        got = answer(z_a, z_b, repair, n)
        right, mistakes = walked(z_a, z_b, repair, n)
        return f"n_points = {n}, d = {len(a)}", closest(got, right, mistakes, strict=n == 7)

    return first_mistake(
        judged(*numbers)
        for numbers in (
            ([-1.0, 0.2], [1.0, -0.4], 7, 1.0),
            ([0.3, -0.8, 1.5], [-1.2, 0.9, 0.4], 12, 0.6),
            ([1.1, 0.5], [-0.2, 2.0], 4, -1.3),
        )
    )


def walked(
    z_a: Tensor, z_b: Tensor, repair: Callable[[Tensor], Tensor], n: int
) -> tuple[Tensor, Wrong]:
    """The path of the loop with n points, and of likely wrong ones."""
    steps = n - 1

    def walk(share: Callable[[int], float], last: bool = False) -> Tensor:
        points = [z_a]
        for i in range(steps if last else steps - 1):
            points.append(repair(points[-1] + share(i) * (z_b - points[-1])))
        return torch.stack(points if last else [*points, z_b])

    def even(i: int) -> float:
        return 1 / (steps - i)

    t = torch.linspace(0, 1, n)[:, None]
    line = (1 - t) * z_a + t * z_b
    right = walk(even)
    overwritten = right.clone()
    strides = [z_a]
    for i in range(steps - 1):
        overwritten[i] = right[i] + even(i) * (z_b - right[i])
        strides.append(repair(strides[-1] + (z_b - z_a) / steps))
    return right, {
        "the target corrected": (
            walk(even, last=True),
            "The last proposal is z_b, and repair moves it away: a real code usually lies outside "
            "the band. Leave the end alone.",
        ),
        "the start corrected": (
            torch.cat([repair(z_a)[None], right[1:]]),
            "z_a is given: only what lies between the ends is repaired.",
        ),
        "constant share": (
            walk(lambda i: 1 / steps),
            "A constant share of the rest leaves a rest for ever: divide by the steps that are "
            "left.",
        ),
        "constant share to the end": (
            walk(lambda i: 1 / steps, last=True),
            "A constant share of the rest never arrives: divide by the steps that are left, and "
            "end in z_b.",
        ),
        "parts of the first way": (
            torch.stack([*strides, z_b]),
            "Aim at z_b from where the point is now: a share of z_b - z, not of z_b - z_a.",
        ),
        "nothing corrected": (line, "Each proposal between the ends has to pass repair."),
        "pointwise instead of stepwise": (
            torch.stack([z_a, *(repair(z) for z in line[1:-1]), z_b]),
            "Propose from the current, corrected point, not from a line drawn beforehand.",
        ),
        "one step off": (
            walk(lambda i: 1 / (n - i)),
            "n_points points are n_points - 1 steps: before the first, n_points - 1 are left.",
        ),
        "points overwritten": (
            overwritten,
            "z += ... changes the point that is in the list already: write z = z + ...",
        ),
    }


@exercise("9.4", hint="start with 3 everywhere; overwrite with flat, repaired, inside before")
def outcomes(
    answer: Callable[[Tensor, Tensor, Callable[[Tensor], Tensor], float], Tensor],
) -> Mistake | None:
    """What became of each point of a correction."""
    generator = torch.Generator().manual_seed(4)

    def judged(
        a: tuple[Tensor, Tensor], aside: Tensor, eps: float, scale: float
    ) -> tuple[str, Mistake | None]:
        def logit(z: Tensor) -> Tensor:
            return scale * z[..., 0]

        # The second coordinate only says whether a point has moved.
        before = torch.stack([a[0] / scale, torch.zeros_like(aside)], dim=-1)
        after = torch.stack([a[1] / scale, aside], dim=-1)
        got = answer(before, after, logit, eps)
        right, mistakes = ended(before, after, logit, eps)
        return f"{len(aside)} points, eps = {eps}", closest(got, right, mistakes, strict=eps == 0.3)

    # With eps = 0.3 the band ends at |a| = 2 artanh(0.6) = 1.386, and 4 eps is 1.2.
    before = [0.0, 0.8, 3.0, -3.0, 18.0, -5.0, 4.0, 1.6, -1.5, 18.0, -0.2, 18.0, 0.1, 1.3, 2.0, 2.0]
    after = [0.0, 0.8, 0.8, -1.3, 18.0, -5.0, 2.0, 1.6, 1.5, 18.0, -0.2, 18.0, 1.9, 2.0, 1.3, -1.3]
    aside = torch.zeros(len(before))
    aside[9], aside[11] = 0.5, 1e-9

    def others(size: int, eps: float) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Points on both sides of the edge of the band, a third of them not moved."""
        edge = 2 * torch.tensor(2 * eps).atanh()
        a_0, a_1 = edge * (1 + 0.5 * torch.randn(2, size, generator=generator))
        a_1[::3] = a_0[::3]
        a_0[1::4] *= -1
        return (a_0, a_1), torch.where(torch.arange(size) % 6 == 3, 1e-9, 0.0)

    example = (torch.tensor(before), torch.tensor(after)), aside
    return first_mistake(
        judged(*points, eps, scale)
        for points, eps, scale in (
            (example, 0.3, 1.0),
            (others(24, 0.45), 0.45, 2.0),
            (others(17, 0.04), 0.04, -0.5),
        )
    )


def ended(
    before: Tensor, after: Tensor, logit: Callable[[Tensor], Tensor], eps: float
) -> tuple[Tensor, Wrong]:
    """The outcome of each point, and what likely mistakes give."""
    a = logit(before), logit(after)
    flat = (before == after).all(-1)

    def found(
        inside: Callable[[Tensor], Tensor] | tuple[Tensor, Tensor], still: Tensor = flat
    ) -> Tensor:
        was, now = inside if isinstance(inside, tuple) else (inside(a[0]), inside(a[1]))
        outcome = torch.full(was.shape, 3)
        outcome[still], outcome[now] = 2, 1
        outcome[was] = 0
        return outcome

    def within(a: Tensor) -> Tensor:
        return (a.sigmoid() - 0.5).abs() < eps

    was, now = within(a[0]), within(a[1])
    right = found(within)
    return right, {
        "one side only": (
            found(lambda a: a.sigmoid() - 0.5 < eps),
            "Below the band is outside too: take |D - 1/2|.",
        ),
        "band of the logit": (
            found(lambda a: a.abs() < eps),
            "eps belongs to D, not to the logit: put it through the sigmoid first.",
        ),
        "the band near the contour only": (
            found(lambda a: a.abs() < 4 * eps),
            "|a| < 4 eps is the band for small eps only, since D - 1/2 is a / 4 near the contour "
            "and nowhere else: put the logit through the sigmoid, or take 2 artanh(2 eps).",
        ),
        "inside counted as flat": (
            torch.where(flat, 2, right),
            "A point that was inside does not move either, and nothing is wrong with it: ask "
            "first whether it was inside.",
        ),
        "inside counted as repaired": (
            found((torch.zeros_like(was), now)),
            "A point that was inside before was not repaired: that is outcome 0.",
        ),
        "moved by the logit": (
            found(within, a[0] == a[1]),
            "A point can move along a level of the logit: compare the points themselves.",
        ),
        "nearly the same counted as flat": (
            found(within, torch.isclose(before, after).all(-1)),
            "A point that moved by a hair has moved: compare with ==, bit by bit, without a "
            "tolerance.",
        ),
        "inside must last": (
            found((was & now, now)),
            "A point that was inside before is outcome 0, even if it is outside now.",
        ),
        "any coordinate": (
            found(within, (before == after).any(-1)),
            "Flat means that no coordinate has changed: all, not any.",
        ),
    }
