"""Likely mistakes of chapter 05, by exercise."""

MISTAKES = {
    "5.1": {
        "gradient descent": """
def first_adam_step(gradient, learning_rate):
    return -learning_rate * gradient
""",
        "wrong sign": """
def first_adam_step(gradient, learning_rate):
    return learning_rate * gradient / (gradient.abs() + 1e-8)
""",
        "no bias correction": """
def first_adam_step(gradient, learning_rate):
    m, v = (1 - 0.9) * gradient, (1 - 0.999) * gradient**2
    return -learning_rate * m / (v.sqrt() + 1e-8)
""",
        "normalised as a whole": """
def first_adam_step(gradient, learning_rate):
    return -learning_rate * gradient / gradient.norm()
""",
        "squared gradient without root": """
def first_adam_step(gradient, learning_rate):
    return -learning_rate * gradient / gradient**2
""",
    },
    "5.2": {
        "variances instead of eigenvalues": """
def spread(codes):
    return codes.var(0)
""",
        "standard deviations": """
def spread(codes):
    return torch.linalg.svdvals(codes - codes.mean(0)).flip(0) / (len(codes) - 1) ** 0.5
""",
        "not centred": """
def spread(codes):
    return torch.linalg.eigvalsh(codes.T @ codes / len(codes))
""",
        "largest first": """
def spread(codes):
    return torch.linalg.eigvalsh(torch.cov(codes.T)).flip(0)
""",
        "correlation instead of covariance": """
def spread(codes):
    return torch.linalg.eigvalsh(torch.corrcoef(codes.T))
""",
        "complex eigenvalues": """
def spread(codes):
    return torch.linalg.eigvals(torch.cov(codes.T))
""",
    },
    "5.3": {
        "length instead of its square": """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    return gradient.norm(dim=-1).mean()
""",
        "mean over the coordinates": """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    return gradient.square().mean()
""",
        "no graph": """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z)
    return gradient.square().sum(-1).mean()
""",
        "gradient of the mean logit": """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).mean(), z, create_graph=True)
    return gradient.square().sum(-1).mean()
""",
        "sum over the batch": """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    return gradient.square().sum()
""",
        "towards length one": """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    return (gradient.norm(dim=-1) - 1).square().mean()
""",
    },
}
