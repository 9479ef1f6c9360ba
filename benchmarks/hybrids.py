"""Images on paths between codes of two classes, judged by the definitions of `artifacts.py`."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple

import seeds
import torch
from court import Court, Seen, seeded
from intervals import Found, beyond, range_of, share, shares, words
from judges import in_parts
from torch import Tensor

from nav_utils.evaluation import halves
from nav_utils.interpolation import lerp
from nav_utils.navigation import Pointwise, Stepwise, String, navigate
from nav_utils.ratio import Ratio
from nav_utils.spaces import LatentSpace
from nav_utils.steps import Probability

SPACES = ("mnist-2d", "mnist-16d")
CLASSES = {(1, 3): 40, (4, 9): 20, (3, 8): 20, (0, 1): 20}  # and pairs of ends
PLACES, LITERAL = 24, Probability(0.3)
WAYS: dict[str, dict[str, Any]] = {
    "line": {"planner": String(0), "proposal": "linear"},
    "line, corrected": {"planner": Pointwise(LITERAL), "proposal": "linear"},
    "line, step by step": {"planner": Stepwise(LITERAL), "proposal": "linear"},
    "SLERP": {"planner": String(0), "proposal": "slerp"},
    "SLERP, corrected": {"planner": Pointwise(LITERAL), "proposal": "slerp"},
    "SLERP, step by step": {"planner": Stepwise(LITERAL), "proposal": "slerp"},
    "graph and string": {"planner": "graph"},
}
CORRECTED = [way for way in WAYS if way.endswith(("corrected", "step by step"))]
LESS = "hybrids in the band: strange, less ambiguous real images"
Spaces = list[tuple[LatentSpace, list[Ratio]]]  # for each seed its space and its refits


def spaces_of(name: str, folder: pathlib.Path | None) -> Spaces:
    """The shipped space and ratio; or all that benchmarks/seeds.py left in a folder."""
    if folder is None:
        space = seeds.space_of(pathlib.Path(), name, seeds.PENALTY, 0)
        assert space.ratio is not None
        return [(space, [space.ratio])]
    found: Spaces = []
    for seed in seeds.SEEDS:
        run = (folder, name, seeds.PENALTY, seed)
        refits = [refit for refit in seeds.REFITS if seeds.is_there(*run, refit)]
        if refits:
            space = seeds.space_of(*run)
            found.append((space, [seeds.ratio_of(*run, refit) for refit in refits]))
    return found


def ends(
    space: LatentSpace, same: bool = False, part: int = 1, draw: int = 0
) -> tuple[Tensor, Tensor]:
    """Codes (n, d) twice from the pool: of the two classes, or both of the first; of each pair of
    classes as many as `CLASSES` says, or only one part of them. Each draw has pairs of its own."""
    rows = halves(len(space.test_codes))[1]
    codes, labels = space.test_codes[rows], space.test_labels[rows]
    generator, pairs = seeded(6 + draw), []
    for (a, b), n in CLASSES.items():
        places = [torch.nonzero(labels == label).squeeze(1) for label in (a, a if same else b)]
        drawn = [
            rows[torch.randperm(len(rows), generator=generator)[: n // part]] for rows in places
        ]
        pairs.append(codes[torch.stack(drawn, 1)])
    z_a, z_b = torch.cat(pairs).unbind(1)
    return z_a, z_b


class Jury(NamedTuple):
    """Who judges, which judges count, and which ambiguous real images they call strange."""

    court: Court
    count: list[str]
    null: Tensor  # flags (M,)


def told(
    court: Court, seen: Seen, count: list[str], some: Tensor | None = None
) -> dict[str, Found]:
    """Shares of images (N,) or of the places of paths (B, n), of all or of `some`."""
    flags = court.flags(seen, count)
    if some is None:
        flags |= {"ambiguous": court.ambiguous(seen), "hybrid": court.hybrid(seen)}
    return {key: of_each(flag, some) for key, flag in flags.items()}


def of_each(flags: Tensor, some: Tensor | None = None) -> Found:
    """Flags (N,) as a share; of places (B, n) as shares of each path, of those that have some."""
    if flags.ndim == 1:
        return share(flags if some is None else flags[some])
    if some is None:
        return shares(flags.double().mean(1))
    there = some.any(1)
    return shares(((flags & some).sum(1) / some.sum(1))[there])


@torch.no_grad()
def on_way(
    way: str, space: LatentSpace, ratio: Ratio, jury: Jury, part: int, draw: int
) -> dict[str, Found]:
    """What is seen on the paths of one way, with one ratio."""
    court, count, _ = jury
    z_a, z_b = ends(space, part=part, draw=draw)
    path = navigate(z_a, z_b, ratio, **WAYS[way])
    z = path.resample(PLACES + 2)[:, 1:-1]
    seen = court.look(space.model.decode(z))
    hybrid, strange = court.hybrid(seen), court.flags(seen, count)["strange"]
    row = told(court, seen, count)
    row["arrive"] = share((path.points[:, -1] - z_b).norm(dim=-1) < 1e-5)
    row["paths with a hybrid"] = share(hybrid.any(1))
    row |= {f"hybrids: {key}": x for key, x in told(court, seen, count, hybrid).items()}
    row |= {f"others: {key}": x for key, x in told(court, seen, count, ~hybrid).items()}
    if way in CORRECTED:
        inside = (ratio.prob(z) - 0.5).abs() < 0.1
        row["in the band"] = of_each(inside)
        of_both = told(court, seen, count, inside & hybrid)
        row |= {f"hybrids in the band: {key}": x for key, x in of_both.items()}
        row[LESS] = of_each(strange, inside & hybrid)
    places = torch.arange(len(z_a)).split([n // part for n in CLASSES.values()])
    for (a, b), rows in zip(CLASSES, places, strict=True):
        row[f"hybrid, {a} to {b}"] = of_each(hybrid[rows])
        row[f"hybrids: strange, {a} to {b}"] = of_each(strange[rows], hybrid[rows])
    return row


Printed = dict[str, dict[str, str]]
Ranges = dict[str, dict[str, tuple[float, float]]]


def on_paths(name: str, spaces: Spaces, jury: Jury, part: int = 1) -> tuple[Printed, Ranges]:
    """Every way of one latent space, over its trainings and refits; and the least and the largest
    value that single ratios have."""
    table: Printed = {}
    ranges: Ranges = {}
    for way in WAYS:
        rows = [
            [on_way(way, space, ratio, jury, part, draw) for draw, ratio in enumerate(ratios)]
            for space, ratios in spaces
        ]
        table[way], ranges[way] = {}, {}
        for key in rows[0][0]:
            groups = [[row[key] for row in group if len(row[key].values)] for group in rows]
            groups = [group for group in groups if group]
            null = share(jury.null) if key == LESS else None
            table[way][key] = of_groups(groups, null)
            if groups:
                ranges[way][key] = range_of(groups, null)
        print(name, way, json.dumps(table[way]), flush=True)
    return table, ranges


def of_groups(groups: list[list[Found]], null: Found | None) -> str:
    """In words; as less than `null` where there is one."""
    if not groups:
        return "none"
    return words(groups) if null is None else beyond(groups, null)


@torch.no_grad()
def rebuilt_and_within(
    name: str, spaces: Spaces, pool: Tensor, look: Callable[[Tensor], Seen]
) -> dict[str, list[Seen]]:
    """What each training's decoder makes of codes, and of lines inside a class."""
    found: dict[str, list[Seen]] = {}
    for space, _ in spaces:
        z = lerp(*ends(space, same=True), torch.linspace(0, 1, PLACES + 2)[1:-1])
        rebuilt = in_parts(lambda x, of=space.model: of.decode(of.encode(x)), pool[:2000])
        found.setdefault(f"rebuilt, {name}", []).append(look(rebuilt))
        lines = look(space.model.decode(z))
        found.setdefault(f"line inside a class, {name}", []).append(lines)
    return found
