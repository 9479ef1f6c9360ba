"""Samples and paths on `mnist-16d`, from a ratio and from a score network, judged without either.

    python benchmarks/score_mnist.py      # ten minutes of one core

50,000 training codes teach, the other 10,000 hold out; every method has four times the steps of
`score.py` and the same rows, and its own rate, by `fisher_loss` on held-out codes. From 2,000
samples of the prior a ratio walks 300 steps of MALA, the score network 300 steps of annealed
Langevin dynamics (10 levels of noise, and one step without noise at the end). Each has its own step
size, of six, by the energy distance to held-out codes. An energy is a compass too
(`denoising.as_ratio`), so it also walks as a ratio does. Judged on one half of the test codes,
beside the other half: by the features of the judge of pixels (Frechet distance; precision and
recall with 3 neighbours), its confidence, the cycle error, and the distance to the 10th nearest
code. Paths are strings from straight lines between 100 pairs. Writes results/score_mnist.json.
"""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import score
import torch
from denoising import SIGMAS, Score, ScoreNetwork, as_ratio, fisher_loss, fit_score
from intervals import found, words
from printed import number
from scipy import linalg
from score import BRIDGED, DENOISED, ONE, ROWS, SAMPLED, milliseconds, score_of, seeded, told
from torch import Tensor

from nav_utils.densities import StandardNormal
from nav_utils.evaluation import Reference, halves
from nav_utils.fitting import fit_ratio
from nav_utils.interpolation import lerp
from nav_utils.langevin import langevin
from nav_utils.pretrained import load_classifier, load_pretrained
from nav_utils.ratio import DensityRatio
from nav_utils.spaces import LatentSpace
from nav_utils.strings import relaxed

STEPS, N, FITTED = 300, 2000, 50_000  # of a walk; samples; codes that teach
LEARN = 4 * score.STEPS  # steps of a training
WIDTHS = {
    "MALA": (0.005, 0.01, 0.02, 0.05, 0.1, 0.2),
    "annealed": (0.025, 0.05, 0.1, 0.2, 0.4, 0.8),
}
LEVELS = 10
COMPASS = "denoising, as a ratio"
SHIPPED = "one ratio, shipped"
MEASURES = ("confidence", "cycle error", "distance")
Walk = Callable[[float, Tensor, int], Tensor]  # of a step size, starts (N, d) and a seed


class Fitted(NamedTuple):
    """A method after its training: how it answers, walks, and what it took."""

    score: Score
    walk: Walk
    widths: tuple[float, ...]
    facts: dict[str, float]


def mala(ratio: DensityRatio) -> Walk:
    """Metropolis-adjusted Langevin dynamics by the ratio."""
    return lambda width, z, seed: langevin(z, ratio, width, STEPS, seed=seed).z


def annealed(network: ScoreNetwork, lowest: float, highest: float = 1.0) -> Walk:
    """Langevin dynamics at falling levels of noise, h = width * sigma^2 (Song and Ermon 2019)."""
    levels = np.geomspace(highest, lowest, LEVELS)

    def walk(width: float, z: Tensor, seed: int) -> Tensor:
        generator = seeded(seed)
        z = z + highest * torch.randn(z.shape, generator=generator)
        for sigma in map(float, levels):
            field, h = network.at(sigma), width * sigma**2
            for _ in range(STEPS // LEVELS):
                noise = torch.randn(z.shape, generator=generator)
                z = z + h * field(z).detach() + math.sqrt(2 * h) * noise
        return z + lowest**2 * field(z).detach()  # the mean of the code, given the noisy one

    return walk


def trained(space: LatentSpace, pilots: dict[str, Any]) -> dict[str, Fitted]:
    """All methods, each at the rate of least fisher loss."""
    codes, held_out = space.codes[:FITTED], space.codes[FITTED:]
    stopping, choosing = held_out[:5000], held_out[5000:7000]
    form = score.chosen(pilots)["8"]
    fitted: dict[str, Fitted] = {}
    for method in (ONE, BRIDGED):
        tried = []
        for rate in score.RATES:
            start = time.process_time()
            ratio = fit_quietly(codes, held_out, form[method]["bridges"], rate)
            facts = {"seconds": time.process_time() - start, "rate": rate}
            tried.append((fisher_loss(score_of(ratio), choosing), ratio, facts))
        loss, ratio, facts = min(tried, key=lambda one: one[0])
        facts["fisher loss"] = loss
        fitted[method] = Fitted(ratio.score_q, mala(ratio), WIDTHS["MALA"], facts)
    assert isinstance(space.ratio, DensityRatio)
    facts = {"fisher loss": fisher_loss(score_of(space.ratio), choosing)}
    fitted[SHIPPED] = Fitted(space.ratio.score_q, mala(space.ratio), WIDTHS["MALA"], facts)
    candidates = []
    for rate in score.RATES:
        start = time.process_time()
        network = fit_score(
            codes, stopping, energy=True, steps=LEARN, rows=ROWS, learning_rate=rate
        )
        seconds = time.process_time() - start
        for sigma in SIGMAS:
            loss = fisher_loss(network.at(sigma), choosing)
            facts = {"seconds": seconds, "rate": rate, "sigma": sigma, "fisher loss": loss}
            candidates.append((loss, network, facts))
    _, network, facts = min(candidates, key=lambda one: one[0])
    sigma = facts["sigma"]
    walk = annealed(network, sigma)
    fitted[DENOISED] = Fitted(network.at(sigma), walk, WIDTHS["annealed"], facts)
    compass = as_ratio(network, sigma, held_out[7000:])
    fitted[COMPASS] = Fitted(compass.score_q, mala(compass), WIDTHS["MALA"], facts)
    return fitted


def fit_quietly(codes: Tensor, held_out: Tensor, bridges: int, rate: float) -> DensityRatio:
    """`fit_ratio` with this budget, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit_ratio(
            codes, held_out, bridges=bridges, steps=LEARN, batch_size=ROWS // 2,
            learning_rate=rate, progress=False,
        )  # fmt: skip


def energy_distance(x: Tensor, y: Tensor) -> float:
    """0 for equal distributions, up to noise, of samples (N, d) and (M, d)."""
    x, y = x.double(), y.double()
    within = [torch.cdist(u, u).sum() / (len(u) * (len(u) - 1)) for u in (x, y)]
    return float(2 * torch.cdist(x, y).mean() - within[0] - within[1])


class Judge:
    """What judges samples and paths: one half of the test codes, and networks that saw pixels.

    Args:
        space: its test codes are halved as everywhere.
    """

    def __init__(self, space: LatentSpace) -> None:
        self.classifier = load_classifier()
        self.model = space.model
        self.reference = Reference(space.test_codes, space.model, self.classifier)
        self.pool = halves(len(space.test_codes))[1]
        self.real = self.features(self.reference.density_codes)

    @torch.no_grad()
    def features(self, z: Tensor) -> Tensor:
        """Of the images of codes (N, d): the last hidden layer of the judge, (N, 128) float64."""
        parts = [self.classifier.layers[:-1](self.model.decode(part)) for part in z.split(500)]
        return torch.cat(parts).double()

    def __call__(self, z: Tensor) -> dict[str, float]:
        """All measures of samples (N, d)."""
        features, measures = self.features(z), self.reference.measures(z)
        precision, recall = precision_recall(features, self.real[: len(z)])
        rows = {"Frechet": frechet(features, self.real), "precision": precision, "recall": recall}
        return rows | {name: float(measures[name].mean()) for name in MEASURES}


def frechet(x: Tensor, y: Tensor) -> float:
    """Squared Frechet distance of the normal distributions of features (N, f) and (M, f)
    (Heusel et al. 2017).
    """
    (m, s), (n, t) = ((u.mean(0).numpy(), np.cov(u.numpy(), rowvar=False)) for u in (x, y))
    root = linalg.sqrtm(s @ t).real
    return float(((m - n) ** 2).sum() + np.trace(s + t - 2 * root))


def precision_recall(x: Tensor, real: Tensor, k: int = 3) -> tuple[float, float]:
    """Shares of x within the k-NN balls of the real ones, and of the real ones within those of x
    (Kynkaanniemi et al. 2019), of features (N, f) and (M, f).
    """

    def covered(points: Tensor, centres: Tensor) -> float:
        radius = torch.cdist(centres, centres).kthvalue(k + 1, dim=1).values
        return float((torch.cdist(points, centres) <= radius).any(1).double().mean())

    return covered(x, real), covered(real, x)


def sampled(space: LatentSpace, fitted: dict[str, Fitted], judge: Judge) -> dict[str, Any]:
    """Every method's samples over three seeds, beside the prior's and real codes."""
    prior, target = StandardNormal(space.codes.shape[1]), space.codes[FITTED : FITTED + N]
    rows: dict[str, list[dict[str, float]]] = {"real codes": [], "samples of the prior": []}
    pool = space.test_codes[judge.pool]
    for seed in range(3):
        starts = prior.sample(N, seeded(seed))
        rows["samples of the prior"].append(judge(starts))
        rows["real codes"].append(
            judge(pool[torch.randperm(len(pool), generator=seeded(seed))[:N]])
        )
    for name, method in fitted.items():
        first = prior.sample(1000, seeded(9))
        gaps = {w: energy_distance(method.walk(w, first, 9), target) for w in method.widths}
        width = min(gaps, key=gaps.__getitem__)
        rows[name] = []
        for seed in range(3):
            start = time.process_time()
            z = method.walk(width, prior.sample(N, seeded(seed)), seed)
            seconds = time.process_time() - start
            rows[name].append(judge(z) | {"step size": width, "seconds to sample": seconds})
        print(name, json.dumps(rows[name][0]), flush=True)
    return rows


class Field:
    """What a string asks: the score alone."""

    def __init__(self, score: Score) -> None:
        self.ask = score

    def score_q(self, z: Tensor) -> Tensor:
        """Scores (..., d) at points (..., d)."""
        return self.ask(z.reshape(-1, z.shape[-1])).detach().reshape(z.shape)


def strings(space: LatentSpace, fitted: dict[str, Fitted], judge: Judge) -> dict[str, Any]:
    """Strings from straight lines between pairs of different classes, by each score."""
    pool, labels = space.test_codes[judge.pool], space.test_labels[judge.pool]
    rows = torch.randint(len(pool), (400, 2), generator=seeded(1))
    rows = rows[labels[rows[:, 0]] != labels[rows[:, 1]]][:100]
    line = lerp(*pool[rows].unbind(1), torch.linspace(0, 1, 32))
    paths = {"straight line": line}
    for name, method in fitted.items():
        if name != COMPASS:
            paths[name] = relaxed(line, Field(method.score), 100, 0.01).points  # type: ignore[arg-type]
    chord = (line[:, -1] - line[:, 0]).norm(dim=-1)
    table = {"real codes": {m: words([[found(judge.reference.usual[m])]]) for m in MEASURES}}
    table["real codes"]["length"] = ""
    for name, points in paths.items():
        measures = judge.reference.measures(points)
        table[name] = {m: words([[found(measures[m].mean(1))]]) for m in MEASURES}
        table[name]["length"] = words(
            [[found((points.diff(dim=1).norm(dim=-1).sum(1) / chord).round(decimals=4))]]
        )
        print(name, json.dumps(table[name]), flush=True)
    return table


def whole(space: LatentSpace) -> dict[str, Any]:
    """Train, sample, plan and judge."""
    fitted, judge = trained(space, json.loads(score.RESULTS.read_text())["pilot"]), Judge(space)
    runs, z = sampled(space, fitted, judge), space.test_codes
    table = {}
    for name, rows in runs.items():
        table[name] = {
            key: told([row[key] for row in rows], 1 if key == "Frechet" else 3)
            for key in ("Frechet", "precision", "recall", *MEASURES)
        }
    costs = {}
    for name, method in fitted.items():
        row = {key: number(value) for key, value in method.facts.items()}
        row["ask, ms"] = number(milliseconds(method.score, z), 2)
        row["step size"] = number(runs[name][0]["step size"])
        row["seconds to sample"] = number(
            np.median([r["seconds to sample"] for r in runs[name]]), 2
        )
        costs[name] = {"seconds": "", "rate": "", "sigma": ""} | row
    return {
        "command": "python benchmarks/score_mnist.py",
        "samples": table,
        "costs": costs,
        "paths": strings(space, fitted, judge),
        "runs": runs,
    }


def main() -> None:
    """Do it all, and write the results."""
    torch.set_num_threads(1)
    content = whole(load_pretrained("mnist-16d"))
    SAMPLED.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
