"""The networks of the course: an autoencoder, its variational and adversarial kin, and a judge.

All are plain multilayer perceptrons, except the judge. Every network ends in *logits*:
probabilities are for people. Weights are drawn from the `seed` argument alone, so that two models
with the same arguments are the same model.

One rule for types and devices: a network computes in the floating-point type of its weights and on
their device; the result has the type and the device of what was given.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from nav_utils.arguments import expect_shape, kind_of

Network = TypeVar("Network", bound=nn.Module)


def like_weights(x: Tensor, module: nn.Module) -> Tensor:
    """x in the type and on the device of a module's weights; as it is if there are none."""
    weight = next(module.parameters(), x)
    return x.to(weight.device, weight.dtype)


class AsGiven(nn.Sequential):
    """Layers in turn, computed as their weights are (type and device), given back as the input is.

    Prints as an `nn.Sequential` of the same layers does.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Any x that the layers take, of any floating-point type, on any device."""
        return super().forward(like_weights(x, self)).to(x)

    def _get_name(self) -> str:
        return "Sequential"


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    """A multilayer perceptron: Linear, SiLU, Linear, ..., Linear.

    Args:
        sizes: widths from input to output, at least two; `mlp([784, 512, 2])` has one hidden layer
            of 512.

    Returns:
        A module from (..., sizes[0]) to (..., sizes[-1]), with no activation at its end. It answers
        in the type of what it is given, whatever that of its weights.
    """
    layers: list[nn.Module] = []
    for n_in, n_out in itertools.pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.SiLU()]
    return AsGiven(*layers[:-1])


class Prepared(NamedTuple):
    """The weights of a network that `mlp` made, as `value_and_grad` needs them."""

    layers: list[tuple[Tensor, Tensor]]  # of each hidden layer: bias (m,), weight turned (k, m)
    output: tuple[Tensor, Tensor]  # bias (1,), weight (1, m)
    back: list[Tensor]  # from the second hidden layer on: (m, k), the last times the output's
    first: Tensor  # of the first layer: (d, m), times the output's if it is the only one
    one: Tensor
    room: list[tuple[Any, ...]]  # two tensors (n, m) for each hidden layer to compute in, or None
    threads: int  # in how many parts a product with few rows is computed


def prepare(network: nn.Sequential, n: int = 0) -> Prepared:
    """Lay out the weights, and memory for n points at a time, to be used again and again.

    Large tensors that come and go cost a processor about a tenth of the time: the system takes
    their memory back, and hands it out anew page by page. With n = 0 they come and go.
    """
    *hidden, output = (layer for layer in network if isinstance(layer, nn.Linear))
    weights = [layer.weight for layer in hidden]
    room = [tuple(w.new_empty(n, len(w)) if n else None for _ in range(2)) for w in weights]
    back = [*weights, output.weight]
    if hidden:  # once here, instead of once for every point
        back[-2:] = [output.weight.T * weights[-1]]
    return Prepared(
        [(layer.bias, layer.weight.T) for layer in hidden],
        (output.bias, output.weight),
        back[1:],
        back[0].T.contiguous(),
        output.weight.new_ones(()),
        room,
        torch.get_num_threads() if output.weight.device.type == "cpu" else 1,
    )


def value_and_grad(prepared: Prepared, z: Tensor) -> tuple[Tensor, Tensor]:
    """The output of the network at points z (N, d), and its gradient: (N,) and (N, d).

    What autograd would do, written out for frozen weights: forward through the layers, and back
    through the slopes of SiLU. There is no graph to build, and a compiler can fuse all of it.
    """
    (layers, (bias, weight), back, first, one, room, threads), n = prepared, z.shape[0]
    if room and room[0][0] is not None and len(room[0][0]) != n:
        room = [(v[:n], s[:n]) for v, s in room]
    phi, slopes = z, []  # of SiLU, v * s with s = sigmoid(v): s + v s (1 - s)
    for (b, w), (v, s) in zip(layers, room, strict=True):
        v = torch.addmm(b, phi, w, out=v)
        s = torch.sigmoid(v, out=s)
        phi = v.mul_(s)  # in place, here and below: what is in the cache is quicker
        slopes.append(s.lerp_(one.to(s.dtype), phi))  # s + (1 - s) phi
    value = turned(weight, phi, threads).view(n)
    value += bias.to(value.dtype)
    if not slopes:
        return value, weight.expand(n, -1)
    gradient = slopes.pop()
    for w, slope, (v, _) in zip(reversed(back), reversed(slopes), reversed(room[:-1]), strict=True):
        gradient = slope.mul_(torch.mm(gradient, w, out=v))
    return value, turned(first, gradient, threads)


def turned(weight: Tensor, x: Tensor, threads: int) -> Tensor:
    """x @ weight.T, (N, m), for a weight (m, k) of few rows and x (N, k).

    Turned round, as weight @ x.T, since a product with few columns is slow; and in as many parts as
    there are threads, since one with few rows is left to a single one.
    """
    (m, k), n = weight.shape, x.shape[0]
    parts = 1 if n % threads else threads
    rows = torch.bmm(weight.expand(parts, m, k), x.view(parts, n // parts, k).mT)
    return rows.mT.reshape(n, m)


def mlp_value_and_grad(network: nn.Sequential, z: Tensor) -> tuple[Tensor, Tensor]:
    """The one output of a network that `mlp` made, and its gradient in z, in closed form.

    Args:
        network: from d inputs to one output.
        z: points (N, d).

    Returns:
        (N,) and (N, d).
    """
    return value_and_grad(prepare(network), z)


def mlp_sizes(network: nn.Module) -> list[int] | None:
    """The widths of a network that `mlp` made, None for any other."""
    linear = [m for m in network.children() if isinstance(m, nn.Linear)]
    sizes = [layer.in_features for layer in linear] + [linear[-1].out_features] if linear else []
    with torch.device("meta"):  # a twin without weights, which would use up random numbers
        return sizes if len(sizes) > 1 and repr(network) == repr(mlp(sizes)) else None


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside this context torch draws from `seed`; afterwards the global generator is as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextlib.contextmanager
def in_evaluation_mode(*models: object) -> Iterator[None]:
    """Inside this context modules neither drop out nor learn statistics; then each is as before."""
    modules = [part for model in models if isinstance(model, nn.Module) for part in model.modules()]
    before = [(module, module.training) for module in modules]
    try:
        for module in modules:
            module.training = False
        yield
    finally:
        for module, training in before:
            module.training = training


class Autoencoder(nn.Module):
    """Encoder and decoder, without any wish about how the codes are distributed.

    Images and codes may be float32, float64, float16 or bfloat16, whatever the weights are: the
    model computes in the type of its weights, and answers in the type of what it is given.

    Args:
        image_shape: (C, H, W) of one image.
        latent_dim: d, the number of coordinates of a code.
        hidden: widths of the encoder's hidden layers.
        decoder_hidden: widths of the decoder's hidden layers; the encoder's, reversed, if not
            given.
        seed: the initial weights are drawn from it.
    """

    outputs_per_latent = 1  # the variational encoder needs two numbers for each coordinate

    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int,
        hidden: Sequence[int] = (512, 256),
        decoder_hidden: Sequence[int] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.image_shape, self.latent_dim = tuple(image_shape), latent_dim
        decoder_hidden = tuple(decoder_hidden or reversed(hidden))
        self.config: dict[str, Any] = {
            "image_shape": list(image_shape),
            "latent_dim": latent_dim,
            "hidden": list(hidden),
            "decoder_hidden": list(decoder_hidden),
            "seed": seed,
        }
        pixels = math.prod(image_shape)
        with seeded(seed):
            self.encoder = mlp([pixels, *hidden, latent_dim * self.outputs_per_latent])
            self.decoder = mlp([latent_dim, *decoder_hidden, pixels])

    def encode(self, x: Tensor) -> Tensor:
        """Images (N, C, H, W) in [0, 1] to codes (N, d)."""
        expect_shape(x, self.image_shape, "images")
        return self.encoder(x.flatten(-3))

    def decode_logits(self, z: Tensor) -> Tensor:
        """Codes (..., d) to the logits of the pixels (..., C, H, W)."""
        expect_shape(z, [self.latent_dim], "latents")
        return self.decoder(z).unflatten(-1, self.image_shape)

    def decode(self, z: Tensor) -> Tensor:
        """Codes (..., d) to images (..., C, H, W) in [0, 1]."""
        return self.decode_logits(z).sigmoid()


class VAE(Autoencoder):
    """Variational autoencoder: the encoder gives a normal distribution for each image.

    Source: Kingma and Welling 2013, arXiv 1312.6114.
    """

    outputs_per_latent = 2

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, each (N, d), of q(z | x) for images (N, C, H, W)."""
        expect_shape(x, self.image_shape, "images")
        mean, log_variance = self.encoder(x.flatten(-3)).chunk(2, dim=-1)
        return mean, log_variance

    def encode(self, x: Tensor) -> Tensor:
        """Images (N, C, H, W) to the means (N, d) of their posteriors."""
        return self.posterior(x)[0]


class AAE(Autoencoder):
    """Adversarial autoencoder: an autoencoder and a discriminator that reads its codes.

    The discriminator gives the logit a(z) of D(z) = P(z came from the prior): prior 1, codes 0.
    Source: Makhzani et al. 2015, arXiv 1511.05644.

    Args:
        discriminator_hidden: widths of the discriminator's hidden layers; the rest as in
            `Autoencoder`.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int,
        hidden: Sequence[int] = (512, 256),
        decoder_hidden: Sequence[int] | None = None,
        discriminator_hidden: Sequence[int] = (128, 128),
        seed: int = 0,
    ) -> None:
        super().__init__(image_shape, latent_dim, hidden, decoder_hidden, seed)
        self.config["discriminator_hidden"] = list(discriminator_hidden)
        with seeded(seed + 1):
            self.discriminator = mlp([latent_dim, *discriminator_hidden, 1])

    def logit(self, z: Tensor) -> Tensor:
        """a(z) of shape (...) for latents (..., d); positive where the prior looks likelier."""
        expect_shape(z, [self.latent_dim], "latents")
        return self.discriminator(z).squeeze(-1)


class Classifier(nn.Module):
    """A small convolutional network from pixels to class logits: a judge that never saw a code.

    Args:
        n_classes: how many classes.
        width: channels of the first layer; the second has twice as many.
        seed: the initial weights are drawn from it.
        image_shape: (C, H, W) of one image, H and W at least 4.
    """

    def __init__(
        self,
        n_classes: int = 10,
        width: int = 16,
        seed: int = 0,
        image_shape: Sequence[int] = (1, 28, 28),
    ) -> None:
        super().__init__()
        channels, height, breadth = image_shape
        if min(height, breadth) < 4:
            raise ValueError(
                f"image_shape: expected images of 4 x 4 pixels or more, got {tuple(image_shape)}"
            )
        self.image_shape = tuple(image_shape)
        self.config: dict[str, Any] = {
            "n_classes": n_classes,
            "width": width,
            "seed": seed,
            "image_shape": list(image_shape),
        }
        with seeded(seed):
            self.layers = AsGiven(
                nn.Conv2d(channels, width, 5, padding=2),  # H x W
                nn.SiLU(),
                nn.MaxPool2d(2),  # half of it
                nn.Conv2d(width, 2 * width, 5, padding=2),
                nn.SiLU(),
                nn.MaxPool2d(2),  # a quarter of it
                nn.Flatten(),
                nn.Linear(2 * width * (height // 4) * (breadth // 4), 128),
                nn.SiLU(),
                nn.Linear(128, n_classes),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, C, H, W) in [0, 1] to class logits (N, n_classes)."""
        expect_shape(x, self.image_shape, "images")
        return self.layers(x)


PARTS = {
    "encoder": "a module with weights",
    "decoder": "a module with weights",
    "discriminator": "a module with weights",
    "encode": "images (N, C, H, W) to codes (N, d)",
    "decode_logits": "codes (N, d) to logits of the pixels (N, C, H, W)",
    "logit": "codes (N, d) to logits (N,)",
}


def expect_parts(model: nn.Module) -> None:
    """Raise ValueError unless a model has all that an adversarial training asks for."""
    lacking = [name for name in PARTS if getattr(model, name, None) is None]
    if lacking:
        wanted = "; ".join(f"{name}, {what}" for name, what in PARTS.items())
        raise ValueError(
            f"model: expected an AAE, or a module with {wanted}; got {kind_of(model)} without "
            f"{', '.join(lacking)}"
        )
