"""Theorem 1: how far a predictor that conserves may do worse on new data than on its own.

What is conserved leaves a predictor fewer directions to move in, fewer balls cover what it can
do, and the bound on the generalisation gap falls.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

from noether_sym.errors import OptionError


@dataclass(frozen=True, slots=True)
class GeneralisationBound:
    """The bound of Theorem 1 and its parts.

    Attributes
    ----------
    xi : int
        Dimension that is left to move in.
    log_covering : float
        Logarithm of the number of balls that cover the predictors, at least 0.
    estimation : float
        First term: all centres of balls at once, by Hoeffding's inequality. Unit of the loss.
    covering : float
        Second term: from a predictor to the centre of its ball. Unit of the loss.
    """

    xi: int
    log_covering: float
    estimation: float
    covering: float

    @property
    def total(self) -> float:
        """The bound, in the unit of the loss; above the largest loss it says nothing."""
        return self.estimation + self.covering


def generalisation_bound(
    *,
    n: int,
    delta: float,
    xi: int,
    rho: int = 1,
    zeta: float = 1.0,
    C: float = 1.0,
    R: float = 1.0,
) -> GeneralisationBound:
    r"""Bound on the gap between expected and training loss (Theorem 1).

    With probability at least ``1 - delta``, for all predictors at once,

    .. math::
        G \le C \sqrt{\frac{\ln N + \ln(1/\delta)}{2n}}
          + 1\{\xi \ge 1\} \sqrt{\frac{\zeta^{2/\rho}}{n}}, \qquad
        \ln N = \max(0, \xi \ln\sqrt{\xi} + \xi \ln(2 R \zeta^{1 - 1/\rho} \sqrt{n})).

    Parameters
    ----------
    n : int
        Independent training examples.
    delta : float
        Probability with which the bound may fail, between 0 and 1.
    xi : int
        Dimension of the preimages of g where g is conserved exactly, else that of the states.
    rho : int
        From 1; chosen before the data are seen. It trades the two terms.
    zeta : float
        Lipschitz constant of the gap by the shift v, in units of the loss over those of v.
    C : float
        The largest loss.
    R : float
        The largest length of a shift v.

    Returns
    -------
    GeneralisationBound

    Raises
    ------
    OptionError
        If a value makes no sense.

    Notes
    -----
    It holds for predictors ``f(x) = x + v`` with one v for all states, affine preimages of g and
    exact conservation. A single ball always covers a set that none has to cover: where the
    covering number ``(2 R sqrt(xi) / r)**xi`` with ``r = zeta**(1/rho - 1) / sqrt(n)`` is below
    1, it is taken as 1. With zeta = 0 the ball is infinite if rho > 1; if rho = 1 it has the
    radius ``1/sqrt(n)``, the limit of small zeta. More samples lower the first term wherever
    ``ln(N / delta) >= xi / 2``.

    References
    ----------
    F. Alet, D. Doblar, A. Zhou, J. Tenenbaum, K. Kawaguchi, C. Finn 2021, Noether Networks:
    meta-learning useful conserved quantities, NeurIPS 34, theorem 1 and appendix A.
    """
    _check(n=n, delta=delta, xi=xi, rho=rho, zeta=zeta, C=C, R=R)
    log_covering = 0.0
    if xi > 0:
        shrinking = 0.0 if rho == 1 else (1.0 - 1.0 / rho) * _log(zeta)
        log_side = math.log(2.0) + _log(R) + shrinking + 0.5 * (math.log(n) + math.log(xi))
        log_covering = max(0.0, xi * log_side)
    estimation = C * math.sqrt((log_covering - math.log(delta)) / (2.0 * n))
    covering = zeta ** (1.0 / rho) / math.sqrt(n) if xi > 0 else 0.0
    return GeneralisationBound(int(xi), log_covering, estimation, covering)


def bounds_by_directions(
    *,
    n: int,
    delta: float,
    columns: int,
    rho: int = 1,
    zeta: float = 1.0,
    C: float = 1.0,
    R: float = 1.0,
) -> tuple[GeneralisationBound, ...]:
    """The bound with 0, 1, ... independent directions conserved, up to all of them.

    Parameters
    ----------
    columns : int
        Dimension of the states. Each conserved direction takes one from what is left: the
        last bound is that of a predictor that cannot move.
    n, delta, rho, zeta, C, R
        As of `generalisation_bound`.

    Returns
    -------
    tuple of GeneralisationBound, of length columns + 1

    Raises
    ------
    OptionError
        If a value makes no sense.
    """
    _whole("columns", columns, 1)
    return tuple(
        generalisation_bound(n=n, delta=delta, xi=xi, rho=rho, zeta=zeta, C=C, R=R)
        for xi in range(columns, -1, -1)
    )


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _check(*, n: int, delta: float, xi: int, rho: int, zeta: float, C: float, R: float) -> None:
    _whole("n", n, 1)
    _whole("xi", xi, 0)
    _whole("rho", rho, 1)
    if not isinstance(delta, Real) or not 0 < delta < 1:
        raise OptionError(f"delta is {delta!r}; give a probability between 0 and 1, such as 0.05")
    for name, value in (("zeta", zeta), ("C", C), ("R", R)):
        if not isinstance(value, Real) or not 0 <= value < math.inf:
            raise OptionError(f"{name} is {value!r}; give a finite number of at least 0")


def _whole(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise OptionError(f"{name} is {value!r}; give a whole number of at least {least}")
