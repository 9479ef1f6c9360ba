"""Likely mistakes of chapter 02, and right and wrong answers of other kinds, by exercise."""


def mismatch(*terms):
    return f"""
def mismatch(codes):
    mean, covariance, one = codes.mean(0), torch.cov(codes.T), torch.eye(codes.shape[1])
    return {" + ".join(terms)}
"""


MEAN, COVARIANCE = "mean.square().sum()", "(covariance - one).square().sum()"

MISTAKES = {
    "2.1": {
        "the other sign": """
def logit_gradient(logits, x):
    return x - logits.sigmoid()
""",
        "squared error": """
def logit_gradient(logits, x):
    s = torch.sigmoid(logits)
    return (s - x) * s * (1 - s)
""",
        "squared error, without the half": """
def logit_gradient(logits, x):
    l = logits.clone().requires_grad_()
    return torch.autograd.grad((l.sigmoid() - x).square().sum(), l)[0]
""",
        "no sigmoid": """
def logit_gradient(logits, x):
    return logits - x
""",
        "divided by the pixels": """
def logit_gradient(logits, x):
    return (logits.sigmoid() - x) / x[0].numel()
""",
        "mean over everything": """
def logit_gradient(logits, x):
    l = logits.clone().requires_grad_()
    return torch.autograd.grad(F.binary_cross_entropy_with_logits(l, x), l)[0]
""",
        "with respect to the probability": """
def logit_gradient(logits, x):
    s = logits.sigmoid()
    return (1 - x) / (1 - s) - x / s
""",
        "only the first term": """
def logit_gradient(logits, x):
    return logits.exp() / (1 + logits.exp())
""",
        "mean over the images": """
def logit_gradient(logits, x):
    return (logits.sigmoid() - x) / len(x)
""",
    },
    "2.2": {
        "only the mean": """
def whiten(codes):
    return codes - codes.mean(0)
""",
        "each axis on its own": """
def whiten(codes):
    return (codes - codes.mean(0)) / codes.std(0)
""",
        "the mean kept": """
def whiten(codes):
    lower = torch.linalg.cholesky(torch.cov(codes.T))
    return torch.linalg.solve_triangular(lower, codes.T, upper=False).T
""",
        "covariance instead of its root": """
def whiten(codes):
    return (codes - codes.mean(0)) @ torch.linalg.inv(torch.cov(codes.T))
""",
        "the factor on the wrong side": """
def whiten(codes):
    lower = torch.linalg.cholesky(torch.cov(codes.T))
    return (codes - codes.mean(0)) @ torch.linalg.inv(lower)
""",
        "only turned": """
def whiten(codes):
    return (codes - codes.mean(0)) @ torch.linalg.eigh(torch.cov(codes.T)).eigenvectors
""",
        "divided by N": """
def whiten(codes):
    lower = torch.linalg.cholesky(torch.cov(codes.T, correction=0))
    return torch.linalg.solve_triangular(lower, (codes - codes.mean(0)).T, upper=False).T
""",
        "the eigenvectors transposed": """
def whiten(codes):
    values, vectors = torch.linalg.eigh(torch.cov(codes.T))
    return (codes - codes.mean(0)) @ vectors.T / values.sqrt()
""",
        "not a map of the codes": """
def whiten(codes):
    noise = torch.randn_like(codes)
    lower = torch.linalg.cholesky(torch.cov(noise.T))
    return torch.linalg.solve_triangular(lower, (noise - noise.mean(0)).T, upper=False).T
""",
        "not white": """
def whiten(codes):
    return (codes - codes.mean(0)) / torch.cov(codes.T).diagonal()
""",
    },
    "2.3": {
        "the spread is free": mismatch(MEAN),
        "the collapse is free": mismatch("codes.square().sum(1).mean()"),
        "the place is free": mismatch(COVARIANCE),
        "the other axes are free": mismatch(MEAN, "(covariance - one)[0].square().sum()"),
        "the correlation is free": mismatch(MEAN, "(covariance - one).diag().square().sum()"),
        "the gradient is cut": mismatch(MEAN + ".detach()", COVARIANCE + ".detach()"),
    },
}

ALSO_RIGHT = {
    "2.1": {
        "in place": """
def logit_gradient(logits, x):
    logits.sigmoid_()
    logits -= x
    return logits
""",
        "in NumPy": """
def logit_gradient(logits, x):
    return 1 / (1 + np.exp(-logits.numpy())) - x.numpy()
""",
        "by two terms": """
def logit_gradient(logits, x):
    return -x / (1 + logits.exp()) + (1 - x) / (1 + (-logits).exp())
""",
        "by tanh": """
def logit_gradient(logits, x):
    return 0.5 * (1 + torch.tanh(logits / 2)) - x
""",
        "a list": """
def logit_gradient(logits, x):
    return (logits.sigmoid() - x).tolist()
""",
    },
    "2.2": {
        "in place": """
def whiten(codes):
    codes -= codes.mean(0)
    lower = torch.linalg.cholesky(torch.cov(codes.T))
    codes[:] = torch.linalg.solve_triangular(lower, codes.T, upper=False).T
    return codes
""",
        "in NumPy, by principal axes": """
def whiten(codes):
    codes = codes.numpy()
    centred = codes - codes.mean(0)
    values, vectors = np.linalg.eigh(np.cov(centred.T))
    return centred @ vectors / np.sqrt(values)
""",
        "symmetric": """
def whiten(codes):
    values, vectors = torch.linalg.eigh(torch.cov(codes.T))
    return (codes - codes.mean(0)) @ (vectors / values.sqrt()) @ vectors.T
""",
        "by singular values": """
def whiten(codes):
    u, _, _ = torch.linalg.svd(codes - codes.mean(0), full_matrices=False)
    return u * math.sqrt(len(codes) - 1)
""",
        "by a QR decomposition": """
def whiten(codes):
    q, _ = torch.linalg.qr(codes - codes.mean(0))
    return q * (len(codes) - 1) ** 0.5
""",
        "the axes in reverse": """
def whiten(codes):
    centred = (codes - codes.mean(0)).numpy()
    lower = np.linalg.cholesky(np.linalg.inv(np.cov(centred.T)))
    return (centred @ lower)[:, ::-1]
""",
    },
    "2.3": {
        "absolute differences": mismatch("mean.abs().sum()", "(covariance - one).abs().sum()"),
        "the KL of two normal distributions": mismatch(
            "0.5 * (mean.square().sum() + covariance.trace() - covariance.logdet() - len(one))"
        ),
    },
}

ALSO_WRONG = {
    "2.1": {
        "the size typed in": (
            """
def logit_gradient(logits, x):
    l = logits.clone().requires_grad_()
    return 24 * torch.autograd.grad(F.binary_cross_entropy_with_logits(l, x), l)[0]
""",
            "number typed in",
        ),
        "a hard threshold": """
def logit_gradient(logits, x):
    return (logits > 0).float() - x
""",
        "summed over the pixels": """
def logit_gradient(logits, x):
    return (logits.sigmoid() - x).flatten(1).sum(1)
""",
        "flat": """
def logit_gradient(logits, x):
    return (logits.sigmoid() - x).flatten(1)
""",
        "the loss itself": """
def logit_gradient(logits, x):
    return F.softplus(logits) - x * logits
""",
        "the absolute value": """
def logit_gradient(logits, x):
    return (logits.sigmoid() - x).abs()
""",
    },
    "2.2": {
        "noise, its axes scaled": """
def whiten(codes):
    draws = torch.randn(codes.shape, generator=torch.Generator().manual_seed(0))
    return (draws - draws.mean(0)) / draws.std(0)
""",
        "the rows in another order": (
            """
def whiten(codes):
    centred = (codes - codes.mean(0)).flip(0)
    lower = torch.linalg.cholesky(torch.cov(codes.T))
    return torch.linalg.solve_triangular(lower, centred.T, upper=False).T
""",
            "keep their order",
        ),
        "columns as points": (
            """
def whiten(codes):
    lower = torch.linalg.cholesky(torch.cov(codes.T))
    return torch.linalg.solve_triangular(lower, (codes - codes.mean(0)).T, upper=False)
""",
            r"shape \(400, 2\), got shape \(2, 400\)",
        ),
        "the eigenvalues themselves": (
            """
def whiten(codes):
    values, vectors = torch.linalg.eigh(torch.cov(codes.T))
    return (codes - codes.mean(0)) @ vectors / values
""",
            r"came the mean \[-?0.0, -?0.0\] and the covariance",
        ),
        "nothing done": ("whiten = lambda codes: codes.numpy()", "the covariance"),
        "NaN": ("whiten = lambda codes: codes * float('nan')", "NaN"),
        "only two axes": """
def whiten(codes):
    centred = codes - codes.mean(0)
    a, b = centred[:, 0], centred[:, 1]
    one = a / a.std()
    rest = b - (b @ one) / (one @ one) * one
    return torch.stack([one, rest / rest.std()], dim=1)
""",
    },
    "2.3": {
        "one number for each code": mismatch("codes.square().sum(1)"),
        "a name for a number": """
def mismatch(codes):
    return "0"
""",
    },
}

NEEDS_TENSOR = {"2.3"}
