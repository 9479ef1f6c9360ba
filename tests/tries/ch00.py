"""The experiments that chapter 00 suggests."""

TRIES = {
    "by a 9": [
        (
            "stops = [nearest(",
            {"nearest((-0.1, -1.5), 6)": "nearest((1.5, -0.7), 9)"},
        ),
        ('zoom("the detour stays among codes")', {}),
    ],
    # Presets of the live figure: what is said of them is measured there.
    "kept whole as a string": "tests/chapters/test_chapter_00.py",
    "cross the hole between 1 and 7": "tests/chapters/test_chapter_00.py",
    "a walk among 2s": "tests/chapters/test_chapter_00.py",
}
