"""Exercises of chapter 14: the loss that is left, what blur costs, a level chosen by experiment."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise, first_mistake, on_each
from nav_utils.densities import ring

Built = tuple[Tensor, dict[str, tuple[Tensor, str]]]  # the right value, and those of mistakes
Field = Callable[[Tensor], tuple[Tensor, Tensor]]  # points (N, d): scores (N, d), divergence (N,)
Kernel = Callable[[Tensor, float], Field]

# ---- 14.1 -------------------------------------------------------------------------------------


def bent_score(y: Tensor) -> Tensor:
    """A field of scores that nobody would guess, (N, d)."""
    return torch.sin(2 * y) - 0.5 * y.flip(-1)


def left_over(y: Tensor, sigma: float) -> Built:
    """What is left of the denoising loss at the exact score: d / sigma^2 - E |s(y)|^2."""
    squares, noise = bent_score(y).square(), y.shape[-1] / sigma**2
    square = squares.sum(-1).mean()
    return noise - square, {
        "mixed term left out": (
            noise + square,
            "Write out the square: it has three terms. The mean of s n / sigma is -E |s|^2.",
        ),
        "mixed term counted once": (
            noise,
            "In |s + n / sigma|^2 the mixed term stands twice, so the mean square is taken away.",
        ),
        "without the noise": (
            -square,
            "E |n / sigma|^2 is not 0: each of the d coordinates of n has mean square 1.",
        ),
        "one coordinate of noise": (
            1 / sigma**2 - square,
            "n has d coordinates, each with mean square 1: E |n|^2 = d.",
        ),
        "noise not divided": (y.shape[-1] - square, "The target is -n / sigma, not -n."),
        "sigma not squared": (y.shape[-1] / sigma - square, "Square the whole of n / sigma."),
        "mean over coordinates": (
            noise - squares.mean(),
            "Add up the squares over the coordinates, and take the mean over the points only.",
        ),
        "norm not squared": (
            noise - bent_score(y).norm(dim=-1).mean(),
            "The mean of the square of the score, not of its length.",
        ),
    }


@exercise("14.1", hint="|s|^2 + 2 s n / sigma + |n|^2 / sigma^2: take the mean of each term")
def least_loss(answer: Callable[..., Tensor]) -> Mistake | None:
    """What the denoising loss is worth at the exact score, from noisy points alone."""
    generator = torch.Generator().manual_seed(0)

    def judged(n: int, dim: int, sigma: float, strict: bool) -> tuple[str, Mistake | None]:
        y = torch.randn(n, dim, generator=generator)
        right, mistakes = left_over(y, sigma)
        value = answer(bent_score, y, sigma)
        return f"{n} codes, sigma = {sigma}", closest(value, right, mistakes, strict=strict)

    return first_mistake(judged(*sizes) for sizes in ((40, 3, 0.4, True), (7, 2, 1.5, False)))


# ---- 14.2 -------------------------------------------------------------------------------------


def blurred(std: Tensor, sigma: Tensor) -> Built:
    """The relative squared error of the score of N(m, std^2 + sigma^2) on N(m, std^2)."""
    s, n = std.square(), sigma.square()
    share = n / (s + n)
    return share.square(), {
        "not squared": (share, "The error is squared: so is the share."),
        "what is left": (
            (s / (s + n)).square(),
            "That is the share of the score that survives the blur. The error is what is lost.",
        ),
        "deviations for variances": (
            (sigma / (std + sigma)).square(),
            "Independent noise adds variances, not deviations.",
        ),
        "as a share of the blurred": (
            (n / s).square(),
            "Divide by the mean square of the *true* score, 1 / std^2 in each coordinate.",
        ),
        "absolute": (
            share.square() / s,
            "That is the squared error itself. Divide by the mean square of the true score.",
        ),
    }


@exercise("14.2", hint="scores -(z - m) / std^2 and -(z - m) / (std^2 + sigma^2): take their ratio")
def blur_error(answer: Callable[[Tensor, Tensor], Tensor]) -> Mistake | None:
    """What a level of noise costs on a cluster, as a share of the score's mean square."""
    pairs = ((0.35, 0.1), (0.1, 0.25), (0.5, 0.5))
    return on_each(answer, blurred, ((torch.tensor(s), torch.tensor(n)) for s, n in pairs))


# ---- 14.3 -------------------------------------------------------------------------------------

LEVELS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


def kernel_score(codes: Tensor, sigma: float) -> Field:
    """Score and divergence of the density of codes blurred by sigma; see the chapter."""

    def field(z: Tensor) -> tuple[Tensor, Tensor]:
        away = codes - z[:, None]  # (N, M, d)
        squares = away.square().sum(-1)
        weight = (-squares / (2 * sigma**2)).softmax(1)
        score = (weight[..., None] * away).sum(1) / sigma**2
        spread = (weight * squares).sum(1) / sigma**4
        return score, spread - score.square().sum(-1) - z.shape[1] / sigma**2

    return field


@exercise("14.3", hint="for each level the mean of |s|^2 / 2 + div s over the held-out codes")
def best_level(
    answer: Callable[[Kernel, Tensor, Tensor, tuple[float, ...]], float],
) -> Mistake | None:
    """The level of noise with the least Fisher loss on held-out codes."""
    return first_mistake(judged_level(answer, n, seed) for n, seed in ((60, 1), (800, 2)))


def judged_level(answer: Callable[..., float], n: int, seed: int) -> tuple[str, Mistake | None]:
    """The learner's level for n codes of the ring, beside what likely mistakes choose."""
    generator = torch.Generator().manual_seed(seed)
    codes, held_out = (ring().sample(m, generator, torch.float64) for m in (n, 300))
    words = f"{n} codes of the ring"
    found = [kernel_score(codes, level)(held_out) for level in LEVELS]
    squares = [float(score.square().sum(-1).mean()) for score, _ in found]
    spreads = [float(divergence.mean()) for _, divergence in found]
    losses = [s / 2 + v for s, v in zip(squares, spreads, strict=True)]
    got = answer(kernel_score, codes, held_out, LEVELS)
    try:
        level = float(got)
    except (TypeError, ValueError, RuntimeError):
        return words, Mistake("not one level", "Return one of the levels, a number.")
    if level == at_least(losses):
        return words, None
    own = [kernel_score(codes, sigma)(codes) for sigma in LEVELS]
    on_codes = [float((s.square().sum(-1) / 2 + v).mean()) for s, v in own]
    tried = {
        "judged on its own codes": (
            at_least(on_codes),
            "On the codes that made it the narrowest kernel always looks best. Judge on the "
            "held-out codes, and take the least loss.",
        ),
        "without the divergence": (
            at_least(squares),
            "Without div s the best score is 0 everywhere, and the widest kernel comes nearest.",
        ),
        "only the divergence": (
            at_least(spreads),
            "Without |s|^2 / 2 the loss rewards any field that points inwards, however steep.",
        ),
    }
    for name, (wrong, advice) in tried.items():
        if level == wrong:
            return words, Mistake(name, advice)
    if level not in LEVELS:
        return words, Mistake("not one of the levels", "Return the level itself, not its place.")
    return words, Mistake("another level", "The mean of |s|^2 / 2 + div s, over held-out codes.")


def at_least(values: list[float]) -> float:
    """The level with the least value."""
    return LEVELS[values.index(min(values))]
