"""The built-in systems, one record each: equations, units, starts, sampling, source."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from noether_sym.datasets.systems import initial_conditions as starts
from noether_sym.datasets.systems import vector_fields as fields

if TYPE_CHECKING:
    from noether_sym.datasets.systems.initial_conditions import Start
    from noether_sym.datasets.systems.vector_fields import Field

_GREYDANUS = "Greydanus, Dzamba, Yosinski 2019, Hamiltonian Neural Networks"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A system of ordinary differential equations with a known answer.

    Attributes
    ----------
    name, description : str
        Name as the user types it, and one line about the system.
    columns : tuple of (str, str)
        Name and unit of each state variable.
    time_unit : str
    field : callable
        ``field(t, x)``: dx/dt of shape (..., column) for states of that shape.
    start : callable
        ``start(rng)``: one starting state of shape (column,).
    span : float
        Trajectories run from time 0 to here, several periods where there is a period.
    samples, trajectories, training : int
        Samples of each trajectory, number of trajectories, and how many of them, the
        first ones, are for training.
    known_laws : int
        Number of functionally independent single-valued invariants.
    invariants : tuple of str
        Known invariants as formulas that `noether_sym.dsl.parser` reads. They may depend on
        each other (Kepler's four are three). The first is what tailoring is compared with;
        the search reads none.
    source : str
        Citation.
    canonical_pairs : tuple of (int, int)
        Columns (q, p) in which the equations are Hamilton's.
    """

    name: str
    description: str
    columns: tuple[tuple[str, str], ...]
    time_unit: str = "s"
    field: Field
    start: Start
    span: float
    samples: int
    trajectories: int = 20
    training: int = 15
    known_laws: int = 0
    invariants: tuple[str, ...] = ()
    source: str
    canonical_pairs: tuple[tuple[int, int], ...] = ()


def _columns(names: str, *units: str) -> tuple[tuple[str, str], ...]:
    """Pair names with units; a single unit is that of every column."""
    split = names.split()
    return tuple(zip(split, units if len(units) > 1 else units * len(split), strict=True))


_PLANE = _columns("x y vx vy", "m", "m", "m/s", "m/s")
_PLANE_PAIRS = ((0, 2), (1, 3))

_PAPER = (
    System(
        name="ideal_spring",
        description="mass on a spring, H = q^2 + p^2",
        columns=_columns("q p", "m", "kg*m/s"),
        field=fields.ideal_spring,
        start=starts.ring(0.1, 1.0),
        span=3.0,
        samples=30,
        trajectories=50,
        training=25,
        known_laws=1,
        invariants=("q**2 + 1*p**2",),
        source=_GREYDANUS,
        canonical_pairs=((0, 1),),
    ),
    System(
        name="ideal_pendulum",
        description="pendulum, H = 3 (1 - cos q) + p^2",
        columns=_columns("q p", "rad", "kg*m**2/s"),
        field=fields.ideal_pendulum,
        start=starts.ring(1.3, 2.3),
        span=3.0,
        samples=45,
        trajectories=50,
        training=25,
        known_laws=1,
        invariants=("p**2 - 3*cos(q)",),
        source=_GREYDANUS,
        canonical_pairs=((0, 1),),
    ),
)

_CONSERVED = (
    System(
        name="duffing",
        description="undamped particle in a double well, x'' = x - x^3",
        columns=_columns("x v", "m", "m/s"),
        field=fields.duffing,
        start=starts.box((-1.5, -1.0), (1.5, 1.0)),
        span=20.0,
        samples=120,
        known_laws=1,
        invariants=("(x**2 - 1)**2 + 2*v**2",),
        source="Kovacic, Brennan 2011, The Duffing Equation",
        canonical_pairs=((0, 1),),
    ),
    System(
        name="isotropic_oscillator_2d",
        description="isotropic harmonic oscillator in the plane, r'' = -r",
        columns=_PLANE,
        field=fields.isotropic_oscillator_2d,
        start=starts.box((-1.5, -1.5, -1.5, -1.5), (1.5, 1.5, 1.5, 1.5)),
        span=20.0,
        samples=100,
        known_laws=3,
        invariants=("x**2 + y**2 + 1*(vx**2 + vy**2)", "x**2 + 1*vx**2", "x*vy - y*vx"),
        source="Goldstein, Poole, Safko 2002, Classical Mechanics, chapters 3 and 9",
        canonical_pairs=_PLANE_PAIRS,
    ),
    System(
        name="kepler_2d",
        description="planet about a fixed sun, r'' = -r/r^3",
        columns=_PLANE,
        field=fields.kepler_2d,
        start=starts.ellipse,
        span=20.0,
        samples=120,
        known_laws=3,
        invariants=(
            "vx**2 + vy**2 - 2/sqrt(x**2 + y**2)",
            "x*vy - y*vx",
            "vy*(x*vy - y*vx) - 1*x/sqrt(x**2 + y**2)",
            "vx*(x*vy - y*vx) + 1*y/sqrt(x**2 + y**2)",
        ),
        source="Goldstein, Poole, Safko 2002, Classical Mechanics, chapter 3",
        canonical_pairs=_PLANE_PAIRS,
    ),
    System(
        name="lotka_volterra",
        description="prey x and predators y, x' = .25x - .075xy, y' = .07xy - .15y",
        columns=_columns("x y", "dimensionless"),
        time_unit="year",
        field=fields.lotka_volterra,
        start=starts.box((1.0, 1.0), (5.0, 5.0)),
        span=120.0,
        samples=120,
        known_laws=1,
        invariants=("0.07*x + 0.075*y - (0.15*log(x) + 0.25*log(y))",),
        source="Volterra 1926, Nature 118, 558",
    ),
    System(
        name="rigid_body",
        description="free rigid body with moments of inertia 1, 2, 3",
        columns=_columns("w1 w2 w3", "rad/s"),
        field=fields.rigid_body,
        start=starts.box((-1.5, -1.5, -1.5), (1.5, 1.5, 1.5)),
        span=30.0,
        samples=120,
        known_laws=2,
        invariants=("w1**2 + 2*w2**2 + 3*w3**2", "w1**2 + 4*w2**2 + 9*w3**2"),
        source="Goldstein, Poole, Safko 2002, Classical Mechanics, chapter 5",
    ),
    System(
        name="spherical_pendulum",
        description="pendulum of length 1 in space, angle theta from the upright, g = 9.8",
        columns=_columns("theta phi wt wp", "rad", "rad", "rad/s", "rad/s"),
        field=fields.spherical_pendulum,
        start=starts.spherical,
        span=8.0,
        samples=120,
        known_laws=2,
        invariants=("wt**2 + (sin(theta)*wp)**2 + 19.6*cos(theta)", "sin(theta)**2*wp"),
        source="Landau, Lifshitz 1976, Mechanics, section 14",
    ),
    System(
        name="double_pendulum",
        description="two unit masses on unit rods, canonical angles and momenta, g = 9.8",
        columns=_columns("th1 th2 p1 p2", "rad", "rad", "kg*m**2/s", "kg*m**2/s"),
        field=fields.double_pendulum,
        start=starts.box((-1.2, -1.2, -2.0, -2.0), (1.2, 1.2, 2.0, 2.0)),
        span=10.0,
        samples=120,
        known_laws=1,
        invariants=(
            "(p1**2 + 2*p2**2 - 2*(p1*p2*cos(th1 - th2)))/(2 - cos(th1 - th2)**2) "
            "- (39.2*cos(th1) + 19.6*cos(th2))",
        ),
        source="Landau, Lifshitz 1976, Mechanics, section 5",
        canonical_pairs=_PLANE_PAIRS,
    ),
    System(
        name="henon_heiles",
        description="star in a galactic plane, x'' = -x - 2xy, y'' = -y - x^2 + y^2",
        columns=_columns("x y vx vy", "dimensionless"),
        time_unit="dimensionless",
        field=fields.henon_heiles,
        # below the escape energy of 1/6 everywhere in the box
        start=starts.box((-0.25, -0.25, -0.25, -0.25), (0.25, 0.25, 0.25, 0.25)),
        span=30.0,
        samples=120,
        known_laws=1,
        invariants=("x**2 + y**2 + vx**2 + vy**2 + (2*x**2 - 2/3*y**2)*y",),
        source="Henon, Heiles 1964, Astronomical Journal 69, 73",
        canonical_pairs=_PLANE_PAIRS,
    ),
    System(
        name="toda_3",
        description="periodic Toda chain of three particles",
        columns=_columns("q1 q2 q3 p1 p2 p3", "dimensionless"),
        time_unit="dimensionless",
        field=fields.toda_3,
        start=starts.box((-1.0,) * 6, (1.0,) * 6),
        span=15.0,
        samples=120,
        known_laws=3,
        invariants=(
            "p1**2 + p2**2 + p3**2 + 2*(exp(q1 - q2) + exp(q2 - q3) + exp(q3 - q1))",
            "p1 + p2 + p3",
            "p1*p2*p3 - p1*exp(q2 - q3) - p2*exp(q3 - q1) - p3*exp(q1 - q2)",
        ),
        source="Toda 1967, Journal of the Physical Society of Japan 22, 431",
        canonical_pairs=((0, 3), (1, 4), (2, 5)),
    ),
    System(
        name="two_body",
        description="two unit masses under gravity in the plane, G = 1, nearly circular orbits",
        columns=(*_columns("x1 y1 x2 y2", "m"), *_columns("vx1 vy1 vx2 vy2", "m/s")),
        field=fields.planar_bodies,
        start=starts.binary,
        span=30.0,
        samples=150,
        # both momenta, the angular momentum of the centre of mass, and the three of the relative
        # motion; a seventh, the phase on the orbit when the centre passes its point closest to
        # the origin, is in no closed form
        known_laws=6,
        invariants=(
            "vx1**2 + vy1**2 + vx2**2 + vy2**2 - 2/sqrt((x1 - x2)**2 + (y1 - y2)**2)",
            "vx1 + vx2",
            "vy1 + vy2",
            "x1*vy1 - y1*vx1 + x2*vy2 - y2*vx2",
            "(x1 + x2)*(vy1 + vy2) - (y1 + y2)*(vx1 + vx2)",
            "(vy1 - vy2)*((x1 - x2)*(vy1 - vy2) - (y1 - y2)*(vx1 - vx2)) "
            "- 2*(x1 - x2)/sqrt((x1 - x2)**2 + (y1 - y2)**2)",
            "(vx1 - vx2)*((x1 - x2)*(vy1 - vy2) - (y1 - y2)*(vx1 - vx2)) "
            "+ 2*(y1 - y2)/sqrt((x1 - x2)**2 + (y1 - y2)**2)",
        ),
        source=_GREYDANUS,
        canonical_pairs=tuple((column, column + 4) for column in range(4)),
    ),
    System(
        name="three_body_planar",
        description="three unit masses under gravity in the plane, G = 1",
        columns=(*_columns("x1 y1 x2 y2 x3 y3", "m"), *_columns("vx1 vy1 vx2 vy2 vx3 vy3", "m/s")),
        field=fields.planar_bodies,
        start=starts.hierarchy,
        span=24.0,
        samples=150,
        # the last is of equal masses: the angular momentum of the centre of mass
        known_laws=5,
        invariants=(
            "vx1**2 + vy1**2 + vx2**2 + vy2**2 + vx3**2 + vy3**2 - (2/sqrt((x1 - x2)**2 "
            "+ (y1 - y2)**2) + 2/sqrt((x1 - x3)**2 + (y1 - y3)**2) + 2/sqrt((x2 - x3)**2 "
            "+ (y2 - y3)**2))",
            "vx1 + vx2 + vx3",
            "vy1 + vy2 + vy3",
            "x1*vy1 - y1*vx1 + x2*vy2 - y2*vx2 + x3*vy3 - y3*vx3",
            "(x1 + x2 + x3)*(vy1 + vy2 + vy3) - (y1 + y2 + y3)*(vx1 + vx2 + vx3)",
        ),
        source="Goldstein, Poole, Safko 2002, Classical Mechanics, section 3.12",
        canonical_pairs=tuple((column, column + 6) for column in range(6)),
    ),
    System(
        name="charge_in_B",
        description="charge in a uniform magnetic field, vx' = vy, vy' = -vx",
        columns=_PLANE,
        field=fields.charge_in_B,
        start=starts.box((-1.0, -1.0, -1.5, -1.5), (1.0, 1.0, 1.5, 1.5)),
        span=20.0,
        samples=100,
        known_laws=3,
        invariants=("vx**2 + vy**2", "vx - 1*y", "vy + 1*x"),
        source="Jackson 1998, Classical Electrodynamics, section 12.2",
    ),
    System(
        name="point_vortices",
        description="three point vortices in the plane, circulations 1, .6, -.4",
        columns=_columns("x1 y1 x2 y2 x3 y3", "m"),
        field=fields.point_vortices,
        start=starts.vortices,
        span=100.0,
        samples=150,
        known_laws=4,
        invariants=(
            "1*(x1**2 + y1**2) + 0.6*(x2**2 + y2**2) - 0.4*(x3**2 + y3**2)",
            "1*x1 + 0.6*x2 - 0.4*x3",
            "1*y1 + 0.6*y2 - 0.4*y3",
            "0.6*log(1*((x1 - x2)**2 + (y1 - y2)**2)) - 0.4*log(1*((x1 - x3)**2 + (y1 "
            "- y3)**2)) - 0.24*log(1*((x2 - x3)**2 + (y2 - y3)**2))",
        ),
        source="Aref 1979, Physics of Fluids 22, 393",
    ),
    System(
        name="sir",
        description="epidemic, S' = -.5 S I, I' = .5 S I - .2 I, R' = .2 I",
        columns=_columns("S I R", "dimensionless"),
        time_unit="day",
        field=fields.sir,
        # totals differ, so that S + I + R is a law and not a constant of the data
        start=starts.box((0.6, 0.01, 0.0), (1.2, 0.1, 0.3)),
        span=50.0,
        samples=100,
        known_laws=2,
        invariants=("S + I - 0.4*log(S)", "S + I + R"),
        source="Kermack, McKendrick 1927, Proceedings of the Royal Society A 115, 700",
    ),
)

_NOTHING_CONSERVED = (
    System(
        name="lorenz",
        description="Lorenz attractor (10, 28, 8/3); nothing is conserved",
        columns=_columns("x y z", "dimensionless"),
        time_unit="dimensionless",
        field=fields.lorenz,
        start=starts.box((-10.0, -10.0, 10.0), (10.0, 10.0, 40.0)),
        span=5.0,
        samples=125,
        source="Lorenz 1963, Journal of the Atmospheric Sciences 20, 130",
    ),
    System(
        name="damped_oscillator",
        description="damped oscillator, x'' = -x - .2x'; nothing single-valued is conserved",
        columns=_columns("x v", "m", "m/s"),
        field=fields.damped_oscillator,
        start=starts.ring(0.5, 2.0),
        span=20.0,
        samples=100,
        source="Landau, Lifshitz 1976, Mechanics, section 25",
    ),
    System(
        name="van_der_pol",
        description="van der Pol oscillator, x'' = (1 - x^2) x' - x; nothing is conserved",
        columns=_columns("x v", "dimensionless", "1/s"),
        field=fields.van_der_pol,
        start=starts.ring(0.5, 3.0),
        span=20.0,
        samples=120,
        source="van der Pol 1926, Philosophical Magazine 2, 978",
    ),
    System(
        name="driven_pendulum",
        description="damped pendulum driven by 1.2 cos(2t/3); nothing is conserved",
        columns=_columns("theta omega", "rad", "rad/s"),
        field=fields.driven_pendulum,
        start=starts.box((-1.5, -1.5), (1.5, 1.5)),
        span=40.0,
        samples=160,
        source="Baker, Gollub 1996, Chaotic Dynamics, chapter 3",
    ),
)

SYSTEMS = MappingProxyType(
    {system.name: system for system in (*_PAPER, *_CONSERVED, *_NOTHING_CONSERVED)}
)
"""Every built-in system, by name; those of the paper first."""
