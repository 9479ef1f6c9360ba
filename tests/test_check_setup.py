"""The check before the day: one screen, what to do about each failure, and an exit code."""

import builtins
import shutil
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from nav_utils import check_setup
from nav_utils.check_setup import Trouble
from nav_utils.commands import main

ROOT = Path(__file__).parents[1]


def test_versions_are_those_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["course"]
    asked = {Requirement(line).name: str(Requirement(line).specifier)[2:] for line in lines}
    assert asked == check_setup.PACKAGES
    assert project["requires-python"] == f">={check_setup.PYTHON}"


@pytest.mark.parametrize("version", ["2.13.0+cpu", "v1.9.0", "9.18.1", "2.11.0rc1", "10"])
def test_a_version_is_read_as_packaging_reads_it(version):
    assert check_setup.numbers(version) == Version(version).release


def test_this_machine_is_ready_and_the_command_says_so_on_one_screen(capsys):
    assert main(["check"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == len(check_setup.CHECKS) + 2 <= 24
    assert said[-1] == "Ready." and all("  ok  " in line for line in said[1:-1])


def failing():
    raise Trouble("the loss rose", "turn it round")


def test_a_failure_says_what_to_do_and_the_rest_is_still_checked(capsys):
    checks = {"one": failing, "two": lambda: "fine"}
    assert check_setup.main(checks) == 1
    said = capsys.readouterr().out
    assert "FAILED  one       the loss rose" in said and "do: turn it round" in said
    assert "ok  two       fine" in said and "1 of 2 checks failed" in said


def without(name, monkeypatch):
    """As if this package were not installed."""
    imported = builtins.__import__

    def refuse(asked, *rest, **more):
        if asked.partition(".")[0] == name:
            raise ImportError(f"No module named {name!r}")
        return imported(asked, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)


def test_a_missing_and_an_old_package_are_named(monkeypatch):
    modules = {"torch": SimpleNamespace(__version__="1.13.1")}

    def load(name):
        if name == "sklearn":
            raise ImportError("No module named 'sklearn'")
        return modules.get(name, SimpleNamespace(__version__="99.0"))

    monkeypatch.setattr(check_setup, "importlib", SimpleNamespace(import_module=load))
    with pytest.raises(Trouble, match="torch is 1.13.1, older than 2.2; scikit-learn does not"):
        check_setup.packages()


def test_a_training_that_raises_or_does_not_learn_is_a_failure(monkeypatch):
    def trains(losses):
        history = SimpleNamespace(epochs=lambda name: losses)
        return lambda *args, **options: history

    monkeypatch.setattr("nav_utils.training.train_aae", trains([40.0, 41.0]))
    with pytest.raises(Trouble, match="from 40.0 to 41.0 nats"):
        check_setup.training()
    monkeypatch.setattr("nav_utils.training.train_aae", trains([40.0, 30.0]))
    assert check_setup.training().startswith("40 to 30 nats")
    monkeypatch.setattr("nav_utils.training.train_aae", lambda *a, **k: 1 / 0)
    with pytest.raises(Trouble, match="ZeroDivisionError"):
        check_setup.training()


def test_an_explorer_that_cannot_be_written_or_shown_is_a_failure(monkeypatch):
    shown = SimpleNamespace(_repr_mimebundle_=lambda: ({}, {}))
    monkeypatch.setattr("nav_utils.explorer.Explorer", lambda space: shown, raising=False)
    monkeypatch.setattr("nav_utils.explorer.to_html", lambda space, path: __file__)
    monkeypatch.setattr("nav_utils.pretrained.load_pretrained", lambda name: None)
    with pytest.raises(Trouble, match="no widget view"):
        check_setup.explorer()
    monkeypatch.setattr("nav_utils.explorer.to_html", lambda *a: 1 / 0)
    with pytest.raises(Trouble) as trouble:
        check_setup.explorer()
    assert "the explorer's page in the book works" in trouble.value.do


def test_no_kernel_little_disk_little_memory_and_an_old_python_are_failures(monkeypatch):
    monkeypatch.setattr(check_setup.platform, "python_version", lambda: "3.9.2")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2e8))
    monkeypatch.setattr(check_setup, "free_memory", lambda: 3e8)
    for name, said in (
        ("Python", "this is Python 3.9.2"),
        ("disk", "0.2 GB free"),
        ("memory", "0.3 GB free"),
    ):
        with pytest.raises(Trouble, match=said) as trouble:
            check_setup.CHECKS[name]()
        assert trouble.value.do
    monkeypatch.setattr(check_setup, "free_memory", lambda: None)
    assert "not known" in check_setup.memory()
    without("ipykernel", monkeypatch)
    with pytest.raises(Trouble, match="no Jupyter kernel"):
        check_setup.notebooks()


def test_the_limit_of_a_container_counts(tmp_path, monkeypatch):
    group = tmp_path / "sys" / "fs" / "cgroup"
    group.mkdir(parents=True)
    whole = check_setup.free_memory(tmp_path)
    (group / "memory.max").write_text("2000000\n")
    (group / "memory.current").write_text("500000\n")
    assert check_setup.free_memory(tmp_path) == 1_500_000 < whole
    (group / "memory.max").write_text("max\n")
    assert check_setup.free_memory(tmp_path) > 1_500_000
    without("psutil", monkeypatch)
    assert check_setup.free_memory(tmp_path) is None


@pytest.mark.parametrize(
    ("variable", "name"),
    [("COLAB_RELEASE_TAG", "Colab"), ("JUPYTERHUB_USER", "a JupyterHub"), ("HOME", "own machine")],
)
def test_the_place_is_named(variable, name):
    assert check_setup.place({variable: "x"}) == name
