"""Loading images: the embedded digits, IDX files of a user, and names that are none."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from idx_files import CONTENTS, IMAGES, TEST, TRAIN, assert_is, hash_of, idx_bytes

from nav_utils import data
from nav_utils.data import load_images

# ---- digits ------------------------------------------------------------------------------------


def test_digits_are_the_default_and_have_the_documented_form():
    train, test = load_images(), load_images("digits", "test")
    assert train.images.shape == (1500, 1, 8, 8) and test.images.shape == (297, 1, 8, 8)
    for images, labels in (train, test):
        assert images.dtype == torch.float32 and labels.dtype == torch.int64
        assert images.min() == 0 and images.max() == 1
        assert labels.shape == (len(images),)


def test_digits_split_is_a_partition_with_every_class_in_proportion():
    from sklearn.datasets import load_digits

    splits = [load_images("digits", split) for split in ("train", "test")]
    ours = np.concatenate([split.images.flatten(1).numpy() * 16 for split in splits])
    assert np.array_equal(np.sort(ours, axis=0), np.sort(load_digits().data, axis=0))
    shares = [np.bincount(split.labels) / len(split.labels) for split in splits]
    assert np.abs(shares[0] - shares[1]).max() < 0.004


def test_digits_split_is_always_the_same():
    first, again = load_images(), load_images()
    assert torch.equal(first.images, again.images) and torch.equal(first.labels, again.labels)
    content = (first.images * 16).to(torch.uint8).numpy().tobytes()
    # The shipped codes of the digits are in this order: another split would mix up their labels.
    assert hash_of(content)[:16] == "c27a7f962708cae9"


# ---- IDX files of a user -----------------------------------------------------------------------


def test_folder_of_plain_files(folder):
    assert_is(load_images(folder), TRAIN)
    assert_is(load_images(str(folder), "test"), TEST)


@pytest.mark.parametrize("suffix", ["idx3-ubyte.gz", "images.gz", "idx3-ubyte"])
def test_gzipped_files_whatever_their_names(folder, suffix):
    for file in list(folder.iterdir()):
        stem = file.name.split("-idx")[0].replace("t10k", "test")
        (folder / f"{stem}-{suffix}").write_bytes(gzip.compress(file.read_bytes()))
        if f"{stem}-{suffix}" != file.name:
            file.unlink()
    assert_is(load_images(folder), TRAIN)
    assert_is(load_images(folder, "test"), TEST)


def test_plain_file_beside_its_gzipped_one_is_no_conflict(folder):
    file = folder / "train-images-idx3-ubyte"
    (folder / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert_is(load_images(folder), TRAIN)


def test_two_candidates_are_refused(folder):
    (folder / "train-images-small").write_bytes(CONTENTS["train-images-idx3-ubyte"])
    with pytest.raises(ValueError, match="train-images-idx3-ubyte, train-images-small.*keep"):
        load_images(folder)


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(1, 5)] * 3), st.integers(0, 2**32 - 1))
def test_parse_idx_inverts_writing(shape, seed):
    values = np.random.default_rng(seed).integers(0, 256, shape)
    assert np.array_equal(data.parse_idx(Path("x"), idx_bytes(values), 3), values)
    flat = values.reshape(-1)
    assert np.array_equal(data.parse_idx(Path("x"), idx_bytes(flat), 1), flat)


def test_idx_sizes_are_big_endian():
    content = bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
    parsed = data.parse_idx(Path("x"), content, 3)
    assert parsed.tolist() == [[[1, 2, 3], [4, 5, 6]]]


BAD_IMAGES = {
    "empty": (b"", "got an empty one.*fetch it again"),
    "truncated gzip": (gzip.compress(CONTENTS[IMAGES])[:-20], "whole gzip file.*cut short"),
    "gzip header only": (b"\x1f\x8b\x08", "whole gzip file.*cut short"),
    "damaged gzip": (
        gzip.compress(CONTENTS[IMAGES])[:12] + b"\xff" * 90,
        "whole gzip file.*damaged",
    ),
    "labels for images": (idx_bytes(TRAIN[1]), "number 0x00000803, got 0x00000801"),
    "web page": (b"<!DOCTYPE html>", "number 0x00000803, got 0x3c21444f"),
    "four dimensions": (idx_bytes(np.ones((2, 1, 4, 3))), "number 0x00000803, got 0x00000804"),
    "floats": (b"\0\0\x0d\x03" + CONTENTS[IMAGES][4:], "number 0x00000803, got 0x00000d03"),
    "cut short": (CONTENTS[IMAGES][:-1], r"shape \(12, 4, 3\) and 143 bytes.*fetch"),
    "overlong": (CONTENTS[IMAGES] + b"\0", r"shape \(12, 4, 3\) and 145 bytes.*fetch"),
    "cut header": (CONTENTS[IMAGES][:9], "at least one, got shape.*fetch"),
    "no images": (idx_bytes(np.ones((0, 4, 3))), r"at least one, got shape \(0, 4, 3\)"),
}


@pytest.mark.parametrize("case", BAD_IMAGES)
def test_bad_file_is_named_and_left_alone(folder, case):
    content, message = BAD_IMAGES[case]
    (folder / IMAGES).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_images(folder)
    assert str(caught.value).startswith(f"{folder / IMAGES}: expected")
    assert (folder / IMAGES).read_bytes() == content


def test_images_for_labels_are_refused(folder):
    (folder / "train-labels-idx1-ubyte").write_bytes(CONTENTS[IMAGES])
    with pytest.raises(ValueError, match=r"train-labels.*labels \(N,\).*0x00000801, got 0x000008"):
        load_images(folder)


def test_other_number_of_labels(folder):
    (folder / "train-labels-idx1-ubyte").write_bytes(CONTENTS["t10k-labels-idx1-ubyte"])
    with pytest.raises(ValueError, match="train-labels.*expected 12 labels.*got 5; take both"):
        load_images(folder)


def test_missing_file_names_it_and_what_is_there(folder):
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="t10k-labels-idx1-ubyte: expected.*t10k-images"):
        load_images(folder, "test")


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: expected a folder.*check the path"):
        load_images(tmp_path / "nowhere")


def test_a_file_is_not_a_folder(folder):
    with pytest.raises(NotADirectoryError, match=f"{IMAGES}: expected a folder"):
        load_images(folder / IMAGES)


def test_unreadable_folder(folder):
    folder.chmod(0)
    ordinary_user = 65534
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    try:
        if root:  # root may read everything
            os.seteuid(ordinary_user)
        with pytest.raises(PermissionError, match="own: expected a folder.*its permissions"):
            data.list_folder(folder)
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


# ---- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("minst", "mnist"), ("Fashion-MNIST", "fashion_mnist"), ("digit", "digits")],
)
def test_unknown_name_offers_the_nearest(name, nearest):
    with pytest.raises(ValueError, match=f"'digits', .*got {name!r}.*did you mean {nearest!r}"):
        load_images(name)


def test_unknown_name_far_from_all():
    with pytest.raises(ValueError, match="got 'zzz', which is neither; check the name"):
        load_images("zzz")


@pytest.mark.parametrize("name", ["mnist", "digits", "fashion_mnist", "emnist-digits"])
def test_a_path_of_a_datasets_name_is_a_folder(folder, monkeypatch, name):
    monkeypatch.chdir(folder.parent)
    with pytest.raises(
        FileNotFoundError, match=f"^{name}: .*load_images\\('{name}'\\), its name as"
    ):
        load_images(Path(name))
    folder.rename(folder.with_name(name))
    assert_is(load_images(Path(name)), TRAIN)


def test_a_path_that_is_not_there_is_told_as_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="minst: expected a folder.*check the path"):
        load_images(Path("minst"))


def test_emnist_without_its_part():
    with pytest.raises(ValueError, match="got 'EMNIST'.*did you mean 'emnist-digits'"):
        load_images("EMNIST")


@pytest.mark.parametrize("name", [None, ["mnist"], 3])
def test_what_is_no_name_and_no_path(name):
    with pytest.raises(ValueError, match=f"expected the name .* got a {type(name).__name__}"):
        load_images(name)


def test_bad_split():
    with pytest.raises(ValueError, match="split: expected 'train' or 'test', got 'validation'"):
        load_images(split="validation")
