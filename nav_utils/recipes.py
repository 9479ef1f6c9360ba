"""The command that trains what the package ships.

    python -m nav_utils.recipes mnist-2d mnist-16d digits-2d classifier ratios

MNIST is read from the folder that NAV_UTILS_DATA names, or downloaded. Each recipe writes its files
into the folder of checkpoints, its model card beside them, and their hashes into the manifest. An
interrupted run goes on where it was. `ratios` needs only the codes that lie there, and leaves every
other file as it is.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import platform
from typing import Any

import torch
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from torch import Tensor

from nav_utils.calibration import calibration_report
from nav_utils.checkpointing import tensor_hash, write_safetensors
from nav_utils.data import ImageData, load_images
from nav_utils.encoding import encode_all
from nav_utils.fitting import fit_ratio
from nav_utils.judging import accuracy, train_classifier
from nav_utils.manifests import enter, write_card
from nav_utils.models import AAE, Classifier, mlp_sizes
from nav_utils.pretrained import CHECKPOINTS, load_pretrained
from nav_utils.training import reconstruction_nats, train_aae

# Spelt out, so that a better default tomorrow does not change what is shipped today.
TRAINING = {"penalty": 0.05, "learning_rate": 2e-3, "decay": 1.0, "seed": 0}
RECIPES: dict[str, dict[str, Any]] = {
    "mnist-2d": {
        "data": "mnist",
        "model": {"latent_dim": 2, "hidden": (512, 256), "decoder_hidden": (128, 256)},
        "training": TRAINING | {"epochs": 40, "weight": 4.0},
    },
    "mnist-16d": {
        "data": "mnist",
        "model": {"latent_dim": 16, "hidden": (512, 256)},
        "training": TRAINING | {"epochs": 24, "weight": 5.0},
    },
    "digits-2d": {
        "data": "digits",
        "model": {"latent_dim": 2, "hidden": (128, 64), "discriminator_hidden": (64, 64)},
        "training": TRAINING | {"epochs": 300, "weight": 2.0},
    },
}


def train_latent_space(
    name: str, folder: pathlib.Path, epochs: int | None = None
) -> dict[str, Any]:
    """Train one of `RECIPES` and write its three files.

    Args:
        name: a key of `RECIPES`.
        folder: where the files go.
        epochs: fewer than the recipe's, for a trial.

    Returns:
        The model card.
    """
    recipe = RECIPES[name]
    options = recipe["training"] | ({"epochs": epochs} if epochs else {})
    train, test = load_images(recipe["data"]), load_images(recipe["data"], "test")
    model = AAE(train.images.shape[1:], **recipe["model"])
    running = folder / f"{name}.running.safetensors"
    history = train_aae(model, train.images, checkpoint=running, checkpoint_every=2000, **options)
    halve(model)
    with torch.no_grad():
        codes, test_codes = (
            encode_all(model, part.images, batch_size=10_000) for part in (train, test)
        )
    exact = (
        torch.float32 if codes.shape[1] == 2 else torch.float16
    )  # two coordinates deserve every digit
    card = {
        "name": name,
        "command": f"python -m nav_utils.recipes {name}"
        + (f" --epochs {epochs}" if epochs else ""),
        "data": data_card(recipe["data"], train, test),
        "model": model.config,
        "parameters": {
            part: count(getattr(model, part)) for part in ("encoder", "decoder", "discriminator")
        },
        "training": options | {"batch_size": 256},
        "losses of the last epoch (nats)": {
            k: round(float(history.epochs(k)[-1]), 4) for k in history.losses
        },
        "test": measure(model, codes, test_codes, test.images),
        "versions": versions(),
    }
    write(
        folder, f"{name}.model.safetensors", dict(model.state_dict()), model.config, torch.float16
    )
    tensors = {"codes": codes.to(exact), "test_codes": test_codes.to(exact)}
    tensors |= {"labels": train.labels.to(torch.uint8), "test_labels": test.labels.to(torch.uint8)}
    write(folder, f"{name}.codes.safetensors", tensors)
    write_card(folder, f"{name}.json", card)
    running.unlink()
    return card


def train_judge(folder: pathlib.Path, epochs: int | None = None) -> dict[str, Any]:
    """Train the judge of MNIST digits: cross-entropy on pixels, images shifted by up to two pixels.

    It learns from the first 50,000 training images; the card gives its accuracy on the other
    10,000. The test images play no part, so that they can judge the judge.
    Args and returns as in `train_latent_space`.
    """
    images, labels = load_images("mnist")
    n, n_epochs, batch_size, rate = 50_000, epochs or 8, 128, 2e-3
    model = Classifier()
    options: dict[str, Any] = {"batch_size": batch_size, "learning_rate": rate, "seed": 0}
    train_classifier(images[:n], labels[:n], n_epochs, model=model, **options)
    halve(model)
    card = {
        "name": "mnist-classifier",
        "command": "python -m nav_utils.recipes classifier"
        + (f" --epochs {epochs}" if epochs else ""),
        "data": {"name": "mnist", "train": {"images": n, "sha256": tensor_hash(images)}},
        "model": model.config,
        "parameters": count(model),
        "training": {
            "epochs": n_epochs,
            "batch_size": batch_size,
            "learning_rate": rate,
            "seed": 0,
        },
        "test": {
            "accuracy on held-out training images": round(
                accuracy(model, images[n:], labels[n:]), 4
            ),
            "images": len(images) - n,
        },
        "versions": versions(),
    }
    file = "mnist-classifier.model.safetensors"
    write(folder, file, dict(model.state_dict()), model.config, torch.float16)
    write_card(folder, "mnist-classifier.json", card)
    return card


def train_ratio(name: str, folder: pathlib.Path) -> dict[str, Any]:
    """Fit the density ratio of a latent space that lies in `folder`, and write it with a card.

    The first five sixths of the training codes fit it, half of the rest stops and recalibrates it,
    the other half sets its levels; the test codes judge it.
    """
    space = load_pretrained(name, folder=folder)
    n = len(space.codes) * 5 // 6
    ratio = fit_ratio(space.codes[:n], space.codes[n:], seed=0, recalibrate=True)
    ratio.save(folder / f"{name}.ratio.safetensors")
    enter(folder, f"{name}.ratio.safetensors")
    prior = ratio.prior.sample(len(space.test_codes), torch.Generator().manual_seed(1))
    report = calibration_report(ratio, space.test_codes, prior)
    look = min(range(len(ratio.history["step"])), key=ratio.history["held_out_loss"].__getitem__)
    card = {
        "name": f"{name}.ratio",
        "command": "python -m nav_utils.recipes ratios",
        "codes": {"fitted on": n, "sha256": tensor_hash(space.codes)},
        "training": {"seed": 0, "recalibrate": True, "network": mlp_sizes(ratio.network)},
        "calibration": {"scale": round(ratio.scale, 4), "shift": round(ratio.shift, 4)},
        "kept": {key: round(values[look], 4) for key, values in ratio.history.items()},
        "level(0.05)": round(ratio.level(0.05), 3),
        "test": {
            "held-out loss": round(report.held_out_loss, 4),
            "expected calibration error": round(report.ece, 4),
            "Brier score": round(report.brier, 4),
            "AUC": round(report.auc, 4),
        },
        "versions": versions(),
    }
    write_card(folder, f"{name}.ratio.json", card)
    return card


# ---- what the cards say -----------------------------------------------------------------------


def measure(model: AAE, codes: Tensor, test_codes: Tensor, test_images: Tensor) -> dict[str, Any]:
    """Reconstruction, covariance of the codes, and a two-sample test against the prior."""
    with torch.no_grad():
        logits = model.decode_logits(test_codes)
    eigenvalues = torch.linalg.eigvalsh(torch.cov(codes.double().T))
    return {
        "reconstruction (nats per image)": round(
            float(reconstruction_nats(logits, test_images).mean()), 2
        ),
        "eigenvalues of the code covariance": [round(float(value), 3) for value in eigenvalues],
        "mean of the codes": [round(float(value), 3) for value in codes.double().mean(0)],
        "two-sample test": two_sample_test(codes, test_codes),
    }


def two_sample_test(codes: Tensor, test_codes: Tensor, seed: int = 0) -> dict[str, float]:
    """Held-out loss of a fresh classifier between prior samples and codes; ln 2 = 0.6931 when q =
    p.

    Args:
        codes, test_codes: (N, d) to fit on and (M, d) to judge with; as many prior samples join
            each.

    Returns:
        The mean logistic loss in nats and the accuracy, on test codes and fresh prior samples.
    """
    generator = torch.Generator().manual_seed(seed)
    sets = []
    for z in (codes, test_codes):
        prior = torch.randn(z.shape, generator=generator)
        sets.append(
            (
                torch.cat([prior, z]).numpy(),
                torch.cat([torch.ones(len(z)), torch.zeros(len(z))]).numpy(),
            )
        )
    judge = MLPClassifier(
        (64, 64), early_stopping=True, n_iter_no_change=5, batch_size=512, random_state=seed
    )
    judge.fit(*sets[0])
    points, is_prior = sets[1]
    probability = judge.predict_proba(points)[:, 1].clip(1e-7, 1 - 1e-7)
    return {
        "held-out loss": round(float(log_loss(is_prior, probability)), 4),
        "accuracy": round(float(((probability > 0.5) == is_prior).mean()), 4),
    }


def data_card(name: str, train: ImageData, test: ImageData) -> dict[str, Any]:
    """Name, sizes and hashes of the images that a checkpoint was trained and tested on."""
    return {
        "name": name,
        "train": {"images": len(train.images), "sha256": tensor_hash(train.images)},
        "test": {"images": len(test.images), "sha256": tensor_hash(test.images)},
    }


def versions() -> dict[str, str]:
    """What a bit-for-bit repetition would need, besides the same processor."""
    return {"torch": torch.__version__.split("+")[0], "python": platform.python_version()}


def count(module: torch.nn.Module) -> int:
    """Number of weights."""
    return sum(p.numel() for p in module.parameters())


# ---- writing ----------------------------------------------------------------------------------


def halve(model: torch.nn.Module) -> None:
    """Round the weights to float16: codes and measurements then belong to what is shipped."""
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.half())


def write(
    folder: pathlib.Path,
    file: str,
    tensors: dict[str, Tensor],
    config: dict[str, Any] | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write tensors, as `dtype` if given, and enter the file's hash into the manifest."""
    if dtype is not None:
        tensors = {name: tensor.to(dtype) for name, tensor in tensors.items()}
    write_safetensors(folder / file, tensors, {"config": json.dumps(config or {})})
    enter(folder, file)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    names = [*RECIPES, "classifier", "ratios"]
    parser = argparse.ArgumentParser(prog="python -m nav_utils.recipes", description=__doc__)
    parser.add_argument("names", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument(
        "--folder", type=pathlib.Path, default=CHECKPOINTS, help="where the files go"
    )
    parser.add_argument("--epochs", type=int, help="fewer epochs than the recipe's, for a trial")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.names:
        if name == "ratios":
            cards = [train_ratio(space, options.folder) for space in RECIPES]
        elif name == "classifier":
            cards = [train_judge(options.folder, options.epochs)]
        else:
            cards = [train_latent_space(name, options.folder, options.epochs)]
        for card in cards:
            print(card["name"], json.dumps(card["test"], indent=2))


if __name__ == "__main__":
    main()
