"""Training an adversarial autoencoder, here and with pythae's Adversarial_AE, in one run.

    python benchmarks/training.py      # MNIST from NAV_UTILS_DATA, 5 epochs, about 10 minutes

Both train on the first 50,000 training images and are judged on the other 10,000: same networks,
batch size, epochs and summed cross-entropy, one process after the other on the same threads, each
with three seeds. pythae lives in an environment of its own, made on the first run in _build/peers.
It runs as it comes (`adversarial_loss_scale` 0.5) and with our lambda, which in its terms is a
reconstruction weighted by 1 / lambda, and each of these with a learning rate of 2e-3 and with our
3e-3. Nothing here reads a discriminator: closeness to the prior is judged by the covariance of the
codes and by a fresh classifier (0.6931 nats: it cannot tell).
Writes benchmarks/results/training.json.
"""

from __future__ import annotations

import argparse
import functools
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from nav_utils.data import load_images
from nav_utils.encoding import encode_all
from nav_utils.models import AAE
from nav_utils.recipes import two_sample_test
from nav_utils.training import reconstruction_nats, train_aae

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE.parent / "_build" / "peers" / "pythae"
N_TRAIN = 50_000


def run_ours(
    images: Tensor, epochs: int, weight: float, decay: float, seed: int
) -> dict[str, Tensor]:
    """Train with `train_aae`; codes, held-out logits and seconds."""
    model = AAE((1, 28, 28), 2, seed=seed)
    start = time.perf_counter()
    options = {"weight": weight, "decay": decay, "seed": seed, "progress": False}
    train_aae(model, images[:N_TRAIN], epochs, **options)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    for rows in torch.randperm(N_TRAIN).split(256):
        images[rows]
    loading = time.perf_counter() - start
    codes = encode_all(model, images, batch_size=10_000, progress=False)
    with torch.no_grad():
        logits = model.decode_logits(codes[N_TRAIN:])
    return {"codes": codes, "logits": logits, "seconds": torch.tensor([seconds, loading * epochs])}


def run_peer(
    images: Tensor, epochs: int, scale: float, reconstruction_scale: float, rate: float, seed: int
) -> dict[str, Tensor]:
    """Train pythae's model in its own environment; the same tensors as `run_ours`."""
    with tempfile.TemporaryDirectory() as folder:
        given, got = (pathlib.Path(folder, f"{name}.safetensors") for name in ("given", "got"))
        save_file({"images": images}, given)
        numbers = [epochs, scale, reconstruction_scale, rate, seed]
        numbers += [torch.get_num_threads(), N_TRAIN]
        command = [peer_python(), HERE / "peer_pythae.py", given, got, *numbers]
        words = [str(word) for word in command]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"pythae's run failed:\n{done.stderr[-2000:]}")
        return load_file(got)


def peer_python() -> pathlib.Path:
    """The interpreter of pythae's environment, made on the first call."""
    python = PEERS / "bin" / "python"
    if not (PEERS / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", PEERS], check=True)
        packages = [f"torch=={torch.__version__.split('+')[0]}", "pythae==0.1.2", "safetensors"]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        (PEERS / "complete").touch()
    return python


def judge(result: dict[str, Tensor], images: Tensor, epochs: int) -> dict[str, float]:
    """Speed, reconstruction and closeness to the prior of one run."""
    codes = result["codes"]
    seconds, loading = result["seconds"].tolist()
    eigenvalues = torch.linalg.eigvalsh(torch.cov(codes.T)).tolist()
    nats = reconstruction_nats(result["logits"], images[N_TRAIN:]).mean()
    return {
        "seconds per epoch": seconds / epochs,
        "of these, loading data": loading / epochs,
        "held-out reconstruction (nats)": float(nats),
        "smallest eigenvalue of the code covariance": eigenvalues[0],
        "largest eigenvalue of the code covariance": eigenvalues[-1],
        "two-sample test, held-out loss": two_sample_test(codes[:N_TRAIN], codes[N_TRAIN:])[
            "held-out loss"
        ],
    }


def summary(rows: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Mean, least and most over the seeds, of every measure."""
    columns = {name: torch.tensor([row[name] for row in rows]) for name in rows[0]}
    return {
        name: {
            "mean": round(float(values.mean()), 4),
            "least": round(float(values.min()), 4),
            "most": round(float(values.max()), 4),
        }
        for name, values in columns.items()
    }


def main() -> None:
    """Run all, seed by seed; print the rows, write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--weight", type=float, default=5.0, help="lambda")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    images, weight, epochs = load_images("mnist").images, options.weight, options.epochs
    ours = {
        "nav_utils": (weight, 0.3),
        "nav_utils, cosine over the whole run": (weight, 1.0),
        "nav_utils, lambda 1": (1.0, 0.3),
        "nav_utils, lambda 8": (8.0, 0.3),
    }
    runs: dict[str, Callable[..., dict[str, Tensor]]] = {
        name: functools.partial(run_ours, images, epochs, *settings)
        for name, settings in ours.items()
    }
    for rate in (2e-3, 3e-3):
        peer = functools.partial(run_peer, images, epochs)
        name = f"pythae 0.1.2, {{}}, rate {rate:g}"
        runs[name.format("our lambda")] = functools.partial(peer, 1.0, 1 / weight, rate)
        runs[name.format("as it comes")] = functools.partial(peer, 0.5, 1.0, rate)
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
    for seed in range(options.seeds):
        for name, run in runs.items():
            rows[name].append(judge(run(seed=seed), images, epochs))
            print(f"seed {seed}", name, json.dumps(rows[name][-1]), flush=True)
    results: dict[str, Any] = {
        "command": f"python benchmarks/training.py --epochs {epochs} --weight {weight:g} "
        f"--seeds {options.seeds}",
        "threads": torch.get_num_threads(),
        "batch_size": 256,
        "rows": {name: summary(found) for name, found in rows.items()},
    }
    target = HERE / "results" / "training.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
