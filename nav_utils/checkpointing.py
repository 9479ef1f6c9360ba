"""Whole checkpoints of a training run in one safetensors file.

Weights, optimisers, random state and history travel together. A file is written beside its place
and then renamed, so that a process killed at any moment leaves either the old checkpoint or the
new one. Nothing is ever unpickled.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from nav_utils.history import History


def write_safetensors(
    path: str | pathlib.Path, tensors: dict[str, Tensor], metadata: dict[str, str]
) -> None:
    """Write tensors to `path` in one move: no reader, and no crash, ever sees half a file."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    # Not `save_file`: it writes under a random name first, which a killed process leaves behind.
    content = save(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, metadata
    )
    with open(partial, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def read_safetensors(path: str | pathlib.Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file; ValueError when it is not one."""
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(
            f"{path}: expected a whole safetensors file, got one that cannot be read ({error}); "
            "delete it"
        ) from error


def tensor_hash(x: Tensor) -> str:
    """SHA-256 of a tensor's values, as a hexadecimal string."""
    return hashlib.sha256(x.detach().cpu().contiguous().numpy().tobytes()).hexdigest()


def describe_run(
    model: nn.Module,
    images: Tensor,
    optimizers: Mapping[str, torch.optim.Optimizer],
    step: Callable[..., Any],
    epochs: int,
    batch_size: int,
    seed: int,
    cosine: tuple[str, ...],
    decay: float,
) -> dict[str, Any]:
    """Everything a run depends on, as plain data: equal descriptions, equal runs."""
    function = step.func if isinstance(step, functools.partial) else step
    return {
        "model": type(model).__name__,
        "config": getattr(model, "config", {}),
        "images": tensor_hash(images),
        "step": getattr(function, "__name__", repr(function)),
        "step options": dict(step.keywords) if isinstance(step, functools.partial) else {},
        "optimizers": {
            name: f"{type(o).__name__} lr={o.defaults['lr']} betas={o.defaults.get('betas')}"
            for name, o in optimizers.items()
        },
        "epochs": epochs,
        "batch_size": batch_size,
        "seed": seed,
        "cosine": list(cosine),
        "decay": decay,
    }


class Checkpoint:
    """The checkpoint file of one run.

    Args:
        path: a .safetensors file, which need not exist yet.
        run: what `describe_run` says of the run; a file of another run is refused.
    """

    def __init__(self, path: str | pathlib.Path, run: dict[str, Any]) -> None:
        self.path, self.run = pathlib.Path(path), json.loads(json.dumps(run))

    def save(
        self,
        model: nn.Module,
        optimizers: Mapping[str, torch.optim.Optimizer],
        generator: torch.Generator,
        history: History,
        step: int,
    ) -> None:
        """Write the state after `step` steps."""
        tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
        for name, optimizer in optimizers.items():
            for index, state in optimizer.state_dict()["state"].items():
                tensors |= {
                    f"optimizer.{name}.{index}.{key}": value for key, value in state.items()
                }
        for name in history.losses:
            tensors[f"history.{name}"] = torch.tensor(history[name], dtype=torch.float64)
        tensors["generator"] = generator.get_state()
        write_safetensors(self.path, tensors, {"run": json.dumps(self.run), "step": str(step)})

    def load(
        self,
        model: nn.Module,
        optimizers: Mapping[str, torch.optim.Optimizer],
        generator: torch.Generator,
        history: History,
    ) -> int:
        """Put the saved state into model, optimizers, generator and history.

        Returns:
            How many steps were done; 0, and nothing is touched, when there is no file.
        """
        self.path.with_name(self.path.name + ".partial").unlink(
            missing_ok=True
        )  # of a process that was killed
        if not self.path.exists():
            return 0
        tensors, metadata = read_safetensors(self.path)
        self._refuse_another_run(json.loads(metadata.get("run", "{}")))
        model.load_state_dict(select(tensors, "model."))
        for name, optimizer in optimizers.items():
            state: dict[int, dict[str, Tensor]] = {}
            for key, value in select(tensors, f"optimizer.{name}.").items():
                index, entry = key.split(".")
                state.setdefault(int(index), {})[entry] = value
            optimizer.load_state_dict(
                {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
            )
        history.losses = {
            name: values.tolist() for name, values in select(tensors, "history.").items()
        }
        generator.set_state(tensors["generator"])
        return int(metadata["step"])

    def _refuse_another_run(self, saved: dict[str, Any]) -> None:
        differing = [name for name in self.run if saved.get(name) != self.run[name]]
        if differing:
            what = "; ".join(
                f"{name}: {saved.get(name)!r} there, {self.run[name]!r} here" for name in differing
            )
            raise ValueError(
                f"{self.path}: expected a checkpoint of this run, got one of another ({what}). "
                "Delete the file, or name another one, to start afresh."
            )


def select(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The entries whose name starts with `prefix`, without it."""
    return {
        name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)
    }
