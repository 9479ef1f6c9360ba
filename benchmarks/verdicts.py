"""What the measured paths say about our planner: verdicts in words, and where it falls short."""

from __future__ import annotations

from nav_utils.navigation import PathStatus

OURS, CODES, LINE = "graph, then string", "real codes", "linear"
GAPS = ("confidence", "cycle error")
LEAST = {"ring": -1.64, "C shape": -1.55}  # what the worst log q has to reach, in nats
SLACK, MOST_MS = 0.1, 50.0  # for fitted ratios; a path
TIMES = {"shortest_path": 5.0, "connecting_geodesic": 20.0}  # faster than stochman's curve


def half_of_the_gap(rows: dict[str, dict[str, str]]) -> str:
    """Which methods keep the path whole, end to end, and close half of the gap from the line to
    real codes, in everything where there is one; and how our default does."""
    row, told = rows[OURS], []
    for name in GAPS:
        share = row[f"gap closed, {name}"]
        told.append(f"{name}: {share}")
        if share == "no gap":
            told[-1] += f" (linear {rows[LINE][name]}, codes {rows[CODES][name]})"
    compared = [method for method in rows if f"gap closed, {GAPS[0]}" in rows[method]]
    passed = [method for method in compared if does_half(rows[method])]
    return f"by {', '.join(passed) or 'NO method'}; {OURS} closes in {', in '.join(told)}"


def does_half(row: dict[str, str]) -> bool:
    """Whether every path arrives, without gaps above three times the median, half of the way up."""
    shares = [row[f"gap closed, {name}"] for name in GAPS]
    closed = all(share == "no gap" or float(share.split(" ")[0]) >= 50 for share in shares)
    return (
        closed
        and row["end error"] == "0 [0, 0]"
        and float(row["largest gap, most"].replace(",", "")) <= 3
    )


def faster(speeds: dict[str, dict[str, dict[str, float]]], curve: str) -> str:
    """Are we so many times faster than a curve of stochman, set-up included, on every problem?"""
    times = [rows[f"stochman {curve}"]["times ours"] for rows in speeds.values()]
    reached = "reached" if min(times) >= TIMES[curve] else "NOT reached"
    return f"{reached}: {min(times):.1f} to {max(times):.1f} times"


def as_deep(exact: dict[str, dict[str, dict[str, str]]], curve: str) -> str:
    """Where, if anywhere, is the worst log q of stochman's curve better than ours?"""
    better = []
    for name in LEAST:
        for ratio in ("", ", fitted ratio"):
            ours, theirs = exact[name][OURS + ratio], exact[name][f"stochman {curve}{ratio}"]
            better += [
                f"{name}{ratio}, {key} ({theirs[key]}, ours {ours[key]})"
                for key in ("worst log q", "largest fall", "mean worst log q")
                if float(theirs[key]) > float(ours[key])
            ]
    return "; ".join(better) or "nowhere"


def shortcomings(
    exact: dict[str, dict[str, dict[str, str]]], speeds: dict[str, dict[str, dict[str, float]]]
) -> list[str]:
    """Where our planner falls short of what was asked of it, in words; empty when nowhere."""
    found = []
    for name, least in LEAST.items():
        for key, level in ((OURS, least), (f"{OURS}, fitted ratio", least - SLACK)):
            worst = float(exact[name][key]["worst log q"])
            if not worst >= level:
                found.append(f"{name}; {key}: worst log q {worst} below {level:.2f}")
    for key in (OURS, f"{OURS}, fitted ratio"):
        status = exact["two clusters"][key]["status"]
        if status != PathStatus.INFEASIBLE.name:
            found.append(f"two clusters; {key}: expected INFEASIBLE, got {status}")
    for name, rows in speeds.items():
        if rows["nav_utils"]["ms a path"] > MOST_MS:
            found.append(f"{name}: {rows['nav_utils']['ms a path']:.0f} ms a path, above {MOST_MS}")
    return found
