"""What `import nav_utils` brings: every public name, when it is asked for, and nothing before."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nav_utils
from nav_utils.extras import display

ROOT = Path(__file__).parents[1]
MODULES = {module.name for module in pkgutil.iter_modules(nav_utils.__path__)}


def python(code, *options):
    """Run code in a fresh Python; the finished process."""
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_importing_the_package_is_quick_and_loads_nothing_else():
    code = "import sys; old = set(sys.modules); import nav_utils; print(*set(sys.modules) - old)"
    loaded = set(python(code, "-S", "-E").stdout.split())  # without site: no .pth brings others
    assert "nav_utils" in loaded
    assert {name.partition(".")[0] for name in loaded} <= {"nav_utils", *sys.stdlib_module_names}
    said = python("import nav_utils", "-X", "importtime").stderr.splitlines()[-1]
    assert said.split("|")[2].strip() == "nav_utils"
    assert int(said.split("|")[1]) < 100_000  # microseconds; some 5,000 where nothing else runs


def test_what_type_checkers_are_told_is_what_python_does():
    source = (ROOT / "nav_utils" / "__init__.py").read_text(encoding="utf-8")
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    told = {
        alias.name: (alias.asname, node.module.removeprefix("nav_utils."))
        for node in imports
        if node.module.startswith("nav_utils.")
        for alias in node.names
    }
    assert told == {name: (name, module) for name, module in nav_utils.HOMES.items()}
    assert len(nav_utils.HOMES) == sum(len(names.split()) for names in nav_utils.NAMES.values())


@pytest.mark.parametrize("name", nav_utils.HOMES)
def test_a_name_is_what_its_module_calls_so(name):
    home = f"nav_utils.{nav_utils.HOMES[name]}"
    value = getattr(nav_utils, name)
    assert value is getattr(sys.modules[home], name)
    assert value.__module__.startswith(home)  # where it is written, not a module that imports it


def test_names_are_listed_and_hide_no_module():
    assert set(nav_utils.HOMES) <= set(dir(nav_utils))
    assert set(nav_utils.HOMES).isdisjoint(MODULES)
    with pytest.raises(ImportError, match="cannot import name 'navigat'"):
        exec("from nav_utils import navigat")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = nav_utils.nothing


def test_the_changelog_leads_from_old_names_to_names_that_are_there():
    table = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("| before | now |")[1]
    now = [line.split(" | ")[-1] for line in table.partition("\n\n")[0].splitlines()[2:]]
    names = [name for cell in now for name in re.findall(r"`nav_utils\.([\w.]+)`", cell)]
    assert len(now) >= 8 and len(names) >= 3
    for name in names:
        module, _, attribute = f"nav_utils.{name}".rpartition(".")
        if module != "nav_utils":
            assert hasattr(importlib.import_module(module), attribute), name


@pytest.mark.parametrize(
    ("missing", "asked"),
    [
        ("anywidget", "nav_utils.explorer.widget"),
        ("ipywidgets", "nav_utils.widgets"),
        ("IPython", ""),
    ],
)
def test_what_only_notebooks_need_is_named_with_the_extra_that_brings_it(
    missing, asked, monkeypatch
):
    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, asked, raising=False)
    with pytest.raises(ImportError, match=f"needs {missing}, which is not installed") as error:
        importlib.import_module(asked) if asked else display("a figure")
    assert "pip install 'nav_utils[course]'" in str(error.value)
