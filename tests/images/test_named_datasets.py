"""A dataset by its name: in a folder, in torchvision's layout, under EMNIST's names, and MNIST."""

import gzip
import shutil

import pytest
from idx_files import CONTENTS, IMAGES, TEST, TRAIN, assert_is, hash_of, idx_bytes
from real_data import mnist_folder, needs_mnist

from nav_utils import data
from nav_utils.data import Dataset, load_images


def test_named_dataset_in_root_or_its_subfolder(toy_mnist, folder):
    assert_is(load_images("mnist", root=folder), TRAIN)
    folder.rename(folder.with_name("mnist"))
    assert_is(load_images("mnist", "test", root=folder.parent), TEST)


def test_environment_variable_and_root_before_it(monkeypatch, toy_mnist, folder, tmp_path):
    monkeypatch.setenv("NAV_UTILS_DATA", str(folder))
    assert_is(load_images("mnist"), TRAIN)
    with pytest.raises(FileNotFoundError, match="elsewhere"):
        load_images("mnist", root=tmp_path / "elsewhere")


def test_relative_root(monkeypatch, toy_mnist, folder):
    monkeypatch.chdir(folder)
    assert_is(load_images("mnist", root="."), TRAIN)


def test_root_without_the_files(toy_mnist, tmp_path):
    with pytest.raises(FileNotFoundError, match="'mnist'.*got neither; leave root out"):
        load_images("mnist", root=tmp_path)


def test_environment_variable_with_a_wrong_path(monkeypatch, tmp_path):
    monkeypatch.setenv("NAV_UTILS_DATA", str(tmp_path / "gone"))
    with pytest.raises(FileNotFoundError, match="gone: expected a folder"):
        load_images("mnist")


def test_another_dataset_under_the_name_is_refused_and_kept(toy_mnist, folder):
    assert_is(load_images("mnist", root=folder), TRAIN)
    changed = bytearray(CONTENTS[IMAGES])
    changed[-1] ^= 1
    (folder / IMAGES).write_bytes(changed)
    ours, theirs = (hash_of(x) for x in (CONTENTS[IMAGES], bytes(changed)))
    with pytest.raises(ValueError, match=f"{IMAGES}: expected.*{ours}.*got.*{theirs}.*put the"):
        load_images("mnist", root=folder)
    assert (folder / IMAGES).read_bytes() == changed
    load_images(folder)  # as a folder of one's own it is welcome


def test_labels_are_verified_too(toy_mnist, folder):
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes((TEST[1] + 1) % 10))
    with pytest.raises(ValueError, match="t10k-labels-idx1-ubyte: expected the test files"):
        load_images("mnist", "test", root=folder)


# ---- torchvision's layout, EMNIST's names ------------------------------------------------------


@pytest.mark.parametrize("below", ["MNIST/raw", "FashionMNIST/raw", "KMNIST/raw", "raw"])
def test_a_folder_in_torchvisions_layout(folder, tmp_path, below):
    (tmp_path / "root" / below).parent.mkdir(parents=True)
    folder.rename(tmp_path / "root" / below)
    (tmp_path / "root" / "notes" / "raw").mkdir(parents=True)  # no IDX files
    assert_is(load_images(tmp_path / "root"), TRAIN)
    assert_is(load_images(str(tmp_path / "root"), "test"), TEST)


def test_the_files_in_a_folder_come_before_those_below_it(folder):
    (folder / "MNIST" / "raw").mkdir(parents=True)
    for name, content in CONTENTS.items():
        (folder / "MNIST" / "raw" / name.replace("train", "t10k")).write_bytes(content)
    assert_is(load_images(folder), TRAIN)


def test_two_datasets_below_one_folder_are_named(folder, tmp_path):
    for name in ("MNIST", "KMNIST"):
        (tmp_path / "root" / name).mkdir(parents=True)
        shutil.copytree(folder, tmp_path / "root" / name / "raw")
    with pytest.raises(ValueError, match=r"one dataset, got .*KMNIST/raw, .*MNIST/raw; name one"):
        load_images(tmp_path / "root")
    assert_is(load_images(tmp_path / "root" / "KMNIST"), TRAIN)


@pytest.mark.parametrize("below", ["MNIST/raw", "MNIST", "mnist/raw", "mnist", "raw", "."])
@pytest.mark.parametrize("by", ["root", "environment"])
def test_mnist_by_its_name_in_torchvisions_layout(
    toy_mnist, folder, tmp_path, monkeypatch, below, by
):
    if below != ".":
        (tmp_path / "root" / below).parent.mkdir(parents=True)
    folder.rename(tmp_path / "root" / below)
    if by == "environment":
        monkeypatch.setenv("NAV_UTILS_DATA", str(tmp_path / "root"))
    root = tmp_path / "root" if by == "root" else None
    assert_is(load_images("mnist", root=root), TRAIN)
    assert_is(load_images("mnist", "test", root), TEST)


def test_mnist_and_fashion_mnist_beside_each_other(toy_mnist, folder, tmp_path, monkeypatch):
    (tmp_path / "FashionMNIST").mkdir()
    shutil.copytree(folder, tmp_path / "MNIST" / "raw")
    folder.rename(tmp_path / "FashionMNIST" / "raw")
    images = tmp_path / "FashionMNIST" / "raw" / IMAGES
    images.write_bytes(idx_bytes(255 - TRAIN[0]))
    sha256 = dict(data.DATASETS["mnist"].sha256, train=(hash_of(images.read_bytes()), ""))
    labels = data.DATASETS["mnist"].sha256["train"][1]
    sha256["train"] = (sha256["train"][0], labels)
    monkeypatch.setitem(data.DATASETS, "fashion_mnist", Dataset((), sha256, "FashionMNIST"))
    assert_is(load_images("mnist", root=tmp_path), TRAIN)
    assert_is(load_images("fashion_mnist", root=tmp_path), (255 - TRAIN[0], TRAIN[1]))


def emnist(folder, *parts, suffix=""):
    """Rename a folder's files as EMNIST's, copies for each part; images rows for columns."""
    for name, content in CONTENTS.items():
        if "images" in name:
            pixels = {"train": TRAIN, "t10k": TEST}[name.split("-")[0]][0]
            content = idx_bytes(pixels.transpose(0, 2, 1))
        content = gzip.compress(content) if suffix else content
        (folder / name).unlink()
        for part in parts:
            (folder / f"emnist-{part}-{name.replace('t10k', 'test')}{suffix}").write_bytes(content)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_images_under_emnists_names_are_turned_upright(folder, suffix):
    emnist(folder, "digits", suffix=suffix)
    assert_is(load_images(folder), TRAIN)
    assert_is(load_images(folder, "test"), TEST)
    assert load_images(folder).images.is_contiguous()


@pytest.mark.parametrize("below", ["EMNIST/raw", "EMNIST", "emnist-letters", "raw", "gzip", "."])
def test_one_of_emnists_sets_by_its_name(folder, tmp_path, below, monkeypatch):
    emnist(folder, "digits", "letters")
    if below != ".":
        (tmp_path / "root" / below).parent.mkdir(parents=True)
    folder.rename(tmp_path / "root" / below)
    assert_is(load_images("emnist-letters", root=tmp_path / "root"), TRAIN)
    monkeypatch.setenv("NAV_UTILS_DATA", str(tmp_path / "root"))
    assert_is(load_images("emnist-letters", "test"), TEST)


def test_several_of_emnists_sets_in_one_folder_are_offered_by_name(folder):
    emnist(folder, "digits", "letters")
    with pytest.raises(ValueError, match=r"emnist-digits.*emnist-letters.*'emnist-digits', root="):
        load_images(folder)


def test_emnist_that_is_not_there(folder, toy_mnist):
    emnist(folder, "digits")
    with pytest.raises(FileNotFoundError, match="files of 'emnist-letters'.*not downloaded"):
        load_images("emnist-letters", root=folder)
    with pytest.raises(FileNotFoundError, match="files of 'emnist-letters'.*not downloaded"):
        load_images("emnist-letters")
    with pytest.raises(FileNotFoundError, match="'mnist'.*'MNIST/raw', got neither"):
        load_images("mnist", root=folder)


# ---- the real files, where they are at hand ----------------------------------------------------

REAL = mnist_folder()  # now, for the tests clear the environment variable


@pytest.fixture
def real(tmp_path):
    """Links to the real files: whatever a broken loader does here, the files themselves stay."""
    for file in REAL.iterdir():
        (tmp_path / file.name).symlink_to(file.resolve())
    return tmp_path


@needs_mnist
class TestRealMNIST:
    def test_both_splits(self, real):
        train, test = load_images("mnist", root=real), load_images("mnist", "test", real)
        assert train.images.shape == (60000, 1, 28, 28) and train.images.max() == 1
        assert test.images.shape == (10000, 1, 28, 28)
        assert train.labels[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
        assert test.labels[:8].tolist() == [7, 2, 1, 0, 4, 1, 4, 9]
        assert train.images.mean().item() == pytest.approx(0.1307, abs=1e-4)

    def test_they_are_not_fashion_mnist(self, real):
        with pytest.raises(ValueError, match="expected the test files of 'fashion_mnist'"):
            load_images("fashion_mnist", "test", real)
