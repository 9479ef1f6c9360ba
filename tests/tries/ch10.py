"""The experiments that chapter 10 suggests."""

TRIES = {
    "more noise beside the island": [("beside island", {"(0.0, 0.02)": "(0.1, 0.2)"})],
    # the cell after the figure sets what the questions ask for, without the page
    "methods, goals and levels of the live figure": "tests/chapters/test_chapter_10.py",
}
