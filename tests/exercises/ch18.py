"""Likely mistakes of chapter 18, by exercise; right answers of other styles."""


def estimate(answer):
    return f"""
def estimate(millions, processes, start, alone, shared):
    return {answer}
"""


FREE = """
def free_first(costs, processes):
    ends = [0.0] * processes
    for cost in {costs}:
        ends[{whose}] += cost
    return {answer}
"""


def free(costs="costs", whose="ends.index(min(ends))", answer="max(ends)"):
    return FREE.format(costs=costs, whose=whose, answer=answer)


SIZE = """
def best_size(z, seconds_of, sizes, processes):
    ends = {{}}
    for size in sizes:
        costs = [seconds_of(shard) for shard in z.split(size)]
        ends[size] = {end}
    return {choice}(ends, key=ends.get)
"""


def size(end="max(sum(costs[rank::processes]) for rank in range(processes))", choice="min"):
    return SIZE.format(end=end, choice=choice)


MISTAKES = {
    "18.1": {
        "everything divided": estimate("(start + millions * (alone + shared)) / processes"),
        "start divided": estimate("start / processes + millions * (alone + shared / processes)"),
        "the part of one process divided": estimate(
            "start + millions * (alone + shared) / processes"
        ),
        "nothing divided": estimate("start + millions * (alone + shared)"),
        "start left out": estimate("millions * (alone + shared / processes)"),
        "start for every million": estimate("millions * (start + alone + shared / processes)"),
        "shared times processes": estimate("start + millions * (alone + shared * processes)"),
    },
    "18.2": {
        "dealt in turn": """
def free_first(costs, processes):
    return max(sum(costs[rank::processes]) for rank in range(processes))
""",
        "dealt in blocks": """
def free_first(costs, processes):
    size = -(-len(costs) // processes)
    return max(sum(costs[first : first + size]) for first in range(0, len(costs), size))
""",
        "a fair share": free(answer="sum(costs) / processes"),
        "all in one": free(answer="sum(costs)"),
        "the longest shard": free(answer="max(costs)"),
        "sorted first": free(costs="sorted(costs, reverse=True)"),
    },
    "18.3": {
        "the least work": size(end="sum(costs)"),
        "the shortest shard": size(end="max(costs)"),
        "the slowest of all": size(choice="max"),
        "another size": """
def best_size(z, seconds_of, sizes, processes):
    return 7
""",
    },
}

ALSO_RIGHT = {
    "18.2": {
        "with a heap": """
import heapq


def free_first(costs, processes):
    ends = [0.0] * processes
    for cost in costs:
        heapq.heapreplace(ends, ends[0] + cost)
    return max(ends)
""",
    },
    "18.3": {
        "with a list": """
def best_size(z, seconds_of, sizes, processes):
    def end(size):
        ends = [0.0] * processes
        for number, first in enumerate(range(0, len(z), size)):
            ends[number % processes] += seconds_of(z[first : first + size])
        return max(ends)

    return sizes[min(range(len(sizes)), key=lambda i: end(sizes[i]))]
""",
    },
}
