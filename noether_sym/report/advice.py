"""What to say where no law was found: what was searched, how close it came, what may help."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from noether_sym.datasets import velocities
from noether_sym.datasets.dataset import Dataset
from noether_sym.dsl.grammar import DEFAULT_DEPTH
from noether_sym.report import words
from noether_sym.report.command import command_line
from noether_sym.store.schema import LawsDocument, RunDocument

_MANY = 1e6
"""Times better than on random data, from which on they are written with an exponent."""

_LONGER = 300.0
"""Seconds of budget that are proposed where a search had fewer."""

_MOST_DEPTH = 12
"""Nodes up to which larger formulas are proposed."""

_PER_NODE = 7.0
"""Times as many formulas, and as long a search, with each further node (docs/scale.md)."""

_WITH_TIME = 2.0
"""Times as long that a search is said to take with the time in formulas."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A command that may find a law, why, and about how many seconds it takes."""

    why: str
    command: str
    seconds: float

    def text(self) -> str:
        """In one line, the command left out."""
        return f"{self.why}, about {_roughly(self.seconds)}"


def searched(run: RunDocument, laws: LawsDocument) -> str:
    """What was searched, up to which size, and in which time."""
    stages, counts = run.stages, laws.counts
    parts = []
    if stages.sums is not None:
        parts.append(
            f"sums of terms, {stages.sums.terms:,} terms that the units allow (at most "
            f"{run.search.terms:,})"
        )
    if stages.enumerate is not None:
        size = len(stages.enumerate.classes_by_size)
        parts.append(
            f"all formulas of up to {size} nodes, {counts.candidates:,} of them, "
            f"{counts.distinct:,} distinct"
        )
    what = "; ".join(parts) or "nothing"
    return f"Searched in {words.seconds(search_seconds(run))}: {what}."


def closest(run: RunDocument, laws: LawsDocument, *, plain: bool = False) -> str:
    """How close the search came to a law."""
    if not laws.candidates_not_accepted:
        return "Nothing came close enough to be listed as a candidate."
    entry = laws.candidates_not_accepted[0]
    shown = entry.expression if plain else words.formula(entry.expression)
    near = ""
    if better := words.times_better(entry):
        whole = 99.5 <= better < _MANY
        times = f"{better:,.0f} times" if whole else f"{words.number(better, 2, plain=plain)} times"
        near = f" is conserved {times} better than on random data"
        if better < run.search.factor:
            near += f", where a law needs {run.search.factor:g} times"
    reason = f": {entry.reason}" if entry.reason else ""
    return f"Closest: {shown}{near}{reason}."


def suggestions(run: RunDocument) -> list[Suggestion]:
    """At most two commands that are likely to help, each with a time that this run suggests."""
    found: list[Suggestion] = []
    search, took = run.search, max(search_seconds(run), 0.1)
    if search.method != "both":
        other = "formulas" if search.method == "sums" else "sums of terms"
        wider = _searching(run, method="both", given=False)
        found.append(
            Suggestion(f"Search {other} too", _command(wider), max(search.budget, 2 * took))
        )
    elif search.given or not _leaves_out(run):
        if search.depth < _MOST_DEPTH:
            deeper = _searching(run, depth=search.depth + 1, given=True)
            why = f"Search formulas of up to {search.depth + 1} nodes"
            found.append(Suggestion(why, _command(deeper), _PER_NODE * took))
    elif search.budget < _LONGER:
        longer = _searching(run, budget=_LONGER)
        why = "Search more terms and longer formulas"
        found.append(Suggestion(why, _command(longer), took * _LONGER / search.budget))
    timed = bool(run.dataset.time_unit) and not run.data.with_time and not run.data.rates
    if timed:
        data = msgspec.structs.replace(run.data, with_time=True)
        timed_run = msgspec.structs.replace(run, data=data)
        why = "Let the time enter formulas, for systems that are driven or damped"
        found.append(Suggestion(why, _command(timed_run), _WITH_TIME * took))
    return found[:2]


def _leaves_out(run: RunDocument) -> bool:
    """Whether the budget left out any terms, or formulas of a size that a longer one takes in."""
    sums = run.stages.sums
    return run.search.depth < DEFAULT_DEPTH or (sums is not None and sums.terms >= run.search.terms)


def missing(dataset: Dataset) -> str:
    """Which columns data of positions only lack, as a sentence; empty where none are missed."""
    hint = velocities.advice(dataset)
    return f"{hint[0].upper()}{hint[1:]}." if hint else ""


def more_data(run: RunDocument) -> str:
    """What no command can mend; empty where there are trajectories enough."""
    count = run.dataset.trajectories.train  # of so few the test part is the end of the same
    if count >= 3:
        return ""
    counted = "1 trajectory" if count == 1 else f"{count} trajectories"
    return (
        f"The data hold {counted}; three or more from different starts tell a law from what "
        "merely stays the same."
    )


def search_seconds(run: RunDocument) -> float:
    """Seconds that the search took in this run."""
    own = run.stages
    seconds = [one.seconds for one in (own.sums, own.enumerate, own.fit) if one is not None]
    return math.fsum(seconds)


def _roughly(seconds: float) -> str:
    if seconds >= 90.0:
        return f"{seconds / 60:.0f} min"
    return f"{max(1, round(seconds))} s"


def _searching(run: RunDocument, **changes: object) -> RunDocument:
    return msgspec.structs.replace(run, search=msgspec.structs.replace(run.search, **changes))


def _command(run: RunDocument) -> str:
    return command_line(run, verb="fit", brief=True)
