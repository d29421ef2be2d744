"""What trained networks predict on test windows: how good it is, and what inner steps do to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np
import torch

from noether_sym.errors import RunError
from noether_sym.neural.video import metrics, noether
from noether_sym.neural.video.checkpoint import write_whole
from noether_sym.neural.video.experiment import METHODS, STAGES
from noether_sym.neural.video.extra import need

if TYPE_CHECKING:
    from torch import Tensor

    from noether_sym.neural.video.experiment import Experiment
    from noether_sym.neural.video.noether import Inner
    from noether_sym.neural.video.windows import Windows
    from noether_sym.runtime.stages import Progress

EVALUATION_FILE, CURVE_FILE = "evaluation.json", "curve.json"

_BATCH = 8
"""Windows that are predicted at once."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """How good the predictions of a folder are.

    Attributes
    ----------
    windows : int
        One of each test episode.
    measures : dict
        By method and measure: the mean over windows at each horizon.
    diverged : list of str
        Trainings that ended since their loss stopped being finite.
    """

    windows: int
    measures: dict[str, dict[str, list[float]]]
    diverged: list[str]


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Noether loss and error as inner steps of Adam are taken, means over test windows.

    Attributes
    ----------
    windows : int
    rate : float
        Of Adam.
    noether_loss, mse : list of float
        Before the first step, and after each one; they end where one is no longer finite.
    """

    windows: int
    rate: float
    noether_loss: list[float]
    mse: list[float]


def predictions(
    experiment: Experiment,
    method: str,
    windows: Windows,
    advance: Callable[[int], None] = lambda _: None,
) -> Tensor:
    """Frames that a method predicts, (window, horizon, channel, height, width).

    `advance` is told how many windows were done each time.
    """
    f, g, inner = experiment.networks(method)
    found = []
    with torch.no_grad():
        for begin in range(0, len(windows), _BATCH):
            own = windows.at(slice(begin, begin + _BATCH))
            if method in ("svg", "more"):
                frames = f(own.past, own.actions)
            else:
                frames = noether.predict(f, g, own.past, own.actions, inner, second_order=False)
            found.append(frames)
            advance(len(own))
    return torch.cat(found)


def evaluate(experiment: Experiment, progress: Progress) -> Evaluation:
    """Every measure of every method on the test windows, also written to the folder.

    Raises
    ------
    RunError
        If a network is not trained, or what it predicts is not finite.
    OptionError
        If torchmetrics is missing.
    """
    need("torchmetrics")
    for method in METHODS:
        experiment.networks(method)  # refused before minutes are spent on the others
    windows, done = experiment.testing, 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress("evaluate", done, len(METHODS) * len(windows))

    measures: dict[str, dict[str, list[float]]] = {}
    for method in METHODS:
        found = metrics.by_horizon(
            predictions(experiment, method, windows, advance), windows.future
        )
        if not all(np.isfinite(own).all() for own in found.values()):
            raise RunError(
                f"{experiment.folder}: what {STAGES[method]!r} predicts is not finite; train with "
                "a smaller inner rate"
            )
        measures[method] = {name: own.mean(0).tolist() for name, own in found.items()}
    answer = Evaluation(
        windows=len(windows),
        measures=measures,
        diverged=[name for name, facts in experiment.trained().items() if facts.diverged],
    )
    _write(experiment.folder / EVALUATION_FILE, answer)
    return answer


def curve(
    experiment: Experiment, *, steps: int, rate: float, windows: int, progress: Progress
) -> Curve:
    """Many inner steps of the trained Noether Network (figure 6), also written to the folder.

    Parameters
    ----------
    experiment : Experiment
    steps : int
    rate : float
        Of Adam, in place of the one step of gradient descent that the network was trained with.
    windows : int
        How many test windows, from the first on.
    progress : callable

    Raises
    ------
    RunError
        If the network is not trained, or what it predicts is not finite.
    """
    f, g, inner = experiment.networks("noether")
    own = experiment.testing.at(slice(0, windows))
    chosen: Inner = replace(inner, rate=rate, steps=steps)
    losses, errors = [], []
    for done, (loss, error) in enumerate(noether.inner_curve(f, g, own, chosen)):
        if not bool(torch.isfinite(loss).all() and torch.isfinite(error).all()):
            break
        losses.append(float(loss.mean()))
        errors.append(float(error.mean()))
        progress("inner steps", done + 1, steps + 1)
    if not losses:
        raise RunError(f"{experiment.folder}: what the Noether Network predicts is not finite")
    answer = Curve(windows=len(own), rate=rate, noether_loss=losses, mse=errors)
    _write(experiment.folder / CURVE_FILE, answer)
    return answer


_Answer = TypeVar("_Answer", bound=msgspec.Struct)


def held(folder: Path, name: str, kind: type[_Answer]) -> _Answer | None:
    """What a folder holds under a name, an evaluation or a curve say; None where there is none.

    Raises
    ------
    RunError
        If the file is damaged.
    """
    file = folder / name
    if not file.is_file():
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise RunError(f"{file} is damaged ({error}); delete it to compute it again") from None


def _write(path: Path, answer: Evaluation | Curve) -> None:
    write_whole(path, msgspec.json.format(msgspec.json.encode(answer)))
