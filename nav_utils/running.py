"""How a correction is run: in which precision, how many points at a time, compiled or not."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
from torch import Tensor

from nav_utils.ratio import Ratio

HALVES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
PRECISIONS = ("float32", "tf32", *HALVES)
Result = TypeVar("Result")


@contextlib.contextmanager
def matmul_precision(name: str, device: torch.device) -> Iterator[None]:
    """Inside this context networks compute in one of `PRECISIONS`; "tf32" is for CUDA."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
    low = torch.autocast(device.type, HALVES.get(name), enabled=name in HALVES)
    try:
        with low:
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def chunk_for(points: Tensor, ratio: Ratio) -> int:
    """How many points to compute at a time: a processor's cache, or a quarter of a GPU's memory."""
    if points.device.type != "cuda":
        return 2048
    modules = getattr(ratio, "network", torch.nn.Identity()).modules()
    widths = [m.out_features for m in modules if isinstance(m, torch.nn.Linear)]
    per_point = 4 * (4 * sum(widths or [1024]) + 16 * points.shape[-1])  # bytes, with room
    free, _ = torch.cuda.mem_get_info(points.device)
    return max(4096, min(2**20, free // 4 // per_point))


def compiled(step: Callable[..., Result]) -> Callable[..., Result]:
    """The step, compiled; where that fails, a warning and the plain step."""
    fast = torch.compile(step)

    def call(*arguments: Any) -> Result:
        nonlocal fast
        try:
            return fast(*arguments)
        except Exception as error:  # no compiler, no support: any reason is one to go on without
            if fast is step:
                raise
            reason = (str(error) or repr(error)).splitlines()[0]
            warnings.warn(f"torch.compile failed, going on without it: {reason}", stacklevel=4)
            fast = step
            return step(*arguments)

    return call
