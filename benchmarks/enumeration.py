"""Formulas a second: the raw stream and the distinct laws, by depth."""

from __future__ import annotations

from benchmarks._measure import Section, run_code, table

_RAW = """
import json, time
from noether_sym.datasets import load
from noether_sym.dsl.enumeration import Enumeration
from noether_sym.dsl.grammar import resolve_grammar
data = load({name!r})
best = None
for _ in range({repeats}):
    begin = time.perf_counter()
    formulas = Enumeration(resolve_grammar({grammar!r}), data.dimensions, {depth})
    count = size = 0
    for nodes in range(1, {depth} + 1):
        for block in formulas.blocks(nodes):
            count += len(block)
            size += block.nbytes
    seconds = time.perf_counter() - begin
    best = seconds if best is None else min(best, seconds)
print(json.dumps([count, best, size / count]))
"""

_DISTINCT = """
import json, time
from noether_sym.datasets import load
from noether_sym.dsl.distinct import enumerate_laws
from noether_sym.dsl.grammar import resolve_grammar
data = load({name!r})
begin = time.perf_counter()
laws = enumerate_laws(resolve_grammar({grammar!r}), data.dimensions, {depth})
print(json.dumps([len(laws.expressions), time.perf_counter() - begin]))
"""


def measure(quick: bool) -> Section:
    """Depth 5 to 10 (6 if quick) for the pendulum, and two systems with more columns."""
    depths = (5, 6) if quick else (5, 6, 7, 8, 9, 10)
    cases = [("ideal_pendulum", "paper", depth) for depth in depths]
    if not quick:
        cases += [(name, "paper", 7) for name in ("ideal_spring", "lorenz")]
        cases += [("sir", "extended", 7)]
    rows = []
    for name, grammar, depth in cases:
        _, peak, (count, seconds, size) = run_code(
            _RAW.format(name=name, grammar=grammar, depth=depth, repeats=3 if depth < 9 else 1)
        )
        row = [
            name,
            grammar,
            str(depth),
            f"{count:,}",
            f"{count / seconds / 1e6:.1f}",
            f"{size:.0f}",
        ]
        row.append(f"{peak:.0f}")
        if name != "ideal_pendulum" or depth < 10:
            _, peak, (laws, seconds) = run_code(
                _DISTINCT.format(name=name, grammar=grammar, depth=depth)
            )
            row += [f"{laws:,}", f"{seconds:.2f}", f"{count / seconds / 1e3:,.0f}", f"{peak:.0f}"]
        else:
            row += ["", "", "", ""]
        rows.append(row)
    header = [
        "data set",
        "grammar",
        "depth",
        "valid formulas",
        "raw, million/s",
        "bytes a formula",
        "peak, MiB",
        "distinct laws",
        "seconds",
        "thousand formulas decided/s",
        "peak, MiB",
    ]
    text = (
        "Raw: every valid formula is written into flat arrays, streamed in blocks, one process a "
        "row, the peak memory being that of the whole process. Distinct: each law once.\n\n"
    )
    return Section("Enumeration", text + table(header, rows))
