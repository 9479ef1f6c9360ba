"""Likely mistakes of chapter 10, by exercise."""

STEP = """
def one_sided_step(a, gradient, tau, damping, max_move):
    b = (a - tau).clamp_min(0)[:, None]
    move = -b * gradient / (gradient.square().sum(1, keepdim=True) + damping)
    return move * (max_move / move.norm(dim=1, keepdim=True).clamp_min(max_move))
"""
SCORE = """
def score_of_q(z, logit):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(logit(z).sum(), z)
    return -z - gradient
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
        "too few codes": """
def log_q_floor(log_q, alpha):
    return log_q.sort().values[math.floor((len(log_q) + 1) * alpha) - 1]
""",
        "a promise that four codes cannot keep": """
def log_q_floor(log_q, alpha):
    rank = max(1, math.floor((len(log_q) + 1) * alpha))
    return log_q.sort().values[rank - 1]
""",
    },
    "10.3": {
        "sign of grad a": changed(SCORE, "-z - gradient", "-z + gradient"),
        "prior forgotten": changed(SCORE, "-z - gradient", "-gradient"),
        "prior pushes outwards": changed(SCORE, "-z - gradient", "z - gradient"),
        "both signs": changed(SCORE, "-z - gradient", "z + gradient"),
        "probability instead of logit": changed(
            SCORE, "logit(z).sum()", "logit(z).sigmoid().sum()"
        ),
        "mean over the batch": changed(SCORE, "logit(z).sum()", "logit(z).mean()"),
    },
}
