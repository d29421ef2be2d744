"""CNGRAD against a loop over samples, first and second order, dense and convolutional."""

import pytest
import torch
from torch import nn
from torch.func import functional_call

from noether_sym.errors import OptionError
from noether_sym.neural.cngrad import ConditionalNorm, adapted, identity

EXACT = {"rtol": 1e-10, "atol": 1e-13}


class RollOut(nn.Module):
    """Next states by a small network, three times: the inner loss needs the whole path."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def forward(self, start):
        path = [start]
        for _ in range(3):
            path.append(path[-1] + 0.3 * self.step(path[-1]))
        return torch.stack(path, 1)


def dense():
    torch.manual_seed(1)
    norm = nn.LayerNorm(6, elementwise_affine=False)
    layers = nn.Sequential(
        nn.Linear(3, 6), norm, ConditionalNorm(6), nn.Tanh(),
        nn.Linear(6, 3), ConditionalNorm(3),
    )  # fmt: skip
    return RollOut(layers).double(), torch.randn(5, 3, dtype=torch.float64)


def pictures():
    torch.manual_seed(2)
    layers = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.GroupNorm(2, 4, affine=False), ConditionalNorm(4),
        nn.Tanh(), nn.Conv2d(4, 2, 3, padding=1), ConditionalNorm(2),
    )  # fmt: skip
    return RollOut(layers).double(), torch.randn(4, 2, 5, 4, dtype=torch.float64)


NETWORKS = pytest.mark.parametrize("made", [dense, pictures])


def embedded(path, weight):
    """A quantity of each frame of (sample, time, ...)."""
    flat = path.flatten(2)
    return torch.tanh(flat @ weight[: flat.shape[-1]])


def noether(path, weight):
    values = embedded(path, weight)
    return (values[:, 1:] - values[:, :1]).square().sum((1, 2))


def embedding():
    generator = torch.Generator().manual_seed(3)
    return torch.randn(40, 2, dtype=torch.float64, generator=generator)


def in_one_batch(network, starts, weight, rate, steps):
    own = adapted(
        lambda given: noether(functional_call(network, dict(given), (starts,)), weight),
        identity(network, len(starts)),
        rate=rate,
        steps=steps,
    )
    return own, functional_call(network, own, (starts,))


def one_by_one(network, starts, weight, rate, steps):
    """Each sample by itself, with the layers' own gamma and beta, as shared by its batch of 1."""
    own, paths = [], []
    for start in starts.split(1):
        now = {name: value.clone().requires_grad_() for name, value in network.named_buffers()}
        for _ in range(steps):
            loss = noether(functional_call(network, now, (start,)), weight).sum()
            slopes = torch.autograd.grad(loss, list(now.values()), create_graph=True)
            now = {
                name: value - rate * slope
                for (name, value), slope in zip(now.items(), slopes, strict=True)
            }
        own.append(now)
        paths.append(functional_call(network, now, (start,)))
    return own, torch.cat(paths)


@NETWORKS
def test_it_is_the_identity_at_the_start(made):
    network, starts = made()
    given = identity(network, len(starts))
    assert {len(value) for value in given.values()} == {len(starts)}
    torch.testing.assert_close(functional_call(network, given, (starts,)), network(starts), **EXACT)
    stripped = nn.Sequential(
        *(layer for layer in network.step if not isinstance(layer, ConditionalNorm))
    )
    torch.testing.assert_close(network(starts), RollOut(stripped)(starts), **EXACT)
    assert not {name for name, _ in network.named_parameters() if name.endswith("gamma")}


@NETWORKS
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_it_is_the_loop_over_samples(made, steps):
    network, starts = made()
    weight = embedding()
    own, paths = in_one_batch(network, starts, weight, 0.2, steps)
    expected, expected_paths = one_by_one(network, starts, weight, 0.2, steps)
    assert len(own) == 4
    for name, value in own.items():
        torch.testing.assert_close(value, torch.stack([one[name] for one in expected]), **EXACT)
        moved = float((value - value[:1]).detach().abs().max())
        assert moved > 1e-3 if steps else moved == 0.0
    torch.testing.assert_close(paths, expected_paths, **EXACT)


@NETWORKS
def test_its_second_order_is_that_of_the_loop(made):
    network, starts = made()
    found = []
    for way in (in_one_batch, one_by_one):
        weight = embedding().requires_grad_()
        rate = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
        task = (way(network, starts, weight, rate, 2)[1] - starts[:, None]).square().sum()
        found.append(torch.autograd.grad(task, [weight, rate, *network.parameters()]))
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-10, atol=1e-11)


def test_its_second_order_is_that_of_finite_differences():
    network, starts = dense()
    weight, rate = embedding()[:3].requires_grad_(), torch.tensor(0.2, dtype=torch.float64)
    targets = starts[:, None] * 0.9
    inputs = [weight, rate.requires_grad_(), network.step[0].weight, network.step[4].bias]

    def task():
        return (in_one_batch(network, starts, weight, rate, 2)[1] - targets).square().sum()

    for tensor, slope in zip(inputs, torch.autograd.grad(task(), inputs), strict=True):
        for place in range(0, tensor.numel(), 5):
            values = []
            for step in (1e-6, -1e-6):
                with torch.no_grad():
                    tensor.view(-1)[place] += step
                values.append(float(task().detach()))
                with torch.no_grad():
                    tensor.view(-1)[place] -= step
            expected = (values[0] - values[1]) / 2e-6
            assert float(slope.view(-1)[place]) == pytest.approx(expected, rel=1e-6, abs=1e-7)


@NETWORKS
def test_a_sample_adapts_alike_in_any_batch(made):
    network, starts = made()
    whole = in_one_batch(network, starts, embedding(), 0.2, 2)[1]
    alone = in_one_batch(network, starts[1:2], embedding(), 0.2, 2)[1]
    torch.testing.assert_close(whole[1:2], alone, **EXACT)


def test_the_step_lowers_every_samples_loss():
    network, starts = dense()
    before = noether(network(starts), embedding())
    after = noether(in_one_batch(network, starts, embedding(), 1e-3, 1)[1], embedding())
    assert (after < before).all()


def test_a_sample_that_diverges_leaves_the_others_alone():
    network, starts = dense()
    sound = in_one_batch(network, starts, embedding(), 0.2, 2)[1]
    starts[2] = float("nan")
    spoilt = in_one_batch(network, starts, embedding(), 0.2, 2)[1]
    keep = torch.arange(5) != 2
    torch.testing.assert_close(spoilt[keep], sound[keep], **EXACT)
    assert spoilt[2].isnan().all()


def test_predicting_keeps_no_history():
    network, starts = dense()
    expected = in_one_batch(network, starts, embedding(), 0.2, 2)[0]
    with torch.no_grad():
        without = in_one_batch(network, starts, embedding(), 0.2, 2)[0]
    first_order = adapted(
        lambda given: noether(functional_call(network, dict(given), (starts,)), embedding()),
        identity(network, 5),
        rate=0.2,
        steps=2,
        second_order=False,
    )
    for name, value in expected.items():
        assert value.requires_grad
        for own in (without[name], first_order[name]):
            assert not own.requires_grad
            torch.testing.assert_close(own, value.detach(), **EXACT)


def test_a_layer_that_the_loss_does_not_read_stays_the_identity():
    network = nn.Sequential(nn.Linear(3, 3), ConditionalNorm(3), nn.Tanh(), ConditionalNorm(3))
    starts = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))

    def loss(given):
        first = {"gamma": given["1.gamma"], "beta": given["1.beta"]}
        return functional_call(network[1], first, (network[0](starts),)).square().sum(1)

    own = adapted(loss, identity(network, 4), rate=0.1)
    assert (own["3.gamma"] == 1).all()
    assert (own["1.gamma"] != 1).any()


def test_what_mixes_samples_is_refused():
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, affine=False), ConditionalNorm(4))
    with pytest.raises(OptionError, match=r"^1 normalises over the batch.* use LayerNorm"):
        identity(network, 2)
    assert identity(network.eval(), 2)["2.gamma"].shape == (2, 4)
    network[1] = nn.BatchNorm1d(4, affine=False, track_running_stats=False).eval()
    with pytest.raises(OptionError, match="normalises over the batch"):
        identity(network, 2)


def test_a_network_without_the_layers_is_refused():
    with pytest.raises(OptionError, match="no ConditionalNorm layer"):
        identity(nn.Linear(3, 3), 2)


def test_a_loss_that_is_averaged_or_forgets_the_conditions_is_refused():
    network, starts = dense()
    given = identity(network, 5)
    with pytest.raises(OptionError, match=r"shape \(\); give one number a sample, \(5,\)"):
        adapted(
            lambda own: noether(functional_call(network, dict(own), (starts,)), embedding()).mean(),
            given,
            rate=0.1,
        )
    with pytest.raises(OptionError, match="does not depend on the conditions"):
        adapted(lambda own: starts.sum(1), given, rate=0.1)
