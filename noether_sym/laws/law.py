"""A law: a formula with values, units and evidence. Any search may produce one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from noether_sym.dsl.expression import INPUT, Expression
from noether_sym.dsl.operators import operator_of
from noether_sym.dsl.tidy import tidied
from noether_sym.errors import DatasetError
from noether_sym.units.dimension import Dimension

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import sympy
    from numpy.typing import NDArray


ACCEPTED = "accepted"
"""Status of a law."""

LAW = "law"
APPROXIMATE_LAW = "approximate law"
CONSTRAINT = "constraint"
UNDECIDED = "undecided"
NOT_A_LAW = "not a law"


PASSED = "passed"
FAILED = "failed"
UNTESTED = "untested"
"""What a gate answers; what is untested has not passed."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A fitted constant: value, unit, standard error and 95 % interval (None where unknown).

    `degrees` are the degrees of freedom of the standard error, which make the interval of it.
    """

    name: str
    value: float
    dimension: Dimension
    stderr: float | None = None
    interval: tuple[float, float] | None = None
    degrees: float | None = None


@dataclass(frozen=True, slots=True)
class Symmetry:
    """The symmetry that a law generates.

    Attributes
    ----------
    name : str
        ``time translation``, ``translation``, ``rotation``, ``phase rotation``,
        ``scaling``, ``unnamed``, or ``none`` where the columns are no canonical
        coordinates.
    about : str
        Of what, in words; for ``none``, why.
    pairs : tuple of (int, int)
        Columns (q, p) of the flow; empty for ``none``. Its formulas are those of
        `noether_sym.laws.symmetry.flow`.
    note : str
        What was assumed of the coordinates; empty if nothing.
    factor : float or None
        For time translation: dx/ds over dx/dt, if it is one number.
    """

    name: str
    about: str
    pairs: tuple[tuple[int, int], ...] = ()
    note: str = ""
    factor: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What trajectories that took no part in the search show of a law.

    Attributes
    ----------
    verdict : str
        `LAW`, `APPROXIMATE_LAW`, `CONSTRAINT` (the same value on all trajectories),
        `UNDECIDED` or `NOT_A_LAW`.
    reason : str
        What speaks against a law; empty if nothing does.
    within : float
        Upper 95 % bound on the standard deviation along trajectories of what is no noise,
        over the spread of the law.
    white : float
        p-value that the residuals along trajectories have no memory in time.
    chance : float
        p-value that the law changes by more than the limit of a law.
    trajectories : int
        Those that were looked at.
    half_life, half_life_error : float or None
        Of an approximate law with a drift, in the data set's unit of time; the error is None
        with fewer than three trajectories.
    grows : bool
        Whether the drift doubles in that time rather than halves.
    q_value : float or None
        Rate of false discoveries if this and all better confirmed are called laws; None where
        the verdict does not rest on it.
    """

    verdict: str
    reason: str
    within: float
    white: float
    chance: float
    trajectories: int
    half_life: float | None = None
    half_life_error: float | None = None
    grows: bool = False
    q_value: float | None = None


def _is_plain(node: Expression) -> bool:
    """Whether an operation makes polynomials of polynomials, or is a function of a column."""
    return operator_of(node.head).is_polynomial or (
        len(node.arguments) == 1 and node.arguments[0].head == INPUT
    )


def _with_units(keys: Sequence[Any], inputs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The columns of a table whose headers name an input and its unit, by the input's name."""
    from noether_sym.datasets.readers.header import names_and_units
    from noether_sym.units.coherent import coherent_units

    texts = [key for key in keys if isinstance(key, str)]
    wanted = dict(inputs)
    found = {}
    for key, name, unit in zip(texts, *names_and_units(texts), strict=True):
        if name not in wanted or unit is None:
            continue
        given, own = coherent_units([unit, wanted[name]])
        if (given.dimension, given.factor, given.offset) != (own.dimension, own.factor, own.offset):
            raise DatasetError(
                f"the law reads {name} in {wanted[name]}, and column {key!r} is in {unit}; "
                "convert it"
            )
        found[name] = key
    return found


def _numbers(states: Any) -> NDArray[np.float64]:
    try:
        return np.asarray(states, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DatasetError(
            f"states must be numbers, or a table of the law's columns: {error}"
        ) from error


@dataclass(frozen=True, slots=True, repr=False)
class Law:
    """A fitted formula g(x) of the state x, and how well it is conserved.

    Attributes
    ----------
    expression : Expression
        The formula; parameter slots refer to `parameters`.
    inputs : tuple of (str, str)
        Name and unit of each column, as the formula takes it.
    parameters : tuple of Parameter
    dimension : Dimension
        Of the value of g.
    conservation_ratio : float
        Within-segment variance over that of the surrogate.
    random_ratio : float
        The same formula fitted to the surrogate.
    heldout_ratio, alignment : float or None
        Conservation ratio on held-out data, and mean cos^2 between the gradient of g and
        the velocity there.
    status : str
        ``accepted`` or why not.
    rank, family : int
        From 1; 0 while not ranked.
    function_of : tuple of int
        Families of the laws that this one is a function of; empty for an independent law.
    selected : bool
        Whether tailoring chose this law.
    symmetry : Symmetry or None
        What the law generates by Noether's theorem, where it was looked for; see
        `noether_sym.laws.symmetry`.
    evidence : Evidence or None
        On which the verdict rests; None while there is none.
    expanded : Law or None
        The same written out, where it reads derived columns; see
        `noether_sym.laws.expansion`. Its inputs are the columns that are not derived.
    also_allowed : tuple of Law
        Formulas that the data do not tell from it, simplest first; see
        `noether_sym.verdict.allowed`.
    gates : tuple of (str, str)
        What each gate before confirmation answers: its name, and `PASSED`, `FAILED` or
        `UNTESTED`.
    covariance : tuple of tuple of float
        Of the constants, a row a slot, where it is known: empty where it is not. Zero for
        constants that the data cannot tell and that were held.
    """

    expression: Expression
    inputs: tuple[tuple[str, str], ...]
    parameters: tuple[Parameter, ...]
    dimension: Dimension
    conservation_ratio: float
    random_ratio: float
    heldout_ratio: float | None = None
    alignment: float | None = None
    status: str = ACCEPTED
    rank: int = 0
    family: int = 0
    function_of: tuple[int, ...] = ()
    selected: bool = False
    window: int | None = None
    symmetry: Symmetry | None = None
    evidence: Evidence | None = None
    expanded: Law | None = None
    also_allowed: tuple[Law, ...] = ()
    gates: tuple[tuple[str, str], ...] = ()
    covariance: tuple[tuple[float, ...], ...] = ()

    typeset: ClassVar[Callable[[Law], str] | None] = None
    """What writes a law for a notebook; the Python interface, which can, puts it here."""

    @property
    def size(self) -> int:
        """Number of nodes of the formula."""
        return self.expression.size

    @property
    def complexity(self) -> tuple[int, int]:
        """Size; then how many of its operations are quotients, or functions of more than a column.

        Of formulas of a size, those of sums, products, powers and functions of single columns come
        first: the others have poles, or presume scales.
        """
        operations = (node for node in self.expression.walk() if not node.is_leaf)
        return self.size, sum(not _is_plain(node) for node in operations)

    @property
    def accepted(self) -> bool:
        """Whether the formula counts as conserved."""
        return self.status == ACCEPTED

    @property
    def verdict(self) -> str:
        """What the data show of it, in words; without evidence, what its status says."""
        if self.evidence is not None:
            return self.evidence.verdict
        return {ACCEPTED: LAW, CONSTRAINT: CONSTRAINT}.get(self.status, NOT_A_LAW)

    @property
    def values(self) -> tuple[float, ...]:
        """Values of the parameters by slot."""
        return tuple(parameter.value for parameter in self.parameters)

    def with_(self, **changes: Any) -> Law:
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def tidied(self) -> Law:
        """The same law with signs as people write them; see `noether_sym.dsl.tidy`."""
        expression, values = tidied(self.expression, self.values)
        signs = [
            math.copysign(1.0, value) * math.copysign(1.0, own)
            for value, own in zip(values, self.values, strict=True)
        ]
        return replace(self.scaled(signs), expression=expression)

    def scaled(self, factors: Sequence[float]) -> Law:
        """The same formula with each constant times a number, and so its error and interval."""
        return replace(
            self,
            parameters=tuple(
                _scaled(own, factor) for own, factor in zip(self.parameters, factors, strict=True)
            ),
            covariance=tuple(
                tuple(value * one * other for value, other in zip(row, factors, strict=True))
                for row, one in zip(self.covariance, factors, strict=bool(self.covariance))
            ),
        )

    def text(self, digits: int = 5) -> str:
        """The formula as infix text, constants to `digits` significant digits.

        Factors that round to 1 and have no unit are left out.
        """
        names = [name for name, _ in self.inputs]
        shown = [f"{value:.{digits}g}" for value in self.values]
        ones = [
            slot
            for slot, own in enumerate(self.parameters)
            if shown[slot] == "1" and own.dimension.is_dimensionless
        ]
        return self.expression.text(names, shown, ones=ones)

    def sympy(self) -> sympy.Expr:
        """The formula as a SymPy expression in real symbols named as the columns."""
        import sympy

        symbols = [sympy.Symbol(name, real=True) for name, _ in self.inputs]
        return self.expression.sympy(symbols, [sympy.Float(value) for value in self.values])

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Law({self.text()!r}: {self.verdict})"

    def _repr_html_(self) -> str | None:
        return None if Law.typeset is None else Law.typeset(self)

    def __call__(self, states: Any) -> NDArray[np.float64]:
        """Evaluate g.

        Parameters
        ----------
        states : array of shape (..., column), or a table with the columns of `inputs`
            In the units of `inputs`; a table may name them as a file does, ``x [m]``.

        Returns
        -------
        array of shape (...)

        Raises
        ------
        DatasetError
            If a column is missing or in another unit, or the array has another number of
            columns.
        """
        columns = np.moveaxis(self._states(states), -1, 0)
        value = self.expression.evaluate(np, list(columns), list(np.array(self.values)))
        return np.broadcast_to(value, columns.shape[1:]).astype(np.float64)

    def _states(self, states: Any) -> NDArray[np.float64]:
        names = [name for name, _ in self.inputs]
        if hasattr(states, "keys"):
            keys = {name: name for name in names if name in states}
            if len(keys) < len(names):
                keys |= _with_units(list(states.keys()), self.inputs)
            missing = [name for name in names if name not in keys]
            if missing:
                raise DatasetError(
                    f"the law reads {', '.join(names)}; the table lacks {', '.join(missing)}"
                )
            return np.stack([_numbers(states[keys[name]]) for name in names], -1)
        array = _numbers(states)
        if array.shape[-1:] != (len(names),):
            raise DatasetError(
                f"states of shape {array.shape} do not end in the law's {len(names)} columns: "
                f"{', '.join(names)}"
            )
        return array

    def gradient(self, states: Any) -> NDArray[np.float64]:
        """Gradient of g by the state: shape (..., column) for `states` as in a call."""
        states = self._states(states)
        columns = list(np.moveaxis(states, -1, 0))
        _, slopes = self.expression.gradient(np, columns, list(np.array(self.values)))
        result = np.empty_like(states)
        for column, slope in enumerate(slopes):
            result[..., column] = slope
        return result

    def torch_value(self, states: Any) -> Any:
        """Evaluate g as a differentiable torch tensor at states (..., column)."""
        import torch

        columns = list(torch.unbind(states, dim=-1))
        value = self.expression.evaluate(torch, columns, self._torch_values(states))
        return _filled(value, columns[0])

    def torch_gradient(self, states: Any) -> Any:
        """Gradient of g as a differentiable torch tensor, shape of `states` (..., column).

        Not a number where g itself is not finite.
        """
        import torch

        columns = list(torch.unbind(states, dim=-1))
        value, slopes = self.expression.gradient(torch, columns, self._torch_values(states))
        gradient = torch.stack([_filled(slope, columns[0]) for slope in slopes], dim=-1)
        return torch.where(torch.isfinite(value)[..., None], gradient, torch.nan)

    def _torch_values(self, states: Any) -> Any:
        """Parameters as scalar tensors: torch takes no cosine of a plain number.

        They stay on the CPU: torch hands such scalars to a GPU with the operation itself.
        """
        import torch

        return torch.tensor(self.values, dtype=states.dtype).unbind()


def _scaled(own: Parameter, factor: float) -> Parameter:
    interval = own.interval
    if interval is not None:
        low, high = sorted(end * factor for end in interval)
        interval = (low, high)
    return replace(
        own,
        value=own.value * factor,
        stderr=None if own.stderr is None else own.stderr * abs(factor),
        interval=interval,
    )


def _filled(value: Any, like: Any) -> Any:
    """A number, a scalar tensor or a tensor, as a tensor of the shape and place of `like`."""
    import torch

    if not isinstance(value, torch.Tensor):
        return torch.full_like(like, value)
    return torch.broadcast_to(value.to(like.device), like.shape)
