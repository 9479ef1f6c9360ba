"""Slow motion: propose, evaluate and correct, one step after the other."""

import re

import pytest
import torch
from figure import EXACT, TWO_FRAMES, Figure, link_to, number
from playwright.sync_api import expect

from nav_utils.explorer.state import DEFAULTS

from .expected import both_ways, expect_digits

FOLLOWED = re.compile(
    r"Point (\d+): D = (\S+), a = (\S+), \|∇a\| = (\S+?)"
    r"(?:; this step moves (?:it by (\S+)|no point)\.)?"
)


class Slow:
    """The part of a figure that tells of one step after the other."""

    def __init__(self, figure):
        self.root = figure.root.locator(".slow")
        self.title, self.formula, self.numbers = map(self.root.locator("p").nth, range(3))
        self.figure = figure
        figure.button("Play").click()
        expect(self.root).to_be_visible()
        figure.button("Pause").click()  # as it plays by itself
        self.rewind()

    def step(self, name="Next", times=1):
        for _ in range(times):
            self.figure.button(name).click()
        self.figure.page.evaluate(TWO_FRAMES)
        return self.title.text_content()

    def rewind(self):
        self.figure.page.evaluate(TWO_FRAMES)
        while self.figure.button("Back").is_enabled():
            self.step("Back")

    def followed(self):
        """The number of the point that is followed, D, a, the slope, and how far it moved."""
        parts = FOLLOWED.fullmatch(self.numbers.text_content()).groups()
        return [None if part is None else number(part) for part in parts]


def test_slow_motion_walks_through_propose_evaluate_correct(show, space):
    figure = show(steps=7)
    usual = figure.picture()
    before = int(re.search(r"(\d+) of", figure.numbers.text_content())[1])
    slow = Slow(figure)
    expect(slow.title).to_have_text("1. Propose: 48 points on the straight line.")
    assert slow.formula.text_content() == "z = (1 − t) A + t B"
    assert figure.said.is_hidden() and figure.button("Back").is_disabled()
    assert slow.step() == f"2. Evaluate: {before} of 48 are not yet where they should be."
    assert slow.formula.text_content() == "|D(z) − ½| ≤ ϵ ?"
    i, d, a, slope, moved = slow.followed()
    z = torch.lerp(*(torch.tensor(DEFAULTS[end]) for end in "ab"), (i - 1) / 47)
    z.requires_grad_()
    logit = space.ratio.logit(z[None]).sum()
    logit.backward()
    wanted = (float(logit.detach().sigmoid()), float(logit.detach()), float(z.grad.norm()))
    assert (d, a, slope) == pytest.approx(wanted, abs=0.03) and moved is None
    pictures = [figure.hashes()["over"]]
    title = slow.step()
    steps = int(re.fullmatch(r"3\. Correct: step 1 of (\d+)", title)[1])
    assert slow.formula.text_content() == FORMULAS["gauss_newton"]
    assert slow.followed()[0] == i
    assert slow.followed()[4] == pytest.approx(min(abs(a) / slope, 0.5), rel=0.05)
    for _ in range(steps - 1):
        pictures.append(figure.hashes()["over"])
        title = slow.step()
    assert title == f"3. Correct: step {steps} of {steps} Done."
    assert len({*pictures, figure.hashes()["over"]}) == steps + 1
    assert figure.button("Next").is_disabled()
    assert slow.step("Back") == f"3. Correct: step {steps - 1} of {steps}"
    assert figure.hashes()["over"] == pictures[-1]
    assert slow.step("Back", steps) == "1. Propose: 48 points on the straight line."
    figure.button("Leave slow motion").click()
    assert figure.picture() == usual


def test_the_rows_show_what_slow_motion_has_reached(show, space):
    figure = show()
    slow = Slow(figure)
    ends = [torch.tensor([DEFAULTS[end]]) for end in "ab"]
    proposal = torch.lerp(*ends, torch.linspace(0, 1, 48)[:, None])
    slow.step()
    expect_digits(figure, space, proposal, proposal)
    slow.step()
    with pytest.raises(AssertionError):
        expect_digits(figure, space, proposal, proposal)


FORMULAS = {
    "probability": "z ← z − η · 2 (D − ½) D (1 − D) ∇a",
    "logit": "z ← z − η · a ∇a, no longer than ½",
    "gauss_newton": "z ← z − η · a ∇a / (|∇a|² + 0.001), no longer than ½; "
    "a step that overshoots is taken back and halved",
    "score": "z ← z + η (−z − ∇a), no longer than ½",
    "string": "z ← z + η (−z − ∇a); then evenly spaced",
}


def test_each_step_has_the_formula_of_the_method(show, space):
    figure = show(goal="below", proposal="slerp", steps=3)
    slow = Slow(figure)
    for method, formula in FORMULAS.items():
        figure.set("method", method)
        slow.rewind()
        assert slow.title.text_content() == "1. Propose: 48 points on the arc."
        assert slow.formula.text_content() == "direction turned by t, norm (1 − t)|A| + t|B|"
        slow.step()
        median = space.ratio.log_q_level(0.5)
        asks = {"score": f"log p(z) − a(z) ≥ −{-median:.2f} ?", "string": ""}
        assert slow.formula.text_content() == asks.get(method, "a(z) ≤ 0.405 ?")
        slow.step()
        assert slow.formula.text_content() == formula


def test_the_formula_says_what_is_aimed_at_and_that_there_is_noise(show):
    """Then the numbers beside it are those that it gives."""
    figure = show(goal="below", level=0.85, a=[0.4, -0.2], b=[1.3, -1.6])
    slow = Slow(figure)
    slow.step()
    assert slow.formula.text_content() == "a(z) ≤ 0.85 ?"
    _, _, a, slope, _ = slow.followed()
    slow.step()
    assert slow.formula.text_content().startswith("z ← z − η · (a − 0.445) ∇a / ")
    assert slow.followed()[4] == pytest.approx((a - 0.445) / slope, abs=0.01)
    figure = show(level=-0.5, method="probability", noise=0.2)
    slow = Slow(figure)
    slow.step()
    assert slow.formula.text_content() == "|a(z) + 0.5| ≤ 2 artanh 2ϵ ?"
    slow.step()
    assert slow.formula.text_content().endswith("D (1 − D) ∇a, with D = σ(a + 0.5); plus noise")


def test_slow_motion_of_the_loop_shows_what_it_proposes_and_what_becomes_of_it(show, presets):
    figure = show(**presets["stall"]["state"])
    slow = Slow(figure)
    assert slow.title.text_content().startswith("1. Propose: a step towards B, one of 47;")
    assert slow.formula.text_content() == "z = z + (B − z) / (steps left)"
    assert slow.step().startswith("2. Evaluate: each step is judged as it comes")
    said, moved = [], []
    while figure.button("Next").is_enabled():
        said.append(slow.step())
        moved.append(slow.followed()[4])
    assert [text.split(":")[0] for text in said[::2]] == ["Propose"] * 16
    judged = [text.split(":")[0] for text in said[1::2]]
    assert set(judged) == {"Evaluate", "Evaluate and correct"}
    assert [move is None for move in moved[1::2]] == [what == "Evaluate" for what in judged]
    told = figure.said.text_content()
    assert "of the 17 it came to, none." in told and "It stalls at point 17 of 48" in told
    assert said[-1].endswith("It stops: ten steps have brought it no further.")
    rows = figure.table()
    assert [row[7] for row in rows[17:]] == ["never tried"] * 31
    assert "never tried" not in [row[7] for row in rows[:17]]


def test_slow_motion_of_a_string_asks_nothing_of_a_point(show):
    slow = Slow(show(method="string", steps=20))
    assert (
        slow.step()
        == "2. Evaluate: no point by itself: the string moves as a whole, till it rests."
    )


def test_slow_motion_without_a_step_says_so(show):
    slow = Slow(show(steps=0))
    assert slow.step().endswith(" are not yet where they should be. No step is allowed.")


@both_ways
def test_it_plays_and_pauses(visit, home):
    figure = Figure(visit(fragment=link_to(method="probability", eta=0.05, steps=400), home=home))
    slow = Slow(figure)
    figure.button("Play").click()
    expect(slow.title).to_contain_text("3. Correct: step ")
    figure.button("Pause").click()
    paused = slow.title.text_content()
    figure.page.wait_for_timeout(1200)
    assert slow.title.text_content() == paused
    figure.button("Play").click()
    expect(slow.title).not_to_have_text(paused)
    figure.button("Next").click()  # which pauses too
    expect(figure.button("Play")).to_be_visible()


def test_it_plays_to_the_end_and_then_from_the_start(show):
    figure = show(steps=2, method="logit")
    slow = Slow(figure)
    slow.title.evaluate(
        "(title) => { window.titles = []; new MutationObserver(() => "
        "titles.at(-1) === title.textContent || titles.push(title.textContent))"
        ".observe(title, { childList: true, characterData: true, subtree: true }); }"
    )
    stages = ["1. Propose", "2. Evaluate", "3. Correct: step 1", "3. Correct: step 2 of 2 Done."]
    for _ in range(2):
        figure.button("Play").click()  # its own: the other one leaves slow motion meanwhile
        expect(figure.button("Pause")).to_be_visible()
        expect(figure.button("Play")).to_be_visible()
    titles = figure.page.evaluate("titles")
    assert len(titles) == 2 * len(stages)
    assert all(title.startswith(stage) for title, stage in zip(titles, 2 * stages, strict=True))


def test_slow_motion_may_begin_while_a_check_is_under_way(show):
    figure = show()
    figure.root.evaluate(
        """(el) => {
          const find = (what) => el.shadowRoot.querySelector(what);
          for (const type of ["keydown", "keyup"])
            find(".handle").dispatchEvent(new KeyboardEvent(type, { key: "ArrowRight" }));
          find(".bar button:last-child").click();
        }"""
    )
    figure.settle()
    expect(figure.root.locator(".slow p").first).to_contain_text(re.compile("^[1-3]\\. "))
    assert figure.state()["a"] == pytest.approx([1.55, -1.8])


def test_before_the_last_step_nobody_says_how_a_point_ended(show):
    figure = show()
    slow = Slow(figure)
    box = figure.rows.bounding_box()
    figure.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 5)
    figure.page.evaluate(TWO_FRAMES)
    assert re.fullmatch(r"Point \d+ of 48: D \S+ on the proposal, \S+ so far\.",
                        figure.point.text_content())  # fmt: skip
    slow.root.get_by_role("button", name="Next").focus()
    while figure.button("Next").is_enabled():
        figure.page.keyboard.press("Enter")
        figure.page.evaluate(TWO_FRAMES)
    focused = "(root) => root.shadowRoot.activeElement?.textContent"
    assert figure.root.evaluate(focused) == "Next", "the focus is not lost"
    assert re.search(r" after the correction; \w+", figure.point.text_content())
    expect(figure.note).to_have_text(EXACT)
