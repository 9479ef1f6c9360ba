"""How a correction is run, and how it ends: steps, precision, chunks, compiled or not."""

from __future__ import annotations

import contextlib
import enum
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from nav_utils.ratio import Ratio

HALVES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
PRECISIONS = ("float32", "tf32", *HALVES)
Result = TypeVar("Result")


class Status(enum.IntEnum):
    """How a correction ended, for one point."""

    INSIDE = 0  # nothing to repair: not moved
    CONVERGED = 1  # moved inside
    MAX_STEPS = 2  # the steps ran out
    FLAT_GRADIENT = 3  # a step is too small to move the point
    OFF_SUPPORT = 4  # neither prior nor codes have mass there, whatever the logit says
    NON_FINITE = 5  # logit, gradient or step was not finite: back at the best place before


@dataclass(frozen=True)
class Run:
    """How to run a correction.

    Args:
        max_steps: for each point.
        noise: standard deviation of the normal noise that is added to every step.
        seed: of the noise, which depends on it, on the point's place in z and on the step alone.
        precision: of the network while stepping: "float32", "tf32", "bfloat16" or "float16".
            Whatever it is, a point is judged, and if need be finished, in full precision.
        compile: True has torch.compile fuse a step, and this process keep the memory that it frees;
            "fused" takes all steps of a walk in one kernel, see `nav_utils.fused`. Where that
            fails, a warning and the plain step.
        chunk_size: points computed at a time; by default what fits a cache, or a GPU's memory.
        check_every: after how many steps to look whether any point is still moving.
        callback: called after every step with a dict: step, and what `State` holds of the points
            that are computed together: place (which), z, logit, gradient, status and so on.
    """

    max_steps: int = 200
    noise: float = 0.0
    seed: int = 0
    precision: str = "float32"
    compile: bool | str = False
    chunk_size: int | None = None
    check_every: int = 8
    callback: Callable[[dict[str, Any]], None] | None = None

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision: expected one of {PRECISIONS}, got {self.precision!r}")
        if self.compile not in (False, True, "fused"):
            raise ValueError(f"compile: expected False, True or 'fused', got {self.compile!r}")
        if self.max_steps < 0 or self.check_every < 1 or not 0 <= self.noise < math.inf:
            raise ValueError(
                "expected max_steps >= 0, check_every >= 1 and a finite noise >= 0, got "
                f"{self.max_steps}, {self.check_every} and {self.noise}"
            )
        if self.chunk_size is not None and self.chunk_size < 1:
            raise ValueError(f"chunk_size: expected at least 1, got {self.chunk_size}")


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
        return 4096
    modules = getattr(ratio, "network", torch.nn.Identity()).modules()
    widths = [m.out_features for m in modules if isinstance(m, torch.nn.Linear)]
    per_point = 4 * (4 * sum(widths or [1024]) + 16 * points.shape[-1])  # bytes, with room
    free, _ = torch.cuda.mem_get_info(points.device)
    return max(4096, min(2**20, free // 4 // per_point))


def compiled(step: Callable[..., Result]) -> Callable[..., Result]:
    """The step, compiled; where that fails, a warning and the plain step."""
    keep_memory()
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


def keep_memory() -> None:
    """Have this process keep the memory that large tensors free, up to some 60 MB of it.

    Else Linux takes it back after every step and hands it out anew, page by page: a tenth of the
    time. Its C library moves that limit to twice the largest block that was freed (mallopt(3)).
    Elsewhere this does nothing. The block is not touched, and so not there.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)
