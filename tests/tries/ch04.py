"""The experiment that chapter 04 suggests: cells to run again, and what to change in them."""

TRIES = {
    "training without the adversarial loss": [
        ("def aae_step(", {"weight * adversarial": "0 * adversarial"}),
        ("history = train_aae(", {"epochs=60": "epochs=12"}),  # here it only has to run
        ("codes, test_codes = model.encode", {}),
        ("def two_sample_accuracy(", {}),
    ],
}
