"""A latent space that a page has trained, as one like any other."""

from __future__ import annotations

import math
import pathlib
from typing import Any

import torch
from torch import Tensor

from nav_utils.checkpointing import expect_weights, facts_of, parse_safetensors, select
from nav_utils.data import load_images
from nav_utils.models import AAE, VAE, Autoencoder, mlp
from nav_utils.ratio import DensityRatio
from nav_utils.spaces import LatentSpace
from nav_utils.training import reconstruction_nats

KINDS: dict[str, Any] = {"plain": Autoencoder, "variational": VAE, "adversarial": AAE}
VERSION = 1
ROUNDING = 1e-3  # how far codes and loss in the file may be from Python's: both round to float32


def trained_space(content: bytes, source: str | pathlib.Path = "playground") -> LatentSpace:
    """The space in the bytes that a playground exports.

    Args:
        content: of a safetensors file: weights of encoder, decoder, discriminator and of the refit
            logit, codes of the 1,500 digits and those that were held out of the refit.
        source: for messages.

    Returns:
        A `LatentSpace`: the model (an `AAE`, `VAE` or `Autoencoder`, as the objective was), its
        refit ratio, codes of both splits of `load_images("digits")`, and a card with the settings,
        the steps, the refit's held-out losses in nats, and the reconstruction in nats per image.

    Raises:
        ValueError: for bytes of another kind, and when codes or reconstruction are not what these
            weights make of the digits.
    """
    tensors, metadata = parse_safetensors(content, source)
    facts = facts_of(metadata, "playground", source)
    kind = KINDS.get(facts.get("settings", {}).get("objective"))
    if facts.get("version") != VERSION or kind is None or not {"codes", "held_out"} <= set(tensors):
        raise ValueError(
            f"{source}: expected what a playground exports, version {VERSION}, got version "
            f"{facts.get('version')!r} with {', '.join(sorted(tensors)) or 'nothing'}"
        )
    model = model_from(kind, tensors, source)
    ratio = DensityRatio(network_from(tensors, "ratio", source), tensors["held_out"])
    ratio.history = history_of(facts)
    train, test = load_images("digits"), load_images("digits", "test")
    with torch.no_grad():
        codes, test_codes = model.encode(train.images), model.encode(test.images)
        nats = [
            float(reconstruction_nats(model.decode_logits(z), data.images).mean())
            for z, data in ((codes, train), (test_codes, test))
        ]
    expect_codes_of(codes, tensors["codes"], source)
    if not abs(nats[0] - facts.get("reconstruction", math.nan)) <= ROUNDING:
        raise ValueError(
            f"{source}: expected a reconstruction of {facts.get('reconstruction')} nats per image, "
            f"as the page says, got {nats[0]}; export it again"
        )
    card = {
        "name": "playground",
        "data": "digits",
        "settings": facts["settings"],
        "steps": facts.get("step"),
        "held-out loss (nats)": facts.get("heldOut"),
        "reconstruction (nats)": {"train": nats[0], "test": nats[1]},
    }
    return LatentSpace(
        model=model,
        ratio=ratio,
        train_discriminator=getattr(model, "discriminator", None),
        codes=tensors["codes"],
        labels=train.labels,
        test_codes=test_codes,
        test_labels=test.labels,
        card=card,
    )


def model_from(kind: Any, tensors: dict[str, Tensor], source: object) -> Autoencoder:
    """The model of these weights, frozen, in evaluation mode."""
    names = ["encoder.", "decoder."] + ["discriminator."] * (kind is AAE)
    weights = {key: tensor for key, tensor in tensors.items() if key.startswith(tuple(names))}
    sizes = widths(select(weights, "encoder."), source)
    options: dict[str, Any] = {}
    if kind is AAE:
        judge = widths(select(weights, "discriminator."), source)
        options["discriminator_hidden"] = judge[1:-1]
    model = kind((1, 8, 8), 2, hidden=sizes[1:-1], **options)
    expect_weights(model, weights, source)
    model.load_state_dict(weights)
    return model.eval().requires_grad_(False)


def network_from(tensors: dict[str, Tensor], name: str, source: object) -> torch.nn.Sequential:
    """An `mlp` of the weights under a name."""
    weights = select(tensors, f"{name}.")
    network = mlp(widths(weights, source))
    expect_weights(network, weights, source)
    network.load_state_dict(weights)
    return network


def widths(weights: dict[str, Tensor], source: object) -> list[int]:
    """The widths of an `mlp`, from input to output, out of its weights."""
    matrices = [
        weights[f"{2 * k}.weight"] for k in range(len(weights)) if f"{2 * k}.weight" in weights
    ]
    if not matrices or any(matrix.ndim != 2 for matrix in matrices):
        raise ValueError(f"{source}: expected the weights of a network, got {sorted(weights)}")
    return [matrices[0].shape[1], *(matrix.shape[0] for matrix in matrices)]


def history_of(facts: dict[str, Any]) -> dict[str, list[float]]:
    """The refit's looks as `fit_ratio` keeps them."""
    looks = facts.get("history", [])
    names = {"step": "step", "train": "train_loss", "heldOut": "held_out_loss"}
    return {name: [look[key] for look in looks] for key, name in names.items()}


def expect_codes_of(codes: Tensor, came: Tensor, source: object) -> None:
    """Raise ValueError unless codes in a file are those of the digits."""
    off = float((codes - came).abs().max()) if codes.shape == came.shape else math.inf
    if not off <= ROUNDING * (1 + float(codes.abs().max())):
        raise ValueError(
            f"{source}: expected the codes that its encoder gives the digits, got others, up to "
            f"{off:.3g} away; export it again"
        )
