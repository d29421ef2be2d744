"""The verdict on a given formula."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from noether_sym.check.drift import Drift, drift_along
from noether_sym.check.formula import GivenFormula
from noether_sym.check.judging import JudgedFit, judged
from noether_sym.check.written import as_written, held_slots
from noether_sym.datasets.dataset import Dataset
from noether_sym.datasets.parts import rejoined, trials_of
from noether_sym.datasets.windows import choose_window
from noether_sym.dsl.parser import Formula
from noether_sym.laws.expansion import with_expansions
from noether_sym.laws.law import ACCEPTED, APPROXIMATE_LAW, LAW, Law
from noether_sym.laws.symmetry import with_symmetries
from noether_sym.laws.units import in_given_units
from noether_sym.noise.clean import without_outliers
from noether_sym.runtime.device import single_threaded
from noether_sym.statistics.conservation import conservation_ratio, spread_on_surrogate
from noether_sym.statistics.samples import refuse_unordered, windows_to_try
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.decision import ENOUGH
from noether_sym.verdict.leftout import LeftOut


@dataclass(frozen=True, slots=True, repr=False)
class Checked:
    """What the data say of a formula.

    Attributes
    ----------
    formula : Formula
        As it was read.
    law : Law
        With its free parameters fitted. If the fit could not be written in the form given,
        the same quantity in the form that the search writes, up to a factor and a constant.
    fixed : tuple of bool
        Of each parameter of `law`: whether its value was given.
    verdict, reason : str
        ``law``, ``approximate law``, ``constraint``, ``undecided``, ``not a law``, ``constant
        everywhere`` or ``not defined``; and why, in words.
    window : int or None
        Samples of the windows that the ratios refer to; None for whole trajectories.
    period : int or None
        Samples of about a period, which drifts refer to; None for whole trajectories.
    train, held_out : Drift or None
    notes : tuple of str
    time_unit : str
        Of the half life in its law's evidence.
    """

    formula: Formula
    law: Law
    fixed: tuple[bool, ...]
    verdict: str
    reason: str
    window: int | None
    period: int | None
    train: Drift | None
    held_out: Drift | None
    notes: tuple[str, ...] = ()
    time_unit: str = ""

    def __repr__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        return f"Checked({self.law.text()!r}: {self.verdict}{why})"

    @property
    def conserved(self) -> bool:
        """Whether the formula counts as conserved, exactly or approximately."""
        return self.verdict in (LAW, APPROXIMATE_LAW)


def check(
    text: str,
    dataset: Dataset,
    *,
    factor: float = 100.0,
    window: str | int = "auto",
    seed: int = 0,
) -> Checked:
    """Evaluate a formula on a data set; fit its free parameters c0, c1, ... first.

    Parameters
    ----------
    text : str
        See `noether_sym.dsl.parser`. It is read, never run.
    dataset : Dataset
    factor : float
        How many times better than on the surrogate it must be conserved.
    window : str or int
        ``full``, a number of samples, or ``auto``: whole trajectories, then windows.
    seed : int
        Of the surrogate.

    Raises
    ------
    GrammarError
        If the text is not a formula of the columns.
    UnitError
        If its units do not fit.
    DatasetError
        If no segment is long enough.
    """
    refuse_unordered(dataset)
    dataset = without_outliers(dataset)
    given = GivenFormula.of(text, dataset)
    with single_threaded(), np.errstate(all="ignore"):
        confirmation = Confirmation(given.dataset, rejoined(dataset.train, dataset.test))
        chosen: JudgedFit | None = None
        for size in windows_to_try(dataset.train, window):
            outcome = judged(given, size, factor, seed, confirmation)
            outcome = _with_exact_numbers(given, outcome, confirmation)
            if chosen is None or outcome.verdict in (LAW, APPROXIMATE_LAW):
                chosen = outcome  # windows keep a drift out of the constants
            if outcome.verdict == LAW:
                break
        assert chosen is not None
        return _checked(given, *_freed(given, chosen, confirmation))


def _with_exact_numbers(
    given: GivenFormula, outcome: JudgedFit, confirmation: Confirmation
) -> JudgedFit:
    """The outcome, numbers of the formula taken at their word: no error of theirs excuses it."""
    if not given.numbers or not outcome.fitted or outcome.refused:
        return outcome
    written = as_written(given, outcome, confirmation.sigma, freed=False)
    if written is None:
        return outcome
    found = confirmation.evidence(written[0])
    law = outcome.law.with_(evidence=found)
    return replace(outcome, law=law, verdict=found.verdict, reason=found.reason)


_Written = tuple[Law, int | None] | None
"""The quantity in the form that was given, if that can be, and the slot that sets its scale."""


def _freed(
    given: GivenFormula, outcome: JudgedFit, confirmation: Confirmation
) -> tuple[JudgedFit, _Written]:
    """The outcome as written, by constants freed of the noise's bias where these are better.

    Over whole trajectories each is judged by constants fitted to the others; fewer than three
    tell too little of constants to change a verdict by them.
    """
    if not outcome.fitted:
        return outcome, None
    conserved = outcome.verdict in (LAW, APPROXIMATE_LAW)
    plain = as_written(given, outcome, confirmation.sigma, freed=conserved)
    data, whole = given.dataset, rejoined(given.dataset.train, given.dataset.test)
    noisy = confirmation.sigma[list(given.columns)].any() and given.formula.free
    if plain is None or outcome.refused or not noisy or len(trials_of(whole)) < ENOUGH:
        return outcome, plain
    freed = plain if conserved else as_written(given, outcome, confirmation.sigma, freed=True)
    assert freed is not None
    law, reference = freed
    if outcome.samples.window is None:
        others = LeftOut(data, whole, confirmation.sigma, held_slots(given, reference))
        found = confirmation.decided(law, others.rows(law, confirmation.rows, confirmation.size))
    else:
        found = confirmation.evidence(law)
    before = outcome.law.evidence
    if found.verdict not in (LAW, APPROXIMATE_LAW):
        return outcome, plain
    if conserved and before is not None and found.chance >= before.chance:
        return outcome, plain
    quantity = outcome.law.with_(
        evidence=replace(found, chance=min(1.0, 2.0 * found.chance)),  # the better of two
        conservation_ratio=conservation_ratio(law, outcome.samples),
        status=ACCEPTED,
    )
    return replace(outcome, law=quantity, verdict=found.verdict, reason=found.reason), freed


def _undefined(law: Law, dataset: Dataset) -> list[str]:
    """A note on samples at which a quantity has no value, if there are any."""
    states = np.concatenate([own.states for own in (*dataset.train, *dataset.test)])
    missing = int((~np.isfinite(law(states))).sum())
    if not missing:
        return []
    return [
        f"the formula has no value at {missing:,} of {len(states):,} samples, which are left out; "
        "near them noise distorts it"
    ]


def _checked(given: GivenFormula, outcome: JudgedFit, written: _Written) -> Checked:
    formula, quantity = given.formula, outcome.law
    fixed = tuple(own.value is not None for own in formula.constants)
    notes = list(given.dataset.notes)
    if set(given.columns) <= set(given.dataset.parameters):
        notes.append("the formula reads parameters only, which are constant by declaration")
    law = quantity
    if outcome.fitted:
        if written is None:
            fixed = (False,) * len(quantity.parameters)
            notes.append(
                "the fitted quantity is written as the search writes it, up to a factor and an "
                "added constant"
            )
            if given.numbers:  # errors of the fitted constants alone are not known in this form
                law = law.with_(
                    parameters=tuple(replace(own, stderr=None) for own in law.parameters)
                )
        else:
            law, reference = written
            if reference is not None:
                name = formula.constants[reference].name
                notes.append(f"{name} is set to 1: conservation does not determine a common factor")
                fixed = tuple(own or slot == reference for slot, own in enumerate(fixed))
        law = law.with_(
            conservation_ratio=quantity.conservation_ratio,
            random_ratio=quantity.random_ratio,
            heldout_ratio=quantity.heldout_ratio,
            alignment=quantity.alignment,
            evidence=quantity.evidence,
            status=quantity.status,
            window=quantity.window,
        )
        if law.accepted:
            (law,) = with_symmetries((law,), given.dataset)
        (law,) = with_expansions((law,), given.dataset)
    notes += _undefined(quantity, given.dataset) if outcome.fitted else []
    (law,) = in_given_units((law,), given.dataset)
    period = choose_window(given.dataset.train)
    spread = spread_on_surrogate(law, outcome.samples) if outcome.fitted else 0.0
    window = outcome.samples.window
    return Checked(
        formula=formula,
        law=law,
        fixed=fixed,
        verdict=outcome.verdict,
        reason=outcome.reason,
        window=window,
        period=period,
        train=drift_along(law, given.dataset.train, window, period, spread),
        held_out=drift_along(law, given.dataset.test, window, period, spread),
        notes=tuple(notes),
        time_unit=given.dataset.time_unit.symbol,
    )
