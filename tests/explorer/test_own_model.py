"""A convolutional model in colour, with a prior that is not normal, in a page: one load for all."""

import base64
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import expect
from torch.distributions import Independent, Laplace

sys.path.append(str(Path(__file__).parents[1]))
from figure import EXACT, SHOWN, TWO_FRAMES, Figure
from own_spaces import BOX, Plain, own_space

from nav_utils.explorer import Explorer, payload, to_html
from nav_utils.explorer.atlas import pictures
from nav_utils.explorer.computing import best_of, paths
from nav_utils.priors import TorchPrior

STATE = {"a": [1.2, -1.0], "b": [-1.1, 0.9], "steps": 5}
ATLAS = "Images: blended from an atlas of 49 × 49 decoded ones"
KERNEL = "Images: by the decoder itself, in the kernel."
NOT_OFFERED = "Not offered: score, string, a verdict by log p \N{MINUS SIGN} a."

# In the page: `put` mounts a payload, `host` shows it as a notebook does and keeps what is asked.
HELPERS = """async () => {
  const blob = new Blob([NAV_BUNDLES.explorer], { type: "text/javascript" });
  const module = await import(URL.createObjectURL(blob));
  const bytes = (text) => Uint8Array.from(atob(text), (x) => x.charCodeAt(0));
  const cell = (id) => {
    const el = document.createElement("div");
    el.id = id;
    document.body.append(el);
    return el;
  };
  window.put = (id, text, query) =>
    void module.mount(cell(id), { payload: bytes(text), query });
  window.host = (id, text, state) => {
    const values = { ...state, payload: bytes(text), call: "Explorer(space" };
    const heard = {};
    window.model = {
      asked: [],
      get: (key) => values[key],
      set: (key, value) => (values[key] = value),
      save_changes() {},
      on: (name, listener) => (heard[name] ??= []).push(listener),
      off() {},
      send(content) { this.asked.push(content); },
      receive(key, value) {
        values[key] = value;
        heard[`change:${key}`].forEach((tell) => tell());
      },
      hear(content, pixels) {
        const whole = new Uint8Array([9, ...bytes(pixels), 9]);
        const view = new DataView(whole.buffer, 1, whole.length - 2);
        heard["msg:custom"].forEach((tell) => tell(content, [view]));
      },
    };
    module.default.render({ model: window.model, el: cell(id + "-cell") });
    document.querySelector(`#${id}-cell > div`).id = id;
  };
}"""


def is_foreign(url):
    return not url.startswith(("file:", "data:", "blob:"))


@pytest.fixture(scope="module")
def space():
    return own_space()


@pytest.fixture(scope="module")
def page(browser, space, tmp_path_factory):
    """The page of a file, and what it does wrong."""
    file = to_html(space, tmp_path_factory.mktemp("own") / "own.html", STATE, "first")
    page, faults = browser.new_page(viewport={"width": 1100, "height": 900}), []
    page.set_default_timeout(30_000)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: faults.append(asked.url) if is_foreign(asked.url) else None)
    page.goto(file.as_uri())
    page.evaluate(HELPERS)
    yield page
    page.close()
    assert faults == []


def images_of(figure, size=(13, 21)):
    """The two rows, (2 SHOWN, C, H, W)."""
    pixels = figure.pixels("rows")[..., :3].permute(2, 0, 1).numpy()
    (h, w), found = size, []
    for row in range(2):
        for k in range(SHOWN):
            top, left = row * (h + 1), k * (w + 1)
            found.append(pixels[:, top : top + h, left : left + w])
    return np.stack(found)


def shown_points(space, state):
    """The points of the proposal and of the correction whose images are shown."""
    proposal, path = best_of(paths(space.ratio, state))
    some = torch.linspace(0, len(proposal) - 1, SHOWN).round().long()
    return torch.cat([proposal[some], path.points[0, some]])


def bare(figure):
    """Of a mounted figure: its note once it is checked."""
    expect(figure.note).to_contain_text(EXACT)
    return figure.note.text_content()


def test_the_file_shows_the_atlas_in_colour_and_says_so(page, space):
    figure = Figure(page, "first", wait=False)
    figure.root.scroll_into_view_if_needed()
    expect(figure.root.locator(".images")).to_contain_text(ATLAS)
    assert bare(figure) == EXACT
    z = shown_points(space, Explorer(space, **STATE).state)
    wanted = pictures(space.model, z, (13, 21)).astype(float)
    found = images_of(figure)
    assert np.abs(found - wanted).mean() < 3
    assert wanted[0, 0].mean() > wanted[SHOWN - 1, 0].mean() + 100 < 250, "from red to none"
    options = figure.control("method").locator("option").all_text_contents()
    assert len(options) == 5, "of a box the page knows log p"


def test_the_map_has_the_edge_of_the_box(page):
    ground = Figure(page, "first", wait=False).pixels("ground")[..., :3]
    size, radius = ground.shape[0], 2.0

    def stands_out(x, inward):
        """The share of rows in which something within a pixel of x differs from the map beside."""
        at = int((x / radius + 1) / 2 * size)
        rows = slice(int(0.3 * size), int(0.7 * size))
        line = ground[rows, at - 1 : at + 2].sum(-1)
        beside = ground[rows, at + 8 * inward].sum(-1, keepdim=True)
        return float(((line - beside).abs().amax(1) > 60).double().mean())

    assert stands_out(-1.5, 1) > 0.6 and stands_out(1.4, -1) > 0.6 and stands_out(0.9, 1) < 0.2


def test_the_score_of_another_prior_says_its_formula(page):
    figure = Figure(page, "first", wait=False).unfold()
    figure.set("method", "score")
    bare(figure)
    assert "log p \N{MINUS SIGN} a" in figure.numbers.text_content()
    figure.button("Play").click()
    figure.button("Pause").click()
    while figure.button("Back").is_enabled():
        figure.button("Back").click()
    figure.button("Next").click()
    figure.button("Next").click()
    formula = "η (∇log p \N{MINUS SIGN} ∇a)"
    expect(figure.root.locator(".formula")).to_contain_text(formula)
    figure.button("Leave slow motion").click()


def test_what_needs_a_prior_that_the_page_cannot_compute_is_not_offered(page):
    laplace = TorchPrior(Independent(Laplace(torch.zeros(2), torch.ones(2)), 1))
    data = base64.b64encode(payload(own_space(Plain(1, 4, 4), laplace))).decode()
    page.evaluate("([data, query]) => put('grey', data, query)", [data, "method=score&steps=3"])
    figure = Figure(page, "grey", wait=False)
    note = bare(figure)
    assert NOT_OFFERED in note
    assert figure.control("method").input_value() == "gauss_newton", "in place of the link's"
    assert figure.control("method").locator("option").count() == 3
    assert figure.control("steps").input_value() == "3"
    said = figure.numbers.text_content()
    assert said.startswith("It arrives. ") and "log p" not in said
    expect(figure.root.locator(".images")).to_contain_text(ATLAS)


def test_the_kernel_takes_the_place_of_the_atlas(page, space):
    figure, answers = Explorer(space, **STATE), []
    figure.send = lambda content, buffers: answers.append((content, buffers))
    data = base64.b64encode(bytes(figure.payload)).decode()
    page.evaluate("([data, state]) => host('kernel', data, state)", [data, figure.state])
    shown = Figure(page, "kernel", wait=False)
    bare(shown)
    expect(shown.root.locator(".images")).to_contain_text(ATLAS)
    (asked,) = page.evaluate("model.asked")
    z = torch.tensor(asked["decode"]).reshape(-1, 2)
    assert torch.allclose(z, shown_points(space, figure.state).float(), atol=1e-3)
    blended = images_of(shown)

    def answer(asked):
        figure._handle_custom_msg(asked, [])
        content, (pixels,) = answers.pop()
        pair = [content, base64.b64encode(pixels).decode()]
        page.evaluate("([content, pixels]) => model.hear(content, pixels)", pair)
        page.evaluate(TWO_FRAMES)
        return np.frombuffer(pixels, np.uint8).reshape(-1, 3, 13, 21)

    exact = answer(asked)
    expect(shown.root.locator(".images")).to_have_text(KERNEL)
    assert np.array_equal(images_of(shown), exact) and not np.array_equal(blended, exact)
    page.evaluate("model.receive('a', [0.5, -0.5])")
    expect(shown.root.locator(".images")).to_contain_text(ATLAS)
    bare(shown)
    page.wait_for_function("model.asked.length === 2")
    answer(asked)
    expect(shown.root.locator(".images")).to_contain_text(ATLAS)  # late: those are other points
    answer(page.evaluate("model.asked[1]"))
    expect(shown.root.locator(".images")).to_have_text(KERNEL)
    page.evaluate("model.hear('another message', '')")
    expect(shown.root.locator(".images")).to_have_text(KERNEL)


def test_an_atlas_that_cannot_be_read_is_told(page, space):
    data = payload(space)
    start = data.index(b"\xff\xd8\xff")  # a JPEG file begins so
    spoilt = data[:start] + b"\0" * 4000 + data[start + 4000 :]
    page.evaluate("(data) => put('spoilt', data)", base64.b64encode(spoilt).decode())
    figure = Figure(page, "spoilt", wait=False)
    bare(figure)
    expect(figure.root.locator(".images")).to_contain_text("Images: none; the atlas: ")
    assert BOX.low[0] == -1.5 and (images_of(figure) == 255).all(), "no image is drawn"
