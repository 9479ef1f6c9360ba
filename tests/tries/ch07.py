"""The experiments that chapter 07 suggests: the cells to run again, with what to change in them."""

TRIES = {
    "a deeper hole": [
        ("HOLE = math.log(4)", {"HOLE = math.log(4)": "HOLE = math.log(8)"}),
        ("n = min(6, len(holes", {}),
    ],
    "the sliders of band and level": "tests/test_widgets.py",
    "drag A and B to the ends of the walks": "tests/explorer/page/test_ends.py",
    "drag A to the lower right": "tests/explorer/page/test_ends.py",
}
