"""What the explorer's page knows of a latent space: one safetensors file, kept in memory.

    grid            I16 (n, n), cubic B-spline coefficients of the logit a (scipy.ndimage, order
                    3, mode "mirror") over grid_scale; row i is z_2, column j z_1, from low to high
    no_data         U8, numpy.packbits of `Ratio.no_data` at the nodes, row by row
    decoder.K.weight, decoder.K.bias   F16 (out, in) and (out,), K = 0, 1, ...; absent where the
                    page has an atlas
    decoder.pixels  U8, numpy.packbits: the pixels, channel by channel, row by row, that the last
                    layer has an output for, in this order. The others are 0 everywhere.
    atlas           U8, the bytes of a JPEG file, see `nav_utils.explorer.atlas`; absent where the
                    page has the decoder
    ratio.K.weight, ratio.K.scale, ratio.K.bias   U8 (out, 3 in), F32 (out,) twice: row i of the
                    weights is scale_i times whole numbers of three bytes, the lowest first, in
                    two's complement. Absent unless the ratio is an `mlp`.
    codes, labels   F16 (m, 2) and U8 (m,), at most 900 of the training codes

The metadata has one entry, "explorer": JSON with the image's channels and size, the map's radius,
levels, the prior and its contours, the methods that the page offers, presets and the state to start
from.
"""

from __future__ import annotations

import json
import math
import pathlib
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from scipy import ndimage
from torch import Tensor, nn

from nav_utils import memory
from nav_utils.arguments import kind_of
from nav_utils.densities import StandardNormal
from nav_utils.explorer.atlas import (
    atlas_of,
    expect_decode,
    expect_half,
    page_decoder,
    plane,
)
from nav_utils.explorer.prior import contours, prior_facts
from nav_utils.explorer.state import DEFAULTS, RADIUS, WORDS, State, expect_state
from nav_utils.pretrained import LatentSpace
from nav_utils.ratio import DensityRatio, Ratio

HERE = pathlib.Path(__file__).parent
VERSION = 2
SHIPPED = ("mnist-2d", "digits-2d")  # spaces whose payload a page can fetch by name
SIZES = (97, 113, 129, 161, 181, 209, 257)  # nodes along an axis, the first that is exact enough
LARGEST_ERROR = 0.005  # in D
MARGIN = 1.15  # the grid reaches so many times the radius: mirrored splines are flat at their edge
LARGEST_LOGIT = 60.0
MOST_CODES = 900
NO_INK = 0.25 / 255  # a pixel that stays below is shown as 0, with room for places between nodes
LEAST_RADIUS = 0.5  # of the map, with another prior than N(0, I)

Parts = tuple[dict[str, Tensor], dict[str, Any]]  # tensors, and facts for the metadata


def payload(
    space: LatentSpace,
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    start: Mapping[str, Any] | None = None,
) -> bytes:
    """The bytes of a safetensors file with all that a page needs of a space of the plane.

    What takes time is done once for each space and kept as long as its ratio is.

    Args:
        space: of two dimensions, with a ratio, and with a model whose `decode` gives images
            (N, 1, H, W) or (N, 3, H, W) in [0, 1]; it needs nothing else. Tensors of any
            floating-point type. A decoder that is an `mlp` travels itself, of any other an atlas
            of at most 750,000 bytes.
        presets: {name: {"text": a sentence, "state": {...}}}; if not given, those of presets.json
            for a shipped space whose method the page offers, none for another space.
        start: the state to begin with, whole or in part; the defaults fill the rest.

    Raises:
        ValueError: for a space that is not so, values in it that are not finite, or states that
            make no sense.
    """
    ratio = expect_space(space)
    tensors, facts = parts(space, ratio)
    radius = facts["radius"]
    methods = facts["methods"]
    if presets is None:  # those of the name, though the prior may be another one
        every, usual = shipped_presets(facts["name"]), DEFAULTS["method"]
        presets = {k: p for k, p in every.items() if p["state"].get("method", usual) in methods}
    states = {
        name: {"text": preset["text"], "state": expect_partial(preset["state"], radius, methods)}
        for name, preset in presets.items()
    }
    facts = facts | {"presets": states, "start": expect_state(start or {}, radius, methods)}
    return save(tensors, {"explorer": json.dumps(facts, allow_nan=False)})


def radius_of(space: LatentSpace) -> float:
    """How far the map goes: 3.5, or what holds 99 % of each coordinate of the codes, in halves.

    With another prior than N(0, I): what holds 99 % of it and of the codes, and a tenth more.
    """
    assert space.ratio is not None
    prior, least, reach = space.ratio.prior, RADIUS, quantile_99(space.codes)
    if type(prior) is not StandardNormal:
        samples = prior.sample(10_000, torch.Generator().manual_seed(0))
        least, reach = LEAST_RADIUS, 1.1 * max(reach, quantile_99(samples))
    return max(least, math.ceil(2 * reach) / 2)


def quantile_99(points: Tensor) -> float:
    """What 99 % of each coordinate of points (N, 2) do not exceed, whatever their sign."""
    sizes = points.detach().abs().cpu().double().numpy()
    return float(np.quantile(sizes, 0.99, axis=0).max())


def methods_of(space: LatentSpace) -> tuple[str, ...]:
    """The methods that the page offers: those that need log p only where it can compute that."""
    ratio = space.ratio
    assert ratio is not None
    levels = (ratio.log_q_level(0.05), ratio.log_q_level(0.5))
    if prior_facts(ratio.prior) is not None and all(map(math.isfinite, levels)):
        return WORDS["method"]
    return tuple(name for name in WORDS["method"] if name not in {"score", "string"})


def shipped_presets(name: str) -> dict[str, Any]:
    """The presets of presets.json for a space of this name, by their names."""
    presets = json.loads((HERE / "presets.json").read_text(encoding="utf-8"))
    return presets.get(name, {})


def usual_ends(space: LatentSpace) -> State:
    """Two codes to begin with, "a" and "b", for a space of one's own.

    Each is the code nearest to the middle of its class, of the two classes whose middles are
    farthest apart; without classes, of the left and the right half of the codes.
    """
    if space.card.get("name") in SHIPPED:
        return {}
    codes = space.codes.detach().cpu().double()
    classes = space.labels.cpu().unique()
    if 2 <= len(classes) <= 100:
        groups = [codes[space.labels.cpu() == label] for label in classes]
    else:
        groups = list(codes[codes[:, 0].argsort()].tensor_split(2))
    middles = torch.stack([group.mean(0) for group in groups])
    gaps = torch.cdist(middles, middles)
    pair = divmod(int(gaps.argmax()), len(groups))
    found = [groups[k][(groups[k] - middles[k]).norm(dim=-1).argmin()] for k in pair]
    return {end: [round(x, 2) for x in z.tolist()] for end, z in zip("ab", found, strict=True)}


def expect_partial(state: Mapping[str, Any], radius: float, methods: Sequence[str]) -> State:
    """The keys that a state has, checked and in range."""
    whole = expect_state(state, radius, methods)
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
    expect_half("codes", codes)
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
    name = space.card.get("name")
    return memory.fingerprint(name, space.codes, space.labels, space.model, space.ratio)


def made(space: LatentSpace, ratio: Ratio) -> Parts:
    """All tensors, and the facts about them that go into the metadata."""
    shape = expect_decode(space.model, space.codes)
    radius = radius_of(space)
    high = MARGIN * radius
    grid, scale, error = fitted_grid(ratio, radius)
    nodes = plane(grid.shape[0], high)
    chosen = torch.randperm(len(space.codes), generator=torch.Generator().manual_seed(0))
    chosen = chosen[:MOST_CODES].to(space.codes.device)
    calibration = exact_weights(ratio)
    images, atlas = image_parts(space, shape, radius)
    tensors = {
        "grid": torch.from_numpy(grid),
        "no_data": packed(ratio.no_data(nodes)),
        "codes": space.codes[chosen].detach().cpu().half(),
        "labels": space.labels[chosen].detach().cpu().to(torch.uint8),
        **images,
        **calibration,
    }
    methods = methods_of(space)
    learnt = ratio if isinstance(ratio, DensityRatio) and calibration else None
    facts = {
        "version": VERSION,
        "name": str(space.card.get("name", "latent space")),
        "image": [shape[0], *(atlas["size"] if atlas else shape[1:])],
        "atlas": atlas,
        "radius": radius,
        "low": -high,
        "high": high,
        "grid_scale": scale,
        "grid_error": error,
        "scale": float(learnt.sign * learnt.scale) if learnt else 1.0,
        "shift": float(learnt.shift) if learnt else 0.0,
        "level_95": ratio.level(0.05),
        "methods": methods,
        "contours": [rounded(line, radius) for line in contours(ratio.prior, radius)],
        "prior": None,
    }
    if "score" in methods:
        facts["prior"] = prior_facts(ratio.prior)
        facts |= {"log_q_95": ratio.log_q_level(0.05), "log_q_50": ratio.log_q_level(0.5)}
    return {name: tensor.contiguous() for name, tensor in tensors.items()}, facts


def rounded(line: np.ndarray, radius: float) -> list[float]:
    """x and y in turn of points (k, 2), to a tenth of a pixel."""
    return line.round(3 if radius > 2 else 4).flatten().tolist()


def image_parts(
    space: LatentSpace, shape: tuple[int, int, int], radius: float
) -> tuple[dict[str, Tensor], dict[str, Any] | None]:
    """What makes images in the page: the decoder, or an atlas and the facts about that."""
    network = page_decoder(space.model, space.codes)
    if network is not None:
        return decoder_weights(network, MARGIN * radius), None
    atlas = atlas_of(space.model, space.codes, radius, shape)
    sheet = torch.from_numpy(np.frombuffer(atlas.sheet, np.uint8).copy())
    facts = {"nodes": atlas.nodes, "size": list(atlas.size), "error": atlas.error}
    return {"atlas": sheet}, facts


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
