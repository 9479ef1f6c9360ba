"""Likely mistakes of chapter 11, by exercise."""

STEP = """
def step_all(z, logit_of, eta, eps):
    z = z.detach().requires_grad_()
    off = logit_of(z).sigmoid() - 0.5
    (gradient,) = torch.autograd.grad(LOSS, z)
    moving = (off.abs() >= eps).unsqueeze(-1)
    return RESULT
"""


def step(loss="off.square().sum()", result="torch.where(moving, z - eta * gradient, z).detach()"):
    return STEP.replace("LOSS", loss).replace("RESULT", result)


def hand(answer):
    return f"""
def gradient_by_hand(z, W, b, v):
    x = z @ W.T + b
    s = x.sigmoid()
    return {answer}
"""


MISTAKES = {
    "11.1": {
        "mean instead of sum": step(loss="off.square().mean()"),
        "points inside moved": step(result="(z - eta * gradient).detach()"),
        "points outside kept": step(result="torch.where(moving, z, z - eta * gradient).detach()"),
        "wrong sign": step(result="torch.where(moving, z + eta * gradient, z).detach()"),
        "gradient of D": step(loss="off.sum()"),
        "factor 2 missing": step(loss="0.5 * off.square().sum()"),
        "sigmoid twice": step(loss="(logit_of(z).sigmoid().sigmoid() - 0.5).square().sum()"),
        "missing detach": step(result="torch.where(moving, z - eta * gradient, z)"),
        "band on the logit": step().replace("(off.abs() >= eps)", "(logit_of(z).abs() >= eps)"),
        "one side only": step().replace("(off.abs() >= eps)", "(off >= eps)"),
        "logit descent": step(loss="0.5 * logit_of(z).square().sum()"),
        "slope of the sigmoid missing": """
def step_all(z, logit_of, eta, eps):
    z = z.requires_grad_()
    (gradient,) = torch.autograd.grad(logit_of(z).sum(), z)
    off = logit_of(z).sigmoid()[:, None] - 0.5
    return torch.where(off.abs() >= eps, z - eta * 2 * off * gradient, z).detach()
""",
        "the move, not the place": step(
            result="torch.where(moving, -eta * gradient, torch.zeros_like(z)).detach()"
        ),
    },
    "11.2": {
        "slope of the sigmoid": """
def gradient_by_hand(z, W, b, v):
    s = (z @ W.T + b).sigmoid()
    return (v * s * (1 - s)) @ W
""",
        "only the first term": """
def gradient_by_hand(z, W, b, v):
    return (v * (z @ W.T + b).sigmoid()) @ W
""",
        "only the second term": """
def gradient_by_hand(z, W, b, v):
    x = z @ W.T + b
    return (v * x * x.sigmoid() * (1 - x.sigmoid())) @ W
""",
        "value instead of slope": """
def gradient_by_hand(z, W, b, v):
    x = z @ W.T + b
    return (v * x * x.sigmoid()) @ W
""",
        "bias left out": """
def gradient_by_hand(z, W, b, v):
    x = z @ W.T
    s = x.sigmoid()
    return (v * (s + x * s * (1 - s))) @ W
""",
        "output weights left out": hand("(s + x * s * (1 - s)) @ W"),
        "sign of the second term": hand("(v * (s - x * s * (1 - s))) @ W"),
        "one gradient for all": hand("((v * (s + x * s * (1 - s))) @ W).sum(0)"),
        "no slope at all": hand("(v * torch.ones_like(x)) @ W"),
        "autograd": """
def gradient_by_hand(z, W, b, v):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad((F.silu(z @ W.T + b) @ v).sum(), z)
    return gradient
""",
    },
    "11.3": {
        "not two numbers": "fewest_bits = 7",
        "not whole numbers": "fewest_bits = (7.5, 3)",
        "the two exchanged": "fewest_bits = (3, 7)",
        "the last that fails": "fewest_bits = (6, 2)",
        "too few for the place": "fewest_bits = (5, 3)",
        "too few for the level": "fewest_bits = (7, 2)",
        "not the fewest for the place": "fewest_bits = (8, 3)",
        "not the fewest for the level": "fewest_bits = (7, 4)",
    },
}

AUTOGRAD = "autograd.*Write the slope of SiLU"

ALSO_RIGHT = {
    "11.1": {
        "in place": """
def step_all(z, logit_of, eta, eps):
    points = z.detach().clone().requires_grad_()
    off = logit_of(points).sigmoid() - 0.5
    (gradient,) = torch.autograd.grad(off.square().sum(), points)
    z -= eta * gradient * (off.abs() >= eps).unsqueeze(-1)
    return z.detach()
""",
        "backward, and the leaf itself": """
def step_all(z, logit_of, eta, eps):
    z.requires_grad_()
    off = logit_of(z).sigmoid() - 0.5
    off.square().sum().backward()
    outside = off.abs() >= eps
    with torch.no_grad():
        z[outside] -= eta * z.grad[outside]
    return z
""",
        "the factor in closed form": """
def step_all(z, logit_of, eta, eps):
    z = z.detach().requires_grad_()
    a = logit_of(z)
    (g,) = torch.autograd.grad(a, z, torch.ones_like(a))
    a = a.detach()
    d = torch.sigmoid(a)
    factor = 2 * (d - 0.5) * d * torch.sigmoid(-a) * (abs(d - 0.5) >= eps)
    return z.detach() - eta * factor[:, None] * g
""",
        "point after point": """
def step_all(z, logit_of, eta, eps):
    rows = []
    for point in z:
        point = point.clone().requires_grad_()
        loss = (torch.sigmoid(logit_of(point[None])) - 0.5).square().sum()
        loss.backward()
        rows.append((point - eta * point.grad if loss >= eps**2 else point).detach())
    return torch.stack(rows)
""",
        "vmap": """
def step_all(z, logit_of, eta, eps):
    def loss(x):
        return (logit_of(x[None]).sigmoid() - 0.5).square().sum()

    g = torch.func.vmap(torch.func.grad(loss))(z)
    inside = (logit_of(z).sigmoid() - 0.5).abs() < eps
    g[inside] = 0
    return z - eta * g
""",
        "in NumPy": """
def step_all(z, logit_of, eta, eps):
    x = z.requires_grad_()
    off = logit_of(x).sigmoid() - 0.5
    (g,) = torch.autograd.grad(off.square().sum(), x)
    off, x, g = (t.detach().numpy() for t in (off, x, g))
    return np.where(np.abs(off)[:, None] < eps, x, x - eta * g)
""",
        "a mean, made up for": step(loss="off.square().mean() * len(z)"),
        "only those outside computed": """
def step_all(z, logit_of, eta, eps):
    new = z.clone()
    outside = (logit_of(z).sigmoid() - 0.5).abs() >= eps
    some = z[outside].requires_grad_()
    loss = (logit_of(some).sigmoid() - 0.5).pow(2).sum()
    new[outside] -= eta * torch.autograd.grad(loss, some)[0]
    return new
""",
    },
    "11.2": {
        "in place": """
def gradient_by_hand(z, W, b, v):
    z = z @ W.T
    z += b
    s = z.sigmoid()
    z *= 1 - s
    z += 1
    z *= s
    z *= v
    return z @ W
""",
        "in NumPy": """
def gradient_by_hand(z, W, b, v):
    z, W, b, v = (np.asarray(t) for t in (z, W, b, v))
    x = z @ W.T + b
    s = 1 / (1 + np.exp(-x))
    return (v * s * (1 + x * (1 - s))) @ W
""",
        "loops": """
def gradient_by_hand(z, W, b, v):
    rows = []
    for point in z.tolist():
        row = [0.0] * len(point)
        for weights, bias, out in zip(W.tolist(), b.tolist(), v.tolist()):
            x = sum(w * p for w, p in zip(weights, point)) + bias
            s = 1 / (1 + math.exp(-x))
            for i, w in enumerate(weights):
                row[i] += out * (s + x * s * (1 - s)) * w
        rows.append(row)
    return rows
""",
        "einsum without a graph": """
def gradient_by_hand(z, W, b, v):
    with torch.no_grad():
        x = torch.einsum("nd,hd->nh", z, W) + b
        s, h = torch.sigmoid(x), F.silu(x)
        return torch.einsum("nh,h,hd->nd", s + h * (1 - s), v, W)
""",
        "silu_backward": """
def gradient_by_hand(z, W, b, v):
    x = F.linear(z, W, b)
    return torch.ops.aten.silu_backward(v.expand_as(x), x) @ W
""",
        "the package's own": """
def gradient_by_hand(z, W, b, v):
    from nav_utils.models import mlp, mlp_value_and_grad

    network = mlp([W.shape[1], len(W), 1]).requires_grad_(False)
    first, last = (layer for layer in network if hasattr(layer, "weight"))
    first.weight.data, first.bias.data, last.weight.data = W, b, v[None]
    return mlp_value_and_grad(network, z)[1]
""",
        "a layer with weights of its own": """
def gradient_by_hand(z, W, b, v):
    layer = torch.nn.Linear(W.shape[1], W.shape[0])
    layer.weight.data, layer.bias.data = W, b
    x = layer(z)
    s = x.sigmoid()
    return ((v * (s + x * s * (1 - s))) @ W).detach()
""",
    },
    "11.3": {
        "a list": "fewest_bits = [7, 3]",
        "a tensor": "fewest_bits = torch.tensor([7, 3])",
        "whole floats": "fewest_bits = (7.0, 3.0)",
    },
}

ALSO_WRONG = {
    "11.1": {
        "eta typed in": (step(result="torch.where(moving, z - 0.7 * gradient, z).detach()"), "eta"),
        "eps typed in": (step().replace(">= eps", ">= 0.3"), "eps = 0.2"),
        "mean, made up for by a number typed in": (
            step(loss="14 * off.square().mean()"),
            "typed in",
        ),
        "all or nobody": step(result="torch.where(moving.any(), z - eta * gradient, z).detach()"),
        "nobody moves": step(result="z.detach()"),
        "the loss": step(result="off.square().detach()"),
        "two steps": step(result="torch.where(moving, z - 2 * eta * gradient, z).detach()"),
        "the rows that move": (
            step(result="(z - eta * gradient)[moving[:, 0]].detach()"),
            r"Expected shape \(14, 3\)",
        ),
        "a graph in some batches": (
            step(result="torch.where(moving, z - eta * gradient, z.detach() if len(z) > 9 else z)"),
            "graph",
        ),
        "half of it written": (
            """
def step_all(z, logit_of, eta, eps):
    if len(z) == 14:
        return ...
    points = z.requires_grad_()
    off = logit_of(points).sigmoid() - 0.5
    (g,) = torch.autograd.grad(off.square().sum(), points)
    return torch.where(off.abs()[:, None] >= eps, z - eta * g, z).detach()
""",
            r"Nothing comes back with points of shape \(14, 3\)",
        ),
        "a string": ("def step_all(*arguments):\n    return 'moved'", "Expected shape"),
    },
    "11.2": {
        "backward": (
            """
def gradient_by_hand(z, W, b, v):
    z.requires_grad_()
    (F.silu(z @ W.T + b) @ v).sum().backward()
    return z.grad
""",
            AUTOGRAD,
        ),
        "autograd in inference mode's spite": (
            """
def gradient_by_hand(z, W, b, v):
    with torch.inference_mode(False), torch.enable_grad():
        z = z.clone().requires_grad_()
        (gradient,) = torch.autograd.grad((F.silu(z @ W.T + b) @ v).sum(), z)
    return gradient.detach().numpy()
""",
            AUTOGRAD,
        ),
        "autograd of the activation alone": (
            """
def gradient_by_hand(z, W, b, v):
    x = (z @ W.T + b).requires_grad_()
    (slope,) = torch.autograd.grad(F.silu(x).sum(), x)
    return (v * slope) @ W
""",
            AUTOGRAD,
        ),
        "torch.func.grad": (
            """
def gradient_by_hand(z, W, b, v):
    return torch.func.vmap(torch.func.grad(lambda x: F.silu(W @ x + b) @ v))(z)
""",
            AUTOGRAD,
        ),
        "jacobian": (
            """
def gradient_by_hand(z, W, b, v):
    return torch.autograd.functional.jacobian(lambda x: (F.silu(x @ W.T + b) @ v).sum(), z)
""",
            AUTOGRAD,
        ),
        "forward mode": (
            """
def gradient_by_hand(z, W, b, v):
    return torch.func.vmap(torch.func.jacfwd(lambda x: F.silu(W @ x + b) @ v))(z)
""",
            AUTOGRAD,
        ),
        "W for its transpose": "def gradient_by_hand(z, W, b, v):\n    return (z @ W + b) @ W",
        "five units typed in": hand("(v[:5] * (s + x * s * (1 - s))[:, :5]) @ W[:5]"),
        "the value of a": hand("(x * s) @ v"),
        "ReLU": hand("(v * (x > 0)) @ W"),
        "divided by N": hand("(v * (s + x * s * (1 - s))) @ W / len(z)"),
        "complex": (hand("(v * (s + x * s * (1 - s))) @ W + 0j"), "Expected shape"),
    },
    "11.3": {
        "not finite": "fewest_bits = (7, math.nan)",
        "none": "fewest_bits = (0, 0)",
        "a word": "fewest_bits = 'seven'",
    },
}
