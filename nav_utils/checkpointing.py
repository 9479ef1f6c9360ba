"""Files that are written whole or not at all, and whole checkpoints of a training run in one.

Weights, optimisers, random state and history travel together. A file is written beside its place
and then renamed, so that a process killed at any moment leaves either the old checkpoint or the
new one. What is read belongs to this process alone: no tensor is a map of the file, which may be
written anew at any time. Nothing is ever unpickled.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from nav_utils.history import History
from nav_utils.memory import bytes_of

# ---- files ------------------------------------------------------------------------------------


def write_whole(path: str | pathlib.Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file, given whole or in pieces, in one move: nobody ever sees half of it."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_safetensors(
    path: str | pathlib.Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]
) -> None:
    """Write tensors to `path` in one move; those that share memory are written once for each."""
    # Not `save_file`: it writes under a random name first, which a killed process leaves behind.
    write_whole(path, save(apart(tensors), metadata))


def apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors on the CPU, no two in one piece of memory (as tied weights are)."""
    found, taken = {}, set()
    for name, tensor in tensors.items():
        own = tensor.detach().cpu().contiguous()
        place = own.untyped_storage().data_ptr()
        found[name] = own.clone() if place in taken else own
        taken.add(place)
    return found


def read_safetensors(path: str | pathlib.Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file; ValueError when it is not one."""
    return parse_safetensors(pathlib.Path(path).read_bytes(), path)


def parse_safetensors(
    content: bytes, source: str | pathlib.Path
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file's bytes; errors name its source."""
    try:
        tensors = load(content)
    except SafetensorError as error:
        raise ValueError(
            f"{source}: expected a whole safetensors file, got one that cannot be read ({error}); "
            "delete it"
        ) from error
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return tensors, header.get("__metadata__", {})


def facts_of(metadata: Mapping[str, str], name: str, source: object) -> dict[str, Any]:
    """The facts that metadata hold as JSON under `name`; ValueError when there are none."""
    try:
        facts = json.loads(metadata[name])
    except (KeyError, json.JSONDecodeError):
        facts = None
    if not isinstance(facts, dict):
        raise ValueError(
            f"{source}: expected metadata with {name!r}, an object in JSON, got "
            f"{', '.join(metadata) or 'none'}; the file was written by something else, or damaged"
        )
    return facts


def as_json(facts: Any) -> str:
    """JSON of plain data; numbers of NumPy and torch are written as numbers."""
    return json.dumps(facts, default=plain)


def plain(value: Any) -> Any:
    """What JSON does not know, as something that it knows."""
    if isinstance(value, Tensor) and value.numel() > 1:
        return tensor_hash(value)
    if hasattr(value, "sample") and hasattr(value, "log_prob"):  # a prior: what comes from it
        samples = value.sample(100, torch.Generator().manual_seed(0))
        return f"{type(value).__name__} {tensor_hash(samples)}"
    return value.item() if hasattr(value, "item") else getattr(value, "__qualname__", repr(value))


def tensor_hash(x: Tensor) -> str:
    """SHA-256 of a tensor's values, as a hexadecimal string."""
    return hashlib.sha256(bytes_of(x)).hexdigest()


def expect_weights(module: nn.Module, weights: Mapping[str, Tensor], source: object) -> None:
    """Raise ValueError unless `module.load_state_dict(weights)` will go through, as it is."""
    own = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    came = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    for name in sorted(own.keys() | came.keys()):
        if own.get(name) != came.get(name):
            expected = f"shape {own[name]}" if name in own else "no such weights"
            raise ValueError(
                f"{source}: {name}: expected {expected} for a {type(module).__name__}, got "
                f"{came.get(name, 'none')}; build the model that the file was written for"
            )


# ---- the checkpoint of a run ------------------------------------------------------------------

GENERATOR_SIZES = {5056: "cpu", 16: "cuda"}  # bytes of a generator's state
LIKE_PARAMETERS = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer"}  # in shape


def describe_run(
    model: nn.Module,
    batches: Any,
    optimizers: Mapping[str, torch.optim.Optimizer],
    step: Callable[..., Any],
    epochs: int,
    seed: int,
    cosine: tuple[str, ...],
    decay: float,
) -> dict[str, Any]:
    """Everything a run depends on, as plain data: equal descriptions, equal runs.

    Args:
        batches: those of the run; they say where and in which type they come, and what is in them.

    Raises:
        ValueError: for batches whose order cannot be repeated.
    """
    if not hasattr(batches, "digest"):
        raise ValueError(
            "checkpoint: expected images whose order can be repeated, got a DataLoader, which "
            "decides its order itself; give its dataset, or leave out checkpoint="
        )
    function = step.func if isinstance(step, functools.partial) else step
    return {
        "device": batches.device.type,
        "dtype": str(batches.dtype),
        "model": type(model).__name__,
        "config": getattr(model, "config", {}),
        "images": batches.digest(),
        "step": getattr(function, "__name__", repr(function)),
        "step options": dict(step.keywords) if isinstance(step, functools.partial) else {},
        "optimizers": {
            name: f"{type(o).__name__} lr={o.defaults['lr']} betas={o.defaults.get('betas')}"
            for name, o in optimizers.items()
        },
        "epochs": epochs,
        "batch_size": batches.batch_size,
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
        self.path, self.run = pathlib.Path(path), json.loads(as_json(run))

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
            tensors |= tensors_of(name, optimizer)
        for name in history.losses:
            tensors[f"history.{name}"] = torch.tensor(history[name], dtype=torch.float64)
        tensors["generator"] = generator.get_state()
        shapes = {name: list(tensor.shape) for name, tensor in tensors.items()}
        facts = {"run": as_json(self.run), "step": str(step), "shapes": as_json(shapes)}
        write_safetensors(self.path, tensors, facts)

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

        Raises:
            ValueError: for a file of another run, of another device, or damaged; nothing is
                touched then.
        """
        self.path.with_name(self.path.name + ".partial").unlink(
            missing_ok=True
        )  # of a process that was killed
        if not self.path.exists():
            return 0
        tensors, metadata = read_safetensors(self.path)
        self._refuse_another_run(facts_of(metadata, "run", self.path), tensors)
        step = self._expect_whole(tensors, metadata, history.steps_per_epoch)
        weights, losses = select(tensors, "model."), select(tensors, "history.")
        expect_weights(model, weights, self.path)
        states = {name: self._state_of(name, o, tensors) for name, o in optimizers.items()}
        self._try(tensors.get("generator"), generator.device)
        # Everything fits: only now is anything touched.
        model.load_state_dict(weights)
        for name, optimizer in optimizers.items():
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": states[name], "param_groups": groups})
        history.losses = {name: values.tolist() for name, values in losses.items()}
        generator.set_state(tensors["generator"])
        return step

    def _refuse_another_run(self, saved: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        size = tensors["generator"].numel() if "generator" in tensors else 0
        made = {"device": GENERATOR_SIZES.get(size, "another device"), "dtype": self.run["dtype"]}
        saved = made | saved  # files of older versions do not say so themselves
        if saved["device"] != self.run["device"]:
            there, here = saved["device"], self.run["device"]
            raise ValueError(
                f"{self.path}: expected a checkpoint of a run on {here}, got one of a run on "
                f"{there}, whose random numbers cannot go on here. Resume on {there}; or delete "
                "the file, or name another one, to start afresh"
            )
        differing = [name for name in self.run if saved.get(name) != self.run[name]]
        if differing:
            what = "; ".join(
                f"{name}: {saved.get(name)!r} there, {self.run[name]!r} here" for name in differing
            )
            raise ValueError(
                f"{self.path}: expected a checkpoint of this run, got one of another ({what}). "
                "Delete the file, or name another one, to start afresh."
            )

    def _expect_whole(
        self, tensors: dict[str, Tensor], metadata: dict[str, str], steps_per_epoch: int
    ) -> int:
        """How many steps were done, once all that was saved is there."""
        shapes = {name: list(tensor.shape) for name, tensor in tensors.items()}
        saved = facts_of(metadata, "shapes", self.path) if "shapes" in metadata else shapes
        for name in sorted(saved.keys() | shapes.keys()):
            if saved.get(name) != shapes.get(name):
                self._refuse(name, saved.get(name, "no such tensor"), shapes.get(name, "none"))
        step, most = metadata.get("step", "none"), self.run["epochs"] * steps_per_epoch
        if not step.isdecimal() or int(step) > most:
            self._refuse("step", f"a whole number up to {most}", repr(step))
        for name, values in select(tensors, "history.").items():
            if values.ndim != 1 or len(values) > int(step):
                self._refuse(f"history.{name}", f"at most {step} numbers", tuple(values.shape))
        return int(step)

    def _state_of(
        self, name: str, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]
    ) -> dict[int, dict[str, Tensor]]:
        """The saved state of an optimiser, by the number of the parameter."""
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in select(tensors, f"optimizer.{name}.").items():
            index, _, entry = key.partition(".")
            if not index.isdecimal() or int(index) >= len(parameters):
                self._refuse(f"optimizer.{name}.{key}", f"{len(parameters)} parameters", index)
            own = parameters[int(index)].shape
            if entry in LIKE_PARAMETERS and value.shape != own:
                self._refuse(f"optimizer.{name}.{key}", f"shape {tuple(own)}", tuple(value.shape))
            state.setdefault(int(index), {})[entry] = value
        return state

    def _try(self, state: Tensor | None, device: torch.device) -> None:
        """Refuse what cannot be the state of a generator on `device`."""
        expected = f"the state of a generator on {device}"
        if state is None:
            self._refuse("generator", expected, "none")
        try:
            torch.Generator(device).set_state(state)
        except (RuntimeError, TypeError) as error:
            self._refuse("generator", expected, f"what it refuses ({error})")

    def _refuse(self, name: str, expected: object, came: object) -> NoReturn:
        raise ValueError(
            f"{self.path}: {name}: expected {expected}, got {came}. The file is damaged, or was "
            "written by another version: delete it, or name another one, to start afresh"
        )


def tensors_of(name: str, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state of an optimiser, by names that say whose it is."""
    found = {}
    for index, state in optimizer.state_dict()["state"].items():
        for entry, value in state.items():
            if value is None:
                continue
            if not isinstance(value, Tensor):
                raise ValueError(
                    f"optimizer {name!r}: expected a state of tensors, which a checkpoint can "
                    f"hold, got {entry!r}, a {type(value).__name__}; take another optimiser, or "
                    "leave out checkpoint="
                )
            found[f"optimizer.{name}.{index}.{entry}"] = value
    return found


def select(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The entries whose name starts with `prefix`, without it."""
    return {
        name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)
    }
