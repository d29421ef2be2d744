"""Read a file, whatever its kind, or a folder of files, one a trajectory."""

from __future__ import annotations

import re
from pathlib import Path

from noether_sym.datasets.readers import KINDS, PARQUET_SUFFIXES, SUFFIXES
from noether_sym.datasets.readers.npz import read_npz
from noether_sym.datasets.readers.raw_table import MOST_CELLS, RawTable
from noether_sym.datasets.readers.text import read_text
from noether_sym.errors import DatasetError


def read_tables(path: Path, trajectory: str | None = None) -> tuple[list[RawTable], list[str]]:
    """Read a file, or every table in a folder in the natural order of their names.

    Parameters
    ----------
    path : Path
    trajectory : str, optional
        Name of the column that tells trajectories apart.

    Returns
    -------
    tables : list of RawTable
        With the same columns each.
    notes : list of str
        What was passed over, and how the files were read.

    Raises
    ------
    DatasetError
        If a file is missing, malformed or a link that leads out of the folder, or if the
        files of a folder differ in their columns.
    """
    if not path.is_dir():
        table = read_table(path, trajectory)
        return [table], list(table.notes)
    files, notes = _files(path)
    tables: list[RawTable] = []
    for file in files:
        tables.append(read_table(file, trajectory))
        _compare(tables[0], tables[-1])
        if sum(one.frame.size for one in tables) > MOST_CELLS:
            raise DatasetError(
                f"{path} holds more than {MOST_CELLS:,} numbers up to {file.name}; give "
                "a folder of fewer files, or only the columns that matter"
            )
    for note in dict.fromkeys(note for table in tables for note in table.notes):
        notes.append(f"{note} ({sum(note in table.notes for table in tables)} files)")
    return tables, notes


def read_table(path: Path, trajectory: str | None = None) -> RawTable:
    """Read a file: Parquet or npz when its first bytes say so, and text otherwise.

    Raises
    ------
    DatasetError
        If the file is missing, is none of these, or its header is not usable.
    """
    try:
        if path.exists() and not path.is_file():
            raise DatasetError(f"{path} is neither a file nor a folder")
        with path.open("rb") as file:
            magic = file.read(4)
        if magic == b"PAR1" or path.suffix.lower() in PARQUET_SUFFIXES:
            from noether_sym.datasets.readers.parquet import read_parquet

            return read_parquet(path, trajectory)
        if magic == b"PK\x03\x04" or path.suffix.lower() == ".npz":
            return read_npz(path, trajectory)
        return read_text(path, trajectory)
    except FileNotFoundError as error:
        raise DatasetError(f"there is no file {path}") from error
    except OSError as error:
        reason = str(error.strerror or error).splitlines()[0]
        raise DatasetError(f"{path} cannot be read: {reason}") from error
    except DatasetError:
        raise
    except ValueError as error:
        raise DatasetError(f"{str(path)!r} is not the path of a file: {error}") from error


def _files(folder: Path) -> tuple[list[Path], list[str]]:
    """The tables of a folder in order, and a note on what else it holds."""
    try:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
        home = folder.resolve()
        files = sorted((one for one in entries if one.suffix.lower() in SUFFIXES), key=_natural)
        for file in files:
            if file.is_symlink() and not file.resolve().is_relative_to(home):
                raise DatasetError(
                    f"{file} is a link that leads out of the folder; copy the file in its place"
                )
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror or error}") from error
    if not files:
        raise DatasetError(
            f"{folder} is a folder without a {KINDS} file; give one file a trajectory, or the "
            "path of a file"
        )
    others = sorted(entry.name for entry in entries if entry not in files)
    notes = [f"passed over in the folder: {', '.join(others)}"] if others else []
    return files, notes


def _natural(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """A key that puts run2 before run10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.name)
    key = [(0, int(one), "") if one[0] in "0123456789" else (1, 0, one) for one in parts]
    return key, path.name


def _compare(first: RawTable, other: RawTable) -> None:
    """Refuse a table whose columns are not those of the first."""
    columns, own = first.units, other.units
    differences = [
        *(f"it lacks {name!r}" for name in columns if name not in own),
        *(f"it has {name!r} too" for name in own if name not in columns),
        *(
            f"{name!r} is in {own[name] or 'no unit'} instead of {unit or 'no unit'}"
            for name, unit in columns.items()
            if name in own and own[name] != unit
        ),
    ]
    if first.trajectory != other.trajectory:
        differences.append("only one of them has a column of trajectories")
    if differences:
        raise DatasetError(
            f"{other.path} has other columns than {first.path.name}: {'; '.join(differences)}"
        )
