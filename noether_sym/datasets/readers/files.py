"""Read a file, whatever its kind, or a folder of files, one a trajectory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from noether_sym.datasets.readers import FEATHER_SUFFIXES, KINDS, PARQUET_SUFFIXES, SUFFIXES
from noether_sym.datasets.readers.archive import member_names, members, natural
from noether_sym.datasets.readers.arrange import arranged
from noether_sym.datasets.readers.foreign import refuse_foreign
from noether_sym.datasets.readers.near import near_files
from noether_sym.datasets.readers.npz import read_npy, read_npz
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.readers.raw_table import MOST_CELLS, RawTable
from noether_sym.datasets.readers.simulation import reader_of
from noether_sym.datasets.readers.source import FEATHER_MAGIC, PARQUET_MAGIC, Source, source_of
from noether_sym.datasets.readers.text import read_text
from noether_sym.errors import DatasetError
from noether_sym.spelling import spelt


def read_tables(path: Path, options: TableOptions) -> tuple[list[RawTable], list[str]]:
    """Read a file, or every table in a folder in the natural order of their names.

    Parameters
    ----------
    path : Path
    options : TableOptions

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
        tables = _together(path, ((path, read_file(path, options)),))
        if len(tables) == 1:
            return tables, list(tables[0].notes)
        notes: list[str] = []
    else:
        files, notes = _files(path)
        tables = _together(path, ((file, read_file(file, options)) for file in files))
    word = "files" if path.is_dir() else "tables"
    for note in dict.fromkeys(note for table in tables for note in table.notes):
        notes.append(f"{note} ({sum(note in table.notes for table in tables)} {word})")
    return tables, notes


def read_file(path: Path, options: TableOptions) -> list[RawTable]:
    """Read a file; an archive or a workbook may hold several tables, one a trajectory.

    Raises
    ------
    DatasetError
        If the file is missing, of a format that is not read, or its header is not usable.
    """
    try:
        if path.exists() and not path.is_file():
            raise DatasetError(f"{path} is neither a file nor a folder")
        return [arranged(table, options) for table in _tables(source_of(path), options)]
    except FileNotFoundError as error:
        close = near_files(path)
        meant = f"; did you mean {' or '.join(close)}?" if close else ""
        folder = "" if path.parent.is_dir() else f", and no folder {path.parent}"
        raise DatasetError(f"there is no file {path}{folder}{meant}") from error
    except OSError as error:
        reason = str(error.strerror or error).splitlines()[0]
        raise DatasetError(f"{path} cannot be read: {reason}") from error
    except DatasetError:
        raise
    except ValueError as error:
        raise DatasetError(f"{str(path)!r} is not the path of a file: {error}") from error


def _tables(source: Source, options: TableOptions) -> list[RawTable]:
    """The tables of a file by what its first bytes say, else by its suffix, else as text."""
    head = source.head()
    if head.startswith(PARQUET_MAGIC) or source.kind in PARQUET_SUFFIXES:
        from noether_sym.datasets.readers.parquet import read_parquet

        _check_applies(source, "a Parquet file", options)
        return [read_parquet(source, options)]
    if head.startswith((FEATHER_MAGIC, b"FEA1")) or source.kind in FEATHER_SUFFIXES:
        from noether_sym.datasets.readers.parquet import read_feather

        _check_applies(source, "a Feather file", options)
        return [read_feather(source, options)]
    if head.startswith(b"\x93NUMPY") or source.kind == ".npy":
        _check_applies(source, "a NumPy file", options)
        return [read_npy(source, options)]
    if head.startswith(b"MATLAB 5.0 MAT-file") or source.kind == ".mat":
        from noether_sym.datasets.readers.matlab import read_matlab

        _check_applies(source, "a MATLAB file", options)
        return [read_matlab(source, options)]
    refuse_foreign(source, head)
    if head.startswith(b"PK\x03\x04") or source.kind in (".npz", ".zip"):
        return _of_archive(source, options)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _of_workbook(source, options)
    if head.lstrip(b"\xef\xbb\xbf").startswith(b"LabVIEW Measurement"):
        from noether_sym.datasets.readers.labview import read_labview

        _check_applies(source, "a LabVIEW measurement", options)
        return [read_labview(source, options)]
    if read := reader_of(source):
        _check_applies(source, "a simulation's output", options)
        return [read(source, options)]
    return [read_text(source, options)]


def _of_archive(source: Source, options: TableOptions) -> list[RawTable]:
    """The tables of a zip file: a workbook, an ``.npz`` file, or files of one trajectory each."""
    names = member_names(source)
    if any(name.startswith(("xl/", "content.xml")) for name in names):
        return _of_workbook(source, options)
    if source.kind == ".npz" or all(name.endswith(".npy") for name in names):
        _check_applies(source, "a NumPy file", options)
        return [read_npz(source, options)]
    inner = members(source, names)
    tables: list[RawTable] = []
    for one in inner:
        tables += _tables(one, options)
    others = sorted(set(names) - {str(one.path.relative_to(source.path)) for one in inner})
    if others and tables:
        note = f"passed over in the archive: {', '.join(others)}"
        tables[0] = replace(tables[0], notes=(*tables[0].notes, note))
    return tables


def _of_workbook(source: Source, options: TableOptions) -> list[RawTable]:
    from noether_sym.datasets.readers.workbook import read_workbook

    _check_applies(source, "a workbook", replace(options, skip_rows=0))
    return read_workbook(source, options)


def _check_applies(source: Source, kind: str, options: TableOptions) -> None:
    """Refuse options about lines of text for a file that has no lines."""
    given = {"skip_rows": options.skip_rows, "comment": options.comment}
    for name in filter(given.get, given):
        flag = f"--{name.replace('_', '-')}"
        raise DatasetError(
            f"{source.path} is {kind}, and {spelt(flag)} does not apply to it; leave it out"
        )


def _together(path: Path, files: Iterable[tuple[Path, list[RawTable]]]) -> list[RawTable]:
    """All tables, which must have the same columns and not be too large together."""
    tables: list[RawTable] = []
    for file, own in files:
        for table in own:
            tables.append(table)
            _compare(tables[0], table)
        if len(tables) > 1 and sum(one.frame.size for one in tables) > MOST_CELLS:
            raise DatasetError(
                f"{path} holds more than {MOST_CELLS:,} numbers up to {file.name}; give "
                "a folder of fewer files, or only the columns that matter"
            )
    return tables


def _files(folder: Path) -> tuple[list[Path], list[str]]:
    """The tables of a folder in order, and a note on what else it holds."""
    try:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
        home = folder.resolve()
        files = sorted(
            (one for one in entries if one.suffix.lower() in SUFFIXES),
            key=lambda one: natural(one.name),
        )
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
            f"{other.path} has different columns from {first.path.name}: {'; '.join(differences)}"
        )
