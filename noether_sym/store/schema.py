"""What the JSON files of a run hold: ``run.json`` and ``laws.json`` as typed values.

``tailoring.json`` is a `noether_sym.tailor.document.TailoringDocument`. A file may be edited
by hand, cut short or come from elsewhere; what `decode` returns is there and of the right type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from noether_sym.errors import RunError
from noether_sym.spelling import spelt
from noether_sym.store.options import DataOptions
from noether_sym.tailor.limits import DEFAULT_BUDGET, Limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = 1
"""Of `run.json`: a run of another one is not read."""

CONTROLS = 100
"""Candidates that were not accepted and are screened beside the laws."""

T = TypeVar("T")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a document. Keys are written in the order of the fields."""


class NamedUnit(Entry, frozen=True):
    """A column as formulas take it."""

    name: str
    unit: str


class ParameterEntry(Entry, frozen=True, omit_defaults=True):
    """A fitted constant; null where it is not finite.

    Attributes
    ----------
    fixed : bool or None
        Whether the value was given. Only where a formula of the user's is checked.
    interval : tuple of float, or None
        In which the constant lies with 95 % confidence.
    degrees : float or None
        Degrees of freedom of the standard error, where the interval follows from it.
    """

    name: str
    value: float | None
    unit: str
    stderr: float | None
    interval: tuple[float, float] | None = None
    fixed: bool | None = None
    degrees: float | None = None


class RateEntry(Entry, frozen=True):
    """Rate of a column by the parameter s of a symmetry's flow."""

    column: str
    rate: str
    latex: str
    sympy: str


class SymmetryEntry(Entry, frozen=True):
    """The symmetry that a law generates, columns by name; see `noether_sym.laws.law`."""

    name: str
    about: str
    note: str
    factor: float | None
    pairs: tuple[tuple[str, str], ...]
    flow: tuple[RateEntry, ...]


class ExpandedEntry(Entry, frozen=True, kw_only=True):
    """A law written out: in the columns that are not derived from others."""

    expression: str
    sympy: str
    latex: str
    parameters: tuple[ParameterEntry, ...]
    inputs: tuple[NamedUnit, ...]
    tree: list[Any]


class EvidenceEntry(Entry, frozen=True, kw_only=True):
    """What the verdict on a law rests on; the fields are those of `laws.law.Evidence`."""

    reason: str
    within: float | None
    white: float
    chance: float
    trajectories: int
    half_life: float | None = None
    half_life_error: float | None = None
    grows: bool = False
    q_value: float | None = None


class LawEntry(Entry, frozen=True, kw_only=True):
    """A law as ``laws.json`` holds it; the fields are those of `noether_sym.laws.law.Law`.

    Attributes
    ----------
    expanded : ExpandedEntry
        Only where the law reads derived columns.
    function_of : tuple of int
        Families of the laws that it is a function of; empty for an independent law.
    verdict : str
        ``law``, ``approximate law``, ``constraint``, ``undecided`` or ``not a law``.
    evidence : EvidenceEntry or None
        On which the verdict rests; None where it was not sent to confirmation.
    also_allowed : tuple of LawEntry
        Formulas that the data do not tell from the law, simplest first.
    gates : dict of str to str
        ``passed``, ``failed`` or ``untested``, by the gate's name; empty where none was asked.
    covariance : tuple of tuple of float
        Of the constants, a row a constant; only where it is known.
    tree : list
        The formula as nested lists. Only they are ever read back; the texts beside them are
        for people.
    """

    rank: int
    family: int
    function_of: tuple[int, ...] = ()
    expression: str
    sympy: str
    latex: str
    unit: str
    parameters: tuple[ParameterEntry, ...]
    size: int
    conservation_ratio: float | None
    random_ratio: float | None
    heldout_ratio: float | None
    alignment: float | None = None
    status: str
    verdict: str
    evidence: EvidenceEntry | None = None
    also_allowed: tuple[LawEntry, ...] = ()
    gates: dict[str, str] = {}
    covariance: tuple[tuple[float, ...], ...] | msgspec.UnsetType = msgspec.UNSET
    selected: bool
    window: int | None = None
    symmetry: SymmetryEntry | None = None
    expanded: ExpandedEntry | msgspec.UnsetType = msgspec.UNSET
    inputs: tuple[NamedUnit, ...]
    tree: list[Any]


class RejectedEntry(LawEntry, frozen=True, kw_only=True):
    """A candidate that is not a law, and why not."""

    reason: str


class Counts(Entry, frozen=True):
    """Formulas enumerated, distinct, fitted and accepted."""

    candidates: int
    distinct: int
    fitted: int
    accepted: int


class DecoysEntry(Entry, frozen=True):
    """What searches of decoys found; the fields are those of `verdict.decoys.Decoys`."""

    count: int
    families: int
    approximate: int
    single: int
    formulas: tuple[str, ...]
    bound: float


class LawsDocument(Entry, frozen=True):
    """Content of ``laws.json``.

    Attributes
    ----------
    laws : tuple of LawEntry
        By rank.
    candidates_not_accepted : tuple of RejectedEntry
        The closest of them, best first.
    most_laws : int or None
        Most independent laws that the data can have.
    constraints : tuple of LawEntry
        What has one value on all trajectories: true of these data, untested as a law.
    window : int or None
        Samples in the windows that the ratios refer to; None for whole sequences.
    decoys : DecoysEntry or None
        What the same search finds where nothing is conserved; None where no decoys were asked
        for.
    notes : tuple of str
        What was done to the data before the search, and what is odd about their noise.
    """

    dataset: str
    inputs: tuple[NamedUnit, ...]
    counts: Counts
    independent_laws: int
    window: int | None
    laws: tuple[LawEntry, ...]
    candidates_not_accepted: tuple[RejectedEntry, ...]
    most_laws: int | None = None
    constraints: tuple[LawEntry, ...] = ()
    decoys: DecoysEntry | None = None
    notes: tuple[str, ...] = ()

    @property
    def heads(self) -> tuple[LawEntry, ...]:
        """The first law of each family, functions of several laws left out.

        A law of no family stands for itself.
        """
        heads: dict[object, LawEntry] = {}
        for place, entry in enumerate(self.laws):
            if entry.function_of:
                continue
            heads.setdefault(entry.family or f"own {place}", entry)
        return tuple(heads.values())

    @property
    def shown(self) -> LawEntry | None:
        """What stands for the run: the selected law, else the best, else the closest."""
        every = self.laws or self.candidates_not_accepted
        selected = [entry for entry in every if entry.selected]
        return next(iter(selected or every), None)

    @property
    def to_tailor(self) -> tuple[LawEntry, ...]:
        """What to tailor with: every law, then the `CONTROLS` closest of the rest."""
        return (*self.laws, *self.candidates_not_accepted[:CONTROLS])

    def with_selected(self, chosen: LawEntry | None) -> LawsDocument:
        """The same with one entry, of these very ones, marked as selected; None marks none."""

        def marked(entry: Any) -> Any:
            return msgspec.structs.replace(entry, selected=entry is chosen)

        return msgspec.structs.replace(
            self,
            laws=tuple(map(marked, self.laws)),
            candidates_not_accepted=tuple(map(marked, self.candidates_not_accepted)),
        )


IN_MEMORY = "given in memory"
"""Source of a table that a program gave, and that is kept in the run's folder."""

ALGORITHM = 20
"""Number of the method by which laws are found and judged; a change of it is another run."""


class Identity(Entry, frozen=True):
    """Everything that decides the laws; the run's name follows from it."""

    dataset_sha256: str
    method: str
    algorithm: int
    grammar: tuple[str, ...]
    depth: int
    terms: int
    factor: float
    fdr: float
    window: str | int
    seed: int
    version: str


class SearchEntry(Entry, frozen=True):
    """What was searched, as the command line names it.

    Attributes
    ----------
    budget : float
        Seconds that the limits of nodes (`depth`) and `terms` were made of.
    given : bool
        Whether the depth was given.
    decoys : int
        Decoys to search as well.
    """

    method: str
    grammar: str
    depth: int
    terms: int
    factor: float
    fdr: float
    window: str | int
    budget: float
    given: bool
    decoys: int = 0


class ColumnEntry(Entry, frozen=True, omit_defaults=True):
    """A column, in its coherent unit and in the one that was given.

    Attributes
    ----------
    range : tuple of float, or None
        Least and largest value of the data, in `unit`; None in runs of earlier versions.
    """

    name: str
    unit: str
    given: str
    range: tuple[float, float] | None = None


class Sizes(Entry, frozen=True):
    """How many to fit and how many held out."""

    train: int
    test: int


class DatasetEntry(Entry, frozen=True):
    """What run.json says of a data set."""

    name: str
    source: str
    columns: tuple[ColumnEntry, ...]
    time_unit: str
    trajectories: Sizes
    samples: Sizes
    derivative: str
    notes: tuple[str, ...]


class Plan(Entry, frozen=True):
    """The tailoring that a run is to have, as the command line names it.

    One without a budget was planned before there was one, and is the whole grid.
    """

    top: int
    seeds: int
    epochs: int
    weight_decay: float
    loss: str
    tailor_budget: float = DEFAULT_BUDGET
    exhaustive: bool = True


class SumsStage(Entry, frozen=True):
    """Facts of the search for sums; `complete` if it found every law that there can be."""

    seconds: float
    terms: int
    complete: bool


class EnumerateStage(Entry, frozen=True):
    """Facts of the enumeration; counts by size from 1 node up to the depth."""

    seconds: float
    raw: int
    distinct: int
    classes_by_size: tuple[int, ...]
    laws_by_size: tuple[int, ...]
    undefined: int


class FitStage(Entry, frozen=True):
    """Facts of the fit."""

    seconds: float
    window: int | None


class TailorStage(Entry, frozen=True):
    """Facts of the tailoring; `limits` is what the budget became, None without one."""

    seconds: float
    limits: Limits | None = None


class Stages(Entry, frozen=True, omit_defaults=True):
    """Facts of the stages that are complete."""

    sums: SumsStage | None = None
    enumerate: EnumerateStage | None = None
    fit: FitStage | None = None
    tailor: TailorStage | None = None


class RunDocument(Entry, frozen=True, kw_only=True, omit_defaults=True):
    """Content of ``run.json``; without `tailoring`, no tailoring was asked for."""

    format: int
    name: str
    identity: Identity
    data: DataOptions
    search: SearchEntry
    dataset: DatasetEntry
    raw_counts: tuple[int, ...]
    tailoring: Plan | None = None
    stages: Stages
    versions: dict[str, str] = {}
    device: str | None = None


def to_json(value: Any) -> Any:
    """A typed value as JSON types."""
    return msgspec.to_builtins(value)


def encode(value: Any) -> str:
    """A typed value as JSON text.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json.dumps(to_json(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def decode(content: bytes, kind: type[T], where: str) -> T:
    """Read JSON text as a typed value.

    Parameters
    ----------
    content : bytes
    kind : type
    where : str
        The file, for messages.

    Raises
    ------
    RunError
        If it is not JSON, or an entry is missing, unknown or of another type.
    """
    try:
        value = msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise _misfit(where, error) from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RunError(f"{where} cannot be read ({error}); run the stage again") from error
    if isinstance(value, LawsDocument):
        _check_values(value, where)
    return value


def check_curves(arrays: Mapping[str, NDArray[Any]], where: str) -> None:
    """Check that arrays are the curves that the tailoring keeps for the figures.

    Parameters
    ----------
    arrays : mapping
        ``times`` (time,), ``methods`` (method,), ``error/<method>`` and ``energy/<method>``
        of shape (time,); more than that it may hold.
    where : str
        The file, for the message.

    Raises
    ------
    RunError
        If one is missing, or is of another shape or type.
    """
    for name, kind in (("times", "f"), ("methods", "U")):
        found = name in arrays and arrays[name].ndim == 1 and arrays[name].dtype.kind == kind
        _expect(found, f"{where}, array {name!r}")
    wanted = {f"error/{method}" for method in arrays["methods"].tolist()}
    for name in sorted(wanted | {name for name in arrays if name.startswith("energy/")}):
        _expect(
            name in arrays
            and arrays[name].dtype.kind == "f"
            and arrays[name].shape == arrays["times"].shape,
            f"{where}, array {name!r}",
        )


def _check_values(laws: LawsDocument, where: str) -> None:
    """Constants may be lost in a formula that is checked, never in a run's laws."""
    for entry in (*laws.laws, *laws.candidates_not_accepted):
        for own in entry.parameters:
            _expect(own.value is not None, f"{where}, value of {own.name} in {entry.expression}")


def _misfit(where: str, error: msgspec.ValidationError) -> RunError:
    what, _, place = str(error).partition(" - at ")
    place = place.strip("`").removeprefix("$").removeprefix(".")
    return _changed(f"{where}, entry {place}: {what}" if place else f"{where}: {what}")


def _expect(found: bool, where: str) -> None:
    if not found:
        raise _changed(f"{where}: missing or of the wrong type")


def _changed(what: str) -> RunError:
    again = spelt("with --fresh, or in another folder with --results", "with another results=")
    return RunError(
        f"{what}; the file was changed or comes from another version, so run the stage again "
        f"{again}"
    )
