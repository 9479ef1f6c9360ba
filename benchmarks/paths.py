"""Paths, planned in every way: on exact densities beside stochman's geodesics, and on MNIST.

    OMP_NUM_THREADS=1 python benchmarks/paths.py          # half an hour on two busy cores
    OMP_NUM_THREADS=1 python benchmarks/paths.py speed    # only the timings; the rest stays

Exact densities (ring, C shape, two clusters): the pair of ends that the course uses, and 32 pairs
of samples. Paths are judged by the exact log q at 400 places. "largest fall" is how far the worst
path of the 32 sinks below the worse of its two ends, whose depth nobody chose. Our default planner
also runs on fitted ratios, of which the worst of three seeds counts. stochman 0.3.0 lives in an
environment of its own, made on the first run in _build/peers; it gets the exact density, or a table
of the fitted one (whose making is not counted in its time). Timed is what the processor works, so
that other programs count less. Which power of q and which grid serve
it best is told in peer_stochman.py.

`mnist-2d` and `mnist-16d`: 300 pairs of test codes of different classes, judged on the other half
of the test codes, 64 places a path, by measures that use no ratio; the ratio was fitted on training
codes. Intervals are 95 %, by bootstrap over pairs (and over codes, for the ceiling). A path that
stalls is judged as far as it got: where it stood still it may look good, so its end error and the
share of paths that arrive stand beside it.

Every corrector starts from the straight line, so that its difference to "linear" is its own work.
Writes benchmarks/results/paths.json; exit status 1 and words where our planner falls short.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np
import torch
from printed import interval, number
from safetensors.torch import load_file, save_file
from torch import Tensor
from verdicts import (
    CODES,
    GAPS,
    LEAST,
    LINE,
    OURS,
    TIMES,
    as_deep,
    faster,
    half_of_the_gap,
    shortcomings,
)

from nav_utils.densities import GaussianMixture, c_shape, circle, ring, two_clusters
from nav_utils.evaluation import MORE_IS_BETTER, Reference, evaluate
from nav_utils.fitting import fit_ratio
from nav_utils.graphs import latent_graph
from nav_utils.navigation import Graph, Path, PathStatus, Pointwise, Stepwise, String, navigate
from nav_utils.pretrained import LatentSpace, load_classifier, load_pretrained
from nav_utils.ratio import ExactRatio, Ratio
from nav_utils.steps import Below, Probability

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "results" / "paths.json"
PEERS = HERE.parent / "_build" / "peers" / "stochman"
CURVES = {"shortest_path": 6.0, "connecting_geodesic": 2.0}  # and the power that serves it best
RADIUS, SIZE = 3.0, 80  # of stochman's grid
FITS = 3
SMALL: dict[str, Any] = {"hidden": (64, 64, 64), "steps": 2000}  # for 20,000 codes
REPEATS = 3  # of each timing, of which the median counts

ENDS = {  # the pairs of the course, (2, 2): from, to
    "ring": torch.tensor([[-1.3, 0.02], [1.3, 0.0]]),
    "C shape": circle(torch.tensor([0.55, -0.55]), 1.4).float(),
    "two clusters": torch.tensor([[-1.2, 0.1], [1.2, 0.0]]),
}
DENSITIES = {"ring": ring(), "C shape": c_shape(), "two clusters": two_clusters()}


def methods(ratio: Ratio) -> dict[str, dict[str, Any]]:
    """What `navigate` is called with. A string of no steps is the proposal as it came."""
    below = Below(ratio.level(0.05))
    planners = {
        "linear": String(0),
        "pointwise, probability, eta 1": Pointwise(),
        "pointwise, probability, eta 0.3": Pointwise(Probability(0.3)),
        "pointwise, Gauss-Newton": Pointwise("gauss_newton", below),
        "pointwise, score": Pointwise("score"),
        "stepwise, probability, eta 1": Stepwise(),
        "stepwise, probability, eta 0.3": Stepwise(Probability(0.3)),
        "string from the line": String(),
    }
    line = {name: {"planner": p, "proposal": "linear"} for name, p in planners.items()}
    first = {"linear": line.pop("linear"), "slerp": {"planner": String(0)}}
    last = {"graph alone": {"planner": Graph(string=String(0))}, OURS: {"planner": "graph"}}
    return first | line | last


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


# ---- stochman ---------------------------------------------------------------------------------


def peer_python() -> pathlib.Path:
    """The interpreter of stochman's environment, made on the first call."""
    python = PEERS / "bin" / "python"
    if not (PEERS / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", PEERS], check=True)
        packages = [f"torch=={torch.__version__.split('+')[0]}", "stochman==0.3.0", "safetensors"]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        (PEERS / "complete").touch()
    return python


def run_peer(curve: str, z_a: Tensor, z_b: Tensor, ratio: Ratio) -> tuple[Tensor, float, float]:
    """stochman's paths (B, 400, 2), and its seconds for set-up and for all pairs."""
    given = {"z_a": z_a.double().clone(), "z_b": z_b.double().clone()}
    if isinstance(ratio, ExactRatio):
        given |= {"means": ratio.q.means, "std": ratio.q.std[0, 0].clone()}
    else:
        axis = torch.linspace(-RADIUS, RADIUS, SIZE)
        given["log_q"] = ratio.log_q(torch.cartesian_prod(axis, axis)).reshape(SIZE, SIZE).detach()
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder, f"{name}.safetensors") for name in ("given", "got")]
        save_file(given, files[0])
        settings = [curve, CURVES[curve], RADIUS, SIZE, torch.get_num_threads()]
        command = [peer_python(), HERE / "peer_stochman.py", *files, *settings]
        words = [str(word) for word in command]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"stochman's run failed:\n{done.stderr[-2000:]}")
        got = load_file(files[1])
    return got["points"], float(got["set_up"]), float(got["pairs"].sum())


# ---- exact densities --------------------------------------------------------------------------


def problem(name: str) -> tuple[Tensor, Tensor]:
    """Ends (B, 2) twice: the course's pair first, then 32 pairs of samples where there are any."""
    own, samples = ENDS[name], DENSITIES[name].sample(64, seeded(4))
    if name not in LEAST:  # two clusters: most pairs have no path
        samples = samples[:0]
    z_a, z_b = samples.chunk(2) if len(samples) else (samples, samples)
    return torch.cat([own[:1], z_a]), torch.cat([own[1:], z_b])


def depth(q: GaussianMixture, dense: Tensor, path: Path | None = None) -> dict[str, Any]:
    """What counts of paths, looked at in places dense (B, n, 2): the first is the course's pair.

    Our own paths (`path`) also have a status. Where one stalls, the worst log q is that of the way
    to where it stands.
    """
    log_q = q.log_prob(dense.double())
    found: dict[str, Any] = {"worst log q": float(log_q[0].min())}
    if path is not None:
        found["status"] = PathStatus(int(path.status[0])).name
        found["end error"] = float((path.points[0, -1] - path.z_b[0]).norm())
    if len(dense) > 1:
        lowest, ends = log_q.amin(-1)[1:], torch.minimum(log_q[:, 0], log_q[:, -1])[1:]
        found["largest fall"] = float((lowest - ends).min())
        found["falls of less than 0.1"] = int((lowest - ends > -0.1).sum())
        found["mean worst log q"] = float(lowest.mean())
        if path is not None:
            found["reached"] = int((path.status[1:] == PathStatus.REACHED).sum())
    return found


def worst_of(found: list[dict[str, Any]]) -> dict[str, str]:
    """The worst of several runs in each entry, as it is printed."""
    printed = {}
    for key in found[0]:
        values = [row[key] for row in found]
        if key == "status":
            printed[key] = " or ".join(sorted(set(values)))
        elif isinstance(values[0], int):
            printed[key] = f"{min(values)} of 32"
        elif key == "end error":
            printed[key] = number(max(values))
        else:
            printed[key] = f"{min(values):.3f}"
    return printed


def on_exact(name: str, fitted: list[Ratio]) -> dict[str, dict[str, str]]:
    """Every method on one density, by the exact ratio; ours and stochman by fitted ones too."""
    q, (z_a, z_b) = DENSITIES[name], problem(name)
    exact = ExactRatio(q)

    def ours(ratio: Ratio, options: dict[str, Any]) -> dict[str, Any]:
        path = navigate(z_a, z_b, ratio, **options)
        return depth(q, path.resample(400), path)

    def peer(ratio: Ratio, curve: str) -> dict[str, Any]:
        return depth(q, run_peer(curve, z_a, z_b, ratio)[0])

    rows = {key: [ours(exact, options)] for key, options in methods(exact).items()}
    rows |= {f"stochman {curve}": [peer(exact, curve)] for curve in CURVES}
    rows[f"{OURS}, fitted ratio"] = [ours(ratio, {}) for ratio in fitted]
    for curve in CURVES:
        rows[f"stochman {curve}, fitted ratio"] = [peer(ratio, curve) for ratio in fitted]
    printed = {key: worst_of(found) for key, found in rows.items()}
    for key, found in printed.items():
        print(f"{name}; {key}: {found}", flush=True)
    return printed


def speed(name: str, ratio: Ratio) -> dict[str, dict[str, float]]:
    """Processor seconds for the 32 pairs, ours and stochman's in turns: the median run of each."""
    z_a, z_b = (z[1:] for z in problem(name))

    def ours() -> tuple[float, float]:
        start = time.process_time()
        graph = latent_graph(ratio)
        made = time.process_time()
        navigate(z_a, z_b, ratio, Graph(graph=graph))
        return made - start, time.process_time() - made

    ours()  # a warm-up
    runs: dict[str, list[tuple[float, float]]] = {}
    for _ in range(REPEATS):
        runs.setdefault("nav_utils", []).append(ours())
        for curve in CURVES:
            runs.setdefault(f"stochman {curve}", []).append(run_peer(curve, z_a, z_b, ratio)[1:])
    found = {}
    for key, seconds in runs.items():
        set_up, pairs = sorted(seconds, key=sum)[REPEATS // 2]
        found[key] = {"set-up, s": set_up, "pairs, s": pairs}
        found[key]["ms a path"] = 1e3 * (set_up + pairs) / len(z_a)
    mine = found["nav_utils"]["ms a path"]
    for curve in CURVES:
        row = found[f"stochman {curve}"]
        row["times ours"] = row["ms a path"] / mine
    return found


# ---- MNIST ------------------------------------------------------------------------------------

FIELDS = {  # of a `PathReport`, by the name that a page prints
    "confidence": "confidence",
    "worst confidence": "worst_confidence",
    "entropy": "entropy",
    "cycle error": "cycle_error",
    "distance": "distance",
    "worst log q": "worst_log_q",
    "mean log q": "mean_log_q",
    "length over chord": "length_over_chord",
    "largest gap, median": "largest_gap",
    "end error": "end_error",
}
COMPARED = [key for key in FIELDS if key not in {"largest gap, median", "end error"}]


def with_interval(values: np.ndarray) -> str:
    """The mean of values (N,) with the middle 95 % of its bootstrap samples."""
    return interval(values.mean(), *np.quantile(resampled(values), [0.025, 0.975]))


def resampled(values: np.ndarray, seed: int = 0, n_resamples: int = 2000) -> np.ndarray:
    """Means (n_resamples,) of values (N,) drawn anew; a seed draws the same rows for each column,
    so that differences of two results are paired."""
    rows = np.random.default_rng(seed).integers(len(values), size=(n_resamples, len(values)))
    return values[rows].mean(1)


def pairs(space: LatentSpace, n: int = 300) -> tuple[Tensor, Tensor]:
    """Ends (n, d) twice, of random pairs of different classes, from the second half of the test
    codes."""
    codes, labels = space.test_codes[5000:], space.test_labels[5000:]
    rows = torch.randint(len(codes), (2 * n, 2), generator=seeded(1))
    a, b = rows[labels[rows[:, 0]] != labels[rows[:, 1]]][:n].unbind(1)
    return codes[a], codes[b]


def table(columns: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, str]]:
    """Measures of each method with intervals, and their differences to the straight line."""
    rows: dict[str, dict[str, str]] = {}
    for method, measures in columns.items():
        row = rows[method] = {}
        for name, x in measures.items():
            if name == "largest gap, median":
                row[name] = number(np.median(x))
                row["largest gap, most"] = number(x.max())
                continue
            row[name] = with_interval(x)
            if method not in (CODES, LINE) and name in COMPARED:
                less = x - columns[LINE][name]
                row[f"{name}, less that of linear"] = with_interval(less)
        if method not in (CODES, LINE):
            for name in GAPS:
                row[f"gap closed, {name}"] = gap_closed(
                    measures[name], columns[LINE][name], columns[CODES][name], MORE_IS_BETTER[name]
                )
    return rows


def gap_closed(x: np.ndarray, line: np.ndarray, codes: np.ndarray, more: bool) -> str:
    """How much of the way from the line to real codes x goes, in percent; "no gap" unless codes are
    better beyond chance."""
    sign = 1 if more else -1
    gap = sign * (resampled(codes, seed=1) - resampled(line))
    if np.quantile(gap, 0.025) <= 0:
        return "no gap"
    share = 100 * (x - line).mean() / (codes.mean() - line.mean())
    samples = 100 * sign * resampled(x - line) / gap
    low, high = np.quantile(samples, [0.025, 0.975])
    return f"{share:.0f} % [{low:.0f}, {high:.0f}]"


def statuses(path: Path) -> dict[str, str]:
    """How many paths in a hundred ended how, by the ratio."""
    shares = [100 * float((path.status == kind).double().mean()) for kind in PathStatus]
    return {k.name.lower(): f"{share:.0f} %" for k, share in zip(PathStatus, shares, strict=True)}


def on_mnist(name: str) -> dict[str, dict[str, str]]:
    """Every method on one latent space."""
    space = load_pretrained(name)
    ratio = space.ratio
    assert ratio is not None
    reference = Reference(space.test_codes[:5000], space.model, load_classifier())
    z_a, z_b = pairs(space)
    usual = reference.usual | {"mean log q": reference.usual["log q"]}
    columns = {CODES: {key: usual[key].double().numpy() for key in FIELDS if key in usual}}
    about: dict[str, dict[str, str]] = {CODES: {}}
    for method, options in methods(ratio).items():
        start = time.perf_counter()
        path = navigate(z_a, z_b, ratio, **options)
        planned = time.perf_counter()
        report = evaluate(path, reference, n=64)
        columns[method] = {
            key: getattr(report, field).double().numpy() for key, field in FIELDS.items()
        }
        evaluations = {"evaluations a path": number(report.n_evaluations / len(z_a))}
        about[method] = statuses(path) | evaluations
        judged = time.perf_counter()
        print(
            f"{name}; {method}: {planned - start:.1f} s, judged in {judged - planned:.1f} s",
            flush=True,
        )
    rows = {method: row | about[method] for method, row in table(columns).items()}
    for method, row in rows.items():
        print(f"{name}; {method}: {json.dumps(row)}", flush=True)
    return rows


def main() -> None:
    """Measure all, timings last; print the verdicts, write the results."""
    peer_python()  # without it there is nothing to compare with: say so before the rest
    results = json.loads(RESULTS.read_text()) if sys.argv[1:] == ["speed"] else {}
    mnist = {name: results.get(name) or on_mnist(name) for name in ("mnist-2d", "mnist-16d")}
    fitted: dict[str, list[Ratio]] = {}
    for name, q in DENSITIES.items():
        fitted[name] = [
            fit_ratio(q.sample(20_000, seeded(seed)), seed=seed, progress=False, **SMALL)
            for seed in range(FITS)
        ]
    exact = results.get("exact") or {name: on_exact(name, fitted[name]) for name in DENSITIES}
    load, speeds = os.getloadavg()[0], {}
    for name in LEAST:
        speeds[name] = speed(name, ExactRatio(DENSITIES[name]))
        speeds[f"{name}, fitted ratio"] = speed(name, fitted[name][0])
    verdicts = {f"half of the gap, {name}": half_of_the_gap(rows) for name, rows in mnist.items()}
    for curve in CURVES:
        verdicts[f"{TIMES[curve]:.0f} times faster than stochman {curve}"] = faster(speeds, curve)
        verdicts[f"stochman {curve} has the better worst log q"] = as_deep(exact, curve)
    for key, row in (speeds | verdicts).items():
        print(f"{key}: {row}")
    results = {
        "command": "OMP_NUM_THREADS=1 python benchmarks/paths.py",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "load": f"{load:.1f} on {os.cpu_count()} cores before the timings",
        "verdicts": verdicts,
        "exact": exact,
        "speed": {
            name: {method: {k: number(v) for k, v in row.items()} for method, row in rows.items()}
            for name, rows in speeds.items()
        },
    } | mnist
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    sys.exit("\n".join(shortcomings(exact, speeds)) or 0)


if __name__ == "__main__":
    main()
