"""The playground in Python: settings, the widget, markup; and in node what its view computes."""

import html
import json
import pathlib
import subprocess

import pytest
from in_node import expect_passed, node, run_tests

from nav_utils.playground import Playground, page, to_html
from nav_utils.playground.state import (
    CHOICES,
    DEFAULTS,
    LIMITS,
    expect_settings,
    in_page,
    page_key,
    trait_of,
)

FOLDER = pathlib.Path(__file__).parent / "playground"
PROTOCOL = """import { CHOICES, DEFAULTS, LIMITS, clamped } from "%s/source/protocol.js";
import { readFileSync } from "node:fs";
const presets = JSON.parse(readFileSync("%s/presets.json", "utf8"));
const kept = Object.values(presets).every(({ settings }) =>
  Object.entries(settings).every(([key, value]) => clamped(settings)[key] === value));
console.log(JSON.stringify({ CHOICES, DEFAULTS, LIMITS, kept }));"""


def test_settings_are_those_of_the_page():
    here = page.HERE.as_posix()
    script = PROTOCOL % (here, here)
    ran = subprocess.run(
        [node(), "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60
    )
    told = json.loads(ran.stdout)
    assert told["DEFAULTS"] == in_page(DEFAULTS) and told["kept"], "presets hold settings in range"
    assert told["LIMITS"] == {page_key(key): list(limits) for key, limits in LIMITS.items()}
    assert told["CHOICES"] == {key: list(words) for key, words in CHOICES.items()}
    assert all(trait_of(page_key(key)) == key for key in DEFAULTS)
    assert page_key("learning_rate") == "learningRate" and page_key("weight") == "lambda"


def test_the_view_in_node():
    expect_passed(run_tests(FOLDER, least=1))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"lambda_": 1}, "playground: expected keys of data, .*, got 'lambda_'"),
        ({"objectiv": "plain"}, "did you mean 'objective'"),
        ({"objective": "gan"}, "objective: expected one of plain, variational, adversarial"),
        ({"weight": "2"}, "weight: expected a finite number from 0 to 1000, got '2'"),
        ({"seed": True}, "seed: expected a finite number"),
        ({"beta": float("nan")}, "beta: expected a finite number"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        expect_settings(settings)


def test_the_widget_holds_its_settings_and_has_no_space_yet(tmp_path):
    figure = Playground(objective="plain", steps=99.6, weight=5000)
    assert (figure.objective, figure.steps, figure.weight) == ("plain", 100, 1000)
    figure.learning_rate = 5
    assert figure.state["learning_rate"] == 1
    with pytest.raises(ValueError, match="objective: expected one of"):
        figure.objective = "none"
    with pytest.raises(ValueError, match="playground: expected a space, got none yet; train"):
        figure.space()
    figure._on_message(figure, {"trained": True}, [])
    figure._on_message(figure, "trained", [b"x"])
    assert figure.trained == b""
    figure._on_message(figure, {"trained": True}, [memoryview(b"nothing")])
    with pytest.raises(ValueError, match="safetensors"):
        figure.space()
    bundle = figure._repr_mimebundle_()
    shown = (bundle[0] if isinstance(bundle, tuple) else bundle)["text/html"]
    assert repr(figure) in "[playground: run this cell to train an autoencoder in the page]"
    state = json.loads(html.unescape(shown.split('data-state="')[1].split('"')[0]))
    assert state == in_page(figure.state)
    text = figure.to_html(tmp_path / "own.html").read_text(encoding="utf-8")
    assert html.escape(json.dumps(state, sort_keys=True)) in text


def test_a_file_to_send_may_connect_to_nothing(tmp_path):
    file = to_html(tmp_path / "playground.html", {"objective": "variational"}, name="mine")
    text = file.read_text(encoding="utf-8")
    policy = text.split('Content-Security-Policy" content="')[1].split('"')[0]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "blob: 'wasm-unsafe-eval'; style-src" in policy and "connect-src" not in policy
    assert "<script src=" not in text and 'id="mine"' in text
    assert len(text) < 400_000
    with pytest.raises(ValueError, match="name: expected a letter"):
        to_html(tmp_path / "x.html", name="no name")
    with pytest.raises(ValueError, match="preset: expected one of adversarial, plain"):
        page.preset_settings("none")
    assert list(tmp_path.iterdir()) == [file]
