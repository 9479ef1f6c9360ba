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
