"""How figures look, and how they are saved: the same input gives the same bytes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from noether_sym.export.tex import tex_name
from noether_sym.report import words

WIDTH = 6.4
"""Of every figure, in inches."""

BLACK, GREY = "#000000", "#8a8a8a"

_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.titlesize": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "lines.linewidth": 1.3,
    "savefig.dpi": 160.0,
    "svg.fonttype": "path",
    "svg.hashsalt": "noether-sym",
}


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How the line of a method looks, and what the legend calls it."""

    label: str
    color: str
    dashes: str | tuple[float, tuple[float, ...]] = "-"
    width: float = 1.3


# the colours of Okabe and Ito, which colour-blind readers can tell apart
_LINES: dict[str, tuple[Any, ...]] = {
    "vanilla": (GREY, "-", 1.8),
    "extra epochs": ("#E69F00", (0, (4, 2))),
    "hnn": ("#56B4E9",),
    "projected": ("#CC79A7", (0, (5, 1, 1, 1))),
    "tailored": ("#009E73",),
    "meta-tailored": ("#0072B2", "-", 2.2),
    "oracle tailored": ("#D55E00", (0, (1, 1.2))),
    "oracle": ("#D55E00", (0, (3, 1.5))),
}
_OTHER = ("#7a5195", (0, (2, 1, 1, 1)))


def method_style(method: str) -> LineStyle:
    """Style of a method of the tailoring stage, also of one that is not known here."""
    return LineStyle(words.METHODS.get(method, method), *_LINES.get(method, _OTHER))


@contextmanager
def style() -> Iterator[None]:
    """Settings under which figures are made and saved."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def new_figure(height: float, columns: int = 1, **options: Any) -> tuple[Figure, list[Any]]:
    """A figure with axes side by side; no global state knows of it."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False, **options)
    return figure, list(axes[0])


def rendered(figure: Figure, kind: str) -> bytes:
    """The figure as ``png`` or ``svg``: the same figure gives the same bytes."""
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    buffer = io.BytesIO()
    with style(), warnings.catch_warnings():
        # a user's column may be named in a script that the font lacks; a box stands for it
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()


def save_figure(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write ``<stem>.png`` and ``<stem>.svg``; return their paths."""
    paths = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.svg")
    for path in paths:
        path.write_bytes(rendered(figure, path.suffix[1:]))
    return paths


def plain(text: str) -> str:
    """Text that matplotlib shows as it is, dollar signs included."""
    return text.replace("$", r"\$")


def shown_formula(text: str, names: Sequence[str]) -> str:
    """A printed formula for a title; names that are LaTeX are set as such."""
    shown = plain(words.formula(text))
    for name in names:
        own = tex_name(name)
        if own is not None:
            shown = shown.replace(plain(words.formula(name)), f"${own.latex}$")
    return shown


def with_unit(name: str, symbol: str) -> str:
    """An axis label."""
    shown = words.unit(symbol)
    own = tex_name(name)
    written = plain(name) if own is None else f"${own.latex}$"
    return f"{written} {plain(f'[{shown}]')}" if shown else written
