"""Likely mistakes of chapter 09, and right and wrong answers of other styles, by exercise."""

from exercises import ch09_paths

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
    **ch09_paths.MISTAKES,
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
    **ch09_paths.ALSO_RIGHT,
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
    **ch09_paths.ALSO_WRONG,
}
