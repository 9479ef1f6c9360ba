"""The numbers of the ledger of claims, each with an interval.

    python benchmarks/claims.py                    # what the package ships: one seed, one refit
    python benchmarks/claims.py --folder FOLDER    # all spaces that benchmarks/seeds.py left there
    python benchmarks/claims.py C7 C13             # only these; the others stay as they are
    python benchmarks/claims.py --check            # all at a smaller size: which rows moved?
    python benchmarks/claims.py --folder FOLDER --ranges    # what single ratios give at that size

Judged by measures that use no discriminator, on the test codes: one half (`halves`) carries the
densities, the other supplies points and 200 pairs (with a folder 100 for each ratio). Intervals are
95 %: over resampled pairs or points, or of a share (Clopper and Pearson); over several spaces also
over their seeds and refits, see `intervals.hierarchical`. `--check` uses what the package ships,
writes nothing, and exits with 1 when a row has moved: when its interval lies outside the one that
is written, and outside the range of the single ratios of the folder, measured at the same size by
`--ranges`. (One ratio stands for nine, and forty pairs for nine hundred; what one of the nine gives
on its own is no change.)
C9 takes its numbers from what `score.py` and `score_mnist.py` have written; `--check` fits one seed
of them again.
C12 and C15 are read from results/artifacts.json, which benchmarks/artifacts.py writes from MNIST,
with the ranges of single ratios; `--check` measures them again, and needs MNIST too.
Writes benchmarks/results/claims.json, which the page of the ledger reads.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import math
import pathlib
import sys
from collections.abc import Callable
from typing import Any

import odd
import score
import torch
import voyages
from grounds import SPACES, Ground, Grounds, seeded, shipped, trained
from intervals import Found, found, range_of, share, shares, words
from moved import moved
from price import claim_11
from seeds import PENALTY
from torch import Tensor

from nav_utils.calibration import calibration_report
from nav_utils.checkpointing import write_whole
from nav_utils.correction import correct
from nav_utils.densities import StandardNormal, kde_log_prob, ring
from nav_utils.evaluation import find_holes
from nav_utils.fitting import fit_ratio
from nav_utils.interpolation import lerp, slerp_or_lerp
from nav_utils.ratio import DensityRatio, ExactRatio, Ratio
from nav_utils.steps import Probability

RESULTS = pathlib.Path(__file__).resolve().parent / "results" / "claims.json"
SMALL = 40  # pairs, of --check
HOLE = math.log(4)  # fewer than a quarter of the codes that the prior promises
BINS = {2: (0, 0.2, 0.3, 0.4, 0.6, 0.8, 1), 16: (0, 0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 1)}
Rows = dict[str, Found]


def claim_1(ground: Ground) -> Rows:
    """Straight paths: holes and garbage on them, beside real codes."""
    rows: Rows = {}
    t = torch.linspace(0, 1, 32)
    for name, same in (("different classes", False), ("one class", True)):
        z = lerp(*ground.pairs(same).unbind(1), t)  # (n, 32, 2)
        measures = ground.reference.measures(z)
        touched = (ground.log_ratio(z[:, 1:-1]) > HOLE).any(1)
        rows[f"paths that touch a hole, {name}"] = share(touched)
        for measure in ("confidence", "cycle error", "distance"):
            rows[f"{measure}, {name}"] = found(measures[measure].mean(1))
    sets = torch.randint(len(ground.pool), (4000, 30), generator=seeded(2))
    in_hole = ground.log_ratio(ground.pool) > HOLE
    rows["sets of 30 codes that touch a hole"] = share(in_hole[sets].any(1))
    for measure in ("confidence", "cycle error", "distance"):
        rows[f"{measure}, codes"] = found(ground.reference.usual[measure])
    return rows


@functools.cache
def ratio_of_nothing(dim: int) -> DensityRatio:
    """A ratio fitted on samples of the prior in place of codes."""
    samples = StandardNormal(dim).sample(60_000, seeded(3))
    return fit_ratio(samples, seed=0, progress=False)


def claim_2(ground: Ground) -> Rows:
    """Prior mass in holes, by the ratio and by a kernel density, and by chance; and the share of
    the prior that is rarer by the ratio than 95 % of the codes."""
    ratio, reference = ground.ratio, ground.reference
    samples = ground.prior.sample(20_000, seeded(0))

    def kernel(z: Tensor) -> Tensor:
        log_q = kde_log_prob(z, reference.density_codes, reference.bandwidth)
        return ground.prior.log_prob(z) - log_q

    rows = {}
    for name, logit in (("ratio", ratio.logit), ("kernel density", kernel)):
        rows[f"prior mass in holes, {name}"] = share(logit(samples) > HOLE)
        rows[f"codes in holes, {name}"] = share(logit(ground.pool) > HOLE)
    by_chance = ratio_of_nothing(ground.dim).logit(samples) > HOLE
    rows["prior mass in holes, samples of the prior for codes"] = share(by_chance)
    rows["prior above the level of 95 % of codes"] = share(ratio.logit(samples) > ratio.level(0.05))
    if ground.dim == 2:
        n_holes = len(find_holes(ratio.logit, HOLE))
        rows["holes of at least 0.1 % of the prior"] = found(n_holes, "number")
    return rows


def claim_3(n_seeds: int) -> dict[str, str]:
    """A fitted logit against the exact one on the ring."""
    q = ring()
    exact, z = ExactRatio(q), q.sample(20_000, seeded(7))
    prior = exact.prior.sample(20_000, seeded(8))
    best = loss_of_each(exact, prior, z)
    errors, excess = [], []
    for seed in range(n_seeds):
        ratio = fit_ratio(q.sample(20_000, seeded(seed)), seed=seed, progress=False)
        errors.append([found((ratio.logit(z) - exact.logit(z)).abs())])
        excess.append([found(loss_of_each(ratio, prior, z) - best)])
    return {
        "mean |error| over q, nats": words(errors),
        "held-out loss above that of the exact logit, nats": words(excess),
    }


def loss_of_each(ratio: Ratio, prior: Tensor, codes: Tensor) -> Tensor:
    """The logistic loss of each pair of a prior sample and a code, (N,)."""
    softplus = torch.nn.functional.softplus
    return 0.5 * (softplus(-ratio.logit(prior)) + softplus(ratio.logit(codes)))


def claim_4() -> dict[str, str]:
    """p = q: how far does D stray from 1/2?"""
    prior, ratio = StandardNormal(2), ratio_of_nothing(2)
    z, others = prior.sample(20_000, seeded(4)), prior.sample(20_000, seeded(5))
    stray = (ratio.prob(z) - 0.5).abs()
    blocks = [float(block.quantile(0.99)) for block in stray.split(2000)]
    return {
        "distance of D from 1/2, 99 % of the prior below": words([[found(blocks)]]),
        "held-out loss, nats (ln 2 = 0.6931)": words([[found(loss_of_each(ratio, others, z))]]),
    }


def claim_5(ground: Ground) -> Rows:
    """Places by their D, each judged by measures that do not use D; held-out codes."""
    d, measures = ground.ratio.prob(ground.pool), ground.reference.measures(ground.pool)
    rows: Rows = {}
    for low, high in itertools.pairwise(BINS[ground.dim]):
        inside = (d >= low) & (d < high)
        rows[f"share of codes, D {low:g} to {high:g}"] = share(inside)
        for measure in ("log q", "cycle error", "confidence"):
            rows[f"{measure}, D {low:g} to {high:g}"] = found(measures[measure][inside])
    return rows


def claim_6(ground: Ground) -> Rows:
    """The discriminator left over from training beside a refit one, on the same test codes."""
    codes = ground.space.test_codes
    assert ground.space.train_discriminator is not None
    prior = ground.prior.sample(len(codes), seeded(9))
    left = DensityRatio(ground.space.train_discriminator, ground.ratio.held_out)
    rows: Rows = {}
    for name, ratio in (("left over", left), ("refit", ground.ratio)):
        blocks = zip(codes.split(2000), prior.split(2000), strict=True)
        reports = [calibration_report(ratio, *block) for block in blocks]
        rows[f"held-out loss, {name}"] = found(loss_of_each(ratio, prior, codes))
        whole = calibration_report(ratio, codes, prior)
        rows[f"expected calibration error, {name}"] = found(whole.ece, "number")
        rows[f"AUC, {name}"] = found([report.auc for report in reports])
    gains = [
        math.log(2) - loss_of_each(ratio, prior, codes).reshape(5, -1).mean(1)
        for ratio in (left, ground.ratio)
    ]
    rows["of what the refit finds, the left over finds"] = shares(gains[0] / gains[1])
    card = ground.space.card
    losses = card["losses" if "losses" in card else "losses of the last epoch (nats)"]
    rows["reconstruction in training, nats"] = found(losses["reconstruction"], "number")
    return rows


def claim_16(ground: Ground) -> Rows:
    """Of |D - 1/2| < 0.1: how much lies below the density that 95 % of held-out codes clear?"""
    ratio, reference = ground.ratio, ground.reference
    floor = float(reference.usual["log q"].quantile(0.05))
    samples = ground.prior.sample(4000, seeded(6))
    kinds = {
        "draws of the prior": samples,
        "what the correction makes of draws of the prior": correct(samples, ratio, LITERAL).z,
        "codes": ground.pool,
    }

    def low(z: Tensor) -> Tensor:
        log_q = kde_log_prob(z, reference.density_codes, reference.bandwidth)
        return log_q < floor

    def in_band(z: Tensor) -> Tensor:
        return (ratio.prob(z) - 0.5).abs() < 0.1

    rows = {
        f"below the floor in the band, {name}": share(low(z[in_band(z)]))
        for name, z in kinds.items()
    }
    proposals = slerp_or_lerp(*ground.pairs().unbind(1), torch.linspace(0, 1, 18)[1:-1])
    z = correct(proposals, ratio, LITERAL).z  # (n, 16, d): the points of a path are not independent
    n_inside = in_band(z).sum(1)
    of_path = (low(z) & in_band(z)).sum(1) / n_inside
    label = "below the floor in the band, what the correction makes of SLERP"
    rows[label] = shares(of_path[n_inside > 0])
    rows["codes outside the band"] = share((ratio.prob(ground.pool) - 0.5).abs() >= 0.1)
    return rows


LITERAL = Probability(0.3)  # as the text has it, with the calmest eta of chapter 09
PER_SPACE: dict[str, Callable[[Ground], Rows]] = {
    "C1": claim_1,
    "C2": claim_2,
    "C5": claim_5,
    "C6": claim_6,
    "C7": voyages.claim_7,
    "C13": voyages.claim_13,
    "C14": voyages.claim_14,
    "C16": claim_16,
}
PLANE = {"C1"}  # whose density is that of the plane


def over_spaces(claim: str, spaces: dict[str, Grounds]) -> dict[str, list[list[Found]]]:
    """The rows of a claim for each space: what each refit of each seed gives."""
    groups_of = {}
    for space, groups in spaces.items():
        if claim in PLANE and groups[0][0].dim != 2:
            continue
        rows = [[PER_SPACE[claim](ground) for ground in group] for group in groups]
        for key in rows[0][0]:
            label = key if claim in PLANE else f"{key}, {space}"
            groups_of[label] = [[row[key] for row in group] for group in rows]
    return groups_of


def ranges(claim: str, spaces: dict[str, Grounds]) -> dict[str, tuple[float, float]]:
    """The least and the largest value that single ratios give, for each row of a claim."""
    found_in = {}
    for label, groups in over_spaces(claim, spaces).items():
        some = [[one for one in group if len(one.values)] for group in groups]
        found_in[label] = range_of([group for group in some if group])
    print(claim, json.dumps(found_in), flush=True)
    return found_in


WHOLE: dict[str, Callable[[bool], dict[str, str]]] = {  # of no latent space; True: a smaller size
    "C3": lambda small: claim_3(1 if small else 3),
    "C4": lambda small: claim_4(),
    "C8": lambda small: voyages.claim_8(4000),  # a minute; a few hundred samples say too little
    "C9": score.claim_9,
    "C10": lambda small: voyages.claim_10(4000),
    "C11": claim_11,  # measured by benchmarks/diffusion.py
    "C12": lambda small: odd.rows_of("C12", small),
    "C15": lambda small: odd.rows_of("C15", small),
}


def measured(
    claim: str, spaces: dict[str, Grounds], more: dict[str, Grounds], small: bool
) -> dict[str, str]:
    """The rows of a claim; `more` are spaces without the penalty, for C6 alone."""
    some = spaces | more if claim == "C6" else spaces
    if claim in WHOLE:
        rows = WHOLE[claim](small)
    else:
        rows = {label: words(groups) for label, groups in over_spaces(claim, some).items()}
    print(claim, json.dumps(rows, indent=2), flush=True)
    return rows


CLAIMS = sorted(PER_SPACE | WHOLE, key=lambda claim: int(claim[1:]))


def main() -> None:
    """Measure all, or those named; write the results, or say what moved."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("claims", nargs="*", metavar="C7", help=", ".join(CLAIMS))
    parser.add_argument("--folder", type=pathlib.Path, help="of benchmarks/seeds.py")
    parser.add_argument("--check", action="store_true", help="smaller; say which rows moved")
    parser.add_argument("--ranges", action="store_true", help="of single ratios, for --check")
    options = parser.parse_args()
    wanted = [claim for claim in CLAIMS if claim in options.claims] or CLAIMS
    if unknown := set(options.claims) - set(CLAIMS):
        sys.exit(f"expected some of {', '.join(CLAIMS)}, got {', '.join(sorted(unknown))}")
    if options.ranges and not options.folder:
        sys.exit("--ranges: expected --folder with it, got none: one ratio alone has no range")
    before = {"ranges": {}} | json.loads(RESULTS.read_text())
    if options.check:
        check(wanted, before)
    elif options.ranges:
        write_ranges([claim for claim in wanted if claim in PER_SPACE], options.folder, before)
    else:
        spaces, more = {name: shipped(name) for name in SPACES}, {}
        if options.folder:
            spaces = {name: trained(options.folder, name, PENALTY) for name in SPACES}
            free = {name: trained(options.folder, name, 0.0) for name in SPACES}
            more = {f"{name} without penalty": groups for name, groups in free.items() if groups}
        command = "python benchmarks/claims.py" + " --folder FOLDER" * bool(options.folder)
        write(wanted, spaces, more, before, command)


def check(wanted: list[str], before: dict[str, Any]) -> None:
    """Measure at the smaller size, say which rows moved, and exit with 1 if any did."""
    spaces = {name: shipped(name, SMALL) for name in SPACES}
    again = {claim: measured(claim, spaces, {}, True) for claim in wanted}
    of_single = before["ranges"] | {claim: odd.ranges_of(claim) for claim in odd.PLACES}
    sys.exit("\n".join(moved(again, before["claims"], of_single)) or 0)


def write_ranges(wanted: list[str], folder: pathlib.Path, before: dict[str, Any]) -> None:
    """Measure every ratio of a folder at the smaller size, and write each claim at once."""
    spaces = {name: trained(folder, name, PENALTY, SMALL) for name in SPACES}
    for claim in wanted:
        before["ranges"][claim] = ranges(claim, spaces)
        save(before)


def save(content: dict[str, Any]) -> None:
    """Write the results, claims in order."""
    for key in ("claims", "ranges"):
        content[key] = {claim: content[key][claim] for claim in CLAIMS if claim in content[key]}
    write_whole(RESULTS, (json.dumps(content, indent=2) + "\n").encode())


def write(
    wanted: list[str],
    spaces: dict[str, Grounds],
    more: dict[str, Grounds],
    before: dict[str, Any],
    command: str,
) -> None:
    """Measure the claims wanted and write each at once, beside those from before."""
    counted = {
        name: {
            "AAE seeds": str(len(groups)),
            "refits of each": ", ".join(str(len(group)) for group in groups),
        }
        for name, groups in (spaces | more).items()
    }
    some, others = set(wanted) & set(PER_SPACE), set(PER_SPACE) - set(wanted)
    if some and others and any(counted[name] != before["spaces"].get(name) for name in spaces):
        sys.exit(f"the spaces are not those of {', '.join(sorted(others))}: measure these too")
    if some:
        before |= {"command": command, "spaces": before["spaces"] | counted}
    for claim in wanted:
        before["claims"][claim] = measured(claim, spaces, more, False)
        save(before)


if __name__ == "__main__":
    main()
