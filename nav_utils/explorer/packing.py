"""What the explorer's page knows of a latent space: one safetensors file, kept in memory.

    grid            I16 (n, n), cubic B-spline coefficients of the logit a (scipy.ndimage, order
                    3, mode "mirror") over grid_scale; row i is z_2, column j z_1, from low to high
    no_data         U8, numpy.packbits of `Ratio.no_data` at the nodes, row by row
    decoder.K.weight, decoder.K.bias   F16 (out, in) and (out,), K = 0, 1, ...
    decoder.pixels  U8, numpy.packbits: the pixels, row by row, that the last layer has an output
                    for, in this order. The others hold no ink anywhere and are 0.
    ratio.K.weight, ratio.K.scale, ratio.K.bias   U8 (out, 3 in), F32 (out,) twice: row i of the
                    weights is scale_i times whole numbers of three bytes, the lowest first, in
                    two's complement. Absent unless the ratio is an `mlp`.
    codes, labels   F16 (m, 2) and U8 (m,), at most 900 of the training codes

The metadata has one entry, "explorer": JSON with the image's size, the map's radius, levels,
presets and the state to start from.
"""

from __future__ import annotations

import json
import math
import pathlib
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from scipy import ndimage
from torch import Tensor, nn

from nav_utils import memory
from nav_utils.arguments import kind_of
from nav_utils.densities import StandardNormal
from nav_utils.explorer.state import RADIUS, State, expect_state
from nav_utils.models import mlp_sizes
from nav_utils.pretrained import LatentSpace
from nav_utils.ratio import DensityRatio, Ratio

HERE = pathlib.Path(__file__).parent
VERSION = 1
SIZES = (97, 113, 129, 161, 181, 209, 257)  # nodes along an axis, the first that is exact enough
LARGEST_ERROR = 0.005  # in D
MARGIN = 1.15  # the grid reaches so many times the radius: mirrored splines are flat at their edge
LARGEST_LOGIT = 60.0
MOST_CODES = 900
NO_INK = 0.25 / 255  # a pixel that stays below is shown as 0, with room for places between nodes

Parts = tuple[dict[str, Tensor], dict[str, Any]]  # tensors, and facts for the metadata


def payload(
    space: LatentSpace,
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    start: Mapping[str, Any] | None = None,
) -> bytes:
    """The bytes of a safetensors file with all that a page needs of a space of the plane.

    What takes time is done once for each space and kept as long as its ratio is.

    Args:
        space: of two dimensions, with images of one channel, a decoder that is an `mlp`, and a
            ratio whose prior is N(0, I); tensors of any floating-point type.
        presets: {name: {"text": a sentence, "state": {...}}}; those of presets.json for a shipped
            space, none for another, if not given.
        start: the state to begin with, whole or in part; the defaults fill the rest.

    Raises:
        ValueError: for a space that is not so, values in it that are not finite, or states that
            make no sense.
    """
    ratio = expect_space(space)
    tensors, facts = parts(space, ratio)
    radius = facts["radius"]
    if presets is None:
        presets = shipped_presets(facts["name"])
    states = {
        name: {"text": preset["text"], "state": expect_partial(preset["state"], radius)}
        for name, preset in presets.items()
    }
    facts = facts | {"presets": states, "start": expect_state(start or {}, radius)}
    return save(tensors, {"explorer": json.dumps(facts, allow_nan=False)})


def radius_of(space: LatentSpace) -> float:
    """How far the map goes: 3.5, or what holds 99 % of each coordinate of the codes, in halves."""
    sizes = space.codes.detach().abs().cpu().double().numpy()
    return max(RADIUS, math.ceil(2 * float(np.quantile(sizes, 0.99, axis=0).max())) / 2)


def shipped_presets(name: str) -> dict[str, Any]:
    """The presets of presets.json for a space of this name, by their names."""
    presets = json.loads((HERE / "presets.json").read_text(encoding="utf-8"))
    return presets.get(name, {})


def expect_partial(state: Mapping[str, Any], radius: float) -> State:
    """The keys that a state has, checked and in range."""
    whole = expect_state(state, radius)
    return {key: whole[key] for key in state}


# ---- what a space has to be ---------------------------------------------------------------------


def expect_space(space: LatentSpace) -> Ratio:
    """The ratio of a space that the page can show; ValueError for any other."""
    if not isinstance(space, LatentSpace):
        raise ValueError(f"space: expected a LatentSpace, got a {type(space).__name__}")
    ratio, codes = space.ratio, space.codes
    if not isinstance(ratio, Ratio):
        raise ValueError("space: expected one with a ratio, got ratio=None; see `fit_ratio`")
    for name, values in (("codes", codes), ("labels", space.labels)):
        if not isinstance(values, Tensor):
            raise ValueError(f"{name}: expected a tensor, got {kind_of(values)}")
    if codes.ndim != 2 or codes.shape[1] != 2 or len(codes) == 0 or ratio.prior.dim != 2:
        raise ValueError(
            "space: expected two dimensions, codes (N, 2), got codes of shape "
            f"{tuple(codes.shape)} and a ratio of {ratio.prior.dim}"
        )
    if type(ratio.prior) is not StandardNormal:
        raise ValueError(f"prior: expected N(0, I), got a {type(ratio.prior).__name__}")
    expect_decoder(space.model)
    for name, values in {"codes": codes, **dict(space.model.decoder.named_parameters())}.items():
        if not bool(values.detach().half().isfinite().all()):
            raise ValueError(
                f"{name}: expected finite values within +-65504, got others; a network whose "
                "training diverged cannot be shown"
            )
    labels = space.labels
    if labels.is_floating_point() and not bool((labels == labels.round()).all()):
        raise ValueError("labels: expected whole numbers from 0 to 255, got fractions")
    if labels.shape != codes.shape[:1] or int(labels.min()) < 0 or int(labels.max()) > 255:
        raise ValueError(
            f"labels: expected whole numbers from 0 to 255, one for each of {len(codes)} codes, "
            f"got shape {tuple(labels.shape)}, {int(labels.min())} to {int(labels.max())}"
        )
    if len(ratio.held_out) < 19:
        raise ValueError(
            "ratio: expected at least 19 held-out codes, which set the levels, got "
            f"{len(ratio.held_out)}"
        )
    return ratio


def expect_decoder(model: Any) -> None:
    """Raise ValueError unless the model decodes points of the plane by an `mlp`, to grey images."""
    shape = tuple(model.image_shape)
    if len(shape) != 3 or shape[0] != 1:
        raise ValueError(f"images: expected one channel, (1, H, W), got {shape}")
    sizes = mlp_sizes(model.decoder)
    if sizes is None:
        raise ValueError(
            "decoder: expected a network that nav_utils.models.mlp made, Linear and SiLU in turn, "
            f"got {type(model.decoder).__name__} of another kind"
        )
    if (sizes[0], sizes[-1]) != (2, math.prod(shape)):
        raise ValueError(
            f"decoder: expected 2 inputs and {math.prod(shape)} outputs, got {sizes[0]} and "
            f"{sizes[-1]}"
        )


# ---- the parts ----------------------------------------------------------------------------------

_made: weakref.WeakKeyDictionary[Ratio, tuple[str, Parts]] = weakref.WeakKeyDictionary()


def parts(space: LatentSpace, ratio: Ratio) -> Parts:
    """Tensors and facts of a space, made once: until a weight or a code changes."""
    key = fingerprint(space)
    if ratio not in _made or _made[ratio][0] != key:
        _made[ratio] = key, made(space, ratio)
    return _made[ratio][1]


def fingerprint(space: LatentSpace) -> str:
    """SHA-256 of all that a payload is made of; equal for two copies of one space."""
    decoder = dict(space.model.decoder.state_dict())
    name, image = space.card.get("name"), tuple(space.model.image_shape)
    return memory.fingerprint(name, image, space.codes, space.labels, decoder, space.ratio)


def made(space: LatentSpace, ratio: Ratio) -> Parts:
    """All tensors, and the facts about them that go into the metadata."""
    radius = radius_of(space)
    high = MARGIN * radius
    grid, scale, error = fitted_grid(ratio, radius)
    nodes = plane(grid.shape[0], high)
    chosen = torch.randperm(len(space.codes), generator=torch.Generator().manual_seed(0))
    chosen = chosen[:MOST_CODES].to(space.codes.device)
    calibration = exact_weights(ratio)
    tensors = {
        "grid": torch.from_numpy(grid),
        "no_data": packed(ratio.no_data(nodes)),
        "codes": space.codes[chosen].detach().cpu().half(),
        "labels": space.labels[chosen].detach().cpu().to(torch.uint8),
        **decoder_weights(space.model.decoder, high),
        **calibration,
    }
    learnt = ratio if isinstance(ratio, DensityRatio) and calibration else None
    facts = {
        "version": VERSION,
        "name": str(space.card.get("name", "latent space")),
        "image": list(space.model.image_shape[1:]),
        "radius": radius,
        "low": -high,
        "high": high,
        "grid_scale": scale,
        "grid_error": error,
        "scale": float(learnt.sign * learnt.scale) if learnt else 1.0,
        "shift": float(learnt.shift) if learnt else 0.0,
        "level_95": ratio.level(0.05),
        "log_q_95": ratio.log_q_level(0.05),
        "log_q_50": ratio.log_q_level(0.5),
    }
    return {name: tensor.contiguous() for name, tensor in tensors.items()}, facts


def plane(n: int, high: float) -> Tensor:
    """The nodes (n, n, 2) of a grid over the square within +-high: z_2 by row, z_1 by column."""
    axis = torch.linspace(-high, high, n, dtype=torch.float64)
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)


def packed(mask: Tensor) -> Tensor:
    """Eight truth values in a byte, row by row, the first in the highest bit."""
    return torch.from_numpy(np.packbits(mask.cpu().numpy()))


def fitted_grid(ratio: Ratio, radius: float) -> tuple[np.ndarray, float, float]:
    """Whole coefficients (n, n) of the logit, what one of them is worth, and the error in D.

    The error is the largest at 200,000 random places within the radius where there are data.
    """
    generator = torch.Generator().manual_seed(0)
    z = radius * (2 * torch.rand(200_000, 2, generator=generator, dtype=torch.float64) - 1)
    z = z[~ratio.no_data(z)]
    true = logit(ratio, z)
    for n in SIZES:
        a = logit(ratio, plane(n, MARGIN * radius)).clip(-LARGEST_LOGIT, LARGEST_LOGIT)
        coefficients = ndimage.spline_filter(a, order=3, mode="mirror")
        scale = float(np.abs(coefficients).max()) / 32767 or 1.0
        grid = np.round(coefficients / scale).astype(np.int16)
        at = (z.numpy() / (MARGIN * radius) + 1) / 2 * (n - 1)  # in nodes, (M, 2)
        values = ndimage.map_coordinates(
            grid * scale, at.T[::-1], order=3, mode="mirror", prefilter=False
        )
        error = float(np.abs(sigmoid(values) - sigmoid(true)).max(initial=0.0))
        if error <= LARGEST_ERROR:
            break
    return grid, scale, error


def logit(ratio: Ratio, z: Tensor) -> np.ndarray:
    """a at points (..., 2), float64; ValueError where it is not finite."""
    with torch.no_grad():
        a = ratio.logit(z).cpu().numpy()
    if not np.isfinite(a).all():
        raise ValueError(
            f"ratio: expected finite logits, got {int((~np.isfinite(a)).sum())} of {a.size} that "
            "are not; its weights hold NaN or infinity"
        )
    return a


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(a / 2))


def layers(network: nn.Module) -> list[nn.Linear]:
    return [layer for layer in network.children() if isinstance(layer, nn.Linear)]


def decoder_weights(decoder: nn.Module, high: float) -> dict[str, Tensor]:
    """The decoder's weights and biases, without the outputs of pixels that never hold ink.

    That makes the shipped decoder an eighth smaller: at the edge of MNIST's images is no ink.
    """
    most = torch.full((layers(decoder)[-1].out_features,), -math.inf)
    weight = layers(decoder)[0].weight
    with torch.no_grad():
        for chunk in plane(193, high).reshape(-1, 2).to(weight).split(4096):
            most = torch.maximum(most, decoder(chunk).sigmoid().amax(0).cpu())
    inked = most >= NO_INK
    tensors = {"decoder.pixels": packed(inked)}
    for k, layer in enumerate(layers(decoder)):
        values = {"weight": layer.weight.detach().cpu(), "bias": layer.bias.detach().cpu()}
        if k == len(layers(decoder)) - 1:
            values = {name: value[inked] for name, value in values.items()}
        tensors |= {f"decoder.{k}.{name}": value.half() for name, value in values.items()}
    return tensors


def exact_weights(ratio: Ratio) -> dict[str, Tensor]:
    """The weights of a ratio that is an `mlp`, rounded row by row; nothing for any other ratio.

    With two bytes a weight, paths of the default settings end up to 0.004 elsewhere; with three, up
    to 0.0004 (strings) and 0.00004 (others).
    """
    if not isinstance(ratio, DensityRatio) or ratio.sizes is None or ratio.probability:
        return {}
    tensors = {}
    for k, layer in enumerate(layers(ratio.network)):
        weight = layer.weight.detach().cpu().double()
        scale = weight.abs().amax(1) / (2**23 - 1)
        scale = torch.where(scale > 0, scale, 1.0).float()
        whole = (weight / scale[:, None]).round().clamp(1 - 2**23, 2**23 - 1).to(torch.int32)
        octets = whole.numpy().astype("<i4").view(np.uint8).reshape(*whole.shape, 4)
        rows = octets[..., :3].reshape(len(whole), -1).copy()
        tensors[f"ratio.{k}.weight"] = torch.from_numpy(rows)
        tensors[f"ratio.{k}.scale"] = scale
        tensors[f"ratio.{k}.bias"] = layer.bias.detach().cpu().float()
    return tensors
