"""`nav-utils navigate`: paths between pairs of codes, with a report."""

from __future__ import annotations

import argparse
import io
import os
import pathlib
from collections import Counter

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from nav_utils.checkpointing import as_json, write_safetensors, write_whole
from nav_utils.commands.inputs import ends_from, ratio_from
from nav_utils.evaluation import PathReport, Reference, evaluate
from nav_utils.interpolation import lerp
from nav_utils.navigation import Path, PathStatus, navigate
from nav_utils.spaces import LatentSpace

MEASURES = {  # what the report shows, and in which unit
    "worst_log_q": "nats",
    "mean_log_q": "nats",
    "cycle_error": "",
    "length_over_chord": "",
    "largest_gap": "medians",
}


def run(given: argparse.Namespace) -> None:
    if given.out.suffix not in {".npy", ".safetensors"}:
        raise ValueError(f"OUT: expected a .npy or .safetensors file, got {given.out}")
    ratio, space = ratio_from(given.space)
    if given.report is not None and space is None:
        raise ValueError("--report: expected a space, whose test codes judge, got a ratio alone")
    z_a, z_b = ends_from(given.pairs, space, given.seed)
    silent = bool(os.environ.get("TQDM_DISABLE"))
    with tqdm(unit="step", desc="paths", disable=silent) as bar:
        options = {"n_points": given.points, "callback": lambda _: bar.update()}
        path = navigate(z_a, z_b, ratio, given.planner, **options)
    write(path, z_a, given.out)
    ends = Counter(path.status.tolist())
    said = ", ".join(f"{ends[s]:,} {s.name}" for s in PathStatus if ends[s])
    print(f"{len(path.points):,} paths of {given.points} points: {said}")
    if space is not None:
        beside_lines(path, z_a, space, given.report)
    print(f"written to {given.out}")


def write(path: Path, z_a: Tensor, out: pathlib.Path) -> None:
    """The points of the paths, and what else the file can hold."""
    if out.suffix == ".npy":
        content = io.BytesIO()
        np.save(content, path.points.cpu().numpy(), allow_pickle=False)
        write_whole(out, content.getvalue())
        return
    tensors = {"points": path.points, "z_a": z_a, "z_b": path.z_b, "status": path.status}
    tensors |= {"bottleneck": path.bottleneck, "bottleneck_at": path.bottleneck_at}
    statuses = {status.name: int(status) for status in PathStatus}
    write_safetensors(out, tensors, {"status": as_json(statuses)})


def beside_lines(path: Path, z_a: Tensor, space: LatentSpace, out: pathlib.Path | None) -> None:
    """Print the median of each measure beside a straight line's; write all rows if asked to."""
    reference = Reference(space.test_codes, space.model)
    t = torch.linspace(0, 1, path.points.shape[1], dtype=z_a.dtype, device=z_a.device)
    both = {"path": evaluate(path, reference), "line": evaluate(lerp(z_a, path.z_b, t), reference)}
    print(f"{'median of':<20}{'path':>10}{'line':>10}")
    for name, unit in MEASURES.items():
        columns = [median(found, name) for found in both.values()]
        print(f"{name:<20}{columns[0]:>10.3f}{columns[1]:>10.3f}  {unit}".rstrip())
    if out is not None:
        rows = {kind: rows_of(found) for kind, found in both.items()}
        write_whole(out, (as_json(rows) + "\n").encode())


def median(found: PathReport, name: str) -> float:
    """The median of a measure over the paths."""
    return float(getattr(found, name).median())


def rows_of(found: PathReport) -> dict[str, list[float]]:
    """Each measure as a list, one number for each path; those that need more are left out."""
    measures = found._asdict().items()
    return {name: value.tolist() for name, value in measures if isinstance(value, Tensor)}
