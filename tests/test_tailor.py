"""Tailoring: exact inner steps, their gradients, roll-outs, the stage as a whole."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch
from networks import PENDULUM, PRODUCT, P, Q, law_of, quantities_of, small_weights

from noether_sym.datasets import load
from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.errors import DatasetError, DeviceError
from noether_sym.runtime.device import resolve_device, single_threaded
from noether_sym.store.schema import decode, encode
from noether_sym.tailor import TailorOptions, tailor
from noether_sym.tailor.document import TailoringDocument
from noether_sym.tailor.inner_step import projected_field, tailored_field
from noether_sym.tailor.network import (
    Problem,
    Weights,
    field,
    hamiltonian_field,
    hamiltonian_scale,
    initial_weights,
    layers,
    power_of_ten,
)
from noether_sym.tailor.rollout import Targets, roll_out, squared_errors, training_pieces
from noether_sym.tailor.training import train
from noether_sym.tailor.trials import (
    DIVERGED,
    OK,
    OUT_OF_DOMAIN,
    TEST,
    TRAIN,
    Setting,
    meta_tailoring,
)


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
    """A part of the spring's data that takes little time."""
    whole = load("ideal_spring")
    parts = {
        name: tuple(one.part(0, 8) for one in getattr(whole, name)[:count])
        for name, count in (("train", 10), ("test", 3))
    }
    return dataclasses.replace(whole, **parts)


QUICK = {"baseline_steps": 40, "epochs": 3, "rates": (1e-3, 1e-2, 1e3), "budget": None}
OPTIONS = TailorOptions(**QUICK)


SPRING = law_of(call("add", call("square", Q), call("square", P)))


def test_stage_reports_every_trial_with_a_status(spring):
    broken = law_of(call("log", call("sub", P, parameter(0))), 1e3)
    laws = [SPRING, broken, PRODUCT]
    seen = []
    result = tailor(
        spring,
        laws,
        oracle=SPRING.with_(status="known"),
        options=TailorOptions(seeds=2, **QUICK),
        progress=lambda *step: seen.append(step),
    )
    document = json.loads(encode(result.document))
    assert document["choice"]["candidate"] == 0
    assert document["choice"]["control_candidate"] == 2
    assert document["selected_candidate"] == (0 if document["choice"]["selected"] else None)
    assert document["energy_is"] == "known law"
    assert document["roll_outs"]["validation"]["sequences"] == 2
    assert decode(encode(result.document).encode(), TailoringDocument, "it") == result.document
    assert len(document["seeds"]) == 2
    for seed in document["seeds"]:
        for trials, other in ((seed["screening"], "validation_error"), (seed["trials"], None)):
            assert {row["status"] for row in trials} <= {OK, DIVERGED, OUT_OF_DOMAIN}
            diverged = [row for row in trials if row["rate"] == 1e3 and row["candidate"] == 0]
            assert diverged[0]["status"] == DIVERGED
            assert diverged[0]["train_error"] is None
            assert {row["status"] for row in trials if row["candidate"] == 1} == {OUT_OF_DOMAIN}
            assert {row["candidate"] for row in trials} == {0, 1, 2}
            if other is not None:
                assert {row[other] for row in trials} == {None}
        assert [row["method"] for row in seed["plain"]] == ["vanilla", "extra epochs"]
        methods = [row["method"] for row in seed["controls"]]
        assert methods[:3] == ["vanilla", "extra epochs", "hnn"]
        assert methods[3:7] == ["projected", "tailored", "meta-tailored", "not a law"]
        assert methods[7:] == ["oracle tailored", "oracle"]
        rows = {row["method"]: row for row in seed["controls"]}
        for method, candidate in (("meta-tailored", 0), ("not a law", 2)):
            best = min(
                (
                    row
                    for row in seed["trials"]
                    if row["candidate"] == candidate and row["status"] == OK
                ),
                key=lambda row: row["validation_error"],
            )
            assert rows[method]["rate"] == best["rate"]
            assert rows[method]["candidate"] == candidate
            assert rows[method]["test_rmse"] ** 2 == pytest.approx(rows[method]["test_mse"])
        # the same law at the same rate, for the same network
        assert rows["oracle"]["test_rmse"] == rows["meta-tailored"]["test_rmse"]
    assert {stage for stage, _, _ in seen} == {"tailor"}
    assert all(done <= total for _, done, total in seen)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    vanilla = next(row for row in document["summary"] if row["method"] == "vanilla")
    assert vanilla["rmse_over_vanilla"] == 1.0
    assert vanilla["test_rmse"]["count"] == 2


def test_what_was_not_accepted_is_never_selected(spring):
    true = SPRING.with_(status="varies")
    document = tailor(spring, [PRODUCT.with_(status="accepted"), true], options=OPTIONS).document
    assert document.choice.candidate == 0
    assert document.choice.control_candidate == 1
    assert document.selected_candidate in (0, None)
    alone = tailor(spring, [true], options=OPTIONS).document
    assert alone.selected is None
    assert alone.choice.reason == "nothing was accepted as conserved"
    assert alone.choice.control == true.text()
    methods = [row.method for row in alone.seeds[0].controls]
    assert methods == ["vanilla", "extra epochs", "hnn", "not a law"]
    # no drift of it passes for an energy
    assert alone.energy is None
    assert all(row.energy_mse is None for row in alone.seeds[0].controls)


def test_no_test_state_has_a_say_in_the_choice(spring):
    other = dataclasses.replace(
        spring, test=tuple(dataclasses.replace(one, states=-one.states) for one in spring.test)
    )
    laws = [SPRING, PRODUCT]
    one, two = (tailor(data, laws, options=OPTIONS).document for data in (spring, other))
    assert one.choice == two.choice
    assert one.controls("meta-tailored")[0].rate == two.controls("meta-tailored")[0].rate
    assert one.controls("vanilla")[0].test_rmse != two.controls("vanilla")[0].test_rmse


def test_no_network_of_the_choice_is_trained_on_the_validation_part(spring):
    def noisy(one):
        rates = one.derivatives + np.random.default_rng(0).normal(size=one.derivatives.shape)
        return dataclasses.replace(one, derivatives=rates)

    changed = tuple(map(noisy, spring.train[-2:]))
    other = dataclasses.replace(spring, train=(*spring.train[:-2], *changed))
    one, two = (tailor(data, [SPRING], options=OPTIONS).document for data in (spring, other))
    assert one.choice == two.choice
    assert one.seeds[0].trials == two.seeds[0].trials
    assert one.controls("vanilla") != two.controls("vanilla")


def test_screening_drops_what_is_worst_in_training_and_keeps_laws(spring):
    controls = [
        law_of(call("mul", Q, call("square", P)), status="varies"),
        law_of(call("log", call("sub", P, parameter(0))), 1e3, status="varies"),
        PRODUCT,
    ]
    options = dataclasses.replace(OPTIONS, top=2)
    document = tailor(spring, [*controls, SPRING], options=options).document
    seed = document.seeds[0]
    assert {row.candidate for row in seed.screening} == {0, 1, 2, 3}
    tried = {row.candidate for row in seed.trials}
    assert 3 in tried
    assert len(tried) == 2
    errors = {
        row: min(one.train_error or math.inf for one in seed.screening if one.candidate == row)
        for row in (0, 1, 2)
    }
    assert tried == {3, min(errors, key=errors.get)}


def test_the_answer_does_not_depend_on_the_number_of_jobs(spring):
    laws = [SPRING, PRODUCT]
    documents = [
        tailor(spring, laws, options=TailorOptions(jobs=jobs, **QUICK)).document for jobs in (1, 2)
    ]
    assert encode(documents[0]) == encode(documents[1])


def test_a_law_that_measures_itself_is_said_to(spring):
    document = tailor(spring, [SPRING], options=OPTIONS).document
    assert document.energy_is == "found law"
    assert document.energy == document.choice.law == SPRING.text()


def test_without_laws_only_the_controls_are_reported(spring):
    result = tailor(spring, [], options=OPTIONS)
    assert result.selected is None
    methods = [row.method for row in result.document.seeds[0].controls]
    assert result.document.energy_is is None
    assert methods == ["vanilla", "extra epochs", "hnn"]


def test_hamiltonian_nn_says_why_it_does_not_apply():
    result = tailor(load("lorenz"), [], options=OPTIONS)
    row = result.document.seeds[0].controls[2]
    assert (row.method, row.status, row.test_rmse) == ("hnn", "not applicable", None)
    assert "no two columns" in row.note


def own_data(spring, *more, **changes):
    """The spring as columns x [m], v [m/s] without named pairs, and further columns."""
    from noether_sym.datasets import Column
    from noether_sym.units.coherent import coherent_units

    extra = [name for name, *_ in more]
    units = coherent_units(["m", "m/s", *[unit for _, unit, *_ in more], "s"])
    columns = tuple(
        Column(name, unit) for name, unit in zip(["x", "v", *extra], units[:-1], strict=True)
    )

    def widened(part, offset):
        return tuple(
            dataclasses.replace(
                one,
                states=np.column_stack(
                    [one.states, *(np.full(len(one), of(place + offset)) for _, _, of in more)]
                ),
                derivatives=np.column_stack([one.derivatives, *(np.zeros(len(one)) for _ in more)]),
            )
            for place, one in enumerate(part)
        )

    return dataclasses.replace(
        spring,
        columns=columns,
        time_unit=units[-1],
        train=widened(spring.train, 0),
        test=widened(spring.test, 0.5),
        canonical_pairs=(),
        invariant="",
        **changes,
    )


def test_hamiltonian_nn_takes_pairs_that_units_tell(spring):
    row = tailor(own_data(spring), [], options=OPTIONS).document.seeds[0].controls[2]
    assert row.status == OK
    assert row.test_rmse > 0
    assert "velocities stand for momenta" in row.note


def test_columns_that_stay_constant_have_no_rate(spring):
    data = own_data(spring, ("m", "kg", lambda place: 1.0 + 0.1 * place))
    product = call("mul", input_(2), call("add", call("square", Q), call("square", P)))
    mass, energy = (law_of(one).with_(inputs=data.inputs) for one in (input_(2), product))
    result = tailor(data, [mass, energy], options=OPTIONS)
    document = result.document
    assert "constant along every trajectory" in document.candidates[0].reason
    assert document.candidates[1].reason is None
    assert {row.candidate for row in document.seeds[0].trials} == {1}
    assert document.choice.candidate == 1
    controls = document.seeds[0].controls
    assert {row.status for row in controls} == {OK}
    for control in controls:
        path = result.curves[f"states/{control.method}"]
        np.testing.assert_allclose(path[:, 2], path[0, 2], rtol=1e-12)
    only = tailor(data, [mass], options=OPTIONS).document
    assert only.selected is None
    assert only.choice.reason.startswith("every law reads only columns that are constant")


def test_data_without_time_are_refused_with_what_is_needed(spring):
    data = dataclasses.replace(spring, derivative="none")
    with pytest.raises(DatasetError, match=r"has no time, .* give a time column"):
        tailor(data, [SPRING], options=OPTIONS)


def test_more_training_lowers_the_loss(spring):
    problem = Problem.of(spring, "cpu")
    start = initial_weights(2, 2, 0, "cpu")
    weights = train(problem, start, 60)

    def loss(own):
        return float((field(own, problem.states[None]) - problem.derivatives).square().mean())

    assert loss(weights) < 0.2 * loss(start)
    setting = Setting(
        problem,
        {TRAIN: Targets.of(spring.train, problem), TEST: Targets.of(spring.test, problem)},
        0.1,
        "drift",
        2,
    )
    outcomes = meta_tailoring(setting, weights, [0], [SPRING], [(1e-3, 1e-2)])
    assert [outcome.rate for outcome in outcomes] == [1e-3, 1e-2]
    assert all(outcome.status == OK for outcome in outcomes)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused(spring):
    with pytest.raises(DeviceError, match="no CUDA device"):
        resolve_device("cuda")
    assert resolve_device("auto") == "cpu"


@pytest.mark.gpu
def test_gpu_and_cpu_agree(spring):
    laws = [SPRING, PRODUCT]
    documents = [
        tailor(spring, laws, options=TailorOptions(device=device, **QUICK)).document
        for device in ("cpu", "cuda")
    ]
    for one, two in zip(*(document.seeds[0].trials for document in documents), strict=True):
        assert one.status == two.status
        if one.train_error is not None:
            assert one.train_error == pytest.approx(two.train_error, rel=0.05)
