"""What the sweep of the adversarial weight found: the tables and findings of sweep.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from intervals import hierarchical
from printed import number

METHODS = ONE, BRIDGED, DENOISED = ("one ratio", "bridges", "denoising")
COUNTS = ("10000", "1000")
WHITENED = "0, whitened"
Runs = dict[str, Any]


def told(values: list[float]) -> str:
    """Mean over the seeds with its 95 % interval (Student's t)."""
    if len(values) == 1:
        return number(values[0])
    return in_words(hierarchical([[np.array([value])] for value in values]))


def times(ratios: list[float]) -> str:
    """Geometric mean over the seeds of positive ratios, with its 95 % interval."""
    if len(ratios) == 1:
        return number(ratios[0])
    value, low, high = hierarchical([[np.log([ratio])] for ratio in ratios])
    return in_words((np.exp(value), np.exp(low), np.exp(high)))


def in_words(found: tuple[float, float, float]) -> str:
    """A value and its interval."""
    centre, *ends = (number(float(x), 2) for x in found)
    return f"{centre} [{', '.join(ends)}]"


def usable(seeds: dict[str, Any]) -> list[dict[str, Any]]:
    """The runs of a space whose truth is exact."""
    return [run for run in seeds.values() if run["usable"]]


def compass_error(run: dict[str, Any], n: str, method: str) -> float:
    """The squared error of the score of the bulk as a share of the mean square of grad a."""
    share = run["mean square of the score, bulk"] / run["mean square of grad a, bulk"]
    return run["cells"][n][method]["bulk error"] * share


def autoencoders(spaces: Runs, seed: str, n: str) -> list[dict[str, Any]]:
    """The usable spaces of autoencoders of one seed that have a cell of n codes, by KL."""
    runs = [
        seeds[seed] | {"name": name}
        for name, seeds in spaces.items()
        if not name.startswith("mixture") and seed in seeds and n in seeds[seed]["cells"]
    ]
    return sorted(runs, key=lambda run: run["KL"])


def seeds_of(spaces: Runs) -> list[str]:
    """Seeds for which every space of a dimension has been run; the last to be run is a mixture."""
    last = [set(seeds) for name, seeds in spaces.items() if name.startswith("mixture")]
    if len(last) < 2:
        return []
    return sorted(set.intersection(*last, *(set(seeds) for seeds in spaces.values())))


# ---- tables -----------------------------------------------------------------------------------


def printed(runs: Runs) -> dict[str, dict[str, str]]:
    """The rows of the tables: a space of a dimension, over its usable seeds."""
    rows = {}
    for dim, spaces in runs.items():
        for name, seeds in spaces.items():
            row = rows[f"{dim}, {name if name.startswith('mixture') else f'lambda {name}'}"] = {}
            kept = usable(seeds)
            row["usable seeds"] = f"{len(kept)} of {len(seeds)}"
            if kept:
                row |= {key: told([run[key] for run in kept]) for key in FACTS if key in kept[0]}
                for n in kept[0]["cells"]:
                    row |= cell_of(kept, n)
    return rows


FACTS = ("KL", "reconstruction", "mean square of the score", "mean square of the score, bulk")


def cell_of(kept: list[dict[str, Any]], n: str) -> dict[str, str]:
    """The entries of a cell of n codes."""
    row, cells = {}, [run["cells"][n] for run in kept]
    for method in METHODS:
        if method in cells[0]:
            for key in ("error", "bulk error"):
                row[f"{key}, {method}, {n}"] = told([cell[method][key] for cell in cells])
            errors = [compass_error(run, n, method) for run in kept]
            row[f"compass error, {method}, {n}"] = told(errors)
    if "paths" in cells[0]:
        for key in ("gain of D, nats", "wins of D", "gain over the line, nats"):
            row[f"{key}, {n}"] = told([cell["paths"][key] for cell in cells])
        for planner in ("without D", "with D"):
            lengths = [cell["paths"][planner]["length over chord"] for cell in cells]
            row[f"length, {planner}, {n}"] = told(lengths)
    return row


def chart(runs: Runs) -> dict[str, dict[str, list[float | None]]]:
    """What the chapter draws: means over the usable seeds, by dimension and space.

    How many seeds, KL, reconstruction; with each number of codes the error of one ratio and of the
    score network, and the gain of D. None where there is none.
    """
    drawn: dict[str, dict[str, list[float | None]]] = {}
    for dim, spaces in runs.items():
        drawn[dim] = {}
        for name, seeds in spaces.items():
            kept = usable(seeds)
            row: list[float | None] = [len(kept)]
            row += [mean_of(run.get(key) for run in kept) for key in FACTS[:2]]
            for n in COUNTS:
                cells = [run["cells"].get(n, {}) for run in kept]
                for method in (ONE, DENOISED):
                    row.append(mean_of(cell.get(method, {}).get("bulk error") for cell in cells))
                row.append(mean_of(cell.get("paths", {}).get("gain of D, nats") for cell in cells))
            drawn[dim][name] = row
    return drawn


def mean_of(values: Iterable[float | None]) -> float | None:
    """The mean, to three digits; None if there are none."""
    there = [value for value in values if value is not None]
    return float(f"{np.mean(there):.3g}") if there else None


# ---- findings ---------------------------------------------------------------------------------


def findings(runs: Runs) -> dict[str, dict[str, str]]:
    """The answers, by dimension."""
    answers: dict[str, dict[str, str]] = {}
    for dim, spaces in runs.items():
        seeds, answer = seeds_of(spaces), answers.setdefault(dim, {})
        if not seeds:
            continue
        answer["seeds"] = str(len(seeds))
        for n in COUNTS:
            answer |= best_mismatch(spaces, seeds, n)
            answer[f"crossing, {n}"] = crossings(spaces, seeds, n)
        answer |= law(spaces, seeds)
        answer |= weak_and_strong(spaces, seeds)
        answer |= shaped_and_not(spaces, seeds)
    return answers


def weak_and_strong(spaces: Runs, seeds: list[str]) -> dict[str, str]:
    """What the largest weight has by what the least has, of those that are usable in every seed:
    with 10,000 codes, of the bulk. And the gain of D over all spaces."""
    n, ends, gains = COUNTS[0], [], []
    by_seed = [{run["name"]: run for run in autoencoders(spaces, seed, n)} for seed in seeds]
    weights = sorted(float(name) for name in set.intersection(*map(set, by_seed)) - {WHITENED})
    for runs in by_seed:
        ends.append([runs[f"{weight:g}"] for weight in (weights[0], weights[-1])])
        gains.append(float(np.mean([gain_of(run, n) for run in runs.values()])))
    answer = {"weights compared": f"{weights[0]:g} and {weights[-1]:g}"}
    for key in ("KL", "reconstruction", "mean square of the score, bulk"):
        answer[f"strong by weak, {key}"] = times([b[key] / a[key] for a, b in ends])
    for method in METHODS:
        both = [[run["cells"][n][method]["bulk error"] for run in pair] for pair in ends]
        answer[f"strong by weak, error, {method}"] = times([b / a for a, b in both])
    falls = [gain_of(weak, n) - gain_of(strong, n) for weak, strong in ends]
    answer["gain of D, weak less strong"] = told(falls)
    answer["gain of D, all spaces"] = told(gains)
    return answer


def gain_of(run: dict[str, Any], n: str) -> float:
    """The gain of D in nats."""
    return run["cells"][n]["paths"]["gain of D, nats"]


def advantage(run: dict[str, Any], n: str) -> float:
    """log of the ratio's error by the network's: negative where one ratio leads."""
    return float(
        np.log(run["cells"][n][ONE]["bulk error"] / run["cells"][n][DENOISED]["bulk error"])
    )


def crossings(spaces: Runs, seeds: list[str], n: str) -> str:
    """The KL at which one ratio and the score network are equal, and in how many seeds they are."""
    crossed = [list(crossing(autoencoders(spaces, seed, n), n)) for seed in seeds]
    first = [kls[0] for kls in crossed if kls]
    ahead = sum(advantage(run, n) < 0 for s in seeds for run in autoencoders(spaces, s, n))
    total = sum(len(autoencoders(spaces, seed, n)) for seed in seeds)
    where = f"{told(first)} nats in {len(first)} of {len(seeds)} seeds" if first else "none"
    return f"{where}; the ratio leads in {ahead} of {total} spaces"


def crossing(ordered: list[dict[str, Any]], n: str) -> Iterator[float]:
    """Each KL at which the advantage changes its sign, on lines between neighbours in log KL."""
    points = [(np.log(run["KL"]), advantage(run, n)) for run in ordered]
    for (x, a), (y, b) in zip(points, points[1:], strict=False):
        if a * b < 0:
            yield float(np.exp(x + (y - x) * a / (a - b)))


def law(spaces: Runs, seeds: list[str]) -> dict[str, str]:
    """log(error / error) = a + b log KL + c log log n, seed by seed; the exponent is -c / b."""
    slopes = []
    for seed in seeds:
        rows = [
            (1.0, np.log(run["KL"]), np.log(np.log(float(n))), advantage(run, n))
            for n in COUNTS
            for run in autoencoders(spaces, seed, n)
        ]
        table = np.array(rows)
        slopes.append(np.linalg.lstsq(table[:, :3], table[:, 3], rcond=None)[0])
    b, c = ([float(slope[k]) for slope in slopes] for k in (1, 2))
    exponents = [-after / before for before, after in zip(b, c, strict=True)]
    return {
        "b, of log KL": told(b),
        "c, of log log n": told(c),
        "exponent of log n": told(exponents),
    }


def best_mismatch(spaces: Runs, seeds: list[str], n: str) -> dict[str, str]:
    """The KL of least error, of least compass error and of largest gain of D."""
    best: dict[str, list[tuple[str, float]]] = {"error": [], "compass error": [], "gain of D": []}
    for seed in seeds:
        ordered = autoencoders(spaces, seed, n)
        chosen = {
            "error": min(ordered, key=lambda run: run["cells"][n][ONE]["bulk error"]),
            "compass error": min(ordered, key=lambda run: compass_error(run, n, ONE)),
            "gain of D": max(ordered, key=lambda run: gain_of(run, n)),
        }
        for what, run in chosen.items():
            best[what].append((run["name"], run["KL"]))
    return {
        f"best for {what}, {n}": f"{told([kl for _, kl in found_at])} nats; lambda "
        + ", ".join(name for name, _ in found_at)
        for what, found_at in best.items()
    }


def shaped_and_not(spaces: Runs, seeds: list[str]) -> dict[str, str]:
    """Error of shaped codes by that of a mixture at the same KL, and by that of whitened codes."""
    by_mixture: dict[str, list[float]] = {ONE: [], DENOISED: []}
    by_white: dict[str, list[float]] = {ONE: [], DENOISED: []}
    for seed in seeds:
        ends = [seeds_[seed] for name, seeds_ in spaces.items() if name.startswith("mixture")]
        x = np.log([run["KL"] for run in ends])
        shaped = [run for run in autoencoders(spaces, seed, COUNTS[0]) if run["name"] != WHITENED]
        (white,) = (seeds_[seed] for name, seeds_ in spaces.items() if name == WHITENED)
        for method in by_mixture:
            y = np.log([run["cells"][COUNTS[0]][method]["bulk error"] for run in ends])
            gaps = [
                np.log(run["cells"][COUNTS[0]][method]["bulk error"])
                - np.interp(np.log(run["KL"]), x, y)
                for run in shaped
                if x.min() <= np.log(run["KL"]) <= x.max()
            ]
            if gaps:
                by_mixture[method].append(float(np.exp(np.mean(gaps))))
            if white["usable"]:
                best = min(run["cells"][COUNTS[0]][method]["bulk error"] for run in shaped)
                by_white[method].append(best / white["cells"][COUNTS[0]][method]["bulk error"])
    answer = {}
    for method in by_mixture:
        if by_mixture[method]:
            answer[f"error by that of a mixture at equal KL, {method}"] = times(by_mixture[method])
        if by_white[method]:
            answer[f"least error by that of whitened codes, {method}"] = times(by_white[method])
    return answer
