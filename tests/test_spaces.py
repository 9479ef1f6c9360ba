"""Latent spaces of one's own in a folder: what comes back, what is told, nothing by halves."""

import json
import os

import numpy as np
import pytest
import torch
from torch import nn

from nav_utils import manifests
from nav_utils.models import AAE, VAE, Autoencoder, mlp, seeded
from nav_utils.pretrained import CHECKPOINTS, LatentSpace, load_pretrained
from nav_utils.priors import Box
from nav_utils.ratio import DensityRatio, ExactRatio
from nav_utils.spaces import FILES, load_space


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Own(nn.Module):
    """A model that no file can build."""

    def __init__(self, width=4):
        super().__init__()
        self.into = nn.Sequential(nn.Flatten(), nn.Linear(12, width), nn.BatchNorm1d(width))
        self.out, self.discriminator = nn.Linear(width, 12), nn.Linear(2, 1)
        self.code = nn.Linear(width, 2)

    def encode(self, x):
        return self.code(self.into(x))

    def decode(self, z):
        return self.out(z @ self.code.weight).sigmoid().unflatten(-1, (3, 2, 2))


def space_of(model, ratio="usual", **changes):
    """A small space with the discriminator of the model, if it has one."""
    if ratio == "usual":
        with seeded(0):
            network = mlp([2, 4, 1])
        network[-1].weight.data *= 20  # or its answers look like probabilities
        ratio = DensityRatio(network, normal(20, 2))
    left_over = getattr(model, "discriminator", None)
    space = LatentSpace(
        model=model,
        ratio=ratio,
        train_discriminator=left_over,
        codes=normal(30, 2, seed=1),
        labels=torch.arange(30),
        test_codes=normal(8, 2, seed=2),
        test_labels=torch.zeros(8, dtype=torch.int64),
        card={"name": "own", "loss": np.float32(0.5), "epochs": [1, 2], "note": None},
    )
    return space._replace(**changes)


def assert_same(found, space):
    """Everything that was saved came back."""
    for name in ("codes", "labels", "test_codes", "test_labels"):
        assert torch.equal(getattr(found, name), getattr(space, name))
        assert getattr(found, name).dtype == getattr(space, name).dtype
    pairs = [(found.model, space.model), (found.train_discriminator, space.train_discriminator)]
    if space.ratio is not None:
        assert torch.equal(found.ratio.logit(space.codes), space.ratio.logit(space.codes))
        assert torch.equal(found.ratio.held_out, space.ratio.held_out)
    for came, module in pairs:
        assert type(came) is type(module)
        if module is None:
            continue
        assert not came.training and not any(p.requires_grad for p in came.parameters())
        assert came.state_dict().keys() == module.state_dict().keys()
        for name, weight in module.state_dict().items():
            assert torch.equal(came.state_dict()[name], weight)
            assert came.state_dict()[name].dtype == weight.dtype


MODELS = {
    "AAE": AAE((1, 3, 2), 2, (4,), (5,), (6,)),
    "VAE": VAE((1, 3, 2), 2, (4,)),
    "Autoencoder": Autoencoder((1, 3, 2), 2, (4,)).double(),
}


@pytest.mark.parametrize("name", MODELS)
def test_what_was_saved_comes_back(name, tmp_path):
    space = space_of(MODELS[name])
    space.save(tmp_path / "space")
    found = load_space(tmp_path / "space")
    assert_same(found, space)
    assert found.card == {"name": "own", "loss": 0.5, "epochs": [1, 2], "note": None}
    if name == "AAE":
        assert found.train_discriminator is found.model.discriminator
    assert os.listdir(tmp_path) == ["space"]
    manifest = json.loads((tmp_path / "space" / "manifest.json").read_text())
    assert {*manifest, "manifest.json"} == set(os.listdir(tmp_path / "space")) <= set(FILES)


def test_a_shipped_space_may_be_saved_too(tmp_path):
    space = load_pretrained("digits-2d")
    space.save(str(tmp_path / "a" / "b"))
    assert_same(load_space(str(tmp_path / "a" / "b")), space)


def test_a_model_of_one_s_own_is_filled(tmp_path):
    model = Own()
    model.encode(normal(5, 3, 2, 2))  # moves BatchNorm
    space = space_of(model, train_discriminator=model.discriminator)
    space.save(tmp_path / "own")
    with pytest.raises(ValueError, match=r"model.safetensors: expected model= of class Own"):
        load_space(tmp_path / "own")
    with pytest.raises(ValueError, match="build the model that the file was written for"):
        load_space(tmp_path / "own", model=Own(5))
    given = Own()
    found = load_space(tmp_path / "own", model=given)
    assert found.model is given and found.train_discriminator is given.discriminator
    assert_same(found, space)


def test_a_class_of_one_s_own_is_not_taken_for_ours_of_the_same_name(tmp_path):
    own = type("AAE", (AAE,), {})((1, 3, 2), 2, (4,), (5,), (6,))
    space_of(own).save(tmp_path / "own")
    with pytest.raises(ValueError, match="expected model= of class AAE"):
        load_space(tmp_path / "own")


def test_a_ratio_and_a_discriminator_of_one_s_own_are_filled(tmp_path):
    network, left_over = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)), nn.Linear(2, 1)

    class Cube(Box):
        """A prior that no file knows."""

    cube = Cube([-9.0, -9.0], [9.0, 9.0])
    ratio = DensityRatio(network, normal(20, 2), cube)
    space = space_of(MODELS["VAE"], ratio, train_discriminator=left_over)
    space.save(tmp_path / "own")
    needed = {"discriminator": nn.Linear(2, 1), "network": network, "prior": cube}
    for name in needed:
        with pytest.raises(ValueError, match=f"expected {name}="):
            load_space(tmp_path / "own", **{k: v for k, v in needed.items() if k != name})
    assert_same(load_space(tmp_path / "own", **needed), space)


def test_a_space_without_ratio_and_discriminator(tmp_path):
    space = space_of(MODELS["VAE"], None)
    space.save(tmp_path / "bare")
    found = load_space(tmp_path / "bare")
    assert found.ratio is None and found.train_discriminator is None
    assert sorted(os.listdir(tmp_path / "bare")) == [
        "card.json",
        "codes.safetensors",
        "manifest.json",
        "model.safetensors",
    ]


def test_a_space_is_replaced_by_another(tmp_path):
    space_of(MODELS["AAE"]).save(tmp_path / "space")
    space = space_of(MODELS["VAE"], None, codes=normal(30, 2, seed=5))
    space.save(tmp_path / "space")
    assert_same(load_space(tmp_path / "space"), space)
    assert os.listdir(tmp_path) == ["space"]


# ---- whole or not at all -------------------------------------------------------------------------


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_save_that_fails_leaves_what_was_there(tmp_path, monkeypatch, before, error):
    space = space_of(MODELS["AAE"])
    if before:
        space.save(tmp_path / "space")

    def fail(*_):
        raise error

    monkeypatch.setattr(DensityRatio, "save", fail)
    with pytest.raises(error):
        space._replace(codes=0 * space.codes).save(tmp_path / "space")
    assert os.listdir(tmp_path) == ["space"] * before
    if before:
        assert_same(load_space(tmp_path / "space"), space)


def test_a_replacement_that_fails_at_the_last_moment_brings_the_old_one_back(tmp_path, monkeypatch):
    space, rename = space_of(MODELS["AAE"]), os.rename
    space.save(tmp_path / "space")

    def fail(source, target):
        if str(source).endswith(".partial"):
            raise OSError("no more")
        rename(source, target)

    monkeypatch.setattr(manifests.os, "rename", fail)
    with pytest.raises(OSError, match="no more"):
        space._replace(codes=0 * space.codes).save(tmp_path / "space")
    assert os.listdir(tmp_path) == ["space"]
    assert_same(load_space(tmp_path / "space"), space)


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(FileExistsError, match=r"got one with thesis\.txt; name another one"):
        space_of(MODELS["AAE"]).save(tmp_path)
    with pytest.raises(FileExistsError, match="a file of this name"):
        space_of(MODELS["AAE"]).save(tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text() == "years" and len(os.listdir(tmp_path)) == 1


# ---- what is told --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file", ["model.safetensors", "codes.safetensors", "card.json", "ratio.safetensors"]
)
def test_a_changed_byte_is_told_with_the_file(tmp_path, file):
    space_of(MODELS["AAE"]).save(tmp_path / "space")
    content = bytearray((tmp_path / "space" / file).read_bytes())
    content[-2] ^= 1
    (tmp_path / "space" / file).write_bytes(content)
    with pytest.raises(ValueError, match=f"{file}: expected SHA-256 .*save the space again"):
        load_space(tmp_path / "space")
    (tmp_path / "space" / file).unlink()
    with pytest.raises(FileNotFoundError, match=f"{file}: the manifest names this file"):
        load_space(tmp_path / "space")


def test_a_folder_that_is_no_space_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"expected a folder of a space.*save writes one"):
        load_space(tmp_path)
    with pytest.raises(ValueError, match=r"without model.safetensors.*load_pretrained\(name"):
        load_space(CHECKPOINTS)


AE = MODELS["Autoencoder"]
BAD = {
    "model": (lambda z: z, "model: expected a Module to save, got a function"),
    "ratio": (ExactRatio(Box([0.0, 0.0], [1.0, 1.0])), "ratio: expected a DensityRatio or None"),
    "train_discriminator": (len, "train_discriminator: expected a Module or None to save"),
    "card": ("my space", "card: expected a dict to save, got a str"),
    "codes": (normal(30, 2) / 0, "codes: expected finite"),
    "labels": (torch.arange(3), r"labels: expected \(30,\), one for each code.*shape \(3,\)"),
    "test_labels": (None, r"test_labels: expected \(8,\), .* got a NoneType"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_saved_is_told_and_nothing_is_written(tmp_path, name):
    value, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        space_of(AE)._replace(**{name: value}).save(tmp_path / "space")
    assert not os.listdir(tmp_path)
