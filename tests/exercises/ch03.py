"""Likely mistakes of chapter 03, by exercise."""

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
    },
    "3.2": {
        "variance instead of standard deviation": """
def draw(mean, log_variance, noise):
    return mean + torch.exp(log_variance) * noise
""",
        "the logarithm as the scale": """
def draw(mean, log_variance, noise):
    return mean + log_variance * noise
""",
        "half the variance": """
def draw(mean, log_variance, noise):
    return mean + 0.5 * torch.exp(log_variance) * noise
""",
        "the mean forgotten": """
def draw(mean, log_variance, noise):
    return log_variance.exp().sqrt() * noise
""",
        "the exponent's sign": """
def draw(mean, log_variance, noise):
    return mean + noise * torch.exp(-0.5 * log_variance)
""",
        "the gradient is cut": """
def draw(mean, log_variance, noise):
    with torch.no_grad():
        return mean + torch.exp(0.5 * log_variance) * noise
""",
    },
    "3.3": {
        "normalised over the codes": """
def whose(z, mean, log_variance):
    squares = (z[:, None] - mean) ** 2 / log_variance.exp()
    return (-0.5 * (squares + log_variance).sum(-1)).softmax(dim=0)
""",
        "normalised over everything": """
def whose(z, mean, log_variance):
    clouds = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    density = clouds.log_prob(z[:, None]).sum(-1).exp()
    return density / density.sum()
""",
        "all clouds equally wide": """
def whose(z, mean, log_variance):
    return (-0.5 * torch.cdist(z, mean) ** 2).softmax(dim=1)
""",
        "the factor 1 / sigma forgotten": """
def whose(z, mean, log_variance):
    squares = (z[:, None] - mean) ** 2 / log_variance.exp()
    return (-0.5 * squares.sum(-1)).softmax(dim=1)
""",
        "variance instead of standard deviation": """
def whose(z, mean, log_variance):
    clouds = torch.distributions.Normal(mean, log_variance.exp())
    return clouds.log_prob(z[:, None]).sum(-1).softmax(dim=1)
""",
        "logarithms instead of probabilities": """
def whose(z, mean, log_variance):
    clouds = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    return clouds.log_prob(z[:, None]).sum(-1).log_softmax(dim=1)
""",
        "densities instead of probabilities": """
def whose(z, mean, log_variance):
    clouds = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    return clouds.log_prob(z[:, None]).sum(-1).exp()
""",
    },
    "3.4": {
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
    },
}
