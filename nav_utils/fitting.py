"""Learning a ratio: a fresh network tells samples of the prior from codes that no longer move."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Distribution
from tqdm.auto import tqdm

from nav_utils.arguments import expect_codes, expect_whole, seeded_generator
from nav_utils.bridges import chain, telescope, warn_of_separation
from nav_utils.densities import StandardNormal
from nav_utils.models import mlp, seeded
from nav_utils.priors import Prior, as_prior
from nav_utils.ratio import DensityRatio
from nav_utils.training import cosine_rate


def logistic_loss(prior_logits: Tensor, code_logits: Tensor) -> Tensor:
    """Mean logistic loss over both classes in nats, prior 1 and codes 0; ln 2 = 0.6931 is blind."""
    return 0.5 * (F.softplus(-prior_logits).mean() + F.softplus(code_logits).mean())


def bridge_loss(logits: Sequence[Tensor]) -> Tensor:
    """Mean logistic loss of K heads in nats, head k between link k and link k + 1.

    Args:
        logits: of all heads on each link, K + 1 tensors (N, K); see `nav_utils.bridges.chain`.
    """
    pairs = zip(logits, logits[1:], strict=False)
    return torch.stack([logistic_loss(a[:, k], b[:, k]) for k, (a, b) in enumerate(pairs)]).mean()


def fit_ratio(
    codes: Tensor,
    held_out: Tensor | None = None,
    prior: Prior | Distribution | None = None,
    *,
    seed: int = 0,
    bridges: int = 1,
    hidden: Sequence[int] = (128, 128, 128),
    steps: int = 4000,
    batch_size: int = 1024,
    learning_rate: float = 3e-3,
    weight_decay: float = 0.03,
    check_every: int = 100,
    patience: int = 40,
    recalibrate: bool = False,
    device: str | torch.device = "cpu",
    progress: bool = True,
    callback: Callable[[dict[str, Any]], None] | None = None,
) -> DensityRatio:
    """Train a fresh logit network to tell samples of the prior from codes that no longer move.

    The prior never runs out: every batch has new samples of it. Half of the held-out codes stop the
    training (and recalibrate); the other half play no part in it, and set the levels of the ratio.

    Args:
        codes: (N, d), of a frozen encoder. With fewer than `batch_size`, a batch repeats some.
        held_out: (M, d), codes of other images; a sixth of `codes`, drawn at random, if not given.
        prior: N(0, I) if not given.
        seed: of weights, batches, prior samples and splits.
        bridges: K, how many questions make up the ratio. With more than one, K heads on one body
            tell neighbours apart in a chain from the prior to the codes, and the ratio is the sum
            of their logits, again a network with one output. See `nav_utils.bridges`.
        batch_size: prior samples in a batch, and codes. With bridges the links share these
            2 batch_size rows, so that a step costs what it costs without.
        hidden: widths of the network's hidden layers.
        steps: at most so many; the learning rate of AdamW falls to 0 along half a cosine.
        weight_decay: of AdamW; more of it where codes are few or d is large.
        check_every, patience: the held-out loss is looked at every so many steps; training stops
            after `patience` looks without a better one, and the best weights are kept. By default
            it looks on to the end: the gradient only becomes smooth as the rate comes down.
        recalibrate: fit scale and shift on the stopping half (Platt 1999), of each bridge; with one
            bridge the order of levels stays.
        callback: called at every look with a dict: step, train_loss, held_out_loss, network.

    Returns:
        A `DensityRatio`, on `device`. Its `history` has step, train_loss and held_out_loss, of
        prior against codes; with bridges train_loss is their mean, and bridge_loss, their held-out
        mean, is what stops the training.

    Warns:
        UserWarning: when held-out codes and prior, or neighbours in the chain, are told apart so
            well that the logit has lost its scale.

    Raises:
        ValueError: codes not finite, too few, all the same, of another dimension than held_out or
            the prior, or rows that stand in both codes and held_out.
        FloatingPointError: when the held-out loss is not finite.
    Source: Sugiyama, Suzuki and Kanamori 2012; as a diagnosis of GANs, Azadi et al. 2018; bridges,
        Rhodes, Xu and Gutmann 2020, arXiv 2006.12204.
    """
    (bridges,) = expect_whole(1, bridges=bridges)
    expect_codes(codes, held_out)
    prior = as_prior(prior or StandardNormal(codes.shape[1]))
    if prior.dim != codes.shape[1]:
        raise ValueError(
            f"prior: expected dimension {codes.shape[1]}, that of codes, got {prior.dim}"
        )
    fitting, stopping, levels = (part.to(device) for part in split_codes(codes, held_out, seed))
    with seeded(seed):
        network = mlp([prior.dim, *hidden, bridges]).to(device)
    generator = seeded_generator(seed, device)
    stopping_prior = prior.sample(4 * len(stopping), generator)
    centre = stopping_prior.mean(0)
    held_out_links = chain(stopping_prior, stopping, centre, bridges)
    rows_each = max(1, 2 * batch_size // (bridges + 1))

    def batch() -> list[Tensor]:
        rows = torch.randint(len(fitting), (rows_each,), generator=generator, device=device)
        return chain(prior.sample(rows_each, generator), fitting[rows], centre, bridges)

    history = train_heads(
        network,
        batch,
        held_out_links,
        steps=steps,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        check_every=check_every,
        patience=patience,
        progress=progress,
        callback=callback,
    )
    with torch.no_grad():
        logits = [network(z) for z in held_out_links]
    warn_of_separation(logits)
    turns = [(1.0, 0.0)] * bridges
    if recalibrate:
        turns = [platt_of(logits[k][:, k], logits[k + 1][:, k]) for k in range(bridges)]
    if bridges > 1:  # the heads become one, each with its own calibration
        network, turns = telescope(network, turns), [(1.0, 0.0)]
    ratio = DensityRatio(network, levels, prior, *turns[0])
    ratio.history = history
    return ratio


def train_heads(
    network: nn.Sequential,
    batch: Callable[[], list[Tensor]],
    held_out_links: list[Tensor],
    *,
    steps: int,
    learning_rate: float,
    weight_decay: float,
    check_every: int,
    patience: int,
    progress: bool,
    callback: Callable[[dict[str, Any]], None] | None,
) -> dict[str, list[float]]:
    """Train K logits until the held-out loss no longer falls, and keep the best weights.

    Args:
        network: from points (N, d) to K logits (N, K); updated in place.
        batch: the K + 1 links of a fresh batch, each (N, d); see `nav_utils.bridges.chain`.
        held_out_links: K + 1 tensors, what the training is stopped by.
        steps, learning_rate, weight_decay, check_every, patience, progress, callback: as in
            `fit_ratio`.

    Returns:
        The history, see `fit_ratio`.

    Raises:
        FloatingPointError: when the held-out loss is not finite.
    """
    bridges = len(held_out_links) - 1
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True
    )
    history: dict[str, list[float]] = {"step": [], "train_loss": [], "held_out_loss": []}
    history |= {"bridge_loss": []} if bridges > 1 else {}
    kept, best, best_look, recent = copy.deepcopy(network.state_dict()), math.inf, 0, []
    silent = not progress or bool(os.environ.get("TQDM_DISABLE"))
    with tqdm(total=steps, unit="step", desc="ratio", disable=silent) as bar:
        for number in range(1, steps + 1):
            optimizer.param_groups[0]["lr"] = cosine_rate(learning_rate, (number - 1) / steps)
            loss = bridge_loss(network(torch.cat(batch())).chunk(bridges + 1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recent.append(float(loss.detach()))
            bar.update()
            if number % check_every and number != steps:
                continue
            value, whole = held_out_losses(network, held_out_links)
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"the held-out loss is {value} at step {number} of {steps}: the training has "
                    "diverged. Try a smaller learning_rate, and look at the codes for values far "
                    "from all others"
                )
            look = {"step": number, "train_loss": sum(recent) / len(recent), "held_out_loss": whole}
            look |= {"bridge_loss": value} if bridges > 1 else {}
            for name, entry in look.items():
                history[name].append(entry)
            recent.clear()
            bar.set_postfix(look, refresh=False)
            if callback is not None:
                callback(look | {"network": network if bridges == 1 else telescope(network)})
            if value <= best:
                kept, best = copy.deepcopy(network.state_dict()), value
                best_look = len(history["step"])
            elif len(history["step"]) - best_look >= patience:
                break
    network.load_state_dict(kept)
    return history


@torch.no_grad()
def held_out_losses(network: nn.Module, links: list[Tensor]) -> tuple[float, float]:
    """Mean loss of the heads, and of their sum between the first link and the last, in nats."""
    logits = [network(z) for z in links]
    whole = logistic_loss(logits[0].sum(-1), logits[-1].sum(-1))
    return float(bridge_loss(logits)), float(whole)


def split_codes(codes: Tensor, held_out: Tensor | None, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Codes to fit on, to stop by and to set levels with, float32; see `fit_ratio`."""
    generator = seeded_generator(seed)
    codes = codes.detach().cpu().float()
    if held_out is None:
        order = torch.randperm(len(codes), generator=generator)
        n = max(4, len(codes) // 6)
        codes, held_out = codes[order[n:]], codes[order[:n]]
    held_out = held_out.detach().cpu().float()
    order = torch.randperm(len(held_out), generator=generator)
    stopping, levels = (held_out[rows] for rows in order.tensor_split(2))
    return codes, stopping, levels


def platt(network: nn.Module, prior_samples: Tensor, codes: Tensor) -> tuple[float, float]:
    """Scale and shift of the logit with the least logistic loss; the scale is positive."""
    with torch.no_grad():
        return platt_of(*(network(z).squeeze(-1) for z in (prior_samples, codes)))


def platt_of(on_prior: Tensor, on_codes: Tensor) -> tuple[float, float]:
    """As `platt`, from the logits (N,) and (M,)."""
    on_prior, on_codes = on_prior.double(), on_codes.double()
    theta = torch.zeros(2, dtype=torch.float64, device=on_prior.device, requires_grad=True)
    optimizer = torch.optim.LBFGS([theta], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = logistic_loss(
            theta[0].exp() * on_prior + theta[1], theta[0].exp() * on_codes + theta[1]
        )
        loss.backward()
        return loss

    optimizer.step(closure)
    scale, shift = theta.detach().tolist()
    return math.exp(scale), shift
