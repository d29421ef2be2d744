"""Whether two versions find the same laws: compares the laws of two folders of runs.

    python -m benchmarks.same_laws OLD NEW [--rounding 0]

OLD and NEW are folders of runs (``<run>/laws.json``) or of documents (``<dataset>.json``). Two
documents are the same if they have the same fields, laws, verdicts and counts, and numbers within
1e-9 of each other, those inside of text too. Ratios of 1e-22 are rounding errors and change with
the order of a sum: ``--rounding 1e-15`` takes all numbers below that as the same. The exit code is
1 on a difference, and where one folder lacks a data set of the other.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks._measure import table

TOLERANCE = 1e-9
"""Largest difference of two numbers, relative to the greater."""

_SHOWN = 3
"""Differences of a data set that are printed."""

_NUMERAL = re.compile(r"(?<![\w.])(\d+\.?\d*(?:[eE][+-]?\d+)?)")


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--rounding", type=float, default=0.0, help="smaller numbers are the same")
    options = parser.parse_args(arguments)
    try:
        old, new = documents(options.old), documents(options.new)
    except ValueError as error:
        parser.error(str(error))
    rows, same = [], True
    for name in sorted(old | new):
        if name not in old or name not in new:
            rows.append([name, "only in " + ("NEW" if name in new else "OLD"), ""])
            same = False
            continue
        if old[name].read_bytes() == new[name].read_bytes():
            rows.append([name, "identical bytes", ""])
            continue
        found = list(differences(read(old[name]), read(new[name]), options.rounding))
        same = same and not found
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        verdict = "differs" if found else f"same within {TOLERANCE:g}"
        rows.append([name, verdict, "; ".join(found[:_SHOWN]) + more])
    print(table(["data set", "laws", "what differs"], rows))
    return 0 if same else 1


def documents(folder: Path) -> dict[str, Path]:
    """Paths of the documents of laws in a folder, by data set (by run, if there are more of one).

    Raises
    ------
    ValueError
        If there is no such document.
    """
    runs = sorted(folder.glob("*/laws.json"))
    plain = [path for path in sorted(folder.glob("*.json")) if "laws" in read(path)]
    found = {path.stem: path for path in plain}
    if not found:
        names = [str(read(path)["dataset"]) for path in runs]
        found = {
            name if names.count(name) == 1 else path.parent.name: path
            for name, path in zip(names, runs, strict=True)
        }
    if not found:
        raise ValueError(f"{folder} holds no */laws.json and no document of laws (*.json)")
    return found


def read(path: Path) -> dict[str, Any]:
    """The document; an empty one where the file holds something else."""
    with path.open(encoding="utf-8") as file:
        document = json.load(file)
    return document if isinstance(document, dict) else {}


def differences(old: Any, new: Any, rounding: float = 0.0, place: str = "") -> Iterator[str]:
    """What differs between two JSON values, in words, place by place.

    Parameters
    ----------
    old, new : JSON values
    rounding : float
        Numbers smaller than this are the same.
    place : str
        Where they stand, as in ``laws[0].parameters[1].value``.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            where = f"{place}.{key}" if place else key
            if key not in old or key not in new:
                yield f"{where}: only in {'NEW' if key in new else 'OLD'}"
            else:
                yield from differences(old[key], new[key], rounding, where)
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{place}: {len(old)} entries, now {len(new)}"
        for row, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from differences(one, other, rounding, f"{place}[{row}]")
    elif not _same(old, new, rounding):
        yield f"{place}: {json.dumps(old)}, now {json.dumps(new)}"


def _same(old: Any, new: Any, rounding: float) -> bool:
    """Whether two leaves are the same."""
    if _number(old) and _number(new):
        return _close(float(old), float(new), rounding)
    if isinstance(old, str) and isinstance(new, str):
        one, other = _NUMERAL.split(old), _NUMERAL.split(new)
        return one[::2] == other[::2] and all(
            _close(float(a), float(b), rounding)
            for a, b in zip(one[1::2], other[1::2], strict=True)
        )
    return type(old) is type(new) and bool(old == new)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _close(old: float, new: float, rounding: float) -> bool:
    if max(abs(old), abs(new)) < rounding:
        return True
    return math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=0.0)


if __name__ == "__main__":
    sys.exit(main())
