"""Artifacts: are the odd images on a path from a 1 to a 3 noise, or like the data?

    OMP_NUM_THREADS=1 python benchmarks/artifacts.py          # what the package ships
    OMP_NUM_THREADS=1 python benchmarks/artifacts.py loop     # a part: images, examples, pieces
    OMP_NUM_THREADS=1 python benchmarks/artifacts.py --folder FOLDER    # of benchmarks/seeds.py

Needs MNIST (NAV_UTILS_DATA); ten minutes of one core with a folder. There `images` and
`pieces` are measured on all trainings and refits that benchmarks/seeds.py left there, with half of
the pairs for each ratio; `examples` stay those of the shipped spaces, `loop` trains its own. Writes
benchmarks/results/artifacts.json. The networks that judge are kept in _build/artifacts and learnt
again where they are not there. What hybrids.py, pieces.py and loop.py do is told there.

The definitions below were written, and committed, before anything was measured. No judge uses the
discriminator, and none uses the autoencoder whose images it judges.

Images. `fit`: the first 50,000 training images. `calibration`: the first half of the test images
(`halves`). `pool`: the second half. Judges learn from `fit`; `calibration` says what is usual; ends
of paths and all controls come from `pool`.

Judges. Each gives an image x a p-value: the rank of its score among those of the n calibration
images, p(x) = (1 + number of them at least as strange) / (n + 1). For a new real image P(p <= t) is
at most t (split conformal; marginal, not for each kind of image). An image is *strange* to a judge
if p < 0.05.
  features   the distance to the 10th nearest of 20,000 fit images in the features of a small
             convolutional network that learnt without labels: two views of an image (turned by at
             most 15 degrees, scaled, sheared, shifted; no noise, no blur) have to be found among
             the views of others (SimCLR). Far is strange.
  pixels     the distance to the nearest of the same images, pixel by pixel. Far is strange.
  density    log p of the image at 14 x 14 pixels and 8 grey levels by a small autoregressive
             network (PixelCNN). Both tails are strange: p = twice the smaller of both ranks.
A judge *counts* if it calls at least half of the shuffled noise and half of the crossfades strange,
and of real images 5 % within chance. One that does not is shown and is left out of the verdict.

  statistics (added after the controls had been seen: `features` let crossfades pass) the distance
             to the 10th nearest of the same images in the means and standard deviations of the
             channels of the same network's three layers, each in units of its own spread.

Ambiguous: the entropy of the classifier of pixels (`load_classifier`) is above that of 95 % of the
calibration images. Hybrid: ambiguous, and the two likeliest classes have 0.9 of the probability
together and each at least 0.1. Noise-like: as far by `features` as 95 % of the shuffled noise
(added: since 6 % of real images are that, the same by `statistics`).
In distribution: strange to no judge that counts.

Paths. From codes of one class to codes of another: 1 to 3 (the text's), 4 to 9, 3 to 8, 0 to 1, in
`mnist-2d` and `mnist-16d`, 24 places on each, evenly spaced, without the ends:
  line; SLERP; each of them with the literal correction to D = 1/2 of all points (eta 0.3, the
  calmest of chapter 09); each with the literal loop, step by step, as the text has it: propose,
  evaluate, correct, and so on (added later; places are on what it has walked, also where it does
  not arrive); graph and string with the discriminator.

Controls. Real images; ambiguous real images (a share of p-values that holds for all need not hold
for these: the fair null of a hybrid); real images rebuilt by the model (what its decoder adds
whatever the path); lines inside a class; blurred real images; pixel crossfades of two classes with
shares from 0.3 to 0.7 (must fail); images with their pixels shuffled (must fail); hybrids by hand:
the upper half of an image of one class over the lower half of one of the other.

Rules for the verdict on C12, on places with |D - 1/2| < 0.1 of the corrected paths. *Noise*: more
than 5 % of the hybrids are noise-like. *In distribution*: hybrids are strange no more often than
ambiguous real images are (the interval of the difference over pairs does not lie above 0). If not,
it is told whether they are strange more often than rebuilt images, and than hybrids by hand.
Intervals are 95 %, over pairs of ends; with a folder also over trainings and refits (`intervals`).
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from collections.abc import Callable
from typing import Any

import loop
import pieces
import torch
import torch.nn.functional as F
from court import Court, Seen, seeded, shuffled
from hybrids import (
    CLASSES,
    CORRECTED,
    SPACES,
    WAYS,
    Jury,
    Spaces,
    ends,
    on_paths,
    rebuilt_and_within,
    spaces_of,
    told,
)
from intervals import range_of, words
from judges import (
    STRANGE,
    Features,
    PixelDensity,
    in_parts,
    learn_density,
    learn_features,
    learn_judges,
)
from safetensors.torch import load_file, save_file
from torch import Tensor

from nav_utils.checkpointing import write_whole
from nav_utils.data import load_images
from nav_utils.evaluation import halves
from nav_utils.navigation import navigate
from nav_utils.pretrained import load_pretrained

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "results" / "artifacts.json"
KEPT = HERE.parent / "_build" / "artifacts"
AMBIGUOUS, BY_HAND = "real, ambiguous", "by hand: half of each"
MUST_FAIL = ("pixel crossfades", "shuffled pixels")


# ---- controls -----------------------------------------------------------------------------------


def two_classes(images: Tensor, labels: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """n images (n, 1, H, W) twice, row by row of the two classes of `hybrids.CLASSES`."""
    firsts: list[Tensor] = []
    seconds: list[Tensor] = []
    generator = seeded(4)
    for (a, b), share_of in CLASSES.items():
        for label, rows in ((a, firsts), (b, seconds)):
            of_class = images[labels == label]
            wanted = n * share_of // sum(CLASSES.values())
            rows.append(of_class[torch.randint(len(of_class), (wanted,), generator=generator)])
    return torch.cat(firsts), torch.cat(seconds)


def controls(pool: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Images (N, 1, 28, 28) of each control that needs no latent space."""
    x, y = two_classes(pool, labels, 1000)
    t = 0.3 + 0.4 * torch.rand(len(x), 1, 1, 1, generator=seeded(5))
    kernel = torch.outer(*2 * [torch.exp(-torch.arange(-3.0, 4).square() / 2)])
    blurred = F.conv2d(pool[:1000], (kernel / kernel.sum())[None, None], padding=3)
    return {
        "real": pool,
        "real, blurred": blurred,
        MUST_FAIL[0]: torch.lerp(x, y, t),
        MUST_FAIL[1]: shuffled(pool[:1000]),
        BY_HAND: torch.cat([x[:, :, :14], y[:, :, 14:]], 2),
    }


def that_count(court: Court, seen: dict[str, Seen]) -> list[str]:
    """The judges that pass their controls."""
    counted = []
    for name in court.judges:
        strange = {key: court.p(seen[key])[name] < STRANGE for key in ("real", *MUST_FAIL)}
        n = len(strange["real"])
        by_chance = 3 * (STRANGE * (1 - STRANGE) * 2 / n) ** 0.5  # of both halves of the test set
        usual = abs(float(strange["real"].double().mean()) - STRANGE) < by_chance
        if usual and all(float(strange[key].double().mean()) >= 0.5 for key in MUST_FAIL):
            counted.append(name)
    return counted


@torch.no_grad()
def examples() -> dict[str, Any]:
    """For the chapter: the first pair from 1 to 3 whose ends are rebuilt as a 1 and a 3 in both
    spaces; places, p-values and the two likeliest classes on three ways."""
    court = the_court()[0]
    spaces = {name: load_pretrained(name) for name in SPACES}
    read = []
    for space in spaces.values():
        z = torch.stack(ends(space), 1)[: CLASSES[1, 3]]  # (n, 2, d)
        of_ends = in_parts(court.classifier, space.model.decode(z).flatten(0, 1)).argmax(-1)
        read.append((of_ends.reshape(-1, 2) == torch.tensor([1, 3])).all(1))
    pair = int(torch.nonzero(torch.stack(read).all(0))[0])
    found: dict[str, Any] = {}
    for name, space in spaces.items():
        z_a, z_b = (z[pair : pair + 1] for z in ends(space))
        found["rows"] = [int((space.test_codes == z).all(1).nonzero()[0]) for z in (z_a, z_b)]
        found[name] = {}
        for way in ("line", CORRECTED[0], "graph and string"):
            assert space.ratio is not None
            z = navigate(z_a, z_b, space.ratio, **WAYS[way]).resample(12)[0]
            seen = court.look(space.model.decode(z))
            found[name][way] = {
                "p": {judge: p.numpy().round(3).tolist() for judge, p in court.p(seen).items()},
                "hybrid": court.hybrid(seen).tolist(),
                "classes": seen.classes.tolist(),
            }
    print(json.dumps(found), flush=True)
    return found


# ---- all ----------------------------------------------------------------------------------------


def kept(name: str, learn: Any, images: Tensor, blank: Any) -> Any:
    """A network that judges, from its file or learnt from images."""
    file = KEPT / f"{name}.safetensors"
    if not file.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        network = learn(images)
        save_file(network.state_dict(), file)
        return network
    blank.load_state_dict(load_file(file))
    return blank.eval().requires_grad_(False)


def the_court() -> tuple[Court, Tensor, Tensor]:
    """The court, and the images (N, 1, 28, 28) and labels (N,) of the pool."""
    fit, test = load_images("mnist").images[:50_000], load_images("mnist", "test")
    first, second = halves(len(test.images))
    features = kept("features", learn_features, fit, Features())
    density = kept("density", learn_density, fit, PixelDensity())
    judges = learn_judges(fit, test.images[first], features, density)
    return Court(judges, test.images[first]), test.images[second], test.labels[second]


def of_images(folder: pathlib.Path | None = None, part: int = 1) -> dict[str, Any]:
    """C12: controls and paths, of all pairs of ends or of one part of them."""
    court, pool, labels = the_court()
    spaces = {name: spaces_of(name, folder) for name in SPACES}
    seen = {name: [court.look(x)] for name, x in controls(pool, labels).items()}
    for name in SPACES:
        seen |= rebuilt_and_within(name, spaces[name], pool, court.look)
    count = that_count(court, {name: looks[0] for name, looks in seen.items()})
    if not count:
        sys.exit("no judge passes its controls: there is nothing to say of paths")
    found = {name: [told(court, look, count) for look in looks] for name, looks in seen.items()}
    odd = court.ambiguous(seen["real"][0])
    found[AMBIGUOUS] = [told(court, seen["real"][0], count, odd)]
    table = {
        name: {key: words([[look[key]] for look in looks]) for key in looks[0]}
        for name, looks in found.items()
    }
    print(json.dumps({"judges that count": count, "controls": table}, indent=1), flush=True)
    jury = Jury(court, count, court.flags(seen["real"][0], count)["strange"][odd])
    paths = {name: on_paths(name, spaces[name], jury, part) for name in SPACES}
    return {
        "judges that count": ", ".join(count),
        "spaces": {name: counted(runs, part) for name, runs in spaces.items()},
        "controls": table,
        "paths": {name: told_of for name, (told_of, _) in paths.items()},
        "ranges": {
            "controls": {
                name: {key: range_of([[look[key]] for look in looks]) for key in looks[0]}
                for name, looks in found.items()
                if len(looks) > 1
            },
            "paths": {name: ranges for name, (_, ranges) in paths.items()},
        },
    }


def counted(spaces: Spaces, part: int) -> dict[str, str]:
    """How many trainings, refits and pairs of ends stand behind the numbers."""
    return {
        "AAE seeds": str(len(spaces)),
        "refits of each": ", ".join(str(len(ratios)) for _, ratios in spaces),
        "pairs of ends for each ratio": str(sum(CLASSES.values()) // part),
    }


PARTS: dict[str, Callable[[pathlib.Path | None], dict[str, Any]]] = {
    "images": lambda folder: of_images(folder, 2 if folder else 1),
    "examples": lambda folder: examples(),
    "pieces": lambda folder: pieces.measured(folder=folder),
    "loop": lambda folder: loop.measured(),
}


def main() -> None:
    """Measure all parts, or those named, and write each at once."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="images", help=", ".join(PARTS))
    parser.add_argument("--folder", type=pathlib.Path, help="of benchmarks/seeds.py")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"expected some of {', '.join(PARTS)}, got {', '.join(sorted(unknown))}")
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    command = "OMP_NUM_THREADS=1 python benchmarks/artifacts.py"
    results["command"] = command + " --folder FOLDER" * bool(options.folder)
    for part in options.parts or PARTS:
        results[part] = PARTS[part](options.folder)
        content = {key: results[key] for key in ("command", *PARTS) if key in results}
        write_whole(RESULTS, (json.dumps(content, indent=2) + "\n").encode())


if __name__ == "__main__":
    main()
