"""Paths, planned in every way: on exact densities beside stochman's geodesics, and on MNIST.

    OMP_NUM_THREADS=1 python benchmarks/paths.py          # half an hour on two busy cores
    OMP_NUM_THREADS=1 python benchmarks/paths.py speed    # only the timings; the rest stays
    OMP_NUM_THREADS=1 python benchmarks/paths.py mnist    # only MNIST, without stochman

Exact densities (ring, C shape, two clusters): the pair of ends that the course uses, and 32 pairs
of samples. Paths are judged by the exact log q at 400 places. "largest fall" is how far the worst
path of the 32 sinks below the worse of its two ends, whose depth nobody chose. Our default planner
also runs on fitted ratios, of which the worst of three seeds counts. stochman 0.3.0 lives in an
environment of its own, made on the first run in _build/peers; it gets the exact density, or a table
of the fitted one (whose making is not counted in its time). Timed is what the processor works, so
that other programs count less. Which power of q and which grid serve
it best is told in peer_stochman.py.

`mnist-2d` and `mnist-16d` (mnist_paths.py): 300 pairs of test codes of different classes, judged on
the other half of the test codes (`halves`), 64 places a path, by measures that use no ratio; the
ratio was fitted on training codes. Intervals are 95 %, by bootstrap over pairs (and over codes, for
the ceiling). A path that stalls is judged as far as it got: where it stood still it may look good,
so the share of paths that arrive stands beside it.

Every corrector is compared with its own proposal, so that the difference is its own work; graphs
and strings with the straight line. Planners that need no discriminator stand beside them.
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

import torch
from mnist_paths import methods, on_mnist
from printed import number
from safetensors.torch import load_file, save_file
from torch import Tensor
from verdicts import (
    LEAST,
    OURS,
    TIMES,
    as_deep,
    faster,
    half_of_the_gap,
    shortcomings,
)

from nav_utils.densities import GaussianMixture, c_shape, circle, ring, two_clusters
from nav_utils.fitting import fit_ratio
from nav_utils.graphs import latent_graph
from nav_utils.navigation import Graph, Path, PathStatus, navigate
from nav_utils.ratio import ExactRatio, Ratio

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "results" / "paths.json"
PEERS = HERE.parent / "_build" / "peers" / "stochman"
CURVES = {"shortest_path": 6.0, "connecting_geodesic": 2.0}  # and the power that serves it best
RADIUS, SIZE = 3.0, 80  # of stochman's grid
SPACES = ("mnist-2d", "mnist-16d")
FITS = 3
SMALL: dict[str, Any] = {"hidden": (64, 64, 64), "steps": 2000}  # for 20,000 codes
REPEATS = 3  # of each timing, of which the median counts

ENDS = {  # the pairs of the course, (2, 2): from, to
    "ring": torch.tensor([[-1.3, 0.02], [1.3, 0.0]]),
    "C shape": circle(torch.tensor([0.55, -0.55]), 1.4).float(),
    "two clusters": torch.tensor([[-1.2, 0.1], [1.2, 0.0]]),
}
DENSITIES = {"ring": ring(), "C shape": c_shape(), "two clusters": two_clusters()}


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


def main() -> None:
    """Measure all, timings last; print the verdicts, write the results."""
    before = json.loads(RESULTS.read_text()) if sys.argv[1:] else {}
    if sys.argv[1:] == ["mnist"]:
        mnist = {name: on_mnist(name) for name in SPACES}
        halfway = {f"half of the gap, {name}": half_of_the_gap(mnist[name]) for name in SPACES}
        before["verdicts"] |= halfway
        RESULTS.write_text(json.dumps(before | mnist, indent=2) + "\n")
        return
    peer_python()  # without it there is nothing to compare with: say so before the rest
    results = before if sys.argv[1:] == ["speed"] else {}
    mnist = {name: results.get(name) or on_mnist(name) for name in SPACES}
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
