"""The markup of an explorer, its scripts, and the file to send."""

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser

import pytest
from explorer_states import state

from nav_utils.browser import page as shared
from nav_utils.explorer import Explorer, page, payload, to_html
from nav_utils.explorer.page import shipped, static_figure, words
from nav_utils.explorer.state import DEFAULTS
from nav_utils.pretrained import load_pretrained


@pytest.fixture(scope="module")
def mine():
    """A space of one's own, with names that are not harmless."""
    return load_pretrained("digits-2d")._replace(
        card={"name": "</script><script>alert(1)</script><!-- \"'&"}
    )


# ---- markup -------------------------------------------------------------------------------------


class Read(HTMLParser):
    """Every tag's name and attributes, and all text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def picture_of(attributes):
    kind, _, data = attributes["src"].partition(",")
    assert kind == "data:image/png;base64"
    return base64.b64decode(data)


def test_the_div_of_a_shipped_space_says_what_to_fetch_and_holds_a_picture(space):
    wanted = state(method="score", a=[1, 1])
    found = Read(page.div(space, wanted, "here"))
    (div,), (img,) = found.attributes("div"), found.attributes("img")
    assert div["class"] == "nav-explorer" and div["id"] == "here"
    assert div["data-space"] == "digits-2d" and json.loads(div["data-state"]) == wanted
    assert picture_of(img) == static_figure(space, wanted)
    assert img["alt"] == words(space, wanted)
    assert not any("style" in some for _, some in found.tags), "a policy may forbid it"
    assert "where scripts run, this figure is live" in found.text


def test_a_space_of_ones_own_is_still_and_says_what_it_needs(space, mine):
    found = Read(page.div(mine, state(), "here"))
    assert set(found.attributes("div")[0]) == {"class", "id"}, "the loader leaves it alone"
    assert "needs the kernel" in found.text and len(found.attributes("img")) == 1
    assert len(page.div(mine, state(), "here")) < 150_000
    other = load_pretrained("digits-2d")
    assert page.is_shipped(other), "another copy of the same"
    other.ratio.network[0].bias[0] += 0.01
    assert not page.is_shipped(other), "the name alone is not enough"
    assert not page.is_shipped(mine) and page.is_shipped(space)


# ---- scripts, and the file to send --------------------------------------------------------------


def text_of(script, target):
    """The text that a script assigns."""
    match = re.fullmatch(re.escape(target) + r"\[(\".*?\")\] = (\".*\");\n", script)
    return json.loads(match[1]), json.loads(match[2])


def test_scripts_hold_what_the_loader_looks_for(space):
    name, data = text_of(page.space_script("digits-2d", b"\x00\xff"), "(window.NAV_SPACES ??= {})")
    assert name == "digits-2d" and base64.b64decode(data) == b"\x00\xff"
    name, text = text_of(page.bundle_script(), "(window.NAV_BUNDLES ??= {})")
    assert name == "explorer" and text == page.BUNDLE.read_text(encoding="utf-8")
    hostile = shared.assignment("x", '</script>"', "<!-- </script> \u2028 \\ \"'")
    assert "<" not in hostile and "\u2028" not in hostile
    assert text_of(hostile, "x") == ('</script>"', "<!-- </script> \u2028 \\ \"'")
    assert "</script" not in shared.LOADER.read_text(), "it is put into a page whole"


def test_the_bundle_and_its_page_stay_small():
    assert page.BUNDLE.stat().st_size <= 65_536
    whole = page.space_script("mnist-2d", payload(shipped("mnist-2d")))
    whole += page.div(shipped("mnist-2d"), DEFAULTS, "explorer") + shared.LOADER.read_text()
    assert len(whole) + page.BUNDLE.stat().st_size <= 915_000


def test_the_file_holds_all_it_needs(space, tmp_path):
    figure = Explorer(space, name="here", a=[1, 1], points=20)
    file = figure.to_html(tmp_path / "explorer.html")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>\n") and list(tmp_path.iterdir()) == [file]
    found = Read(text)
    assert found.attributes("html") == [{"lang": "en"}] and "<title>digits-2d" in text
    assert any(meta.get("name") == "viewport" for meta in found.attributes("meta"))
    (div,) = found.attributes("div")
    assert div["id"] == "here" and json.loads(div["data-state"]) == figure.state
    assert picture_of(found.attributes("img")[0]) == static_figure(space, figure.state)
    assert found.attributes("script") == [{}, {}, {}], "nothing is fetched"
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    data = text_of(text.split("<script>")[2].split("</script>")[0], "(window.NAV_SPACES ??= {})")
    assert data == ("digits-2d", base64.b64encode(payload(space, start=figure.state)).decode())


def test_the_files_policy_allows_its_own_scripts_and_no_others(space, tmp_path):
    text = to_html(space, tmp_path / "x.html", {"points": 20}).read_text(encoding="utf-8")
    found = Read(text)
    (policy,) = (m["content"] for m in found.attributes("meta") if "http-equiv" in m)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'" and "unsafe" not in policy

    def hashes(tag):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digests = (hashlib.sha256(part.encode()).digest() for part in inside)
        return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]

    assert (
        rules["script-src"].split() == [*hashes("script"), "blob:"] and len(hashes("script")) == 3
    )
    assert rules["style-src"].split() == hashes("style")


def test_a_space_has_a_file_too_and_starts_where_one_says(space, tmp_path):
    to_html(space, tmp_path / "x.html", {"eps": 0.3, "a": [9, 0]}, name="other")
    div = Read((tmp_path / "x.html").read_text(encoding="utf-8")).attributes("div")[0]
    assert div["id"] == "other"
    assert json.loads(div["data-state"]) == DEFAULTS | {"eps": 0.3, "a": [3.5, 0.0]}
    with pytest.raises(ValueError, match="eps: expected a finite number"):
        to_html(space, tmp_path / "y.html", {"eps": None})
    with pytest.raises(ValueError, match="name: expected a letter"):
        to_html(space, tmp_path / "y.html", name="<b>")
    with pytest.raises(ValueError, match="expected a LatentSpace, got a str"):
        to_html("mnist-2d", tmp_path / "y.html")
    assert [path.name for path in tmp_path.iterdir()] == ["x.html"]


def test_names_cannot_break_out_of_the_file(mine, tmp_path):
    name = mine.card["name"]
    text = to_html(mine, tmp_path / "x.html").read_text(encoding="utf-8")
    found = Read(text)
    assert found.attributes("div")[0]["data-space"] == "space"
    assert found.attributes("script") == [{}, {}, {}] and "<script>alert" not in text
    assert html.escape(name) in text.split("<title>")[1].split("</title>")[0]
    script = text.split("<script>")[2].split("</script>")[0]
    assert text_of(script, "(window.NAV_SPACES ??= {})")[0] == "space"


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_else(
    space, tmp_path, monkeypatch
):
    file = tmp_path / "x.html"
    file.write_text("old")
    file.chmod(0o600)
    with pytest.raises(FileNotFoundError):
        to_html(space, tmp_path / "nowhere" / "x.html")

    def fail(*paths):
        raise OSError("the disk is full")

    monkeypatch.setattr(page.os, "replace", fail)
    with pytest.raises(OSError, match="the disk is full"):
        to_html(space, file)
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]
    monkeypatch.undo()
    to_html(space, file)
    assert file.read_text().startswith("<!doctype html>") and list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o600
    link = tmp_path / "link.html"
    link.symlink_to(file)
    assert to_html(space, link, {"eps": 0.3}) == link and link.is_symlink()
    assert "0.3" in file.read_text()
