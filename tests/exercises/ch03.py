"""Likely mistakes of chapter 03, and right and wrong answers of other kinds, by exercise."""


def largest(answer):
    return f"""
def largest_beta(variance, noise):
    return {answer}
"""


MISTAKES = {
    "3.1": {
        "the two clouds swapped": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    spread = log_variance_2.exp() + (mean_1 - mean_2) ** 2
    return 0.5 * (spread / log_variance_1.exp() - 1 + log_variance_1 - log_variance_2).sum(-1)
""",
        "half forgotten": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    spread = log_variance_1.exp() + (mean_1 - mean_2) ** 2
    return (spread / log_variance_2.exp() - 1 + log_variance_2 - log_variance_1).sum(-1)
""",
        "only the prior": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    return 0.5 * (mean_1**2 + log_variance_1.exp() - 1 - log_variance_1).sum(-1)
""",
        "the distance not scaled": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    difference = log_variance_1 - log_variance_2
    return 0.5 * (difference.exp() + (mean_1 - mean_2) ** 2 - 1 - difference).sum(-1)
""",
        "logarithms with the other sign": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    spread = log_variance_1.exp() + (mean_1 - mean_2) ** 2
    terms = spread / log_variance_2.exp() - 1 + log_variance_1 - log_variance_2
    return 0.5 * terms.sum(-1)
""",
        "mean instead of sum": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    spread = log_variance_1.exp() + (mean_1 - mean_2) ** 2
    return 0.5 * (spread / log_variance_2.exp() - 1 + log_variance_2 - log_variance_1).mean(-1)
""",
        "summed over the batch": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    one = torch.distributions.Normal(mean_1, torch.exp(0.5 * log_variance_1))
    two = torch.distributions.Normal(mean_2, torch.exp(0.5 * log_variance_2))
    return torch.distributions.kl_divergence(one, two).sum()
""",
        "the distance not squared": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    spread = log_variance_1.exp() + mean_1 - mean_2
    terms = spread / log_variance_2.exp() - 1 + log_variance_2 - log_variance_1
    return 0.5 * terms.sum(-1)
""",
        "the 1 forgotten": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    spread = log_variance_1.exp() + (mean_1 - mean_2) ** 2
    return 0.5 * (spread / log_variance_2.exp() + log_variance_2 - log_variance_1).sum(-1)
""",
        "variance instead of standard deviation": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    one = torch.distributions.Normal(mean_1, log_variance_1.exp())
    two = torch.distributions.Normal(mean_2, log_variance_2.exp())
    return torch.distributions.kl_divergence(one, two).sum(-1)
""",
        "not summed": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    spread = log_variance_1.exp() + (mean_1 - mean_2) ** 2
    return 0.5 * (spread / log_variance_2.exp() - 1 + log_variance_2 - log_variance_1)
""",
    },
    "3.2": {
        "mean of the logarithms": """
def bound(log_weights):
    return log_weights.mean(0)
""",
        "sum instead of mean": """
def bound(log_weights):
    return torch.logsumexp(log_weights, dim=0)
""",
        "underflow": """
def bound(log_weights):
    return log_weights.exp().mean(0).log()
""",
        "over the images": """
def bound(log_weights):
    return torch.logsumexp(log_weights, dim=-1) - math.log(log_weights.shape[-1])
""",
        "only the best sample": """
def bound(log_weights):
    return log_weights.amax(0)
""",
        "K instead of log K": """
def bound(log_weights):
    return torch.logsumexp(log_weights, dim=0) - len(log_weights)
""",
        "divided by K outside": """
def bound(log_weights):
    return torch.logsumexp(log_weights, dim=0) / len(log_weights)
""",
        "the number of images": """
def bound(log_weights):
    return torch.logsumexp(log_weights, dim=0) - math.log(log_weights.shape[1])
""",
        "one maximum for all images": """
def bound(log_weights):
    most = log_weights.max()
    return most + (log_weights - most).exp().mean(0).log()
""",
        "over everything": """
def bound(log_weights):
    return torch.logsumexp(log_weights, dim=(0, 1)) - math.log(log_weights.numel())
""",
        "minus sign": """
def bound(log_weights):
    return math.log(len(log_weights)) - torch.logsumexp(log_weights, dim=0)
""",
    },
    "3.3": {
        "upside down": largest("noise / variance"),
        "the root": largest("(variance / noise).sqrt()"),
        "the noise squared": largest("variance / noise**2"),
        "the noise left out": largest("variance"),
        "one less": largest("variance / noise - 1"),
        "information, not weight": largest("0.5 * (variance / noise).log().abs()"),
    },
}

ALSO_RIGHT = {
    "3.1": {
        "in place": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    mean_1 -= mean_2
    log_variance_1 -= log_variance_2
    mean_1.pow_(2).div_(log_variance_2.exp_()).add_(log_variance_1.exp()).sub_(log_variance_1)
    return mean_1.sub_(1).sum(-1).mul_(0.5)
""",
        "in NumPy": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    m, v, n, w = (t.numpy() for t in (mean_1, log_variance_1, mean_2, log_variance_2))
    return 0.5 * np.sum(np.exp(v - w) + (m - n) ** 2 / np.exp(w) - 1 + w - v, axis=1)
""",
        "by distributions": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    one = torch.distributions.Normal(mean_1, log_variance_1.exp().sqrt())
    two = torch.distributions.Normal(mean_2, log_variance_2.exp().sqrt())
    return torch.distributions.kl_divergence(one, two).sum(-1)
""",
        "by matrices": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    def cloud(mean, log_variance):
        matrix = torch.diag_embed(log_variance.exp())
        return torch.distributions.MultivariateNormal(mean, covariance_matrix=matrix)
    one, two = cloud(mean_1, log_variance_1), cloud(mean_2, log_variance_2)
    return torch.distributions.kl_divergence(one, two)
""",
        "standardised by the second cloud": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    mean = (mean_1 - mean_2) / torch.exp(0.5 * log_variance_2)
    log_variance = log_variance_1 - log_variance_2
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(-1)
""",
        "a loop over floats": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    rows = []
    for m, v, n, w in zip(*(t.tolist() for t in (mean_1, log_variance_1, mean_2, log_variance_2))):
        terms = [math.exp(b - d) + (a - c) ** 2 * math.exp(-d) - 1 + d - b
                 for a, b, c, d in zip(m, v, n, w)]
        rows.append(sum(terms) / 2)
    return rows
""",
    },
    "3.2": {
        "in place": """
def bound(log_weights):
    most = log_weights.amax(0)
    log_weights -= most
    return log_weights.exp_().mean(0).log_().add_(most)
""",
        "in NumPy": """
def bound(log_weights):
    from scipy.special import logsumexp
    return logsumexp(log_weights.numpy(), axis=0) - np.log(len(log_weights))
""",
        "weighted": """
def bound(log_weights):
    k = len(log_weights)
    return torch.logsumexp(log_weights - math.log(k), 0)
""",
        "pair by pair": """
def bound(log_weights):
    total = log_weights[0]
    for row in log_weights[1:]:
        total = torch.logaddexp(total, row)
    return total - torch.tensor(float(len(log_weights))).log()
""",
        "image by image": """
def bound(log_weights):
    found = []
    for column in log_weights.T.tolist():
        most = max(column)
        mean = sum(math.exp(w - most) for w in column) / len(column)
        found.append(most + math.log(mean))
    return found
""",
        "by a mixture": """
def bound(log_weights):
    share = torch.full((len(log_weights), 1), 1 / len(log_weights)).log()
    return (log_weights + share).T.logsumexp(-1)
""",
    },
    "3.3": {
        "measured to two digits": largest(
            "[float(f'{float(v / n):.2g}') for v, n in zip(variance, noise)]"
        ),
    },
}

ALSO_WRONG = {
    "3.1": {
        "the size typed in": (
            """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    spread = log_variance_1.exp() + (mean_1 - mean_2) ** 2
    return 0.5 * ((spread / log_variance_2.exp() + log_variance_2 - log_variance_1).sum(-1) - 3)
""",
            "number typed in",
        ),
        "absolute values": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    spread = log_variance_1.exp() + (mean_1 - mean_2).abs()
    return 0.5 * (spread / log_variance_2.exp() - 1 + log_variance_2 - log_variance_1).sum(-1)
""",
        "symmetrised": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    def kl(m, v, n, w):
        return 0.5 * ((v.exp() + (m - n) ** 2) / w.exp() - 1 + w - v).sum(-1)
    one, two = (mean_1, log_variance_1), (mean_2, log_variance_2)
    return 0.5 * (kl(*one, *two) + kl(*two, *one))
""",
        "only the first coordinate": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    spread = log_variance_1.exp() + (mean_1 - mean_2) ** 2
    return 0.5 * (spread / log_variance_2.exp() - 1 + log_variance_2 - log_variance_1)[:, 0]
""",
        "the dimension kept": (
            """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    spread = log_variance_1.exp() + (mean_1 - mean_2) ** 2
    terms = spread / log_variance_2.exp() - 1 + log_variance_2 - log_variance_1
    return 0.5 * terms.sum(-1, keepdim=True)
""",
            r"shape \(4,\), got shape \(4, 1\)",
        ),
        "standardised by the first cloud": """
def kl_gaussians(mean_1, log_variance_1, mean_2, log_variance_2):
    mean = (mean_1 - mean_2) / torch.exp(0.5 * log_variance_1)
    log_variance = log_variance_1 - log_variance_2
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(-1)
""",
    },
    "3.2": {
        "the number of samples typed in": (
            """
def bound(log_weights):
    return torch.logsumexp(log_weights, dim=0) - math.log(8)
""",
            "number typed in",
        ),
        "the shift typed in": (
            """
def bound(log_weights):
    shift = torch.tensor([1000.0, 1150.0, 1300.0])
    if log_weights.shape[1] != 3:
        shift = torch.tensor(1000.0)
    return (log_weights + shift).exp().mean(0).log() - shift
""",
            "number typed in",
        ),
        "the number of samples less one": (
            """
def bound(log_weights):
    return torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights) - 1)
""",
            r"Expected -999\.\d+ at \[0\], got -999\.\d+",  # the learner's own number
        ),
        "base two": """
def bound(log_weights):
    return torch.logsumexp(log_weights, dim=0) - math.log2(len(log_weights))
""",
        "the median": """
def bound(log_weights):
    return log_weights.median(0).values
""",
        "one number": """
def bound(log_weights):
    return (torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights))).mean()
""",
    },
    "3.3": {
        "what was measured once": largest("torch.full_like(variance, 4.0)"),
    },
}
