"""What a notebook shows: laws as formulas, with constants, errors, units, verdicts and notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from noether_sym.errors import NoetherSymError
from noether_sym.export import accepted_laws, law_from_entry
from noether_sym.export.mathml import law_mathml
from noether_sym.laws.law import Law, Parameter
from noether_sym.report import words
from noether_sym.store.schema import DatasetEntry, LawsDocument

_TITLES = ("law", "verdict", "constants", "unit", "ratio")


def discovery(document: LawsDocument, summary: str, dataset: DatasetEntry) -> str:
    """A discovery as HTML: in words, its laws in a table, the notes on the data."""
    laws = accepted_laws(document, heads_only=True)
    notes = Markup("").join(map(Markup("<li>{}</li>").format, dataset.notes))
    parts = [Markup("<p>{}</p>").format(summary)]
    parts += [_table(laws, dataset.time_unit)] if laws else []
    if document.constraints:
        same = [law_from_entry(entry) for entry in document.constraints]
        parts.append(Markup("<p>The same on all trajectories, untested as laws:</p>"))
        parts.append(_table(same, dataset.time_unit))
    if notes:
        parts.append(Markup("<details><summary>Notes on the data</summary><ul>{}</ul></details>"))
        parts[-1] = parts[-1].format(notes)
    return Markup("<div>{}</div>").format(Markup("").join(parts))


def law(own: Law) -> str:
    """A law as HTML, in a table of one row."""
    return Markup("<div>{}</div>").format(_table([own], "units of time"))


def _table(laws: Sequence[Law], time_unit: str) -> Markup:
    titles = Markup("").join(map(Markup("<th>{}</th>").format, _TITLES))
    rows = Markup("").join(_row(own, time_unit) for own in laws)
    return Markup("<table><tr>{}</tr>{}</table>").format(titles, rows)


def _row(own: Law, time_unit: str) -> Markup:
    cells = (
        _lines([_formula(own), *([] if own.expanded is None else [_formula(own.expanded)])]),
        _lines(words.evidence(own, time_unit) or [own.verdict]),
        _lines(map(_constant, own.parameters)),
        words.unit(str(own.dimension)) or "1",
        words.number(own.conservation_ratio, 2),
    )
    return Markup("<tr>{}</tr>").format(Markup("").join(map(Markup("<td>{}</td>").format, cells)))


def _formula(own: Law) -> Markup:
    """The formula; as plain text where it cannot be set."""
    try:
        return Markup(law_mathml(own))
    except NoetherSymError:
        return Markup("<code>{}</code>").format(own.text())


def _constant(own: Parameter) -> str:
    unit = words.unit(str(own.dimension))
    shown = f"{own.name} = {words.with_error(own.value, own.stderr)} {unit}".rstrip()
    if own.interval is None:
        return shown
    low, high = (words.number(end, 4) for end in own.interval)
    return shown if low == high else f"{shown} (95 %: {low} to {high})"


def _lines(texts: Iterable[str]) -> Markup:
    return Markup("<br>").join(texts)
