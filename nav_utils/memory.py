"""What is kept instead of computed again, until something changes that it was computed from."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

Function = TypeVar("Function", bound=Callable[..., Any])


def fingerprint(*values: Any) -> str:
    """SHA-256 of all that some values hold: equal for copies, another after any change.

    Args:
        values: numbers, texts, tensors, modules, and objects and containers made of these. Of an
            object every attribute counts whose name does not begin with "_"; a function counts
            as itself, whatever it looks up elsewhere.
    """
    digest, seen = hashlib.sha256(), set[int]()

    def feed(value: Any) -> None:
        if isinstance(value, Tensor):
            digest.update(f"{value.dtype} {tuple(value.shape)}".encode() + bytes_of(value))
        elif id(value) in seen:
            return  # an object that holds itself
        elif isinstance(value, Mapping):
            feed([*value.items()])
        elif isinstance(value, list | tuple):
            digest.update(f"{type(value).__name__} of {len(value)}".encode())
            for entry in value:
                feed(entry)
        elif hasattr(value, "__dict__") and not isinstance(value, type | type(feed)):
            seen.add(id(value))
            digest.update(type(value).__qualname__.encode())
            if isinstance(value, nn.Module):
                feed((repr(value), dict(value.state_dict())))
            feed({k: v for k, v in vars(value).items() if not k.startswith("_")})
        else:
            digest.update(repr(value).encode())

    feed(values)
    return digest.hexdigest()


def bytes_of(x: Tensor) -> bytes:
    """The values of a tensor of any type, one after the other."""
    return x.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()


def remembered(maxsize: int) -> Callable[[Function], Function]:
    """A decorator as functools.lru_cache, for functions whose first argument may be changed.

    Two calls are the same when that argument is the same object and holds the same (see
    `fingerprint`), and the other arguments are equal.
    """

    def decorate(function: Function) -> Function:
        @functools.lru_cache(maxsize)
        def kept(_: str, first: Any, *arguments: Any, **options: Any) -> Any:
            return function(first, *arguments, **options)

        @functools.wraps(function)
        def call(first: Any, *arguments: Any, **options: Any) -> Any:
            return kept(fingerprint(first), first, *arguments, **options)

        return call  # type: ignore[return-value]

    return decorate
