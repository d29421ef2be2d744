"""Figures: drawn from anything a run may hold, the same bytes each time."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from strategies import NAMES

from noether_sym.datasets.dataset import Column, Dataset, Trajectory
from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.laws.law import Law, Parameter
from noether_sym.report import figures
from noether_sym.report.style import method_style, rendered, save_figure
from noether_sym.units.coherent import coherent_units
from noether_sym.units.dimension import DIMENSIONLESS

Q, P = input_(0), input_(1)
C0 = parameter(0)
CIRCLE = call("add", call("square", Q), call("mul", C0, call("square", P)))
METHODS = (
    "vanilla", "extra epochs", "hnn", "projected", "tailored", "meta-tailored",
    "oracle tailored", "oracle",
)  # fmt: skip


def dataset(columns=2, names=NAMES, held_out=3, samples=20):
    """Circles in every pair of columns."""
    units = coherent_units(["dimensionless"] * columns)
    times = np.linspace(0.0, 3.0, samples)
    own = []
    for number in range(4):
        angles = times[:, None] + np.arange(columns) * np.pi / 2
        states = (0.5 + 0.2 * number) * np.cos(angles)
        own.append(Trajectory(f"{number}", times, states, np.gradient(states, times, axis=0)))
    return Dataset(
        name="own",
        columns=tuple(Column(names[place], unit) for place, unit in enumerate(units)),
        time_unit=coherent_units(["s"])[0],
        train=tuple(own),
        test=tuple(own[:held_out]),
        derivative="exact",
    )


def law(expression=CIRCLE, *values, columns=2, names=NAMES):
    values = values or (1.0,) * expression.parameter_count
    return Law(
        expression=expression,
        inputs=tuple((name, "dimensionless") for name in names[:columns]),
        parameters=tuple(
            Parameter(f"c{slot}", value, DIMENSIONLESS) for slot, value in enumerate(values)
        ),
        dimension=DIMENSIONLESS,
        conservation_ratio=1e-6,
        random_ratio=0.9,
    )


def curves(methods=METHODS, samples=30):
    times = np.linspace(0.0, 3.0, samples)
    held = {
        "times": times,
        "methods": np.array(methods),
        "true": np.column_stack([np.cos(times), -np.sin(times)]),
        "energy/true": np.ones(samples),
    }
    for place, method in enumerate(methods):
        held[f"error/{method}"] = 10.0 ** (place - 5) * times**2
        held[f"energy/{method}"] = 1.0 + 0.1 * place * times
    return held


def every_figure():
    return {
        "rollout_errors": figures.rollout_errors(curves(), time_unit="s"),
        "energies": figures.energies(curves(), time_unit="s", energy_unit="m**2", formula="q**2"),
        "phase_portrait": figures.phase_portrait(dataset(), law()),
        "conservation": figures.conservation(dataset(), law()),
    }


def texts(figure):
    return [one.get_text() for one in figure.findobj(mpl.text.Text) if one.get_text()]


def test_the_same_input_gives_the_same_bytes(tmp_path):
    first, second = every_figure(), every_figure()
    for name, figure in first.items():
        png, svg = save_figure(figure, tmp_path / name)
        assert png.read_bytes() == rendered(second[name], "png")
        assert svg.read_bytes() == rendered(second[name], "svg")
        assert ElementTree.parse(svg).getroot().tag.endswith("svg")


def test_figures_leave_no_global_state():
    before = dict(mpl.rcParams)
    every_figure()
    assert dict(mpl.rcParams) == before
    code = "import sys, noether_sym.report.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_axes_and_legends_say_what_they_show():
    errors = figures.rollout_errors(curves(), time_unit="s")
    assert {"time [s]", "root mean squared error", "Hamiltonian NN", "meta-tailored"} <= set(
        texts(errors)
    )
    assert errors.axes[0].get_yscale() == "log"
    (vanilla, *_) = errors.axes[0].get_lines()
    np.testing.assert_allclose(vanilla.get_ydata()[1:], np.sqrt(curves()["error/vanilla"][1:]))
    energy = figures.energies(curves(), time_unit="s", energy_unit="kg*m**2/s**2", formula="p**2")
    assert {"energy [kg·m²/s²]", "truth"} <= set(texts(energy))
    assert any("p²" in text for text in texts(energy))
    own = figures.energies(curves(), energy_unit="m", formula="p**2", name="drift of the law")
    assert "drift of the law [m]" in texts(own)
    assert any(text.startswith("Drift of the law along") for text in texts(own))
    assert not any("nergy" in text for text in texts(own))
    assert all(line.get_ydata()[0] == 0 for line in own.axes[0].get_lines())
    plane = figures.phase_portrait(dataset(names=["q", "p"]), law(names=["q", "p"]))
    assert plane.axes[0].get_xlabel() == "q"
    assert any(text.startswith("Level lines of q² + p²") for text in texts(plane))


def test_methods_have_styles_of_their_own():
    styles = [method_style(method) for method in METHODS]
    assert len({(own.color, str(own.dashes)) for own in styles}) == len(METHODS)
    assert method_style("new").label == "new"


def test_methods_that_diverged_are_named_and_not_drawn():
    held = curves(("vanilla", "hnn", "new"))
    held["error/vanilla"] = np.full(30, np.nan)
    held["energy/vanilla"] = np.full(30, np.inf)
    held["energy/hnn"][10:] = 1e200
    del held["error/new"]
    for figure in (figures.rollout_errors(held), figures.energies(held)):
        assert "vanilla (none)" in texts(figure)
        assert rendered(figure, "svg")
    assert "new (none)" in texts(figures.rollout_errors(held))
    low, high = figures.energies(held).axes[0].get_ylim()
    assert low < 1.0 < high
    for energy in (np.nan, 1e308):  # a law that is not defined on the first trajectory
        held["energy/true"] = np.full(30, energy)
        assert rendered(figures.energies(held), "svg")
    nothing = curves(())
    assert rendered(figures.rollout_errors(nothing), "png")
    held["times"] = np.full(30, 1e308)
    for figure in (figures.rollout_errors(held), figures.energies(held)):
        assert rendered(figure, "svg")


@pytest.mark.parametrize("columns", [1, 2, 3, 6])
@pytest.mark.parametrize("held_out", [0, 1, 4])
def test_any_number_of_columns_and_trajectories(columns, held_out):
    own = dataset(columns, held_out=held_out)
    formula = CIRCLE if columns > 1 else call("square", Q)
    for draw in (figures.phase_portrait, figures.conservation):
        assert rendered(draw(own, law(formula, columns=columns)), "svg")


@pytest.mark.parametrize("start", range(0, len(NAMES) - 1, 6))
def test_any_name(start):
    names = NAMES[start : start + 2]
    own = dataset(names=names)
    for draw in (figures.phase_portrait, figures.conservation):
        assert rendered(draw(own, law(names=names)), "png")


@pytest.mark.parametrize(
    "expression",
    [
        call("log", Q),
        call("inverse", call("sub", Q, Q)),
        call("sqrt", call("sub", call("sub", Q, Q), call("square", P))),
        call("exp", call("exp", call("exp", call("mul", C0, Q)))),
        call("div", Q, Q),
        C0,
    ],
)
def test_laws_that_are_undefined_or_constant_are_drawn_as_far_as_they_go(expression):
    own = law(expression, *[50.0] * expression.parameter_count)
    for draw in (figures.phase_portrait, figures.conservation):
        assert rendered(draw(dataset(), own), "svg")


def test_the_plane_of_many_columns_is_the_one_that_matters():
    expression = call("add", call("square", input_(4)), call("cos", input_(2)))
    own = law(expression, columns=6)
    assert figures._telling_columns(own, dataset(6).test) == (2, 4)


def test_gaps_in_time_break_the_lines():
    own = dataset(held_out=1)
    times = own.test[0].times.copy()
    times[10:] += 5.0
    gap = Trajectory("gap", times, own.test[0].states, own.test[0].derivatives)
    from dataclasses import replace

    figure = figures.conservation(replace(own, test=(gap,)), law())
    assert len(figure.axes[0].get_lines()) == 2
