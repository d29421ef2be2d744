"""Where the bytes of a table come from: a file, a compressed file, a member of an archive."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from noether_sym.datasets.readers.raw_table import MOST_CELLS
from noether_sym.errors import DatasetError

MOST_BYTES = 25 * MOST_CELLS
"""Bytes that are unpacked at most: numbers of all their digits and a separator."""

PARQUET_MAGIC, FEATHER_MAGIC = b"PAR1", b"ARROW1"

HEAD = 4096
"""First bytes of a file, by which its kind and its encoding are told."""

_DAMAGE = (OSError, EOFError, lzma.LZMAError, zlib.error)
_COMPRESSED: tuple[tuple[bytes, str, Any], ...] = (
    (b"\x1f\x8b", "gzip", gzip.open),
    (b"BZh", "bzip2", bz2.open),
    (b"\xfd7zXZ\x00", "xz", lzma.open),
)


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of one table.

    Attributes
    ----------
    path : Path
        As messages name it; of a member of an archive, the archive's path and the member's.
    content : bytes or None
        What was unpacked; None where the file is to be read itself.
    kind : str
        The suffix that says what the bytes are, in lower case: ``.csv`` of ``run.csv.gz``.
    """

    path: Path
    content: bytes | None
    kind: str

    def open(self) -> IO[bytes]:
        """The bytes as a stream."""
        return self.path.open("rb") if self.content is None else io.BytesIO(self.content)

    def head(self) -> bytes:
        """The first bytes."""
        with self.open() as stream:
            return stream.read(HEAD)

    @property
    def name(self) -> str:
        """The file's name without its suffixes."""
        plain = self.path.name
        if Path(plain).suffix.lower() != self.kind:
            plain = Path(plain).stem
        return Path(plain).stem


def source_of(path: Path) -> Source:
    """The bytes of a file, unpacked where it is compressed.

    Raises
    ------
    DatasetError
        If a compressed file is damaged or holds too much.
    """
    plain = Source(path, None, path.suffix.lower())
    head = plain.head()
    for magic, name, opener in _COMPRESSED:
        if head.startswith(magic):
            try:
                with opener(path, "rb") as stream:
                    content = stream.read(MOST_BYTES + 1)
            except _DAMAGE as error:
                raise DatasetError(
                    f"{path} is not a readable {name} file ({error}); compress it again"
                ) from error
            check_unpacked(path, len(content))
            return replace(plain, content=content, kind=Path(path.stem).suffix.lower())
    return plain


def check_unpacked(path: Path, size: int) -> None:
    """Refuse to unpack more than memory is meant for.

    Raises
    ------
    DatasetError
        If there are more than `MOST_BYTES`.
    """
    if size > MOST_BYTES:
        raise DatasetError(
            f"{path} unpacks to more than {MOST_BYTES:,} bytes; give a part of the rows, or only "
            "the columns that matter"
        )
