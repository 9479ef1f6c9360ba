"""Hosting: the hub's settings, the links, and the numbers for a room of thirty."""

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "book" / "teach" / "hosting"
PAGE = (ROOT / "book" / "teach" / "hosting.md").read_text(encoding="utf-8")
VALUES = yaml.safe_load((FOLDER / "values.yaml").read_text(encoding="utf-8"))


class Settings(dict):
    """What JupyterHub hands to its configuration: sections that come into being when named."""

    def __getattr__(self, name):
        return self.setdefault(name, Settings())

    __setattr__ = dict.__setitem__


@pytest.fixture(scope="module")
def hub():
    """The settings, by section, as the configuration leaves them."""
    settings = Settings()
    source = (FOLDER / "jupyterhub_config.py").read_text(encoding="utf-8")
    names = {"get_config": lambda: settings, "__file__": str(FOLDER / "jupyterhub_config.py")}
    exec(compile(source, "jupyterhub_config.py", "exec"), names)
    return settings


def test_both_hubs_have_the_same_limits(hub):
    spawner, user = hub["Spawner"], VALUES["singleuser"]
    assert (spawner["mem_limit"], spawner["mem_guarantee"]) == ("2G", "512M")
    assert user["memory"] == {"limit": "2G", "guarantee": "512M"}
    assert spawner["cpu_limit"] == user["cpu"]["limit"] == 2
    for key in ("concurrentSpawnLimit", "activeServerLimit"):
        name = re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), key)
        assert hub["JupyterHub"][name] == VALUES["hub"][key]
    assert VALUES["hub"]["activeServerLimit"] >= 32  # 30 people, a teacher and a helper
    assert f"cull_idle_timeout={VALUES['cull']['timeout']}" in " ".join(spawner["args"])
    assert spawner["environment"]["OMP_NUM_THREADS"] == user["extraEnv"]["OMP_NUM_THREADS"] == "1"


def test_the_hub_runs_the_clone_that_holds_its_configuration(hub):
    root = str(FOLDER.resolve().parents[2])
    assert hub["Spawner"]["cmd"][0].startswith(f"{root}/.venv/")


def test_a_person_who_has_no_copy_yet_can_start(hub):
    """The server refuses a folder that is not there; nbgitpuller brings ~/course afterwards."""
    assert hub["Spawner"]["notebook_dir"] == "~"
    assert "targetPath=course&urlpath=lab/tree/course/notebooks/" in PAGE


def test_no_setting_is_misspelt(hub):
    """The names were compared with the traits of JupyterHub 6.1, which is not installed here."""
    known = {
        "JupyterHub": "bind_url concurrent_spawn_limit active_server_limit spawner_class",
        "Spawner": "default_url notebook_dir cmd environment mem_limit mem_guarantee cpu_limit "
        "start_timeout http_timeout args",
        "Authenticator": "allow_all",
    }
    assert set(hub) == set(known)
    for section, names in known.items():
        assert set(hub[section]) <= set(names.split())


def test_links_open_chapters_that_are_there():
    links = re.findall(r"notebooks/(\w+\.ipynb)", PAGE)
    assert len(links) == 3 and all((ROOT / "notebooks" / name).is_file() for name in links)
    assert "mybinder.org/v2/gh/" in PAGE and "git-pull?repo=https://github.com/" in PAGE


def test_thirty_kernels_follow_from_the_slope():
    found = json.loads((ROOT / "benchmarks" / "results" / "kernels.json").read_text())
    one, three = (float(found["kernels"][n]["all, MB"]) for n in ("1", "3"))
    slope = (three - one) / 2
    assert float(found["each further, MB"]) == pytest.approx(slope, abs=1)
    thirty = (one + 29 * slope) / 1000
    assert float(found["30 from the slope, GB"]) == pytest.approx(thirty, abs=0.06)
    most = max(float(c["most memory, MB"]) for c in found["chapters"].values())
    assert set(found["chapters"]) == {"00", "11", "13"} and most < 2000  # the limit of the hubs
