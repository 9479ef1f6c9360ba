"""Diffusion of codes against diffusion of pixels: what each costs, and how good its images are.

    NAV_UTILS_DATA=... python benchmarks/diffusion.py train    # a quarter of an hour of one core
    NAV_UTILS_DATA=... python benchmarks/diffusion.py          # measures; ten minutes of one core
    NAV_UTILS_DATA=... python benchmarks/diffusion.py nats     # one part; the others stay

`costs`: floating-point operations, counted by torch, and seconds of one core, of the training (the
autoencoder's included) and of a sample. `quality`: 2,000 images of each way to make some, against
one half of the test images. `curve`: quality against seconds of training, from the snapshots that
`train` left. `nats`: what the first nats of a code buy. `guidance`: a discriminator that corrects
the diffusion of codes. `trainings`: the diffusion of codes from three seeds.
Seconds are the process's own: on a machine that others use too they come out longer. A setting is
chosen on training images, with another seed than the one that is reported. What the results have
already of `quality`, `curve` and `nats` stays: take it out of the file to measure it anew.
Writes benchmarks/results/diffusion.json.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import pathlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from denoisers import FOLDER, RECIPES, another, data_of, flops, flops_of_an_answer, snapshots, train
from guidance import guided
from intervals import RESAMPLES, error_of_few, share, words
from printed import interval, number
from quality import Judge, frechet, moments
from torch import Tensor

from nav_utils.checkpointing import write_whole
from nav_utils.data import load_images
from nav_utils.diffusion import Denoiser, draw_samples, heun, noise_levels, train_denoiser
from nav_utils.evaluation import halves
from nav_utils.fitting import fit_ratio
from nav_utils.langevin import langevin
from nav_utils.models import AAE
from nav_utils.pretrained import CHECKPOINTS, load_denoiser, load_pretrained
from nav_utils.recipes import RECIPES as SPACES
from nav_utils.training import train_aae

RESULTS = pathlib.Path(__file__).resolve().parent / "results" / "diffusion.json"
SPACE, N, FEW = "mnist-16d", 2000, 1000  # images for the table; for the curve
CODES, PIXELS = "diffusion of codes", "diffusion of pixels"
STEPS = {CODES: (9, 18), PIXELS: (9, 18)}  # of the sampler, tried
WALKS = ((0.01, 200), (0.02, 200), (0.05, 200))  # step sizes and steps of MALA, tried
RATIO_STEPS = 4000  # of `fit_ratio` as it comes
Results = dict[str, Any]


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


class Ground:
    """The latent space, both denoisers, and the halves of the test images: judge and others."""

    def __init__(self) -> None:
        self.space, self.judging, self.others = load_pretrained(SPACE), *halves(10_000)
        self.test = load_images("mnist", "test")

    @functools.cached_property
    def denoisers(self) -> dict[str, Denoiser]:
        """What is shipped."""
        return {CODES: load_denoiser(SPACE), PIXELS: load_denoiser("mnist")}

    @functools.cached_property
    def judge(self) -> Judge:
        """Who knows one half of the test images."""
        return Judge(self.test.images[self.judging])

    @functools.cached_property
    def train(self) -> Tensor:
        """As many training images."""
        rows = torch.randperm(60_000, generator=seeded(0))[:N]
        return load_images("mnist").images[rows]

    @torch.no_grad()
    def decoded(self, z: Tensor) -> Tensor:
        """Images of codes (N, 16)."""
        return self.space.model.decode(z)

    def images(self, route: str, x: Tensor) -> Tensor:
        """What a denoiser's x shows."""
        return self.decoded(x) if route == CODES else x.clamp(0, 1)

    def drawn(self, denoiser: Denoiser, steps: int, n: int, seed: int) -> Tensor:
        """Images of a denoiser of either kind, in batches."""
        parts = range(0, n, 500)
        x = torch.cat([draw_samples(denoiser, min(500, n - k), steps, seed + k) for k in parts])
        return self.images(CODES if x.ndim == 2 else PIXELS, x)

    def walked(self, step_size: float, n_steps: int, n: int, seed: int) -> Tensor:
        """Images of codes that MALA draws from the ratio's density, started from the prior."""
        assert self.space.ratio is not None
        z = torch.randn(n, 16, generator=seeded(seed))
        return self.decoded(langevin(z, self.space.ratio, step_size, n_steps, seed=seed).z)

    def resampled(self, n: int, seed: int) -> Tensor:
        """Images of prior samples, drawn anew with weights q / p by the ratio."""
        assert self.space.ratio is not None
        z = torch.randn(40 * n, 16, generator=seeded(seed))
        weights = (-self.space.ratio.logit(z).double()).exp()
        return self.decoded(z[torch.multinomial(weights, n, generator=seeded(seed))])


# ---- what it costs ------------------------------------------------------------------------------


def timed(function: Callable[[], Any]) -> float:
    """Seconds of the processor."""
    start = time.process_time()
    function()
    return time.process_time() - start


def training_costs() -> dict[str, tuple[float, float]]:
    """Seconds and TFLOPs of each training: timed over some steps, and multiplied."""
    recipe, space = SPACES[SPACE], load_pretrained(SPACE)
    options = {k: v for k, v in recipe["training"].items() if k != "epochs"} | {"progress": False}
    images = load_images("mnist").images

    def autoencoder(steps: int) -> None:
        model = AAE((1, 28, 28), **recipe["model"])
        train_aae(model, images[: 256 * steps], 1, batch_size=256, **options)

    def ratio(steps: int) -> None:
        fit_ratio(space.codes[:50_000], space.codes[50_000:], steps=steps, progress=False)

    n_steps = recipe["training"]["epochs"] * math.ceil(60_000 / 256)
    found = {
        "autoencoder": of_steps(autoencoder, n_steps),
        "ratio": of_steps(ratio, RATIO_STEPS),
    }
    for name, route in ((SPACE, CODES), ("mnist", PIXELS)):
        options = RECIPES[name]["training"]
        rows = data_of(name)[: options["batch_size"]]
        denoiser = Denoiser(**RECIPES[name]["model"])
        once = functools.partial(train_denoiser, denoiser, rows, 1, progress=False)
        last, _ = snapshots(name, FOLDER)[-1]
        whole = functools.partial(once, batch_size=len(rows))
        operations = flops(whole) * last["step"]
        found[route] = (last["seconds"], operations / 1e12)
    return found


def of_steps(run: Callable[[int], None], n_steps: int) -> tuple[float, float]:
    """Seconds and TFLOPs of n_steps, from the difference of a run of 44 steps and one of 4."""
    run(2)
    seconds = timed(lambda: run(44)) - timed(lambda: run(4))
    operations = flops(lambda: run(3)) - flops(lambda: run(2))
    return seconds / 40 * n_steps, operations * n_steps / 1e12


def costs(ground: Ground, found: Results) -> Results:
    """Of training and of one sample, with 18 steps of the sampler, by route."""
    trainings = training_costs()
    raw: Results = {name: {"seconds": s, "TFLOPs": f} for name, (s, f) in trainings.items()}
    table: Results = {}
    decoding = flops(lambda: ground.decoded(torch.zeros(1, 16)))
    for route, denoiser in ground.denoisers.items():
        parts = [route, "autoencoder"] if route == CODES else [route]
        n = 1000 if route == CODES else 50
        seconds = timed(functools.partial(ground.drawn, denoiser, 18, n, 0)) / n
        operations = 35 * flops_of_an_answer(denoiser) + decoding * (route == CODES)
        raw[route] |= {"seconds of a sample": seconds, "FLOPs of a sample": operations}
        table[route] = {
            "training, s": number(sum(trainings[p][0] for p in parts)),
            "training, TFLOPs": number(sum(trainings[p][1] for p in parts)),
            "sample, ms": number(1e3 * seconds),
            "sample, MFLOPs": number(operations / 1e6),
            "parameters": number(sum(p.numel() for p in denoiser.parameters())),
        }
    for name in ("autoencoder", "ratio"):
        table[name] = {
            "training, s": number(trainings[name][0]),
            "training, TFLOPs": number(trainings[name][1]),
        }
    table["pixels over codes"] = {
        key: number(read(table[PIXELS][key]) / read(table[CODES][key]))
        for key in table[PIXELS]
        if key != "parameters"
    }
    return {"table": table, "raw": raw}


def read(text: str) -> float:
    """The number that was printed."""
    return float(text.replace(",", ""))


# ---- how good it is -----------------------------------------------------------------------------


def ways(ground: Ground) -> dict[str, dict[str, Callable[[int, int], Tensor]]]:
    """Each way to make n images from a seed, by its settings: one, or some to choose from."""
    found: dict[str, dict[str, Callable[[int, int], Tensor]]] = {
        "test images, the other half": {"": lambda n, seed: ground.test.images[ground.others[:n]]},
        "training images": {"": lambda n, seed: ground.train[:n]},
        "reconstructions of test images": {
            "": lambda n, seed: ground.decoded(ground.space.test_codes[ground.others[:n]])
        },
        "decoded prior": {
            "": lambda n, seed: ground.decoded(torch.randn(n, 16, generator=seeded(seed)))
        },
        "prior resampled by the ratio": {"": ground.resampled},
        "MALA with the ratio": {
            f"h {h:g}, {steps} steps": functools.partial(ground.walked, h, steps)
            for h, steps in WALKS
        },
    }
    for route, denoiser in ground.denoisers.items():
        found[route] = {
            f"{steps} steps": functools.partial(ground.drawn, denoiser, steps)
            for steps in STEPS[route]
        }
    return found


def quality(ground: Ground, found: Results) -> Results:
    """A table of Fréchet distance, precision and recall, and the settings that were tried."""
    kept = found if found.get("images") == N else {"images": N, "tried": {}, "table": {}}
    target = moments(ground.judge.features(ground.train))
    for way, settings in ways(ground).items():
        if way in kept["table"]:
            continue
        best = next(iter(settings))
        if len(settings) > 1:
            tried = {
                name: frechet(moments(ground.judge.features(draw(FEW, 100_000))), target)
                for name, draw in settings.items()
            }
            kept["tried"][way], best = tried, min(tried, key=tried.__getitem__)
        kept["table"][way] = ground.judge(settings[best](N, 1)).row()
        print(way, kept["tried"].get(way, ""), kept["table"][way], flush=True)
    return kept


def best_steps(tried: Results, route: str) -> int:
    """Steps of the sampler of a diffusion that did best."""
    return int(min(tried[route], key=tried[route].__getitem__).split()[0])


def curve(ground: Ground, found: Results) -> Results:
    """Quality of the snapshots, with few images and nine steps of the sampler."""
    rows: Results = found if found.get("images") == FEW else {"images": FEW, CODES: [], PIXELS: []}
    some = ground.others[:FEW]
    for name, images in (
        ("test images", ground.test.images[some]),
        ("reconstructions", ground.decoded(ground.space.test_codes[some])),
        ("decoded prior", ground.decoded(torch.randn(FEW, 16, generator=seeded(1)))),
    ):
        seen = ground.judge(images)
        rows[name] = [seen.frechet, 1.96 * seen.error]
    for name, route in ((SPACE, CODES), ("mnist", PIXELS)):
        known = {row["step"] for row in rows[route]}
        for facts, denoiser in snapshots(name, FOLDER):
            if facts["step"] in known:
                continue
            seen = ground.judge(ground.drawn(denoiser, 9, FEW, 1))
            row = facts | {"Fréchet distance": seen.frechet, "half width": 1.96 * seen.error}
            rows[route].append(row)
            print(route, row, flush=True)
    return rows


# ---- what the first nats buy --------------------------------------------------------------------


@torch.no_grad()
def nats(ground: Ground, found: Results) -> Results:
    """What is left of test images when so many nats of x are known: error, and the digit.

    A noisy x at level sigma tells I(x; x_sigma) nats of x, the integral of mmse(s) / s^3 over s
    from sigma up (Guo, Shamai and Verdu 2005); the denoiser's error stands for the least one. What
    is told is shown by a sample of what may lie behind it.
    """
    rows = ground.others[:400]
    images, labels = ground.test.images[rows], ground.test.labels[rows]
    told = found if found.get("images") == len(rows) else {"images": len(rows)}
    for route, denoiser in ground.denoisers.items():
        if route in told:
            continue
        clean = ground.space.test_codes[rows] if route == CODES else images
        noise = torch.randn(clean.shape, generator=seeded(2))
        grid = denoiser.std * torch.logspace(math.log10(80), -2, 33)
        errors = [
            float((denoiser(clean + s * noise, s) - clean).square().flatten(1).sum(1).mean())
            for s in grid
        ]
        slopes = torch.tensor(errors).double() / grid.double() ** 2
        widths = -grid.double().log().diff()
        rates = torch.cat([torch.zeros(1), ((slopes[1:] + slopes[:-1]) / 2 * widths).cumsum(0)])
        told[route] = [
            {"sigma": float(grid[k] / denoiser.std), "nats": float(rates[k])}
            | shown(ground, route, clean + grid[k] * noise, float(grid[k]), images, labels)
            for k in (0, 8, 10, 12, 14, 16, 18, 22, 26)
        ]
        for row in told[route]:
            print(route, row, flush=True)
    return told


def shown(
    ground: Ground, route: str, noisy: Tensor, sigma: float, images: Tensor, labels: Tensor
) -> Results:
    """The error of a sample of what may lie behind noisy x, and whether its digit is read."""
    denoiser = ground.denoisers[route]
    levels = noise_levels(9, denoiser.std, sigma / denoiser.std)
    made = ground.images(route, denoiser_samples(denoiser, noisy, levels))
    right = ground.judge.labels(made) == labels
    return {
        "error": float((made - images).square().mean().sqrt()),
        "digit": float(right.double().mean()),
        "digit, printed": words([[share(right)]]),
    }


def denoiser_samples(denoiser: Denoiser, noisy: Tensor, levels: Tensor) -> Tensor:
    """Follow the flow from where noisy rows are, in batches."""
    return torch.cat([heun(denoiser, part, levels) for part in noisy.split(200)])


def guidance(ground: Ground, found: Results) -> Results:
    """Discriminator guidance of the diffusion of codes, of an early snapshot and of the last."""
    steps = [facts for facts, _ in snapshots(SPACE, FOLDER)]
    rows: Results = {}
    for facts, denoiser in (snapshots(SPACE, FOLDER)[k] for k in (1, -1)):
        for name, row in guided(denoiser, ground.space, ground.decoded, ground.judge).items():
            rows[f"{facts['step']} steps / {name}"] = row
            print(facts["step"], name, row, flush=True)
    return {"table": rows, "steps": [facts["step"] for facts in steps], "images": N}


def trainings(ground: Ground, found: Results) -> Results:
    """The diffusion of codes from three seeds, of weights and batches; the first is shipped. The
    interval is over trainings and over images; all share the codes, the judge and the noise."""
    steps = best_steps(json.loads(RESULTS.read_text())["quality"]["tried"], CODES)
    others = [another(SPACE, seed, FOLDER) for seed in (1, 2)]
    seen = [
        ground.judge(ground.drawn(denoiser, steps, N, 1))
        for denoiser in (ground.denoisers[CODES], *others)
    ]
    values = np.array([one.frechet for one in seen])
    noise = np.random.default_rng(2).normal(size=RESAMPLES) * np.mean([one.error for one in seen])
    low, high = values.mean() + np.quantile(error_of_few(values) + noise, [0.025, 0.975])
    return {
        "Fréchet distance": interval(float(values.mean()), float(low), float(high)),
        "each": [one.row() for one in seen],
    }


PARTS = {
    "costs": costs,
    "quality": quality,
    "curve": curve,
    "nats": nats,
    "guidance": guidance,
    "trainings": trainings,
}


def main() -> None:
    """Train, or measure what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", nargs="*", help=f"train and names, or {', '.join(PARTS)}")
    what = parser.parse_args().what
    torch.set_num_threads(1)
    if what[:1] == ["train"]:
        for name in what[1:] or RECIPES:
            train(name, FOLDER, CHECKPOINTS)
        return
    if unknown := set(what) - set(PARTS):
        parser.error(f"expected some of {', '.join(PARTS)}, got {', '.join(sorted(unknown))}")
    ground = Ground()
    for name in what or PARTS:
        before = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        part = PARTS[name](ground, before.get(name, {}))
        results = {"command": "python benchmarks/diffusion.py", "threads": 1} | before
        results[name] = part
        write_whole(RESULTS, (json.dumps(results, indent=1, ensure_ascii=False) + "\n").encode())


if __name__ == "__main__":
    main()
