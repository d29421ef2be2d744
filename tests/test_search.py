"""The search as a whole: what is enumerated, what is merged, which laws come out."""

import numpy as np
import pytest
import torch
from scipy.linalg import expm

from noether_sym.datasets import Dataset, Trajectory, load
from noether_sym.dsl.distinct import enumerate_laws
from noether_sym.dsl.enumeration import Enumeration, count_formulas
from noether_sym.dsl.grammar import GRAMMARS, Grammar
from noether_sym.errors import GrammarError
from noether_sym.runtime.workers import Workers
from noether_sym.search.candidate import decompose
from noether_sym.search.closed_form import best_combination
from noether_sym.search.fit import fit_candidates
from noether_sym.search.program import Batch, Points
from noether_sym.statistics.samples import make_samples
from noether_sym.units.dimension import Dimension
from noether_sym.verdict.stage import FitOptions, distinct_candidates, fit

ANGLE, MOMENTUM = Dimension(), Dimension.of({"kg": 1, "m": 2, "s": -1})
LENGTH, SPEED = Dimension.of({"m": 1}), Dimension.of({"m": 1, "s": -1})
PAPER = GRAMMARS["paper"]


def laws_of(dataset, depth=None, grammar=None, **options):
    distinct = enumerate_laws(GRAMMARS[grammar or "paper"], dataset.dimensions, depth or 7)
    return fit(dataset, distinct, FitOptions(**options)).judgement


def brute_force(grammar, dimensions, depth):
    """Trees as sorted tuples, one size after the other, units checked by the expression."""
    from noether_sym.dsl.expression import call, input_, parameter
    from noether_sym.errors import UnitError

    levels = [{("parameter",): parameter(0)}]
    levels[0].update({("input", i): input_(i) for i in range(len(dimensions))})
    for size in range(2, depth + 1):
        found = {}
        for operator in grammar.operators:
            splits = (
                [(size - 1,)]
                if operator.arity == 1
                else [(left, size - 1 - left) for left in range(1, size - 1)]
            )
            for split in splits:
                pools = [levels[part - 1].items() for part in split]
                pairs = (
                    [(one,) for one in pools[0]]
                    if len(pools) == 1
                    else [(one, two) for one in pools[0] for two in pools[1]]
                )
                for parts in pairs:
                    keys = [key for key, _ in parts]
                    if operator.commutative:
                        keys.sort(key=repr)
                    tree = call(operator.name, *(tree for _, tree in parts))
                    try:
                        tree.renumbered().parameter_dimensions(dimensions)
                    except UnitError:
                        continue
                    found[(operator.name, *keys)] = tree
        levels.append(found)
    return tuple(len(level) for level in levels)


@pytest.mark.parametrize("dimensions", [[ANGLE, MOMENTUM], [LENGTH, SPEED], [LENGTH, LENGTH]])
def test_enumeration_equals_brute_force(dimensions):
    expected = brute_force(PAPER, dimensions, 5)
    assert Enumeration(PAPER, dimensions, 5).counts() == expected
    assert count_formulas(PAPER, dimensions, 5) == expected


def test_streamed_counts_equal_the_arithmetic():
    for grammar in GRAMMARS.values():
        formulas = Enumeration(grammar, [ANGLE, MOMENTUM], 6)
        assert formulas.counts() == count_formulas(grammar, [ANGLE, MOMENTUM], 6)


def test_every_streamed_formula_fits_its_units():
    formulas = Enumeration(PAPER, [LENGTH, SPEED], 6)
    generator = np.random.default_rng(0)
    for block in formulas.blocks(6):
        for row in generator.integers(0, len(block), 200):
            formulas.expression(block, int(row)).parameter_dimensions([LENGTH, SPEED])


def test_depth_0_is_refused():
    with pytest.raises(GrammarError, match="at least 1"):
        enumerate_laws(PAPER, [LENGTH], 0)


def texts(dimensions, depth, grammar=PAPER):
    found = enumerate_laws(grammar, dimensions, depth).expressions
    return [one.text(["q", "p"], ["a", "b", "c", "d"]) for one in found]


def test_equal_laws_are_listed_once():
    shown = texts([LENGTH, SPEED], 7)
    assert len(shown) == len(set(shown))
    # functions of q alone are one law, and so are those of p
    assert [text for text in shown if "p" not in text] == ["q"]
    assert [text for text in shown if "q" not in text] == ["p"]
    linear = [
        text for text in shown if text in ("q + a*p", "p + a*q", "q - a*p", "a*q - p", "q + p/a")
    ]
    assert linear == ["q + a*p"]
    squares = {"q**2 + a*p**2", "p**2 + a*q**2", "q**2 - a*p**2", "q*q + a*p**2"} & set(shown)
    assert len(squares) == 1


def test_branches_are_not_merged():
    roots = Grammar("roots", ("add", "mul", "square", "sqrt"))
    shown = texts([LENGTH, LENGTH], 6, roots)
    assert "q + sqrt(p**2)" in shown
    assert "q + p" in shown


def values_on(expression, states, parameters):
    return expression.gradient(np, list(states.T), parameters)[1]


@pytest.mark.parametrize(
    ("depth", "rows", "least"), [(4, 10, 5), pytest.param(5, 60, 30, marks=pytest.mark.slow)]
)
def test_no_formula_is_lost(depth, rows, least):
    """Any formula with any constants is, as a law, a member of a listed family."""
    dimensions = [ANGLE, MOMENTUM]
    generator = np.random.default_rng(3)
    candidates = distinct_candidates(enumerate_laws(PAPER, dimensions, depth))
    formulas = Enumeration(PAPER, dimensions, depth)
    states = generator.uniform(0.3, 1.3, (4, 200, 2))
    checked = 0
    for block in formulas.blocks(depth):
        for row in generator.choice(len(block), min(rows, len(block)), replace=False):
            raw = formulas.expression(block, int(row))
            constants = generator.uniform(0.5, 1.5, raw.parameter_count)
            ratio = _best_ratio_along_level_sets(raw, constants, candidates, states)
            if ratio is not None:
                checked += 1
                assert ratio < 1e-6, raw.text(["q", "p"], [str(one) for one in constants])
    assert checked > least


def _best_ratio_along_level_sets(raw, constants, candidates, states):
    """Flow along the level sets of a formula, then let the search find what is conserved."""
    from scipy.integrate import solve_ivp

    def flow(_, x):
        _, slopes = raw.gradient(np, list(x), constants)
        return np.array([slopes[1], -slopes[0]], dtype=float)

    trajectories = []
    for number, start in enumerate(states[0][:6]):
        with np.errstate(all="ignore"):
            speed = np.linalg.norm(flow(0.0, start))
            if not 1e-3 < speed < 1e3:
                return None
            times = np.linspace(0.0, 0.6 / speed, 25)
            done = solve_ivp(flow, (0, times[-1]), start, t_eval=times, rtol=1e-10, atol=1e-12)
        if not done.success or not np.isfinite(done.y).all():
            return None
        path = done.y.T
        trajectories.append(Trajectory(str(number), times, path, np.gradient(path, axis=0)))
    samples = make_samples(trajectories, window=None, seed=0)
    return min(one.ratio for one in fit_candidates(candidates, samples))


def ratio_of(expression, samples, nonlinear=()):
    candidate = decompose(expression)
    batch = Batch([candidate], Points(samples, "cpu"))
    start = torch.tensor([[list(nonlinear)]], dtype=torch.float64).reshape(1, 1, -1)
    return best_combination(batch.values(start), batch.weights)


def test_ratio_is_blind_to_scale_shift_and_units():
    from noether_sym.dsl.expression import call, input_

    spring = load("ideal_spring", noise=0.05)
    product = call("mul", input_(0), input_(1))
    base = make_samples(spring.train, window=None, seed=0)
    stretched = [
        Trajectory(one.name, one.times, one.states * [1e6, 1e-9], one.derivatives * [1e6, 1e-9])
        for one in spring.train
    ]
    other = make_samples(stretched, window=None, seed=0)
    one, two = (float(ratio_of(product, samples).ratio) for samples in (base, other))
    assert one == pytest.approx(two, rel=1e-9)
    within = base.states[0] * base.states[1]
    control = base.surrogate[0] * base.surrogate[1]
    direct = within.var(axis=1).mean() * 30 / 29 / control.var(ddof=1)
    assert one == pytest.approx(direct, rel=0.02)


def test_a_pole_on_one_control_sample_fakes_nothing():
    from noether_sym.dsl.expression import call, input_, parameter

    spring = load("ideal_spring")
    samples = make_samples(spring.train, window=None, seed=0)
    pole = call("div", input_(0), call("add", input_(1), parameter(0)))
    at = -float(samples.surrogate[1].ravel()[100])
    assert float(ratio_of(pole, samples, [at * (1 + 1e-12)]).ratio) > 0.01


def test_constants_are_no_law():
    from noether_sym.dsl.expression import call, input_

    samples = make_samples(load("ideal_spring").train, window=None, seed=0)
    unity = call("div", input_(0), input_(0))
    (one,) = fit_candidates([decompose(unity)], samples)
    assert one.status == "constant"
    assert one.ratio == np.inf


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("ideal_spring", "q**2 + ", 1.0), ("ideal_pendulum", "p**2 - ", 3.0)],
)
def test_the_papers_laws(name, text, value):
    found = laws_of(load(name))
    assert found.independent == 1
    law = found.laws[0]
    assert law.text().startswith(text)
    assert law.values[0] == pytest.approx(value, rel=1e-6)
    assert law.conservation_ratio < 1e-15
    assert law.heldout_ratio < 1e-15
    assert {one.family for one in found.laws} == {1}


def test_two_independent_laws_of_the_rigid_body():
    found = laws_of(load("rigid_body"))
    assert found.independent == 2
    for law in found.laws:
        assert law.heldout_ratio < 1e-10


@pytest.mark.parametrize(
    "name",
    [
        *("van_der_pol", "damped_oscillator", "driven_pendulum"),
        pytest.param("lorenz", marks=pytest.mark.slow),
    ],
)
def test_silence_where_there_is_no_law(name):
    found = laws_of(load(name))
    assert found.laws == ()
    assert found.independent == 0
    assert found.closest
    assert all(reason for reason in found.reasons)


def test_silence_on_noise_and_on_random_walks():
    generator = np.random.default_rng(5)
    spring = load("ideal_spring")
    for walk in (False, True):
        trajectories = []
        for number in range(20):
            states = generator.normal(size=(60, 2))
            states = states.cumsum(axis=0) if walk else states
            slopes = np.gradient(states, axis=0)
            trajectories.append(Trajectory(str(number), np.arange(60.0), states, slopes))
        dataset = Dataset(
            "noise", spring.columns, spring.time_unit, tuple(trajectories[:15]),
            tuple(trajectories[15:]), "differences",
        )  # fmt: skip
        assert laws_of(dataset, depth=6).laws == ()


@pytest.mark.parametrize(("damping", "duration"), [(1.0, 10), (3.0, 20)])
def test_silence_on_decay(damping, duration):
    """Damped, critical, overdamped: all ends at rest, where formulas with poles are huge."""
    spring = load("ideal_spring")
    matrix = np.array([[0.0, 1.0], [-1.0, -damping]])
    times = np.linspace(0.0, duration, 100)
    step = expm(times[1] * matrix)
    trajectories = []
    for start in np.random.default_rng(5).uniform(-1.0, 1.0, (24, 2)):
        states = [start]
        while len(states) < 100:
            states.append(step @ states[-1])
        rows = np.array(states)
        trajectories.append(Trajectory(str(start), times, rows, rows @ matrix.T))
    dataset = Dataset(
        "decay", spring.columns, spring.time_unit, tuple(trajectories[:20]),
        tuple(trajectories[20:]), "exact",
    )  # fmt: skip
    assert laws_of(dataset, depth=7).laws == ()


def test_a_quantity_is_listed_once():
    found = laws_of(load("charge_in_B"))
    assert found.independent == 3
    formulas = [law for law in found.laws if law.conservation_ratio < 1e-6]
    samples = np.random.default_rng(0).normal(size=(50, len(formulas[0].inputs)))
    values = np.array([law(samples) for law in formulas])
    alike = np.corrcoef(values) ** 2 - np.eye(len(formulas))
    assert alike.max() < 0.9999


def test_real_pendulum(pendulum_file):
    found = laws_of(load("real_pendulum"))
    law = found.laws[0]
    assert law.text().startswith("p**2 - ")
    assert 2.3 < law.values[0] < 2.5
    assert law.window is not None
    assert 0 < law.parameters[0].stderr < 0.1


def test_noise_is_answered_honestly():
    found = laws_of(load("ideal_spring", noise=0.1))
    assert found.laws == ()
    assert found.closest[0].text().startswith("q**2 + ")


def test_the_answer_does_not_depend_on_the_number_of_jobs():
    dataset = load("ideal_spring")
    assert laws_of(dataset, workers=Workers(1)) == laws_of(dataset, workers=Workers(2))
