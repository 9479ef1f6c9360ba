"""Likely mistakes of chapter 02, by exercise."""

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
    },
}
