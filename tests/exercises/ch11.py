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
        "input changed": """
def step_all(z, logit_of, eta, eps):
    points = z.detach().clone().requires_grad_()
    off = logit_of(points).sigmoid() - 0.5
    (gradient,) = torch.autograd.grad(off.square().sum(), points)
    z -= eta * gradient * (off.abs() >= eps).unsqueeze(-1)
    return z.detach()
""",
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
        "output weights left out": """
def gradient_by_hand(z, W, b, v):
    x = z @ W.T + b
    s = x.sigmoid()
    return (s + x * s * (1 - s)) @ W
""",
    },
    "11.3": {
        "all of the memory": """
def chunk_size(free_bytes, widths, d):
    return max(1, free_bytes // (8 * (d + sum(widths))))
""",
        "numbers instead of bytes": """
def chunk_size(free_bytes, widths, d):
    return max(1, free_bytes // 3 // (2 * (d + sum(widths))))
""",
        "activations only": """
def chunk_size(free_bytes, widths, d):
    return max(1, free_bytes // 3 // (4 * (2 * d + sum(widths))))
""",
        "widths multiplied": """
def chunk_size(free_bytes, widths, d):
    units = 1
    for width in widths:
        units *= width
    return max(1, free_bytes // 3 // (8 * (d + units)))
""",
        "points forgotten": """
def chunk_size(free_bytes, widths, d):
    return max(1, free_bytes // 3 // (8 * sum(widths)))
""",
        "not rounded": """
def chunk_size(free_bytes, widths, d):
    return max(1, free_bytes / 3 / (8 * (d + sum(widths))))
""",
        "no point at all": """
def chunk_size(free_bytes, widths, d):
    return free_bytes // 3 // (8 * (d + sum(widths)))
""",
    },
}
