"""The experiments that chapter 01 suggests."""

TRIES = {
    "another number than four": [
        ("HOLE = math.log(4)", {"HOLE = math.log(4)": "HOLE = math.log(2)"}),
    ],
}
