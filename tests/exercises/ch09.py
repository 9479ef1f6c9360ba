"""Likely mistakes of chapter 09, and right and wrong answers of other styles, by exercise."""

MISTAKES = {
    "9.1": {
        "wrong sign": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    D = torch.sigmoid(logit(z))
    (gradient,) = torch.autograd.grad(D.sum(), z)
    return (z + eta * 2 * (D - 0.5)[:, None] * gradient).detach()
""",
        "missing factor 2": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    D = torch.sigmoid(logit(z))
    (gradient,) = torch.autograd.grad(D.sum(), z)
    return (z - eta * (D - 0.5)[:, None] * gradient).detach()
""",
        "gradient of the logit": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    a = logit(z)
    (gradient,) = torch.autograd.grad(a.sum(), z)
    return (z - eta * 2 * (torch.sigmoid(a) - 0.5)[:, None] * gradient).detach()
""",
        "sigmoid twice": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    D = torch.sigmoid(torch.sigmoid(logit(z)))
    (gradient,) = torch.autograd.grad(D.sum(), z)
    return (z - eta * 2 * (D - 0.5)[:, None] * gradient).detach()
""",
        "D itself instead of D - 1/2": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    loss = torch.sigmoid(logit(z)).square()
    (gradient,) = torch.autograd.grad(loss.sum(), z)
    return (z - eta * gradient).detach()
""",
        "logit instead of D": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(logit(z).square().sum(), z)
    return (z - eta * gradient).detach()
""",
        "near the contour only": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad((logit(z).square() / 16).sum(), z)
    return (z - eta * gradient).detach()
""",
        "averaged over the batch": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    loss = (torch.sigmoid(logit(z)) - 0.5).square().mean()
    (gradient,) = torch.autograd.grad(loss, z)
    return (z - eta * gradient).detach()
""",
        "missing detach": """
def literal_step(z, logit, eta):
    z = z.requires_grad_()
    D = torch.sigmoid(logit(z))
    (gradient,) = torch.autograd.grad(D.sum(), z, create_graph=True)
    return z - eta * 2 * (D - 0.5)[:, None] * gradient
""",
        "only outside the band": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    off = torch.sigmoid(logit(z)) - 0.5
    (gradient,) = torch.autograd.grad(off.square().sum(), z)
    return torch.where((off.abs() < 0.1)[:, None], z, z - eta * gradient).detach()
""",
        "the move, not the points": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    loss = (torch.sigmoid(logit(z)) - 0.5).square()
    (gradient,) = torch.autograd.grad(loss.sum(), z)
    return -eta * gradient
""",
    },
    "9.2": {
        "slope not squared": """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope * (-a_0).exp()
    return (a_0 + torch.log1p(-fall.clamp_max(1))).clamp_min(0)
""",
        "one step only": """
def reached(a_0, n, eta, slope):
    fall = eta * slope**2 * (-a_0).exp()
    return (a_0 + torch.log1p(-fall.clamp_max(1))).clamp_min(0)
""",
        "the logit falls, not its exponential": """
def reached(a_0, n, eta, slope):
    return (a_0 - n * eta * slope**2).clamp_min(0)
""",
        "the first pull for ever": """
def reached(a_0, n, eta, slope):
    return (a_0 - n * eta * slope**2 * (-a_0).exp()).clamp_min(0)
""",
        "out counted as not moved": """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope**2 * (-a_0).exp()
    return torch.where(fall < 1, a_0 + torch.log1p(-fall), a_0)
""",
        "negative answers": """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope**2 * (-a_0).exp()
    return torch.where(fall < 1, a_0 + torch.log1p(-fall), torch.zeros_like(a_0))
""",
        "e^a instead of a": """
def reached(a_0, n, eta, slope):
    return a_0.exp() - n * eta * slope**2
""",
        "the logarithm of what is left, unlimited": """
def reached(a_0, n, eta, slope):
    return (a_0.exp() - n * eta * slope**2).log()
""",
        "overflow": """
def reached(a_0, n, eta, slope):
    return (a_0.exp() - n * eta * slope**2).clamp_min(1).log()
""",
    },
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
    "9.1": {
        "the gradient of the loss": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    loss = (torch.sigmoid(logit(z)) - 0.5).square()
    (gradient,) = torch.autograd.grad(loss.sum(), z)
    return (z - eta * gradient).detach()
""",
        "backward, and in place": """
def literal_step(z, logit, eta):
    z.requires_grad_()
    (logit(z).sigmoid() - 0.5).square().sum().backward()
    with torch.no_grad():
        z -= eta * z.grad
    return z.detach()
""",
        "by the optimiser": """
def literal_step(z, logit, eta):
    z = torch.nn.Parameter(z)
    optimizer = torch.optim.SGD([z], lr=eta)
    (logit(z).sigmoid() - 0.5).square().sum().backward()
    optimizer.step()
    return z.data
""",
        "the chain rule by hand": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    a = logit(z)
    (gradient,) = torch.autograd.grad(a.sum(), z)
    d = a.detach().sigmoid()
    return z.detach() - (eta * (2 * d - 1) * d * (1 - d)).unsqueeze(-1) * gradient
""",
        "point by point, a list of tensors": """
def literal_step(z, logit, eta):
    loss = torch.func.grad(lambda x: (logit(x).sigmoid() - 0.5) ** 2)
    return [x - eta * loss(x) for x in z]
""",
        "differences in NumPy": """
def literal_step(z, logit, eta):
    z, h = z.double().numpy(), 1e-5

    def loss(x):
        return (1 / (1 + np.exp(-logit(x).numpy())) - 0.5) ** 2

    axes = h * np.eye(z.shape[1])
    gradient = np.stack([(loss(z + e) - loss(z - e)) / (2 * h) for e in axes], axis=-1)
    return z - eta * gradient
""",
    },
    "9.2": {
        "in float64": """
def reached(a_0, n, eta, slope):
    left = a_0.double().exp() - n * eta * slope**2
    return left.clamp_min(1).log().float()
""",
        "in place": """
def reached(a_0, n, eta, slope):
    share = a_0.neg().exp_().mul_(n * eta * slope**2).clamp_max_(1)
    return a_0.add_(share.neg_().log1p_()).clamp_min_(0)
""",
        "in NumPy": """
def reached(a_0, n, eta, slope):
    a_0 = a_0.numpy()
    share = np.minimum(n * eta * slope**2 * np.exp(-a_0), 1)
    with np.errstate(divide="ignore"):
        return np.maximum(a_0 + np.log1p(-share), 0)
""",
        "a list of floats": """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope**2
    return [
        a + math.log1p(-fall * math.exp(-a)) if math.exp(a) > fall + 1 else 0.0
        for a in a_0.tolist()
    ]
""",
        "the logarithm of both": """
def reached(a_0, n, eta, slope):
    fall = torch.log(torch.tensor(n * eta * slope**2 + 1.0))
    share = (n * eta * slope**2) * torch.exp(-a_0)
    return torch.where(a_0 > fall, a_0 + torch.log(1 - share), torch.zeros_like(a_0))
""",
        "step by step": """
def reached(a_0, n, eta, slope):
    a = a_0.double()
    for _ in range(n):
        a = a + torch.log1p(-(eta * slope**2 * (-a).exp()).clamp_max(1))
        a = torch.where(a > 0, a, -math.inf)
    return a.clamp_min(0)
""",
    },
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
    "9.1": {
        "eta typed in": (
            """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    loss = (torch.sigmoid(logit(z)) - 0.5).square()
    (gradient,) = torch.autograd.grad(loss.sum(), z)
    return (z - 0.9 * gradient).detach()
""",
            "12 points, d = 2, eta = 0.3.*typed in",
        ),
        "two coordinates typed in": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    loss = (torch.sigmoid(logit(z)) - 0.5).square()
    (gradient,) = torch.autograd.grad(loss.sum(), z)
    return torch.stack([z[:, i] - eta * gradient[:, i] for i in (0, 1)], -1).detach()
""",
        "a graph in a list": (
            """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    loss = (torch.sigmoid(logit(z)) - 0.5).square()
    (gradient,) = torch.autograd.grad(loss.sum(), z, create_graph=True)
    return list(z - eta * gradient)
""",
            "detach",
        ),
        "the unit gradient": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    D = torch.sigmoid(logit(z))
    (gradient,) = torch.autograd.grad(D.sum(), z)
    gradient = gradient / gradient.norm(dim=-1, keepdim=True)
    return (z - eta * 2 * (D - 0.5)[:, None] * gradient).detach()
""",
        "one side only": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    loss = (torch.sigmoid(logit(z)) - 0.5).clamp_min(0).square()
    (gradient,) = torch.autograd.grad(loss.sum(), z)
    return (z - eta * gradient).detach()
""",
        "two steps": """
def literal_step(z, logit, eta):
    for _ in range(2):
        z = z.detach().requires_grad_()
        loss = (torch.sigmoid(logit(z)) - 0.5).square()
        (gradient,) = torch.autograd.grad(loss.sum(), z)
        z = z - eta * gradient
    return z.detach()
""",
        "the absolute distance": """
def literal_step(z, logit, eta):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad((torch.sigmoid(logit(z)) - 0.5).abs().sum(), z)
    return (z - eta * gradient).detach()
""",
    },
    "9.2": {
        "steps typed in": """
def reached(a_0, n, eta, slope):
    fall = 5 * eta * slope**2 * (-a_0).exp()
    return (a_0 + torch.log1p(-fall.clamp_max(1))).clamp_min(0)
""",
        "slope typed in": (
            """
def reached(a_0, n, eta, slope):
    fall = n * eta * 2.0**2 * (-a_0).exp()
    return (a_0 + torch.log1p(-fall.clamp_max(1))).clamp_min(0)
""",
            "slope = 12.*typed in",
        ),
        "used up only": (
            """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope**2 * (-a_0).exp()
    return torch.where(fall < 1, a_0 + torch.log1p(-fall.clamp_max(0.999999)), 0.0)
""",
            "negative",
        ),
        "minus infinity": """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope**2 * (-a_0).exp()
    return a_0 + torch.log1p(-fall.clamp_max(1))
""",
        "used up counted as not moved": """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope**2 * (-a_0).exp()
    return torch.where(fall < 1, (a_0 + torch.log1p(-fall)).clamp_min(0), a_0)
""",
        "the deepest that gets out": """
def reached(a_0, n, eta, slope):
    return (a_0 - math.log(n * eta * slope**2)).clamp_min(0)
""",
        "a_0 where it is deep": """
def reached(a_0, n, eta, slope):
    left = (a_0.exp() - n * eta * slope**2).clamp_min(1).log()
    return torch.where(a_0 > 10, a_0, left)
""",
    },
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
