"""Exercises of chapter 07."""

import math

import torch

from nav_utils.checks import Mistake, closest, exercise


@exercise("7.1", hint="the logit of D is log D - log(1 - D); put D = 1/2 + eps into it")
def band(answer) -> Mistake | None:
    """A function eps -> the logit at D = 1/2 + eps."""
    eps = torch.tensor([0.05, 0.1, 0.3, 0.45])
    right = torch.tensor([math.log((0.5 + e) / (0.5 - e)) for e in eps.tolist()])
    return closest(
        torch.stack([torch.as_tensor(answer(e)) for e in eps.tolist()]),
        right,
        {
            "probability, not logit": (0.5 + eps, "That is D at the rim. Asked for is its logit."),
            "odds, not their logarithm": (
                right.exp(),
                "Those are the odds D / (1 - D). The logit is their logarithm.",
            ),
            "logit of eps": (
                torch.logit(eps),
                "You took the logit of eps itself. The rim of the band is at D = 1/2 + eps.",
            ),
            "log D only": (
                (0.5 + eps).log(),
                "The logit is log D minus log(1 - D).",
            ),
            "one, not one half": (
                ((1 + eps) / (1 - eps)).log(),
                "The rim is at D = 1/2 + eps, and 1 - D = 1/2 - eps there.",
            ),
            "lower rim": (-right, "That is the rim below, D = 1/2 - eps. The upper one, please."),
            "straight line": (
                4 * eps,
                "4 eps is the tangent at D = 1/2, good for small eps only.",
            ),
        },
    )


@exercise("7.2", hint="sum p(z) * cell over the grid points with log p - log q > level")
def prior_mass(answer) -> Mistake | None:
    """A function (log_p, log_q, level, cell) -> prior mass where log p - log q > level."""
    generator = torch.Generator().manual_seed(0)
    z = 3 * torch.rand(400, 2, generator=generator)
    log_p = -z.square().sum(-1) / 2 - math.log(2 * math.pi)
    log_q = log_p + 2 * torch.randn(400, generator=generator)
    level, cell = math.log(4), 0.02
    p, q = log_p.exp(), log_q.exp()
    hole = log_p - log_q > level
    right = (p * hole).sum() * cell
    return closest(
        answer(log_p, log_q, level, cell),
        right,
        {
            "area, not mass": (
                hole.sum() * cell,
                "That is the area. A cell counts with the prior's density: p(z) times cell.",
            ),
            "share of the grid": (
                hole.double().mean(),
                "That is the share of grid points. Weight each with p(z) times cell.",
            ),
            "wrong side": (
                (p * (log_q - log_p > level)).sum() * cell,
                "There q is larger than p. A hole has log p - log q above the level.",
            ),
            "all but the holes": (
                (p * ~hole).sum() * cell,
                "That is the mass of everything else: a hole has log p - log q above the level.",
            ),
            "cell forgotten": (
                (p * hole).sum(),
                "A density becomes a mass only when multiplied by an area: the cell.",
            ),
            "mass of the codes": (
                (q * hole).sum() * cell,
                "That is q's mass in the holes, small by definition. Sum p.",
            ),
            "log density": (
                (log_p * hole).sum() * cell,
                "You summed log p. Take exp first.",
            ),
        },
    )


@exercise("7.3", hint="sort; the rank is ceil((n + 1) * (1 - alpha)), and ranks count from 1")
def level_of(answer) -> Mistake | None:
    """A function (logits, alpha) -> the conformal level."""
    logits = torch.randn(30, generator=torch.Generator().manual_seed(0))
    logits[3] = -5.0  # tells one side from two
    alpha = 0.2  # rank ceil(31 * 0.8) = 25
    order = logits.sort().values
    right = order[24]
    return closest(
        answer(logits, alpha),
        right,
        {
            "rank counts from 0": (
                order[25],
                "One too far: the 25th smallest stands at index 24.",
            ),
            "n instead of n + 1": (
                order[23],
                "ceil(n (1 - alpha)) is one short: the fresh code counts as one of n + 1.",
            ),
            "quantile without the correction": (
                logits.quantile(1 - alpha),
                "torch.quantile interpolates and knows nothing of n + 1: take the ranked value.",
            ),
            "wrong tail": (
                order[math.ceil(31 * alpha) - 1],
                "That leaves 1 - alpha of the codes above. They should lie below.",
            ),
            "two-sided": (
                logits.abs().sort().values[24],
                "You ranked |a|. A very negative a is no reason to complain: rank a itself.",
            ),
        },
    )
