"""Likely mistakes of chapter 09, and right and wrong answers of other styles, by exercise."""

from exercises import ch09_paths

MISTAKES = {
    "9.1": {
        "slope not squared": """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope * (-a_0).exp()
    return (a_0 + torch.log1p(-fall.clamp_max(1))).clamp_min(0)
""",
        "one step only": """
def reached(a_0, n, eta, slope):
    fall = eta * slope**2 * (-a_0).exp()
    return (a_0 + torch.log1p(-fall.clamp_max(1))).clamp_min(0)
""",
        "the logit falls, not its exponential": """
def reached(a_0, n, eta, slope):
    return (a_0 - n * eta * slope**2).clamp_min(0)
""",
        "the first pull for ever": """
def reached(a_0, n, eta, slope):
    return (a_0 - n * eta * slope**2 * (-a_0).exp()).clamp_min(0)
""",
        "out counted as not moved": """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope**2 * (-a_0).exp()
    return torch.where(fall < 1, a_0 + torch.log1p(-fall), a_0)
""",
        "negative answers": """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope**2 * (-a_0).exp()
    return torch.where(fall < 1, a_0 + torch.log1p(-fall), torch.zeros_like(a_0))
""",
        "e^a instead of a": """
def reached(a_0, n, eta, slope):
    return a_0.exp() - n * eta * slope**2
""",
        "the logarithm of what is left, unlimited": """
def reached(a_0, n, eta, slope):
    return (a_0.exp() - n * eta * slope**2).log()
""",
        "overflow": """
def reached(a_0, n, eta, slope):
    return (a_0.exp() - n * eta * slope**2).clamp_min(1).log()
""",
    },
    **ch09_paths.MISTAKES,
}

ALSO_RIGHT = {
    "9.1": {
        "in float64": """
def reached(a_0, n, eta, slope):
    left = a_0.double().exp() - n * eta * slope**2
    return left.clamp_min(1).log().float()
""",
        "in place": """
def reached(a_0, n, eta, slope):
    share = a_0.neg().exp_().mul_(n * eta * slope**2).clamp_max_(1)
    return a_0.add_(share.neg_().log1p_()).clamp_min_(0)
""",
        "in NumPy": """
def reached(a_0, n, eta, slope):
    a_0 = a_0.numpy()
    share = np.minimum(n * eta * slope**2 * np.exp(-a_0), 1)
    with np.errstate(divide="ignore"):
        return np.maximum(a_0 + np.log1p(-share), 0)
""",
        "a list of floats": """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope**2
    return [
        a + math.log1p(-fall * math.exp(-a)) if math.exp(a) > fall + 1 else 0.0
        for a in a_0.tolist()
    ]
""",
        "the logarithm of both": """
def reached(a_0, n, eta, slope):
    fall = torch.log(torch.tensor(n * eta * slope**2 + 1.0))
    share = (n * eta * slope**2) * torch.exp(-a_0)
    return torch.where(a_0 > fall, a_0 + torch.log(1 - share), torch.zeros_like(a_0))
""",
        "step by step": """
def reached(a_0, n, eta, slope):
    a = a_0.double()
    for _ in range(n):
        a = a + torch.log1p(-(eta * slope**2 * (-a).exp()).clamp_max(1))
        a = torch.where(a > 0, a, -math.inf)
    return a.clamp_min(0)
""",
    },
    **ch09_paths.ALSO_RIGHT,
}

ALSO_WRONG = {
    "9.1": {
        "steps typed in": """
def reached(a_0, n, eta, slope):
    fall = 5 * eta * slope**2 * (-a_0).exp()
    return (a_0 + torch.log1p(-fall.clamp_max(1))).clamp_min(0)
""",
        "slope typed in": (
            """
def reached(a_0, n, eta, slope):
    fall = n * eta * 2.0**2 * (-a_0).exp()
    return (a_0 + torch.log1p(-fall.clamp_max(1))).clamp_min(0)
""",
            "slope = 12.*typed in",
        ),
        "used up only": (
            """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope**2 * (-a_0).exp()
    return torch.where(fall < 1, a_0 + torch.log1p(-fall.clamp_max(0.999999)), 0.0)
""",
            "negative",
        ),
        "minus infinity": """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope**2 * (-a_0).exp()
    return a_0 + torch.log1p(-fall.clamp_max(1))
""",
        "used up counted as not moved": """
def reached(a_0, n, eta, slope):
    fall = n * eta * slope**2 * (-a_0).exp()
    return torch.where(fall < 1, (a_0 + torch.log1p(-fall)).clamp_min(0), a_0)
""",
        "the deepest that gets out": """
def reached(a_0, n, eta, slope):
    return (a_0 - math.log(n * eta * slope**2)).clamp_min(0)
""",
        "a_0 where it is deep": """
def reached(a_0, n, eta, slope):
    left = (a_0.exp() - n * eta * slope**2).clamp_min(1).log()
    return torch.where(a_0 > 10, a_0, left)
""",
    },
    **ch09_paths.ALSO_WRONG,
}
