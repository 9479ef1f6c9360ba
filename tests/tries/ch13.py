"""The experiments of chapter 13, in order."""

TRIES = {
    "a smaller shift": [
        (
            "stands at a distance of",
            {
                "torch.tensor([0.0, 0.1]": "torch.tensor([0.0, 0.01]",
                "n_points=257": "n_points=65",  # here it only has to run
            },
        ),
    ],
    # The sliders, presets and methods of the figure; what they show is computed in the next cell.
    "the questions of the figure": "tests/explorer/page/test_controls.py",
    "another step of the literal correction": [
        ("point by point less straight line", {"for eta in (0.3, 1.0):": "for eta in (0.1,):"}),
    ],
}
