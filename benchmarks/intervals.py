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
    """The mean over spaces with its interval: a list for each seed, an entry for each refit.

    What lies within 0 and 1 everywhere has an interval within them. A share that is 0 everywhere,
    or 1, has the exact interval of one space, which is wider than that of all would be. (For the
    mean of shares it is a bound: none of n is above 0 at least as often as none of n flags is set.)
    """
    kind, all_values = groups[0][0].kind, [[one.values for one in group] for group in groups]
    single = all_values[0][0] if len(groups) == len(groups[0]) == 1 else None
    if kind == "share" and single is not None:
        return percent(*clopper_pearson(single))
    if kind == "number" and single is not None:
        return number(float(single[0]))
    value, low, high = hierarchical(all_values)
    together = np.concatenate([values for group in all_values for values in group])
    if "share" in kind and together.min() == together.max():  # no spread to tell an error by
        value, low, high = clopper_pearson(all_values[0][0])
    if together.min() >= 0 and together.max() <= 1:
        low, high = max(low, 0.0), min(high, 1.0)
    return (percent if "share" in kind else interval)(value, low, high)


def clopper_pearson(flags: np.ndarray) -> tuple[float, float, float]:
    """The share of true flags (N,) and its exact interval (Clopper and Pearson 1934)."""
    n, hits = len(flags), int(flags.sum())
    low = float(beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0
    return hits / max(n, 1), low, high


def hierarchical(groups: list[list[np.ndarray]]) -> tuple[float, float, float]:
    """Mean over seeds of the mean over refits, and its interval, with the spread of all levels."""
    value, errors = mean_and_errors(groups)
    low, high = np.quantile(errors, [0.025, 0.975])
    return value, value + float(low), value + float(high)


def mean_and_errors(groups: list[list[np.ndarray]]) -> tuple[float, np.ndarray]:
    """Mean over seeds of the mean over refits, and draws of its error (RESAMPLES,).

    The means of a few seeds spread as the seeds do, and as their refits, and give the mean the
    error of a few. Points or paths are drawn anew, the same rows in all spaces, since the
    test images are the same in all. With one seed its refits take the place of seeds, and nothing
    is known of other seeds.
    """
    of_refits = [np.array([values.mean() for values in group]) for group in groups]
    of_seeds = np.array([means.mean() for means in of_refits])
    errors: np.ndarray = sum(
        (resampled(values) - values.mean()) / (len(groups) * len(group))
        for group in groups
        for values in group
    )
    errors = errors + error_of_few(of_seeds if len(of_seeds) > 1 else of_refits[0])
    return float(of_seeds.mean()), errors


def error_of_few(values: np.ndarray) -> np.ndarray:
    """Draws (RESAMPLES,) of the error of the mean of a few values (n,): Student's t with n - 1
    degrees of freedom (three: 4.3 standard errors to each side); of one value nothing is known."""
    if len(values) == 1:
        return np.zeros(RESAMPLES)
    t = np.random.default_rng(1).standard_t(len(values) - 1, RESAMPLES)
    return values.std(ddof=1) / len(values) ** 0.5 * t


def beyond(groups: list[list[Found]], null: Found) -> str:
    """The mean over spaces less that of `null`, in points of percent, with its interval."""
    value, errors = mean_and_errors([[one.values for one in group] for group in groups])
    usual = float(null.values.mean())
    errors = errors - (resampled(null.values, seed=1) - usual)
    low, high = (float(x) for x in np.quantile(errors, [0.025, 0.975]))
    value -= usual
    return percent(value, value + low, value + high)


def range_of(groups: list[list[Found]], null: Found | None = None) -> tuple[float, float]:
    """The least and the largest mean of single spaces, in the units that are printed."""
    usual = 0.0 if null is None else float(null.values.mean())
    means = [float(one.values.mean()) - usual for group in groups for one in group]
    scale = 100.0 if "share" in groups[0][0].kind else 1.0
    return six_digits(scale * min(means)), six_digits(scale * max(means))


def six_digits(value: float) -> float:
    """As a results file keeps it."""
    return float(f"{value:.6g}")


def resampled(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """Means (RESAMPLES,) of values (N,) drawn anew; the same rows for every column of N values."""
    generator, n = np.random.default_rng(seed), len(values)
    parts = max(1, RESAMPLES * n // 1_000_000)  # some megabytes at a time
    sizes = [len(part) for part in np.array_split(np.empty(RESAMPLES), parts)]
    return np.concatenate([values[generator.integers(n, size=(m, n))].mean(1) for m in sizes])
