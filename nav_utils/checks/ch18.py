"""Exercises of chapter 18: how many processes are enough, two orders, the size of a shard."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from nav_utils.checks import Mistake, closest, exercise, first_mistake
from nav_utils.checks.compare import to_array

Mistakes = dict[str, tuple[Tensor, str]]


@exercise("18.1", hint="millions * shared / processes <= share * floor; solve, and round up")
def enough(answer: Callable[..., float]) -> Mistake | None:
    """The fewest processes whose time is at most a share above the floor."""

    def judged(
        place: int, numbers: tuple[float, float, float, float, float]
    ) -> tuple[str, Mistake | None]:
        words = "millions {}, start {}, alone {}, shared {}, share {}".format(*numbers)
        right, mistakes = fewest(*numbers)
        got = answer(*numbers)
        value = to_array(got)
        if value is not None and (value % 1).any():
            advice = "A number of processes is whole: take the next larger whole number."
            return words, Mistake("not rounded", advice)
        return words, closest(got, right, mistakes, strict=place == 0)

    inputs = [
        (1000.0, 3.0, 0.25, 14.0, 0.1),
        (50.0, 5.5, 0.1, 20.0, 0.5),
        (1.0, 30.0, 0.1, 2.0, 0.2),
    ]
    return first_mistake(judged(*case) for case in enumerate(inputs))


def fewest(
    n: float, start: float, alone: float, shared: float, share: float
) -> tuple[Tensor, Mistakes]:
    """The right number of processes, and what likely mistakes give."""

    def whole(value: float) -> Tensor:
        return torch.tensor(math.ceil(value))

    floor, work = start + n * alone, n * shared
    return whole(work / (share * floor)), {
        "the start left out": (
            whole(shared / (share * alone)),
            "The floor is start + millions * alone: the start belongs to it.",
        ),
        "a share of the shared work": (
            whole(1 / share),
            "The share is one of the floor, and not of the shared work.",
        ),
        "a share of the time": (
            whole((1 - share) * work / (share * floor)),
            "Compare with the floor, and not with the time that it takes.",
        ),
        "equal to the floor": (
            whole(work / floor),
            "That makes the shared part as long as the floor. It may be `share` of it only.",
        ),
        "start for every million": (
            whole(work / (share * n * (start + alone))),
            "A process starts once, not once for each million.",
        ),
        "rounded down": (
            torch.tensor(math.floor(work / (share * floor))),
            "One process fewer is not enough: round up.",
        ),
    }


@exercise("18.2", hint="a list of P zeros; add each cost to the smallest entry; return the largest")
def two_orders(answer: Callable[[Sequence[float], int], tuple[float, float]]) -> Mistake | None:
    """When the last process is done: shards in the order of the file, and the longest first."""
    generator = torch.Generator().manual_seed(0)

    def judged(place: int, n: int, processes: int) -> tuple[str, Mistake | None]:
        costs = torch.rand(n, generator=generator).mul(9).add(1).round(decimals=1)
        costs[::3] *= 4
        words = f"{n} shards and {processes} processes"
        right, mistakes = deals(costs, processes)
        got = answer(costs.tolist(), processes)
        return words, closest(got, right, mistakes, strict=place == 0)

    return first_mistake(judged(*case) for case in ((0, 10, 3), (1, 17, 4), (2, 3, 5)))


def makespan(costs: Tensor, processes: int) -> float:
    """The end of the slowest process, each shard given to the first that is free."""
    ends = [0.0] * processes
    for cost in costs.tolist():
        ends[ends.index(min(ends))] += cost
    return max(ends)


def deals(costs: Tensor, processes: int) -> tuple[Tensor, Mistakes]:
    """The right pair, and what likely mistakes give."""
    falling, rising = costs.sort(descending=True).values, costs.sort().values

    def in_turn(costs: Tensor) -> float:
        return max(float(costs[rank::processes].sum()) for rank in range(processes))

    def in_blocks(costs: Tensor) -> float:
        return max(float(block.sum()) for block in costs.split(math.ceil(len(costs) / processes)))

    def pair(end: Callable[[Tensor], float], second: Tensor = falling) -> Tensor:
        return torch.tensor([end(costs), end(second)], dtype=torch.float64)

    def free(costs: Tensor) -> float:
        return makespan(costs, processes)

    return pair(free), {
        "dealt in turn": (
            pair(in_turn),
            "Here shard after shard goes to the next process. Give it to the first free one.",
        ),
        "dealt in blocks": (pair(in_blocks), "Give the shards out one by one, not in blocks."),
        "a fair share": (
            pair(lambda costs: float(costs.sum()) / processes),
            "Shards are not divided: add them up one by one.",
        ),
        "all in one": (pair(lambda costs: float(costs.sum())), "That is one process alone."),
        "the longest shard": (
            pair(lambda costs: float(costs.max())),
            "A process has more shards than one: add them up.",
        ),
        "the shortest first": (pair(free, rising), "Sort from large to small for the second."),
        "the same order twice": (pair(free, costs), "The second number is for sorted costs."),
        "in the other order": (pair(free).flip(0), "First the order of the file, then sorted."),
    }


SecondsOf = Callable[[Tensor], float]
CASES = ((400, 4, 0.05), (400, 3, 0.001), (1000, 2, 5.0), (800, 4, 0.3))  # points, processes, s


@exercise(
    "18.3", hint="for each size: costs of z.split(size), taken in turn; the size of the least"
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
