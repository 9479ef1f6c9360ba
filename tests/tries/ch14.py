"""The experiments of chapter 14, in order."""

TRIES = {
    "nearer to the prior": [("def compared(", {"for kl in (2, 12):\n": "for kl in (6,):\n"})],
}
