"""A judge of one's own labels: it learns, says how well, and refuses labels that are none."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, TensorDataset

from nav_utils.data import ImageData
from nav_utils.evaluation import Reference
from nav_utils.judging import accuracy, shift, train_classifier
from nav_utils.models import Autoencoder, Classifier

N = 60


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


LABELS = torch.arange(N) % 3
# The channel that is bright says the class.
IMAGES = 0.4 * torch.rand(N, 3, 6, 8, generator=generator())
IMAGES[torch.arange(N), LABELS] += 0.5
OPTIONS = {"epochs": 6, "batch_size": 20, "progress": False}


@pytest.fixture(scope="module")
def judge():
    return train_classifier(IMAGES, LABELS, **OPTIONS)


def test_it_learns_and_says_how_well(judge):
    assert isinstance(judge, Classifier) and judge(IMAGES).shape == (N, 3)
    assert accuracy(judge, IMAGES, LABELS) == 1
    assert accuracy(judge, IMAGES[:4], torch.tensor([0, 1, 2, 1])) == 0.75
    assert not judge.training and not any(p.requires_grad for p in judge.parameters())


def test_it_judges_the_paths_of_one_s_own_model(judge):
    model = Autoencoder((3, 6, 8), 2, (8,))
    reference = Reference(model.encode(IMAGES).detach(), model, judge)
    assert {"confidence", "entropy"} <= reference.usual.keys()


@pytest.mark.parametrize("labels", [LABELS.numpy(), LABELS.tolist(), LABELS.to(torch.uint8)])
def test_labels_may_be_arrays_and_lists(labels, judge):
    again = train_classifier((255 * IMAGES).round().byte().numpy(), labels, **OPTIONS)
    assert accuracy(again, IMAGES, labels) == 1


def test_the_same_seed_gives_the_same_judge(judge):
    again = train_classifier(ImageData(IMAGES, LABELS), **OPTIONS)
    other = train_classifier(ImageData(IMAGES, LABELS), seed=1, **OPTIONS)
    assert torch.equal(again(IMAGES), judge(IMAGES))
    assert not torch.equal(other(IMAGES), judge(IMAGES))


def test_subfolders_are_labels(tmp_path):
    for number in range(12):
        (tmp_path / "abc"[number % 3]).mkdir(exist_ok=True)
        pixels = (255 * IMAGES[number]).byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(tmp_path / "abc"[number % 3] / f"{number}.png")
    judge = train_classifier(tmp_path, epochs=20, batch_size=6, progress=False)
    assert accuracy(judge, str(tmp_path)) == 1


def test_a_network_of_one_s_own_is_trained_too():
    own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(144, 3))
    assert train_classifier(IMAGES, LABELS, 40, model=own, progress=False) is own
    assert accuracy(own, IMAGES, LABELS) > 0.9


def test_an_interrupted_training_goes_on_and_other_labels_are_another(tmp_path, judge):
    def stop(info):
        if info["step"] == 7:
            raise KeyboardInterrupt

    file = {"checkpoint": tmp_path / "judge.safetensors", "checkpoint_every": 3}
    with pytest.raises(KeyboardInterrupt):
        train_classifier(IMAGES, LABELS, callback=stop, **OPTIONS, **file)
    with pytest.raises(ValueError, match="a checkpoint of this run.*images"):
        train_classifier(IMAGES, 2 - LABELS, **OPTIONS, **file)
    again = train_classifier(IMAGES, LABELS, **OPTIONS, **file)
    assert torch.equal(again(IMAGES), judge(IMAGES))


def test_a_shift_moves_all_alike_and_keeps_the_pixels():
    x = torch.arange(2 * 5 * 5).reshape(2, 1, 5, 5).float()
    moved = {tuple(shift(x, generator(seed), 1).flatten().tolist()) for seed in range(60)}
    rolled = {
        tuple(x.roll((i, j), dims=(-2, -1)).flatten().tolist())
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    }
    assert moved == rolled
    assert torch.equal(shift(x, generator(), 0), x)


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (IMAGES, None, r"labels: expected \(N,\) whole numbers beside images that have none"),
        (IMAGES, LABELS[:5], r"expected 60 whole numbers from 0, one for each.*shape \(5,\)"),
        (IMAGES, LABELS - 1, "the least -1"),
        (IMAGES, LABELS.float(), "got a torch.float32 tensor"),
        (IMAGES, LABELS[:, None], r"of shape \(60, 1\)"),
        (IMAGES, ["a"] * N, "labels: expected whole numbers, got"),
        (IMAGES, np.zeros(N, "i8"), "expected at least two classes, got 0 only"),
        (IMAGES, 5 * torch.ones(N).long(), "expected at least two classes, got 5 only"),
        (ImageData(IMAGES, LABELS[:5]), LABELS, "labels: expected one for each of 60 images"),
        (DataLoader(TensorDataset(IMAGES)), LABELS, "expected no DataLoader; give its dataset"),
        (IMAGES[..., :3], LABELS, "expected images of 4 x 4 pixels or more"),
    ],
)  # fmt: skip
def test_what_no_judge_can_learn_is_told(images, labels, words):
    with pytest.raises(ValueError, match=words):
        train_classifier(images, labels, **OPTIONS)
