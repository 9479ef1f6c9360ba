"""Loop: data with a real hole, and paths that have to go round it. Part of artifacts.py.

The 8 x 8 images of a 6 of scikit-learn's digits, each turned by an angle of its own, from 0 to 360
degrees, about a pivot: four pixels below the middle of the digit ("swung", 16 x 16 pixels) or its
middle ("turned", 12 x 12). The angle is known, so data are a loop, thick by the handwriting. An
adversarial autoencoder with two numbers for each image, a ratio on its codes, and paths between
codes whose angles differ by 150 to 180 degrees.

Judged without D and without the encoder: the angle of a decoded image is that of the nearest of
2,500 other images of the loop, pixel by pixel; an image is strange if the distance to it is above
that of 95 % of rebuilt images. A path goes *round* if from each of 64 places to the next the angle
changes by less than 45 degrees. The share of codes near which another part of the loop lies (one of
their 10 nearest codes has an angle more than 60 degrees off) says whether the loop of codes crosses
itself.
"""

from __future__ import annotations

import json
import math
from typing import Any

import torch
import torch.nn.functional as F
from intervals import Found, found, range_of, share, shares, words
from torch import Tensor

from nav_utils.data import load_images
from nav_utils.fitting import fit_ratio
from nav_utils.models import AAE
from nav_utils.navigation import Path, PathStatus, Pointwise, String, navigate
from nav_utils.ratio import Ratio
from nav_utils.steps import Probability
from nav_utils.training import train_aae

DIGIT, N, SEEDS, PAIRS = 6, 2500, (0, 1, 2), 30
PADDING = {"swung": (4, 4, 0, 8), "turned": (2, 2, 2, 2)}  # left, right, above, below
RECIPE = {"epochs": 30, "weight": 2.0, "penalty": 0.05, "learning_rate": 4e-3, "batch_size": 100}
CROSSED = "codes near another part of the loop"
WAYS: dict[str, dict[str, Any]] = {
    "line": {"planner": String(0), "proposal": "linear"},
    "line, corrected": {"planner": Pointwise(Probability(0.3)), "proposal": "linear"},
    "graph and string": {"planner": "graph"},
}


def turned(images: Tensor, angles: Tensor, padding: tuple[int, ...]) -> Tensor:
    """Images (N, 1, H, W), padded and turned by angles (N,) in radians about the new middle."""
    cos, sin, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    affine = torch.stack([torch.stack([cos, -sin, zero], -1), torch.stack([sin, cos, zero], -1)], 1)
    padded = F.pad(images, padding)
    grid = F.affine_grid(affine, list(padded.shape), align_corners=False)
    return F.grid_sample(padded, grid, align_corners=False).clamp(0, 1)


def loop_of(padding: tuple[int, ...], seed: int) -> tuple[Tensor, Tensor]:
    """Images (N, 1, H, W) of the loop and their angles (N,)."""
    data = load_images("digits")
    some = data.images[data.labels == DIGIT]
    generator = torch.Generator().manual_seed(seed)
    angles = 2 * math.pi * torch.rand(N, generator=generator)
    rows = torch.randint(len(some), (N,), generator=generator)
    return turned(some[rows], angles, padding), angles


def apart(a: Tensor, b: Tensor) -> Tensor:
    """Between angles, in degrees, from 0 to 180."""
    return torch.rad2deg((a - b + math.pi).remainder(2 * math.pi) - math.pi).abs()


def opposite(angles: Tensor) -> tuple[Tensor, Tensor]:
    """Rows (PAIRS,) twice, of images whose angles differ by 150 degrees or more."""
    rows = torch.randint(len(angles), (40 * PAIRS, 2), generator=torch.Generator().manual_seed(1))
    far = apart(angles[rows[:, 0]], angles[rows[:, 1]]) >= 150
    a, b = rows[far][:PAIRS].unbind(1)
    return a, b


def crossings(codes: Tensor, angles: Tensor) -> Tensor:
    """Flags (N,): another part of the loop lies near."""
    near = torch.cdist(codes, codes).topk(11, largest=False).indices[:, 1:]
    return (apart(angles[near], angles[:, None]) > 60).any(1)


def trained(padding: tuple[int, ...], seed: int) -> tuple[AAE, Ratio, Tensor, Tensor]:
    """A model of the loop, its ratio, its codes and their angles."""
    images, angles = loop_of(padding, seed)
    shape = (1, *images.shape[-2:])
    model = AAE(shape, 2, (64, 32), discriminator_hidden=(32, 32), seed=seed)
    options: dict[str, Any] = RECIPE
    train_aae(model, images, decay=1.0, seed=seed, progress=False, **options)
    model.requires_grad_(False)
    codes = model.encode(images)
    ratio = fit_ratio(
        codes[:2000], codes[2000:], hidden=(64, 64), steps=600, batch_size=512, progress=False
    )
    return model, ratio, codes, angles


def judged(padding: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Flags and measures of one training."""
    model, ratio, codes, angles = trained(padding, seed)
    others, their_angles = loop_of(padding, 100 + seed)
    bank = others.flatten(1)

    def nearest(z: Tensor) -> tuple[Tensor, Tensor]:
        """Distance and angle of the image of the loop that is nearest to each decoded place."""
        pixels = model.decode(z.reshape(-1, 2)).flatten(1)
        least = torch.cdist(pixels, bank).min(-1)
        return least.values.reshape(z.shape[:-1]), their_angles[least.indices].reshape(z.shape[:-1])

    usual = float(nearest(codes)[0].quantile(0.95))
    rows: dict[str, Any] = {CROSSED: crossings(codes, angles)}
    a, b = opposite(angles)
    for way, options in WAYS.items():
        path: Path = navigate(codes[a], codes[b], ratio, **options)
        distance, angle = nearest(path.resample(64))
        jump = apart(angle[:, 1:], angle[:, :-1]).amax(1)
        rows[f"{way}: round"] = jump < 45
        rows[f"{way}: largest jump, degrees"] = jump
        rows[f"{way}: strange places"] = (distance > usual).double().mean(1)
        rows[f"{way}: infeasible"] = path.status == PathStatus.INFEASIBLE
    return rows


def of_kind(key: str, values: Tensor) -> Found:
    """Flags, shares, or degrees."""
    if "degrees" in key:
        return found(values)
    return share(values) if values.dtype == torch.bool else shares(values)


def measured(seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """Both loops, over seeds; and the least and the largest value of single trainings."""
    table: dict[str, Any] = {}
    ranges = {}
    for kind, padding in PADDING.items():
        runs = [judged(padding, seed) for seed in seeds]
        groups = {key: [[of_kind(key, run[key])] for run in runs] for key in runs[0]}
        table[kind] = {key: words(group) for key, group in groups.items()}
        ranges[kind] = {key: range_of(group) for key, group in groups.items()}
        crossed = [float(run[CROSSED].double().mean()) for run in runs]
        table[kind][f"{CROSSED}, each training"] = ", ".join(f"{x:.0%}" for x in crossed)
        print(kind, json.dumps(table[kind], indent=1), flush=True)
    return table | {"ranges": ranges}
