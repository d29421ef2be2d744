"""Verbs beside `discover`: what the command line does without a search."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noether_sym.api.arguments import check_window, data_options, plain, search_options
from noether_sym.api.discovery import Discovery
from noether_sym.api.memory import dataset_of
from noether_sym.datasets.dataset import Dataset
from noether_sym.errors import OptionError
from noether_sym.laws.law import Law
from noether_sym.store.runs import find_run

if TYPE_CHECKING:
    from noether_sym.check import Checked
    from noether_sym.comparison import Comparison
    from noether_sym.datasets.inspection import Inspection


def check(
    formula: str,
    data: Any,
    *,
    acceptance: float = 100.0,
    window: str | int = "auto",
    seed: int = 0,
    **reading: Any,
) -> Checked:
    """Test a formula on data, without a search; c0, c1, ... are fitted first.

    Parameters
    ----------
    formula : str
        As in ``"v**2 + c0*x**2"``. It is read, never run.
    data : Dataset, or as `discover` takes it
    acceptance : float
        How many times better than random data it must be conserved.
    window : str or int
        ``auto``, ``full`` or a number of samples.
    seed : int
        Of the comparison with random data, and of generated data.
    **reading
        How to read the data, as `discover` takes it: ``names``, ``dt``, ``units``, ``time``, ...

    Returns
    -------
    Checked
        `verdict` (``law``, ``approximate law``, ``constraint``, ``undecided``, ``not a law``,
        ...) and `reason` in words, `conserved` (bool), `law` (a `Law` with its constants,
        their errors and units), `train` and `held_out` (drift and deviation as shares of the
        spread), `notes`.

    Raises
    ------
    GrammarError, UnitError
        If it is not a formula of the columns, or its units do not fit.
    DatasetError, OptionError
        If the data or an argument are not usable.

    Examples
    --------
    >>> import noether_sym
    >>> noether_sym.check("q**2 + c0*p**2", "ideal_spring").verdict
    'law'
    """
    from noether_sym.check.checked import check as checked

    if not isinstance(formula, str):
        raise OptionError(f"formula is {formula!r}; give a text, as in 'v**2 + c0*x**2'")
    own = search_options({"factor": acceptance})
    window, seed = plain(window), data_options("", {"seed": seed}).seed
    check_window(window)
    dataset = dataset_of(data, reading if isinstance(data, Dataset) else {"seed": seed, **reading})
    return checked(formula, dataset, factor=own.factor, window=window, seed=seed)


def inspect(data: Any, **reading: Any) -> Inspection:
    """Say what is understood of data, before any search.

    Parameters
    ----------
    data : Dataset, or as `discover` takes it
    **reading
        How to read the data, as `discover` takes it: ``names``, ``dt``, ``units``, ``time``, ...

    Returns
    -------
    Inspection
        `train` and `test` (samples of each trajectory), `steps` (least, median and largest
        step in time), `columns` (name, unit, least, median and largest value, period, noise
        and role of each), `vectors`, `notes`, ...; `to_json()` gives plain values.

    Raises
    ------
    DatasetError, UnitError, GrammarError, OptionError
        If the data or an argument are not usable.

    Examples
    --------
    >>> import noether_sym
    >>> [(one.name, one.unit) for one in noether_sym.inspect("ideal_pendulum").columns]
    [('q', 'rad'), ('p', 'kg*m**2/s')]
    """
    return inspected(dataset_of(data, reading))


def compare(
    *runs: Discovery | str | os.PathLike[str], results: str | os.PathLike[str] = "results"
) -> Comparison:
    """Set the laws of runs side by side, and test whether their constants are equal.

    Parameters
    ----------
    *runs : Discovery, str or path
        Two or more: what `discover` returned, folders of runs, or names of runs in `results`.
    results : str or path
        Folder of runs that are given by name.

    Returns
    -------
    Comparison
        `laws` (for each the shared form, what each run says of it, and the test of its
        constants), `runs`, and `table`, a DataFrame with a row for each law, run and constant;
        ``print`` says whether constants differ.

    Raises
    ------
    RunError
        If a run is none, has no laws, or shares no column with any other.
    UnitError
        If a column is in units that cannot be converted.
    OptionError
        If an argument is no run.

    Examples
    --------
    >>> import noether_sym
    >>> days = [noether_sym.discover("ideal_spring", search="sums", seed=day) for day in (1, 2)]
    >>> [law.equality.differ for law in noether_sym.compare(*days).laws]
    [False]
    """
    from noether_sym.comparison import compare_runs, fitted

    for own in runs:
        if not isinstance(own, (Discovery, str, os.PathLike)):
            raise OptionError(
                f"{own!r} is a {type(own).__name__}; give what discover returned, or the folder "
                "or name of a run"
            )
    opened = [
        own.run if isinstance(own, Discovery) else find_run(os.fspath(own), Path(results))
        for own in runs
    ]
    return compare_runs([fitted(run) for run in opened])


def inspected(dataset: Dataset) -> Inspection:
    """What was understood of a data set, with the noise that searches take."""
    from noether_sym.datasets.inspection import inspect as facts
    from noether_sym.noise import dataset_noise

    return facts(dataset, dataset_noise(dataset).noise.sigma.tolist())


def export(
    laws: Discovery | Law | Sequence[Law],
    format: str,
    *,
    siunitx: bool = False,
    document: bool = True,
) -> str:
    """Write laws in a form that people reuse.

    Parameters
    ----------
    laws : Discovery, Law or sequence of Law
        Of a discovery, one law of each family.
    format : str
        ``latex``, ``sympy``, ``python``, ``numpy``, ``torch``, ``c``, ``markdown``, ``mathml``
        or ``json``.
    siunitx, document : bool
        For ``latex``: quantities for the siunitx package; a whole document, or what goes
        into one.

    Returns
    -------
    str

    Raises
    ------
    ExportError
        If the format is not known, or an option does not belong to it.
    DomainError
        If a formula has no real value anywhere and is asked for as code.
    OptionError
        If `laws` holds anything but laws.

    Examples
    --------
    >>> import noether_sym
    >>> found = noether_sym.discover("ideal_spring", search="sums")
    >>> print(noether_sym.export(found, "mathml")[:5])
    <math
    """
    from noether_sym.export.formats import export as written

    if isinstance(laws, Discovery):
        laws = laws.accepted
    chosen = [laws] if isinstance(laws, Law) else laws
    is_list = isinstance(chosen, Sequence) and not isinstance(chosen, str)
    if not is_list or not all(isinstance(law, Law) for law in chosen):
        raise OptionError(
            f"laws is a {type(laws).__name__}; give what discover returned, a law, or a list of "
            "laws"
        )
    return written(list(chosen), format, siunitx=siunitx, document=document)
