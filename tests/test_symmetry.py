"""Noether's theorem: the symmetry of each law, by name and as formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy
from documents import run_document
from hypothesis import given
from strategies import is_tame, laws, states

from noether_sym.datasets import load
from noether_sym.datasets.dataset import Column, Trajectory
from noether_sym.datasets.derive import with_derived
from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.export import law_from_entry, law_to_entry, laws_document
from noether_sym.laws import expansion
from noether_sym.laws.coordinates import canonical_coordinates
from noether_sym.laws.known import known_law
from noether_sym.laws.law import Law, Parameter
from noether_sym.laws.symmetry import flow, with_symmetries
from noether_sym.report import render_report
from noether_sym.store.schema import Counts, LawsDocument, decode, encode
from noether_sym.units.coherent import coherent_units


def symmetry_of(law, dataset):
    (found,) = with_symmetries((law,), dataset)
    return found.symmetry


def column(dataset, name):
    return input_(dataset.names.index(name))


def make(dataset, expression, *values):
    dimension, own = expression.parameter_dimensions(dataset.dimensions)
    return Law(
        expression=expression,
        inputs=tuple((one.name, one.unit.symbol) for one in dataset.columns),
        parameters=tuple(
            Parameter(f"c{slot}", value, unit)
            for slot, (value, unit) in enumerate(zip(values, own, strict=True))
        ),
        dimension=dimension,
        conservation_ratio=0.0,
        random_ratio=1.0,
    )


def turn(dataset, x, y, vx, vy):
    x, y, vx, vy = (column(dataset, name) for name in (x, y, vx, vy))
    return call("sub", call("mul", x, vy), call("mul", y, vx))


def total(*parts):
    first, *rest = parts
    for part in rest:
        first = call("add", first, part)
    return first


ENERGIES = [
    "ideal_spring", "ideal_pendulum", "duffing", "isotropic_oscillator_2d",
    "kepler_2d", "double_pendulum", "henon_heiles", "toda_3", "three_body_planar",
]  # fmt: skip


@pytest.mark.parametrize("name", ENERGIES)
def test_energies_generate_time(name):
    dataset = load(name)
    own = symmetry_of(known_law(dataset), dataset)
    assert own.name == "time translation"
    assert own.pairs == dataset.canonical_pairs
    expected = {"ideal_spring": 1, "ideal_pendulum": 1, "duffing": 4}.get(name, 2)
    assert own.factor == pytest.approx(expected, rel=1e-6)


def test_the_energy_of_measured_data_generates_time(pendulum_file):
    dataset = load("real_pendulum")
    own = symmetry_of(known_law(dataset), dataset)
    assert (own.name, own.pairs) == ("time translation", ((0, 1),))
    assert own.factor == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize("power", ["square", "exp"])
def test_functions_of_the_energy_generate_time_too(power):
    dataset = load("ideal_spring")
    energy = total(call("square", input_(0)), call("mul", parameter(0), call("square", input_(1))))
    law = make(dataset, call(power, call("mul", parameter(0), energy)).renumbered(), 0.5, 1.0)
    own = symmetry_of(law, dataset)
    assert own.name == "time translation"
    assert own.factor is None
    assert "constant along each trajectory" in own.about


def test_angular_momentum_generates_rotations():
    dataset = load("kepler_2d")
    own = symmetry_of(make(dataset, turn(dataset, "x", "y", "vx", "vy")), dataset)
    assert (own.name, own.about) == ("rotation", "in the plane (x, y)")
    assert "mass" in own.note
    dataset = load("three_body_planar")
    parts = [turn(dataset, f"x{i}", f"y{i}", f"vx{i}", f"vy{i}") for i in (1, 2, 3)]
    own = symmetry_of(make(dataset, total(*parts)), dataset)
    assert (own.name, own.about) == (
        "rotation", "in the planes (x1, y1), (x2, y2) and (x3, y3)",
    )  # fmt: skip


def test_momentum_generates_translations():
    dataset = load("three_body_planar")
    law = make(dataset, total(*(column(dataset, f"vx{i}") for i in (1, 2, 3))))
    own = symmetry_of(law, dataset)
    assert (own.name, own.about) == ("translation", "in x1, x2 and x3")
    assert [dataset.names[c] for c, rate in flow(law, own.pairs).items() if rate != 0] == [
        "x1", "x2", "x3",
    ]  # fmt: skip
    dataset = load("toda_3")
    law = make(dataset, total(*(column(dataset, f"p{i}") for i in (1, 2, 3))))
    assert symmetry_of(law, dataset).name == "translation"


def test_oscillators_turn_in_phase():
    dataset = load("isotropic_oscillator_2d")
    x, y, vx, vy = (input_(place) for place in range(4))
    free = parameter(0)
    one = make(dataset, total(call("square", x), call("mul", free, call("square", vx))), 1.0)
    own = symmetry_of(one, dataset)
    assert (own.name, own.about) == ("phase rotation", "of the oscillator x")
    both = make(dataset, total(call("mul", x, y), call("mul", free, call("mul", vx, vy))), 1.0)
    own = symmetry_of(both, dataset)
    assert (own.name, own.about) == ("phase rotation", "between the oscillators x and y")


def test_scaling_and_what_has_no_name():
    dataset = load("isotropic_oscillator_2d")
    x, y, vx, vy = (input_(place) for place in range(4))
    law = make(dataset, total(call("mul", x, vx), call("mul", y, vy)))
    assert symmetry_of(law, dataset).name == "scaling"
    assert symmetry_of(law, dataset).about == "of x and y"
    law = make(dataset, call("mul", call("square", x), vy))
    assert symmetry_of(law, dataset).name == "unnamed"
    assert len(symmetry_of(law, dataset).pairs) == 2
    # the Laplace-Runge-Lenz vector generates no symmetry of space
    dataset = load("kepler_2d")
    radius = call("sqrt", call("add", call("square", x), call("square", y)))
    pull = call("mul", parameter(0), call("div", x, radius))
    law = make(
        dataset, call("sub", call("mul", vy, turn(dataset, "x", "y", "vx", "vy")), pull), 1.0
    )
    assert symmetry_of(law, dataset).name == "unnamed"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("lorenz", "named as a coordinate and its momentum"),
        ("sir", "named as a coordinate and its momentum"),
        ("rigid_body", "no product of units is an action"),
        ("point_vortices", "no product of units is an action"),
        ("spherical_pendulum", "no product of units is an action"),
        ("charge_in_B", "depends on velocities"),
        ("damped_oscillator", "depends on velocities"),
    ],
)
def test_other_coordinates_have_none_and_say_why(name, why):
    dataset = load(name)
    law = make(dataset, input_(1))
    own = symmetry_of(law, dataset)
    assert (own.name, own.pairs) == ("none", ())
    assert why in own.about


def test_a_law_that_is_too_long_to_write_out_has_none(monkeypatch):
    dataset = with_derived(load("ideal_spring"), {"big": "q**2*p**2*q*p"})
    monkeypatch.setattr(expansion, "MOST_NODES", 5)
    own = symmetry_of(make(dataset, input_(2)), dataset)
    assert own.name == "none"
    assert "too long" in own.about


def test_a_column_without_a_partner():
    dataset = load("kepler_2d")
    dataset = replace(dataset, canonical_pairs=((0, 2),))
    own = symmetry_of(make(dataset, turn(dataset, "x", "y", "vx", "vy")), dataset)
    assert (own.name, own.about) == ("none", "the law reads y, which has no canonical partner")


def relabelled(names, units, dataset="isotropic_oscillator_2d"):
    """The oscillator under other names and units, pairs not named."""
    own = load(dataset)
    *read, _ = coherent_units([*units, "s"])
    columns = tuple(Column(name, unit) for name, unit in zip(names, read, strict=True))
    return replace(own, columns=columns, canonical_pairs=())


@pytest.mark.parametrize(
    ("names", "units", "pairs", "note"),
    [
        ("x y px py", "m m kg*m/s kg*m/s", ((0, 2), (1, 3)), ""),
        ("x y px py", "cm cm g*cm/s g*cm/s", ((0, 2), (1, 3)), ""),
        ("a b c d", "m m kg*m/s kg*m/s", ((0, 2), (1, 3)), "order of the columns"),
        ("r φ pr L", "m rad kg*m/s kg*m**2/s", ((0, 2), (1, 3)), ""),
        ("x y vx vy", "m m m/s m/s", ((0, 2), (1, 3)), "up to a mass"),
        ("x y vx vy", "au au au/yr au/yr", ((0, 2), (1, 3)), "up to a mass"),
        ("q1 q2 p1 p2", "1 1 1 1", ((0, 2), (1, 3)), ""),
        ("x y p_x p_y", "1 1 1 1", ((0, 2), (1, 3)), ""),
        ("x y vx vy", "1 1 1 1", ((0, 2), (1, 3)), "up to a mass"),
        ("a b c d", "1 1 1 1", (), "named as a coordinate"),
        ("x y vx vy", "m m kg kg", (), "no product of units"),
        ("x y vx vy", "m s m/s m", ((0, 2),), "up to a mass"),
    ],
)
def test_pairs_are_found_by_units_and_by_names(names, units, pairs, note):
    found = canonical_coordinates(relabelled(names.split(), units.split()))
    assert found.pairs == pairs
    assert note in found.note if note else not found.note


def test_a_speed_that_is_not_the_rate_is_no_momentum():
    dataset = relabelled(["x", "y", "wind", "w"], ["m", "m", "m/s", "1"])
    swapped = tuple(
        Trajectory(one.name, one.times, one.states[:, [0, 1, 3, 2]], one.derivatives)
        for one in dataset.train
    )
    found = canonical_coordinates(replace(dataset, train=swapped))
    assert found.pairs == ()
    dataset = replace(relabelled(["x", "y", "vx", "vy"], ["m", "m", "m/s", "m/s"]), train=swapped)
    assert "not the rate of change" in canonical_coordinates(dataset).note


@given(laws())
def test_the_flow_is_the_turned_gradient(law):
    points = states()
    if not is_tame(law.expression, points, law.values):
        return
    symbols = [sympy.Symbol(name, real=True) for name, _ in law.inputs]
    gradient = law.gradient(points)
    for moved, by, sign in ((0, 1, 1), (1, 0, -1)):
        rate = flow(law, ((0, 1),))[moved]
        for place in range(len(points)):
            values = dict(zip(symbols, points[place], strict=True))
            own = float(rate.subs(values))
            np.testing.assert_allclose(own, sign * gradient[place, by], rtol=1e-8, atol=1e-8)


def test_symmetries_go_through_json():
    dataset = load("ideal_pendulum")
    (law,) = with_symmetries((known_law(dataset),), dataset)
    entry = law_to_entry(law).symmetry
    assert entry.name == "time translation"
    assert entry.pairs == (("q", "p"),)
    assert [(one.column, one.rate) for one in entry.flow] == [
        ("q", "2*p"), ("p", "-3*sin(q)"),
    ]  # fmt: skip
    assert entry.flow[0].latex == r"\frac{d q}{d s} = 2 p"
    q = sympy.Symbol("q", real=True)
    assert sympy.sympify(entry.flow[1].sympy) == -3.0 * sympy.sin(q)
    assert law_from_entry(law_to_entry(law)) == law
    plain = law_from_entry(law_to_entry(known_law(dataset)))
    assert plain.symmetry is None


def test_flows_keep_every_digit_of_their_constants():
    dataset = load("ideal_pendulum")
    (law,) = with_symmetries((known_law(dataset),), dataset)
    constant = replace(law.parameters[0], value=24.5249997688123)
    entry = law_to_entry(law.with_(parameters=(constant,))).symmetry
    assert entry.flow[1].rate == "-24.5249997688123*sin(q)"
    assert "24.525" in entry.flow[1].latex


def page(name, *expressions):
    dataset = load(name)
    found = tuple(
        make(dataset, expression).with_(rank=place + 1, family=place + 1)
        for place, expression in enumerate(expressions)
    )
    return page_of(dataset, with_symmetries(found, dataset))


def page_of(dataset, found):
    count = len(found)
    counts = Counts(count, count, count, count)
    inputs = [(one.name, one.unit.symbol) for one in dataset.columns]
    own = laws_document(
        found, dataset=dataset.name, inputs=inputs, counts=counts, independent_laws=count
    )
    text = encode(own).encode()
    assert decode(text, LawsDocument, "laws.json") == own
    older = text.replace(b'"symmetry": null,', b"")
    return render_report(run_document(), decode(older, LawsDocument, "laws.json"))


def test_the_report_shows_the_symmetries():
    dataset = load("kepler_2d")
    text = page("kepler_2d", turn(dataset, "x", "y", "vx", "vy"))
    assert "<h2>Symmetries</h2>" in text
    assert "<strong>rotation</strong>" in text
    assert "in the plane (x, y)" in text
    assert "up to a mass" in text
    assert text.count("<mfrac><mrow><mi>d</mi>") == 4
    text = page("sir", call("add", input_(0), input_(1)))
    assert "None can be told here: no two columns are named" in text


def test_the_report_of_an_older_run_leaves_them_out():
    dataset = load("ideal_spring")
    assert "Symmetries" not in page_of(dataset, (make(dataset, input_(0)),))


def _swings(folder, units, other=None):
    """A file of swings whose columns have these units; beside them `other`, a formula of (q, w)."""
    import pandas as pd
    from scipy.integrate import solve_ivp

    parts = []
    for number, start in enumerate((0.5, 1.0, 1.6, 2.2)):
        times = np.linspace(0, 4, 150)
        q, w = solve_ivp(
            lambda t, y: [y[1], -4 * np.sin(y[0])], (0, 4), [start, 0.0], t_eval=times, rtol=1e-9
        ).y
        factor = 180 / np.pi if "deg" in units[0] else 1.0
        table = {"trajectory": number, "t [s]": times, f"q [{units[0]}]": factor * q}
        table |= {} if other is None else {"k [1/s]": other(q, w)}
        parts.append(pd.DataFrame(table | {f"w [{units[1]}]": w}))
    pd.concat(parts).to_csv(folder / "swings.csv", index=False)
    return load(str(folder / "swings.csv"))


@pytest.mark.parametrize(
    "units",
    [("rad", "rad/s"), ("rad", "1/s"), ("rad", "s⁻¹"), ("rad", "Hz"), ("deg", "1/s"), ("1", "1/s")],
)
def test_angles_and_their_rates_are_a_pair_however_the_units_are_spelt(units, tmp_path):
    found = canonical_coordinates(_swings(tmp_path, units))
    assert found.pairs == ((0, 1),)
    assert "moment of inertia" in found.note


def test_of_several_columns_per_time_the_rate_of_the_angle_is_taken(tmp_path):
    found = canonical_coordinates(_swings(tmp_path, ("rad", "1/s"), lambda q, w: 3 + np.cos(q)))
    assert found.pairs == ((0, 2),)
