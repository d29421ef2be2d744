"""Formulas as immutable trees: inputs, parameters, operations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from noether_sym.dsl.operators import Operator, UnitRule, operator_of
from noether_sym.dsl.tokens import quoted
from noether_sym.errors import GrammarError, UnitError
from noether_sym.units.dimension import DIMENSIONLESS, Dimension

if TYPE_CHECKING:
    import sympy

INPUT = "input"
PARAMETER = "parameter"

_LEAF, _SIGNED = 5, 3

LARGEST_POWER = 12
"""Of the exponents that formulas are written with, and read."""

_Quantity = TypeVar("_Quantity", Dimension, float)


class _Text(NamedTuple):
    """A part as text: how tightly it binds; of a whole power also what is raised, and to which."""

    text: str
    strength: int
    base: str = ""
    power: int = 1


_ONE = _Text("1", _LEAF, power=0)
"""A factor that is left out of a product."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula.

    Parameters
    ----------
    head : str
        ``"input"``, ``"parameter"`` or the name of an operation.
    arguments : tuple of Expression
        Empty for leaves.
    index : int
        Column of an input, slot of a parameter; -1 for operations.

    Attributes
    ----------
    size : int
        Number of nodes: what the paper and our flags call depth.
    parameter_count : int
        Number of parameter leaves.

    Notes
    -----
    Build leaves with `input_` and `parameter`, operations with `call`. Each parameter
    keeps a slot of its own: `renumbered` makes the slots 0, 1, ... in reading order.
    """

    head: str
    arguments: tuple[Expression, ...] = ()
    index: int = -1
    size: int = field(init=False, compare=False, repr=False)
    parameter_count: int = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # a search holds many trees with shared parts: what each asks often is kept
        parts = self.arguments
        size = 1 + sum(part.size for part in parts)
        count = sum(part.parameter_count for part in parts) + (self.head == PARAMETER)
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "parameter_count", count)
        object.__setattr__(self, "_hash", hash((self.head, parts, self.index)))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Expression], tuple[object, ...]]:
        return Expression, (self.head, self.arguments, self.index)  # hashes differ by process

    @property
    def is_leaf(self) -> bool:
        """Whether this is an input or a parameter."""
        return not self.arguments

    @property
    def slots(self) -> list[int]:
        """Slots of the parameters, in reading order."""
        return [node.index for node in self.walk() if node.head == PARAMETER]

    @property
    def inputs(self) -> frozenset[int]:
        """Columns that the formula reads."""
        return frozenset(node.index for node in self.walk() if node.head == INPUT)

    def walk(self) -> Iterator[Expression]:
        """Yield the nodes, arguments before the operation (postfix order)."""
        for argument in self.arguments:
            yield from argument.walk()
        yield self

    def fold(
        self,
        leaf: Callable[[Expression], Any],
        operation: Callable[..., Any],
        memory: dict[Expression, Any] | None = None,
    ) -> Any:
        """Compute a value bottom up.

        Parameters
        ----------
        leaf : callable
            ``leaf(node)`` for inputs and parameters.
        operation : callable
            ``operation(operator, *values)`` for operations.
        memory : dict, optional
            Values of parts that many formulas share; looked up, and added to.
        """
        if self.is_leaf:
            return leaf(self)
        if memory is not None and self in memory:
            return memory[self]
        values = [argument.fold(leaf, operation, memory) for argument in self.arguments]
        result = operation(operator_of(self.head), *values)
        if memory is not None:
            memory[self] = result
        return result

    def evaluate(self, lib: Any, columns: Sequence[Any], parameters: Sequence[Any]) -> Any:
        """Evaluate with numpy, torch or sympy.

        Parameters
        ----------
        lib : module
            ``numpy``, ``torch`` or ``sympy``.
        columns : sequence
            Values of the inputs, one entry a column (arrays broadcast).
        parameters : sequence
            Values of the parameters by slot.
        """
        return self.fold(
            lambda node: columns[node.index] if node.head == INPUT else parameters[node.index],
            lambda operator, *values: operator.apply(lib, *values),
        )

    def gradient(
        self, lib: Any, columns: Sequence[Any], parameters: Sequence[Any]
    ) -> tuple[Any, list[Any]]:
        """Value and partial derivatives by input, by the chain rule.

        Returns
        -------
        value : array
        gradient : list
            One entry a column: an array, or 0.0 where the formula does not read it.
        """
        value, slopes = self.linearise(lib, columns, parameters, INPUT)
        return value, [slopes.get(column, 0.0) for column in range(len(columns))]

    def linearise(
        self, lib: Any, columns: Sequence[Any], parameters: Sequence[Any], by: str
    ) -> tuple[Any, dict[int, Any]]:
        """Value and partial derivatives by the leaves of one sort.

        Parameters
        ----------
        lib, columns, parameters
            As in `evaluate`.
        by : str
            ``INPUT`` or ``PARAMETER``.

        Returns
        -------
        value : array
        slopes : dict
            From leaf index to derivative, for the leaves that occur.
        """

        def leaf(node: Expression) -> tuple[Any, dict[int, Any]]:
            value = columns[node.index] if node.head == INPUT else parameters[node.index]
            return value, {node.index: 1.0} if node.head == by else {}

        def operation(
            operator: Operator, *duals: tuple[Any, dict[int, Any]]
        ) -> tuple[Any, dict[int, Any]]:
            values = [value for value, _ in duals]
            value = operator.apply(lib, *values)
            slopes: dict[int, Any] = {}
            if any(slope for _, slope in duals):
                partials = operator.partials(lib, value, *values)
                for partial, (_, argument_slopes) in zip(partials, duals, strict=True):
                    for index, slope in argument_slopes.items():
                        slopes[index] = slopes.get(index, 0.0) + partial * slope
            return value, slopes

        return self.fold(leaf, operation)

    def text(
        self,
        inputs: Sequence[str],
        parameters: Sequence[str],
        memory: dict[Expression, Any] | None = None,
        ones: Collection[int] = (),
    ) -> str:
        """Print as infix text, with the names or numbers given for the leaves.

        A name that would read as a formula itself, such as ``x y`` or ``a-b``, is put
        between backquotes. With a `memory`, shared by formulas that are printed with the same
        names, each part is printed once. Parameters of the slots in `ones` are 1, and are left out
        of products.
        """

        def leaf(node: Expression) -> _Text:
            if node.head == INPUT:
                return _Text(quoted(inputs[node.index]), _LEAF)
            if node.index in ones:
                return _ONE
            shown = parameters[node.index]
            return _Text(shown, _SIGNED if shown.startswith("-") else _LEAF)

        def operation(operator: Operator, *parts: _Text) -> _Text:
            if operator.name == "mul" and _ONE in parts:
                return parts[1 - parts.index(_ONE)]
            own, *needed = operator.precedence
            shown = [
                part.text
                if part.strength >= need and not (place and part.text.startswith("-"))
                else f"({part.text})"
                for place, (part, need) in enumerate(zip(parts, needed, strict=True))
            ]
            whole = operator.whole_power
            if whole < 2 or operator.template != f"{{0}}**{whole}":
                return _Text(operator.template.format(*shown), own)
            inner = parts[0]
            if inner.base and inner.power * whole <= LARGEST_POWER:  # (x**2)**2 as x**4
                base, power = inner.base, inner.power * whole
            else:
                base, power = shown[0], whole
            return _Text(f"{base}**{power}", own, base, power)

        shown: _Text = self.fold(leaf, operation, memory)
        return shown.text

    def sympy(self, inputs: Sequence[Any], parameters: Sequence[Any]) -> sympy.Expr:
        """Build the SymPy expression from the tree; no text is ever parsed."""
        import sympy

        return sympy.sympify(self.evaluate(sympy, inputs, parameters))

    def renumbered(self) -> Expression:
        """The same formula with parameter slots 0, 1, ... in reading order."""
        if self.parameter_count == 0:
            return self
        counter = iter(range(self.parameter_count))

        def leaf(node: Expression) -> Expression:
            return node if node.head == INPUT else parameter(next(counter))

        return self.mapped(leaf)

    def mapped(self, leaf: Callable[[Expression], Expression]) -> Expression:
        """The same operations on ``leaf(node)`` in place of each leaf, in reading order."""
        whole: Expression = self.fold(leaf, lambda operator, *parts: call(operator.name, *parts))
        return whole

    def parameter_dimensions(
        self,
        inputs: Sequence[Dimension],
        wanted: Dimension = DIMENSIONLESS,
        memory: dict[Expression, Any] | None = None,
    ) -> tuple[Dimension, tuple[Dimension, ...]]:
        """Infer the dimension of the formula and of each parameter from its place.

        Parameters
        ----------
        inputs : sequence of Dimension
            Dimension of each column.
        wanted : Dimension
            Of the formula, where its parameters would make it any.
        memory : dict, optional
            Dimensions of parts without parameters, shared by formulas of the same columns.

        Returns
        -------
        dimension : Dimension
            Of the whole formula.
        parameters : tuple of Dimension
            By slot. Where several choices are consistent (``c0*c1*q``) the free ones
            are dimensionless.

        Raises
        ------
        UnitError
            If the formula adds unlike things or takes the sine of a length.
        GrammarError
            If the slots are not 0, 1, ..., each in one place.
        """
        slots = sorted(self.slots) if self.parameter_count else []
        if slots != list(range(len(slots))):
            raise GrammarError(
                f"parameter slots {slots} are not 0, 1, ... with one place each; "
                "use Expression.renumbered first"
            )
        found: dict[int, Dimension] = {}
        measure = _Dimensions(inputs, memory)
        dimension = measured(self, measure)
        dimension = wanted if dimension is None else dimension
        assign(self, dimension, measure, found)
        return dimension, tuple(found[slot] for slot in slots)


def input_(column: int) -> Expression:
    """The leaf that reads a column."""
    return Expression(INPUT, (), column)


def parameter(slot: int) -> Expression:
    """The leaf that holds a trainable scalar."""
    return Expression(PARAMETER, (), slot)


def call(name: str, *arguments: Expression) -> Expression:
    """Apply an operation, by name, to arguments."""
    arity = operator_of(name).arity
    if len(arguments) != arity:
        raise GrammarError(f"{name} takes {arity} arguments, not {len(arguments)}")
    return Expression(name, tuple(arguments))


def sum_of(addends: Iterable[Expression]) -> Expression:
    """The sum of one addend or more."""
    return reduce(lambda total, own: call("add", total, own), addends)


def with_leaves(
    expression: Expression, inputs: Mapping[int, Expression], parameters: Mapping[int, Expression]
) -> Expression:
    """The formula with other leaves, by column and by slot; missing ones stay."""
    return expression.mapped(
        lambda node: (inputs if node.head == INPUT else parameters).get(node.index, node)
    )


class Measure(Protocol[_Quantity]):
    """What a walk over a formula gives its parts: dimensions, or typical magnitudes.

    Quantities multiply and have powers; None stands for 'whatever a parameter makes of it'.
    """

    @property
    def one(self) -> _Quantity:
        """What changes no product."""

    def fixed(self, part: Expression) -> _Quantity | None:
        """Of a part without parameters."""

    def common(self, operator: Operator, parts: list[_Quantity]) -> _Quantity:
        """Of a sum whose parts are known."""

    def pure(self, operator: Operator, argument: _Quantity | None) -> _Quantity:
        """Of a function whose argument has no dimension."""

    def divided(self, one: _Quantity, other: _Quantity) -> _Quantity:
        """A quotient."""


def result_of(
    operator: Operator, parts: Sequence[_Quantity | None], measure: Measure[_Quantity]
) -> _Quantity | None:
    """Measure of an operation's result; None is contagious upward."""
    rule = operator.unit_rule
    known = [part for part in parts if part is not None]
    if rule is UnitRule.EQUAL:
        return measure.common(operator, known) if known else None
    if rule in (UnitRule.ANGLE, UnitRule.PURE):
        return measure.pure(operator, parts[0])
    if len(known) < len(parts):
        return None
    if rule is UnitRule.PRODUCT:
        return known[0] * known[1]
    if rule is UnitRule.QUOTIENT:
        return measure.divided(known[0], known[1])
    return known[0] ** operator.power


def measured(expression: Expression, measure: Measure[_Quantity]) -> _Quantity | None:
    """Measure of a formula; None where a parameter sets it."""
    if expression.parameter_count == 0:
        return measure.fixed(expression)
    if expression.head == PARAMETER:
        return None
    parts = [measured(argument, measure) for argument in expression.arguments]
    return result_of(operator_of(expression.head), parts, measure)


def assign(
    expression: Expression,
    wanted: _Quantity,
    measure: Measure[_Quantity],
    found: dict[int, _Quantity],
) -> None:
    """Enter for the parameters below `expression`, by slot, what makes it `wanted`."""
    if expression.head == PARAMETER:
        found[expression.index] = wanted
    if expression.parameter_count == 0 or expression.is_leaf:
        return
    operator = operator_of(expression.head)
    rule = operator.unit_rule
    have = [measured(argument, measure) for argument in expression.arguments]
    if rule is UnitRule.EQUAL:
        known = [part for part in have if part is not None]
        need = [measure.common(operator, known) if known else wanted] * 2
    elif rule in (UnitRule.ANGLE, UnitRule.PURE):
        need = [measure.one]
    elif rule is UnitRule.POWER:
        need = [wanted ** (1 / operator.power)]
    else:
        left, right = have
        is_product = rule is UnitRule.PRODUCT
        if left is None:  # of two free factors the first carries the unit
            right = measure.one if right is None else right
            left = measure.divided(wanted, right) if is_product else wanted * right
        elif right is None:
            right = measure.divided(wanted, left) if is_product else measure.divided(left, wanted)
        need = [left, right]
    for argument, quantity in zip(expression.arguments, need, strict=True):
        assign(argument, quantity, measure, found)


@dataclass(frozen=True, slots=True)
class _Dimensions:
    """Dimensions of parts, from those of the columns."""

    inputs: Sequence[Dimension] = ()
    memory: dict[Expression, Any] | None = None
    one: Dimension = DIMENSIONLESS

    def fixed(self, part: Expression) -> Dimension | None:
        dimension: Dimension | None = part.fold(
            lambda node: self.inputs[node.index], result_dimension, self.memory
        )
        return dimension

    def common(self, operator: Operator, parts: list[Dimension]) -> Dimension:
        if parts[0] != parts[-1]:
            raise UnitError(f"{operator.name} of {parts[0]} and {parts[1]}")
        return parts[0]

    def pure(self, operator: Operator, argument: Dimension | None) -> Dimension:
        if argument is not None and not argument.is_dimensionless:
            raise UnitError(
                f"{operator.name} of {argument}, which is not dimensionless; divide by a unit "
                f"first, as in {operator.name}(x/1 [m]) where x is in m"
            )
        return DIMENSIONLESS

    def divided(self, one: Dimension, other: Dimension) -> Dimension:
        return one / other


def result_dimension(operator: Operator, *arguments: Dimension | None) -> Dimension | None:
    """Dimension of an operation's result; None stands for 'any', and is contagious upward.

    A parameter may take any unit, and so may every formula whose unit a parameter can
    balance. Since each parameter stands in one place only, 'any' always has a solution.

    Raises
    ------
    UnitError
        If the arguments do not fit the operation.
    """
    return result_of(operator, arguments, _Dimensions())
