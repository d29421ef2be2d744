"""What the report says: a run's documents turned into the words and rows of the page."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from noether_sym._version import __version__
from noether_sym.errors import NoetherSymError
from noether_sym.export import law_from_entry
from noether_sym.export.mathml import law_mathml, rate_mathml
from noether_sym.export.symmetry import rounded_flow
from noether_sym.laws.symmetry import NONE
from noether_sym.report import words
from noether_sym.report.command import command_line
from noether_sym.report.predictions import Predictions, predictions
from noether_sym.store.schema import LawEntry, LawsDocument, RunDocument, to_json
from noether_sym.tailor.document import TailoringDocument

_CLOSEST = 5
_HEADLINES = 4
_CAPTIONS = {
    "conservation": "The value of the law along each trajectory, beside the same formula on "
    "data whose columns are shuffled. A conserved quantity is flat on the left only.",
    "phase_portrait": "Trajectories in the plane of states. Along a conserved quantity they "
    "follow its level lines, or keep one colour.",
    "rollout_errors": "Root mean squared error of predictions from the held-out starts, over "
    "starts and columns. Lower is better.",
    "energies": "The {energy} of the predicted states along the first held-out trajectory. "
    "Lines that run away leave the frame.",
}

Rows = tuple[tuple[str, str], ...]
"""Label and text."""


@dataclass(frozen=True, slots=True)
class ConstantRow:
    """A fitted constant."""

    name: str
    value: str
    unit: str


@dataclass(frozen=True, slots=True)
class LawRow:
    """A law, or a candidate that is none."""

    rank: str
    family: str
    formula: Markup
    named: Markup
    unit: str
    constants: tuple[ConstantRow, ...]
    ratio: str
    random: str
    held_out: str
    alignment: str
    selected: bool
    reason: str


@dataclass(frozen=True, slots=True)
class SymmetryRow:
    """What a law generates by Noether's theorem."""

    formula: Markup
    name: str
    about: str
    flow: tuple[Markup, ...]


@dataclass(frozen=True, slots=True)
class Symmetries:
    """Symmetries of the laws, why others have none, and what was assumed."""

    rows: tuple[SymmetryRow, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PictureRow:
    """A figure, as a source that needs no file."""

    caption: str
    source: str


@dataclass(frozen=True)
class Page:
    """Variables of the template."""

    dataset: str
    found: bool
    verdict: str
    headlines: tuple[tuple[Markup, str], ...]
    selected: str
    laws: tuple[LawRow, ...]
    closest: tuple[LawRow, ...]
    symmetries: Symmetries | None
    window: int | None
    counts: Rows
    data: Rows
    tailoring: Predictions | None
    figures: tuple[PictureRow, ...]
    command: str
    facts: Rows
    version: str
    source: str


def page_view(
    run: RunDocument,
    laws: LawsDocument,
    tailoring: TailoringDocument | None,
    figures: Mapping[str, str],
) -> Page:
    """Variables of the template; arguments as in `noether_sym.report.page.write_report`."""
    shown = laws.shown
    heads = laws.heads[:_HEADLINES] or ((shown,) if shown else ())
    return Page(
        dataset=laws.dataset,
        found=bool(laws.laws),
        verdict=words.found(laws, run.search.depth, run.search.factor),
        headlines=tuple((_mathml(entry), words.unit(entry.unit)) for entry in heads),
        selected=words.formula(shown.expression) if shown and shown.selected else "",
        laws=tuple(map(_law_row, laws.laws)),
        closest=tuple(
            _law_row(entry, entry.reason) for entry in laws.candidates_not_accepted[:_CLOSEST]
        ),
        symmetries=_symmetries(laws.heads),
        window=laws.window,
        counts=_counts(laws),
        data=_data(run),
        tailoring=predictions(tailoring) if tailoring else None,
        figures=_pictures(figures, tailoring),
        command=command_line(run, tailoring),
        facts=_facts(run),
        version=run.versions.get("noether-sym", __version__),
        source=run.dataset.source,
    )


def _law_row(entry: LawEntry, reason: str = "") -> LawRow:
    return LawRow(
        rank=str(entry.rank or "–"),
        family=str(entry.family or "–"),
        formula=_mathml(entry),
        named=_mathml(entry, by_name=True),
        unit=words.unit(entry.unit),
        constants=tuple(
            ConstantRow(own.name, words.with_error(own.value, own.stderr), words.unit(own.unit))
            for own in entry.parameters
        ),
        ratio=words.number(entry.conservation_ratio, 2),
        random=words.number(entry.random_ratio, 2),
        held_out=words.number(entry.heldout_ratio, 2),
        alignment=words.number(entry.alignment, 2),
        selected=entry.selected,
        reason=reason,
    )


def _mathml(entry: LawEntry, *, by_name: bool = False) -> Markup:
    """The formula of an entry; as plain text where its tree cannot be read."""
    try:
        return Markup(law_mathml(law_from_entry(entry), by_name=by_name))
    except NoetherSymError:
        return Markup("" if by_name else f"<code>{escape(entry.expression)}</code>")


def _symmetries(heads: Sequence[LawEntry]) -> Symmetries | None:
    """What each law generates by Noether's theorem; None for runs that did not look."""
    held = [(entry, entry.symmetry) for entry in heads if entry.symmetry is not None]
    if not held:
        return None
    rows = [(entry, own) for entry, own in held if own.name != NONE]
    missing = dict.fromkeys(own.about for _, own in held if own.name == NONE)
    notes = dict.fromkeys(own.note for _, own in rows)
    return Symmetries(
        tuple(
            SymmetryRow(_mathml(entry), own.name, own.about, _flow(entry)) for entry, own in rows
        ),
        tuple(filter(None, missing)),
        tuple(filter(None, notes)),
    )


def _flow(entry: LawEntry) -> tuple[Markup, ...]:
    try:
        law = law_from_entry(entry)
        rates = [rate_mathml(law, column, rate) for column, rate in rounded_flow(law)]
    except NoetherSymError:
        return ()
    return tuple(map(Markup, rates))


def _counts(laws: LawsDocument) -> Rows:
    counts = laws.counts
    return (
        (f"{counts.candidates:,}", "formulas that units allow"),
        (f"{counts.distinct:,}", "distinct"),
        (f"{counts.fitted:,}", "fitted"),
        (f"{counts.accepted:,}", "accepted"),
    )


def _data(run: RunDocument) -> Rows:
    """What the data are."""
    own = run.dataset
    columns = [f"{one.name} [{words.unit(one.unit) or 'dimensionless'}]" for one in own.columns]
    return (
        ("columns", ", ".join(columns)),
        *(
            (label, f"{sizes.train} to fit, {sizes.test} held out")
            for label, sizes in (("trajectories", own.trajectories), ("samples", own.samples))
        ),
        ("derivatives", own.derivative),
        *(("note", note) for note in own.notes),
    )


def _facts(run: RunDocument) -> Rows:
    """Options, versions, seed, hash and times."""
    own = run.stages
    stages = (("enumerate", own.enumerate), ("fit", own.fit), ("tailor", own.tailor))
    options = {**to_json(run.data), **to_json(run.search)}
    options["acceptance"] = options.pop("factor")
    return (
        *((key, str(value)) for key, value in options.items() if value),
        ("data SHA-256", run.identity.dataset_sha256),
        *((("device", run.device),) if run.device else ()),
        *((f"time to {name}", words.seconds(own.seconds)) for name, own in stages if own),
        ("versions", ", ".join(f"{name} {own}" for name, own in run.versions.items())),
    )


def _pictures(
    figures: Mapping[str, str], tailoring: TailoringDocument | None
) -> tuple[PictureRow, ...]:
    energy = words.energy(tailoring) if tailoring else ""
    return tuple(
        PictureRow(
            caption.format(energy=energy),
            "data:image/svg+xml;base64," + base64.b64encode(figures[name].encode()).decode(),
        )
        for name, caption in _CAPTIONS.items()
        if name in figures
    )
