"""What was found on one latent space or on several, as a number with its 95 % interval."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from printed import interval, number, percent
from scipy.stats import beta

RESAMPLES = 2000


class Found(NamedTuple):
    """One value for each point, path or block of samples (N,), and how their mean is printed.

    Attributes:
        values: (N,).
        kind: "share" of true flags, "shares" that are one for each path, "mean", or "number": one
            value that has an interval only over several latent spaces.
    """

    values: np.ndarray
    kind: str


def found(values: Any, kind: str = "mean") -> Found:
    """Of a tensor, an array, a list or a number."""
    return Found(np.asarray(values, dtype=np.float64).reshape(-1), kind)


def share(flags: Any) -> Found:
    """The share of true flags (N,)."""
    return found(flags, "share")


def shares(values: Any) -> Found:
    """The mean of shares (N,), one for each path."""
    return found(values, "shares")


def words(groups: list[list[Found]]) -> str:
    """The mean over spaces with its interval: a list for each seed, an entry for each refit."""
    kind, all_values = groups[0][0].kind, [[one.values for one in group] for group in groups]
    single = all_values[0][0] if len(groups) == len(groups[0]) == 1 else None
    if kind == "share" and single is not None:
        return percent(*clopper_pearson(single))
    if kind == "number" and single is not None:
        return number(float(single[0]))
    return (percent if "share" in kind else interval)(*hierarchical(all_values))


def clopper_pearson(flags: np.ndarray) -> tuple[float, float, float]:
    """The share of true flags (N,) and its exact interval (Clopper and Pearson 1934)."""
    n, hits = len(flags), int(flags.sum())
    low = float(beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0
    return hits / max(n, 1), low, high


def hierarchical(groups: list[list[np.ndarray]]) -> tuple[float, float, float]:
    """Mean over seeds of the mean over refits, and an interval from resampling all three levels.

    Seeds are drawn anew, then the refits of each, then the points or paths. All spaces have the
    same test images, so the same rows are drawn in all. A few draws with replacement spread less
    than the seeds do, by (S - 1) / S in the variance: that is made good. Even so, three seeds say
    little about the spread of seeds, and the interval can be too narrow.
    """
    generator = np.random.default_rng(0)

    def drawn(means: np.ndarray) -> np.ndarray:
        n = len(means)
        rows = generator.integers(n, size=(RESAMPLES, n))
        return (n / max(n - 1, 1)) ** 0.5 * (means - means.mean())[rows].mean(1)

    of_refits = [np.array([values.mean() for values in group]) for group in groups]
    of_seeds = np.array([means.mean() for means in of_refits])
    total = of_seeds.mean() + drawn(of_seeds)
    for group, means in zip(groups, of_refits, strict=True):
        total = total + drawn(means) / len(groups)
        for values in group:
            total = total + (resampled(values) - values.mean()) / (len(groups) * len(group))
    return (float(of_seeds.mean()), *(float(x) for x in np.quantile(total, [0.025, 0.975])))


def resampled(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """Means (RESAMPLES,) of values (N,) drawn anew; the same rows for every column of N values."""
    generator, n = np.random.default_rng(seed), len(values)
    return np.array([values[generator.integers(n, size=n)].mean() for _ in range(RESAMPLES)])
