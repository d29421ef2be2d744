"""Where the time of a search for formulas goes as columns are added: 2, 4, 6 and 12 of them."""

from __future__ import annotations

from benchmarks._measure import Section, run_code, table

_CODE = """
import json, tempfile, time
from pathlib import Path
from types import SimpleNamespace
import torch
from noether_sym.datasets import load
from noether_sym.datasets.parts import parts
from noether_sym.dsl.distinct import enumerate_laws
from noether_sym.dsl.enumeration import count_formulas
from noether_sym.dsl.grammar import resolve_grammar
from noether_sym.search.fit import fit_candidates
from noether_sym.statistics.samples import make_samples
from noether_sym.store.tables import write_candidates, write_fits
from noether_sym.verdict.stage import distinct_candidates

torch.set_num_threads(1)
data, grammar = load({name!r}), resolve_grammar("paper")
seconds = []

def timed(way):
    begin = time.process_time()
    found = way()
    seconds.append(time.process_time() - begin)
    return found

samples = make_samples(parts(data.train).search, window=None, seed=0)
few = distinct_candidates(enumerate_laws(grammar, data.dimensions, 5))
fit_candidates(few, samples)  # kernels are loaded first
with tempfile.TemporaryDirectory() as folder:
    search = SimpleNamespace(dataset=data)
    laws = timed(lambda: enumerate_laws(grammar, data.dimensions, {depth}))
    timed(lambda: write_candidates(Path(folder, "candidates"), search, laws))
    candidates = timed(lambda: distinct_candidates(laws))
    fits = timed(lambda: fit_candidates(candidates, samples))
    judgement = SimpleNamespace(verdicts={{}}, gates={{}})
    result = SimpleNamespace(candidates=candidates, fits=fits, judgement=judgement)
    timed(lambda: write_fits(Path(folder, "fits"), search, result))
inside = sum(one.nonlinear > 0 for one in candidates)
formulas = sum(count_formulas(grammar, data.dimensions, {depth}))
print(json.dumps([len(data.columns), formulas, len(candidates), inside, seconds]))
"""

_CASES = (
    ("ideal_pendulum", (6, 7)),
    ("kepler_2d", (6, 7)),
    ("toda_3", (6, 7)),
    ("three_body_planar", (6,)),
)


def measure(quick: bool) -> Section:
    """Processor seconds by step, one worker: what else a machine does changes them little."""
    rows = []
    for name, depths in _CASES[:2] if quick else _CASES:
        for depth in (5,) if quick else depths:
            _, peak, (columns, formulas, distinct, inside, seconds) = run_code(
                _CODE.format(name=name, depth=depth)
            )
            row = [name, f"{columns}", f"{depth}", f"{formulas:,}", f"{distinct:,}", f"{inside:,}"]
            row += [f"{own:.2f}" for own in (*seconds, sum(seconds))]
            rows.append([*row, f"{peak:.0f}"])
            print(" | ".join(rows[-1]), flush=True)
    header = [
        "data set",
        "columns",
        "depth",
        "valid formulas",
        "distinct",
        "with constants inside",
        "enumerate, s",
        "write them, s",
        "split into terms, s",
        "fit, s",
        "write fits, s",
        "all, s",
        "peak, MiB",
    ]
    text = (
        "Seconds of the processor, one worker, whole trajectories, of the search for formulas; the "
        "verdict is left out. Workers divide the fit alone. Formulas with constants inside are few "
        "and take most of the fit. The default budget of 20 s searches up to 300,000 valid "
        "formulas, so that six columns are searched to 6 nodes; `fit` says what it left out.\n\n"
    )
    return Section("Columns", text + table(header, rows))
