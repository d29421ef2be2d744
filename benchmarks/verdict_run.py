"""Searches of the benchmark of verdicts, in a process of their own.

    python -m benchmarks.verdict_run JOB ...

A line of JSON a job (a name as of `benchmarks.trials.Job`). Seconds are those of a processor in
the call, on one thread, so that two calls beside each other do not slow each other down on paper;
data and judging are left out.
"""

from __future__ import annotations

import inspect
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from benchmarks.cases import MissingError
from benchmarks.null_space import polynomial_null_space
from benchmarks.scoring import Quantity, Truth, score
from benchmarks.shares import FALSE, SINE, constants, half_life, reached, same, share
from benchmarks.trials import Job, Trial, trial
from noether_sym.datasets.dataset import stack
from noether_sym.laws.law import LAW, UNDECIDED, Law

_SHOWN = 8
"""Constraints, and undecided formulas, of an answer that are kept."""


def answer(job: Job) -> dict[str, Any]:
    """What the default call says of a job's data, judged."""
    import noether_sym

    try:
        own = trial(job)
    except MissingError as error:
        return {"status": "missing", "reason": str(error)}
    options = {**own.options, "jobs": 1}
    if job.decoys and "decoys" in inspect.signature(noether_sym.discover).parameters:
        options["decoys"] = job.decoys
    begin = time.process_time()
    try:
        found = noether_sym.discover(own.data, **options)
    except Exception as error:  # a search that fails is a result of the benchmark
        reason = f"{type(error).__name__}: {error}"[:400]
        return {"status": "failed", "reason": reason, "known": reached([], own.case.truth)[0]}
    seconds = time.process_time() - begin
    return {"status": "done", "seconds": seconds, **judged(found, own, job)}


def judged(found: Any, own: Trial, job: Job) -> dict[str, Any]:
    """What was found, beside what is known."""
    from noether_sym.export.json import law_from_entry
    from noether_sym.store.schema import LawsDocument

    truth = own.case.truth
    closest = found.run.read(LawsDocument).candidates_not_accepted
    undecided = [law_from_entry(entry) for entry in closest if entry.verdict == UNDECIDED]
    laws = found.accepted
    rows = _rows(laws, own, job)
    true = [law for law, row in zip(laws, rows, strict=True) if row["true"]]
    sure = [law for law in true if law.verdict == LAW]
    open_laws = [law for law in undecided if _true([law], truth)[0][0]]
    known, got, missing = reached(sure, truth)
    return {
        "known": known,
        "found": got,
        "found_approximate": reached(true, truth)[1] - got,
        "found_undecided": reached([*true, *open_laws], truth)[1] - reached(true, truth)[1],
        "missing": missing,
        "laws": rows,
        "constraints": _constraints(found.constraints, own),
        "undecided": [law.text() for law in undecided[:_SHOWN]],
        "constants": _constants(sure, truth),
        "polynomial": _polynomial(found, own, job.level),
        "decoys": _decoys(found, job),
    }


def _rows(laws: Sequence[Any], own: Trial, job: Job) -> list[dict[str, Any]]:
    """Every listed law, with its verdict and whether it is right."""
    data = own.case.dataset
    times = data.train[0].times
    parts = [one.states for one in (*data.train, *data.test)]
    rows = []
    for law, (is_true, size) in zip(laws, _true(laws, own.case.truth), strict=True):
        evidence = law.evidence
        row = {
            "law": law.text(),
            "verdict": law.verdict,
            "true": is_true,
            "share": size,
            "loss": _finite(share(law, parts)),
            "same": same(law, own.case.truth.fresh),
        }
        if evidence is not None:
            row |= {
                key: _finite(getattr(evidence, key))
                for key in ("within", "q_value", "half_life", "half_life_error")
            }
            if evidence.half_life is not None and job.section == "drift":
                row["true_half_life"] = half_life(law, times, parts, own.rest)
        rows.append(row)
    return rows


def _true(laws: Sequence[Quantity], truth: Truth) -> list[tuple[bool, float | None]]:
    """Whether each holds on fresh noiseless trajectories, and how much it changes there.

    Without fresh trajectories it must lie in the span of what is known, or be constant within
    windows.
    """
    if truth.complete or truth.window is not None:
        return [(true, None) for true in score(laws, replace(truth, sine=SINE)).true]
    shares = [share(law, truth.fresh) for law in laws]
    return [(own <= FALSE, _finite(own)) for own in shares]


def _constraints(found: Sequence[Any], own: Trial) -> list[dict[str, Any]]:
    fresh = own.case.truth.fresh
    return [{"law": law.text(), "same": same(law, fresh)} for law in found[:_SHOWN]]


def _constants(laws: Sequence[Any], truth: Truth) -> list[dict[str, Any]]:
    """Constants of the laws whose known form has the same terms."""
    rows = []
    forms = [known for known in truth.known if isinstance(known, Law)]
    for law in laws:
        compared = (constants(law, known) for known in forms)
        first = next((own for own in compared if own is not None), [])
        rows += [asdict(own) for own in first]
    return rows


def _polynomial(found: Any, own: Trial, level: float) -> dict[str, Any] | None:
    """The polynomial null space of the same data; None where it cannot be had.

    Without noise it is given the best derivatives there are; with noise those that the search
    estimates, by differences where there are no times, and the true size of the noise.
    """
    epsilon = max(level, float(np.finfo(np.float64).eps))
    states, slopes = stack(found.dataset.train) if level else own.case.arrays()
    if level and not found.dataset.has_derivatives:
        each = (np.gradient(one.states, axis=0) for one in found.dataset.train)
        slopes = np.concatenate(list(each))
    try:
        vectors = polynomial_null_space(states, slopes, epsilon)
    except (ValueError, np.linalg.LinAlgError):
        return None
    kept = _true(vectors, own.case.truth)
    true = [one for one, (is_true, _) in zip(vectors, kept, strict=True) if is_true]
    got = reached(true, own.case.truth)[1]
    return {"listed": len(vectors), "found": got, "false": len(vectors) - len(true)}


def _decoys(found: Any, job: Job) -> dict[str, Any] | None:
    """What the search found on decoys, where it was asked for them and knows them."""
    document = json.loads((found.run.path / "laws.json").read_text(encoding="utf-8"))
    said = document.get("decoys")
    return {"asked": job.decoys, "said": said} if job.decoys and said is not None else None


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def main(arguments: Sequence[str]) -> None:
    """Print the answers."""
    for name in arguments:
        print(json.dumps(answer(Job.read(name)), allow_nan=False), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
