"""The numbers of the ledger of claims, C1 to C6 and C16, each with an interval.

    python benchmarks/claims.py      # needs only what the package ships; about 3 minutes

Judged on `mnist-2d` by measures that use no discriminator, on the test codes: one half carries the
densities, the other supplies pairs and points. Intervals are 95 %: over resampled pairs or points
(bootstrap), or of a share (Clopper and Pearson). Writes benchmarks/results/claims.json, which the
page of the ledger reads.
"""

from __future__ import annotations

import itertools
import json
import math
import pathlib

import numpy as np
import torch
from scipy.stats import beta
from torch import Tensor

from nav_utils.calibration import calibration_report
from nav_utils.densities import StandardNormal, kde_log_prob, knn_distance, ring
from nav_utils.evaluation import Reference, find_holes, hole_mass
from nav_utils.interpolation import lerp
from nav_utils.pretrained import load_classifier, load_pretrained
from nav_utils.ratio import DensityRatio, ExactRatio, fit_ratio, logistic_loss

RESULTS = pathlib.Path(__file__).resolve().parent / "results" / "claims.json"
HOLE = math.log(4)  # fewer than a quarter of the codes that the prior promises


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


# ---- numbers with intervals, as they are printed ----------------------------------------------


def percent(value: float, low: float, high: float) -> str:
    """Three shares as percentages, the last two as an interval."""
    return f"{100 * value:.2g} % [{100 * low:.2g}, {100 * high:.2g}]"


def share(flags: Tensor) -> str:
    """Share of true flags (N,) in percent, with the interval of Clopper and Pearson."""
    n, hits = len(flags), int(flags.sum())
    low = float(beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0
    return percent(hits / n, low, high)


def mean(values: Tensor, n_resamples: int = 2000) -> str:
    """Mean of values (N,) with a bootstrap interval."""
    x = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(0)
    means = [x[generator.integers(len(x), size=len(x))].mean() for _ in range(n_resamples)]
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{x.mean():.3g} [{low:.3g}, {high:.3g}]"


# ---- the claims -------------------------------------------------------------------------------


class Ground:
    """What every claim is judged on."""

    def __init__(self) -> None:
        self.space = load_pretrained("mnist-2d")
        test, labels = self.space.test_codes, self.space.test_labels
        self.reference = Reference(test, self.space.model, load_classifier(), seed=0)
        order = torch.randperm(len(test), generator=seeded(0))
        others = order.chunk(2)[1]  # as `Reference` splits
        self.pool, self.labels = test[others], labels[others]
        self.prior = StandardNormal(2)

    def log_ratio(self, z: Tensor, k: int = 10) -> Tensor:
        """log p - log q with q from the distance to the k-th nearest reference code."""
        codes = self.reference.density_codes
        log_q = math.log(k / (math.pi * len(codes))) - 2 * knn_distance(z, codes, k).log()
        return self.prior.log_prob(z) - log_q

    def pairs(self, same: bool, n: int = 400) -> Tensor:
        """Codes (n, 2, 2) of random pairs from the pool, of one class or of different classes."""
        rows = torch.randint(len(self.pool), (40 * n, 2), generator=seeded(1))
        alike = self.labels[rows[:, 0]] == self.labels[rows[:, 1]]
        return self.pool[rows[(alike == same) & (rows[:, 0] != rows[:, 1])][:n]]


def claim_1(ground: Ground) -> dict[str, str]:
    """Straight paths: holes and garbage on them, beside real codes."""
    found: dict[str, str] = {}
    usual = ground.reference.usual
    t = torch.linspace(0, 1, 32)
    for name, same in (("different classes", False), ("one class", True)):
        z = lerp(*ground.pairs(same).unbind(1), t)  # (400, 32, 2)
        touched = (ground.log_ratio(z[:, 1:-1]) > HOLE).any(1)
        measures = ground.reference.measures(z)
        found[f"paths that touch a hole, {name}"] = share(touched)
        for measure in ("confidence", "cycle error", "distance"):
            found[f"{measure}, {name}"] = mean(measures[measure].mean(1))
    sets = torch.randint(len(ground.pool), (4000, 30), generator=seeded(2))
    in_hole = ground.log_ratio(ground.pool) > HOLE
    found["sets of 30 codes that touch a hole"] = share(in_hole[sets].any(1))
    for measure in ("confidence", "cycle error", "distance"):
        found[f"{measure}, codes"] = mean(usual[measure])
    return found


def claim_2(ground: Ground) -> dict[str, str]:
    """Prior mass in holes, by the ratio and by a kernel density, and by chance."""
    ratio, codes = ground.space.ratio, ground.reference.density_codes
    assert ratio is not None
    bandwidth = ground.reference.bandwidth

    def kernel(z: Tensor) -> Tensor:
        return ground.prior.log_prob(z) - kde_log_prob(z, codes, bandwidth)

    chance = fit_ratio(ground.prior.sample(60_000, seeded(3)), seed=0, progress=False)
    found = {}
    for name, logit in (("ratio", ratio.logit), ("kernel density", kernel)):
        found[f"prior mass in holes, {name}"] = percent(*hole_mass(logit, ground.prior, HOLE))
        found[f"codes in holes, {name}"] = share(logit(ground.pool) > HOLE)
    by_chance = percent(*hole_mass(chance.logit, ground.prior, HOLE))
    found["prior mass in holes, samples of the prior for codes"] = by_chance
    found["holes of at least 0.1 % of the prior"] = str(len(find_holes(ratio.logit, HOLE)))
    return found


def claim_3() -> dict[str, str]:
    """A fitted logit against the exact one on the ring."""
    q = ring()
    exact, z = ExactRatio(q), q.sample(20_000, seeded(7))
    errors, losses = [], []
    for seed in range(3):
        ratio = fit_ratio(q.sample(20_000, seeded(seed)), seed=seed, progress=False)
        errors.append((ratio.logit(z) - exact.logit(z)).abs())
        prior = exact.prior.sample(20_000, seeded(8))
        losses.append(float(logistic_loss(ratio.logit(prior), ratio.logit(z))))
    best = float(logistic_loss(exact.logit(prior), exact.logit(z)))
    return {
        "mean |error| over q, nats": mean(torch.stack(errors).mean(0)),
        "held-out loss above that of the exact logit, nats": f"{np.mean(losses) - best:.2g}",
    }


def claim_4() -> dict[str, str]:
    """p = q: how far does D stray from 1/2?"""
    prior = StandardNormal(2)
    ratio = fit_ratio(prior.sample(60_000, seeded(3)), seed=0, progress=False)
    z = prior.sample(20_000, seeded(4))
    stray = (ratio.prob(z) - 0.5).abs()
    loss = logistic_loss(ratio.logit(prior.sample(20_000, seeded(5))), ratio.logit(z))
    return {
        "distance of D from 1/2, 99 % of the prior below": f"{float(stray.quantile(0.99)):.2g}",
        "held-out loss, nats (ln 2 = 0.6931)": f"{float(loss):.4f}",
    }


def claim_5(ground: Ground) -> dict[str, str]:
    """Places by their D, each judged by measures that do not use D; held-out codes."""
    ratio = ground.space.ratio
    assert ratio is not None
    d, measures = ratio.prob(ground.pool), ground.reference.measures(ground.pool)
    found = {}
    for low, high in itertools.pairwise((0.0, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)):
        rows = (d >= low) & (d < high)
        name = f"D {low:g} to {high:g}"
        found[f"share of codes, {name}"] = share(rows)
        for measure in ("log q", "cycle error", "confidence"):
            found[f"{measure}, {name}"] = mean(measures[measure][rows])
    return found


def claim_16(ground: Ground) -> dict[str, str]:
    """Of |D - 1/2| < 0.1: how much lies below the density that 95 % of held-out codes clear?"""
    ratio = ground.space.ratio
    assert ratio is not None
    floor = float(ground.reference.usual["log q"].quantile(0.05))
    places = 6 * torch.rand(20_000, 2, generator=seeded(10)) - 3
    kinds = {
        "draws of the prior": ground.prior.sample(20_000, seeded(6)),
        "places within radius 3": places[places.norm(dim=-1) < 3],
        "codes": ground.pool,
    }
    found = {}
    for name, z in kinds.items():
        band = z[(ratio.prob(z) - 0.5).abs() < 0.1]
        log_q = kde_log_prob(band, ground.reference.density_codes, ground.reference.bandwidth)
        found[f"below the floor in the band, {name}"] = share(log_q < floor)
    found["codes outside the band"] = share((ratio.prob(ground.pool) - 0.5).abs() >= 0.1)
    return found


def claim_6(ground: Ground) -> dict[str, str]:
    """The discriminator left over from training beside a refit one, on the same test codes."""
    space = ground.space
    assert space.ratio is not None
    prior = ground.prior.sample(len(space.test_codes), seeded(9))
    left = DensityRatio(space.train_discriminator, space.ratio.held_out)
    found = {}
    for name, ratio in (("left over", left), ("refit", space.ratio)):
        report = calibration_report(ratio, space.test_codes, prior)
        per_pair = 0.5 * (
            torch.nn.functional.softplus(-ratio.logit(prior))
            + torch.nn.functional.softplus(ratio.logit(space.test_codes))
        )
        found[f"held-out loss, {name}"] = mean(per_pair)
        found[f"expected calibration error, {name}"] = f"{report.ece:.3f}"
        found[f"AUC, {name}"] = f"{report.auc:.3f}"
    return found


def main() -> None:
    """Measure all, write the results."""
    ground = Ground()
    results = {
        "C1": claim_1(ground),
        "C2": claim_2(ground),
        "C3": claim_3(),
        "C4": claim_4(),
        "C5": claim_5(ground),
        "C6": claim_6(ground),
        "C16": claim_16(ground),
    }
    for claim, found in results.items():
        print(claim, json.dumps(found, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    content = {"command": "python benchmarks/claims.py", "claims": results}
    RESULTS.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
