"""Folders of pictures: what they hold, in which order, and what is told of what does not fit."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from nav_utils.data import load_images
from nav_utils.encoding import encode_all
from nav_utils.models import Autoencoder
from nav_utils.pictures import Pictures, load_folder

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)  # (H, W, C)
GREY = PIXELS[..., 0]


def save(path, pixels=PIXELS, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(path, **options)


def test_subfolders_are_classes_and_paths_are_in_order(tmp_path):
    for number, name in enumerate(("cats/b.png", "cats/a.png", "birds/x/1.PNG", "birds/0.png")):
        save(tmp_path / name, np.full((4, 5, 3), number, "u1"))
    (tmp_path / "cats" / "notes.txt").write_text("no picture")
    (tmp_path / "cats" / "._a.png").write_bytes(b"what a Mac leaves beside a file")
    pictures = Pictures(tmp_path)
    names = [path.relative_to(tmp_path).as_posix() for path in pictures.paths]
    assert names == ["birds/0.png", "birds/x/1.PNG", "cats/a.png", "cats/b.png"]
    assert pictures.classes == ["birds", "birds/x", "cats"]
    assert pictures.labels.tolist() == [0, 1, 2, 2] and pictures.labels.dtype == torch.int64
    assert pictures.shape == (3, 4, 5) and len(pictures) == 4
    images, labels = load_folder(str(tmp_path), progress=False)
    assert images.shape == (4, 3, 4, 5) and images.dtype == torch.float32
    assert (images[:, 0, 0, 0] * 255).tolist() == [3, 2, 1, 0]
    assert labels.tolist() == [0, 1, 2, 2]


def test_a_picture_is_what_was_saved(tmp_path):
    save(tmp_path / "a.png")
    image, label = Pictures(tmp_path)[0]
    assert image.dtype == torch.uint8 and label == 0 and Pictures(tmp_path).classes == ["."]
    assert torch.equal(image, torch.from_numpy(PIXELS).permute(2, 0, 1))
    assert torch.equal(load_folder(tmp_path).images[0], image.float() / 255)


@pytest.mark.parametrize(
    ("mode", "name", "channels"),
    [
        ("L", "a.png", 1),
        ("1", "a.png", 1),
        ("LA", "a.png", 1),
        ("L", "a.jpg", 1),
        ("P", "a.png", 3),
        ("RGBA", "a.png", 3),
        ("CMYK", "a.jpeg", 3),
        ("RGB", "a.JPG", 3),
    ],
)
def test_every_usual_kind_of_pixel_is_read(tmp_path, mode, name, channels):
    save(tmp_path / name, mode=mode)
    image = Pictures(tmp_path)[0][0]
    assert image.shape == (channels, 4, 5)
    if mode in {"L", "RGBA"} and name == "a.png":
        expected = np.array(Image.fromarray(PIXELS).convert(mode)).reshape(4, 5, -1)
        assert torch.equal(image, torch.from_numpy(expected[..., :channels]).permute(2, 0, 1))


def test_grey_among_colours_is_read_as_colour(tmp_path):
    save(tmp_path / "a.png", GREY)
    save(tmp_path / "b.png")
    images = load_folder(tmp_path, progress=False).images
    assert images.shape == (2, 3, 4, 5)
    assert torch.equal(images[0, 0], images[0, 2]) and not torch.equal(images[1, 0], images[1, 2])


def test_a_loader_may_read_a_folder(tmp_path):
    for number in range(3):
        save(tmp_path / f"{number}.png", np.roll(PIXELS, number, axis=0))
    model = Autoencoder((3, 4, 5), 2, (4,))
    codes = encode_all(model, DataLoader(Pictures(tmp_path), batch_size=2))
    torch.testing.assert_close(codes, model.encode(load_folder(tmp_path).images))


def faulty(folder, case):
    """A folder of one good picture, and of what is wrong."""
    save(folder / "good.png")
    if case == "no picture":
        (folder / "good.png").rename(folder / "good.txt")
    elif case == "empty":
        (folder / "good.png").unlink()
    elif case == "IDX files":
        (folder / "good.png").rename(folder / "train-images-idx3-ubyte")
    elif case == "another size":
        save(folder / "z" / "bad.png", PIXELS[:3])
    elif case == "16 bits":
        save(folder / "bad.png", GREY.astype("u2"))
    elif case == "no PNG":
        (folder / "bad.png").write_text("this is no picture")
    elif case == "cut short":
        content = (folder / "good.png").read_bytes()
        (folder / "bad.png").write_bytes(content[:-40])


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("no picture", "expected PNG or JPEG files in it or below, got good.txt"),
        ("empty", "got an empty folder"),
        ("IDX files", r"got train-images-idx3-ubyte; load_images\('.*'\) reads its IDX files"),
        ("another size", r"bad.png: expected 5 x 4 pixels, as good.png has, got 5 x 3"),
        ("16 bits", "bad.png: expected 8 bits for each channel, got Pillow's mode 'I;16'"),
        ("no PNG", "bad.png: expected a picture that can be read, got: cannot identify"),
        ("cut short", "bad.png: expected a picture that can be read, got: .*; write it anew"),
    ],
)
def test_a_folder_that_does_not_fit_is_told_with_the_file(tmp_path, case, words):
    faulty(tmp_path, case)
    with pytest.raises(ValueError, match=words):
        load_folder(tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a folder of pictures"):
        encode_all(Autoencoder((3, 4, 5), 2, (4,)), tmp_path / "nowhere")


def test_who_loads_idx_files_from_a_folder_of_pictures_is_told(tmp_path):
    save(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError, match=r"read by nav_utils\.pictures\.load_folder"):
        load_images(tmp_path)
