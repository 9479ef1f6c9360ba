"""Likely mistakes of chapter 12, by exercise."""

STEP = """
def tube_step(z, a, grad_a, beta, h, noise):
    climb = beta * a * grad_a
    return {answer}
"""

MALA = """
def log_acceptance(z, new, log_q, log_q_new, score, score_new, h):
    def log_k(there, here, s):
        return -(there - here - h * s).square().sum(-1) / ({width} * h)

    there, back = log_k(new, z, score), log_k(z, new, {back})
    return {answer}
"""

MOVE = """
def correction_move(D, s_p, s_q):
    return {answer}
"""


def mala(answer, width=4, back="score_new"):
    return MALA.format(answer=answer, width=width, back=back)


MISTAKES = {
    "12.1": {
        name: STEP.format(answer=answer)
        for name, answer in {
            "noise of your own": "z - h * (z + climb) + math.sqrt(2 * h) * torch.randn_like(z)",
            "noise with sqrt(h)": "z - h * (z + climb) + h**0.5 * noise",
            "noise with h": "z + h * (-z - climb + noise)",
            "noise with 2 h": "z - h * (z + climb) + 2 * h * noise",
            "no noise": "z - h * (z + climb)",
            "half the drift": "z - h / 2 * (z + climb) + math.sqrt(2 * h) * noise",
            "prior's pull forgotten": "z - h * climb + math.sqrt(2 * h) * noise",
            "a forgotten": "z - h * (z + beta * grad_a) + math.sqrt(2 * h) * noise",
            "beta forgotten": "z - h * (z + a * grad_a) + math.sqrt(2 * h) * noise",
            "beta times the prior too": "z - h * beta * (z + a * grad_a) + (2 * h) ** 0.5 * noise",
            "factor 2": "z - h * (z + 2 * climb) + math.sqrt(2 * h) * noise",
            "factor 1 / 2": "z - h * (z + climb / 2) + math.sqrt(2 * h) * noise",
            "target q": "z + h * (-z - grad_a) + math.sqrt(2 * h) * noise",
            "sign of a grad a": "z + h * (climb - z) + math.sqrt(2 * h) * noise",
            "sign of the prior's score": "z + h * (z - climb) + math.sqrt(2 * h) * noise",
            "sign of the drift": "z + h * (z + climb) + math.sqrt(2 * h) * noise",
            "the move, not the place": "-h * (z + climb) + math.sqrt(2 * h) * noise",
        }.items()
    },
    "12.2": {
        "no ratio of kernels": mala("(log_q_new - log_q).clamp(max=0)"),
        "ratio of kernels reversed": mala("(log_q_new - log_q + there - back).clamp(max=0)"),
        "ratio of densities reversed": mala("(log_q - log_q_new + back - there).clamp(max=0)"),
        "everything reversed": mala("(log_q - log_q_new + there - back).clamp(max=0)"),
        "2 h in the kernel": mala("(log_q_new - log_q + back - there).clamp(max=0)", width=2),
        "one score for both ways": mala(
            "(log_q_new - log_q + back - there).clamp(max=0)", back="score"
        ),
        "not cut off at 0": mala("log_q_new - log_q + back - there"),
        "probability, not logarithm": mala("(log_q_new - log_q + back - there).exp().clamp(max=1)"),
    },
    "12.3": {
        name: MOVE.format(answer=answer)
        for name, answer in {
            "wrong sign": "2 * (D - 0.5) * D * (1 - D) * (s_p - s_q)",
            "D (1 - D) forgotten": "-2 * (D - 0.5) * (s_p - s_q)",
            "factor 2 once too often": "2 * (1 - 2 * D) * D * (1 - D) * (s_p - s_q)",
            "factor 2 lost": "-(D - 0.5) * D * (1 - D) * (s_p - s_q)",
            "one sign for both sides": "(2 * D - 1).abs() * D * (1 - D) * (s_q - s_p)",
            "the sign of 1 - 2 D forgotten": "D * (1 - D) * (s_p - s_q)",
            "prior's score forgotten": "(2 * D - 1) * D * (1 - D) * s_q",
            "sum of the scores": "(1 - 2 * D) * D * (1 - D) * (s_p + s_q)",
        }.items()
    },
}
