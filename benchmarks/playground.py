"""The playground's engine beside torch: python benchmarks/playground.py

Steps for each second of the processor at batch 128 (WebAssembly, plain JavaScript, and torch on one
thread, in turn, the best of several rounds); the default run of several seeds, by the engine and by
`train_aae` with the same recipe: reconstruction and eigenvalues of the codes at its end; when the
page's space is a usable one; and the page itself in Chromium, with a worker and without (alone:
--page). Seconds of the processor hardly depend on what else a machine does, seconds of the clock
do: frames of the screen are worth a look only where the load is low. Needs node, Chromium and
Playwright.
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
from playwright.sync_api import Browser, Page, sync_playwright

from nav_utils.browser.page import whole_page
from nav_utils.data import load_images
from nav_utils.models import AAE, VAE, Autoencoder
from nav_utils.playground import to_html
from nav_utils.playground.digits import packed_digits
from nav_utils.playground.page import div, scripts
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
# Before the page's own scripts: count the frames that it asks for, time those of the screen, and
# note what keeps the page busy and how soon it answers to a key.
COUNT = """
window.asked = 0;
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (callback) => (window.asked++, ask(callback));
window.gaps = [];
let last = null;
const tick = (now) => { if (last !== null) window.gaps.push(now - last); last = now; ask(tick); };
ask(tick);
window.tasks = [];
window.answers = [];
const note = (list) => ({ duration, name }) => name !== "keyup" && list.push(duration);
const watch = (type, list, more = {}) =>
  new PerformanceObserver((seen) => seen.getEntries().forEach(note(list)))
    .observe({ type, buffered: false, ...more });
watch("longtask", window.tasks);
watch("event", window.answers, { durationThreshold: 16 });
"""
KEYS = 20  # that are pressed while it trains
MANY = 20  # playgrounds in one page
TRACED = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]
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
    """Runs on a page from the disk: how smoothly the page goes on meanwhile."""
    page = browser.new_page()
    page.set_default_timeout(180_000)
    page.add_init_script(COUNT + (NO_WORKER if refuse else ""))
    page.goto(file.as_uri())
    figure = page.locator("#playground")
    over = figure.get_by_text("The run is over").first
    play = figure.get_by_role("button", name="Play", exact=True)
    page.wait_for_timeout(1000)
    load = os.getloadavg()[0]
    play.click()
    page.evaluate("window.gaps.length = window.tasks.length = window.asked = 0")
    start = time.monotonic()
    over.wait_for(state="attached")
    seconds = time.monotonic() - start
    gaps, tasks, asked = page.evaluate("[window.gaps, window.tasks, window.asked]")
    found = {
        "load_average": round(load, 1),
        "seconds of the clock": round(seconds, 1),
        "frames a second": round(1000 * len(gaps) / sum(gaps), 1),
        "milliseconds between frames": quantiles(gaps),
        "pictures a second": round(1000 * asked / sum(gaps), 1),
        "tasks of more than 50 ms": len(tasks),
        "frames asked for in 2 s after the run": frames_asked(page),
    }
    play.click()
    for _ in range(KEYS):
        figure.get_by_role("slider", name="Place").press("ArrowRight")
        page.wait_for_timeout(50)
    page.wait_for_timeout(300)
    # Chromium tells of no answer that takes less than 16 ms, and rounds to 8.
    answers = page.evaluate("window.answers.splice(0)") or [16]
    found["milliseconds to the picture after a key"] = quantiles(answers)
    page.evaluate("() => { document.body.style.paddingTop = '4000px'; scrollTo(0, 0); }")
    page.wait_for_timeout(500)
    found["frames asked for in 2 s out of sight"] = frames_asked(page)
    page.close()
    return found | in_trace(browser, file, refuse)


def frames_asked(page: Page) -> int:
    """Frames that the page asks for in two seconds."""
    page.wait_for_timeout(500)
    page.evaluate("window.asked = 0")
    page.wait_for_timeout(2000)
    return page.evaluate("window.asked")


def quantiles(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and the largest."""
    ordered = sorted(values)
    last = len(ordered) - 1
    shares = {"median": last // 2, "95 %": int(0.95 * last), "most": last}
    return {name: round(ordered[at], 1) for name, at in shares.items()}


def in_trace(browser: Browser, file: pathlib.Path, refuse: bool) -> dict[str, Any]:
    """What a run takes of the page's main thread, by the processor's clock: other load counts less.

    A picture is a task that draws a frame of the figure: script, layout and paint. Other tasks are
    answers to messages and, without a worker, slices of the training.
    """
    page = browser.new_page()
    page.add_init_script(NO_WORKER if refuse else "")
    page.goto(file.as_uri())
    figure = page.locator("#playground")
    figure.get_by_role("button", name="Play", exact=True).wait_for()
    page.wait_for_timeout(1000)
    browser.start_tracing(page=page, categories=TRACED)
    figure.get_by_role("button", name="Play", exact=True).click()
    figure.get_by_text("The run is over").first.wait_for(state="attached", timeout=180_000)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    page.close()
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    main = [e for e in events if e["ph"] == "X" and (e["pid"], e["tid"]) in threads]
    drawn = [e["ts"] for e in main if e["name"] == "FireAnimationFrame"]
    tasks = [e for e in main if e["name"] == "RunTask"]
    pictures: list[float] = []
    others: list[float] = []
    for task in tasks:
        end = task["ts"] + task["dur"]
        draws = any(task["ts"] <= time < end for time in drawn)
        (pictures if draws else others).append(task["tdur"] / 1000)
    return {
        "milliseconds of the processor, a picture": quantiles(pictures),
        "milliseconds of the processor, another task": quantiles(others),
    }


def many_in_page(browser: Browser, file: pathlib.Path) -> dict[str, Any]:
    """Playgrounds in one page, all set to train: what they hold, and which of them train."""
    figures = "".join(div({}, f"p{number}") for number in range(MANY))
    file.write_text(whole_page("Many", figures, scripts(), "'wasm-unsafe-eval'"), encoding="utf-8")
    page = browser.new_page()
    page.set_default_timeout(180_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(file.as_uri())
    said = [page.locator(f"#p{number} .said").first for number in range(MANY)]
    for number in range(MANY):
        page.locator(f"#p{number}").scroll_into_view_if_needed()
        page.locator(f"#p{number}").get_by_role("button", name="Play", exact=True).click()
        said[number].filter(has_text="a second").wait_for()
    page.wait_for_timeout(1000)
    before = [each.text_content() for each in said]
    page.wait_for_timeout(2000)
    heap = page.evaluate("(gc(), performance.memory.usedJSHeapSize)")
    found = {
        "playgrounds": MANY,
        "workers": len(page.workers),
        "MB of the script engine's memory": round(heap / 1e6, 1),
        "that go on": sum(a != b.text_content() for a, b in zip(before, said, strict=True)),
        "faults": len(faults),
    }
    page.close()
    return found


def pages() -> dict[str, Any]:
    """The page in Chromium, with a worker and without; and many playgrounds in one page."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        flags = ["--enable-precise-memory-info", "--js-flags=--expose-gc"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        many = many_in_page(browser, pathlib.Path(folder) / "many.html")
        file = to_html(pathlib.Path(folder) / "playground.html")
        found = {
            name: in_page(browser, file, refuse)
            for name, refuse in (("worker", False), ("workers refused", True))
        }
        browser.close()
        return {"in Chromium": found, "in one page": many}


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
    parser.add_argument("--page", action="store_true", help="measure the page alone; keep the rest")
    options = parser.parse_args()
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if options.page else engines(options)
    results = kept | pages()
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=2))


def engines(options: argparse.Namespace) -> dict[str, Any]:
    """All but the page."""
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
    return {
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
    }


def best(rounds: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The highest speed of the rounds: other programs only make it lower."""
    return {
        kind: {name: max(each[kind][name] for each in rounds) for name in values}
        for kind, values in rounds[0].items()
    }


if __name__ == "__main__":
    main()
