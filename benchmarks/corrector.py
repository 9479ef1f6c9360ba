"""How fast is the corrector? From a loop over points to a compiled step, beside a roofline.

    python benchmarks/corrector.py      # about 2 minutes alone; uses a GPU if there is one

The literal update on a 2-128-128-1 SiLU network, with a fixed number of steps and no point that
stops early: `one_by_one`, the loop that one writes first; autograd on a batch; `correct`, whose
gradient is in closed form; and the same compiled. The roofline is the matrix products of such an
evaluation, forward and back, and nothing else, on as many points at a time; the large-square
product says what the processor can do with other shapes. All in one run, taking turns, for each
number of threads; best of the repeats. Then the peak memory, in fresh processes, by the number of
points. With a GPU: 1,000,000 points and 50 steps, plain, compiled and as a CUDA graph, and how far
the points are from the CPU's. Writes benchmarks/results/corrector.json, and says what was reached.
"""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from printed import number
from torch import Tensor, nn

from nav_utils.correction import Corrector, Run, State, Status, advance, begin, correct
from nav_utils.models import mlp, seeded
from nav_utils.ratio import DensityRatio
from nav_utils.steps import Band, Probability

RESULTS = pathlib.Path(__file__).resolve().parent / "results" / "corrector.json"
SIZES = [2, 128, 128, 1]
CHUNK = 2048  # what `correct` computes at a time on a CPU
POINTS, STEPS, REPEATS = CHUNK, 50, 15
ETA = 0.1
WALK = (Probability(ETA), Band(1e-6))


def one_by_one(z, network, eta, steps):  # chapter 11 prints these lines
    corrected = []
    for point in z:  # (d,)
        for _ in range(steps):
            point = point.detach().requires_grad_()
            (torch.sigmoid(network(point)) - 0.5).square().sum().backward()
            point = point - eta * point.grad
        corrected.append(point.detach())
    return torch.stack(corrected)


def all_at_once(z: Tensor, network: nn.Module, eta: float, steps: int) -> Tensor:
    """The same for a batch (N, d): in the gradient of a sum each point finds its own."""
    for _ in range(steps):
        z = z.detach().requires_grad_()
        loss = (torch.sigmoid(network(z)) - 0.5).square().sum()
        (gradient,) = torch.autograd.grad(loss, z)
        z = z - eta * gradient
    return z.detach()


class Products:
    """The products of one evaluation for `CHUNK` points, into tensors that are there already."""

    def __init__(self) -> None:
        shapes = list(itertools.pairwise(SIZES))
        self.weights = [torch.randn(n, m) / n for n, m in shapes]
        self.forward, self.back = ([torch.randn(CHUNK, n) for n in SIZES] for _ in range(2))
        self.flops = 2 * 2 * CHUNK * sum(n * m for n, m in shapes)

    def __call__(self) -> None:
        """Three products forward, three back."""
        for i, weight in enumerate(self.weights):
            torch.mm(self.forward[i], weight, out=self.forward[i + 1])
        for i, weight in reversed(list(enumerate(self.weights))):
            torch.mm(self.back[i + 1], weight.T, out=self.back[i])


def compass() -> DensityRatio:
    """A ratio of the measured size, with random weights, which cost what trained ones do.

    Its logit is near 3: nobody arrives, and hardly anybody's step is too small to be seen.
    """
    with seeded(0):
        network = mlp(SIZES)
    *_, weight, bias = network.parameters()
    weight.data *= 5
    bias.data += 3
    return DensityRatio(network, normal(1000))


def normal(n: int) -> Tensor:
    """Samples (n, d) of the prior."""
    return torch.randn(n, SIZES[0], generator=torch.Generator().manual_seed(0))


def seconds(work: Callable[[], Any]) -> float:
    """Time of one call, until the GPU, if any, has finished."""
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


# ---- CPU ----------------------------------------------------------------------------------------


def on_cpu(threads: int) -> dict[str, Any]:
    """Microseconds for a point and a step, and what follows from them."""
    torch.set_num_threads(threads)
    ratio, z = compass(), normal(POINTS)
    expect_equal(ratio, z)
    plain, compiled = Run(max_steps=STEPS), Run(max_steps=STEPS, compile=True)
    products, square = Products(), torch.randn(2048, 2048)
    works: dict[str, tuple[Callable[[], Any], int]] = {  # and how many points and steps it does
        "one by one": (lambda: one_by_one(z[:10], ratio.network, ETA, STEPS), 10 * STEPS),
        "autograd on a batch": (lambda: all_at_once(z, ratio.network, ETA, STEPS), POINTS * STEPS),
        "correct": (lambda: correct(z, ratio, *WALK, plain), POINTS * STEPS),
        "correct, compiled": (lambda: correct(z, ratio, *WALK, compiled), POINTS * STEPS),
        "roofline": (lambda: repeat(products, 50), CHUNK * 50),
        "square": (lambda: square @ square, 1),
    }
    best = dict.fromkeys(works, float("inf"))
    for turn in range(REPEATS + 1):  # in turn, so that a slow moment of the machine hits all
        for name, (work, count) in works.items():
            took = seconds(work) / count
            if turn:  # the first compiles
                best[name] = min(best[name], took)
    square_flops = 2 * len(square) ** 3
    us = {name: 1e6 * took for name, took in best.items() if name != "square"}
    return {
        "microseconds for a point and a step": us,
        "points x steps per second": {name: 1e6 / took for name, took in us.items()},
        "times one by one": {name: us["one by one"] / took for name, took in us.items()},
        "share of the roofline": {name: us["roofline"] / took for name, took in us.items()},
        "GFLOP/s of the roofline": products.flops / CHUNK / us["roofline"] / 1e3,
        "GFLOP/s of a 2048 x 2048 product": square_flops / best["square"] / 1e9,
    }


def repeat(work: Callable[[], None], times: int) -> None:
    """The same work again and again."""
    for _ in range(times):
        work()


def expect_equal(ratio: DensityRatio, z: Tensor) -> None:
    """All ways end in the same places, and nobody stops before the last step."""
    found = correct(z, ratio, *WALK, Run(max_steps=STEPS))
    assert bool((found.status == Status.MAX_STEPS).all()) and bool((found.n_steps == STEPS).all())
    network = ratio.network
    for name, places in {
        "one by one": one_by_one(z[:20], network, ETA, STEPS),
        "autograd": all_at_once(z, network, ETA, STEPS),
        "compiled": correct(z, ratio, *WALK, Run(max_steps=STEPS, compile=True)).z,
    }.items():
        # `correct` gives the best place of each walk, where it is flat not always the last.
        same = (places - found.z[: len(places)]).abs().amax(-1) < 1e-5
        assert same.float().mean() > 0.95, (name, same.float().mean())


def peak_memory(n: int) -> int:
    """The most memory, in bytes, that a fresh process holds while it corrects n points."""
    code = f"import corrector; corrector.print_peak({n})"
    here = str(pathlib.Path(__file__).parent)
    child = subprocess.run(
        [sys.executable, "-c", code], cwd=here, stdout=subprocess.PIPE, text=True, check=True
    )
    return int(child.stdout)


def print_peak(n: int) -> None:
    """What `peak_memory` runs in the fresh process."""
    correct(normal(n), compass(), *WALK, Run(max_steps=1))
    status = pathlib.Path("/proc/self/status").read_text()  # Linux
    print(1024 * int(status.split("VmHWM:")[1].split()[0]))


def memory() -> dict[str, float]:
    """Bytes for a point, above what a process that corrects one chunk holds."""
    least = peak_memory(CHUNK)
    return {f"{n:,} points": (peak_memory(n) - least) / (n - CHUNK) for n in (100_000, 1_000_000)}


# ---- GPU ----------------------------------------------------------------------------------------


def on_gpu(n: int = 1_000_000, steps: int = 50) -> dict[str, Any]:
    """Seconds for the points and steps, and the largest distance from the CPU's points."""
    ratio, z = compass(), normal(n)
    on_cpu = [correct(z, ratio, *WALK, Run(max_steps=s)).z for s in (1, steps)]
    ratio, z = ratio.to("cuda"), z.cuda()
    plain, compiled = Run(max_steps=steps), Run(max_steps=steps, compile=True)
    corrector = Corrector(ratio, *WALK, plain)
    ways: dict[str, Callable[[], Tensor]] = {
        "plain": lambda: correct(z, ratio, *WALK, plain).z,
        "compiled": lambda: correct(z, ratio, *WALK, compiled).z,
        "CUDA graph": graphed(advance, z, corrector, steps),
        "compiled, as a CUDA graph": graphed(torch.compile(advance), z, corrector, steps),
    }
    found: dict[str, Any] = {"device": torch.cuda.get_device_name()}
    for name, work in ways.items():
        work()
        far = float((work().cpu() - on_cpu[1]).abs().max())
        took = min(seconds(work) for _ in range(REPEATS))
        found[name] = {"seconds": took, "from the CPU, per step": far / steps}
        print(name, found[name], flush=True)
    first = correct(z, ratio, *WALK, Run(max_steps=1)).z.cpu()
    found["from the CPU after one step"] = float((first - on_cpu[0]).abs().max())
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


# ---- all of it ----------------------------------------------------------------------------------


def verdicts(results: dict[str, Any]) -> dict[str, bool]:
    """What was to be reached, and whether it was."""
    cpu = results["threads"]["2"]
    times, share = cpu["times one by one"]["correct"], cpu["share of the roofline"]
    found = {
        "two threads: correct at least 150 times one by one": times >= 150,
        "two threads: compiled at least 0.8 of the roofline": share["correct, compiled"] >= 0.8,
    }
    gpu = results["gpu"]
    if isinstance(gpu, dict):
        ways = [way for way in gpu.values() if isinstance(way, dict)]
        found["GPU: at most 0.5 s"] = min(way["seconds"] for way in ways) <= 0.5
        apart = max(way["from the CPU, per step"] for way in ways)
        found["GPU: within 1e-4 per step of the CPU"] = apart <= 1e-4
    return found


def main() -> None:
    """Run all, write the results, say what was reached."""
    results: dict[str, Any] = {
        "command": "python benchmarks/corrector.py",
        "network": SIZES,
        "points, steps, chunk": [POINTS, STEPS, CHUNK],
        "torch": torch.__version__,
        "processor": platform.machine(),
        "load of other programs": os.getloadavg()[0],  # figures are worth little beside them
        "threads": {},
    }
    for threads in (1, 2):
        results["threads"][str(threads)] = found = on_cpu(threads)
        print(f"{threads} threads:", json.dumps(found, indent=2), flush=True)
    results["peak bytes for a point"] = memory()
    print("peak bytes for a point:", results["peak bytes for a point"], flush=True)
    if torch.cuda.is_available():
        results["gpu"] = on_gpu()
    else:
        results["gpu"] = "not measured: torch finds no GPU here"
        print("GPU:", results["gpu"])
    results["reached"] = verdicts(results)
    for aim, reached in results["reached"].items():
        print("reached:" if reached else "NOT REACHED:", aim)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(as_printed(results), indent=2) + "\n")


def as_printed(results: Any) -> Any:
    """Every number as a page prints it: three digits."""
    if isinstance(results, dict):
        return {key: as_printed(value) for key, value in results.items()}
    return number(results) if isinstance(results, float) else results


if __name__ == "__main__":
    main()
