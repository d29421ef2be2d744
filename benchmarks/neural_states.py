"""Embeddings of states: algorithm 1 beside its controls, and the completeness check.

Two sections of `benchmarks.neural`; every answer is kept in OUTPUT/neural/ under what decides it.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.kept import (
    DATA,
    SEARCH,
    digest,
    held,
    keep,
    latest,
    of_earlier_sources,
    path_of,
)

SEEDS = 5
"""Repetitions of the predictions."""

PREDICTED = ("ideal_spring", "ideal_pendulum", "real_pendulum")
"""The state data of the paper. The last is one recording, which must be there (`NOETHER_SYM_DATA`):
a roll-out is tested over the end of it, held out."""
COUNTED = (
    *("kepler_2d", "henon_heiles", "isotropic_oscillator_2d", "three_body_planar"),
    *("lorenz", "van_der_pol", "damped_oscillator"),
    *("ideal_pendulum", "lotka_volterra", "duffing", "rigid_body", "charge_in_B", "sir"),
    *("spherical_pendulum", "double_pendulum", "toda_3", "two_body", "point_vortices"),
)
"""The systems that were asked for first; none has settings of its own."""
_FIRST = 7
"""How many of `COUNTED` were asked for first."""

_LEFT = {True: "nothing", False: "something", None: "undecided"}
_OWN = ("neural_states.py",)
_NEURAL = ("neural",)


TITLES = {
    "predict": "Algorithm 1 on states, beside its controls",
    "count": "Completeness: conserved directions that laws explain",
}


def section(
    kind: str, output: Path, part: tuple[int, int] | None, *, fresh: bool, quick: bool
) -> dict[str, str | None]:
    """A part of the page by its title, after computing what `part` asks for.

    Parameters
    ----------
    kind : str
        ``predict`` or ``count``.
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
    names = list(_names(kind, quick=quick))
    files = {name: _path(cache, name, quick=quick) for name in names}
    if part is not None:
        first, step = part
        for name in names[first - 1 :: step]:
            if fresh or held(files[name]) is None:
                print(f"{name} ...", file=sys.stderr, flush=True)
                keep(files[name], _answer(name, quick=quick))
    entries = {name: latest(file) for name, file in files.items()}
    found = {name: own for name, (own, _) in entries.items() if own is not None}
    current = {name for name, (_, now) in entries.items() if now}
    return {TITLES[kind]: page(kind, found, len(names), current)}


def page(
    kind: str, found: Mapping[str, dict[str, Any]], cases: int, current: Collection[str]
) -> str | None:
    """The text for answers by name, of so many cases; some have the sources of now."""
    if not found:
        return None
    made = _counts(found) if kind == "count" else _predictions(found)
    told = f"{len(found)} of {cases} cases are run."
    older = of_earlier_sources(len({*found} - {*current}), len(found))
    return "\n\n".join([*made, f"{told} {older}".strip()])


def _names(kind: str, *, quick: bool) -> list[str]:
    """By seeds, so that what is there early says something of every system."""
    if kind == "count":
        return [f"count {name}" for name in COUNTED[: 1 if quick else None]]
    seeds, systems = range(1 if quick else SEEDS), PREDICTED[: 1 if quick else None]
    return [f"predict {name} {seed}" for seed in seeds for name in systems]


def _path(cache: Path, name: str, *, quick: bool) -> Path:
    sources = digest((*DATA, *SEARCH, *_NEURAL), _OWN)
    return path_of(cache, f"states {name}", sources, quick=quick)


def _answer(name: str, *, quick: bool) -> dict[str, Any]:
    from noether_sym.errors import DatasetError

    kind, system, *seed = name.split()
    if kind == "count":
        return _counted(system)
    try:
        return _predicted(system, int(seed[0]), quick=quick)
    except DatasetError as error:  # its recording is not there
        print(f"  {error}", file=sys.stderr)
        return {"status": "missing"}


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
        "over_chance": own.next_over_chance,
        "complete": own.complete,
        "seconds": seconds,
    }


def _predictions(found: Mapping[str, dict[str, Any]]) -> list[str]:
    from noether_sym.neural.states_predict import ARMS, LEARNED, PLAIN

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
    told = (
        f"Algorithm 1 with its learned g is, on {'; on '.join(paired)}. Root mean squared errors "
        "of roll-outs over whole held-out trajectories, in standard deviations of the columns; "
        "training sees windows of 7 samples of them. All arms go on from the same predictor with "
        "the same windows, and the inner rate is chosen on these. 'Over plain training' is the "
        "mean of the ratio to plain training on the same seed, with its 95 % interval by "
        "Student's t on logarithms; above 1 is worse."
    )
    if left := [system for system in PREDICTED if system not in {row[0] for row in rows}]:
        told += f" Not run yet: {', '.join(left)}."
    head = ["system", "training", "RMSE, mean ± s.d.", "over plain training", "ran away"]
    return [told, _table(head, rows)]


def _log_ratios(answers: Sequence[dict[str, Any]], arm: str, other: str) -> list[float]:
    pairs = [(own["errors"][arm], own["errors"][other]) for own in answers]
    return [math.log(one / two) for one, two in pairs if one is not None and two is not None]


def _counts(found: Mapping[str, dict[str, Any]]) -> list[str]:
    answers = {name.split()[1]: own for name, own in found.items()}
    known = sum(own["known"] for own in answers.values())
    missed = sum(max(0, own["known"] - own["directions"]) for own in answers.values())
    beyond = sum(max(0, own["directions"] - own["known"]) for own in answers.values())
    wrong = sum(
        own.get("complete") is True and own["laws"] < own["known"] for own in answers.values()
    )
    told = (
        f"Of {known} known laws of {len(answers)} systems the embedding misses {missed}; it counts "
        f"{beyond} too many. Laws are those of `--search sums`. No system has settings of its "
        f"own; the first {_FIRST} are those that "
        "were asked for, the others are the rest of the built-in ones with the most laws. 'Next' "
        "is the share within trajectories, held out, of the first output that does not count, "
        "'over chance' how many times better than by chance it is conserved, by the worst of its "
        "scores. 'Left' is what `embed` says: nothing, something or undecided. Systems of which it "
        f"says 'nothing' while a known law was not found: {wrong}."
    )
    head = ["system", "known", "counted", "of at most", "by laws found", "explained"]
    head += ["largest share", "next", "by chance", "over chance", "left", "CPU s"]
    rows = [
        [
            name,
            *(str(own[key]) for key in ("known", "directions", "most", "laws", "explained")),
            *(_number(own.get(key)) for key in ("share", "next", "chance", "over_chance")),
            _LEFT[own["complete"]] if "complete" in own else "-",
            f"{own['seconds']:.0f}",
        ]
        for name, own in answers.items()
    ]
    return [told, _table(head, rows)]


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
