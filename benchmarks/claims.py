"""The numbers of the ledger of claims, each with an interval.

    python benchmarks/claims.py            # needs only what the package ships; about 6 minutes
    python benchmarks/claims.py C7 C13     # only these; the others stay as they are

Judged on `mnist-2d` (C7 and C14 on `mnist-16d` too) by measures that use no discriminator, on the
test codes: one half carries the densities, the other supplies pairs and points. Intervals are 95 %:
over resampled pairs or points (bootstrap), or of a share (Clopper and Pearson). Writes
benchmarks/results/claims.json, which the page of the ledger reads.
"""

from __future__ import annotations

import itertools
import json
import math
import pathlib
import sys

import numpy as np
import torch
from printed import interval, number, percent
from scipy.stats import beta
from torch import Tensor

from nav_utils.calibration import calibration_report
from nav_utils.correction import Run, Status, correct
from nav_utils.densities import StandardNormal, kde_log_prob, knn_distance, ring
from nav_utils.evaluation import Reference, evaluate, find_holes, hole_mass
from nav_utils.fitting import fit_ratio, logistic_loss
from nav_utils.interpolation import lerp
from nav_utils.langevin import langevin
from nav_utils.navigation import Path, PathStatus, Pointwise, Stepwise, String, navigate
from nav_utils.pretrained import load_classifier, load_pretrained
from nav_utils.ratio import DensityRatio, ExactRatio
from nav_utils.steps import Band, Probability

RESULTS = pathlib.Path(__file__).resolve().parent / "results" / "claims.json"
HOLE = math.log(4)  # fewer than a quarter of the codes that the prior promises


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


# ---- numbers with intervals, as they are printed ----------------------------------------------


def share(flags: Tensor) -> str:
    """Share of true flags (N,) in percent, with the interval of Clopper and Pearson."""
    n, hits = len(flags), int(flags.sum())
    low = float(beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0
    return percent(hits / n, low, high)


def bootstrap(values: Tensor, n_resamples: int = 2000) -> tuple[float, float, float]:
    """Mean of values (N,), and a 95 % interval from resampling them."""
    x = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(0)
    means = [x[generator.integers(len(x), size=len(x))].mean() for _ in range(n_resamples)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(x.mean()), float(low), float(high)


def mean(values: Tensor) -> str:
    """Mean of values (N,) with a bootstrap interval."""
    return interval(*bootstrap(values))


def mean_share(values: Tensor) -> str:
    """Mean of shares (N,), one for each path, in percent, with a bootstrap interval over paths."""
    return percent(*bootstrap(values))


# ---- the claims -------------------------------------------------------------------------------


class Ground:
    """What every claim is judged on."""

    def __init__(self, name: str = "mnist-2d") -> None:
        self.space = load_pretrained(name)
        test, labels = self.space.test_codes, self.space.test_labels
        self.reference = Reference(test, self.space.model, load_classifier(), seed=0)
        order = torch.randperm(len(test), generator=seeded(0))
        others = order.chunk(2)[1]  # as `Reference` splits
        self.pool, self.labels = test[others], labels[others]
        self.prior = StandardNormal(self.space.codes.shape[1])

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
        "held-out loss above that of the exact logit, nats": number(np.mean(losses) - best, 2),
    }


def claim_4() -> dict[str, str]:
    """p = q: how far does D stray from 1/2?"""
    prior = StandardNormal(2)
    ratio = fit_ratio(prior.sample(60_000, seeded(3)), seed=0, progress=False)
    z = prior.sample(20_000, seeded(4))
    stray = (ratio.prob(z) - 0.5).abs()
    loss = logistic_loss(ratio.logit(prior.sample(20_000, seeded(5))), ratio.logit(z))
    return {
        "distance of D from 1/2, 99 % of the prior below": number(float(stray.quantile(0.99)), 2),
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


PLANS: dict[str, dict] = {  # as the text has it, with the calmest eta of chapter 09; and repaired
    "literal loop": {"planner": Stepwise(Probability(0.3))},
    "literal correction of all points": {
        "planner": Pointwise(Probability(0.3)),
        "proposal": "linear",
    },
    "graph and string": {},
}


def paths_of(ground: Ground, name: str, n: int = 300) -> Path:
    """Paths between n pairs of codes of different classes."""
    assert ground.space.ratio is not None
    z_a, z_b = ground.pairs(same=False, n=n).unbind(1)
    if name == "straight line":
        return navigate(z_a, z_b, ground.space.ratio, String(0), proposal="linear")
    return navigate(z_a, z_b, ground.space.ratio, **PLANS[name])


def claim_7(grounds: dict[str, Ground]) -> dict[str, str]:
    """Does the loop bring every point to D = 1/2, and does it arrive?"""
    found = {}
    for space, ground in grounds.items():
        assert ground.space.ratio is not None
        for name in ("literal loop", "literal correction of all points"):
            path = paths_of(ground, name)
            assert path.point_status is not None
            inside = (path.point_status[:, 1:-1] <= Status.CONVERGED).double().mean(1)
            found[f"points brought into the band, {name}, {space}"] = mean_share(inside)
            if name == "literal loop":
                arrived = (path.points[:, -1] - path.z_b).norm(dim=-1) < 1e-5
                found[f"paths that arrive, {name}, {space}"] = share(arrived)
        out = (ground.space.ratio.prob(ground.pool) - 0.5).abs() >= 0.1
        found[f"codes outside the band, {space}"] = share(out)
    exact = ExactRatio(ring())
    z = exact.prior.sample(10_000, seeded(11))
    status = correct(z, exact, Probability(0.3)).status
    found["prior samples brought into the band, ring"] = share(status <= Status.CONVERGED)
    return found


def energy_distance(x: Tensor, y: Tensor) -> str:
    """Energy distance of two samples (N, d); what chance gives stands beside it (Szekely 2013)."""
    within = torch.cdist(x, x).mean() + torch.cdist(y, y).mean()
    return number(float(2 * torch.cdist(x, y).mean() - within), 2)


def claim_8() -> dict[str, str]:
    """An ensemble under the correction and under Langevin dynamics, on the exact ring."""
    q = ring()
    exact, truth = ExactRatio(q), q.sample(4000, seeded(12)).double()
    start = exact.prior.sample(4000, seeded(13)).double()
    ends = {
        "literal correction": correct(start, exact, Probability(0.3), run=Run(max_steps=2000)).z,
        "literal correction, narrow band": correct(
            start, exact, Probability(0.2), Band(0.01), Run(max_steps=2000)
        ).z,
        "Langevin (MALA)": langevin(start, exact, 0.01, 2000, seed=1).z,
        "other samples of q": q.sample(4000, seeded(14)).double(),
    }
    found = {}
    for name, z in ends.items():
        found[f"energy distance to samples of q, {name}"] = energy_distance(z, truth)
        found[f"mean log q, {name}"] = mean(q.log_prob(z))
    a, gradient = exact.logit_and_grad(truth)
    d = a.sigmoid()
    drift = -(2 * (d - 0.5) * d * (1 - d)).unsqueeze(-1) * gradient
    against = (drift * q.score(truth)).sum(-1) < 0
    found["samples of q where the correction points down log q"] = share(against)
    return found


def claim_10() -> dict[str, str]:
    """A sampler's corrector leaves its distribution alone: does ours leave samples of q alone?"""
    q = ring()
    exact, start = ExactRatio(q), q.sample(4000, seeded(15)).double()
    truth = q.sample(4000, seeded(12)).double()
    ends = {
        "untouched": start,
        "after the literal correction": correct(start, exact, Probability(0.3)).z,
        "after a Langevin corrector": langevin(start, exact, 0.01, 100, seed=2).z,
    }
    return {
        f"energy distance to q, samples of q {name}": energy_distance(z, truth)
        for name, z in ends.items()
    }


def claim_13(ground: Ground) -> dict[str, str]:
    """Places on paths that are rarer than 95 % of held-out codes, by a kernel density."""
    floor = float(ground.reference.usual["log q"].quantile(0.05))
    found = {}
    for name in ("straight line", *PLANS):
        path = paths_of(ground, name)
        z = path.resample(200)
        log_q = kde_log_prob(z, ground.reference.density_codes, ground.reference.bandwidth)
        low = log_q < floor
        found[f"places below the floor, {name}"] = mean_share(low.double().mean(1))
        found[f"paths that go below the floor, {name}"] = share(low.any(1))
    codes = ground.reference.usual["log q"] < floor
    found["held-out codes below the floor"] = share(codes)
    return found


def claim_14(grounds: dict[str, Ground]) -> dict[str, str]:
    """Safest, most valid, efficient: measures without D, arrival, length and evaluations."""
    found = {}
    for space, ground in grounds.items():
        for name in ("straight line", *PLANS):
            path = paths_of(ground, name)
            report = evaluate(path, ground.reference)
            assert report.confidence is not None and report.cycle_error is not None
            label = f"{name}, {space}"
            found[f"reached, {label}"] = share(path.status == PathStatus.REACHED)
            found[f"confidence, {label}"] = mean(report.confidence)
            found[f"cycle error, {label}"] = mean(report.cycle_error)
            found[f"length over chord, {label}"] = mean(report.length_over_chord)
            found[f"evaluations for a path, {label}"] = number(
                path.n_evaluations / len(path.points), 2
            )
        for measure in ("confidence", "cycle error"):
            found[f"{measure}, codes, {space}"] = mean(ground.reference.usual[measure])
    return found


def main() -> None:
    """Measure all, or those named on the command line; write the results."""
    grounds = {name: Ground(name) for name in ("mnist-2d", "mnist-16d")}
    ground = grounds["mnist-2d"]
    claims = {
        "C1": lambda: claim_1(ground),
        "C2": lambda: claim_2(ground),
        "C3": claim_3,
        "C4": claim_4,
        "C5": lambda: claim_5(ground),
        "C6": lambda: claim_6(ground),
        "C7": lambda: claim_7(grounds),
        "C8": claim_8,
        "C10": claim_10,
        "C13": lambda: claim_13(ground),
        "C14": lambda: claim_14(grounds),
        "C16": lambda: claim_16(ground),
    }
    wanted = sys.argv[1:] or list(claims)
    if unknown := set(wanted) - set(claims):
        sys.exit(f"expected some of {', '.join(claims)}, got {', '.join(sorted(unknown))}")
    RESULTS.parent.mkdir(exist_ok=True)
    before = json.loads(RESULTS.read_text())["claims"] if RESULTS.exists() else {}
    results = {}
    for claim, measure in claims.items():
        if claim in wanted or claim in before:
            results[claim] = measure() if claim in wanted else before[claim]
        if claim in wanted:
            print(claim, json.dumps(results[claim], indent=2), flush=True)
    content = {"command": "python benchmarks/claims.py", "claims": results}
    RESULTS.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
