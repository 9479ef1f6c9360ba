"""The experiments that chapter 09 suggests: the cells to run again, with what to change in them."""

TRIES = {
    "a tenth of the step size": [("for n in (20, 200, 2000):", {"eta = 0.3\n": "eta = 0.03\n"})],
    "twice as many steps in front of the gap": [
        ("def voyage(", {"N = 63\n": "N = 127\n"}),
        ("gap = ExactRatio(c_shape())", {}),
    ],
    "four questions to the live figure": "tests/chapters/test_chapter_09.py",
}
