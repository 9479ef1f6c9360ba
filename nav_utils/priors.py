"""Priors besides N(0, I): what one has to be able to do, and those that one meets.

`GaussianMixture` is a prior, `StandardNormal` the usual one. `as_prior` takes a distribution of
`torch.distributions` too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, Independent, MixtureSameFamily
from torch.distributions import MultivariateNormal as Normal

from nav_utils.arguments import expect_shape, kind_of
from nav_utils.densities import GaussianMixture, StandardNormal


@runtime_checkable
class Prior(Protocol):
    """What the package asks of a prior p on points of `dim` coordinates."""

    dim: int

    def sample(
        self, n: int, generator: torch.Generator | None = None, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """n independent samples (n, d), the same from the same state of the generator."""

    def log_prob(self, z: Tensor) -> Tensor:
        """log density in nats, (...) for points (..., d); minus infinity off the support."""

    def score(self, z: Tensor) -> Tensor:
        """The gradient of the log density, (..., d); 0 off the support."""


class TorchPrior:
    """A distribution of `torch.distributions` over vectors.

    Args:
        distribution: of event shape (d,), or (d,) independent ones over numbers. Its parameters
            are those that count, whatever happens to them later.

    Raises:
        ValueError: for a distribution of another shape.
    """

    def __init__(self, distribution: Distribution) -> None:
        if len(distribution.batch_shape) == 1 and not distribution.event_shape:
            distribution = Independent(distribution, 1)
        if len(distribution.event_shape) != 1 or distribution.batch_shape:
            raise ValueError(
                "prior: expected a distribution over vectors, event shape (d,) and no batch, got "
                f"event {tuple(distribution.event_shape)}, batch {tuple(distribution.batch_shape)}"
            )
        self.distribution, self.dim = distribution, int(distribution.event_shape[0])
        self._inside = self.sample(1, torch.Generator().manual_seed(0), torch.float64)[0]

    def sample(
        self, n: int, generator: torch.Generator | None = None, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """n independent samples (n, d), on the generator's device."""
        device = generator.device if generator is not None else torch.device("cpu")
        seed = int(torch.randint(2**62, (), generator=generator, device=device))
        with torch.random.fork_rng(), torch.no_grad():  # distributions take no generator
            torch.manual_seed(seed)
            return self.distribution.sample((n,)).to(device, dtype)

    def log_prob(self, z: Tensor) -> Tensor:
        """log density in nats, (...) for points (..., d); minus infinity off the support."""
        expect_shape(z, [self.dim], "z")
        points = z.to(self._kind())
        support = self.distribution.support
        there = points.isfinite().all(-1) if support is None else support.check(points)
        # A distribution refuses points off its support: ask it at others.
        asked = torch.where(there.unsqueeze(-1), points, self._inside.to(points))
        return self.distribution.log_prob(asked).masked_fill(~there, -math.inf).to(z)

    def score(self, z: Tensor) -> Tensor:
        """The gradient of the log density, (..., d), by autograd; 0 off the support."""
        with torch.enable_grad():
            points = z.detach().requires_grad_()
            log_p = self.log_prob(points)
            there = log_p.isfinite()
            total = log_p[there].sum() + 0 * points.sum()  # a flat density knows no points
            (gradient,) = torch.autograd.grad(total, points)
        return torch.where(there.unsqueeze(-1), gradient, 0)

    def _kind(self) -> Tensor:
        """A tensor of the type and on the device of the distribution."""
        with torch.random.fork_rng(), torch.no_grad():
            return self.distribution.sample()


class Box:
    """The uniform distribution on a box.

    Args:
        low, high: its corners, (d,).

    Raises:
        ValueError: corners that are no box.
    """

    def __init__(self, low: Tensor | Sequence[float], high: Tensor | Sequence[float]) -> None:
        self.low, self.high = (torch.as_tensor(x, dtype=torch.float64) for x in (low, high))
        size = self.high - self.low if self.low.shape == self.high.shape else torch.empty(0)
        if size.ndim != 1 or not len(size) or not bool(((size > 0) & size.isfinite()).all()):
            raise ValueError(
                f"expected low < high, both (d,) and finite, got {self.low.tolist()} and "
                f"{self.high.tolist()}"
            )
        self.dim = len(self.low)

    def sample(
        self, n: int, generator: torch.Generator | None = None, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """n independent samples (n, d), on the generator's device."""
        device = generator.device if generator is not None else "cpu"
        share = torch.rand(n, self.dim, generator=generator, dtype=dtype, device=device)
        return torch.lerp(self.low.to(share), self.high.to(share), share)

    def log_prob(self, z: Tensor) -> Tensor:
        """log density in nats, (...) for points (..., d); minus infinity outside the box."""
        expect_shape(z, [self.dim], "z")
        there = ((z >= self.low.to(z)) & (z <= self.high.to(z))).all(-1)
        density = -(self.high - self.low).log().sum().to(z)
        return torch.where(there, density, -math.inf)

    def score(self, z: Tensor) -> Tensor:
        """0 everywhere, (..., d)."""
        expect_shape(z, [self.dim], "z")
        return torch.zeros_like(z)


class FullMixture(TorchPrior):
    """A mixture of normal distributions with full covariances.

    Args:
        means: (K, d).
        covariances: (K, d, d), positive definite.
        weights: (K,), positive; all equal if not given.

    Raises:
        ValueError: for other shapes, and covariances that are not positive definite.
    """

    def __init__(
        self, means: Any, covariances: Any, weights: Tensor | Sequence[float] | None = None
    ) -> None:
        self.means = torch.as_tensor(means, dtype=torch.float64)
        self.covariances = torch.as_tensor(covariances, dtype=torch.float64)
        k = len(self.means)
        if self.means.ndim != 2 or self.covariances.shape != (
            *self.means.shape,
            self.means.shape[-1],
        ):
            raise ValueError(
                "expected means (K, d) and covariances (K, d, d), got "
                f"{tuple(self.means.shape)} and {tuple(self.covariances.shape)}"
            )
        self.weights = torch.as_tensor(
            torch.ones(k) if weights is None else weights, dtype=torch.float64
        )
        super().__init__(
            MixtureSameFamily(Categorical(self.weights), Normal(self.means, self.covariances))
        )


def petals(
    n: int = 10, radius: float = 1.4, length: float = 0.5, width: float = 0.1
) -> FullMixture:
    """n narrow normal distributions round the origin of the plane, each pointing outwards.

    Makhzani et al. 2015 (arXiv 1511.05644) impose one on the codes of ten classes; they give no
    numbers. `length` and `width` are standard deviations.
    """
    angles = torch.arange(n, dtype=torch.float64) * 2 * math.pi / n
    out = torch.stack([angles.cos(), angles.sin()], dim=-1)  # (n, 2)
    across = torch.stack([-out[:, 1], out[:, 0]], dim=-1)
    axes = torch.stack([length * out, width * across], dim=-1)  # (n, 2, 2)
    return FullMixture(radius * out, axes @ axes.transpose(-1, -2))


def as_prior(prior: Prior | Distribution) -> Prior:
    """The prior itself, or a distribution of `torch.distributions` as one.

    Raises:
        ValueError: for anything else, and for a distribution that is not over vectors.
    """
    if isinstance(prior, Distribution):
        return TorchPrior(prior)
    if not isinstance(prior, Prior):
        raise ValueError(
            "prior: expected a distribution of torch.distributions, or an object with dim, sample, "
            f"log_prob and score, such as StandardNormal(2), got {kind_of(prior)}"
        )
    return prior


def sampled_log_prob(prior: Prior, most: int = 10_000_000) -> Tensor:
    """log p at samples of the prior, 100,000 of them, or as many as make `most` coordinates, but
    at least 10,000; never more than `most` coordinates in memory.
    """
    generator, n = torch.Generator().manual_seed(0), most // prior.dim
    left = min(100_000, max(10_000, n))
    parts = []
    while left > 0:
        z = prior.sample(min(left, max(n, 1)), generator)
        parts.append(prior.log_prob(z))
        left -= len(z)
    return torch.cat(parts)


# ---- in a file -----------------------------------------------------------------------------------

KINDS: dict[str, tuple[Any, tuple[str, ...]]] = {  # what makes it, and of which tensors
    "GaussianMixture": (GaussianMixture, ("means", "std", "weights")),
    "FullMixture": (FullMixture, ("means", "covariances", "weights")),
    "Box": (Box, ("low", "high")),
}


def prior_tensors(prior: Prior) -> tuple[str, dict[str, Tensor]]:
    """Its kind and the tensors that it is made of; "" and none for one of no known kind."""
    kind = type(prior).__name__
    if isinstance(prior, StandardNormal):
        return "StandardNormal", {}
    if kind not in KINDS or type(prior) is not KINDS[kind][0]:
        return "", {}
    return kind, {name: getattr(prior, name).contiguous() for name in KINDS[kind][1]}


def prior_from(
    kind: str,
    codes: Tensor,
    tensors: dict[str, Tensor],
    given: Prior | Distribution | None,
    source: object,
) -> Prior:
    """What `prior_tensors` took apart; the prior given, if the file holds none.

    Args:
        kind: as `prior_tensors` says it.
        codes: held-out codes (N, d), at the first of which the file of a prior without a kind
            says log p, as tensors["log_prob"].
        tensors: of the file.
        given: by the caller.
        source: of the tensors, for messages.

    Raises:
        ValueError: when a prior is needed and not given, or when another one is given.
    """
    if kind in KINDS or kind == "StandardNormal":
        make, names = KINDS.get(kind, (StandardNormal, ()))
        lacking = [name for name in names if name not in tensors]
        if lacking:
            raise ValueError(f"{source}: expected a whole prior, got one without {lacking}")
        stored = make(*(tensors[n] for n in names)) if names else StandardNormal(codes.shape[1])
        if given is None:
            return stored
        said = stored.log_prob(codes[:100])
    elif kind or "log_prob" not in tensors:
        raise ValueError(f"{source}: expected a prior of {', '.join(KINDS)}, got {kind!r}")
    elif given is None:
        raise ValueError(f"{source}: expected prior=, as the file was written with one of your own")
    else:
        said = tensors["log_prob"]
    prior = as_prior(given)
    if not torch.allclose(prior.log_prob(codes[: len(said)]), said, rtol=1e-4, atol=1e-4):
        raise ValueError(
            f"{source}: expected the prior that the ratio was written with, got one of another "
            "density at the held-out codes"
        )
    return prior
