"""Known laws, for the controls of the tailoring only. The search never imports this."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from noether_sym.datasets.systems.vector_fields import GRAVITY, VORTICITY
from noether_sym.dsl.expression import PARAMETER, Expression, call, input_, parameter
from noether_sym.errors import DatasetError


class _Formula:
    """Build a formula from inputs and numbers; each number becomes a parameter."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def c(self, value: float) -> Expression:
        """A parameter with this value."""
        self._values.append(value)
        return parameter(len(self._values) - 1)

    def times(self, value: float, factor: Expression) -> Expression:
        """A number times a formula."""
        return call("mul", self.c(value), factor)

    def law(self, expression: Expression) -> tuple[Expression, tuple[float, ...]]:
        """The formula with its slots in reading order, and their values."""
        slots = [node.index for node in expression.walk() if node.head == PARAMETER]
        return expression.renumbered(), tuple(self._values[slot] for slot in slots)


def _x(column: int) -> Expression:
    return input_(column)


def _sq(column: int) -> Expression:
    return call("square", input_(column))


def _sum(*terms: Expression) -> Expression:
    total, *rest = terms
    for term in rest:
        total = call("add", total, term)
    return total


def _minus(first: Expression, second: Expression) -> Expression:
    return call("sub", first, second)


def _times(first: Expression, second: Expression) -> Expression:
    return call("mul", first, second)


def _apart(x1: int, y1: int, x2: int, y2: int) -> Expression:
    """Squared distance of two points of the plane."""
    return _sum(
        call("square", _minus(_x(x1), _x(x2))),
        call("square", _minus(_x(y1), _x(y2))),
    )


def _ideal_spring(f: _Formula) -> Expression:
    return _sum(_sq(0), f.times(1.0, _sq(1)))


def _pendulum(coefficient: float) -> Callable[[_Formula], Expression]:
    return lambda f: _minus(_sq(1), f.times(coefficient, call("cos", _x(0))))


def _duffing(f: _Formula) -> Expression:
    return _sum(call("square", _minus(_sq(0), f.c(1.0))), f.times(2.0, _sq(1)))


def _oscillator(f: _Formula) -> Expression:
    return _sum(_sq(0), _sq(1), f.times(1.0, _sum(_sq(2), _sq(3))))


def _kepler(f: _Formula) -> Expression:
    radius = call("sqrt", _sum(_sq(0), _sq(1)))
    return _minus(_sum(_sq(2), _sq(3)), call("div", f.c(2.0), radius))


def _lotka_volterra(f: _Formula) -> Expression:
    gains = _sum(f.times(0.07, _x(0)), f.times(0.075, _x(1)))
    logs = _sum(f.times(0.15, call("log", _x(0))), f.times(0.25, call("log", _x(1))))
    return _minus(gains, logs)


def _rigid_body(f: _Formula) -> Expression:
    return _sum(_sq(0), f.times(2.0, _sq(1)), f.times(3.0, _sq(2)))


def _spherical_pendulum(f: _Formula) -> Expression:
    spin = call("square", _times(call("sin", _x(0)), _x(3)))
    return _sum(_sq(2), spin, f.times(2 * GRAVITY, call("cos", _x(0))))


def _double_pendulum(f: _Formula) -> Expression:
    cosine = call("cos", _minus(_x(0), _x(1)))
    cross = f.times(2.0, _times(_times(_x(2), _x(3)), cosine))
    momenta = _minus(_sum(_sq(2), f.times(2.0, _sq(3))), cross)
    kinetic = call("div", momenta, _minus(f.c(2.0), call("square", cosine)))
    potential = _sum(
        f.times(4 * GRAVITY, call("cos", _x(0))), f.times(2 * GRAVITY, call("cos", _x(1)))
    )
    return _minus(kinetic, potential)


def _henon_heiles(f: _Formula) -> Expression:
    squares = _sum(_sq(0), _sq(1), _sq(2), _sq(3))
    cubic = _minus(f.times(2.0, _sq(0)), f.times(2 / 3, _sq(1)))
    return _sum(squares, _times(cubic, _x(1)))


def _toda(f: _Formula) -> Expression:
    kinetic = _sum(_sq(3), _sq(4), _sq(5))
    pairs = ((0, 1), (1, 2), (2, 0))
    springs = _sum(*(call("exp", _minus(_x(left), _x(right))) for left, right in pairs))
    return _sum(kinetic, f.times(2.0, springs))


def _three_body(f: _Formula) -> Expression:
    kinetic = _sum(*(_sq(column) for column in range(6, 12)))
    pairs = ((0, 2), (0, 4), (2, 4))
    pulls = [call("div", f.c(2.0), call("sqrt", _apart(a, a + 1, b, b + 1))) for a, b in pairs]
    return _minus(kinetic, _sum(*pulls))


def _charge(f: _Formula) -> Expression:
    return _sum(_sq(2), _sq(3))


def _vortices(f: _Formula) -> Expression:
    circulations = enumerate(VORTICITY)
    return _sum(*(f.times(g, _sum(_sq(2 * i), _sq(2 * i + 1))) for i, g in circulations))


def _sir(f: _Formula) -> Expression:
    return _minus(_sum(_x(0), _x(1)), f.times(0.4, call("log", _x(0))))


_RECIPES: MappingProxyType[str, Callable[[_Formula], Expression]] = MappingProxyType(
    {
        "ideal_spring": _ideal_spring,
        "ideal_pendulum": _pendulum(3.0),
        "real_pendulum": _pendulum(2.4),
        "duffing": _duffing,
        "isotropic_oscillator_2d": _oscillator,
        "kepler_2d": _kepler,
        "lotka_volterra": _lotka_volterra,
        "rigid_body": _rigid_body,
        "spherical_pendulum": _spherical_pendulum,
        "double_pendulum": _double_pendulum,
        "henon_heiles": _henon_heiles,
        "toda_3": _toda,
        "three_body_planar": _three_body,
        "charge_in_B": _charge,
        "point_vortices": _vortices,
        "sir": _sir,
    }
)

ORACLES = tuple(_RECIPES)
"""Names of the data sets whose law is known."""


def oracle(name: str) -> tuple[Expression, tuple[float, ...]]:
    """A known law of a data set: the energy where there is one.

    Parameters
    ----------
    name : str
        As in `Dataset.oracle`.

    Returns
    -------
    expression : Expression
        Inputs are the data set's columns in their order.
    values : tuple of float
        Of its parameters, by slot, in the data set's units.

    Raises
    ------
    DatasetError
        If no law is known under that name.
    """
    if name not in _RECIPES:
        raise DatasetError(f"no law is known for {name!r}; known: {', '.join(ORACLES)}")
    formula = _Formula()
    return formula.law(_RECIPES[name](formula))
