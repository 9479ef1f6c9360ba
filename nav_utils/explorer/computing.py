"""What an explorer computes from its state: the proposal, the path, and how each point ended."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nav_utils.correction import Run, Status
from nav_utils.interpolation import arcs, lerp, slerp_or_lerp
from nav_utils.navigation import PATIENCE, Path, Planner, Pointwise, Stepwise, String, navigate
from nav_utils.ratio import DensityRatio, Ratio
from nav_utils.steps import Band, Below, Denser, Goal, Place, method_of

HOLE = math.log(4)  # the logit above which a place is a hole, as in `nav_utils.evaluation`


def paths(ratio: Ratio, state: Mapping[str, Any]) -> list[tuple[Tensor, Path]]:
    """What the page computes from a state, in float64.

    Args:
        ratio: of two dimensions.
        state: a whole one, see `expect_state`.

    Returns:
        For each proposal (two for "arcs", else one) its points (n, 2), and the `Path` of one pair
        that the method makes of it.
    """
    ratio = in_float64(ratio)
    z_a, z_b = (torch.tensor([state[end]], dtype=torch.float64) for end in "ab")  # (1, 2)
    planner, n = planner_of(state, ratio), state["points"]
    found = []
    for proposal in proposals(z_a, z_b, state):
        start: str | Tensor = proposal
        if isinstance(planner, Stepwise):
            start = "linear" if state["proposal"] == "linear" else "slerp"
        path = navigate(z_a, z_b, ratio, planner, n_points=n, proposal=start)
        found.append((proposal[0], path))
    return found


def in_float64(ratio: Ratio) -> Ratio:
    """A copy that computes in float64, on the CPU: as the page does."""
    if not isinstance(ratio, DensityRatio):
        return ratio
    ratio.no_data(ratio.held_out[:1])  # finds its limits, which takes a while, for all copies
    copied = copy.deepcopy(ratio).to("cpu")
    copied.network.double()
    return copied


def proposals(z_a: Tensor, z_b: Tensor, state: Mapping[str, Any]) -> list[Tensor]:
    """Points evenly in t from A to B, (1, n, 2) for each proposal."""
    t = torch.linspace(0, 1, state["points"], dtype=z_a.dtype)
    loop = state["planner"] == "stepwise" and state["method"] != "string"
    zero = bool((z_a == 0).all() | (z_b == 0).all())  # which has no direction
    if state["proposal"] == "linear" or (state["proposal"] == "arcs" and zero and not loop):
        return [lerp(z_a, z_b, t)]
    if state["proposal"] == "slerp" or loop:  # the loop finds its own way, by slerp
        return [slerp_or_lerp(z_a, z_b, t)]
    return list(arcs(z_a, z_b, t).unbind(1))


def planner_of(state: Mapping[str, Any], ratio: Ratio) -> Planner:
    """The planner that a state describes."""
    if state["method"] == "string":
        return String(state["steps"], state["eta"])
    kind = Stepwise if state["planner"] == "stepwise" else Pointwise
    run = Run(max_steps=state["steps"], noise=state["noise"], seed=state["seed"])
    return kind(method_of(state["method"], state["eta"]), goal_of(state, ratio), run)


def goal_of(state: Mapping[str, Any], ratio: Ratio) -> Goal:
    """What counts as inside; for a string, which corrects no single points, all but holes."""
    level, log_q_level = state["level"], state["log_q_level"]
    if state["method"] == "string":
        return Below(HOLE)
    if state["method"] == "score":
        return Denser(ratio.log_q_level(0.5) if log_q_level is None else log_q_level)
    band = Band(state["eps"], level or 0.0)
    if state["goal"] == "below":
        return Below(band.width if level is None else level, band.width)
    return band


def stays(state: Mapping[str, Any]) -> bool:
    """Whether both ends stay where they are; the loop may not arrive at the second one."""
    return state["planner"] == "pointwise" or state["method"] == "string"


def walked(path: Path, state: Mapping[str, Any]) -> int:
    """How many points a path came to before it stopped; of a loop that stalls, not all of them."""
    n = state["points"]
    if stays(state):
        return n
    points, patience = path.points[0], min(PATIENCE, (n - 1) // 2)
    even = (points.new_tensor(state["b"]) - points[0]).norm() / (n - 1)
    moved = (points[patience + 1 :] - points[1 : n - patience]).norm(dim=-1)
    stuck = (moved < even).nonzero()
    return int(stuck[0]) + patience + 2 if len(stuck) else n


def endings(path: Path, state: Mapping[str, Any]) -> list[str]:
    """How each point ended: "given" for an end, "unjudged" for a string's, "untried" for those that
    a loop which stalls never came to, else its `Status`.
    """
    if path.point_status is None:
        found = ["unjudged"] * state["points"]
    else:
        found = [Status(code).name.lower() for code in path.point_status[0].tolist()]
    came = walked(path, state)
    found[came:] = ["untried"] * (len(found) - came)
    found[0] = "given"
    if stays(state):
        found[-1] = "given"
    return found


def best_of(found: list[tuple[Tensor, Path]]) -> tuple[Tensor, Path]:
    """The proposal and path with the higher bottleneck; the first of equals."""
    return max(found, key=lambda pair: float(pair[1].bottleneck))


def outside(ratio: Ratio, z: Tensor, state: Mapping[str, Any]) -> int:
    """How many points (n, 2) are not where the method wants them; for the string, in holes."""
    here = Place(z, ratio.logit(z), torch.zeros_like(z))  # the slope does not matter
    return int((goal_of(state, ratio).excess(here, ratio.prior) > 0).sum())
