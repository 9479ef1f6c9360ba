"""The shipped checkpoints: networks, codes and labels as safetensors, each with its SHA-256 in a
manifest.

Three kinds of file for each latent space, so that one can change and leave the others' hashes
alone: `NAME.model.safetensors` (weights), `NAME.codes.safetensors` (codes and labels), `NAME.json`
(the model card).
"""

from __future__ import annotations

import difflib
import hashlib
import json
import pathlib
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nav_utils.checkpointing import read_safetensors
from nav_utils.models import AAE, Classifier, Network
from nav_utils.ratio import DensityRatio

CHECKPOINTS = pathlib.Path(__file__).parent / "checkpoints"


class LatentSpace(NamedTuple):
    """A trained adversarial autoencoder and everything needed to navigate it.

    Attributes:
        model: the `AAE`, in evaluation mode, with frozen weights.
        ratio: a calibrated density ratio of prior and codes (`fit_ratio` on these codes).
        train_discriminator: the discriminator left over from training, a logit network (same as
            `model.discriminator`).
        codes, labels: of the training images, (N, d) float32 and (N,) int64.
        test_codes, test_labels: of the test images.
        card: the model card: data, command, losses, measurements.
    """

    model: AAE
    ratio: DensityRatio | None
    train_discriminator: nn.Module
    codes: Tensor
    labels: Tensor
    test_codes: Tensor
    test_labels: Tensor
    card: dict[str, Any]


def load_pretrained(
    name: str = "mnist-2d", device: str | torch.device = "cpu", folder: pathlib.Path = CHECKPOINTS
) -> LatentSpace:
    """Load a shipped latent space, after comparing every file with its hash.

    Args:
        name: "mnist-2d", "mnist-16d" or "digits-2d".
        device: where the tensors go.
        folder: another folder of checkpoints with a manifest, for example your own.

    Returns:
        A `LatentSpace`.

    Raises:
        ValueError: for an unknown name, or a file whose bytes are not those of the manifest.
        FileNotFoundError: when a file of the manifest is missing.
    """
    weights, metadata = read_verified(f"{name}.model.safetensors", folder)
    model = rebuild(AAE, weights, metadata).to(device)
    codes, _ = read_verified(f"{name}.codes.safetensors", folder)
    tensors = {key: value.to(device) for key, value in codes.items()}
    return LatentSpace(
        model=model,
        ratio=load_ratio(name, folder, device),
        train_discriminator=model.discriminator,
        codes=tensors["codes"].float(),
        labels=tensors["labels"].long(),
        test_codes=tensors["test_codes"].float(),
        test_labels=tensors["test_labels"].long(),
        card=json.loads(verified(f"{name}.json", folder).read_text()),
    )


def load_ratio(
    name: str, folder: pathlib.Path = CHECKPOINTS, device: str | torch.device = "cpu"
) -> DensityRatio | None:
    """The density ratio of a latent space, None where the manifest has none."""
    file = f"{name}.ratio.safetensors"
    if file not in json.loads((folder / "manifest.json").read_text()):
        return None
    return DensityRatio.load(verified(file, folder)).to(device)


def load_classifier(
    device: str | torch.device = "cpu", folder: pathlib.Path = CHECKPOINTS
) -> Classifier:
    """Load the shipped judge of MNIST digits, a `Classifier` of pixels, with frozen weights.

    Args and errors as in `load_pretrained`.
    """
    weights, metadata = read_verified("mnist-classifier.model.safetensors", folder)
    return rebuild(Classifier, weights, metadata).to(device)


def rebuild(kind: type[Network], weights: dict[str, Tensor], metadata: dict[str, str]) -> Network:
    """The network that `weights` and the configuration in `metadata` describe, frozen."""
    model = kind(**json.loads(metadata["config"]))
    model.load_state_dict({key: value.float() for key, value in weights.items()})
    return model.eval().requires_grad_(False)


def read_verified(file: str, folder: pathlib.Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file of `folder`, once its hash was found right."""
    return read_safetensors(verified(file, folder))


def verified(file: str, folder: pathlib.Path) -> pathlib.Path:
    """The path of `file` in `folder`; ValueError unless its SHA-256 is the manifest's."""
    manifest: dict[str, str] = json.loads((folder / "manifest.json").read_text())
    if file not in manifest:
        names = sorted({known.split(".")[0] for known in manifest})
        near = difflib.get_close_matches(file.split(".")[0], names, n=1, cutoff=0)
        raise ValueError(
            f"{file.split('.')[0]!r}: expected one of {', '.join(names)}; did you mean {near[0]!r}?"
        )
    path = folder / file
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: the manifest names this file, but it is missing; install nav_utils again"
        )
    came = hashlib.sha256(path.read_bytes()).hexdigest()
    if came != manifest[file]:
        raise ValueError(
            f"{path}: expected SHA-256 {manifest[file]}, got {came}. The file was changed "
            "or damaged: install nav_utils again, or train it anew (python -m nav_utils.recipes)"
        )
    return path
