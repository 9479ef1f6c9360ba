"""What the ledger says of latent space as the cheaper place: C11."""

from __future__ import annotations

import json

import torch
from diffusion import CODES, PIXELS, RESULTS, Ground, N, best_steps, seeded
from quality import Quality

COSTS = ("training, s", "training, TFLOPs", "sample, ms", "sample, MFLOPs")


def claim_11(small: bool) -> dict[str, str]:
    """The rows of benchmarks/diffusion.py, which measures them; some again at a smaller size.

    The smaller size leaves pixels and seconds out, and takes codes as they are shipped.
    """
    found = json.loads(RESULTS.read_text())
    if small:
        return repeated(best_steps(found["quality"]["tried"], CODES))
    costs, quality = found["costs"]["table"], found["quality"]["table"]
    rows = {f"{key}, {route}": costs[route][key] for key in COSTS for route in (CODES, PIXELS)}
    rows |= {
        f"training, s, {part}": costs[part]["training, s"] for part in ("autoencoder", "ratio")
    }
    for way, row in quality.items():
        rows |= {f"{measure}, {way}": text for measure, text in row.items()}
    of_three = found["trainings"]["Fréchet distance"]
    return rows | {f"Fréchet distance, {CODES}, three trainings": of_three}


def repeated(steps: int) -> dict[str, str]:
    """Baselines and the diffusion of codes, with other noise."""
    ground = Ground()
    rows: dict[str, Quality] = {
        "reconstructions of test images": ground.judge(
            ground.decoded(ground.space.test_codes[ground.others[:N]])
        ),
        "decoded prior": ground.judge(ground.decoded(torch.randn(N, 16, generator=seeded(2)))),
        CODES: ground.judge(ground.drawn(ground.denoisers[CODES], steps, N, 2)),
    }
    return {
        f"{measure}, {way}": text
        for way, quality in rows.items()
        for measure, text in quality.row().items()
    }
