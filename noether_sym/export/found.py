"""What a fit found, as the content of ``laws.json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from noether_sym.datasets.dataset import Dataset
from noether_sym.export.json import laws_document
from noether_sym.laws.by_name import with_known_constants
from noether_sym.laws.expansion import with_expansions
from noether_sym.laws.law import Law
from noether_sym.laws.symmetry import with_symmetries
from noether_sym.laws.units import in_given_units
from noether_sym.store.schema import Counts, DecoysEntry, LawsDocument
from noether_sym.verdict.decoys import Decoys
from noether_sym.verdict.stage import FitResult


def found_laws(
    dataset: Dataset, formulas: int, distinct: int, result: FitResult, notes: Sequence[str] = ()
) -> LawsDocument:
    """The accepted laws with their symmetries, and the closest of the rest.

    Parameters
    ----------
    dataset : Dataset
    formulas, distinct : int
        Formulas that units allow, and distinct laws among them.
    result : FitResult
    notes : sequence of str
        On the data.
    """

    def shown(laws: tuple[Law, ...]) -> tuple[Law, ...]:
        return in_given_units(with_expansions(laws, dataset), dataset)

    judgement = result.judgement
    fitted = sum(not one.given for one in result.fits)
    laws = with_symmetries(judgement.laws, dataset)
    return laws_document(
        shown(with_known_constants(laws, dataset)),
        dataset=dataset.name,
        inputs=dataset.inputs,
        counts=Counts(formulas, distinct, fitted, len(judgement.laws)),
        independent_laws=judgement.independent,
        closest=shown(judgement.closest),
        reasons=judgement.reasons,
        window=result.window,
        most_laws=result.most,
        constraints=shown(judgement.constraints),
        notes=notes,
    )


def decoys_entry(own: Decoys) -> DecoysEntry:
    """What searches of decoys found, with the bound that follows."""
    return DecoysEntry(**asdict(own), bound=own.bound)
