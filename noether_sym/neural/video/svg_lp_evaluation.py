"""How good SVG-LP's predictions are, frame by frame, and how two models differ on the same clips.

SVG-LP predicts by chance. Of several samples the literature takes the mean, or, for each measure,
the sample that is best over the whole prediction (Denton and Fergus 2018: the best of 100), which
flatters the more the more samples there are. The released code of the Noether Networks draws one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import torch

from noether_sym.errors import OptionError, RunError
from noether_sym.neural.video.checkpoint import write_whole
from noether_sym.neural.video.lpips import LPIPS, Lpips, NotMeasured
from noether_sym.neural.video.metrics import Mean, by_horizon, mean_of
from noether_sym.neural.video.physics101_split import in_batch
from noether_sym.neural.video.svg_lp import predict
from noether_sym.neural.video.svg_lp_experiment import NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from noether_sym.neural.video.svg_lp import SvgLp
    from noether_sym.neural.video.svg_lp_experiment import SvgLpExperiment
    from noether_sym.runtime.stages import Progress

    Array = NDArray[np.float64]

CHOICES = ("mean", "best")
EVALUATION_FILE = "physics101_evaluation.json"

_HIGH_IS_GOOD = frozenset({"psnr", "ssim", "ssim_range2"})
_NOISE = 3
"""Stream of random numbers beside those of training."""


class ClipEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Measures of predictions of test clips.

    Attributes
    ----------
    clips : list of str
        Names of the clips.
    split : str
        How they were set apart.
    unseen : int
        How many of them show an object that no training clip shows.
    samples : int
        How many predictions of each clip.
    choice : str
        One of `CHOICES`: the mean over the samples, or the best of them.
    measures : dict
        By method and measure, of each clip at each horizon.
    not_measured : dict of str
        Of each measure that is missing, why.
    diverged : list of str
        Trainings that ended since their loss stopped being finite.
    """

    clips: list[str]
    split: str
    unseen: int
    samples: int
    choice: str
    measures: dict[str, dict[str, list[list[float]]]]
    not_measured: dict[str, str]
    diverged: list[str]

    def mean(self, method: str, measure: str) -> Mean:
        """Mean over the clips at each horizon, with its standard error."""
        return mean_of(np.asarray(self.measures[method][measure]))

    def difference(self, method: str, other: str, measure: str) -> Mean:
        """Mean over the clips of a method less another one, clip by clip."""
        own, theirs = (np.asarray(self.measures[name][measure]) for name in (method, other))
        return mean_of(own - theirs)


def evaluate(
    experiment: SvgLpExperiment,
    methods: Sequence[str],
    *,
    samples: int = 1,
    choice: str = "mean",
    seed: int = 0,
    perceptual: Lpips | NotMeasured,
    progress: Progress,
) -> ClipEvaluation:
    """Predict the test clips from their first frames and compare; also written to the folder.

    Parameters
    ----------
    experiment : SvgLpExperiment
    methods : sequence of str
        Trained ones.
    samples : int
        Predictions of each clip; every method gets the same noise for the same clip.
    choice : str
        ``mean`` over the samples, or, for each measure, that of the ``best`` of them over the
        whole prediction.
    seed : int
        Of the noise.
    perceptual : Lpips or NotMeasured
        From `lpips.perceptual_distance`.
    progress : callable

    Raises
    ------
    OptionError
        If an option makes no sense.
    RunError
        If a method is not trained, or its predictions are not finite.
    """
    if choice not in CHOICES or samples < 1:
        raise OptionError(
            f"the {choice!r} of {samples} samples makes no sense; give {' or '.join(CHOICES)}, "
            "and at least 1 sample"
        )
    numbers = experiment.split.test
    count, done = len(methods) * len(numbers), 0
    measures: dict[str, dict[str, list[list[float]]]] = {}
    for method in methods:
        networks = experiment.networks(method)
        parts: list[Mapping[str, Array]] = []
        for start in range(0, len(numbers), experiment.options.batch):
            own = numbers[start : start + experiment.options.batch]
            drawn = [
                _measured(experiment, *networks, own, (seed, sample), perceptual)
                for sample in range(samples)
            ]
            parts.append({name: _chosen(drawn, name, choice) for name in drawn[0]})
            done += len(own)
            progress("evaluating", done, count)
        measures[method] = {
            name: np.concatenate([part[name] for part in parts]).tolist() for name in parts[0]
        }
    missing = {} if isinstance(perceptual, Lpips) else {LPIPS: perceptual.reason}
    answer = ClipEvaluation(
        clips=[experiment.clips.clips[number].name for number in numbers],
        split=experiment.options.split,
        unseen=experiment.split.unseen,
        samples=samples,
        choice=choice,
        measures=measures,
        not_measured=missing,
        diverged=[NAMES[name] for name, own in experiment.trained().items() if own.diverged],
    )
    document = msgspec.json.format(msgspec.json.encode(answer))
    write_whole(experiment.folder / EVALUATION_FILE, document)
    return answer


def _measured(
    experiment: SvgLpExperiment,
    model: SvgLp,
    embedding: torch.nn.Module | None,
    numbers: Sequence[int],
    drawn_by: tuple[int, int],
    perceptual: Lpips | NotMeasured,
) -> dict[str, Array]:
    """Measures of one prediction of each clip, (clip, horizon)."""
    own = experiment.options
    frames = in_batch(experiment.clips, numbers, [False] * len(numbers)).to(experiment.device)
    past, truth = frames[:, : own.past], frames[:, own.past :]
    noise = torch.stack(
        [_noise(frames.shape[1] - 1, own.latent, number, drawn_by) for number in numbers]
    )
    with torch.no_grad():
        predicted = predict(
            model, embedding, past, noise.to(experiment.device), inner=own.inner
        ).frames[:, own.past - 1 :]
    if not torch.isfinite(predicted).all():
        raise RunError(
            f"{experiment.folder}: what is predicted of {experiment.clips.clips[numbers[0]].name} "
            "is not finite; train with a smaller inner rate"
        )
    found = by_horizon(predicted, truth)
    if isinstance(perceptual, Lpips):
        found[LPIPS] = perceptual(predicted, truth)
    return found


def _noise(steps: int, latent: int, number: int, drawn_by: tuple[int, int]) -> Tensor:
    """The noise of a sample of a clip, whatever else is evaluated; `drawn_by` seed and sample."""
    seed, sample = drawn_by
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
