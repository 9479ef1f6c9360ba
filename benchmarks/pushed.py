"""A density that stays known behind an encoder: the exact q of codes of images.

u has a known density on R^d, and each u has one image x = g(u). Where the encoder is one to one on
these images, f = encode o g is a smooth change of variables, so that the density of the codes
z = f(u) is known exactly, and so is its score:

    log q(z) = log p(u) - log |det J(u)|,    grad log q(z) = J(u)^-T grad_u (log p - log |det J|).

`second_preimages` and the sign of det J say whether the encoder is one to one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor
from torch.func import grad, jacrev, vmap

from nav_utils.densities import GaussianMixture

SIDE, WAVES, CONTRAST = 8, 16, 3.0  # pixels along a side; the deviation of a pixel's logit
Encoder = Callable[[Tensor], Tensor]  # u (..., d) to codes (..., d), double precision


class Surface(NamedTuple):
    """Where the images lie: the logits of the pixels are scale * basis [u, sin(waves u + shift)/2].

    The columns of the basis are orthonormal, so that u can be read off: g is one to one.
    """

    basis: Tensor  # (64, d + WAVES)
    waves: Tensor  # (WAVES, d)
    shift: Tensor  # (WAVES,)
    scale: float

    @classmethod
    def drawn(cls, dim: int, generator: torch.Generator) -> Surface:
        """A random surface for u in R^dim with covariance near I."""
        size = (SIDE**2, dim + WAVES)
        basis = torch.linalg.qr(torch.randn(size, generator=generator, dtype=torch.float64))[0]
        waves = torch.randn(WAVES, dim, generator=generator, dtype=torch.float64) / dim**0.5
        shift = 2 * math.pi * torch.rand(WAVES, generator=generator, dtype=torch.float64)
        return cls(basis, waves, shift, CONTRAST * SIDE / (dim + WAVES / 8) ** 0.5)

    def features(self, u: Tensor) -> Tensor:
        """(..., d + WAVES) for u (..., d)."""
        return torch.cat([u, (u @ self.waves.T + self.shift).sin() / 2], dim=-1)

    def logits(self, u: Tensor) -> Tensor:
        """The logits (..., 64) of the pixels."""
        return self.scale * self.features(u) @ self.basis.T

    def pixels(self, u: Tensor) -> Tensor:
        """The image (..., 64) of u (..., d)."""
        return self.logits(u).sigmoid()

    def nearest(self, logits: Tensor, steps: int = 5) -> tuple[Tensor, Tensor]:
        """The u (N, d) whose image is nearest to logits (N, 64), by Gauss-Newton, and how far off
        the surface these are, (N,), in units of u.
        """
        wanted = logits @ self.basis / self.scale  # what lies off the basis no u can change
        off = (logits.square().sum(-1) / self.scale**2 - wanted.square().sum(-1)).clamp_min(0)
        dim = self.waves.shape[1]
        u = wanted[:, :dim]
        for _ in range(steps):
            gap = wanted - self.features(u)
            slope = (u @ self.waves.T + self.shift).cos()[..., None] * self.waves / 2
            jacobian = torch.cat([torch.eye(dim).to(u).expand(len(u), -1, -1), slope], dim=1)
            u = u + torch.linalg.lstsq(jacobian, gap[..., None]).solution[..., 0]
        return u, (off + (wanted - self.features(u)).square().sum(-1)).sqrt()


class Pushed(NamedTuple):
    """The codes of N places u, and what is known there."""

    codes: Tensor  # (N, d)
    log_q: Tensor  # (N,), exact if the encoder is one to one
    score: Tensor  # (N, d)
    sign: Tensor  # (N,), of det J: the same everywhere if the encoder does not fold


def pushed(p: GaussianMixture, encode: Encoder, u: Tensor) -> Pushed:
    """Codes of places u (N, d), and the exact density that p has there behind the encoder."""
    jacobian = jacrev(encode)

    def log_q(place: Tensor) -> Tensor:
        return p.log_prob(place) - torch.linalg.slogdet(jacobian(place))[1]

    u = u.double()
    slopes, slope_of_log_q = vmap(jacobian)(u), vmap(grad(log_q))(u)
    return Pushed(
        encode(u).detach(),
        vmap(log_q)(u).detach(),
        torch.linalg.solve(slopes.mT, slope_of_log_q).detach(),
        torch.linalg.slogdet(slopes)[0].detach(),
    )


def second_preimages(
    encode: Encoder, u: Tensor, n: int = 200, starts: int = 5, steps: int = 15
) -> float:
    """The share of the first n places u (N, d) whose code other places have, too.

    Newton's method looks for what is encoded alike. It starts from the places whose codes are
    nearest: half of them would lie on the other sheet of a fold. Where it does not converge there
    is nothing to find nearby.
    """
    with torch.no_grad():
        z = encode(u)
    near = NearestNeighbors(n_neighbors=starts + 1).fit(z.numpy()).kneighbors(z[:n].numpy())[1]
    v, wanted = u[near[:, 1:]].reshape(-1, u.shape[1]), z[:n].repeat_interleave(starts, 0)
    jacobian = vmap(jacrev(encode))
    for _ in range(steps):
        slopes = jacobian(v) + 1e-12 * torch.eye(u.shape[1]).to(v)
        v = (v - torch.linalg.solve(slopes, encode(v) - wanted)).detach().clamp(-20, 20)
    arrived = (encode(v) - wanted).norm(dim=1) < 1e-8
    other = (v - u[:n].repeat_interleave(starts, 0)).norm(dim=1) > 1e-4
    return float((arrived & other).reshape(n, starts).any(1).double().mean())
