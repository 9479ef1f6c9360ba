"""Images as people have them: each kind gives the same codes and the same training, or is told."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from nav_utils.checkpointing import read_safetensors
from nav_utils.data import ImageData
from nav_utils.encoding import encode_all
from nav_utils.models import AAE, Autoencoder
from nav_utils.training import train_aae, train_autoencoder, train_vae

N = 24
BYTES = torch.randint(0, 256, (N, 3, 6, 5), generator=torch.Generator().manual_seed(0)).byte()
FLOATS = BYTES.float() / 255
LAST = BYTES.permute(0, 2, 3, 1).numpy()  # (N, H, W, C)


class Noting(Dataset):
    """Notes which items were read."""

    def __init__(self, images=FLOATS):
        self.images, self.read = images, []

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        self.read.append(index)
        return self.images[index], index % 2


class Stream(IterableDataset):
    """Images without a number, and without a length unless one is given."""

    def __iter__(self):
        return iter(FLOATS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same images as PNG files."""
    path = tmp_path_factory.mktemp("pictures")
    for number, image in enumerate(LAST):
        (path / str(number % 2)).mkdir(exist_ok=True)
        Image.fromarray(image).save(path / str(number % 2) / f"{number:02}.png")
    return path


KINDS = {
    "an array of floats": lambda folder: FLOATS.numpy(),
    "of floats, channels last": lambda folder: FLOATS.permute(0, 2, 3, 1).numpy(),
    "of bytes": lambda folder: BYTES.numpy(),
    "of bytes, channels last": lambda folder: LAST,
    "an array turned round": lambda folder: LAST[::-1].copy()[::-1],
    "a tensor of bytes": lambda folder: BYTES,
    "a tensor of bytes, channels last": lambda folder: torch.from_numpy(LAST),
    "ImageData": lambda folder: ImageData(FLOATS, torch.zeros(N).long()),
    "a Dataset": lambda folder: TensorDataset(FLOATS, torch.zeros(N)),
    "a Dataset of bytes": lambda folder: TensorDataset(BYTES),
    "a list of Pillow images": lambda folder: [Image.fromarray(image) for image in LAST],
    "a list of arrays and labels": lambda folder: [(image, 7) for image in LAST],
}


def model():
    return Autoencoder((3, 6, 5), 2, (8,))


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.fixture(scope="module")
def trained():
    """What the tensor of floats ends in."""
    own = model()
    history = train_autoencoder(own, FLOATS, 2, batch_size=10, seed=3, progress=False)
    return weights(own), history["reconstruction"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_same_codes_and_the_same_training(kind, folder, trained):
    images, own = KINDS[kind](folder), model()
    torch.testing.assert_close(encode_all(own, images, batch_size=7), own.encode(FLOATS))
    train_autoencoder(own, images, 2, batch_size=10, seed=3, progress=False)
    torch.testing.assert_close(weights(own), trained[0])


def test_a_folder_of_pictures_gives_the_same_in_the_order_of_its_paths(folder, trained):
    order = torch.arange(N).reshape(-1, 2).T.flatten()  # folder 0, then folder 1
    own, other = model(), model()
    torch.testing.assert_close(encode_all(own, str(folder)), own.encode(FLOATS[order]))
    train_autoencoder(own, folder, 2, batch_size=10, seed=3, progress=False)
    train_autoencoder(other, FLOATS[order], 2, batch_size=10, seed=3, progress=False)
    assert torch.equal(weights(own), weights(other))


def test_grey_arrays_need_no_axis_of_channels():
    own = Autoencoder((1, 6, 5), 2, (8,))
    expected = own.encode(FLOATS[:, :1])
    for images in (LAST[..., 0], FLOATS[:, 0].numpy(), BYTES[:, 0], list(LAST[..., 0])):
        torch.testing.assert_close(encode_all(own, images), expected)


@pytest.mark.parametrize("train", [train_vae, train_aae])
def test_the_other_methods_take_them_too(train, folder):
    own = AAE((3, 6, 5), 2, (8,), discriminator_hidden=(8,))
    if train is train_vae:
        from nav_utils.models import VAE

        own = VAE((3, 6, 5), 2, (8,))
    assert len(train(own, LAST, 1, batch_size=8, progress=False)) == 3


def test_an_array_in_a_file_is_read_as_it_is_needed(tmp_path):
    np.save(tmp_path / "images.npy", LAST)
    images = np.load(tmp_path / "images.npy", mmap_mode="r")
    own = model()
    torch.testing.assert_close(encode_all(own, images), own.encode(FLOATS))
    train_autoencoder(own, images, 1, progress=False)


def test_images_come_in_the_type_of_the_weights_and_codes_in_that_of_the_images():
    own = model().double()
    assert encode_all(own, LAST).dtype == torch.float64
    assert encode_all(own, FLOATS).dtype == torch.float32
    torch.testing.assert_close(encode_all(own, LAST).float(), encode_all(own, FLOATS))
    train_autoencoder(own, LAST, 1, progress=False)


# ---- never whole in memory -----------------------------------------------------------------------


def test_a_dataset_is_read_a_batch_at_a_time():
    images, read = Noting(), []
    train_autoencoder(
        model(),
        images,
        2,
        batch_size=10,
        progress=False,
        callback=lambda info: read.append(len(images.read) - 1),  # one to look at
    )
    assert read == [10, 20, 24, 34, 44, 48]
    assert sorted(images.read[1:25]) == list(range(N))


def test_a_loader_is_read_a_batch_at_a_time_in_its_own_order():
    images, read, steps = Noting(), [], []
    loader = DataLoader(images, batch_size=10)

    def step(model, optimizers, x, generator):
        steps.append(x)
        read.append(len(images.read))
        return {"none": torch.zeros(())}

    history = train_autoencoder(model(), loader, 2, step=step, progress=False)
    assert read == [10, 20, 24, 34, 44, 48] and history.steps_per_epoch == 3
    assert torch.equal(torch.cat(steps), torch.cat([FLOATS, FLOATS]))


def test_the_order_of_a_loader_that_shuffles_comes_from_the_seed():
    def run(seed):
        own = model()
        loader = DataLoader(TensorDataset(BYTES), batch_size=10, shuffle=True)
        train_autoencoder(own, loader, 2, seed=seed, progress=False)
        return weights(own)

    before = torch.random.get_rng_state()
    assert torch.equal(run(0), run(0)) and not torch.equal(run(0), run(1))
    assert torch.equal(before, torch.random.get_rng_state())


def test_codes_of_a_loader_come_in_its_order_whatever_its_length():
    own = model()
    for loader in (DataLoader(Noting(), batch_size=7), DataLoader(Stream(), batch_size=7)):
        torch.testing.assert_close(encode_all(own, loader), own.encode(FLOATS))
    with pytest.raises(ValueError, match="keeps the order.*RandomSampler.*shuffle=False"):
        encode_all(own, DataLoader(Noting(), shuffle=True))


# ---- checkpoints ---------------------------------------------------------------------------------


def stopped_and_resumed(images, again, file):
    """The weights after a run that stops after its fourth step of six, and goes on."""

    def stop(info):
        if info["step"] == 4:
            raise KeyboardInterrupt

    options = {"batch_size": 10, "seed": 3, "checkpoint": file, "checkpoint_every": 2}
    with pytest.raises(KeyboardInterrupt):
        train_autoencoder(model(), images, 2, callback=stop, progress=False, **options)
    assert read_safetensors(file)[1]["step"] == "4"
    own = model()
    train_autoencoder(own, again, 2, progress=False, **options)
    return weights(own)


@pytest.mark.parametrize("kind", ["of bytes", "a Dataset", "ImageData"])
def test_an_interrupted_run_ends_bit_for_bit_like_the_other(kind, tmp_path):
    images, whole = KINDS[kind](None), model()
    train_autoencoder(whole, images, 2, batch_size=10, seed=3, progress=False)
    found = stopped_and_resumed(images, KINDS[kind](None), tmp_path / "run.safetensors")
    assert torch.equal(found, weights(whole))


def test_other_images_are_another_run(tmp_path):
    changed = FLOATS.clone()
    changed[17, 0, 0, 0] = 0.5
    with pytest.raises(ValueError, match="a checkpoint of this run.*images"):
        stopped_and_resumed(Noting(), Noting(changed), tmp_path / "run.safetensors")


def test_a_loader_with_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(ValueError, match="checkpoint: .*order can be repeated.*give its dataset"):
        train_autoencoder(model(), DataLoader(Noting()), 1, checkpoint=tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


# ---- what is told --------------------------------------------------------------------------------


class Short(Stream):
    def __len__(self):
        return N + 10


SIZES = [FLOATS[0], FLOATS[1, :, :, 1:]]
BAD = {
    "of bits": (BYTES % 2, "expected 8-bit values from 0 to 255, got 0 and 1 only"),
    "whole numbers": (BYTES.long(), r"images: expected a floating-point tensor \(N, C, H, W\)"),
    "of no use": (object(), "images: expected a tensor.*folder of pictures, got a object"),
    "an array of codes": (np.zeros((4, 2)), r"\(N, H, W, C\) or \(N, H, W\) of uint8.*\(4, 2\)"),
    "an array of words": (np.array([[["a"]]]), "of uint8 or of floats.*got <U1"),
    "an array out of range": (LAST.astype("f4"), "divide 8-bit images by 255"),
    "an array of no images": (LAST[:0], r"at least one, got 8-bit values of shape \(0, 6, 5, 3\)"),
    "either way": (np.zeros((4, 3, 5, 3), "f4"), "channels first or last, got shape"),
    "labels of another length": (
        ImageData(FLOATS, torch.zeros(3).long()),
        "labels: expected one for each of 24 images, got 3",
    ),
    "an empty list": ([], "images: expected at least one, got none"),
    "a list of words": (["a"], r"image 0: expected an image \(C, H, W\).*got a str"),
    "dictionaries": ([{"image": 1, "label": 2}], "got a dict with 'image', 'label'"),
    "batches in a list": ([FLOATS], r"image 0: expected an image.*got a Tensor .*\(24, 3, 6, 5\)"),
    "two sizes": (SIZES, r"image 1: expected shape \(3, 6, 5\), as image 0.*got \(3, 6, 4\)"),
    "items in [-1, 1]": (list(2 * FLOATS - 1), r"\(images \+ 1\) / 2 brings \[-1, 1\] there"),
    "without numbers": (Stream(), "got an IterableDataset; give DataLoader"),
    "without a length": (DataLoader(Stream(), batch_size=4), "DataLoader that knows its length"),
    "a wrong length": (DataLoader(Short(), batch_size=8), "expected 5 batches.*got 3"),
    "a loader of nothing": (DataLoader(Noting(), batch_size=99, drop_last=True), "at least one"),
    "a loader of single images": (
        DataLoader(Noting(), batch_size=None),
        "batch 0: expected images",
    ),
    "a loader out of range": (DataLoader(Noting(9 * FLOATS), batch_size=8), "in .0, 1., got"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_no_one_can_train_on_is_told(case):
    images, words = BAD[case]
    with pytest.raises(ValueError, match=words):
        train_autoencoder(model(), images, 1, batch_size=None, progress=False)


@pytest.mark.parametrize("case", sorted(BAD.keys() - {"without a length", "a wrong length"}))
def test_nor_encode(case):
    images, words = BAD[case]
    with pytest.raises(ValueError, match=words):
        encode_all(model(), images)


def test_a_loader_has_its_own_batch_size():
    with pytest.raises(ValueError, match="batch_size: expected none beside a DataLoader"):
        train_autoencoder(model(), DataLoader(Noting()), 1, batch_size=8)


class Odd:
    def __init__(self, answer):
        self.answer = answer

    def encode(self, x):
        return self.answer(x)


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (object(), "model: expected one with encode, got a object"),
        (Odd(lambda x: (x, x)), r"expected codes \(24, d\) from encode, got a tuple"),
        (Odd(lambda x: x), r"got a torch.float32 tensor of shape \(24, 3, 6, 5\)"),
        (Odd(lambda x: x.flatten(1)[:1]), r"of shape \(1, 90\)"),
    ],
)
def test_a_model_that_gives_no_codes_is_told(odd, words):
    with pytest.raises(ValueError, match=words):
        encode_all(odd, FLOATS)


def test_a_model_is_asked_in_evaluation_mode_and_left_as_it_was():
    own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.BatchNorm1d(90), torch.nn.Dropout(0.5))
    own.encode = own.forward
    first = encode_all(own, FLOATS)
    assert torch.equal(first, encode_all(own, FLOATS)) and not first.requires_grad
    assert own.training and own[1].num_batches_tracked == 0
