"""Loading images: the embedded digits, IDX files of a user, downloads, and every way they fail."""

import gzip
import hashlib
import http.server
import os
import re
import shutil
import struct
import threading
from pathlib import Path

import numpy as np
import pooch
import pytest
import torch
import tqdm
from hypothesis import given, settings
from hypothesis import strategies as st
from real_data import mnist_folder, needs_mnist

from nav_utils import data
from nav_utils.data import Dataset, load_images

N_TRAIN, N_TEST = 12, 5


def idx_bytes(values: np.ndarray) -> bytes:
    """An IDX file of unsigned bytes, written independently of the package."""
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    return header + values.astype(np.uint8).tobytes()


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def small_split(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (n, 4, 3)), generator.integers(0, 10, n)


TRAIN, TEST = small_split(N_TRAIN, 0), small_split(N_TEST, 1)
CONTENTS = {
    "train-images-idx3-ubyte": idx_bytes(TRAIN[0]),
    "train-labels-idx1-ubyte": idx_bytes(TRAIN[1]),
    "t10k-images-idx3-ubyte": idx_bytes(TEST[0]),
    "t10k-labels-idx1-ubyte": idx_bytes(TEST[1]),
}


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No data of the user, no cache of the user, no proxy: each test meets what it made."""
    monkeypatch.delenv("NAV_UTILS_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)


@pytest.fixture
def folder(tmp_path):
    """A user's folder of plain IDX files."""
    path = tmp_path / "own"
    path.mkdir()
    for name, content in CONTENTS.items():
        (path / name).write_bytes(content)
    return path


@pytest.fixture
def toy_mnist(monkeypatch):
    """ "mnist" stands for the small files of this test, with no mirror yet."""
    sha256 = {
        split: (hash_of(CONTENTS[images]), hash_of(CONTENTS[labels]))
        for split, (images, labels) in data.FILES.items()
    }
    monkeypatch.setitem(data.DATASETS, "mnist", Dataset((), sha256))


def assert_is(loaded, expected):
    pixels, labels = expected
    assert loaded.images.dtype == torch.float32 and loaded.labels.dtype == torch.int64
    assert loaded.images.shape == (len(pixels), 1, *pixels.shape[1:])
    assert np.array_equal((loaded.images * 255).round().numpy()[:, 0], pixels)
    assert np.array_equal(loaded.labels.numpy(), labels)


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


IMAGES = "train-images-idx3-ubyte"
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


# ---- a named dataset in a folder ---------------------------------------------------------------


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


# ---- downloads ---------------------------------------------------------------------------------


class Server(http.server.ThreadingHTTPServer):
    requests: list[str]


class Mirror(http.server.BaseHTTPRequestHandler):
    """Serves /good/, /other/ (wrong content), /cut/ (breaks off), /part/ (half a gzip file)."""

    server: Server

    def do_GET(self):  # noqa: N802 (name given by http.server)
        self.server.requests.append(self.path)
        _, kind, file = self.path.split("/")
        content = CONTENTS.get(file.removesuffix(".gz"))
        if content is None or kind == "missing":
            return self.send_error(404)
        body = gzip.compress(content + b"!" * (kind == "other"))
        body = body[: len(body) // 2] if kind == "part" else body
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if kind == "cut" else body)
        self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture
def mirrors(monkeypatch, toy_mnist):
    """Make folders of a local server the mirrors of "mnist"; returns the paths requested."""
    server = Server(("127.0.0.1", 0), Mirror)
    server.requests = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def use(*kinds):
        urls = tuple(f"http://127.0.0.1:{server.server_port}/{kind}/" for kind in kinds)
        dataset = data.DATASETS["mnist"]
        monkeypatch.setitem(data.DATASETS, "mnist", dataset._replace(mirrors=urls))
        return server.requests

    yield use
    server.shutdown()
    server.server_close()


def cached(tmp_path):
    """Everything in the cache, temporary files included."""
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())


def test_download_once_then_from_the_cache(mirrors, tmp_path):
    requests = mirrors("good")
    assert_is(load_images("mnist"), TRAIN)
    assert cached(tmp_path) == sorted(data.FILES["train"])
    assert len(requests) == 2
    assert_is(load_images("mnist"), TRAIN)
    assert len(requests) == 2


@pytest.mark.parametrize("kind", ["missing", "other", "cut", "part"])
def test_second_mirror_when_the_first_fails(mirrors, tmp_path, kind):
    mirrors(kind, "good")
    assert_is(load_images("mnist", "test"), TEST)
    assert cached(tmp_path) == sorted(data.FILES["test"])


def test_download_with_environment_variable_that_has_other_things(monkeypatch, mirrors, tmp_path):
    mirrors("good")
    (tmp_path / "notes.txt").touch()
    monkeypatch.setenv("NAV_UTILS_DATA", str(tmp_path))
    assert_is(load_images("mnist"), TRAIN)


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("other", ValueError, "does not match the known hash"),
        ("part", ValueError, "expected a whole gzip file"),
        ("missing", ConnectionError, "404"),
        ("cut", ConnectionError, "- http://127.0.0.1"),
    ],
)
def test_failed_download_leaves_nothing(mirrors, tmp_path, kind, error, message):
    mirrors(kind, kind)
    with pytest.raises(error, match=message) as caught:
        load_images("mnist")
    text = str(caught.value)
    assert text.startswith("train-images-idx3-ubyte of 'mnist': expected it from one of 2 mirrors")
    assert len(re.findall(r"^- http", text, re.MULTILINE)) == 2
    assert "root=" in text and "NAV_UTILS_DATA" in text
    assert cached(tmp_path) == []


def test_no_network(monkeypatch, toy_mnist, tmp_path):
    closed = Dataset(("http://127.0.0.1:9/",), data.DATASETS["mnist"].sha256)
    monkeypatch.setitem(data.DATASETS, "mnist", closed)
    with pytest.raises(
        ConnectionError, match="(?s)train-images.*Check the network.*NAV_UTILS_DATA"
    ):
        load_images("mnist")
    assert cached(tmp_path) == []


def test_damaged_file_in_the_cache_is_replaced_or_removed(mirrors, tmp_path):
    mirrors("good")
    load_images("mnist")
    damaged = tmp_path / "cache" / "nav_utils" / "mnist" / IMAGES
    damaged.write_bytes(b"damaged")
    assert_is(load_images("mnist"), TRAIN)
    damaged.write_bytes(b"damaged")
    mirrors("missing")
    with pytest.raises(ConnectionError):
        load_images("mnist")
    assert cached(tmp_path) == ["train-labels-idx1-ubyte"]


def test_progress_bar_is_left_to_tqdm(mirrors, monkeypatch):
    bars = []

    class Bar(tqdm.tqdm):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            bars.append((self.total, options.get("disable")))

    monkeypatch.setattr(pooch.downloaders, "tqdm", Bar)
    mirrors("good")
    load_images("mnist")
    sizes = [len(gzip.compress(CONTENTS[file])) for file in data.FILES["train"]]
    assert bars == [(size, None) for size in sizes]  # None: TQDM_DISABLE decides


def test_known_datasets_are_complete():
    digests = []
    for dataset in data.DATASETS.values():
        assert len(dataset.mirrors) >= 2 and all(url.endswith("/") for url in dataset.mirrors)
        digests += [x for split in data.FILES for x in dataset.sha256[split]]
    assert all(re.fullmatch("[0-9a-f]{64}", x) for x in digests)
    assert len(set(digests)) == len(digests) == 8


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
