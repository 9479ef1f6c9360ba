"""Mistakes and answers of chapter 09: 9.2, how points end, and 9.3, a step for each point."""

MISTAKES = {
    "9.2": {
        "one side only": """
def outcomes(before, after, logit, eps):
    was_inside, is_inside = (logit(z).sigmoid() - 0.5 < eps for z in (before, after))
    found = torch.full(was_inside.shape, 3)
    found[(before == after).all(-1)] = 2
    found[is_inside] = 1
    found[was_inside] = 0
    return found
""",
        "band of the logit": """
def outcomes(before, after, logit, eps):
    was_inside, is_inside = (logit(z).abs() < eps for z in (before, after))
    found = torch.full(was_inside.shape, 3)
    found[(before == after).all(-1)] = 2
    found[is_inside] = 1
    found[was_inside] = 0
    return found
""",
        "the band near the contour only": """
def outcomes(before, after, logit, eps):
    was_inside, is_inside = (logit(z).abs() < 4 * eps for z in (before, after))
    found = torch.full(was_inside.shape, 3)
    found[(before == after).all(-1)] = 2
    found[is_inside] = 1
    found[was_inside] = 0
    return found
""",
        "inside counted as flat": """
def outcomes(before, after, logit, eps):
    was_inside, is_inside = ((logit(z).sigmoid() - 0.5).abs() < eps for z in (before, after))
    found = torch.full(was_inside.shape, 3)
    found[is_inside] = 1
    found[was_inside] = 0
    found[(before == after).all(-1)] = 2
    return found
""",
        "inside counted as repaired": """
def outcomes(before, after, logit, eps):
    is_inside = (logit(after).sigmoid() - 0.5).abs() < eps
    found = torch.full(is_inside.shape, 3)
    found[(before == after).all(-1)] = 2
    found[is_inside] = 1
    return found
""",
        "moved by the logit": """
def outcomes(before, after, logit, eps):
    was_inside, is_inside = ((logit(z).sigmoid() - 0.5).abs() < eps for z in (before, after))
    found = torch.full(was_inside.shape, 3)
    found[logit(before) == logit(after)] = 2
    found[is_inside] = 1
    found[was_inside] = 0
    return found
""",
        "nearly the same counted as flat": """
def outcomes(before, after, logit, eps):
    was_inside, is_inside = ((logit(z).sigmoid() - 0.5).abs() < eps for z in (before, after))
    found = torch.full(was_inside.shape, 3)
    found[torch.isclose(before, after).all(-1)] = 2
    found[is_inside] = 1
    found[was_inside] = 0
    return found
""",
        "inside must last": """
def outcomes(before, after, logit, eps):
    was_inside, is_inside = ((logit(z).sigmoid() - 0.5).abs() < eps for z in (before, after))
    found = torch.full(was_inside.shape, 3)
    found[(before == after).all(-1)] = 2
    found[is_inside] = 1
    found[was_inside & is_inside] = 0
    return found
""",
        "any coordinate": """
def outcomes(before, after, logit, eps):
    was_inside, is_inside = ((logit(z).sigmoid() - 0.5).abs() < eps for z in (before, after))
    found = torch.full(was_inside.shape, 3)
    found[(before == after).any(-1)] = 2
    found[is_inside] = 1
    found[was_inside] = 0
    return found
""",
    },
    "9.3": {
        "the same for all points": """
def step_sizes(a, slope):
    return torch.full_like(a, 0.3)
""",
        "overshooting": """
def step_sizes(a, slope):
    factor = 2 * (a.sigmoid() - 0.5).abs() * a.sigmoid() * (-a).sigmoid()
    return a.abs() / (factor * slope)
""",
        "too slow": """
def step_sizes(a, slope):
    return 0.01 / slope
""",
        "too few come back": """
def step_sizes(a, slope):
    factor = 2 * (a.sigmoid() - 0.5).abs() * a.sigmoid() * (-a).sigmoid()
    return 0.12 * a.abs() / (factor * slope.square())
""",
        "negative": """
def step_sizes(a, slope):
    factor = 2 * (a.sigmoid() - 0.5).abs() * a.sigmoid() * (-a).sigmoid()
    return -a / (factor * slope.square())
""",
        "not one for each point": """
def step_sizes(a, slope):
    return 8 / slope.square().mean()
""",
    },
}

ALSO_RIGHT = {
    "9.2": {
        "the band of the logit by artanh": """
def outcomes(before, after, logit, eps):
    edge = 2 * math.atanh(2 * eps)
    was, now = logit(before).abs() < edge, logit(after).abs() < edge
    flat = (before == after).all(-1)
    return torch.where(was, 0, torch.where(now, 1, torch.where(flat, 2, 3)))
""",
        "in NumPy": """
def outcomes(before, after, logit, eps):
    def inside(z):
        return np.abs(1 / (1 + np.exp(-logit(z).numpy())) - 0.5) < eps

    flat = (before.numpy() == after.numpy()).all(-1)
    return np.select([inside(before), inside(after), flat], [0, 1, 2], 3)
""",
        "in a loop, a list": """
def outcomes(before, after, logit, eps):
    found = []
    for z_0, z_1 in zip(before, after):
        was, now = ((torch.sigmoid(logit(z)) - 0.5).abs() < eps for z in (z_0, z_1))
        found.append(0 if was else 1 if now else 2 if torch.equal(z_0, z_1) else 3)
    return found
""",
        "by the sum of truths": """
def outcomes(before, after, logit, eps):
    def outside(z):
        return ((logit(z).sigmoid() - 0.5).abs() >= eps).long()

    moved = (before != after).any(-1).long()
    return outside(before) * (1 + outside(after) * (1 + moved))
""",
        "in place, as int32": """
def outcomes(before, after, logit, eps):
    now = logit(after).sigmoid_().sub_(0.5).abs_() < eps
    flat = after.sub_(before).eq_(0).all(-1)
    found = torch.full(now.shape, 3, dtype=torch.int32)
    found[flat] = 2
    found[now] = 1
    found[logit(before).sigmoid_().sub_(0.5).abs_() < eps] = 0
    return found
""",
    },
    "9.3": {
        "half the way": """
def step_sizes(a, slope):
    factor = 2 * (a.sigmoid() - 0.5).abs() * a.sigmoid() * (-a).sigmoid()
    return 0.5 * a.abs() / (factor * slope**2).clamp_min(1e-300)
""",
        "a capped move": """
def step_sizes(a, slope):
    factor = 2 * (a.sigmoid() - 0.5).abs() * a.sigmoid() * (-a).sigmoid()
    return (a.abs() / slope).clamp_max(0.5) / (factor * slope)
""",
        "in NumPy": """
def step_sizes(a, slope):
    a, slope = np.asarray(a), np.asarray(slope)
    e = np.exp(-np.abs(a))
    return np.abs(a) * (1 + e) ** 3 / (e * (1 - e) * slope**2)
""",
    },
}

ALSO_WRONG = {
    "9.2": {
        "four eps": (
            """
def outcomes(before, after, logit, eps):
    was, now = logit(before).abs() < 4 * eps, logit(after).abs() < 4 * eps
    flat = (before == after).all(-1)
    return torch.where(was, 0, torch.where(now, 1, torch.where(flat, 2, 3)))
""",
            "2 artanh",
        ),
        "eps typed in": """
def outcomes(before, after, logit, eps):
    was, now = ((logit(z).sigmoid() - 0.5).abs() < 0.3 for z in (before, after))
    flat = (before == after).all(-1)
    return torch.where(was, 0, torch.where(now, 1, torch.where(flat, 2, 3)))
""",
        "the band of a tenth": """
def outcomes(before, after, logit, eps):
    was, now = (logit(z).abs() < 0.405 for z in (before, after))
    flat = (before == after).all(-1)
    return torch.where(was, 0, torch.where(now, 1, torch.where(flat, 2, 3)))
""",
        "flat and moved exchanged": """
def outcomes(before, after, logit, eps):
    was, now = ((logit(z).sigmoid() - 0.5).abs() < eps for z in (before, after))
    flat = (before == after).all(-1)
    return torch.where(was, 0, torch.where(now, 1, torch.where(flat, 3, 2)))
""",
        "D below eps": """
def outcomes(before, after, logit, eps):
    was, now = (logit(z).sigmoid() < eps for z in (before, after))
    flat = (before == after).all(-1)
    return torch.where(was, 0, torch.where(now, 1, torch.where(flat, 2, 3)))
""",
        "half the band": """
def outcomes(before, after, logit, eps):
    was, now = (torch.tanh(logit(z) / 2).abs() < eps for z in (before, after))
    flat = (before == after).all(-1)
    return torch.where(was, 0, torch.where(now, 1, torch.where(flat, 2, 3)))
""",
        "names": """
def outcomes(before, after, logit, eps):
    return ["inside"] * len(before)
""",
    },
    "9.3": {
        "depth alone": (
            """
def step_sizes(a, slope):
    return 0.3 * a.abs().exp()
""",
            "come back",
        ),
        "slope alone": (
            """
def step_sizes(a, slope):
    return 4 / slope.square()
""",
            "come back",
        ),
        "twice the way": (
            """
def step_sizes(a, slope):
    factor = 2 * (a.sigmoid() - 0.5).abs() * a.sigmoid() * (-a).sigmoid()
    return 2.1 * a.abs() / (factor * slope**2)
""",
            "twice",
        ),
    },
}
