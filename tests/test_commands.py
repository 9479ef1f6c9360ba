"""The command `nav-utils`: what it computes, writes and says; how it ends on bad input."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from nav_utils import (
    AAE,
    calibration_report,
    encode_all,
    find_holes,
    fit_ratio,
    load_images,
    load_space,
    navigate,
    ring,
    train_aae,
)
from nav_utils.commands import BAD_INPUT, COMMANDS, FAILED, FINE, STOPPED, main
from nav_utils.commands.options import parser_of
from nav_utils.commands.train import data_from
from nav_utils.pretrained import load_pretrained

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Codes of a ring as .npy, pairs of them as .npy and .safetensors, and a ratio's file."""
    folder = tmp_path_factory.mktemp("files")
    codes = ring().sample(1200, torch.Generator().manual_seed(0))
    np.save(folder / "codes.npy", codes.numpy())
    np.save(folder / "pairs.npy", codes[:6].reshape(3, 2, 2).numpy())
    ends = {"z_a": codes[:6:2].contiguous(), "z_b": codes[1:6:2].contiguous()}
    save_file(ends, folder / "pairs.safetensors")
    ratio = fit_ratio(codes, steps=120, hidden=(32, 32), progress=False)
    ratio.save(folder / "ratio.safetensors")
    return folder, codes, ratio


def lines(capsys):
    return capsys.readouterr().out.splitlines()


# ---- help ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_that_the_command_understands(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    said = capsys.readouterr().out
    assert end.value.code == 0 and COMMANDS[command].casefold() in said.casefold()
    examples = re.findall(r"^ +nav-utils (.+)$", said, re.MULTILINE)
    assert examples
    for example in examples:
        name, *words = shlex.split(example)
        parser_of(name).parse_args(words)  # a word that it does not know ends the program
    assert command not in DETAILED or "default" in said


DETAILED = {"train", "calibrate", "holes", "navigate"}


def test_the_overview_names_every_command_and_every_exit_code(capsys):
    for words in (["--help"], ["--version"]):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code == 0
    said = capsys.readouterr().out
    assert all(re.search(rf"^  {name} ", said, re.MULTILINE) for name in COMMANDS)
    assert all(re.search(rf"\b{code} ", said) for code in (FINE, FAILED, BAD_INPUT, STOPPED))
    with pytest.raises(SystemExit) as end:
        main(["navigat"])
    assert end.value.code == BAD_INPUT
    assert "choose from" in capsys.readouterr().err


def test_commands_in_the_pages_are_understood():
    pages = [ROOT / "README.md", *(ROOT / "book").rglob("*.md")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in pages)
    shown = re.findall(r"^nav-utils (.+?)(?: +#.*)?$", text, re.MULTILINE)
    assert len(shown) >= 4
    for line in shown:
        name, *words = shlex.split(line)
        parser_of(name).parse_args(words)


# ---- what they compute --------------------------------------------------------------------------


def test_holes_are_those_of_find_holes(capsys, space):
    assert main(["holes", "digits-2d", "--min-mass", "0.01"]) == FINE
    found = find_holes(space.ratio, min_mass=0.01)
    head, *rows, total = lines(capsys)
    assert head.split()[0] == "prior" and len(rows) == len(found) > 1
    masses = [float(row.split()[0]) for row in rows]
    assert masses == pytest.approx([hole.mass for hole in found], abs=6e-5)
    assert total.startswith(f"{len(found)} holes, {sum(hole.mass for hole in found):.4f}")


def test_holes_beyond_the_plane_are_a_mass_with_an_interval(capsys, tmp_path):
    codes = torch.randn(800, 3, generator=torch.Generator().manual_seed(0)) * 0.5
    fit_ratio(codes, steps=60, hidden=(16,), progress=False).save(tmp_path / "r.safetensors")
    assert main(["holes", str(tmp_path / "r.safetensors"), "--level", "0.5"]) == FINE
    (line,) = lines(capsys)
    mass, low, high = map(float, re.findall(r"0\.\d+", line))
    assert low < mass < high


def test_calibrate_judges_by_codes_that_it_has_not_seen_and_keeps_the_ratio(
    files, capsys, tmp_path
):
    folder, codes, _ = files
    out = tmp_path / "ratio.safetensors"
    words = ["calibrate", str(folder / "codes.npy"), "--steps", "40", "--out", str(out)]
    assert main(words) == FINE
    said = "\n".join(lines(capsys))
    assert "1,080 fitted on, 120 judge, d = 2" in said
    order = torch.randperm(1200, generator=torch.Generator().manual_seed(0))
    ratio = fit_ratio(codes[order[120:]], steps=40, progress=False)
    prior = ratio.prior.sample(120, torch.Generator().manual_seed(1))
    report = calibration_report(ratio, codes[order[:120]], prior)
    assert f"held-out loss          {report.held_out_loss:.4f} nats" in said
    assert "distrust" not in said
    kept = type(ratio).load(out)
    assert torch.equal(kept.logit(codes[:50]), ratio.logit(codes[:50]))


def test_calibrate_says_when_to_distrust(files, capsys, tmp_path):
    _, codes, _ = files
    np.save(tmp_path / "few.npy", codes[:200].numpy() + 9)
    np.save(tmp_path / "test.npy", codes[200:240].numpy() + 9)
    words = ["calibrate", str(tmp_path / "few.npy"), "--test", str(tmp_path / "test.npy")]
    assert main([*words, "--steps", "40"]) == FINE
    said = "\n".join(lines(capsys))
    assert "200 fitted on, 40 judge" in said
    assert "distrust it: the codes are far from the prior" in said
    assert "distrust it: 200 codes are few" in said


@pytest.mark.parametrize("pairs", ["pairs.npy", "pairs.safetensors"])
def test_paths_are_those_of_navigate(files, pairs, capsys, tmp_path):
    folder, codes, ratio = files
    out = tmp_path / "paths"
    out = out.with_suffix(Path(pairs).suffix)
    words = ["navigate", str(folder / "ratio.safetensors"), str(folder / pairs), str(out)]
    assert main([*words, "--planner", "string", "--points", "16"]) == FINE
    path = navigate(codes[:6:2], codes[1:6:2], ratio, "string", n_points=16)
    if out.suffix == ".npy":
        assert torch.equal(torch.from_numpy(np.load(out)), path.points)
    else:
        written = load_file(out)
        for name in ("points", "z_b", "status", "bottleneck", "bottleneck_at"):
            assert torch.equal(written[name], getattr(path, name)), name
        assert torch.equal(written["z_a"], codes[:6:2])
    assert lines(capsys)[0].startswith("3 paths of 16 points: ")


def test_the_report_compares_with_straight_lines(capsys, tmp_path, space):
    out, rows = tmp_path / "paths.npy", tmp_path / "rows.json"
    words = ["navigate", "digits-2d", "4", str(out), "--points", "16", "--report", str(rows)]
    assert main([*words, "--planner", "string", "--seed", "3"]) == FINE
    said = lines(capsys)
    report = json.loads(rows.read_text())
    assert {len(column) for kind in report.values() for column in kind.values()} == {4}
    assert report["line"]["length_over_chord"] == pytest.approx([1.0] * 4, abs=1e-4)
    assert "cycle_error" in report["path"] and "confidence" not in report["path"]
    shown = next(line for line in said if line.startswith("mean_log_q")).split()
    medians = [np.sort(report[kind]["mean_log_q"])[1] for kind in ("path", "line")]
    assert [float(word) for word in shown[1:3]] == pytest.approx(medians, abs=6e-4)
    points = torch.from_numpy(np.load(out))
    gaps = torch.cdist(points[:, [0, -1]].flatten(0, 1), space.test_codes).amin(1)
    assert float(gaps.max()) < 1e-6  # the ends are test codes


def test_an_explorer_is_written(capsys, tmp_path):
    out = tmp_path / "explorer.html"
    assert main(["explore", "digits-2d", str(out)]) == FINE
    assert out.stat().st_size > 100_000 and lines(capsys) == [f"written to {out}"]


def test_correct_is_the_command_of_the_old_name(files, capsys, tmp_path):
    from nav_utils.correct_file import main as old

    folder, codes, _ = files
    save_file({"z": codes[:50].contiguous()}, tmp_path / "z.safetensors")
    words = ["--ratio", str(folder / "ratio.safetensors"), "--max-steps", "3"]
    source = str(tmp_path / "z.safetensors")
    assert main(["correct", source, str(tmp_path / "new.safetensors"), *words]) == FINE
    old([source, str(tmp_path / "old.safetensors"), *words])
    new = load_file(tmp_path / "new.safetensors")
    assert torch.equal(new["z"], load_file(tmp_path / "old.safetensors")["z"])


# ---- train --------------------------------------------------------------------------------------

SMALL = "--epochs 2 --hidden 16 --batch-size 16 --ratio-steps 30 --test-share 0.25 --seed 5"


@pytest.fixture(scope="module")
def pixels():
    """Eighty of the digits, (80, 8, 8) uint8."""
    images = load_images("digits").images[:80, 0]
    return (images * 255).round().to(torch.uint8).numpy()


def test_train_writes_a_space_that_the_other_commands_read(pixels, capsys, tmp_path):
    np.save(tmp_path / "images.npy", pixels)
    out = tmp_path / "my space"
    command = ["train", str(tmp_path / "images.npy"), str(out), *SMALL.split()]
    assert main(command) == FINE
    assert "60 fitted on, 20 judge, d = 2" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images.npy", "my space"]
    space = load_space(out)
    order = torch.randperm(80, generator=torch.Generator().manual_seed(5))
    train, test = pixels[order[20:].sort().values], pixels[order[:20].sort().values]
    model = AAE((1, 8, 8), 2, (16,), seed=5)
    train_aae(model, train, 2, weight=5.0, batch_size=16, seed=5, progress=False)
    assert torch.equal(space.codes, encode_all(model, train))
    assert torch.equal(space.test_codes, encode_all(model, test))
    assert space.labels.tolist() == [0] * 60
    assert space.card["command"] == shlex.join(["nav-utils", *command])
    assert main(["holes", str(out)]) == FINE
    assert main(command) == BAD_INPUT  # nothing is written over
    assert "which is there already" in capsys.readouterr().err


def test_train_goes_on_where_it_was_stopped(pixels, monkeypatch, capsys, tmp_path):
    import nav_utils.commands.train as command
    import nav_utils.training

    def stop(*_):
        raise KeyboardInterrupt

    np.save(tmp_path / "images.npy", pixels)
    words = ["train", str(tmp_path / "images.npy"), str(tmp_path / "space"), *SMALL.split()]
    with monkeypatch.context() as patch:
        patch.setattr(command, "encode_all", stop)
        assert main(words) == STOPPED
    assert "The same command goes on" in capsys.readouterr().err
    kept = tmp_path / "space.training.safetensors"
    assert kept.exists() and not (tmp_path / "space").exists()
    with monkeypatch.context() as patch:  # every step was done: none is done again
        patch.setattr(nav_utils.training, "finite_step", stop)
        assert main(words) == FINE
    assert not kept.exists() and load_space(tmp_path / "space").codes.shape == (60, 2)


def test_train_reads_a_folder_of_pictures_with_their_subfolders_as_labels(pixels, tmp_path):
    for number, image in enumerate(pixels[:16]):
        folder = tmp_path / "pictures" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number:02d}.png")
    data = data_from(str(tmp_path / "pictures"), 0.25, seed=0)
    assert data.shape == (1, 8, 8) and (len(data.train), len(data.test)) == (12, 4)
    assert sorted([*data.labels.tolist(), *data.test_labels.tolist()]) == [0] * 8 + [1] * 8
    image, label = data.test[0]
    assert label == data.test_labels[0] and image.dtype == torch.uint8


def test_train_knows_data_sets_by_their_names():
    data = data_from("digits", 0.1, seed=0)
    assert (len(data.train), len(data.test)) == (1500, 297)
    assert torch.equal(data.labels, load_images("digits").labels)


# ---- how they end -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("holes nowhere", "expected one of digits-2d, mnist-16d, mnist-2d"),
        ("holes nowhere.safetensors", "expected a file, got none of this name"),
        ("holes codes.npy", "expected one of digits-2d"),
        ("calibrate nothing.npy", "expected a file, got none of this name"),
        ("calibrate words.npy", "expected a .npy file of numbers"),
        ("calibrate objects.npy", "expected a .npy file of numbers"),
        ("calibrate pairs.safetensors", "expected codes, got z_a, z_b"),
        ("calibrate pairs.npy", r"expected shape \(N, d\)"),
        ("navigate ratio.safetensors codes.npy out.npy", r"expected pairs \(B, 2, d\)"),
        ("navigate ratio.safetensors ratio.safetensors out.npy", "expected z_a and z_b"),
        ("navigate ratio.safetensors 5 out.npy", "got 5 and 0 test codes"),
        ("navigate digits-2d 500 out.npy", "up to half the test codes"),
        ("navigate digits-2d 2 out.txt", "expected a .npy or .safetensors file"),
        ("navigate digits-2d 2 out.npy --planner way", "planner: expected one of"),
        ("navigate ratio.safetensors pairs.npy out.npy --report r.json", "got a ratio alone"),
        ("explore mnist-16d out.html", ""),
        ("explore digits-2d out.txt", "expected a .html file"),
        ("train nowhere out", "expected a file, got none of this name"),
        ("train codes.npy out", "images: expected"),
        ("train digits ratio.safetensors", "which is there already"),
        ("correct nothing out.safetensors --space digits-2d", "No such file"),
    ],
)
def test_bad_input_ends_with_two_and_a_sentence_and_leaves_nothing(
    words, said, files, capsys, monkeypatch, tmp_path
):
    folder, _, _ = files
    monkeypatch.chdir(tmp_path)
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "words.npy").write_text("no array")
    np.save(tmp_path / "objects.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    before = sorted(tmp_path.iterdir())
    command = words.split()
    assert main(command) == BAD_INPUT
    error = capsys.readouterr().err
    assert re.search(rf"^nav-utils {command[0]}: .*{said}", error, re.MULTILINE)
    assert "Traceback" not in error
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (FloatingPointError("diverged"), FAILED, "holes: diverged"),
        (KeyboardInterrupt(), STOPPED, "holes: stopped."),
    ],
)
def test_other_ends_have_codes_of_their_own(error, code, said, monkeypatch, capsys):
    import nav_utils.commands.holes

    def fail(given):
        raise error

    monkeypatch.setattr(nav_utils.commands.holes, "run", fail)
    assert main(["holes", "digits-2d"]) == code
    assert said in capsys.readouterr().err


def write_pictures(folder, images, classes="ab"):
    for number, image in enumerate(images):
        place = folder / classes[number % len(classes)]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{number:02d}.png")


def test_train_takes_the_pictures_that_judge_from_another_folder(pixels, capsys, tmp_path):
    both = tmp_path / "both"
    write_pictures(both / "train", pixels[:60])
    write_pictures(both / "test", pixels[60:])
    assert main(["train", str(both), str(tmp_path / "mixed"), *SMALL.split()]) == BAD_INPUT
    assert f"give {both / 'train'} --test {both / 'test'}" in capsys.readouterr().err
    words = ["train", str(both / "train"), str(tmp_path / "space"), "--test", str(both / "test")]
    assert main([*words, *SMALL.split()]) == FINE
    space = load_space(tmp_path / "space")
    assert (len(space.codes), len(space.test_codes)) == (60, 20)
    write_pictures(tmp_path / "others", pixels[:4], "cd")
    words = ["train", str(both / "train"), str(tmp_path / "new"), "--test"]
    assert main([*words, str(tmp_path / "others"), *SMALL.split()]) == BAD_INPUT
    assert "of the classes a, b, as in DATA, got (1, 8, 8) of c, d" in capsys.readouterr().err
    assert main(["train", "digits", *words[2:], str(both), *SMALL.split()]) == BAD_INPUT
    assert "--test: expected it with a folder of pictures" in capsys.readouterr().err


def test_a_space_with_a_model_of_ones_own_is_told_what_its_files_are_good_for(capsys, tmp_path):
    class Own(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(2, 4)

    space = load_pretrained("digits-2d")._replace(model=Own(), train_discriminator=None)
    space.save(tmp_path / "mine")
    assert main(["holes", str(tmp_path / "mine")]) == BAD_INPUT
    ratio = tmp_path / "mine" / "ratio.safetensors"
    assert f"holes and navigate take {ratio}, and calibrate takes" in capsys.readouterr().err
    assert main(["holes", str(ratio)]) == FINE
