"""One question or several: errors of the score of a fitted ratio on exact densities, by dimension.

    python benchmarks/bridges.py            # three seeds; twenty minutes on one core
    python benchmarks/bridges.py --seeds 1

Ten clusters of standard deviation 0.35 whose total covariance is near the prior's; the farther the
dimension goes up, the farther apart codes and prior are (KL). Every run has the same codes, the
same network, the same number of steps and of rows in a batch. Writes results/bridges.json after
each seed; a run that was cut off goes on there.
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
from torch import Tensor

from nav_utils.calibration import calibration_report
from nav_utils.densities import GaussianMixture
from nav_utils.fitting import fit_ratio
from nav_utils.ratio import ExactRatio

RESULTS = pathlib.Path(__file__).resolve().parent / "results" / "bridges.json"
BRIDGES = {2: 4, 8: 4, 16: 8, 32: 8}  # by dimension, beside the single ratio
N, STD = 10_000, 0.35


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


def clusters(dim: int, seed: int) -> GaussianMixture:
    """Ten clusters, whose means have mean 0 and such a variance that every coordinate has 1."""
    means = torch.randn(10, dim, generator=seeded(seed), dtype=torch.float64)
    means = means - means.mean(0)
    return GaussianMixture(means / means.square().mean(0).sqrt() * math.sqrt(1 - STD**2), STD)


def relative_error(found: Tensor, truth: Tensor) -> float:
    """Mean squared error of vectors (N, d), by the mean square of the true ones."""
    return float((found - truth).square().sum() / truth.square().sum())


def measure(dim: int, bridges: int, seed: int) -> dict[str, float]:
    """Fit one ratio, and compare it with the exact one on codes and on lines between codes."""
    q = clusters(dim, seed)
    exact, generator = ExactRatio(q), seeded(1000 + seed)
    codes, held_out = q.sample(N, generator).float(), q.sample(N // 5, generator).float()
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        ratio = fit_ratio(codes, held_out, seed=seed, bridges=bridges, progress=False)
    seconds = time.perf_counter() - start
    z, others = q.sample(5000, generator).float(), q.sample(5000, generator).float()
    share = torch.rand(5000, 1, generator=generator)
    lines = torch.lerp(z, others, share)
    scores = [(ratio.score_q(x), exact.score_q(x.double()).float()) for x in (z, lines)]
    report = calibration_report(ratio, z, exact.prior.sample(5000, generator))
    with torch.no_grad():
        return {
            "on q": relative_error(*scores[0]),
            "on lines": relative_error(*scores[1]),
            "KL": -float(exact.logit(z.double()).mean()),
            "KL by the ratio": -float(ratio.logit(z).mean()),
            "AUC": report.auc,
            "ECE": report.ece,
            "warnings": float(len(said)),
            "seconds": seconds,
        }


def printed(rows: list[dict[str, float]]) -> dict[str, str]:
    """Mean of each entry over the seeds, and the range when there are several."""
    found = {}
    for key in rows[0]:
        values = [row[key] for row in rows]
        digits = {"AUC": 4, "seconds": 0, "warnings": 0, "KL": 1, "KL by the ratio": 1}.get(key, 3)
        text = f"{np.mean(values):.{digits}f}"
        if len(rows) > 1 and key != "seconds":
            text += f" [{min(values):.{digits}f}, {max(values):.{digits}f}]"
        found[key] = text
    return found


def main() -> None:
    """Run all that is not there yet, and write the results after each seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    runs: dict[str, Any] = json.loads(RESULTS.read_text())["runs"] if RESULTS.exists() else {}
    for seed in map(str, range(seeds)):
        if seed in runs:
            continue
        found: dict[str, Any] = {"single": {}, "telescoped": {}}
        for dim, most in BRIDGES.items():
            for kind, bridges in (("single", 1), ("telescoped", most)):
                found[kind][str(dim)] = measure(dim, bridges, int(seed))
                print(seed, dim, bridges, json.dumps(found[kind][str(dim)]), flush=True)
        runs[seed] = found
        results = {
            "command": f"python benchmarks/bridges.py --seeds {len(runs)}",
            "threads": torch.get_num_threads(),
            "seeds": len(runs),
            "codes": N,
        }
        for kind in ("single", "telescoped"):
            results[kind] = {
                str(dim): {"bridges": str(1 if kind == "single" else most)}
                | printed([run[kind][str(dim)] for run in runs.values()])
                for dim, most in BRIDGES.items()
            }
        RESULTS.write_text(json.dumps(results | {"runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
