"""Least ratios of two quadratic forms: what varies little for how much it could vary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
