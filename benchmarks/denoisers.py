"""The two denoisers that the package ships, of codes and of pixels: how they are trained.

`python benchmarks/diffusion.py train` calls `train` for each. Along the way the running mean of the
weights is kept at a few steps, so that quality against seconds of training comes from one run. A
run that was cut off goes on where it was.
"""

from __future__ import annotations

import json
import pathlib
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from nav_utils.checkpointing import read_safetensors, tensor_hash, write_safetensors
from nav_utils.data import load_images
from nav_utils.diffusion import Denoiser, train_denoiser
from nav_utils.manifests import write_card
from nav_utils.pretrained import load_pretrained
from nav_utils.recipes import count, halve, versions, write

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "_build" / "diffusion"
FIRST = 80  # the step of the first snapshot; the next ones double it
RECIPES: dict[str, dict[str, Any]] = {
    "mnist-16d": {
        "model": {"shape": (16,), "widths": (256, 256, 256)},
        "training": {"epochs": 24, "batch_size": 512, "learning_rate": 3e-3, "half": False},
    },
    "mnist": {
        "model": {"shape": (1, 28, 28), "widths": (16, 32), "mean": 0.1307, "std": 0.3081},
        "training": {"epochs": 18, "batch_size": 64, "learning_rate": 2e-3, "half": True},
    },
}


def data_of(name: str) -> Tensor:
    """What a denoiser learns from: the codes of all training images, or the images."""
    return load_pretrained(name).codes if name == "mnist-16d" else load_images("mnist").images


class Counter(TorchDispatchMode):
    """Adds up what products and convolutions cost, by torch's own formulas.

    `FlopCounterMode` does so too, but not while a gradient is taken of a gradient.
    """

    total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.total += int(formula(*args, **(kwargs or {}), out_val=out))
        return out


def flops(function: Callable[[], Any]) -> int:
    """Floating-point operations of a function's products and convolutions."""
    with Counter() as counter:
        function()
    return counter.total


def flops_of_an_answer(denoiser: Denoiser) -> int:
    """Of one row."""
    x = torch.zeros(1, *denoiser.shape)
    return flops(lambda: denoiser(x, 1.0))


def snapshot_steps(n_steps: int) -> list[int]:
    """FIRST, twice that, and so on, and the last step."""
    steps = [FIRST * 2**k for k in range(20)]
    return [step for step in steps if step < 0.75 * n_steps] + [n_steps]


class Snapshots:
    """A callback of `train_denoiser` that keeps the mean of the weights at some steps.

    Seconds are those of the processor, on one thread; a step of this process counts for those that
    were done before it.
    """

    def __init__(self, name: str, folder: pathlib.Path) -> None:
        self.name, self.folder = name, folder
        self.start, self.done = time.process_time(), 0

    def __call__(self, info: dict[str, Any]) -> None:
        self.done += 1
        if info["step"] not in snapshot_steps(info["n_steps"]):
            return
        seconds = (time.process_time() - self.start) / self.done * info["step"]
        facts = {"step": info["step"], "seconds": seconds, "loss": info["losses"]["denoising"]}
        path = self.folder / f"{self.name}.step{info['step']:05d}.safetensors"
        weights = info["model"]["average"].module.state_dict()
        write_safetensors(path, weights, {"facts": json.dumps(facts)})
        print(self.name, facts, flush=True)


def snapshots(name: str, folder: pathlib.Path) -> list[tuple[dict[str, Any], Denoiser]]:
    """Facts and denoiser of each snapshot that lies there, in order."""
    found = []
    for path in sorted(folder.glob(f"{name}.step*.safetensors")):
        weights, metadata = read_safetensors(path)
        denoiser = Denoiser(**RECIPES[name]["model"])
        denoiser.load_state_dict(weights)
        found.append((json.loads(metadata["facts"]), denoiser.eval().requires_grad_(False)))
    return found


def train(name: str, folder: pathlib.Path, shipped: pathlib.Path) -> None:
    """Train one of `RECIPES`, and write weights and card to the checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    recipe, data = RECIPES[name], data_of(name)
    denoiser, options = Denoiser(**recipe["model"]), recipe["training"]
    running = folder / f"{name}.running.safetensors"
    history = train_denoiser(
        denoiser,
        data,
        checkpoint=running,
        callback=Snapshots(name, folder),
        progress=False,
        **options,
    )
    running.unlink()
    halve(denoiser)
    once, facts = flops_of_an_answer(denoiser), snapshots(name, folder)[-1][0]
    card = {
        "name": f"{name}.denoiser",
        "command": "python benchmarks/diffusion.py train",
        "data": {"name": name, "rows": len(data), "sha256": tensor_hash(data)},
        "model": denoiser.config,
        "parameters": count(denoiser),
        "training": options | {"seed": 0, "steps": len(history["denoising"])},
        "cost": {
            "seconds of one core": round(facts["seconds"], 1),
            "FLOPs of one answer": once,
            "FLOPs of the training": 3 * once * len(data) * options["epochs"],
        },
        "losses of the last epoch": {
            "denoising": round(float(history.epochs("denoising")[-1]), 4),
        },
        "versions": versions(),
    }
    weights = dict(denoiser.state_dict())
    file = f"{name}.denoiser.safetensors"
    write(shipped, file, weights, denoiser.config, torch.float16)
    write_card(shipped, f"{name}.denoiser.json", card)


def another(name: str, seed: int, folder: pathlib.Path) -> Denoiser:
    """A denoiser by the same recipe from another seed, trained unless it lies in the folder."""
    recipe, file = RECIPES[name], folder / f"{name}.seed{seed}.safetensors"
    denoiser = Denoiser(**recipe["model"], seed=seed)
    if file.exists():
        denoiser.load_state_dict(read_safetensors(file)[0])
    else:
        train_denoiser(denoiser, data_of(name), seed=seed, progress=False, **recipe["training"])
        halve(denoiser)
        write_safetensors(file, dict(denoiser.state_dict()), {})
    return denoiser.eval().requires_grad_(False)
