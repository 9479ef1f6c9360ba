"""`nav-utils calibrate`: fit a ratio on codes, and say how far it can be believed."""

from __future__ import annotations

import argparse
import math

import torch
from torch import Tensor

from nav_utils.arguments import expect_samples, seeded_generator
from nav_utils.calibration import CalibrationReport, calibration_report
from nav_utils.commands.inputs import codes_from, tensor_from
from nav_utils.fitting import fit_ratio
from nav_utils.ratio import DensityRatio

FEW, FAR = 1000, 0.99  # fewer codes, or a larger AUC: the report warns


def run(given: argparse.Namespace) -> None:
    codes, test = codes_from(given.codes)
    if given.test is not None:
        test = tensor_from(given.test, "test_codes", "codes")
    expect_samples(codes=codes)
    if test is None:
        codes, test = tenth_apart(codes, given.seed)
    ratio = fit_ratio(codes, seed=given.seed, steps=given.steps, device=given.device)
    ratio.to("cpu")
    prior = ratio.prior.sample(len(test), seeded_generator(given.seed + 1))
    report = calibration_report(ratio, test, prior, bins=min(15, len(test)))
    print(words(report, ratio, len(codes), len(test)))
    if given.out is not None:
        ratio.save(given.out)
        print(f"written to {given.out}")


def tenth_apart(codes: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Nine tenths of the codes to fit on, the others to judge with."""
    order = torch.randperm(len(codes), generator=seeded_generator(seed))
    n = max(2, len(codes) // 10)
    return codes[order[n:]], codes[order[:n]]


def words(report: CalibrationReport, ratio: DensityRatio, n: int, n_test: int) -> str:
    """What is printed: the numbers, and when to distrust them."""
    lines = [
        f"codes                  {n:,} fitted on, {n_test:,} judge, d = {ratio.prior.dim}",
        f"held-out loss          {report.held_out_loss:.4f} nats; blind is {math.log(2):.4f}",
        f"AUC                    {report.auc:.4f}; blind is 0.5",
        f"calibration error      {report.ece:.4f}; chance makes it larger when few codes judge",
        f"Z of the mean          {report.dawid_z:+.1f}; right is -2 to 2, however few codes judge",
    ]
    if len(ratio.held_out) >= 19:  # fewer set no level of 95 %
        level = ratio.level(0.05)
        lines.append(f"level of the logit     {level:.3f}; 95 % of unseen codes lie below")
    if report.auc > FAR:
        lines.append("distrust it: the codes are far from the prior; most of it is one hole")
    if n < FEW:
        lines.append(f"distrust it: {n:,} codes are few; {FEW:,} are a beginning")
    return "\n".join(lines)
