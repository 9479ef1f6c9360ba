"""Is adversarial shaping what makes a classifier a good score? A sweep with the exact truth.

    python benchmarks/sweep.py            # all that is not there yet: eight minutes of one core
    python benchmarks/sweep.py --seeds 1

Ten clusters u in R^d (covariance I, `KL_OF_U` nats from N(0, I)) are made into images of 8 x 8
pixels on a random smooth surface, and `train_aae` makes them into codes, with the adversarial
weight lambda in `WEIGHTS`. As u is known, the density q of the codes and its score are known
exactly (`pushed.py`). Controls: lambda = 0 with codes brought to mean 0 and covariance I by a
linear map ("0, whitened"); and no autoencoder at all, mixtures at some KL ("mixture, KL 1":
unshaped codes).

On n fresh codes, for n in `COUNTS`: one ratio and a denoising energy of many levels, as in
score.py, of equal data, steps, rows and widths (`SIZE`, a very short training), each with the rate
that the pilot of score.py chose for the dimension, the network with the level of noise of least
Fisher loss; with 10,000 codes also a ratio with bridges. Held out are n / 5 codes, at least 200.
The mixtures have 10,000 codes only, and of lambda = 0 as it comes only the facts are told.

Definitions, set down before any fit was looked at
- KL: the mean of log q - log p over 2,000 other codes.
- error: the mean squared error of the score there, by the mean square of the true score. Bulk
  error: the same without the 5 % of codes of largest true score.
- compass error: the mean squared error of the bulk by the mean square of the true grad a. The
  prior's score is known to all, so this is what is wrong with what was learned; 1 is as good as
  D = 1/2 everywhere.
- reconstruction: cross-entropy of held-out images above that of the image itself, in nats.
- usable: at most 0.5 % of 200 codes have a second preimage, and the least eigenvalue of the codes'
  covariance is above 0.05. Other spaces are marked, and left out of every finding. (Det J had to
  have one sign, too, until seed 1: there whole clusters of the plane were mirrored, with the crease
  in the empty space between them. Nothing lies upon them, so that q is as exact as elsewhere.)
- paths: 60 pairs of codes of different clusters, by `Graph` with the one ratio (in the plane on its
  grid), by the k-NN graph with edges of length^(d + 1), whose limit is the same cost, both with the
  same codes (at most 2,000), and by the straight line. Each path is decoded at 200 places, each
  brought to the nearest place u of the surface, and judged by the lowest log p(u) on it: no ratio
  and no q is asked. The gain of D is the median over the pairs of the path with D less the path
  without, in nats; wins are the share of pairs in which it is the higher one, equal ones half.
- crossing: the KL at which the error of one ratio equals that of the score network, on the line
  between neighbours in log KL. With log(error / error) = a + b log KL + c log log n, fitted seed by
  seed, a crossing that follows KL / log n has the exponent -c / b = 1.

Predicted (after a trial of the trainings with other seeds, before any fit)
1. In the plane KL falls with lambda to about one nat. In eight dimensions it is least near
   lambda = 0.2 and then rises: thin sheets and folds, which a smooth discriminator does not see.
2. The error of one ratio falls with lambda, that of the score network hardly changes.
3. They cross in the plane at one to two nats; in eight dimensions below one nat or not at all.
4. The exponent is not 1: with fewer codes both get worse alike.
5. The compass error has its least value inside the sweep, at some nats, and with fewer codes at
   more nats: below it there is too little to read.
6. D's gain in paths is largest for small lambda, and nothing at lambda = 5.
7. Whitening alone does most of what shaping does for the ratio; at equal KL shaped codes are no
   better than a mixture.

Two first runs were stopped: one was too slow; in the other (rate 1e-3) the autoencoders of eight
dimensions had learnt too little, and some folded or collapsed. Sizes, weights and rate (now that of
`train_aae`) were changed then, and the bulk was added: at lambda = 5 a few codes on creases of the
encoder had scores of some thousands, and all of the error. Findings are those of the bulk. Seed 0
of the plane and one space of eight dimensions had been looked at. The predictions are as they were;
lambda = 5 is no longer in the sweep.

Intervals are 95 %, over seeds (Student's t). Writes results/sweep.json after each space.
"""

from __future__ import annotations

import argparse
import copy
import functools
import json
import pathlib
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from bridges import relative_error, seeded
from controls import ByLength
from denoising import fisher_loss
from pushed import SIDE, Encoder, Pushed, Surface, pushed, second_preimages
from score import (
    DENOISED,
    METHODS,
    ONE,
    Parts,
    Size,
    by_level,
    chosen,
    clusters,
    fitted_network,
    fitted_ratio,
    score_of,
)
from score import RESULTS as SCORES
from swept import chart, findings, printed
from torch import Tensor

from nav_utils.densities import GaussianMixture, StandardNormal
from nav_utils.models import AAE
from nav_utils.navigation import Graph, Path, navigate
from nav_utils.ratio import Ratio
from nav_utils.training import reconstruction_nats, train_aae

RESULTS = pathlib.Path(__file__).resolve().parent / "results" / "sweep.json"
WEIGHTS = (0.0, 0.02, 0.1, 0.3, 1.0)
WHITENED = "0, whitened"
MIXTURES = (1.0, 4.0)  # nats, of the unshaped codes
KL_OF_U = {2: 2.0, 8: 4.0}
MANY = 10_000
COUNTS = (MANY, 1000)
SIZE = Size(steps=400, rows=512, hidden=(64, 64, 64))
IMAGES, EPOCHS, TEST = 20_000, 8, 2000
BULK = 0.95  # of the codes, those of smaller true score
PAIRS, NODES, PLACES = 60, 2000, 200
STRAIGHT, PLAIN, WITH_D = PLANNERS = ("line", "without D", "with D")


class World(NamedTuple):
    """What is known: p(u), and the surface on which the images lie."""

    p: GaussianMixture
    surface: Surface
    seed: int

    def places(self, n: int, part: int) -> Tensor:
        """n places u (n, d) of one part: no two parts share any."""
        return self.p.sample(n, seeded(1000 * part + self.seed), torch.float64)


class Space(NamedTuple):
    """Codes of places u, and the logits of the pixels of codes; both in double precision."""

    encode: Encoder
    decode: Callable[[Tensor], Tensor] | None  # none where there is no autoencoder


def world(dim: int, kl: float, seed: int) -> World:
    """Clusters in R^dim at so many nats from N(0, I), and their surface."""
    return World(clusters(dim, kl, seed), Surface.drawn(dim, seeded(500 + seed)), seed)


# ---- spaces -----------------------------------------------------------------------------------


def trained(where: World, weight: float, epochs: int = EPOCHS, images: int = IMAGES) -> Space:
    """The space of an adversarial autoencoder of one weight."""
    dim, shape = where.p.dim, (1, SIDE, SIDE)
    x = where.surface.pixels(where.places(images, 1)).float().unflatten(-1, shape)
    model = AAE(shape, dim, hidden=(128, 128), seed=where.seed)
    train_aae(model, x, epochs, weight=weight, seed=where.seed, progress=False)
    encoder, decoder = (
        copy.deepcopy(part).double().requires_grad_(False)
        for part in (model.encoder, model.decoder)
    )
    return Space(lambda u: encoder(where.surface.pixels(u)), decoder)


def whitened(where: World, space: Space) -> Space:
    """The space after the linear map that gives the codes mean 0 and covariance I."""
    codes = space.encode(where.places(IMAGES, 1))
    mean, root = codes.mean(0), torch.linalg.cholesky(codes.T.cov())
    inverse, decode = torch.linalg.inv(root), space.decode
    assert decode is not None
    return Space(
        lambda u: (space.encode(u) - mean) @ inverse.T, lambda z: decode(z @ root.T + mean)
    )


def bulk(truth: Pushed) -> Tensor:
    """Which codes are of the bulk, (N,) bool."""
    size = truth.score.norm(dim=1)
    return size <= size.quantile(BULK)


def mean_square(vectors: Tensor) -> float:
    """Of vectors (N, d)."""
    return float(vectors.square().sum(1).mean())


def facts(where: World, space: Space, truth: Pushed, u: Tensor) -> dict[str, Any]:
    """What is known of a space without any fit."""
    prior = StandardNormal(where.p.dim)
    log_p = prior.log_prob(truth.codes)
    values = torch.linalg.eigvalsh(truth.codes.T.cov())
    folded = float((truth.sign != truth.sign.sum().sign()).double().mean())
    twice = second_preimages(space.encode, u) if space.decode else 0.0
    kept = bulk(truth)
    known: dict[str, Any] = {
        "KL": float((truth.log_q - log_p).mean()),
        "mean square of the score": mean_square(truth.score),
        "mean square of the score, bulk": mean_square(truth.score[kept]),
        "mean square of grad a, bulk": mean_square((prior.score(truth.codes) - truth.score)[kept]),
        "least eigenvalue": float(values[0]),
        "largest eigenvalue": float(values[-1]),
        "det J of the other sign": folded,
        "second preimages": twice,
        "usable": twice <= 0.005 and float(values[0]) > 0.05,
    }
    if space.decode:
        x, own = where.surface.pixels(u), where.surface.logits(u)
        with torch.no_grad():
            both = [
                reconstruction_nats(logits, x).mean() for logits in (space.decode(truth.codes), own)
            ]
        known["reconstruction"] = float(both[0] - both[1])
    return known


# ---- cells ------------------------------------------------------------------------------------


def cell(
    where: World, space: Space, truth: Pushed, n: int, best: dict[str, Any], size: Size = SIZE
) -> dict[str, Any]:
    """The methods on n codes, and the paths of one ratio."""
    codes = space.encode(where.places(n, 2)).float()
    held_out = space.encode(where.places(max(n // 5, 200), 3)).float()
    stopping, choosing = held_out.chunk(2)
    data = Parts(codes, stopping, choosing[:500])
    row: dict[str, Any] = {}
    kept = bulk(truth)
    for method in METHODS if n == MANY else (ONE, DENOISED):
        start = time.process_time()
        if method == DENOISED:
            scores = by_level(fitted_network(data, where.seed, best[method], size))
        else:
            ratio = fitted_ratio(data, where.seed, best[method], size)
            scores = {"0": score_of(ratio)}
        losses = {name: fisher_loss(score, data.choosing) for name, score in scores.items()}
        level = min(losses, key=losses.__getitem__)
        answer = scores[level](truth.codes.float()).detach()
        row[method] = {
            "error": relative_error(answer, truth.score.float()),
            "bulk error": relative_error(answer[kept], truth.score[kept].float()),
            "fisher loss": losses[level],
            "sigma": float(level),
            "seconds": time.process_time() - start,
        }
        if method == ONE and space.decode is not None:
            row["paths"] = paths(where, space, ratio, codes[:NODES])
    return row


def ends(where: World) -> tuple[Tensor, Tensor]:
    """Places u (PAIRS, d) twice, of different clusters."""
    u = where.places(8 * PAIRS, 4)
    label = torch.cdist(u, where.p.means).argmin(1)
    a, b = torch.arange(len(u)).chunk(2)
    apart = (label[a] != label[b]).nonzero()[:PAIRS, 0]
    return u[a[apart]], u[b[apart]]


def paths(where: World, space: Space, ratio: Ratio, nodes: Tensor) -> dict[str, Any]:
    """The gain of D over the graph without it, and what each planner's paths are like."""
    z_a, z_b = (space.encode(u).float() for u in ends(where))
    power = where.p.dim + 1.0
    planners: dict[str, Any] = {
        STRAIGHT: "straight",
        PLAIN: ByLength(nodes, power),
        WITH_D: Graph(codes=nodes),
    }
    lowest: dict[str, Tensor] = {}
    told: dict[str, Any] = {}
    for name, planner in planners.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = navigate(z_a, z_b, ratio, planner)
        lowest[name], told[name] = judged(where, space, path)
    gain = lowest[WITH_D] - lowest[PLAIN]
    told["gain of D, nats"] = float(gain.median())
    told["wins of D"] = float(((gain > 0).double() + 0.5 * (gain == 0)).mean())
    told["gain over the line, nats"] = float((lowest[WITH_D] - lowest[STRAIGHT]).median())
    return told


def judged(where: World, space: Space, path: Path) -> tuple[Tensor, dict[str, float]]:
    """The lowest log p(u) of each path, (B,); and medians over the paths."""
    assert space.decode is not None
    dense = path.resample(PLACES).double()
    with torch.no_grad():
        logits = space.decode(dense.flatten(0, 1))
        u, off = where.surface.nearest(logits)
        u, off = u.unflatten(0, dense.shape[:2]), off.unflatten(0, dense.shape[:2])
        log_p = where.p.log_prob(u)
    length = u.diff(dim=1).norm(dim=-1).sum(1) / (u[:, -1] - u[:, 0]).norm(dim=-1)
    return log_p.amin(1), {
        "lowest log p": float(log_p.amin(1).median()),
        "mean log p": float(log_p.mean(1).median()),
        "length over chord": float(length.median()),
        "off the surface": float(off.mean(1).median()),
    }


# ---- all of it --------------------------------------------------------------------------------


def spaces(dim: int, seed: int) -> dict[str, Callable[[], tuple[World, Space]]]:
    """How to make each space of a dimension and a seed, by name."""
    data = world(dim, KL_OF_U[dim], seed)

    def unshaped(kl: float) -> tuple[World, Space]:
        return world(dim, kl, seed), Space(lambda u: u, None)

    @functools.cache
    def shaped(weight: float) -> tuple[World, Space]:
        return data, trained(data, weight)

    def white() -> tuple[World, Space]:
        return data, whitened(*shaped(0.0))

    made = {f"{weight:g}": functools.partial(shaped, weight) for weight in WEIGHTS}
    mixtures = {f"mixture, KL {kl:g}": functools.partial(unshaped, kl) for kl in MIXTURES}
    return made | {WHITENED: white} | mixtures


def measured(name: str, where: World, space: Space, best: dict[str, Any]) -> dict[str, Any]:
    """A space: its facts, and a cell for each number of codes, if it is usable."""
    u = where.places(TEST, 5)
    truth = pushed(where.p, space.encode, u)
    row = facts(where, space, truth, u)
    counts = (MANY,) if space.decode is None else COUNTS
    usable = counts if row["usable"] and name != "0" else ()
    return row | {"cells": {str(n): cell(where, space, truth, n, best) for n in usable}}


def runs_of(runs: dict[str, Any], seeds: int, save: Callable[[], None]) -> None:
    """All spaces that are not there yet, seed by seed."""
    pilots = chosen(json.loads(SCORES.read_text())["pilot"])
    for seed in range(seeds):
        for dim in KL_OF_U:
            for name, make in spaces(dim, seed).items():
                done = runs.setdefault(f"{dim}-D", {}).setdefault(name, {})
                if str(seed) in done:
                    continue
                start = time.process_time()
                row = measured(name, *make(), pilots[str(dim)])
                done[str(seed)] = row | {"seconds": time.process_time() - start}
                print(seed, dim, name, json.dumps(done[str(seed)]), flush=True)
                save()


def main() -> None:
    """Run all that is not there yet, and write the results after each space."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    torch.set_num_threads(1)
    runs: dict[str, Any] = json.loads(RESULTS.read_text())["runs"] if RESULTS.exists() else {}

    def save() -> None:
        write_atomically(
            {
                "command": "python benchmarks/sweep.py",
                "size": SIZE._asdict() | {"images": IMAGES, "epochs": EPOCHS},
                "cells": printed(runs),
                "findings": findings(runs),
                "chart": chart(runs),
                "runs": runs,
            }
        )

    runs_of(runs, seeds, save)
    save()


def write_atomically(content: dict[str, Any]) -> None:
    """In one move, so that a run that is cut off leaves the results as they were."""
    part = RESULTS.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1) + "\n")
    part.replace(RESULTS)


if __name__ == "__main__":
    main()
