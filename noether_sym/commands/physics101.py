"""``noether-sym video train|evaluate`` for clips of Physics 101."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands.reading import together
from noether_sym.commands.values import NOT_NEGATIVE, OneOf, Written, above

if TYPE_CHECKING:
    from noether_sym.commands.console import Screen
    from noether_sym.neural.video.physics101 import Clips
    from noether_sym.neural.video.svg_lp_experiment import SvgLpExperiment, SvgLpOptions

NAME = "physics101"
_COUNT = click.IntRange(min=1)
_ABOVE = Written("NUMBER", partial(above, 0.0))
_METHODS = ("svg", "noether")
_ELSEWHERE = frozenset({"data", "output", "device", "as_json", "quiet", "clips", "only"})

clips_option = click.option(
    "--clips",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="FOLDER",
    help="Physics 101: the folder above 'scenarios'.  [default: NOETHER_SYM_DATA]",
)

train_options = together(
    clips_option,
    click.option("--only", type=OneOf(_METHODS), help="Physics 101: train this one alone."),
    click.option(
        "--split",
        type=OneOf(("object", "clip")),
        help="Physics 101: test on objects that no training clip shows, or, as the paper, on "
        "clips at random.  [default: object]",
    ),
    click.option(
        "--share",
        type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
        help="Physics 101: of the clips, for testing.  [default: 0.2]",
    ),
    click.option("--frame-rate", type=_ABOVE, help="Physics 101: frames a second.  [default: 15]"),
    click.option(
        "--shortest",
        type=NOT_NEGATIVE,
        help="Physics 101: seconds that a clip must last.  [default: 0]",
    ),
    click.option("--code", type=_COUNT, help="Physics 101: length of a code.  [default: 128]"),
    click.option("--layers", type=_COUNT, help="Physics 101: of the LSTM.  [default: 2]"),
    click.option("--latent", type=_COUNT, help="Physics 101: length of z.  [default: 64]"),
    click.option(
        "--divergence-weight",
        type=NOT_NEGATIVE,
        help="Physics 101: of the KL term of the loss.  [default: 0.0001]",
    ),
    click.option("--flip/--no-flip", default=None, help="Physics 101: mirror clips at random."),
)
"""Options of `train` that Physics 101 has beside those of the pixel pendulum."""

evaluate_options = together(
    clips_option,
    click.option(
        "--samples", type=_COUNT, help="Physics 101: predictions of each clip.  [default: 1]"
    ),
    click.option(
        "--choice",
        type=OneOf(("mean", "best")),
        help="Physics 101: the mean over the samples, or, for each measure, the best of them.  "
        "[default: mean]",
    ),
)

OWN_TRAINING = ("clips", "only", "split", "share", "frame_rate", "shortest", "code", "layers",
                "latent", "divergence_weight", "flip")  # fmt: skip
OWN_EVALUATION = ("clips", "samples", "choice")


def given() -> set[str]:
    """Names of the options that the user wrote."""
    context = click.get_current_context()
    default = click.core.ParameterSource.DEFAULT
    return {name for name in context.params if context.get_parameter_source(name) != default}


def refuse(names: Collection[str], data: str) -> None:
    """Refuse options that belong to other data.

    Raises
    ------
    UsageError
        If the user wrote one of them.
    """
    wrong = sorted(f"--{name.replace('_', '-')}" for name in given() & set(names))
    if wrong:
        raise click.UsageError(f"{', '.join(wrong)} cannot be used for {data}.")


def holds(folder: Path) -> bool:
    """Whether a folder holds networks of Physics 101."""
    from noether_sym.neural.video import svg_lp_experiment

    return svg_lp_experiment.holds(folder)


def train(screen: Screen, values: Mapping[str, Any]) -> None:
    """Train on the clips; options that the user did not write are the paper's."""
    from noether_sym.neural.video.svg_lp_experiment import METHODS, NAMES, SvgLpOptions
    from noether_sym.report.physics101 import write_page
    from noether_sym.report.video import TRAININGS, training_rows
    from noether_sym.runtime.device import single_threaded

    known = set(SvgLpOptions.__struct_fields__)
    refuse(set(values) - known - _ELSEWHERE, "--data physics101")
    options = SvgLpOptions(**{name: _value(values[name], name) for name in given() & known})
    folder = values["output"] or Path("results") / "video" / (
        f"physics101-{options.size}-{options.split}-seed{options.seed}"
    )
    experiment = _experiment(screen, folder, options, values)
    own = experiment.split
    screen.say(
        f"{len(own.train)} clips for training, {len(own.test)} for testing, {own.unseen} of which "
        "show an object that no training clip shows."
    )
    methods = METHODS if values["only"] is None else (values["only"],)
    with experiment.locked(), screen.progress() as progress, single_threaded():
        trained = experiment.train(progress, methods)
    screen.rows(TRAININGS, training_rows(trained, NAMES))
    write_page(experiment)
    screen.say(f"Written to {folder}. Next: noether-sym video evaluate {folder}")
    screen.json(
        {
            "folder": str(folder),
            "train": [experiment.clips.clips[number].name for number in own.train],
            "test": [experiment.clips.clips[number].name for number in own.test],
            "unseen": own.unseen,
            "left_out": [
                {"clip": one.name, "reason": one.reason, "damaged": one.damaged}
                for one in experiment.clips.left_out
            ],
            "trainings": trained,
        }
    )


def evaluate(screen: Screen, folders: Sequence[Path], values: Mapping[str, Any]) -> None:
    """Measure what the networks of a folder predict of its test clips."""
    from noether_sym.errors import RunError
    from noether_sym.neural.video.lpips import perceptual_distance
    from noether_sym.neural.video.svg_lp_evaluation import evaluate as measured
    from noether_sym.neural.video.svg_lp_experiment import read_options
    from noether_sym.report.physics101 import account, measured_rows, write_page
    from noether_sym.runtime.device import single_threaded

    if len(folders) != 1:
        raise click.UsageError("Folders of Physics 101 are evaluated one at a time; give one.")
    (folder,) = folders
    options = read_options(folder)
    experiment = _experiment(screen, folder, options, values)
    methods = [method for method in _METHODS if experiment.path(method).is_file()]
    if not methods:
        raise RunError(
            f"{folder} holds no trained network; finish the training by noether-sym video train "
            "--data physics101 with the same options"
        )
    with experiment.locked(), screen.progress() as progress, single_threaded():
        found = measured(
            experiment,
            methods,
            samples=values["samples"] or 1,
            choice=values["choice"] or "mean",
            perceptual=perceptual_distance(options.size),
            progress=progress,
        )
    header, rows = measured_rows(found, plain=True)
    screen.say(account(found)[0])
    screen.rows(header, rows, labels=2)
    for line in account(found)[1:]:
        screen.say(line)
    screen.say(f"Page: {write_page(experiment)}")
    screen.json(found)


def _value(value: Any, name: str) -> Any:
    """What an option holds; the sizes are words to choose from."""
    return int(value) if name == "size" else value


def _experiment(
    screen: Screen, folder: Path, options: SvgLpOptions, values: Mapping[str, Any]
) -> SvgLpExperiment:
    from noether_sym.neural.video.physics101 import load
    from noether_sym.neural.video.svg_lp_experiment import SvgLpExperiment
    from noether_sym.runtime.device import resolve_device

    device = resolve_device(values["device"])
    with screen.progress() as progress:
        clips = load(values["clips"], options.preparation, progress=progress)
    _tell(screen, clips)
    return SvgLpExperiment(folder, options, clips, device)


def _tell(screen: Screen, clips: Clips) -> None:
    for line in clips.notes():
        screen.say(f"{line[0].upper()}{line[1:]}.")
