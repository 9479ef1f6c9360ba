"""More latent spaces like the shipped ones: other seeds, other refits, and no gradient penalty.

    python benchmarks/seeds.py FOLDER    # MNIST from NAV_UTILS_DATA; about an hour on one core

Trains the recipes of `mnist-2d` and `mnist-16d` with three seeds, each with the
penalty and without it, and fits three ratios to each that has the penalty, one to each that has
not. Seed 0 with the penalty is what the package ships, with the shipped ratio as its refit 0.
What is there already is left as it is, and an interrupted run goes on where it was. Without the
penalty a run may diverge: then it starts again from a quarter of its epochs with the penalty.

`benchmarks/claims.py --folder FOLDER` measures on all of them.
"""

from __future__ import annotations

import itertools
import pathlib
import sys
import time
from typing import Any

import torch

from nav_utils.data import load_images
from nav_utils.encoding import encode_all
from nav_utils.fitting import fit_ratio
from nav_utils.models import AAE
from nav_utils.pretrained import load_pretrained
from nav_utils.ratio import DensityRatio
from nav_utils.recipes import RECIPES, halve
from nav_utils.spaces import LatentSpace, load_space
from nav_utils.training import train_aae

SPACES = ("mnist-2d", "mnist-16d")
SEEDS = REFITS = (0, 1, 2)
PENALTY = 0.05  # that of every recipe
WARM = 0.25  # of the epochs, with the penalty, where a run without it diverges
LARGEST = 3.0  # a code covariance above it has diverged from the prior's 1


def place(folder: pathlib.Path, name: str, penalty: float, seed: int) -> pathlib.Path:
    """Where a space lies."""
    return folder / f"{name}-penalty-{penalty:g}-seed-{seed}"


def space_of(folder: pathlib.Path, name: str, penalty: float, seed: int) -> LatentSpace:
    """The space that was trained, without a ratio; the shipped one for seed 0 with the penalty."""
    if (penalty, seed) == (PENALTY, 0):
        return load_pretrained(name)
    return load_space(place(folder, name, penalty, seed))


def is_there(folder: pathlib.Path, name: str, penalty: float, seed: int, refit: int) -> bool:
    """Whether a ratio is shipped or lies in the folder."""
    return (penalty, seed, refit) == (PENALTY, 0, 0) or ratio_file(
        folder, name, penalty, seed, refit
    ).exists()


def ratio_file(
    folder: pathlib.Path, name: str, penalty: float, seed: int, refit: int
) -> pathlib.Path:
    """Where a ratio lies."""
    return folder / f"{place(folder, name, penalty, seed).name}-refit-{refit}.safetensors"


def ratio_of(
    folder: pathlib.Path, name: str, penalty: float, seed: int, refit: int
) -> DensityRatio:
    """One of its ratios, fitted if it is not there; the shipped one for seed 0 and refit 0."""
    space = space_of(folder, name, penalty, seed)
    if space.ratio is not None and refit == 0:
        return space.ratio
    file = ratio_file(folder, name, penalty, seed, refit)
    if not file.exists():
        n = len(space.codes) * 5 // 6
        options: dict[str, Any] = {"seed": refit, "recalibrate": True, "progress": False}
        fit_ratio(space.codes[:n], space.codes[n:], **options).save(file)
    return DensityRatio.load(file)


def train(folder: pathlib.Path, name: str, penalty: float, seed: int) -> None:
    """Train a space unless it is there; from a warm start where it diverges without one."""
    target = place(folder, name, penalty, seed)
    for warm in (0.0, WARM):
        if target.exists():
            return
        running = target.with_name(f"{target.name}.warm-{warm:g}.running")
        space = trained(running, name, penalty, seed, warm)
        if space is not None:
            space.save(target)


def trained(
    running: pathlib.Path, name: str, penalty: float, seed: int, warm: float
) -> LatentSpace | None:
    """The space after a recipe's training with another penalty and seed; None if it diverged."""
    recipe = RECIPES[name]
    options = recipe["training"] | {"seed": seed, "progress": False, "checkpoint_every": 1000}
    first = round(warm * options["epochs"])
    images, test = load_images(recipe["data"]), load_images(recipe["data"], "test")
    model = AAE(images.images.shape[1:], seed=seed, **recipe["model"])
    parts = [(first, PENALTY)] if first else []
    try:
        for part, (epochs, gamma) in enumerate([*parts, (options["epochs"] - first, penalty)]):
            file = running.with_name(f"{running.name}.{part}.safetensors")
            more = {"epochs": epochs, "penalty": gamma, "checkpoint": file}
            history = train_aae(model, images.images, **options | more)
    except FloatingPointError as error:
        print(f"{running.name}: {error}", flush=True)
        return None
    halve(model)
    codes, test_codes = (
        encode_all(model, part.images, batch_size=10_000, progress=False) for part in (images, test)
    )
    spread = float(torch.linalg.eigvalsh(torch.cov(codes.double().T))[-1])
    last = {key: round(float(history.epochs(key)[-1]), 3) for key in history.losses}
    card = {"name": name, "seed": seed, "penalty": penalty, "warm": warm, "losses": last}
    card["largest eigenvalue of the code covariance"] = round(spread, 3)
    print(card, flush=True)
    if not spread < LARGEST and not warm:
        return None
    model.eval().requires_grad_(False)
    labels = images.labels, test.labels
    return LatentSpace(
        model, None, model.discriminator, codes, labels[0], test_codes, labels[1], card
    )


def main() -> None:
    """Train and fit all that is not there."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    runs = itertools.product(SPACES, (PENALTY, 0.0), SEEDS)
    wanted = [(run, 0) for run in sorted(runs, key=lambda run: run[2])]  # seed by seed
    wanted += [(run, refit) for run, _ in wanted if run[1] for refit in REFITS[1:]]
    for run, refit in wanted:
        start = time.perf_counter()
        if run[1:] != (PENALTY, 0):
            train(folder, *run)
        ratio_of(folder, *run, refit)
        seconds = time.perf_counter() - start
        print(
            "{}, penalty {:g}, seed {}".format(*run), f"refit {refit}: {seconds:.0f} s", flush=True
        )


if __name__ == "__main__":
    main()
