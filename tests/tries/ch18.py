"""The experiments of chapter 18, in order."""

TRIES = {
    "a step that costs a hundred times as much": [
        ("on_gpu = float", {"(evaluations / len(codes)) * 2": "(evaluations / len(codes)) * 200"})
    ],
    "large shards": [("ordered = codes", {"ordered.split(250)": "ordered.split(2000)"})],
}
