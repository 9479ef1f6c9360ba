"""Likely mistakes of chapter 04, by exercise."""

MISTAKES = {
    "4.1": {
        "labels swapped": """
def referee_loss(prior_logits, code_logits):
    return F.softplus(prior_logits).mean() + F.softplus(-code_logits).mean()
""",
        "sigmoid twice": """
def referee_loss(prior_logits, code_logits):
    real, fake = torch.sigmoid(prior_logits), torch.sigmoid(code_logits)
    loss = F.binary_cross_entropy_with_logits
    return loss(real, torch.ones_like(real)) + loss(fake, torch.zeros_like(fake))
""",
        "half the loss": """
def referee_loss(prior_logits, code_logits):
    logits = torch.cat([prior_logits, code_logits])
    labels = torch.cat([torch.ones_like(prior_logits), torch.zeros_like(code_logits)])
    return F.binary_cross_entropy_with_logits(logits, labels)
""",
        "probability before logarithm": """
def referee_loss(prior_logits, code_logits):
    real, fake = torch.sigmoid(prior_logits), torch.sigmoid(code_logits)
    return -torch.log(real).mean() - torch.log(1 - fake).mean()
""",
        "sum instead of mean": """
def referee_loss(prior_logits, code_logits):
    return F.softplus(-prior_logits).sum() + F.softplus(code_logits).sum()
""",
    },
    "4.2": {
        "wrong sign": """
def encoder_share(code_logits):
    return code_logits.mean()
""",
        "probability instead of logit": """
def encoder_share(code_logits):
    return -torch.sigmoid(code_logits).mean()
""",
        "the non-saturating loss": """
def encoder_share(code_logits):
    return -F.logsigmoid(code_logits).mean()
""",
        "sum instead of mean": """
def encoder_share(code_logits):
    return -code_logits.sum()
""",
    },
    "4.3": {
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
}


ALSO_RIGHT = {
    "4.1": {
        "binary cross-entropy": """
def referee_loss(prior_logits, code_logits):
    loss = F.binary_cross_entropy_with_logits
    real = loss(prior_logits, torch.ones_like(prior_logits))
    return real + loss(code_logits, torch.zeros_like(code_logits))
""",
        "logsigmoid": """
def referee_loss(prior_logits, code_logits):
    return -F.logsigmoid(prior_logits).mean() - F.logsigmoid(-code_logits).mean()
""",
        "one mean over both": """
def referee_loss(prior_logits, code_logits):
    return (F.softplus(-prior_logits) + F.softplus(code_logits)).mean()
""",
        "twice the mean of all": """
def referee_loss(prior_logits, code_logits):
    logits = torch.cat([prior_logits, code_logits])
    labels = torch.cat([torch.ones_like(prior_logits), torch.zeros_like(code_logits)])
    return 2 * F.binary_cross_entropy_with_logits(logits, labels)
""",
        "logaddexp in NumPy": """
def referee_loss(prior_logits, code_logits):
    real, fake = prior_logits.numpy(), code_logits.numpy()
    return np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean()
""",
        "in place": """
def referee_loss(prior_logits, code_logits):
    prior_logits *= -1
    return F.softplus(prior_logits).mean() + F.softplus(code_logits).mean()
""",
        "a plain loop": """
def referee_loss(prior_logits, code_logits):
    def softplus(a):
        return max(a, 0.0) + math.log1p(math.exp(-abs(a)))

    real = [softplus(-float(a)) for a in prior_logits]
    fake = [softplus(float(a)) for a in code_logits]
    return sum(real) / len(real) + sum(fake) / len(fake)
""",
    },
    "4.2": {
        "in place": """
def encoder_share(c):
    c *= -1
    return c.mean()
""",
        "in NumPy": """
def encoder_share(code_logits):
    return -np.mean(code_logits.numpy())
""",
        "a plain number": """
def encoder_share(code_logits):
    return -sum(code_logits.tolist()) / len(code_logits)
""",
        "through the probability": """
def encoder_share(code_logits):
    d = torch.sigmoid(code_logits)
    return (torch.log(1 - d) - torch.log(d)).mean()
""",
    },
    "4.3": {
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
}

# The task of 4.3 asks for losses that send a gradient.
NEEDS_TENSOR = ["4.3"]


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
        "minus the loss": (
            """
def referee_loss(prior_logits, code_logits):
    return F.logsigmoid(prior_logits).mean() + F.logsigmoid(-code_logits).mean()
""",
            "minus the loss",
        ),
        "a probability with a floor": (
            """
def referee_loss(prior_logits, code_logits):
    real, fake = torch.sigmoid(prior_logits), torch.sigmoid(code_logits)
    return -torch.log(real + 1e-8).mean() - torch.log(1 - fake + 1e-8).mean()
""",
            "At a logit of -1,000",
        ),
        "cross-entropy of probabilities": (
            """
def referee_loss(prior_logits, code_logits):
    loss, real, fake = F.binary_cross_entropy, prior_logits.sigmoid(), code_logits.sigmoid()
    return loss(real, torch.ones_like(real)) + loss(fake, torch.zeros_like(fake))
""",
            "probability before logarithm",
        ),
        "softplus that overflows": (
            """
def referee_loss(prior_logits, code_logits):
    return torch.log1p(torch.exp(-prior_logits)).mean() + torch.log1p(code_logits.exp()).mean()
""",
            "exp overflows",
        ),
        "the size typed in": (
            """
def referee_loss(prior_logits, code_logits):
    return (F.softplus(-prior_logits).sum() + F.softplus(code_logits).sum()) / 4
""",
            "typed in",
        ),
        "the codes left out": (
            """
def referee_loss(prior_logits, code_logits):
    return F.softplus(-prior_logits).mean()
""",
            "the prior's half only",
        ),
        "one class for both": (
            """
def referee_loss(prior_logits, code_logits):
    return F.softplus(-prior_logits).mean() + F.softplus(-code_logits).mean()
""",
            "one class for both",
        ),
        "two losses": """
def referee_loss(prior_logits, code_logits):
    return F.softplus(-prior_logits).mean(), F.softplus(code_logits).mean()
""",
        "the wrong loss for a large right logit": """
def referee_loss(prior_logits, code_logits):
    sure = prior_logits.min() > 500
    return torch.tensor(float("nan")) if sure else (
        F.softplus(-prior_logits).mean() + F.softplus(code_logits).mean()
    )
""",
    },
    "4.2": {
        "the size typed in": (
            """
def encoder_share(code_logits):
    return -code_logits.sum() / 5
""",
            "typed in",
        ),
        "the first term only": """
def encoder_share(code_logits):
    return -code_logits[0]
""",
        "the absolute value": (
            """
def encoder_share(code_logits):
    return code_logits.mean().abs()
""",
            "never below zero",
        ),
        "cut off at zero": (
            """
def encoder_share(code_logits):
    return (-code_logits.mean()).clamp(min=0)
""",
            "cut off at zero",
        ),
        "the minimax loss": (
            """
def encoder_share(code_logits):
    return torch.log(1 - torch.sigmoid(code_logits)).mean()
""",
            "the minimax loss",
        ),
        "no mean at all": (
            """
def encoder_share(code_logits):
    return -code_logits
""",
            "Expected a single number",
        ),
        "a word": (
            """
def encoder_share(code_logits):
    return "minus a"
""",
            "got str",
        ),
        "the median": """
def encoder_share(code_logits):
    return -code_logits.median()
""",
    },
    "4.3": {
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
}
