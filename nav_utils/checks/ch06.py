"""Exercises of chapter 06: the density ratio that a discriminator knows."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nav_utils.checks import GENERIC, Mistake, closest, exercise, first_mistake
from nav_utils.checks.compare import to_array

Mistakes = dict[str, tuple[Tensor, str]]


# ---- 6.1 --------------------------------------------------------------------------------------


@exercise("6.1", hint="the learnt logit is a* + log(n_prior / n_codes): subtract, then sigmoid")
def balanced_probability(answer: Callable[[Tensor, float, float], Tensor]) -> Mistake | None:
    """A function (logit, n_prior, n_codes) -> D of balanced batches."""
    generator = torch.Generator().manual_seed(6)
    inputs = [(torch.tensor([-1.5, 0.4, 2.0, -0.3]), 128, 832)]
    inputs += [
        (2 * torch.randn(size, generator=generator), n_prior, n_codes)
        for size, n_prior, n_codes in ((5, 300, 70), (12, 55, 64))
    ]
    return first_mistake(
        (
            closest(answer(*given), *balanced(*given), strict=place == 0)
            for place, given in enumerate(inputs)
        ),
        "batches of other sizes",
    )


def balanced(logit: Tensor, n_prior: int, n_codes: int) -> tuple[Tensor, Mistakes]:
    """D of balanced batches, and what likely mistakes give."""
    odds = n_codes / n_prior
    right = (logit + math.log(odds)).sigmoid()
    return right, {
        "wrong sign": (
            (logit - math.log(odds)).sigmoid(),
            "That adds the log of the class odds a second time. The logit has it already: "
            "subtract it.",
        ),
        "odds without logarithm": (
            (logit + odds).sigmoid(),
            "Odds multiply; logits add. Add the logarithm of n_codes / n_prior.",
        ),
        "odds without logarithm, subtracted": (
            (logit - 1 / odds).sigmoid(),
            "Odds multiply; logits add. Subtract the logarithm of n_prior / n_codes.",
        ),
        "logit multiplied": (
            (logit * odds).sigmoid(),
            "It is the odds that are multiplied. To the logit add the logarithm of that factor.",
        ),
        "share instead of odds": (
            (logit - math.log(n_prior / (n_prior + n_codes))).sigmoid(),
            "The shift is the log of the odds n_prior / n_codes, not of the share "
            "n_prior / (n_prior + n_codes).",
        ),
        "another logarithm": (
            (logit + math.log10(odds)).sigmoid(),
            "The logit is in natural logarithms: use math.log, not log10.",
        ),
        "whole-number division": (
            (logit + math.log(max(n_codes // n_prior, 1))).sigmoid(),
            "// rounds the quotient down. Divide with /.",
        ),
        "not corrected": (
            logit.sigmoid(),
            "That is the probability in batches like those of the training.",
        ),
        "probability scaled": (
            logit.sigmoid() * odds,
            "Probabilities do not scale so, and yours can exceed 1. Work on the logit.",
        ),
        "probability of a code": (
            1 - right,
            "That is 1 - D, the probability of a code. Prior is 1.",
        ),
        "logit instead of probability": (
            logit + math.log(odds),
            "The logit is right. Asked for is D: its sigmoid.",
        ),
    }


# ---- 6.2 --------------------------------------------------------------------------------------


@exercise(
    "6.2", hint="which samples does an expectation over p take? JS is ln 2 minus the mean loss"
)
def divergences(answer: Callable[[Tensor, Tensor], object]) -> Mistake | None:
    """A function (prior_logits, code_logits) -> (KL(p || q), JS(p, q))."""
    generator = torch.Generator().manual_seed(6)
    inputs = [(torch.tensor([2.0, -0.5, 1.0, 3.0]), torch.tensor([-1.0, 0.5, -2.0, -0.8]))]
    inputs += [
        (1 + torch.randn(n, generator=generator), torch.randn(n, generator=generator) - 0.7)
        for n in (5, 12)
    ]
    mistake = first_mistake(
        (
            closest(answer(*given), *two_divergences(*given), strict=place == 0)
            for place, given in enumerate(inputs)
        ),
        "logits of other points",
    )
    if mistake is not None:
        return mistake
    # Logits this large leave no digit of log(1 - sigmoid(a)), and none of log(1 + exp(a)).
    large = (
        torch.tensor([200.0, -150.0, 20.0, 3.0, 18.5]),
        torch.tensor([-200.0, 150.0, -20.0, 19.0, -2]),
    )
    if closest(answer(*large), two_divergences(*large)[0]) is None:
        return None
    return Mistake(
        "digits lost at large logits",
        "Right while logits are moderate. At a logit of 20 the sigmoid is rounded to 1, and the "
        "log of 1 minus it is -inf; exp(a) overflows at 89. softplus(a) is -log(1 - sigmoid(a)) "
        "without either.",
    )


def two_divergences(prior: Tensor, codes: Tensor) -> tuple[Tensor, Mistakes]:
    """KL(p || q) and JS(p, q) from the logits, and what likely mistakes give."""
    half_p, half_q = F.softplus(-prior).mean(), F.softplus(codes).mean()
    ln2 = math.log(2)
    kl, js = prior.mean(), ln2 - (half_p + half_q) / 2
    swapped = (F.softplus(prior).mean() + F.softplus(-codes).mean()) / 2
    pair = {
        "the other KL": (
            (-codes.mean(), js),
            "The mean of -a over codes is KL(q || p). KL(p || q) takes its mean over the prior.",
        ),
        "wrong sign": (
            (-kl, js),
            "KL(p || q) is the mean of log p - log q, which is a itself, with a plus.",
        ),
        "sum instead of mean": (
            (prior.sum(), js),
            "You summed a over the samples. An expectation is their mean.",
        ),
        "KL of the probabilities": (
            (prior.sigmoid().log().mean(), js),
            "You took the mean of log D. KL(p || q) is the mean of a, of the logit itself.",
        ),
        "sum of the classes": (
            (kl, ln2 - half_p - half_q),
            "ln 2 belongs to the mean of the two classes' losses. You took their sum, whose "
            "blind value is 2 ln 2.",
        ),
        "twice JS": (
            (kl, 2 * ln2 - half_p - half_q),
            "2 ln 2 minus the sum of the losses is twice JS: halve it.",
        ),
        "loss instead of divergence": (
            (kl, (half_p + half_q) / 2),
            "That is the loss, which is small when the two differ. JS is ln 2 minus it.",
        ),
        "JS negative": (
            (kl, -js),
            "JS is ln 2 minus the loss, not the loss minus ln 2.",
        ),
        "bits and nats": (
            (kl, 1 - (half_p + half_q) / 2),
            "A blind discriminator pays ln 2 = 0.69 nats, not 1: JS is ln 2 minus the loss.",
        ),
        "labels swapped": (
            (kl, ln2 - swapped),
            "Prior is class 1: softplus(-a) on prior samples, softplus(a) on codes.",
        ),
        "other order": ((js, kl), "KL first, then JS."),
    }
    mistakes = {name: (torch.stack(value), advice) for name, (value, advice) in pair.items()}
    return torch.stack([kl, js]), mistakes


# ---- 6.3 --------------------------------------------------------------------------------------


@exercise("6.3", hint="the variance of the logarithm of a count is about 1 over the count; add two")
def codes_needed(answer: Callable[[float, float, float], float]) -> Mistake | None:
    """How many samples of each kind give a standard deviation: what n gives is measured."""
    places = ((0.03, 0.002, 0.1), (0.004, 0.05, 0.2), (0.01, 0.012, 0.05))
    return first_mistake(
        (f"shares {p} and {q}, {error} nats", counted(answer(p, q, error), p, q, error, k == 0))
        for k, (p, q, error) in enumerate(places)
    )


def counted(n: object, p: float, q: float, error: float, strict: bool) -> Mistake | None:
    """Whether n samples of each kind give this standard deviation, within a tenth."""
    right, mistakes = needed(p, q, error)
    found = closest(n, right, mistakes, tolerance=0.02, strict=strict)
    number = to_array(n)
    if found is None or found.name not in GENERIC or number is None or number.ndim:
        return found
    if not 1 <= number < 1e9:
        return found
    generator = torch.Generator().manual_seed(5)
    count = torch.full((4000, 2), float(number)).double().round()
    part = torch.tensor([p, q]).double().expand(4000, 2)
    hits = torch.binomial(count, part, generator=generator).clamp_min(0.5)
    came = float((hits[:, 0] / hits[:, 1]).log().std())
    if abs(came / error - 1) < 0.1:
        return None
    return Mistake(
        "another deviation",
        f"With n = {float(number):,.0f} the standard deviation came as {came:.3f}, {error} wanted.",
    )


def needed(p: float, q: float, error: float) -> tuple[Tensor, Mistakes]:
    """The number of samples, and what likely mistakes give."""
    values = {
        "the prior's count only": (
            1 / p / error**2,
            "The codes are counted too, and the smaller count decides: 1/P + 1/Q.",
        ),
        "the codes' count only": (
            1 / q / error**2,
            "Both counts vary: their variances add, 1/P + 1/Q.",
        ),
        "error not squared": (
            (1 / p + 1 / q) / error,
            "That is the variance: the square of the error you want.",
        ),
        "of the sum of the shares": (
            1 / (p + q) / error**2,
            "The logarithm of a ratio has the variance 1/(nP) + 1/(nQ), not that of P + Q.",
        ),
        "deviations added": (
            (p**-0.5 + q**-0.5) ** 2 / error**2,
            "Variances of independent counts add, not their standard deviations.",
        ),
    }
    wrong = {name: (torch.tensor(n), advice) for name, (n, advice) in values.items()}
    return torch.tensor((1 / p + 1 / q) / error**2), wrong
