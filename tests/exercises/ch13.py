"""Likely mistakes of chapter 13, by exercise; right and wrong answers of other styles."""

ARCS = """
def equal_arcs(points, n):
    gaps = {gaps}
    along = np.concatenate([[0.0], gaps.cumsum(0).numpy()])
    at = {at}
    columns = [np.interp(at, along, x) for x in points.T.numpy()]
    return torch.tensor(np.stack(columns, axis=1))
"""

VERDICT = """
def verdict(log_q, floor, arrived):
    if {bad}:
        return "non_finite"
    if not arrived:
        return "stalled"
    bar = {bar}
    return "infeasible" if {deep} else "reached"
"""


def arcs(at, gaps="points.diff(dim=0).norm(dim=-1)"):
    return ARCS.format(at=at, gaps=gaps)


def verdict(
    bad="not log_q.isfinite().all()",
    bar="min(floor, float(log_q[0]), float(log_q[-1]))",
    deep="log_q.min() < bar",
):
    return VERDICT.format(bad=bad, bar=bar, deep=deep)


MISTAKES = {
    "13.1": {
        "spaced in the index": """
def equal_arcs(points, n):
    at, index = np.linspace(0, len(points) - 1, n), np.arange(len(points))
    columns = [np.interp(at, index, x) for x in points.T.numpy()]
    return torch.tensor(np.stack(columns, axis=1))
""",
        "nearest points": """
def equal_arcs(points, n):
    gaps = points.diff(dim=0).norm(dim=-1)
    along = torch.cat([torch.zeros(1), gaps.cumsum(0)])
    at = torch.linspace(0, 1, n) * along[-1]
    return points[(at[:, None] - along).abs().argmin(1)]
""",
        "ends moved": arcs("along[-1] * (np.arange(n) + 0.5) / n"),
        "ends left out": arcs("np.linspace(0, along[-1], n + 2)[1:-1]"),
        "last end missing": arcs("along[-1] * np.arange(n) / n"),
        "one point too many": arcs("np.linspace(0, along[-1], n + 1)"),
        "squared distances": arcs(
            "np.linspace(0, along[-1], n)", gaps="points.diff(dim=0).square().sum(-1)"
        ),
        "cut straight": """
def equal_arcs(points, n):
    t = torch.linspace(0, 1, n)[:, None]
    return (1 - t) * points[0] + t * points[-1]
""",
        "from the far end": arcs("np.linspace(along[-1], 0, n)"),
        "right on one input only": arcs("np.linspace(0, along[-1], 5)[:n]"),
    },
    "13.2": {
        "arrival not asked": verdict().replace("not arrived", "False"),
        "stalled called infeasible": """
def verdict(log_q, floor, arrived):
    if not log_q.isfinite().all():
        return "non_finite"
    bar = min(floor, float(log_q[0]), float(log_q[-1]))
    if log_q.min() < bar:
        return "infeasible"
    return "reached" if arrived else "stalled"
""",
        "wrong order": """
def verdict(log_q, floor, arrived):
    if not arrived:
        return "stalled"
    if not log_q.isfinite().all():
        return "non_finite"
    bar = min(floor, float(log_q[0]), float(log_q[-1]))
    return "infeasible" if log_q.min() < bar else "reached"
""",
        "NaN slips through": verdict(bad="log_q.isinf().any()"),
        "infinity slips through": verdict(bad="log_q.isnan().any()"),
        "comparison reversed": verdict(deep="log_q.min() >= bar"),
        "at the bar counted as below": verdict(deep="log_q.min() <= bar"),
        "mean instead of lowest": verdict(deep="log_q.mean() < bar"),
        "only the ends looked at": verdict(bar="floor", deep="min(log_q[0], log_q[-1]) < bar"),
        "ends held against the path": verdict(bar="floor"),
        "one end forgotten": verdict(bar="min(floor, log_q[0])"),
        "bar at the better end": verdict(bar="min(floor, max(log_q[0], log_q[-1]))"),
        "floor forgotten": verdict(bar="min(log_q[0], log_q[-1])"),
        "bar at the highest": verdict(bar="max(floor, log_q[0], log_q[-1])"),
        "no bar left": verdict(deep="min(log_q[0], log_q[-1]) >= floor and log_q.min() < floor"),
    },
    "13.3": {
        "in per cent": "shares = (1.95, 9)",
        "the two exchanged": "shares = (0.09, 0.02)",
        "the loop not tried": "shares = (0.02, 0.02)",
        "too small for the graph": "shares = (0.01, 0.09)",
        "too small for the loop": "shares = (0.02, 0.05)",
        "not the smallest for the graph": "shares = (0.03, 0.09)",
        "not the smallest for the loop": "shares = (0.02, 0.2)",
        "not two numbers": "shares = 0.02",
    },
}

ALSO_RIGHT = {
    "13.1": {
        "the package's own": """
from nav_utils.strings import evenly_spaced

def equal_arcs(points, n):
    return evenly_spaced(points[None], n)[0]
""",
        "in place": """
def equal_arcs(points, n):
    found = torch.zeros(n, points.shape[1])
    gaps = points.diff(dim=0).norm(dim=-1)
    along = torch.cat([torch.zeros(1), gaps]).cumsum_(0)
    for i in range(n):
        at = along[-1] * i / (n - 1)
        k = min(int((along <= at).sum()) - 1, len(gaps) - 1)
        found[i] = points[k] + (at - along[k]) / gaps[k] * (points[k + 1] - points[k])
    return found
""",
        "with scipy": """
from scipy.interpolate import interp1d

def equal_arcs(points, n):
    points = points.numpy().astype(float)
    along = np.append(0, np.linalg.norm(np.diff(points, axis=0), axis=1).cumsum())
    return interp1d(along, points, axis=0)(np.linspace(0, along[-1], n).clip(0, along[-1]))
""",
        "fractions of the whole": arcs("np.linspace(0, 1, n) * along[-1]"),
        "a list of rows": """
def equal_arcs(points, n):
    along = [0.0]
    for a, b in zip(points, points[1:]):
        along.append(along[-1] + float((b - a).norm()))
    at = [along[-1] * i / (n - 1) for i in range(n)]
    columns = [np.interp(at, along, points[:, k].numpy()) for k in range(points.shape[1])]
    return [list(row) for row in zip(*columns)]
""",
    },
    "13.2": {
        "in NumPy": """
def verdict(log_q, floor, arrived):
    log_q = np.asarray(log_q)
    if not np.isfinite(log_q).all():
        return "non_finite"
    if not arrived:
        return "stalled"
    bar = np.min([floor, log_q[0], log_q[-1]])
    return ["reached", "infeasible"][int(log_q.min() < bar)]
""",
        "the package's status": """
from nav_utils.navigation import PathStatus

def verdict(log_q, floor, arrived):
    if not torch.isfinite(log_q).all():
        return PathStatus.NON_FINITE
    if not arrived:
        return PathStatus.STALLED
    low = log_q.min() < min(floor, *log_q[[0, -1]].tolist())
    return PathStatus.INFEASIBLE if low else PathStatus.REACHED
""",
        "in plain Python": """
def verdict(log_q, floor, arrived):
    values = log_q.tolist()
    if any(math.isnan(x) or math.isinf(x) for x in values):
        return "non_finite"
    if not arrived:
        return "stalled"
    if all(x >= min(floor, values[0], values[-1]) for x in values):
        return "reached"
    return "infeasible"
""",
        "asked of the sum": verdict(bad="not math.isfinite(float(log_q.abs().sum()))"),
        "only the inside": """
def verdict(log_q, floor, arrived):
    if not log_q.isfinite().all():
        return "non_finite"
    elif not arrived:
        return "stalled"
    inside = log_q[1:-1]
    low = (inside < floor) & (inside < log_q[0]) & (inside < log_q[-1])
    return "infeasible" if low.any() else "reached"
""",
        "in place": """
def verdict(log_q, floor, arrived):
    if not log_q.isfinite().all():
        return "non_finite"
    if not arrived:
        return "stalled"
    log_q -= torch.minimum(log_q[0], log_q[-1]).clamp(max=floor)
    return "infeasible" if bool((log_q < 0).any()) else "reached"
""",
    },
    "13.3": {
        "a list": "shares = [0.02, 0.091]",
        "a tensor": "shares = torch.tensor([0.019, 0.0903])",
        "an array": "shares = np.array([0.0205, 0.088])",
    },
}

ALSO_WRONG = {
    "13.1": {
        "n ignored": arcs("np.linspace(0, along[-1], 5)"),
        "a column for each point": (
            arcs("np.linspace(0, along[-1], n)").replace("axis=1", "axis=0"),
            "shape",
        ),
        "equal on the first axis": """
def equal_arcs(points, n):
    x = torch.linspace(float(points[0, 0]), float(points[-1, 0]), n)
    order = points[:, 0].argsort()
    columns = [np.interp(x, points[order, 0], column) for column in points[order].T.numpy()]
    return np.stack(columns, axis=1)
""",
        "longest step first": arcs("np.sort(along)[np.linspace(0, len(along) - 1, n).astype(int)]"),
        "the lengths": arcs("np.linspace(0, along[-1], n)").replace(
            "torch.tensor(np.stack(columns, axis=1))", "at"
        ),
        "the points as they were": "def equal_arcs(points, n):\n    return points[:n]\n",
        "not finite": "def equal_arcs(points, n):\n    return points[:n] / 0\n",
        "a string": "def equal_arcs(points, n):\n    return str(points)\n",
        "a ragged list": "def equal_arcs(points, n):\n    return [[0.0], [1.0, 2.0]]\n",
        "a function": "def equal_arcs(points, n):\n    return np.interp\n",
    },
    "13.2": {
        "capital letters": (verdict().replace("reached", "Reached"), "letter by letter"),
        "another word": (verdict().replace("non_finite", "non-finite"), "letter by letter"),
        "a truth": (verdict(bad="True").replace('"non_finite"', "False"), "got bool"),
        "a number": (verdict(bad="True").replace('"non_finite"', "3"), "got int"),
        "a tensor": (verdict(bad="True").replace('"non_finite"', "log_q"), "got Tensor"),
        "a list": verdict(bad="True").replace('"non_finite"', "['reached']"),
        "always reached": verdict(bad="False", deep="False").replace("not arrived", "False"),
        "finite ends": verdict(bad="not log_q[[0, -1]].isfinite().all()"),
        "finite lowest": verdict(bad="not log_q.min().isfinite()"),
        "median": verdict(deep="log_q.median() < bar"),
        "hard-coded floor": verdict(bar="min(-3.0, float(log_q[0]), float(log_q[-1]))"),
        "reversed": (verdict(deep="log_q.min() > bar"), "other way"),
        "the highest": verdict(deep="log_q.max() < bar"),
        "the middle place": verdict(deep="log_q[len(log_q) // 2] < bar"),
    },
    "13.3": {
        "three numbers": "shares = (0.02, 0.09, 0.2)",
        "not a number": "shares = (math.nan, 0.09)",
        "negative": "shares = (-0.02, 0.09)",
        "a word": "shares = 'two per cent'",
    },
}
