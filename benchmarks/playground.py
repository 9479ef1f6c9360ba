"""The playground's engine beside torch: python benchmarks/playground.py

Steps for each second of the processor at batch 128 (WebAssembly, plain JavaScript, and torch on one
thread, in turn, the best of several rounds); the default run of several seeds, by the engine and by
`train_aae` with the same recipe: reconstruction and eigenvalues of the codes at its end; when the
page's space is a usable one; and the page itself in Chromium, with a worker and without. Seconds of
the processor do not depend on what else a machine does, seconds of the clock do. Needs node,
Chromium and Playwright.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
from typing import Any

import torch
from playwright.sync_api import Browser, sync_playwright

from nav_utils.data import load_images
from nav_utils.models import AAE, VAE, Autoencoder
from nav_utils.playground import to_html
from nav_utils.playground.digits import packed_digits
from nav_utils.playground.spaces import trained_space
from nav_utils.training import (
    aae_step,
    adam,
    autoencoder_parameters,
    autoencoder_step,
    reconstruction_nats,
    train_aae,
    vae_step,
)

HERE = pathlib.Path(__file__).parent
RESULTS = HERE / "results" / "playground.json"
BATCH, EPOCHS = 128, 60  # of 12 batches: 720 steps
HIDDEN: dict[str, Any] = {"hidden": (128, 64)}
OBJECTIVES = ("plain", "variational", "adversarial")
MEASURES = ("reconstruction (nats)", "smaller eigenvalue", "larger eigenvalue")
RECIPE = {"weight": 2.0, "penalty": 0.05, "learning_rate": 3e-3, "decay": 0.3}  # protocol.js

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# Before the page's own scripts: count the frames that it asks for, and time those of the screen.
COUNT = """
window.asked = 0;
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (callback) => (window.asked++, ask(callback));
window.gaps = [];
let last = null;
const tick = (now) => { if (last !== null) window.gaps.push(now - last); last = now; ask(tick); };
ask(tick);
"""
NO_WORKER = "window.Worker = class { constructor() { throw new Error('refused'); } };"


def torch_speed(objective: str, seconds: float) -> float:
    """Steps of the package for each second of the processor, one thread, after a warm-up."""
    kind: Any = {"plain": Autoencoder, "variational": VAE}.get(objective, AAE)
    more = {"discriminator_hidden": (64, 64)} if kind is AAE else {}
    model = kind((1, 8, 8), 2, **HIDDEN, **more)
    optimizers = {"autoencoder": adam(autoencoder_parameters(model), 3e-3)}
    step: Any = {"plain": autoencoder_step}.get(objective, functools.partial(vae_step, beta=1.0))
    if kind is AAE:
        optimizers["discriminator"] = adam(model.discriminator.parameters(), 3e-3, (0.5, 0.99))
        step = functools.partial(aae_step, weight=2.0, penalty=0.05)
    x, generator = load_images("digits").images[:BATCH], torch.Generator().manual_seed(0)
    for _ in range(20):
        step(model, optimizers, x, generator)
    start, done = time.process_time(), 0
    while time.process_time() - start < seconds:
        step(model, optimizers, x, generator)
        done += 1
    return round(done / (time.process_time() - start))


def torch_run(seed: int) -> dict[str, Any]:
    """The default run by the package."""
    images = load_images("digits").images
    model = AAE((1, 8, 8), 2, **HIDDEN, discriminator_hidden=(64, 64), seed=seed)
    start = time.process_time()
    train_aae(model, images, EPOCHS, batch_size=BATCH, seed=seed, progress=False, **RECIPE)
    return {"seed": seed, "seconds": round(time.process_time() - start, 2)} | judged(model)


def judged(model: Any) -> dict[str, float]:
    """Reconstruction of the 1,500 digits, and eigenvalues of their codes."""
    images = load_images("digits").images
    with torch.no_grad():
        codes = model.encode(images)
        nats = reconstruction_nats(model.decode_logits(codes), images).mean()
    small, large = torch.linalg.eigvalsh(torch.cov(codes.double().T)).tolist()
    values = (float(nats), small, large)
    return {name: round(value, 3) for name, value in zip(MEASURES, values, strict=True)}


def engine(folder: pathlib.Path, seconds: float, seeds: int) -> dict[str, Any]:
    """What playground.mjs says."""
    node = shutil.which("node")
    if node is None:
        raise SystemExit("no node on the path: install it (Debian: apt-get install nodejs)")
    command = [node, "--expose-gc", str(HERE / "playground.mjs"), str(folder), str(seconds)]
    ran = subprocess.run([*command, str(seeds)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ran.stdout)


def in_page(browser: Browser, file: pathlib.Path, refuse: bool) -> dict[str, Any]:
    """The default run on a page from the disk: how smoothly the page goes on meanwhile."""
    page = browser.new_page()
    page.set_default_timeout(180_000)
    page.add_init_script(COUNT + (NO_WORKER if refuse else ""))
    page.goto(file.as_uri())
    figure = page.locator("#playground")
    figure.get_by_role("button", name="Play", exact=True).click()
    page.evaluate("window.gaps.length = 0")
    start = time.monotonic()
    figure.get_by_text("The run is over").first.wait_for(state="attached")
    seconds = time.monotonic() - start
    gaps = sorted(page.evaluate("window.gaps"))
    page.wait_for_timeout(500)
    page.evaluate("window.asked = 0")
    page.wait_for_timeout(2000)
    found = {
        "seconds of the clock": round(seconds, 1),
        "frames a second": round(1000 * len(gaps) / sum(gaps), 1),
        "milliseconds between frames, median": round(gaps[len(gaps) // 2], 1),
        "95 %": round(gaps[int(0.95 * len(gaps))], 1),
        "frames asked for in 2 s after the run": page.evaluate("window.asked"),
    }
    page.close()
    return found


def pages() -> dict[str, Any]:
    """The page in Chromium, with a worker and without."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        file = to_html(pathlib.Path(folder) / "playground.html")
        found = {
            name: in_page(browser, file, refuse)
            for name, refuse in (("worker", False), ("workers refused", True))
        }
        browser.close()
        return found


def spread(
    measure: str, others: list[dict[str, Any]], own: dict[str, Any]
) -> dict[str, float | bool]:
    """The least and the most of other runs, and whether one lies between them."""
    values = [run[measure] for run in others]
    inside = min(values) <= own[measure] <= max(values)
    return {"least": min(values), "most": max(values), "page": own[measure], "inside": inside}


def main() -> None:
    """Measure, print, write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement of speed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rounds, load = [], os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "digits.bin").write_bytes(packed_digits())
        for number in range(options.rounds):
            seeds = options.seeds if number == 0 else 0
            found = engine(folder, options.seconds, seeds)
            speeds = found.pop("speeds")
            speeds["torch, one thread"] = {
                objective: torch_speed(objective, options.seconds) for objective in OBJECTIVES
            }
            rounds.append(speeds)
            if number == 0:
                first = found
                spaces = [
                    trained_space((folder / f"{kind}-{seed}.safetensors").read_bytes())
                    for kind, many in (("wasm", options.seeds), ("plain", 1))
                    for seed in range(many)
                ]
    page = [{"seed": seed} | judged(space.model) for seed, space in enumerate(spaces[:-1])]
    by_torch = [torch_run(seed) for seed in range(options.seeds)]
    results = {
        "command": f"python benchmarks/playground.py --seconds {options.seconds:g} "
        f"--rounds {options.rounds} --seeds {options.seeds}",
        "load_average": round(load, 1),
        "speed": best(rounds),  # steps for each second of the processor
        "runs": {"torch": by_torch, "page": page},
        "in plain JavaScript": judged(spaces[-1].model),
        "spread": {measure: spread(measure, by_torch, page[0]) for measure in MEASURES},
        "usable": "eigenvalues of all codes in 0.5 to 2 from here on, the batch below 23 nats",
        "usable after": max(run["usable"]["clock"] for run in first["runs"]),
        "frames": first["runs"],
        "frames in plain JavaScript": first["plain"],
        "memory": first["many"],
        "in Chromium": pages(),
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=2))


def best(rounds: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The highest speed of the rounds: other programs only make it lower."""
    return {
        kind: {name: max(each[kind][name] for each in rounds) for name in values}
        for kind, values in rounds[0].items()
    }


if __name__ == "__main__":
    main()
