"""Normal and uniform noise that depends on (seed, stream, step, coordinate) alone.

A generator with a state gives a point other noise when the batch around it changes. Here nothing
has a state: Philox4x32-10 turns a counter and a key into four random 32-bit words, and the counter
says whose noise it is,

    counter = (block, step, stream's low word, stream's high word)
    key     = (seed's low word, seed's high word)

Block b holds the coordinates 4b to 4b + 3 of the normal noise: with u = (word + 1/2) / 2^32 in
float64, words 0 and 1 give two of them by the transform of Box and Muller, words 2 and 3 the
others,

    z_0 = sqrt(-2 ln u_0) cos(2 pi u_1),    z_1 = sqrt(-2 ln u_0) sin(2 pi u_1).

Word 0 of block 2^32 - 1 gives the uniform noise. The words are the same everywhere. The noise is
so too in one installation on CPU; other devices and languages round ln, cos and sin differently,
a few units in the 16th digit (on MPS, which has no float64, in the 7th).

Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC '11.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

WORD = 0xFFFFFFFF
UNIFORM_BLOCK = WORD  # no normal noise has so many coordinates


def standard_normal(
    seed: int | Tensor,
    stream: Tensor,
    step: int | Tensor,
    dim: int,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Noise from N(0, I): each row the same whatever rows are asked for beside it.

    Args:
        seed: a number from 0 to 2^64 - 1, or one for each row, int64 (...), not negative.
        stream: which point or chain each row belongs to, int64 (...), not negative; `seed` and
            `stream` are broadcast.
        step: which step of the chain, from 0 to 2^32 - 1; or some of them, int64, broadcast too: a
            few thousand values at once take hardly longer than a few.
        dim: the number of coordinates d, at least 1. The first d of a longer noise are the same.
        dtype: of the result, which is computed in float64 and then rounded.

    Returns:
        (..., d) on stream's device; no value is beyond sqrt(66 ln 2) = 6.76 in size.

    Raises:
        ValueError: for other types, values out of these ranges, a dtype that is not floating, and
            seeds and streams that cannot be broadcast or lie on two devices.
    """
    if not isinstance(dim, Integral) or not 1 <= dim <= 4 * UNIFORM_BLOCK:
        raise ValueError(f"dim: expected a whole number of coordinates, at least 1, got {dim!r}")
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise ValueError(f"dtype: expected a floating-point type, got {dtype!r}")
    words = _words(seed, stream, step, range(-(-dim // 4)))
    pairs = [words[:2], words[2:]] if dim > 2 else [words[:2]]  # in two dimensions half the work
    z = torch.stack([z for pair in pairs for z in _box_muller(*pair)], dim=-1)  # (..., B, 2 or 4)
    return z.flatten(-2)[..., :dim].to(dtype)


def uniform(seed: int | Tensor, stream: Tensor, step: int | Tensor) -> Tensor:
    """Noise from (0, 1), independent of `standard_normal`'s: for a Metropolis test.

    Args:
        seed, stream, step: as in `standard_normal`.

    Returns:
        (...) float64 (float32 on MPS) on stream's device, a multiple of 2^-33: never 0 or 1.

    Raises:
        ValueError: as in `standard_normal`.
    """
    words = _words(seed, stream, step, range(UNIFORM_BLOCK, UNIFORM_BLOCK + 1))
    return _unit(words[0]).squeeze(-1)


def philox(counter: Sequence[Any], key: Sequence[Any]) -> tuple[Any, Any, Any, Any]:
    """Philox4x32-10: four random words from four words of counter and two of key.

    Words are whole numbers from 0 to 2^32 - 1: numbers, or int64 tensors that are broadcast.
    """
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        # The product fills 64 bits. In int64 its sign is wrong but its bits are right, and the
        # mask removes the signs that the shift draws in.
        p0, p1 = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1 = (p1 >> 32 & WORD) ^ c1 ^ k0, p1 & WORD
        c2, c3 = (p0 >> 32 & WORD) ^ c3 ^ k1, p0 & WORD
        k0, k1 = k0 + 0x9E3779B9 & WORD, k1 + 0xBB67AE85 & WORD
    return c0, c1, c2, c3


def _words(
    seed: int | Tensor, stream: Tensor, step: int | Tensor, blocks: range
) -> tuple[Tensor, ...]:
    """Four words, each (..., B), for B blocks of every row."""
    _expect_int64("stream", stream)
    if isinstance(step, Tensor):
        _expect_int64("step", step)
        _expect_alike(step=step, stream=stream)
        if bool((step > WORD).any()):
            raise ValueError(f"step: expected at most 2^32 - 1, got {int(step.max())}")
        step = step[..., None]
    elif not isinstance(step, Integral) or not 0 <= step <= WORD:
        raise ValueError(f"step: expected a whole number from 0 to 2^32 - 1, got {step!r}")
    else:
        step = int(step)
    if isinstance(seed, Tensor):
        _expect_int64("seed", seed)
        _expect_alike(seed=seed, stream=stream)
        seed = seed[..., None]
    elif not isinstance(seed, Integral) or not 0 <= seed < 2**64:
        raise ValueError(f"seed: expected a whole number from 0 to 2^64 - 1, got {seed!r}")
    else:
        seed = int(seed)
    block = torch.arange(blocks.start, blocks.stop, device=stream.device)
    stream = stream[..., None]
    counter = (block, step, stream & WORD, stream >> 32)
    return philox(counter, (seed & WORD, seed >> 32))


def _box_muller(word_0: Tensor, word_1: Tensor) -> tuple[Tensor, Tensor]:
    """Two independent standard normal values from two words."""
    radius = (-2 * _unit(word_0).log()).sqrt()
    angle = 2 * math.pi * _unit(word_1)
    return radius * angle.cos(), radius * angle.sin()


def _unit(word: Tensor) -> Tensor:
    """(word + 1/2) / 2^32, strictly between 0 and 1."""
    real = torch.float32 if word.device.type == "mps" else torch.float64  # MPS has no float64
    return _as_unit(word, real)


def _as_unit(word: Tensor, real: torch.dtype) -> Tensor:
    largest_below_1 = 1 - torch.finfo(real).eps / 2  # float32 would round the last words to 1
    return ((word.to(real) + 0.5) / 2**32).clamp(max=largest_below_1)


def _expect_int64(name: str, x: Tensor) -> None:
    if not isinstance(x, Tensor) or x.dtype != torch.int64:
        came = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"{name}: expected an int64 tensor (...), got {came}")
    if bool((x < 0).any()):
        raise ValueError(f"{name}: expected no negative number, got {int(x.min())}")


def _expect_alike(**both: Tensor) -> None:
    (name, x), (other, y) = both.items()
    try:
        torch.broadcast_shapes(x.shape, y.shape)
        alike = x.device == y.device
    except RuntimeError:
        alike = False
    if not alike:
        kinds = [(tuple(values.shape), str(values.device)) for values in (x, y)]
        raise ValueError(
            f"expected {name} and {other} on one device, of shapes that can be broadcast, "
            f"got {kinds[0]} and {kinds[1]}"
        )
