"""The experiments that chapter 03 suggests: the cells to run again, with what to change in them."""

TRIES = {
    "without the price": [
        ("def vae_step(", {"reconstruction + beta * kl": "reconstruction"}),
        (
            "history = train_vae(vae, x",
            {'"epochs": 60': '"epochs": 12'},  # here, and below, it only has to run
        ),
        ("centre, spread = points.mean(0)", {}),
    ],
    "where the collapse sets in": [
        ("def vae_step(", {}),  # with its price again
        ("models = {1.0: vae}", {"for beta in (0.1, 4.0)": "for beta in (2.0, 4.0)"}),
    ],
}
