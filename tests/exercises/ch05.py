"""Likely mistakes of chapter 05, right answers of other styles, and wrong ones, by exercise."""


def second(answer, m="0.9 * 0.1 * first + 0.1 * second"):
    return f"""
def second_adam_step(first, second, learning_rate):
    m = {m}
    v = 0.999 * 0.001 * first**2 + 0.001 * second**2
    m_hat, v_hat = m / (1 - 0.9**2), v / (1 - 0.999**2)
    return {answer}
"""


def price(answer):
    return f"""
def price_at_rest(g_rec, g_kl):
    return {answer}
"""


def penalty(answer):
    return f"""
def best_penalty(weight):
    return {answer}
"""


MISTAKES = {
    "5.1": {
        "as if it were the first step": second("-learning_rate * second.sign()"),
        "wrong sign": second("learning_rate * m_hat / v_hat.sqrt()"),
        "no bias correction": second("-learning_rate * m / v.sqrt()"),
        "corrected as in the first step": second("-learning_rate * (m / 0.1) / (v / 0.001).sqrt()"),
        "gradient descent": second("-learning_rate * second"),
        "squared gradient without root": second("-learning_rate * m_hat / v_hat"),
        "no learning rate": second("-m_hat / v_hat.sqrt()"),
    },
    "5.2": {
        "wrong sign": price("(g_rec @ g_kl) / (g_kl @ g_kl)"),
        "ratio of the lengths": price("g_rec.norm() / g_kl.norm()"),
        "price of the other": price("-(g_rec @ g_kl) / (g_rec @ g_rec)"),
        "not divided": price("-(g_rec @ g_kl)"),
        "a mean of quotients": price("-(g_rec / g_kl).mean()"),
    },
    "5.3": {
        "the root left out": penalty("weight / 8"),
        "upside down": penalty("math.sqrt(8 / weight)"),
        "one for all": penalty("0.05"),
        "no penalty": penalty("0.0"),
        "slower than it has to be": penalty("3 * math.sqrt(weight)"),
    },
}

ALSO_RIGHT = {
    "5.1": {
        "torch's own": """
def second_adam_step(first, second, learning_rate):
    theta = torch.nn.Parameter(torch.zeros_like(first, dtype=torch.float64))
    optimizer = torch.optim.Adam([theta], lr=learning_rate)
    for gradient in (first, second):
        before = theta.detach().clone()
        theta.grad = gradient.double()
        optimizer.step()
    return theta.detach() - before
""",
    },
    "5.2": {
        "least squares": price(
            "-torch.linalg.lstsq(g_kl[:, None], g_rec[:, None]).solution.item()"
        ),
    },
    "5.3": {
        "the fastest that was measured": penalty("0.41 * (weight / 2) ** 0.5"),
    },
}

ALSO_WRONG = {
    "5.1": {
        "half the sum of two signs": second("-learning_rate * (first.sign() + second.sign()) / 2"),
    },
    "5.3": {
        "text": penalty("'0.5'"),
        "not a number": penalty("float('nan')"),
    },
}
