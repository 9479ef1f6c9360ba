"""Latent spaces in a folder: model, codes, ratio and card, each file with its hash."""

from __future__ import annotations

import json
import pathlib
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from nav_utils.arguments import expect_samples, kind_of
from nav_utils.checkpointing import (
    as_json,
    expect_weights,
    facts_of,
    parse_safetensors,
    write_safetensors,
)
from nav_utils.manifests import MANIFEST, enter, listed, read_manifest, replace_folder, write_card
from nav_utils.models import AAE, VAE, Autoencoder, mlp, mlp_sizes
from nav_utils.priors import Prior
from nav_utils.ratio import DensityRatio

MODEL, CODES, CARD = "model.safetensors", "codes.safetensors", "card.json"
DISCRIMINATOR, RATIO = "discriminator.safetensors", "ratio.safetensors"
TENSORS = ("codes", "labels", "test_codes", "test_labels")
FILES = (MANIFEST, MODEL, CODES, CARD, DISCRIMINATOR, RATIO)
OURS = {kind.__name__: kind for kind in (Autoencoder, VAE, AAE)}  # built again from their config


class LatentSpace(NamedTuple):
    """A trained autoencoder and everything needed to navigate it.

    Attributes:
        model: an `AAE` in evaluation mode, with frozen weights; of one's own, anything with
            `encode` and `decode`.
        ratio: a calibrated density ratio of prior and codes (`fit_ratio` on these codes), or None.
        train_discriminator: the discriminator left over from training, a logit network (same as
            `model.discriminator`); None for a model without.
        codes, labels: of the training images, (N, d) floating and (N,) int64.
        test_codes, test_labels: of the test images.
        card: the model card: data, command, losses, measurements.
    """

    model: Any
    ratio: DensityRatio | None
    train_discriminator: nn.Module | None
    codes: Tensor
    labels: Tensor
    test_codes: Tensor
    test_labels: Tensor
    card: dict[str, Any]

    def save(self, folder: str | pathlib.Path) -> None:
        """Write all of it into a folder, whole or not at all; `load_space` reads it.

        Args:
            folder: a new one, or one of a space, which is replaced.

        Raises:
            ValueError: for a model that is no `nn.Module`, a ratio that is no `DensityRatio`, or
                codes and labels that do not belong together.
            FileExistsError: for a folder with other files in it.
        """
        expect_space(self)
        replace_folder(folder, FILES, lambda partial: write_space(self, partial))


def expect_space(space: LatentSpace) -> None:
    """Raise ValueError unless a space can be written, and read again."""
    for name, kind in (
        ("model", nn.Module),
        ("train_discriminator", nn.Module),
        ("ratio", DensityRatio),
        ("card", dict),
    ):
        value, optional = getattr(space, name), name in ("train_discriminator", "ratio")
        if not isinstance(value, kind) and not (optional and value is None):
            wanted = kind.__name__ + " or None" * optional
            raise ValueError(f"{name}: expected a {wanted} to save, got {kind_of(value)}")
    expect_samples(codes=space.codes, test_codes=space.test_codes)
    for part in ("", "test_"):
        codes, labels = (getattr(space, part + name) for name in ("codes", "labels"))
        if not isinstance(labels, Tensor) or labels.shape != (len(codes),):
            shape = f" of shape {tuple(labels.shape)}" if isinstance(labels, Tensor) else ""
            raise ValueError(
                f"{part}labels: expected ({len(codes)},), one for each code, zeros if there are "
                f"none, got {kind_of(labels)}{shape}"
            )


def write_space(space: LatentSpace, folder: pathlib.Path) -> None:
    """Write the files of a space, and their manifest."""
    write_module(folder, MODEL, space.model)
    left_over = space.train_discriminator
    if left_over is not None and left_over is not getattr(space.model, "discriminator", None):
        write_module(folder, DISCRIMINATOR, left_over)
    write_safetensors(folder / CODES, {name: getattr(space, name) for name in TENSORS}, {})
    enter(folder, CODES)
    if space.ratio is not None:
        space.ratio.save(folder / RATIO)
        enter(folder, RATIO)
    write_card(folder, CARD, space.card)


def write_module(folder: pathlib.Path, file: str, module: nn.Module) -> None:
    """Write the weights of a module, and what it can be built from."""
    kind = type(module).__name__
    known = OURS.get(kind) is type(module)
    facts = {"kind": kind, "config": module.config if known else None, "sizes": mlp_sizes(module)}
    write_safetensors(folder / file, dict(module.state_dict()), {"module": as_json(facts)})
    enter(folder, file)


def load_space(
    folder: str | pathlib.Path,
    *,
    model: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    network: nn.Module | None = None,
    prior: Prior | Distribution | None = None,
    device: str | torch.device = "cpu",
) -> LatentSpace:
    """Read what `LatentSpace.save` wrote, after comparing every file with its hash.

    A class of one's own cannot be built from a file: give an object of it, and the weights are put
    into it.

    Args:
        folder: of the space.
        model: needed unless the model is an `Autoencoder`, a `VAE` or an `AAE` of this package.
        discriminator: needed if the left-over one is a class of one's own, outside the model.
        network, prior: of the ratio, needed for those of one's own, see `DensityRatio.load`.
        device: where the tensors go.

    Returns:
        A `LatentSpace`; its networks are in evaluation mode, with frozen weights. Its tensors are
        its own: the files may change afterwards.

    Raises:
        ValueError: for a file whose bytes are not those of the manifest, for weights that do not
            fit, and when a module or a prior is needed.
        FileNotFoundError: when the folder has no manifest, or a file of the manifest is missing.
    """
    path = pathlib.Path(folder).expanduser()
    manifest = read_manifest(path, "a space", "LatentSpace.save writes one")
    lacking = [file for file in (MODEL, CODES, CARD) if file not in manifest]
    if lacking:
        raise ValueError(
            f"{path}: expected a space that LatentSpace.save wrote, got a manifest without "
            f"{', '.join(lacking)}; load_pretrained(name, folder=...) reads other checkpoints"
        )
    content = {
        file: listed(path / file, manifest[file], "save the space again")
        for file in FILES
        if file in manifest
    }
    model = filled(model, content[MODEL], path / MODEL, "model").to(device)
    left_over = getattr(model, "discriminator", None)
    if DISCRIMINATOR in content:
        source = path / DISCRIMINATOR
        left_over = filled(discriminator, content[DISCRIMINATOR], source, "discriminator")
    ratio = None
    if RATIO in content:
        ratio = DensityRatio.from_bytes(content[RATIO], path / RATIO, network, prior).to(device)
    tensors, _ = parse_safetensors(content[CODES], path / CODES)
    if set(tensors) != set(TENSORS):
        raise ValueError(
            f"{path / CODES}: expected {', '.join(TENSORS)}, got {', '.join(sorted(tensors))}; "
            "the file was written by another version"
        )
    return LatentSpace(
        model=model,
        ratio=ratio,
        train_discriminator=None if left_over is None else left_over.to(device),
        **{name: tensor.to(device) for name, tensor in tensors.items()},
        card=json.loads(content[CARD]),
    )


def filled(module: nn.Module | None, content: bytes, source: pathlib.Path, name: str) -> nn.Module:
    """The module, or the one that the file describes, with the file's weights, frozen."""
    weights, metadata = parse_safetensors(content, source)
    facts = facts_of(metadata, "module", source)
    if module is None:
        if facts["config"] is not None and facts["kind"] in OURS:
            module = OURS[facts["kind"]](**facts["config"])
        elif facts["sizes"] is not None:
            module = mlp(facts["sizes"])
        else:
            raise ValueError(
                f"{source}: expected {name}= of class {facts['kind']} to put the weights into: a "
                "class of one's own cannot be built from a file"
            )
        module.to(next(iter(weights.values())).dtype)
    expect_weights(module, weights, source)
    module.load_state_dict(weights)
    return module.eval().requires_grad_(False)
