"""How good SVG-LP's predictions are, frame by frame, and how two models differ on the same clips.

SVG-LP predicts by chance. Of several samples the literature takes the mean, or, for each measure,
the sample that is best over the whole prediction (Denton and Fergus 2018: the best of 100), which
flatters the more the more samples there are. The released code of the Noether Networks draws one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from noether_sym.errors import OptionError
from noether_sym.neural.video.lpips import LPIPS, Lpips, NotMeasured
from noether_sym.neural.video.metrics import MEASURES, Mean, by_horizon, mean_of
from noether_sym.neural.video.physics101_split import in_batch
from noether_sym.neural.video.svg_lp import predict

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from noether_sym.neural.video.physics101 import Clips
    from noether_sym.neural.video.svg_lp_file import Training
    from noether_sym.runtime.stages import Progress

    Array = NDArray[np.float64]

CHOICES = ("mean", "best")

_HIGH_IS_GOOD = frozenset({"psnr", "ssim", "ssim_range2"})
_NOISE = 3
"""Stream of random numbers beside those of training."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Measures of predictions.

    Attributes
    ----------
    measures : dict of arrays of shape (clip, horizon)
        The mean over samples, or of the best one.
    clips : tuple of str
        Names of the clips.
    samples : int
        How many predictions of each clip.
    choice : str
        One of `CHOICES`.
    not_measured : dict of str
        Of each measure that is missing, why.
    """

    measures: dict[str, Array]
    clips: tuple[str, ...]
    samples: int
    choice: str
    not_measured: dict[str, str]

    def mean(self, measure: str) -> Mean:
        """Mean over the clips at each horizon, with its standard error."""
        return mean_of(self.measures[measure])

    def less(self, other: Evaluation, measure: str) -> Mean:
        """Mean over the clips of this evaluation less another one of the same clips.

        Raises
        ------
        OptionError
            If the clips or the way of evaluation differ.
        """
        if (self.clips, self.samples, self.choice) != (other.clips, other.samples, other.choice):
            raise OptionError(
                "the two evaluations are of other clips, or took samples in another way; a "
                "difference is paired, clip by clip"
            )
        return mean_of(self.measures[measure] - other.measures[measure])


def evaluate(
    training: Training,
    clips: Clips,
    numbers: Sequence[int],
    *,
    samples: int = 1,
    choice: str = "mean",
    seed: int = 0,
    batch: int = 2,
    perceptual: Lpips | NotMeasured | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Predict clips from their first frames and compare.

    Parameters
    ----------
    training : Training
    clips : Clips
    numbers : sequence of int
        Those to evaluate on.
    samples : int
        Predictions of each clip; every model gets the same noise for the same clip.
    choice : str
        ``mean`` over the samples, or, for each measure, that of the ``best`` of them over the
        whole prediction.
    seed : int
    batch : int
        Clips at a time.
    perceptual : Lpips or NotMeasured, optional
        From `lpips.perceptual_distance`; not measured without.
    progress : callable, optional

    Raises
    ------
    OptionError
        If an option makes no sense.
    """
    if choice not in CHOICES:
        raise OptionError(f"a choice of {choice!r} is not known; choose from {', '.join(CHOICES)}")
    if samples < 1 or batch < 1 or not len(numbers):
        raise OptionError(
            f"{samples} samples of {len(numbers)} clips, {batch} at a time, make no sense; give "
            "at least 1 of each"
        )
    training.model.eval()
    parts: list[Mapping[str, Array]] = []
    for start in range(0, len(numbers), batch):
        own = numbers[start : start + batch]
        drawn = [
            _measured(training, clips, own, seed=seed, sample=sample, perceptual=perceptual)
            for sample in range(samples)
        ]
        parts.append({name: _chosen(drawn, name, choice) for name in drawn[0]})
        if progress is not None:
            progress("evaluating", min(start + batch, len(numbers)), len(numbers))
    missing = {}
    if not isinstance(perceptual, Lpips):
        missing[LPIPS] = "not asked for" if perceptual is None else perceptual.reason
    return Evaluation(
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
        tuple(clips.clips[number].name for number in numbers),
        samples,
        choice,
        missing,
    )


def _measured(
    training: Training,
    clips: Clips,
    numbers: Sequence[int],
    *,
    seed: int,
    sample: int,
    perceptual: Lpips | NotMeasured | None,
) -> dict[str, Array]:
    """Measures of one prediction of each clip, (clip, horizon)."""
    options = training.options
    device = next(training.model.parameters()).device
    frames = in_batch(clips, numbers, [False] * len(numbers)).to(device)
    past, truth = frames[:, : options.past], frames[:, options.past :]
    noise = torch.stack(
        [_noise(frames.shape[1] - 1, options.sizes.latent, seed, own, sample) for own in numbers]
    )
    with torch.no_grad():
        own = predict(
            training.model,
            training.embedding,
            past,
            noise.to(device),
            inner=options.inner,
        ).frames[:, options.past - 1 :]
    found = by_horizon(own, truth)
    if isinstance(perceptual, Lpips):
        found[LPIPS] = perceptual(own, truth)
    return found


def _noise(steps: int, latent: int, seed: int, number: int, sample: int) -> Tensor:
    """The noise of a sample of a clip, whatever else is evaluated."""
    own = np.random.default_rng([seed, _NOISE, number, sample])
    return torch.from_numpy(own.standard_normal((steps, latent), dtype=np.float32))


def _chosen(drawn: Sequence[Mapping[str, Array]], name: str, choice: str) -> Array:
    values = np.stack([own[name] for own in drawn])  # (sample, clip, horizon)
    if choice == "mean":
        mean: Array = values.mean(0)
        return mean
    overall = values.mean(2)
    best = overall.argmax(0) if name in _HIGH_IS_GOOD else overall.argmin(0)
    chosen: Array = np.take_along_axis(values, best[None, :, None], 0)[0]
    return chosen


def measures_of(evaluation: Evaluation) -> tuple[str, ...]:
    """Every measure, those that are missing last."""
    return (*(name for name in (*MEASURES, LPIPS) if name in evaluation.measures),
            *evaluation.not_measured)  # fmt: skip
