"""Tailoring: exact inner steps, their gradients, roll-outs, the stage as a whole."""

import json
import math

import numpy as np
import pytest
import torch
from networks import PENDULUM, PRODUCT, P, Q, law_of, quantities_of, small_weights

from noether_sym.datasets import load
from noether_sym.dsl.expression import call, parameter
from noether_sym.errors import DeviceError
from noether_sym.runtime.device import resolve_device, single_threaded
from noether_sym.store.schema import decode, encode, to_json
from noether_sym.tailor import TailorOptions, tailor
from noether_sym.tailor.document import TailoringDocument
from noether_sym.tailor.inner_step import projected_field, tailored_field
from noether_sym.tailor.network import (
    Problem,
    Weights,
    hamiltonian_field,
    hamiltonian_scale,
    initial_weights,
    layers,
    power_of_ten,
    train,
)
from noether_sym.tailor.rollout import Targets, roll_out, squared_errors, training_pieces
from noether_sym.tailor.trials import DIVERGED, OK, OUT_OF_DOMAIN, Setting, meta_tailoring


@pytest.fixture(autouse=True)
def _one_thread():
    """Two threads on a busy machine wait for each other longer than they compute."""
    with single_threaded():
        yield


def double(weights):
    return Weights(*(tensor.double() for tensor in weights.tensors()))


def explicit_inner_step(weights, state, rate, law, loss, step):
    """The paper's equation 3 as written: a copy of all weights for one state, by autograd."""
    tensors = [tensor[0] for tensor in weights.tensors()]

    def network(w1, b1, w2, b2, w3):
        return w3 @ torch.tanh(w2 @ torch.tanh(w1 @ state + b1) + b2)

    def noether(*own):
        output = network(*own)
        if loss == "drift":
            return (law.torch_gradient(state) * output).sum() ** 2
        ahead = law.torch_value(state + output * step)
        return ((ahead - law.torch_value(state)) / step) ** 2

    slopes = torch.autograd.grad(noether(*tensors), tensors, create_graph=True)
    moved = [tensor - rate * slope for tensor, slope in zip(tensors, slopes, strict=True)]
    return network(*moved)


@pytest.mark.parametrize("loss", ["drift", "difference"])
@pytest.mark.parametrize("law", [PENDULUM, PRODUCT])
def test_inner_step_is_the_one_of_the_paper(law, loss):
    weights = small_weights()
    for tensor in weights.tensors():
        tensor.requires_grad_()
    states = torch.randn((5, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    rates = torch.tensor([0.05], dtype=torch.float64)
    fast = tailored_field(weights, states[None], rates, quantities_of([law]), loss=loss)[0]
    for row, state in enumerate(states):
        slow = explicit_inner_step(weights, state, 0.05, law, loss, 0.1)
        torch.testing.assert_close(fast[row], slow, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("loss", ["drift", "difference"])
def test_outer_gradient_matches_autograd_through_the_explicit_step(loss):
    weights = small_weights()
    for tensor in weights.tensors():
        tensor.requires_grad_()
    states = torch.randn((4, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    target = torch.randn((4, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    rates = torch.tensor([0.03], dtype=torch.float64)
    fast = tailored_field(weights, states[None], rates, quantities_of([PENDULUM]), loss=loss)[0]
    fast_slopes = torch.autograd.grad((fast - target).square().mean(), weights.tensors())
    slow = torch.stack(
        [explicit_inner_step(weights, state, 0.03, PENDULUM, loss, 0.1) for state in states]
    )
    slow_slopes = torch.autograd.grad((slow - target).square().mean(), weights.tensors())
    for one, two in zip(fast_slopes, slow_slopes, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-10, atol=1e-12)


def test_outer_gradient_matches_finite_differences():
    weights = small_weights(hidden=4)
    states = torch.randn((3, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    rates = torch.tensor([0.2], dtype=torch.float64)

    def outer(*tensors):
        field = tailored_field(Weights(*tensors), states[None], rates, quantities_of([PENDULUM]))
        return field.square().mean()

    tensors = tuple(tensor.requires_grad_() for tensor in weights.tensors())
    assert torch.autograd.gradcheck(outer, tensors, eps=1e-6, atol=1e-8)


def test_tries_do_not_mix():
    weights = small_weights(trials=6)
    states = torch.randn((6, 5, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    rates = torch.linspace(0.01, 0.1, 6, dtype=torch.float64)
    laws = [PENDULUM, PRODUCT]
    together = tailored_field(weights, states, rates, quantities_of(laws))
    for row in range(6):
        own = Weights(*(tensor[row : row + 1] for tensor in weights.tensors()))
        alone = tailored_field(
            own, states[row : row + 1], rates[row : row + 1], quantities_of([laws[row // 3]])
        )
        torch.testing.assert_close(together[row], alone[0], rtol=1e-12, atol=1e-12)


def test_inner_step_lowers_the_drift():
    weights = small_weights()
    states = torch.randn((50, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    quantities = quantities_of([PENDULUM])
    gradient = quantities.gradients(states[None])
    before = (gradient * layers(weights, states[None])[2]).sum(-1).square().mean()
    rates = torch.tensor([1e-3], dtype=torch.float64)
    after = (gradient * tailored_field(weights, states[None], rates, quantities)).sum(-1)
    assert after.square().mean() < before


def test_projection_removes_the_drift():
    output = torch.randn(
        (1, 20, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(8)
    )
    gradients = torch.randn(
        (1, 20, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(9)
    )
    gradients[0, 0] = 0.0
    projected = projected_field(output, gradients)
    assert (projected * gradients).sum(-1).abs().max() < 1e-12
    torch.testing.assert_close(projected[0, 0], output[0, 0])


def test_undefined_gradients_are_masked():
    reciprocal = law_of(call("div", P, Q))
    states = torch.tensor([[[0.0, 1.0], [1.0, 1.0]]], dtype=torch.float64)
    gradients = quantities_of([reciprocal]).gradients(states)
    assert torch.isfinite(gradients).all()
    assert (gradients[0, 0] == 0).all()
    assert (gradients[0, 1] != 0).all()


def test_hamiltonian_field_is_the_symplectic_gradient():
    weights = small_weights(columns=4, outputs=1)
    states = torch.randn(
        (1, 6, 4), dtype=torch.float64, generator=torch.Generator().manual_seed(10)
    )
    states.requires_grad_()
    (slope,) = torch.autograd.grad(layers(weights, states)[2].sum(), states)
    ones = torch.ones(4, dtype=torch.float64)
    field = hamiltonian_field(weights, states, ((0, 2), (1, 3)), ones)
    expected = torch.stack([slope[..., 2], slope[..., 3], -slope[..., 0], -slope[..., 1]], -1)
    torch.testing.assert_close(field, expected)


def test_hamiltonian_scale_keeps_one_hamiltonian():
    problem = Problem(
        torch.zeros(1, 2),
        torch.zeros(1, 2),
        np.array([1.0, 100.0]),
        np.array([10.0, 1.0]),
        0.0,
        ((0, 1),),
    )
    # dq/dt = dH/dp: with H = K h, slope[q]*f[q] = K/state[p] dh/dp, and likewise for p
    scale = hamiltonian_scale(problem).double().numpy()
    constants = scale * np.array([10.0 * 100.0, 1.0 * 1.0])
    assert constants[0] == pytest.approx(constants[1])


@pytest.mark.parametrize(("size", "expected"), [(1.0, 1.0), (2.9, 1.0), (0.4, 1.0), (30.0, 10.0)])
def test_scales_are_powers_of_ten(size, expected):
    assert power_of_ten(np.full((5, 1), size)).tolist() == [expected]
    assert power_of_ten(np.zeros((5, 1))).tolist() == [1.0]


def circle(count, step=0.1, start=0.0):
    from noether_sym.datasets import Trajectory

    times = start + step * np.arange(count)
    states = np.stack([np.cos(times), -np.sin(times)], 1)
    return Trajectory("circle", times, states, np.stack([-np.sin(times), -np.cos(times)], 1))


def unit_problem():
    return Problem(torch.zeros(1, 2), torch.zeros(1, 2), np.ones(2), np.ones(2), 0.0, ())


def test_roll_outs_follow_a_known_field_over_unequal_lengths():
    targets = Targets.of([circle(30), circle(50, start=1.0)], unit_problem())
    matrix = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
    path = roll_out(lambda states: states @ matrix.T, 1, targets)
    errors = squared_errors(path, targets)
    assert np.isnan(errors[0, 0, 30:]).all()
    assert np.nanmax(errors) < 1e-10
    assert path.shape == (1, 2, 50, 2)


def test_a_diverged_roll_out_is_infinitely_wrong_not_nan():
    targets = Targets.of([circle(30)], unit_problem())
    errors = squared_errors(roll_out(lambda states: 1e3 * states, 2, targets), targets)
    assert np.isinf(errors[:, 0, -1]).all()
    assert not np.isnan(errors).any()


def test_training_pieces_are_recent_and_no_longer_than_the_test():
    train_part, test_part = circle(1000), circle(200)
    pieces = training_pieces([train_part], [test_part])
    assert all(piece.times[0] >= train_part.times[-200] for piece in pieces)
    assert len(pieces) > 1
    short = [circle(20), circle(20)]
    assert [len(piece) for piece in training_pieces(short, short)] == [20, 20]


@pytest.fixture(scope="module")
def spring():
    return load("ideal_spring")


QUICK = {"baseline_steps": 40, "epochs": 3, "rates": (1e-3, 1e-2, 1e3)}


def test_stage_reports_every_trial_with_a_status(spring):
    broken = law_of(call("log", call("sub", P, parameter(0))), 1e3, status="not conserved")
    laws = [law_of(call("add", call("square", Q), call("square", P))), PRODUCT, broken]
    seen = []
    result = tailor(
        spring,
        laws,
        oracle=law_of(call("add", call("square", Q), call("square", P)), status="known"),
        options=TailorOptions(seeds=2, **QUICK),
        progress=lambda *step: seen.append(step),
    )
    document = json.loads(encode(result.document))
    # the least mean over networks of the logarithm of the best training error
    errors = [
        [
            min(
                (
                    row["train_error"]
                    for row in seed["trials"]
                    if row["candidate"] == candidate and row["train_error"] is not None
                ),
                default=math.inf,
            )
            for seed in document["seeds"]
        ]
        for candidate in range(len(laws))
    ]
    assert errors[2] == [math.inf, math.inf]
    assert result.selected == int(np.argmin(np.log(errors).mean(1)))
    assert document["selected"] == laws[result.selected].text()
    assert document["selected_candidate"] == result.selected
    assert document["energy_is"] == "known law"
    assert decode(encode(result.document).encode(), TailoringDocument, "it") == result.document
    assert len(document["seeds"]) == 2
    for seed in document["seeds"]:
        assert {row["status"] for row in seed["trials"]} <= {OK, DIVERGED, OUT_OF_DOMAIN}
        diverged = [row for row in seed["trials"] if row["rate"] == 1e3 and row["candidate"] == 0]
        assert diverged[0]["status"] == DIVERGED
        assert diverged[0]["train_error"] is None
        assert {row["status"] for row in seed["trials"] if row["candidate"] == 2} == {OUT_OF_DOMAIN}
        methods = [row["method"] for row in seed["controls"]]
        assert methods[:3] == ["vanilla", "extra epochs", "hnn"]
        assert {"projected", "tailored", "meta-tailored", "oracle"} <= set(methods)
        best = min(
            (
                row
                for row in seed["trials"]
                if row["candidate"] == result.selected and row["train_error"] is not None
            ),
            key=lambda row: row["train_error"],
        )
        chosen = next(row for row in seed["controls"] if row["method"] == "meta-tailored")
        assert chosen["rate"] == best["rate"]
        assert chosen["train_rmse"] == pytest.approx(math.sqrt(best["train_error"]))
    stages = {stage for stage, _, _ in seen}
    assert stages >= {f"seed {n}/2, {stage}" for n in (1, 2) for stage in ("screen", "meta-tailor")}
    assert all(done <= total for _, done, total in seen)
    vanilla = next(row for row in document["summary"] if row["method"] == "vanilla")
    assert vanilla["rmse_over_vanilla"] == 1.0
    assert vanilla["test_rmse"]["count"] == 2


def test_the_answer_does_not_depend_on_the_number_of_jobs(spring):
    laws = [law_of(call("add", call("square", Q), call("square", P))), PRODUCT]
    documents = [
        tailor(spring, laws, options=TailorOptions(jobs=jobs, **QUICK)).document for jobs in (1, 2)
    ]
    assert encode(documents[0]) == encode(documents[1])


def test_a_law_that_measures_itself_is_said_to(spring):
    law = law_of(call("add", call("square", Q), call("square", P)))
    document = tailor(spring, [law], options=TailorOptions(**QUICK)).document
    assert document.energy_is == "selected law"
    assert document.energy == document.selected
    assert document.selected_accepted


def test_without_laws_only_the_controls_are_reported(spring):
    result = tailor(spring, [], options=TailorOptions(**QUICK))
    assert result.selected is None
    methods = [row.method for row in result.document.seeds[0].controls]
    assert result.document.energy_is is None
    assert methods == ["vanilla", "extra epochs", "hnn"]


def test_hamiltonian_nn_needs_canonical_pairs():
    result = tailor(load("lorenz"), [], options=TailorOptions(**QUICK))
    row = result.document.seeds[0].controls[2]
    assert to_json(row) == {
        "method": "hnn",
        "status": "not applicable",
        **dict.fromkeys(("candidate", "rate", "train_rmse", "test_rmse", "test_mse", "energy_mse")),
    }


def test_more_training_lowers_the_loss(spring):
    problem = Problem.of(spring, "cpu")
    start = initial_weights(2, 2, 0, "cpu")
    weights, losses = train(problem, start, 60)
    assert losses[-1] < 0.2 * losses[0]
    setting = Setting(
        problem,
        Targets.of(spring.train, problem),
        Targets.of(spring.test, problem),
        0.1,
        "drift",
        2,
    )
    law = law_of(call("add", call("square", Q), call("square", P)))
    outcomes = meta_tailoring(setting, weights, [0], [law], [(1e-3, 1e-2)])
    assert [outcome.rate for outcome in outcomes] == [1e-3, 1e-2]
    assert all(outcome.status == OK for outcome in outcomes)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused(spring):
    with pytest.raises(DeviceError, match="no CUDA device"):
        resolve_device("cuda")
    assert resolve_device("auto") == "cpu"


@pytest.mark.gpu
def test_gpu_and_cpu_agree(spring):
    laws = [law_of(call("add", call("square", Q), call("square", P))), PRODUCT]
    documents = [
        tailor(spring, laws, options=TailorOptions(device=device, **QUICK)).document
        for device in ("cpu", "cuda")
    ]
    for one, two in zip(*(document.seeds[0].trials for document in documents), strict=True):
        assert one.status == two.status
        if one.train_error is not None:
            assert one.train_error == pytest.approx(two.train_error, rel=0.05)
