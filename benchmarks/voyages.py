"""What the ledger says of corrections, loops and whole paths: C7, C8, C10, C13 and C14."""

from __future__ import annotations

import torch
from grounds import (
    ALL,
    KERNEL,
    LINE,
    POWERS,
    PROPOSALS,
    SLERP,
    WITH_D,
    WITHOUT_D,
    Ground,
    seeded,
)
from intervals import Found, found, share, shares, words
from torch import Tensor

from nav_utils.correction import Run, Status, correct
from nav_utils.densities import ring
from nav_utils.langevin import langevin
from nav_utils.ratio import ExactRatio
from nav_utils.steps import Band, Probability

Rows = dict[str, Found]
NEAR = 0.1  # of the chord: the last step of a loop whose end nobody corrects


def claim_7(ground: Ground) -> Rows:
    """Does the loop bring every point to D = 1/2, and does it arrive?"""
    rows: Rows = {}
    z_a, z_b = ground.pairs().unbind(1)
    inside = (ground.ratio.prob(z_b) - 0.5).abs() < 0.1
    for name, (planner, _) in PROPOSALS.items():
        path = ground.path(name)
        assert path.point_status is not None
        back = (path.point_status[:, 1:-1] <= Status.CONVERGED).double().mean(1)
        rows[f"points brought into the band, {name}"] = shares(back)
        if planner is ALL:
            continue
        arrived = (path.points[:, -1] - z_b).norm(dim=-1) < 1e-5
        rows[f"paths that arrive, {name}"] = share(arrived)
        rows[f"paths that arrive, target inside the band, {name}"] = share(arrived[inside])
        rows[f"paths that arrive, target outside, {name}"] = share(arrived[~inside])
        left = (path.points[:, -2] - z_b).norm(dim=-1) / (z_a - z_b).norm(dim=-1)
        rows[f"paths that come near, end exempt, {name}"] = share(left <= NEAR)
    rows["targets inside the band"] = share(inside)
    rows["codes outside the band"] = share((ground.ratio.prob(ground.pool) - 0.5).abs() >= 0.1)
    return rows


def claim_13(ground: Ground) -> Rows:
    """Places on paths that are rarer than 95 % of held-out codes, by a kernel density; each
    correction against its own proposal, and pairs of one class, whose paths nobody repairs."""
    rows: Rows = {}
    usual = ground.reference.usual["log q"]
    floor, ceiling = float(usual.quantile(0.05)), float(usual.quantile(0.95))
    below: dict[str, Tensor] = {}
    for name in (LINE, SLERP, *PROPOSALS, *WITH_D, *without_d(ground)):
        log_q = ground.measures(name)["log q"]
        below[name] = (log_q < floor).double().mean(1)
        rows[f"places below the floor, {name}"] = shares(below[name])
        rows[f"paths that go below the floor, {name}"] = share((log_q < floor).any(1))
        rows[f"places above the ceiling, {name}"] = shares((log_q > ceiling).double().mean(1))
    for name, (_, start) in PROPOSALS.items():
        less = below[name] - below[start]
        rows[f"places below the floor, less those of the proposal, {name}"] = shares(less)
    for name in (LINE, SLERP):
        low = ground.measures(name, same=True)["log q"] < floor
        rows[f"places below the floor, one class, {name}"] = shares(low.double().mean(1))
    rows["codes below the floor"] = share(usual < floor)
    return rows


def without_d(ground: Ground) -> list[str]:
    """Planners that need no discriminator; a kernel density only in the plane."""
    return [*WITHOUT_D, *(KERNEL if ground.dim == 2 else ())]


MEASURES = ("confidence", "cycle error")


def claim_14(ground: Ground) -> Rows:
    """Valid by measures without D, arrival, length and evaluations; what D buys at equal length."""
    rows: Rows = {}
    for name in (LINE, SLERP, *PROPOSALS, *WITH_D, *without_d(ground)):
        path, measures = ground.path(name), ground.measures(name)
        arrived = (path.points[:, -1] - path.z_b).norm(dim=-1) < 1e-5
        rows[f"arrive, {name}"] = share(arrived)
        for measure in MEASURES:
            rows[f"{measure}, {name}"] = found(measures[measure].mean(1))
        rows[f"length, {name}"] = found(length(ground, name))
        counted = path.n_evaluations / len(path.points) if name not in without_d(ground) else 0
        rows[f"evaluations, {name}"] = found(counted, "number")
    for name, (_, start) in PROPOSALS.items():
        for measure in MEASURES:
            less = ground.measures(name)[measure] - ground.measures(start)[measure]
            rows[f"{measure}, less that of the proposal, {name}"] = found(less.mean(1))
    for name in WITH_D:
        for measure in MEASURES:
            gain = ground.measures(name)[measure].mean(1) - as_long(ground, name, measure)
            rows[f"{measure}, less that of a k-NN graph as long, {name}"] = found(gain)
    for other, name in zip(KERNEL, list(WITH_D)[1:], strict=True):
        for measure in MEASURES if ground.dim == 2 else ():
            less = ground.measures(name)[measure] - ground.measures(other)[measure]
            label = f"{measure}, less that of the kernel density, {name}"
            rows[label] = found(less.mean(1))
    for measure in MEASURES:
        rows[f"{measure}, one class, {LINE}"] = found(ground.measures(LINE, True)[measure].mean(1))
        rows[f"{measure}, codes"] = found(ground.reference.usual[measure])
    return rows


def length(ground: Ground, name: str) -> Tensor:
    """The length of each path over its chord, (n,)."""
    path = ground.path(name)
    over_chord = path.arc_length[:, -1] / (path.points[:, 0] - path.z_b).norm(dim=-1)
    return over_chord.round(decimals=4)  # of a line it is 1 up to float32


def as_long(ground: Ground, name: str, measure: str) -> Tensor:
    """The measure of each pair (n,) on k-NN graphs, mixed of the two powers between whose mean
    lengths the mean length of `name` lies; of the last power if none is as long."""
    wanted, names = float(length(ground, name).mean()), [f"power {p}" for p in POWERS]
    lengths = [float(length(ground, other).mean()) for other in names]
    above = next((i for i, x in enumerate(lengths) if x >= wanted), len(names) - 1)
    low, high = max(above - 1, 0), above
    span = lengths[high] - lengths[low]
    part = min(max((wanted - lengths[low]) / span, 0.0), 1.0) if span > 0 else 1.0
    of_low, of_high = (ground.measures(names[i])[measure].mean(1) for i in (low, high))
    return torch.lerp(of_low, of_high, part)


# ---- on the exact ring ------------------------------------------------------------------------


def energy_distances(x: Tensor, y: Tensor, n_blocks: int = 8) -> Found:
    """Energy distance of blocks of two samples (N, d), 0 on average for equal distributions."""

    def within(z: Tensor) -> Tensor:
        return torch.cdist(z, z).sum() / (len(z) * (len(z) - 1))

    blocks = zip(x.chunk(n_blocks), y.chunk(n_blocks), strict=True)
    return found([float(2 * torch.cdist(a, b).mean() - within(a) - within(b)) for a, b in blocks])


def claim_8(n: int) -> dict[str, str]:
    """An ensemble under the correction and under Langevin dynamics, on the exact ring."""
    q = ring()
    exact, truth = ExactRatio(q), q.sample(n, seeded(12)).double()
    start = exact.prior.sample(n, seeded(13)).double()
    ends = {
        "at the start": start,
        "literal correction": correct(start, exact, Probability(0.3), run=Run(max_steps=2000)).z,
        "literal correction, narrow band": correct(
            start, exact, Probability(0.2), Band(0.01), Run(max_steps=2000)
        ).z,
        "Langevin (MALA)": langevin(start, exact, 0.01, 2000, seed=1).z,
        "other samples of q": q.sample(n, seeded(14)).double(),
    }
    printed = {}
    for name, z in ends.items():
        distances = energy_distances(z, truth)
        printed[f"energy distance to samples of q, {name}"] = words([[distances]])
        printed[f"mean log q, {name}"] = words([[found(q.log_prob(z))]])
    a, gradient = exact.logit_and_grad(truth)
    d = a.sigmoid()
    drift = -(2 * (d - 0.5) * d * (1 - d)).unsqueeze(-1) * gradient
    against = (drift * q.score(truth)).sum(-1) < 0
    printed["samples of q where the correction points down log q"] = words([[share(against)]])
    status = correct(start, exact, Probability(0.3)).status
    brought = words([[share(status <= Status.CONVERGED)]])
    printed["prior samples that the correction brings into the band"] = brought
    return printed


def claim_10(n: int) -> dict[str, str]:
    """A sampler's corrector leaves its distribution alone: does ours leave samples of q alone?"""
    q = ring()
    exact, start = ExactRatio(q), q.sample(n, seeded(15)).double()
    truth = q.sample(n, seeded(12)).double()
    ends = {
        "untouched": start,
        "after the literal correction": correct(start, exact, Probability(0.3)).z,
        "after a Langevin corrector": langevin(start, exact, 0.01, 100, seed=2).z,
    }
    return {
        f"energy distance to q, samples of q {name}": words([[energy_distances(z, truth)]])
        for name, z in ends.items()
    }
