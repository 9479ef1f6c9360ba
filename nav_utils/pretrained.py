"""The shipped checkpoints: networks, codes and labels as safetensors, each with its SHA-256 in a
manifest.

Three kinds of file for each latent space, so that one can change and leave the others' hashes
alone: `NAME.model.safetensors` (weights), `NAME.codes.safetensors` (codes and labels), `NAME.json`
(the model card).
"""

from __future__ import annotations

import difflib
import json
import pathlib

import torch
from torch import Tensor

from nav_utils.checkpointing import expect_weights, facts_of, parse_safetensors
from nav_utils.diffusion import Denoiser
from nav_utils.manifests import listed, read_manifest
from nav_utils.models import AAE, Classifier, Network
from nav_utils.ratio import DensityRatio
from nav_utils.spaces import LatentSpace

CHECKPOINTS = pathlib.Path(__file__).parent / "checkpoints"
CODES = ".codes.safetensors"  # what every latent space has
CLASSIFIER = "mnist-classifier.model.safetensors"


def load_pretrained(
    name: str = "mnist-2d",
    device: str | torch.device = "cpu",
    folder: str | pathlib.Path = CHECKPOINTS,
) -> LatentSpace:
    """Load a shipped latent space, after comparing every file with its hash.

    Args:
        name: "mnist-2d", "mnist-16d" or "digits-2d".
        device: where the tensors go.
        folder: another folder of checkpoints with a manifest, for example your own.

    Returns:
        A `LatentSpace`, whose tensors are its own: the files may change afterwards.

    Raises:
        ValueError: for an unknown name, or a file whose bytes are not those of the manifest.
        FileNotFoundError: when the folder has no manifest, or a file of the manifest is missing.
    """
    weights, metadata = read_verified(f"{name}.model.safetensors", folder)
    codes, _ = read_verified(f"{name}.codes.safetensors", folder)
    model = rebuild(AAE, weights, metadata).to(device)
    tensors = {key: value.to(device) for key, value in codes.items()}
    return LatentSpace(
        model=model,
        ratio=load_ratio(name, folder, device),
        train_discriminator=model.discriminator,
        codes=tensors["codes"].float(),
        labels=tensors["labels"].long(),
        test_codes=tensors["test_codes"].float(),
        test_labels=tensors["test_labels"].long(),
        card=json.loads(verified(f"{name}.json", folder)),
    )


def load_ratio(
    name: str,
    folder: str | pathlib.Path = CHECKPOINTS,
    device: str | torch.device = "cpu",
) -> DensityRatio | None:
    """The density ratio of a latent space, None where the manifest has none.

    Args and errors as in `load_pretrained`.
    """
    file, manifest = f"{name}.ratio.safetensors", manifest_of(folder)
    if file not in manifest and f"{name}.codes.safetensors" in manifest:
        return None
    return DensityRatio.from_bytes(verified(file, folder), file).to(device)


def load_classifier(
    device: str | torch.device = "cpu", folder: str | pathlib.Path = CHECKPOINTS
) -> Classifier:
    """Load the shipped judge of MNIST digits, a `Classifier` of pixels, with frozen weights.

    Args and errors as in `load_pretrained`.
    """
    weights, metadata = read_verified(CLASSIFIER, folder)
    judge = rebuild(Classifier, weights, metadata).to(device)
    # Half the time on a processor. To train on, take a `Classifier`: a checkpoint of Adam's would
    # come back in another layout than these weights have.
    return judge.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def load_denoiser(
    name: str = "mnist-16d",
    device: str | torch.device = "cpu",
    folder: str | pathlib.Path = CHECKPOINTS,
) -> Denoiser:
    """Load a shipped diffusion, with frozen weights.

    Args:
        name: "mnist-16d" for one of the codes of that space, "mnist" for one of pixels.
        device, folder: as in `load_pretrained`, and so are the errors.
    """
    return rebuild(Denoiser, *read_verified(f"{name}.denoiser.safetensors", folder)).to(device)


def rebuild(kind: type[Network], weights: dict[str, Tensor], metadata: dict[str, str]) -> Network:
    """The network that `weights` and the configuration in `metadata` describe, frozen."""
    model = kind(**facts_of(metadata, "config", kind.__name__))
    expect_weights(model, weights, kind.__name__)
    model.load_state_dict({key: value.float() for key, value in weights.items()})
    return model.eval().requires_grad_(False)


def read_verified(
    file: str, folder: str | pathlib.Path
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file of `folder`, once its hash was found right."""
    return parse_safetensors(verified(file, folder), file)


def verified(file: str, folder: str | pathlib.Path) -> bytes:
    """The bytes of `file` in `folder`; ValueError unless their SHA-256 is the manifest's."""
    manifest, path = manifest_of(folder), pathlib.Path(folder).expanduser() / file
    if file not in manifest:
        raise ValueError(unknown(file, manifest))
    shipped = path.parent.resolve() == CHECKPOINTS.resolve()
    cure = "install nav_utils again" if shipped else f"write it anew: {command_for(path)}"
    return listed(path, manifest[file], cure)


def manifest_of(folder: str | pathlib.Path) -> dict[str, str]:
    """The SHA-256 of each file of a folder of checkpoints, by its name."""
    advice = "leave folder out for the shipped ones, or let python -m nav_utils.recipes write one"
    return read_manifest(folder, "checkpoints", advice)


def unknown(file: str, manifest: dict[str, str]) -> str:
    """What to say of a file that the manifest does not name: which of its kind there are."""
    name, _, kind = file.partition(".")
    if file == CLASSIFIER:
        return f"{file}: expected it in the manifest, got one without; write it: " + command_for(
            pathlib.Path("FOLDER") / file
        )
    ending = f".{kind}" if kind.startswith("denoiser.") else CODES
    spaces = {known.partition(".")[0] for known in manifest if known.endswith(ending)}
    names = sorted(n for n in spaces if f"{n}.{kind}" in manifest) or sorted(spaces)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{name!r}: expected one of {', '.join(names) or 'none, for there are none'}{hint}"


def command_for(path: pathlib.Path) -> str:
    """The command that writes a file of a folder of one's own."""
    name = path.name.partition(".")[0]
    name = {"mnist-classifier": "classifier"}.get(name, name)
    if path.name.partition(".")[2].startswith("ratio."):
        name = "ratios"
    if path.name.partition(".")[2].startswith("denoiser."):
        return "python benchmarks/diffusion.py train"
    return f"python -m nav_utils.recipes {name} --folder {path.parent}"
