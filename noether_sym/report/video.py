"""Pictures and the page of predicted video."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from noether_sym.neural.video.compare import AGAINST
from noether_sym.neural.video.experiment import STAGES
from noether_sym.report.style import GREY, new_figure, rendered, style

if TYPE_CHECKING:
    import msgspec
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from noether_sym.neural.video.attention import Attention
    from noether_sym.neural.video.checkpoint import Facts
    from noether_sym.neural.video.compare import Comparison
    from noether_sym.neural.video.evaluation import Curve
    from noether_sym.neural.video.experiment import Experiment
    from noether_sym.neural.video.metrics import Mean

    Array = NDArray[np.float64]

LABELS = {"mse": "mean squared error", "psnr": "PSNR [dB]", "ssim": "SSIM",
          "ssim_range2": "SSIM, data range 2"}  # fmt: skip

TRAININGS = ("training", "epochs", "first loss", "last loss", "")

_COLOURS = ("#000000", "#E69F00", "#0072B2", "#CC79A7", "#8a8a8a", "#56B4E9")
_DASHES = ("-", (0, (4, 2)), "-", (0, (1, 1.2)), (0, (5, 1, 1, 1)), "--")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes
    ----------
    title : str
    lines : sequence of str
    header : sequence of str
    rows : sequence of sequences of str
        Of a table.
    picture : bytes
        PNG; empty without one.
    caption : str
    """

    title: str
    lines: Sequence[str] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    picture: bytes = b""
    caption: str = ""

    @property
    def figure(self) -> str:
        """The picture as a data URI."""
        if not self.picture:
            return ""
        return f"data:image/png;base64,{base64.b64encode(self.picture).decode()}"


def by_horizon(found: Mapping[str, Mapping[str, Mean]], measures: Sequence[str]) -> Figure:
    """Measures against the number of frames predicted, a line a method (figure 3).

    Parameters
    ----------
    found : mapping of mappings of Mean
        By method and measure, as `Comparison.means`; bands are standard errors over seeds.
    measures : sequence of str
        One axes each.
    """
    with style():
        figure, every = new_figure(3.4, len(measures))
        for axes, measure in zip(every, measures, strict=True):
            for method, color, dashes in zip(found, _COLOURS, _DASHES, strict=False):
                own = found[method][measure]
                mean, error = own.mean[:-1], own.stderr[:-1]
                horizon = range(1, len(mean) + 1)
                axes.plot(horizon, mean, color=color, ls=dashes, label=STAGES[method])
                if own.count > 1:
                    low, high = mean - error, mean + error
                    axes.fill_between(horizon, low, high, color=color, alpha=0.15, lw=0)
            axes.set_xlabel("frames predicted")
            axes.set_title(LABELS.get(measure, measure))
        every[0].legend(loc="best")
    return figure


def inner_steps(curve: Curve) -> Figure:
    """Noether loss and error against the number of inner steps (figure 6)."""
    with style():
        figure, every = new_figure(3.0, 2)
        drawn = (
            (curve.noether_loss, "Noether loss", "#0072B2"),
            (curve.mse, LABELS["mse"], "#D55E00"),
        )
        for axes, (values, label, color) in zip(every, drawn, strict=True):
            axes.plot(range(len(values)), values, color=color)
            axes.axhline(values[0], color=GREY, lw=0.8, ls=":")
            axes.set_xlabel("inner steps of Adam")
            axes.set_title(label)
    return figure


def attention_maps(frames: Array, maps: Array, shares: Array) -> Figure:
    """Frames, and beside each what moves the first components of the embedding (figure 5).

    Parameters
    ----------
    frames : array of shape (frame, height, width)
        Grey.
    maps : array of shape (frame, component, height, width)
    shares : array of shape (component,)
        Of the variance.
    """
    from matplotlib.figure import Figure

    count, columns = maps.shape[:2]
    with style():
        figure = Figure(figsize=(6.4, 6.4 * count / (columns + 1) + 0.3), layout="constrained")
        every = figure.subplots(count, columns + 1, squeeze=False)
        for row, (frame, own) in enumerate(zip(frames, maps, strict=True)):
            every[row][0].imshow(frame, cmap="gray", vmin=0, vmax=1)
            for axes, heat in zip(every[row][1:], own, strict=True):
                axes.imshow(frame, cmap="gray", vmin=0, vmax=1)
                axes.imshow(heat, cmap="inferno", alpha=0.6, vmin=0, vmax=max(heat.max(), 1e-30))
        every[0][0].set_title("frame")
        for number, axes in enumerate(every[0][1:]):
            axes.set_title(f"{number + 1}: {100 * shares[number]:.3g} %")
        for axes in every.flat:
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
    return figure


def training_rows(
    trained: Mapping[str, Facts], names: Mapping[str, str] = STAGES
) -> list[list[str]]:
    """What trainings came to, under the header `TRAININGS`; `names` are what people call them."""
    return [
        [
            names[name],
            f"{own.epochs}",
            f"{own.losses[0]:.3g}" if own.losses else "",
            f"{own.losses[-1]:.3g}" if own.losses else "",
            "diverged" if own.diverged else "",
        ]
        for name, own in trained.items()
    ]


def comparison_table(
    compared: Comparison, measure: str, *, plain: bool = False
) -> tuple[Sequence[str], list[list[str]]]:
    """Header and rows: a measure at some horizons, and its difference from SVG over all of them.

    Parameters
    ----------
    compared : Comparison
    measure : str
    plain : bool
        In ASCII, for consoles.
    """
    horizons = sorted({1, compared.horizon // 2, compared.horizon} - {0})
    header = ["method", *(f"frame {own}" for own in horizons), "all", "less SVG, all"]
    sign = "+/-" if plain else "±"
    rows = []
    for method, measures in compared.means.items():
        own, less = measures[measure], compared.differences[method][measure]
        cells = [f"{own.mean[index - 1]:.4g}" for index in (*horizons, compared.horizon + 1)]
        error = "" if less.count < 2 else f" {sign} {less.stderr[-1]:.1g}"
        apart = "" if method == AGAINST else f"{less.mean[-1]:.2g}{error}"
        rows.append([STAGES[method], *cells, apart])
    return header, rows


def write_page(experiment: Experiment) -> Path:
    """Write ``report.html`` into the folder of an experiment, with all that it holds so far."""
    from noether_sym.neural.video.checkpoint import write_whole

    text = render_page(experiment, page_sections(experiment))
    path = experiment.folder / "report.html"
    write_whole(path, text.encode())
    return path


def page_sections(experiment: Experiment) -> list[Section]:
    """Parts of the page: trainings, then what was measured."""
    from noether_sym.neural.video.attention import ATTENTION_FILE, Attention
    from noether_sym.neural.video.compare import compare
    from noether_sym.neural.video.evaluation import (
        CURVE_FILE,
        EVALUATION_FILE,
        Curve,
        Evaluation,
        held,
    )

    folder = experiment.folder
    sections = [_trainings(experiment)]
    if (evaluation := held(folder, EVALUATION_FILE, Evaluation)) is not None:
        sections += _evaluated(compare([experiment.options], [evaluation]), evaluation.windows)
    if (curve := held(folder, CURVE_FILE, Curve)) is not None:
        sections.append(_driven(curve))
    if (attention := held(folder, ATTENTION_FILE, Attention)) is not None:
        sections.append(_attended(attention))
    return sections


def render_page(experiment: Experiment, sections: Sequence[Section]) -> str:
    """The page as text; it needs nothing else."""
    title = f"Predicted video: pixel pendulum, seed {experiment.options.seed}"
    return page(title, experiment.options, sections)


def page(title: str, options: msgspec.Struct, sections: Sequence[Section]) -> str:
    """A page of sections under a title and options, as text."""
    import jinja2
    import msgspec

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("video.html").render(
        title=title,
        options=list(msgspec.structs.asdict(options).items()),
        sections=sections,
    )


def _trainings(experiment: Experiment) -> Section:
    rows = training_rows(experiment.trained())
    return Section("Trainings", (), TRAININGS, rows)


def _evaluated(compared: Comparison, windows: int) -> list[Section]:
    figure = by_horizon(compared.means, ("mse", "ssim"))
    first = Section(
        "Predictions",
        (f"Means over {windows} test windows, one of each test episode.",),
        picture=rendered(figure, "png"),
        caption="Mean squared error and structural similarity (data range 1) of each frame.",
    )
    return [
        first,
        *(Section(LABELS[measure], (), *comparison_table(compared, measure)) for measure in LABELS),
    ]


def _driven(curve: Curve) -> Section:
    best = min(range(len(curve.mse)), key=curve.mse.__getitem__)
    return Section(
        "Degree of conservation",
        (
            f"Inner steps of Adam (rate {curve.rate:g}) on {curve.windows} test windows. The "
            f"error is least after {best} of {len(curve.mse) - 1}: {curve.mse[best]:.4g}, and "
            f"{curve.mse[0]:.4g} before the first.",
        ),
        picture=rendered(inner_steps(curve), "png"),
        caption="Noether loss, and error of the frames predicted, as inner steps are taken.",
    )


def _attended(found: Attention) -> Section:
    import numpy as np

    shares = np.array(found.shares)
    figure = attention_maps(np.array(found.frames), np.array(found.maps), shares)
    return Section(
        "What the embedding looks at",
        (
            f"The first principal component of the embedding holds {100 * shares[0]:.3g} % of its "
            f"variance on true test frames, the first four {100 * shares[:4].sum():.4g} %.",
        ),
        picture=rendered(figure, "png"),
        caption="Grad-CAM of the first components, each with its share of the variance: brighter "
        "where a component depends more on what is there.",
    )
