"""The experiment that chapter 05 suggests: cells to run again, and what to change in them."""

TRIES = {
    "a gentler price without the penalty": [
        (
            "def train_one(",
            {
                "45 - warm": "16 - warm",  # here, and below, it only has to run
                "for weight in (0.5, 2.0, 8.0)": "for weight in (2.0,)",
            },
        ),
        (
            "designs = {",
            {
                "train_one(seed, 4.0, **options)": "train_one(seed, 2.0, **options)",
                "for seed in range(5)": "for seed in range(1)",
            },
        ),
        ('titles = ["smallest eigenvalue', {}),
    ],
}
