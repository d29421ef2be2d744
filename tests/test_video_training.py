"""Training that goes on where it was stopped, and the controls of the pixel pendulum."""

import subprocess
import sys

import msgspec
import numpy as np
import pytest
import torch

from noether_sym.errors import RunError
from noether_sym.neural.video import checkpoint, evaluation
from noether_sym.neural.video.checkpoint import Facts
from noether_sym.neural.video.experiment import METHODS, Experiment, Options, read_options
from noether_sym.neural.video.fitting import Schedule, fit

TINY = Options(
    size=8, width=2, hidden=4, outputs=4, episodes=1, tests=3, past=2, horizon=3, stride=20,
    batch=16, warm_epochs=1, warm_horizon=2, epochs=2, more_epochs=2, inner_rate=0.05,
)  # fmt: skip


def silent(stage, done, total):
    pass


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.*") if path.name != ".lock"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A tiny experiment, trained and evaluated in one go."""
    own = Experiment(tmp_path_factory.mktemp("whole"), TINY)
    own.train(silent)
    evaluation.evaluate(own, silent)
    return own


@pytest.fixture(scope="module")
def joint(tmp_path_factory):
    options = msgspec.structs.replace(TINY, joint=True)
    own = Experiment(tmp_path_factory.mktemp("joint"), options)
    own.train(silent)
    return own


_KILLED = """
import os, signal, sys
from pathlib import Path
import msgspec
from noether_sym.neural.video.experiment import Experiment, Options

def progress(stage, done, total):
    if stage == "Noether Network" and done == 2:
        os.kill(os.getpid(), signal.SIGKILL)

options = msgspec.json.decode(sys.argv[2], type=Options)
Experiment(Path(sys.argv[1]), options).train(progress)
"""


def test_a_training_that_was_killed_goes_on_to_the_same_bytes(whole, tmp_path):
    options = msgspec.json.encode(TINY).decode()
    done = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), options], check=False)
    assert done.returncode == -9
    held = checkpoint.load(tmp_path / "noether.safetensors")
    assert held[1].epochs == 1
    calls = []
    again = Experiment(tmp_path, TINY)
    again.train(lambda *own: calls.append(own))
    assert calls == [("Noether Network", 1, 1)]
    evaluation.evaluate(again, silent)
    assert contents(tmp_path) == contents(whole.folder)


def test_with_a_frozen_predictor_rate_0_is_svg_and_the_embedding_learns(whole):
    frames = {own: evaluation.predictions(whole, own, whole.testing) for own in METHODS}
    assert torch.equal(frames["zero"], frames["svg"])
    for one, other in (("more", "svg"), ("noether", "svg"), ("random", "noether")):
        assert not torch.equal(frames[one], frames[other])
    _, drawn, _ = whole.networks("random")
    f, learned, _ = whole.networks("noether")
    assert not torch.equal(drawn.last.weight, learned.last.weight)
    plain, _, _ = whole.networks("svg")
    assert all(map(torch.equal, f.parameters(), plain.parameters()))


def test_trained_together_rate_0_is_further_training(joint):
    held = {name: checkpoint.load(joint.path(name))[0] for name in ("more", "zero", "random")}
    for name, weights in held["more"].items():
        if name.startswith("f."):
            torch.testing.assert_close(held["zero"][name], weights, rtol=1e-5, atol=1e-7)
    _, drawn = joint._networks()
    _, kept, _ = joint.networks("random")
    assert torch.equal(kept.last.weight, drawn.last.weight)
    f, _, _ = joint.networks("random")
    plain, _, _ = joint.networks("more")
    assert not torch.equal(f.decoder.last.weight, plain.decoder.last.weight)


def test_training_lowers_the_loss(tmp_path):
    options = msgspec.structs.replace(TINY, warm_epochs=0, epochs=24, more_epochs=0, rate=1e-2)
    losses = Experiment(tmp_path, options).train(silent)["svg"].losses
    assert losses[-1] < 0.5 * losses[0]


def test_training_and_test_windows_come_from_different_episodes(whole):
    assert len(whole.training) == 10
    assert whole.warming.future.shape == (197, 2, 1, 8, 8)
    assert len(whole.testing) == 3
    assert whole.testing.past.shape == (3, 2, 1, 8, 8)
    assert whole.testing.future.shape == (3, 3, 1, 8, 8)
    assert whole.testing.actions.abs().max() <= 1
    other = Experiment(whole.folder, TINY)
    assert torch.equal(other.testing.future, whole.testing.future)


def test_an_evaluation_holds_every_measure_of_every_method(whole):
    found = evaluation.held(whole.folder, evaluation.EVALUATION_FILE, evaluation.Evaluation)
    assert tuple(found.measures) == METHODS
    assert found.windows == 3
    frames = evaluation.predictions(whole, "noether", whole.testing)
    mse = (frames - whole.testing.future).square().mean((0, 2, 3, 4))
    np.testing.assert_allclose(found.measures["noether"]["mse"], mse, rtol=1e-5)


def test_a_folder_of_other_options_is_refused(whole):
    with pytest.raises(RunError, match=r"other options \(seed, batch\)"):
        Experiment(whole.folder, msgspec.structs.replace(TINY, seed=1, batch=5))


def test_what_is_not_there_or_damaged_is_said(whole, tmp_path):
    with pytest.raises(RunError, match=r"no options\.json; train"):
        read_options(tmp_path)
    fresh = Experiment(tmp_path, TINY)
    with pytest.raises(RunError, match="SVG is trained for 0 of 2 epochs"):
        evaluation.evaluate(fresh, silent)
    for data in (b"", b"nothing", (whole.folder / "svg.safetensors").read_bytes()[:-9]):
        fresh.path("svg").write_bytes(data)
        with pytest.raises(RunError, match=r"svg\.safetensors is damaged"):
            fresh.train(silent)
    fresh.path("svg").write_bytes(whole.path("noether").read_bytes())
    with pytest.raises(RunError, match="networks of other sizes"):
        fresh.train(silent)
    (tmp_path / "options.json").write_text("{")
    with pytest.raises(RunError, match=r"options\.json is damaged"):
        read_options(tmp_path)


def test_two_processes_do_not_train_in_one_folder(whole):
    with whole.locked(), pytest.raises(RunError, match="in use"), whole.locked():
        pass


def test_a_loss_that_is_not_finite_ends_the_training_with_the_weights_before(tmp_path):
    weights = torch.nn.Linear(1, 1)
    calls = []

    def loss(indices):
        calls.append(indices)
        return weights(torch.ones(1)).sum() * (1.0 if len(calls) <= 2 else float("nan"))

    path = tmp_path / "own.safetensors"
    networks, schedule = {"own": weights}, Schedule(epochs=5, batch=1, rate=0.1, seed=0)
    kept = fit(networks, loss, 1, schedule, path=path, progress=silent, stage="")
    assert (kept.epochs, kept.diverged, len(kept.losses)) == (2, True, 2)
    assert torch.isfinite(weights.weight).all()
    assert fit(networks, loss, 1, schedule, path=path, progress=silent, stage="") == kept
    assert len(calls) == 3


def test_a_first_epoch_that_is_not_finite_leaves_the_weights_as_they_were(tmp_path):
    weights = torch.nn.Linear(1, 1)
    before = weights.weight.clone()
    kept = fit(
        {"own": weights},
        lambda indices: weights(torch.full((1,), float("inf"))).sum(),
        1,
        Schedule(epochs=2, batch=1, rate=0.1, seed=0),
        path=tmp_path / "own.safetensors",
        progress=silent,
        stage="",
    )
    assert kept.diverged
    assert kept.losses == []
    assert torch.equal(weights.weight, before)


def test_checkpoints_keep_tensors_and_facts(tmp_path):
    path = tmp_path / "new" / "own.safetensors"
    assert checkpoint.load(path) is None
    facts = Facts(epochs=2, losses=[1.0, 0.1])
    checkpoint.save(path, {"a": torch.arange(3.0)}, facts)
    tensors, held = checkpoint.load(path)
    assert held == facts
    assert torch.equal(tensors["a"], torch.arange(3.0))
    assert [own.name for own in path.parent.iterdir()] == [path.name]
