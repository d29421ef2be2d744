"""Read a MATLAB file of version 4 to 7 with SciPy: variables, or the fields of one struct."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.datasets.readers.header import parse_header
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.readers.raw_table import RawTable, build_table, check_size
from noether_sym.datasets.readers.source import Source
from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HDF5 = b"\x89HDF"
_HDF5_AT = 512


def read_matlab(source: Source, options: TableOptions) -> RawTable:
    """Read variables of one length as columns; a matrix gives one column for each of its own.

    ``save run.mat t y`` after ``[t, y] = ode45(...)`` gives the columns t, y1, y2, ...

    Raises
    ------
    DatasetError
        If the file is damaged or of version 7.3, or holds no columns of one length.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    path = source.path
    head = source.head()
    if _HDF5 in (head[:4], head[_HDF5_AT : _HDF5_AT + 4]):
        raise DatasetError(
            f"{path} is a MATLAB file of version 7.3 (HDF5), which is not read; save it with "
            "save('data.mat', 't', 'x', '-v7'), or as CSV with writetable"
        )
    try:
        with source.open() as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of variables that are passed over below
            found = loadmat(stream, squeeze_me=True, struct_as_record=True)
    except (MatReadError, NotImplementedError, ValueError, TypeError, OSError, KeyError, IndexError,
            MemoryError, EOFError) as error:  # fmt: skip
        raise DatasetError(
            f"{path} is not a readable MATLAB file ({error or type(error).__name__}); save it "
            "again with '-v7', or as CSV"
        ) from error
    columns, left = _columns({name: one for name, one in found.items() if name[:2] != "__"})
    if not columns:
        raise DatasetError(
            f"{path} holds no vectors of numbers ({', '.join(left) or 'nothing'}); save one vector "
            "a column, or a struct of vectors (table2struct(T, 'ToScalar', true))"
        )
    lengths = {name: len(one) for name, one in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DatasetError(
            f"{path}: the variables differ in length ({listed}); save those of one length alone"
        )
    header = parse_header(path, list(columns), options)
    rows = len(next(iter(columns.values())))
    check_size(path, rows, len(columns))
    values = list(columns.values())
    table = build_table(path, "row", header, [(np.arange(1, 1 + rows), values)])
    notes = [f"variables left out, which are no vectors of numbers: {', '.join(left)}"] * bool(left)
    return replace(table, notes=(*header.notes, *notes, *table.notes))


def _columns(found: Mapping[str, Any]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Columns by name, and the names of what is none: scalars, text, cells."""
    columns: dict[str, NDArray[Any]] = {}
    left = []
    for name, value in found.items():
        array = np.asarray(value)
        if array.dtype.names and array.ndim == 0:
            inner, own = _columns({key: array[key].item() for key in array.dtype.names})
            columns |= inner
            left += own
        elif array.dtype.kind not in "biuf" or array.ndim not in (1, 2) or not array.size:
            left.append(name)
        elif array.ndim == 1:
            columns[name] = array
        else:
            columns |= {f"{name}{place + 1}": array[:, place] for place in range(array.shape[1])}
    if columns:
        # t of shape (row,) decides whether y is (row, column) or the other way round
        rows = max(map(len, columns.values()))
        for name, value in found.items():
            array = np.asarray(value)
            if array.ndim == 2 and array.shape[1] == rows > array.shape[0]:
                for place in range(array.shape[1]):
                    columns.pop(f"{name}{place + 1}", None)
                columns |= {f"{name}{place + 1}": array[place] for place in range(array.shape[0])}
    return columns, left
