"""SVG-LP: its passes, the Noether loss in them, training that goes on, and evaluation."""

from dataclasses import replace as resized

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from physics101_files import write_set

from noether_sym.errors import OptionError, RunError
from noether_sym.neural.video import lpips, physics101, svg_lp_experiment
from noether_sym.neural.video.lpips import NotMeasured
from noether_sym.neural.video.metrics import MEASURES, by_horizon
from noether_sym.neural.video.noether import Inner, conditions_of, noether_losses
from noether_sym.neural.video.physics101_split import in_batch
from noether_sym.neural.video.svg_lp import SvgLpSizes, made, predict
from noether_sym.neural.video.svg_lp_coder import VggDecoder, VggEncoder, widths
from noether_sym.neural.video.svg_lp_evaluation import _measured, _noise, evaluate
from noether_sym.neural.video.svg_lp_experiment import (
    METHODS,
    SvgLpExperiment,
    SvgLpOptions,
    read_options,
    task_loss,
)

SIZES = SvgLpSizes(size=16, width=4, code=8, hidden=8, layers=1, latent=4)
OPTIONS = SvgLpOptions(
    size=8, horizon=2, width=4, code=8, hidden=8, layers=1, latent=4, outputs=6, share=0.25,
    split="clip", epochs=2, batch=3, rate=3e-3, inner_rate=0.5,
)  # fmt: skip
LARGER = replace(OPTIONS, size=16, horizon=3, share=0.75, epochs=1)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("data"), ["torus", "block"], frames=16)


@pytest.fixture(scope="module")
def clips(root):
    """Four clips, small enough to train on."""
    return physics101.load(root, OPTIONS.preparation, cached=False)


@pytest.fixture(scope="module")
def larger(root):
    """The same, as large as the structural similarity needs."""
    return physics101.load(root, LARGER.preparation, cached=False)


@pytest.fixture(scope="module")
def trained(larger, tmp_path_factory):
    """Both methods trained on one clip, the other three for testing."""
    experiment = SvgLpExperiment(tmp_path_factory.mktemp("trained"), LARGER, larger)
    experiment.train(quiet)
    return experiment


def quiet(*_):
    """Progress that nobody reads."""


def trains(folder, clips, *methods, **how):
    """An experiment with other options, trained; it and what it says of its trainings."""
    experiment = SvgLpExperiment(folder, replace(OPTIONS, **how), clips)
    return experiment, experiment.train(quiet, methods or METHODS)


def pictures(samples=2, time=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(samples, time, 3, 16, 16, generator=generator)


def noises(samples=2, steps=4, seed=1):
    return torch.randn(samples, steps, 4, generator=torch.Generator().manual_seed(seed))


def test_the_coder_is_that_of_vgg():
    assert widths(128, 64) == (64, 128, 256, 512, 512)
    encoder, decoder = (kind(128, 3, 64, 128) for kind in (VggEncoder, VggDecoder))

    def convolutions(module):
        kinds = torch.nn.Conv2d, torch.nn.ConvTranspose2d
        return [own.out_channels for own in module.modules() if isinstance(own, kinds)]

    down = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512, 128]
    assert convolutions(encoder) == down
    up = [512, 512, 512, 512, 512, 512, 256, 256, 256, 128, 128, 64, 64, 3]
    assert convolutions(decoder) == up
    small = VggEncoder(16, 3, 4, 8), VggDecoder(16, 3, 4, 8)
    codes, skips = small[0](pictures()[:, 0])
    assert codes.shape == (2, 8)
    assert [tuple(own.shape[1:]) for own in skips] == [(4, 16, 16), (8, 8, 8)]
    frames = small[1](codes, skips)
    assert frames.shape == (2, 3, 16, 16)
    assert 0 < frames.min().item() < frames.max().item() < 1
    with pytest.raises(OptionError, match="size of 48; give a power of two"):
        VggEncoder(48, 3, 4, 8)


def test_a_prediction_sees_nothing_of_the_future():
    model, _ = made(SIZES, seed=0)
    frames, noise = pictures(), noises()
    free = model(frames[:, :2], noise)
    assert free.frames.shape == (2, 4, 3, 16, 16)
    assert (free.divergence[:, 0] > 0).all()
    assert (free.divergence[:, 1:] == 0).all()
    forced = model(frames[:, :2], noise, frames[:, 2:])
    assert (forced.divergence > 0).all()
    later = frames.clone()
    later[:, 4] = 0
    other = model(frames[:, :2], noise, later[:, 2:])
    torch.testing.assert_close(other.frames[:, :3], forced.frames[:, :3], rtol=0, atol=0)
    assert (other.frames[:, 3] != forced.frames[:, 3]).any(), "the posterior sees the last one"


def test_the_prediction_is_fed_back_and_the_noise_moves_it():
    model, _ = made(SIZES, seed=0)
    frames, noise = pictures(), noises()
    free = model(frames[:, :2], noise).frames
    # the posterior sees what is fed back, so the past alone is compared
    longer = model(torch.cat([frames[:, :2], free[:, 1:2].detach()], 1), noise)
    torch.testing.assert_close(longer.frames[:, 0], free[:, 0])
    other = noise.clone()
    other[:, 3] += 1
    moved = model(frames[:, :2], other).frames
    torch.testing.assert_close(moved[:, :3], free[:, :3], rtol=0, atol=0)
    assert (moved[:, 3] != free[:, 3]).any()


def test_the_loss_is_that_of_svg():
    frames, truth = pictures(), pictures(seed=3)
    divergence = torch.rand(2, 5, generator=torch.Generator().manual_seed(0))
    by_hand = 0.0
    for time in range(5):
        by_hand += float(torch.nn.functional.mse_loss(frames[:, time], truth[:, time]))
        by_hand += 0.5 * float(divergence[:, time].sum()) / 2
    assert float(task_loss(frames, divergence, truth, 0.5)) == pytest.approx(by_hand, rel=1e-5)


def test_the_divergence_is_torchs():
    from noether_sym.neural.video.svg_lp import _divergence

    mean, log_variance, other, log_other = torch.randn(
        4, 3, 4, generator=torch.Generator().manual_seed(0)
    )
    own, theirs = (
        torch.distributions.Normal(*pair)
        for pair in ((mean, (log_variance / 2).exp()), (other, (log_other / 2).exp()))
    )
    expected = torch.distributions.kl_divergence(own, theirs).sum(1)
    torch.testing.assert_close(_divergence(mean, log_variance, other, log_other), expected)


@pytest.mark.parametrize("forced", [False, True])
def test_inner_rate_zero_is_the_plain_model(forced):
    model, embedding = made(SIZES, seed=0, outputs=6)
    frames, noise = pictures(), noises()
    past, truth = frames[:, :2], frames[:, 2:] if forced else None
    plain = predict(model, None, past, noise, truth, inner=Inner())
    for rate, steps in ((0.0, 1), (0.5, 0)):
        own = predict(model, embedding, past, noise, truth, inner=Inner(rate, steps))
        torch.testing.assert_close(own, plain, rtol=0, atol=0)
    moved = predict(model, embedding, past, noise, truth, inner=Inner(0.5))
    assert (moved.frames != plain.frames).any()


def test_only_coder_and_each_sample_by_itself_adapt():
    model, embedding = (network.double() for network in made(SIZES, seed=0, outputs=6))
    frames, noise = pictures(3).double(), noises(3).double()
    assert {name.split(".")[0] for name in conditions_of(model, 3, "coder")} == {
        "encoder",
        "decoder",
    }
    whole = predict(model, embedding, frames[:, :2], noise, inner=Inner(0.5)).frames
    alone = predict(model, embedding, frames[1:2, :2], noise[1:2], inner=Inner(0.5)).frames
    torch.testing.assert_close(whole[1:2], alone, rtol=1e-9, atol=1e-12)
    still = predict(model, None, frames[:, :2], noise, inner=Inner(0.5)).frames
    assert float((whole - still).detach().abs().max()) > 1e-4


def test_inner_steps_lower_the_noether_loss():
    model, embedding = made(SIZES, seed=0, outputs=6)
    frames, noise = pictures(), noises()
    losses = [
        noether_losses(
            embedding,
            frames[:, :2],
            predict(model, embedding, frames[:, :2], noise, inner=Inner(0.05, steps)).frames[:, 1:],
        )
        for steps in (0, 1, 5)
    ]
    assert (losses[1] < losses[0]).all()
    assert (losses[2] < losses[1]).all()


def test_the_rate_goes_with_the_mean_over_outputs():
    assert OPTIONS.inner == Inner(0.5 / 6, 1, "steps", "coder")


def weights(networks):
    return {
        f"{place}.{name}": own
        for place, network in networks.items()
        for name, own in network.named_parameters()
    }


@pytest.mark.parametrize("method", METHODS)
def test_training_lowers_the_loss(clips, tmp_path, method):
    _, facts = trains(tmp_path, clips, method, epochs=8, flip=False)
    losses = facts[method].losses
    assert len(losses) == 8
    assert losses[-1] < 0.8 * losses[0]


def test_every_weight_is_trained_the_embedding_too(clips, tmp_path):
    experiment, _ = trains(tmp_path, clips, "noether", epochs=1)
    before = weights(experiment._networks("noether"))
    after = weights(dict(zip(("model", "embedding"), experiment.networks("noether"), strict=True)))
    assert {".".join(name.split(".")[:2]) for name in after} == {
        "model.encoder", "model.decoder", "model.predictor", "model.posterior", "model.prior",
        "embedding.features", "embedding.last",
    }  # fmt: skip
    assert not [name for name in after if (after[name] == before[name]).all()]
    plain = weights(experiment._networks("svg"))
    assert all((plain[name] == before[name]).all() for name in plain), "the same start"


def test_with_inner_rate_zero_it_trains_as_the_plain_model(clips, tmp_path):
    experiment, facts = trains(tmp_path, clips, inner_rate=0.0)
    assert facts["noether"].losses == facts["svg"].losses
    noether, plain = (experiment.networks(method)[0].state_dict() for method in METHODS)
    for name, own in plain.items():
        torch.testing.assert_close(noether[name], own, rtol=0, atol=0)


@pytest.mark.parametrize("method", METHODS)
def test_a_training_that_goes_on_gives_the_same_bytes(clips, tmp_path, method):
    whole, facts = trains(tmp_path / "whole", clips, method)
    experiment = SvgLpExperiment(tmp_path / "cut", OPTIONS, clips)

    def killed(stage, done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        experiment.train(killed, (method,))
    assert experiment.trained()[method].epochs == 1
    torch.rand(3)  # nothing is drawn from the global generator
    again, facts_again = trains(tmp_path / "cut", clips, method)
    assert facts_again == facts
    assert again.path(method).read_bytes() == whole.path(method).read_bytes()
    content = again.path(method).read_bytes()
    trains(tmp_path / "cut", clips, method)
    assert again.path(method).read_bytes() == content


def test_another_seed_is_another_training(clips, tmp_path):
    found = {
        tuple(trains(tmp_path / f"{number}", clips, "svg", seed=seed, epochs=1)[1]["svg"].losses)
        for number, seed in enumerate((0, 0, 1))
    }
    assert len(found) == 2


def test_flips_and_noise_are_drawn_anew_each_epoch_and_reach_the_loss(clips, tmp_path):
    experiment = SvgLpExperiment(tmp_path, OPTIONS, clips)
    networks = experiment._networks("svg")
    loss = svg_lp_experiment._Loss(experiment, networks)
    found = []
    for epoch in (0, 1, 0):
        loss.begins(epoch)
        found.append(float(loss(torch.tensor([0, 1])).detach()))
    assert found[0] == found[2] != found[1]
    loss.begins(0)
    loss.mirrored = [not own for own in loss.mirrored]
    assert float(loss(torch.tensor([0, 1])).detach()) != found[0]


def test_what_does_not_go_on_is_told(clips, root, tmp_path):
    experiment = SvgLpExperiment(tmp_path, OPTIONS, clips)
    with pytest.raises(RunError, match="SVG-LP is trained for 0 of 2 epochs; finish it by noether"):
        experiment.networks("svg")
    with pytest.raises(RunError, match=r"networks of other options \(batch, seed\)"):
        SvgLpExperiment(tmp_path, replace(OPTIONS, batch=4, seed=2), clips)
    others = resized(clips, frames=(clips[0], *clips.frames[:3]))
    with pytest.raises(RunError, match="trained on other clips; give the same ones"):
        SvgLpExperiment(tmp_path, OPTIONS, others)
    with pytest.raises(OptionError, match="load them with the preparation of the options"):
        SvgLpExperiment(tmp_path, replace(OPTIONS, size=16), clips)
    assert read_options(tmp_path) == OPTIONS
    (tmp_path / svg_lp_experiment.FILE).write_text("{")
    with pytest.raises(RunError, match="is damaged"):
        read_options(tmp_path)
    with pytest.raises(RunError, match=r"holds no physics101\.json; train networks there first"):
        read_options(root)


def test_a_training_that_diverges_is_a_result(clips, tmp_path):
    experiment, facts = trains(tmp_path, clips, "svg", rate=1e30, epochs=3)
    assert facts["svg"].diverged
    assert facts["svg"].epochs < 3
    assert all(bool(own.isfinite().all()) for own in experiment.networks("svg")[0].parameters())


def test_options_that_make_no_sense_are_told():
    for wrong, message in (
        ({"past": 1}, "past is 1; give at least 2"),
        ({"rate": float("nan")}, "rate is nan"),
        ({"horizon": 0}, "horizon is 0; give at least 1"),
        ({"split": "colour"}, "split is 'colour'; give one of object, clip"),
    ):
        with pytest.raises(OptionError, match=message):
            replace(OPTIONS, **wrong)
    with pytest.raises(OptionError, match="size of 24; give a power of two"):
        made(resized(SIZES, size=24), seed=0)


def measured(experiment, *methods, **how):
    how = {"perceptual": NotMeasured("left out"), "progress": quiet, **how}
    return evaluate(experiment, methods or METHODS, **how)


def test_evaluation_is_by_clip_and_horizon_and_pairs_clips(trained):
    own = measured(trained)
    assert own.clips == [trained.clips.clips[number].name for number in trained.split.test]
    assert own.measures.keys() == set(METHODS)
    for method in METHODS:
        assert own.measures[method].keys() == set(MEASURES)
        for values in own.measures[method].values():
            assert np.shape(values) == (3, 3)
            assert np.isfinite(values).all()
    values = own.measures["svg"]
    assert (np.asarray(values["ssim_range2"]) > values["ssim"]).mean() > 0.8
    assert own.not_measured == {"lpips": "left out"}
    gap = own.difference("noether", "svg", "mse")
    by_hand = np.subtract(own.measures["noether"]["mse"], values["mse"])
    np.testing.assert_allclose(gap.mean, by_hand.mean(0))
    np.testing.assert_allclose(gap.stderr, by_hand.std(0, ddof=1) / 3**0.5)
    again = measured(trained)
    assert again == own
    assert measured(trained, seed=1) != own


def test_a_clip_is_measured_alike_in_any_batch(trained):
    together = measured(trained, "noether").measures["noether"]["psnr"]
    model, embedding = trained.networks("noether")
    parts = [
        _measured(trained, model, embedding, [number], (0, 0), NotMeasured(""))["psnr"][0]
        for number in trained.split.test
    ]
    np.testing.assert_allclose(together, parts, rtol=1e-3)


def test_measures_are_those_of_the_prediction(trained):
    number = trained.split.test[1]
    frames = in_batch(trained.clips, [number], [False])
    model, _ = trained.networks("svg")
    own = model(frames[:, :2], _noise(4, 4, number, (0, 0))[None]).frames[:, 1:]
    expected = by_horizon(own, frames[:, 2:])
    found = measured(trained, "svg").measures["svg"]
    for name in MEASURES:
        np.testing.assert_allclose(found[name][1], expected[name][0], rtol=1e-4)


def test_the_best_of_samples_is_told_from_their_mean(trained):
    single, mean, best = (
        measured(trained, "svg", samples=count, choice=choice)
        for count, choice in ((1, "mean"), (3, "mean"), (3, "best"))
    )
    for name, sign in (("mse", 1), ("psnr", -1), ("ssim", -1)):
        one, average, chosen = (
            sign * np.mean(own.measures["svg"][name], 1) for own in (single, mean, best)
        )
        assert (chosen <= average + 1e-9).all()
        assert (chosen <= one + 1e-9).all()
    assert (best.samples, best.choice) == (3, "best")
    for wrong in ({"choice": "median"}, {"samples": 0}):
        with pytest.raises(OptionError, match="makes no sense; give mean or best, and at least 1"):
            measured(trained, **wrong)


def test_lpips_without_its_parts_is_not_measured(trained, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    missing = lpips.perceptual_distance(64)
    assert isinstance(missing, NotMeasured)
    assert "lpips" in missing.reason or "torchvision" in missing.reason or "TORCH" in missing.reason
    small = lpips.perceptual_distance(16)
    assert small.reason == "frames of 16 x 16 pixels are too small for AlexNet"
    own = measured(trained, "svg", perceptual=missing)
    assert own.not_measured == {"lpips": missing.reason}
    assert "lpips" not in own.measures["svg"]
    assert lpips.backbone_place() == tmp_path / "hub" / "checkpoints" / lpips.BACKBONE


def test_lpips_with_its_parts_is_measured(monkeypatch, tmp_path):
    pytest.importorskip("lpips")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    absent = lpips.perceptual_distance(64)
    assert "AlexNet's weights are not in" in absent.reason
    place = lpips.backbone_place()
    place.parent.mkdir(parents=True)
    place.write_bytes(b"no weights")
    assert "does not hold AlexNet's weights" in lpips.perceptual_distance(64).reason
    shapes = {
        0: (64, 3, 11),
        3: (192, 64, 5),
        6: (384, 192, 3),
        8: (256, 384, 3),
        10: (256, 256, 3),
    }
    torch.manual_seed(0)
    made_up = {}
    for number, (outputs, inputs, kernel) in shapes.items():
        made_up[f"features.{number}.weight"] = torch.randn(outputs, inputs, kernel, kernel) / 30
        made_up[f"features.{number}.bias"] = torch.randn(outputs) / 30
    torch.save(made_up, place)
    distance = lpips.perceptual_distance(64)
    frames = torch.rand(2, 3, 3, 64, 64)
    assert distance(frames, frames).tolist() == [[0.0] * 3] * 2
    near, far = (distance(frames, (frames + step).clamp(0, 1)) for step in (0.02, 0.4))
    assert near.shape == (2, 3)
    assert (near > 0).all()
    assert (far > near).all()
    np.testing.assert_allclose(distance(frames[1:], frames[1:] * 0.5)[0, 2],
                               distance(frames, frames * 0.5)[1, 2], rtol=1e-4)  # fmt: skip


@pytest.mark.gpu
def test_it_trains_and_predicts_on_a_gpu_as_on_a_cpu(larger, tmp_path):
    found = []
    for device in ("cpu", "cuda"):
        experiment = SvgLpExperiment(tmp_path / device, LARGER, larger, device)
        experiment.train(quiet)
        found.append(measured(experiment))
    for method in METHODS:
        cpu, cuda = (own.measures[method]["mse"] for own in found)
        np.testing.assert_allclose(cuda, cpu, rtol=1e-2)
