"""Likely mistakes of chapter 10, by exercise."""

STEP = """
def one_sided_step(a, gradient, tau, damping, max_move):
    b = (a - tau).clamp_min(0)[:, None]
    move = -b * gradient / (gradient.square().sum(1, keepdim=True) + damping)
    return move * (max_move / move.norm(dim=1, keepdim=True).clamp_min(max_move))
"""


def changed(source, old, new):
    """The solution with one slip in it."""
    assert source.count(old) == 1, old
    return source.replace(old, new)


MISTAKES = {
    "10.1": {
        "wrong sign": changed(STEP, "-b * gradient", "b * gradient"),
        "square missing": changed(
            STEP, "gradient.square().sum(1, keepdim=True)", "gradient.norm(dim=1, keepdim=True)"
        ),
        "squares not summed": changed(STEP, ".square().sum(1, keepdim=True)", ".square()"),
        "one norm for all points": changed(STEP, ".sum(1, keepdim=True)", ".sum()"),
        "no damping": changed(STEP, " + damping", ""),
        "no cap": """
def one_sided_step(a, gradient, tau, damping, max_move):
    b = (a - tau).clamp_min(0)[:, None]
    return -b * gradient / (gradient.square().sum(1, keepdim=True) + damping)
""",
        "coordinates capped one by one": """
def one_sided_step(a, gradient, tau, damping, max_move):
    b = (a - tau).clamp_min(0)[:, None]
    move = -b * gradient / (gradient.square().sum(1, keepdim=True) + damping)
    return move.clamp(-max_move, max_move)
""",
        "both sides": changed(STEP, ".clamp_min(0)[:, None]", "[:, None]"),
        "aims at 0": changed(STEP, "(a - tau).clamp_min(0)[:, None]", "(a * (a > tau))[:, None]"),
        "mask at 0": changed(
            STEP, "(a - tau).clamp_min(0)[:, None]", "((a - tau) * (a > 0))[:, None]"
        ),
        "level forgotten": changed(STEP, "(a - tau)", "a"),
        "damping squared": changed(STEP, "+ damping", "+ damping**2"),
        "long moves dropped": changed(
            STEP,
            "return move * (max_move / move.norm(dim=1, keepdim=True).clamp_min(max_move))",
            "return torch.where(move.norm(dim=1, keepdim=True) > max_move, 0.0, move)",
        ),
        "every move max_move long": changed(
            STEP,
            "return move * (max_move / move.norm(dim=1, keepdim=True).clamp_min(max_move))",
            "return max_move * F.normalize(move, dim=1)",
        ),
        "every move max_move long, and 0 / 0": changed(STEP, ".clamp_min(max_move)", ""),
    },
    "10.2": {
        "wrong side": """
def log_q_floor(log_q, alpha):
    n = len(log_q)
    return log_q.sort().values[math.ceil((n + 1) * (1 - alpha)) - 1]
""",
        "interpolated quantile": """
def log_q_floor(log_q, alpha):
    return torch.quantile(log_q, alpha)
""",
        "off by one": """
def log_q_floor(log_q, alpha):
    return log_q.sort().values[math.floor((len(log_q) + 1) * alpha)]
""",
        "n for n + 1": """
def log_q_floor(log_q, alpha):
    return log_q.sort().values[math.floor(len(log_q) * alpha) - 1]
""",
        "rank rounded up": """
def log_q_floor(log_q, alpha):
    return log_q.sort().values[math.ceil((len(log_q) + 1) * alpha) - 1]
""",
        "always -inf": """
def log_q_floor(log_q, alpha):
    return -math.inf
""",
        "the other end": """
def log_q_floor(log_q, alpha):
    rank = math.floor((len(log_q) + 1) * alpha)
    return log_q.sort().values[rank - 1] if rank else math.inf
""",
        "a branch without a value": """
def log_q_floor(log_q, alpha):
    rank = math.floor((len(log_q) + 1) * alpha)
    if rank > 0:
        return log_q.sort().values[rank - 1]
""",
        "too few codes": """
def log_q_floor(log_q, alpha):
    return log_q.sort().values[math.floor((len(log_q) + 1) * alpha) - 1]
""",
        "a promise that so few codes cannot keep": """
def log_q_floor(log_q, alpha):
    rank = max(1, math.floor((len(log_q) + 1) * alpha))
    return log_q.sort().values[rank - 1]
""",
    },
    "10.3": {
        "not two numbers": "found = 2.3",
        "the two exchanged": "found = (2, 2.3)",
        "the smallest instead of the largest": "found = (0.05, 2)",
        "eta too small": "found = (1.0, 2)",
        "eta too large": "found = (3.0, 2)",
        "too few steps": "found = (2.3, 1)",
        "more steps than needed": "found = (2.3, 5)",
    },
}

ALSO_RIGHT = {
    "10.1": {
        "in place": """
def one_sided_step(a, gradient, tau, damping, max_move):
    steepness = gradient.square().sum(1) + damping
    a -= tau
    a[a < 0] = 0
    gradient *= (-a / steepness)[:, None]
    length = gradient.norm(dim=1)
    gradient[length > max_move] *= (max_move / length[length > max_move])[:, None]
    return gradient
""",
        "in NumPy": """
def one_sided_step(a, gradient, tau, damping, max_move):
    a, g = np.asarray(a), np.asarray(gradient)
    move = -np.maximum(a - tau, 0)[:, None] * g / ((g**2).sum(1, keepdims=True) + damping)
    length = np.linalg.norm(move, axis=1, keepdims=True)
    return np.where(length > max_move, move * max_move / np.maximum(length, 1e-30), move)
""",
        "point after point": """
def one_sided_step(a, gradient, tau, damping, max_move):
    moves = []
    for value, g in zip(a.tolist(), gradient):
        if value <= tau:
            moves.append(torch.zeros_like(g))
            continue
        move = -(value - tau) * g / (g @ g + damping)
        moves.append(move if move.norm() <= max_move else move / move.norm() * max_move)
    return torch.stack(moves)
""",
        "lists": """
def one_sided_step(a, gradient, tau, damping, max_move):
    moves = []
    for value, g in zip(a.tolist(), gradient.tolist()):
        factor = max(value - tau, 0) / (sum(x * x for x in g) + damping)
        length = factor * math.hypot(*g)
        factor *= min(1, max_move / length) if length else 1
        moves.append([-factor * x for x in g])
    return moves
""",
        "renorm": """
def one_sided_step(a, gradient, tau, damping, max_move):
    move = -F.relu(a - tau).unsqueeze(1) * gradient / (gradient.pow(2).sum(1, True) + damping)
    return torch.renorm(move, p=2, dim=0, maxnorm=max_move)
""",
        "the package's own": """
def one_sided_step(a, gradient, tau, damping, max_move):
    from nav_utils.steps import capped

    b = torch.where(a > tau, a - tau, torch.zeros(()))
    return capped(torch.einsum("n,nd->nd", -b / (gradient.norm(dim=1) ** 2 + damping), gradient),
                  max_move)
""",
    },
    "10.2": {
        "in place": """
def log_q_floor(log_q, alpha):
    log_q[:] = log_q.sort(descending=True).values
    rank = math.floor((len(log_q) + 1) * alpha)
    return float(log_q[-rank]) if rank >= 1 else float("-inf")
""",
        "in NumPy": """
def log_q_floor(log_q, alpha):
    rank = int(np.floor((len(log_q) + 1) * alpha))
    return np.partition(np.asarray(log_q), rank - 1)[rank - 1] if rank else -np.inf
""",
        "lists": """
def log_q_floor(log_q, alpha):
    best = -math.inf
    for r, value in enumerate(sorted(log_q.tolist()), 1):
        if r / (len(log_q) + 1) <= alpha:
            best = value
    return best
""",
        "the mirror image of conformal": """
def log_q_floor(log_q, alpha):
    from nav_utils.ratio import conformal

    try:
        return -conformal(-log_q, alpha)
    except ValueError:
        return torch.tensor(-math.inf)
""",
        "kthvalue": """
def log_q_floor(log_q, alpha):
    n = log_q.numel()
    k = n + 1 - math.ceil((n + 1) * (1 - alpha))
    return log_q.kthvalue(k).values if k > 0 else torch.tensor(float("-inf"))
""",
        "a sentinel before the first": """
def log_q_floor(log_q, alpha):
    values = torch.cat([torch.tensor([-math.inf]), log_q.sort().values])
    return values[int((len(log_q) + 1) * alpha)]
""",
    },
    "10.3": {
        "a list": "found = [2.25, 2]",
        "a tensor": "found = torch.tensor([2.4, 2.0])",
        "an array": "found = np.array([2.3, 2])",
    },
}

ALSO_WRONG = {
    "10.1": {
        "level typed in": (changed(STEP, "a - tau", "a - 0.7"), "typed in"),
        "damping typed in": (changed(STEP, "+ damping", "+ 0.5"), "typed in"),
        "cap typed in": (
            STEP.replace("max_move / ", "0.4 / ").replace("clamp_min(max_move)", "clamp_min(0.4)"),
            "typed in",
        ),
        "moves upwards from below too": changed(STEP, ".clamp_min(0)", ".abs()"),
        "nobody moves": changed(STEP, "return move", "return 0 * move"),
        "a column of lengths": (changed(STEP, "-b * gradient", "-b"), "shape|Expected"),
        "the place, not the move": changed(STEP, "return move", "return gradient + move"),
        "two of the coordinates": changed(STEP, "gradient.square()", "gradient[:, :2].square()"),
        "half of it written": (
            """
def one_sided_step(a, gradient, tau, damping, max_move):
    if tau > 0:
        b = (a - tau).clamp_min(0)[:, None]
        move = -b * gradient / (gradient.square().sum(1, keepdim=True) + damping)
        return move * (max_move / move.norm(dim=1, keepdim=True).clamp_min(max_move))
    return ...
""",
            r"Nothing comes back with a of shape \(13,\), tau = -0.8",
        ),
        "a string": ("def one_sided_step(*arguments):\n    return 'no'", "Expected shape"),
        "complex": ("def one_sided_step(a, g, *rest):\n    return g + 1j", "Expected shape"),
    },
    "10.2": {
        "alpha typed in": (
            """
def log_q_floor(log_q, alpha):
    rank = math.floor((len(log_q) + 1) * 0.1)
    return log_q.sort().values[rank - 1] if rank else -math.inf
""",
            "alpha = 0.15",
        ),
        "rank typed in": "def log_q_floor(log_q, alpha):\n    return log_q.sort().values[4]",
        "quantile, the lower one": """
def log_q_floor(log_q, alpha):
    if math.floor((len(log_q) + 1) * alpha) == 0:
        return -math.inf
    return torch.quantile(log_q, alpha, interpolation="lower")
""",
        "the ceiling": """
def log_q_floor(log_q, alpha):
    from nav_utils.ratio import conformal

    return conformal(log_q, alpha)
""",
        "the rank, not the value": """
def log_q_floor(log_q, alpha):
    return math.floor((len(log_q) + 1) * alpha)
""",
        "half of it written": (
            """
def log_q_floor(log_q, alpha):
    rank = math.floor((len(log_q) + 1) * alpha)
    if rank == 0:
        return -math.inf
    return ...
""",
            "Nothing comes back with 49 codes",
        ),
        "only the ordinary case written": (
            """
def log_q_floor(log_q, alpha):
    rank = math.floor((len(log_q) + 1) * alpha)
    return log_q.sort().values[rank - 1] if rank else None
""",
            "Nothing comes back with 4 codes and alpha = 0.1, nor with 30 codes",
        ),
        "NaN for too few": """
def log_q_floor(log_q, alpha):
    rank = math.floor((len(log_q) + 1) * alpha)
    return log_q.sort().values[rank - 1] if rank else math.nan
""",
        "a pair": "def log_q_floor(log_q, alpha):\n    return log_q.sort()",
    },
    "10.3": {
        "three numbers": "found = (2.3, 2, 1)",
        "not a number": "found = (math.nan, 2)",
        "a word": "found = 'two'",
    },
}
