"""The tables and arrays that stages leave in a run folder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noether_sym.dsl.distinct import DistinctLaws
    from noether_sym.dsl.enumeration import Enumeration
    from noether_sym.dsl.expression import Expression
    from noether_sym.runtime.stages import Progress
    from noether_sym.store.search import Search
    from noether_sym.verdict.stage import FitResult


def write_candidates(path: Path, search: Search, distinct: DistinctLaws) -> None:
    """One row a distinct law: its formula and units."""
    import pandas as pd

    names, inputs = list(search.dataset.names), search.dataset.dimensions
    most = max((own.parameter_count for own in distinct.expressions), default=0)
    slots = [f"c{slot}" for slot in range(most)]
    texts: dict[Expression, Any] = {}
    measured: dict[Expression, Any] = {}
    written = cache(str)
    rows = []
    for number, expression in enumerate(distinct.expressions):
        dimension, dimensions = expression.parameter_dimensions(inputs, memory=measured)
        units = [written(unit) for unit in dimensions]
        text = expression.text(names, slots, texts)
        rows.append((number, expression.size, text, written(dimension), units))
    columns = ["candidate", "size", "expression", "unit", "parameter_units"]
    pd.DataFrame(rows, columns=columns).to_parquet(path, index=False)


def write_formula_blocks(path: Path, formulas: Enumeration, progress: Progress | None) -> None:
    """One row a valid formula, a row group a block; see `pipeline.write_formulas`."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from noether_sym.dsl.enumeration import LEAF
    from noether_sym.dsl.operators import BY_CODE

    operations = pa.array([record.name for record in BY_CODE] + ["leaf"])
    schema = pa.schema(
        [
            ("size", pa.int8()),
            ("operation", pa.dictionary(pa.int8(), pa.string())),
            ("left", pa.int32()),
            ("right", pa.int32()),
            ("unit", pa.dictionary(pa.int16(), pa.string())),
        ]
    )
    with pq.ParquetWriter(path, schema) as writer:
        for size in range(1, formulas.depth + 1):
            for block in formulas.blocks(size):
                units = [
                    "any" if one is None else str(one) for one in formulas.dimension_ids.dimensions
                ]
                code = block.code.copy()
                code[code == LEAF] = len(BY_CODE)
                arrays = [
                    pa.array(np.full(len(block), size, np.int8)),
                    pa.DictionaryArray.from_arrays(pa.array(code), operations),
                    pa.array(block.left, mask=block.left < 0),
                    pa.array(block.right, mask=block.right < 0),
                    pa.DictionaryArray.from_arrays(pa.array(block.dimension_id), pa.array(units)),
                ]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            if progress is not None:
                progress("write formulas", size, formulas.depth)


def write_fits(path: Path, search: Search, result: FitResult) -> None:
    """One row a candidate: what the fit made of it, and why."""
    import pandas as pd

    names = list(search.dataset.names)
    verdicts, gates = result.judgement.verdicts, result.judgement.gates
    texts: dict[Expression, Any] = {}  # of what has no constants inside
    rows = []
    for number, (candidate, own) in enumerate(zip(result.candidates, result.fits, strict=True)):
        slots = [f"{value:.17g}" for value in own.nonlinear]
        rows.append(
            (
                number,
                candidate.expression.size,
                own.status,
                own.ratio if math.isfinite(own.ratio) else None,
                own.defined,
                [term.text(names, slots, None if slots else texts) for term in candidate.terms],
                list(own.factors) if math.isfinite(own.ratio) else None,
                verdicts.get(number) or None,
                ", ".join(f"{name}: {answer}" for name, answer in gates.get(number, ())) or None,
            )
        )
    columns = [
        "candidate",
        "size",
        "status",
        "conservation_ratio",
        "defined",
        "terms",
        "factors",
        "reason",
        "gates",
    ]
    pd.DataFrame(rows, columns=columns).to_parquet(path, index=False)


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Named arrays as a compressed npz."""
    import numpy as np

    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
