"""The experiments of chapter 12, in order."""

TRIES = {
    "a shallower saddle": [
        (
            "apart = two_clusters()",
            {
                "two_clusters()": "GaussianMixture([[-1.2, 0.0], [1.2, 0.0]], 0.5)",
                "repeat(300, 1)": "repeat(50, 1)",  # here it only has to run
            },
        ),
    ],
    "more corrector steps": [("def pc_sample(", {"for steps in (0, 5):": "for steps in (0, 20):"})],
    "the noise of the figure": "tests/explorer/page/test_controls.py",
}
