"""The same recipe in 2 to 64 dimensions: how far codes and prior are apart, and what D is worth.

    NAV_UTILS_DATA=... python benchmarks/dimensions.py --seeds 1    # two minutes a dimension

For each d an adversarial autoencoder of MNIST, six epochs, and two ratios of its codes, with one
question and with four. Paths between test codes of different classes are judged by measures that
use no D (`nav_utils.evaluation`), beside a k-nearest-neighbour graph that uses none either: its
edges cost length ** 4. Results are written after each d, and a run that was cut off goes on there.
"""

from __future__ import annotations

import argparse
import json
import math
import pathlib
import time
import warnings
from typing import Any

import numpy as np
import torch
from scipy import sparse
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from nav_utils.calibration import calibration_report
from nav_utils.data import load_images
from nav_utils.evaluation import MORE_IS_BETTER, Reference, evaluate, hole_mass
from nav_utils.fitting import fit_ratio
from nav_utils.graphs import LatentGraph, cheapest
from nav_utils.interpolation import lerp
from nav_utils.models import AAE
from nav_utils.navigation import Graph, String, navigate
from nav_utils.pretrained import load_classifier
from nav_utils.ratio import DensityRatio
from nav_utils.strings import evenly_spaced
from nav_utils.training import reconstruction_nats, train_aae

RESULTS = pathlib.Path(__file__).resolve().parent / "results" / "dimensions.json"
DIMENSIONS = (2, 4, 8, 16, 32, 64)
TRAINING: dict[str, Any] = {"epochs": 6, "weight": 5.0, "penalty": 0.05, "learning_rate": 2e-3}
FIT: dict[str, Any] = {"steps": 1500, "recalibrate": True}
PAIRS, N_POINTS, POWER, BAND = 100, 48, 4, math.log(0.6 / 0.4)
LINE, BLIND, BY_D = "straight line", "graph without D", "graph with D"
FIELDS = {"confidence": "confidence", "cycle error": "cycle_error", "distance": "distance"}


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


def encode(model: AAE, images: Tensor) -> Tensor:
    """Codes (N, d), in batches."""
    with torch.no_grad():
        return torch.cat([model.encode(part) for part in images.split(10_000)])


def blind_graph(codes: Tensor, ends: Tensor) -> LatentGraph:
    """Codes and ends joined to their nearest codes; an edge costs a power of its length."""
    nodes, n = torch.cat([codes, ends]), len(codes)
    near = NearestNeighbors(n_neighbors=12).fit(codes.double().numpy())
    either = near.kneighbors_graph(mode="distance")
    own = near.kneighbors_graph(ends.double().numpy(), mode="distance")  # and none leads to an end
    lengths = sparse.vstack([either.maximum(either.T), own]).tocsr()
    lengths.resize((len(nodes), len(nodes)))
    usual = float(np.median(either.data))
    lengths.data = (lengths.data / usual) ** POWER
    unit = torch.ones(codes.shape[1], dtype=torch.float64)
    return LatentGraph(nodes, lengths, 0, n, near, unit, usual, n_between=0)


def planned(ratio: DensityRatio, z_a: Tensor, z_b: Tensor) -> dict[str, Tensor]:
    """Points (B, n, d) of the paths of each planner, all through the same codes."""
    graph = blind_graph(ratio.held_out, torch.cat([z_a, z_b]))
    first = len(graph.nodes) - 2 * len(z_a) + np.arange(2 * len(z_a))
    ways = cheapest(graph, first[: len(z_a)], first[len(z_a) :])
    polygons = [graph.nodes[torch.as_tensor(way).long()][None] for way in ways]
    with_d = Graph(ratio.held_out, string=String(0))
    return {
        LINE: lerp(z_a, z_b, torch.linspace(0, 1, N_POINTS)),
        BLIND: torch.cat([evenly_spaced(polygon, N_POINTS) for polygon in polygons]),
        BY_D: navigate(z_a, z_b, ratio, with_d, n_points=N_POINTS).points,
        "graph with D, then string": navigate(
            z_a, z_b, ratio, Graph(ratio.held_out), n_points=N_POINTS
        ).points,
    }


def judged(ratio: DensityRatio, model: AAE, codes: Tensor, labels: Tensor) -> dict[str, Any]:
    """Each measure of each planner, and how much better the graph with D is than the one without.

    Args:
        codes, labels: of the test images, shuffled; one half judges, the other has the pairs.
    """
    half = len(codes) // 2
    reference = Reference(codes[:half], model, load_classifier())
    rows = torch.randint(half, len(codes), (4 * PAIRS, 2), generator=seeded(1))
    a, b = rows[labels[rows[:, 0]] != labels[rows[:, 1]]][:PAIRS].unbind(1)
    reports = {
        name: evaluate(points, reference, n=64)
        for name, points in planned(ratio, codes[a], codes[b]).items()
    }
    found: dict[str, Any] = {
        "real codes": {key: float(reference.usual[key].mean()) for key in FIELDS}
    }
    for name, report in reports.items():
        found[name] = {key: float(getattr(report, field).mean()) for key, field in FIELDS.items()}
        found[name]["length"] = float(report.length_over_chord.mean())
    for key, field in FIELDS.items():
        sign = 1 if MORE_IS_BETTER[key] else -1
        gain = sign * (getattr(reports[BY_D], field) - getattr(reports[BLIND], field))
        drawn = np.random.default_rng(0).integers(len(gain), size=(2000, len(gain)))
        low, high = np.quantile(gain.double().numpy()[drawn].mean(1), [0.025, 0.975])
        found[f"gain, {key}"] = [float(gain.mean()), float(low), float(high)]
    return found


def measure(dim: int, seed: int) -> dict[str, Any]:
    """Train, fit, plan and judge in one dimension."""
    train, test = load_images("mnist"), load_images("mnist", "test")
    start = time.perf_counter()
    model = AAE((1, 28, 28), dim, hidden=(256, 128), seed=seed)
    train_aae(model, train.images, seed=seed, progress=False, **TRAINING)
    trained = time.perf_counter()
    codes, order = encode(model, train.images), torch.randperm(10_000, generator=seeded(0))
    test_codes = encode(model, test.images[order])
    with torch.no_grad():
        logits = model.decode_logits(test_codes[:2000])
        found = {
            "reconstruction": float(reconstruction_nats(logits, test.images[order[:2000]]).mean())
        }
    prior = torch.randn(len(test_codes), dim, generator=seeded(100 + seed))
    ratios = {}
    for name, bridges in (("single", 1), ("telescoped", 4)):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            ratio = fit_ratio(
                codes[:50_000], codes[50_000:], seed=seed, bridges=bridges, progress=False, **FIT
            )
        ratios[name], report = ratio, calibration_report(ratio, test_codes, prior)
        with torch.no_grad():
            on_codes, on_prior = ratio.logit(test_codes), ratio.logit(prior)
        found[name] = {
            "held-out loss": report.held_out_loss,
            "AUC": report.auc,
            "ECE": report.ece,
            "KL": -float(on_codes.mean()),
            "hole mass": hole_mass(ratio)[0],
            "band, prior": float((on_prior.abs() < BAND).float().mean()),
            "band, codes": float((on_codes.abs() < BAND).float().mean()),
            "level": ratio.level(0.05),
            "prior below level": float((on_prior <= ratio.level(0.05)).float().mean()),
            "warnings": len(said),
        } | judged(ratio, model, test_codes, test.labels[order])
    found["seconds"] = [trained - start, time.perf_counter() - trained]
    return found


def printed(values: list[float], digits: int) -> str:
    """Mean over the seeds, and the range when there are several."""
    text = f"{np.mean(values):.{digits}f}"
    if len(values) > 1:
        text += f" [{min(values):.{digits}f}, {max(values):.{digits}f}]"
    return text


def tables(runs: dict[str, Any]) -> dict[str, Any]:
    """Rows by d and ratio, as a page prints them: means over the seeds that are there."""
    rows: dict[str, Any] = {}
    for dim in map(str, DIMENSIONS):
        seeds = [run[dim] for run in runs.values() if dim in run]
        for kind in ("single", "telescoped") if seeds else ():
            found = [run[kind] for run in seeds]
            row = rows.setdefault(kind, {}).setdefault(dim, {"seeds": str(len(seeds))})
            row["reconstruction"] = printed([run["reconstruction"] for run in seeds], 1)
            for key, value in found[0].items():
                if isinstance(value, dict):
                    for name in value:
                        row[f"{key}, {name}"] = printed([f[key][name] for f in found], 3)
                elif isinstance(value, list):
                    low, high = (np.mean([f[key][i] for f in found]) for i in (1, 2))
                    row[key] = f"{np.mean([f[key][0] for f in found]):.3f} [{low:.3f}, {high:.3f}]"
                else:
                    row[key] = printed([f[key] for f in found], 1 if key == "KL" else 3)
    return rows


def main() -> None:
    """Run all that is not there yet."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    runs = json.loads(RESULTS.read_text())["runs"] if RESULTS.exists() else {}
    for seed in range(seeds):
        for dim in DIMENSIONS:
            run = runs.setdefault(str(seed), {})
            if str(dim) in run:
                continue
            run[str(dim)] = measure(dim, seed)
            print(seed, dim, json.dumps(run[str(dim)]), flush=True)
            results = {
                "command": f"python benchmarks/dimensions.py --seeds {len(runs)}",
                "threads": torch.get_num_threads(),
                "training": TRAINING,
                "fit": FIT,
                "rows": tables(runs),
                "runs": runs,
            }
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
