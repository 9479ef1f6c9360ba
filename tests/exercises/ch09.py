"""Likely mistakes of chapter 09, by exercise."""

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
