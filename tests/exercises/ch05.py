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


ALSO_RIGHT = {
    "5.1": {
        "the sign": """
def first_adam_step(gradient, learning_rate):
    return -learning_rate * gradient.sign()
""",
        "in place": """
def first_adam_step(gradient, learning_rate):
    return gradient.sign_().mul_(-learning_rate)
""",
        "in NumPy": """
def first_adam_step(gradient, learning_rate):
    return -learning_rate * np.sign(gradient.numpy())
""",
        "both averages, corrected": """
def first_adam_step(gradient, learning_rate):
    m, v = 0.1 * gradient / (1 - 0.9), 0.001 * gradient**2 / (1 - 0.999)
    return -learning_rate * m / (v.sqrt() + 1e-8)
""",
        "torch's own": """
def first_adam_step(gradient, learning_rate):
    weights = torch.nn.Parameter(torch.zeros_like(gradient))
    weights.grad = gradient
    torch.optim.Adam([weights], lr=learning_rate).step()
    return weights
""",
        "one or the other": """
def first_adam_step(gradient, learning_rate):
    return torch.where(gradient > 0, -learning_rate, learning_rate)
""",
    },
    "5.2": {
        "divided by N": """
def spread(codes):
    z = codes - codes.mean(0)
    return torch.linalg.eigvalsh(z.T @ z / len(z))
""",
        "in place": """
def spread(codes):
    codes -= codes.mean(0)
    return torch.linalg.eigvalsh(codes.T @ codes / (len(codes) - 1))
""",
        "in NumPy": """
def spread(codes):
    return np.linalg.eigvalsh(np.cov(codes.numpy(), rowvar=False))
""",
        "singular values": """
def spread(codes):
    values = torch.linalg.svdvals(codes - codes.mean(0))
    return (values**2 / (len(codes) - 1)).flip(0)
""",
        "principal components": """
def spread(codes):
    from sklearn.decomposition import PCA

    return PCA().fit(codes.numpy()).explained_variance_[::-1]
""",
        "complex, then real and sorted": """
def spread(codes):
    return torch.linalg.eigvals(torch.cov(codes.T)).real.sort().values
""",
        "float64": """
def spread(codes):
    return torch.linalg.eigvalsh(torch.cov(codes.double().T))
""",
    },
    "5.3": {
        "in place": """
def slope_charge(discriminator, z):
    z.requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    return (gradient**2).sum() / len(z)
""",
        "one point at a time": """
def slope_charge(discriminator, z):
    total = 0.0
    for point in z:
        point = point[None].detach().requires_grad_()
        (gradient,) = torch.autograd.grad(discriminator(point), point, create_graph=True)
        total = total + gradient.square().sum()
    return total / len(z)
""",
        "torch.func": """
def slope_charge(discriminator, z):
    gradient = torch.func.vmap(torch.func.grad(lambda point: discriminator(point).sum()))(z)
    return gradient.norm(dim=1).square().mean()
""",
        "backward": """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    discriminator(z).sum().backward(create_graph=True)
    return z.grad.square().sum(-1).mean()
""",
        "the mean logit, made up for": """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).mean(), z, create_graph=True)
    return (gradient * len(z)).square().sum(-1).mean(0, keepdim=True)
""",
    },
}

# The task of 5.3 asks for a penalty that sends a gradient.
NEEDS_TENSOR = ["5.3"]

ALSO_WRONG = {
    "5.1": {
        "the learning rate typed in": (
            """
def first_adam_step(gradient, learning_rate):
    return -0.01 * gradient.sign()
""",
            "typed in",
        ),
        "no learning rate": (
            """
def first_adam_step(gradient, learning_rate):
    return -gradient.sign()
""",
            "no learning rate",
        ),
        "one average corrected": (
            """
def first_adam_step(gradient, learning_rate):
    m, v = 0.1 * gradient, gradient**2
    return -learning_rate * m / v.sqrt()
""",
            "first average not corrected",
        ),
        "the other average corrected": (
            """
def first_adam_step(gradient, learning_rate):
    m, v = gradient, 0.001 * gradient**2
    return -learning_rate * m / v.sqrt()
""",
            "second average not corrected",
        ),
        "an epsilon that is not negligible": """
def first_adam_step(gradient, learning_rate):
    return -learning_rate * gradient / (gradient.abs() + 1e-2)
""",
        "divided by the largest": (
            """
def first_adam_step(gradient, learning_rate):
    return -learning_rate * gradient / gradient.abs().max()
""",
            "by the largest",
        ),
        "the same for all": (
            """
def first_adam_step(gradient, learning_rate):
    return -learning_rate * torch.ones_like(gradient)
""",
            "the size without the sign",
        ),
        "one number": (
            """
def first_adam_step(gradient, learning_rate):
    return -learning_rate
""",
            "got a single number",
        ),
        "NaN": """
def first_adam_step(gradient, learning_rate):
    return gradient * float("nan")
""",
        "a word": """
def first_adam_step(gradient, learning_rate):
    return "-eta"
""",
    },
    "5.2": {
        "eigenvectors too": (
            """
def spread(codes):
    return torch.linalg.eigh(torch.cov(codes.T))
""",
            "eigenvectors too",
        ),
        "eigenvectors too, in NumPy": (
            """
def spread(codes):
    return np.linalg.eigh(np.cov(codes.numpy().T))
""",
            "eigenvectors too",
        ),
        "complex in NumPy": (
            """
def spread(codes):
    return np.linalg.eigvals(np.cov(codes.numpy().T)).astype(complex)
""",
            "complex eigenvalues",
        ),
        "the covariance": """
def spread(codes):
    return torch.cov(codes.T)
""",
        "rows for columns": (
            """
def spread(codes):
    return torch.linalg.eigvalsh(torch.cov(codes))
""",
            "covariance of the rows",
        ),
        "not divided": (
            """
def spread(codes):
    z = codes - codes.mean(0)
    return torch.linalg.eigvalsh(z.T @ z)
""",
            "not divided by N",
        ),
        "the size typed in": (
            """
def spread(codes):
    z = codes - codes.mean(0)
    return torch.linalg.eigvalsh(z.T @ z / 40)
""",
            "typed in",
        ),
        "variances, sorted, divided by N": (
            """
def spread(codes):
    return codes.var(0, correction=0).sort().values
""",
            "variances in order",
        ),
        "largest first, divided by N": (
            """
def spread(codes):
    return torch.linalg.eigvalsh(torch.cov(codes.T, correction=0)).flip(0)
""",
            "largest first",
        ),
        "the smallest a little off": """
def spread(codes):
    values = torch.linalg.eigvalsh(torch.cov(codes.T))
    return values + torch.tensor([0.02] + [0.0] * (len(values) - 1))
""",
        "the largest only": """
def spread(codes):
    return torch.linalg.eigvalsh(torch.cov(codes.T))[-1]
""",
        "a word": """
def spread(codes):
    return "wide"
""",
        "a dict": """
def spread(codes):
    return {"eigenvalues": torch.linalg.eigvalsh(torch.cov(codes.T))}
""",
    },
    "5.3": {
        "one number for each point": (
            """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    return gradient.square().sum(-1)
""",
            "Take the mean over the batch",
        ),
        "a graph of another value": (
            """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    logits = discriminator(z)
    (gradient,) = torch.autograd.grad(logits.sum(), z, create_graph=True)
    return gradient.detach().square().sum(-1).mean() + (logits - logits.detach()).mean()
""",
            "a part is cut off",
        ),
        "half the points detached": (
            """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    squared = gradient.square().sum(-1)
    return torch.cat([squared[:1], squared[1:].detach()]).mean()
""",
            "a part is cut off",
        ),
        "a number": (
            """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    return gradient.square().sum(-1).mean().item()
""",
            "no graph",
        ),
        "half of it": (
            """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    return gradient.square().sum(-1).mean() / 2
""",
            "half the square",
        ),
        "the size typed in": (
            """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    return gradient.square().sum() / 5
""",
            "typed in",
        ),
        "the length of all": (
            """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    return gradient.norm()
""",
            "length of all gradients together",
        ),
        "the slope in the weights": """
def slope_charge(discriminator, z):
    slopes = torch.autograd.grad(
        discriminator(z).sum(), list(discriminator.parameters()), create_graph=True
    )
    return sum(g.square().sum() for g in slopes) / len(z)
""",
        "the slope of D": """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sigmoid().sum(), z, create_graph=True)
    return gradient.square().sum(-1).mean()
""",
        "a graph that is used up": (
            """
def slope_charge(discriminator, z):
    z = z.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True)
    charge = gradient.square().sum(-1).mean()
    charge.backward()
    return charge
""",
            "used up",
        ),
        "a pair": """
def slope_charge(discriminator, z):
    return discriminator(z).mean(), z
""",
    },
}
