"""What a network's answers mean: a logit or a probability, of the prior or of the codes."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor


def logit_of(probability: Tensor) -> Tensor:
    """log D - log(1 - D), finite, with a warning where D has been rounded to 0 or 1."""
    if bool(((probability < 0) | (probability > 1)).any()):
        raise ValueError("network: expected probabilities in [0, 1]; leave out probability=True?")
    tiny = torch.finfo(probability.dtype).eps / 2
    saturated = int(((probability < tiny) | (probability > 1 - tiny)).sum())
    if saturated:
        warnings.warn(
            f"D is rounded to 0 or 1 at {saturated} of {probability.numel()} points: the logit is "
            "cut off there and has no gradient. Wrap the network without its sigmoid.",
            stacklevel=3,
        )
    return torch.logit(probability, eps=tiny)


@torch.no_grad()
def warn_of_conventions(ratio: Any, n: int = 1000) -> None:
    """Warn when the network's answers do not look like log p - log q.

    Whatever the network, the mean of log p - log q is at least 0 over the prior and at most 0
    over the codes.

    Args:
        ratio: a `DensityRatio`.
        n: samples of the prior, and codes at most, to ask.
    """
    samples = ratio.prior.sample(n, torch.Generator().manual_seed(0)).to(ratio.held_out)
    here, there = ratio.logit(samples), ratio.logit(ratio.held_out[:n])
    both = torch.cat([here, there])
    plain = ratio.scale == 1 and ratio.shift == 0 and not ratio.probability and not ratio.reversed
    within = bool(((both >= 0) & (both <= 1)).all()) and bool((both != both[0]).any())
    if plain and within and 0.1 < float(both.mean()) < 0.9:
        warnings.warn(
            f"network: expected logits, got answers from {float(both.min()):.2f} to "
            f"{float(both.max()):.2f}, all within 0 and 1: does it end in a sigmoid? "
            "DensityRatio(..., probability=True) takes it so",
            stacklevel=4,
        )
    gap = float(there.mean() - here.mean())
    error = float((here.var() / len(here) + there.var() / max(len(there), 2)).sqrt())
    if gap > 0.1 and gap > 6 * error:
        flag = "False, which it is by default" if ratio.reversed else "True"
        warnings.warn(
            f"network: expected a higher mean on samples of the prior ({float(here.mean()):.2f}"
            f") than on held-out codes ({float(there.mean()):.2f}), got a lower one: does it "
            f"call codes 1 and the prior 0? DensityRatio(..., reversed={flag})",
            stacklevel=4,
        )
