"""Likely mistakes of chapter 17, by exercise; right and wrong answers of other styles."""

FIRST = """
def first_look(on_prior, on_codes):
    loss = {loss}
    gap = on_prior[:, None] - on_codes
    auc = {auc}
    kl = {kl}
    return loss, auc, kl
"""
LOSS = "(F.softplus(-on_prior).mean() + F.softplus(on_codes).mean()) / 2"
AUC = "(gap > 0).float().mean() + (gap == 0).float().mean() / 2"
KL = "-on_codes.mean()"


def look(loss=LOSS, auc=AUC, kl=KL):
    return FIRST.format(loss=loss, auc=auc, kl=kl)


CHAIN = """
def links(codes, prior_samples, bridges):
    chain = []
    for k in range({first}, {last}):
        w = k / bridges
        chain.append({link})
    return torch.stack(chain)
"""
LINK = "math.sqrt(1 - w**2) * codes + w * prior_samples"


def chain(link=LINK, first="0", last="bridges + 1"):
    return CHAIN.format(link=link, first=first, last=last)


def named(a, b, c):
    return f'defects = {{"A": "{a}", "B": "{b}", "C": "{c}"}}'


MISTAKES = {
    "17.1": {
        "classes swapped": look("(F.softplus(on_prior).mean() + F.softplus(-on_codes).mean()) / 2"),
        "sum of both classes": look("F.softplus(-on_prior).mean() + F.softplus(on_codes).mean()"),
        "all points in one mean": look(
            "torch.cat([F.softplus(-on_prior), F.softplus(on_codes)]).mean()"
        ),
        "loss in bits": look(f"{LOSS} / math.log(2)"),
        "loss overflows": look(
            "-(on_prior.sigmoid().log().mean() + (1 - on_codes.sigmoid()).log().mean()) / 2"
        ),
        "AUC of the codes": look(auc=f"1 - ({AUC})"),
        "ties left out": look(auc="(gap > 0).float().mean()"),
        "ties counted whole": look(auc="(gap >= 0).float().mean()"),
        "accuracy": look(auc="((on_prior > 0).float().mean() + (on_codes < 0).float().mean()) / 2"),
        "sign of the KL": look(kl="on_codes.mean()"),
        "the other KL": look(kl="on_prior.mean()"),
        "the symmetric sum": look(kl="on_prior.mean() - on_codes.mean()"),
        "not three numbers": """
def first_look(on_prior, on_codes):
    return -on_codes.mean()
""",
    },
    "17.2": {
        "straight mixing": chain("(1 - w) * codes + w * prior_samples"),
        "w not squared": chain("math.sqrt(1 - w) * codes + w * prior_samples"),
        "roots of both": chain("math.sqrt(1 - w) * codes + math.sqrt(w) * prior_samples"),
        "from prior to codes": chain().replace("stack(chain)", "stack(chain[::-1])"),
        "the prior left out": chain(last="bridges"),
        "the codes left out": chain(first="1"),
        "only the links between": chain(first="1", last="bridges"),
        "roles exchanged": chain("math.sqrt(1 - w**2) * prior_samples + w * codes"),
    },
    "17.3": {
        "two confused": named("one photograph", "few codes", "another scale"),
        "all three confused": named("few codes", "one photograph", "another scale"),
        "a defect named twice": named("another scale", "few codes", "few codes"),
        "unknown defect": named("another scale", "too few", "one photograph"),
        "other letters": 'defects = {"A": "another scale", "B": "few codes"}',
        "not a dictionary": 'defects = "ABC"',
    },
}

ALSO_RIGHT = {
    "17.1": {
        "with scikit-learn": """
from sklearn.metrics import roc_auc_score


def first_look(on_prior, on_codes):
    a = torch.cat([on_prior, on_codes])
    y = torch.cat([torch.ones(len(on_prior)), torch.zeros(len(on_codes))])
    loss = (-F.logsigmoid(on_prior)).mean() / 2 - F.logsigmoid(-on_codes).mean() / 2
    return float(loss), roc_auc_score(y, a), -float(on_codes.mean())
""",
    },
    "17.2": {
        "by angles": """
def links(codes, prior_samples, bridges):
    angles = torch.asin(torch.linspace(0, 1, bridges + 1))[:, None, None]
    return angles.cos() * codes + angles.sin() * prior_samples
""",
    },
    "17.3": {
        "in another order": """
defects = dict(C="one photograph", A="another scale", B="few codes")
""",
    },
}

ALSO_WRONG = {
    "17.3": {
        "numbers": 'defects = {"A": 1, "B": 2, "C": 3}',
        "lists": 'defects = {"A": ["few codes"], "B": ["few codes"], "C": ["few codes"]}',
        "nothing in it": "defects = {}",
    },
}
