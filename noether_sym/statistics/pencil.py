"""Least ratios of two quadratic forms: what varies little for how much it could vary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, eigh
from scipy.linalg.lapack import dpotrf, dpotrs

_BELOW = 1e-3
"""How far below a bound the iteration is shifted, relative to it."""

_SETTLED, _ITERATIONS = 1e-10, 20
"""Relative change of a combination at which it has settled, and most steps to there."""


def whitening(
    reference: NDArray[np.float64], drop: float, floor: float = 0.0
) -> NDArray[np.float64]:
    """Combinations in which a form is the unit matrix, those where it vanishes left out.

    Parameters
    ----------
    reference : array of shape (term, term)
        Symmetric, not negative.
    drop : float
        Eigenvalues up to this part of the largest count as nothing.
    floor : float
        Eigenvalues up to this count as nothing, whatever the largest is.

    Returns
    -------
    array of shape (term, combination)
    """
    sizes, axes = np.linalg.eigh(reference)
    kept = sizes > max(drop * float(sizes[-1]), floor)
    return np.asarray(axes[:, kept] / np.sqrt(sizes[kept]))


def least_ratios(
    form: NDArray[np.float64], reference: NDArray[np.float64], drop: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ratios of a form to another where they are stationary, in rising order.

    Parameters
    ----------
    form, reference : arrays of shape (term, term)
        Symmetric, not negative.
    drop : float
        As in `whitening`.

    Returns
    -------
    ratios : array of shape (combination,)
    combinations : array of shape (term, combination)
        The reference of each is 1.
    """
    whiten = whitening(reference, drop)
    ratios, turns = np.linalg.eigh(whiten.T @ form @ whiten)
    return ratios, whiten @ turns


def least_ratio(
    form: NDArray[np.float64],
    reference: NDArray[np.float64],
    drop: float,
    *,
    definite: bool,
    near: tuple[float, NDArray[np.float64]] | None = None,
) -> tuple[NDArray[np.float64], bool]:
    """The combination of the least ratio of a form to another; see `least_ratios`.

    Parameters
    ----------
    form, reference : arrays of shape (term, term)
        Symmetric, the reference not negative.
    drop : float
        As in `whitening`.
    definite : bool
        Whether it is known that nothing is to be dropped. That holds for parts of a reference of
        which nothing was, for their eigenvalues lie between its own (Cauchy's interlacing); it
        saves the eigenvalues of the reference.
    near : tuple of float and array of shape (term,), optional
        A ratio below which none should lie, and where to begin; used if nothing is to be dropped.
        With more terms the least ratio is no larger, so that it is such a bound.

    Returns
    -------
    combination : array of shape (term,)
        Zeros where all that there is was dropped. Its reference is 1.
    definite : bool
        Whether nothing was.
    """
    if definite:
        found = None if near is None else _iterated(form, reference, *near)
        if found is not None:
            return found, True
        try:
            return _least(form, reference)[:, 0], True
        except LinAlgError:  # no more than rounding is left of some combination
            pass
    whiten = whitening(reference, drop)
    count, kept = whiten.shape
    if not kept:
        return np.zeros(count), False
    return np.asarray(whiten @ _least(whiten.T @ form @ whiten)[:, 0]), kept == count


def independent(reference: NDArray[np.float64], drop: float) -> NDArray[np.bool_]:
    """Which terms are none that those before them stand for.

    Parameters
    ----------
    reference : array of shape (term, term)
        Symmetric, not negative; of ones in the diagonal, or thereabouts.
    drop : float
        What is left of a term counts as nothing up to this part of it.
    """
    left = reference.copy()
    own = np.diag(reference)
    kept = np.zeros(len(own), dtype=bool)
    for place, size in enumerate(own):
        pivot = left[place, place]
        if pivot > drop * size:
            kept[place] = True
            rest = left[place, place:] / np.sqrt(pivot)
            left[place:, place:] -= np.outer(rest, rest)
    return kept


def _least(
    form: NDArray[np.float64], reference: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """The eigenvector of the least eigenvalue, in a column."""
    driver = "evr" if reference is None else "gvx"
    _, axes = eigh(form, reference, subset_by_index=(0, 0), driver=driver, check_finite=False)
    return np.asarray(axes)


def _iterated(
    form: NDArray[np.float64],
    reference: NDArray[np.float64],
    bound: float,
    start: NDArray[np.float64],
) -> NDArray[np.float64] | None:
    """The same by inverse iteration about a bound; some times faster.

    That the form less the shifted reference has a Cholesky factor proves that no ratio lies below
    the shift. None where one does, or where several ratios are about as small.
    """
    factor, failed = dpotrf(form - (bound - _BELOW * abs(bound)) * reference, lower=1)
    if failed:
        return None
    combination = start
    for _ in range(_ITERATIONS):
        turned, _ = dpotrs(factor, reference @ combination, lower=1)
        size = float(turned @ reference @ turned)
        if not 0.0 < size < np.inf:
            return None
        before, combination = combination, turned / np.sqrt(size)
        if np.abs(combination - before).max() <= _SETTLED * np.abs(combination).max():
            return np.asarray(combination)
    return None
