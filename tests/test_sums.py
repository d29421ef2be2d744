"""The search for sums of terms: basis, terms, reference, walk, elimination, simple members."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from noether_sym.datasets import load
from noether_sym.datasets.dataset import Column, Dataset, Trajectory
from noether_sym.datasets.systems import vector_fields as fields
from noether_sym.datasets.systems.generate import generate
from noether_sym.datasets.systems.records import System
from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.errors import UnitError
from noether_sym.search.sums import walk
from noether_sym.search.sums.basis import Basis
from noether_sym.search.sums.eliminate import Elimination, Sparse, Subset
from noether_sym.search.sums.nonlinear import with_constants
from noether_sym.search.sums.observations import Observations, evaluated, gradients
from noether_sym.search.sums.simplify import simplified
from noether_sym.search.sums.stage import columns_of, search_sums
from noether_sym.search.sums.terms import (
    Columns,
    Term,
    mixed,
    polynomial,
    quantities,
    shifted,
)
from noether_sym.search.sums.walk import measured
from noether_sym.statistics.directions import new_share
from noether_sym.statistics.samples import make_samples
from noether_sym.units.coherent import coherent_units

QUICK = 100
"""Terms of a library: a limit that ends every search here within seconds."""


def dataset_of(tables, *, names, units):
    """A data set of arrays of shape (sample, column), all of them to be searched."""
    *own, time_unit = coherent_units([*units, "s"])
    trajectories = tuple(
        Trajectory(str(number), np.arange(len(one)) * 1.0, one, np.gradient(one, axis=0))
        for number, one in enumerate(tables)
    )
    return Dataset(
        name="made up",
        columns=tuple(Column(name, unit) for name, unit in zip(names, own, strict=True)),
        time_unit=time_unit,
        train=trajectories,
        test=(),
        derivative="central difference",
    )


def observations(dataset):
    return Observations.of(make_samples(dataset.train, window=None, seed=0), dataset)


def sums(proposals, dataset):
    """From the text of each term to its factor, the first one's being 1."""
    found = []
    for one in proposals:
        inside = [f"{value:g}" for value in one.fit.nonlinear]
        texts = [term.text(dataset.names, inside) for term in one.candidate.terms]
        factors = np.array(one.fit.factors) / one.fit.factors[0]
        found.append(dict(zip(texts, factors.tolist(), strict=True)))
    return found


# the basis


def filled(columns):
    """A basis of columns, and its orthonormal columns: the coordinates of the unit vectors."""
    basis = Basis(*columns.shape)
    for column in columns.T:
        basis.append(*basis.project(column))
    return basis, basis.project(np.eye(len(columns)))[0].T


def test_a_basis_is_the_qr_factorisation_of_numpy():
    columns = np.random.default_rng(1).standard_normal((60, 12))
    basis, q = filled(columns)
    theirs, expected = np.linalg.qr(columns)
    signs = np.sign(np.diag(expected))
    np.testing.assert_allclose(basis.r, expected * signs[:, None], atol=1e-13)
    np.testing.assert_allclose(q, theirs * signs, atol=1e-13)
    assert basis.full


def test_a_basis_stays_orthogonal_where_columns_nearly_depend():
    """Each column is new by a part in 1e9; orthogonalised once, that would cost nine digits."""
    rng = np.random.default_rng(1)
    columns = rng.standard_normal((60, 1)) + 1e-9 * rng.standard_normal((60, 12))
    basis, q = filled(columns)
    assert np.abs(q.T @ q - np.eye(12)).max() < 1e-14
    np.testing.assert_allclose(q @ basis.r, columns, atol=1e-14)


def test_a_projection_may_start_at_a_column():
    columns = np.random.default_rng(1).standard_normal((60, 5))
    basis, q = filled(columns[:, :4])
    whole, rest = basis.project(columns[:, 4])
    later, left = basis.project(columns[:, 4] - q[:, :2] @ whole[:2], 2)
    np.testing.assert_allclose(later, whole[2:], atol=1e-13)
    np.testing.assert_allclose(left, rest, atol=1e-13)


# the terms


MIXED = Columns(
    pure=(False, True, True, False, False),
    angle=(False, True, False, False, False),
    signs=(0, 0, 1, -1, 0),
    points=((0, 4),),
    point_units=("m",),
)
UNITS = [one.dimension for one in coherent_units(["m", "rad", "", "kg", "m"])]


def libraries(columns):
    known = quantities(columns)
    return [list(polynomial(known)), *(list(library) for library in mixed(known))]


def test_every_term_has_a_unit():
    for library in libraries(MIXED):
        for term in library:
            term.expression.renumbered().parameter_dimensions(UNITS)
            assert len(term.values) == term.expression.parameter_count


def test_functions_take_numbers_only():
    """No sine or exponential of a length; a logarithm of a mass has its unit taken out."""
    inside = {
        name: {
            node.arguments[0]
            for library in libraries(MIXED)
            for term in library
            for node in term.expression.walk()
            if node.head == name
        }
        for name in ("sin", "cos", "exp", "log")
    }
    assert inside["sin"] == inside["cos"] == {input_(1), input_(2)}
    assert inside["exp"] == {input_(2)}
    logs = {one.text("abcde", "k") for one in inside["log"]}
    assert logs == {"c", "k*d", "k*(a**2 + e**2)"}
    with pytest.raises(UnitError):
        call("sin", input_(0)).parameter_dimensions(UNITS)


def test_angles_enter_by_their_waves_and_raw_in_a_library_of_their_own():
    waves = quantities(MIXED)
    assert input_(1) not in {term.expression for term in waves.plain}
    assert {call("sin", input_(1)), call("cos", input_(1))} <= {t.expression for t in waves.plain}
    raw = quantities(MIXED.with_raw_angles())
    assert input_(1) in {term.expression for term in raw.plain}
    two = quantities(Columns((True,) * 2, (True,) * 2, (0, 0)))
    difference = call("sub", input_(0), input_(1))
    assert call("cos", difference) in {term.expression for term in two.plain}


def test_terms_come_by_size_and_once():
    for library in libraries(MIXED):
        assert all(one.size <= two.size for one, two in pairwise(library))
        expressions = [(term.expression, term.values) for term in library]
        assert len(set(expressions)) == len(expressions)


def test_points_bring_distances_only_between_like_points():
    def texts(units):
        columns = Columns((False,) * 4, (False,) * 4, (0,) * 4, ((0, 1), (2, 3)), units)
        return {term.expression.text("abcd", "k") for term in quantities(columns).functions}

    assert "1/sqrt((a - c)**2 + (b - d)**2)" in texts(("m", "m"))
    assert "1/sqrt((a - c)**2 + (b - d)**2)" not in texts(("m", "m/s"))
    assert {"sqrt(a**2 + b**2)", "log(k*(c**2 + d**2))"} <= texts(("m", "m/s"))


def test_higher_inverse_powers_are_of_what_keeps_its_sign_and_of_distances():
    columns = Columns((False,) * 3, (False,) * 3, (-1, 0, 0), ((1, 2),), ("m",))
    texts = {term.expression.text("abc", "") for term in quantities(columns).steep}
    pure = quantities(Columns((True,), (False,), (0,))).steep
    assert {term.expression.text("a", "") for term in pure} == {"exp(a)**2", "1/exp(a)**2"}
    own = {f"1/a**{power}" for power in (3, 4, 6, 12)}
    squares = {f"1/(b**2 + c**2){power}" for power in ("", "**2", "**3", "**6")}
    assert texts == own | squares | {"1/sqrt(b**2 + c**2)**3"}
    assert not quantities(Columns((False,) * 2, (False,) * 2, (0, 0))).steep


@given(columns=st.lists(st.tuples(st.booleans(), st.sampled_from([-1, 0, 1])), min_size=1,
                        max_size=3))  # fmt: skip
@settings(max_examples=15, deadline=None)
def test_terms_are_finite_where_signs_say_so(columns):
    pure, signs = zip(*columns, strict=True)
    own = Columns(pure, (False,) * len(pure), signs)
    rng = np.random.default_rng(0)
    states = [rng.uniform(0.5, 2.0, 7) * (sign or rng.choice([-1, 1], 7)) for sign in signs]
    for term in [*quantities(own).functions, *quantities(own).steep]:
        assert np.isfinite(term.expression.evaluate(np, states, term.values)).all()


def test_shifted_slots_leave_the_formula():
    term = Term(call("log", call("mul", parameter(0), input_(0))), 2, (3.0,))
    assert shifted(term, 2).text("x", ["a", "b", "c"]) == "log(c*x)"
    assert shifted(term, 0) is term.expression


# what a walk sees


def orbits(count=5, samples=60, columns=2, seed=0):
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 9, samples)
    return [
        np.stack([a * np.sin(w * t + p) for a, w, p in rng.uniform(0.5, 2, (columns, 3))], 1)
        for _ in range(count)
    ]


def test_gradients_agree_with_finite_differences():
    dataset = dataset_of(orbits(columns=3), names="xyz", units=["m", "rad", "m"])
    data = observations(dataset)
    library = Columns((False, True, False), (False,) * 3, (0,) * 3, ((0, 2),), ("m",))
    known = quantities(library)
    states = data.states[:, data.points]
    for term in [*known.plain, *known.functions, *known.steep, *list(polynomial(known))[:40]]:
        for column in range(3):
            step = np.zeros((3, 1))
            step[column] = 1e-6
            with np.errstate(all="ignore"):
                ahead, behind = (
                    np.broadcast_to(
                        term.expression.evaluate(np, list(states + sign * step), term.values),
                        len(data.points),
                    )
                    for sign in (1, -1)
                )
                numerical = (ahead - behind) / 2e-6 * data.spread[column]
                own = gradients([term], data)[0, :, column]
            scale = np.abs(own[np.isfinite(own)]).max(initial=1e-3)
            near = np.isfinite(own) & (np.abs(own) < 1e3)
            np.testing.assert_allclose(numerical[near], own[near], atol=1e-4 * scale, rtol=1e-3)


def test_the_reference_of_an_identity_is_zero():
    dataset = dataset_of(orbits(), names="qp", units=["rad", "m"])
    data = observations(dataset)
    squares = [Term(call("square", call(name, input_(0))), 2) for name in ("sin", "cos")]
    sine, cosine = gradients(squares, data)
    assert np.abs(sine + cosine).max() < 1e-14 * np.abs(sine).max()
    columns = evaluated(squares, data)
    # in the units of each term's own reference, the mean square over points is 1
    np.testing.assert_allclose((columns.reference**2).sum(0), len(data.points))


def test_nothing_is_found_from_identities():
    """sin^2 + cos^2 and squares of columns that move on their own are no laws."""
    dataset = dataset_of(orbits(8), names="qp", units=["rad", "m"])
    found = search_sums(dataset, limit=QUICK, seed=0)
    assert found.laws == found.constraints == ()
    assert found.terms > 50


def test_poles_and_wide_ranges_are_left_out():
    t = np.linspace(-1, 1, 81)  # through 0
    dataset = dataset_of([np.stack([t, t + 3], 1)] * 3, names="xy", units=["m", "m"])
    data = observations(dataset)
    terms = [Term(call("inverse", input_(column)), 2) for column in (0, 1)]
    with np.errstate(all="raise"):
        columns = evaluated(terms, data)
    assert columns.usable.tolist() == [False, True]
    assert not columns.total[:, 0].any()


def test_what_never_moves_has_no_reference():
    still = [np.stack([one[:, 0], np.full(60, number)], 1) for number, one in enumerate(orbits())]
    data = observations(dataset_of(still, names="xm", units=["m", "kg"]))
    assert data.spread[0] > 0
    assert data.spread[1] == 0
    assert evaluated([Term(input_(1), 1)], data).usable.tolist() == [False]


# the walk


def test_kepler():
    """Angular momentum, energy, and a component of the Laplace-Runge-Lenz vector."""
    dataset = load("kepler_2d")
    found = search_sums(dataset, limit=QUICK, seed=0)
    momentum, energy, vector = sums(found.laws, dataset)
    assert momentum == pytest.approx({"x*vy": 1, "y*vx": -1}, abs=1e-6)
    assert energy == pytest.approx({"vx**2": 1, "vy**2": 1, "1/sqrt(x**2 + y**2)": -2}, abs=1e-6)
    assert vector == pytest.approx(
        {"y*vx**2": 1, "x*vx*vy": -1, "y/sqrt(x**2 + y**2)": -1}, abs=1e-6
    )
    assert found.complete
    assert found.constraints == ()


def flow(field, starts, *, names, units, span):
    """Trajectories of equations of motion."""
    own = System(
        name="flow", description="", columns=tuple(zip(names, units, strict=True)), time_unit="s",
        field=field, start=lambda rng: np.array(next(starts)), span=span, samples=120,
        known_laws=0, invariants=(), source="",
    )  # fmt: skip
    return generate(own, seed=0)


def test_an_orbit_that_turns():
    """Gravity of a body that is flat at its poles: potential -1/r - .05/(3 r**3), polar."""
    rng = np.random.default_rng(2)
    starts = iter(rng.uniform((0.9, -0.2, 0.7), (1.3, 0.2, 1.1), (50, 3)))
    dataset = flow(
        lambda t, x: fields.stack(
            x[..., 1],
            x[..., 0] * x[..., 2] ** 2 - 1 / x[..., 0] ** 2 - 0.05 / x[..., 0] ** 4,
            -2 * x[..., 1] * x[..., 2] / x[..., 0],
        ),
        starts, names=("r", "v", "w"), units=("m", "m/s", "rad/s"), span=12.0,
    )  # fmt: skip
    momentum, energy = sums(search_sums(dataset, limit=QUICK, seed=0).laws, dataset)
    assert momentum == pytest.approx({"r**2*w": 1}, abs=1e-6)
    expected = {"v**2": 1, "r**2*w**2": 1, "1/r": -2, "1/r**3": -0.1 / 3}
    assert energy == pytest.approx(expected, abs=1e-6)


def test_forces_between_atoms():
    """Lennard and Jones: potential 4/r**12 - 4/r**6."""
    rng = np.random.default_rng(3)
    starts = iter(rng.uniform((1.05, -0.4), (1.5, 0.4), (50, 2)))
    dataset = flow(
        lambda t, x: fields.stack(x[..., 1], 48 / x[..., 0] ** 13 - 24 / x[..., 0] ** 7),
        starts, names=("r", "v"), units=("", ""), span=6.0,
    )  # fmt: skip
    (energy,) = sums(search_sums(dataset, limit=QUICK, seed=0).laws, dataset)
    assert energy == pytest.approx({"v**2": 1, "1/r**12": 8, "1/r**6": -8}, abs=1e-5)


def test_a_junction_of_bosons():
    """Two condensates, one of which holds (1 + z)/2: energy 2 z**2 - sqrt(1 - z**2) cos(phi)."""

    def field(t, x):
        root = np.sqrt(1.0 - x[..., 0] ** 2)
        slope = 4 * x[..., 0] + x[..., 0] / root * np.cos(x[..., 1])
        return fields.stack(-root * np.sin(x[..., 1]), slope)

    rng = np.random.default_rng(1)
    starts = iter(rng.uniform((-0.8, -3.0), (0.8, 3.0), (50, 2)))
    dataset = flow(field, starts, names=("z", "phi"), units=("", "rad"), span=8.0)
    (energy,) = sums(search_sums(dataset, limit=QUICK, seed=0).laws, dataset)
    assert energy == pytest.approx({"z**2": 1, "cos(phi)*sqrt(1 - z**2)": -0.5}, abs=1e-6)


def test_a_charge_near_a_dipole():
    """Stormer: the field of a magnet along z; speed, and angular momentum less its flux."""

    def field(t, x):
        place, speed = x[..., :3], x[..., 3:]
        square = (place**2).sum(-1, keepdims=True)
        along = np.array([0.0, 0.0, 1.0])
        magnet = 3 * place * place[..., 2:] / square**2.5 - along / square**1.5
        return np.concatenate([speed, np.cross(speed, 2 * magnet)], axis=-1)

    rng = np.random.default_rng(2)
    high = np.array([1.2, 0.7, 0.7, 0.6, 0.6, 0.6])
    starts = iter(rng.uniform((0.5, *-high[1:]), high, (50, 6)))
    names = ("x", "y", "z", "vx", "vy", "vz")
    dataset = flow(field, starts, names=names, units=("m",) * 3 + ("m/s",) * 3, span=8.0)
    dataset = replace(dataset, train=dataset.train[:12])
    laws = sums(search_sums(dataset, limit=600, seed=0).laws, dataset)
    cube = "sqrt(x**2 + y**2 + z**2)**3"
    expected = {"x*vy": 1, "y*vx": -1, f"x**2/{cube}": 2, f"y**2/{cube}": 2}
    assert len(laws) == 2
    assert laws[1] == pytest.approx(expected, abs=1e-6)


def test_a_bond_of_a_width_of_its_own():
    """Morse: potential 4.7 (1 - exp(-1.9 (x - .74)))**2 of a length that is never negative."""

    def field(t, x):
        stretched = np.exp(-1.9 * (x[..., 0] - 0.74))
        return fields.stack(x[..., 1], -2 * 4.7 * 1.9 * stretched * (1 - stretched))

    rng = np.random.default_rng(6)
    starts = iter(rng.uniform((0.6, -0.6), (1.2, 0.6), (50, 2)))
    dataset = flow(field, starts, names=("x", "v"), units=("angstrom", "angstrom/s"), span=4.0)
    (law,) = search_sums(dataset, limit=QUICK, seed=0).laws
    (energy,) = sums([law], dataset)
    scale = np.exp(1.9 * 0.74)
    expected = {"v**2": 1, "exp(-1.9*x)": -4 * 4.7 * scale, "exp(-1.9*x)**2": 2 * 4.7 * scale**2}
    assert energy == pytest.approx(expected, rel=1e-5)
    assert law.fit.nonlinear == pytest.approx([-1.9, -1.9], rel=1e-6)


def test_a_bond_that_can_break():
    """Morse: potential (1 - exp(-x))**2."""
    rng = np.random.default_rng(4)
    starts = iter(rng.uniform((-0.4, -0.4), (1.0, 0.4), (50, 2)))
    dataset = flow(
        lambda t, x: fields.stack(x[..., 1], -2 * np.exp(-x[..., 0]) * (1 - np.exp(-x[..., 0]))),
        starts, names=("x", "v"), units=("", ""), span=10.0,
    )  # fmt: skip
    (energy,) = sums(search_sums(dataset, limit=QUICK, seed=0).laws, dataset)
    assert energy == pytest.approx({"v**2": 1, "1/exp(x)": -4, "1/exp(x)**2": 2}, abs=1e-6)


def test_a_spring_between_pendulums():
    """Gravity by the cosines, the spring by the angles."""
    rng = np.random.default_rng(5)
    starts = iter(rng.uniform(-1.2, 1.2, (50, 4)))
    dataset = flow(
        lambda t, x: fields.stack(
            x[..., 2],
            x[..., 3],
            -9.8 * np.sin(x[..., 0]) - 1.5 * (x[..., 0] - x[..., 1]),
            -9.8 * np.sin(x[..., 1]) + 1.5 * (x[..., 0] - x[..., 1]),
        ),
        starts, names="abuw", units=("rad", "rad", "rad/s", "rad/s"), span=6.0,
    )  # fmt: skip
    (energy,) = sums(search_sums(dataset, limit=QUICK, seed=0).laws, dataset)
    assert {term: factor / energy["u**2"] for term, factor in energy.items()} == pytest.approx(
        {"u**2": 1, "w**2": 1, "a**2": 1.5, "b**2": 1.5, "a*b": -3,
         "cos(a)": -19.6, "cos(b)": -19.6}, abs=1e-5)  # fmt: skip


def test_toda():
    dataset = load("toda_3")
    momentum, energy = sums(search_sums(dataset, limit=60, seed=0).laws, dataset)
    assert momentum == pytest.approx({"p1": 1, "p2": 1, "p3": 1}, abs=1e-6)
    squares = {f"p{number}**2": 1 for number in (1, 2, 3)}
    springs = {"exp(q1 - q2)": 2, "exp(q2 - q3)": 2, "1/exp(q1 - q3)": 2}
    assert energy == pytest.approx({**squares, **springs}, abs=1e-6)


def test_rigid_body():
    """What energy and angular momentum span, without the third and the second axis."""
    dataset = load("rigid_body")
    found = search_sums(dataset, limit=QUICK, seed=0)
    one, other = sums(found.laws, dataset)
    assert one == pytest.approx({"w1**2": 1, "w2**2": 1}, abs=1e-6)
    assert other == pytest.approx({"w1**2": 1, "w3**2": -3}, abs=1e-6)
    assert found.complete


@pytest.mark.parametrize("name", ["damped_oscillator", "lorenz"])
def test_dissipation_has_no_laws(name):
    found = search_sums(load(name), limit=40, seed=0)
    assert found.laws == found.constraints == ()
    assert not found.complete
    assert found.terms > 30


def epidemics(total, count=12):
    """S, I and R, integrated; `total` draws their sum."""
    rng = np.random.default_rng(3)
    tables = []
    for _ in range(count):
        infected, recovered, whole = rng.uniform(0.01, 0.3), rng.uniform(0, 0.2), total(rng)
        start = whole * np.array([1 - infected - recovered, infected, recovered])
        tables.append(solved(fields.sir, start, span=30, samples=50))
    return tables


def solved(field, start, span, samples):
    answer = solve_ivp(
        field, (0, span), start, method="DOP853", t_eval=np.linspace(0, span, samples),
        rtol=1e-12, atol=1e-12,
    )  # fmt: skip
    return answer.y.T


def test_what_is_the_same_everywhere_is_a_constraint_and_no_law():
    names, units = ("S", "I", "R"), ("", "", "")
    same = dataset_of(epidemics(lambda rng: 1.0), names=names, units=units)
    found = search_sums(same, limit=QUICK, seed=0)
    assert sums(found.constraints, same) == [pytest.approx({"S": 1, "I": 1, "R": 1}, abs=1e-9)]
    assert sums(found.laws, same) == [pytest.approx({"R": 1, "log(S)": 0.4}, abs=1e-6)]
    differing = dataset_of(epidemics(lambda rng: rng.uniform(1, 2)), names=names, units=units)
    found = search_sums(differing, limit=QUICK, seed=0)
    assert found.constraints == ()
    assert {"S": 1, "I": 1, "R": 1} in [pytest.approx(one, abs=1e-9) for one in
                                       sums(found.laws, differing)]  # fmt: skip


def pendula(farthest, count=12):
    """Of a pendulum, as if the angle were a length: powers of it, and no sines."""
    rng = np.random.default_rng(0)
    starts = [(rng.uniform(farthest / 3, farthest), 0.0) for _ in range(count)]
    tables = [solved(fields.ideal_pendulum, one, span=6, samples=60) for one in starts]
    return dataset_of(tables, names="qp", units=["m", "kg*m/s"])


@pytest.mark.parametrize("farthest", [0.2, 0.4, 2.6])
def test_a_taylor_series_in_disguise_is_refused(farthest):
    dataset = pendula(farthest)
    found = sums(search_sums(dataset, limit=QUICK, seed=0).laws, dataset)
    assert [law for law in found if not any("cos" in term for term in law)] == []


def test_the_pendulum_itself_is_found_where_its_series_would_do():
    dataset = replace(pendula(0.4), columns=load("ideal_pendulum").columns)
    found = search_sums(dataset, limit=QUICK, seed=0)
    assert sums(found.laws, dataset) == [pytest.approx({"p**2": 1, "cos(q)": -3}, abs=1e-6)]


@given(pairs=st.integers(1, 2), seed=st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_a_quadratic_form_of_a_linear_flow_is_found(pairs, seed):
    """Any x' = J S x keeps x.S.x; with one pair of columns it is the only law."""
    rng = np.random.default_rng(seed)
    size = 2 * pairs
    root = rng.standard_normal((size, size))
    form = root @ root.T + 0.3 * np.eye(size)
    zero, one = np.zeros((pairs, pairs)), np.eye(pairs)
    rate = np.block([[zero, one], [-one, zero]]) @ form
    step = expm(rate * 1.5 / np.linalg.norm(rate, 2))
    tables = []
    for start in rng.standard_normal((8, size)):
        states = [start]
        for _ in range(49):
            states.append(step @ states[-1])
        tables.append(np.array(states))
    names = "wxyz"[:size]
    dataset = dataset_of(tables, names=names, units=["m"] * size)
    found = search_sums(dataset, limit=QUICK, seed=0)
    data = observations(dataset)
    planted = (data.states[:, data.points].T @ form) * data.spread
    fields_found = [
        sum(
            factor * gradients([Term(term, 1)], data)[0]
            for term, factor in zip(law.candidate.terms, law.fit.factors, strict=True)
        )
        for law in found.laws
    ]
    assert new_share(planted, fields_found) < 1e-10
    if pairs == 1:
        (law,) = sums(found.laws, dataset)
        expected = {"w**2": form[0, 0], "x**2": form[1, 1], "w*x": 2 * form[0, 1]}
        lead = expected[next(iter(law))]
        assert law == pytest.approx({k: v / lead for k, v in expected.items()}, abs=1e-6)


@pytest.mark.parametrize("limit", ["_MOST_APPROXIMATIONS", "_MOST_FAILURES"])
def test_a_library_that_follows_anything_is_left_early(monkeypatch, limit):
    dataset = load("henon_heiles")
    data = observations(dataset)

    def walked(most):
        monkeypatch.setattr(walk, "_MOST_APPROXIMATIONS", 1_000)
        monkeypatch.setattr(walk, "_MOST_FAILURES", 1_000)
        monkeypatch.setattr(walk, limit, most)
        own = walk.Walk(data, 600)
        library = next(mixed(quantities(columns_of(dataset, data))))
        found = [one.terms for one in own.through(library)]
        return found, own.seen, own.full

    found, early, left = walked(5)
    every, whole, _ = walked(30)
    assert left
    assert early < whole
    assert found == every[: len(found)]
    assert len(found) == 1  # the energy comes before


# elimination


def eliminated(columns, lead):
    """Elimination on columns and a leading one; the reference is the lead's own length."""
    triangle = np.linalg.qr(np.column_stack([columns, lead]), mode="r")

    def reference(support, factors):
        return float(((lead + columns[:, support] @ factors) ** 2).sum() + (lead**2).sum())

    def alone(support, factors):
        return float(((columns[:, support] @ factors) ** 2).sum())

    return Elimination(triangle[:, :-1], triangle[:, -1], reference, alone).sparse()


def test_elimination_leaves_the_terms_of_a_law_and_a_cliff():
    rng = np.random.default_rng(0)
    columns = rng.standard_normal((300, 60))
    lead = -2.0 * columns[:, 11] + 0.5 * columns[:, 42] + 1e-11 * rng.standard_normal(300)
    found = eliminated(columns, lead)
    assert found.support.tolist() == [11, 42]
    np.testing.assert_allclose(found.factors, [2.0, -0.5], atol=1e-9)
    assert found.ratio < 1e-20
    assert found.cliff > 1e18
    assert found.is_sharp


def test_elimination_refuses_a_series():
    """x**2 ... x**8 stand in for a cosine; each term less makes them a little worse."""
    x = np.random.default_rng(0).uniform(-1.2, 1.2, 400)
    columns = np.stack([x**power - (x**power).mean() for power in (2, 4, 6, 8)], 1)
    assert eliminated(columns, np.cos(x) - np.cos(x).mean()) is None


def test_a_law_is_not_looked_for_far_above_what_all_terms_leave():
    """What is left of a law may be errors, which many terms follow a little, or many more terms."""
    rng = np.random.default_rng(0)
    columns = rng.standard_normal((300, 60))
    law = -2.0 * columns[:, 11]
    assert eliminated(columns, law + 1e-6 * rng.standard_normal(300)).support.tolist() == [11]
    assert eliminated(columns, law + 1e-6 * columns @ rng.standard_normal(60)) is None


def test_elimination_refuses_what_does_not_depend():
    columns = np.random.default_rng(0).standard_normal((300, 20))
    assert eliminated(columns[:, :-1], columns[:, -1]) is None


def test_the_most_dispensable_term_is_the_one_whose_absence_costs_least():
    """Told by the inverse of the triangular factor as by leaving each term out in turn."""
    rng = np.random.default_rng(3)
    columns = rng.standard_normal((200, 9)) @ rng.standard_normal((9, 9))
    lead = columns @ rng.standard_normal(9) + 0.3 * rng.standard_normal(200)

    def left(places):
        solved = np.linalg.lstsq(columns[:, places], lead, rcond=None)
        return float(solved[1][0]) / (lead @ lead)

    ratios = [left(np.delete(np.arange(9), place)) for place in range(9)]
    triangle = np.linalg.qr(np.column_stack([columns, lead]), mode="r")
    lengths = np.linalg.norm(columns, axis=0)
    triangle[:, :-1] /= lengths
    subset = Subset(np.arange(9), triangle, lengths, lambda support, factors: lead @ lead)
    assert subset.most_dispensable() == int(np.argmin(ratios))
    fewer = subset.of(np.delete(np.arange(9), 4))
    assert fewer.solved(8)[1] == pytest.approx(ratios[4], rel=1e-9)
    assert subset.strongest_first().solved(9)[1] == pytest.approx(subset.solved(9)[1], rel=1e-9)


def test_sharpness_is_a_share_of_the_orders_of_magnitude():
    support, factors = np.array([0]), np.array([1.0])
    assert Sparse(support, factors, 1e-20, 1e11).is_sharp
    assert not Sparse(support, factors, 1e-20, 1e9).is_sharp


# simple members


def test_energy_and_the_momentum_squared_becomes_energy():
    """Three masses of 1 kg on a ring of springs."""
    rng = np.random.default_rng(0)
    t, omega = np.linspace(0, 9, 60)[:, None], 3**0.5
    tables = []
    for _ in range(6):
        one, two = (own - own.mean() for own in rng.standard_normal((2, 3)))
        start, drift = rng.uniform(-1, 1, 2)
        places = start + drift * t + np.cos(omega * t) * one + np.sin(omega * t) * two
        momenta = drift - omega * np.sin(omega * t) * one + omega * np.cos(omega * t) * two
        tables.append(np.hstack([places, momenta]))
    units = ["m"] * 3 + ["kg*m/s"] * 3
    data = observations(dataset_of(tables, names="abcpqr", units=units))
    squares = [Term(call("square", input_(c)), 2) for c in range(6)]
    products = [
        Term(call("mul", input_(first + one), input_(first + two)), 3)
        for first in (0, 3)
        for one, two in ((0, 1), (0, 2), (1, 2))
    ]
    motion, springs = [*squares[3:], *products[3:]], [*squares[:3], *products[:3]]
    weights = np.array([2.0] * 3 + [2.0] * 3 + [2.0] * 3 + [-2.0] * 3)
    both = measured([*motion, *springs], weights, data, 1e20)
    momentum = measured(motion, weights[:6] / [2, 2, 2, 1, 1, 1], data, 1e20)
    assert max(both.ratio, momentum.ratio) < 1e-25
    found = simplified(both, [both, momentum], data)
    expected = dict.fromkeys(squares[3:], 1.0) | dict.fromkeys(squares[:3], 2.0)
    expected |= dict.fromkeys(products[:3], -2.0)
    factors = dict(zip(found.terms, found.factors, strict=True))
    unit = factors.get(squares[3], 1.0)
    assert {term: own / unit for term, own in factors.items()} == pytest.approx(expected)
    assert found.size < both.size
    assert found.ratio < 1e-25
    assert simplified(momentum, [momentum], data) is momentum


# constants inside, noise, dense dependences, points without order


def test_a_shared_denominator_with_a_constant_is_found():
    """The double pendulum's Hamiltonian in momenta, over 2 - cos^2 of the difference."""
    dataset = load("double_pendulum")
    data = observations(dataset)
    (law,) = with_constants(data, quantities(columns_of(dataset, data)))
    constants = {value for term in law.terms for value in term.values}
    assert law.ratio < 1e-16
    assert len(law.terms) == 5
    assert np.allclose(sorted(constants), -2.0, atol=1e-8)


def test_bodies_in_line_bring_their_gaps():
    """Two bodies of Calogero and Moser repel each other by 1/gap**2 and never change places."""

    def field(_, state):
        x1, x2, p1, p2 = state
        push = 6.0 / (x2 - x1) ** 3
        return [p1, p2, -x1 - push, -x2 + push]

    draw = np.random.default_rng(2)
    tables = []
    for _ in range(12):
        start = [-1.0 + 0.3 * draw.normal(), 1.0 + 0.3 * draw.normal(), *draw.normal(size=2)]
        done = solve_ivp(field, (0, 6), start, t_eval=np.linspace(0, 6, 60), rtol=1e-11, atol=1e-12)
        tables.append(done.y.T)
    dataset = dataset_of(tables, names=("x1", "x2", "p1", "p2"), units=("m", "m", "m/s", "m/s"))
    assert columns_of(dataset, observations(dataset)).gaps == ((1, 0),)
    found = search_sums(dataset, limit=QUICK, seed=0).laws
    terms = [term for one in found for term in one.candidate.terms]
    gap = call("sub", input_(1), input_(0))
    assert any(gap in {*term.walk()} for term in terms)


def test_an_exponential_with_a_constant_is_found():
    """A particle before a wall, v**2/2 + 3*exp(-1.7*x) in units that allow no bare exponential."""
    tables = []
    for speed in np.linspace(0.5, 1.6, 10):
        answer = solve_ivp(
            lambda t, x: [x[1], 5.1 * np.exp(-1.7 * x[0])],
            (0, 4),
            [2.0, -speed],
            t_eval=np.linspace(0, 4, 60),
            rtol=1e-11,
            atol=1e-12,
        )
        tables.append(answer.y.T)
    dataset = dataset_of(tables, names=("x", "v"), units=("m", "m/s"))
    (law,) = search_sums(dataset, limit=QUICK, seed=0).laws
    assert law.fit.nonlinear == pytest.approx((-1.7,), abs=1e-8)
    assert max(law.fit.factors) / min(law.fit.factors) == pytest.approx(6.0, rel=1e-7)


def with_noise(dataset: Dataset, part: float) -> Dataset:
    """Noise on the states to train on: that part of each column's spread."""
    rng = np.random.default_rng(5)
    spread = np.concatenate([one.states for one in dataset.train]).std(0)
    noisy = [
        replace(one, states=one.states + part * spread * rng.standard_normal(one.states.shape))
        for one in dataset.train
    ]
    return replace(dataset, train=tuple(noisy))


@pytest.mark.parametrize("name", ["rigid_body", "duffing"])
def test_laws_are_found_in_noise(name):
    """Every exact law is a combination of those that are found with noise."""
    dataset = load(name)
    exact = sums(search_sums(dataset, limit=QUICK, seed=0).laws, dataset)
    found = search_sums(with_noise(dataset, 0.01), limit=QUICK, seed=0)
    assert len(found.folds) == 4
    assert all(laws for fold in found.folds for laws in fold.ways)
    noisy = sums([forms[0] for forms in found.noisy], dataset)
    terms = sorted({term for law in (*exact, *noisy) for term in law})
    wanted, basis = (
        np.array([[law.get(term, 0.0) for term in terms] for law in laws]).T
        for laws in (exact, noisy)
    )
    rest = wanted - basis @ np.linalg.lstsq(basis, wanted, rcond=None)[0]
    assert np.abs(rest).max() < 0.01


@pytest.mark.parametrize("name", ["van_der_pol", "damped_oscillator"])
def test_noise_makes_no_law(name):
    dataset = load(name)
    found = search_sums(with_noise(dataset, 0.05), limit=QUICK, seed=0)
    assert found.laws == found.constraints == found.noisy == found.folds == ()


def test_every_mode_of_coupled_oscillators_is_a_law():
    """Dense modes hide no sparse law: energies of a chain of four come as four laws."""
    size = 4
    springs = 2 * np.eye(size) - np.eye(size, k=1) - np.eye(size, k=-1)
    zero, one = np.zeros((size, size)), np.eye(size)
    step = expm(0.3 * np.block([[zero, one], [-springs, zero]]))
    rng = np.random.default_rng(0)
    tables = []
    for start in rng.standard_normal((10, 2 * size)):
        states = [start]
        for _ in range(49):
            states.append(step @ states[-1])
        tables.append(np.array(states))
    names = [f"{own}{number}" for own in "qv" for number in range(size)]
    dataset = dataset_of(tables, names=names, units=["m"] * size + ["m/s"] * size)
    found = search_sums(dataset, limit=QUICK, seed=0)
    assert len(found.laws) == size


def test_points_without_order_are_searched_by_the_drift_alone():
    rng = np.random.default_rng(0)
    q, p = rng.uniform(-2, 2, (2, 400))
    states, rates = np.stack([q, p], 1), np.stack([p, -np.sin(q)], 1)
    points = Trajectory("points", np.arange(400.0), states, rates)
    *own, time_unit = coherent_units(["rad", "1/s", "s"])
    columns = tuple(Column(name, unit) for name, unit in zip(("q", "p"), own, strict=True))
    dataset = Dataset(
        "points", columns, time_unit, (points,), (), "given", timed=False, ordered=False
    )
    (law,) = sums(search_sums(dataset, limit=QUICK, seed=0).laws, dataset)
    assert law == pytest.approx({"p**2": 1.0, "cos(q)": -2.0})
