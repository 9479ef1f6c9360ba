"""Does adversarial shaping make a classifier a good score? A small pilot on 8 x 8 digits.

    python benchmarks/shaping.py      # two minutes of one core

Adversarial autoencoders with three weights of the adversarial loss, in 2 and in 8 dimensions, three
seeds. On the codes of the 1,500 training digits one ratio and one score network (an energy of many
levels) are fitted, small and short: two layers of 64, 400 steps of 256 rows. Half of the 297 test
codes stop the training and choose the level of noise. On the other half the exact score is not
known, so each score is judged by the Fisher loss, as a gain over the prior's own score -z: half of
what it takes off the squared error. 148 codes judge: small differences mean nothing. What this
pilot does not do: more data sets, sizes or rates, and paths.
Writes results/shaping.json after each training; a run that was cut off goes on there.
"""

from __future__ import annotations

import json
import pathlib
import warnings
from typing import Any

import torch
from denoising import SIGMAS, fisher_loss, fit_score
from score import score_of, told

from nav_utils.data import load_images
from nav_utils.encoding import encode_all
from nav_utils.fitting import fit_ratio
from nav_utils.models import AAE
from nav_utils.training import train_aae

RESULTS = pathlib.Path(__file__).resolve().parent / "results" / "shaping.json"
WEIGHTS, DIMS, SEEDS = (0.5, 5.0, 50.0), (2, 8), (0, 1, 2)
SMALL: dict[str, Any] = {"hidden": (64, 64), "steps": 400, "learning_rate": 1e-2}
LEVELS = (*SIGMAS[1:], 0.5)
KEYS = {"reconstruction": 1, "variance": 2, "KL by the ratio": 2, "one ratio": 2, "denoising": 2}


def measured(weight: float, dim: int, seed: int) -> dict[str, float]:
    """Train, fit both on the training codes, and judge both on half of the test codes."""
    train, test = load_images("digits"), load_images("digits", "test")
    model = AAE(
        train.images.shape[1:], latent_dim=dim, hidden=(128, 64), discriminator_hidden=(64, 64),
        seed=seed,
    )  # fmt: skip
    history = train_aae(model, train.images, 60, weight=weight, seed=seed, progress=False)
    codes, held_out = (encode_all(model, part.images, progress=False) for part in (train, test))
    codes, held_out = codes.detach(), held_out.detach()
    order = torch.randperm(len(held_out), generator=torch.Generator().manual_seed(seed))
    stopping, judging = held_out[order].chunk(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ratio = fit_ratio(codes, stopping, seed=seed, batch_size=128, progress=False, **SMALL)
    network = fit_score(codes, stopping, energy=True, seed=seed, rows=256, **SMALL)
    best = min(LEVELS, key=lambda sigma: fisher_loss(network.at(sigma), stopping))
    prior = fisher_loss(lambda z: -z, judging)
    with torch.no_grad():
        kl = -float(ratio.logit(judging).mean())
    return {
        "reconstruction": float(history.epochs("reconstruction")[-1]),
        "variance": float(codes.var(0).mean()),
        "KL by the ratio": kl,
        "one ratio": prior - fisher_loss(score_of(ratio), judging),
        "denoising": prior - fisher_loss(network.at(best), judging),
        "sigma": best,
    }


def main() -> None:
    """Measure all that is not there yet."""
    torch.set_num_threads(1)
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    runs: dict[str, dict[str, dict[str, float]]] = before.get("runs", {})
    for seed in map(str, SEEDS):
        for dim in DIMS:
            for weight in WEIGHTS:
                done = runs.setdefault(f"{dim}-D, lambda {weight:g}", {})
                if seed in done:
                    continue
                done[seed] = measured(weight, dim, int(seed))
                print(dim, weight, seed, json.dumps(done[seed]), flush=True)
                rows = {name: printed(list(seeds.values())) for name, seeds in runs.items()}
                content = {"command": "python benchmarks/shaping.py", "rows": rows, "runs": runs}
                RESULTS.write_text(json.dumps(content, indent=1) + "\n")


def printed(seeds: list[dict[str, float]]) -> dict[str, str]:
    """Mean and range of each entry over the seeds."""
    return {key: told([seed[key] for seed in seeds], digits) for key, digits in KEYS.items()}


if __name__ == "__main__":
    main()
