"""What the playground's engine has to compute, by torch in float64: the package's own steps on the
weights, images and noise that the page draws (nav_utils/playground/source/draws.js).
"""

from __future__ import annotations

import functools
import json
import math
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nav_utils.calibration import calibration_report
from nav_utils.densities import (
    GaussianMixture,
    StandardNormal,
    c_shape,
    kde_bandwidth,
    kde_log_prob,
    ring,
    two_clusters,
)
from nav_utils.fitting import logistic_loss
from nav_utils.models import AAE, VAE, Autoencoder, mlp
from nav_utils.noise import standard_normal, uniform
from nav_utils.ratio import ExactRatio, Ratio
from nav_utils.training import (
    aae_step,
    adam,
    autoencoder_parameters,
    autoencoder_step,
    cosine_rate,
    gradient_penalty,
    update,
    vae_step,
)

ROOT = pathlib.Path(__file__).parents[3]
CODES, ORDER, WEIGHTS, JUDGES = 2**33, 2**34, 2**35, 2**36  # streams, as in draws.js
FRESH, ROWS = 2**38, 2**39
DENSITIES = {"ring": ring, "c_shape": c_shape, "two_clusters": two_clusters}
DOUBLE = torch.float64


class Sizes(NamedTuple):
    """Of a model and its batches; the page's own are (64, (128, 64), (64, 64), 128, 1500)."""

    pixels: int
    hidden: tuple[int, ...]
    judge: tuple[int, ...]
    n: int
    images: int


SMALL = Sizes(10, (12, 6), (10, 6), 16, 37)
WHOLE = Sizes(64, (128, 64), (64, 64), 128, 200)


# ---- what the page draws -------------------------------------------------------------------------


def draw_weights(network: nn.Module, seed: int, number: int) -> None:
    """First weights of a network, uniform within 1 / sqrt(inputs)."""
    start = WEIGHTS + 2**24 * number
    with torch.no_grad():
        for layer in network.children():
            if isinstance(layer, nn.Linear):
                reach = layer.in_features**-0.5
                for values in (layer.weight, layer.bias):
                    streams = torch.arange(start, start + values.numel())
                    draws = reach * (2 * uniform(seed, streams, 0) - 1)
                    values.copy_(draws.reshape(values.shape))
                    start += values.numel()


def order(n: int, seed: int, turn: int, stream: int = ORDER) -> list[int]:
    """The images' order in one round (Fisher and Yates)."""
    rows = list(range(n))
    draws = uniform(seed, torch.arange(stream, stream + n), turn).tolist()
    for i in range(n - 1, 0, -1):
        j = int(draws[i] * (i + 1))
        rows[i], rows[j] = rows[j], rows[i]
    return rows


def batches(n: int, size: int, seed: int) -> Iterator[list[int]]:
    """Rows of one batch after another: each image once in every round."""
    turn, left = 0, order(n, seed, 0)
    while True:
        while len(left) < size:
            turn += 1
            left += order(n, seed, turn)
        yield left[:size]
        left = left[size:]


def normal(n: int, seed: int, step: int, stream: int = 0) -> Tensor:
    return standard_normal(seed, torch.arange(stream, stream + n), step, 2, DOUBLE)


def samples(q: GaussianMixture, n: int, seed: int, step: int) -> Tensor:
    """Samples of an exact density (n, 2)."""
    which = uniform(seed, torch.arange(CODES, CODES + n), step) * len(q.means)
    return q.means[which.long()] + q.std[0, 0] * normal(n, seed, step, CODES)


class Given:
    """A prior whose samples are given."""

    dim = 2

    def __init__(self, z: Tensor) -> None:
        self.z = z

    def sample(self, n: int, generator: Any = None, dtype: Any = None) -> Tensor:
        return self.z

    def log_prob(self, z: Tensor) -> Tensor:
        raise NotImplementedError

    score = log_prob


# ---- a run ---------------------------------------------------------------------------------------


def model_of(settings: Mapping[str, Any], sizes: Sizes) -> Autoencoder:
    """In float64, with the weights that the page draws."""
    shape = (1, 1, sizes.pixels)
    kind: Any = VAE if settings["objective"] == "variational" else AAE
    more = {} if kind is VAE else {"discriminator_hidden": sizes.judge}
    model = kind(shape, 2, hidden=sizes.hidden, **more).double()
    parts = [model.encoder, model.decoder, getattr(model, "discriminator", None)]
    for number, part in enumerate(parts):
        if part is not None:
            draw_weights(part, settings["seed"], number)
    return model


def optimizers_of(model: Any, settings: Mapping[str, Any]) -> dict[str, torch.optim.Optimizer]:
    rate = settings["learningRate"]
    two = settings["optimisers"] == "two"
    found = {"autoencoder": adam(autoencoder_parameters(model), rate)}
    if isinstance(model, AAE):
        betas = (0.9, 0.999) if two else (0.5, 0.99)
        parameters = model.discriminator.parameters()
        found["discriminator"] = adam(parameters, settings["discriminatorRate"] * rate, betas)
    if two:
        found["generator"] = adam(model.encoder.parameters(), settings["generatorRate"] * rate)
    return found


def exact_step(
    model: AAE, optimizers: Any, codes: Tensor, generator: Any, penalty: float, prior: Given
) -> dict[str, Tensor]:
    """The discriminator's half of `aae_step`, on samples of an exact density."""
    z = prior.sample(len(codes))
    loss = F.softplus(-model.logit(z)).mean() + F.softplus(model.logit(codes)).mean()
    parts = [gradient_penalty(model.discriminator, points) for points in (z, codes)]
    adversarial = -model.logit(codes).mean()
    update(optimizers["discriminator"], loss + penalty * (parts[0] + parts[1]))
    return {"adversarial": adversarial, "discriminator": loss}


def two_optimiser_step() -> Any:
    """Chapter 05's."""
    text = (ROOT / "notebooks" / "05_when_training_fails.ipynb").read_text(encoding="utf-8")
    cells = ["".join(cell["source"]) for cell in json.loads(text)["cells"]]
    [cell] = [cell for cell in cells if "def two_optimiser_step" in cell]
    names: dict[str, Any] = dict(vars(__import__("nav_utils.training").training))
    exec(cell.split("\n\n\ndef ")[0], names)
    return names["two_optimiser_step"]


def step_of(settings: Mapping[str, Any], z: Tensor) -> Any:
    """The package's step with these settings and this noise."""
    if settings["data"] != "digits":
        return functools.partial(exact_step, penalty=settings["penalty"], prior=Given(z))
    if settings["objective"] == "plain":
        return autoencoder_step
    if settings["objective"] == "variational":
        return functools.partial(vae_step, beta=settings["beta"])
    if settings["optimisers"] == "two":
        options = {"weight": settings["lambda"], "tiny": settings["tiny"]}
        return functools.partial(two_optimiser_step(), **options)
    options = {"weight": settings["lambda"], "penalty": settings["penalty"]}
    return functools.partial(aae_step, prior=Given(z), **options)


def run(settings: Mapping[str, Any], sizes: Sizes, steps: int) -> dict[str, Any]:
    """Losses and gradients of the first step, losses and weights after the last; and the images."""
    generator = torch.Generator().manual_seed(5)
    grey = torch.randint(0, 17, (sizes.images, sizes.pixels), generator=generator)
    images = (grey.double() / 16).reshape(-1, 1, 1, sizes.pixels)
    model, seed, n = model_of(settings, sizes), settings["seed"], sizes.n
    exact = settings["data"] != "digits"
    optimizers = optimizers_of(model, settings)
    falling = [] if settings["optimisers"] == "two" else [optimizers["autoencoder"]]
    falling = [optimizers["discriminator"]] if exact else falling
    gradients = listen(optimizers)
    first: dict[str, Any] = {}
    rows = batches(sizes.images, n, seed)
    for number in range(steps):
        for optimizer in falling:
            progress = number / settings["steps"]
            rate = settings["learningRate"] * (settings["discriminatorRate"] if exact else 1)
            optimizer.param_groups[0]["lr"] = cosine_rate(rate, progress, settings["decay"])
        z = normal(n, seed, number)
        x = images[next(rows)]
        if exact:
            x = samples(DENSITIES[settings["data"]](), n, seed, number)
        with mock.patch("torch.randn", lambda *shape, z=z, **options: z):
            losses = step_of(settings, z)(model, optimizers, x, None)
        found = {name: float(loss.detach()) for name, loss in losses.items()}
        found["adversarial"] = found.pop("kl", found.get("adversarial"))
        found = {name: value for name, value in found.items() if value is not None}
        if number == 0:
            first = {"losses": found, "gradients": [g.tolist() for g in gradients]}
        gradients.clear()
    networks = [model.encoder, model.decoder, getattr(model, "discriminator", None)]
    unused = {"plain": networks[2:], "variational": []}.get(settings["objective"], [])
    used = [part for part in networks if part is not None and part not in unused]
    weights = flat([p for part in used[2 if exact else 0 :] for p in part.parameters()])
    return {
        "settings": dict(settings),
        "sizes": sizes._asdict(),
        "steps": steps,
        "grey": grey.flatten().tolist(),
        "first": first,
        "last": {"losses": found, "weights": weights.tolist()},
    }


def listen(optimizers: Mapping[str, torch.optim.Optimizer]) -> list[Tensor]:
    """A list that gets the gradients of every update, in their order."""
    heard: list[Tensor] = []

    def hear(optimizer: torch.optim.Optimizer, args: Any, options: Any) -> None:
        parameters: Sequence[Tensor] = optimizer.param_groups[0]["params"]
        heard.append(flat([p.grad for p in parameters if p.grad is not None]))

    for optimizer in optimizers.values():
        optimizer.register_step_pre_hook(hear)
    return heard


def flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


# ---- the cases -----------------------------------------------------------------------------------

SETTINGS = {  # those that matter to the arithmetic; see protocol.js
    "data": "digits",
    "objective": "adversarial",
    "optimisers": "one",
    "lambda": 2.0,
    "beta": 1.0,
    "penalty": 0.05,
    "learningRate": 0.003,
    "discriminatorRate": 1.0,
    "generatorRate": 0.1,
    "tiny": 1e-8,
    "steps": 60,
    "decay": 0.3,
    "seed": 3,
}
CASES: list[tuple[dict[str, Any], Sizes, int]] = [
    ({"objective": "plain"}, SMALL, 50),
    ({"objective": "variational", "beta": 0.7}, SMALL, 50),
    ({"penalty": 0.3}, SMALL, 50),
    ({"penalty": 0.0, "lambda": 7.0, "discriminatorRate": 2.0}, SMALL, 50),
    ({"optimisers": "two", "lambda": 1.5, "generatorRate": 3.0}, SMALL, 50),
    ({"data": "ring", "penalty": 0.1}, SMALL, 50),
    ({"data": "c_shape"}, SMALL, 1),
    ({"data": "two_clusters"}, SMALL, 1),
    ({}, WHOLE, 1),
]


# ---- a fresh discriminator, and measures ---------------------------------------------------------


def fit_vectors(steps: int = 12, n: int = 256, seed: int = 4) -> dict[str, Any]:
    """What `fit_ratio` does, on the rows and the noise of the page: its last look."""
    codes = (1.2 * normal(60, 8, 0) + 0.3).float().double()
    rows = order(len(codes), seed, 0, ROWS)
    stopping, fitting = codes[rows[:5]], codes[rows[10:]]
    network = mlp([2, 64, 64, 64, 1]).double()
    draw_weights(network, seed, 3)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.03)
    total = 0.0
    for step in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = cosine_rate(3e-3, (step - 1) / steps)
        at = (uniform(seed, torch.arange(ROWS, ROWS + n), step) * len(fitting)).long()
        loss = logistic_loss(network(normal(n, seed, step, FRESH)), network(fitting[at]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += float(loss.detach())
    with torch.no_grad():
        prior = normal(4 * len(stopping), seed, 0, JUDGES)
        held_out = float(logistic_loss(network(prior), network(stopping)))
    look = {"step": steps, "train": total / steps, "heldOut": held_out}
    weights = flat(list(network.parameters())).tolist()
    return {"codes": codes.flatten().tolist(), "seed": seed, "look": look, "weights": weights}


class First(Ratio):
    """A ratio whose logit is the first coordinate."""

    def __init__(self) -> None:
        super().__init__(StandardNormal(2), torch.zeros(2, 2))

    def logit(self, z: Tensor) -> Tensor:
        return z[..., 0]


def calibration_vectors() -> dict[str, Any]:
    """A report on logits of which many are the same, and some bins all of one class."""
    codes, prior = 2 * normal(60, 1, 0) - 2, 2 * normal(60, 1, 1)
    codes[:25] = codes[0]
    report = calibration_report(First(), codes, prior, bins=10)
    low, high = report.interval()
    return {
        "codes": codes[:, 0].tolist(),
        "prior": prior[:, 0].tolist(),
        "loss": report.held_out_loss,
        "ece": report.ece,
        "bins": {
            "predicted": report.predicted.tolist(),
            "observed": report.observed.tolist(),
            "count": report.counts.tolist(),
            "low": low.tolist(),
            "high": high.tolist(),
        },
    }


def measure_vectors() -> dict[str, Any]:
    """Eigenvalues and mass in holes of codes in three heaps; each exact density's best loss."""
    heaps = GaussianMixture([[-1.2, 0.5], [1.0, 1.0], [0.4, -5.0]], 0.5)
    codes = heaps.sample(900, torch.Generator().manual_seed(0))
    prior = StandardNormal(2)
    z = prior.sample(8000, torch.Generator().manual_seed(1), DOUBLE)
    bandwidth = kde_bandwidth(codes)
    log_ratio = prior.log_prob(z) - kde_log_prob(z, codes.double(), bandwidth)
    covariance = torch.cov(codes.double().T)
    optimum = {}
    network = mlp([2, 4, 1]).double()
    draw_weights(network, 1, 2)
    side = torch.linspace(-6, 6, 241, dtype=DOUBLE)
    plane = torch.cartesian_prod(side, side)
    for name, make in DENSITIES.items():
        ratio = ExactRatio(make(), n=20)
        p, q = ratio.prior.log_prob(plane).exp(), ratio.q.log_prob(plane).exp()
        best, area = ratio.logit(plane), 0.05**2
        with torch.no_grad():
            a = network(plane).squeeze(-1)
        losses = [(p * F.softplus(-x) + q * F.softplus(x)).sum() * area for x in (best, a)]
        error = ((best.sigmoid() - a.sigmoid()).abs() * (p + q) / 2).sum() * area
        optimum[name] = {"losses": [float(loss) for loss in losses], "error": float(error)}
    return {
        "codes": codes.flatten().tolist(),
        "mean": codes.double().mean(0).tolist(),
        "eigenvalues": torch.linalg.eigvalsh(covariance).tolist(),
        "bandwidth": bandwidth,
        "holes": float((log_ratio > math.log(4)).double().mean()),
        "optimum": optimum,
    }


def golden() -> dict[str, Any]:
    """All vectors, for JSON."""
    return {
        "runs": [run(SETTINGS | settings, sizes, steps) for settings, sizes, steps in CASES],
        "fit": fit_vectors(),
        "calibration": calibration_vectors(),
        "measures": measure_vectors(),
    }


def write(path: pathlib.Path) -> None:
    path.write_text(json.dumps(golden()), encoding="utf-8")
