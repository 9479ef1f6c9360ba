"""The experiments of chapter 14, in order."""

TRIES = {
    "nearer to the prior": [
        ("for kl in (2, 12):\n    with", {"for kl in (2, 12):\n    with": "for kl in (6,):\n    with"}),
    ],
}
