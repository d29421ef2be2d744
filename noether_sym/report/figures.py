"""Figures of a run: prediction errors, energies, level lines, conservation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.laws.law import Law
from noether_sym.report import words
from noether_sym.report.style import (
    BLACK,
    LineStyle,
    method_style,
    new_figure,
    plain,
    shown_formula,
    style,
    with_unit,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from noether_sym.datasets.dataset import Dataset, Trajectory

Curves = Mapping[str, Any]
"""Arrays by name, as `noether_sym.tailor.summary.Tailoring.curves` holds them."""

ENERGY = "energy"
_MOST_LINES = 12
"""Trajectories in a figure."""

_MOST_POINTS = 1500
"""Samples of a trajectory that are drawn, the first ones."""

_MAP = "viridis"
_DRAWN = 1e100
"""Size from which on a value is left out, as no axis can hold it."""


def rollout_errors(curves: Curves, *, time_unit: str = "") -> Figure:
    """Root mean squared error of roll-outs over time, one line a method.

    Parameters
    ----------
    curves : mapping
        ``times``, ``methods`` and ``error/<method>``, a mean square, of shape (time,).
    time_unit : str
    """
    with style():
        figure, (axes,) = new_figure(4.2)
        axes.set_yscale("log")
        _methods(axes, _mapped(curves, "error", np.sqrt), "error", positive=True)
        axes.set_xlabel(with_unit("time", time_unit))
        axes.set_ylabel("root mean squared error")
        axes.set_title("Error of predictions from the held-out starts", loc="left")
        _legend(figure, axes)
    return figure


def energies(
    curves: Curves,
    *,
    time_unit: str = "",
    energy_unit: str = "",
    formula: str = "",
    name: str = ENERGY,
) -> Figure:
    """Energy of the first held-out roll-out over time, one line a method, with the truth.

    Under any other `name` than ``energy`` the change since the start is drawn: a law that
    was selected by the predictions themselves is no measure of them, and its drift is.

    Parameters
    ----------
    curves : mapping
        ``times``, ``methods``, ``energy/true`` and ``energy/<method>`` of shape (time,).
    time_unit, energy_unit : str
    formula : str
        What the energy is, for the title.
    name : str
        ``energy`` or ``drift of the law``.
    """
    if name != ENERGY:
        curves = _mapped(curves, "energy", lambda values: values - values[:1])
    with style():
        figure, (axes,) = new_figure(4.2)
        shown = _methods(axes, curves, "energy")
        if "energy/true" in curves:
            true = _drawable(curves["energy/true"])
            axes.plot(
                _drawable(curves["times"]), true, color=BLACK, lw=2.0, label="truth", zorder=4
            )
            if np.isfinite(true).any():
                axes.set_ylim(*_around(true[np.isfinite(true)], shown))
        axes.set_xlabel(with_unit("time", time_unit))
        axes.set_ylabel(with_unit(name, energy_unit))
        title = f"{name.capitalize()} along the first held-out prediction"
        axes.set_title(
            plain(f"{title}: {words.formula(formula)}" if formula else title), loc="left", wrap=True
        )
        _legend(figure, axes)
    return figure


def phase_portrait(dataset: Dataset, law: Law) -> Figure:
    """Held-out trajectories beside the law's level lines.

    With more than two columns there are no level lines to draw in a plane: the
    trajectories are shown in the two columns that the law depends on most, coloured by
    its value, so that a conserved quantity keeps one colour along each trajectory.
    """
    trajectories = _chosen(dataset)
    with style():
        figure, (axes,) = new_figure(4.6)
        formula = shown_formula(law.text(4), dataset.names)
        if len(dataset.columns) == 2:
            _level_lines(axes, law, trajectories)
            for trajectory in trajectories:
                for piece in trajectory.segments():
                    axes.plot(*piece.states.T, color="#0072B2", lw=1.4, zorder=3)
                axes.plot(*trajectory.states[0], "o", ms=4, color="#0072B2", zorder=4)
            first, second = 0, 1
            axes.set_title(f"Level lines of {formula}", loc="left", wrap=True)
        else:
            first, second = _telling_columns(law, trajectories)
            _coloured_by_value(figure, axes, law, trajectories, (first, second))
            axes.set_title(f"Value of {formula}", loc="left", wrap=True)
        _label_plane(axes, dataset, first, second)
    return figure


def conservation(dataset: Dataset, law: Law, *, seed: int = 0) -> Figure:
    """The law's value along held-out trajectories, beside the surrogate.

    Parameters
    ----------
    dataset : Dataset
    law : Law
    seed : int
        Of the control, which shuffles each column on its own.
    """
    trajectories = _chosen(dataset)
    with style(), np.errstate(all="ignore"):
        figure, (left, right) = new_figure(3.4, 2, sharey=True, sharex=True)
        colors = _colors([float(np.mean(law(one.states))) for one in trajectories])
        seen = []
        controls = _shuffled(dataset, trajectories, seed)
        for trajectory, control, color in zip(trajectories, controls, colors, strict=True):
            start = trajectory.times[0]
            for piece in trajectory.segments():
                marker = "." if len(piece) < 3 else ""
                left.plot(piece.times - start, law(piece.states), color=color, marker=marker)
            random = law(control)
            right.plot(trajectory.times - start, random, ".", ms=3, color=color, rasterized=True)
            seen += [law(trajectory.states), random]
        _robust_limits(left, np.concatenate(seen))
        left.set_ylabel(with_unit("value of the law", str(law.dimension)))
        part = "held-out" if dataset.test else "training"
        left.set_title(f"{part} trajectories", loc="left")
        right.set_title("surrogate: columns shuffled", loc="left")
        for axes in (left, right):
            axes.set_xlabel(_clock(dataset))
    return figure


def _methods(
    axes: Axes, curves: Curves, kind: str, *, positive: bool = False
) -> list[NDArray[np.float64]]:
    """Draw a line for each method that has one; return them."""
    drawn = []
    times = _drawable(curves["times"])
    for method in [str(one) for one in curves["methods"]]:
        own = method_style(method)
        values = _drawable(curves.get(f"{kind}/{method}", []))
        usable = np.isfinite(values) & ((values > 0) | (not positive))
        if values.shape != times.shape or not usable.any():
            axes.plot([], [], **_line(own, f"{own.label} (none)"))
            continue
        values = np.where(usable, values, np.nan)
        axes.plot(times, values, **_line(own, own.label))
        drawn.append(values)
    return drawn


def _mapped(curves: Curves, kind: str, change: Callable[[Any], Any]) -> Curves:
    """Curves with those of a kind changed."""
    with np.errstate(all="ignore"):
        return {
            name: change(values) if name.startswith(f"{kind}/") else values
            for name, values in curves.items()
        }


def _drawable(values: Any) -> NDArray[np.float64]:
    """As an array, without what no axis can hold."""
    array = np.asarray(values, dtype=float)
    return np.where(np.abs(array) < _DRAWN, array, np.nan)


def _line(own: LineStyle, label: str) -> dict[str, Any]:
    return {
        "color": own.color,
        "ls": own.dashes,
        "lw": own.width,
        "label": plain(label),
        "zorder": 3 if own.width > 2 else 2,
    }


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, handlelength=2.4)


def _around(
    true: NDArray[np.float64], others: Sequence[NDArray[np.float64]]
) -> tuple[float, float]:
    """Limits that show the truth and methods near it; what runs away may leave the frame."""
    low, high = float(true.min()), float(true.max())
    spans = [float(np.nanmax(one) - np.nanmin(one)) for one in others]
    span = max(high - low, float(np.median(spans)) if spans else 0.0, 1e-9 * abs(high), 1e-300)
    lowest = min([low, *(float(np.nanmin(one)) for one in others)])
    highest = max([high, *(float(np.nanmax(one)) for one in others)])
    lowest, highest = max(lowest, low - 3 * span), min(highest, high + 3 * span)
    margin = 0.05 * max(highest - lowest, span)
    return lowest - margin, highest + margin


def _robust_limits(axes: Axes, values: NDArray[np.float64]) -> None:
    values = values[np.isfinite(values)]
    if not len(values):
        return
    low, high = np.quantile(values, [0.01, 0.99])
    margin = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    axes.set_ylim(low - margin, high + margin)


def _chosen(dataset: Dataset) -> list[Trajectory]:
    """Up to a dozen trajectories, evenly chosen, none too long to draw."""
    part = dataset.test or dataset.train
    places = np.unique(np.linspace(0, len(part) - 1, min(len(part), _MOST_LINES)).astype(int))
    return [part[place].part(0, _MOST_POINTS) for place in places]


def _shuffled(
    dataset: Dataset, trajectories: Sequence[Trajectory], seed: int
) -> list[NDArray[np.float64]]:
    """For each trajectory, as many states of the surrogate."""
    generator = np.random.default_rng(seed)
    pool = np.concatenate([trajectory.states for trajectory in dataset.test or dataset.train])
    shuffled = np.column_stack([generator.permutation(column) for column in pool.T])
    stops = np.cumsum([len(trajectory) for trajectory in trajectories])
    return np.split(shuffled[: stops[-1]], stops[:-1])


def _colors(values: Sequence[float]) -> list[Any]:
    from matplotlib import colormaps

    order = np.argsort(np.argsort(values))
    return list(colormaps[_MAP](0.9 * order / max(len(order) - 1, 1)))


def _level_lines(axes: Axes, law: Law, trajectories: Sequence[Trajectory]) -> None:
    states = np.concatenate([trajectory.states for trajectory in trajectories])
    low, high = states.min(0), states.max(0)
    margin = 0.15 * np.where(high > low, high - low, 1.0)
    edges = zip(low - margin, high + margin, strict=True)
    grid = np.meshgrid(*(np.linspace(start, stop, 161) for start, stop in edges))
    with np.errstate(all="ignore"):
        values = np.ma.masked_invalid(law(np.stack(grid, axis=-1)))
        levels = _levels(law(states), values)
    if len(levels):
        axes.contour(
            *grid,
            values,
            levels=levels,
            colors="#b0b0b0",
            linestyles="solid",
            linewidths=0.9,
            zorder=1,
        )


def _levels(along: NDArray[np.float64], values: Any) -> NDArray[np.float64]:
    """A dozen levels over the picture, some of them at the trajectories."""
    along = along[np.isfinite(along)]
    inside = values.compressed()
    if not len(inside):
        return np.empty(0)
    spread = np.quantile(inside, np.linspace(0.04, 0.96, 9))
    near = np.quantile(along, [0.1, 0.5, 0.9]) if len(along) else np.empty(0)
    levels = np.unique(np.concatenate([spread, near]))
    distinct = np.diff(levels, prepend=-np.inf) > 1e-9 * max(float(np.ptp(inside)), 1e-300)
    return levels[distinct]


def _telling_columns(law: Law, trajectories: Sequence[Trajectory]) -> tuple[int, int]:
    """The columns whose spread moves the law most; units drop out of that."""
    states = np.concatenate([trajectory.states for trajectory in trajectories])
    with np.errstate(all="ignore"):
        slopes = np.abs(law.gradient(states))
    slopes = np.where(np.isfinite(slopes), slopes, 0.0)
    weight = slopes.mean(0) * states.std(0)
    if len(weight) == 1:
        return 0, 0
    first, second = sorted(np.argsort(-weight, kind="stable")[:2].tolist())
    return first, second


def _coloured_by_value(
    figure: Figure,
    axes: Axes,
    law: Law,
    trajectories: Sequence[Trajectory],
    columns: tuple[int, int],
) -> None:
    states = np.concatenate([trajectory.states for trajectory in trajectories])
    times = np.concatenate([trajectory.times for trajectory in trajectories])
    with np.errstate(all="ignore"):
        values = law(states)
    usable = np.isfinite(values)
    across = times if columns[0] == columns[1] else states[:, columns[0]]
    dots = axes.scatter(
        across[usable],
        states[usable, columns[1]],
        c=values[usable],
        s=7,
        cmap=_MAP,
        linewidths=0,
        rasterized=True,
    )
    bar = figure.colorbar(dots, ax=axes)
    bar.set_label(with_unit("value of the law", str(law.dimension)))


def _clock(dataset: Dataset) -> str:
    """What the times of trajectories count."""
    return with_unit("time", dataset.time_unit.symbol) if dataset.timed else "sample"


def _label_plane(axes: Axes, dataset: Dataset, first: int, second: int) -> None:
    units = [column.unit.symbol for column in dataset.columns]
    if first == second:
        axes.set_xlabel(_clock(dataset))
    else:
        axes.set_xlabel(with_unit(dataset.names[first], units[first]))
    axes.set_ylabel(with_unit(dataset.names[second], units[second]))
