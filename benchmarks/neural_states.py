"""Embeddings of states: algorithm 1 beside its controls, and the completeness check.

A section of `benchmarks.neural`; every answer is kept in OUTPUT/neural/ under what decides it.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.kept import DATA, SEARCH, digest, held, keep, path_of

SEEDS = 5
PREDICTED = ("ideal_spring", "ideal_pendulum")
COUNTED = (
    *("kepler_2d", "henon_heiles", "isotropic_oscillator_2d", "three_body_planar"),
    *("lorenz", "van_der_pol", "damped_oscillator"),
    *("ideal_pendulum", "lotka_volterra", "duffing", "rigid_body", "charge_in_B", "sir"),
    *("spherical_pendulum", "double_pendulum", "toda_3", "two_body", "point_vortices"),
)
"""The systems that were asked for first; none has settings of its own."""
_FIRST = 7
_OWN = ("neural_states.py",)
_NEURAL = ("neural",)


def section(output: Path, part: tuple[int, int] | None, *, fresh: bool, quick: bool) -> str:
    """The part of the page, after computing what `part` asks for.

    Parameters
    ----------
    output : Path
        Folder of results.
    part : pair of int, or None
        k and n: every n-th case from k on; None computes nothing.
    fresh : bool
        Compute again.
    quick : bool
        The first case of each table alone, hardly trained.
    """
    cache = output / "neural"
    cache.mkdir(parents=True, exist_ok=True)
    names = list(_names(quick=quick))
    files = {name: _path(cache, name, quick=quick) for name in names}
    entries = {name: held(file) for name, file in files.items()}
    if part is not None:
        first, step = part
        for name in names[first - 1 :: step]:
            if fresh or entries[name] is None:
                print(f"{name} ...", file=sys.stderr, flush=True)
                entries[name] = _answer(name, quick=quick)
                keep(files[name], entries[name])
    found = {name: own for name, own in entries.items() if own is not None}
    return "\n\n".join(page(found, len(names)))


def page(found: Mapping[str, dict[str, Any]], cases: int) -> list[str]:
    """The paragraphs and tables for answers by name, of so many cases."""
    return [*_predictions(found), *_counts(found, cases)]


def _names(*, quick: bool) -> Iterator[str]:
    yield from (f"count {name}" for name in COUNTED[: 1 if quick else None])
    for seed in range(1 if quick else SEEDS):
        yield from (f"predict {name} {seed}" for name in PREDICTED[: 1 if quick else None])


def _path(cache: Path, name: str, *, quick: bool) -> Path:
    sources = digest((*DATA, *SEARCH, *_NEURAL), _OWN)
    return path_of(cache, f"states {name}", f"{sources} {quick}")


def _answer(name: str, *, quick: bool) -> dict[str, Any]:
    kind, system, *seed = name.split()
    if kind == "count":
        return _counted(system)
    return _predicted(system, int(seed[0]), quick=quick)


def _predicted(system: str, seed: int, *, quick: bool) -> dict[str, Any]:
    """Errors of every arm, from the same pretrained predictor."""
    from dataclasses import replace

    from noether_sym.datasets import load
    from noether_sym.neural.states_predict import Prediction, predict_states

    options = Prediction(first=40, rates=(1e-3,)) if quick else Prediction()
    updates = options.meta.updates // 10 if quick else options.meta.updates
    options = replace(options, meta=replace(options.meta, seed=1000 * seed, updates=updates))
    begin = time.process_time()
    found = predict_states(load(system), options)
    errors = {arm: own if math.isfinite(own) else None for arm, own in found.errors.items()}
    seconds = time.process_time() - begin
    return {
        "errors": errors,
        "rates": found.rates,
        "diverged": list(found.diverged),
        "seconds": seconds,
    }


def _counted(system: str) -> dict[str, Any]:
    """Directions that the embedding holds, and how many the laws of the default search explain."""
    import noether_sym
    from noether_sym.datasets.systems.records import SYSTEMS
    from noether_sym.neural.embed_compare import embedding_document
    from noether_sym.neural.states import embed_states

    laws = noether_sym.discover(system, search="sums", jobs=1)
    begin = time.process_time()
    found = embed_states(laws.dataset)
    seconds = time.process_time() - begin
    own = embedding_document(found, laws.dataset, laws.accepted, outputs=None, seed=0)
    last = own.tried[-1] if own.tried and not own.tried[-1].conserved else None
    counted = [row for row in own.tried if row.conserved]
    return {
        "known": SYSTEMS[system].known_laws,
        "laws": laws.independent,
        "directions": own.directions,
        "explained": own.explained,
        "most": own.most,
        "share": max((row.heldout_share for row in counted), default=None),
        "next": None if last is None else last.heldout_share,
        "chance": own.chance_share,
        "seconds": seconds,
    }


def _predictions(found: Mapping[str, dict[str, Any]]) -> list[str]:
    from noether_sym.neural.states_predict import ARMS, LEARNED, PLAIN

    lines = ["## Algorithm 1 on states, beside its controls"]
    rows, paired = [], []
    for system in PREDICTED:
        answers = [own for name, own in found.items() if name.startswith(f"predict {system} ")]
        if not answers:
            continue
        for arm in ARMS:
            errors = [own["errors"][arm] for own in answers if own["errors"][arm] is not None]
            lost = len(answers) - len(errors)
            over = _log_ratios(answers, arm, PLAIN)
            cells = [system, arm, _mean(errors), _paired(over), f"{lost} of {len(answers)}"]
            rows.append(cells)
        learned = _log_ratios(answers, LEARNED, PLAIN)
        wins = sum(one < 0 for one in learned)
        paired.append(f"{system}: better than plain training in {wins} of {len(answers)} seeds")
    if not rows:
        return [*lines, "Not run yet."]
    lines.append(
        f"Algorithm 1 with its learned g is, on {'; on '.join(paired)}. Root mean squared errors "
        "of roll-outs over whole held-out trajectories, in standard deviations of the columns; "
        "training sees windows of 7 samples of them. All arms go on from the same predictor with "
        "the same windows, and the inner rate is chosen on these. 'Over plain training' is the "
        "mean of the ratio to plain training on the same seed, with its 95 % interval by "
        "Student's t on logarithms; above 1 is worse."
    )
    head = ["system", "training", "RMSE, mean ± s.d.", "over plain training", "ran away"]
    return [*lines, _table(head, rows)]


def _log_ratios(answers: Sequence[dict[str, Any]], arm: str, other: str) -> list[float]:
    pairs = [(own["errors"][arm], own["errors"][other]) for own in answers]
    return [math.log(one / two) for one, two in pairs if one is not None and two is not None]


def _counts(found: Mapping[str, dict[str, Any]], cases: int) -> list[str]:
    lines = ["## Completeness: conserved directions that laws explain"]
    answers = {name.split()[1]: own for name, own in found.items() if name.startswith("count ")}
    if not answers:
        return [*lines, "Not run yet."]
    known = sum(own["known"] for own in answers.values())
    missed = sum(max(0, own["known"] - own["directions"]) for own in answers.values())
    beyond = sum(max(0, own["directions"] - own["known"]) for own in answers.values())
    lines.append(
        f"Of {known} known laws of {len(answers)} systems the embedding misses {missed}; it counts "
        f"{beyond} too many. Laws are those of `--search sums`. No system has settings of its "
        f"own; the first {_FIRST} are those that "
        "were asked for, the others are the rest of the built-in ones with the most laws. 'Next' "
        "is the share within trajectories, held out, of the first output that does not count. "
        f"{len(found)} of {cases} cases of this page are run."
    )
    head = ["system", "known", "counted", "of at most", "by laws found", "explained"]
    head += ["largest share", "next", "by chance", "CPU s"]
    rows = [
        [
            name,
            *(str(own[key]) for key in ("known", "directions", "most", "laws", "explained")),
            *(_number(own[key]) for key in ("share", "next", "chance")),
            f"{own['seconds']:.0f}",
        ]
        for name, own in answers.items()
    ]
    return [*lines, _table(head, rows)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    written = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in written)


def _mean(values: Sequence[float]) -> str:
    if not values:
        return "-"
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"


def _paired(logs: Sequence[float]) -> str:
    from scipy.stats import t

    if not logs:
        return "-"
    middle = float(np.mean(logs))
    if len(logs) < 2 or max(logs) == min(logs):
        return f"{math.exp(middle):.3f}"
    half = float(t.ppf(0.975, len(logs) - 1) * np.std(logs, ddof=1) / math.sqrt(len(logs)))
    low, high = math.exp(middle - half), math.exp(middle + half)
    return f"{math.exp(middle):.3f} ({low:.3f} to {high:.3f})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"
