"""Read a NumPy ``.npz`` or ``.npy`` file: named arrays. Objects are never unpickled."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from noether_sym.datasets.readers.archive import DAMAGE
from noether_sym.datasets.readers.header import parse_header
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.readers.raw_table import MOST_CELLS, RawTable, build_table
from noether_sym.datasets.readers.source import Source
from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TEXT = "U"


def read_npz(source: Source, options: TableOptions) -> RawTable:
    """Read named arrays of shape (row,), a name such as ``q [rad]`` with or without its unit.

    Raises
    ------
    DatasetError
        If the file is damaged or no ``.npz`` file, a member's path climbs out of it, or an
        array has more than one dimension, another length than the others, or holds anything
        but numbers (or, for the trajectories, text).
    """
    path = source.path
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            _check_members(path, members)
            arrays = {
                one.filename.removesuffix(".npy"): _array(path, archive, one) for one in members
            }
    except DAMAGE as error:
        raise DatasetError(
            f"{path} is not a readable .npz file ({error}); write it again with numpy.savez"
        ) from error
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DatasetError(
            f"{path}: the arrays differ in length ({listed}); give one number a sample in each, "
            "or one file a trajectory"
        )
    header = parse_header(path, list(arrays), options)
    for name, array in zip(header.units, arrays.values(), strict=True):
        if array.dtype.kind == _TEXT and name not in header.labels:
            raise DatasetError(f"{path}, array {name!r}: text where numbers are needed")
    rows = np.arange(1, 1 + next(iter(lengths.values())))
    return build_table(path, "row", header, [(rows, list(arrays.values()))])


def read_npy(source: Source, options: TableOptions) -> RawTable:
    """Read one array with named fields (NumPy's structured dtypes), one row a sample.

    Raises
    ------
    DatasetError
        If the file is damaged, or the array has no names for its columns.
    """
    path = source.path
    with source.open() as stream:
        array = _read_array(str(path), stream)
    if array.dtype.names is None:
        shown = f"{array.shape[1]} columns" if array.ndim == 2 else f"shape {array.shape}"
        raise DatasetError(
            f"{path} is an array of {shown} without names; give it from Python, "
            "noether_sym.discover(array, names=['t [s]', 'q [m]', ...]), or save the columns with "
            "their names: numpy.savez('data.npz', **{'t [s]': array[:, 0], ...})"
        )
    names = list(array.dtype.names)
    columns = [_checked(f"{path}, field {name!r}", array[name]) for name in names]
    header = parse_header(path, names, options)
    return build_table(path, "row", header, [(np.arange(1, 1 + len(array)), columns)])


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    names = [one.filename for one in members]
    for name in names:
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in name[:2]:
            raise DatasetError(
                f"{path}: the path of its member {name!r} leads out of the file; write it again "
                "with numpy.savez"
            )
    strange = [name for name in names if not name.endswith(".npy")]
    if strange or not names:
        found = f"it holds {', '.join(map(repr, strange[:3]))}" if strange else "it is empty"
        raise DatasetError(
            f"{path} is not a NumPy .npz file: {found}; save a workbook as CSV, unpack an archive"
        )
    if sum(one.file_size for one in members) > 16 * MOST_CELLS:
        raise DatasetError(f"{path} holds more than {MOST_CELLS:,} numbers; give a part of them")


def _array(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    where = f"{path}, array {member.filename.removesuffix('.npy')!r}"
    with archive.open(member) as stream:
        return _checked(where, _read_array(where, stream))


def _read_array(where: str, stream: IO[bytes]) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    except (ValueError, KeyError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        # the words of NumPy, which has one kind of error for all of these
        if "allow_pickle" in str(error):
            raise DatasetError(
                f"{where}: holds pickled objects, which are never opened; save plain numbers"
            ) from error
        if "array data" in str(error) or isinstance(error, MemoryError):
            raise DatasetError(f"{where}: truncated; write it again") from error
        raise DatasetError(f"{where}: damaged ({error})") from error
    return array


def _checked(where: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim != 1:
        raise DatasetError(
            f"{where}: has the shape {array.shape}; give one array a column, of shape (row,)"
        )
    if array.dtype.kind not in "biuf" + _TEXT or not array.dtype.itemsize:
        raise DatasetError(f"{where}: {array.dtype} where numbers are needed")
    return array
