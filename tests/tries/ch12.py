"""The experiments of chapter 12, in order."""

TRIES = {
    "more corrector steps": [("def pc_sample(", {"for steps in (0, 5):": "for steps in (0, 20):"})],
    "the noise of the figure": "tests/explorer/page/test_controls.py",
}
