"""Training: losses against closed forms, each step's promise, resume after SIGKILL, refusals."""

import math
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

from nav_utils.batches import epoch_order
from nav_utils.checkpointing import read_safetensors, write_safetensors
from nav_utils.data import load_images
from nav_utils.history import History
from nav_utils.models import AAE, VAE, Autoencoder
from nav_utils.training import (
    adam,
    cosine_rate,
    fit,
    gradient_penalty,
    kl_to_prior,
    reconstruction_nats,
    train_aae,
    train_autoencoder,
    train_vae,
    update,
)

DIGITS = load_images("digits").images
SMALL = {"progress": False, "batch_size": 64}


def small_aae(seed=0):
    return AAE((1, 8, 8), 2, hidden=(32, 16), discriminator_hidden=(16, 16), seed=seed)


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


# ---- losses ----


def test_reconstruction_is_summed_over_the_pixels_of_each_image_in_nats():
    x = torch.tensor([[[[1.0, 0.0]]], [[[0.5, 0.5]]]])
    probability = torch.tensor([[[[0.9, 0.2]]], [[[0.5, 0.5]]]])
    expected = torch.tensor([-math.log(0.9) - math.log(0.8), 2 * math.log(2)])
    torch.testing.assert_close(reconstruction_nats(probability.logit(), x), expected)


def test_kl_to_prior_agrees_with_monte_carlo_and_is_zero_at_the_prior():
    mean, log_variance = torch.tensor([[0.7, -1.2]]), torch.tensor([[0.3, -0.9]])
    q = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    p = torch.distributions.Normal(torch.zeros(1, 2), torch.ones(1, 2))
    torch.manual_seed(0)
    z = q.sample((400_000,))
    estimate = (q.log_prob(z) - p.log_prob(z)).sum(-1).mean()
    assert float(kl_to_prior(mean, log_variance)) == pytest.approx(float(estimate), abs=0.01)
    assert float(kl_to_prior(torch.zeros(1, 2), torch.zeros(1, 2))) == 0


def test_gradient_penalty_is_the_squared_slope_of_a_linear_logit():
    linear = torch.nn.Linear(2, 1)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[3.0, -4.0]]))
    penalty = gradient_penalty(linear, torch.randn(7, 2))
    assert float(penalty.detach()) == pytest.approx(25)
    penalty.backward()
    torch.testing.assert_close(linear.weight.grad, torch.tensor([[6.0, -8.0]]))


# ---- steps ----


def test_each_player_is_updated_by_its_own_loss_alone():
    model = small_aae()
    before = model.discriminator[0].weight.clone()
    loss = -model.logit(model.encode(DIGITS[:8])).mean()
    update(adam(model.encoder.parameters(), 1e-2), loss)
    assert torch.equal(model.discriminator[0].weight, before)
    assert model.discriminator[0].weight.grad is None


def test_a_loss_that_is_not_finite_changes_nothing():
    model = small_aae()
    before = weights(model)
    update(adam(model.parameters(), 1e-2), weights(model).sum() * float("nan"))
    assert torch.equal(weights(model), before)


@pytest.mark.parametrize(
    ("train", "kind", "losses"),
    [
        (train_autoencoder, Autoencoder, {"reconstruction"}),
        (train_vae, VAE, {"reconstruction", "kl"}),
        (train_aae, AAE, {"reconstruction", "adversarial", "discriminator"}),
    ],
)
def test_each_method_learns_to_rebuild_digits(train, kind, losses):
    model = kind((1, 8, 8), 2, hidden=(64, 32))
    history = train(model, DIGITS, 8, **SMALL)
    assert set(history.losses) == losses
    means = history.epochs("reconstruction")
    assert len(means) == 8 and means[-1] < 0.85 * means[0]
    assert not model.training


def test_the_adversarial_game_brings_codes_to_the_prior():
    free, matched = Autoencoder((1, 8, 8), 2, (64, 32)), AAE((1, 8, 8), 2, (64, 32))
    train_autoencoder(free, DIGITS, 40, **SMALL)
    train_aae(matched, DIGITS, 40, **SMALL)
    with torch.no_grad():
        spread = [float(torch.cov(m.encode(DIGITS).T).diagonal().max()) for m in (free, matched)]
    assert 0.4 < spread[1] < 2.5, "codes of the AAE have about the prior's variance"
    assert spread[0] > 2 * spread[1], "nothing holds those of the plain autoencoder"


# ---- the loop ----


def test_two_runs_with_one_seed_are_equal_and_another_seed_is_not():
    runs = []
    for seed in (0, 0, 1):
        model = small_aae()
        train_aae(model, DIGITS[:256], 2, seed=seed, **SMALL)
        runs.append(weights(model))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_every_epoch_visits_every_image_once_in_another_order():
    first, second = epoch_order(100, 0, 0), epoch_order(100, 0, 1)
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(100))
    assert first.tolist() != second.tolist() and epoch_order(100, 0, 0).tolist() == first.tolist()


def test_the_learning_rate_falls_to_zero_along_half_a_cosine():
    assert [cosine_rate(2.0, t, 1.0) for t in (0, 0.5, 1)] == pytest.approx([2, 1, 0])
    assert [cosine_rate(2.0, t, 0.2) for t in (0, 0.8, 0.9, 1)] == pytest.approx([2, 2, 1, 0])


def test_the_callback_is_told_every_step():
    seen = []
    train_autoencoder(
        Autoencoder((1, 8, 8), 2, (8,)), DIGITS[:100], 2, callback=seen.append, **SMALL
    )
    assert [info["step"] for info in seen] == [1, 2, 3, 4]
    assert [info["epoch_end"] for info in seen] == [False, True, False, True]
    assert seen[-1]["n_steps"] == 4 and "reconstruction" in seen[-1]["losses"]


def test_a_loss_that_is_not_finite_stops_with_the_step_the_losses_and_what_to_try(tmp_path):
    model, calls = small_aae(), []
    before = weights(model)

    def poisoned(model, optimizers, x, generator):
        calls.append(1)
        loss = model.encode(x).mean() * (float("nan") if len(calls) == 3 else 0.0)
        update(optimizers["autoencoder"], loss)
        return {"reconstruction": loss}

    optimizers = {"autoencoder": torch.optim.SGD(model.parameters(), lr=0.1)}
    with pytest.raises(
        FloatingPointError, match=r"step 3 of 10: reconstruction nan.*Try a smaller"
    ):
        fit(model, DIGITS[:320], optimizers, poisoned, epochs=2, **SMALL)
    assert len(calls) == 3
    assert torch.equal(weights(model), before)


def poisoned_gradient(model, optimizers, x, generator):
    """A finite loss whose gradient is infinite: of a square root at zero."""
    loss = (model.encode(x).sum() * 0).sqrt()
    update(optimizers["autoencoder"], loss)
    return {"reconstruction": loss}


def half_a_step(model, optimizers, x, generator):
    """The first of two optimisers moves, the second cannot."""
    loss = reconstruction_nats(model.decode_logits(model.encode(x)), x).mean()
    update(optimizers["autoencoder"], loss)
    bad = model.logit(model.encode(x)).mean() * float("nan")
    update(optimizers["discriminator"], bad)
    return {"reconstruction": loss, "discriminator": bad}


@pytest.mark.parametrize("bad", [poisoned_gradient, half_a_step])
def test_after_a_divergence_the_weights_are_those_before_the_step(bad):
    model, calls, before = small_aae(), [], []

    def step(model, optimizers, x, generator):
        calls.append(1)
        if len(calls) < 3:
            return half_a_step(model, optimizers, x, generator) | {"discriminator": x.mean()}
        before.append(weights(model))
        return bad(model, optimizers, x, generator)

    optimizers = {
        "autoencoder": adam(model.encoder.parameters(), 1e-2),
        "discriminator": adam(model.discriminator.parameters(), 1e-2),
    }
    with pytest.raises(
        FloatingPointError, match=r"step 3 of 10: .*The weights are those before this step"
    ):
        fit(model, DIGITS[:320], optimizers, step, epochs=2, **SMALL)
    assert torch.equal(weights(model), before[0]) and torch.isfinite(before[0]).all()
    assert not torch.equal(before[0], weights(small_aae())), "the first two steps count"


def test_a_finite_loss_whose_gradient_is_not_is_told_at_once():
    model = small_aae()
    before, optimizers = weights(model), {"autoencoder": adam(model.encoder.parameters(), 1e-2)}
    with pytest.raises(
        FloatingPointError, match="step 1 of 5: reconstruction -?0, and weights that are not fin"
    ):
        fit(model, DIGITS[:320], optimizers, poisoned_gradient, epochs=1, **SMALL)
    assert torch.equal(weights(model), before)


def test_weights_that_were_not_finite_at_the_start_are_not_called_sound():
    model = small_aae()
    with torch.no_grad():
        model.encoder[0].weight[0, 0] = math.inf
    with pytest.raises(
        FloatingPointError, match="step 1 of 5: .*were not finite either: the model"
    ):
        train_aae(model, DIGITS[:320], 1, **SMALL)


def test_buffers_are_put_back_too():
    model = small_aae()
    model.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def counting(model, optimizers, x, generator):
        model.seen += 1
        return {"loss": x.mean() if int(model.seen) < 3 else torch.tensor(math.inf)}

    with pytest.raises(FloatingPointError, match="step 3"):
        fit(model, DIGITS[:320], {}, counting, epochs=1, **SMALL)
    assert int(model.seen) == 2


@pytest.mark.parametrize("whole", [np.int64, np.int32, np.uint8, torch.tensor])
def test_whole_numbers_of_any_kind_are_whole_numbers(whole, tmp_path):
    models = [small_aae(), small_aae()]
    for kind, model in zip((int, whole), models, strict=True):
        options = {"batch_size": kind(64), "seed": kind(3), "checkpoint_every": kind(2)}
        options |= {"checkpoint": tmp_path / kind.__name__, "progress": False}
        history = train_aae(model, DIGITS[:128], kind(2), **options)
        assert len(history) == 4
    assert torch.equal(weights(models[0]), weights(models[1]))
    facts = [read_safetensors(tmp_path / kind.__name__)[1] for kind in (int, whole)]
    assert facts[0] == facts[1]


@pytest.mark.parametrize("value", [1.5, "3", None, torch.tensor([1, 2]), np.float64(2)])
@pytest.mark.parametrize("name", ["epochs", "batch_size", "checkpoint_every", "seed"])
def test_what_is_no_whole_number_is_refused(name, value):
    if (name, value) == ("batch_size", None):
        return  # the usual size
    with pytest.raises(ValueError, match=f"{name}: expected a whole number"):
        train_aae(small_aae(), DIGITS[:64], **{"epochs": 1} | SMALL | {name: value})


def test_numbers_of_numpy_are_numbers_in_a_checkpoint(tmp_path):
    options = SMALL | {"checkpoint": tmp_path / "run.safetensors", "decay": np.float32(0.5)}
    options |= {"weight": np.float32(2), "learning_rate": np.float64(1e-3)}
    first, again, seen = small_aae(), small_aae(), []
    train_aae(first, DIGITS[:128], 1, **options)
    train_aae(again, DIGITS[:128], 1, callback=seen.append, **options)
    assert seen == [] and torch.equal(weights(first), weights(again))


TYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]


@pytest.mark.parametrize("images", TYPES)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    ("train", "kind"), [(train_autoencoder, Autoencoder), (train_vae, VAE), (train_aae, AAE)]
)
def test_a_model_of_any_type_is_trained_on_images_of_any_type(train, kind, dtype, images):
    """In its own type: images that it can hold exactly give the same weights whatever theirs."""
    exact = (DIGITS[:128] > 0.5).float()
    model, twin = (kind((1, 8, 8), 2, hidden=(16,)).to(dtype) for _ in range(2))
    history = train(model, exact.to(images), 2, **SMALL)
    train(twin, exact.to(dtype), 2, **SMALL)
    assert all(p.dtype == dtype for p in model.parameters())
    assert torch.isfinite(torch.tensor(history["reconstruction"])).all()
    assert torch.equal(weights(model), weights(twin))


def test_the_checkpoint_of_a_model_of_another_type_is_refused(tmp_path):
    options = SMALL | {"checkpoint": tmp_path / "run.safetensors"}
    train_aae(small_aae().double(), DIGITS[:128], 1, **options)
    with pytest.raises(ValueError, match="dtype: 'torch.float64' there, 'torch.float32' here"):
        train_aae(small_aae(), DIGITS[:128], 1, **options)


@pytest.mark.parametrize(
    ("images", "options", "words"),
    [
        (torch.zeros(4, 64), {}, r"images: expected a floating-point tensor \(N, C, H, W\)"),
        (torch.zeros(4, 1, 8, 8).long(), {}, "got a torch.int64 tensor of shape"),
        (torch.zeros(0, 1, 8, 8), {}, "expected at least one, got none"),
        (torch.full((4, 1, 8, 8), 255.0), {}, "divide 8-bit images by 255"),
        (torch.full((4, 1, 8, 8), math.nan), {}, "expected finite values"),
        (torch.zeros(4, 1, 8, 8), {"epochs": 0}, "epochs: expected a whole number .* 1, got 0"),
        (torch.zeros(4, 1, 8, 8), {"batch_size": 0}, "batch_size: expected"),
        (torch.zeros(4, 1, 8, 8), {"checkpoint_every": 1.5}, "checkpoint_every: expected"),
        (torch.zeros(4, 1, 8, 8), {"decay": 0.0}, "decay: expected a share of the run"),
        ("digits", {}, r"got 'digits'; give load_images\('digits'\).images"),
        (np.zeros((4, 64)), {}, r"expected an array \(N, C, H, W\).*got float64 of shape"),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused(images, options, words):
    with pytest.raises(ValueError, match=words):
        train_aae(small_aae(), images, **({"epochs": 1} | options))


# ---- checkpoints ----


def test_a_run_stopped_between_checkpoints_ends_bit_for_bit_like_the_uninterrupted_one(tmp_path):
    whole, halted = small_aae(), small_aae()
    expected = train_aae(whole, DIGITS[:400], 4, **SMALL)

    class Stop(Exception):
        pass

    def stop(info):
        if info["step"] == 17:
            raise Stop

    options = SMALL | {"checkpoint": tmp_path / "run.safetensors", "checkpoint_every": 5}
    with pytest.raises(Stop):
        train_aae(halted, DIGITS[:400], 4, callback=stop, **options)
    again, seen = small_aae(), []
    history = train_aae(again, DIGITS[:400], 4, callback=seen.append, **options)
    assert seen[0]["step"] == 16, "it went on after the last whole checkpoint"
    assert torch.equal(weights(again), weights(whole))
    for name in expected.losses:
        np.testing.assert_array_equal(history[name], expected[name])


VICTIM = """
import os, sys
from nav_utils.data import load_images
from nav_utils.models import AAE
from nav_utils.training import adam, train_aae
model = AAE((1, 8, 8), 2, hidden=(32, 16), discriminator_hidden=(16, 16))
images = load_images("digits").images[:640]
adam(model.parameters(), 0.0)  # the first optimiser loads more of torch
for line in sys.stdin:  # a process for each, forked: what takes seconds is loaded once
    child = os.fork()
    if child == 0:
        train_aae(model, images, 60, checkpoint=sys.argv[1], checkpoint_every=1, progress=False)
        os._exit(0)
    print(child, flush=True)
    print(os.WTERMSIG(os.waitpid(child, 0)[1]), flush=True)
"""


def test_nothing_is_ever_written_under_a_third_name(tmp_path):
    """A process killed while it writes can leave only `.partial` behind, which a resume removes."""
    seen, done = set(), threading.Event()

    def watch():
        while not done.is_set():
            seen.update(os.listdir(tmp_path))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(5):
        write_safetensors(tmp_path / "run.safetensors", {"a": torch.ones(4_000_000)}, {})
    done.set()
    watcher.join()
    assert seen <= {"run.safetensors", "run.safetensors.partial"}


def test_killed_at_any_moment_it_resumes_from_a_whole_checkpoint(tmp_path):
    file = tmp_path / "run.safetensors"
    command = [sys.executable, "-c", VICTIM, str(file)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as victims:
        for patience in (0.0, 0.05, 0.11):
            size = file.stat().st_mtime_ns if file.exists() else 0
            print(file=victims.stdin, flush=True)
            victim = int(victims.stdout.readline())
            start = time.monotonic()
            while time.monotonic() - start < 60:
                if file.exists() and file.stat().st_mtime_ns != size:
                    break
                time.sleep(0.001)
            time.sleep(patience)
            os.kill(victim, signal.SIGKILL)
            ended_by = int(victims.stdout.readline())
            assert ended_by == signal.SIGKILL, "each process was alive when it was killed"
            assert int(read_safetensors(file)[1]["step"]) >= 1  # whole: it can be read
        victims.stdin.close()
    resumed, whole = small_aae(), small_aae()
    few = DIGITS[:640]
    train_aae(resumed, few, 60, checkpoint=file, checkpoint_every=1000, progress=False)
    train_aae(whole, few, 60, progress=False)
    assert torch.equal(weights(resumed), weights(whole))
    assert [path.name for path in tmp_path.iterdir()] == ["run.safetensors"], (
        "nothing partial is left"
    )


def test_a_finished_run_is_not_run_again(tmp_path):
    options = SMALL | {"checkpoint": tmp_path / "run.safetensors"}
    first, second, seen = small_aae(), small_aae(), []
    train_aae(first, DIGITS[:128], 2, **options)
    history = train_aae(second, DIGITS[:128], 2, callback=seen.append, **options)
    assert seen == [] and len(history) == 4
    assert torch.equal(weights(first), weights(second))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 1}, "seed: 0 there, 1 here"),
        ({"weight": 2.0}, "step options"),
        ({"batch_size": 32}, "batch_size"),
        ({"decay": 1.0}, "decay: 0.3 there, 1.0 here"),
        ({"learning_rate": 1e-4}, "optimizers"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, change, words):
    options = SMALL | {"checkpoint": tmp_path / "run.safetensors"}
    train_aae(small_aae(), DIGITS[:128], 1, **options)
    with pytest.raises(ValueError, match=words):
        train_aae(small_aae(), DIGITS[:128], 1, **(options | change))
    with pytest.raises(ValueError, match="images"):
        train_aae(small_aae(), DIGITS[1:129], 1, **options)


def test_a_damaged_checkpoint_is_refused_by_name(tmp_path):
    file = tmp_path / "run.safetensors"
    write_safetensors(file, {"a": torch.ones(100)}, {"step": "1"})
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(ValueError, match=r"run\.safetensors: expected a whole safetensors file"):
        train_aae(small_aae(), DIGITS[:128], 1, checkpoint=file, **SMALL)


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "run.safetensors"
    write_safetensors(file, {"a": torch.ones(3)}, {"step": "1"})
    monkeypatch.setattr(os, "replace", lambda *a: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_safetensors(file, {"a": torch.zeros(3)}, {"step": "2"})
    assert torch.equal(read_safetensors(file)[0]["a"], torch.ones(3))


# ---- history ----


def test_history_averages_epochs_and_names_the_losses_it_has():
    history = History(2)
    for value in (1.0, 3.0, 5.0):
        history.append({"reconstruction": value})
    assert history.epochs("reconstruction").tolist() == [2.0, 5.0]
    assert len(history) == 3
    with pytest.raises(KeyError, match="no loss called 'kl'; there are: reconstruction"):
        history["kl"]


def test_history_plots_every_loss_with_its_name():
    history = train_vae(VAE((1, 8, 8), 2, (8,)), DIGITS[:64], 2, **SMALL)
    ax = history.plot()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["reconstruction", "kl"]


# ---- the reference run ----


def test_a_model_that_lacks_a_part_is_told_which_parts_there_are():
    model = torch.nn.Module()
    model.encoder, model.decoder = torch.nn.Linear(4, 2), torch.nn.Linear(2, 4)
    model.encode = model.encoder
    with pytest.raises(ValueError, match="without discriminator, decode_logits, logit$") as told:
        train_aae(model, DIGITS[:8], 1, progress=False)
    assert "encode, images (N, C, H, W) to codes (N, d)" in str(told.value)
