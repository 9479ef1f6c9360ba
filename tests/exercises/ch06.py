"""Likely mistakes of chapter 06, by exercise."""

DIVERGENCES = """
def divergences(prior_logits, code_logits):
    on_prior, on_codes = F.softplus(-prior_logits).mean(), F.softplus(code_logits).mean()
    return {result}
"""

MISTAKES = {
    "6.1": {
        "wrong sign": """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit + math.log(n_prior / n_codes))
""",
        "odds without logarithm": """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit + n_codes / n_prior)
""",
        "odds without logarithm, subtracted": """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit - n_prior / n_codes)
""",
        "logit multiplied": """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit * n_codes / n_prior)
""",
        "another logarithm": """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit + np.log10(n_codes / n_prior))
""",
        "whole-number division": """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit + math.log(n_codes // n_prior))
""",
        "probability of a code": """
def balanced_probability(logit, n_prior, n_codes):
    return 1 - torch.sigmoid(logit + math.log(n_codes / n_prior))
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
    "6.2": {
        "the other KL": DIVERGENCES.format(
            result="-code_logits.mean(), math.log(2) - (on_prior + on_codes) / 2"
        ),
        "wrong sign": DIVERGENCES.format(
            result="-prior_logits.mean(), math.log(2) - (on_prior + on_codes) / 2"
        ),
        "sum of the classes": DIVERGENCES.format(
            result="prior_logits.mean(), math.log(2) - (on_prior + on_codes)"
        ),
        "twice JS": DIVERGENCES.format(
            result="prior_logits.mean(), 2 * math.log(2) - on_prior - on_codes"
        ),
        "loss instead of divergence": DIVERGENCES.format(
            result="prior_logits.mean(), (on_prior + on_codes) / 2"
        ),
        "sum instead of mean": DIVERGENCES.format(
            result="prior_logits.sum(), math.log(2) - (on_prior + on_codes) / 2"
        ),
        "KL of the probabilities": DIVERGENCES.format(
            result="prior_logits.sigmoid().log().mean(), math.log(2) - (on_prior + on_codes) / 2"
        ),
        "JS negative": DIVERGENCES.format(
            result="prior_logits.mean(), (on_prior + on_codes) / 2 - math.log(2)"
        ),
        "bits and nats": DIVERGENCES.format(
            result="prior_logits.mean(), 1 - (on_prior + on_codes) / 2"
        ),
        "digits lost at large logits": """
def divergences(prior_logits, code_logits):
    on_prior = -torch.log(torch.sigmoid(prior_logits)).mean()
    on_codes = -torch.log(1 - torch.sigmoid(code_logits)).mean()
    return prior_logits.mean(), math.log(2) - (on_prior + on_codes) / 2
""",
        "labels swapped": """
def divergences(prior_logits, code_logits):
    loss = 0.5 * (F.softplus(prior_logits).mean() + F.softplus(-code_logits).mean())
    return prior_logits.mean(), math.log(2) - loss
""",
        "other order": DIVERGENCES.format(
            result="math.log(2) - (on_prior + on_codes) / 2, prior_logits.mean()"
        ),
    },
    "6.3": {
        "the prior's count only": """
def codes_needed(share_p, share_q, error):
    return 1 / share_p / error**2
""",
        "the codes' count only": """
def codes_needed(share_p, share_q, error):
    return 1 / share_q / error**2
""",
        "error not squared": """
def codes_needed(share_p, share_q, error):
    return (1 / share_p + 1 / share_q) / error
""",
        "of the sum of the shares": """
def codes_needed(share_p, share_q, error):
    return 1 / (share_p + share_q) / error**2
""",
        "deviations added": """
def codes_needed(share_p, share_q, error):
    return ((share_p**-0.5 + share_q**-0.5) / error) ** 2
""",
    },
}

ALSO_RIGHT = {
    "6.1": {
        "in place": """
def balanced_probability(logit, n_prior, n_codes):
    logit -= math.log(n_prior / n_codes)
    return torch.sigmoid(logit)
""",
        "odds multiplied": """
def balanced_probability(logit, n_prior, n_codes):
    odds = logit.exp() * n_codes / n_prior
    return odds / (1 + odds)
""",
        "by Bayes' rule": """
def balanced_probability(logit, n_prior, n_codes):
    d = torch.sigmoid(logit)
    return d / n_prior / (d / n_prior + (1 - d) / n_codes)
""",
        "in NumPy": """
def balanced_probability(logit, n_prior, n_codes):
    return 1 / (1 + np.exp(-logit.numpy()) * n_prior / n_codes)
""",
        "two logarithms": """
def balanced_probability(logit, n_prior, n_codes):
    shift = torch.log(torch.tensor(float(n_codes))) - torch.log(torch.tensor(float(n_prior)))
    return (logit + shift).sigmoid()
""",
        "a list of numbers": """
def balanced_probability(logit, n_prior, n_codes):
    return [1 / (1 + math.exp(-a) * n_prior / n_codes) for a in logit.tolist()]
""",
    },
    "6.2": {
        "by the course's loss": """
from nav_utils.fitting import logistic_loss
def divergences(prior_logits, code_logits):
    return prior_logits.mean(), math.log(2) - logistic_loss(prior_logits, code_logits)
""",
        "by cross-entropy": """
def divergences(prior_logits, code_logits):
    logits = torch.cat([prior_logits, code_logits])
    labels = torch.cat([torch.ones_like(prior_logits), torch.zeros_like(code_logits)])
    loss = F.binary_cross_entropy_with_logits(logits, labels)
    return prior_logits.mean().item(), math.log(2) - loss.item()
""",
        "by logsigmoid, in place": """
def divergences(prior_logits, code_logits):
    kl = prior_logits.mean()
    code_logits *= -1
    found = F.logsigmoid(prior_logits).mean() + F.logsigmoid(code_logits).mean()
    return [kl, math.log(2) + found / 2]
""",
        "in NumPy": """
def divergences(prior_logits, code_logits):
    prior, codes = prior_logits.numpy(), code_logits.numpy()
    loss = (np.logaddexp(0, -prior).mean() + np.logaddexp(0, codes).mean()) / 2
    return np.array([prior.mean(), np.log(2) - loss])
""",
        "one tensor": """
def divergences(prior_logits, code_logits):
    loss = F.softplus(torch.stack([-prior_logits, code_logits])).mean()
    return torch.stack([prior_logits.mean(), math.log(2) - loss])
""",
    },
    "6.3": {
        "binomial": """
def codes_needed(share_p, share_q, error):
    return ((1 - share_p) / share_p + (1 - share_q) / share_q) / error**2
""",
        "rounded up": """
def codes_needed(share_p, share_q, error):
    return math.ceil((share_p + share_q) / (share_p * share_q) / error**2)
""",
    },
}

FIXED = """
def optimal_probability(log_p, log_q):
    return {result}
"""
ANSWER = r"is a number typed in"

ALSO_WRONG = {
    "6.1": {
        "the sizes of the chapter": (
            """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit + math.log(820 / 205))
""",
            "Expected",
        ),
        "the sizes of the example": (
            """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit + math.log(6.5))
""",
            ANSWER,
        ),
        "the larger over the smaller": """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit + abs(math.log(n_codes / n_prior)))
""",
        "scaled and cut at 1": """
def balanced_probability(logit, n_prior, n_codes):
    return (torch.sigmoid(logit) * n_codes / n_prior).clamp(max=1)
""",
        "logarithm of a tensor of numbers": (
            """
def balanced_probability(logit, n_prior, n_codes):
    return torch.sigmoid(logit + torch.log(n_codes / n_prior))
""",
            r"TypeError.*in\sthe\sline|TypeError",
        ),
    },
    "6.2": {
        "cross-entropy of a sigmoid": (
            """
def divergences(prior_logits, code_logits):
    logits = torch.cat([prior_logits, code_logits])
    labels = torch.cat([torch.ones_like(prior_logits), torch.zeros_like(code_logits)])
    loss = F.binary_cross_entropy(torch.sigmoid(logits), labels)
    return prior_logits.mean(), math.log(2) - loss
""",
            "digits lost",
        ),
        "the naive logarithm in double precision": (
            """
def divergences(prior_logits, code_logits):
    prior, codes = prior_logits.double().sigmoid(), code_logits.double().sigmoid()
    loss = -(prior.log().mean() + (1 - codes).log().mean()) / 2
    return prior_logits.mean(), math.log(2) - loss
""",
            "digits lost",
        ),
        "log(1 + exp(a))": (
            """
def divergences(prior_logits, code_logits):
    loss = (torch.log1p(torch.exp(-prior_logits)) + torch.log1p(torch.exp(code_logits))).mean() / 2
    return prior_logits.mean(), math.log(2) - loss
""",
            "digits lost",
        ),
        "padded logarithm": (
            """
def divergences(prior_logits, code_logits):
    prior, codes = prior_logits.sigmoid(), code_logits.sigmoid()
    loss = -(torch.log(prior + 1e-12).mean() + torch.log(1 - codes + 1e-12).mean()) / 2
    return prior_logits.mean(), math.log(2) - loss
""",
            "digits lost",
        ),
        "JS alone": DIVERGENCES.format(result="math.log(2) - (on_prior + on_codes) / 2"),
        "median": DIVERGENCES.format(
            result="prior_logits.median(), math.log(2) - (on_prior + on_codes) / 2"
        ),
        "the numbers of the example": (
            """
def divergences(prior_logits, code_logits):
    return 1.375, 0.339573
""",
            "Expected|typed in",
        ),
        "a pair of words": (DIVERGENCES.format(result="'KL', 'JS'"), "wrong type"),
    },
    "6.3": {
        "twice as many": (
            """
def codes_needed(share_p, share_q, error):
    return 2 * (1 / share_p + 1 / share_q) / error**2
""",
            "wanted",
        ),
        "one number": (
            """
def codes_needed(share_p, share_q, error):
    return 53333.33
""",
            "wanted",
        ),
        "the rarer only": """
def codes_needed(share_p, share_q, error):
    return 1 / min(share_p, share_q) / error**2
""",
    },
}
