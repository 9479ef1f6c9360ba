"""Likely mistakes of chapter 18, by exercise; right answers of other styles."""


def enough(answer):
    return f"""
def enough(millions, start, alone, shared, share):
    return {answer}
"""


ORDERS = """
def two_orders(costs, processes):
    def end(costs):
        ends = [0.0] * processes
        for cost in costs:
            ends[ends.index(min(ends))] += cost
        return {end}

    return {answer}
"""


def orders(end="max(ends)", answer="end(costs), end(sorted(costs, reverse=True))"):
    return ORDERS.format(end=end, answer=answer)


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
        "the start left out": enough("math.ceil(shared / (share * alone))"),
        "a share of the shared work": enough("math.ceil(1 / share)"),
        "a share of the time": enough(
            "math.ceil((1 - share) * millions * shared / (share * (start + millions * alone)))"
        ),
        "equal to the floor": enough("math.ceil(millions * shared / (start + millions * alone))"),
        "start for every million": enough("math.ceil(shared / (share * (start + alone)))"),
        "not rounded": enough("millions * shared / (share * (start + millions * alone))"),
        "rounded down": enough("millions * shared // (share * (start + millions * alone))"),
    },
    "18.2": {
        "dealt in turn": orders(
            end="max(sum(costs[rank::processes]) for rank in range(processes))"
        ),
        "dealt in blocks": orders(
            end="max(sum(costs[i : i - (-len(costs) // processes)]) "
            "for i in range(0, len(costs), -(-len(costs) // processes)))"
        ),
        "a fair share": orders(end="sum(costs) / processes"),
        "all in one": orders(end="sum(costs)"),
        "the longest shard": orders(end="max(costs)"),
        "the shortest first": orders(answer="end(costs), end(sorted(costs))"),
        "the same order twice": orders(answer="end(costs), end(costs)"),
        "in the other order": orders(answer="end(sorted(costs, reverse=True)), end(costs)"),
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
    "18.1": {
        "by trying": """
def enough(millions, start, alone, shared, share):
    floor, processes = start + millions * alone, 1
    while start + millions * (alone + shared / processes) > (1 + share) * floor:
        processes += 1
    return processes
""",
    },
    "18.2": {
        "with a heap": """
import heapq


def two_orders(costs, processes):
    found = []
    for order in (costs, sorted(costs)[::-1]):
        ends = [0.0] * processes
        for cost in order:
            heapq.heapreplace(ends, ends[0] + cost)
        found.append(max(ends))
    return found
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
