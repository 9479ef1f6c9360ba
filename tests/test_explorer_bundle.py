"""The committed bundles are what their sources make, small, and need nothing else."""

import os
import re
import shutil
import subprocess

import npm
import pytest

FIGURES = ("explorer", "playground")
BUNDLES = [npm.PACKAGE / name / f"{name}.js" for name in FIGURES]
LARGEST = 60_000  # bytes
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory):
    return npm.node_modules(tmp_path_factory)


def build(folder, node_modules):
    """Bundle a copy of the sources in `folder`; the bundles' bytes."""
    for name in ("browser", *FIGURES):
        source = npm.PACKAGE / name / "source"
        ignored = shutil.ignore_patterns("node_modules")
        shutil.copytree(source, folder / name / "source", ignore=ignored)
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
    return [(folder / name / f"{name}.js").read_bytes() for name in FIGURES]


def test_the_bundles_are_what_the_sources_make(tmp_path, node_modules):
    built = build(tmp_path, node_modules)
    assert built == [file.read_bytes() for file in BUNDLES], "run `make explorer`, then commit"


def test_another_word_makes_another_bundle(tmp_path, node_modules):
    before = build(tmp_path, node_modules)
    words = tmp_path / "explorer" / "source" / "words.en.js"
    text = words.read_text(encoding="utf-8")
    words.write_text(text.replace('reset: "Reset"', 'reset: "Again"'), encoding="utf-8")
    after = rebuild(tmp_path, node_modules)
    assert before[0] != after[0] and b"Again" in after[0] and before[1] == after[1]


@pytest.mark.parametrize("bundle", BUNDLES, ids=FIGURES)
def test_the_bundle_is_small(bundle):
    assert bundle.stat().st_size <= LARGEST


@pytest.mark.parametrize("bundle", BUNDLES, ids=FIGURES)
def test_the_bundle_asks_for_nothing_else(bundle):
    text = bundle.read_text(encoding="utf-8")
    assert not re.search(r"\bimport\b|\brequire\(|\bfetch\(|XMLHttpRequest|WebSocket", text)
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
