"""The experiments of chapter 17, in order."""

TRIES = {
    "a graph without the power": [
        ("def graph_without_d(", {"power = 4": "power = 1"}),
        ("starts, ends = (", {}),
    ],
}
