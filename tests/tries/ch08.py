"""The experiments that chapter 08 suggests: the cells to run again, with what to change in them."""

TRIES = {
    "a smaller penalty": [("def penalised_on_line(", {"gamma = 0.05": "gamma = 0.008"})],
    "a rate that does not fall": [
        (
            "def keep(info):",
            {
                "batch_size=128, callback": "batch_size=128, decay=0.01, callback",
                "(6, 12, 18, 24)": "(2, 4, 6, 8)",  # here it only has to run
                "epochs=24": "epochs=8",
            },
        )
    ],
    "a wider kernel to compare with": [("WIDTH = 0.05", {"WIDTH = 0.05": "WIDTH = 0.1"})],
}
