"""How sure an estimate is, from what leaving out one part at a time makes of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def jackknife_covariance(left_out: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance of estimates by the delete-one jackknife.

    Miller 1974, Biometrika 61, 1, doi:10.1093/biomet/61.1.1.

    Parameters
    ----------
    left_out : array of shape (part, estimate)
        The estimates without each of the parts.

    Returns
    -------
    array of shape (estimate, estimate)
    """
    moved = left_out - left_out.mean(axis=0)
    covariance: NDArray[np.float64] = (len(left_out) - 1) / len(left_out) * moved.T @ moved
    return covariance
