"""Golden vectors for the explorer's JavaScript, computed by the package in float64.

    python tests/explorer/golden.py        writes golden.json beside this file

`tests/test_explorer_core.py` holds golden.json equal to what this file computes, and the node tests
beside it hold the JavaScript equal to golden.json.
"""

from __future__ import annotations

import base64
import itertools
import json
import math
import pathlib
from typing import Any

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from nav_utils.correction import Run, Status, correct
from nav_utils.densities import GaussianMixture, StandardNormal
from nav_utils.explorer.computing import goal_of, in_float64, paths, walked
from nav_utils.explorer.prior import prior_facts
from nav_utils.explorer.state import DEFAULTS, ETA, LIMITS, expect_state
from nav_utils.interpolation import arcs, lerp, slerp_or_lerp
from nav_utils.navigation import PathStatus
from nav_utils.noise import philox, standard_normal, uniform
from nav_utils.pretrained import LatentSpace, load_pretrained
from nav_utils.priors import Box, Prior, petals
from nav_utils.ratio import Ratio
from nav_utils.steps import METHODS, Logit, Place

FILE = pathlib.Path(__file__).with_name("golden.json")

# The shipped ratio is steep: with the usual step sizes some points leap to and fro over a contour,
# and a difference in the last digit of a weight grows with every step, on long ways to a whole one.
# With these it does not; the usual ones are tried on the path that the explorer begins with.
STABLE = {"probability": 0.02, "logit": 0.005, "gauss_newton": 0.2, "score": 0.01, "string": 0.005}


def golden(space: LatentSpace) -> dict[str, Any]:
    """All vectors, by subject, for JSON."""
    ratio = space.ratio
    assert ratio is not None
    real = in_float64(ratio)
    return {
        "noise": noise_vectors(),
        "interpolation": interpolation_vectors(),
        "grid": grid_vectors(),
        "network": network_vectors(real),
        "digits": digit_vectors(space),
        "states": state_vectors(),
        "corrections": {
            "analytic": correction_vectors(AnalyticRatio(), ANALYTIC_STARTS, (0.6, -2.5), ETA, 17),
            "real": correction_vectors(real, REAL_STARTS, (0.85, -4.5), STABLE, 7),
        },
        "trace": trace_vectors(),
        "priors": [prior_vectors(prior) for prior in PRIORS],
        "paths": {
            "analytic": path_vectors(AnalyticRatio(), ANALYTIC_STATES, 17),
            "real": path_vectors(ratio, REAL_STATES, 7),
        },
    }


def numbers(x: Tensor | np.ndarray, digits: int = 17) -> list[float]:
    """A flat list, rounded to so many decimals."""
    return [round(float(value), digits) for value in torch.as_tensor(x).flatten()]


# ---- noise, geometry, fields --------------------------------------------------------------------


def noise_vectors() -> dict[str, Any]:
    word = 2**32 - 1
    counters = [(0, 0, 0, 0), (word,) * 4, (1, 2, 3, 4), (word, 7, 2**31, 5)]
    keys = [(0, 0), (word, word), (5, 6), (2**31 - 1, 2**31)]
    seeds = [0, 1, 12345, 2**32, 2**53 - 1, 2**53 + 94, 2**64 - 1]
    places = [(0, 0, 2), (1, 0, 2), (0, 1, 2), (45, 49, 2), (2**40 + 3, 2**32 - 1, 5)]
    return {
        "words": [
            {"counter": c, "key": k, "words": philox(c, k)}
            for c, k in itertools.product(counters, keys)
        ],
        "draws": [
            {
                "seed": str(seed),  # JSON's readers have 53 bits
                "stream": stream,
                "step": step,
                "normal": numbers(standard_normal(seed, at, step, dim, torch.float64)),
                "uniform": float(uniform(seed, at, step)),
            }
            for seed in seeds
            for stream, step, dim in places
            for at in [torch.tensor(stream)]
        ],
    }


def interpolation_vectors() -> list[dict[str, Any]]:
    tiny = 1e-9
    pairs = [
        ([1.5, -1.8], [-0.9, 0.4]),
        ([1.0, 0.0], [0.0, 2.0]),
        ([1.0, 0.0], [-2.0, 0.0]),  # antipodes
        ([1.2, -0.7], [-1.2, 0.7]),
        ([-1.2, 0.7], [2.4, -1.4]),
        ([1.0, 0.0], [-1.0, 1e-12]),  # nearly so, on either side
        ([1.0, 0.0], [-1.0, -1e-12]),
        ([0.6, 0.8], [-0.6, -0.8 - 1e-15]),
        ([0.7, 0.9], [-0.7, -0.9 + 1e-7]),
        ([0.7, 0.9], [-1.4 - 1e-9, -1.8]),
        ([0.0, 0.0], [1.0, -2.0]),  # no direction
        ([0.3, 0.4], [0.0, 0.0]),
        ([0.0, 0.0], [0.0, 0.0]),
        ([0.3, 0.4], [0.3, 0.4]),
        ([0.3, 0.4], [0.6, 0.8]),  # one direction
        ([1.0, 1.0], [1.0, 1.0 + tiny]),
        ([1.0, 1.0], [2.0, 2.0 - tiny]),
        ([0.7, -0.1], [2.1, -0.3 + 4e-16]),
        ([1e200, 1e200], [-1e-200, 2e-200]),
        ([-2.0, -1.0], [-1.9, 1.3]),
    ]
    found = []
    for a, b in pairs:
        z_a, z_b = torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64)
        t = torch.linspace(0, 1, 8, dtype=torch.float64)
        zero = bool((z_a == 0).all() or (z_b == 0).all())
        both = [lerp(z_a, z_b, t)] if zero else list(arcs(z_a, z_b, t))
        found.append(
            {
                "a": a,
                "b": b,
                "lerp": lerp(z_a, z_b, t).flatten().tolist(),
                "slerp": slerp_or_lerp(z_a, z_b, t).flatten().tolist(),
                "arcs": [path.flatten().tolist() for path in both],
            }
        )
    return found


def grid_vectors() -> dict[str, Any]:
    """A grid from -1.5 to 2.5 and its values by scipy; the last points lie on nodes and edges."""
    random = np.random.default_rng(0)
    n, low, high, scale = 7, -1.5, 2.5, 0.01
    coefficients = random.integers(-1000, 1000, (n, n))
    points = np.concatenate(
        [random.uniform(low, high, (24, 2)), [[low, low], [high, high], [low, high], [0.5, 0.5]]]
    )
    at = (points[:, ::-1].T - low) / (high - low) * (n - 1)  # row is y, column x
    values = ndimage.map_coordinates(
        coefficients * scale, at, order=3, mode="mirror", prefilter=False
    )
    facts = {"n": n, "low": low, "high": high, "scale": scale}
    bits = np.packbits(coefficients > 0)
    return facts | {
        "coefficients": coefficients.flatten().tolist(),
        "points": numbers(points),
        "values": numbers(values),
        "bits": bits.tolist(),
        "mask": (coefficients > 0).flatten().astype(int).tolist(),
    }


def network_vectors(ratio: Ratio) -> dict[str, Any]:
    """The shipped ratio's logit and gradient, float64, where there are data."""
    points = StandardNormal(2).sample(60, torch.Generator().manual_seed(1), torch.float64)
    a, gradient = ratio.logit_and_grad(points)
    return {"points": numbers(points), "a": numbers(a, 7), "gradient": numbers(gradient, 7)}


def digit_vectors(space: LatentSpace) -> dict[str, Any]:
    """Twelve images as grey levels 0 to 255, in base64."""
    points = StandardNormal(2).sample(12, torch.Generator().manual_seed(2), torch.float64)
    grey = (255 * space.model.decode(points.float())).round().to(torch.uint8)
    return {"points": numbers(points), "grey": base64.b64encode(grey.numpy().tobytes()).decode()}


def state_vectors() -> dict[str, Any]:
    """What Python makes of states out of range, within a radius of 3."""
    raw: list[dict[str, Any]] = [
        {},
        {"a": [4, -4], "b": [0.1, 3.0001], "eta": 1e9, "eps": 0, "steps": -3, "noise": 7},
        {"method": "logit"},
        {"method": "string", "eta": 0.5, "proposal": "arcs", "planner": "stepwise"},
        {"method": "score", "log_q_level": -2.5, "goal": "below", "classes": True},
        {"level": 99, "seed": 2**53 - 1, "points": 1000, "steps": 49.5, "eta": 0.0001},
        {"a": [-0.0, 1.25], "level": -0.0, "noise": 0.02, "eps": 0.45, "points": 8.49, "seed": 0.5},
    ]
    return {
        "radius": 3.0,
        "defaults": DEFAULTS,
        "limits": LIMITS,
        "eta": ETA,
        "cases": [{"raw": state, "clamped": expect_state(state, 3.0)} for state in raw],
    }


# ---- corrections --------------------------------------------------------------------------------


class AnalyticRatio(Ratio):
    """a = 2 cos 1.3 x cos 0.9 y + sqrt(9 - x^2) - 3: flat at 0, NaN beyond |x| = 3."""

    def __init__(self, prior: Prior | None = None) -> None:
        super().__init__(prior or StandardNormal(2), torch.zeros(2, 2, dtype=torch.float64))

    def logit(self, z: Tensor) -> Tensor:
        x, y = z.unbind(-1)
        return 2 * (1.3 * x).cos() * (0.9 * y).cos() + (9 - x.square()).sqrt() - 3

    def no_data(self, z: Tensor, k: int = 10, tail: float = 1e-3) -> Tensor:
        return z.square().sum(-1) > 7

    def log_q_level(self, alpha: float = 0.05) -> float:
        return -3.2 if alpha == 0.05 else -2.2


# fmt: off
ANALYTIC_STARTS: list[list[float]] = [
    [0, 0], [3.2, 0], [0.4, -0.3], [-1.1, 0.9], [2.85, 1], [0.3, 2.5], [-2, -1.7], [1.2, 0.01],
    [2.9, -0.2],
]
REAL_STARTS: list[list[float]] = [
    [0.8, -1.1], [0.3, -0.8], [-0.5, 0.2], [1.9, 1.2], [-1.6, -1.4], [0, 2.2], [3.4, -3.1],
    [-0.05, 0.3],
]
# fmt: on


def correction_vectors(
    ratio: Ratio,
    starts: list[list[float]],
    levels: tuple[float, float],
    step_sizes: dict[str, float],
    digits: int,
) -> dict[str, Any]:
    """Every method, goal, level and noise, from the same starts; levels of a and of log q."""
    z = torch.tensor(starts, dtype=torch.float64)
    none = {"level": None, "log_q_level": None}
    rules = [
        {"method": method, "goal": goal, "eta": step_sizes[method], "noise": noise}
        | none
        | {"log_q_level" if method == "score" else "level": level}
        for method in METHODS
        for goal in (("band", "below") if method != "score" else ("band",))
        for level in (None, levels[method == "score"])
        for noise in (0.0, 0.05)
    ]
    cases = []
    for rule in rules:
        run = Run(max_steps=40, noise=rule["noise"], seed=3)
        goal = goal_of(rule | {"eps": 0.1}, ratio)
        found = correct(z, ratio, METHODS[rule["method"]](rule["eta"]), goal, run)
        cases.append(
            {
                "rule": rule | {"eps": 0.1, "steps": 40, "seed": 3},
                "z": numbers(found.z, digits),
                "status": found.status.tolist(),
                "steps": found.n_steps.tolist(),
            }
        )
    return {"starts": numbers(z), "cases": cases}


def trace_vectors() -> dict[str, Any]:
    """Where all points were after each step; one that has arrived stays."""
    z, trace = torch.tensor(ANALYTIC_STARTS[2:5], dtype=torch.float64), []

    def keep(seen: dict[str, Any]) -> None:
        trace.append(numbers(seen["z"]))

    # check_every: the points stay together until the last step
    run = Run(max_steps=9, noise=0.02, seed=5, check_every=9, callback=keep)
    found = correct(z, AnalyticRatio(), Logit(0.1), run=run)
    return {"starts": numbers(z), "trace": trace[: int(found.n_steps.max())]}


# ---- whole paths --------------------------------------------------------------------------------


def every_way(points: int, step_sizes: dict[str, float], **common: Any) -> list[dict[str, Any]]:
    """A state for every planner, method and proposal."""
    ways = [
        {"planner": planner, "method": method, "proposal": proposal, "eta": step_sizes[method]}
        for planner, method in [
            *itertools.product(("pointwise", "stepwise"), METHODS),
            ("pointwise", "string"),
        ]
        for proposal in ("linear", "slerp", "arcs")
    ]
    return [expect_state({"points": points} | way | common) for way in ways]


def changed(state: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return expect_state(DEFAULTS | state | changes)


ENDS = {"a": [1.1, -0.9], "b": [-1.3, 0.6]}
ANALYTIC_STATES = [
    *every_way(12, ETA, **ENDS),
    changed(ENDS, method="score", log_q_level=-2.5, noise=0.03, eta=0.02, points=12),
    changed(ENDS, noise=0.03, points=12, planner="stepwise") | {"seed": 2**53 - 1},
    changed({}, a=[0, 0], b=[1.5, 1.5], proposal="arcs", points=8),
    changed({}, a=[1, 1], b=[-1, -1], proposal="slerp", points=8),
    changed({}, a=[1, 1], b=[-1, -1], proposal="arcs", points=9, planner="stepwise"),
    changed({}, a=[1, 1], b=[1, 1], points=8),
    changed({}, a=[0, 0], b=[0, 0], points=8, method="string", eta=0.02),
    changed({}, a=[1, 1], b=[-3.4, 1], points=8),
    changed({}, a=[2.2, 0], b=[-2.2, 0.1], points=8, steps=0),
    changed(ENDS, goal="below", level=0.6, points=16, planner="stepwise", noise=0.05, seed=9),
    changed(ENDS, method="string", eta=100, points=16, steps=4),  # capped; chaos after more
]
REAL_STATES = every_way(16, STABLE) + [
    changed({}, method=method, eta=eta[method]) for eta in (STABLE, ETA) for method in ETA
]


PRIORS: list[Prior] = [
    GaussianMixture([[-1.0, 0.3], [1.2, -0.4]], torch.tensor([[0.5, 0.9], [0.7, 0.4]]), [1.0, 2.0]),
    petals(4),
    Box([-1.6, -1.5], [1.7, 1.4]),
]
PRIOR_STATES = [
    changed(ENDS, method="score", log_q_level=-2.0, eta=0.02, points=8),
    changed(ENDS, method="score", log_q_level=-2.0, eta=0.05, points=8, planner="stepwise"),
    changed(ENDS, method="string", eta=0.01, points=8),
    changed({}, a=[2.4, -1.9], b=[-1.3, 0.6], method="score", points=8),  # begins outside the box
    changed({}, a=[0, 0], b=[1.6, 1.9], goal="below", points=8),  # and ends outside
]


def prior_vectors(prior: Prior) -> dict[str, Any]:
    """A prior as the page gets it, its log p (null for minus infinity) and score, and paths."""
    z = StandardNormal(2).sample(6, torch.Generator().manual_seed(3), torch.float64)
    z = torch.cat([z, z.new_tensor([[1.7, 0.2], [1.8, 0.2], [-4.0, 6.0]])])
    log_p = prior.log_prob(z).tolist()
    return {
        "prior": prior_facts(prior),
        "points": numbers(z),
        "log_p": [x if math.isfinite(x) else None for x in log_p],
        "score": numbers(prior.score(z)),
        "paths": path_vectors(AnalyticRatio(prior), PRIOR_STATES, 17),
    }


def path_vectors(ratio: Ratio, states: list[dict[str, Any]], digits: int) -> list[dict[str, Any]]:
    """What becomes of states: for each, its paths."""
    double, found = in_float64(ratio), []
    for state in states:
        kept = {key: value for key, value in state.items() if value != DEFAULTS[key]}
        some = [path_vector(double, state, *pair, digits) for pair in paths(ratio, state)]
        found.append({"state": kept | {"eta": state["eta"]}, "paths": some})
    return found


def path_vector(
    ratio: Ratio, state: dict[str, Any], proposal: Tensor, path: Any, digits: int
) -> dict[str, Any]:
    """One path, and who is inside by the rule of its correction; a string's rule is the holes."""
    goal = goal_of(state, ratio)
    places = torch.stack([proposal, path.points[0]])
    outside = []
    came = walked(path, state)
    for z in (places[0], places[1, :came]):
        here = Place(z, *ratio.logit_and_grad(z))
        outside.append(int((~(goal.excess(here, ratio.prior) <= 0)).sum()))
    status = path.point_status[0] if path.point_status is not None else torch.zeros(len(proposal))
    straight = float((path.points.new_tensor(state["a"]) - path.z_b[0]).norm())
    length, bottleneck = float(path.arc_length[0, -1]), float(path.bottleneck[0])
    return {
        "points": numbers(path.points[0], digits),
        "status": status.long().tolist(),
        "walked": came,
        "failed": int((status[:came] > Status.CONVERGED).sum()),
        "outside": outside,
        "verdict": PathStatus(int(path.status[0])).name.lower(),
        "bottleneck": round(bottleneck, digits) if math.isfinite(bottleneck) else None,
        "bottleneckAt": numbers(path.bottleneck_at[0], digits),
        "lengthRatio": round(length / straight, digits) if straight else None,
        "tear": round(float(path.tear[0]), digits),
    }


def written(vectors: dict[str, Any]) -> str:
    """JSON with a line for each subject."""
    lines = [f"{json.dumps(key)}:{dense(value)}" for key, value in vectors.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def dense(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


if __name__ == "__main__":
    FILE.write_text(written(golden(load_pretrained("mnist-2d"))), encoding="utf-8")
