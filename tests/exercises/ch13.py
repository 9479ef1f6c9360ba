"""Likely mistakes of chapter 13, by exercise."""

MISTAKES = {
    "13.1": {
        "mean instead of median": """
def tear(points):
    gaps = points.diff(dim=0).norm(dim=-1)
    return gaps.max() / gaps.mean()
""",
        "squared distances": """
def tear(points):
    gaps = points.diff(dim=0).square().sum(-1)
    return gaps.max() / gaps.median()
""",
        "ends left out": """
def tear(points):
    gaps = points[1:-1].diff(dim=0).norm(dim=-1)
    return gaps.max() / gaps.median()
""",
        "from end to end": """
def tear(points):
    gaps = points.diff(dim=0).norm(dim=-1)
    return (points[-1] - points[0]).norm() / gaps.median()
""",
        "only the largest gap": """
def tear(points):
    return points.diff(dim=0).norm(dim=-1).max()
""",
    },
    "13.2": {
        "spaced in the index": """
def equal_arcs(points, n):
    at, index = np.linspace(0, len(points) - 1, n), np.arange(len(points))
    columns = [np.interp(at, index, x) for x in points.T.numpy()]
    return torch.tensor(np.stack(columns, axis=1))
""",
        "ends moved": """
def equal_arcs(points, n):
    gaps = points.diff(dim=0).norm(dim=-1)
    along = np.concatenate([[0.0], gaps.cumsum(0).numpy()])
    at = along[-1] * (np.arange(n) + 0.5) / n
    return torch.tensor(np.stack([np.interp(at, along, x) for x in points.T.numpy()], axis=1))
""",
        "ends left out": """
def equal_arcs(points, n):
    gaps = points.diff(dim=0).norm(dim=-1)
    along = np.concatenate([[0.0], gaps.cumsum(0).numpy()])
    at = np.linspace(0, along[-1], n + 2)[1:-1]
    return torch.tensor(np.stack([np.interp(at, along, x) for x in points.T.numpy()], axis=1))
""",
        "last end missing": """
def equal_arcs(points, n):
    gaps = points.diff(dim=0).norm(dim=-1)
    along = np.concatenate([[0.0], gaps.cumsum(0).numpy()])
    at = along[-1] * np.arange(n) / n
    return torch.tensor(np.stack([np.interp(at, along, x) for x in points.T.numpy()], axis=1))
""",
        "squared distances": """
def equal_arcs(points, n):
    gaps = points.diff(dim=0).square().sum(-1)
    along = np.concatenate([[0.0], gaps.cumsum(0).numpy()])
    at = np.linspace(0, along[-1], n)
    return torch.tensor(np.stack([np.interp(at, along, x) for x in points.T.numpy()], axis=1))
""",
        "cut straight": """
def equal_arcs(points, n):
    t = torch.linspace(0, 1, n)[:, None]
    return (1 - t) * points[0] + t * points[-1]
""",
    },
    "13.3": {
        "projected onto the path": """
def force_across(before, after, force):
    tangent = F.normalize(after - before, dim=-1)
    return (force * tangent).sum(-1, keepdim=True) * tangent
""",
        "wrong sign": """
def force_across(before, after, force):
    tangent = F.normalize(after - before, dim=-1)
    return (force * tangent).sum(-1, keepdim=True) * tangent - force
""",
        "tangent not normalised": """
def force_across(before, after, force):
    tangent = after - before
    return force - (force * tangent).sum(-1, keepdim=True) * tangent
""",
        "one number for all points": """
def force_across(before, after, force):
    tangent = F.normalize(after - before, dim=-1)
    return force - (force * tangent).sum() * tangent
""",
        "added instead of subtracted": """
def force_across(before, after, force):
    tangent = F.normalize(after - before, dim=-1)
    return force + (force * tangent).sum(-1, keepdim=True) * tangent
""",
        "normalised over the points": """
def force_across(before, after, force):
    tangent = F.normalize(after - before, dim=0)
    return force - (force * tangent).sum(-1, keepdim=True) * tangent
""",
    },
    "13.4": {
        "arrival not asked": """
def verdict(log_q, level, arrived):
    if not log_q.isfinite().all():
        return "non_finite"
    bar = min(level, float(log_q[0]), float(log_q[-1]))
    return "infeasible" if log_q.min() < bar else "reached"
""",
        "stalled called infeasible": """
def verdict(log_q, level, arrived):
    if not log_q.isfinite().all():
        return "non_finite"
    bar = min(level, float(log_q[0]), float(log_q[-1]))
    if log_q.min() < bar:
        return "infeasible"
    return "reached" if arrived else "stalled"
""",
        "mean instead of lowest": """
def verdict(log_q, level, arrived):
    if not log_q.isfinite().all():
        return "non_finite"
    if not arrived:
        return "stalled"
    bar = min(level, float(log_q[0]), float(log_q[-1]))
    return "infeasible" if log_q.mean() < bar else "reached"
""",
        "ends held against the path": """
def verdict(log_q, level, arrived):
    if not log_q.isfinite().all():
        return "non_finite"
    if not arrived:
        return "stalled"
    return "infeasible" if log_q.min() < level else "reached"
""",
        "NaN slips through": """
def verdict(log_q, level, arrived):
    if not arrived:
        return "stalled"
    bar = min(level, float(log_q[0]), float(log_q[-1]))
    return "infeasible" if log_q.min() < bar else "reached"
""",
        "wrong order": """
def verdict(log_q, level, arrived):
    if not arrived:
        return "stalled"
    if not log_q.isfinite().all():
        return "non_finite"
    bar = min(level, float(log_q[0]), float(log_q[-1]))
    return "infeasible" if log_q.min() < bar else "reached"
""",
        "comparison reversed": """
def verdict(log_q, level, arrived):
    if not log_q.isfinite().all():
        return "non_finite"
    if not arrived:
        return "stalled"
    bar = min(level, float(log_q[0]), float(log_q[-1]))
    return "infeasible" if log_q.min() >= bar else "reached"
""",
    },
}
