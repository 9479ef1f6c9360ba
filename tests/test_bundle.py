"""The course on a stick: what is in the folder, for which systems, and how it installs."""

import importlib.util
import sys
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from tools import bundle

SPEC = importlib.util.spec_from_file_location("install_stick", bundle.SHARED / "install.py")
install = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(install)


@pytest.fixture
def tools(monkeypatch, tmp_path):
    """A stand-in for uv and pip, which notes its commands; and a folder with a built book."""
    calls = []

    def run(command):
        calls.append(command)
        folder = next((bundle.Path(command[n + 1]) for n, w in enumerate(command) if w == "-d"), 0)
        if "compile" in command:
            return "# a comment\nnumpy==2.0\n    # via x\ntorch==2.13.0\n"
        if folder:
            (folder / "numpy-2.0-any.whl").write_text("a wheel")
        else:
            (bundle.Path(command[command.index("-w") + 1]) / "nav_utils-1-any.whl").write_text("w")
        return ""

    monkeypatch.setattr(bundle, "run", run)
    monkeypatch.setattr(bundle.shutil, "which", lambda name: "/somewhere/uv")
    monkeypatch.setattr(bundle, "write_figures", lambda out: (out / "explorer.html").write_text(""))
    monkeypatch.setattr(bundle.students, "write_sets", sets)
    monkeypatch.delenv("TORCH_INDEX", raising=False)
    root = tmp_path / "project"
    (root / "_build" / "html").mkdir(parents=True)
    (root / "_build" / "html" / "index.html").write_text("the book")
    for name in ("pyproject.toml", "constraints.txt", "environment.yml"):
        (root / name).write_bytes((bundle.ROOT / name).read_bytes())
    return root, calls


def sets(out, root):
    for name in ("students", "teacher"):
        (out / name).mkdir()
        (out / name / "00.ipynb").write_text("{}")


def test_a_bundle_has_pages_notebooks_wheels_and_a_script(tools, tmp_path):
    root, calls = tools
    (root / "_build" / "slides").mkdir()
    out = tmp_path / "bundle"
    bundle.write_bundle(out, ["linux", "windows"], ["3.12"], root)
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    wheels = {
        f"wheels/{system}-3.12/{name}"
        for system in ("linux", "windows")
        for name in ("numpy-2.0-any.whl", "nav_utils-1-any.whl", "requirements.txt")
    }
    pages = {"book/index.html", "explorer.html", "students/00.ipynb"}
    assert found == wheels | pages | {"install.py", "START-HERE.txt"}
    listed = (out / "wheels" / "linux-3.12" / "requirements.txt").read_text().split()
    assert listed == ["nav_utils", "numpy==2.0", "torch==2.13.0"]
    assert (out / "slides").is_dir() and not (out / "teacher").exists()
    compiled, loaded, *_ = calls
    assert compiled[compiled.index("--python-platform") + 1] == "linux"
    assert "manylinux_2_28_x86_64" in loaded and "--no-deps" in loaded
    assert "https://download.pytorch.org/whl/cpu" in compiled and "win_amd64" in calls[3]
    assert "--extra-index-url" not in calls[2] + calls[3]  # Windows: the usual torch is for CPUs


def test_a_bundle_that_fails_leaves_the_one_before(tools, tmp_path, monkeypatch):
    root, _ = tools
    out = tmp_path / "bundle"
    out.mkdir()
    (out / "old").write_text("")
    monkeypatch.setattr(bundle, "download", lambda *a: (_ for _ in ()).throw(ValueError("no net")))
    with pytest.raises(ValueError, match="no net"):
        bundle.write_bundle(out, ["linux"], ["3.12"], root)
    assert [path.name for path in tmp_path.iterdir() if path != root] == ["bundle"]
    assert [path.name for path in out.iterdir()] == ["old"]
    (root / "_build" / "html" / "index.html").unlink()
    with pytest.raises(ValueError, match="run make book first"):
        bundle.write_bundle(out, ["linux"], ["3.12"], root)


def test_dry_lists_and_downloads_nothing(tools, tmp_path, capsys):
    _, calls = tools
    assert bundle.main(["--dry", "--systems", "macos", "--out", str(tmp_path / "x" / "b")]) == 0
    said = capsys.readouterr().out
    assert said == "macos, Python 3.12, 2 packages: numpy==2.0, torch==2.13.0\n"
    assert len(calls) == 1 and list((tmp_path / "x").iterdir()) == []


def test_another_index_and_no_uv(tools, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("TORCH_INDEX", "")
    assert bundle.index_options("linux") == []
    monkeypatch.setenv("TORCH_INDEX", "https://example.org/cpu")
    assert bundle.index_options("linux") == ["--extra-index-url", "https://example.org/cpu"]
    monkeypatch.setattr(bundle.shutil, "which", lambda name: None)
    assert bundle.main(["--dry", "--out", str(tmp_path / "b")]) == 2
    assert "pip install uv" in capsys.readouterr().err


def test_uv_is_told_for_which_macos(monkeypatch):
    """Its own choice is 13, for which torch has no wheel; pip asks for the same system."""
    say = "import os; print(os.environ['MACOSX_DEPLOYMENT_TARGET'])"
    monkeypatch.delenv("MACOSX_DEPLOYMENT_TARGET", raising=False)
    said = bundle.run([sys.executable, "-c", say]).strip()
    assert bundle.PLATFORMS["macos"] == [f"macosx_{said.replace('.', '_')}_arm64"]


def test_what_is_downloaded_is_what_a_student_needs():
    names = {Requirement(line).name for line in bundle.requirements()}
    assert names >= {"torch", "jupyterlab", "anywidget", "scikit-learn"}
    assert not names & {"jupyter-book", "pytest", "triton"}
    assert [line for line in bundle.requirements() if line.startswith("torch")] == ["torch==2.13.0"]


def test_a_command_that_fails_says_its_last_lines():
    with pytest.raises(ValueError, match="failed:\n.*broken"):
        bundle.run([sys.executable, "-c", "raise SystemExit('broken')"])


# ---- the script on the stick --------------------------------------------------------------------


def test_the_script_chooses_its_wheels_or_says_what_to_do(tmp_path):
    for name in ("linux-3.12", "linux-3.13", "windows-3.12", "macos-3.12"):
        (tmp_path / name).mkdir()
        if name != "macos-3.12":
            (tmp_path / name / "x.whl").write_text("")
    assert install.wheels_for("linux", "3.13", tmp_path).name == "linux-3.13"
    assert install.wheels_for("win32", "3.12", tmp_path).name == "windows-3.12"
    with pytest.raises(
        SystemExit, match="Python 3.11; the wheels here are for Python 3.12 or 3.13"
    ):
        install.wheels_for("linux", "3.11", tmp_path)
    with pytest.raises(SystemExit, match="No wheels for macos here, only for: linux-3.12"):
        install.wheels_for("darwin", "3.12", tmp_path)
    assert set(install.SYSTEMS.values()) == set(bundle.PLATFORMS)


def test_the_script_asks_no_index_and_checks_the_machine(tmp_path, monkeypatch):
    calls = []

    def run(command):
        calls.append(command)
        return SimpleNamespace(returncode=7 if "check_setup" in command[-1] else 0)

    monkeypatch.setattr(install.subprocess, "run", run)
    monkeypatch.setattr(install.venv, "create", lambda place, with_pip: calls.append([str(place)]))
    assert install.install(tmp_path / "env", tmp_path / "wheels") == 7
    assert calls[0] == [str(tmp_path / "env")]
    assert "--no-index" in calls[1] and "--isolated" in calls[1]
    assert calls[2][1:] == ["-m", "nav_utils.check_setup"]
    monkeypatch.setattr(install.subprocess, "run", lambda c: SimpleNamespace(returncode=1))
    with pytest.raises(SystemExit, match="The installation failed"):
        install.install(tmp_path / "env", tmp_path / "wheels")
