"""Methods beside each other over seeds: means, standard errors, paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from noether_sym.errors import OptionError
from noether_sym.neural.video.experiment import METHODS, Options
from noether_sym.neural.video.metrics import MEASURES, Mean, difference, mean_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noether_sym.neural.video.evaluation import Evaluation

    Array = NDArray[np.float64]

AGAINST = "svg"
"""The method that the others are compared with."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A measure of a method, at each horizon and, as the last number, over all of them.

    Attributes
    ----------
    method, measure : str
    mean, difference : list of float
        Over seeds; of the method less SVG, paired by seed.
    stderr, difference_stderr : list of float or None
        None of one seed.
    """

    method: str
    measure: str
    mean: list[float]
    stderr: list[float | None]
    difference: list[float]
    difference_stderr: list[float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What several seeds say of the methods.

    Attributes
    ----------
    seeds : tuple of int
    means : dict
        By method and measure, `Mean` over seeds of arrays of shape (horizon + 1,): each horizon,
        then the mean over all of them.
    differences : dict
        The same of each method less SVG, paired by seed.
    diverged : tuple of str
        Trainings that ended early, as in ``seed 3: noether``.
    """

    seeds: tuple[int, ...]
    means: dict[str, dict[str, Mean]]
    differences: dict[str, dict[str, Mean]]
    diverged: tuple[str, ...]

    @property
    def horizon(self) -> int:
        """Number of predicted frames."""
        return len(self.means[AGAINST][MEASURES[0]].mean) - 1

    def rows(self) -> list[Row]:
        """Plain numbers, for JSON."""
        return [
            Row(
                method=method,
                measure=measure,
                mean=own.mean.tolist(),
                stderr=_labelled(own.stderr),
                difference=self.differences[method][measure].mean.tolist(),
                difference_stderr=_labelled(self.differences[method][measure].stderr),
            )
            for method, measures in self.means.items()
            for measure, own in measures.items()
        ]


def compare(options: Sequence[Options], evaluations: Sequence[Evaluation]) -> Comparison:
    """Compare methods over experiments that differ in their seed alone.

    Parameters
    ----------
    options : sequence of Options
    evaluations : sequence of Evaluation
        In the same order.

    Raises
    ------
    OptionError
        If they differ in something else, or a seed comes twice.
    """
    for own in options[1:]:
        differ = [
            name
            for name in Options.__struct_fields__
            if name != "seed" and getattr(own, name) != getattr(options[0], name)
        ]
        if differ:
            raise OptionError(
                f"the folders of seeds {options[0].seed} and {own.seed} differ in "
                f"{', '.join(differ)}; compare folders that differ in their seed alone"
            )
    seeds = tuple(own.seed for own in options)
    if len(set(seeds)) < len(seeds):
        raise OptionError(f"a seed comes twice: {', '.join(map(str, seeds))}; give each once")
    values = {
        method: {
            measure: {
                seed: _with_mean(own.measures[method][measure])
                for seed, own in zip(seeds, evaluations, strict=True)
            }
            for measure in MEASURES
        }
        for method in METHODS
    }
    return Comparison(
        seeds,
        {
            method: {name: mean_of(np.stack([*own.values()])) for name, own in measures.items()}
            for method, measures in values.items()
        },
        {
            method: {name: difference(own, values[AGAINST][name]) for name, own in measures.items()}
            for method, measures in values.items()
        },
        tuple(
            f"seed {seed}: {name}"
            for seed, own in zip(seeds, evaluations, strict=True)
            for name in own.diverged
        ),
    )


def _with_mean(values: Sequence[float]) -> Array:
    return np.array([*values, np.mean(values)])


def _labelled(values: Array) -> list[float | None]:
    return [None if np.isnan(own) else float(own) for own in values]
