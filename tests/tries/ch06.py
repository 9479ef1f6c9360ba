"""The experiments that chapter 06 suggests: the cells to run again, with what to change in them."""

TRIES = {
    "four prior samples for each code": [
        (
            "n_codes, n_prior = 820, 205",
            {"n_codes, n_prior = 820, 205": "n_codes, n_prior = 205, 820"},
        )
    ],
    "an overconfident discriminator": [
        ("class Recalibrated(", {'"T = 4": (4.0, 0.0)': '"T = 1/4": (0.25, 0.0)'})
    ],
    "ten times the codes": [
        (
            "few = heaps[0][:200]",
            {
                "few = heaps[0][:200]": "few = heaps[0][:2000]",
                # here it only has to run
                "enumerate(heaps)]": "enumerate(heaps[:1])]",
                "seed=seed, **small)": 'seed=seed, **small | {"steps": 100})',
                "12_000], **small)": '12_000], **small | {"steps": 100})',
            },
        ),
        ("of them (crosses), overfitted", {}),
    ],
}
