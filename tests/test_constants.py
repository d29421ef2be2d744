"""Constants from noisy data: adjusted features, their scatter, estimates and how sure they are."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import t as student

from noether_sym.dsl.expression import PARAMETER, call, input_
from noether_sym.dsl.operators import OPERATORS, Operator, Parity, UnitRule, registered
from noether_sym.dsl.parser import parse
from noether_sym.errors import DatasetError
from noether_sym.noise import constants
from noether_sym.noise.adjusted import adjusted, independent_parts, is_analytic
from noether_sym.noise.constants import refit, refit_without
from noether_sym.noise.problem import Features, Problem, change
from noether_sym.noise.resampling import BLOCKS, NOTHING, TRAJECTORIES
from noether_sym.noise.rules import imaginary_rule
from noether_sym.noise.scatter import NEXT_SAMPLE, SAME_SAMPLE, sums_of
from noether_sym.noise.separation import separation

SIGMA = 0.3


def formula(text, *names):
    own = parse(text, list(names))
    return own.expression, [one.value for one in own.constants]


def adjusted_value(text, states, sigma, *names):
    expression, values = formula(text, *names)
    return adjusted(expression, values, np.asarray(states), np.asarray(sigma))


POINTS = np.linspace(0.9, 3.2, 40)[None]
S2 = SIGMA**2
CLOSED = {
    "x": lambda y: y,
    "x**2": lambda y: y**2 - S2,
    "x**3": lambda y: y**3 - 3 * S2 * y,
    "x**4": lambda y: y**4 - 6 * S2 * y**2 + 3 * S2**2,
    "cos(x)": lambda y: np.exp(S2 / 2) * np.cos(y),
    "sin(x)": lambda y: np.exp(S2 / 2) * np.sin(y),
    "exp(x)": lambda y: np.exp(y - S2 / 2),
    "x*cos(x)": lambda y: np.exp(S2 / 2) * (y * np.cos(y) + S2 * np.sin(y)),
}
"""What is right in the mean, by hand."""


@pytest.mark.parametrize("text", CLOSED)
def test_adjusted_features_have_their_closed_forms(text):
    own = adjusted_value(text, POINTS, [SIGMA], "x")
    np.testing.assert_allclose(own.features[0], CLOSED[text](POINTS[0]), rtol=1e-11)
    assert not own.approximate.any()


def test_products_of_features_give_the_covariance_of_their_noise():
    square = adjusted_value("x**2", POINTS, [SIGMA], "x")
    expected = (POINTS[0] ** 2 - S2) ** 2 - CLOSED["x**4"](POINTS[0])
    np.testing.assert_allclose(square.covariance[0, 0], expected, rtol=1e-11)
    # the derivative of c*x^2 + x by c beside the formula: (x^2)* (c x^2 + x)* less (c x^4 + x^3)*
    expression, _ = formula("2*x**2 + x", "x")
    own = adjusted(expression, [2.0], POINTS, np.array([SIGMA]))
    y = POINTS[0]
    pair = (y**2 - S2) * (2 * (y**2 - S2) + y) - 2 * CLOSED["x**4"](y) - CLOSED["x**3"](y)
    np.testing.assert_allclose(own.covariance[0, 1], pair, rtol=1e-10)
    np.testing.assert_array_equal(own.covariance[0, 1], own.covariance[1, 0])


def test_of_several_columns_only_shared_ones_couple():
    generator = np.random.default_rng(3)
    states = generator.uniform(1, 2, size=(3, 50))
    sigma = np.array([0.1, 0.2, 0.0])
    expression, values = formula("x*y*z + z**2 - 3*x**2", "x", "y", "z")
    own = adjusted(expression, values, states, sigma)
    x, y, z = states
    np.testing.assert_allclose(own.features[0], x * y * z + z**2 - 3 * (x**2 - 0.01), rtol=1e-12)
    parts = independent_parts(expression, frozenset({0, 1}))
    assert sorted(len(part) for part in parts) == [1, 2]


def test_formulas_without_noise_stay_as_they_are():
    own = adjusted_value("2*x**2 + log(x)", POINTS, [0.0], "x")
    np.testing.assert_allclose(own.features[0], 2 * POINTS[0] ** 2 + np.log(POINTS[0]), rtol=1e-15)
    assert not own.covariance.any()


def test_a_distance_agrees_with_its_series_where_noise_is_small():
    states = np.random.default_rng(0).uniform(1.0, 2.0, size=(2, 30))
    sigma = np.array([0.01, 0.01])
    own = adjusted_value("1/sqrt(x**2 + y**2)", states, sigma, "x", "y")
    distance = np.hypot(*states)
    series = 1 / distance - 0.5e-4 / distance**3  # less half the variance times the Laplacian
    np.testing.assert_allclose(own.features[0], series, atol=1e-7)
    assert not own.approximate.any()


def operation(name):
    """A formula of one operation of the columns."""
    operator = OPERATORS[name]
    return call(name, *[input_(column) for column in range(operator.arity)])


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operation_is_right_in_the_mean(name):
    expression = operation(name)
    assert is_analytic(expression)
    generator = np.random.default_rng(1)
    truth = np.array([0.9, 1.3])[: OPERATORS[name].arity]
    sigma = np.array([0.15, 0.1])[: len(truth)]
    noisy = truth[:, None] + sigma[:, None] * generator.standard_normal((len(truth), 200_000))
    own = adjusted(expression, [], noisy, sigma)
    values = own.features[0]
    expected = float(expression.evaluate(np, list(truth), []))
    error = values.std() / np.sqrt(values.size)
    assert values.mean() == pytest.approx(expected, abs=4 * error)
    assert own.covariance[0, 0].mean() == pytest.approx(values.var(), rel=0.02)
    assert own.approximate.mean() < 1e-3


@pytest.mark.parametrize(("text", "bias"), [("log(x)", 0.005), ("1/x", 0.01)])
def test_samples_beyond_a_singularity_are_used_and_told(text, bias):
    generator = np.random.default_rng(2)
    noisy = 3.0 + generator.standard_normal((1, 400_000))
    own = adjusted_value(text, noisy, [1.0], "x")
    assert np.isfinite(own.features).all()
    truth = {"log(x)": np.log(3), "1/x": 1 / 3}[text]
    assert own.features[0].mean() == pytest.approx(truth, abs=bias)
    assert own.approximate[noisy[0] < 0.3].any()
    assert not own.approximate[noisy[0] > 4.5].any()


def test_samples_farther_from_all_values_than_noise_reaches_have_none():
    states = np.array([[-2.0, -0.3, 0.5, 2.0]])
    for text in ("log(x)", "sqrt(x)"):
        exact = adjusted_value(text, states, [0.0], "x").features[0]
        assert np.isfinite(exact).tolist() == [False, False, True, True]
        noisy = adjusted_value(text, states, [0.1], "x")
        assert np.isfinite(noisy.features[0]).tolist() == [False, True, True, True]
    uneven = adjusted_value("log(x)", states, [[1.0, 0.01, 0.1, 0.1]], "x").features[0]
    assert np.isfinite(uneven).tolist() == [True, False, True, True]


MODULUS = Operator(
    "modulus", 1, UnitRule.POWER,
    lambda lib, a: lib.abs(a),
    lambda lib, value, a: (lib.sign(a),),
    power=Fraction(1), parity=Parity.EVEN, factor=OPERATORS["square"].factor,
)  # fmt: skip


def test_an_operation_that_is_not_analytic_takes_second_differences():
    with registered(MODULUS):
        expression = call("square", call("modulus", input_(0)))
        assert not is_analytic(expression)
        own = adjusted(expression, [], POINTS, np.array([SIGMA]))
        assert own.approximate.all()
        np.testing.assert_allclose(own.features[0], POINTS[0] ** 2 - S2, rtol=1e-9)
        # nothing to correct off the kink; at the kink nothing is promised, but it is finite
        own = adjusted(call("modulus", input_(0)), [], POINTS, np.array([SIGMA]))
        np.testing.assert_allclose(own.features[0], POINTS[0], rtol=1e-9)
        kink = adjusted(call("modulus", input_(0)), [], np.zeros((1, 1)), np.array([SIGMA]))
        assert np.isfinite(kink.features).all()


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5, 6, 9])
def test_rules_are_exact_for_polynomials(columns):
    rule = imaginary_rule(columns)
    nodes = rule.nodes.imag
    assert not rule.nodes.real.any()
    first, last = nodes[:, 0], nodes[:, -1]
    assert rule.weights.sum() == pytest.approx(1)
    assert (rule.weights * first**4).sum() == pytest.approx(3)
    if columns > 1:
        assert (rule.weights * first**2 * last**2).sum() == pytest.approx(1)
        assert (rule.weights * first * last).sum() == pytest.approx(0, abs=1e-12)


def test_scatter_is_that_of_a_plain_computation():
    generator = np.random.default_rng(0)
    features = generator.normal(size=(2, 3, 12))
    covariance = generator.normal(size=(2, 2, 3, 12))
    covariance = covariance + covariance.transpose(1, 0, 2, 3)
    mask = np.ones((3, 12))
    mask[1, 7:] = 0
    for lags in (SAME_SAMPLE, NEXT_SAMPLE):
        own = sums_of(features, covariance, mask, lags)
        for row, length in enumerate((12, 7, 12)):
            centring = np.eye(length) - 1 / length
            neighbours = (np.eye(length, k=1) + np.eye(length, k=-1)) / 2
            kernel = centring @ (np.eye(length) if lags is SAME_SAMPLE else neighbours) @ centring
            values = features[:, row, :length]
            noise = np.einsum("ijt,t->ij", covariance[:, :, row, :length], np.diag(kernel))
            np.testing.assert_allclose(own.within[row], values @ kernel @ values.T - noise)
        total = own.total()
        rows = features[:, mask > 0]
        np.testing.assert_allclose(total.spread(), np.cov(rows) * (rows.shape[1] - 1))


def pendulum(trajectories=12, samples=80, noise=0.1, seed=0, reach=1.5):
    """States (column, trajectory, time) of p^2 - 3 cos q, by leapfrog of small steps."""
    generator = np.random.default_rng(seed)
    q = generator.uniform(-reach, reach, size=trajectories)
    p = generator.uniform(-1, 1, size=trajectories)
    kept = []
    for step in range(samples * 40):
        if step % 40 == 0:
            kept.append([q, p])
        p = p - 0.5 * 0.0025 * 3 * np.sin(q)
        q = q + 0.0025 * 2 * p
        p = p - 0.5 * 0.0025 * 3 * np.sin(q)
    states = np.moveaxis(np.array(kept), 0, -1)
    return states + noise * generator.standard_normal(states.shape)


ENERGY, _ = formula("p**2 - 3*cos(q)", "q", "p")


def ones(states):
    return np.ones(states.shape[1:])


def test_estimates_are_right_in_the_mean_where_plain_least_squares_are_not():
    known, unknown, errors = [], [], []
    for seed in range(12):
        states = pendulum(25, noise=0.2, seed=seed, reach=2.4)
        own = refit(ENERGY, [2.0], states, ones(states), np.array([0.2, 0.2]))
        known.append(own.values[0])
        errors.append(own.errors[0])
        unknown.append(refit(ENERGY, [2.0], states, ones(states), np.zeros(2)).values[0])
    error = np.std(known) / np.sqrt(12)
    assert np.mean(known) == pytest.approx(3, abs=4 * error)
    assert abs(np.mean(unknown) - 3) > 0.1 > 4 * error
    assert np.mean(errors) == pytest.approx(np.std(known), rel=0.5)


def problem_of(expression, values, states, sigma):
    features = Features.of(expression, np.array(values), states, sigma)
    return Problem(features, ones(states), np.ones(states.shape[1]))


@pytest.mark.parametrize(
    "text", ["p**2 - 3*cos(q)", "p**2/2 - 3*cos(q) + 0.1*q", "p**2 - 3*(q + 0.2*q**2)/p"]
)
def test_features_of_linear_constants_are_those_computed_anew(text):
    expression, values = formula(text, "q", "p")
    states, sigma = pendulum(), np.full(2, 0.05)
    features = Features.of(expression, np.array(values), states, sigma)
    other = 1.3 * np.array(values) - 0.2
    found, anew = features.at(other), adjusted(expression, other.tolist(), states, sigma)
    assert found.features == pytest.approx(anew.features, rel=1e-9, abs=1e-9)
    assert found.covariance == pytest.approx(anew.covariance, rel=1e-7, abs=1e-9)


def without_and_alone(text):
    """Constants fitted without some trajectories, and to the others alone."""
    expression, values = formula(text, "q", "p")
    states, sigma = pendulum(6), np.full(2, 0.05)
    found = refit_without(expression, values, states, ones(states), sigma, [(0,), (2, 5)])
    for own, kept in zip(found, ([1, 2, 3, 4, 5], [0, 1, 3, 4]), strict=True):
        yield own, refit(expression, values, states[:, kept], ones(states)[kept], sigma)


@pytest.mark.parametrize("text", ["p**2 - 3*cos(q)", "p**2 - 3*cos(q) + 0.1*cos(q)*log(2*p**2)"])
def test_fits_without_some_trajectories_are_those_of_the_others(text):
    for own, alone in without_and_alone(text):
        assert own.values == pytest.approx(alone.values, rel=1e-12)
        assert own.errors == pytest.approx(alone.errors, rel=1e-9, nan_ok=True)


def test_with_constants_inside_terms_they_are_so_within_a_fraction_of_their_errors():
    for own, alone in without_and_alone("p**2 - 3*cos(1.1*q)"):
        assert (np.abs(own.values - alone.values) <= 0.05 * alone.errors).all()
        assert own.errors == pytest.approx(alone.errors, rel=0.1)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("q**2 - 0.3*p", 2),
        ("0.5*(q + 2*p)", 2),
        ("q*log(2*p)", 2),
        ("q/(3*p**2) + q", 2),
        ("(2*q)**3 - sqrt(5*p)", 2),
        ("q*(p - 0.4)*(q + 0.7)", 4),
    ],
)
def test_separated_formulas_are_sums_of_terms_with_factors(text, terms):
    expression, values = formula(text, "q", "p")
    own = separation(expression)
    assert len(own.terms) == terms
    rng = np.random.default_rng(3)
    states = rng.uniform(0.5, 2.0, (2, 40))
    rows = np.array([np.broadcast_to(one.evaluate(np, states, ()), 40) for one in own.terms])
    value, slopes = expression.linearise(np, list(states), np.array(values), PARAMETER)
    expected = np.array(
        [value, *(np.broadcast_to(slopes[slot], 40) for slot in range(len(values)))]
    )
    rest = expected - own.at(values) @ rows  # a number by itself is left out
    assert rest == pytest.approx(np.broadcast_to(rest[:, :1], rest.shape), abs=1e-12)


@pytest.mark.parametrize("text", ["cos(1.1*q)", "1/(q + 0.5)", "sqrt(q**2 + 0.1*p)", "exp(2*q)"])
def test_a_constant_inside_a_term_stays_there(text):
    assert separation(formula(text, "q", "p")[0]) is None


def test_scales_of_logarithms_stay_positive():
    expression, values = formula("p**2 + 3*q**2*log(0.001*q**2)", "q", "p")
    own = separation(expression)
    assert own.scales == {values.index(0.001)}
    states = pendulum(5)
    found = refit(expression, values, states, ones(states), np.full(2, 0.05))
    assert not found.held
    assert found.values[values.index(0.001)] > 0


def test_the_constant_is_where_the_ratio_is_least():
    states = pendulum()
    sigma = np.array([0.1, 0.1])
    found = refit(ENERGY, [1.0], states, ones(states), sigma)
    assert found.neighbours
    problem = problem_of(ENERGY, [1.0], states, sigma)
    problem = replace(
        problem, segment_weights=constants._weights(problem.at(found.values, NEXT_SAMPLE))
    )
    grid = found.values[0] + 0.02 * np.array([-1, 0, 1])
    # weights are those of the first fit, whose constant hardly differs
    ratios = [problem.at(np.array([value]), NEXT_SAMPLE).ratio for value in grid]
    assert np.argmin(ratios) == 1


def test_slopes_of_the_scatter_agree_with_finite_differences():
    expression, values = formula("p**2 - 3*cos(1.1*q)", "q", "p")
    states = pendulum()
    problem = problem_of(expression, values, states, np.full(2, 0.1))
    point = problem.at(np.array(values), NEXT_SAMPLE)
    for slot in range(2):
        moved = []
        for step in (1e-5, -1e-5):
            beside = point.values.copy()
            beside[slot] += step
            moved.append(problem.at(beside, NEXT_SAMPLE).total.within[0, 0])
        slope = (moved[0] - moved[1]) / 2e-5
        assert 2 * point.total.within[0, 1 + slot] == pytest.approx(slope, rel=1e-6)


def test_constants_inside_terms_are_found():
    expression, _ = formula("p**2 - 3*cos(1.1*q)", "q", "p")
    for noise, close in ((0.0, 1e-5), (0.05, 0.15)):
        states = pendulum(25, noise=noise)
        found = refit(expression, [2.2, 0.8], states, ones(states), np.full(2, noise))
        assert found.values == pytest.approx([3, 1], rel=close)


def test_the_errors_are_those_of_leaving_out_one_trajectory():
    states = pendulum(6)
    sigma = np.array([0.1, 0.1])
    found = refit(ENERGY, [3.0], states, ones(states), sigma)
    problem = problem_of(ENERGY, [3.0], states, sigma)
    first = constants._improved(
        problem, problem.at(np.array([3.0]), NEXT_SAMPLE), np.array([0]), NEXT_SAMPLE
    )
    weights = constants._weights(first)
    values = []
    for row in range(6):
        kept = np.arange(6) != row
        rest = problem_of(ENERGY, [3.0], states[:, kept], sigma)
        part = replace(rest, segment_weights=weights[kept]).at(found.values, NEXT_SAMPLE)
        values.append(found.values[0] + change(part.total)[0])
    expected = np.sqrt(5 / 6 * np.sum((values - np.mean(values)) ** 2))
    assert found.resampled == TRAJECTORIES
    assert found.errors[0] == pytest.approx(expected, rel=1e-8)
    assert 1 <= found.degrees[0] <= 5
    low, high = found.intervals(0.9)[0]
    reach = student.ppf(0.95, found.degrees[0]) * expected
    assert (low, high) == pytest.approx((found.values[0] - reach, found.values[0] + reach))


def test_even_trajectories_have_one_degree_less_than_there_are():
    one = pendulum(1)
    states = np.repeat(one, 7, axis=1) + 1e-9 * np.random.default_rng(0).normal(size=(2, 7, 80))
    found = refit(ENERGY, [3.0], states, ones(states), np.array([0.1, 0.1]))
    assert found.degrees[0] == pytest.approx(6, rel=1e-3)


def test_windows_of_one_trajectory_are_left_out_together():
    states = pendulum(8)
    sigma = np.array([0.1, 0.1])
    halves = np.concatenate([states[..., :40], states[..., 40:]], axis=1)
    labels = [*range(8), *range(8)]
    apart = refit(ENERGY, [3.0], halves, ones(halves), sigma)
    together = refit(ENERGY, [3.0], halves, ones(halves), sigma, groups=labels)
    assert together.values == pytest.approx(apart.values)
    assert together.degrees[0] <= 7


def test_few_trajectories_are_left_out_in_blocks_of_time():
    states = pendulum(2, samples=160)
    sigma = np.array([0.1, 0.1])
    found = refit(ENERGY, [3.0], states, ones(states), sigma)
    assert found.resampled == BLOCKS
    assert found.degrees[0] > 3
    low, high = found.intervals()[0]
    assert low < 3 < high < low + 1.5
    short = pendulum(1, samples=10)
    none = refit(ENERGY, [3.0], short, ones(short), sigma)
    assert none.resampled == NOTHING
    assert np.isnan(none.intervals()).all()
    assert np.isnan(none.errors).all()
    assert none.degrees[0] == 0


def test_padding_does_not_count():
    states = pendulum(6)
    padded = np.concatenate([states, np.full((2, 6, 9), 50.0)], axis=2)
    weights = np.concatenate([ones(states), np.zeros((6, 9))], axis=1)
    sigma = np.array([0.1, 0.1])
    one = refit(ENERGY, [2.0], states, ones(states), sigma)
    two = refit(ENERGY, [2.0], padded, weights, sigma)
    assert two.values == pytest.approx(one.values, rel=1e-9)
    assert two.errors == pytest.approx(one.errors, rel=1e-6)


def circles(trajectories=6, samples=50):
    """x^2 + v^2, exact but for rounding."""
    radius = np.linspace(0.5, 2, trajectories)[:, None]
    phase = np.linspace(0, 9, samples)[None] + radius
    return np.stack([radius * np.cos(phase), radius * np.sin(phase)])


def test_noiseless_constants_get_no_worse_and_their_errors_no_smaller_than_rounding():
    expression, _ = formula("x**2 + 1*v**2", "x", "v")
    states = circles()
    for start in (1.0, 1.3):
        found = refit(expression, [start], states, ones(states), np.zeros(2))
        assert not found.neighbours
        assert abs(found.values[0] - 1) < 1e-14
        assert 2e-16 < found.errors[0] < 1e-13


@pytest.mark.parametrize("start", [0.5, 0.7])
def test_of_one_trajectory_without_noise_nothing_is_told(start):
    """Scatter along it is all there is: the ratio is 1, and rounding would move the constant."""
    clock = np.linspace(0.0, 6.0, 38)
    error = 0.05 * np.random.default_rng(0).normal(size=38)
    states = np.stack([0.3 + 7 * clock - clock**2 / 2, 7 - clock + error])[:, None]
    expression, _ = formula("q + c0*w**2", "q", "w")
    found = refit(expression, [start], states, np.ones((1, 38)), np.zeros(2))
    assert found.values.tolist() == [start]
    assert (found.resampled, found.held) == (NOTHING, ())
    assert np.isnan(found.errors).all()
    assert np.isnan(found.intervals()).all()


def test_samples_far_apart_are_compared_with_themselves():
    generator = np.random.default_rng(0)
    radius = np.linspace(0.5, 2, 10)[:, None]
    phase = generator.uniform(0, 2 * np.pi, size=(10, 60))
    states = np.stack([radius * np.cos(phase), radius * np.sin(phase)])
    states += 0.05 * generator.standard_normal(states.shape)
    expression, _ = formula("x**2 + 1*v**2", "x", "v")
    found = refit(expression, [1.4], states, ones(states), np.full(2, 0.05))
    assert not found.neighbours
    low, high = found.intervals()[0]
    assert low < 1 < high < low + 0.1


def test_a_factor_of_everything_and_an_added_constant_are_held():
    expression, _ = formula("2*p**2 - 6*cos(q) + 4", "q", "p")
    states = pendulum()
    found = refit(expression, [2.0, 5.0, 4.0], states, ones(states), np.array([0.1, 0.1]))
    assert found.held == (0, 2)
    assert found.values[0] == 2.0
    assert found.values[1] == pytest.approx(6, rel=0.1)
    assert np.isnan(found.errors[[0, 2]]).all()
    assert np.isnan(found.intervals()[[0, 2]]).all()


@pytest.mark.parametrize("held", [2.5, 3.0])
def test_a_value_that_is_given_stays_and_the_others_are_fitted_beside_it(held):
    """As if it were a column of one value."""
    expression, _ = formula("p**2 - 3*cos(q) + 1*q**2", "q", "p")
    states, sigma = pendulum(), np.array([0.1, 0.1])
    found = refit(expression, [held, 0.5], states, ones(states), sigma, held=(0,))
    beside, _ = formula("p**2 - c*cos(q) + 1*q**2", "q", "p", "c")
    column = np.full((1, *states.shape[1:]), held)
    other = refit(
        beside, [0.5], np.concatenate([states, column]), ones(states), np.append(sigma, 0.0)
    )
    assert found.held == (0,)
    assert found.values[0] == held
    assert np.isnan(found.errors[0])
    assert found.values[1] == pytest.approx(other.values[0], rel=1e-8)
    assert found.errors[1] == pytest.approx(other.errors[0], rel=1e-6)
    for own in refit_without(
        expression, [held, 0.5], states, ones(states), sigma, [(0,), (3, 4)], held=(0,)
    ):
        assert own.values[0] == held


def test_a_formula_without_constants_has_none():
    expression, values = formula("x*v", "x", "v")
    states = circles()
    found = refit(expression, values, states, ones(states), np.full(2, 0.1))
    assert found.values.size == found.errors.size == 0
    assert found.intervals().shape == (0, 2)


def test_the_same_data_give_the_same_bits():
    states = pendulum()
    one, two = (
        refit(ENERGY, [2.0], states.copy(), ones(states), np.array([0.1, 0.1])) for _ in range(2)
    )
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.covariance, two.covariance)


@pytest.mark.parametrize("sigma", [[0.1], [0.1, -0.1], [0.1, np.nan]])
def test_sigma_must_fit(sigma):
    states = circles()
    with pytest.raises(DatasetError, match="one number from 0 up for each"):
        refit(ENERGY, [3.0], states, ones(states), np.array(sigma))
