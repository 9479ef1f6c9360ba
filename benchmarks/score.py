"""One ratio, a ratio with bridges, and a denoising score network on exact densities.

    python benchmarks/score.py            # all that is not there yet: fifteen minutes of one core
    python benchmarks/score.py --seeds 1

Ten clusters in d dimensions whose total covariance is the prior's; their deviation sets how far
codes and prior are apart, KL(q || p). All methods have the same codes and held-out codes, three
hidden layers of 128, 1,000 steps, 512 rows in a batch and the same AdamW. That is a *short*
training, a quarter of the steps and of the rows of `bridges.py`: it had to fit half an hour of one
core for everything. Each method has its own learning rate, and the score network its own level of
noise. Both are chosen by `fisher_loss` on held-out codes, which estimates the very error that is
measured; the exact density is never asked. Which forms of the score network and how many bridges
are worth it was tried first, at one KL in 2 and in 8 dimensions; that is the part "pilot" of the
results. Other dimensions, 2 and 32 (with what the pilot chose in 8), have a part of their own.
(`bridges.py` goes on to 32 dimensions, without a score network.)

Errors are mean squared errors of the score as a share of its mean square, on fresh codes and on
random points of lines between codes. Writes results/score.json after each cell; a run that was cut
off goes on there.
"""

from __future__ import annotations

import argparse
import json
import math
import pathlib
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from bridges import relative_error, seeded
from denoising import SIGMAS, Score, ScoreNetwork, fisher_loss, fit_score
from intervals import found, words
from torch import Tensor

from nav_utils.densities import GaussianMixture
from nav_utils.fitting import fit_ratio
from nav_utils.ratio import DensityRatio, ExactRatio, Ratio

RESULTS = pathlib.Path(__file__).resolve().parent / "results" / "score.json"
SAMPLED = RESULTS.with_name("score_mnist.json")
STEPS, ROWS, CLUSTERS, TEST = 1000, 512, 10, 4000
RATES = (3e-3, 1e-2, 3e-2)
PILOT = {2: 2.0, 8: 6.0}  # the KL, in nats, at which rates and forms were tried
CELLS = [  # d, KL in nats, number of codes
    *((8, kl, 10_000) for kl in (2.0, 8.0, 16.0, 4.0, 1.0)),
    *((8, kl, 1000) for kl in (2.0, 8.0)),
]
OTHERS = [(dim, kl, 10_000) for dim, kls in ((2, (1.0, 4.0)), (32, (4.0, 16.0))) for kl in kls]
CHOSEN_AT = {32: 8}  # the pilot has no 32 dimensions
LEDGER = {f"{kl:g} nats": (8, kl, 10_000) for kl in (2.0, 8.0)}
ONE, BRIDGED, DENOISED = METHODS = ("one ratio", "bridges", "denoising")
Options = dict[str, Any]


class Size(NamedTuple):
    """How long and how wide every network of a cell is trained."""

    steps: int = STEPS
    rows: int = ROWS
    hidden: tuple[int, ...] = (128, 128, 128)


SHORT = Size()


class Parts(NamedTuple):
    """Codes to fit, to stop by and to choose by, each (N, d)."""

    codes: Tensor
    stopping: Tensor
    choosing: Tensor


class Data(NamedTuple):
    """A density and what is drawn from it: to fit, to stop by, to choose by, and to measure on."""

    exact: ExactRatio
    codes: Tensor  # (n, d)
    stopping: Tensor
    choosing: Tensor
    places: dict[str, Tensor]  # "on q" and "on lines", (TEST, d)


def clusters(dim: int, kl: float, seed: int) -> GaussianMixture:
    """Ten clusters, total covariance I, with KL(q || N(0, I)) = kl nats if they do not overlap:
    then it is -d log std - log 10.
    """
    std = math.exp(-(kl + math.log(CLUSTERS)) / dim)
    means = torch.randn(CLUSTERS, dim, generator=seeded(seed), dtype=torch.float64)
    means = means - means.mean(0)
    return GaussianMixture(means / means.square().mean(0).sqrt() * math.sqrt(1 - std**2), std)


def drawn(dim: int, kl: float, n: int, seed: int) -> Data:
    """n codes of a mixture, a fifth as many held out, and places to measure at."""
    q, generator = clusters(dim, kl, seed), seeded(1000 + seed)
    codes, held_out = q.sample(n, generator), q.sample(n // 5, generator)
    z, others = q.sample(TEST, generator), q.sample(TEST, generator)
    lines = torch.lerp(z, others, torch.rand(TEST, 1, generator=generator))
    return Data(ExactRatio(q), codes, *held_out.chunk(2), {"on q": z, "on lines": lines})


def score_of(ratio: Ratio) -> Score:
    """The score by a ratio, as a function that autograd may go through."""

    def score(z: Tensor) -> Tensor:
        with torch.enable_grad():
            x = z if z.requires_grad else z.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(ratio.logit(x).sum(), x, create_graph=True)
        return ratio.prior.score(z) - gradient

    return score


def fitted_ratio(
    data: Data | Parts, seed: int, options: Options, size: Size = SHORT
) -> DensityRatio:
    """One ratio, or one with bridges; options: "rate" and "bridges"."""
    held_out = torch.cat([data.stopping, data.choosing])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit_ratio(
            data.codes, held_out, seed=seed, bridges=options["bridges"], hidden=size.hidden,
            steps=size.steps, batch_size=size.rows // 2, learning_rate=options["rate"],
            progress=False,
        )  # fmt: skip


def fitted_network(
    data: Data | Parts, seed: int, options: Options, size: Size = SHORT
) -> ScoreNetwork:
    """A score network; options: "rate", and those of `fit_score`."""
    options = dict(options)
    return fit_score(
        data.codes, data.stopping, seed=seed, steps=size.steps, rows=size.rows, hidden=size.hidden,
        learning_rate=options.pop("rate"), **options,
    )  # fmt: skip


def fitted(data: Data, seed: int, options: Options) -> tuple[dict[str, Score], dict[str, float]]:
    """Scores by name (one for each level of noise), and seconds to train and to ask.

    Args:
        options: "rate"; "bridges" for a ratio, else those of `fit_score`.
    """
    start = time.process_time()
    scores: dict[str, Score]
    if "bridges" in options:
        ratio = fitted_ratio(data, seed, options)
        scores, ask = {"0": score_of(ratio)}, ratio.score_q
    else:
        network = fitted_network(data, seed, options)
        scores = by_level(network)
        ask = next(iter(scores.values()))
    seconds = time.process_time() - start
    return scores, {"seconds": seconds, "ask, ms": milliseconds(ask, data.places["on q"])}


def by_level(network: ScoreNetwork) -> dict[str, Score]:
    """The scores of a network, by level of noise."""
    levels = SIGMAS if network.sigma is None else (network.sigma,)
    return {f"{level:g}": network.at(level) for level in levels}


def milliseconds(ask: Score, z: Tensor, times: int = 5) -> float:
    """Of processor time, to ask for the score at the points (N, d): the best of some."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        ask(z)
        taken.append(1000 * (time.process_time() - start))
    return min(taken)


def measured(data: Data, seed: int, options: Options) -> dict[str, float]:
    """Fit once, choose the level of noise by `fisher_loss`, and compare with the exact score."""
    scores, seconds = fitted(data, seed, options)
    losses = {name: fisher_loss(score, data.choosing) for name, score in scores.items()}
    best = min(losses, key=losses.__getitem__)
    errors = {
        where: relative_error(scores[best](z).detach(), data.exact.score_q(z.double()).float())
        for where, z in data.places.items()
    }
    return errors | {"fisher loss": losses[best], "sigma": float(best)} | seconds


def forms() -> dict[str, Options]:
    """What the pilot tries, each at every rate."""
    ratios = {"one ratio": 1, "4 bridges": 4, "8 bridges": 8}
    return {name: {"bridges": k} for name, k in ratios.items()} | {
        "score, many levels": {},
        "energy, many levels": {"energy": True},
    }


def single_levels(rate: float) -> dict[str, Options]:
    """Score networks of one level each, at one rate."""
    return {
        f"{form}, one level, {sigma:g}": {"sigma": sigma, "energy": form == "energy", "rate": rate}
        for sigma in SIGMAS[1:4]
        for form in ("score", "energy")
    } | {"energy, many levels, noise not paired": {"energy": True, "paired": False, "rate": rate}}


def pilot(runs: dict[str, Any], save: Callable[[], None]) -> None:
    """Rates and forms at one KL in each dimension, with a seed that is not measured later."""
    for dim, kl in PILOT.items():
        done, data = runs.setdefault(str(dim), {}), drawn(dim, kl, 10_000, 100)
        done["KL"] = -float(data.exact.logit(data.places["on q"].double()).mean())
        tried = {
            f"{name}, rate {rate:g}": options | {"rate": rate}
            for name, options in forms().items()
            for rate in RATES
        }
        if dim == 8:
            tried |= single_levels(1e-2)
        for name, options in tried.items():
            if name not in done:
                done[name] = measured(data, 100, options)
                print("pilot", dim, name, json.dumps(done[name]), flush=True)
                save()


def chosen(pilots: dict[str, Any]) -> dict[str, dict[str, Options]]:
    """For each dimension and method the rate, and the number of bridges or the form, of least
    fisher loss."""
    candidates = {ONE: ["one ratio"], BRIDGED: ["4 bridges", "8 bridges"]}
    candidates[DENOISED] = ["score, many levels", "energy, many levels"]
    best: dict[str, dict[str, Options]] = {}
    for dim, runs in pilots.items():
        best[dim] = {}
        for method, names in candidates.items():
            tried = {(name, rate): f"{name}, rate {rate:g}" for name in names for rate in RATES}
            name, rate = min(tried, key=lambda key: runs[tried[key]]["fisher loss"])
            best[dim][method] = forms()[name] | {"rate": rate}
    return best


def tried_forms(pilots: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The rows of the pilot: each form at its best rate, by the Fisher loss."""
    rows = {}
    for dim, runs in pilots.items():
        names = {key.partition(", rate")[0] for key in runs if key != "KL"}
        for form in sorted(names):
            keys = [key for key in runs if key.partition(", rate")[0] == form]
            best = min((runs[key] for key in keys), key=lambda run: run["fisher loss"])
            rows[f"{dim}-D, {form}"] = {
                "on q": f"{best['on q']:.3f}",
                "on lines": f"{best['on lines']:.2f}",
                "fisher loss": f"{best['fisher loss']:.1f}",
                "sigma": f"{best['sigma']:g}" if best["sigma"] else "",
                "seconds": f"{best['seconds']:.0f}",
            }
    return rows


def name_of(dim: int, kl: float, n: int) -> str:
    """A cell, as the results name it."""
    return f"{dim}-D, KL {kl:g}, {n:,} codes"


def cells(
    runs: dict[str, Any],
    best: Any,
    seeds: int,
    save: Callable[[], None],
    which: list[tuple[int, float, int]] = CELLS,
) -> None:
    """All methods, seed by seed: the cells of the ledger, then one seed of the others, then all."""
    todo = [(cell, seed) for seed in range(seeds) for cell in which]
    todo.sort(key=lambda job: (job[0] not in LEDGER.values(), job[1] > 0))
    for cell, seed in todo:
        done = runs.setdefault(name_of(*cell), {})
        if str(seed) in done:
            continue
        data = drawn(*cell, seed)
        z = data.places["on q"].double()
        row: dict[str, Any] = {"KL": -float(data.exact.logit(z).mean())}
        for method in METHODS:
            row[method] = measured(data, seed, best[str(CHOSEN_AT.get(cell[0], cell[0]))][method])
        done[str(seed)] = row
        print(seed, name_of(*cell), json.dumps(row), flush=True)
        save()


def told(values: list[float], digits: int = 2) -> str:
    """Mean and range over the seeds."""
    text = f"{np.mean(values):.{digits}f}"
    return text + f" [{min(values):.{digits}f}, {max(values):.{digits}f}]" * (len(values) > 1)


def printed(runs: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The rows of the tables: each cell, with every error, level and time of every method."""
    rows = {}
    for cell, seeds in runs.items():
        if not seeds:
            continue
        row = rows[cell] = {"seeds": str(len(seeds))}
        row["KL"] = told([run["KL"] for run in seeds.values()], 1)
        for method in METHODS:
            for key in ("on q", "on lines"):
                row[f"{method}, {key}"] = told([run[method][key] for run in seeds.values()])
            for key, digits in (("seconds", 0), ("ask, ms", 1)):
                values = [run[method][key] for run in seeds.values()]
                row[f"{method}, {key}"] = f"{np.median(values):.{digits}f}"
        levels = sorted({run[DENOISED]["sigma"] for run in seeds.values()})
        row["sigma"] = ", ".join(f"{level:g}" for level in levels)
    return rows


def claim_9(small: bool) -> dict[str, str]:
    """The rows of the ledger, of the stored runs; a smaller size fits one seed of them again."""
    results = json.loads(RESULTS.read_text())
    runs, rows = results["runs"], {}
    if small:
        best, runs = chosen(results["pilot"]), {}
        for cell in LEDGER.values():
            data = drawn(*cell, 0)
            row = {method: measured(data, 0, best[str(cell[0])][method]) for method in METHODS}
            runs[name_of(*cell)] = {"0": row}
    for nats, cell in LEDGER.items():
        for method in METHODS:
            seeds = [run[method] for run in runs[name_of(*cell)].values()]
            errors = [seed["on q"] for seed in seeds]
            few = len(errors) < 3  # which say nothing of their spread
            values = [float(np.mean(errors))] if few else errors
            rows[f"error of the score, {method}, {nats}"] = words(
                [[found(value, "number")] for value in values]
            )
    if small:
        return rows
    sampled = json.loads(SAMPLED.read_text())["runs"]
    for name, walks in sampled.items():
        for key in ("Frechet", "confidence"):
            groups = [[found(walk[key], "number") for walk in walks]]
            rows[f"{key}, {name}"] = words(groups)
    return rows


def main() -> None:
    """Run all that is not there yet, and write the results after each cell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    torch.set_num_threads(1)
    before: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    pilots, runs = before.get("pilot", {}), before.get("runs", {})
    others = before.get("other dimensions", {}).get("runs", {})

    def save() -> None:
        content = before | {
            "command": "python benchmarks/score.py",
            "steps": STEPS,
            "rows": ROWS,
            "forms": tried_forms(pilots),
            "cells": printed(runs),
            "other dimensions": {"cells": printed(others), "runs": others},
            "pilot": pilots,
            "runs": runs,
        }
        RESULTS.write_text(json.dumps(content, indent=1) + "\n")

    pilot(pilots, save)
    cells(runs, chosen(pilots), seeds, save)
    cells(others, chosen(pilots), seeds, save, OTHERS)
    save()


if __name__ == "__main__":
    main()
