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
        "clamped against underflow": """
def optimal_probability(log_p, log_q):
    p, q = log_p.clamp(min=-80).exp(), log_q.clamp(min=-80).exp()
    return p / (p + q)
""",
        "overflow": """
def optimal_probability(log_p, log_q):
    odds = (log_p - log_q).exp()
    return odds / (1 + odds)
""",
        "densities in the sigmoid": """
def optimal_probability(log_p, log_q):
    return torch.sigmoid(log_p.exp() - log_q.exp())
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
        "sum instead of mean": DIVERGENCES.format(
            result="-code_logits.sum(), math.log(2) - (on_prior + on_codes) / 2"
        ),
        "KL of the probabilities": DIVERGENCES.format(
            result="-code_logits.sigmoid().log().mean(), math.log(2) - (on_prior + on_codes) / 2"
        ),
        "JS negative": DIVERGENCES.format(
            result="-code_logits.mean(), (on_prior + on_codes) / 2 - math.log(2)"
        ),
        "bits and nats": DIVERGENCES.format(
            result="-code_logits.mean(), 1 - (on_prior + on_codes) / 2"
        ),
        "digits lost at large logits": """
def divergences(prior_logits, code_logits):
    on_prior = -torch.log(torch.sigmoid(prior_logits)).mean()
    on_codes = -torch.log(1 - torch.sigmoid(code_logits)).mean()
    return -code_logits.mean(), math.log(2) - (on_prior + on_codes) / 2
""",
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

ALSO_RIGHT = {
    "6.1": {
        "in place": """
def optimal_probability(log_p, log_q):
    log_p -= log_q
    return log_p.sigmoid_()
""",
        "one over one plus": """
def optimal_probability(log_p, log_q):
    return 1 / (1 + torch.exp(log_q - log_p))
""",
        "in NumPy": """
def optimal_probability(log_p, log_q):
    log_p, log_q = log_p.numpy(), log_q.numpy()
    return np.exp(log_p - np.logaddexp(log_p, log_q))
""",
        "with SciPy": """
from scipy.special import expit
def optimal_probability(log_p, log_q):
    return expit(log_p.numpy() - log_q.numpy())
""",
        "softmax of the two": """
def optimal_probability(log_p, log_q):
    return torch.stack([log_p, log_q]).softmax(0)[0]
""",
        "the larger taken out": """
def optimal_probability(log_p, log_q):
    most = torch.maximum(log_p, log_q)
    p, q = (log_p - most).exp(), (log_q - most).exp()
    return p / (p + q)
""",
        "a list of numbers": """
def optimal_probability(log_p, log_q):
    pairs = zip(log_p.tolist(), log_q.tolist())
    return [0.5 * (1 + math.tanh((p - q) / 2)) for p, q in pairs]
""",
    },
    "6.2": {
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
    "6.3": {
        "by the course's loss": """
from nav_utils.fitting import logistic_loss
def divergences(prior_logits, code_logits):
    return -code_logits.mean(), math.log(2) - logistic_loss(prior_logits, code_logits)
""",
        "by cross-entropy": """
def divergences(prior_logits, code_logits):
    logits = torch.cat([prior_logits, code_logits])
    labels = torch.cat([torch.ones_like(prior_logits), torch.zeros_like(code_logits)])
    loss = F.binary_cross_entropy_with_logits(logits, labels)
    return (-code_logits).mean().item(), math.log(2) - loss.item()
""",
        "by logsigmoid, in place": """
def divergences(prior_logits, code_logits):
    kl = -code_logits.mean()
    code_logits *= -1
    found = F.logsigmoid(prior_logits).mean() + F.logsigmoid(code_logits).mean()
    return [kl, math.log(2) + found / 2]
""",
        "in NumPy": """
def divergences(prior_logits, code_logits):
    prior, codes = prior_logits.numpy(), code_logits.numpy()
    loss = (np.logaddexp(0, -prior).mean() + np.logaddexp(0, codes).mean()) / 2
    return np.array([-codes.mean(), np.log(2) - loss])
""",
        "one tensor": """
def divergences(prior_logits, code_logits):
    loss = F.softplus(torch.stack([-prior_logits, code_logits])).mean()
    return torch.stack([code_logits.neg().mean(), math.log(2) - loss])
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
        "the four numbers of the example": (
            FIXED.format(result="torch.sigmoid(torch.tensor([-0.8, 2.0, -0.1, 4.5]))"),
            ANSWER,
        ),
        "not a number replaced by one half": (
            FIXED.format(
                result="torch.nan_to_num(log_p.exp() / (log_p.exp() + log_q.exp()), nan=0.5)"
            ),
            "clamped against underflow",
        ),
        "not a number replaced by 0": (
            FIXED.format(result="torch.nan_to_num(log_p.exp() / (log_p.exp() + log_q.exp()))"),
            "padded against underflow",
        ),
        "in double precision": (
            FIXED.format(
                result="log_p.double().exp() / (log_p.double().exp() + log_q.double().exp())"
            ),
            "underflow",
        ),
        "a column": FIXED.format(result="torch.sigmoid(log_p - log_q)[:, None]"),
        "one number": FIXED.format(result="torch.sigmoid(log_p - log_q).mean()"),
        "rounded": FIXED.format(result="torch.sigmoid(log_p - log_q).round(decimals=2)"),
        "words": (FIXED.format(result="'p / (p + q)'"), "wrong type"),
        "complex": (FIXED.format(result="torch.sigmoid(log_p - log_q) + 0j"), "wrong type"),
    },
    "6.2": {
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
    "6.3": {
        "cross-entropy of a sigmoid": (
            """
def divergences(prior_logits, code_logits):
    logits = torch.cat([prior_logits, code_logits])
    labels = torch.cat([torch.ones_like(prior_logits), torch.zeros_like(code_logits)])
    loss = F.binary_cross_entropy(torch.sigmoid(logits), labels)
    return -code_logits.mean(), math.log(2) - loss
""",
            "digits lost",
        ),
        "the naive logarithm in double precision": (
            """
def divergences(prior_logits, code_logits):
    prior, codes = prior_logits.double().sigmoid(), code_logits.double().sigmoid()
    loss = -(prior.log().mean() + (1 - codes).log().mean()) / 2
    return -code_logits.mean(), math.log(2) - loss
""",
            "digits lost",
        ),
        "log(1 + exp(a))": (
            """
def divergences(prior_logits, code_logits):
    loss = (torch.log1p(torch.exp(-prior_logits)) + torch.log1p(torch.exp(code_logits))).mean() / 2
    return -code_logits.mean(), math.log(2) - loss
""",
            "digits lost",
        ),
        "padded logarithm": (
            """
def divergences(prior_logits, code_logits):
    prior, codes = prior_logits.sigmoid(), code_logits.sigmoid()
    loss = -(torch.log(prior + 1e-12).mean() + torch.log(1 - codes + 1e-12).mean()) / 2
    return -code_logits.mean(), math.log(2) - loss
""",
            "digits lost",
        ),
        "JS alone": DIVERGENCES.format(result="math.log(2) - (on_prior + on_codes) / 2"),
        "median": DIVERGENCES.format(
            result="-code_logits.median(), math.log(2) - (on_prior + on_codes) / 2"
        ),
        "the numbers of the example": (
            """
def divergences(prior_logits, code_logits):
    return 0.825, 0.339573
""",
            "Expected|typed in",
        ),
        "a pair of words": (DIVERGENCES.format(result="'KL', 'JS'"), "wrong type"),
    },
}
