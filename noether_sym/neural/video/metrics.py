"""How good predicted frames are, at each time after the last given frame; means and differences.

Frames have values between 0 and 1. `ssim` is that of Wang et al. 2004: Gaussian windows of 1.5
pixels. `ssim_range2` is what scikit-image makes of floats whose range it is not told: square
windows of 7 pixels and a range of 2, which flatters; the released code of the paper reports that
one. Both are the mean over all pixels, with frames reflected at their edges (scikit-image leaves
the edge out).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.errors import OptionError
from noether_sym.neural.video.extra import need

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    Array = NDArray[np.float64]

MEASURES = ("mse", "psnr", "ssim", "ssim_range2")
"""Mean squared error, peak signal to noise ratio [dB], structural similarity, that with range 2."""

LARGEST_PSNR = 100.0
"""dB: that of a mean squared error of 1e-10."""

_WINDOW = 7
"""Pixels each way of the square windows: what scikit-image takes by itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Mean:
    """A mean over repetitions.

    Attributes
    ----------
    mean, stderr : array of shape (...)
        The standard error is NaN where there is one repetition.
    count : int
    """

    mean: Array
    stderr: Array
    count: int


def by_horizon(predicted: Tensor, true: Tensor) -> dict[str, Array]:
    """Every measure of every predicted frame.

    Parameters
    ----------
    predicted, true : tensor of shape (sample, horizon, channel, height, width)
        Values between 0 and 1; 6 pixels or more each way.

    Returns
    -------
    dict of arrays of shape (sample, horizon)
        One for each of `MEASURES`. `psnr` is at most `LARGEST_PSNR`, so that a frame that is
        exactly right does not make a mean infinite.

    Raises
    ------
    OptionError
        If the shapes differ, or torchmetrics is missing.

    References
    ----------
    Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli 2004, Image quality assessment: from error
    visibility to structural similarity, IEEE Trans. Image Process. 13, 600.
    """
    if predicted.shape != true.shape or predicted.ndim != 5:
        raise OptionError(
            f"predicted and true frames have the shapes {tuple(predicted.shape)} and "
            f"{tuple(true.shape)}; give both as (sample, horizon, channel, height, width)"
        )
    need("torchmetrics")
    from torchmetrics.functional.image import (
        peak_signal_noise_ratio,
        structural_similarity_index_measure,
    )

    own, target = (frames.detach().flatten(0, 1) for frames in (predicted, true))
    flat: dict[str, Any] = {
        "mse": (own - target).square().mean((1, 2, 3)),
        "psnr": peak_signal_noise_ratio(
            own, target, data_range=1.0, reduction="none", dim=(1, 2, 3)
        ).clamp(max=LARGEST_PSNR),
        "ssim": structural_similarity_index_measure(own, target, data_range=1.0, reduction="none"),
        "ssim_range2": structural_similarity_index_measure(
            own,
            target,
            data_range=2.0,
            gaussian_kernel=False,
            kernel_size=_WINDOW,
            reduction="none",
        ),
    }
    shape = predicted.shape[:2]
    return {
        name: values.reshape(shape).cpu().numpy().astype(np.float64)
        for name, values in flat.items()
    }


def mean_of(values: Array) -> Mean:
    """Mean and its standard error over the first axis: of seeds (seed, horizon), say."""
    values = np.asarray(values, dtype=np.float64)
    count = len(values)
    if not count:
        raise OptionError("there is nothing to take the mean of; give one repetition or more")
    stderr = (
        values.std(0, ddof=1) / np.sqrt(count) if count > 1 else np.full(values.shape[1:], np.nan)
    )
    return Mean(values.mean(0), stderr, count)


def difference(values: Mapping[int, Array], reference: Mapping[int, Array]) -> Mean:
    """Mean of the paired differences over the seeds that both have: values less reference.

    Parameters
    ----------
    values, reference : mapping of arrays of shape (...)
        By seed: two methods on the same data.

    Raises
    ------
    OptionError
        If they have no seed in common.
    """
    shared = sorted(values.keys() & reference.keys())
    if not shared:
        raise OptionError("the two methods have no seed in common, so no difference is paired")
    return mean_of(np.stack([values[seed] - reference[seed] for seed in shared]))
