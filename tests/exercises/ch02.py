"""Likely mistakes of chapter 02, and right and wrong answers of other kinds, by exercise."""

MISTAKES = {
    "2.1": {
        "minus sign lost": """
def floor(x):
    return (torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)).flatten(1).sum(1)
""",
        "only the ink": """
def floor(x):
    return -torch.xlogy(x, x).flatten(1).sum(1)
""",
        "mean instead of sum": """
def floor(x):
    entropy = -torch.xlogy(x, x) - torch.xlogy(1 - x, 1 - x)
    return entropy.mean(dim=(1, 2, 3))
""",
        "bits instead of nats": """
def floor(x):
    entropy = -torch.xlogy(x, x) - torch.xlogy(1 - x, 1 - x)
    return entropy.flatten(1).sum(1) / math.log(2)
""",
        "zero times infinity": """
def floor(x):
    return -(x * torch.log(x) + (1 - x) * torch.log(1 - x)).sum(dim=(1, 2, 3))
""",
        "summed over the batch": """
def floor(x):
    return -(torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)).sum()
""",
        "black and white only": """
def floor(x):
    x = x.round()
    return -(torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)).flatten(1).sum(1)
""",
    },
    "2.2": {
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
    "2.3": {
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
    "2.4": {
        "a loss instead of a gain": """
def gain(logits, x, mean_image):
    def cost(l):
        return F.binary_cross_entropy_with_logits(l, x, reduction="none").flatten(1).sum(1)
    return cost(logits) - cost(torch.logit(mean_image).expand_as(x))
""",
        "probabilities as logits": """
def gain(logits, x, mean_image):
    def cost(l):
        return F.binary_cross_entropy_with_logits(l, x, reduction="none").flatten(1).sum(1)
    return cost(mean_image.expand_as(x)) - cost(logits)
""",
        "the decoder's own cost": """
def gain(logits, x, mean_image):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)
""",
        "measured from the floor": """
def gain(logits, x, mean_image):
    cost = F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)
    return cost - F.binary_cross_entropy(x, x, reduction="none").flatten(1).sum(1)
""",
        "measured from grey": """
def gain(logits, x, mean_image):
    cost = F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)
    return x[0].numel() * math.log(2) - cost
""",
        "mean instead of sum": """
def gain(logits, x, mean_image):
    def cost(l):
        return F.binary_cross_entropy_with_logits(l, x, reduction="none").mean(dim=(1, 2, 3))
    return cost(torch.logit(mean_image).expand_as(x)) - cost(logits)
""",
        "logits as probabilities, twice squashed": """
def gain(logits, x, mean_image):
    def cost(l):
        return F.binary_cross_entropy_with_logits(l, x, reduction="none").flatten(1).sum(1)
    return cost(torch.logit(mean_image).expand_as(x)) - cost(logits.sigmoid())
""",
        "the mean image's cost": """
def gain(logits, x, mean_image):
    s = mean_image.expand_as(x)
    return F.binary_cross_entropy(s, x, reduction="none").flatten(1).sum(1)
""",
        "the mean of this batch": """
def gain(logits, x, mean_image):
    def cost(l):
        return F.binary_cross_entropy_with_logits(l, x, reduction="none").flatten(1).sum(1)
    return cost(torch.logit(x.mean(0)).expand_as(x)) - cost(logits)
""",
        "summed over the batch": """
def gain(logits, x, mean_image):
    def cost(l):
        return F.binary_cross_entropy_with_logits(l, x, reduction="sum")
    return cost(torch.logit(mean_image).expand_as(x)) - cost(logits)
""",
    },
}

# Right answers of other styles.
ALSO_RIGHT = {
    "2.1": {
        "in place": """
def floor(x):
    paper = 1 - x
    x *= x.clamp(min=1e-30).log()
    paper *= paper.clamp(min=1e-30).log()
    return -x.add_(paper).flatten(1).sum(1)
""",
        "in NumPy": """
def floor(x):
    x = x.numpy()
    def part(t):
        return np.where(t > 0, t * np.log(np.where(t > 0, t, 1)), 0)
    return -(part(x) + part(1 - x)).reshape(len(x), -1).sum(1)
""",
        "a loop over floats": """
def floor(x):
    def h(s):
        return 0.0 if s in (0.0, 1.0) else -s * math.log(s) - (1 - s) * math.log(1 - s)
    return [sum(h(s) for s in image.flatten().tolist()) for image in x]
""",
        "a small constant": """
def floor(x):
    return -(x * (x + 1e-9).log() + (1 - x) * (1 - x + 1e-9).log()).sum(dim=(1, 2, 3))
""",
        "the entropy of torch": """
def floor(x):
    return (torch.special.entr(x) + torch.special.entr(1 - x)).flatten(1).sum(-1)
""",
        "NaN set to zero": """
def floor(x):
    return -(x * x.log()).nan_to_num(0).add((1 - x) * (1 - x).log().nan_to_num(0)).sum((1, 2, 3))
""",
    },
    "2.2": {
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
    "2.3": {
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
    "2.4": {
        "in place": """
def gain(logits, x, mean_image):
    mean_image.logit_()
    mine = F.softplus(logits).sub_(x * logits)
    lazy = F.softplus(mean_image) - x * mean_image
    return lazy.sub_(mine).flatten(1).sum(1)
""",
        "in NumPy": """
def gain(logits, x, mean_image):
    l, x, m = logits.numpy(), x.numpy(), mean_image.numpy()
    lazy = -x * np.log(m) - (1 - x) * np.log(1 - m)
    mine = np.logaddexp(0, l) - x * l
    return (lazy - mine).sum(axis=(1, 2, 3))
""",
        "by probabilities": """
def gain(logits, x, mean_image):
    def cost(s):
        return F.binary_cross_entropy(s, x, reduction="none").flatten(1).sum(1)
    return cost(mean_image.expand_as(x)) - cost(logits.sigmoid())
""",
        "by log probabilities": """
def gain(logits, x, mean_image):
    one, two = F.logsigmoid(logits), F.logsigmoid(-logits)
    better = x * (one - mean_image.log()) + (1 - x) * (two - torch.log1p(-mean_image))
    return better.sum(dim=(1, 2, 3))
""",
        "image by image": """
def gain(logits, x, mean_image):
    def cost(l, image):
        return F.binary_cross_entropy_with_logits(l, image, reduction="sum").item()
    lazy = torch.logit(mean_image)
    return [cost(lazy, image) - cost(l, image) for l, image in zip(logits, x)]
""",
    },
}

# Wrong answers that may not pass, some with a pattern of what has to be said.
ALSO_WRONG = {
    "2.1": {
        "the size typed in": (
            """
def floor(x):
    entropy = -torch.xlogy(x, x) - torch.xlogy(1 - x, 1 - x)
    return entropy.mean(dim=(1, 2, 3)) * 8
""",
            "number typed in",
        ),
        "the batch typed in": """
def floor(x):
    entropy = -torch.xlogy(x, x) - torch.xlogy(1 - x, 1 - x)
    return entropy.view(3, 8).sum(1)
""",
        "only the grey below a half": """
def floor(x):
    return -(torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)).where(x < 0.5, 0).flatten(1).sum(1)
""",
        "only the first channel": """
def floor(x):
    x = x[:, 0]
    return -(torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)).sum(dim=(1, 2))
""",
        "every dimension kept": (
            """
def floor(x):
    return -(torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)).sum(dim=(1, 2, 3), keepdim=True)
""",
            r"shape \(3,\), got shape \(3, 1, 1, 1\)",
        ),
        "a word": ("floor = lambda x: 'small'", "wrong type"),
    },
    "2.2": {
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
    "2.3": {
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
    "2.4": {
        "the size typed in": (
            """
def gain(logits, x, mean_image):
    def cost(l):
        return F.binary_cross_entropy_with_logits(l, x, reduction="none").mean(dim=(1, 2, 3))
    return 8 * (cost(torch.logit(mean_image).expand_as(x)) - cost(logits))
""",
            "number typed in",
        ),
        "a relative gain": """
def gain(logits, x, mean_image):
    def cost(l):
        return F.binary_cross_entropy_with_logits(l, x, reduction="none").flatten(1).sum(1)
    lazy = cost(torch.logit(mean_image).expand_as(x))
    return (lazy - cost(logits)) / lazy
""",
        "in bits": """
def gain(logits, x, mean_image):
    def cost(l):
        return F.binary_cross_entropy_with_logits(l, x, reduction="none").flatten(1).sum(1)
    return (cost(torch.logit(mean_image).expand_as(x)) - cost(logits)) / math.log(2)
""",
        "only the ink": """
def gain(logits, x, mean_image):
    return (x * (F.logsigmoid(logits) - mean_image.log())).flatten(1).sum(1)
""",
        "squared errors": """
def gain(logits, x, mean_image):
    return ((mean_image - x) ** 2 - (logits.sigmoid() - x) ** 2).flatten(1).sum(1)
""",
        "never negative": """
def gain(logits, x, mean_image):
    def cost(l):
        return F.binary_cross_entropy_with_logits(l, x, reduction="none").flatten(1).sum(1)
    return (cost(torch.logit(mean_image).expand_as(x)) - cost(logits)).clamp(min=0)
""",
    },
}
