"""Likely mistakes of chapter 04, by exercise."""


def logit(answer):
    return f"""
def best_logit(z, mean, std):
    p = torch.distributions.Normal(0.0, 1.0)
    q = torch.distributions.Normal(mean, std)
    return {answer}
"""


def deviation(answer):
    return f"""
def chance(n_prior, n_codes):
    return {answer}
"""


MISTAKES = {
    "4.1": {
        "missing detach": """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    real, fake = discriminator(prior), discriminator(codes)
    return -fake.mean(), F.softplus(-real).mean() + F.softplus(fake).mean()
""",
        "the encoder is cut off": """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x).detach()
    real, fake = discriminator(prior), discriminator(codes)
    return -fake.mean(), F.softplus(-real).mean() + F.softplus(fake).mean()
""",
        "wrong sign": """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    real, fake = discriminator(prior), discriminator(codes.detach())
    return discriminator(codes).mean(), F.softplus(-real).mean() + F.softplus(fake).mean()
""",
        "the discriminator is cut off": """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    fake = discriminator(codes)
    real = discriminator(prior).detach()
    return -fake.mean(), F.softplus(-real).mean() + F.softplus(fake.detach()).mean()
""",
        "labels swapped": """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    real, fake = discriminator(prior), discriminator(codes.detach())
    return -discriminator(codes).mean(), F.softplus(real).mean() + F.softplus(-fake).mean()
""",
    },
    "4.2": {
        "prior and codes exchanged": logit("(q.log_prob(z) - p.log_prob(z)).sum(-1)"),
        "probability instead of logit": logit("(p.log_prob(z) - q.log_prob(z)).sum(-1).sigmoid()"),
        "not summed": logit("p.log_prob(z) - q.log_prob(z)"),
        "mean over the coordinates": logit("(p.log_prob(z) - q.log_prob(z)).mean(-1)"),
        "the factor 1 / std forgotten": logit(
            "((z - mean) ** 2 / (2 * std**2) - z**2 / 2).sum(-1)"
        ),
        "ratio without logarithm": logit("(p.log_prob(z) - q.log_prob(z)).sum(-1).exp()"),
    },
    "4.3": {
        "the half forgotten": deviation("math.sqrt(0.25 / n_prior + 0.25 / n_codes)"),
        "variance": deviation("(0.25 / n_prior + 0.25 / n_codes) / 4"),
        "one of the two kinds": deviation("0.5 / math.sqrt(n_codes)"),
        "one heap": deviation("0.5 / math.sqrt(n_prior + n_codes)"),
        "deviations added": deviation("0.25 / n_prior**0.5 + 0.25 / n_codes**0.5"),
    },
}

ALSO_RIGHT = {
    "4.1": {
        "as a list": """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    fake = discriminator(codes.detach())
    logistic = F.softplus(-discriminator(prior)).mean() + F.softplus(fake).mean()
    return [-discriminator(codes).mean(), logistic]
""",
        "encoded twice, without a gradient the second time": """
def both_losses(encoder, discriminator, x, prior):
    adversarial = -discriminator(encoder(x)).mean()
    with torch.no_grad():
        codes = encoder(x)
    logits = discriminator(torch.cat([prior, codes]))
    real, fake = logits[: len(prior)], logits[len(prior) :]
    return adversarial, -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean()
""",
        "one number of shape (1,)": """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    real, fake = discriminator(prior), discriminator(codes.detach())
    return -discriminator(codes).mean(0), (F.softplus(-real) + F.softplus(fake)).mean(0)
""",
        "stacked": """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    real, fake = discriminator(prior), discriminator(codes.detach())
    adversarial = -discriminator(codes).mean()
    return torch.stack([adversarial, (F.softplus(-real) + F.softplus(fake)).mean()])
""",
        "the discriminator frozen for the encoder's loss": """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    discriminator.requires_grad_(False)
    adversarial = -discriminator(codes).mean()
    discriminator.requires_grad_(True)
    loss = F.binary_cross_entropy_with_logits
    real, fake = discriminator(prior.detach()), discriminator(codes.detach())
    return adversarial, loss(real, torch.ones_like(real)) + loss(fake, torch.zeros_like(fake))
""",
        "logits squeezed": """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    a, b = discriminator(prior).squeeze(-1), discriminator(codes.detach()).squeeze(-1)
    return -discriminator(codes).sum() / len(x), (F.softplus(-a) + F.softplus(b)).sum() / len(x)
""",
    },
    "4.2": {
        "by hand": logit(
            "((z - mean) ** 2 / (2 * std**2) - z**2 / 2).sum(-1) + z.shape[1] * math.log(std)"
        ),
        "in NumPy": logit(
            "(((z - mean) / std).square() / 2 - z.square() / 2 + math.log(std)).sum(-1).numpy()"
        ),
    },
    "4.3": {
        "measured": """
def chance(n_prior, n_codes):
    sizes = torch.tensor([float(n_prior), n_codes]).expand(4000, 2)
    return (torch.binomial(sizes, torch.full((4000, 2), 0.5)) / sizes).mean(1).std()
""",
    },
}

# The task of 4.1 asks for losses that send a gradient.
NEEDS_TENSOR = ["4.1"]


def _pair(adversarial, logistic):
    """A both_losses that returns these two expressions of codes, x, prior, real and fake."""
    return f"""
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    real, fake = discriminator(prior), discriminator(codes.detach())
    return {adversarial}, {logistic}
"""


_ADVERSARIAL = "-discriminator(codes).mean()"
_LOGISTIC = "F.softplus(-real).mean() + F.softplus(fake).mean()"

ALSO_WRONG = {
    "4.1": {
        "no gradient from the prior": (
            """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    with torch.no_grad():
        real = discriminator(prior)
    fake = discriminator(codes.detach())
    return -discriminator(codes).mean(), F.softplus(-real).mean() + F.softplus(fake).mean()
""",
            "it does not learn from the prior",
        ),
        "no gradient from the codes": (
            _pair(_ADVERSARIAL, "F.softplus(-real).mean() + F.softplus(fake.detach()).mean()"),
            "it does not learn from the codes",
        ),
        "the detached logits taken for both": (
            _pair("-fake.mean()", _LOGISTIC),
            "the encoder is cut off",
        ),
        "all without a gradient": (
            """
@torch.no_grad()
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    real, fake = discriminator(prior), discriminator(codes)
    return -fake.mean(), F.softplus(-real).mean() + F.softplus(fake).mean()
""",
            "the encoder is cut off",
        ),
        "half the codes detached": (
            """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    real, fake = discriminator(prior), discriminator(codes.detach())
    mixed = torch.cat([codes[:2], codes[2:].detach()])
    return -discriminator(mixed).mean(), F.softplus(-real).mean() + F.softplus(fake).mean()
""",
            "cut off in part",
        ),
        "detached, but the gradient comes through the logits' mean": (
            _pair(_ADVERSARIAL, _LOGISTIC + " + 0 * codes.sum() + (codes - codes.detach()).sum()"),
            "missing detach",
        ),
        "numbers": (
            _pair("float(-discriminator(codes).mean())", f"float({_LOGISTIC})"),
            "the encoder is cut off.*item or NumPy",
        ),
        "NumPy": (
            _pair("(-discriminator(codes).mean()).detach().numpy()", _LOGISTIC),
            "the encoder is cut off",
        ),
        "0-d in place of a pair": (_pair("-fake.mean()", _LOGISTIC).replace(", F", " + F"), "pair"),
        "three losses": (_pair(_ADVERSARIAL, f"fake, {_LOGISTIC}"), "got 3"),
        "losses by name": (
            """
def both_losses(encoder, discriminator, x, prior):
    loss = discriminator(encoder(x)).mean()
    return {"adversarial": -loss, "logistic": loss}
""",
            "Expected two losses",
        ),
        "a word": (_pair("'adversarial'", "'logistic'"), "got str"),
        "one loss and a blank": _pair(_ADVERSARIAL, "..."),
        "losses of each code": (_pair("-discriminator(codes)", _LOGISTIC), "single number"),
        "the other order": (_pair(_LOGISTIC, _ADVERSARIAL), "in the other order"),
        "half the loss": (_pair(_ADVERSARIAL, f"({_LOGISTIC}) / 2"), "discriminator's loss: Each"),
        "the non-saturating loss": (
            _pair("F.softplus(-discriminator(codes)).mean()", _LOGISTIC),
            "adversarial loss: -log D",
        ),
        "a backward pass inside": (
            """
def both_losses(encoder, discriminator, x, prior):
    codes = encoder(x)
    adversarial = -discriminator(codes).mean()
    adversarial.backward()
    real, fake = discriminator(prior), discriminator(codes.detach())
    return adversarial, F.softplus(-real).mean() + F.softplus(fake).mean()
""",
            "the graph is used up",
        ),
        "an empty pair": _pair("torch.tensor([])", "torch.tensor([])"),
        "not a number": _pair("torch.tensor(float('nan'))", _LOGISTIC),
        "complex": _pair(f"{_ADVERSARIAL} * 1j", _LOGISTIC),
    },
    "4.2": {
        "one coordinate": logit("(p.log_prob(z) - q.log_prob(z))[:, 0]"),
    },
    "4.3": {
        "what was measured once": deviation("0.0152"),
    },
}
