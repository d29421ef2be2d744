"""Formats that are not read: how they are known, and the way out of each."""

from __future__ import annotations

from dataclasses import dataclass

from noether_sym.datasets.readers.source import Source
from noether_sym.errors import DatasetError

_AS_CSV = "export the data there as CSV"


@dataclass(frozen=True, slots=True)
class _Format:
    """A format that is known by its first bytes, or by the suffix of its files."""

    name: str
    way_out: str
    suffixes: tuple[str, ...] = ()
    magic: bytes | None = None
    offset: int = 0

    def fits(self, source: Source, head: bytes) -> bool:
        if self.magic is not None:
            return head[self.offset :].startswith(self.magic)
        return source.kind in self.suffixes


_IN_PYTHON = "in Python, read it there and give the arrays to noether_sym.discover"
_FORMATS = (
    _Format("an HDF5 file", f"save it as CSV or Parquet; {_IN_PYTHON}", magic=b"\x89HDF\r\n\x1a\n"),
    _Format(
        "a netCDF file",
        f"save it as CSV (xarray: to_dataframe().to_csv); {_IN_PYTHON}",
        magic=b"CDF",
    ),
    _Format(
        "a LabVIEW TDMS file",
        "write text (.lvm) in LabVIEW, or convert it to CSV (npTDMS: as_dataframe)",
        magic=b"TDSm",
    ),
    _Format(
        "a SQLite database",
        "export the table as CSV (sqlite3 -header -csv FILE 'select ...')",
        magic=b"SQLite format 3\0",
    ),
    _Format("a tar archive", "unpack it and give the folder", magic=b"ustar", offset=257),
    _Format("a 7-Zip archive", "unpack it and give the folder", magic=b"7z\xbc\xaf\x27\x1c"),
    _Format("a RAR archive", "unpack it and give the folder", magic=b"Rar!"),
    _Format("a zstd archive", "decompress it (zstd -d)", magic=b"\x28\xb5\x2f\xfd"),
    _Format("an ORC file", "write it as Parquet", magic=b"ORC"),
    _Format(
        "a ROOT file",
        "write the tree as CSV or Parquet (uproot: arrays(library='pd'))",
        magic=b"root",
    ),
    _Format(
        "a FITS file",
        "write the table as CSV (astropy: Table.read(...).write('x.csv'))",
        magic=b"SIMPLE  =",
    ),
    _Format(
        "a text file of Octave",
        "save it with save -v7 FILE.mat t x",
        magic=b"# Created by Octave",
    ),
    _Format("a PDF", _AS_CSV, magic=b"%PDF"),
    *(
        _Format("a picture", "give the numbers", magic=magic)
        for magic in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
    ),
    _Format("a picture", "give the numbers", suffixes=(".png", ".jpg", ".jpeg", ".gif", ".tif")),
    _Format(
        "a video",
        "track it first (Tracker, for instance), and export the track as text",
        suffixes=(".mp4", ".mov", ".avi", ".mkv", ".webm"),
    ),
    _Format(
        "a pickle, which is never opened because it can run code",
        "save the numbers as CSV, Parquet or .npz",
        suffixes=(".pkl", ".pickle", ".joblib"),
    ),
    _Format(
        "a Tracker project",
        "in Tracker choose File > Export > Data File, or copy the table as text",
        suffixes=(".trk", ".trz"),
    ),
    _Format(
        "a Vernier document",
        "in Logger Pro or Graphical Analysis choose File > Export > CSV",
        suffixes=(".cmbl", ".gambl", ".xmbl"),
    ),
    _Format(
        "a PASCO document",
        "in Capstone choose File > Export Data, in SPARKvue Export data (CSV)",
        suffixes=(".cap", ".spklab", ".spk", ".sparklab", ".ds"),
    ),
    _Format(
        "an Origin project",
        "in Origin choose File > Export > ASCII",
        suffixes=(".opj", ".opju", ".ogw"),
    ),
    _Format(
        "an Igor file",
        "in Igor choose Data > Save Waves > Save Delimited Text",
        suffixes=(".ibw", ".pxp", ".itx"),
    ),
    _Format(
        "a Stata, SPSS or SAS file",
        "save it as CSV (pandas: read_stata, read_spss, read_sas)",
        suffixes=(".dta", ".sav", ".sas7bdat"),
    ),
    _Format(
        "an R file",
        "write.csv(data, 'data.csv', row.names = FALSE)",
        suffixes=(".rds", ".rda", ".rdata"),
    ),
    _Format(
        "a JSON file",
        "save it as CSV (pandas: read_json(...).to_csv(..., index=False))",
        suffixes=(".json", ".jsonl", ".ndjson"),
    ),
    _Format("an XML or HTML page", _AS_CSV, suffixes=(".xml", ".html", ".htm")),
    _Format(
        "a document", _AS_CSV, suffixes=(".docx", ".doc", ".odt", ".rtf", ".pages", ".numbers")
    ),
    _Format(
        "a simulation's trajectory",
        f"write it as text (MDAnalysis, mdtraj); {_IN_PYTHON}",
        suffixes=(".xtc", ".trr", ".dcd", ".gsd", ".lammpstrj", ".bag", ".c3d"),
    ),
)


def refuse_foreign(source: Source, head: bytes) -> None:
    """Refuse a file of a format that is known and not read.

    Raises
    ------
    DatasetError
        Its message names the format and says what to do.
    """
    for one in _FORMATS:
        if one.fits(source, head):
            raise DatasetError(f"{source.path} is {one.name}, which is not read; {one.way_out}")
