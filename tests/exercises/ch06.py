"""Likely mistakes of chapter 06, by exercise."""

DIVERGENCES = """
def divergences(prior_logits, code_logits):
    on_prior, on_codes = F.softplus(-prior_logits).mean(), F.softplus(code_logits).mean()
    return {result}
"""

MISTAKES = {
    "6.1": {
        "labels swapped": """
def optimal_probability(log_p, log_q):
    return torch.sigmoid(log_q - log_p)
""",
        "ratio instead of probability": """
def optimal_probability(log_p, log_q):
    return (log_p - log_q).exp()
""",
        "logit instead of probability": """
def optimal_probability(log_p, log_q):
    return log_p - log_q
""",
        "logarithms taken for densities": """
def optimal_probability(log_p, log_q):
    return log_p / (log_p + log_q)
""",
        "underflow": """
def optimal_probability(log_p, log_q):
    p, q = log_p.exp(), log_q.exp()
    return p / (p + q)
""",
        "padded against underflow": """
def optimal_probability(log_p, log_q):
    p, q = log_p.exp(), log_q.exp()
    return p / (p + q + 1e-12)
""",
    },
    "6.2": {
        "wrong sign": """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit + math.log(n_prior / n_codes))
""",
        "odds without logarithm": """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit + n_codes / n_prior)
""",
        "share instead of odds": """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit - math.log(n_prior / (n_prior + n_codes)))
""",
        "not corrected": """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit)
""",
        "probability scaled": """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit) * n_codes / n_prior
""",
        "logit instead of probability": """
def balanced_probability(logit, n_prior, n_codes):
    return logit - math.log(n_prior / n_codes)
""",
    },
    "6.3": {
        "the other KL": DIVERGENCES.format(
            result="prior_logits.mean(), math.log(2) - (on_prior + on_codes) / 2"
        ),
        "wrong sign": DIVERGENCES.format(
            result="code_logits.mean(), math.log(2) - (on_prior + on_codes) / 2"
        ),
        "sum of the classes": DIVERGENCES.format(
            result="-code_logits.mean(), math.log(2) - (on_prior + on_codes)"
        ),
        "twice JS": DIVERGENCES.format(
            result="-code_logits.mean(), 2 * math.log(2) - on_prior - on_codes"
        ),
        "loss instead of divergence": DIVERGENCES.format(
            result="-code_logits.mean(), (on_prior + on_codes) / 2"
        ),
        "labels swapped": """
def divergences(prior_logits, code_logits):
    loss = 0.5 * (F.softplus(prior_logits).mean() + F.softplus(-code_logits).mean())
    return -code_logits.mean(), math.log(2) - loss
""",
        "other order": DIVERGENCES.format(
            result="math.log(2) - (on_prior + on_codes) / 2, -code_logits.mean()"
        ),
    },
}
