"""How fast is the corrector? From a loop over points to a compiled step, beside a roofline.

    python benchmarks/corrector.py      # about 3 minutes alone; uses a GPU if there is one
    python benchmarks/corrector.py gpu  # only that

The literal update on a 2-128-128-1 SiLU network, with a fixed number of steps and no point that
stops early: `one_by_one`, the loop that one writes first; autograd on a batch; `correct`, whose
gradient is in closed form; and the same compiled. The bound is the matrix products and activations
of such an evaluation, forward and back, and nothing else, on as many points at a time; beside it
the products alone, and a large square product, which says what the processor can do with other
shapes. All taking turns, in one process for each number of threads; best of the repeats, in seconds
that the processor worked, over its threads. First before anything is compiled; then all of it again
with the compiled step. From then on the process keeps the memory that it frees, so that autograd is
faster, too (`nav_utils.running.keep_memory`); the figures of both turns are in the results. Then
the peak memory, in fresh processes, by the number of points. With a GPU: what `corrector_gpu`
measures; `gpu` as an argument leaves the processor out, and takes less than five minutes.
Writes benchmarks/results/corrector.json.
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
from collections.abc import Callable, Sequence
from typing import Any

import torch
from printed import number
from torch import Tensor, nn

from nav_utils.correction import Run, Status, correct
from nav_utils.models import mlp, seeded
from nav_utils.ratio import DensityRatio
from nav_utils.steps import Band, Probability

RESULTS = pathlib.Path(__file__).resolve().parent / "results" / "corrector.json"
SIZES = [2, 128, 128, 1]
CHUNK = 4096  # what `correct` computes at a time on a CPU
POINTS, STEPS, REPEATS = CHUNK, 50, 25
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
    """The products of one evaluation for `CHUNK` points, into tensors that are there already; on
    request with the activations between them.
    """

    def __init__(self, activations: bool = False) -> None:
        self.activations = activations
        self.slopes = [torch.randn(CHUNK, n) for n in SIZES]
        shapes = list(itertools.pairwise(SIZES))
        self.weights = [torch.randn(n, m) / n for n, m in shapes]
        self.forward, self.back = ([torch.randn(CHUNK, n) for n in SIZES] for _ in range(2))
        self.turned = torch.empty(SIZES[0], CHUNK)
        self.flops = 2 * 2 * CHUNK * sum(n * m for n, m in shapes)

    def __call__(self) -> None:
        """Three products forward, three back; SiLU, its slope and a product with it in each layer.

        The first and the last are turned round where that is quicker, as in mlp_value_and_grad.
        """
        for i, weight in enumerate(self.weights):
            torch.mm(self.forward[i], weight, out=self.forward[i + 1])
            if self.activations and i + 1 < len(self.weights):
                x, s = self.forward[i + 1], self.slopes[i + 1]
                torch.sigmoid(x, out=s)
                x.mul_(s)
                s.addcmul_(s, x, value=-1).add_(x)
        torch.mul(self.slopes[-2], self.weights[-1].T, out=self.back[-2])
        for i, weight in reversed(list(enumerate(self.weights))[1:-1]):
            torch.mm(self.back[i + 1], weight.T, out=self.back[i])
            if self.activations:
                self.back[i].mul_(self.slopes[i])
        torch.mm(self.weights[0], self.back[1].T, out=self.turned)


def compass(sizes: Sequence[int] = SIZES) -> DensityRatio:
    """A ratio of the measured size, with random weights, which cost what trained ones do.

    Its logit is near 3: nobody arrives, and hardly anybody's step is too small to be seen.
    """
    with seeded(0):
        network = mlp(sizes)
    *_, weight, bias = network.parameters()
    weight.data *= 5
    bias.data += 3
    return DensityRatio(network, normal(1000))


def normal(n: int) -> Tensor:
    """Samples (n, d) of the prior."""
    return torch.randn(n, SIZES[0], generator=torch.Generator().manual_seed(0))


def seconds(work: Callable[[], Any]) -> float:
    """Time of one call: until the GPU has finished, or as long as the processor's threads work."""
    gpu = torch.cuda.is_available()
    clock = time.perf_counter if gpu else time.process_time
    start = clock()
    work()
    if gpu:
        torch.cuda.synchronize()
    return (clock() - start) / (1 if gpu else torch.get_num_threads())


# ---- CPU ----------------------------------------------------------------------------------------


def on_cpu(threads: int) -> dict[str, Any]:
    """Microseconds for a point and a step, and what follows from them."""
    torch.set_num_threads(threads)
    ratio, z = compass(), normal(POINTS)
    plain, compiled = Run(max_steps=STEPS), Run(max_steps=STEPS, compile=True)
    products, bound = Products(), Products(activations=True)
    square, squared = torch.randn(2, 2048, 2048)  # a large tensor that is freed changes the rest
    works: dict[str, tuple[Callable[[], Any], int]] = {  # and how many points and steps it does
        "one by one": (lambda: one_by_one(z[:10], ratio.network, ETA, STEPS), 10 * STEPS),
        "autograd on a batch": (lambda: all_at_once(z, ratio.network, ETA, STEPS), POINTS * STEPS),
        "correct": (lambda: correct(z, ratio, *WALK, plain), POINTS * STEPS),
        "bound": (lambda: repeat(bound, 50), CHUNK * 50),
        "products alone": (lambda: repeat(products, 50), CHUNK * 50),
        "square": (lambda: torch.mm(square, square, out=squared), 1),
    }
    before = in_turn(works)
    works["correct, compiled"] = (lambda: correct(z, ratio, *WALK, compiled), POINTS * STEPS)
    kept = in_turn(works)
    expect_equal(ratio, z)
    return {
        **compared(before | {"correct, compiled": kept["correct, compiled"]}),
        "where memory is kept": compared(kept),
        "GFLOP/s of the products": products.flops / CHUNK / before["products alone"] / 1e9,
        "GFLOP/s of a 2048 x 2048 product": 2 * len(square) ** 3 / before["square"] / 1e9,
    }


def compared(best: dict[str, float]) -> dict[str, dict[str, float]]:
    """What follows from the seconds of each way for a point and a step."""
    us = {name: 1e6 * took for name, took in best.items() if name != "square"}
    return {
        "microseconds for a point and a step": us,
        "points x steps per second": {name: 1e6 / took for name, took in us.items()},
        "times one by one": {name: us["one by one"] / took for name, took in us.items()},
        "times autograd": {name: us["autograd on a batch"] / took for name, took in us.items()},
        "share of the bound": {name: us["bound"] / took for name, took in us.items()},
    }


def in_turn(works: dict[str, tuple[Callable[[], Any], int]]) -> dict[str, float]:
    """Seconds of each for a point and a step, the best of the repeats."""
    best = dict.fromkeys(works, float("inf"))
    for turn in range(REPEATS + 1):  # in turn, so that a slow moment of the machine hits all
        for name, (work, count) in works.items():
            took = seconds(work) / count
            if turn:  # the first compiles
                best[name] = min(best[name], took)
    return best


def repeat(work: Callable[[], None], times: int) -> None:
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


def in_fresh_process(call: str) -> Any:
    """What a function of this module, as text, gives in a process of its own."""
    code = f"import corrector, json; print(json.dumps(corrector.{call}))"
    here = str(pathlib.Path(__file__).parent)
    child = subprocess.run(
        [sys.executable, "-c", code], cwd=here, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(child.stdout)


def peak_memory(n: int) -> int:
    """The most memory, in bytes, that a process holds while it corrects n points."""
    correct(normal(n), compass(), *WALK, Run(max_steps=1))
    status = pathlib.Path("/proc/self/status").read_text()  # Linux
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def memory() -> dict[str, float]:
    """Bytes for a point, above what a process that corrects one chunk holds."""
    least = in_fresh_process(f"peak_memory({CHUNK})")
    return {
        f"{n:,} points": (in_fresh_process(f"peak_memory({n})") - least) / (n - CHUNK)
        for n in (100_000, 1_000_000)
    }


# ---- all of it ----------------------------------------------------------------------------------


def verdicts(results: dict[str, Any]) -> dict[str, bool]:
    """What was to be reached on a processor, and whether it was."""
    found = {}
    if cpu := results["threads"].get("2"):
        times, ahead = (cpu[f"times {way}"]["correct"] for way in ("one by one", "autograd"))
        share = cpu["where memory is kept"]["share of the bound"]
        found = {
            "two threads: correct at least 150 times one by one": times >= 150,
            "two threads: correct at least 1.3 times autograd": ahead >= 1.3,
            "two threads: compiled at least 0.9 of the bound": share["correct, compiled"] >= 0.9,
        }
    return found


def main() -> None:
    """Run all, or what a GPU does; write the results, say what was reached."""
    import corrector_gpu  # which builds on this module

    only_gpu = sys.argv[1:] == ["gpu"]
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results: dict[str, Any] = {
        "command": "python benchmarks/corrector.py",
        "network": SIZES,
        "points, steps, chunk": [POINTS, STEPS, CHUNK],
        "torch": torch.__version__,
        "processor": platform.machine(),
        "load of other programs": os.getloadavg()[0],  # figures are worth little beside them
        "threads": {},
    }
    for threads in () if only_gpu else (1, 2):
        results["threads"][str(threads)] = found = in_fresh_process(f"on_cpu({threads})")
        print(f"{threads} threads:", json.dumps(found, indent=2), flush=True)
    results["peak bytes for a point"] = {} if only_gpu else memory()
    if torch.cuda.is_available():
        results["gpu"] = corrector_gpu.on_gpu()
    else:  # the figures of a GPU stay
        results["gpu"] = before.get("gpu", "not measured: torch finds no GPU here")
    print(json.dumps({key: results[key] for key in ("peak bytes for a point", "gpu")}, indent=2))
    results["reached"] = verdicts(results)
    if torch.cuda.is_available():
        results["reached"] |= corrector_gpu.verdicts(results["gpu"])
    for aim, reached in results["reached"].items():
        print("reached:" if reached else "NOT REACHED:", aim)
    RESULTS.parent.mkdir(exist_ok=True)
    printed = as_printed(results)
    printed["reached"] = before.get("reached", {}) | printed["reached"]
    if only_gpu:  # and the processor's stay
        printed = before | {"gpu": printed["gpu"], "reached": printed["reached"]}
    RESULTS.write_text(json.dumps(printed, indent=2) + "\n")


def as_printed(results: Any) -> Any:
    """Every number as a page prints it: three digits."""
    if isinstance(results, dict):
        return {key: as_printed(value) for key, value in results.items()}
    return number(results) if isinstance(results, float) else results


if __name__ == "__main__":
    main()
