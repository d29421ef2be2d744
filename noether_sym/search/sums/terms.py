"""Libraries of simple terms: products, reciprocals, roots, logarithms, waves, distances.

The same for every data set. Units decide what may stand inside a function: a logarithm or an
exponential of a column with a unit takes a constant of the inverse unit. Angles enter by their
sines and cosines, also of differences; points in space bring their distances. Libraries come in
order of richness, the terms of each in order of size, so that a limit can stop them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from noether_sym.dsl.expression import Expression, call, input_, parameter, sum_of, with_leaves

_PAIRS = 8
"""Most columns without unit whose differences stand inside functions."""

_GAPS = 28
"""Most pairs of bodies in line whose gaps are terms."""

_POWERS = {2: "square", 3: "cube", 4: "fourth"}


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a sum, its factor left out.

    Attributes
    ----------
    expression : Expression
    size : int
        Its place in the order: the nodes, where a distance or a sine counts as one quantity.
    values : tuple of float
        Of the parameters inside, by slot.
    kind : str
        Of a function: ``power``, ``log``, ``exp``, ``wave`` or ``distance``.
    """

    expression: Expression
    size: int
    values: tuple[float, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Quantities:
    """What terms are made of.

    Attributes
    ----------
    plain : tuple of Term
        Columns, sines and cosines of angles: products of these make polynomials.
    functions : tuple of Term
        Reciprocals, roots, logarithms, exponentials, waves, distances: each by itself, or times
        a polynomial.
    steep : tuple of Term
        Higher inverse powers of columns that keep their sign and of distances, and squares of
        exponentials, each by itself.
    """

    plain: tuple[Term, ...]
    functions: tuple[Term, ...]
    steep: tuple[Term, ...] = ()

    @property
    def straight(self) -> list[Term]:
        """Columns that enter as they are."""
        return [term for term in self.plain if term.expression.is_leaf]


@dataclass(frozen=True, slots=True)
class Columns:
    """What is known of the columns.

    Attributes
    ----------
    pure : tuple of bool
        Whether the column has no dimension.
    angle : tuple of bool
        Whether it enters by sine and cosine.
    signs : tuple of int
        1 or -1 where all values have that sign, 0 otherwise.
    points : tuple of tuple of int
        Columns of each point in space.
    point_units : tuple of str
        Unit of each point: distances are between points of one unit.
    gaps : tuple of (int, int)
        Columns of one unit of which the first is always the larger: bodies in line.
    """

    pure: tuple[bool, ...]
    angle: tuple[bool, ...]
    signs: tuple[int, ...]
    points: tuple[tuple[int, ...], ...] = ()
    point_units: tuple[str, ...] = ()
    gaps: tuple[tuple[int, int], ...] = ()

    def with_raw_angles(self) -> Columns:
        """The same with angles as they are."""
        return replace(self, angle=(False,) * len(self.angle))


def quantities(columns: Columns) -> Quantities:
    """Everything that terms are made of, each list in order of size."""
    count = range(len(columns.pure))
    straight = [c for c in count if not columns.angle[c]]
    angles = [c for c in count if columns.angle[c]]
    plain = [Term(input_(c), 1) for c in straight]
    functions: list[Term] = []
    for c in angles:
        waves = [call(name, input_(c)) for name in ("sin", "cos")]
        plain += [Term(wave, 1) for wave in waves]
        functions += [_power_of(call("inverse", wave), 2) for wave in waves]
        functions += [_power_of(call("inverse", call("square", wave)), 3) for wave in waves]
    for one, two in combinations(angles, 2):
        difference = call("sub", input_(one), input_(two))
        plain += [Term(call(name, difference), 1) for name in ("sin", "cos")]
    for c in straight:
        functions += _of_one(c, columns)
    pure = [c for c in straight if columns.pure[c]]
    if len(pure) <= _PAIRS:
        for one, two in combinations(pure, 2):
            functions += _of_pure(call("sub", input_(one), input_(two)), 1)
    functions += _of_distances(columns)
    if len(columns.gaps) <= _GAPS:
        functions += [term for gap in columns.gaps for term in _of_gap(*gap)]
    steep = [one for c in straight if columns.signs[c] for one in _steep(input_(c))]
    for squared in squared_distances(columns):
        steep += _steep_of_distance(squared)
    exponentials = [one.expression for one in functions if one.expression.head == "exp"]
    for squared in (call("square", one) for one in exponentials):
        steep += [_power_of(squared, 3), _power_of(call("inverse", squared), 3)]
    return Quantities(by_size(plain), by_size(functions), by_size(steep))


def reads(terms: Sequence[Term]) -> frozenset[int]:
    """The columns that terms read."""
    return frozenset[int]().union(*(term.expression.inputs for term in terms))


def polynomial(known: Quantities) -> Iterator[Term]:
    """Products of up to four plain quantities, and every function by itself."""
    yield from by_size([*monomials(known.plain, 4, 5), *known.functions])


def quadratic(known: Quantities) -> Iterator[Term]:
    """Products of up to two plain quantities."""
    yield from by_size(monomials(known.plain, 2, 3))


def mixed(known: Quantities) -> Iterator[Iterator[Term]]:
    """Products of up to three plain quantities, and functions times up to two: kind by kind.

    At last products of up to six plain quantities; and what is steep, with the products and
    functions that stand beside it in a potential.
    """
    for functions in by_kind(known.functions):
        yield _with_functions(known, functions)
    yield _products(known)
    if known.steep:
        for degree in (2, 4):
            yield _with_steep(known, degree)
        if any(one.kind == "distance" for one in known.functions):
            yield _with_dipoles(known)


def _with_functions(known: Quantities, functions: Sequence[Term]) -> Iterator[Term]:
    """Like the other libraries made when its first term is asked for."""
    both = each_times(monomials(known.plain, 2, 3), functions)
    yield from by_size([*monomials(known.plain, 3, 5), *functions, *both])


def _products(known: Quantities) -> Iterator[Term]:
    yield from by_size(monomials(known.plain, 6, 7))


def _with_steep(known: Quantities, degree: int) -> Iterator[Term]:
    beside = [one for one in known.functions if one.kind in ("power", "distance", "exp")]
    yield from by_size([*monomials(known.plain, degree, 5), *beside, *known.steep])


def _with_dipoles(known: Quantities) -> Iterator[Term]:
    """Products of up to two plain quantities; of a point also over the cube of its distance."""
    products = monomials(known.plain, 2, 3)
    cubes = [one for one in known.steep if one.expression.arguments[0].head == "cube"]
    distances = [one for one in cubes if one.expression.arguments[0].arguments[0].head == "sqrt"]
    over = [
        times(one, distance)
        for distance in distances
        for one in products
        if one.expression.inputs <= distance.expression.inputs
    ]
    yield from by_size([*products, *over])


def with_springs(known: Quantities, raw: Quantities) -> Iterator[Term]:
    """Products of up to two raw quantities, and waves by themselves: springs between pendulums."""
    own = monomials(raw.plain, 2, 3)
    waves = [one for one in known.plain if one not in raw.plain]
    yield from by_size([*own, *waves])


def monomials(plain: Sequence[Term], degree: int, size: int) -> list[Term]:
    """Products of plain quantities, up to a degree and a size."""
    found: list[Term] = []

    def extend(start: int, left: int, factors: tuple[Term, ...], nodes: int) -> None:
        for place in range(start, len(plain)):
            for exponent in range(1, left + 1):
                factor = _power(plain[place], exponent)
                total = nodes + factor.size + (1 if factors else 0)
                if total > size:
                    break
                chosen = (*factors, factor)
                found.append(_product(chosen))
                extend(place + 1, left - exponent, chosen, total)

    extend(0, degree, (), 0)
    return found


def _of_one(c: int, columns: Columns) -> Iterator[Term]:
    """Functions of a single column."""
    own, sign = input_(c), columns.signs[c]
    if sign:
        yield _power_of(call("inverse", own), 2)
        yield _power_of(call("inverse", call("square", own)), 3)
        turned = own if sign > 0 else call("mul", parameter(0), own)
        yield Term(call("sqrt", turned), 2, () if sign > 0 else (-1.0,), "power")
        bare = columns.pure[c] and sign > 0
        inside = own if bare else call("mul", parameter(0), own)
        yield Term(call("log", inside), 2, () if bare else (float(sign),), "log")
    if columns.pure[c]:
        yield from _of_pure(own, 0)


def _of_pure(argument: Expression, size: int) -> Iterator[Term]:
    """Exponentials and waves of what has no unit."""
    exponential = call("exp", argument)
    yield Term(exponential, 2 + size, kind="exp")
    yield Term(call("inverse", exponential), 2 + size, kind="exp")
    yield Term(call("sin", argument), 2 + size, kind="wave")
    yield Term(call("cos", argument), 2 + size, kind="wave")


def _power_of(expression: Expression, size: int) -> Term:
    return Term(expression, size, kind="power")


def _steep(base: Expression) -> Iterator[Term]:
    """Inverse powers 3, 4, 6 and 12: of dipoles, of what turns orbits, of forces between atoms."""
    cube = call("cube", base)
    for power in (cube, call("fourth", base), call("square", cube), call("fourth", cube)):
        yield _power_of(call("inverse", power), 3)


def _steep_of_distance(squared: Expression) -> Iterator[Term]:
    """The same of a distance, by its square, and its inverse square."""
    cube = call("cube", squared)
    odd = call("cube", call("sqrt", squared))
    for power in (squared, odd, call("square", squared), cube, call("square", cube)):
        yield _power_of(call("inverse", power), 3)


def _of_distances(columns: Columns) -> Iterator[Term]:
    """Distances of points from the origin and from each other."""
    for squared in squared_distances(columns):
        yield from of_distance(squared)


def of_distance(squared: Expression) -> tuple[Term, Term, Term]:
    """A distance, its inverse, and its logarithm, by its square."""
    distance = call("sqrt", squared)
    return (
        Term(distance, 2, kind="distance"),
        Term(call("inverse", distance), 2, kind="distance"),
        Term(call("log", call("mul", parameter(0), squared)), 3, (1.0,), "distance"),
    )


def _of_gap(larger: int, smaller: int) -> Iterator[Term]:
    """What distances bring, for bodies in line that never change places."""
    gap = call("sub", input_(larger), input_(smaller))
    yield Term(call("inverse", gap), 2, kind="distance")
    yield Term(call("inverse", call("square", gap)), 3, kind="distance")
    yield Term(call("log", call("mul", parameter(0), gap)), 3, (1.0,), "distance")


def squared_distances(columns: Columns) -> Iterator[Expression]:
    """Of each point from the origin, then of each two points of one unit from each other."""
    for point in columns.points:
        yield sum_of([call("square", input_(c)) for c in point])
    pairs = combinations(zip(columns.points, columns.point_units, strict=True), 2)
    for (one, unit), (two, other) in pairs:
        if unit == other and len(one) == len(two):
            differences = [call("sub", input_(a), input_(b)) for a, b in zip(one, two, strict=True)]
            yield sum_of([call("square", own) for own in differences])


def _power(term: Term, exponent: int) -> Term:
    if exponent == 1:
        return term
    own = term.expression
    if exponent <= 4:
        return Term(call(_POWERS[exponent], own), term.size + min(exponent - 1, 2), term.values)
    rest = own if exponent == 5 else call("square", own)
    return Term(call("mul", call("fourth", own), rest), term.size + exponent - 2, term.values)


def times(one: Term, other: Term) -> Term:
    """The product of two terms."""
    return _product([one, other])


def each_times(ones: Sequence[Term], others: Sequence[Term]) -> list[Term]:
    """The products of two lists: all that hold the first of the others, then the next."""
    return [times(one, other) for other in others for one in ones]


def by_kind(functions: Sequence[Term]) -> Iterator[list[Term]]:
    """Functions of one kind, then of the next."""
    for kind in dict.fromkeys(one.kind for one in functions):
        yield [one for one in functions if one.kind == kind]


def _product(factors: Sequence[Term]) -> Term:
    expression, values = factors[0].expression, factors[0].values
    for factor in factors[1:]:
        other = shifted(factor, len(values))
        if other.head == "inverse":
            expression = call("div", expression, other.arguments[0])
        else:
            expression = call("mul", expression, other)
        values = (*values, *factor.values)
    size = sum(factor.size for factor in factors) + len(factors) - 1
    return Term(expression, size, values)


def shifted(term: Term, slots: int) -> Expression:
    """The formula of a term with its parameter slots moved up."""
    if not term.values or not slots:
        return term.expression
    moved = {slot: parameter(slot + slots) for slot in range(len(term.values))}
    return with_leaves(term.expression, {}, moved)


def by_size(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Smaller terms first, else in the order in which they come."""
    return tuple(sorted(terms, key=lambda term: term.size))
