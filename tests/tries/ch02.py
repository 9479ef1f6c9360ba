"""The experiments that chapter 02 suggests: the cells to run again, with what to change in them."""

STEP = '    update(optimizers["autoencoder"], reconstruction)'
PULLED = """\
    pull = model.encode(x).square().sum(1).mean()
    update(optimizers["autoencoder"], reconstruction + 0.1 * pull)"""

TRIES = {
    "a loss with an opinion": [
        ("def autoencoder_step(", {STEP: PULLED}),
        (
            "history = fit(model, x, optimizers, autoencoder_step",
            {'"epochs": 60': '"epochs": 12'},  # here it only has to run
        ),
        ("share of codes within radius 2", {}),
    ],
}
