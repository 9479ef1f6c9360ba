"""Can a ratio's probabilities be believed? Losses and a reliability diagram on held-out points."""

from __future__ import annotations

import math
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from scipy.special import expit
from scipy.stats import beta
from sklearn.metrics import roc_auc_score
from torch import Tensor

from nav_utils.arguments import expect_samples
from nav_utils.fitting import logistic_loss
from nav_utils.ratio import Ratio


class CalibrationReport(NamedTuple):
    """What `calibration_report` found.

    Attributes:
        held_out_loss: mean logistic loss of both classes in nats; ln 2 = 0.6931 is blind.
        ece: expected calibration error, the mean over the bins of |mean D - share of prior
            samples|.
        brier: mean squared error of D; 0.25 is blind.
        dawid_z: sum of (is prior - D) over its standard deviation if D were right: beyond 2 or
            so, D is too low (positive) or too high (negative) on the whole.
        auc: P(a on a prior sample > a on a code); 0.5 is blind.
        edges: of the bins of the logit, (B + 1,); fewer bins than asked where logits repeat.
        predicted, observed, counts: mean D, share of prior samples and number of points, (B,).
    """

    held_out_loss: float
    ece: float
    brier: float
    dawid_z: float
    auc: float
    edges: np.ndarray
    predicted: np.ndarray
    observed: np.ndarray
    counts: np.ndarray

    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """95 % interval (Clopper and Pearson 1934) of the observed shares, low and high, (B,)."""
        hits = np.round(self.observed * self.counts)
        low = np.where(hits > 0, beta.ppf(0.025, hits, self.counts - hits + 1), 0.0)
        high = np.where(hits < self.counts, beta.ppf(0.975, hits + 1, self.counts - hits), 1.0)
        return low, high

    def plot(self, ax: Axes | None = None, label: str = "") -> Axes:
        """Reliability diagram: share of prior samples against D, one point for each bin."""
        if ax is None:
            ax = plt.subplots(figsize=(4.5, 4.5), layout="constrained")[1]
        low, high = self.interval()
        error = [np.maximum(self.observed - low, 0), np.maximum(high - self.observed, 0)]
        ax.plot([0, 1], [0, 1], color="0.4", ls="--", lw=1)
        ax.errorbar(self.predicted, self.observed, error, fmt="o-", ms=5, lw=1.2, label=label)
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        ax.set(xlabel="D, as predicted", ylabel="share of prior samples, as found")
        return ax


def calibration_report(
    ratio: Ratio, codes: Tensor, prior_samples: Tensor, bins: int = 15
) -> CalibrationReport:
    """Judge a ratio on codes and prior samples that it has not seen.

    Args:
        ratio: anything with `logit`.
        codes: (N, d), held out.
        prior_samples: (N, d), fresh, as many as codes, so that the classes are balanced.
        bins: of the logit, equally full.

    Raises:
        ValueError: different numbers of points, fewer than the bins, values not finite.
    Source: Dawid 1982; Guo et al. 2017, arXiv 1706.04599 (ECE); Turner et al. 2019, arXiv
        1811.11357 (the Z statistic for discriminators).
    """
    expect_samples(codes=codes, prior_samples=prior_samples)
    if len(codes) != len(prior_samples) or len(codes) < bins:
        raise ValueError(
            f"expected as many prior_samples as codes, at least {bins}, "
            f"got {len(prior_samples)} and {len(codes)}"
        )
    with torch.no_grad():
        on_prior, on_codes = (ratio.logit(z).double().cpu() for z in (prior_samples, codes))
    a = torch.cat([on_prior, on_codes]).numpy()
    is_prior = np.repeat([1.0, 0.0], len(codes))
    d = expit(a)
    low = np.unique(np.quantile(a, np.linspace(0, 1, bins + 1)[:-1]))  # where each bin begins
    low = low[np.unique(np.searchsorted(low, a, side="right")) - 1]  # those that hold a point
    which = np.searchsorted(low, a, side="right") - 1
    counts = np.bincount(which)
    predicted, observed = (np.bincount(which, weights=w) / counts for w in (d, is_prior))
    spread = math.sqrt(float((d * (1 - d)).sum()))
    return CalibrationReport(
        held_out_loss=float(logistic_loss(on_prior, on_codes)),
        ece=float((np.abs(predicted - observed) * counts).sum() / len(a)),
        brier=float(np.mean((d - is_prior) ** 2)),
        dawid_z=float((is_prior - d).sum() / max(spread, 1e-12)),
        auc=float(roc_auc_score(is_prior, a)),
        edges=np.append(low, a.max()),
        predicted=predicted,
        observed=observed,
        counts=counts,
    )
