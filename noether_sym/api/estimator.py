"""The search as an estimator of scikit-learn: features in, values of the laws out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from noether_sym.api.searching import discover
from noether_sym.datasets.dataset import Trajectory
from noether_sym.datasets.readers.names import TIME, TRAJECTORY, bare
from noether_sym.dsl.grammar import DEFAULT_GRAMMAR
from noether_sym.errors import DatasetError, OptionError, install
from noether_sym.laws.law import Law
from noether_sym.statistics.conservation import conservation_ratio
from noether_sym.statistics.samples import make_samples
from noether_sym.store.limits import DEFAULT_BUDGET

try:
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
except ImportError as error:
    raise ImportError(
        f"ConservationLaws needs scikit-learn 1.6 or newer: {install('sklearn')}"
    ) from error

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_FEWEST = 5
"""Samples that a fit takes at least, as many as readers ask of a trajectory."""


class ConservationLaws(TransformerMixin, BaseEstimator):
    """Find what is conserved along trajectories; transform states to the values of the laws.

    Parameters
    ----------
    units : mapping of str to str, or sequence of str, optional
        Unit of each feature. Without it, and without units in the features' names (as in
        ``x [m]``), every feature is dimensionless.
    time_unit : str, optional
        Unit of `t`, where features have units.
    parameters : sequence of str
        Features that are parameters of the system: constant along each trajectory.
    derive : mapping of str to str, optional
        Quantities to search with, by name and formula.
    search, budget, depth, grammar, acceptance, fdr, window, seed, jobs, results
        As `noether_sym.discover` takes them.

    Attributes
    ----------
    laws_ : list of Law
        One of each family, best first; in the features, and in coherent units.
    notes_ : tuple of str
        What was done to the data.
    summary_ : str
        What was found, in words.
    n_features_in_ : int
    feature_names_in_ : array of shape (feature,)
        Only where the features have names.

    Notes
    -----
    Without `t` the rows of a trajectory are taken in their order, and conservation is tested
    without dx/dt.

    Examples
    --------
    >>> import numpy as np
    >>> from noether_sym import ConservationLaws
    >>> angle = np.linspace(0.0, 12.0, 60)
    >>> X = np.concatenate([a * np.c_[np.cos(angle), np.sin(angle)] for a in (1, 2, 3, 4, 5)])
    >>> laws = ConservationLaws(search="sums").fit(X, groups=np.repeat(range(5), 60))
    >>> laws.get_feature_names_out().tolist(), laws.transform(X).shape
    (['x0**2 + x1**2'], (300, 1))
    """

    def __init__(
        self,
        *,
        units: Mapping[str, str] | Sequence[str] | None = None,
        time_unit: str | None = None,
        parameters: Sequence[str] = (),
        derive: Mapping[str, str] | None = None,
        search: str = "both",
        budget: float = DEFAULT_BUDGET,
        depth: int | None = None,
        grammar: str = DEFAULT_GRAMMAR,
        acceptance: float = 100.0,
        fdr: float = 0.01,
        window: str | int = "auto",
        seed: int = 0,
        jobs: int | None = None,
        results: str | os.PathLike[str] | None = None,
    ) -> None:
        self.units = units
        self.time_unit = time_unit
        self.parameters = parameters
        self.derive = derive
        self.search = search
        self.budget = budget
        self.depth = depth
        self.grammar = grammar
        self.acceptance = acceptance
        self.fdr = fdr
        self.window = window
        self.seed = seed
        self.jobs = jobs
        self.results = results

    def fit(
        self,
        X: ArrayLike,
        y: object = None,
        *,
        groups: ArrayLike | None = None,
        t: ArrayLike | None = None,
    ) -> ConservationLaws:
        """Search for laws.

        Parameters
        ----------
        X : array of shape (sample, feature)
            States, in the order of time within each trajectory.
        y : ignored
        groups : array of shape (sample,), optional
            Which trajectory a row belongs to; by default all to one.
        t : array of shape (sample,), optional
            Times.

        Returns
        -------
        ConservationLaws
            Itself.

        Raises
        ------
        DatasetError, UnitError, GrammarError, OptionError
            If the data or a parameter are not usable; all are ValueErrors.
        """
        states = validate_data(self, X, dtype=np.float64, ensure_min_samples=_FEWEST)
        names = self._names()
        frame = pd.DataFrame(states, columns=names)
        taken = {TRAJECTORY, TIME, "time"} & {bare(name).lower() for name in names}
        if taken:
            raise DatasetError(
                f"a feature is called {min(taken)!r}; give times as t=, trajectories as groups=, "
                "and leave them out of X"
            )
        has_units = self.units is not None or any(bare(name) != name for name in names)
        frame[TRAJECTORY] = _labels(groups, len(frame))
        if t is not None:
            if has_units and self.time_unit is None:
                raise OptionError("features have units, and t needs one: time_unit='s'")
            frame[f"{TIME} [{self.time_unit}]" if has_units else TIME] = _times(t, len(frame))
        units = self.units
        if units is not None and not isinstance(units, str | Mapping):
            if len(units) != len(names):
                raise OptionError(f"units holds {len(units)} units for {len(names)} features")
            units = dict(zip(map(bare, names), units, strict=True))
        found = discover(
            frame,
            units=units,
            unitless=not has_units,
            trajectory=TRAJECTORY,
            parameters=self.parameters,
            derive=self.derive,
            search=self.search,
            budget=self.budget,
            depth=self.depth,
            grammar=self.grammar,
            acceptance=self.acceptance,
            fdr=self.fdr,
            window=self.window,
            seed=self.seed,
            jobs=self.jobs,
            results=self.results,
        )
        places = {bare(name): place for place, name in enumerate(names)}
        base = [found.dataset.columns[place] for place in found.dataset.base_columns]
        self._units = [(places[column.name], column.unit) for column in base]
        self.laws_ = [law if law.expanded is None else law.expanded for law in found.accepted]
        self._windows = [law.window for law in found.accepted]
        self.notes_ = found.notes
        self.summary_ = found.summary()
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """The values of the laws: shape (sample, law), in their units.

        Not a number where a law is not defined; of shape (sample, 0) where nothing is
        conserved.
        """
        states = self._states(X)
        with np.errstate(all="ignore"):
            values = [np.where(np.isfinite(own := law(states)), own, np.nan) for law in self.laws_]
        return np.stack(values, axis=1) if values else np.empty((len(states), 0))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """The laws as text, in the names of the features: shape (law,)."""
        check_is_fitted(self)
        names = self._names()
        if input_features is not None:
            given = np.asarray(input_features, dtype=object)
            if len(given) != self.n_features_in_:
                raise ValueError(
                    "input_features should have length equal to number of features "
                    f"({self.n_features_in_}), got {len(given)}"
                )
            if hasattr(self, "feature_names_in_") and given.tolist() != names:
                raise ValueError("input_features is not equal to feature_names_in_")
            names = given.tolist()
        columns = [bare(names[place]) for place, _ in self._units]
        texts = [_text(law, columns) for law in self.laws_]
        return np.array(texts, dtype=object)

    def score(
        self,
        X: ArrayLike,
        y: object = None,
        *,
        groups: ArrayLike | None = None,
        t: ArrayLike | None = None,
    ) -> float:
        """How well the laws hold on other trajectories: 1 exactly, 0 as on random data.

        One minus the mean over the laws of their conservation ratio, the variance within
        trajectories over that on the same data with every feature shuffled by itself, at most
        1. Without any law it is 0. Parameters as in `fit`.
        """
        states = self._states(X)
        if not self.laws_:
            return 0.0
        clock = np.arange(float(len(states))) if t is None else _times(t, len(states))
        labels = pd.Series(_labels(groups, len(states)))
        rows = [np.asarray(own) for own in labels.groupby(labels, sort=False).indices.values()]
        try:
            trajectories = [
                Trajectory(str(n), clock[own], states[own], np.zeros_like(states[own]))
                for n, own in enumerate(rows)
            ]
            ratios = [
                conservation_ratio(law, make_samples(trajectories, window=window, seed=self.seed))
                for law, window in zip(self.laws_, self._windows, strict=True)
            ]
        except DatasetError as error:
            raise DatasetError(f"{error}; these trajectories cannot be scored") from error
        return float(1.0 - np.mean(np.minimum(ratios, 1.0)))

    def _names(self) -> list[str]:
        """Names of the features."""
        if hasattr(self, "feature_names_in_"):
            return list(map(str, self.feature_names_in_))
        return [f"x{place}" for place in range(self.n_features_in_)]

    def _states(self, X: ArrayLike) -> NDArray[np.float64]:
        """The columns that laws read, in their units: shape (sample, column)."""
        check_is_fitted(self)
        states = validate_data(self, X, dtype=np.float64, reset=False)
        return np.stack([unit.convert(states[:, place]) for place, unit in self._units], axis=1)


def _labels(groups: ArrayLike | None, count: int) -> NDArray[np.object_]:
    """The trajectory of each row, as text."""
    if groups is None:
        return np.full(count, "0", dtype=object)
    own = column_or_1d(groups)
    _check_length("groups", own, count)
    return np.array(list(map(str, own.tolist())), dtype=object)


def _times(t: ArrayLike, count: int) -> NDArray[np.float64]:
    own = column_or_1d(t, dtype=np.float64)
    _check_length("t", own, count)
    return own


def _check_length(name: str, own: NDArray[np.generic], count: int) -> None:
    if len(own) != count:
        raise DatasetError(f"{name} holds {len(own)} values for {count} samples")


def _text(law: Law, names: Sequence[str]) -> str:
    units = [own for _, own in law.inputs]
    return law.with_(inputs=tuple(zip(names, units, strict=True))).text()
