"""One search of the recovery benchmark, in a process of its own.

    python -m benchmarks.recovery_run CASE WAY

CASE as in `benchmarks.cases`; WAY is ``default`` (the one call, no options), ``formulas`` (the
formula search alone) or ``polynomial`` (the null space of arXiv 2403.04889). Prints JSON. Seconds
and peak memory are those of the search: imports, data and judging are left out, but for what a
process that has imported everything holds already.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import math
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks._measure import peak_memory
from benchmarks.cases import Case, MissingError, case
from benchmarks.null_space import polynomial_null_space
from benchmarks.scoring import Quantity, score

WAYS = ("default", "formulas", "polynomial")
_SHOWN = 12
"""Laws of an answer that are kept, false ones first."""

_IMPORTED = ("noether_sym.api", "noether_sym.report", "torch", "sympy", "pyarrow.parquet", "numba")


def answer(name: str, way: str) -> dict[str, Any]:
    """What a way finds in a case, judged; with the reason where it cannot be tried."""
    try:
        own = case(name)
    except MissingError as error:
        return {"status": "missing", "reason": str(error)}
    begin = time.perf_counter()
    try:
        found, counts = _polynomial(own) if way == "polynomial" else _discovered(own, way)
    except Exception as error:  # a search that fails is a result of the benchmark
        return {
            "status": "failed",
            "columns": own.columns,
            "reason": f"{type(error).__name__}: {error}"[:400],
            "known": score([], own.truth).known,
        }
    seconds, peak = time.perf_counter() - begin, peak_memory()
    judged = score(found, own.truth)
    laws = [
        {"law": law.text(), "ratio": ratio if math.isfinite(ratio) else None, "true": true}
        for law, ratio, true in zip(found, judged.ratios, judged.true, strict=True)
    ]
    laws.sort(key=lambda law: law["true"])
    return {
        "status": "done",
        "columns": own.columns,
        "seconds": seconds,
        "peak_mib": peak,
        "counts": counts,
        "known": judged.known,
        "found": judged.found,
        "more": judged.more,
        "listed": len(found),
        "false": judged.false,
        "laws": laws[:_SHOWN],
        "missing": [own.truth.known[number].text() for number in judged.missing],
    }


def _discovered(own: Case, way: str) -> tuple[Sequence[Quantity], dict[str, int]]:
    import noether_sym

    options = dict(own.options)
    if way == "formulas" and "search" in inspect.signature(noether_sym.discover).parameters:
        options["search"] = "formulas"
    found = noether_sym.discover(own.data, **options)
    return found.accepted, dict(found.counts)


def _polynomial(own: Case) -> tuple[Sequence[Quantity], dict[str, int]]:
    found = polynomial_null_space(*own.arrays())
    return found, {"terms": found[0].library.size} if found else {}


def main(arguments: Sequence[str]) -> None:
    """Print the answer of one way in one case."""
    for module in _IMPORTED:  # imports are no part of the seconds
        if importlib.util.find_spec(module):
            importlib.import_module(module)
    name, way = arguments
    if way not in WAYS:
        raise SystemExit(f"no way {way!r}; there are {', '.join(WAYS)}")
    print(json.dumps(answer(name, way)))


if __name__ == "__main__":
    main(sys.argv[1:])
