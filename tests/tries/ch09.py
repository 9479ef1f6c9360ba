"""The experiments that chapter 09 suggests: the cells to run again, with what to change in them."""

TRIES = {
    "a tenth of the step size": [
        ("for n in (10, 100, 1000):", {"eta, deep = 0.3,": "eta, deep = 0.03,"})
    ],
    "twice as many steps in front of the gap": [
        ("def voyage(", {"N = 47\n": "N = 95\n"}),
        ("gap = ExactRatio(c_shape())", {}),
    ],
    "two questions to the live figure": "tests/chapters/test_chapter_09.py",
}
