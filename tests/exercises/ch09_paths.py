"""Mistakes and answers of chapter 09 to the exercises of whole paths: 9.3, the loop, and 9.4."""

MISTAKES = {
    "9.3": {
        "the target corrected": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    steps = n_points - 1
    for i in range(steps):
        z = points[-1]
        points.append(repair(z + (z_b - z) / (steps - i)))
    return torch.stack(points)
""",
        "the start corrected": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    steps = n_points - 1
    for i in range(steps - 1):
        z = points[-1]
        points.append(repair(z + (z_b - z) / (steps - i)))
    points[0] = repair(z_a)
    return torch.stack([*points, z_b])
""",
        "constant share": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    steps = n_points - 1
    for i in range(steps - 1):
        z = points[-1]
        points.append(repair(z + (z_b - z) / steps))
    return torch.stack([*points, z_b])
""",
        "constant share to the end": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    steps = n_points - 1
    for i in range(steps):
        z = points[-1]
        points.append(repair(z + (z_b - z) / steps))
    return torch.stack(points)
""",
        "nothing corrected": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    steps = n_points - 1
    for i in range(steps):
        z = points[-1]
        points.append(z + (z_b - z) / (steps - i))
    return torch.stack(points)
""",
        "pointwise instead of stepwise": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    for i in range(1, n_points - 1):
        points.append(repair(z_a + (z_b - z_a) * i / (n_points - 1)))
    return torch.stack([*points, z_b])
""",
        "one step off": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    for i in range(n_points - 2):
        z = points[-1]
        points.append(repair(z + (z_b - z) / (n_points - i)))
    return torch.stack([*points, z_b])
""",
        "parts of the first way": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    for i in range(n_points - 2):
        points.append(repair(points[-1] + (z_b - z_a) / (n_points - 1)))
    return torch.stack([*points, z_b])
""",
        "points overwritten": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    steps = n_points - 1
    for i in range(steps - 1):
        z = points[-1]
        z += (z_b - z) / (steps - i)
        points.append(repair(z))
    return torch.stack([*points, z_b])
""",
    },
    "9.4": {
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
}

ALSO_RIGHT = {
    "9.3": {
        "a list of points": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    for left in range(n_points - 1, 1, -1):
        points.append(repair(torch.lerp(points[-1], z_b, 1 / left)))
    return points + [z_b]
""",
        "into a table, in place": """
def loop(z_a, z_b, repair, n_points):
    path = torch.empty(n_points, len(z_a))
    path[0], path[-1] = z_a, z_b
    for i in range(1, n_points - 1):
        path[i] = repair(path[i - 1] + (z_b - path[i - 1]) / (n_points - i))
    return path
""",
        "in NumPy": """
def loop(z_a, z_b, repair, n_points):
    points, end = [z_a.numpy()], z_b.numpy()
    for i in range(n_points - 2):
        z = points[-1]
        points.append(np.asarray(repair(z + (end - z) / (n_points - 1 - i))))
    return np.stack([*points, end])
""",
        "the last replaced": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    steps = n_points - 1
    for i in range(steps):
        points.append(repair(points[-1] + (z_b - points[-1]) / (steps - i)))
    points[-1] = z_b
    return torch.stack(points)
""",
        "by recursion": """
def loop(z_a, z_b, repair, n_points):
    if n_points == 2:
        return torch.stack([z_a, z_b])
    first = repair((1 - 1 / (n_points - 1)) * z_a + z_b / (n_points - 1))
    return torch.cat([z_a[None], loop(first, z_b, repair, n_points - 1)])
""",
    },
    "9.4": {
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
}

ALSO_WRONG = {
    "9.3": {
        "points typed in": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    for i in range(5):
        z = points[-1]
        points.append(repair(z + (z_b - z) / (6 - i)))
    return torch.stack([*points, z_b])
""",
        "no end": (
            """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    for i in range(n_points - 2):
        points.append(repair(points[-1] + (z_b - points[-1]) / (n_points - 1 - i)))
    return torch.stack(points)
""",
            r"Expected shape \(7, 2\), got shape \(6, 2\)",
        ),
        "repaired twice": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    for i in range(n_points - 2):
        z = points[-1]
        points.append(repair(repair(z + (z_b - z) / (n_points - 1 - i))))
    return torch.stack([*points, z_b])
""",
        "repaired before the step": """
def loop(z_a, z_b, repair, n_points):
    points = [z_a]
    for i in range(n_points - 2):
        z = repair(points[-1])
        points.append(z + (z_b - z) / (n_points - 1 - i))
    return torch.stack([*points, z_b])
""",
        "backwards": """
def loop(z_a, z_b, repair, n_points):
    points = [z_b]
    for i in range(n_points - 2):
        z = points[-1]
        points.append(repair(z + (z_a - z) / (n_points - 1 - i)))
    return torch.stack([*points, z_a]).flip(0)
""",
        "the ends only": """
def loop(z_a, z_b, repair, n_points):
    return torch.stack([z_a, z_b])
""",
    },
    "9.4": {
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
}
