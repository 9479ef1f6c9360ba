"""The experiments that chapter 11 suggests."""

TRIES = {
    "a mean instead of the sum": [("def all_at_once(", {".square().sum()": ".square().mean()"})],
    "a look after every step": [
        (
            "points that need no step",
            {"correct(z, ratio, *walk)": "correct(z, ratio, *walk, Run(check_every=1))"},
        )
    ],
    # the cell after the app sets its sliders as the five questions ask
    "the sliders of the app": "tests/chapters/test_chapter_11.py",
    "the same in the live figure": "tests/test_explorer_widget.py",
}
