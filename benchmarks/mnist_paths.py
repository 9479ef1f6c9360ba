"""Paths between codes of MNIST, planned in every way and judged without a ratio."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from controls import ByLength, KernelRatio
from intervals import found, resampled, words
from printed import number
from torch import Tensor
from verdicts import CODES, GAPS, LINE, OURS

from nav_utils.evaluation import MORE_IS_BETTER, Reference, evaluate, halves
from nav_utils.navigation import Graph, Path, Pointwise, Stepwise, String, navigate
from nav_utils.pretrained import LatentSpace, load_classifier, load_pretrained
from nav_utils.ratio import Ratio
from nav_utils.steps import Below, Probability

SLERP = "slerp"
FROM_SLERP: dict[str, dict[str, Any]] = {  # as the text has it; these have to beat SLERP alone
    "pointwise, probability, eta 0.3, from slerp": {"planner": Pointwise(Probability(0.3))},
    "stepwise, probability, eta 0.3, from slerp": {"planner": Stepwise(Probability(0.3))},
}
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
ONE_CLASS = "linear, pairs of one class"
COMPARED = [key for key in FIELDS if key not in {"largest gap, median", "end error"}]


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
    first = {"linear": line.pop("linear"), SLERP: {"planner": String(0)}}
    last = {"graph alone": {"planner": Graph(string=String(0))}, OURS: {"planner": "graph"}}
    return first | line | last


def without_d(ratio: Ratio, dim: int) -> dict[str, tuple[Ratio, dict[str, Any]]]:
    """Planners that have codes and no discriminator, and the ratio that each plans with: the codes
    are those that the graph with D has for its nodes."""
    codes, powers = ratio.held_out, {"4": 4.0, "8": 8.0, "(d+1)": dim + 1.0}
    planners: dict[str, tuple[Ratio, dict[str, Any]]] = {
        f"k-NN graph, length^{name}": (ratio, {"planner": ByLength(codes, power)})
        for name, power in powers.items()
    }
    if dim == 2:
        kernel = KernelRatio(codes)
        planners["kernel density, graph"] = kernel, {"planner": Graph(string=String(0))}
    return planners


def pairs(space: LatentSpace, n: int = 300, same: bool = False) -> tuple[Tensor, Tensor]:
    """Ends (n, d) twice, of random pairs of different classes (or of one), from the second half of
    the test codes."""
    rows = halves(len(space.test_codes))[1]
    codes, labels = space.test_codes[rows], space.test_labels[rows]
    drawn = torch.randint(len(codes), (40 * n, 2), generator=torch.Generator().manual_seed(1))
    alike = labels[drawn[:, 0]] == labels[drawn[:, 1]]
    a, b = drawn[(alike == same) & (drawn[:, 0] != drawn[:, 1])][:n].unbind(1)
    return codes[a], codes[b]


def table(columns: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, str]]:
    """Measures of each method with intervals, and their differences to its own proposal."""
    rows: dict[str, dict[str, str]] = {}
    for method, measures in columns.items():
        row = rows[method] = {}
        own = columns[SLERP if method in FROM_SLERP else LINE]
        compared = method not in (CODES, LINE, ONE_CLASS)
        for name, x in measures.items():
            if name == "largest gap, median":
                row[name] = number(np.median(x))
                row["largest gap, most"] = number(x.max())
                continue
            row[name] = words([[found(x)]])
            if compared and name in COMPARED:
                row[f"{name}, less that of the proposal"] = words([[found(x - own[name])]])
        for name in GAPS if compared else ():
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


def on_mnist(name: str) -> dict[str, dict[str, str]]:
    """Every method on one latent space."""
    space = load_pretrained(name)
    ratio = space.ratio
    assert ratio is not None
    reference = Reference(space.test_codes, space.model, load_classifier())  # judged on the pool
    z_a, z_b = pairs(space)
    usual = reference.usual | {"mean log q": reference.usual["log q"]}
    columns = {CODES: {key: usual[key].double().numpy() for key in FIELDS if key in usual}}
    about: dict[str, dict[str, str]] = {CODES: {}}

    def judge(method: str, plan: Callable[[], Path], counted: bool) -> None:
        start = time.perf_counter()
        path = plan()
        planned = time.perf_counter()
        report = evaluate(path, reference, n=64)
        columns[method] = {
            key: getattr(report, field).double().numpy().round(6) for key, field in FIELDS.items()
        }
        arrived = (path.points[:, -1] - path.z_b).norm(dim=-1) < 1e-5
        about[method] = {"arrive": f"{100 * float(arrived.double().mean()):.0f} %"}
        if counted:
            about[method]["evaluations a path"] = number(report.n_evaluations / len(z_a))
        seconds = planned - start, time.perf_counter() - planned
        print(f"{name}; {method}: {seconds[0]:.1f} s, judged in {seconds[1]:.1f} s", flush=True)

    judge(ONE_CLASS, functools.partial(navigate, *pairs(space, same=True), ratio, "straight"), True)
    for method, options in (methods(ratio) | FROM_SLERP).items():
        judge(method, functools.partial(navigate, z_a, z_b, ratio, **options), True)
    for method, (own, options) in without_d(ratio, z_a.shape[1]).items():
        judge(method, functools.partial(navigate, z_a, z_b, own, **options), False)
    rows = {method: row | about[method] for method, row in table(columns).items()}
    for method, row in rows.items():
        print(f"{name}; {method}: {json.dumps(row)}", flush=True)
    return rows
