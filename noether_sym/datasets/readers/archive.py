"""The members of a zip archive of tables. Nothing is unpacked to disk."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from noether_sym.datasets.readers import TABLE_SUFFIXES
from noether_sym.datasets.readers.source import Source, check_unpacked
from noether_sym.errors import DatasetError

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_HIDDEN = re.compile(r"(^|/)(\.|__MACOSX/)")


def member_names(source: Source) -> list[str]:
    """Names of the files in an archive, folders and hidden files left out.

    Raises
    ------
    DatasetError
        If it is damaged.
    """
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            names = [one.filename for one in archive.infolist() if not one.is_dir()]
    except DAMAGE as error:
        what, way = ".zip", "compress it again"
        if source.kind == ".npz":
            what, way = ".npz", "write it again with numpy.savez"
        raise DatasetError(
            f"{source.path} is not a readable {what} file ({error}); {way}"
        ) from error
    return [name for name in names if not _HIDDEN.search(name)]


def members(source: Source, names: Sequence[str]) -> list[Source]:
    """The tables of an archive in the order of their names.

    Where they lie in several folders, those of the uppermost: what lies deeper describes them
    (phyphox keeps ``meta/device.csv`` beside ``Raw Data.csv``).

    Raises
    ------
    DatasetError
        If there is none, or they are damaged or too large.
    """
    tables = [name for name in names if PurePosixPath(name).suffix.lower() in TABLE_SUFFIXES]
    if not tables:
        held = ", ".join(names[:3]) or "nothing"
        raise DatasetError(
            f"{source.path} is a zip archive without a table; it holds {held}. Unpack it and give "
            "the file, or put CSV files into it"
        )
    top = min(name.count("/") for name in tables)
    found, size = [], 0
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            for name in sorted((one for one in tables if one.count("/") == top), key=natural):
                size += archive.getinfo(name).file_size
                check_unpacked(source.path, size)
                kind = PurePosixPath(name).suffix.lower()
                found.append(Source(source.path / name, archive.read(name), kind))
    except DAMAGE as error:
        raise DatasetError(
            f"{source.path} is not a readable .zip file ({error}); compress it again"
        ) from error
    return found


def natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """A key that puts run2 before run10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    key = [(0, int(one), "") if one[0] in "0123456789" else (1, 0, one) for one in parts]
    return key, name
