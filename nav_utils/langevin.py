"""Langevin dynamics: chains that sample a density, with and without Metropolis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nav_utils.arguments import expect_shape
from nav_utils.correction import Status, expect_points
from nav_utils.noise import standard_normal, uniform
from nav_utils.ratio import Ratio


class Chains(NamedTuple):
    """Where `langevin` has got to, for chains of leading shape (...).

    Attributes:
        z: (..., d), the last places, always finite.
        acceptance: (...), the share of steps accepted; 1 without Metropolis.
        status: (...) int64: `Status.MAX_STEPS`, or `Status.NON_FINITE` for a chain that ran away
            and stands where it was last finite.
        samples: (n_steps // keep_every, ..., d), places on the way.
    """

    z: Tensor
    acceptance: Tensor
    status: Tensor
    samples: Tensor


NOISE = 2**15  # values drawn at once

Target = Callable[[Tensor], tuple[Tensor, Tensor]]  # z (N, d) -> log density (N,), score (N, d)


def langevin(
    z: Tensor,
    target: Ratio | Target,
    step_size: float,
    n_steps: int,
    *,
    metropolis: bool = True,
    seed: int | Tensor = 0,
    keep_every: int | None = None,
    callback: Callable[[dict[str, Any]], None] | None = None,
) -> Chains:
    """Langevin dynamics z <- z + h score + sqrt(2 h) noise, one chain for each point.

    Without Metropolis its long run is the target with an error of order h; with it (MALA) a step
    is accepted with the probability that removes the error, in the limit of long chains.

    Args:
        z: starts (..., d).
        target: a ratio, to sample q = p exp(-a); or a function from points (N, d) to the log
            density, up to a constant, and its gradient.
        step_size: h; stable below 2 / L, L the greatest curvature of log density.
        n_steps: steps of every chain.
        metropolis: accept or refuse (MALA) or always go (ULA).
        seed: a number; or int64 of shape (...), a seed for each chain, whose walk then does not
            depend on the chains beside it.
        keep_every: keep the places after every so many steps; none are kept if not given.
        callback: called after each step with a dict: step, accepted, z, log_density, score.

    Raises:
        ValueError: starts empty, not finite or not (..., d); numbers out of range; a target whose
            log density is not (N,) or whose score is not (N, d).
    Source: Roberts and Tweedie 1996; Welling and Teh 2011 for the use in learning.
    """
    expect_points(z)
    if not 0 < step_size < math.inf or n_steps < 1 or (keep_every is not None and keep_every < 1):
        raise ValueError(
            "expected a positive step_size, n_steps >= 1 and keep_every >= 1, got "
            f"{step_size}, {n_steps} and {keep_every}"
        )
    if isinstance(target, Ratio):
        expect_shape(z, [target.prior.dim], "z")
    density = density_of(target) if isinstance(target, Ratio) else target
    shape, dim = z.shape[:-1], z.shape[-1]
    stream = torch.arange(shape.numel(), device=z.device)
    if isinstance(seed, Tensor):
        if seed.shape != shape:
            raise ValueError(f"seed: expected shape {tuple(shape)}, got {tuple(seed.shape)}")
        seed, stream = seed.reshape(-1).to(z.device), torch.zeros_like(stream)
    here = looked_at(density, z.detach().reshape(-1, dim))
    alive = here.finite()
    accepted_steps, samples = torch.zeros_like(here.log_density), []
    drawn = noises(seed, stream, n_steps, dim, z.dtype, metropolis)
    for number, (noise, threshold) in enumerate(drawn):
        there = here.z + step_size * here.score + math.sqrt(2 * step_size) * noise
        tried = looked_at(density, there)
        finite = tried.finite()
        accepted = alive & finite
        if metropolis:
            odds = log_odds(here, tried, noise, step_size)
            accepted &= threshold.to(odds) < odds
        else:
            alive = alive & finite
        here = Point(*(chosen(accepted, x, y) for x, y in zip(tried, here, strict=True)))
        accepted_steps += accepted
        if keep_every and (number + 1) % keep_every == 0:
            samples.append(here.z)
        if callback is not None:
            callback({"step": number + 1, "accepted": accepted, **here._asdict()})
    status = torch.where(alive, int(Status.MAX_STEPS), int(Status.NON_FINITE))
    kept = torch.stack(samples) if samples else here.z.new_empty(0, *here.z.shape)
    return Chains(
        here.z.reshape(z.shape),
        (accepted_steps / n_steps).reshape(shape),
        status.reshape(shape),
        kept.reshape(-1, *z.shape),
    )


def noises(
    seed: int | Tensor, stream: Tensor, n_steps: int, dim: int, dtype: torch.dtype, metropolis: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """Of each step the normal noise (N, d), and the log of the uniform noise (N,) that decides.

    Some steps at once: for few chains the noise would take longer than all the rest.
    """
    at_once = max(1, NOISE // (stream.numel() * dim))
    for first in range(0, n_steps, at_once):
        last = min(first + at_once, n_steps)
        steps = torch.arange(first, last, device=stream.device).unsqueeze(-1)
        normal = standard_normal(seed, stream, steps, dim, dtype)
        thresholds = uniform(seed, stream, steps).log() if metropolis else normal
        yield from zip(normal, thresholds, strict=True)


class Point(NamedTuple):
    """Where chains are, and what the target says there, computed once for each place."""

    z: Tensor  # (N, d)
    log_density: Tensor  # (N,)
    score: Tensor  # (N, d)

    def finite(self) -> Tensor:
        """Whether all of it is finite, (N,)."""
        rows = (self.z.isfinite() & self.score.isfinite()).all(-1)
        return rows & self.log_density.isfinite()


def looked_at(density: Target, z: Tensor) -> Point:
    """Ask the target at points (N, d); no graph of it is kept.

    Raises:
        ValueError: if its log density is not (N,) or its score is not (N, d).
    """
    value, score = density(z)
    if value.shape != z.shape[:1] or score.shape != z.shape:
        raise ValueError(
            f"target: expected a log density of shape {tuple(z.shape[:1])} and a score of shape "
            f"{tuple(z.shape)}, got {tuple(value.shape)} and {tuple(score.shape)}"
        )
    return Point(z, value.detach(), score.detach())


def log_odds(here: Point, tried: Point, noise: Tensor, step_size: float) -> Tensor:
    """The logarithm of MALA's acceptance ratio, (N,): of the densities, and of the ways there and
    back.
    """
    back = here.z - tried.z - step_size * tried.score  # the noise that would lead back
    odds = tried.log_density - here.log_density + 0.5 * noise.square().sum(-1)
    return odds - back.square().sum(-1) / (4 * step_size)


def chosen(accepted: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """Rows of `new` where accepted (N,), else of `old`."""
    return torch.where(accepted if new.ndim == 1 else accepted.unsqueeze(-1), new, old)


def density_of(ratio: Ratio) -> Target:
    """log q = log p - a and its score, by the ratio."""

    def density(z: Tensor) -> tuple[Tensor, Tensor]:
        a, gradient = ratio.logit_and_grad(z)
        return ratio.prior.log_prob(z) - a, ratio.prior.score(z) - gradient

    return density
