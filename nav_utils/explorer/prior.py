"""What a page knows of a prior: the contours that it draws, and how it computes log p.

A page computes log p and its gradient of N(0, I), of mixtures of normal distributions, and of a
uniform distribution on a box. Of any other prior it only draws the contours.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from contourpy import LineType, contour_generator
from torch import Tensor

from nav_utils.densities import GaussianMixture, StandardNormal
from nav_utils.explorer.atlas import plane
from nav_utils.priors import Box, FullMixture, Prior, sampled_log_prob

MASSES = (0.393, 0.865)  # within one and two standard deviations of N(0, I)
RESOLUTION = 241  # nodes along an axis of the grid that contours are drawn from
STEEPEST = 5.0  # nats below the contours, where log p is cut off
MOST_PARTS = 500  # of a mixture that a page computes


def contours(prior: Prior, radius: float) -> list[np.ndarray]:
    """Lines (k, 2), closed ones with the first point again: what holds 39 % and 86 % of the prior.

    Two circles for N(0, I); the edge of a box. For others, level sets of log p.
    """
    if type(prior) is StandardNormal:
        angles = np.linspace(0, 2 * math.pi, 49)
        return [sigma * np.stack([np.cos(angles), np.sin(angles)], 1) for sigma in (1, 2)]
    if type(prior) is Box:
        (x, y), (u, v) = prior.low.tolist(), prior.high.tolist()
        return [np.array([[x, y], [u, y], [u, v], [x, v], [x, y]])]
    z = plane(RESOLUTION, radius)
    log_p = prior.log_prob(z).detach().cpu().double()
    shares = torch.tensor([1 - mass for mass in MASSES], dtype=torch.float64)
    levels = sampled_log_prob(prior).detach().cpu().double().quantile(shares)
    # Where a density is flat, a level is that of a whole region: then its edge is meant.
    levels = levels.clamp(max=float(log_p.max()) - 1e-3)
    log_p = log_p.nan_to_num(nan=-math.inf).clamp(min=float(levels.min()) - STEEPEST)
    x, y = (part.numpy() for part in z.unbind(-1))
    drawn = contour_generator(x, y, log_p.numpy(), line_type=LineType.Separate)
    found = [drawn.lines(level) for level in sorted(set(levels.tolist()))]
    return [np.asarray(line) for lines in found for line in lines]


def prior_facts(prior: Prior) -> dict[str, Any] | None:
    """What a page computes log p from, for JSON; None where it cannot.

    Returns:
        {"kind": "normal"}; {"kind": "box", "low": [x, y], "high": [x, y]}; or {"kind": "mixture",
        "parts": [[log of weight and norm, mean x, y, precision xx, xy, yy], ...]}.
    """
    if type(prior) is StandardNormal:
        return {"kind": "normal"}
    if type(prior) is Box:
        return {"kind": "box", "low": prior.low.tolist(), "high": prior.high.tolist()}
    if type(prior) is GaussianMixture:
        return mixture_facts(prior.weights, prior.means, torch.diag_embed(prior.std.square()))
    if type(prior) is FullMixture:
        return mixture_facts(prior.weights, prior.means, prior.covariances)
    return None


def mixture_facts(weights: Tensor, means: Tensor, covariances: Tensor) -> dict[str, Any] | None:
    """Of K normal distributions: weights (K,), means (K, 2), covariances (K, 2, 2)."""
    if len(means) > MOST_PARTS:
        return None
    precision = torch.linalg.inv(covariances)
    height = (weights / weights.sum()).log() - math.log(2 * math.pi)
    height = height - 0.5 * torch.linalg.slogdet(covariances).logabsdet
    form = precision.flatten(1)[:, [0, 1, 3]]  # xx, xy, yy
    parts = torch.cat([height[:, None], means, form], dim=1).tolist()
    return {"kind": "mixture", "parts": parts}
