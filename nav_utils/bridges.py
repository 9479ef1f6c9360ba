"""Bridges between codes and prior: a hard question asked as several easy ones.

Where prior and codes hardly overlap, one classifier tells them apart without having to learn how
far apart they are: its logit saturates. Telescoping asks for K ratios of neighbours instead. Their
logs add up, log p - log q = sum of log q_(k+1) - log q_k, whatever lies between: it is exact for
any chain of distributions that begins at q and ends at p. The heads of the K questions share a
body, so their sum is one linear layer, and the result is a network with one output.

Source: Rhodes, Xu and Gutmann 2020, arXiv 2006.12204.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import cast

import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

SEPARATED = 0.99  # AUC beyond which a logit no longer measures how far apart two densities are
FEWEST = 50  # held-out codes that such a verdict needs


def chain(prior_samples: Tensor, codes: Tensor, centre: Tensor, bridges: int) -> list[Tensor]:
    """The links from samples of the prior to codes, pair by pair.

    Link k is centre + sqrt(1 - w_k^2) (z - centre) + w_k (n - centre) of a code z and a
    prior sample n, with w_k in even steps from 1 to 0. So the first link is n and the last is
    z, whatever the shape of the prior; with the prior's mean as the centre, the links between them
    do not wander off to one side.

    Args:
        prior_samples, codes: n and z, (N, d). If one has fewer rows, they are used more than once.
        centre: (d,).
        bridges: K.

    Returns:
        K + 1 tensors (N, d), from the prior to the codes.
    """
    if bridges == 1:
        return [prior_samples, codes]
    rows = torch.arange(max(len(prior_samples), len(codes)), device=codes.device)
    noise, z = (x[rows % len(x)] - centre for x in (prior_samples, codes))
    links = [prior_samples]
    for k in range(1, bridges):
        w = 1 - k / bridges
        links.append(centre + (1 - w**2) ** 0.5 * z + w * noise)
    return [*links, codes]


def telescope(
    heads: nn.Sequential, turns: Sequence[tuple[float, float]] | None = None
) -> nn.Sequential:
    """The network whose one output is the sum of scale * head + shift over the heads.

    Args:
        heads: an `mlp` with K outputs; a copy is made.
        turns: scale and shift of each head, K pairs; 1 and 0 if not given.
    """
    network, last = copy.deepcopy(heads), cast(nn.Linear, heads[-1])
    scales, shifts = torch.tensor(turns or [(1.0, 0.0)] * last.out_features).to(last.weight).T
    total = nn.utils.skip_init(nn.Linear, last.in_features, 1).to(last.weight)
    with torch.no_grad():
        total.weight.copy_(scales @ last.weight)
        total.bias.copy_((scales * last.bias + shifts).sum())
    network[-1] = total
    return network


def warn_of_separation(logits: Sequence[Tensor], stacklevel: int = 3) -> None:
    """Warn when neighbours are told apart so well that the logit has lost its scale.

    Args:
        logits: of the K heads, on held-out samples of each link, K + 1 tensors (N, K).
    """
    bridges = len(logits) - 1
    if min(len(part) for part in logits) < FEWEST:
        return
    pairs = [(logits[k][:, k].cpu(), logits[k + 1][:, k].cpu()) for k in range(bridges)]
    found = [auc(*pair) for pair in pairs]
    worst = max(range(bridges), key=found.__getitem__)
    if bridges > 1 and found[worst] > SEPARATED:
        warnings.warn(
            f"the neighbours of bridge {worst + 1} of {bridges}, counted from the prior, are told "
            f"apart with an AUC of {found[worst]:.4f}, above {SEPARATED}: its logit has no scale. "
            f"Take more: bridges={2 * bridges}",
            stacklevel=stacklevel,
        )
    if bridges > 1:
        return
    on_prior, on_codes = pairs[0]
    none = not bool((on_prior <= on_codes.quantile(0.95)).any())
    if found[0] > SEPARATED or none:
        clears = "; no prior sample is below the level of 95 % of them" if none else ""
        warnings.warn(
            f"held-out codes are told from the prior with an AUC of {found[0]:.4f}{clears}: the "
            "two hardly overlap, and a single network then knows the side of a point, not how far "
            "it is from the codes. Levels, regions and REACHED mean little. Take bridges=4 or "
            "more, fewer dimensions, or a training that brings codes nearer to the prior",
            stacklevel=stacklevel,
        )


def auc(on_prior: Tensor, on_codes: Tensor) -> float:
    """P(logit of a prior sample > logit of a code)."""
    is_prior = torch.cat([torch.ones_like(on_prior), torch.zeros_like(on_codes)])
    return float(roc_auc_score(is_prior, torch.cat([on_prior, on_codes])))
