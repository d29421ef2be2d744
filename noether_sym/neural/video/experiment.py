"""The pixel pendulum with its controls (figure 3 of the paper), as one folder a seed.

Methods: `svg`; `more`, SVG trained for as many further epochs as the Noether Network;
`noether`; `random`, the same with an embedding that stays as it was drawn; `zero`, inner rate 0.
With a frozen predictor (as in the paper) the last two need no training, and `zero` must equal
`svg`; with `joint`, predictor and embedding are trained together, and `zero` must equal `more`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from filelock import FileLock, Timeout

from noether_sym.errors import RunError
from noether_sym.neural.video import checkpoint, fitting, noether
from noether_sym.neural.video.checkpoint import Facts, write_whole
from noether_sym.neural.video.fitting import Schedule
from noether_sym.neural.video.noether import Inner, PictureEmbedding
from noether_sym.neural.video.pendulum import EPISODE, episodes
from noether_sym.neural.video.svg import SVG, Sizes, svg
from noether_sym.neural.video.windows import Windows, pendulum_windows, starts_every

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

    from noether_sym.runtime.stages import Progress

METHODS = ("svg", "more", "noether", "random", "zero")
OPTIONS_FILE = "options.json"

STAGES = {
    "warm": "SVG, short windows",
    "svg": "SVG",
    "more": "SVG, more epochs",
    "noether": "Noether Network",
    "random": "random embedding",
    "zero": "inner rate 0",
}
"""What people call the methods and the trainings, in the order in which they are trained."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides the networks of a folder.

    Attributes
    ----------
    policy : str
        Of the torques: one of `pendulum.POLICIES`.
    size, width, hidden, outputs : int
        Pixels each way; channels of the first convolution; of the LSTM; of the embedding.
    seed : int
        Of episodes, weights and batches.
    episodes, tests : int
        For training and for testing.
    past, horizon, stride : int
        Frames given and to predict; a window for training starts every `stride` frames.
    warm_epochs, warm_horizon : int
        SVG is first trained on windows of so few frames to predict, which start everywhere: a
        rod is found in fewer and shorter steps than its motion.
    batch, epochs, more_epochs : int
        Windows in a step; epochs of SVG, and of all that starts from it.
    rate, embedding_rate : float
        Of Adam, for SVG and for the embedding; trained together both have the first.
    inner_rate, inner_steps, form, place
        See `noether.Inner`. With the rate given here a step on an embedding as it is drawn changes
        what is predicted by some per cent of its error.
    joint : bool
        Whether the predictor is trained with the embedding.
    """

    policy: str = "scripted"
    size: int = 32
    width: int = 32
    hidden: int = 256
    outputs: int = 64
    seed: int = 0
    episodes: int = 5
    tests: int = 195
    past: int = 4
    horizon: int = 26
    stride: int = 5
    batch: int = 8
    warm_epochs: int = 16
    warm_horizon: int = 4
    epochs: int = 50
    more_epochs: int = 20
    rate: float = 1e-3
    embedding_rate: float = 1e-3
    inner_rate: float = 3.0
    inner_steps: int = 1
    form: str = "steps"
    place: str = "coder"
    joint: bool = False

    @property
    def sizes(self) -> Sizes:
        """Of the networks."""
        return Sizes(size=self.size, width=self.width, hidden=self.hidden)

    @property
    def inner(self) -> Inner:
        """Inner steps."""
        return Inner(self.inner_rate, self.inner_steps, self.form, self.place)


class Experiment:
    """Networks of a folder, trained where they are not yet.

    Parameters
    ----------
    folder : Path
        Made where there is none.
    options : Options
    device : str
        ``cpu`` or ``cuda``.

    Raises
    ------
    RunError
        If the folder holds networks of other options.
    """

    def __init__(self, folder: Path, options: Options, device: str = "cpu") -> None:
        self.folder, self.options, self.device = folder, options, device
        # refused before anything is written
        _ = options.sizes, options.inner
        starts_every(1, EPISODE, options.past + options.horizon)
        file = folder / OPTIONS_FILE
        if file.is_file():
            held = read_options(folder)
            if held != options:
                differ = [name for name in Options.__struct_fields__
                          if getattr(held, name) != getattr(options, name)]  # fmt: skip
                raise RunError(
                    f"{folder} holds networks of other options ({', '.join(differ)}); give "
                    "another output folder"
                )
        else:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(file, msgspec.json.format(msgspec.json.encode(options)))

    def locked(self) -> AbstractContextManager[None]:
        """Nobody else trains in this folder meanwhile; `RunError` if somebody does."""
        return locked(self.folder)

    @cached_property
    def training(self) -> Windows:
        """Windows of the training episodes."""
        return self._training(self.options.stride, self.options.horizon)

    @cached_property
    def warming(self) -> Windows:
        """Short windows of the training episodes."""
        return self._training(1, self.options.warm_horizon)

    @cached_property
    def testing(self) -> Windows:
        """A window of each test episode, which starts anywhere in it."""
        own = self.options
        last = starts_every(1, EPISODE, own.past + own.horizon)[-1]
        drawn = np.random.default_rng([own.seed, own.episodes]).integers(0, last + 1, own.tests)
        numbers = self._episodes[own.episodes :]
        return self._windows(numbers, [[int(start)] for start in drawn], own.horizon)

    def _training(self, stride: int, horizon: int) -> Windows:
        own = self.options
        starts = starts_every(stride, EPISODE, own.past + horizon)
        return self._windows(self._episodes[: own.episodes], [starts] * own.episodes, horizon)

    @property
    def _episodes(self) -> list[int]:
        return list(range(self.options.episodes + self.options.tests))

    def _windows(self, numbers: list[int], starts: list[list[int]], horizon: int) -> Windows:
        own = self.options
        whole = episodes(len(self._episodes), policy=own.policy, seed=own.seed)
        chosen = replace(
            whole,
            angles=whole.angles[numbers],
            speeds=whole.speeds[numbers],
            torques=whole.torques[numbers],
        )
        windows = pendulum_windows(chosen, starts, past=own.past, horizon=horizon, size=own.size)
        return windows.to(self.device)

    def train(self, progress: Progress) -> dict[str, Facts]:
        """Train what is not yet trained; epochs and losses of each training.

        Parameters
        ----------
        progress : callable
        """
        own = self.options
        f, g = self._networks()
        facts = {}
        for training, windows in (("warm", self.warming), ("svg", self.training)):
            error = self._error(f, windows)
            facts[training] = self._fit(training, {"f": f}, error, own.rate, progress)
        more = self._start(f)
        error = self._error(more, self.training)
        facts["more"] = self._fit("more", {"f": more}, error, own.rate, progress)
        if not own.joint:
            f.requires_grad_(False)
            error = self._tailored_error(f, g, own.inner)
            rate = own.embedding_rate
            facts["noether"] = self._fit("noether", {"g": g}, error, rate, progress)
            return facts
        trainings: tuple[tuple[str, Inner], ...] = (
            ("noether", own.inner),
            ("random", own.inner),
            ("zero", replace(own.inner, rate=0.0)),
        )
        for method, inner in trainings:
            mine = self._start(f)
            _, drawn = self._networks()
            drawn.requires_grad_(method == "noether")
            error = self._tailored_error(mine, drawn, inner)
            facts[method] = self._fit(method, {"f": mine, "g": drawn}, error, own.rate, progress)
        return facts

    def networks(self, method: str) -> tuple[SVG, PictureEmbedding, Inner]:
        """The trained predictor and embedding of a method, and its inner steps.

        Raises
        ------
        RunError
            If the folder does not hold them.
        """
        own = self.options
        f, g = self._networks()
        inner = own.inner if method in ("noether", "random") else replace(own.inner, rate=0.0)
        needed: dict[str, Mapping[str, nn.Module]]
        if method in ("svg", "more"):
            needed = {method: {"f": f}}
        elif own.joint:
            needed = {method: {"f": f, "g": g}}
        else:
            needed = {"svg": {"f": f}}
            needed |= {} if method == "random" else {"noether": {"g": g}}
        for training, networks in needed.items():
            facts = fitting.restore(networks, self.path(training))
            wanted = self._epochs(training)
            if facts is None or (facts.epochs < wanted and not facts.diverged):
                done = 0 if facts is None else facts.epochs
                raise RunError(
                    f"{self.folder}: {STAGES[training]} is trained for {done} of {wanted} "
                    "epochs; finish it by noether-sym video train with the same options"
                )
        return f.requires_grad_(False), g.requires_grad_(False), inner

    def trained(self) -> dict[str, Facts]:
        """Epochs and losses of the trainings that the folder holds."""
        found = {}
        for method in STAGES:
            held = checkpoint.load(self.path(method))
            if held is not None:
                found[method] = held[1]
        return found

    def path(self, training: str) -> Path:
        """Checkpoint of a training."""
        return self.folder / f"{training}.safetensors"

    def _networks(self) -> tuple[SVG, PictureEmbedding]:
        """f and g as they are drawn."""
        own = self.options
        f = svg(own.sizes, seed=own.seed)
        g = noether.embedding(own.sizes, outputs=own.outputs, seed=own.seed)
        return f.to(self.device), g.to(self.device)

    def _start(self, trained: SVG) -> SVG:
        """Another predictor with the weights of a trained one."""
        own, _ = self._networks()
        own.load_state_dict(trained.state_dict())
        return own

    def _epochs(self, training: str) -> int:
        own = self.options
        return {"warm": own.warm_epochs, "svg": own.epochs}.get(training, own.more_epochs)

    def _fit(
        self,
        method: str,
        networks: Mapping[str, nn.Module],
        loss: Callable[[Tensor], Tensor],
        rate: float,
        progress: Progress,
    ) -> Facts:
        own = self.options
        schedule = Schedule(self._epochs(method), own.batch, rate, own.seed)
        return fitting.fit(
            networks,
            loss,
            len(self.warming if method == "warm" else self.training),
            schedule,
            path=self.path(method),
            progress=progress,
            stage=STAGES[method],
        )

    def _error(self, f: SVG, windows: Windows) -> Callable[[Tensor], Tensor]:
        def loss(indices: Tensor) -> Tensor:
            own = windows.at(indices)
            return (f(own.past, own.actions) - own.future).square().mean()

        return loss

    def _tailored_error(
        self, f: SVG, g: PictureEmbedding, inner: Inner
    ) -> Callable[[Tensor], Tensor]:
        def loss(indices: Tensor) -> Tensor:
            own = self.training.at(indices)
            frames = noether.predict(f, g, own.past, own.actions, inner)
            return (frames - own.future).square().mean()

        return loss


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else trains in a folder meanwhile.

    Raises
    ------
    RunError
        If somebody does.
    """
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(f"{folder} is in use by another process; wait for it") from None
    try:
        yield
    finally:
        lock.release()


def read_options(folder: Path) -> Options:
    """The options of a folder that `Experiment` made.

    Raises
    ------
    RunError
        If it holds none.
    """
    file = folder / OPTIONS_FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=Options)
    except OSError:
        raise RunError(
            f"{folder} holds no {OPTIONS_FILE}; train networks there first: noether-sym video "
            f"train --output {folder}"
        ) from None
    except msgspec.DecodeError as error:
        raise RunError(f"{file} is damaged ({error}); train into another folder") from None
