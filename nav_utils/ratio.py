"""The compass: a(z) = log p(z) - log q(z), of the prior p and the distribution q of the codes.

`ExactRatio` knows both densities. `DensityRatio` wraps a network that has learnt to tell samples
of p from codes; `nav_utils.fitting.fit_ratio` trains one. What both can say (probability, score,
region, level) is written once, in `Ratio`.
"""

from __future__ import annotations

import copy
import enum
import math
import pathlib
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from nav_utils.arguments import expect_samples, expect_shape
from nav_utils.checkpointing import (
    as_json,
    expect_weights,
    facts_of,
    parse_safetensors,
    select,
    write_safetensors,
)
from nav_utils.conventions import logit_of, warn_of_conventions
from nav_utils.densities import StandardNormal, knn_distance
from nav_utils.models import Prepared, mlp, mlp_sizes, prepare, value_and_grad
from nav_utils.priors import Prior, as_prior, prior_from, prior_tensors, sampled_log_prob


class Region(enum.IntEnum):
    """What a point is to prior and codes."""

    HOLE = 0  # D > 1/2 + eps: the prior promises more codes than there are
    EQUILIBRIUM = 1  # |D - 1/2| <= eps
    DATA = 2  # D < 1/2 - eps: more codes than the prior promises
    NO_DATA = 3  # neither the prior nor the codes have mass here: D is extrapolation


class Ratio:
    """What follows from a logit a = log p - log q, whoever knows it.

    Args:
        prior: p; a distribution of torch.distributions will do.
        held_out: codes (N, d) that played no part in making the ratio; they set levels, and say
            where codes are.
    """

    def __init__(self, prior: Prior | Distribution, held_out: Tensor) -> None:
        prior = as_prior(prior)
        expect_samples(held_out_codes=held_out)
        expect_shape(held_out, [prior.dim], "held_out")
        if len(held_out) < 2:
            raise ValueError(f"held_out: expected at least 2 codes, got {len(held_out)}")
        self.prior, self.held_out = prior, held_out.detach()
        self._limits: dict[tuple[int, float], tuple[float, float]] = {}  # by (k, tail)

    @property
    def device(self) -> torch.device | None:
        """Where the logit is computed; None when it is wherever the points are."""
        return None

    def logit(self, z: Tensor) -> Tensor:
        """a(z) = log p - log q in nats, (...) for points (..., d)."""
        raise NotImplementedError

    def prob(self, z: Tensor) -> Tensor:
        """D(z) = P(z came from the prior), (...) for points (..., d)."""
        return self.logit(z).sigmoid()

    def logit_and_grad(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """a(z) and its gradient in z, (...) and (..., d), from one evaluation; both detached."""
        expect_shape(z, [self.prior.dim], "z")
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            a = self.logit(z)
            (gradient,) = torch.autograd.grad(a.sum(), z)
        return a.detach(), gradient

    def prepared(self, n: int = 0) -> Ratio:
        """The same ratio, quicker for one caller who asks often and does not change it meanwhile.

        Args:
            n: points at a time for which to keep memory. Two callers at a time would write over
                each other's numbers; with 0 nothing is kept.
        """
        return self

    def score_q(self, z: Tensor) -> Tensor:
        """Gradient of log q, (..., d): the prior's score minus grad a; -z - grad a for N(0, I)."""
        expect_shape(z, [self.prior.dim], "z")
        return self.prior.score(z.detach()) - self.logit_and_grad(z)[1]

    def log_q(self, z: Tensor) -> Tensor:
        """log q = log p - a in nats, (...): normalised only as well as a is right."""
        return self.prior.log_prob(z) - self.logit(z)

    def region(self, z: Tensor, eps: float = 0.1, k: int = 10, tail: float = 1e-3) -> Tensor:
        """The `Region` of each point, (...) int64, for points (..., d).

        Args:
            eps: half the width of the band round D = 1/2, between 0 and 1/2.
            k: which nearest held-out code says how far the codes are.
            tail: a point is in NO_DATA when less than this share of the prior has a density so
                low, and less than this share of the held-out codes is so far from the others.
        """
        if not 0 < eps < 0.5:
            raise ValueError(f"eps: expected a number between 0 and 1/2, got {eps}")
        expect_shape(z, [self.prior.dim], "z")
        a = self.logit(z.detach()).detach()
        band = math.log((0.5 + eps) / (0.5 - eps))
        region = torch.full_like(a, Region.EQUILIBRIUM, dtype=torch.int64)
        region[a > band], region[a < -band] = Region.HOLE, Region.DATA
        return region.masked_fill(self.no_data(z, k, tail), Region.NO_DATA)

    def no_data(self, z: Tensor, k: int = 10, tail: float = 1e-3) -> Tensor:
        """Whether neither prior nor codes have mass there, (...) bool; arguments as in `region`."""
        expect_shape(z, [self.prior.dim], "z")
        lowest, farthest = self._support(k, tail)
        empty = self.prior.log_prob(z.detach()) < lowest
        if bool(empty.any()):  # the codes are asked only where the prior has no mass
            far = knn_distance(z[empty], self.held_out, min(k, len(self.held_out) - 1)) > farthest
            empty = empty.masked_scatter(empty, far)
        return empty

    def _support(self, k: int, tail: float) -> tuple[float, float]:
        """Where the prior has mass, as a log density; where the codes have, as a distance."""
        if (k, tail) not in self._limits:
            lowest = float(sampled_log_prob(self.prior).quantile(tail))
            nearest = min(k, len(self.held_out) - 1) + 1  # the first is the code itself
            spacing = knn_distance(self.held_out, self.held_out, nearest).double()
            self._limits[k, tail] = lowest, float(spacing.quantile(1 - tail))
        return self._limits[k, tail]

    def level(self, alpha: float = 0.05) -> float:
        """The logit that a share 1 - alpha of unseen codes stays below (split conformal).

        A fresh code has a(z) above it with probability at most alpha, if it comes from the same
        distribution as the held-out codes. This holds for one code, not for all points of a path.

        Raises:
            ValueError: alpha not between 0 and 1, or too small for so few held-out codes.
        Source: Vovk, Gammerman and Shafer 2005.
        """
        with torch.no_grad():
            return conformal(self.logit(self.held_out), alpha)

    def log_q_level(self, alpha: float = 0.05) -> float:
        """The log p - a, in nats, that a share 1 - alpha of unseen codes stays above.

        As `level`, on the other scale: a place below it is rarer than almost every code.
        """
        with torch.no_grad():
            return -conformal(-self.log_q(self.held_out), alpha)


PART = 4096  # points at a time, which fit a processor's cache


def in_parts(function: Callable[[Tensor], Tensor], z: Tensor, most: int = PART) -> Tensor:
    """function(z) for points (..., d), asked for at most so many points at a time on a CPU.

    What fits a cache is quicker, and memory does not grow with the number of points.
    """
    points = z.reshape(-1, z.shape[-1])
    if len(points) <= most or z.device.type != "cpu":
        return function(z)
    parts = points.tensor_split(math.ceil(len(points) / most))
    return torch.cat([function(part) for part in parts]).unflatten(0, z.shape[:-1])


def conformal(scores: Tensor, alpha: float) -> float:
    """The ceil((n + 1)(1 - alpha))-th smallest of n scores; ValueError if there is none."""
    n = len(scores)
    rank = math.ceil((n + 1) * (1 - alpha) - 1e-9)  # 10 * (1 - 0.7) is 3.0000000000000004
    if not 0 < alpha < 1 or rank > n:
        raise ValueError(f"alpha: expected {1 / (n + 1):.2g} to 1 for {n} codes, got {alpha}")
    return float(scores.sort().values[rank - 1])


class ExactRatio(Ratio):
    """The true ratio of two densities in closed form.

    Args:
        q: what takes the place of the codes.
        p: the prior; N(0, I) if not given.
        n: how many samples of q stand for held-out codes.
    """

    def __init__(self, q: Prior, p: Prior | Distribution | None = None, n: int = 5000) -> None:
        q, p = as_prior(q), as_prior(p or StandardNormal(q.dim))
        if p.dim != q.dim:
            raise ValueError(f"p: expected dimension {q.dim}, that of q, got {p.dim}")
        super().__init__(p, q.sample(n, torch.Generator().manual_seed(0), torch.float64))
        self.q = q

    def logit(self, z: Tensor) -> Tensor:
        """a(z) = log p - log q in nats, (...) for points (..., d)."""
        return self.prior.log_prob(z) - self.q.log_prob(z)

    def score_q(self, z: Tensor) -> Tensor:
        """The exact score of q, (..., d)."""
        expect_shape(z, [self.q.dim], "z")
        return self.q.score(z.detach())


class DensityRatio(Ratio):
    """A ratio that a network has learnt.

    Args:
        network: a module from points (N, d) to logits (N,) or (N, 1), prior 1 and codes 0. A copy
            of it is kept, frozen and in evaluation mode: yours can go on learning.
        held_out: codes (N, d) that neither fitted nor stopped the network.
        prior: what the network was trained against; N(0, I) if not given.
        scale, shift: a = scale * network + shift, a smooth recalibration. A shift undoes unbalanced
            classes: log of codes per prior sample.
        probability: the network ends in a sigmoid. Its logit is then log D - log(1 - D), which
            float32 loses beyond |a| = 16; a warning says when it happens.
        reversed: the network's convention is codes 1, prior 0.

    Warns:
        UserWarning: when the answers on the held-out codes and on samples of the prior say that
            `probability` or `reversed` is missing, or should not be there.

    Raises:
        ValueError: for held-out codes of another dimension or not finite, and when the network's
            answer is neither (N,) nor (N, 1).
    """

    def __init__(
        self,
        network: nn.Module,
        held_out: Tensor,
        prior: Prior | Distribution | None = None,
        scale: float = 1.0,
        shift: float = 0.0,
        probability: bool = False,
        reversed: bool = False,
    ) -> None:
        expect_samples(held_out_codes=held_out)
        super().__init__(prior or StandardNormal(held_out.shape[-1]), held_out)
        if not 0 < scale < math.inf or not math.isfinite(shift):
            raise ValueError(f"expected a positive scale and a finite shift, got {scale}, {shift}")
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.scale, self.shift = scale, shift
        self.probability, self.reversed = probability, reversed
        self.sizes = mlp_sizes(network)  # None: the gradient comes from autograd
        self.history: dict[str, list[float]] = {}
        self._prepared: Prepared | None = None
        try:
            self.logit(self.held_out[:2])  # a network of the wrong shape is told now
        except RuntimeError as error:
            raise ValueError(
                f"network: expected one that takes points (N, {self.prior.dim}), got: {error}"
            ) from error
        warn_of_conventions(self)

    def logit(self, z: Tensor) -> Tensor:
        """a(z) = log p - log q in nats, (...) for points (..., d), in z's dtype on its device."""
        expect_shape(z, [self.prior.dim], "z")
        first = next(iter(self.network.parameters()), z)  # where the network lives
        points = z.reshape(-1, z.shape[-1]).to(first.device, first.dtype)
        answer = self.network(points)
        n = len(points)
        if tuple(answer.shape) not in {(n,), (n, 1)}:
            raise ValueError(
                f"network: expected logits of shape ({n},) or ({n}, 1) for points "
                f"({n}, {z.shape[-1]}), got {tuple(answer.shape)}"
            )
        if self.probability:
            answer = logit_of(answer)
        a = self.sign * self.scale * answer + self.shift
        return a.reshape(z.shape[:-1]).to(z.device, z.dtype)

    def logit_and_grad(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """a(z) and its gradient, (...) and (..., d), detached: in closed form for an `mlp`."""
        if self.probability or self.sizes is None:
            return super().logit_and_grad(z)
        expect_shape(z, [self.prior.dim], "z")
        prepared = self._prepared or prepare(cast(nn.Sequential, self.network))
        points, weight = z.detach(), prepared.first
        alike = z.ndim == 2 and z.dtype == weight.dtype and z.device == weight.device
        if not alike:
            points = points.reshape(-1, z.shape[-1]).to(weight.device, weight.dtype)
        with torch.no_grad():
            a, gradient = value_and_grad(prepared, points.contiguous())
            if (factor := self.sign * self.scale) != 1 or self.shift:
                a, gradient = factor * a + self.shift, factor * gradient
        if alike:
            return a.to(z), gradient.to(z)  # which autocast may have made shorter
        return a.reshape(z.shape[:-1]).to(z), gradient.reshape(z.shape).to(z)

    def prepared(self, n: int = 0) -> DensityRatio:
        """As `Ratio.prepared`: for `logit_and_grad` of an `mlp`; memory on a processor only."""
        if self.probability or self.sizes is None:
            return self
        ratio, on_cpu = copy.copy(self), self.device == torch.device("cpu")
        ratio._prepared = prepare(cast(nn.Sequential, self.network), n if on_cpu else 0)
        return ratio

    @property
    def sign(self) -> int:
        """What turns the network's answer into log p - log q."""
        return -1 if self.reversed else 1

    @property
    def device(self) -> torch.device | None:
        """Where the network lives; None for a network without weights."""
        first = next(self.network.parameters(), None)
        return None if first is None else first.device

    def to(self, device: str | torch.device) -> DensityRatio:
        """Move network and held-out codes; returns self."""
        self.network.to(device)
        self.held_out = self.held_out.to(device)
        return self

    def save(self, path: str | pathlib.Path) -> None:
        """Write network, prior, held-out codes and calibration to a safetensors file, in one move.

        Of a prior of your own, only what it says at some codes: `load` then needs it again.
        """
        tensors = {f"network.{name}": t for name, t in self.network.state_dict().items()}
        kind, parts = prior_tensors(self.prior)
        tensors |= {f"prior.{name}": part for name, part in parts.items()}
        if not kind:
            tensors["prior.log_prob"] = self.prior.log_prob(self.held_out[:100])
        facts = {
            "sizes": self.sizes,
            "scale": self.scale,
            "shift": self.shift,
            "probability": self.probability,
            "reversed": self.reversed,
            "prior": kind,
            "history": self.history,
        }
        write_safetensors(path, tensors | {"held_out": self.held_out}, {"ratio": as_json(facts)})

    @classmethod
    def load(
        cls,
        path: str | pathlib.Path,
        network: nn.Module | None = None,
        prior: Prior | Distribution | None = None,
    ) -> DensityRatio:
        """Read what `save` wrote.

        Args:
            path: the file.
            network: a module to put the weights into; needed unless `fit_ratio` made the ratio.
            prior: needed only for one of your own.

        Returns:
            A ratio with tensors of its own: the file may change afterwards.

        Raises:
            ValueError: for a file of another kind, or one that does not fit the network, which is
                then left as it was; when a network or a prior is needed, or it is another prior.
            FileNotFoundError: when there is none.
        """
        return cls.from_bytes(pathlib.Path(path).read_bytes(), path, network, prior)

    @classmethod
    def from_bytes(
        cls,
        content: bytes,
        source: str | pathlib.Path,
        network: nn.Module | None = None,
        prior: Prior | Distribution | None = None,
    ) -> DensityRatio:
        """As `load`, from the bytes of a file; errors name its source."""
        tensors, metadata = parse_safetensors(content, source)
        if "ratio" not in metadata:
            raise ValueError(f"{source}: expected a file written by DensityRatio.save, got another")
        facts, weights = facts_of(metadata, "ratio", source), select(tensors, "network.")
        lacking = sorted({"sizes", "scale", "shift", "probability", "history"} - facts.keys())
        lacking += ["held_out"] * ("held_out" not in tensors)
        if lacking:
            raise ValueError(f"{source}: expected a whole ratio, got one without {lacking}")
        if network is None:
            if facts["sizes"] is None:
                raise ValueError(f"{source}: expected network=, a module to put its weights into")
            network = mlp(facts["sizes"])
            network.to(next(iter(weights.values()), torch.empty(0)).dtype)
        expect_weights(network, weights, source)
        kind = facts.get("prior", "StandardNormal")  # files before 0.2 know nothing else
        prior = prior_from(kind, tensors["held_out"], select(tensors, "prior."), prior, source)
        network.load_state_dict(weights)
        options = {key: facts[key] for key in ("scale", "shift", "probability")}
        options["reversed"] = facts.get("reversed", False)
        ratio = cls(network, tensors["held_out"], prior, **options)
        ratio.history = facts["history"]
        return ratio
