"""Artifacts: are the odd images on a path from a 1 to a 3 noise, or like the data?

    OMP_NUM_THREADS=1 python benchmarks/artifacts.py          # ten minutes of one core
    OMP_NUM_THREADS=1 python benchmarks/artifacts.py loop     # a part: images, examples, pieces

Needs MNIST (NAV_UTILS_DATA). Writes benchmarks/results/artifacts.json. The networks that judge are
kept in _build/artifacts and learnt again where they are not there. What pieces.py and loop.py
measure for C15 is told there.

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
  calmest of chapter 09); graph and string with the discriminator.

Controls. Real images; ambiguous real images (a share of p-values that holds for all need not hold
for these: the fair null of a hybrid); real images rebuilt by the model (what its decoder adds
whatever the path); lines inside a class; blurred real images; pixel crossfades of two classes with
shares from 0.3 to 0.7 (must fail); images with their pixels shuffled (must fail); hybrids by hand:
the upper half of an image of one class over the lower half of one of the other.

Rules for the verdict on C12, on places with |D - 1/2| < 0.1 of the corrected paths. *Noise*: more
than 5 % of the hybrids are noise-like. *In distribution*: hybrids are strange no more often than
ambiguous real images are (the interval of the difference over pairs does not lie above 0). If not,
it is told whether they are strange more often than rebuilt images, and than hybrids by hand.
Intervals are 95 %, over pairs of ends (`intervals`).
"""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

import loop
import numpy as np
import pieces
import torch
import torch.nn.functional as F
from court import Court, Seen, seeded, shuffled
from intervals import Found, resampled, share, shares, words
from judges import (
    STRANGE,
    Features,
    PixelDensity,
    in_parts,
    learn_density,
    learn_features,
    learn_judges,
)
from printed import percent
from safetensors.torch import load_file, save_file
from torch import Tensor

from nav_utils.data import load_images
from nav_utils.evaluation import halves
from nav_utils.interpolation import lerp
from nav_utils.navigation import Pointwise, String, navigate
from nav_utils.pretrained import load_pretrained
from nav_utils.spaces import LatentSpace
from nav_utils.steps import Probability

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "results" / "artifacts.json"
KEPT = HERE.parent / "_build" / "artifacts"
SPACES = ("mnist-2d", "mnist-16d")
CLASSES = {(1, 3): 40, (4, 9): 20, (3, 8): 20, (0, 1): 20}  # and pairs of ends
PLACES, LITERAL = 24, Pointwise(Probability(0.3))
WAYS: dict[str, dict[str, Any]] = {
    "line": {"planner": String(0), "proposal": "linear"},
    "line, corrected": {"planner": LITERAL, "proposal": "linear"},
    "SLERP": {"planner": String(0), "proposal": "slerp"},
    "SLERP, corrected": {"planner": LITERAL, "proposal": "slerp"},
    "graph and string": {"planner": "graph"},
}
CORRECTED = [way for way in WAYS if "corrected" in way]
AMBIGUOUS, BY_HAND = "real, ambiguous", "by hand: half of each"
MUST_FAIL = ("pixel crossfades", "shuffled pixels")


# ---- controls -----------------------------------------------------------------------------------


def two_classes(images: Tensor, labels: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """n images (n, 1, H, W) twice, row by row of the two classes of `CLASSES`."""
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


def told(court: Court, seen: Seen, count: list[str], some: Tensor | None = None) -> dict[str, str]:
    """Shares of images (N,) or of the places of paths (B, n), of all or of `some`."""
    flags = court.flags(seen, count)
    if some is None:
        flags |= {"ambiguous": court.ambiguous(seen), "hybrid": court.hybrid(seen)}
    return {key: words([[of_each(flag, some)]]) for key, flag in flags.items()}


def of_each(flags: Tensor, some: Tensor | None = None) -> Found:
    """Flags (N,) as a share; of places (B, n) as shares of each path, of those that have some."""
    if flags.ndim == 1:
        return share(flags if some is None else flags[some])
    if some is None:
        return shares(flags.double().mean(1))
    there = some.any(1)
    return shares(((flags & some).sum(1) / some.sum(1))[there])


# ---- paths --------------------------------------------------------------------------------------


def ends(space: LatentSpace, same: bool = False, part: int = 1) -> tuple[Tensor, Tensor]:
    """Codes (n, d) twice from the pool: of the two classes, or both of the first; of each pair of
    classes as many as `CLASSES` says, or only one part of them."""
    rows = halves(len(space.test_codes))[1]
    codes, labels = space.test_codes[rows], space.test_labels[rows]
    generator, pairs = seeded(6), []
    for (a, b), n in CLASSES.items():
        places = [torch.nonzero(labels == label).squeeze(1) for label in (a, a if same else b)]
        drawn = [
            rows[torch.randperm(len(rows), generator=generator)[: n // part]] for rows in places
        ]
        pairs.append(codes[torch.stack(drawn, 1)])
    z_a, z_b = torch.cat(pairs).unbind(1)
    return z_a, z_b


@torch.no_grad()
def on_paths(
    name: str, court: Court, count: list[str], null: Tensor, part: int = 1
) -> dict[str, Any]:
    """Every way of one latent space; `null` says which ambiguous real images
    are strange."""
    space = load_pretrained(name)
    ratio = space.ratio
    assert ratio is not None
    z_a, z_b = ends(space, part=part)
    table: dict[str, Any] = {}
    places = torch.arange(len(z_a)).split([n // part for n in CLASSES.values()])
    for way, options in WAYS.items():
        z = navigate(z_a, z_b, ratio, **options).resample(PLACES + 2)[:, 1:-1]
        seen = court.look(space.model.decode(z))
        hybrid, strange = court.hybrid(seen), court.flags(seen, count)["strange"]
        row = told(court, seen, count)
        row["paths with a hybrid"] = words([[share(hybrid.any(1))]])
        row |= {f"hybrids: {key}": x for key, x in told(court, seen, count, hybrid).items()}
        row |= {f"others: {key}": x for key, x in told(court, seen, count, ~hybrid).items()}
        if way in CORRECTED:
            inside = (ratio.prob(z) - 0.5).abs() < 0.1
            row["in the band"] = words([[of_each(inside)]])
            of_both = told(court, seen, count, inside & hybrid)
            row |= {f"hybrids in the band: {key}": x for key, x in of_both.items()}
            less = difference(of_each(strange, inside & hybrid), share(null))
            row["hybrids in the band: strange, less ambiguous real images"] = less
        for (a, b), rows in zip(CLASSES, places, strict=True):
            row[f"hybrid, {a} to {b}"] = words([[of_each(hybrid[rows])]])
            own = of_each(strange[rows], hybrid[rows])
            row[f"hybrids: strange, {a} to {b}"] = words([[own]]) if len(own.values) else "none"
        table[way] = row
        print(name, way, json.dumps(row), flush=True)
    return table


def difference(of_paths: Found, of_images: Found) -> str:
    """The mean of one less that of the other, in points of percent, with its interval."""
    first, second = of_paths.values, of_images.values
    drawn = resampled(first) - resampled(second, seed=1)
    low, high = (float(x) for x in np.quantile(drawn, [0.025, 0.975]))
    return percent(float(first.mean() - second.mean()), low, high)


@torch.no_grad()
def rebuilt_and_within(name: str, court: Court, pool: Tensor) -> dict[str, Seen]:
    """What a space's decoder makes of codes, and of lines inside a class."""
    space = load_pretrained(name)
    z = lerp(*ends(space, same=True), torch.linspace(0, 1, PLACES + 2)[1:-1])
    rebuilt = in_parts(lambda x: space.model.decode(space.model.encode(x)), pool[:2000])
    lines = court.look(space.model.decode(z))
    return {f"rebuilt, {name}": court.look(rebuilt), f"line inside a class, {name}": lines}


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


def of_images(part: int = 1) -> dict[str, Any]:
    """C12: controls and paths, of all pairs of ends or of one part of them."""
    court, pool, labels = the_court()
    seen = {name: court.look(x) for name, x in controls(pool, labels).items()}
    for name in SPACES:
        seen |= rebuilt_and_within(name, court, pool)
    count = that_count(court, seen)
    if not count:
        sys.exit("no judge passes its controls: there is nothing to say of paths")
    table = {name: told(court, one, count) for name, one in seen.items()}
    odd = court.ambiguous(seen["real"])
    table[AMBIGUOUS] = told(court, seen["real"], count, odd)
    print(json.dumps({"judges that count": count, "controls": table}, indent=1), flush=True)
    null = court.flags(seen["real"], count)["strange"][odd]
    return {
        "judges that count": ", ".join(count) or "none",
        "controls": table,
        "paths": {name: on_paths(name, court, count, null, part) for name in SPACES},
    }


PARTS = {
    "images": of_images,
    "examples": examples,
    "pieces": pieces.measured,
    "loop": loop.measured,
}


def main() -> None:
    """Measure all parts, or those named, and write each at once."""
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"expected some of {', '.join(PARTS)}, got {', '.join(sorted(unknown))}")
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for part in wanted:
        results[part] = PARTS[part]()
        content = {"command": "OMP_NUM_THREADS=1 python benchmarks/artifacts.py"}
        content |= {key: results[key] for key in PARTS if key in results}
        RESULTS.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
