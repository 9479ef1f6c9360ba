"""Measures that do not use a discriminator, each beside the same measure on held-out codes.

A ratio may steer; it must not grade. `Reference` grades: density, distance, cycle error and a judge
of pixels; `evaluate` does so for paths. `find_holes` lists the places that the prior likes and the
codes avoid.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy import ndimage
from scipy.stats import beta
from torch import Tensor, nn
from torch.distributions import Distribution

from nav_utils.arguments import expect_samples, kind_of, seeded_generator
from nav_utils.densities import (
    StandardNormal,
    kde_bandwidth,
    kde_log_prob,
    knn_distance,
)
from nav_utils.models import Autoencoder, in_evaluation_mode, like_weights
from nav_utils.navigation import Path
from nav_utils.priors import Prior, as_prior
from nav_utils.ratio import Ratio

# Is more of it better? What `Reference.worse_than` needs to know of each measure.
MORE_IS_BETTER = {
    "log q": True,
    "distance": False,
    "cycle error": False,
    "confidence": True,
    "entropy": False,
}


FLOATS = (torch.float32, torch.float64)


def halves(n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Rows (n / 2,) of two halves of n codes: the first judges, the second supplies pairs.

    Shuffled first: the order of a data set is not random (the first 5,000 test images of MNIST and
    the last are not alike). `Reference` splits what it gets in the same way, so a `Reference` of
    all test codes has its density from the first half, and the second is free to be judged.

    Args:
        n: how many codes.
        seed: of the shuffle.
    """
    first, second = torch.randperm(n, generator=seeded_generator(seed)).chunk(2)
    return first, second


class Reference:
    """Codes to judge by, that nothing was fitted on.

    One of their `halves` carries the density; the other is judged like any other point, and says
    what is usual (`usual`). Points, codes and models may be of any floating-point type: measures
    come back in that of the points.

    Args:
        codes: (N, d), N at least 20.
        model: an autoencoder, for the cycle error and the judge.
        classifier: from images to class logits, trained on pixels; needs `model`. Both judge in
            evaluation mode, and are left as they are.
        k: which nearest code the distance goes to.
        seed: of the split.

    Attributes:
        usual: each measure on the second half of the codes, a dict of (N / 2,).
        bandwidth: of the kernel density, by cross-validation.
    """

    def __init__(
        self,
        codes: Tensor,
        model: Autoencoder | None = None,
        classifier: nn.Module | None = None,
        k: int = 10,
        seed: int = 0,
    ) -> None:
        expect_samples(codes=codes)
        if len(codes) < 20:
            raise ValueError(f"codes: expected at least 20, got {len(codes)}")
        if classifier is not None and model is None:
            raise ValueError("classifier: expected a model too, whose images it can judge")
        rows = (half.to(codes.device) for half in halves(len(codes), seed))
        self.density_codes, others = (codes[half] for half in rows)
        self.model, self.classifier = model, classifier
        self.k = min(k, len(self.density_codes))
        self.bandwidth = kde_bandwidth(self.density_codes)
        self.usual = self.measures(others)

    @torch.no_grad()
    def measures(self, z: Tensor) -> dict[str, Tensor]:
        """Every measure at each point of z (..., d), as a dict of tensors (...).

        Returns:
            "log q": kernel density estimate in nats; "distance": to the k-th nearest code;
            with a model "cycle error": |z - enc(dec(z))|; with a classifier "confidence": its
            largest probability, and "entropy" of its answer in nats.
        """
        found = {
            "log q": kde_log_prob(z, self.density_codes, self.bandwidth),
            "distance": knn_distance(z, self.density_codes, self.k),
        }
        if self.model is None:
            return found
        with in_evaluation_mode(self.model, self.classifier):
            of_images = self._of_images(z.reshape(-1, z.shape[-1]))
        return found | {name: x.reshape(z.shape[:-1]).to(z) for name, x in of_images.items()}

    def worse_than(self, measures: dict[str, Tensor]) -> dict[str, Tensor]:
        """The share of held-out codes that are better than each point, by each measure, (...).

        0.5 is as good as a typical code; 0.95 and more is worse than 95 % of them.
        """
        shares = {}
        for name, values in measures.items():
            sign = 1.0 if MORE_IS_BETTER[name] else -1.0
            usual = (sign * self.usual[name]).to(values.device).double().sort().values
            below = torch.searchsorted(usual, (sign * values).double().contiguous(), right=True)
            shares[name] = 1 - below.double() / len(usual)
        return shares

    def _of_images(self, z: Tensor) -> dict[str, Tensor]:
        """Measures that look at decoded images, for z (N, d), in chunks."""
        assert self.model is not None
        columns: dict[str, list[Tensor]] = {}
        for chunk in like_weights(z, self.model).split(5000):
            images = self.model.decode(chunk)
            found = {"cycle error": (chunk - self.model.encode(images)).norm(dim=-1)}
            if self.classifier is not None:
                parts = like_weights(images, self.classifier).split(256)  # what fits a cache
                log_p = torch.cat([self.classifier(part) for part in parts]).log_softmax(-1)
                found["confidence"] = log_p.amax(-1).exp()
                found["entropy"] = -(log_p.exp() * log_p).sum(-1)
            for name, values in found.items():
                columns.setdefault(name, []).append(values)
        return {name: torch.cat(parts) for name, parts in columns.items()}


# ---- paths ------------------------------------------------------------------------------------


class PathReport(NamedTuple):
    """What `evaluate` found, each (B,) but the last two; means are over the length of the path.

    Attributes:
        worst_log_q, mean_log_q: by the reference's kernel density, in nats.
        distance: mean distance to the k-th nearest reference code.
        cycle_error: mean |z - enc(dec(z))|; None without a model.
        confidence, worst_confidence, entropy: of the judge, mean, lowest and mean in nats; None
            without a classifier.
        length_over_chord: 1 for a straight line.
        largest_gap: between neighbouring points of the path, over the median gap.
        end_error: how far from z_b the path ends; 0 has arrived.
        n_evaluations: of the ratio, to make all paths.
        places: what all of this comes from, `Reference.measures` at n places of each path, (B, n).
    """

    worst_log_q: Tensor
    mean_log_q: Tensor
    distance: Tensor
    cycle_error: Tensor | None
    confidence: Tensor | None
    worst_confidence: Tensor | None
    entropy: Tensor | None
    length_over_chord: Tensor
    largest_gap: Tensor
    end_error: Tensor
    n_evaluations: int
    places: dict[str, Tensor]


def evaluate(path: Path | Tensor, reference: Reference, n: int = 200) -> PathReport:
    """Judge paths by measures that do not use the ratio, at n evenly spaced places of each.

    The places lie on the straight pieces between the path's points too, so that a torn path pays
    for its tears.

    Args:
        path: what `navigate` gives, float32 or float64, whatever the type of codes and model; or
            points (B, m, d) of paths from elsewhere, which are taken to end where they should.
        reference: the judge.
        n: places on each path, at least 2.

    Raises:
        ValueError: n below 2, codes of another dimension than the path, or no path or reference.
    """
    if isinstance(path, Tensor):
        path = path_through(path)
    for name, value, kind in (("path", path, Path), ("reference", reference, Reference)):
        if not isinstance(value, kind):
            raise ValueError(f"{name}: expected a {kind.__name__}, got {kind_of(value)}")
    if n < 2:
        raise ValueError(f"n: expected at least 2 places on a path, got {n}")
    found = reference.measures(path.resample(n))  # each (B, n)
    mean = {name: values.mean(-1) for name, values in found.items()}
    confidence = found.get("confidence")
    length, chord = path.arc_length[:, -1], (path.points[:, 0] - path.z_b).norm(dim=-1)
    return PathReport(
        worst_log_q=found["log q"].amin(-1),
        mean_log_q=mean["log q"],
        distance=mean["distance"],
        cycle_error=mean.get("cycle error"),
        confidence=mean.get("confidence"),
        worst_confidence=None if confidence is None else confidence.amin(-1),
        entropy=mean.get("entropy"),
        length_over_chord=torch.where(length == chord, 1.0, length / chord),  # 0 / 0 too
        largest_gap=path.tear,
        end_error=(path.points[:, -1] - path.z_b).norm(dim=-1),
        n_evaluations=path.n_evaluations,
        places=found,
    )


def path_through(points: Tensor) -> Path:
    """Paths through points (B, m, d) that no planner of ours made, without a verdict of a ratio."""
    expect_samples(path=points)
    if points.ndim != 3 or points.shape[1] < 2 or points.dtype not in FLOATS:
        raise ValueError(
            "path: expected a Path or points (B, m, d) in float32 or float64, m >= 2, got "
            f"{points.dtype} of shape {tuple(points.shape)}"
        )
    unknown = torch.full_like(points[:, -1], math.nan)
    arrived = torch.zeros(len(points), dtype=torch.int64)
    return Path(points, points[:, -1], arrived, unknown[:, 0], unknown, None, 0)


# ---- holes ------------------------------------------------------------------------------------


class Hole(NamedTuple):
    """A connected region where the prior promises more codes than there are.

    Attributes:
        mass: of the prior in it.
        centre: (2,), the point of the region that lies deepest inside, farthest from its rim.
        worst: the largest log p - log q in it, in nats.
        area: of the region.
    """

    mass: float
    centre: Tensor
    worst: float
    area: float


Logit = Callable[[Tensor], Tensor]  # from points (N, d) to log p - log q (N,)


def logit_and_prior(
    ratio: Ratio | Logit, prior: Prior | Distribution | None
) -> tuple[Logit, Prior | None]:
    """The logit of a ratio and its prior; of another estimate, and the prior given or None."""
    owner = getattr(ratio, "__self__", ratio)  # of ratio.logit: the ratio
    prior = None if prior is None else as_prior(prior)
    if isinstance(owner, Ratio):
        return owner.logit, prior or owner.prior
    if not callable(ratio):
        raise ValueError(f"ratio: expected a Ratio, or a function of points, got {kind_of(ratio)}")
    return ratio, prior


def find_holes(
    ratio: Ratio | Logit,
    level: float = math.log(4),
    prior: Prior | Distribution | None = None,
    radius: float = 3.0,
    resolution: int = 301,
    min_mass: float = 1e-3,
) -> list[Hole]:
    """Connected regions of the plane where log p - log q is above a level, the largest mass first.

    Args:
        ratio: says log p - log q; or any other estimate of it for points (N, 2), for example
            prior.log_prob(z) - kde_log_prob(z, ...).
        level: in nats; log 4 means: fewer than a quarter of the codes that the prior promises.
        prior: the ratio's if not given; N(0, I) for another estimate.
        radius: only points of the disc |z| <= radius count; outside the prior has next to no mass
            (1.1 % beyond 3), and every place without codes looks like a hole.
        resolution: grid points along each axis.
        min_mass: holes with less prior mass are left out.

    Raises:
        ValueError: a prior of another dimension than two (there: `hole_mass`), or a logit that is
            not finite somewhere.
    """
    logit, prior = logit_and_prior(ratio, prior)
    prior = prior or StandardNormal(2)
    if prior.dim != 2:
        raise ValueError(f"prior: expected two dimensions, got {prior.dim}; hole_mass takes any")
    axis = torch.linspace(-radius, radius, resolution)
    z = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)  # (R, R, 2): row is z_2
    with torch.no_grad():
        a = logit(z.reshape(-1, 2)).reshape(resolution, resolution).cpu()
    if not bool(torch.isfinite(a).all()):
        raise ValueError(f"logit: expected finite values, got {int((~a.isfinite()).sum())} others")
    cell = float(axis[1] - axis[0]) ** 2
    mass = prior.log_prob(z).exp().double() * cell
    inside = (a > level) & (z.norm(dim=-1) <= radius)
    names, n = ndimage.label(inside.numpy())
    holes = []
    for name in range(1, n + 1):
        region = names == name
        total = float(mass.numpy()[region].sum())
        if total < min_mass:
            continue
        depth = ndimage.distance_transform_edt(region)
        row, column = np.unravel_index(depth.argmax(), depth.shape)
        worst = float(a.numpy()[region].max())
        holes.append(Hole(total, z[row, column].clone(), worst, float(region.sum() * cell)))
    return sorted(holes, key=lambda hole: -hole.mass)


def hole_mass(
    ratio: Ratio | Logit,
    prior: Prior | Distribution | None = None,
    level: float = math.log(4),
    n: int = 20_000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Prior mass where log p - log q is above a level, by sampling, in any dimension.

    Args:
        ratio: as in `find_holes`.
        prior: the ratio's if not given; another estimate needs one.
        level: in nats.
        n, seed: of the samples.

    Returns:
        (mass, low, high): the estimate and its 95 % interval (Clopper and Pearson 1934).

    Raises:
        ValueError: a logit that is not finite somewhere, or no prior.
    """
    logit, prior = logit_and_prior(ratio, prior)
    if prior is None:
        raise ValueError("prior: expected one beside an estimate that is no Ratio, got none")
    z = prior.sample(n, seeded_generator(seed))
    with torch.no_grad():
        a = logit(z)
    if not bool(torch.isfinite(a).all()):
        raise ValueError(f"logit: expected finite values, got {int((~a.isfinite()).sum())} others")
    hits = int((a > level).sum())
    low = float(beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0
    return hits / n, low, high
