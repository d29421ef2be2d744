"""Read a MATLAB file of version 4 to 7 with SciPy: variables, or the fields of one struct."""

from __future__ import annotations

import math
import struct
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from noether_sym.datasets.readers.header import parse_header
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.readers.raw_table import RawTable, build_table, check_size
from noether_sym.datasets.readers.source import Source
from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MATRIX, _COMPRESSED, _FLAGS, _DIMENSIONS, _NAME = 14, 15, 6, 5, 1
"""Kinds of the elements that hold a variable, a packed one, and its flags, dimensions and name."""

_KINDS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 14: 0, 16: 1, 17: 2, 18: 4}
"""Kinds of elements, and the bytes that one number of each takes."""

_FIRST_NUMBERS, _LAST_NUMBERS, _COMPLEX = 6, 15, 0x800
"""Classes of variables of plain numbers, double to uint64, and the flag of complex ones."""

_HEADER = 128
"""Bytes before the first variable of a file of version 5 to 7."""

_HDF5 = b"\x89HDF"

_HDF5_AT = 512
"""Bytes before HDF5's signature in a file of version 7.3, which MATLAB's header takes."""


def read_matlab(source: Source, options: TableOptions) -> RawTable:
    """Read variables of one length as columns; a matrix gives one column for each of its own.

    ``save run.mat t y`` after ``[t, y] = ode45(...)`` gives the columns t, y1, y2, ...

    Raises
    ------
    DatasetError
        If the file is damaged or of version 7.3, or holds no columns of one length.
    """
    from scipy.io import loadmat

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
            _check_elements(stream)
            found = loadmat(stream, squeeze_me=True, struct_as_record=True)
    except Exception as error:  # SciPy has many kinds of errors for a damaged file
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
    notes = [
        f"variables left out because they are not vectors of numbers: {', '.join(left)}"
    ] * bool(left)
    return replace(table, notes=(*header.notes, *notes, *table.notes))


def _check_elements(stream: IO[bytes]) -> None:
    """Check the sizes that a file of version 5 to 7 states, which SciPy trusts to the letter.

    Raises
    ------
    ValueError
        If an element reaches beyond what holds it, or is of no kind.
    """
    content = stream.read()
    stream.seek(0)
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None:
        return  # version 4, which has no elements
    place = _HEADER
    while place < len(content):
        kind, size = struct.unpack_from(f"{order}II", content, place)
        body = content[place + 8 : place + 8 + size]
        if kind not in (_MATRIX, _COMPRESSED) or len(body) < size:
            raise ValueError(f"a variable of {size} bytes where {len(body)} are left")
        if kind == _MATRIX:
            _check_matrix(memoryview(body), order)
        else:
            inner = memoryview(zlib.decompress(body))
            _check_matrix(inner[8:], order)
        place += 8 + size


def _check_matrix(body: memoryview, order: str) -> None:
    """The elements of a variable: flags, dimensions, a name, and numbers or more variables."""
    place, elements = 0, []
    while place + 8 <= len(body):
        kind, size = struct.unpack_from(f"{order}II", body, place)
        start = place + 8
        if kind >> 16:  # up to four bytes stand in the tag itself
            kind, size, start = kind & 0xFFFF, kind >> 16, place + 4
        if kind not in _KINDS or start + size > len(body) or (start == place + 4 and size > 4):
            raise ValueError(f"an element of kind {kind} and {size} bytes")
        elements.append((kind, body[start : start + size]))
        if kind == _MATRIX:
            _check_matrix(elements[-1][1], order)
        place = start + -(-size // 8) * 8 if start == place + 8 else place + 8
    if not elements:
        return  # an empty variable
    if len(elements) < 3 or (elements[0][0], len(elements[0][1])) != (_FLAGS, 8):
        raise ValueError("a variable without flags")
    (flags,) = struct.unpack_from(f"{order}I", elements[0][1])
    if elements[1][0] != _DIMENSIONS or len(elements[1][1]) % 4 or elements[2][0] != _NAME:
        raise ValueError("a variable without dimensions or a name")
    shape = struct.unpack_from(f"{order}{len(elements[1][1]) // 4}i", elements[1][1])
    if not 2 <= len(shape) <= 32 or min(shape) < 0:
        raise ValueError(f"a variable of shape {shape}")
    plain = _FIRST_NUMBERS <= flags & 0xFF <= _LAST_NUMBERS
    parts = 1 + bool(flags & _COMPLEX)
    if plain and (
        len(elements) != 3 + parts
        or any(len(own) != math.prod(shape) * _KINDS[kind] for kind, own in elements[3:])
    ):
        raise ValueError(f"a variable of shape {shape} with other numbers")


def _columns(found: Mapping[str, Any]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Columns by name, and the names of what is not a column: scalars, text, cells."""
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
