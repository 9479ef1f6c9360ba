"""Densities in latent space: exact ones, and two estimates from samples.

An exact density can be sampled, and gives log p and its gradient (the score) in closed form, so
that what a network learns can be held against the truth. The estimates, a kernel density and the
distance to nearby codes, need nothing but codes.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import torch
from scipy.optimize import minimize_scalar
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from nav_utils.arguments import expect_samples, expect_shape, seeded_generator

# ---- exact densities --------------------------------------------------------------------------


class GaussianMixture:
    """A mixture of normal distributions with diagonal covariances, in any dimension.

    Args:
        means: (K, d).
        std: the standard deviations: one number, one for each component (K,), or one for each
            component and coordinate (K, d).
        weights: (K,), positive; scaled to sum to 1. All equal if not given.

    Raises:
        ValueError: for other shapes, values not finite, and deviations or weights not positive.
    """

    def __init__(
        self,
        means: Tensor | Sequence[Sequence[float]],
        std: float | Tensor | Sequence[float],
        weights: Tensor | Sequence[float] | None = None,
    ) -> None:
        self.means = torch.as_tensor(means, dtype=torch.float64)
        if self.means.ndim != 2 or self.means.numel() == 0:
            raise ValueError(f"means: expected shape (K, d), got {tuple(self.means.shape)}")
        k, self.dim = self.means.shape
        std = torch.as_tensor(std, dtype=torch.float64)
        if std.shape not in {(), (k,), (k, self.dim)}:
            raise ValueError(
                f"std: expected a number, ({k},) or ({k}, {self.dim}), got {tuple(std.shape)}"
            )
        self.std = (std[:, None] if std.ndim == 1 else std).expand(k, self.dim)
        weights = torch.ones(k) if weights is None else torch.as_tensor(weights)
        if weights.shape != (k,):
            raise ValueError(f"weights: expected shape ({k},), got {tuple(weights.shape)}")
        for name, x in (("std", self.std), ("weights", weights)):
            if not bool((x > 0).all()) or not bool(torch.isfinite(x).all()):
                raise ValueError(f"{name}: expected finite positive values, got {x.tolist()}")
        if not bool(torch.isfinite(self.means).all()):
            raise ValueError("means: expected finite values")
        self.weights = weights.double() / weights.double().sum()

    def sample(
        self, n: int, generator: torch.Generator | None = None, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """n independent samples (n, d), on the generator's device."""
        device = generator.device if generator is not None else "cpu"
        which = torch.multinomial(self.weights.to(device), n, True, generator=generator)
        noise = torch.randn(n, self.dim, generator=generator, dtype=dtype, device=device)
        return self.means.to(noise)[which] + self.std.to(noise)[which] * noise

    def log_prob(self, z: Tensor) -> Tensor:
        """log density in nats, (...) for points (..., d), in z's dtype and on its device."""
        return torch.logsumexp(self._log_parts(z), dim=-1)

    def score(self, z: Tensor) -> Tensor:
        """Gradient of the log density, (..., d) for points (..., d).

        The components' own gradients, weighted by the share each has in the density at z.
        """
        share = self._log_parts(z).softmax(-1)  # (..., K)
        narrow = self.std.square().reciprocal()  # (K, d)
        return share @ (narrow * self.means).to(z) - (share @ narrow.to(z)) * z

    def _log_parts(self, z: Tensor) -> Tensor:
        """log(weight * density) of each component, (..., K)."""
        expect_shape(z, [self.dim], "z")
        squares = z.new_zeros(())  # of the distances in deviations, coordinate by coordinate
        for x, mean, std in zip(z.unbind(-1), self.means.T.to(z), self.std.T.to(z), strict=True):
            squares = squares + ((x.unsqueeze(-1) - mean) / std).square()  # (..., K)
        log_norm = self.std.log().sum(-1) + 0.5 * self.dim * math.log(2 * math.pi)  # (K,)
        return (self.weights.log() - log_norm).to(z) - 0.5 * squares


class StandardNormal(GaussianMixture):
    """The prior N(0, I) of dimension `dim`: a mixture of one."""

    def __init__(self, dim: int) -> None:
        super().__init__(torch.zeros(1, dim), 1.0)

    def log_prob(self, z: Tensor) -> Tensor:
        """log density in nats, (...) for points (..., d), in z's dtype and on its device."""
        expect_shape(z, [self.dim], "z")
        return -0.5 * self.dim * math.log(2 * math.pi) - 0.5 * z.square().sum(-1)

    def score(self, z: Tensor) -> Tensor:
        """Gradient of the log density: -z, (..., d)."""
        expect_shape(z, [self.dim], "z")
        return -z


def ring() -> GaussianMixture:
    """24 components of deviation 0.25 on the circle of radius 1.3."""
    return GaussianMixture(circle(torch.arange(24) * 2 * math.pi / 24, 1.3), 0.25)


def c_shape() -> GaussianMixture:
    """20 components of deviation 0.22 at radius 1.4, on angles from 0.5 to 2 pi - 0.5: a C."""
    angles = torch.linspace(0.5, 2 * math.pi - 0.5, 20, dtype=torch.float64)
    return GaussianMixture(circle(angles, 1.4), 0.22)


def two_clusters() -> GaussianMixture:
    """Two components of deviation 0.35 at (-1.2, 0) and (1.2, 0)."""
    return GaussianMixture([[-1.2, 0.0], [1.2, 0.0]], 0.35)


def circle(angles: Tensor, radius: float) -> Tensor:
    """Points (K, 2) at these angles (K,), in radians, on a circle round the origin."""
    return radius * torch.stack([angles.double().cos(), angles.double().sin()], dim=-1)


# ---- estimates from samples -------------------------------------------------------------------


def kde_log_prob(z: Tensor, codes: Tensor, bandwidth: float, most: int = 500_000) -> Tensor:
    """log of a Gaussian kernel density estimate, exact, in chunks.

    Args:
        z: points (..., d), floating.
        codes: samples (M, d) of the distribution.
        bandwidth: standard deviation of the kernel; `kde_bandwidth` chooses one.
        most: distances held in memory at a time. The default, 4 MB of float64, stays in a
            processor's cache: three times as fast as 80 MB.

    Returns:
        log density in nats, shape z.shape[:-1], on z's device and in its dtype; no gradient.

    Raises:
        ValueError: other shapes, values not finite, a bandwidth that is not positive.

    Source: Parzen 1962. An estimate: it smooths, so it fills narrow gaps and blunts peaks.
    """
    expect_samples(z=z, codes=codes)
    if not 0 < bandwidth < math.inf:
        raise ValueError(f"bandwidth: expected a positive number, got {bandwidth}")
    d = z.shape[-1]
    points = z.detach().reshape(-1, d).double() / bandwidth  # (N, d)
    stored = codes.detach().to(points.device).double() / bandwidth
    constant = math.log(len(codes)) + d * math.log(bandwidth * math.sqrt(2 * math.pi))
    chunks = points.split(max(1, most // len(codes)))
    logs = [torch.logsumexp(-0.5 * torch.cdist(chunk, stored).square(), dim=1) for chunk in chunks]
    return (torch.cat(logs) - constant).reshape(z.shape[:-1]).to(z)


def kde_bandwidth(codes: Tensor, folds: int = 5, most: int = 5000, seed: int = 0) -> float:
    """The bandwidth under which held-out codes are likeliest, by cross-validation.

    Two things would spoil the choice, and are left out of it: repeats, since a code that stands in
    both parts makes the narrowest kernel the best, and codes with nothing near them, each of which
    would ask for a kernel that reaches to the others.

    Args:
        codes: (M, d).
        folds: parts; each is judged by the estimate from the others.
        most: a random subset of this size stands for more codes; the result is then scaled to M by
            the usual rate, M^(-1 / (d + 4)).
        seed: of the split.

    Raises:
        ValueError: fewer different codes than two in each fold, or codes that are all the same.

    Warns:
        UserWarning: when codes were left out that lie far from all others, and when the result
            lies at the end of what is searched, 1/10,000 to 20 times the codes' deviation.
    """
    expect_samples(codes=codes)
    if len(codes) < 2 * folds:
        raise ValueError(
            f"codes: expected at least {2 * folds} for {folds} folds, got {len(codes)}"
        )
    distinct = torch.unique(codes.detach().cpu().double(), dim=0)
    if len(distinct) == len(codes):
        distinct = codes.detach().cpu().double()  # in their order
    if len(distinct) == 1:
        raise ValueError("codes: expected codes that differ, got one point many times")
    order = torch.randperm(len(distinct), generator=seeded_generator(seed))
    subset = with_neighbours(distinct[order[:most]])
    if len(subset) < 2 * folds:
        raise ValueError(
            f"codes: expected at least {2 * folds} different ones for {folds} folds, not far from "
            f"all others, got {len(subset)} of {len(codes)}"
        )
    parts = subset.tensor_split(folds)
    rests = [torch.cat([*parts[:i], *parts[i + 1 :]]) for i in range(folds)]

    def cost(log_bandwidth: float) -> float:
        bandwidth = math.exp(log_bandwidth)
        pairs = zip(parts, rests, strict=True)
        return -float(torch.cat([kde_log_prob(p, r, bandwidth) for p, r in pairs]).mean())

    best = search(cost, float(subset.std(0).mean()))
    shrink = (len(rests[0]) / len(distinct)) ** (1 / (codes.shape[1] + 4))
    return math.exp(best) * shrink


def with_neighbours(codes: Tensor, most: float = 30.0) -> Tensor:
    """The codes whose nearest other one is at most so many times as far as for 95 % of them; a
    warning says how many are not.
    """
    nearest = knn_distance(codes, codes, min(2, len(codes)))  # the first is the code itself
    kept = nearest <= most * nearest.quantile(0.95)
    if not bool(kept.all()):
        warnings.warn(
            f"{int((~kept).sum())} of {len(codes)} codes are more than {most:g} times as far from "
            "all others as 95 % of them: the bandwidth was chosen without them. Look at them, and "
            "leave them out of codes if they are mistakes",
            stacklevel=3,
        )
    return codes[kept]


def search(cost: Callable[[float], float], scale: float) -> float:
    """The logarithm of the bandwidth of least cost, from 1/100 to twice a scale; from 1/10,000 to
    20 times, where the first search ends at its rim; a warning where the second does.
    """
    for narrow, wide in ((1e-2, 2.0), (1e-4, 20.0)):
        low, high = math.log(scale * narrow), math.log(scale * wide)
        best = minimize_scalar(cost, bounds=(low, high), method="bounded", options={"xatol": 0.02})
        if min(best.x - low, high - best.x) > 0.1:
            return float(best.x)
    warnings.warn(
        f"the likeliest bandwidth lies at the end of what was searched, {scale * narrow:.2g} to "
        f"{scale * wide:.2g}: the codes lie nearly in pairs, or on few points. Look at them, and "
        "choose a bandwidth by hand",
        stacklevel=3,
    )
    return float(best.x)


def knn_distance(z: Tensor, codes: Tensor, k: int = 10) -> Tensor:
    """Euclidean distance of each point to its k-th nearest code: large in a hole.

    A point that is itself a code has a code at distance zero, and that one counts: for the k-th
    nearest *other* code, ask for k + 1. No gradient flows through the result.

    Args:
        z: points (..., d), floating.
        codes: stored codes (M, d), floating, M >= k.
        k: which neighbour, counted from 1.

    Returns:
        Distances of shape z.shape[:-1], on z's device and in its dtype.

    Raises:
        ValueError: other shapes, values not floating or not finite, no points, k not in 1 to M.

    Source: Loftsgaarden and Quesenberry 1965; the density at z is about k / M divided by the
    volume of the ball with this radius.
    """
    expect_samples(z=z, codes=codes)
    if not 1 <= k <= len(codes):
        raise ValueError(f"k: expected 1 to {len(codes)}, the number of codes, got {k}")
    points = z.detach().reshape(-1, z.shape[-1]).cpu().double()  # (N, d)
    stored = codes.detach().cpu().double()
    neighbours = NearestNeighbors(n_neighbors=k).fit(stored.numpy())
    nearest = torch.from_numpy(neighbours.kneighbors(points.numpy(), return_distance=False))
    # Distances anew: in many dimensions scikit-learn's x^2 - 2xy + y^2 loses the small ones.
    distances = (points[:, None] - stored[nearest]).norm(dim=-1).amax(1)  # (N, k, d) -> (N,)
    return distances.reshape(z.shape[:-1]).to(z)
