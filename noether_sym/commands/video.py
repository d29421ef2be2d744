"""``noether-sym video``: predict video, with and without a learned conserved quantity."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from noether_sym.commands import physics101
from noether_sym.commands.console import Screen
from noether_sym.commands.options import json_option
from noether_sym.commands.reading import together
from noether_sym.commands.values import NOT_NEGATIVE, POSITIVE, SEED, OneOf
from noether_sym.tailor.options import DEVICES

if TYPE_CHECKING:
    from noether_sym.neural.video.experiment import Experiment

_COUNT = click.IntRange(min=1)
_FOLDER = Path("results") / "video"
_TABLED = ("mse", "ssim", "ssim_range2", "psnr")
_Function = TypeVar("_Function", bound=Callable[..., Any])

_screen_options = together(
    click.option(
        "--device", type=OneOf(DEVICES), default="auto", show_default=True, help="Where to compute."
    ),
    json_option,
    click.option("-q", "--quiet", is_flag=True, help="Show neither progress nor tables."),
)

_folder = click.argument(
    "folder", type=click.Path(file_okay=False, exists=True, path_type=Path), metavar="FOLDER"
)


@click.group("video", short_help="Predict video with a learned conserved quantity.")
def command() -> None:
    """Predict video, with and without a conserved quantity learned from pixels.

    \b
    noether-sym video train              the pixel pendulum, SVG, a Noether Network
    noether-sym video evaluate FOLDER    errors by horizon, beside controls
    noether-sym video curve FOLDER       what many inner steps do
    noether-sym video attend FOLDER      what the embedding looks at
    """


@command.command("train", short_help="Train SVG, the Noether Network and controls.")
@click.option(
    "--data",
    type=OneOf(("pendulum", physics101.NAME)),
    default="pendulum",
    show_default=True,
    help="The pixel pendulum, or clips of Physics 101, which have defaults of their own.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where the networks go.  [default: results/video/pendulum-SIZE-POLICY-seedN]",
)
@click.option(
    "--policy",
    type=OneOf(("scripted", "random")),
    default="scripted",
    show_default=True,
    help="Torques: a script that swings the rod up, interrupted at random; or random ones.",
)
@click.option(
    "--size",
    type=click.Choice(["8", "16", "32", "64", "128"]),
    default="32",
    show_default=True,
    help="Pixels each way.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of episodes and networks.")
@click.option("--episodes", type=_COUNT, default=5, show_default=True, help="For training.")
@click.option("--tests", type=_COUNT, default=195, show_default=True, help="Episodes for testing.")
@click.option(
    "--past", type=click.IntRange(min=2), default=4, show_default=True, help="Frames given."
)
@click.option("--horizon", type=_COUNT, default=26, show_default=True, help="Frames to predict.")
@click.option(
    "--stride",
    type=_COUNT,
    default=5,
    show_default=True,
    help="A window for training starts every so many frames.",
)
@click.option("--width", type=_COUNT, default=32, show_default=True, help="Of the convolutions.")
@click.option("--hidden", type=_COUNT, default=256, show_default=True, help="Size of the LSTM.")
@click.option(
    "--outputs",
    type=_COUNT,
    default=64,
    show_default=True,
    help="Of the embedding that is learned.",
)
@click.option("--batch", type=_COUNT, default=8, show_default=True, help="Windows in a step.")
@click.option(
    "--warm-epochs",
    type=click.IntRange(min=0),
    default=16,
    show_default=True,
    help="Of SVG on short windows, before all others.",
)
@click.option(
    "--warm-horizon", type=_COUNT, default=4, show_default=True, help="Frames to predict in these."
)
@click.option("--epochs", type=_COUNT, default=50, show_default=True, help="Of SVG.")
@click.option(
    "--more-epochs",
    type=_COUNT,
    default=20,
    show_default=True,
    help="Of the Noether Network, and of SVG beside it.",
)
@click.option(
    "--rate",
    type=POSITIVE,
    default=1e-3,
    show_default=True,
    help="Of Adam, for SVG, and with --joint for g too.",
)
@click.option(
    "--embedding-rate", type=POSITIVE, default=1e-3, show_default=True, help="Of Adam, for g alone."
)
@click.option(
    "--inner-rate", type=NOT_NEGATIVE, default=3.0, show_default=True, help="Of the inner steps."
)
@click.option("--inner-steps", type=_COUNT, default=1, show_default=True)
@click.option(
    "--form",
    type=OneOf(("start", "steps")),
    default="steps",
    show_default=True,
    help="Noether loss from the last given frames (eq. 2a) or from frame to frame (2b).",
)
@click.option(
    "--place",
    type=OneOf(("coder", "latent")),
    default="coder",
    show_default=True,
    help="What the inner steps adapt: layers of encoder and decoder, or what the LSTM gives.",
)
@click.option("--joint", is_flag=True, help="Train SVG together with the embedding.")
@physics101.train_options
@_screen_options
def train(**values: Any) -> None:
    """Train SVG on rendered pictures of a pendulum with a torque, then the Noether Network.

    SVG is trained first; then an embedding of pictures is learned through which each prediction
    is tailored (algorithm 1 of the paper), and SVG itself is trained further as a control. A
    training that was stopped goes on where it was when the same command is given again.

    With --data physics101: SVG-LP on objects that slide down a ramp, plain and with the Noether
    loss. The defaults are the paper's: --size 128 --past 2 --horizon 20 --width 64 --hidden 128
    --outputs 64 --batch 2 --epochs 400 --rate 0.0001 --inner-rate 0.0001.
    """
    from msgspec.structs import fields

    from noether_sym.neural.video.experiment import Experiment, Options
    from noether_sym.report.video import TRAININGS, training_rows
    from noether_sym.runtime.device import resolve_device, single_threaded

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    if values["data"] == physics101.NAME:
        physics101.train(screen, values)
        return
    physics101.refuse(physics101.OWN_TRAINING, "--data pendulum")
    known = {own.name: values[own.name] for own in fields(Options)}
    options = Options(**{**known, "size": int(values["size"])})
    folder = values["output"] or _FOLDER / (
        f"pendulum-{options.size}-{options.policy}-seed{options.seed}"
    )
    experiment = Experiment(folder, options, resolve_device(values["device"]))
    with experiment.locked(), screen.progress() as progress, single_threaded():
        trained = experiment.train(progress)
    screen.rows(TRAININGS, training_rows(trained))
    screen.say(f"Written to {folder}. Next: noether-sym video evaluate {folder}")
    screen.json({"folder": str(folder), "trainings": trained})


@command.command("evaluate", short_help="Measure predictions by horizon, beside controls.")
@click.argument(
    "folders",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="FOLDER...",
    nargs=-1,
    required=True,
)
@click.option("--fresh", is_flag=True, help="Measure again what the folders hold.")
@physics101.evaluate_options
@_screen_options
def evaluate(**values: Any) -> None:
    """MSE, SSIM and PSNR of each predicted frame on test episodes, for every control.

    Of several folders, which differ in their seed alone: means, and paired differences from SVG
    with their standard errors.
    """
    from noether_sym.neural.video import evaluation
    from noether_sym.neural.video.compare import compare
    from noether_sym.report.video import LABELS, comparison_table
    from noether_sym.runtime.device import single_threaded

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    if any(physics101.holds(folder) for folder in values["folders"]):
        physics101.evaluate(screen, values["folders"], values)
        return
    physics101.refuse(physics101.OWN_EVALUATION, "folders of the pixel pendulum")
    experiments = [_opened(folder, values["device"]) for folder in values["folders"]]
    found = []
    for own in experiments:
        held = evaluation.held(own.folder, evaluation.EVALUATION_FILE, evaluation.Evaluation)
        if held is None or values["fresh"]:
            with own.locked(), screen.progress() as progress, single_threaded():
                held = evaluation.evaluate(own, progress)
        found.append(held)
    compared = compare([own.options for own in experiments], found)
    for measure in _TABLED:
        screen.say(f"\n{LABELS[measure]}, seeds {', '.join(map(str, compared.seeds))}")
        screen.rows(*comparison_table(compared, measure, plain=True))
    for line in compared.diverged:
        screen.say(f"A training stopped being finite and ended early: {line}", important=True)
    for own in experiments:
        _written(screen, own)
    screen.json({"seeds": list(compared.seeds), "rows": compared.rows()})


@command.command("curve", short_help="Noether loss and error as inner steps are taken.")
@_folder
@click.option("--steps", type=_COUNT, default=100, show_default=True, help="Inner steps of Adam.")
@click.option("--inner-rate", type=POSITIVE, default=1e-3, show_default=True, help="Of Adam.")
@click.option("--windows", type=_COUNT, default=16, show_default=True, help="Test windows.")
@_screen_options
def curve(folder: Path, steps: int, inner_rate: float, windows: int, **values: Any) -> None:
    """How far conservation should be driven: many inner steps on test windows (figure 6)."""
    from noether_sym.neural.video import evaluation
    from noether_sym.runtime.device import single_threaded

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    experiment = _opened(folder, values["device"])
    with experiment.locked(), screen.progress() as progress, single_threaded():
        found = evaluation.curve(
            experiment, steps=steps, rate=inner_rate, windows=windows, progress=progress
        )
    best = min(range(len(found.mse)), key=found.mse.__getitem__)
    shown = sorted({0, *(2**power for power in range(12)), best, len(found.mse) - 1})
    rows = [
        [f"{step}", f"{found.noether_loss[step]:.4g}", f"{found.mse[step]:.4e}"]
        for step in shown
        if step < len(found.mse)
    ]
    screen.rows(("inner steps", "Noether loss", "MSE"), rows)
    screen.say(f"The error is least after {best} of {len(found.mse) - 1} inner steps.")
    _written(screen, experiment)
    screen.json(found)


@command.command("attend", short_help="What the learned embedding looks at.")
@_folder
@click.option("--components", type=_COUNT, default=4, show_default=True, help="To draw.")
@click.option("--frames", type=_COUNT, default=4, show_default=True, help="To draw.")
@_screen_options
def attend(folder: Path, components: int, frames: int, **values: Any) -> None:
    """Principal components of the embedding, and Grad-CAM of each, as pictures (figure 5)."""
    from noether_sym.neural.video import attention
    from noether_sym.runtime.device import single_threaded

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    experiment = _opened(folder, values["device"])
    with experiment.locked(), single_threaded():
        found = attention.attend(experiment, components=components, frames=frames)
    rows = [
        [f"{number + 1}", f"{100 * share:.3g} %", f"{100 * sum(found.shares[: number + 1]):.4g} %"]
        for number, share in enumerate(found.shares[:components])
    ]
    screen.rows(("component", "share of variance", "together"), rows)
    _written(screen, experiment)
    screen.json({"shares": found.shares})


def _opened(folder: Path, device: str) -> Experiment:
    from noether_sym.neural.video.experiment import Experiment, read_options
    from noether_sym.runtime.device import resolve_device

    if physics101.holds(folder):
        raise click.UsageError(
            f"{folder} holds networks of Physics 101; this verb is for the pixel pendulum."
        )
    return Experiment(folder, read_options(folder), resolve_device(device))


def _written(screen: Screen, experiment: Experiment) -> None:
    """Write the page of a folder, and say where it is."""
    from noether_sym.report.video import write_page

    screen.say(f"Page: {write_page(experiment)}")
