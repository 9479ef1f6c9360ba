"""Exercises of chapter 07: the band in logits, the mass of a hole, a conformal level."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from nav_utils.checks import GENERIC, Mistake, closest, exercise, first_mistake
from nav_utils.checks.compare import to_array
from nav_utils.densities import kde_log_prob

Mistakes = dict[str, tuple[Tensor | float, str]]


# ---- 7.1 --------------------------------------------------------------------------------------


@exercise("7.1", hint="sum p(z) * cell over the grid points with log p - log q > level")
def prior_mass(answer: Callable[[Tensor, Tensor, float, float], Tensor]) -> Mistake | None:
    """A function (log_p, log_q, level, cell) -> prior mass where log p - log q > level."""
    generator = torch.Generator().manual_seed(0)

    def judged(n: int, level: float, cell: float, strict: bool) -> tuple[str, Mistake | None]:
        z = 3 * torch.rand(n, 2, generator=generator)
        log_p = -z.square().sum(-1) / 2 - math.log(2 * math.pi)
        log_q = log_p + 2 * torch.randn(n, generator=generator)
        right, mistakes = masses(log_p, log_q, level, cell)
        got = answer(log_p, log_q, level, cell)
        words = f"{n} points, level {level}, cells of {cell}"
        return words, closest(got, right, mistakes, strict=strict)

    sizes = ((400, 0.9, 0.02), (12, 1.6, 0.5), (25, -0.7, 0.11))
    mistake = first_mistake(judged(*given, strict=place == 0) for place, given in enumerate(sizes))
    if mistake is not None or closest(answer(torch.zeros(6), torch.ones(6), 1.0, 0.1), 0.0) is None:
        return mistake
    return Mistake("no hole, no number", "Where nothing is above the level the mass is 0.")


def masses(log_p: Tensor, log_q: Tensor, level: float, cell: float) -> tuple[Tensor, Mistakes]:
    """The prior's mass above the level, and what likely mistakes give."""
    p, q, a = log_p.exp(), log_q.exp(), log_p - log_q
    hole = a > level
    right = (p * hole).sum() * cell
    return right, {
        "area, not mass": (
            hole.sum() * cell,
            "That is the area. A cell counts with the prior's density: p(z) times cell.",
        ),
        "share of the grid": (
            hole.double().mean(),
            "That is the share of grid points. Weight each with p(z) times cell.",
        ),
        "share of the mass on the grid": (
            (p * hole).sum() / p.sum(),
            "You divided by the mass that the grid holds. Asked for is the mass: times cell.",
        ),
        "mean instead of sum": (
            (p * hole).mean() * cell,
            "You took a mean over the grid. A mass is a sum over its cells.",
        ),
        "wrong side": (
            (p * (-a > level)).sum() * cell,
            "There log q - log p is above the level. Asked for is log p - log q above it.",
        ),
        "all but the holes": (
            (p * ~hole).sum() * cell,
            "That is the mass of everything else: asked for is log p - log q above the level.",
        ),
        "|log p - log q| above the level": (
            (p * (a.abs() > level)).sum() * cell,
            "Where q is much larger than p there is no hole: no absolute value.",
        ),
        "ratio compared with the level": (
            (p * (a.exp() > level)).sum() * cell,
            "The level is one of log p - log q; you compared p / q with it.",
        ),
        "D compared with the level": (
            (p * (a.sigmoid() > level)).sum() * cell,
            "The level is one of the logit log p - log q; you compared D with it.",
        ),
        "level log 4, whatever it is": (
            (p * (a > math.log(4))).sum() * cell,
            "You typed in log 4, or D > 0.8. Compare log p - log q with `level`.",
        ),
        "cell forgotten": (
            (p * hole).sum(),
            "A density becomes a mass only when multiplied by an area: the cell.",
        ),
        "cell squared": (
            (p * hole).sum() * cell**2,
            "`cell` is the area of a cell, not its side: multiply by it once.",
        ),
        "mass of the codes": (
            (q * hole).sum() * cell,
            "That is q's mass in the holes, small by definition. Sum p.",
        ),
        "log density": (
            (log_p * hole).sum() * cell,
            "You summed log p. Take exp first.",
        ),
    }


# ---- 7.2 --------------------------------------------------------------------------------------


@exercise("7.2", hint="sort; the rank is ceil((n + 1) * (1 - alpha)), and ranks count from 1")
def level_of(answer: Callable[[Tensor, float], Tensor]) -> Mistake | None:
    """A function (logits, alpha) -> the conformal level."""
    generator = torch.Generator().manual_seed(2)

    def judged(n: int, alpha: float) -> tuple[str, Mistake | None]:
        logits = torch.randn(n, generator=generator)
        logits[3] = -5.0  # tells one side from two
        mistake = closest(answer(logits, alpha), *levels(logits, alpha), strict=False)
        return f"{n} codes and alpha = {alpha}", mistake

    # Each is the first to tell a rank from the right one: floor, then round, then n for n + 1, then
    # a quantile rounded up, then floor + 1 where (n + 1)(1 - alpha) is whole; last a large alpha.
    sizes = ((26, 0.3), (16, 0.8), (12, 0.25), (42, 0.1), (11, 0.25), (31, 0.6))
    return first_mistake(judged(*given) for given in sizes)


def levels(logits: Tensor, alpha: float) -> tuple[Tensor, Mistakes]:
    """The level, and what likely mistakes give; of two with one value the first is named."""
    n, order = len(logits), logits.sort().values
    exact = (n + 1) * (1 - alpha)
    rank = math.ceil(exact - 1e-9)

    def ranked(rank: int) -> Tensor:
        return order[min(max(rank, 1), n) - 1]

    return order[rank - 1], {
        "quantile without the correction": (
            logits.quantile(1 - alpha),
            "torch.quantile interpolates and knows nothing of n + 1: take the ranked value.",
        ),
        "quantile of n, not of n + 1": (
            logits.quantile(1 - alpha, interpolation="higher"),
            "One rank short: a quantile of the n codes, even if it is rounded up, leaves out the "
            "fresh code, the (n + 1)-th.",
        ),
        "rounded, not rounded up": (
            ranked(round(exact)),
            "round goes down as often as up, and a rank too low breaks the promise: use ceil.",
        ),
        "n instead of n + 1": (
            ranked(math.ceil(n * (1 - alpha) - 1e-9)),
            "ceil(n (1 - alpha)) is one short: the fresh code counts as one of n + 1.",
        ),
        "floor instead of ceil": (
            ranked(math.floor(exact + 1e-9)),
            "floor((n + 1)(1 - alpha)) is one rank short, and that breaks the promise: round up.",
        ),
        "one more than the floor": (
            ranked(math.floor(exact + 1e-9) + 1),
            "Where (n + 1)(1 - alpha) is a whole number it is the rank: nothing to add.",
        ),
        "rank counts from 0": (
            ranked(rank + 1),
            f"One too far: the smallest but {rank - 1} stands at index {rank - 1}.",
        ),
        "not sorted": (logits[rank - 1], "Sort the logits first: the rank is one among them."),
        "wrong tail": (
            ranked(math.ceil((n + 1) * alpha - 1e-9)),
            "That leaves 1 - alpha of the codes above. They should lie below.",
        ),
        "sorted downwards": (
            order[n - rank],
            "You counted from the largest. Sort upwards: 1 - alpha of the codes lie below.",
        ),
        "two-sided": (
            logits.abs().sort().values[rank - 1],
            "You ranked |a|. A very negative a is no reason to complain: rank a itself.",
        ),
        "largest of all": (
            order[-1],
            "That is the largest logit. The level is the one of rank ceil((n + 1)(1 - alpha)).",
        ),
    }


# ---- 7.3 --------------------------------------------------------------------------------------


@exercise("7.3", hint="a rises by radius**2 / (2 bandwidth**2) at the centre: solve for the radius")
def smallest_radius(answer: Callable[[float, float], float]) -> Mistake | None:
    """The radius of a hole that a kernel density sees: a hole of it is opened, and measured."""
    codes = 2 * torch.rand(60_000, 2, generator=torch.Generator().manual_seed(8)) - 1
    holes = ((0.1, math.log(4)), (0.15, 0.7), (0.08, 2.5))
    return first_mistake(
        (f"bandwidth {h}, rise {rise:.2f}", opened(answer(h, rise), codes, h, rise, k == 0))
        for k, (h, rise) in enumerate(holes)
    )


def opened(
    radius: object, codes: Tensor, bandwidth: float, rise: float, strict: bool
) -> Mistake | None:
    """Whether a at the centre rises so when all codes within the radius are taken away."""
    right, mistakes = radii(bandwidth, rise)
    found = closest(radius, right, mistakes, tolerance=0.02, strict=strict)
    value = to_array(radius)
    if found is None or found.name not in GENERIC or value is None or value.ndim:
        return found
    if not 0 < value < 0.9:
        return found
    centre, apart = torch.zeros(1, 2), codes.norm(dim=-1)
    before, after = (
        float(kde_log_prob(centre, left, bandwidth) + math.log(len(left)))
        for left in (codes, codes[apart > float(value)])
    )
    if abs(before - after - rise) < 0.1 * rise:
        return None
    return Mistake(
        "another rise",
        f"A hole of radius {float(value):.3f} lets a rise by {before - after:.2f} nats, "
        f"{rise:.2f} wanted.",
    )


def radii(bandwidth: float, rise: float) -> tuple[float, Mistakes]:
    """The radius, and what likely mistakes give."""
    return bandwidth * math.sqrt(2 * rise), {
        "without the 2": (
            bandwidth * math.sqrt(rise),
            "The kernel is exp(-r^2 / (2 h^2)): mind the 2.",
        ),
        "square, not radius": (
            2 * bandwidth**2 * rise,
            "That is the square of the radius: take the root.",
        ),
        "the bandwidth": (bandwidth, "The radius depends on the rise that you want."),
        "linear in the rise": (
            2 * bandwidth * rise,
            "a rises with the square of the radius: measure it at r and at 2 r.",
        ),
        "factor, not logarithm": (
            bandwidth * math.sqrt(2 * math.exp(rise)),
            "rise is in nats already, the logarithm of the factor.",
        ),
    }
