"""How to step, and what is inside: the two choices that make a corrector.

A *method* says where one step goes: `Probability`, `Logit`, `GaussNewton`, `Score`, each with its
own numbers. A *goal* says which points have arrived, and how far outside the others are: `Band`,
`Below`, `Denser`. Any method goes with any goal. `nav_utils.correction.correct` takes the steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from nav_utils.priors import Prior
from nav_utils.ratio import Ratio

EPS = 0.1  # half the width of the usual band round D = 1/2
BAND = 2 * math.atanh(2 * EPS)  # the same in nats of the logit: log 1.5


class Place(NamedTuple):
    """Where points are, and what the ratio says there."""

    z: Tensor  # (N, d)
    logit: Tensor  # (N,)
    gradient: Tensor  # (N, d), of the logit


# ---- what is inside: a function b of the place, to be brought to 0 ------------------------------


class Goal(Protocol):
    """What a corrector wants of a point."""

    def excess(self, here: Place, prior: Prior) -> Tensor:
        """How far outside each point is, (N,) in nats; 0 or less is inside."""

    def aim(self, here: Place, prior: Prior) -> Tensor:
        """b, (N,) in nats: what a step tries to bring to 0."""

    def slope(self, here: Place, prior: Prior) -> Tensor:
        """The gradient of b, (N, d)."""


@dataclass(frozen=True)
class Band:
    """|D - 1/2| <= eps: a band of the logit round a centre, to be entered from both sides.

    Args:
        eps: half the width of the band of D, between 0 and 1/2; 0.1 is |a| <= log 1.5 = 0.405.
        centre: the logit in the middle of the band and aimed at, in nats; 0 is D = 1/2.
    """

    eps: float = EPS
    centre: float = 0.0
    width: float = field(init=False, repr=False)  # half of it, in nats

    def __post_init__(self) -> None:
        if not 0 < self.eps < 0.5:
            raise ValueError(f"eps: expected a number between 0 and 1/2, got {self.eps}")
        expect_finite(centre=self.centre)
        object.__setattr__(self, "width", 2 * math.atanh(2 * self.eps))

    def excess(self, here: Place, prior: Prior) -> Tensor:
        return (here.logit - self.centre).abs() - self.width

    def aim(self, here: Place, prior: Prior) -> Tensor:
        return here.logit - self.centre

    def slope(self, here: Place, prior: Prior) -> Tensor:
        return here.gradient


@dataclass(frozen=True)
class Below:
    """a <= level: one side only. D < 1/2 means more codes than promised: nothing to repair.

    Args:
        level: the largest logit inside, in nats, for example `ratio.level(0.05)`; the upper edge of
            the usual band if not given.
        margin: steps aim so many nats below the level, so that no point stops on its edge.
    """

    level: float = BAND
    margin: float = BAND

    def __post_init__(self) -> None:
        expect_finite(level=self.level, margin=self.margin)

    def excess(self, here: Place, prior: Prior) -> Tensor:
        return here.logit - self.level

    def aim(self, here: Place, prior: Prior) -> Tensor:
        return here.logit - (self.level - self.margin)

    def slope(self, here: Place, prior: Prior) -> Tensor:
        return here.gradient


@dataclass(frozen=True)
class Denser:
    """log q = log p - a at least a level: where codes are as dense as that.

    Args:
        log_q_level: the least log p - a inside, in nats, for example `ratio.log_q_level(0.5)`, that
            of the median held-out code. At a level that no place has the steps go on.
        margin: steps aim so many nats above the level.
    """

    log_q_level: float
    margin: float = BAND

    def __post_init__(self) -> None:
        expect_finite(log_q_level=self.log_q_level, margin=self.margin)

    def excess(self, here: Place, prior: Prior) -> Tensor:
        return self.log_q_level - (prior.log_prob(here.z) - here.logit)

    def aim(self, here: Place, prior: Prior) -> Tensor:
        return self.excess(here, prior) + self.margin

    def slope(self, here: Place, prior: Prior) -> Tensor:
        return here.gradient - prior.score(here.z)


# ---- how to step --------------------------------------------------------------------------------


class Method(Protocol):
    """One step of a corrector."""

    descends: bool  # whether a step is taken only if |b| falls, and halved until it does

    def move(self, here: Place, goal: Goal, prior: Prior) -> Tensor:
        """Where each point goes from here, (N, d)."""


@dataclass(frozen=True)
class Probability:
    """Descent on (D - 1/2)^2, the update of the text: -eta 2 (D - 1/2) grad D.

    Args:
        step_size: eta. Near the contour it acts like eta / 8 on a^2 / 2.
    """

    step_size: float = 1.0
    descends = False

    def __post_init__(self) -> None:
        expect_positive(self)

    def move(self, here: Place, goal: Goal, prior: Prior) -> Tensor:
        b = goal.aim(here, prior).unsqueeze(-1)
        d, slope = b.sigmoid(), goal.slope(here, prior)  # D, if the goal's centre is 0
        return -self.step_size * 2 * (d - 0.5) * (d * (-b).sigmoid()) * slope  # D (1 - D) grad a


@dataclass(frozen=True)
class Logit:
    """Descent on b^2 / 2: no factor that dies where D is near 0 or 1.

    Args:
        step_size: eta.
        max_move: the greatest length of a step.
    """

    step_size: float = 0.05
    max_move: float = 0.5
    descends = False

    def __post_init__(self) -> None:
        expect_positive(self)

    def move(self, here: Place, goal: Goal, prior: Prior) -> Tensor:
        b = goal.aim(here, prior).unsqueeze(-1)
        return capped(-self.step_size * b * goal.slope(here, prior), self.max_move)


@dataclass(frozen=True)
class GaussNewton:
    """The smallest move that solves the linearised b = 0; damped, and taken only if |b| falls.

    Args:
        step_size: the share of that move.
        damping: delta, added to |grad b|^2; 0 is the undamped move.
        max_move: the greatest length of a step.
    """

    step_size: float = 1.0
    damping: float = 1e-3
    max_move: float = 0.5
    descends = True

    def __post_init__(self) -> None:
        expect_positive(self, "damping")

    def move(self, here: Place, goal: Goal, prior: Prior) -> Tensor:
        b, slope = goal.aim(here, prior).unsqueeze(-1), goal.slope(here, prior)
        steepness = slope.square().sum(-1, keepdim=True) + self.damping
        move = -b * slope / steepness.clamp_min(torch.finfo(here.z.dtype).tiny)  # never 0 / 0
        return capped(self.step_size * move, self.max_move)


@dataclass(frozen=True)
class Score:
    """Ascent on log q = log p - a, whatever the goal; it says only when to stop.

    Args:
        step_size: eta.
        max_move: the greatest length of a step.
    """

    step_size: float = 0.02
    max_move: float = 0.5
    descends = False

    def __post_init__(self) -> None:
        expect_positive(self)

    def move(self, here: Place, goal: Goal, prior: Prior) -> Tensor:
        score_q = prior.score(here.z) - here.gradient
        return capped(self.step_size * score_q, self.max_move)


def capped(move: Tensor, longest: float) -> Tensor:
    """Moves (N, d), those that are too long shortened."""
    scale = move.abs().amax(-1, keepdim=True).clamp_min(longest)  # 1e25 has no square in float32
    move = move / scale
    return move * (longest / move.norm(dim=-1, keepdim=True).clamp_min(longest / scale))


# ---- by name ------------------------------------------------------------------------------------

METHODS: dict[str, Callable[..., Method]] = {
    "probability": Probability,
    "logit": Logit,
    "gauss_newton": GaussNewton,
    "score": Score,
}
GOALS = ("band", "below", "denser")


def method_of(method: Method | str, *step_size: float) -> Method:
    """The method, or the one of that name with its usual numbers, but for a step size given.

    Raises:
        ValueError: a name that there is not, or what is no method.
    """
    if isinstance(method, str):
        if method not in METHODS:
            raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
        return METHODS[method](*step_size)
    if not hasattr(method, "move"):
        raise ValueError(
            f"method: expected one of {', '.join(METHODS)} or an object such as GaussNewton(), got "
            f"a {type(method).__name__}"
        )
    return method


def goal_of(goal: Goal | str | None, method: Method, ratio: Ratio) -> Goal:
    """The goal, or the one of that name; by default the method's usual one.

    "band" and "below" are `Band()` and `Below()`; "denser" is as dense as the median held-out code
    of the ratio, and the usual goal of `Score`.
    """
    if goal is None:
        goal = "denser" if isinstance(method, Score) else "band"
    if goal == "band":
        return Band()
    if goal == "below":
        return Below()
    if goal == "denser":
        return Denser(ratio.log_q_level(0.5))
    if isinstance(goal, str) or not hasattr(goal, "excess"):
        raise ValueError(
            f"goal: expected one of {', '.join(GOALS)} or an object such as Below(level), got "
            f"{goal!r}"
        )
    return goal


def expect_positive(numbers: object, *may_be_zero: str) -> None:
    """Raise ValueError unless every field of a dataclass is a positive, finite number."""
    for entry in fields(numbers):  # type: ignore[arg-type]
        value, zero = getattr(numbers, entry.name), entry.name in may_be_zero
        if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
            kind = "finite number that is not negative" if zero else "finite, positive number"
            raise ValueError(f"{entry.name}: expected a {kind}, got {value}")


def expect_finite(**numbers: float) -> None:
    """Raise ValueError unless every number is finite."""
    for name, value in numbers.items():
        if not math.isfinite(value):
            raise ValueError(f"{name}: expected a finite number, got {value}")
