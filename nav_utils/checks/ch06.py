"""Exercises of chapter 06: the density ratio that a discriminator knows."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise


@exercise("6.1", hint="D* is the sigmoid of log p - log q; do not leave the logarithms before")
def optimal_probability(answer: Callable[[Tensor, Tensor], Tensor]) -> Mistake | None:
    """A function (log_p, log_q) -> D*, safe where both densities underflow."""
    log_p, log_q = torch.tensor([-2.0, -1.0, -4.0, -3.5]), torch.tensor([-1.2, -3.0, -3.9, -8.0])
    difference = log_p - log_q
    mistake = closest(
        answer(log_p, log_q),
        difference.sigmoid(),
        {
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
        },
    )
    if mistake is not None:
        return mistake
    far_p, far_q = torch.tensor([-1000.0, -1203.0]), torch.tensor([-1002.0, -1200.0])
    got = torch.as_tensor(answer(far_p, far_q))
    if not bool(torch.isfinite(got).all()):
        return Mistake(
            "underflow",
            "At a log density of -1,000 both p and q are rounded to 0, and 0 / 0 is not a number. "
            "Subtract the logarithms first, then take the sigmoid.",
        )
    padded = torch.zeros(2)
    return closest(
        got,
        (far_p - far_q).sigmoid(),
        {
            "padded against underflow": (
                padded,
                "A small number in the denominator hides the 0 / 0 and makes D = 0 of it. Subtract "
                "the logarithms first: the ratio is moderate even where both densities are tiny.",
            )
        },
    )


@exercise("6.2", hint="the learnt logit is a* + log(n_prior / n_codes): subtract, then sigmoid")
def balanced_probability(answer: Callable[[Tensor, float, float], Tensor]) -> Mistake | None:
    """A function (logit, n_prior, n_codes) -> D of balanced batches."""
    logit, n_prior, n_codes = torch.tensor([-1.5, 0.4, 2.0, -0.3]), 128, 640
    share = n_prior / (n_prior + n_codes)
    return closest(
        answer(logit, n_prior, n_codes),
        (logit + math.log(n_codes / n_prior)).sigmoid(),
        {
            "wrong sign": (
                (logit + math.log(n_prior / n_codes)).sigmoid(),
                "That adds the log of the class odds a second time. The logit has it already: "
                "subtract it.",
            ),
            "odds without logarithm": (
                (logit + n_codes / n_prior).sigmoid(),
                "Odds multiply; logits add. Add the logarithm of n_codes / n_prior.",
            ),
            "share instead of odds": (
                (logit - math.log(share)).sigmoid(),
                "The shift is the log of the odds n_prior / n_codes, not of the share "
                "n_prior / (n_prior + n_codes).",
            ),
            "not corrected": (
                logit.sigmoid(),
                "That is the probability in batches like those of the training.",
            ),
            "probability scaled": (
                logit.sigmoid() * n_codes / n_prior,
                "Probabilities do not scale so, and yours can exceed 1. Work on the logit.",
            ),
            "logit instead of probability": (
                logit + math.log(n_codes / n_prior),
                "The logit is right. Asked for is D: its sigmoid.",
            ),
        },
    )


@exercise("6.3", hint="KL(q || p) is the mean of -a over codes; JS is ln 2 minus the mean loss")
def divergences(answer: Callable[[Tensor, Tensor], object]) -> Mistake | None:
    """A function (prior_logits, code_logits) -> (KL(q || p), JS(p, q))."""
    prior, codes = torch.tensor([2.0, -0.5, 1.0, 3.0]), torch.tensor([-1.0, 0.5, -2.0, -0.8])
    half_p, half_q = F.softplus(-prior).mean(), F.softplus(codes).mean()
    ln2 = math.log(2)
    kl, js = -codes.mean(), ln2 - (half_p + half_q) / 2
    swapped = (F.softplus(prior).mean() + F.softplus(-codes).mean()) / 2

    def pair(first: Tensor, second: Tensor) -> Tensor:
        return torch.stack([first, second])

    return closest(
        answer(prior, codes),
        pair(kl, js),
        {
            "the other KL": (
                pair(prior.mean(), js),
                "The mean of a over the prior is KL(p || q). KL(q || p) is the mean of -a over "
                "codes.",
            ),
            "wrong sign": (
                pair(-kl, js),
                "a = log p - log q, and KL(q || p) is the mean of log q - log p: minus a.",
            ),
            "sum of the classes": (
                pair(kl, ln2 - half_p - half_q),
                "ln 2 belongs to the mean of the two classes' losses. You took their sum, whose "
                "blind value is 2 ln 2.",
            ),
            "twice JS": (
                pair(kl, 2 * ln2 - half_p - half_q),
                "2 ln 2 minus the sum of the losses is twice JS: halve it.",
            ),
            "loss instead of divergence": (
                pair(kl, (half_p + half_q) / 2),
                "That is the loss, which is small when the two differ. JS is ln 2 minus it.",
            ),
            "labels swapped": (
                pair(kl, ln2 - swapped),
                "Prior is class 1: softplus(-a) on prior samples, softplus(a) on codes.",
            ),
            "other order": (pair(js, kl), "KL first, then JS."),
        },
    )
