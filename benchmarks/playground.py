"""The playground's engine beside torch: python benchmarks/playground.py

Steps for each second of the processor at batch 128 (WebAssembly, plain JavaScript, and torch on one
thread, in turn, the best of several rounds); the default run of several seeds, by the engine and by
`train_aae` with the same recipe: reconstruction and eigenvalues of the codes at its end; when the
page's space is a usable one. Seconds of the processor do not depend on what else a machine does,
seconds of the clock do. Needs node.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
from typing import Any

import torch

from nav_utils.data import load_images
from nav_utils.models import AAE, VAE, Autoencoder
from nav_utils.playground.digits import packed_digits
from nav_utils.playground.spaces import trained_space
from nav_utils.training import (
    aae_step,
    adam,
    autoencoder_parameters,
    autoencoder_step,
    reconstruction_nats,
    train_aae,
    vae_step,
)

HERE = pathlib.Path(__file__).parent
RESULTS = HERE / "results" / "playground.json"
BATCH, EPOCHS = 128, 60  # of 12 batches: 720 steps
HIDDEN: dict[str, Any] = {"hidden": (128, 64)}
RECIPE = {"weight": 2.0, "penalty": 0.05, "learning_rate": 3e-3, "decay": 0.3}  # protocol.js


def torch_speed(objective: str, seconds: float) -> float:
    """Steps of the package for each second of the processor, one thread, after a warm-up."""
    kind: Any = {"plain": Autoencoder, "variational": VAE}.get(objective, AAE)
    more = {"discriminator_hidden": (64, 64)} if kind is AAE else {}
    model = kind((1, 8, 8), 2, **HIDDEN, **more)
    optimizers = {"autoencoder": adam(autoencoder_parameters(model), 3e-3)}
    step: Any = {"plain": autoencoder_step}.get(objective, functools.partial(vae_step, beta=1.0))
    if kind is AAE:
        optimizers["discriminator"] = adam(model.discriminator.parameters(), 3e-3, (0.5, 0.99))
        step = functools.partial(aae_step, weight=2.0, penalty=0.05)
    x, generator = load_images("digits").images[:BATCH], torch.Generator().manual_seed(0)
    for _ in range(20):
        step(model, optimizers, x, generator)
    start, done = time.process_time(), 0
    while time.process_time() - start < seconds:
        step(model, optimizers, x, generator)
        done += 1
    return round(done / (time.process_time() - start))


def torch_run(seed: int) -> dict[str, Any]:
    """The default run by the package."""
    images = load_images("digits").images
    model = AAE((1, 8, 8), 2, **HIDDEN, discriminator_hidden=(64, 64), seed=seed)
    start = time.process_time()
    train_aae(model, images, EPOCHS, batch_size=BATCH, seed=seed, progress=False, **RECIPE)
    return {"seed": seed, "seconds": round(time.process_time() - start, 2)} | judged(model)


def judged(model: Any) -> dict[str, float]:
    """Reconstruction of the 1,500 digits, and eigenvalues of their codes."""
    images = load_images("digits").images
    with torch.no_grad():
        codes = model.encode(images)
        nats = reconstruction_nats(model.decode_logits(codes), images).mean()
    small, large = torch.linalg.eigvalsh(torch.cov(codes.double().T)).tolist()
    return {
        "reconstruction (nats)": round(float(nats), 3),
        "smaller eigenvalue": round(small, 3),
        "larger eigenvalue": round(large, 3),
    }


def engine(folder: pathlib.Path, seconds: float, seeds: int) -> dict[str, Any]:
    """What playground.mjs says."""
    node = shutil.which("node")
    if node is None:
        raise SystemExit("no node on the path: install it (Debian: apt-get install nodejs)")
    command = [node, "--expose-gc", str(HERE / "playground.mjs"), str(folder), str(seconds)]
    ran = subprocess.run([*command, str(seeds)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ran.stdout)


def within(value: float, rows: list[dict[str, Any]], measure: str) -> bool:
    """Whether a value lies in the spread of other runs."""
    values = [row[measure] for row in rows]
    return min(values) <= value <= max(values)


def main() -> None:
    """Measure, print, write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement of speed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rounds, load = [], os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "digits.bin").write_bytes(packed_digits())
        for number in range(options.rounds):
            seeds = options.seeds if number == 0 else 1
            found = engine(folder, options.seconds, seeds)
            speeds = found.pop("speeds")
            speeds["torch, one thread"] = {
                objective: torch_speed(objective, options.seconds) for objective in speeds["wasm"]
            }
            rounds.append(speeds)
            if number == 0:
                first = found
                spaces = [
                    trained_space((folder / f"{kind}-{seed}.safetensors").read_bytes())
                    for kind, many in (("wasm", options.seeds), ("plain", 1))
                    for seed in range(many)
                ]
    page = [{"seed": space.card["settings"]["seed"]} | judged(space.model) for space in spaces[:-1]]
    by_torch = [torch_run(seed) for seed in range(options.seeds)]
    results = {
        "command": f"python benchmarks/playground.py --seconds {options.seconds:g} "
        f"--rounds {options.rounds} --seeds {options.seeds}",
        "load_average": round(load, 1),
        "steps for each second of the processor, batch 128": best(rounds),
        "default run, 720 steps": {
            "torch": by_torch,
            "page": page,
            "page, plain JavaScript": judged(spaces[-1].model),
            "the page's seed 0 lies in torch's spread": {
                measure: within(page[0][measure], by_torch, measure)
                for measure in page[0].keys() - {"seed"}
            },
        },
        "usable": "eigenvalues of all codes in 0.5 to 2 from here on, the batch below 23 nats",
        "the page's runs with all their frames": first["runs"],
        "the same in plain JavaScript": first["plain"],
        "memory": first["many"],
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=2))


def best(rounds: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The highest speed of the rounds: other programs only make it lower."""
    return {
        kind: {name: max(each[kind][name] for each in rounds) for name in values}
        for kind, values in rounds[0].items()
    }


if __name__ == "__main__":
    main()
