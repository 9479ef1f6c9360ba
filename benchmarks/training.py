"""Training an adversarial autoencoder, here and with pythae's Adversarial_AE, in one run.

    python benchmarks/training.py      # MNIST from NAV_UTILS_DATA, 5 epochs, about 4 minutes

Both train on the first 50,000 training images and are judged on the other 10,000: same networks,
batch size, epochs, optimiser and summed cross-entropy, one process after the other on the same
threads. pythae lives in an environment of its own, made on the first run in _build/peers. It is run
twice: as it comes (`adversarial_loss_scale` 0.5), and with our lambda, which in its terms is a
reconstruction weighted by 1 / lambda. Nothing here reads a discriminator: closeness to the prior is
judged by the covariance of the codes and by a fresh classifier (0.6931 nats: it cannot tell).
Writes benchmarks/results/training.json.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from nav_utils.data import load_images
from nav_utils.models import AAE
from nav_utils.recipes import encode_all, two_sample_test
from nav_utils.training import reconstruction_nats, train_aae

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE.parent / "_build" / "peers" / "pythae"
N_TRAIN = 50_000


def run_ours(images: Tensor, epochs: int, weight: float) -> dict[str, Tensor]:
    """Train with `train_aae`; codes, held-out codes, held-out logits and seconds."""
    model = AAE((1, 28, 28), 2)
    start = time.perf_counter()
    train_aae(model, images[:N_TRAIN], epochs, weight=weight, progress=False)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    for rows in torch.randperm(N_TRAIN).split(256):
        images[rows]
    loading = time.perf_counter() - start
    codes = encode_all(model, images)
    with torch.no_grad():
        logits = model.decode_logits(codes[N_TRAIN:])
    return {"codes": codes, "logits": logits, "seconds": torch.tensor([seconds, loading * epochs])}


def run_peer(
    images: Tensor, epochs: int, scale: float, reconstruction_scale: float
) -> dict[str, Tensor]:
    """Train pythae's model in its own environment; the same tensors as `run_ours`."""
    with tempfile.TemporaryDirectory() as folder:
        given, got = (pathlib.Path(folder, f"{name}.safetensors") for name in ("given", "got"))
        save_file({"images": images}, given)
        numbers = [epochs, scale, reconstruction_scale, torch.get_num_threads(), N_TRAIN]
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


def judge(result: dict[str, Tensor], images: Tensor, epochs: int) -> dict[str, Any]:
    """The row of one method: speed, reconstruction, closeness to the prior."""
    codes = result["codes"]
    seconds, loading = result["seconds"].tolist()
    return {
        "seconds per epoch": round(seconds / epochs, 2),
        "of these, loading data": round(loading / epochs, 2),
        "held-out reconstruction (nats)": round(
            float(reconstruction_nats(result["logits"], images[N_TRAIN:]).mean()), 1
        ),
        "eigenvalues of the code covariance": [
            round(v, 2) for v in torch.linalg.eigvalsh(torch.cov(codes.T)).tolist()
        ],
        "two-sample test": two_sample_test(codes[:N_TRAIN], codes[N_TRAIN:]),
    }


def main() -> None:
    """Run all, print the table, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--weight", type=float, default=5.0, help="lambda")
    options = parser.parse_args()
    images, weight, epochs = load_images("mnist").images, options.weight, options.epochs
    runs = {
        "nav_utils": lambda: run_ours(images, epochs, weight),
        "pythae 0.1.2, our lambda": lambda: run_peer(images, epochs, 1.0, 1 / weight),
        "pythae 0.1.2, as it comes": lambda: run_peer(images, epochs, 0.5, 1.0),
    }
    rows = {}
    for name, run in runs.items():
        rows[name] = judge(run(), images, epochs)
        print(name, json.dumps(rows[name]), flush=True)
    results = {
        "command": f"python benchmarks/training.py --epochs {epochs} --weight {weight:g}",
        "threads": torch.get_num_threads(),
        "batch_size": 256,
        "rows": rows,
    }
    target = HERE / "results" / "training.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
