"""Exercises of chapter 09: the reach of the correction, how points end, a step for each point."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise, first_mistake
from nav_utils.checks.compare import to_array
from nav_utils.densities import c_shape, ring
from nav_utils.ratio import ExactRatio

Wrong = dict[str, tuple[Tensor, str]]


@exercise("9.1", hint="a_0 + log1p(-n * eta * slope**2 * exp(-a_0)), and 0 where that is out")
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


@exercise("9.2", hint="start with 3 everywhere; overwrite with flat, repaired, inside before")
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


WANTED = 0.97  # share of the prior's samples that a rule has to bring back
EPS = 0.01


@exercise("9.3", hint="a step changes the logit by -eta * factor * slope**2; let that be about -a")
def step_sizes(answer: Callable[[Tensor, Tensor], Tensor]) -> Mistake | None:
    """A step size for each point: what thirty literal steps with it bring back, measured."""
    return first_mistake(tried(answer, ExactRatio(q, n=4)) for q in (ring(), c_shape()))


def tried(rule: Callable[[Tensor, Tensor], Tensor], ratio: ExactRatio) -> Mistake | None:
    """What is wrong with a rule on this ratio; None if enough samples come back."""
    z = torch.randn(300, 2, generator=torch.Generator().manual_seed(2)).double()
    start, part = ratio.logit(z), torch.zeros(len(z)).double()
    for number in range(30):
        a, gradient = ratio.logit_and_grad(z)
        slope = gradient.norm(dim=-1)
        value = to_array(rule(a.clone(), slope.clone()))
        if value is None or value.shape != (len(z),):
            came = "no numbers" if value is None else f"shape {value.shape}"
            return Mistake("not one for each point", f"Expected shape ({len(z)},), got {came}.")
        eta = torch.as_tensor(value.copy()).double()
        if bool((eta < 0).any()):
            return Mistake("negative", "A negative step size climbs: the update subtracts already.")
        if number == 0 and bool((eta == eta[0]).all()):
            return Mistake("the same for all points", "All points got the same step size.")
        if number == 0:  # the change of the logit by a step, as a part of the logit itself
            part = eta * pull(a) * slope.square() / a.abs()
        outside = (a.sigmoid() - 0.5).abs() >= EPS
        move = (eta * pull(a) * a.sign())[:, None] * gradient
        z = torch.where(outside[:, None] & move.isfinite(), z - move, z)
    lost = (ratio.prob(z) - 0.5).abs() >= EPS
    if float(lost.double().mean()) <= 1 - WANTED:
        return None
    return diagnosis(lost, part, start)


def pull(a: Tensor) -> Tensor:
    """The factor in front of |grad a| in the step, without eta."""
    return 2 * (a.sigmoid() - 0.5).abs() * a.sigmoid() * (-a).sigmoid()


def diagnosis(lost: Tensor, part: Tensor, start: Tensor) -> Mistake:
    """Why points are lost, by the size of their first step."""
    share, wide, slow = (float(x.double().mean()) for x in (lost, part[lost] > 2, part[lost] < 0.1))
    words = f"{1 - share:.0%} come back, {WANTED:.0%} are wanted."
    if wide > max(slow, 0.5):
        return Mistake(
            "overshooting",
            f"{words} The first step of most that are lost is more than twice what takes the "
            "logit to 0: divide by the factor and by slope squared.",
        )
    if slow > 0.5:
        return Mistake(
            "too slow",
            f"{words} Those that are lost start at a = {start[lost].median():.1f} in the median, "
            "and a step takes less than a tenth of that: let eta grow as the factor falls.",
        )
    return Mistake("too few come back", f"{words} Compare a step's change of the logit with -a.")
