"""Files of nearly a name, for messages about one that is not there."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from noether_sym.datasets.readers import SUFFIXES

_LOOKED_AT = 10_000
"""Most entries of a folder that are compared."""


def near_files(path: Path) -> list[str]:
    """Files that can be read, and folders, beside a path, of nearly its name; the nearest first."""
    try:
        with os.scandir(path.parent) as entries:
            names = [
                entry.name
                for entry, _ in zip(entries, range(_LOOKED_AT), strict=False)
                if entry.is_dir() or Path(entry.name).suffix.lower() in SUFFIXES
            ]
    except (OSError, ValueError):
        return []
    by_stem = {Path(name).stem.lower(): name for name in sorted(names, reverse=True)}
    close = difflib.get_close_matches(path.stem.lower(), sorted(by_stem), n=3, cutoff=0.7)
    return [str(path.parent / by_stem[one]) for one in close]
