"""What the printed numbers of chapter 17 have to show, and where its stored table comes from."""

import json
from types import SimpleNamespace

import pytest
import torch

from nav_utils.checks.ch17 import DEFECTS
from tests.chapter_outputs import ROOT, line, numbers, printed, source
from tests.stored_outputs import tokens

RESULTS = ROOT / "benchmarks" / "results"
PLANNED = ("line", "without D", "with D", "and string")


def after(label, n):
    """The numbers of the n lines that follow the one that begins with a label."""
    rows = printed("17")
    (at,) = [i for i, row in enumerate(rows) if row.startswith(label)]
    return [[token.value for token in tokens(row)[0]] for row in rows[at + 1 : at + 1 + n]]


def first_numbers(label):
    """Loss, AUC, calibration error, KL, hole mass, prior below the level."""
    first, second = after(label, 2)
    return [*first, *second[:2], second[-1]]


def test_both_models_rebuild_better_than_the_mean_patch():
    blank = numbers("17", "error of the mean patch:")[0]
    errors = [numbers("17", f"d = {d}: of unseen patches")[0] for d in (2, 8)]
    assert errors[1] < errors[0] < 0.5 * blank


def test_in_eight_dimensions_one_question_is_too_easy_and_the_package_says_so():
    plane, eight = (first_numbers(f"d = {d}, 8,112 codes") for d in (2, 8))
    assert plane[1] < 0.97 < 0.99 < eight[1]
    assert plane[0] > 0.2 > 0.1 > eight[0]
    warned = [row for row in printed("17") if row.startswith("  warned:")]
    assert warned[0].endswith("of nothing") and "AUC" in warned[1]


def test_few_codes_are_learnt_by_heart_and_near_copies_flatter():
    rows = {n: numbers("17", f"{n:>6,} codes: loss on its own") for n in (300, 1000, 6000)}
    own, copies, unseen = zip(*rows.values(), strict=True)
    assert unseen[0] - own[0] > unseen[2] - own[2]
    assert all(u > c for u, c in zip(unseen, copies, strict=True))


def test_bridges_halve_the_error_of_the_score():
    exact = numbers("17", "exact KL")[0]
    rows = {k: numbers("17", f"bridges = {k}: error of the score")[:2] for k in (1, 4, 8)}
    assert rows[4][0] < 0.65 * rows[1][0]
    assert abs(rows[4][1] - exact) < abs(rows[1][1] - exact)
    assert "AUC" in line("17", "bridges = 1: error") and "nothing" in line("17", "bridges = 4: er")


def test_on_patches_the_loss_cannot_tell_the_ratios_apart_and_the_kl_can():
    single, bridged = first_numbers("d = 8, 8,112 codes"), first_numbers("d = 8, bridges = 4")
    assert abs(bridged[0] - single[0]) < 0.01 and bridged[3] > 1.3 * single[3]
    assert bridged[5] == 0 and bridged[4] > 0.95


def paths(d):
    """Distance, cycle error and length of each planner."""
    label = f"d = {d}: of 30 paths"
    rows = after(label, 2 + len(PLANNED))
    return dict(zip(("real codes", *PLANNED), rows[1:], strict=True))


def test_the_graph_with_d_beats_the_line_in_the_plane():
    found = paths(2)
    for measure in (0, 1):
        assert found["with D"][measure] < min(found[n][measure] for n in ("line", "without D"))
        assert found["real codes"][0] < found["line"][0]


def test_in_eight_dimensions_d_buys_length_and_the_string_does_harm():
    found = paths(8)
    for measure, slack in ((0, 0.05), (1, 0.1)):
        assert found["with D"][measure] < (1 + slack) * found["without D"][measure]
    assert found["with D"][2] < 0.75 * found["without D"][2]
    assert found["and string"][1] > 1.5 * found["with D"][1]
    assert found["and string"][1] > 0.9 * found["line"][1]
    assert "'and string': 30}" in line("17", "d = 8: of 30 paths")
    assert after("d = 8: of 30 paths", 3 + len(PLANNED))[-1][0] > 0.2, "though the ratio praises it"


@pytest.mark.parametrize("d", [2, 8])
def test_every_plan_is_longer_than_the_line(d):
    found = paths(d)
    assert found["line"][2] == 1 and all(found[name][2] > 1 for name in PLANNED[1:])


def test_the_stored_table_is_that_of_the_benchmark():
    runs = json.loads((RESULTS / "dimensions.json").read_text())["runs"]
    rows = after(" d    AUC", 6)
    assert [row[0] for row in rows] == [2, 4, 8, 16, 32, 64]
    for row in rows:
        found = [run[f"{row[0]:.0f}"] for run in runs.values() if f"{row[0]:.0f}" in run]
        for place, (kind, key) in enumerate(
            (
                ("single", "AUC"),
                ("single", "KL"),
                ("telescoped", "KL"),
                ("single", "hole mass"),
                ("single", "band, prior"),
            ),
            start=1,
        ):
            mean = sum(run[kind][key] for run in found) / len(found)
            assert row[place] == pytest.approx(mean, abs=0.06 if key == "KL" else 0.00051)
        gain = [
            sum(run[kind]["gain, confidence"][i] for run in found) / len(found)
            for kind in ("single", "telescoped")
            for i in (0, 1, 2)
        ]
        assert row[6:] == pytest.approx(gain, abs=0.00051)


def test_the_benchmark_of_bridges_shows_what_the_pages_say():
    found = json.loads((RESULTS / "bridges.json").read_text())
    for dim in ("8", "16", "32"):
        single, bridged = found["single"][dim], found["telescoped"][dim]
        for place in ("on q", "on lines"):
            assert float(bridged[place].split()[0]) < 0.8 * float(single[place].split()[0])
        assert float(single["warnings"].split()[0]) > 0


def test_the_letters_of_the_experiment_have_the_defects_of_its_checker():
    labels = torch.arange(400) % 2
    seen, unseen = torch.randn(400, 2), torch.randn(400, 2)
    names = {
        "torch": torch,
        "codes": {2: seen},
        "unseen_codes": {2: unseen},
        "for_levels": torch.arange(400) < 200,
        "for_judging": torch.arange(400) >= 200,
        "unseen": SimpleNamespace(labels=labels),
        "data": SimpleNamespace(labels=labels.repeat_interleave(2)),
        "order": torch.arange(400),
        "fitted": lambda fitted_on, held_out: (fitted_on, "what it warned of"),
    }
    exec(source("17", "def handed_over(letter)"), names)
    found = {letter: names["handed_over"](letter) for letter in "ABC"}
    wanted = {
        "few codes": seen[:60],
        "one photograph": seen[labels == 1],
        "another scale": 2 * seen,
    }
    for letter, defect in DEFECTS.items():
        assert torch.equal(found[letter], wanted[defect])
