"""tools/publish_as.py: the repository's address stands in one place and agrees everywhere."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import publish_as

ROOT = Path(__file__).parents[1]
NEW = "some-one/another.course_2"
SETUP = '    %pip install --quiet "nav_utils[course] @ git+https://github.com/{}"'


@pytest.fixture
def copy(tmp_path):
    """A copy of the project's text files, with one more of each kind of address."""
    for path in publish_as.text_files(ROOT):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    own = "/".join(publish_as.current_repository(ROOT))
    owner, name = own.split("/")
    cells = [
        {
            "cell_type": "code",
            "execution_count": 1,
            "id": "setup",
            "metadata": {},
            "outputs": [],
            "source": ["try:\n", "    import nav_utils\n", SETUP.format(own)],
        }
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "notebooks").mkdir(exist_ok=True)
    (tmp_path / "notebooks" / "99_more.ipynb").write_text(json.dumps(notebook, indent=1) + "\n")
    (tmp_path / "more.md").write_text(
        f"[badge](https://colab.research.google.com/github/{own}/blob/main/notebooks/99_more.ipynb)\n"
        f"git clone https://github.com/{own}.git\nIt is at https://github.com/{own}.\n"
        f"ssh git@github.com:{own}.git https://raw.githubusercontent.com/{own}/main/x.png\n"
        f"https://{owner}.github.io/{name}/ and https://mybinder.org/v2/gh/{own}/main\r\n"
        f"not ours: https://github.com/{own}-more and https://github.com/else/where\n"
    )
    return tmp_path


def contents(root):
    return {path.relative_to(root): path.read_bytes() for path in publish_as.text_files(root)}


def test_nothing_of_the_old_address_is_left_and_the_way_back_is_exact(copy):
    old = "/".join(publish_as.current_repository(copy))
    before = contents(copy)
    changed = publish_as.publish_as(copy, NEW)
    after = contents(copy)
    assert publish_as.current_repository(copy) == tuple(NEW.split("/"))
    names = {path.relative_to(copy).as_posix() for path in changed}
    assert {"_config.yml", "CITATION.cff", "README.md", "more.md"} <= names
    assert {f"notebooks/{path.name}" for path in (copy / "notebooks").glob("*.ipynb")} <= names
    left = [name for name, text in after.items() if old.encode() in text]
    assert [str(name) for name in left] == ["more.md"]  # the repository that only begins alike
    assert f"github.com/{old}-more" in after[Path("more.md")].decode()
    assert after[Path("more.md")].count(old.encode()) == 1
    assert publish_as.disagreements(copy) == []
    publish_as.publish_as(copy, old)
    assert contents(copy) == before


def test_only_the_lines_with_the_address_change(copy):
    before = contents(copy)
    publish_as.publish_as(copy, NEW)
    for name, text in contents(copy).items():
        pairs = list(zip(before[name].splitlines(), text.splitlines(), strict=True))
        changed = [new for old, new in pairs if old != new]
        assert all(NEW.encode() in line or b"some-one.github.io" in line for line in changed), name
        if name.suffix == ".ipynb":
            json.loads(text)


@pytest.mark.parametrize(
    "wrong",
    ["", "owner", "owner/", "/name", "a/b/c", "own er/name", "-a/b", "a/..", "a/b.git", "a/b\n"],
)
def test_a_bad_name_is_refused_and_changes_nothing(wrong, copy):
    before = contents(copy)
    with pytest.raises(ValueError, match="expected a repository as owner/name"):
        publish_as.publish_as(copy, wrong)
    assert contents(copy) == before


def test_a_configuration_without_address_is_refused(copy):
    (copy / "_config.yml").write_text("repository:\n  branch: main\nurl: https://github.com/a/b\n")
    with pytest.raises(ValueError, match="under `repository:`"):
        publish_as.publish_as(copy, NEW)


def test_the_command_says_what_to_do():
    command = [sys.executable, str(ROOT / "tools" / "publish_as.py"), "nonsense"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 2
    assert "make publish-as REPO=owner/name" in run.stderr


def test_every_address_of_the_project_agrees_with_the_configuration():
    assert publish_as.disagreements(ROOT) == []


@pytest.mark.parametrize(
    "line",
    [
        "https://colab.research.google.com/github/{other}/blob/main/x.ipynb",
        '"    %pip install \\"nav_utils[course] @ git+https://github.com/{other}\\""',
        "git clone https://github.com/{other}.git",
        "git clone https://github.com/{other}",
        "repository-code: https://github.com/{other}",
        "https://github.com/{fork}",
        "https://raw.githubusercontent.com/{fork}/main/x.png",
    ],
)
def test_an_address_that_disagrees_is_found(line, copy):
    fork = "else/" + publish_as.current_repository(copy)[1]
    (copy / "more.md").write_text(line.format(other="else/where", fork=fork) + "\n")
    assert len(publish_as.disagreements(copy)) == 1
    assert publish_as.disagreements(copy)[0].startswith("more.md: ")
