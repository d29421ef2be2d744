"""The page of predicted clips of Physics 101: trainings, measures by horizon, differences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from noether_sym.neural.video.svg_lp_experiment import NAMES
from noether_sym.report.style import GREY, new_figure, rendered, style
from noether_sym.report.video import LABELS, TRAININGS, Section, page, training_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from noether_sym.neural.video.metrics import Mean
    from noether_sym.neural.video.svg_lp_evaluation import ClipEvaluation
    from noether_sym.neural.video.svg_lp_experiment import SvgLpExperiment

_LINES = {"svg": ("#E69F00", "--"), "noether": ("#0072B2", "-")}
_DRAWN = ("mse", "psnr", "ssim", "lpips")


def write_page(experiment: SvgLpExperiment) -> Path:
    """Write ``report.html`` into the folder of an experiment, with all that it holds so far."""
    from noether_sym.neural.video.checkpoint import write_whole
    from noether_sym.neural.video.evaluation import held
    from noether_sym.neural.video.svg_lp_evaluation import EVALUATION_FILE, ClipEvaluation

    own = experiment.split
    lines = [
        *(f"{line[0].upper()}{line[1:]}." for line in experiment.clips.notes()),
        f"{len(own.train)} clips for training, {len(own.test)} for testing, {own.unseen} of which "
        "show an object that no training clip shows.",
    ]
    rows = training_rows(experiment.trained(), NAMES)
    sections = [Section("Clips", lines), Section("Trainings", (), TRAININGS, rows)]
    if (found := held(experiment.folder, EVALUATION_FILE, ClipEvaluation)) is not None:
        header, rows = measured_rows(found)
        picture = rendered(by_horizon(found), "png")
        caption = "Above: each measure by the number of frames predicted, with standard errors "
        caption += "over clips. Below: the Noether Network less SVG-LP, clip by clip."
        sections.append(Section("Predictions", account(found), header, rows, picture, caption))
    title = f"Predicted video: Physics 101, split by {experiment.options.split}"
    path = experiment.folder / "report.html"
    write_whole(path, page(title, experiment.options, sections).encode())
    return path


def account(found: ClipEvaluation) -> list[str]:
    """What was measured how, and what was not, in sentences."""
    way = "one sample" if found.samples == 1 else f"the {found.choice} of {found.samples} samples"
    return [
        f"Of {len(found.clips)} test clips, {way} each; means and standard errors over clips.",
        *(f"{name} is not measured: {reason}." for name, reason in found.not_measured.items()),
        *(
            f"The training of {name} diverged; measured are its last sound weights."
            for name in found.diverged
        ),
    ]


def measured_rows(
    found: ClipEvaluation, *, plain: bool = False
) -> tuple[tuple[str, ...], list[list[str]]]:
    """Header and rows: measures at some horizons, and differences clip by clip.

    Parameters
    ----------
    found : ClipEvaluation
    plain : bool
        For consoles: in ASCII, the first and the last frame alone.
    """
    methods = list(found.measures)
    length = len(found.measures[methods[0]]["mse"][0])
    horizons = sorted({1, length} if plain else {1, -(-length // 2), length})
    sign = "+/-" if plain else "±"
    rows = []
    for measure in found.measures[methods[0]]:
        for name, own in _lines(found, measure).items():
            rows.append([measure, name, *(_cell(own, horizon, sign) for horizon in horizons)])
    return ("measure", "", *(f"frame {horizon}" for horizon in horizons)), rows


def by_horizon(found: ClipEvaluation) -> Figure:
    """Measures by the number of frames predicted, a line a method, and their difference below."""
    from matplotlib.figure import Figure

    measures = [name for name in _DRAWN if name in next(iter(found.measures.values()))]
    paired = len(found.measures) == 2
    with style():
        if paired:
            figure = Figure(figsize=(6.4, 4.2), layout="constrained")
            above, below = figure.subplots(2, len(measures), sharex=True, squeeze=False)
        else:
            figure, above = new_figure(2.6, len(measures))
        for place, measure in enumerate(measures):
            for method in found.measures:
                own = found.mean(method, measure)
                _draw(above[place], own, NAMES[method], *_LINES[method])
            above[place].set_title(LABELS.get(measure, measure.upper()))
            lowest = above[place]
            if paired:
                lowest = below[place]
                lowest.axhline(0.0, color=GREY, lw=0.8, ls=":")
                gap = found.difference("noether", "svg", measure)
                _draw(lowest, gap, "difference", "#000000", "-")
            lowest.set_xlabel("frames predicted")
            lowest.xaxis.get_major_locator().set_params(integer=True)
        above[0].legend(loc="best")
        if paired:
            below[0].set_ylabel("difference")
    return figure


def _lines(found: ClipEvaluation, measure: str) -> dict[str, Mean]:
    """Means of the methods and, if there are two, of the second less the first."""
    methods = list(found.measures)
    lines = {NAMES[method]: found.mean(method, measure) for method in methods}
    if len(methods) == 2:
        lines["difference"] = found.difference(methods[1], methods[0], measure)
    return lines


def _cell(own: Mean, horizon: int, sign: str) -> str:
    """Mean and standard error; of one clip there is no error."""
    error = f" {sign} {own.stderr[horizon - 1]:.1g}" if own.count > 1 else ""
    return f"{own.mean[horizon - 1]:.4g}{error}"


def _draw(axes: Any, own: Mean, label: str, color: str, dashes: str) -> None:
    """A line, and a band of standard errors where there are several clips."""
    horizons = range(1, len(own.mean) + 1)
    axes.plot(horizons, own.mean, color=color, ls=dashes, label=label)
    if own.count > 1:
        low, high = own.mean - own.stderr, own.mean + own.stderr
        axes.fill_between(horizons, low, high, color=color, alpha=0.15, lw=0)
