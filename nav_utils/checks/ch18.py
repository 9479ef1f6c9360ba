"""Exercises of chapter 18: an estimate for many processes, a fair deal, the size of a shard."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise, first_mistake

Mistakes = dict[str, tuple[Tensor, str]]


@exercise("18.1", hint="start + millions * (alone + shared / processes)")
def estimate(answer: Callable[..., float]) -> Mistake | None:
    """Seconds for so many millions of points: start + millions (alone + shared / processes)."""

    def judged(
        place: int, numbers: tuple[float, int, float, float, float]
    ) -> tuple[str, Mistake | None]:
        got = answer(*numbers)
        words = "millions {}, processes {}, start {}, alone {}, shared {}".format(*numbers)
        return words, closest(got, *estimates(*numbers), strict=place == 0)

    inputs = [(10.0, 4, 3.0, 0.2, 8.0), (1000.0, 64, 5.0, 0.1, 20.0), (2.0, 1, 3.0, 0.5, 6.0)]
    return first_mistake(judged(*case) for case in enumerate(inputs))


def estimates(
    n: float, p: int, start: float, alone: float, shared: float
) -> tuple[Tensor, Mistakes]:
    """The right estimate, and what likely mistakes give."""

    def number(value: float) -> Tensor:
        return torch.tensor(value, dtype=torch.float64)

    every = "Only the shared work is divided by the number of processes."
    return number(start + n * (alone + shared / p)), {
        "everything divided": (number((start + n * (alone + shared)) / p), every),
        "start divided": (number(start / p + n * (alone + shared / p)), every),
        "the part of one process divided": (number(start + n * (alone + shared) / p), every),
        "nothing divided": (number(start + n * (alone + shared)), "Divide the shared work by P."),
        "start left out": (number(n * (alone + shared / p)), "Every process has to start."),
        "start for every million": (
            number(n * (start + alone + shared / p)),
            "A process starts once, not once for each million.",
        ),
        "shared times processes": (number(start + n * (alone + shared * p)), "Divide, not times."),
    }


@exercise("18.2", hint="a list of P zeros; add each cost to the smallest entry; return the largest")
def free_first(answer: Callable[[Sequence[float], int], float]) -> Mistake | None:
    """When the last of the processes is done, if each next shard goes to the first that is free."""
    generator = torch.Generator().manual_seed(0)

    def judged(place: int, n: int, processes: int) -> tuple[str, Mistake | None]:
        costs = torch.rand(n, generator=generator).mul(9).add(1).round(decimals=1)
        costs[::3] *= 4
        right = torch.tensor(makespan(costs, processes))
        got = answer(costs.tolist(), processes)
        words = f"{n} shards and {processes} processes"
        return words, closest(got, right, deals(costs, processes), strict=place == 0)

    return first_mistake(judged(*case) for case in ((0, 10, 3), (1, 17, 4), (2, 3, 5)))


def makespan(costs: Tensor, processes: int) -> float:
    """The end of the slowest process, each shard given to the first that is free."""
    ends = [0.0] * processes
    for cost in costs.tolist():
        ends[ends.index(min(ends))] += cost
    return max(ends)


def deals(costs: Tensor, processes: int) -> Mistakes:
    """What likely mistakes give."""
    size = math.ceil(len(costs) / processes)
    in_turn = torch.stack([costs[rank::processes].sum() for rank in range(processes)]).max()
    blocks = torch.stack([block.sum() for block in costs.split(size)]).max()
    largest = torch.tensor(makespan(costs.sort(descending=True).values, processes))
    return {
        "dealt in turn": (
            in_turn,
            "That deals in turn. Give the next shard to the first free one.",
        ),
        "dealt in blocks": (blocks, "Do not deal beforehand: look who is free."),
        "a fair share": (
            costs.sum() / processes,
            "Shards are not divided: add them up one by one.",
        ),
        "all in one": (costs.sum(), "That is one process alone."),
        "the longest shard": (costs.max(), "A process has more shards than one: add them up."),
        "sorted first": (largest, "Keep the order of the file: nobody knows the costs beforehand."),
    }


SecondsOf = Callable[[Tensor], float]
CASES = ((400, 4, 0.05), (400, 3, 0.001), (1000, 2, 5.0), (800, 4, 0.3))  # points, processes, s


@exercise(
    "18.3", hint="for each size: costs of z.split(size), dealt in turn; the size of the least"
)
def best_size(answer: Callable[..., int]) -> Mistake | None:
    """The shard size with which the slowest of the processes ends first."""
    chosen, right = [], []
    mistakes: dict[str, list[int]] = {name: [] for name in ADVICE}
    for n, processes, overhead in CASES:
        z = torch.linspace(0, 3, n)[:, None].repeat(1, 2)
        sizes = [n // 40, n // 10, n // 4, n]

        def seconds_of(shard: Tensor, n: int = n, overhead: float = overhead) -> float:
            return overhead + float((1 + shard[:, 0] ** 2).sum()) / n

        chosen.append(float(torch.as_tensor(answer(z, seconds_of, sizes, processes))))
        best, others = sized(z, seconds_of, sizes, processes)
        right.append(best)
        for name, size in others.items():
            mistakes[name].append(size)
    if chosen == right:
        return None
    for name, values in mistakes.items():  # one size alone may come of several mistakes
        if chosen == values:
            return Mistake(name, ADVICE[name])
    wrong = next(place for place, size in enumerate(chosen) if size != right[place])
    n, processes, overhead = CASES[wrong]
    return Mistake(
        "another size",
        f"For {n} points, {processes} processes and {overhead} s for each shard it is "
        f"{right[wrong]}, and not {chosen[wrong]:.0f}.",
    )


ADVICE = {
    "the least work": "That has the least work in all. The slowest process decides.",
    "the shortest shard": "That has the shortest shards. A process has many: add them up.",
    "the slowest of all": "That is the worst size: take the one that ends first.",
}


def sized(
    z: Tensor, seconds_of: SecondsOf, sizes: Sequence[int], processes: int
) -> tuple[int, dict[str, int]]:
    """The right size, and the sizes that likely mistakes choose."""
    costs = {size: [seconds_of(shard) for shard in z.split(size)] for size in sizes}
    ends = {
        size: max(sum(cost[rank::processes]) for rank in range(processes))
        for size, cost in costs.items()
    }
    return min(sizes, key=lambda size: ends[size]), {
        "the least work": min(sizes, key=lambda size: sum(costs[size])),
        "the shortest shard": min(sizes, key=lambda size: max(costs[size])),
        "the slowest of all": max(sizes, key=lambda size: ends[size]),
    }
