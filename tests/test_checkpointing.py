"""Files: tensors of one's own, whole or not at all, refused before anything is touched."""

import copy
import functools
import json
import os
import pathlib
import shutil

import numpy as np
import pytest
import torch
from torch import nn

from nav_utils import pretrained, recipes
from nav_utils.batches import Shuffled
from nav_utils.checkpointing import (
    Checkpoint,
    as_json,
    describe_run,
    read_safetensors,
    tensor_hash,
    write_safetensors,
    write_whole,
)
from nav_utils.correct_file import main as correct_file
from nav_utils.data import load_images
from nav_utils.history import History
from nav_utils.models import AAE, Autoencoder, mlp, seeded
from nav_utils.pretrained import CHECKPOINTS, load_classifier, load_pretrained, load_ratio
from nav_utils.ratio import DensityRatio
from nav_utils.sources import Stored
from nav_utils.training import aae_step, adam, autoencoder_parameters, train_aae, train_autoencoder

DIGITS = load_images("digits").images[:128]


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def small_ratio(seed=0):
    with seeded(seed):
        return DensityRatio(mlp([2, 8, 1]), normal(100, 2, seed=seed))


# ---- tensors of one's own -----------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """A folder of checkpoints of one's own."""
    for path in CHECKPOINTS.iterdir():
        if path.name.startswith(("digits-2d", "manifest", "mnist-classifier")):
            shutil.copy(path, tmp_path)
    return tmp_path


def all_of(ratio):
    return [ratio.held_out, *ratio.network.parameters()]


def of_space(folder):
    space = load_pretrained("digits-2d", folder=folder)
    tensors = [space.codes, space.labels, space.test_codes, space.test_labels]
    return tensors + [*space.model.parameters(), *all_of(space.ratio)]


def of_checkpoint(folder):
    run = Run(folder / "run.safetensors")
    run.file.save(*run.parts, step=3)
    run.file.load(*run.parts)
    states = [entry for o in run.optimizers.values() for s in o.state.values() for entry in s]
    assert states
    return [
        *run.model.parameters(),
        *(x for o in run.optimizers.values() for s in o.state.values() for x in s.values()),
    ]


def of_ratio(folder):
    return all_of(DensityRatio.load(folder / "digits-2d.ratio.safetensors"))


READERS = {
    "space": of_space,
    "ratio of a space": lambda folder: all_of(load_ratio("digits-2d", folder)),
    "classifier": lambda folder: list(load_classifier(folder=folder).parameters()),
    "ratio": of_ratio,
    "checkpoint": of_checkpoint,
    "file": lambda folder: list(
        read_safetensors(folder / "digits-2d.codes.safetensors")[0].values()
    ),
}


@pytest.mark.parametrize("kind", READERS)
def test_a_file_may_be_overwritten_in_place_after_it_was_read(folder, kind):
    tensors = READERS[kind](folder)
    before = [tensor.detach().clone() for tensor in tensors]
    maps = pathlib.Path("/proc/self/maps")
    if maps.exists():
        assert str(folder) not in maps.read_text()
    for path in folder.glob("*.safetensors"):
        with open(path, "r+b") as file:
            file.write(b"\xff" * path.stat().st_size)
    for tensor, old in zip(tensors, before, strict=True):
        assert torch.equal(tensor, old)


def test_a_ratio_can_be_saved_where_it_was_loaded_from(tmp_path):
    file = tmp_path / "ratio.safetensors"
    small_ratio().save(file)
    ratio = DensityRatio.load(file)
    ratio.shift = 1.0
    ratio.save(file)
    assert DensityRatio.load(file).shift == 1.0 and os.listdir(tmp_path) == [file.name]


def test_what_was_hashed_is_what_is_used(folder, monkeypatch):
    """A file that changes between two looks at it is never loaded under the old hash."""
    expected, verified = load_pretrained("digits-2d", folder=folder).codes, pretrained.verified

    def verified_and_changed(file, folder):
        answer = verified(file, folder)
        path = pathlib.Path(folder) / file
        if path.suffix == ".safetensors":
            tensors, metadata = read_safetensors(path)
            write_safetensors(path, {k: torch.zeros_like(x) for k, x in tensors.items()}, metadata)
        return answer

    monkeypatch.setattr(pretrained, "verified", verified_and_changed)
    assert torch.equal(load_pretrained("digits-2d", folder=folder).codes, expected)


# ---- whole or not at all ------------------------------------------------------------------------


def full_disk(*_):
    raise OSError(28, "No space left on device")


def write_card(folder):
    recipes.write_card(folder, "card.json", {"name": "x"})


WRITERS = {
    "bytes": lambda folder: write_whole(folder / "a", b"content"),
    "tensors": lambda folder: write_safetensors(folder / "a", {"z": normal(3)}, {}),
    "ratio": lambda folder: small_ratio().save(folder / "a"),
    "card": write_card,
}


@pytest.mark.parametrize("fails", ["fsync", "replace"])
@pytest.mark.parametrize("kind", WRITERS)
def test_nothing_is_left_of_a_write_that_failed(tmp_path, monkeypatch, kind, fails):
    monkeypatch.setattr(os, fails, full_disk)
    with pytest.raises(OSError, match="No space left"):
        WRITERS[kind](tmp_path)
    assert os.listdir(tmp_path) == []


def test_an_interrupt_leaves_nothing_either(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_safetensors(tmp_path / "a", {"z": normal(3)}, {})
    assert os.listdir(tmp_path) == []


def test_a_result_that_cannot_be_written_leaves_no_part_of_itself(tmp_path, monkeypatch):
    source, target = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    write_safetensors(source, {"z": normal(30, 2)}, {})
    replace = os.replace

    def all_but_the_last(partial, path):
        full_disk() if path == target else replace(partial, path)

    monkeypatch.setattr(os, "replace", all_but_the_last)
    with pytest.raises(SystemExit, match="No space left"):
        correct_file([str(source), str(target), "--space", "mnist-2d", "--shard-size", "20"])
    kept = ["in.safetensors", "out.safetensors.parts"]  # finished shards are for the next try
    assert sorted(os.listdir(tmp_path)) == kept
    assert len(list((tmp_path / kept[1]).glob("*.safetensors"))) == 2


# ---- a run's checkpoint -------------------------------------------------------------------------


class Run:
    """A small training run and its checkpoint file."""

    def __init__(self, path, seed=0, images=DIGITS):
        self.model = AAE((1, 8, 8), 2, (16,), discriminator_hidden=(8,), seed=seed)
        self.optimizers = {
            "autoencoder": adam(autoencoder_parameters(self.model), 1e-3),
            "discriminator": adam(self.model.discriminator.parameters(), 1e-3),
        }
        self.generator, self.history = torch.Generator().manual_seed(seed), History(2)
        step = functools.partial(aae_step, weight=1.0, penalty=0.1)
        for _ in range(3):
            losses = step(self.model, self.optimizers, images[:64], self.generator)
            self.history.append({name: float(loss.detach()) for name, loss in losses.items()})
        model = AAE(**{**self.model.config, "seed": 0})
        batches = Shuffled(Stored(images), torch.empty(0), 64, 0)
        run = describe_run(model, batches, self.optimizers, step, 4, 0, (), 1.0)
        self.file = Checkpoint(path, run)
        self.parts = (self.model, self.optimizers, self.generator, self.history)

    def state(self):
        """All that a resume may change."""
        optimizers = {name: o.state_dict() for name, o in self.optimizers.items()}
        state = (self.model.state_dict(), optimizers, self.history.losses)
        return copy.deepcopy(state), self.generator.get_state()


def assert_equal(one, other):
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_equal(a, b)
    else:
        assert one == other


@pytest.fixture
def saved(tmp_path):
    """The file of a run after three steps."""
    file = tmp_path / "run.safetensors"
    run = Run(file)
    run.file.save(*run.parts, step=3)
    return file


def changed(file, change):
    """Write a checkpoint anew with other tensors or metadata."""
    tensors, metadata = read_safetensors(file)
    change(tensors, metadata)
    write_safetensors(file, tensors, metadata)


def in_run(name, value):
    def change(tensors, metadata):
        metadata["run"] = json.dumps(json.loads(metadata["run"]) | {name: value})

    return change


def without(name):
    return lambda tensors, metadata: tensors.pop(name)


def shaped(name, *shape):
    return lambda tensors, metadata: tensors.update({name: torch.zeros(*shape)})


def said(name, value):
    return lambda tensors, metadata: metadata.update({name: value})


def unsaid(*names):
    return lambda tensors, metadata: [metadata.pop(name) for name in names]


def old_and(change):
    """As a file of a version that did not list its tensors."""

    def both(tensors, metadata):
        unsaid("shapes")(tensors, metadata)
        change(tensors, metadata)

    return both


def run_on_a_gpu(tensors, metadata):
    in_run("device", "cuda")(tensors, metadata)
    tensors["generator"] = torch.zeros(16, dtype=torch.uint8)


def old_run_on_a_gpu(tensors, metadata):
    old_and(without("generator"))(tensors, metadata)
    run = json.loads(metadata["run"])
    metadata["run"] = json.dumps({k: v for k, v in run.items() if k not in ("device", "dtype")})
    tensors["generator"] = torch.zeros(16, dtype=torch.uint8)


GENERATOR = torch.Generator().get_state()
MISFITS = {
    "device": (run_on_a_gpu, "a run on cpu, got one of a run on cuda.*Resume on cuda; or delete"),
    "device, old file": (old_run_on_a_gpu, "a run on cpu, got one of a run on cuda"),
    "dtype": (in_run("dtype", "torch.float64"), "dtype: 'torch.float64' there, 'torch.float32'"),
    "no weight": (without("model.encoder.0.weight"), r"encoder.0.weight: expected \[16, 64\], got"),
    "no weight, old file": (old_and(without("model.decoder.0.bias")), "decoder.0.bias: expected"),
    "other weight": (shaped("model.encoder.0.weight", 3, 3), r"\[16, 64\], got \[3, 3\]"),
    "other weight, old file": (
        old_and(shaped("model.encoder.0.weight", 3, 3)),
        r"encoder.0.weight: expected shape \(16, 64\) for a AAE, got \(3, 3\)",
    ),
    "one weight more": (shaped("model.extra", 3), "model.extra: expected no such tensor"),
    "one weight more, old file": (old_and(shaped("model.extra", 3)), "extra: expected no such"),
    "no moment": (without("optimizer.discriminator.0.exp_avg"), "discriminator.0.exp_avg: "),
    "no state": (without("optimizer.autoencoder.1.step"), "autoencoder.1.step: expected"),
    "other moment, old file": (
        old_and(shaped("optimizer.autoencoder.0.exp_avg", 7)),
        r"autoencoder.0.exp_avg: expected shape \(16, 64\), got \(7,\)",
    ),
    "moment of no weight": (
        old_and(shaped("optimizer.autoencoder.99.exp_avg", 7)),
        "autoencoder.99.exp_avg: expected 8 parameters, got 99",
    ),
    "no losses": (without("history.reconstruction"), "history.reconstruction: expected"),
    "too many losses": (old_and(shaped("history.kl", 40)), "history.kl: expected at most 3"),
    "no generator": (old_and(without("generator")), "generator on cpu, got none"),
    "damaged generator": (
        lambda tensors, metadata: tensors["generator"].fill_(255),
        "generator: expected the state of a generator on cpu",
    ),
    "no run": (unsaid("run"), "expected metadata with 'run'"),
    "damaged run": (said("run", '{"model": "AA'), "expected metadata with 'run'"),
    "another kind of run": (said("run", "[1, 2]"), "expected metadata with 'run'"),
    "damaged shapes": (said("shapes", "[["), "expected metadata with 'shapes'"),
    "no step": (unsaid("step"), "step: expected a whole number up to 8, got 'none'"),
    "damaged step": (said("step", "many"), "step: expected a whole number up to 8, got 'many'"),
    "negative step": (said("step", "-3"), "step: expected"),
    "step beyond the end": (said("step", "9"), "step: expected a whole number up to 8, got '9'"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_a_checkpoint_that_does_not_fit_touches_nothing(saved, case):
    change, message = MISFITS[case]
    changed(saved, change)
    content = saved.read_bytes()
    run = Run(saved, seed=1)
    before = run.state()
    with pytest.raises(ValueError, match=message) as caught:
        run.file.load(*run.parts)
    assert str(caught.value).startswith(str(saved))
    assert_equal(run.state(), before)
    assert saved.read_bytes() == content


def test_a_checkpoint_that_fits_brings_all_back(saved):
    run, again = Run(saved), Run(saved, seed=1)
    assert again.file.load(*again.parts) == 3
    assert_equal(again.state(), run.state())


def test_a_checkpoint_of_an_older_version_still_loads(saved):
    def older(tensors, metadata):
        run = json.loads(metadata["run"])
        metadata["run"] = json.dumps({k: v for k, v in run.items() if k not in ("device", "dtype")})
        del metadata["shapes"]

    changed(saved, older)
    run, again = Run(saved), Run(saved, seed=1)
    assert again.file.load(*again.parts) == 3
    assert_equal(again.state(), run.state())


def test_a_whole_training_is_not_touched_by_the_checkpoint_of_a_gpu(tmp_path):
    file = tmp_path / "run.safetensors"
    options = {"checkpoint": file, "progress": False, "batch_size": 64}
    train_aae(AAE((1, 8, 8), 2, (16,)), DIGITS, 1, **options)
    changed(file, run_on_a_gpu)
    model = AAE((1, 8, 8), 2, (16,), seed=0)
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match="a run on cpu, got one of a run on cuda"):
        train_aae(model, DIGITS, 1, **options)
    assert_equal(model.state_dict(), before)


def test_a_network_is_left_as_it_was_by_a_ratio_that_does_not_fit(tmp_path):
    file = tmp_path / "ratio.safetensors"
    small_ratio().save(file)
    network = mlp([2, 8, 3])  # the first layer would fit
    before = copy.deepcopy(network.state_dict())
    with pytest.raises(ValueError, match=r"expected shape \(3,\) for a .*, got \(1,\)"):
        DensityRatio.load(file, network)
    assert_equal(network.state_dict(), before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("held_out"), "without .*held_out"),
        (without("network.0.weight"), r"0.weight: expected shape \(8, 2\)"),
        (said("ratio", "{}"), "without .*scale"),
        (said("ratio", "{"), "expected metadata with 'ratio'"),
    ],
)
def test_a_damaged_ratio_is_refused_by_name(tmp_path, change, message):
    file = tmp_path / "ratio.safetensors"
    small_ratio().save(file)
    changed(file, change)
    with pytest.raises(ValueError, match=f"ratio.safetensors: .*{message}"):
        DensityRatio.load(file)


# ---- what can be saved --------------------------------------------------------------------------


class Tied(Autoencoder):
    """A linear autoencoder whose encoder is its decoder, transposed."""

    def __init__(self):
        super().__init__((1, 8, 8), 2, ())
        self.twin = nn.Linear(64, 2)
        self.twin.weight = self.encoder[0].weight


def test_tied_weights_are_saved_and_stay_tied(tmp_path):
    options = {"checkpoint": tmp_path / "run.safetensors", "progress": False, "batch_size": 64}
    model, again, seen = Tied(), Tied(), []
    train_autoencoder(model, DIGITS, 1, **options)
    train_autoencoder(again, DIGITS, 1, callback=seen.append, **options)
    assert seen == [] and again.twin.weight is again.encoder[0].weight
    assert_equal(again.state_dict(), model.state_dict())


def test_views_of_one_piece_of_memory_are_saved_each_for_itself(tmp_path):
    whole = normal(4, 3)
    tensors = {"whole": whole, "row": whole[1], "column": whole[:, 1], "again": whole.view(12)}
    write_safetensors(tmp_path / "a", tensors, {})
    assert_equal(read_safetensors(tmp_path / "a")[0], {k: x.clone() for k, x in tensors.items()})


def test_a_ratio_with_tied_layers_can_be_saved(tmp_path):
    network = mlp([2, 2, 2, 1])
    network[2].weight = network[0].weight
    DensityRatio(network, normal(50, 2)).save(tmp_path / "a")
    z = normal(9, 2)
    ratio = DensityRatio.load(tmp_path / "a")
    torch.testing.assert_close(ratio.logit(z), network(z).squeeze(-1))


def test_an_optimiser_whose_state_is_no_tensor_is_named(tmp_path):
    run = Run(tmp_path / "run.safetensors")
    run.optimizers["discriminator"].state[run.model.discriminator[0].bias]["note"] = "seven"
    with pytest.raises(ValueError, match="optimizer 'discriminator': .* got 'note', a str"):
        run.file.save(*run.parts, step=3)
    assert os.listdir(tmp_path) == []


def test_numbers_of_numpy_and_torch_are_written_as_numbers():
    facts = {"a": np.int64(3), "b": np.float32(0.5), "c": torch.tensor(2), "d": np.bool_(True)}
    assert json.loads(as_json(facts)) == {"a": 3, "b": 0.5, "c": 2, "d": True}
    assert json.loads(as_json({"step": normal, "x": normal(3)})) == {
        "step": "normal",
        "x": tensor_hash(normal(3)),
    }


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64, torch.int64])
def test_tensors_of_every_type_have_a_hash(dtype):
    x = torch.arange(6).reshape(2, 3).to(dtype)
    assert tensor_hash(x) == tensor_hash(x.T.contiguous().T) != tensor_hash(x + 1)
