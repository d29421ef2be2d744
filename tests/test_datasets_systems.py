"""The built-in systems: equations against their invariants, sampling, noise, seeds."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from noether_sym.datasets import load
from noether_sym.datasets.systems.generate import generate
from noether_sym.datasets.systems.records import SYSTEMS
from noether_sym.errors import DatasetError
from noether_sym.laws.known import known_law

GAMMA = (1.0, 0.6, -0.4)


def kepler(x, y, vx, vy):
    r, momentum = np.hypot(x, y), x * vy - y * vx
    energy = (vx**2 + vy**2) / 2 - 1 / r
    return energy, momentum, vy * momentum - x / r, -vx * momentum - y / r


def double_pendulum(th1, th2, p1, p2):
    cosine = np.cos(th1 - th2)
    kinetic = (p1**2 + 2 * p2**2 - 2 * p1 * p2 * cosine) / (2 * (2 - cosine**2))
    return (kinetic - 2 * 9.8 * np.cos(th1) - 9.8 * np.cos(th2),)


def toda(q1, q2, q3, p1, p2, p3):
    springs = np.exp(q1 - q2), np.exp(q2 - q3), np.exp(q3 - q1)
    cubic = p1 * p2 * p3 - p1 * springs[1] - p2 * springs[2] - p3 * springs[0]
    return p1 + p2 + p3, (p1**2 + p2**2 + p3**2) / 2 + sum(springs), cubic


def two_bodies(*columns):
    r, v = np.array(columns[:4]).reshape(2, 2, -1), np.array(columns[4:]).reshape(2, 2, -1)
    apart = np.hypot(*(r[0] - r[1]))
    own = (r[:, 0] * v[:, 1] - r[:, 1] * v[:, 0]).sum(0)
    centre = cross(r.sum(0), v.sum(0))
    (x, y), (vx, vy) = r[0] - r[1], v[0] - v[1]
    turning = x * vy - y * vx
    vector = vy * turning - 2 * x / apart, -vx * turning - 2 * y / apart
    return (*v.sum(0), own, (v**2).sum((0, 1)) / 2 - 1 / apart, centre, *vector)


def cross(a, b):
    return a[0] * b[1] - a[1] * b[0]


def three_bodies(*columns):
    r, v = np.array(columns[:6]).reshape(3, 2, -1), np.array(columns[6:]).reshape(3, 2, -1)
    pairs = ((0, 1), (0, 2), (1, 2))
    energy = (v**2).sum((0, 1)) / 2 - sum(1 / np.hypot(*(r[i] - r[j])) for i, j in pairs)
    momentum = (r[:, 0] * v[:, 1] - r[:, 1] * v[:, 0]).sum(0)
    return (*v.sum(0), momentum, energy, cross(r.sum(0), v.sum(0)))


def vortices(*columns):
    r = np.array(columns).reshape(3, 2, -1)
    pairs = ((0, 1), (0, 2), (1, 2))
    energy = sum(GAMMA[i] * GAMMA[j] * np.log(((r[i] - r[j]) ** 2).sum(0)) for i, j in pairs)
    impulse = np.tensordot(GAMMA, r, axes=1)
    return (*impulse, np.tensordot(GAMMA, (r**2).sum(1), axes=1), energy)


INVARIANTS = {
    "ideal_spring": lambda q, p: (q**2 + p**2,),
    "ideal_pendulum": lambda q, p: (p**2 - 3 * np.cos(q),),
    "duffing": lambda x, v: (v**2 / 2 - x**2 / 2 + x**4 / 4,),
    "isotropic_oscillator_2d": lambda x, y, vx, vy: (x**2 + vx**2, y**2 + vy**2, x * vy - y * vx),
    "kepler_2d": kepler,
    "lotka_volterra": lambda x, y: (0.07 * x - 0.15 * np.log(x) + 0.075 * y - 0.25 * np.log(y),),
    "rigid_body": lambda a, b, c: (a**2 + 2 * b**2 + 3 * c**2, a**2 + 4 * b**2 + 9 * c**2),
    "spherical_pendulum": lambda theta, phi, wt, wp: (
        (wt**2 + np.sin(theta) ** 2 * wp**2) / 2 + 9.8 * np.cos(theta),
        np.sin(theta) ** 2 * wp,
    ),
    "double_pendulum": double_pendulum,
    "henon_heiles": lambda x, y, vx, vy: ((vx**2 + vy**2 + x**2 + y**2) / 2 + x**2 * y - y**3 / 3,),
    "toda_3": toda,
    "two_body": two_bodies,
    "three_body_planar": three_bodies,
    "charge_in_B": lambda x, y, vx, vy: (vx**2 + vy**2, vx - y, vy + x),
    "point_vortices": vortices,
    "sir": lambda S, I, R: (S + I + R, S + I - 0.4 * np.log(S)),  # noqa: E741
}


@cache
def loaded(name):
    return load(name)


@pytest.fixture(params=list(SYSTEMS))
def dataset(request):
    return loaded(request.param)


@pytest.fixture(params=list(INVARIANTS))
def conservative(request):
    return loaded(request.param)


def test_every_system_has_its_known_laws_here():
    assert set(INVARIANTS) == {name for name, system in SYSTEMS.items() if system.known_laws}
    assert {name for name, system in SYSTEMS.items() if not system.known_laws} == {
        "lorenz",
        "damped_oscillator",
        "van_der_pol",
        "driven_pendulum",
    }


def test_invariants_neither_drift_nor_coincide(conservative):
    dataset = conservative
    whole = [*dataset.train, *dataset.test]
    values = [np.array(INVARIANTS[dataset.name](*part.states.T)) for part in whole]
    drift = max(float(np.abs(value - value[:, :1]).max()) for value in values)
    assert drift < 1e-8
    levels = np.array([value[:, 0] for value in values])
    assert (levels.std(axis=0) > 0.01).all()
    count = SYSTEMS[dataset.name].known_laws
    # the eccentricity of a Kepler orbit follows from its energy and angular momentum
    assert len(values[0]) == count + (dataset.name in ("kepler_2d", "two_body"))


def test_known_laws_are_independent(conservative):
    """The number in the record is the rank of the Jacobian at a state."""
    dataset = conservative
    state = dataset.train[1].states[7]
    step = 1e-6 * np.eye(len(state))
    invariants = INVARIANTS[dataset.name]
    above = np.array(invariants(*(state + step).T))
    below = np.array(invariants(*(state - step).T))
    assert np.linalg.matrix_rank((above - below) / 2e-6, tol=1e-4) == (
        SYSTEMS[dataset.name].known_laws
    )


def test_derivatives_are_the_slopes(dataset):
    """A five-point difference of a finer integration agrees with the field."""
    from scipy.integrate import solve_ivp

    field = SYSTEMS[dataset.name].field
    part = dataset.train[0]
    for index in (0, len(part) // 2):
        time, state, step = part.times[index], part.states[index], 1e-3
        ahead = solve_ivp(field, (time, time + step), state, rtol=1e-12, atol=1e-14).y[:, -1]
        back = solve_ivp(field, (time, time - step), state, rtol=1e-12, atol=1e-14).y[:, -1]
        slope = (ahead - back) / (2 * step)
        assert part.derivatives[index] == pytest.approx(slope, rel=1e-3, abs=1e-4)


def test_record_fits_the_data(dataset):
    system = SYSTEMS[dataset.name]
    assert dataset.names == tuple(name for name, _ in system.columns)
    assert len(dataset.train) == system.training
    assert len(dataset.test) == system.trajectories - system.training
    assert dataset.derivative == "exact"
    assert dataset.source
    assert not any(column.unit.converted for column in dataset.columns)
    for part in (*dataset.train, *dataset.test):
        assert part.times[0] == 0.0
        assert part.times[-1] == system.span
        assert len(part) == system.samples
        assert np.abs(part.states).max() < 60


@pytest.mark.parametrize(
    "name", [name for name, system in SYSTEMS.items() if system.canonical_pairs]
)
def test_canonical_pairs_are_hamiltonian(name):
    """In canonical columns the Jacobian J of the field has J^T W + W J = 0."""
    dataset = loaded(name)
    count = len(dataset.columns)
    form = np.zeros((count, count))
    for q, p in dataset.canonical_pairs:
        form[q, p], form[p, q] = 1.0, -1.0
    field = SYSTEMS[dataset.name].field
    state, step = dataset.train[0].states[5], 1e-6 * np.eye(count)
    jacobian = (field(0.0, state + step) - field(0.0, state - step)).T / 2e-6
    assert jacobian.T @ form + form @ jacobian == pytest.approx(0, abs=1e-6)


def test_fields_are_vectorised(dataset):
    field = SYSTEMS[dataset.name].field
    part = dataset.train[0]
    one_by_one = [field(time, state) for time, state in zip(part.times, part.states, strict=True)]
    assert part.derivatives == pytest.approx(np.array(one_by_one), rel=1e-12)
    stacked = np.stack([part.states, part.states])
    assert field(part.times, stacked).shape == stacked.shape


def test_invariants_of_the_record_are_conserved_and_have_consistent_units(dataset):
    system = SYSTEMS[dataset.name]
    assert dataset.invariant == next(iter(system.invariants), "")
    for text in system.invariants:
        law = known_law(replace(dataset, invariant=text))
        for part in dataset.train[:3]:
            assert np.ptp(law(part.states)) < 1e-7


def test_invariants_of_the_record_span_the_known_laws(conservative):
    dataset = conservative
    laws = [known_law(replace(dataset, invariant=one)) for one in SYSTEMS[dataset.name].invariants]
    gradients = np.array([law.gradient(dataset.train[1].states[7]) for law in laws])
    gradients /= np.linalg.norm(gradients, axis=1, keepdims=True)
    assert np.linalg.matrix_rank(gradients, tol=1e-6) == SYSTEMS[dataset.name].known_laws


def test_known_laws_of_the_paper():
    for name, text in (("ideal_spring", "q**2 + 1*p**2"), ("ideal_pendulum", "p**2 - 3*cos(q)")):
        law = known_law(loaded(name))
        assert (str(law), law.size) == (text, 7)
    assert known_law(loaded("lorenz")) is None


@pytest.mark.parametrize(
    ("name", "samples", "low", "high"),
    [("ideal_spring", 30, 0.1, 1.0), ("ideal_pendulum", 45, 1.3, 2.3)],
)
def test_the_papers_sampling(name, samples, low, high):
    dataset = loaded(name)
    assert (len(dataset.train), len(dataset.test)) == (25, 25)
    parts = [*dataset.train, *dataset.test]
    assert all(part.times == pytest.approx(np.linspace(0, 3, samples)) for part in parts)
    radii = np.array([np.hypot(*part.states[0]) for part in parts])
    assert low <= radii.min() < low + 0.1 * (high - low)
    assert high - 0.1 * (high - low) < radii.max() <= high
    angles = np.array([np.arctan2(*part.states[0]) for part in parts])
    assert (np.histogram(angles, bins=4, range=(-np.pi, np.pi))[0] >= 5).all()


def test_units_of_the_paper():
    units = {
        name: [column.unit.symbol for column in loaded(name).columns]
        for name in ("ideal_spring", "ideal_pendulum")
    }
    assert units == {"ideal_spring": ["m", "kg*m/s"], "ideal_pendulum": ["rad", "kg*m**2/s"]}


def test_the_same_seed_gives_the_same_bits():
    pendulum = SYSTEMS["ideal_pendulum"]
    first = load("ideal_pendulum", seed=3)
    assert generate(pendulum, seed=3).digest() == first.digest()
    assert generate(pendulum, seed=4).digest() != first.digest()
    noisy = load("ideal_pendulum", seed=3, noise=0.1)
    assert generate(pendulum, seed=3, noise=0.1).digest() == noisy.digest() != first.digest()


def test_noise_is_added_to_the_states_alone():
    clean, noisy = load("ideal_spring", seed=5), load("ideal_spring", seed=5, noise=0.1)
    added = np.concatenate(
        [b.states - a.states for a, b in zip(clean.train, noisy.train, strict=True)]
    )
    assert added.std(axis=0) == pytest.approx([0.1, 0.1], rel=0.1)
    assert np.abs(np.corrcoef(added.T)[0, 1]) < 0.1
    for a, b in zip(clean.train, noisy.train, strict=True):
        assert (a.derivatives == b.derivatives).all()
        assert (a.times == b.times).all()
    assert noisy.derivative == "exact, of the noise-free state"
    assert noisy.notes == ("Gaussian noise of standard deviation 0.1 on every column",)
    assert clean.notes == ()


@pytest.mark.parametrize("noise", [-0.1, float("nan"), float("inf")])
def test_noise_that_is_none(noise):
    with pytest.raises(DatasetError, match="not a standard deviation"):
        generate(SYSTEMS["ideal_spring"], noise=noise)


def test_negative_seed():
    with pytest.raises(DatasetError, match="seed -1 is negative"):
        load("ideal_spring", seed=-1)
