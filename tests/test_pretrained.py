"""What is shipped: hashes, sizes, cards that tell the truth, and the figures that were promised."""

import functools
import hashlib
import json
import pathlib
import shutil

import pytest
import torch
from real_data import needs_mnist

from nav_utils import pretrained, recipes
from nav_utils.calibration import calibration_report
from nav_utils.data import load_images
from nav_utils.fitting import logistic_loss
from nav_utils.pretrained import CHECKPOINTS, load_classifier, load_pretrained, load_ratio
from nav_utils.training import reconstruction_nats

RATIO = "digits-2d.ratio.safetensors"
NAMES = ["mnist-2d", "mnist-16d", "digits-2d"]


@pytest.mark.parametrize("name", NAMES)
def test_a_latent_space_is_whole(name):
    space = load_pretrained(name)
    d = int(name.split("-")[1][:-1])
    n, m = (1500, 297) if name.startswith("digits") else (60_000, 10_000)
    assert space.codes.shape == (n, d) and space.test_codes.shape == (m, d)
    assert space.labels.shape == (n,) and space.test_labels.shape == (m,)
    assert space.codes.dtype == torch.float32 and space.labels.dtype == torch.int64
    assert set(space.labels.tolist()) == set(range(10))
    assert space.train_discriminator is space.model.discriminator
    assert torch.isfinite(space.ratio.logit(space.test_codes)).all()
    assert not space.model.training and not any(p.requires_grad for p in space.model.parameters())
    assert torch.isfinite(space.codes).all()


def test_every_file_has_its_hash_and_is_small_and_nothing_else_lies_there():
    manifest = json.loads((CHECKPOINTS / "manifest.json").read_text())
    files = {path.name for path in CHECKPOINTS.iterdir()} - {"manifest.json"}
    assert files == set(manifest)
    for name, expected in manifest.items():
        content = (CHECKPOINTS / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == expected
        assert len(content) <= 4_000_000, name


@pytest.mark.parametrize(
    ("name", "nats", "lowest", "highest"),
    [("mnist-2d", 139, 0.75, 1.4), ("mnist-16d", 75, 0.75, 1.3)],
)
def test_the_shipped_models_keep_what_was_promised(name, nats, lowest, highest):
    space = load_pretrained(name)
    eigenvalues = torch.linalg.eigvalsh(torch.cov(space.codes.double().T))
    assert lowest <= eigenvalues.min() and eigenvalues.max() <= highest
    assert space.card["test"]["reconstruction (nats per image)"] <= nats
    assert space.card["test"]["eigenvalues of the code covariance"] == pytest.approx(
        eigenvalues.tolist(), abs=2e-3
    )
    assert 0.4 < space.card["test"]["two-sample test"]["held-out loss"] <= 0.694


@pytest.mark.parametrize("name", NAMES)
def test_the_card_records_the_recipe_of_the_command(name):
    card, recipe = load_pretrained(name).card, recipes.RECIPES[name]
    assert card["command"] == f"python -m nav_utils.recipes {name}"
    assert card["training"] == recipe["training"] | {"batch_size": 256}


@pytest.mark.parametrize("name", NAMES)
def test_the_card_of_the_ratio_tells_the_truth(name):
    space = load_pretrained(name)
    card = json.loads((CHECKPOINTS / f"{name}.ratio.json").read_text())
    prior = space.ratio.prior.sample(len(space.test_codes), torch.Generator().manual_seed(1))
    report = calibration_report(space.ratio, space.test_codes, prior)
    assert report.held_out_loss == pytest.approx(card["test"]["held-out loss"], abs=2e-4)
    assert report.ece == pytest.approx(card["test"]["expected calibration error"], abs=2e-3)
    assert space.ratio.level(0.05) == pytest.approx(card["level(0.05)"], abs=2e-3)
    assert space.ratio.scale == pytest.approx(card["calibration"]["scale"], abs=1e-4)


@pytest.mark.parametrize(("name", "most"), [("mnist-2d", 0.63), ("mnist-16d", 0.29)])
def test_the_shipped_ratio_beats_a_constant_and_the_left_over_discriminator(name, most):
    space = load_pretrained(name)
    prior = space.ratio.prior.sample(10_000, torch.Generator().manual_seed(1))
    rivals = {
        "ratio": space.ratio.logit,
        "left over": lambda z: space.train_discriminator(z).squeeze(-1),
        "constant": lambda z: torch.zeros(len(z)),
    }
    losses = {n: float(logistic_loss(f(prior), f(space.test_codes))) for n, f in rivals.items()}
    assert losses["ratio"] < most < losses["left over"] < losses["constant"]


def test_the_held_out_codes_of_a_ratio_are_no_codes_it_was_fitted_on():
    space = load_pretrained("mnist-2d")
    fitted = {tuple(row) for row in space.codes[:50_000].tolist()}
    assert not any(tuple(row) in fitted for row in space.ratio.held_out.tolist())


def test_the_decoder_that_travels_in_pages_is_small():
    decoder = load_pretrained("mnist-2d").model.decoder
    assert sum(p.numel() for p in decoder.parameters()) <= 240_000


@needs_mnist
@pytest.mark.parametrize("name", ["mnist-2d", "mnist-16d"])
def test_codes_and_card_are_those_of_the_shipped_encoder_on_the_real_images(name):
    space, test = load_pretrained(name), load_images("mnist", "test")
    tolerance = 1e-4 if name == "mnist-2d" else 4e-3  # float16 codes
    torch.testing.assert_close(
        space.model.encode(test.images), space.test_codes, atol=tolerance, rtol=1e-3
    )
    assert torch.equal(space.test_labels, test.labels)
    nats = float(
        reconstruction_nats(space.model.decode_logits(space.test_codes), test.images).mean()
    )
    assert nats == pytest.approx(space.card["test"]["reconstruction (nats per image)"], abs=0.05)


@needs_mnist
def test_the_judge_is_right_on_at_least_985_of_1000_test_images():
    test = load_images("mnist", "test")
    right = (load_classifier()(test.images).argmax(-1) == test.labels).float().mean()
    assert float(right) >= 0.985


def test_digits_2d_belongs_to_the_embedded_digits():
    space, test = load_pretrained("digits-2d"), load_images("digits", "test")
    torch.testing.assert_close(
        space.model.encode(test.images), space.test_codes, atol=1e-4, rtol=1e-3
    )


def test_a_changed_byte_is_refused(tmp_path):
    folder = tmp_path / "checkpoints"
    shutil.copytree(CHECKPOINTS, folder)
    file = folder / "mnist-2d.codes.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"mnist-2d\.codes\.safetensors: expected SHA-256"):
        load_pretrained("mnist-2d", folder=folder)
    file.unlink()
    cure = f"python -m nav_utils.recipes mnist-2d --folder {folder}"
    with pytest.raises(FileNotFoundError, match=f"it is missing; write it anew: {cure}$"):
        load_pretrained("mnist-2d", folder=folder)
    for name, recipe in (("mnist-classifier.json", "classifier"), (RATIO, "ratios")):
        (folder / name).write_text("{}")
        with pytest.raises(
            ValueError, match=f"write it anew: python -m nav_utils.recipes {recipe} "
        ):
            pretrained.verified(name, folder)


def test_a_damaged_installation_is_to_be_installed_again(tmp_path, monkeypatch):
    shutil.copytree(CHECKPOINTS, tmp_path / "checkpoints")
    monkeypatch.setattr(pretrained, "CHECKPOINTS", tmp_path / "checkpoints")
    (tmp_path / "checkpoints" / RATIO).write_text("{}")
    with pytest.raises(ValueError, match="changed or damaged: install nav_utils again"):
        pretrained.verified(RATIO, pretrained.CHECKPOINTS)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mnist2d", "; did you mean 'mnist-2d'?"),
        ("mnist", "; did you mean 'mnist-2d'?"),
        ("digits", "; did you mean 'digits-2d'?"),
        ("cifar", ""),
        ("mnist-classifier", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("load", [load_pretrained, load_ratio])
def test_an_unknown_name_is_answered_with_the_nearest_if_one_is_near(load, name, hint):
    with pytest.raises(ValueError) as caught:
        load(name)
    assert str(caught.value) == f"{name!r}: expected one of digits-2d, mnist-16d, mnist-2d{hint}"


def test_a_folder_may_be_a_text(tmp_path, monkeypatch):
    shutil.copytree(CHECKPOINTS, tmp_path / "own")
    monkeypatch.chdir(tmp_path)
    assert torch.equal(
        load_pretrained("digits-2d", folder="own").codes, load_pretrained("digits-2d").codes
    )
    assert load_ratio("digits-2d", "own").prior.dim == 2
    assert load_classifier(folder="own").config["n_classes"] == 10


@pytest.mark.parametrize("folder", ["nowhere", "empty", "file"])
@pytest.mark.parametrize("kind", [str, pathlib.Path])
def test_a_folder_without_checkpoints_is_told(tmp_path, folder, kind):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("a text")
    for load in (load_pretrained, load_ratio):
        with pytest.raises(FileNotFoundError, match=f"folder: expected .*{folder}; leave folder"):
            load("digits-2d", folder=kind(tmp_path / folder))


def test_a_folder_without_the_judge_says_how_to_get_it(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ValueError, match="python -m nav_utils.recipes classifier --folder"):
        load_classifier(folder=tmp_path)
    with pytest.raises(ValueError, match="'mnist-2d': expected one of none, for there are none"):
        load_pretrained(folder=tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ValueError, match="manifest.json: expected a manifest in JSON"):
        load_pretrained(folder=tmp_path)


def test_the_command_trains_writes_and_registers(tmp_path, capsys):
    recipes.main(["digits-2d", "--folder", str(tmp_path), "--epochs", "1"])
    assert "reconstruction" in capsys.readouterr().out
    space = load_pretrained("digits-2d", folder=tmp_path)
    assert space.card["command"].endswith("digits-2d --epochs 1")
    assert space.ratio is None, "none was asked for"
    files = ["digits-2d.codes.safetensors", "digits-2d.json", "digits-2d.model.safetensors"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*files, "manifest.json"]


def test_the_command_adds_a_ratio_and_leaves_the_rest_alone(tmp_path, monkeypatch):
    for path in CHECKPOINTS.glob("digits-2d.[cjm]*"):
        shutil.copy(path, tmp_path)
    manifest = json.loads((CHECKPOINTS / "manifest.json").read_text())
    kept = {path.name: manifest[path.name] for path in tmp_path.iterdir()}
    (tmp_path / "manifest.json").write_text(json.dumps(kept))
    monkeypatch.setattr(recipes, "RECIPES", {"digits-2d": recipes.RECIPES["digits-2d"]})
    monkeypatch.setattr(recipes, "fit_ratio", functools.partial(recipes.fit_ratio, steps=20))
    recipes.main(["ratios", "--folder", str(tmp_path)])
    after = json.loads((tmp_path / "manifest.json").read_text())
    assert after.keys() - kept.keys() == {"digits-2d.ratio.json", "digits-2d.ratio.safetensors"}
    assert {name: after[name] for name in kept} == kept
    assert load_pretrained("digits-2d", folder=tmp_path).ratio.prior.dim == 2


@needs_mnist
def test_one_epoch_of_the_shipped_mnist_recipe_runs_end_to_end(tmp_path, monkeypatch):
    whole = recipes.two_sample_test  # half of the time, on all codes
    monkeypatch.setattr(recipes, "two_sample_test", lambda z, rest: whole(z[:5000], rest))
    card = recipes.train_latent_space("mnist-2d", tmp_path, epochs=1)
    assert card["test"]["reconstruction (nats per image)"] < 180, "the mean image costs 206 nats"
    space = load_pretrained("mnist-2d", folder=tmp_path)
    assert space.codes.shape == (60_000, 2)
    eigenvalues = torch.linalg.eigvalsh(torch.cov(space.test_codes.T))
    assert eigenvalues.min() > 0.5 and eigenvalues.max() < 3


def test_the_two_sample_test_tells_equal_from_different():
    generator = torch.Generator().manual_seed(1)
    same = torch.randn(6000, 2, generator=generator)
    equal = recipes.two_sample_test(same[:5000], same[5000:])
    shifted = recipes.two_sample_test(same[:5000] + 1, same[5000:] + 1)
    assert equal["held-out loss"] == pytest.approx(0.693, abs=0.01)
    assert shifted["held-out loss"] < 0.62
