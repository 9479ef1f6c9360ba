"""How fast is the corrector on a GPU? torch's four ways, and one kernel of each precision.

1,000,000 points, 50 literal steps on the network of `corrector`, which calls this: plain, compiled,
as a CUDA graph, compiled as one, in one kernel; beside the network's products alone, and the
roofs of this GPU: large square products in each precision, and a large copy. How far the points are
from the CPU's; the same kernels with a third hidden layer; the peak memory of one kernel by the
number of points.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import torch
from corrector import REPEATS, SIZES, STEPS, WALK, compass, normal, seconds
from torch import Tensor

from nav_utils.correction import Corrector, Run, State, advance, begin, correct
from nav_utils.fused import SETTINGS
from nav_utils.ratio import DensityRatio

TORCH = ("plain", "compiled", "CUDA graph", "compiled, as a CUDA graph")
TIMES = {"float32": 4.0, "float16": 8.0}  # faster than the best of `TORCH`


def on_gpu(n: int = 1_000_000, steps: int = 50) -> dict[str, Any]:
    """Seconds for the points and steps, and the largest distance from the CPU's points."""
    ratio, z = compass(), normal(n)
    on_cpu = correct(z, ratio, *WALK, Run(max_steps=steps)).z
    ratio, z = ratio.to("cuda"), z.cuda()
    plain, compiled = Run(max_steps=steps), Run(max_steps=steps, compile=True)
    corrector = Corrector(ratio, *WALK, plain)
    ways: dict[str, Callable[[], Tensor]] = {
        "plain": lambda: correct(z, ratio, *WALK, plain).z,
        "compiled": lambda: correct(z, ratio, *WALK, compiled).z,
        "CUDA graph": graphed(advance, z, corrector, steps),
        "compiled, as a CUDA graph": graphed(torch.compile(advance), z, corrector, steps),
    }
    ways |= {f"one kernel, {name}": in_a_kernel(z, ratio, steps, name) for name in SETTINGS}
    found: dict[str, Any] = {
        "device": torch.cuda.get_device_name(),
        "software": f"torch {torch.__version__}, triton {version('triton')}",
        "seconds": {},
        "largest distance from the CPU, per step": {},
        "mean distance from the CPU": {},
    }
    for name, work in ways.items():
        try:
            work()
        except Exception as error:  # a GPU without the units of a precision: said, not hidden
            found["seconds"][name] = f"fails: {(str(error) or repr(error)).splitlines()[0]}"
            continue
        far = (work().cpu() - on_cpu).abs()
        found["seconds"][name] = quickest(work)
        found["largest distance from the CPU, per step"][name] = float(far.max()) / steps
        found["mean distance from the CPU"][name] = float(far.mean())
        print(name, found["seconds"][name], flush=True)
    found["products alone, seconds"] = products_on_gpu(n, steps)
    found["three hidden layers, seconds"] = with_three_layers(z, steps)
    found["peak bytes for a point, one kernel"] = memory_on_gpu(ratio)
    found["roofs"] = roofs()
    return found


def with_three_layers(z: Tensor, steps: int) -> dict[str, float]:
    """Seconds of the best of torch's ways that need no recording, and of kernels."""
    ratio = compass([*SIZES[:-1], SIZES[-2], 1]).to("cuda")
    run = Run(max_steps=steps, compile=True)
    ways = {"compiled": lambda: correct(z, ratio, *WALK, run).z}
    ways |= {name: in_a_kernel(z, ratio, steps, name) for name in ("float32", "float16")}
    return {name: quickest(work) for name, work in ways.items()}


def in_a_kernel(z: Tensor, ratio: DensityRatio, steps: int, name: str) -> Callable[[], Tensor]:
    """A correction whose steps are all in one kernel of this precision; it may not fall back."""
    run = Run(max_steps=steps, compile="fused", precision=name)

    def work() -> Tensor:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="(no|the) fused kernel")
            return correct(z, ratio, *WALK, run).z

    return work


def products_on_gpu(n: int, steps: int) -> float:
    """Seconds of the network's products alone, forward and back, in float32."""
    widths = list(itertools.pairwise(SIZES))
    weights = [torch.randn(i, o, device="cuda") for i, o in widths]
    inputs = [torch.randn(n, i, device="cuda") for i, _ in widths]
    outputs = [torch.randn(n, o, device="cuda") for _, o in widths]

    def work() -> None:
        for _ in range(steps):
            for x, weight, y in zip(inputs, weights, outputs, strict=True):
                torch.mm(x, weight, out=y)
                torch.mm(y, weight.T, out=x)

    return quickest(work)


def memory_on_gpu(ratio: DensityRatio) -> dict[str, float]:
    """Bytes for a point at the peak of a correction in one kernel, by the number of points."""
    found = {}
    for n in (1_000_000, 4_000_000):
        z = normal(n).cuda()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        correct(z, ratio, *WALK, Run(max_steps=STEPS, compile="fused"))
        found[f"{n:,} points"] = (torch.cuda.max_memory_allocated() - before) / n
    return found


def graphed(
    step: Callable[..., State], z: Tensor, corrector: Corrector, steps: int
) -> Callable[[], Tensor]:
    """A function that walks from z with one recorded step, which is played `steps` times.

    A recording always reads and writes the same memory, so the new state is copied over the old.
    """
    start = begin(z, corrector)
    state = State(*(x.clone() for x in start))  # clones: `begin` lets some share their memory

    def once() -> None:
        for old, new in zip(state, step(state, None, corrector), strict=True):
            old.copy_(new)

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # what allocates and compiles may not be recorded
        for _ in range(3):
            once()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        once()

    def walk() -> Tensor:
        for old, new in zip(state, begin(z, corrector), strict=True):
            old.copy_(new)
        for _ in range(steps):
            graph.replay()
        return state.best_z

    return walk


# ---- roofs --------------------------------------------------------------------------------------


def roofs(side: int = 8192) -> dict[str, Any]:
    """TFLOP/s of a square product by precision, TB/s of a copy, read and written."""
    found: dict[str, Any] = {"TFLOP/s": {}}
    for name, dtype, precision in (
        ("float32", torch.float32, "highest"),
        ("TF32", torch.float32, "high"),
        ("16 bits", torch.bfloat16, "highest"),
    ):
        torch.set_float32_matmul_precision(precision)
        x = torch.randn(side, side, device="cuda", dtype=dtype)
        found["TFLOP/s"][name] = 2 * side**3 / quickest(partial(torch.matmul, x, x)) / 1e12
    torch.set_float32_matmul_precision("highest")
    x = torch.randn(2**30, device="cuda")
    y = torch.empty_like(x)
    found["TB/s"] = 2 * 4 * len(x) / quickest(lambda: y.copy_(x)) / 1e12
    x, weight = torch.randn(1_000_000, 128, device="cuda"), torch.randn(128, 128, device="cuda")
    found["product of a layer, ms"] = 1e3 * quickest(lambda: x @ weight)
    return found


def quickest(work: Callable[[], Any]) -> float:
    """Seconds of the quickest of some calls, the first not counted."""
    work()
    return min(seconds(work) for _ in range(REPEATS))


# ---- what was to be reached ---------------------------------------------------------------------


def verdicts(gpu: dict[str, Any] | str) -> dict[str, bool]:
    """What was to be reached on a GPU, and whether it was; nothing where none was measured."""
    if isinstance(gpu, str):
        return {}
    took = gpu["seconds"]
    best = min(took[name] for name in TORCH)
    apart = max(gpu["largest distance from the CPU, per step"][name] for name in TORCH)
    found = {"GPU: at most 0.5 s": best <= 0.5}
    found["GPU: within 1e-4 per step of the CPU"] = apart <= 1e-4
    for name, least in TIMES.items():
        kernel = took[f"one kernel, {name}"]
        fast = not isinstance(kernel, str) and best / kernel >= least
        found[f"GPU: one kernel, {name}, at least {least:.0f} times the best of torch"] = fast
    kernel = took["one kernel, float32"]
    alone = not isinstance(kernel, str) and kernel < gpu["products alone, seconds"]
    return found | {"GPU: one kernel, float32, faster than the products alone": alone}
