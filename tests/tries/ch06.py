"""The experiments that chapter 06 suggests: the cells to run again, with what to change in them."""

TRIES = {
    "four prior samples for each code": [
        (
            "n_codes, n_prior = 400, 100",
            {
                "n_codes, n_prior = 400, 100": "n_codes, n_prior = 100, 400",
                # here it only has to run
                "train_logit(codes, n_codes, n_prior)": "train_logit(codes, n_codes, n_prior, 100)",
            },
        )
    ],
    "an overconfident discriminator": [
        ("class Recalibrated(", {'"T = 4": (4.0, 0.0)': '"T = 1/4": (0.25, 0.0)'})
    ],
    "twenty times the codes": [
        (
            "few = many[:100]",
            {
                "few = many[:100]": "few = many[:2000]",
                # here it only has to run
                'many, **small | {"steps": 400}': 'many, **small | {"steps": 50}',
                '12_000], **small | {"steps": 400}': '12_000], **small | {"steps": 50}',
                "steps=1200": "steps=200",
            },
        ),
        ("codes from N(0, I), overfitted", {}),
    ],
}
