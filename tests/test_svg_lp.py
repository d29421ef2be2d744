"""SVG-LP: its passes, the Noether loss in them, training that goes on, and evaluation."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from physics101_files import write_set

from noether_sym.errors import OptionError, RunError
from noether_sym.neural.video import lpips, physics101
from noether_sym.neural.video.metrics import MEASURES, by_horizon
from noether_sym.neural.video.noether import Inner, conditions_of, noether_losses
from noether_sym.neural.video.physics101_frames import Preparation
from noether_sym.neural.video.svg_lp import SvgLpSizes, made, predict
from noether_sym.neural.video.svg_lp_coder import VggDecoder, VggEncoder, widths
from noether_sym.neural.video.svg_lp_evaluation import evaluate, measures_of
from noether_sym.neural.video.svg_lp_file import SvgLpOptions, read, write
from noether_sym.neural.video.svg_lp_training import task_loss, train

SIZES = SvgLpSizes(size=16, width=4, code=8, hidden=8, layers=1, latent=4)
SMALL = replace(SIZES, size=8)
OPTIONS = SvgLpOptions(
    sizes=SMALL, outputs=6, epochs=2, batch=3, learning_rate=3e-3, inner_rate=0.5
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("data"), ["torus", "block"], frames=16)


@pytest.fixture(scope="module")
def clips(root):
    """Four clips, small enough to train on."""
    return physics101.load(root, Preparation(frames=4, size=8), cached=False)


@pytest.fixture(scope="module")
def larger(root):
    """The same, as large as the structural similarity needs."""
    return physics101.load(root, Preparation(frames=5, size=16), cached=False)


@pytest.fixture(scope="module")
def noether(larger):
    return train(larger, range(4), replace(OPTIONS, sizes=SIZES, epochs=1))


@pytest.fixture(scope="module")
def plain(larger):
    return train(larger, range(4), replace(OPTIONS, sizes=SIZES, epochs=1, outputs=0))


def pictures(samples=2, time=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(samples, time, 3, 16, 16, generator=generator)


def noises(samples=2, steps=4, seed=1):
    return torch.randn(samples, steps, 4, generator=torch.Generator().manual_seed(seed))


def test_the_coder_is_that_of_vgg():
    assert widths(128, 64) == (64, 128, 256, 512, 512)
    encoder, decoder = (kind(128, 3, 64, 128, "layer") for kind in (VggEncoder, VggDecoder))

    def convolutions(module):
        kinds = torch.nn.Conv2d, torch.nn.ConvTranspose2d
        return [own.out_channels for own in module.modules() if isinstance(own, kinds)]

    down = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512, 128]
    assert convolutions(encoder) == down
    up = [512, 512, 512, 512, 512, 512, 256, 256, 256, 128, 128, 64, 64, 3]
    assert convolutions(decoder) == up
    small = VggEncoder(16, 3, 4, 8, "layer"), VggDecoder(16, 3, 4, 8, "layer")
    codes, skips = small[0](pictures()[:, 0])
    assert codes.shape == (2, 8)
    assert [tuple(own.shape[1:]) for own in skips] == [(4, 16, 16), (8, 8, 8)]
    frames = small[1](codes, skips)
    assert frames.shape == (2, 3, 16, 16)
    assert 0 < frames.min().item() < frames.max().item() < 1
    with pytest.raises(OptionError, match="size of 48; give a power of two"):
        VggEncoder(48, 3, 4, 8, "layer")
    with pytest.raises(OptionError, match="by 'group' is not known"):
        VggEncoder(16, 3, 4, 8, "group")


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
    model, embedding = made(SIZES, seed=0, outputs=6)
    frames, noise = pictures(3), noises(3)
    assert {name.split(".")[0] for name in conditions_of(model, 3, "coder")} == {
        "encoder",
        "decoder",
    }
    whole = predict(model, embedding, frames[:, :2], noise, inner=Inner(0.5)).frames
    alone = predict(model, embedding, frames[1:2, :2], noise[1:2], inner=Inner(0.5)).frames
    torch.testing.assert_close(whole[1:2], alone, rtol=1e-4, atol=1e-5)


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


def weights(training):
    found = dict(training.model.named_parameters())
    if training.embedding is not None:
        found |= {f"g.{name}": own for name, own in training.embedding.named_parameters()}
    return found


@pytest.mark.parametrize("outputs", [0, 6])
def test_training_lowers_the_loss(clips, outputs):
    options = replace(OPTIONS, outputs=outputs, epochs=8, flip=False)
    training = train(clips, range(4), options)
    assert not training.diverged
    assert len(training.losses) == 8
    assert training.losses[-1] < 0.8 * training.losses[0]


def test_every_weight_is_trained_the_embedding_too(clips):
    before = weights(train(clips, range(4), replace(OPTIONS, epochs=0)))
    after = weights(train(clips, range(4), replace(OPTIONS, epochs=1)))
    assert {name.split(".")[0] for name in after} == {
        "encoder", "decoder", "predictor", "posterior", "prior", "g",
    }  # fmt: skip
    still = [name for name in after if (after[name] == before[name]).all()]
    assert not still
    plain = weights(train(clips, range(4), replace(OPTIONS, epochs=0, outputs=0)))
    assert all((plain[name] == before[name]).all() for name in plain)


def test_with_inner_rate_zero_it_trains_as_the_plain_model(clips):
    with_loss = train(clips, range(4), replace(OPTIONS, inner_rate=0.0))
    without = train(clips, range(4), replace(OPTIONS, outputs=0))
    assert with_loss.losses == without.losses
    for name, own in without.model.state_dict().items():
        torch.testing.assert_close(with_loss.model.state_dict()[name], own, rtol=0, atol=0)


@pytest.mark.parametrize("outputs", [0, 6])
def test_a_training_that_goes_on_gives_the_same_bytes(clips, tmp_path, outputs):
    options = replace(OPTIONS, outputs=outputs, epochs=3)
    kept = []
    write(train(clips, range(4), options, keep=lambda own: kept.append(own.losses)), tmp_path / "a")
    assert [len(losses) for losses in kept] == [1, 2, 3]
    write(train(clips, range(4), replace(options, epochs=1)), tmp_path / "cut")
    torch.rand(3)  # nothing is drawn from the global generator
    gone_on = train(clips, range(4), options, held=tmp_path / "cut")
    write(gone_on, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    again = train(clips, range(4), options, held=tmp_path / "b")
    assert again.losses == gone_on.losses
    assert read(tmp_path / "b").losses == gone_on.losses
    assert read(tmp_path / "b").options == options


def test_another_seed_is_another_training(clips):
    options = replace(OPTIONS, outputs=0, epochs=1)
    found = {train(clips, range(4), replace(options, seed=seed)).losses for seed in (0, 0, 1)}
    assert len(found) == 2


def test_what_does_not_go_on_is_told(clips, tmp_path):
    path = tmp_path / "training.safetensors"
    with pytest.raises(RunError, match="does not exist; train first"):
        train(clips, range(4), OPTIONS, held=path)
    write(train(clips, range(4), OPTIONS), path)
    with pytest.raises(RunError, match="begun with other options; give the same"):
        train(clips, range(4), replace(OPTIONS, batch=4), held=path)
    with pytest.raises(RunError, match="begun on other clips; give the same ones and the same s"):
        train(clips, range(3), OPTIONS, held=path)
    content = path.read_bytes()
    for damaged in (content[:1000], b"", content[: len(content) - 4]):
        path.write_bytes(damaged)
        with pytest.raises(RunError, match="is damaged"):
            train(clips, range(4), OPTIONS, held=path)


def test_a_training_that_diverges_is_a_result(clips):
    kept = []
    wild = replace(OPTIONS, learning_rate=1e30, outputs=0, epochs=3)
    training = train(clips, range(4), wild, keep=kept.append)
    assert training.diverged
    assert not kept
    assert len(training.losses) < 3


def test_options_that_make_no_sense_are_told(clips):
    with pytest.raises(OptionError, match="past is 1; give at least 2"):
        SvgLpOptions(past=1)
    assert SvgLpOptions(past=1, outputs=0).past == 1
    with pytest.raises(OptionError, match="needs sizes with norm='layer'"):
        SvgLpOptions(sizes=SvgLpSizes(norm="batch"))
    with pytest.raises(OptionError, match="learning_rate is nan"):
        SvgLpOptions(learning_rate=float("nan"))
    with pytest.raises(OptionError, match=r"8 x 8 pixels; the model takes 3 channels of 128"):
        train(clips, range(4), SvgLpOptions())
    with pytest.raises(OptionError, match="hold 4 frames, and 4 of them are given; none"):
        train(clips, range(4), replace(OPTIONS, past=4))
    with pytest.raises(OptionError, match="no clip to train on"):
        train(clips, [], OPTIONS)


def test_the_plain_model_may_normalise_over_the_batch_as_svg_does(larger, tmp_path):
    sizes = replace(SIZES, norm="batch")
    options = replace(OPTIONS, outputs=0, sizes=sizes, epochs=1)
    training = train(larger, range(4), options)  # a batch of three, and one clip left over
    assert training.losses[0] < 5
    with pytest.raises(OptionError, match="needs batches of two clips or more"):
        train(larger, range(4), replace(options, batch=1))
    write(training, tmp_path / "a")
    first, second = (
        evaluate(own, larger, [0, 1], batch=1).measures["mse"]
        for own in (training, read(tmp_path / "a"))
    )
    np.testing.assert_array_equal(first, second)


def test_evaluation_is_by_clip_and_horizon_and_does_not_depend_on_the_batch(larger, noether):
    own = evaluate(noether, larger, [1, 3, 2], batch=2)
    assert own.clips == tuple(larger.clips[number].name for number in (1, 3, 2))
    assert own.measures.keys() == set(MEASURES)
    assert own.measures["mse"].shape == (3, 3)
    alone = evaluate(noether, larger, [3], batch=1)
    np.testing.assert_allclose(own.measures["psnr"][1], alone.measures["psnr"][0], rtol=1e-3)
    again = evaluate(noether, larger, [1, 3, 2], batch=2)
    np.testing.assert_array_equal(again.measures["ssim"], own.measures["ssim"])
    assert (own.measures["ssim_range2"] > own.measures["ssim"]).mean() > 0.8
    other = evaluate(noether, larger, [1, 3, 2], batch=2, seed=1)
    assert (other.measures["mse"] != own.measures["mse"]).any()
    assert measures_of(own) == (*MEASURES, "lpips")
    assert own.not_measured == {"lpips": "not asked for"}


def test_the_best_of_samples_is_told_from_their_mean(larger, noether):
    single, mean, best = (
        evaluate(noether, larger, range(4), samples=count, choice=choice)
        for count, choice in ((1, "mean"), (3, "mean"), (3, "best"))
    )
    for name, sign in (("mse", 1), ("psnr", -1), ("ssim", -1)):
        over_time = {
            kind: own.measures[name].mean(1)
            for kind, own in (("one", single), ("mean", mean), ("best", best))
        }
        assert (sign * over_time["best"] <= sign * over_time["mean"] + 1e-9).all()
        assert (sign * over_time["best"] <= sign * over_time["one"] + 1e-9).all()
    assert best.choice == "best"
    with pytest.raises(OptionError, match="paired, clip by clip"):
        best.less(mean, "mse")
    with pytest.raises(OptionError, match="a choice of 'median' is not known"):
        evaluate(noether, larger, [0], choice="median")
    with pytest.raises(OptionError, match="at least 1 of each"):
        evaluate(noether, larger, [])


def test_differences_are_paired_by_clip(larger, noether, plain):
    one, other = (evaluate(own, larger, range(4)) for own in (noether, plain))
    gap = one.less(other, "mse")
    by_hand = one.measures["mse"] - other.measures["mse"]
    np.testing.assert_allclose(gap.mean, by_hand.mean(0))
    np.testing.assert_allclose(gap.stderr, by_hand.std(0, ddof=1) / 2)
    assert gap.count == 4


def test_measures_are_those_of_the_prediction(larger, plain):
    from noether_sym.neural.video.physics101_split import in_batch
    from noether_sym.neural.video.svg_lp_evaluation import _noise

    frames = in_batch(larger, [2], [False])
    with torch.no_grad():
        own = plain.model(frames[:, :2], _noise(4, 4, 0, 2, 0)[None]).frames[:, 1:]
    expected = by_horizon(own, frames[:, 2:])
    found = evaluate(plain, larger, [2]).measures
    for name in MEASURES:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)


def test_lpips_without_its_parts_is_not_measured(larger, noether, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    missing = lpips.perceptual_distance(64)
    assert isinstance(missing, lpips.NotMeasured)
    assert "lpips" in missing.reason or "torchvision" in missing.reason or "TORCH" in missing.reason
    small = lpips.perceptual_distance(16)
    assert small.reason == "frames of 16 x 16 pixels are too small for AlexNet"
    own = evaluate(noether, larger, [0], perceptual=missing)
    assert own.not_measured == {"lpips": missing.reason}
    assert "lpips" not in own.measures
    assert lpips.backbone_place() == tmp_path / "hub" / "checkpoints" / lpips.BACKBONE


def test_lpips_with_its_parts_is_measured(clips, monkeypatch, tmp_path):
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
