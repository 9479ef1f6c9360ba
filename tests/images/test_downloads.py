"""Downloads of a dataset: mirrors, the cache, and every way they fail."""

import gzip
import http.server
import re
import threading

import pooch
import pytest
import tqdm
from idx_files import CONTENTS, IMAGES, TEST, TRAIN, assert_is

from nav_utils import data
from nav_utils.data import Dataset, load_images


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
