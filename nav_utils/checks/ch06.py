"""Exercises of chapter 06: the density ratio that a discriminator knows."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nav_utils.checks import GENERIC, Mistake, closest, exercise, first_mistake

Mistakes = dict[str, tuple[Tensor, str]]


# ---- 6.1 --------------------------------------------------------------------------------------


@exercise("6.1", hint="D* is the sigmoid of log p - log q; do not leave the logarithms before")
def optimal_probability(answer: Callable[[Tensor, Tensor], Tensor]) -> Mistake | None:
    """A function (log_p, log_q) -> D*, safe where both densities underflow."""
    generator = torch.Generator().manual_seed(6)
    inputs = [(torch.tensor([-2.0, -1.0, -4.0, -3.5]), torch.tensor([-1.2, -3.0, -3.9, -8.0]))]
    inputs += [
        (-8 * torch.rand(n, generator=generator), -8 * torch.rand(n, generator=generator))
        for n in (5, 12)
    ]
    mistake = first_mistake(
        (
            closest(answer(log_p, log_q), *probabilities(log_p, log_q), strict=place == 0)
            for place, (log_p, log_q) in enumerate(inputs)
        ),
        "densities of other points",
    )
    return mistake or underflow(answer) or overflow(answer)


def probabilities(log_p: Tensor, log_q: Tensor) -> tuple[Tensor, Mistakes]:
    """D* at these log densities, and what likely mistakes give."""
    difference = log_p - log_q
    return difference.sigmoid(), {
        "labels swapped": (
            (-difference).sigmoid(),
            "That is q / (p + q), the probability of a code. Prior is 1: p / (p + q).",
        ),
        "ratio instead of probability": (
            difference.exp(),
            "That is p / q, from 0 to infinity: the odds. D* is p / (p + q), from 0 to 1.",
        ),
        "logit instead of probability": (
            difference,
            "That is the logit a*. D* is its sigmoid.",
        ),
        "logarithms taken for densities": (
            log_p / (log_p + log_q),
            "You divided logarithms. p / (p + q) is of densities: sigmoid(log p - log q).",
        ),
        "densities in the sigmoid": (
            (log_p.exp() - log_q.exp()).sigmoid(),
            "The logit is the difference of the logarithms, not of the densities: leave out exp.",
        ),
    }


def underflow(answer: Callable[[Tensor, Tensor], Tensor]) -> Mistake | None:
    """In the far tail both densities are rounded to 0; their ratio is moderate."""
    log_p = torch.tensor([-1000.0, -1203.0, -2500.0])
    log_q = torch.tensor([-1002.0, -1200.0, -2499.0])
    hidden = (
        "hides the 0 / 0 and leaves a made-up number. Subtract the logarithms first: the ratio is "
        "moderate even where both densities are tiny."
    )
    mistake = closest(
        answer(log_p, log_q),
        (log_p - log_q).sigmoid(),
        {
            "padded against underflow": (
                torch.zeros(3),
                f"A small number in the denominator, or a 0 for what is not a number, {hidden}",
            ),
            "clamped against underflow": (
                torch.full((3,), 0.5),
                f"A least density for both, or a half for what is not a number, {hidden}",
            ),
        },
    )
    if mistake is None or mistake.name not in GENERIC:
        return mistake
    return Mistake(
        "underflow",
        "At a log density of -1,000 both p and q are rounded to 0, and 0 / 0 is not a number. "
        "Subtract the logarithms first, then take the sigmoid.",
    )


def overflow(answer: Callable[[Tensor, Tensor], Tensor]) -> Mistake | None:
    """In the far tail the difference of the logarithms may be large, of either sign."""
    log_p, log_q = torch.tensor([-1100.0, -2000.0]), torch.tensor([-2000.0, -1100.0])
    if closest(answer(log_p, log_q), (log_p - log_q).sigmoid()) is None:
        return None
    return Mistake(
        "overflow",
        "In the tail log p - log q can be in the hundreds, and its exponential is infinite. "
        "sigmoid computes e^a / (1 + e^a) without that.",
    )


# ---- 6.2 --------------------------------------------------------------------------------------


@exercise("6.2", hint="the learnt logit is a* + log(n_prior / n_codes): subtract, then sigmoid")
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


# ---- 6.3 --------------------------------------------------------------------------------------


@exercise("6.3", hint="KL(q || p) is the mean of -a over codes; JS is ln 2 minus the mean loss")
def divergences(answer: Callable[[Tensor, Tensor], object]) -> Mistake | None:
    """A function (prior_logits, code_logits) -> (KL(q || p), JS(p, q))."""
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
    """KL(q || p) and JS(p, q) from the logits, and what likely mistakes give."""
    half_p, half_q = F.softplus(-prior).mean(), F.softplus(codes).mean()
    ln2 = math.log(2)
    kl, js = -codes.mean(), ln2 - (half_p + half_q) / 2
    swapped = (F.softplus(prior).mean() + F.softplus(-codes).mean()) / 2
    pair = {
        "the other KL": (
            (prior.mean(), js),
            "The mean of a over the prior is KL(p || q). KL(q || p) is the mean of -a over codes.",
        ),
        "wrong sign": (
            (-kl, js),
            "a = log p - log q, and KL(q || p) is the mean of log q - log p: minus a.",
        ),
        "sum instead of mean": (
            (-codes.sum(), js),
            "You summed -a over the codes. An expectation is their mean.",
        ),
        "KL of the probabilities": (
            (-codes.sigmoid().log().mean(), js),
            "You took the mean of -log D. KL(q || p) is the mean of -a, of the logit itself.",
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
