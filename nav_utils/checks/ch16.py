"""Exercises of chapter 16: a p-value with two tails, a hybrid, a judge that passes its controls."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise, first_mistake, on_each
from nav_utils.data import load_images
from nav_utils.models import seeded

Built = tuple[Tensor, dict[str, tuple[Tensor, str]]]


# ---- 16.1 -------------------------------------------------------------------------------------


def ranks(score: Tensor, usual: Tensor) -> Tensor:
    """One-sided conformal p-values (N,), large scores being strange."""
    return (1 + (usual >= score[:, None]).double().sum(1)) / (len(usual) + 1)


def two_sided_of(score: Tensor, usual: Tensor) -> Built:
    """The right p-values (N,), and what likely mistakes give."""
    high, low = ranks(score, usual), ranks(-score, -usual)
    n, smaller = len(usual), torch.minimum(high, low)
    above, below = ((sign * usual >= sign * score[:, None]).double().sum(1) for sign in (1.0, -1.0))
    open_ends = [(sign * usual > sign * score[:, None]).double().sum(1) for sign in (1.0, -1.0)]
    return (2 * smaller).clamp_max(1), {
        "not doubled": (
            smaller,
            "Two tails of 5 % are 10 %: twice the smaller rank, or strange images are too many.",
        ),
        "not cut off at 1": (2 * smaller, "Twice the smaller rank can be above 1: cut it off."),
        "the larger of both": (
            (2 * torch.maximum(high, low)).clamp_max(1),
            "Strange is what is rare on *one* side: the smaller of both ranks.",
        ),
        "the upper tail only": (high, "Scores that are too small are strange too."),
        "the lower tail only": (low, "Scores that are too large are strange too."),
        "the image itself left out": (
            (2 * torch.minimum(above, below) / n).clamp_max(1),
            "The new image is one of n + 1 that could have any rank: 1 is added above and below. "
            "Without it p can be 0, and 0 is below every threshold.",
        ),
        "one added above only": (
            (2 * (1 + torch.minimum(above, below)) / n).clamp_max(1),
            "There are n + 1 images with the new one: divide by n + 1.",
        ),
        "ties not counted": (
            (2 * (1 + torch.minimum(*open_ends)) / (n + 1)).clamp_max(1),
            "*At least* as strange: equal scores count on both sides, otherwise p is too small.",
        ),
    }


@exercise("16.1", hint="the rank of score and the rank of -score; twice the smaller, at most 1")
def two_sided(answer: Callable[..., Any]) -> Mistake | None:
    """A function (score (N,), usual (n,)) -> two-sided conformal p-values (N,)."""
    generator = torch.Generator().manual_seed(0)
    inputs = [
        tuple(torch.randn(size, generator=generator).mul(4).round() / 4 for size in sizes)
        for sizes in ((40, 30), (3, 9), (11, 25))
    ]
    return on_each(answer, two_sided_of, inputs)


# ---- 16.2 -------------------------------------------------------------------------------------


def hybrid_of(prob: Tensor, cutoff: float) -> Built:
    """The right flags (N,), and what likely mistakes give."""
    entropy = torch.special.entr(prob).sum(-1)
    best = prob.sort(dim=-1, descending=True).values
    ambiguous, both, second = entropy > cutoff, best[:, :2].sum(-1) > 0.9, best[:, 1] > 0.1
    return ambiguous & both & second, {
        "entropy not asked": (both & second, "It has to be ambiguous too: entropy > cutoff."),
        "two classes not asked": (
            ambiguous & second,
            "Two classes have to have more than 0.9 of the probability together: an image that "
            "could be anything is no hybrid.",
        ),
        "the second class not asked": (
            ambiguous & both,
            "The second class has to have more than 0.1 itself.",
        ),
        "the largest alone above 0.9": (
            ambiguous & (best[:, 0] > 0.9) & second,
            "0.9 is for the two likeliest *together*.",
        ),
        "entropy in bits": (
            (entropy / math.log(2) > cutoff) & both & second,
            "Nats: the natural logarithm.",
        ),
        "any of the three": (ambiguous | both | second, "All three have to hold."),
    }


@exercise("16.2", hint="entropy > cutoff, the two largest above 0.9 together, the second above 0.1")
def hybrid(answer: Callable[..., Any]) -> Mistake | None:
    """A function (prob (N, K), cutoff in nats) -> whether each image is a hybrid (N,)."""
    generator = torch.Generator().manual_seed(1)

    def judged(n: int, cutoff: float, sharpness: float) -> tuple[str, Mistake | None]:
        logits = sharpness * torch.randn(n, 10, generator=generator)
        logits[: n // 2, :2] += 12  # two likely classes
        logits[: n // 4, 0] += 1.5
        logits[n // 2 : 3 * n // 4, :3] += 14  # three
        prob = logits.softmax(-1)
        right, mistakes = hybrid_of(prob, cutoff)
        with_type = {name: (x.double(), advice) for name, (x, advice) in mistakes.items()}
        got = answer(prob, cutoff)
        if torch.is_tensor(got) and got.dtype == torch.bool:
            got = got.double()
        return f"{n} images", closest(got, right.double(), with_type if n == 200 else None)

    return first_mistake(judged(*sizes) for sizes in ((200, 0.55, 2.0), (60, 0.3, 1.5)))


# ---- 16.3 -------------------------------------------------------------------------------------


@functools.cache
def images_to_judge() -> dict[str, Tensor]:
    """Bank, calibration and controls of the 8 x 8 digits, each (N, 1, 8, 8)."""
    train, test = load_images("digits"), load_images("digits", "test")
    rows = torch.randperm(len(train.images), generator=torch.Generator().manual_seed(0))
    pool, labels = test.images, test.labels
    with seeded(1):
        pairs = torch.randint(len(pool), (1500, 2))
        pairs = pairs[labels[pairs[:, 0]] != labels[pairs[:, 1]]][:300]
        t = 0.3 + 0.4 * torch.rand(300, 1, 1, 1)
        order = torch.rand(pool.flatten(1).shape).argsort(1)
    return {
        "bank": train.images[rows[:1000]],
        "usual": train.images[rows[1000:]],
        "real": pool,
        "crossfades": torch.lerp(pool[pairs[:, 0]], pool[pairs[:, 1]], t),
        "noise": pool.flatten(1).gather(1, order).reshape(pool.shape),
    }


@exercise("16.3", hint="the sorted grey values know contrast; sorted |steps| know noise: try both")
def my_judge(answer: Callable[..., Any]) -> Mistake | None:
    """A function (images (N, 1, 8, 8), bank (M, 1, 8, 8)) -> scores (N,), large being strange,
    that calls half of the noise and half of the crossfades strange, and few real images."""
    images = images_to_judge()
    bank = images["bank"]
    scores = {}
    for name in ("usual", "real", "crossfades", "noise"):
        given = images[name].clone()
        got = answer(given, bank)
        if got is Ellipsis or got is None:
            return closest(got, torch.zeros(len(given)))
        got = torch.as_tensor(got)
        if got.shape != (len(given),) or not bool(got.double().isfinite().all()):
            return Mistake(
                "not one number for each image",
                f"Expected finite scores of shape ({len(given)},), got shape {tuple(got.shape)}.",
            )
        scores[name] = got.double()
    few = torch.as_tensor(answer(images["crossfades"][:20], bank)).double()
    if not torch.allclose(few, scores["crossfades"][:20], rtol=1e-3, atol=1e-4):
        return Mistake(
            "depends on the other images",
            "The first twenty images get other scores when they come alone. A score may look at "
            "one image and at the bank, not at the rest of the batch.",
        )
    strange = {
        name: float((ranks(x, scores["usual"]) < 0.05).double().mean())
        for name, x in scores.items()
    }
    other = {
        name: float((ranks(-x, -scores["usual"]) < 0.05).double().mean())
        for name, x in scores.items()
    }
    return verdict_on(strange, other)


def verdict_on(strange: dict[str, float], other: dict[str, float]) -> Mistake | None:
    """What the controls say, from the share of strange images; `other`: of minus the score."""
    shares = ", ".join(f"{name} {strange[name]:.0%}" for name in ("real", "crossfades", "noise"))
    failed = [name for name in ("crossfades", "noise") if strange[name] < 0.5]
    if not failed:
        return None
    if all(other[name] >= 0.5 for name in failed) and len(failed) == 2:
        return Mistake("small scores are strange", f"Strange are: {shares}. Turn the sign round.")
    if len(failed) == 2:
        return Mistake("blind to both", f"Strange are: {shares}. It needs half of both.")
    advice = {
        "crossfades": "A mean of two images is near to both of them, pixel by pixel. What does it "
        "have that a real image has not? Look at its grey values.",
        "noise": "Shuffling keeps every grey value, so whatever looks at values alone is blind to "
        "it. Look at the steps between neighbouring pixels.",
    }
    return Mistake(
        {"crossfades": "crossfades pass", "noise": "noise passes"}[failed[0]],
        f"Strange are: {shares}. {advice[failed[0]]}",
    )
