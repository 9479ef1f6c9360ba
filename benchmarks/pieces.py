"""Pieces: is there a gap of density between classes, on codes and on pixels? Part of artifacts.py.

The bottleneck of two points is the largest radius on the best way between them, where a radius is
the distance to the 10th nearest neighbour (or the step, if that is longer): single linkage of
mutual reachability distances, as in HDBSCAN. Their *fall* is log(bottleneck / the larger radius of
both): 0 says that no place between is sparser than the sparser end. In d dimensions a density
falls by d times that. Falls are averaged over the points of each pair of classes, and of each
class; the *gap* is the mean between classes less the mean within. Intervals: over classes,
and over trainings where there are several.

Nulls: one Gaussian with the covariance of the data, every sample with the class of the nearest mean
(connected, and labelled by regions as classes are); and the data with its labels in random order.

Persistent homology of H0 asks without labels: the lengths of its bars are the heights of single
linkage. Its power is measured on two Gaussians of which the gap is known, against one Gaussian of
their covariance, beside the power of the gap on the same samples, whose labels it is told.
"""

from __future__ import annotations

import itertools
import json
import pathlib
from typing import Any, NamedTuple

import numpy as np
import torch
from hybrids import SPACES, spaces_of
from intervals import error_of_few, found, resampled, share, six_digits, words
from printed import interval, number
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.spatial.distance import squareform
from torch import Tensor

from nav_utils.data import load_images
from nav_utils.evaluation import halves

K, POINTS = 10, 2000
SEPARATIONS = (3.0, 4.0, 6.0, 8.0)  # of two Gaussians, in standard deviations
RUNS, SAMPLES = 60, 300


def distances(x: Tensor) -> np.ndarray:
    """(N, N), in double precision, of points (N, m)."""
    x = x.double()
    d = torch.cdist(x, x)
    return ((d + d.T) / 2).fill_diagonal_(0).numpy()


def radii(d: np.ndarray) -> np.ndarray:
    """The distance of each point to its K-th nearest neighbour (N,), from distances (N, N)."""
    return np.partition(d, K, axis=1)[:, K]  # column 0 is the point itself


def falls(d: np.ndarray) -> np.ndarray:
    """The fall of every pair (N, N), from distances (N, N)."""
    radius = radii(d)
    ends = np.maximum(radius[:, None], radius[None])
    reach = np.maximum(d, ends)
    np.fill_diagonal(reach, 0)
    bottleneck = squareform(cophenet(linkage(squareform(reach, checks=False), "single")))
    np.fill_diagonal(bottleneck, 1)
    return np.log(np.maximum(bottleneck / ends, 1.0))


def cores(d: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Flags (N,): the fifth of each class with the smallest radii."""
    radius, core = radii(d), np.zeros(len(d), dtype=bool)
    for label in np.unique(labels):
        own = labels == label
        core |= own & (radius <= np.quantile(radius[own], 0.2))
    return core


def by_class(d: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean falls between the cores of each pair of classes, and within that of each class."""
    classes, fall = np.unique(labels), falls(d)
    member = (labels[:, None] == classes) * cores(d, labels)[:, None].astype(float)  # (N, classes)
    sums = member.T @ fall @ member
    sizes = member.sum(0)
    within = np.diag(sums) / (sizes * (sizes - 1))
    pairs = list(itertools.combinations(range(len(classes)), 2))
    return np.array([sums[i, j] / (sizes[i] * sizes[j]) for i, j in pairs]), within


def gap(d: np.ndarray, labels: np.ndarray) -> float:
    """The mean fall between classes less the mean within."""
    between, within = by_class(d, labels)
    return float(between.mean() - within.mean())


def gaussian_like(x: Tensor, labels: Tensor, seed: int) -> tuple[Tensor, np.ndarray]:
    """Samples (N, m) of one Gaussian of the same covariance, and the class of the nearest mean."""
    x = x.double()
    mean = x.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov(x.T))
    root = vectors * values.clamp_min(0).sqrt()
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed)).double()
    samples = mean + noise @ root.T
    classes = labels.unique()
    means = torch.stack([x[labels == c].mean(0) for c in classes])
    return samples, classes[torch.cdist(samples, means).argmin(1)].numpy()


class Pieces(NamedTuple):
    """Of one cloud of points: falls between and within classes, their nulls, its bars."""

    between: np.ndarray
    within: np.ndarray
    shuffled: float  # the largest gap of labels in random order
    single: float  # the largest gap of one Gaussian
    bars: str


def pieces_of(x: Tensor, labels: Tensor) -> Pieces:
    """Of points (N, m), beside both nulls."""
    d, generator = distances(x), np.random.default_rng(0)
    nulls = []
    for seed in range(3):
        samples, own = gaussian_like(x, labels, seed)
        nulls.append(gap(distances(samples), own))
    shuffled = [gap(d, generator.permutation(labels.numpy())) for _ in range(5)]
    return Pieces(*by_class(d, labels.numpy()), max(shuffled), max(nulls), points_of_bars(d))


def in_words(clouds: list[Pieces], labels: Tensor) -> dict[str, str]:
    """What clouds of the same rows show, one for each training; classes are those of the first."""
    between, within = ([getattr(cloud, name) for cloud in clouds] for name in Pieces._fields[:2])
    gaps = np.array([a.mean() - b.mean() for a, b in zip(between, within, strict=True)])
    errors = error_of_few(gaps) + sum(
        (resampled(a) - a.mean() - resampled(b, seed=1) + b.mean()) / len(clouds)
        for a, b in zip(between, within, strict=True)
    )
    low, high = (float(v) for v in gaps.mean() + np.quantile(errors, [0.025, 0.975]))
    pairs = list(itertools.combinations(labels.unique().tolist(), 2))
    first = between[0]
    return {
        "fall between classes": words([[found(a)] for a in between]),
        "fall within a class": words([[found(b)] for b in within]),
        "gap": interval(float(gaps.mean()), low, high),
        "gap, labels in random order, largest of 5": number(max(c.shuffled for c in clouds), 2),
        "gap, one Gaussian, largest of 3": number(max(c.single for c in clouds), 2),
        "fall from 1 to 3": number(float(first[pairs.index((1, 3))]), 2),
        "most separate classes": "{} and {}".format(*pairs[int(first.argmax())]),
        "least separate classes": "{} and {}".format(*pairs[int(first.argmin())]),
        "points that the ten longest bars split off": clouds[0].bars,
    }


def ranges_of(clouds: list[Pieces]) -> dict[str, tuple[float, float]]:
    """The least and the largest value of single trainings."""
    of_each = {
        "fall between classes": [float(cloud.between.mean()) for cloud in clouds],
        "fall within a class": [float(cloud.within.mean()) for cloud in clouds],
        "gap": [float(cloud.between.mean() - cloud.within.mean()) for cloud in clouds],
        "gap, one Gaussian, largest of 3": [cloud.single for cloud in clouds],
    }
    return {key: (six_digits(min(v)), six_digits(max(v))) for key, v in of_each.items()}


def points_of_bars(d: np.ndarray, n: int = 10) -> str:
    """How many points are in the smaller part of each of the n last merges, the most of them."""
    tree = linkage(squareform(d, checks=False), "single")
    sizes = np.append(np.ones(len(d)), tree[:, 3])
    smaller = [sizes[tree[row, :2].astype(int)].min() for row in range(-n, 0)]
    return f"{int(np.median(smaller))} (median), {int(max(smaller))} (most) of {len(d):,}"


# ---- power --------------------------------------------------------------------------------------


def two(n: int, dim: int, separation: float, seed: int) -> tuple[Tensor, Tensor]:
    """Samples (n, dim) of two Gaussians with means so far apart, and which one each is of."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(2, (n,), generator=generator)
    x = torch.randn(n, dim, generator=generator)
    x[:, 0] += separation * (labels - 0.5)
    return x, labels


def longest_bar(d: np.ndarray) -> float:
    """The longest finite bar of H0, over the median bar."""
    heights = linkage(squareform(d, checks=False), "single")[:, 2]
    return float(heights[-1] / np.median(heights))


def largest_parts(d: np.ndarray) -> float:
    """The longest bar whose smaller part has a tenth of the points, over the median bar."""
    tree = linkage(squareform(d, checks=False), "single")
    sizes = np.append(np.ones(len(d)), tree[:, 3])
    smaller = sizes[tree[:, :2].astype(int)].min(1)
    large = tree[smaller >= len(d) / 10, 2]
    return float((large.max() if len(large) else 0.0) / np.median(tree[:, 2]))


def power(dim: int, runs: int) -> dict[str, dict[str, str]]:
    """How often each test finds two pieces at the 5 % level, by separation."""
    rows = {}
    for separation in SEPARATIONS:
        statistics: dict[str, list[list[float]]] = {}
        for seed in range(runs):
            x, labels = two(SAMPLES, dim, separation, seed)
            samples, own = gaussian_like(x, labels, 1000 + seed)
            for side, (points, of) in enumerate(((x, labels.numpy()), (samples, own))):
                d = distances(points)
                for name, value in (
                    ("longest bar", longest_bar(d)),
                    ("longest bar of large parts", largest_parts(d)),
                    ("gap, labels known", gap(d, of)),
                ):
                    statistics.setdefault(name, [[], []])[side].append(value)
        depth = separation**2 / 8 - np.log(2)
        rows[f"{separation:g}"] = {"depth of the valley, nats": number(depth, 2)} | {
            name: words([[share(np.array(real) > np.quantile(null, 0.95))]])
            for name, (real, null) in statistics.items()
        }
    return rows


def measured(runs: int = RUNS, folder: pathlib.Path | None = None) -> dict[str, Any]:
    """Codes of both spaces and pixels; and the power of the tests, from so many runs."""
    found_in: dict[str, Any] = {}
    ranges: dict[str, dict[str, tuple[float, float]]] = {}
    test = load_images("mnist", "test")
    rows = halves(len(test.images))[1][:POINTS]
    labels = test.labels[rows]
    for name in SPACES:
        codes = [space.test_codes[rows] for space, _ in spaces_of(name, folder)]
        clouds = [pieces_of(x, labels) for x in codes]
        found_in[name], ranges[name] = in_words(clouds, labels), ranges_of(clouds)
    pixels = pieces_of(test.images[rows].flatten(1), labels)
    found_in["pixels"] = in_words([pixels], labels)
    power_of = {f"{dim}-D": power(dim, runs) for dim in (2, 16)}
    print(json.dumps(found_in | power_of, indent=1), flush=True)
    return {"found": found_in, "power": power_of, "ranges": {"found": ranges}}
