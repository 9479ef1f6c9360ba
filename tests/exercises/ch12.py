"""Likely mistakes of chapter 12, by exercise; right and wrong answers of other styles."""

STEP = """
def tube_step(z, a, grad_a, nu, eta, noise):
    climb = nu * a * grad_a
    return {answer}
"""

MALA = """
def log_acceptance(z, new, log_q, log_q_new, score, score_new, eta):
    def log_k(there, here, s):
        return -{distance} / ({width} * eta)

    there, back = log_k(new, z, score), log_k(z, new, {back})
    return {answer}
"""
SQUARES = "(there - here - eta * s).square().sum(-1)"
MINIMUM = "(log_q_new - log_q + back - there).clamp(max=0)"


def mala(answer=MINIMUM, width=4, back="score_new", distance=SQUARES):
    return MALA.format(answer=answer, width=width, back=back, distance=distance)


MISTAKES = {
    "12.1": {
        name: STEP.format(answer=answer)
        for name, answer in {
            "noise of your own": "z - eta * (z + climb) + math.sqrt(2 * eta) * torch.randn_like(z)",
            "noise with sqrt(eta)": "z - eta * (z + climb) + eta**0.5 * noise",
            "noise with eta": "z + eta * (-z - climb + noise)",
            "noise with 2 eta": "z - eta * (z + climb) + 2 * eta * noise",
            "noise with 2 sqrt(eta)": "z - eta * (z + climb) + 2 * math.sqrt(eta) * noise",
            "noise as it came": "z - eta * (z + climb) + noise",
            "no noise": "z - eta * (z + climb)",
            "half the drift": "z - eta / 2 * (z + climb) + math.sqrt(2 * eta) * noise",
            "prior's pull forgotten": "z - eta * climb + math.sqrt(2 * eta) * noise",
            "a forgotten": "z - eta * (z + nu * grad_a) + math.sqrt(2 * eta) * noise",
            "grad a forgotten": "z - eta * (z + nu * a) + math.sqrt(2 * eta) * noise",
            "nu forgotten": "z - eta * (z + a * grad_a) + math.sqrt(2 * eta) * noise",
            "nu times the prior too": "z - eta * nu * (z + a * grad_a) + (2 * eta) ** 0.5 * noise",
            "factor 2": "z - eta * (z + 2 * climb) + math.sqrt(2 * eta) * noise",
            "factor 1 / 2": "z - eta * (z + climb / 2) + math.sqrt(2 * eta) * noise",
            "target q": "z + eta * (-z - grad_a) + math.sqrt(2 * eta) * noise",
            "sign of a grad a": "z + eta * (climb - z) + math.sqrt(2 * eta) * noise",
            "sign of the prior's score": "z + eta * (z - climb) + math.sqrt(2 * eta) * noise",
            "sign of the drift": "z + eta * (z + climb) + math.sqrt(2 * eta) * noise",
            "eta forgotten": "z - (z + climb) + math.sqrt(2 * eta) * noise",
            "the move, not the place": "-eta * (z + climb) + math.sqrt(2 * eta) * noise",
            "right on one input only": "z - eta * (z + 3 * a * grad_a) + (2 * eta) ** 0.5 * noise",
        }.items()
    },
    "12.2": {
        "no ratio of proposals": mala("(log_q_new - log_q).clamp(max=0)"),
        "no ratio of densities": mala("(back - there).clamp(max=0)"),
        "ratio of proposals reversed": mala("(log_q_new - log_q + there - back).clamp(max=0)"),
        "ratio of densities reversed": mala("(log_q - log_q_new + back - there).clamp(max=0)"),
        "everything reversed": mala("(log_q - log_q_new + there - back).clamp(max=0)"),
        "2 eta in the proposal": mala(width=2),
        "eta in the proposal": mala(width=1),
        "lengths, not squares": mala(distance="(there - here - eta * s).norm(dim=-1)"),
        "drift without eta": mala(distance="(there - here - s).square().sum(-1)"),
        "drift with the wrong sign": mala(distance="(there - here + eta * s).square().sum(-1)"),
        "one score for both ways": mala(back="score"),
        "mean over the coordinates": mala(distance=SQUARES.replace("sum", "mean")),
        "one proposal for all points": mala(distance=SQUARES.replace("sum(-1)", "sum()")),
        "cut off at the wrong end": mala(MINIMUM.replace("max=0", "min=0")),
        "not cut off at 0": mala("log_q_new - log_q + back - there"),
        "probability, not logarithm": mala("(log_q_new - log_q + back - there).exp().clamp(max=1)"),
        "right on one input only": mala(width="4 * 0.08 / eta"),
    },
    "12.3": {
        "the distance instead of x": "largest_x = 2.06",
        "the share instead of x": "largest_x = 0.4",
        "too near": "largest_x = 0.9",
        "too far": "largest_x = 1.2",
        "not one number": "largest_x = (1.0, 1.05)",
    },
}

ALSO_RIGHT = {
    "12.1": {
        "in place": """
def tube_step(z, a, grad_a, nu, eta, noise):
    a *= nu
    grad_a *= a
    grad_a += z
    noise *= (2 * eta) ** 0.5
    z -= eta * grad_a
    z += noise
    return z
""",
        "in NumPy": """
def tube_step(z, a, grad_a, nu, eta, noise):
    z, a, grad_a, noise = (np.asarray(x) for x in (z, a, grad_a, noise))
    return z - eta * (nu * a * grad_a + z) + np.sqrt(2 * eta) * noise
""",
        "with autograd": """
def tube_step(z, a, grad_a, nu, eta, noise):
    here = z.clone().requires_grad_()
    near = a + ((here - z) * grad_a).sum(-1, keepdim=True)  # a, linearised at z
    energy = (nu / 2 * near**2).sum() + here.square().sum() / 2
    (gradient,) = torch.autograd.grad(energy, here)
    return here - eta * gradient + math.sqrt(2 * eta) * noise
""",
        "the paper's epsilon = 2 eta": """
def tube_step(z, a, grad_a, nu, eta, noise):
    epsilon = 2 * eta
    return z + epsilon / 2 * (-z - nu * a * grad_a) + epsilon**0.5 * noise
""",
        "point by point": """
def tube_step(z, a, grad_a, nu, eta, noise):
    rows = []
    for i in range(len(z)):
        drift = -(nu * float(a[i])) * grad_a[i] - z[i]
        rows.append(z[i] + eta * drift + math.sqrt(2 * eta) * noise[i])
    return rows
""",
        "pull gathered": """
def tube_step(z, a, grad_a, nu, eta, noise):
    return (1 - eta) * z - nu * eta * a * grad_a + torch.sqrt(torch.tensor(2 * eta)) * noise
""",
    },
    "12.2": {
        "with torch.distributions": """
def log_acceptance(z, new, log_q, log_q_new, score, score_new, eta):
    def log_k(there, here, s):
        return torch.distributions.Normal(here + eta * s, (2 * eta) ** 0.5).log_prob(there).sum(-1)

    odds = log_q_new + log_k(z, new, score_new) - log_q - log_k(new, z, score)
    return torch.minimum(odds, torch.zeros_like(odds))
""",
        "in NumPy": """
def log_acceptance(z, new, log_q, log_q_new, score, score_new, eta):
    z, new, log_q, log_q_new, score, score_new = map(
        np.asarray, (z, new, log_q, log_q_new, score, score_new)
    )
    there = -((new - z - eta * score) ** 2).sum(1) / (4 * eta)
    back = -((z - new - eta * score_new) ** 2).sum(1) / (4 * eta)
    return np.minimum(0, log_q_new - log_q + back - there)
""",
        "in place": """
def log_acceptance(z, new, log_q, log_q_new, score, score_new, eta):
    z -= new
    score *= eta
    score_new *= eta
    there = (-z - score).norm(dim=-1) ** 2
    z -= score_new
    log_q_new += (there - z.norm(dim=-1) ** 2) / (4 * eta)
    log_q_new -= log_q
    return log_q_new.clamp_(max=0)
""",
        "as a loop": """
def log_acceptance(z, new, log_q, log_q_new, score, score_new, eta):
    found = []
    for i in range(len(z)):
        there = float((new[i] - z[i] - eta * score[i]).square().sum())
        back = float((z[i] - new[i] - eta * score_new[i]).square().sum())
        found.append(min(0.0, float(log_q_new[i] - log_q[i]) + (there - back) / (4 * eta)))
    return found
""",
        "the logarithm of the probability": """
def log_acceptance(z, new, log_q, log_q_new, score, score_new, eta):
    def k(there, here, s):
        return torch.exp(-(there - here - eta * s).square().sum(-1) / (4 * eta))

    odds = log_q_new.exp() * k(z, new, score_new) / (log_q.exp() * k(new, z, score))
    return odds.clamp(max=1).log()
""",
    },
    "12.3": {
        "nearer": "largest_x = 1.0",
        "a tensor": "largest_x = torch.tensor(1.05)",
        "a list": "largest_x = [1.04]",
    },
}

ALSO_WRONG = {
    "12.1": {
        "hard-coded eta": (
            STEP.format(answer="z - 0.04 * (z + climb) + 0.08**0.5 * noise"),
            r"shape \(5",
        ),
        "hard-coded number of points": """
def tube_step(z, a, grad_a, nu, eta, noise):
    for i in range(3):
        z[i] += -eta * (z[i] + nu * a[i] * grad_a[i]) + math.sqrt(2 * eta) * noise[i]
    return z
""",
        "mean of a": STEP.format(
            answer="z - eta * (z + nu * a.mean() * grad_a) + math.sqrt(2 * eta) * noise"
        ),
        "a pair": STEP.format(answer="(z - eta * (z + climb), noise)"),
        "a string": STEP.format(answer="'z'"),
        "complex": STEP.format(answer="z + 1j * noise"),
        "not finite": STEP.format(answer="z + math.nan"),
        "empty": STEP.format(answer="z[:0]"),
        "truths": STEP.format(answer="z > 0"),
        "one number": STEP.format(answer="float((z - eta * (z + climb)).sum())"),
        "a function": STEP.format(answer="torch.sqrt"),
    },
    "12.2": {
        "accepted or not": mala("(log_q_new - log_q + back - there) > 0"),
        "a column": mala("(log_q_new - log_q + back - there).clamp(max=0)[:, None]"),
        "hard-coded eta": MALA.replace(" * eta)", " * 0.08)").format(
            answer=MINIMUM,
            width=4,
            back="score_new",
            distance=SQUARES.replace("eta * s", "0.08 * s"),
        ),
        "minus the probability": mala("-(log_q_new - log_q + back - there).exp().clamp(max=1)"),
        "logarithm to base 10": mala(f"{MINIMUM} / math.log(10)"),
        "one for all": mala(f"{MINIMUM}.mean()"),
        "a string": mala("'yes'"),
        "infinite": mala("log_q - math.inf"),
        "complex": mala(f"{MINIMUM} + 0j"),
        "nothing": mala("[]"),
    },
    "12.3": {
        "not a number": "largest_x = math.nan",
        "negative": "largest_x = -1.03",
        "a word": "largest_x = 'one'",
    },
}
