"""Exercises of chapter 15: the score behind a best guess, nats of a noisy code, equal prices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise, first_mistake, on_each
from nav_utils.diffusion import Denoise, heun, noise_levels

Wrong = dict[str, tuple[Any, str]]


def pair_of(got: Any) -> tuple[Any, ...] | None:
    """Two values, from a tuple, a list or a tensor; None for anything else."""
    sized = isinstance(got, tuple | list) or (isinstance(got, Tensor) and got.ndim > 0)
    return tuple(got) if sized and len(got) == 2 else None


@exercise("15.1", hint="the score is what leads from x to the best guess, divided by sigma squared")
def two_readings(answer: Callable[[Tensor, Tensor, Tensor], Any]) -> Mistake | None:
    """Score and noise from a noisy x (N, d), its best guess and its level (N,)."""
    generator = torch.Generator().manual_seed(0)

    def judged(n: int, d: int) -> tuple[str, Mistake | None]:
        noisy, guess = torch.randn(2, n, d, generator=generator).unbind()
        sigma = 0.3 + torch.rand(n, generator=generator)
        got, words = pair_of(answer(noisy, guess, sigma)), f"{n} points of {d} coordinates"
        if got is None:
            return words, Mistake("not two tensors", "Return the score and the noise, (N, d) each.")
        for value, (right, wrong) in zip(got, readings(noisy, guess, sigma), strict=True):
            found = closest(value, right, wrong, strict=n == 4)
            if found is not None:
                return words, found
        return words, None

    return first_mistake(judged(*sizes) for sizes in ((4, 3), (6, 2), (1, 5)))


def readings(noisy: Tensor, guess: Tensor, sigma: Tensor) -> tuple[tuple[Tensor, Wrong], ...]:
    """The right score and noise, each with what likely mistakes give."""
    rows, step = sigma[:, None], guess - noisy
    score, noise = step / rows**2, -step / rows
    away = "The score points from the noisy x to the best guess: guess minus noisy."
    return (
        (
            score,
            {
                "sign of the score": (-score, away),
                "sigma not squared": (step / rows, "The score is divided by sigma squared."),
                "not divided": (step, "Divide by sigma squared."),
            },
        ),
        (
            noise,
            {
                "sign of the noise": (-noise, "noisy = guess + sigma * noise: solve for noise."),
                "noise not divided": (-step, "noisy - guess is sigma times the noise."),
                "noise divided twice": (-step / rows**2, "Divide by sigma, not by its square."),
            },
        ),
    )


@exercise("15.2", hint="trapezoids of errors / sigmas ** 3 between neighbours, added up")
def nats(answer: Callable[[Tensor, Tensor], Tensor]) -> Mistake | None:
    """The integral of the error over sigma cubed, from rising levels (K,)."""
    generator = torch.Generator().manual_seed(1)
    inputs = []
    for n, scale in ((7, 1.0), (30, 2.0), (4, 0.5)):
        sigmas = (scale * (0.2 + torch.rand(n, generator=generator).cumsum(0))).double()
        errors = (1 + torch.rand(n, generator=generator)).double() * sigmas**2 / (1 + sigmas**2)
        inputs.append((sigmas, errors))
    return on_each(answer, integrals, inputs)


def integrals(sigmas: Tensor, errors: Tensor) -> tuple[Tensor, Wrong]:
    """The right number of nats, and what likely mistakes give."""
    heights = errors / sigmas**3
    right = torch.trapezoid(heights, sigmas)
    return right, {
        "sigma squared": (
            torch.trapezoid(errors / sigmas**2, sigmas),
            "Over sigma, the error is divided by sigma cubed; the square belongs to log sigma.",
        ),
        "one half too many": (
            right / 2,
            "The one half of dI/dsnr is used up by snr = 1 / sigma^2: dsnr = -2 dsigma / sigma^3.",
        ),
        "levels taken as even": (heights.mean() * (sigmas[-1] - sigmas[0]), EVEN),
        "left ends only": ((heights[:-1] * sigmas.diff()).sum(), "Take the mean of both ends."),
        "right ends only": ((heights[1:] * sigmas.diff()).sum(), "Take the mean of both ends."),
        "the wrong sign": (-right, "Towards larger sigmas the integral is positive."),
        "steps not multiplied": (heights.sum(), "Each height counts with its step in sigma."),
    }


EVEN = "The levels are not evenly spaced: each trapezoid has its own width."
QUESTIONS, FINE = (9, 33, 15), 150  # prices that are tried; steps of the reference


def two_clusters_guess(x: Tensor, sigma: Tensor) -> Tensor:
    """E[clean | x] for two normal clusters of standard deviation 0.2, at 1 and -1 on the axis."""
    ends = torch.tensor([[1.0, 0.0], [-1.0, 0.0]]).to(x)
    variance = 0.2**2 + sigma**2
    logs = -torch.cdist(x, ends).square() / (2 * variance)
    shrunk = ends + 0.2**2 / variance * (x[:, None] - ends)
    return (logs.softmax(1)[..., None] * shrunk).sum(1)


@exercise("15.3", hint="with K levels Euler asks K times and Heun 2 K - 1 times")
def at_equal_price(answer: Callable[[Denoise, Tensor, int], Any]) -> Mistake | None:
    """Errors of Euler's and Heun's samples that ask the denoiser equally often."""
    generator = torch.Generator().manual_seed(2)

    def judged(questions: int) -> tuple[str, Mistake | None]:
        noise = torch.randn(60, 2, generator=generator).double()

        def denoise(x: Tensor, sigma: Any) -> Tensor:
            return two_clusters_guess(x, torch.as_tensor(sigma).to(x))

        got, words = pair_of(answer(denoise, noise, questions)), f"{questions} questions"
        if got is None:
            advice = "Return two numbers: Euler's error and Heun's."
            return words, Mistake("not two numbers", advice)
        for value, (right, wrong) in zip(got, priced(denoise, noise, questions), strict=True):
            found = closest(value, right, wrong, 0.01, strict=False)
            if found is not None:
                return words, found
        return words, None

    return first_mistake(judged(questions) for questions in QUESTIONS)


def euler(denoise: Denoise, x: Tensor, sigmas: Tensor) -> Tensor:
    """The flow in steps of one slope each."""
    for now, then in zip(sigmas, sigmas[1:], strict=False):
        x = x + (then - now) * (x - denoise(x, now)) / now
    return x


def priced(denoise: Denoise, noise: Tensor, questions: int) -> tuple[tuple[Tensor, Wrong], ...]:
    """The two errors, each with what likely mistakes give."""
    levels = {k: noise_levels(k).to(noise) for k in (questions, (questions + 1) // 2, FINE)}
    few, many = (questions + 1) // 2, questions
    truth = heun(denoise, levels[FINE][0] * noise, levels[FINE])

    def error(method: Callable[..., Tensor], steps: int) -> Tensor:
        found = method(denoise, levels[steps][0] * noise, levels[steps])
        return (found - truth).norm(dim=-1).mean()

    def rough(method: Callable[..., Tensor], steps: int) -> Tensor:
        found = method(denoise, levels[steps][0] * noise, levels[steps])
        return (found - truth).square().mean().sqrt()

    price = "With K levels Euler asks K times, Heun 2 K - 1 times: choose K for each."
    norms = "Take the mean over samples of the distance, a norm over the two coordinates."
    return (
        (
            error(euler, many),
            {
                "Euler with Heun's steps": (error(euler, few), price),
                "not the mean distance": (rough(euler, many), norms),
                "errors in the other order": (error(heun, few), "Return Euler's error first."),
            },
        ),
        (
            error(heun, few),
            {
                "Heun with Euler's steps": (error(heun, many), price),
                "not the mean distance": (rough(heun, few), norms),
                "Euler twice": (error(euler, few), "The second error is that of `heun`."),
            },
        ),
    )
