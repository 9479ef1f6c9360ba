"""The committed bundles are what their sources make, small, and need nothing else."""

import base64
import os
import re
import shutil
import subprocess
import zlib

import npm
import pytest

FIGURES = ("explorer", "playground")
BUNDLES = [npm.PACKAGE / name / f"{name}.js" for name in FIGURES]
LARGEST = {"explorer": 65_536, "playground": 60_000}  # bytes
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory):
    return npm.node_modules(tmp_path_factory)


def unpacked(bundle):
    """A bundle's text; of one that is compressed (see pack.js), also what it is packed in."""
    text = bundle.decode()
    match = re.match(r'const packed="([\w+/=]+)";', text)
    if match is None:
        return text
    return text[match.end() :] + zlib.decompress(base64.b64decode(match[1]), -15).decode()


def build(folder, node_modules):
    """Bundle a copy of the sources in `folder`; the bundles' texts."""
    for name in ("browser", *FIGURES):
        source = npm.PACKAGE / name / "source"
        ignored = shutil.ignore_patterns("node_modules", "*.bundle.js")
        shutil.copytree(source, folder / name / "source", ignore=ignored)
    shutil.copy(npm.PACKAGE / "playground" / "presets.json", folder / "playground")
    return rebuild(folder, node_modules)


def rebuild(folder, node_modules):
    path = os.pathsep.join([str(node_modules / ".bin"), os.environ["PATH"]])
    done = subprocess.run(
        ["npm", "run", "--silent", "build"],
        cwd=folder / "browser" / "source",
        env=os.environ | {"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return [unpacked((folder / name / f"{name}.js").read_bytes()) for name in FIGURES]


def test_the_bundles_are_what_the_sources_make(tmp_path, node_modules):
    built = build(tmp_path, node_modules)
    assert built == [unpacked(file.read_bytes()) for file in BUNDLES], (
        "run `make explorer`, then commit"
    )


def test_another_word_makes_another_bundle(tmp_path, node_modules):
    before = build(tmp_path, node_modules)
    words = tmp_path / "explorer" / "source" / "words.en.js"
    text = words.read_text(encoding="utf-8")
    words.write_text(text.replace('reset: "Reset"', 'reset: "Again"'), encoding="utf-8")
    after = rebuild(tmp_path, node_modules)
    assert before[0] != after[0] and "Again" in after[0] and before[1] == after[1]


@pytest.mark.parametrize("figure", FIGURES)
def test_the_bundle_is_small(figure):
    assert BUNDLES[FIGURES.index(figure)].stat().st_size <= LARGEST[figure]


@pytest.mark.parametrize("bundle", BUNDLES, ids=FIGURES)
def test_the_bundle_asks_for_nothing_else(bundle):
    text = unpacked(bundle.read_bytes())
    assert not re.search(
        r"\bimport\b(?!\(\w+\))|\brequire\(|\bfetch\(|XMLHttpRequest|WebSocket", text
    )
    assert set(re.findall(r"\w+://[^\s\"'`)]*", text)) <= NAMESPACES
    assert not re.search(r"\beval\(|\bFunction\(|innerHTML|outerHTML|insertAdjacentHTML", text)


def test_the_lock_file_names_no_host():
    text = (npm.SOURCE / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text and '"integrity"' in text


def test_without_npm_the_tests_skip_and_under_ci_they_fail(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no npm found"):
        npm.install(tmp_path)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="no npm found"):
        npm.install(tmp_path)
