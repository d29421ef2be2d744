"""Sums in noise: moments without its bias, what is thinned, and confirmation crosswise."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import noether_sym
from noether_sym.datasets import load
from noether_sym.datasets.parts import folds_of
from noether_sym.dsl.expression import call, input_
from noether_sym.laws.law import CONSTRAINT, LAW, UNDECIDED
from noether_sym.search.build import build_law
from noether_sym.search.sums.beside import Beside
from noether_sym.search.sums.forms import NoisyTerms
from noether_sym.search.sums.moments import NoisySamples, moments
from noether_sym.search.sums.noisy import from_noise
from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.parts import Values
from noether_sym.search.sums.scalars import scalars
from noether_sym.search.sums.stage import Fold, columns_of, search_sums
from noether_sym.search.sums.terms import Columns, Term, polynomial, quantities
from noether_sym.search.sums.walk import measured
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.crossfit import CrossFitting

NOISE = 0.1
Q, P = input_(0), input_(1)
TERMS = [
    Term(call("square", P), 2),
    Term(call("cos", Q), 2),
    Term(call("mul", Q, call("square", P)), 4),
    Term(call("exp", Q), 2),
]


def with_noise(dataset, sigma, seed):
    rng = np.random.default_rng(seed)
    noisy = [
        replace(one, states=one.states + sigma * rng.standard_normal(one.states.shape))
        for one in dataset.train
    ]
    return replace(dataset, train=tuple(noisy))


def observed(dataset):
    samples = make_samples(dataset.train, window=None, seed=0)
    return Observations.of(samples, dataset)


@pytest.fixture(scope="module")
def pendulum():
    dataset = load("ideal_pendulum")
    return replace(dataset, train=dataset.train[:8])


def test_moments_without_noise_are_those_of_the_truth(pendulum):
    """The mean over 60 draws of noise, within four of its standard errors."""
    sigma, groups = np.full(2, NOISE), np.arange(8) % 2
    clean = moments(TERMS, NoisySamples(observed(pendulum), np.zeros(2)), groups)
    assert not clean.noise.any()
    found, plain = [], []
    for seed in range(60):
        data = observed(with_noise(pendulum, sigma, seed))
        own = moments(TERMS, NoisySamples(data, sigma), groups)
        scale = np.outer(own.scale, own.scale)
        found.append((own.within - own.noise) * scale)
        plain.append(own.within * scale)
    truth = clean.within * np.outer(clean.scale, clean.scale)
    error = np.std(found, axis=0, ddof=1) / np.sqrt(60)
    assert (np.abs(np.mean(found, axis=0) - truth) < 4 * error).all()
    assert (np.mean(plain, axis=0) - truth > 3 * error)[:, range(4), range(4)].all()


def test_terms_that_are_not_finite_are_left_out(pendulum):
    logarithm = Term(call("log", Q), 2)
    data = observed(pendulum)
    samples = NoisySamples(data, np.full(2, NOISE))
    own = moments([*TERMS, logarithm], samples, np.zeros(8, dtype=int))
    assert own.terms == tuple(TERMS)
    assert np.isfinite(own.within).all()
    assert np.isfinite(own.noise).all()


def test_the_energy_is_found_as_it_is_written(pendulum):
    sigma = np.full(2, NOISE)
    data = observed(with_noise(pendulum, sigma, 1))
    library = polynomial(quantities(columns_of(pendulum, data)))
    (law,) = from_noise([library], data, sigma, [], 1, np.arange(8) % 4)
    form = law.forms[0]
    found = {term.expression: factor for term, factor in zip(form.terms, form.factors, strict=True)}
    square, cosine = call("square", P), call("cos", Q)
    assert set(found) == {square, cosine}
    assert found[cosine] / found[square] == pytest.approx(-3, rel=0.05)


def test_terms_that_noise_swamps_leave_an_empty_library(pendulum):
    data = observed(pendulum)
    wave = [Term(call("cos", Q), 2)]
    law = measured(wave, np.ones(1), data, 1.0)
    groups = np.zeros(data.segments, dtype=np.int64)
    beside = Beside(NoisySamples(data, np.full(2, 10.0)), wave, [], groups)
    assert beside.terms([]).own.terms == ()
    assert beside.left([Term(P, 1)]) == np.inf
    assert np.isnan(beside.unseen(law)).all()


def test_what_has_no_gradient_is_as_constant_as_anything(pendulum):
    """A combination that comes to nothing, as two columns that agree."""
    data = observed(pendulum)
    terms = [Term(P, 1), Term(call("mul", P, call("div", Q, Q)), 3)]
    nothing = measured(terms, np.array([1.0, -1.0]), data, 1.0)
    assert (nothing.ratio, nothing.between) == (1.0, 1.0)


def test_columns_that_follow_from_each_other_leave_nothing_to_find(pendulum):
    """Of a library in which all terms are functions of a known law nothing is left."""
    data = observed(with_noise(pendulum, np.full(2, NOISE), 3))
    square = [Term(call("square", P), 2)]
    (known,) = [measured(square, np.ones(1), data, 1.0)]
    assert from_noise([square], data, np.full(2, NOISE), [known], 2) == []


def test_what_reads_one_column_is_no_law():
    """A column that rests in a hollow of x**2 - 2*cos(x) nearly all of the time."""
    rng = np.random.default_rng(0)
    dataset = load("ideal_pendulum")
    resting = [
        replace(one, states=one.states * [0.02, 1.0] + 0.01 * rng.standard_normal(one.states.shape))
        for one in dataset.train[:8]
    ]
    data = observed(replace(dataset, train=tuple(resting)))
    library = [Term(call("square", Q), 2), Term(call("cos", Q), 2), Term(call("fourth", Q), 2)]
    assert from_noise([library], data, np.full(2, 0.01), [], 1) == []


def test_what_rests_on_a_few_points_is_not_even(pendulum):
    data = observed(pendulum)
    square = Term(call("square", P), 2)
    far = data.states.copy()
    far[1, data.points[0]] = 40.0
    for own, even in ((data, True), (replace(data, states=far), False)):
        samples = NoisySamples(own, np.full(2, 1e-6))
        library = NoisyTerms(moments([square], samples, np.zeros(8, dtype=int)), own, [])
        assert library.is_even(library.whole) is even


def test_what_is_left_of_a_trajectory_is_told_beside_its_noise_or_not_at_all(pendulum):
    """The estimate of the noise of a square is negative where there is nothing but noise."""
    sigma, groups = np.full(2, NOISE), np.arange(8) % 4
    data = observed(with_noise(pendulum, sigma, 1))
    resting = data.states.copy()
    resting[1, data.segment == 3] *= 1e-3
    own = replace(data, states=resting)
    terms = [Term(call("square", P), 2), Term(call("cos", Q), 2)]
    for looked_at, told in ((data, np.ones(8)), (own, np.arange(8) != 3)):
        each = moments(terms[:1], NoisySamples(looked_at, sigma), np.arange(8))
        left = NoisyTerms(each, looked_at, []).unseen_each(groups)
        assert np.isfinite(left).tolist() == (np.array(told) > 0).tolist()
    each = moments(terms, NoisySamples(data, sigma), np.arange(8))
    left = NoisyTerms(each, data, []).unseen_each(groups)
    assert abs(left.mean()) < 0.3  # the energy leaves nothing but noise
    each = moments(terms[:1], NoisySamples(data, sigma), np.arange(8))
    assert NoisyTerms(each, data, []).unseen_each(groups).mean() > 2.0


def test_many_terms_may_be_dropped_at_once(pendulum):
    """A form of a few terms is compared with one of another library, of many more."""
    sigma = np.full(2, NOISE)
    data = observed(with_noise(pendulum, sigma, 1))
    samples, groups = NoisySamples(data, sigma), np.zeros(8, dtype=int)
    many = NoisyTerms(moments(TERMS, samples, groups), data, [])
    few = NoisyTerms(moments(TERMS[:2], samples, groups), data, [])
    single = NoisyTerms(moments(TERMS[:1], samples, groups), data, [])
    assert few.is_noise(few.whole, many.whole)
    assert not single.is_noise(single.whole, many.whole)


def test_groups_leave_out_every_trajectory_once(pendulum):
    groups = folds_of(pendulum.train)
    assert sorted(number for group in groups for number in group) == list(range(8))
    assert len(groups) == 4
    assert folds_of(pendulum.train[:2]) == []


@pytest.fixture(scope="module")
def crosswise(pendulum):
    noisy = with_noise(pendulum, np.full(2, NOISE / 4), 2)
    return noisy, search_sums(noisy, limit=150, seed=0)


def test_a_law_that_is_found_again_is_one(crosswise):
    dataset, found = crosswise
    law = law_of(dataset, found.noisy[0][0])
    confirmation = Confirmation(dataset, dataset.train, dataset.train)
    own = CrossFitting(dataset, found.folds, confirmation).confirmed(law)
    assert own.verdict == LAW
    assert own.evidence.trajectories == 8


def test_a_law_that_is_not_found_again_is_undecided(crosswise):
    """Of four searches without some trajectories two find it."""
    dataset, found = crosswise
    lost = [Fold(fold.held_out, ((),)) for fold in found.folds[:2]]
    confirmation = Confirmation(dataset, dataset.train, dataset.train)
    law = law_of(dataset, found.noisy[0][0])
    fitting = CrossFitting(dataset, [*lost, *found.folds[2:]], confirmation)
    own = fitting.confirmed(law)
    assert own.verdict == UNDECIDED
    assert "4 of 8" in own.evidence.reason


def test_what_a_law_adds_to_others_is_found_again_or_not(crosswise):
    """A sum of the energy and of anything else adds that to the energy, and noise found none."""
    dataset, found = crosswise
    energy = law_of(dataset, found.noisy[0][0])
    confirmation = Confirmation(dataset, dataset.train, dataset.train)
    fitting = CrossFitting(dataset, found.folds, confirmation)
    assert fitting.adds_again(energy, [])
    spoilt = energy.with_(expression=call("add", energy.expression, Q))
    assert not fitting.adds_again(spoilt, [energy])


def law_of(dataset, proposal):
    samples = make_samples(dataset.train, window=None, seed=0)
    return build_law(proposal.candidate, proposal.fit, dataset, samples)


@pytest.fixture(scope="module")
def turning():
    """Unit vectors that turn about a tilted axis, with noise; one of them changes sign."""
    stream = np.random.default_rng(0)
    clock = np.linspace(0.0, 6.0, 80)
    tables = []
    for number in range(12):
        height, phase = stream.uniform(-0.8, 0.8), stream.uniform(0.0, 6.0)
        radius = np.sqrt(1.0 - height**2)
        x, y = radius * np.cos(2.0 * clock + phase), radius * np.sin(2.0 * clock + phase)
        y, z = 0.8 * y - 0.6 * height, 0.6 * y + 0.8 * height
        noisy = np.stack([x, y, z]) + 0.01 * stream.standard_normal((3, 80))
        columns = dict(zip(("x", "y", "z"), noisy, strict=True))
        tables.append(pd.DataFrame({"trajectory": number, "t [s]": clock, **columns}))
    return pd.concat(tables)


def test_a_constraint_is_found_in_noise(turning):
    """x**2 + y**2 + z**2 = 1; beside it one law is left of the two that there may be."""
    found = noether_sym.discover(turning, search="sums", unitless=True)
    (same,) = found.constraints
    assert same.verdict == CONSTRAINT
    assert same.expression.inputs == {0, 1, 2}
    points = np.random.default_rng(1).normal(size=(50, 3))
    values = same(points / np.linalg.norm(points, axis=1, keepdims=True))
    np.testing.assert_allclose(values, values.mean(), rtol=0.02)
    (law,) = found.accepted
    assert law.verdict == LAW
    assert law.expression.inputs == {1, 2}
    assert found.most == 1


@pytest.mark.parametrize("space", [2, 3])
def test_scalars_do_not_change_with_the_axes(space):
    points = tuple(tuple(range(own, own + space)) for own in (0, space, 2 * space))
    pure, count = (False,) * 3 * space, 3 * space
    columns = Columns(pure, pure, (0,) * count, points, ("m", "m", "m/s"))
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((space, space)))
    turn[0] *= np.linalg.det(turn)  # no mirror
    states = np.random.default_rng(1).standard_normal((count, 20))
    turned = np.concatenate([turn @ states[list(own)] for own in points])
    libraries = list(scalars(columns))
    assert len(libraries) == 3
    for terms in libraries:
        assert [term.size for term in terms] == sorted(term.size for term in terms)
        assert len(set(terms)) == len(terms)
        apart = [term for term in terms if not term.expression.is_leaf]
        before, after = Values(states).of(apart), Values(turned).of(apart)
        same = np.isclose(before, after).all(axis=1)
        crossed = [term.expression.head == "sub" for term in apart]
        assert same[~np.array(crossed)].all()
        assert sum(crossed) == {2: 3, 3: 9}[space]
        lengths = [  # in space the components of a cross product turn as those of a vector do
            (values[crossed].reshape(3, -1, values.shape[1]) ** 2).sum(axis=1)
            for values in (before, after)
        ]
        np.testing.assert_allclose(*lengths)


def test_without_points_there_are_no_scalars():
    assert list(scalars(Columns((True, True), (False, False), (0, 0)))) == []


def test_three_bodies_in_noise_keep_momentum_and_angular_momentum():
    clean = load("three_body_planar")
    spread = np.concatenate([one.states for one in clean.train]).std(axis=0)
    dataset = with_noise(clean, 0.02 * spread, 0)
    data = Observations.of(make_samples(dataset.train, window=None, seed=0), dataset)
    library = next(iter(scalars(columns_of(dataset, data))))
    found = from_noise([library], data, 0.02 * spread, [], 11)
    names = [
        {term.expression.text(dataset.names, ()) for term in own.forms[0].terms} for own in found
    ]
    assert {"vx1", "vx2", "vx3"} in names
    assert {"vy1", "vy2", "vy3"} in names
    assert {"x1*vy1 - y1*vx1", "x2*vy2 - y2*vx2", "x3*vy3 - y3*vx3"} in names
