"""Exercises of chapter 17: the first numbers to look at, the links of a chain, broken ratios."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise, first_mistake, on_each

Numbers = tuple[Tensor, Tensor, Tensor]


OVERFLOW = (
    "At a logit of 60 the loss is infinite: in float32 sigmoid is 1 there, and log(1 - 1) minus "
    "infinity. F.softplus stays finite."
)


@exercise("17.1", hint="softplus(-a) on the prior and softplus(a) on codes; pairs; minus the mean")
def first_look(answer: Callable[[Tensor, Tensor], Numbers]) -> Mistake | None:
    """Held-out loss, AUC and an estimate of KL(q || p), from the logits of both classes."""
    generator = torch.Generator().manual_seed(0)

    def judged(n: int, m: int, shift: float, strict: bool) -> tuple[str, Mistake | None]:
        on_prior = torch.randn(n, generator=generator).mul(4).round() / 4 + shift
        on_codes = torch.randn(m, generator=generator).mul(4).round() / 4 - 0.75  # ties occur
        if not strict:
            on_codes[0] = 60.0  # log(1 - sigmoid) of it is minus infinity
        got = answer(on_prior, on_codes)
        if torch.is_tensor(got):  # of shape (3,), perhaps
            got = got.reshape(-1).unbind()
        if not isinstance(got, tuple | list) or len(got) != 3:
            return "", Mistake("not three numbers", "Return loss, auc, kl: three numbers.")
        words = f"{n} prior samples and {m} codes"
        if torch.is_tensor(got[0]) and bool(got[0].isinf().any()):
            return words, Mistake("loss overflows", OVERFLOW)
        for value, (right, mistakes) in zip(got, looked(on_prior, on_codes), strict=True):
            found = closest(value, right, mistakes, strict=strict)
            if found is not None:
                return words, found
        return words, None

    return first_mistake(judged(*sizes) for sizes in ((60, 41, 0.5, True), (25, 80, 1.5, False)))


def looked(
    on_prior: Tensor, on_codes: Tensor
) -> tuple[tuple[Tensor, dict[str, tuple[Tensor, str]]], ...]:
    """The right loss, AUC and KL, each with what likely mistakes give."""
    a, b = F.softplus(-on_prior), F.softplus(on_codes)
    loss, n, m = (a.mean() + b.mean()) / 2, len(on_prior), len(on_codes)
    swapped = (F.softplus(on_prior).mean() + F.softplus(-on_codes).mean()) / 2
    gap = on_prior[:, None] - on_codes
    above, ties = (gap > 0).float().mean(), (gap == 0).float().mean()
    auc, kl = above + ties / 2, -on_codes.mean()
    return (
        (
            loss,
            {
                "classes swapped": (swapped, "The prior is class 1: its loss is softplus(-a)."),
                "sum of both classes": (
                    2 * loss,
                    "The mean over both classes: blind is then ln 2, not 2 ln 2.",
                ),
                "all points in one mean": (
                    (a.sum() + b.sum()) / (n + m),
                    "Each class counts one half, however many points it has: take the mean of "
                    "each class first.",
                ),
                "loss in bits": (loss / math.log(2), "Nats: the natural logarithm."),
            },
        ),
        (
            auc,
            {
                "AUC of the codes": (1 - auc, "The share of pairs in which the prior is higher."),
                "ties left out": (above, "A pair with equal logits counts one half."),
                "ties counted whole": (above + ties, "A pair with equal logits counts one half."),
                "accuracy": (
                    ((on_prior > 0).float().mean() + (on_codes < 0).float().mean()) / 2,
                    "That depends on the threshold 0; the AUC compares pairs.",
                ),
            },
        ),
        (
            kl,
            {
                "sign of the KL": (
                    -kl,
                    "a = log p - log q, and KL(q || p) averages log q - log p.",
                ),
                "the other KL": (
                    on_prior.mean(),
                    "Averaged over prior samples it estimates KL(p || q).",
                ),
                "the symmetric sum": (
                    kl + on_prior.mean(),
                    "Only codes count: KL(q || p) is a mean over q.",
                ),
            },
        ),
    )


@exercise("17.2", hint="w = k / K for k = 0, ..., K, and sqrt(1 - w^2) before the codes")
def links(answer: Callable[[Tensor, Tensor, int], Tensor]) -> Mistake | None:
    """The chain from codes to samples of N(0, I), (K + 1, N, d)."""
    generator = torch.Generator().manual_seed(1)
    inputs = [
        (torch.randn(n, d, generator=generator), torch.randn(n, d, generator=generator), bridges)
        for n, d, bridges in ((7, 3, 4), (5, 2, 1), (4, 6, 7))
    ]
    return on_each(answer, chained, inputs)


def chained(
    codes: Tensor, prior_samples: Tensor, bridges: int
) -> tuple[Tensor, dict[str, tuple[Tensor, str]]]:
    """The right links, and what likely mistakes give."""
    w = torch.arange(bridges + 1)[:, None, None] / bridges
    keep = (1 - w**2).sqrt()
    right = keep * codes + w * prior_samples
    return right, {
        "straight mixing": (
            (1 - w) * codes + w * prior_samples,
            "The shares 1 - w and w shrink the variance half-way to one half: squares have "
            "to add up to 1.",
        ),
        "w not squared": (
            (1 - w).sqrt() * codes + w * prior_samples,
            "The root is of 1 - w squared.",
        ),
        "roots of both": (
            (1 - w).sqrt() * codes + w.sqrt() * prior_samples,
            "That keeps the variance, but takes other steps: w itself stands before the prior.",
        ),
        "from prior to codes": (right.flip(0), "Link 0 is the codes, link K the prior."),
        "the prior left out": (right[:-1], "K bridges join K + 1 links: k runs from 0 to K."),
        "the codes left out": (right[1:], "K bridges join K + 1 links: k runs from 0 to K."),
        "only the links between": (right[1:-1], "The ends belong to the chain: K + 1 links."),
        "roles exchanged": (
            keep * prior_samples + w * codes,
            "w is the share of the prior: 0 at the codes, 1 at the end.",
        ),
    }


# What is wrong with the three ratios of the experiment: the cell that makes them draws the order.
DEFECTS = {"A": "another scale", "B": "few codes", "C": "one photograph"}
ADVICE = {
    "few codes": "Compare the loss on the codes that the ratio was fitted on with that on others.",
    "one photograph": "Judge with the codes of one photograph at a time.",
    "another scale": "Multiply the codes by a number before you judge.",
}


@exercise("17.3", hint="first_numbers of each; loss_on one photograph, and on 2 * codes")
def defects(answer: Any) -> Mistake | None:
    """Which of three defects each of three ratios has: a dictionary of three letters."""
    if not isinstance(answer, dict):
        return Mistake("not a dictionary", 'Expected {"A": ..., "B": ..., "C": ...}.')
    if set(answer) != set(DEFECTS):
        return Mistake("other letters", "Expected the keys A, B and C, each once.")
    unknown = [word for word in answer.values() if word not in list(DEFECTS.values())]
    if unknown:
        words = ", ".join(f'"{word}"' for word in sorted(DEFECTS.values()))
        return Mistake("unknown defect", f"Expected one of {words}, got {str(unknown[0])[:40]}.")
    if len(set(answer.values())) < len(DEFECTS):
        return Mistake("a defect named twice", "Each ratio has another one of the three defects.")
    wrong = sorted(letter for letter in DEFECTS if answer[letter] != DEFECTS[letter])
    if not wrong:
        return None
    advice = " ".join(ADVICE[answer[letter]] for letter in wrong)
    if len(wrong) == len(DEFECTS):
        return Mistake("all three confused", f"No letter has the right defect. {advice}")
    return Mistake("two confused", f"{' and '.join(wrong)} are confused. {advice}")
