"""The Noether loss on pictures, and CNGRAD in the predictor of frames."""

import pytest
import torch

from noether_sym.errors import OptionError
from noether_sym.neural.video import noether
from noether_sym.neural.video.noether import FORMS, PLACES, Inner, embedding, predict
from noether_sym.neural.video.svg import Sizes, svg
from noether_sym.neural.video.windows import Windows

SMALL = Sizes(size=8, width=2, code=4, hidden=4)


@pytest.fixture
def case():
    generator = torch.Generator().manual_seed(0)
    frames = torch.rand((3, 5, 1, 8, 8), generator=generator, dtype=torch.float64)
    actions = torch.rand((3, 3, 1), generator=generator, dtype=torch.float64)
    networks = svg(SMALL, seed=1).double(), embedding(SMALL, outputs=5, seed=2).double()
    return *networks, Windows(frames[:, :2], actions, frames[:, 2:])


def test_the_embedding_sees_each_frame_beside_the_one_before(case):
    _, g, windows = case
    pairs = noether.pairs_of(windows.past, windows.future)
    assert pairs.shape == (3, 4, 2, 8, 8)
    assert torch.equal(pairs[:, 0], windows.past[:, :, 0])
    assert torch.equal(pairs[:, 1, 0], windows.past[:, 1, 0])
    assert torch.equal(pairs[:, 1, 1], windows.future[:, 0, 0])
    values = torch.stack([g(own) for own in pairs])
    for form, first in (("start", values[:, :1]), ("steps", values[:, :-1])):
        found = noether.noether_losses(g, windows.past, windows.future, form)
        torch.testing.assert_close(found, (values[:, 1:] - first).square().sum((1, 2)))
    with pytest.raises(OptionError, match="two past frames"):
        noether.pairs_of(windows.past[:, :1], windows.future)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", FORMS)
def test_all_samples_together_equal_a_loop_over_samples(case, place, form):
    f, g, windows = case
    inner = Inner(rate=0.05, steps=2, form=form, place=place)
    together = predict(f, g, windows.past, windows.actions, inner)
    one = slice(0, 1), slice(1, 2), slice(2, 3)
    alone = [predict(f, g, windows.past[own], windows.actions[own], inner) for own in one]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-9, atol=1e-12)
    assert (together - f(windows.past, windows.actions)).abs().max() > 1e-6


@pytest.mark.parametrize("place", PLACES)
def test_the_gradient_of_the_embedding_is_that_of_finite_differences(case, place):
    f, g, windows = case
    inner = Inner(rate=0.05, steps=2, place=place)

    def error():
        frames = predict(f, g, windows.past, windows.actions, inner)
        return (frames - windows.future).square().mean()

    slopes = torch.autograd.grad(error(), [g.last.weight, f.decoder.last.weight])
    for weight, slope in zip([g.last.weight, f.decoder.last.weight], slopes, strict=True):
        direction = slope / slope.norm()
        values = []
        for step in (1e-5, -1e-5):
            with torch.no_grad():
                weight.add_(direction, alpha=step)
            values.append(error().detach())
            with torch.no_grad():
                weight.sub_(direction, alpha=step)
        finite = (values[0] - values[1]) / 2e-5
        torch.testing.assert_close((slope * direction).sum(), finite, rtol=1e-4, atol=1e-10)


def test_a_small_step_lowers_the_noether_loss_and_rate_0_changes_nothing(case):
    f, g, windows = case
    plain = f(windows.past, windows.actions)
    before = noether.noether_losses(g, windows.past, plain)
    frames = predict(f, g, windows.past, windows.actions, Inner(rate=1e-3), second_order=False)
    assert (noether.noether_losses(g, windows.past, frames) < before).all()
    still = predict(f, g, windows.past, windows.actions, Inner(rate=0.0))
    assert torch.equal(still, plain)


def test_the_curve_begins_at_the_plain_prediction_and_falls(case):
    f, g, windows = case
    points = list(noether.inner_curve(f, g, windows, Inner(rate=1e-3, steps=5)))
    assert len(points) == 6
    plain = f(windows.past, windows.actions)
    torch.testing.assert_close(points[0][0], noether.noether_losses(g, windows.past, plain))
    torch.testing.assert_close(points[0][1], (plain - windows.future).square().mean((1, 2, 3, 4)))
    losses = torch.stack([own for own, _ in points])
    assert (losses.diff(dim=0) < 0).all()
    alone = list(noether.inner_curve(f, g, windows.at(slice(1, 2)), Inner(rate=1e-3, steps=5)))
    torch.testing.assert_close(losses[:, 1:2], torch.stack([own for own, _ in alone]))


def test_unknown_words_are_refused():
    with pytest.raises(OptionError, match="start, steps"):
        Inner(form="drift")
    with pytest.raises(OptionError, match="coder, latent"):
        Inner(place="all")
