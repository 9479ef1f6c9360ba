"""Versions agree: pyproject, constraints, environment.yml, Colab, workflows and the citation."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import nav_utils

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
COLAB = json.loads((ROOT / "tests" / "colab_versions.json").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PYTHONS = ["3.11", "3.12", "3.13"]


def requirements(lines):
    """Specifier of each named package, by canonical name."""
    parsed = map(Requirement, lines)
    return {canonicalize_name(line.name): line.specifier for line in parsed}


def pins(text):
    """Version of each package in a constraints file; every line has to be a plain pin."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            match = re.fullmatch(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)", line)
            if match is None:
                raise ValueError(f"expected name==version with no local suffix, got {line!r}")
            name = canonicalize_name(match[1])
            if name in found:
                raise ValueError(f"{name} is pinned twice")
            found[name] = Version(match[2])
    return found


PINS = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))


def environment_faults(text):
    """What is wrong with an environment.yml: a list of sentences, empty if nothing is."""
    environment = yaml.safe_load(text)
    if not isinstance(environment, dict) or set(environment) != {
        "name",
        "channels",
        "dependencies",
    }:
        return ["expected the keys name, channels and dependencies"]
    if environment["channels"] != ["conda-forge"]:
        return ["expected conda-forge as the only channel"]
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    through_pip = [entry for entry in environment["dependencies"] if not isinstance(entry, str)]
    faults = []
    python = [entry for entry in conda if re.match(r"python\b", entry)]
    match = re.fullmatch(r"python=(\d+\.\d+)", python[0]) if len(python) == 1 else None
    if match is None or match[1] not in PYTHONS:
        faults.append(f"expected one python=X.Y with X.Y in {PYTHONS}, got {python}")
    if sorted(entry for entry in conda if entry not in python) != ["pip"]:
        faults.append(f"expected only python and pip from conda, got {conda}")
    if len(through_pip) != 1 or set(through_pip[0]) != {"pip"}:
        return [*faults, "expected one list of pip requirements"]
    return faults + pip_faults(through_pip[0]["pip"])


# Beside the usual index, and the only other address; pip takes the higher of two versions.
CPU_INDEX = "--extra-index-url https://download.pytorch.org/whl/cpu"


def pip_faults(lines):
    """What is wrong with the pip part of an environment.yml."""
    faults = [] if lines[0] == CPU_INDEX else [f"expected first {CPU_INDEX}"]
    lines = [line for line in lines if line != CPU_INDEX]
    declared = {**requirements(PROJECT["dependencies"])}
    for extra in EXTRAS.values():
        declared.update(requirements(extra))
    for line in lines:
        if line.startswith("-c "):
            if not (ROOT / line[3:]).is_file():
                faults.append(f"no such file: {line}")
        elif match := re.fullmatch(r"-e \.\[([a-z,]+)\]", line):
            faults += [f"no extra {name}" for name in match[1].split(",") if name not in EXTRAS]
        else:
            try:
                wanted = Requirement(line)
            except InvalidRequirement as error:
                faults.append(f"not a requirement: {line}: {error}")
                continue
            if declared.get(canonicalize_name(wanted.name)) != wanted.specifier:
                faults.append(f"pyproject.toml does not say {line}")
    if "-c constraints.txt" not in lines or not any(line.startswith("-e .") for line in lines):
        faults.append("expected `-c constraints.txt` and `-e .[...]`")
    return faults


def test_environment_yml_agrees_with_pyproject():
    assert environment_faults((ROOT / "environment.yml").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("python=3.11", "python=3.9", "expected one python="),
        ("python=3.11", "python>=3.11", "expected one python="),
        ("  - python=3.11\n", "", "expected one python="),
        ("name: nav-utils\n", "", "expected the keys"),
        ("conda-forge", "defaults", "expected conda-forge"),
        ("  - pip\n", "  - pip\n  - numpy\n", "expected only python and pip"),
        ("  - pip:", "  - pap:", "expected one list of pip"),
        ("[course,book,test,lab]", "[book,tests]", "no extra tests"),
        ("-c constraints.txt", "-c constraint.txt", "no such file"),
        ("      - -c constraints.txt\n", "", "expected `-c constraints.txt`"),
        ("- -e .[course,book,test,lab]", "- numpy>=1.26", "expected `-c constraints.txt`"),
        ("--extra-index-url", "--index-url", "expected first --extra-index-url"),
        ("      - --extra-index-url https://download.pytorch.org/whl/cpu\n", "", "expected first"),
        ("- -e .", "- numpy>=2.0\n      - -e .", "pyproject.toml does not say"),
        ("- -e .", "- bad spec ===\n      - -e .", "not a requirement"),
    ],
)
def test_a_fault_in_environment_yml_is_found(right, wrong, said):
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert right in text
    assert any(said in fault for fault in environment_faults(text.replace(right, wrong)))


def test_constraints_pin_every_requirement_within_its_bounds():
    # A torch for GPUs asks for the triton it was made with; a pin of ours would be in its way.
    pinned = [group for extra, group in EXTRAS.items() if extra != "gpu"]
    for group in (PROJECT["dependencies"], *pinned):
        for name, specifier in requirements(group).items():
            assert name in PINS, f"{name} is not pinned in constraints.txt"
            assert PINS[name] in specifier, f"{name}=={PINS[name]} is outside {specifier}"


def test_pip_takes_the_torch_for_the_processor():
    """Of two wheels that satisfy the pin, pip takes the higher version; a +cpu one is higher."""
    pin = SpecifierSet(f"=={PINS['torch']}")
    usual, cpu = PINS["torch"], Version(f"{PINS['torch']}+cpu")
    assert usual in pin and cpu in pin and max(usual, cpu) == cpu


@pytest.mark.parametrize(
    "line", ["torch==2.13.0+cpu", "numpy>=2", "-e .", "x @ https://example.org/x.whl", "a==1\nA==2"]
)
def test_a_line_that_is_no_plain_pin_is_refused(line):
    with pytest.raises(ValueError, match=r"expected name==version|pinned twice"):
        pins(line)


def test_installing_the_package_on_colab_changes_nothing_there():
    installed = {}
    for packages in COLAB["packages"].values():
        installed.update({canonicalize_name(name): version for name, version in packages.items()})
    assert Version(COLAB["python"]) in SpecifierSet(PROJECT["requires-python"])
    wanted = requirements(PROJECT["dependencies"]) | requirements(EXTRAS["course"])
    for name, specifier in wanted.items():
        assert name in installed, f"{name} is not known to be on Colab: pip would install it"
        assert Version(installed[name]) in specifier, (
            f"Colab has {name} {installed[name]}, which {specifier} would replace"
        )


def test_one_place_knows_the_version():
    """setuptools reads a literal without importing anything; installed or not, all ask there."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert PROJECT["dynamic"] == ["version", "readme"] and "version" not in PROJECT
    read = pyproject["tool"]["setuptools"]["dynamic"]["version"]
    assert read == {"attr": "nav_utils.__version__"}
    source = (ROOT / "nav_utils" / "__init__.py").read_text(encoding="utf-8")
    assigned = [n for n in ast.parse(source).body if isinstance(n, ast.Assign)]
    (value,) = [n.value for n in assigned if ast.unparse(n.targets[0]) == "__version__"]
    assert ast.literal_eval(value) == nav_utils.__version__
    assert str(Version(nav_utils.__version__)) == nav_utils.__version__
    for path in (ROOT / "nav_utils").rglob("*.py"):
        assert "importlib.metadata" not in path.read_text(encoding="utf-8"), path


def test_importing_the_package_imports_nothing_heavy():
    heavy = "import nav_utils, sys; print({'torch', 'numpy', 'matplotlib'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, cwd=ROOT)
    assert said.stdout.strip() == "set()"


def test_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == nav_utils.__version__
    assert citation["license"] == PROJECT["license"]
    assert {"message", "title", "authors", "repository-code"} <= set(citation)


def test_every_file_of_the_package_travels_in_the_wheel():
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = patterns["tool"]["setuptools"]["package-data"]["nav_utils"]
    package = ROOT / "nav_utils"
    carried = {path for pattern in patterns for path in package.glob(pattern)}
    data = {path for path in package.rglob("*") if path.is_file() and path.suffix != ".py"}
    left_out = {"__pycache__", "source"}  # what explorer.js is made of is for its developers
    data = {path for path in data if left_out.isdisjoint(path.relative_to(package).parts)}
    assert data == carried


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_is_well_formed(path):
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert {"name", True, "permissions", "jobs"} <= set(workflow)  # YAML reads `on` as True
    assert "secrets." not in text
    for job in workflow["jobs"].values():
        assert job["runs-on"] and job["timeout-minutes"] <= 60
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), step
            action = step.get("uses", "a/b@v1")
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@(release/)?v\d+", action), step
            for command in re.findall(r"\bmake ([a-z-]+)", step.get("run", "")):
                assert f"\n{command}:" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_workflows_cover_tests_book_and_colab():
    jobs = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in WORKFLOWS}
    assert set(jobs) == {"test.yml", "book.yml", "colab.yml", "release.yml"}
    matrix = jobs["test.yml"]["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python-version"] == PYTHONS
    assert jobs["book.yml"]["permissions"]["pages"] == "write"
    assert "schedule" in jobs["colab.yml"][True]
    steps = [step.get("run", "") for step in jobs["colab.yml"]["jobs"]["colab"]["steps"]]
    assert any("tests/colab_versions.json" in step for step in steps)


def test_a_release_is_published_on_a_tag_without_a_password():
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
    assert workflow[True] == {"push": {"tags": ["v*"]}}
    build, publish = workflow["jobs"]["build"], workflow["jobs"]["publish"]
    assert publish["needs"] == "build" and publish["permissions"] == {"id-token": "write"}
    assert publish["steps"][-1]["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert "permissions" not in build and workflow["permissions"] == {"contents": "read"}
    assert f"\n## {nav_utils.__version__}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_ci_runs_the_documented_command():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert re.search(r"^make test\b", script.read_text(encoding="utf-8"), re.MULTILINE)
