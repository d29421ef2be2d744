"""One door to every data set: by built-in name, or by the path of a file."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from noether_sym.datasets.dataset import Column, Dataset
from noether_sym.datasets.filmed import FILMS, Film, load_film
from noether_sym.datasets.readers import KINDS, SUFFIXES
from noether_sym.datasets.readers.near import near_files
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.systems import schmidt_lipson
from noether_sym.datasets.systems.records import SYSTEMS, System
from noether_sym.errors import DatasetError
from noether_sym.units.coherent import coherent_units


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """What a list of data sets says about one of them.

    Attributes
    ----------
    name, description : str
    columns : tuple of (str, str)
        Name and unit of each column.
    time_unit : str
    known_laws : int
        Number of independent laws that are known.
    invariants : tuple of str
        Formulas of them.
    source : str
        Citation.
    generated : bool
        Whether the data are generated, and so take a seed and noise.
    """

    name: str
    description: str
    columns: tuple[tuple[str, str], ...]
    time_unit: str
    known_laws: int
    invariants: tuple[str, ...]
    source: str
    generated: bool


def available() -> tuple[DatasetInfo, ...]:
    """Every built-in data set, the measured ones last."""
    systems = map(_describe, SYSTEMS.values())
    return (
        *systems,
        *map(_describe, schmidt_lipson.RECORDINGS.values()),
        *map(_describe, FILMS.values()),
    )


def load(
    name_or_path: str,
    *,
    seed: int = 0,
    noise: float = 0.0,
    units: Mapping[str, str] | None = None,
    unitless: bool = False,
    time: str | None = None,
    trajectory: str | None = None,
    columns: Sequence[str] = (),
    drop_missing: bool = False,
    parameters: Sequence[str] = (),
    rates: Mapping[str, str] | None = None,
    with_time: bool = False,
    derive: Mapping[str, str] | None = None,
    vectors: Mapping[str, Sequence[str]] | None = None,
    sigma: Mapping[str, float | str] | None = None,
    constants: Mapping[str, str] | None = None,
    skip_rows: int = 0,
    comment: str = "",
    particle: str | None = None,
    derivatives: Sequence[str] = (),
) -> Dataset:
    """Load a data set.

    Parameters
    ----------
    name_or_path : str
        A name that `available` lists, or the path of a file (docs/files.md lists the kinds
        that are read), or of a folder of such files, one a trajectory.
    seed : int
        Of generated data.
    noise : float
        Standard deviation of Gaussian noise on the states, in each column's own unit;
        generated data only.
    units : mapping of str to str, optional
        Unit of each column of a file whose header does not say it.
    unitless : bool
        Take every column as dimensionless.
    time : str, optional
        Name of a file's time column, when it is neither ``t`` nor ``time``.
    trajectory : str, optional
        Name of the column that tells a file's trajectories apart, when it is not
        ``trajectory``.
    columns : sequence of str
        Names of a file's columns that are states; by default all but time and trajectory.
    drop_missing : bool
        Leave out rows of a file that lack a number, and cut the trajectory there.
    parameters : sequence of str
        Columns of a file that are parameters of the system: constant along each trajectory.
    rates : mapping of str to str, optional
        From a column of a file to the column that holds its dx/dt. With them rows need
        neither a time nor an order.
    with_time : bool
        Take the time as a column too.
    derive : mapping of str to str, optional
        Name and formula of columns to add, in order; one may use those before it.
    vectors : mapping of str to sequence of str, optional
        Name and columns of vectors, beside those that names tell.
    sigma : mapping of str to float or str, optional
        Standard deviation of the noise of columns where it is known, in the unit that the
        data give them in; or the name of the file's column that holds it for each row.
    constants : mapping of str to str, optional
        Constants that are known, as in ``{"g": "9.81 m/s**2"}``: columns that never change.
    skip_rows : int
        Lines of a text file, or rows of a sheet, to pass over before anything else.
    comment : str
        Each of these characters begins a comment in a text file; empty for ``#`` and ``%``
        at the beginning of a line.
    particle : str, optional
        Name of the column that says which particle a row of a long table is of; ``x`` of
        particle 1 becomes ``x1``.
    derivatives : sequence of str
        Columns of a file whose dx/dt, as estimated, becomes a column too: ``x_dot``.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        If nothing is known under the name, the file is malformed, or an option does not
        apply to this data set.
    UnitError
        If a unit is not known, or units do not fit together.
    GrammarError
        If what is to be derived is not a formula of the columns.
    """
    from noether_sym.datasets import derive as added
    from noether_sym.datasets.constants import with_constants
    from noether_sym.datasets.known_noise import with_known_noise
    from noether_sym.datasets.points import with_vectors

    reading = TableOptions(
        units or {},
        unitless,
        time,
        trajectory,
        tuple(columns),
        drop_missing,
        tuple(parameters),
        rates or {},
        skip_rows,
        comment,
        particle,
        tuple(derivatives),
        {name: own for name, own in (sigma or {}).items() if isinstance(own, str)},
    )
    dataset = _loaded(name_or_path, seed, noise, reading)
    if with_time:
        dataset = added.with_time(dataset)
    dataset = with_constants(dataset, constants or {}, unitless=unitless)
    dataset = with_vectors(added.with_derived(dataset, derive or {}), vectors or {})
    numbers = {name: own for name, own in (sigma or {}).items() if not isinstance(own, str)}
    return with_known_noise(dataset, numbers)


def _loaded(name_or_path: str, seed: int, noise: float, reading: TableOptions) -> Dataset:
    """The data as they are, without columns that were not there."""
    builtin = any(name_or_path in names for names in (SYSTEMS, schmidt_lipson.RECORDINGS, FILMS))
    path = Path(name_or_path)
    # of what is no path at all, as too long a name, os.path says no where pathlib fails
    if not builtin and not os.path.exists(path) and path.suffix.lower() not in SUFFIXES:
        raise DatasetError(_unknown(name_or_path))
    if noise and name_or_path not in SYSTEMS:
        raise DatasetError(
            f"noise is added to generated data only, and {name_or_path} is not generated; leave "
            "noise at 0"
        )
    if not builtin:
        from noether_sym.datasets.readers.table import load_table

        return load_table(path, reading)
    if reading != TableOptions(unitless=reading.unitless):
        raise DatasetError(
            f"{name_or_path!r} is built in and has its own units and columns; options that say "
            "how to read a file apply only to files"
        )
    if name_or_path in SYSTEMS:
        from noether_sym.datasets.systems.generate import generate

        dataset = generate(SYSTEMS[name_or_path], seed=seed, noise=noise)
    elif name_or_path in FILMS:
        dataset = load_film(FILMS[name_or_path])
    else:
        dataset = schmidt_lipson.load_recording(schmidt_lipson.RECORDINGS[name_or_path])
    return _without_units(dataset) if reading.unitless else dataset


def _describe(record: System | schmidt_lipson.Recording | Film) -> DatasetInfo:
    return DatasetInfo(
        name=record.name,
        description=record.description,
        columns=record.columns,
        time_unit=record.time_unit,
        known_laws=record.known_laws,
        invariants=record.invariants,
        source=record.source,
        generated=isinstance(record, System),
    )


def _without_units(dataset: Dataset) -> Dataset:
    (unit,) = coherent_units(["dimensionless"])
    return replace(
        dataset,
        columns=tuple(Column(column.name, unit) for column in dataset.columns),
        time_unit=unit,
        notes=(*dataset.notes, "searched without units"),
    )


def _unknown(name: str) -> str:
    names = [info.name for info in available()]
    close = [*near_files(Path(name)), *difflib.get_close_matches(name, names, n=3, cutoff=0.5)][:3]
    meant = f"; did you mean {' or '.join(close)}?" if close else "."
    return (
        f"{name!r} is neither a built-in data set nor a file{meant} Built in: "
        f"{', '.join(names)}. Or give the path of a {KINDS} file, or of a folder of them"
    )
