"""What the printed numbers of chapter 14 have to show, and where its stored tables come from."""

import ast
import json

import pytest

from tests.chapter_outputs import ROOT, line, numbers, printed
from tests.stored_outputs import tokens

RESULTS = ROOT / "benchmarks" / "results"
METHODS = ("one ratio", "bridges", "denoising")


def after(label, n):
    """The numbers of the n lines that follow the one that begins with a label."""
    rows = printed("14")
    (at,) = [i for i, row in enumerate(rows) if row.startswith(label)]
    return [[token.value for token in tokens(row)[0]] for row in rows[at + 1 : at + 1 + n]]


def results(name):
    return json.loads((RESULTS / f"{name}.json").read_text())


def test_the_dial_gives_the_nats_that_were_asked_for():
    for kl in (2, 12):
        assert numbers("14", f"asked for {kl} nats")[1] == pytest.approx(kl, abs=0.3)


def test_the_score_of_the_noisy_codes_is_the_mean_of_the_target():
    square = numbers("14", "mean square of the score")[0]
    assert numbers("14", "mean product with")[0] == pytest.approx(square, rel=0.02)


def test_the_fisher_loss_ranks_the_levels_nearly_as_the_error_does():
    levels = ("0.03", "0.06", "0.12", "0.25", "0.50")
    rows = [numbers("14", f"sigma = {level}: Fisher loss") for level in levels]
    losses, errors = zip(*rows, strict=True)
    least = losses.index(min(losses))
    assert 0 < least < 4 and errors[least] < 1.15 * min(errors)
    assert numbers("14", "the exact score: Fisher loss")[0] < min(losses)


def test_the_sum_of_heads_is_one_head():
    assert line("14", "agree to 0.00001:").endswith("True")


def live(kl):
    """Errors on codes and on lines of each method."""
    lines = [row for row in printed("14") if row.startswith(f"{kl:2} nats, ")]
    assert len(lines) == 3
    return [[token.value for token in tokens(row)[0]][-2:] for row in lines]


def test_far_from_the_prior_the_score_network_is_ahead_and_bridges_help():
    one, bridged, score = live(12)
    assert score[0] < bridged[0] < one[0] and score[1] < one[1]
    near_one, _, near_score = live(2)
    assert one[0] / score[0] > 2 * near_one[0] / near_score[0]


def stored():
    """The table of errors, from the source of its cell: codes and lines, three methods each."""
    (path,) = (ROOT / "notebooks").glob("14_*.ipynb")
    sources = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]
    (cell,) = [source for source in sources if "stored = np.array([" in source]
    return ast.literal_eval(cell.split("stored = np.array(", 1)[1].split("\n])", 1)[0] + "\n]")


def test_the_stored_errors_are_those_of_the_benchmark():
    found = results("score")
    rows, printed_rows = stored(), after("  codes    KL", len(found["cells"]))
    for row, shown in zip(rows, printed_rows, strict=True):
        assert shown == pytest.approx([*row[1:3], *row[3:6]], abs=0.0051)
    measured = []
    for cell, seeds in found["runs"].items():
        d, n = cell.partition("-D")[0], cell.split(", ")[-1].split(" ")[0]
        keys = [(method, where) for where in ("on q", "on lines") for method in METHODS]
        means = [sum(run[m][w] for run in seeds.values()) / len(seeds) for m, w in keys]
        kl = sum(run["KL"] for run in seeds.values()) / len(seeds)
        measured.append([float(d), float(n.replace(",", "")), kl, *means])
    measured.sort(key=lambda row: row[:3])
    for row, true in zip(rows, measured, strict=True):
        assert row[:2] == true[:2]
        assert row[2] == pytest.approx(true[2], abs=0.06)
        assert row[3:] == pytest.approx(true[3:], abs=0.006)  # rounded twice


@pytest.mark.parametrize(
    ("label", "kind", "keys"),
    [
        ("samples  ", "samples", ("Frechet", "precision", "recall", "confidence", "cycle error")),
        ("paths  ", "paths", ("confidence", "cycle error", "length")),
    ],
)
def test_the_stored_rows_of_mnist_are_those_of_the_benchmark(label, kind, keys):
    found = results("score_mnist")[kind]
    rows = after(label, len(found))
    lines = printed("14")
    at = next(i for i, row in enumerate(lines) if row.startswith(label))
    for name, text, row in zip(found, lines[at + 1 :], rows, strict=False):
        assert text.startswith(name)
        written = [float(found[name][key].split()[0]) for key in keys if found[name][key]]
        assert row[: len(written)] == pytest.approx(written, rel=0.02, abs=0.0051)
