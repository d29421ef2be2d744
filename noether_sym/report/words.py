"""What was found, in words; numbers, units and formulas as people read them.

`plain` writes what a terminal shows and a program reads back: ``q**2``, ``1e-05``.
"""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from noether_sym.laws.law import APPROXIMATE_LAW, LAW, UNDECIDED
from noether_sym.tailor.document import EXTRA_EPOCHS, HNN, META_TAILORED, NOT_A_LAW, OK
from noether_sym.tailor.limits import LARGEST, SMALLEST

if TYPE_CHECKING:
    from noether_sym.check import Checked, ExactlyChecked
    from noether_sym.laws.law import Law, Parameter
    from noether_sym.store.schema import (
        LawEntry,
        LawsDocument,
        ParameterEntry,
        SearchEntry,
        TailorStage,
    )
    from noether_sym.tailor.document import Choice, Moments, TailoringDocument

METHODS = MappingProxyType(
    {
        HNN: "Hamiltonian NN",
        NOT_A_LAW: "meta-tailored, not a law",
        "oracle tailored": "tailored, known law",
        "oracle": "meta-tailored, known law",
    }
)
"""What people call a method of the tailoring stage, where it is not its name."""

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_LONGEST = 80
"""Characters of all laws together, up to which they stand in the sentence that counts them."""
_WIDE = 3.0
"""Standard errors to either side from which on an interval is shown: 3 degrees of freedom."""
SAME_EVERYWHERE = "it has the same value on all trajectories"
"""The verdict's reason for a plain constraint."""
_ARTICLES = MappingProxyType({"law": "a ", "approximate law": "an ", "constraint": "a "})


def found(
    laws: LawsDocument, search: SearchEntry, *, plain: bool = False, formulas: bool = True
) -> str:
    """What a search found, in one sentence; with short formulas unless told otherwise."""
    shown = str if plain else formula
    if laws.laws:
        count = laws.independent_laws
        heads = laws.heads
        if not count:
            sentence = f"No law found, but {len(heads)} approximate"
        elif laws.most_laws is None or (count == 1 and laws.most_laws == 1):
            sentence = f"{count} {'law' if count == 1 else 'independent laws'} found"
        else:
            sentence = f"{count} of at most {laws.most_laws} independent laws found"
        if count and len(heads) > count:
            sentence += f", and {len(heads) - count} approximate"
        sentence += windows(laws.window)
        best = "; ".join(shown(entry.expression) for entry in heads)
        return f"{sentence}: {best}" if formulas and len(best) <= _LONGEST else sentence
    if not formulas:
        return "No law found"
    near = any(times_better(own) >= search.factor for own in laws.candidates_not_accepted)
    sentence = f"No law found ({_searched(search)}): " + (
        "nothing that comes close is confirmed"
        if near
        else f"nothing is conserved {search.factor:g} times better than chance"
    )
    if laws.constraints:
        same = "; ".join(shown(entry.expression) for entry in laws.constraints[:3])
        return (
            f"No law found ({_searched(search)}), but {len(laws.constraints)} "
            f"{'relation' if len(laws.constraints) == 1 else 'relations'} of the columns: {same}"
        )
    for closest in laws.candidates_not_accepted[:1]:
        ratio = number(closest.conservation_ratio, 2, plain=plain)
        own = f"{shown(closest.expression)} (ratio {ratio})"
        if closest.verdict == UNDECIDED:
            return f"No law found ({_searched(search)}). Undecided: {own}"
        sentence += f". Closest, not conserved: {own}"
    return sentence


def times_better(entry: LawEntry) -> float:
    """How many times better a formula is conserved than on random data; 0 where it is not known."""
    ratio, random = entry.conservation_ratio, entry.random_ratio
    if ratio is None or random is None or not (ratio > 0 and random > 0):
        return 0.0
    return random / ratio


def evidence(law: LawEntry | Law, time_unit: str, *, plain: bool = False) -> list[str]:
    """What the verdict on a law rests on, in short sentences; none without evidence."""
    from noether_sym.verdict.decision import DETECTED, DRIFT

    own = law.evidence
    if own is None:
        return []
    counted = "1 trajectory" if own.trajectories == 1 else f"{own.trajectories} trajectories"
    sentences = [f"{law.verdict}, judged on {counted}"]
    if own.within is not None and math.isfinite(own.within):
        within = number(own.within, 2, plain=plain)
        sentences.append(f"constant to within {within} of its spread, with 95 % confidence")
    if own.half_life is not None:
        time = with_error(own.half_life, own.half_life_error, plain=plain)
        unit = "" if time_unit == "dimensionless" else f" {time_unit}"
        sentences.append(f"it {'doubles' if own.grows else 'halves'} in {time}{unit}")
    elif law.verdict == APPROXIMATE_LAW and own.reason:
        sentences.append(own.reason)
    told = "white in time" if own.white >= DETECTED else "not white in time"
    sentence = f"residuals are {told} (p = {number(own.white, 2, plain=plain)})"
    if law.verdict == LAW and own.white < DETECTED:
        sentence += f", by less than {100 * DRIFT:g} % of the spread"
    sentences.append(sentence)
    return sentences


def gates(law: LawEntry) -> str:
    """What each gate before the verdict answered; empty where none was asked."""
    return ", ".join(f"{name} {answer}" for name, answer in law.gates.items())


def also_allowed(law: LawEntry, *, plain: bool = False) -> str:
    """The formulas that the data do not tell from a law, in a sentence; empty for none."""
    shown = str if plain else formula
    others = "; ".join(shown(own.expression) for own in law.also_allowed)
    return f"cannot be told apart by these data: {others}" if others else ""


def decoys(laws: LawsDocument, *, plain: bool = False) -> str:
    """What searches of decoys found, in a sentence; empty without decoys."""
    own = laws.decoys
    if own is None:
        return ""
    bound = number(own.bound, 2, plain=plain)
    counted = f"{own.count} {'decoy' if own.count == 1 else 'decoys'}"
    families = f"{own.families or 'no'} {'family' if own.families == 1 else 'families'} of laws"
    left = "; laws of a single column survive decoys and are left out" if own.single else ""
    return (
        f"By chance, {families} found in {counted}: with 95 % confidence a search finds at most "
        f"{bound} on average where nothing is conserved{left}"
    )


def constrained(entry: LawEntry) -> str:
    """What is known of a constraint, for the terminal."""
    return f"{entry.expression}: {constraint_reason(entry)}"


def constraint_reason(entry: LawEntry) -> str:
    """Why something that does not change is listed as a constraint and not as a law."""
    own = entry.evidence
    if own is not None and own.reason and own.reason != SAME_EVERYWHERE:
        return own.reason
    return "the same on all trajectories; whether it is a law is untested"


def _searched(search: SearchEntry) -> str:
    formulas = f"formulas of up to {search.depth} nodes"
    sums = f"sums from up to {search.terms} terms"
    return {"formulas": formulas, "sums": sums}.get(search.method, f"{sums}, {formulas}")


def checked(own: Checked) -> str:
    """What the data say of a formula of the user's, in one sentence."""
    reason = f": {own.reason}" if own.reason else ""
    fitted = all(math.isfinite(value) for value in own.law.values)
    shown = own.law.text() if fitted else own.formula.text.strip()
    return f"{shown} is {_ARTICLES.get(own.verdict, '')}{own.verdict}{reason}."


def exactly_checked(own: ExactlyChecked) -> str:
    """What equations of motion say of a formula, in one sentence."""
    reason = f": {own.reason}" if own.reason else ""
    if not own.decided:
        return f"Cannot tell whether {own.formula} is conserved{reason}."
    proven = " by these equations, exactly" if own.conserved else ""
    return f"{own.formula} is {own.verdict}{proven}{reason}."


def selected(tailoring: TailoringDocument, *, plain: bool = False) -> str:
    """Which law was selected, or why none, in a sentence or two."""
    choice = tailoring.choice
    shown = str if plain else formula
    if choice.law is None:
        return f"No law is selected: {choice.reason}."
    beside = f" ({error_ratio(choice, plain=plain)})" if choice.error_ratio else ""
    if choice.selected:
        return f"Selected: {shown(choice.law)}; {choice.reason}{beside}.{_on_test(tailoring)}"
    stays = f"{shown(choice.law)} is still a law; its figures are below"
    return f"No law is selected: {choice.reason}{beside}. {stays}."


def _on_test(tailoring: TailoringDocument) -> str:
    """What the test data say where they do not agree with the validation part."""
    errors = {row.method: row.test_rmse.mean for row in tailoring.summary}
    own, plain = errors.get(META_TAILORED), errors.get(EXTRA_EPOCHS)
    if own is None and META_TAILORED in errors:
        return " On the test data it does not: its predictions diverge there."
    if own is None or plain is None or own < plain:
        return ""
    return (
        f" On the test data it does not: the error there is {number(own, 2)}, and "
        f"{number(plain, 2)} after plain further training."
    )


def error_ratio(choice: Choice, *, plain: bool = False) -> str:
    """The prediction error of the law of a choice, beside that of plain further training."""
    own = choice.error_ratio
    if own is None:
        return ""
    shown = number(own.value, 2, plain=plain)
    if own.low is not None and own.high is not None:
        low, high = (number(one, 2, plain=plain) for one in (own.low, own.high))
        shown += f", {low} to {high}"
    return f"validation RMSE over that of extra epochs: {shown}"


def not_a_law(tailoring: TailoringDocument, *, plain: bool = False) -> str:
    """What the row of the control that is not a law shows; empty where there is none."""
    shown = tailoring.choice.control
    if shown is None:
        return ""
    return (
        f"'{NOT_A_LAW}' is {shown if plain else formula(shown)}, which has the least validation "
        "error of what was not accepted as conserved: a control, never selected."
    )


def account(
    tailoring: TailoringDocument, stage: TailorStage | None = None, *, plain: bool = False
) -> list[str]:
    """What the figures of a tailoring are, and how many trials were lost; a sentence each.

    With the stage of the run, the time that it took stands beside its budget.
    """
    lines = []
    if len(tailoring.seeds) > 1:
        lines.append(
            f"Mean ± standard deviation over {len(tailoring.seeds)} networks; (n of m) means that "
            "only n of them gave a number."
        )
    if tailoring.energy is not None:
        shown = tailoring.energy if plain else formula(tailoring.energy)
        known = tailoring.energy_is == "known law"
        lines.append(
            f"The energy is the known law {shown}."
            if known
            else f"No law was known beforehand: the drift is that of the law {shown}."
        )
    if control := not_a_law(tailoring, plain=plain):
        lines.append(control)
    lines += [
        f"{METHODS.get(row.method, row.method)}: {row.note}."
        for row in tailoring.controls(HNN)[:1]
        if row.note
    ]
    laws = tailoring.accepted
    lines.append(
        f"{laws} {'law' if laws == 1 else 'laws'} and {len(tailoring.candidates) - laws} of the "
        f"closest other candidates were screened; {_trials(tailoring)}; "
        f"chosen on {tailoring.roll_outs.validation_is}, which no "
        "network of the choice was trained on."
    )
    if taken := sampled(tailoring):
        lines.append(taken)
    if stage is not None:
        lines.append(_took(tailoring, stage))
    return lines


def _trials(tailoring: TailoringDocument) -> str:
    """How many trials of meta-tailoring there were, and how many were lost."""
    lost = "of them diverged or left the formula's domain"
    final = f"{len(tailoring.trials)} trials of meta-tailoring"
    if not tailoring.heats:
        return f"{final}, {tailoring.lost} {lost}"
    gone = sum(trial.status != OK for trial in tailoring.heats)
    return f"{len(tailoring.heats)} heats, {gone} {lost}; {final} in full, {tailoring.lost} {lost}"


def sampled(tailoring: TailoringDocument) -> str:
    """What the budget of the tailoring took of the data; empty without one."""
    taken, budget = tailoring.sampled, tailoring.options.budget
    if taken is None or budget is None:
        return ""
    rolled, states = tailoring.roll_outs.test, tailoring.training_states
    parts = [f"{taken.step:,} of {states:,} states a step of training, {taken.heats:,} in heats"]
    if (rolled.sequences, rolled.samples) != (taken.sequences, taken.longest):
        parts.append(
            f"{rolled.sequences} of {taken.sequences} test sequences predicted, over "
            f"{rolled.samples} of up to {taken.longest} samples"
        )
    return f"Limits of a budget of {limits_of(budget)}: {'; '.join(parts)}."


def limits_of(budget: float) -> str:
    """A budget of the tailoring, in seconds, and where its limits are those of another."""
    said = f"{budget:g} s a network"
    if budget < SMALLEST:
        return f"{said} (the smallest there are, of all below {SMALLEST:g} s)"
    if budget > LARGEST:
        return f"{said} (the largest there are, of {LARGEST:g} s)"
    return said


def _took(tailoring: TailoringDocument, stage: TailorStage) -> str:
    """The time of a tailoring, beside what was planned for it."""
    networks, budget = len(tailoring.seeds), tailoring.options.budget
    counted = "1 network" if networks == 1 else f"{networks} networks"
    each = "" if networks == 1 else " each"
    beside = "without a budget" if budget is None else f"with a budget of {budget:g} s{each}"
    return f"The tailoring took {seconds(stage.seconds)} for {counted}, {beside}."


def energy(tailoring: TailoringDocument) -> str:
    """What the value that is compared along predictions is called."""
    return "drift of the law" if tailoring.energy_is == "found law" else "energy"


def windows(size: int | None) -> str:
    """Over what a ratio is taken; empty for whole sequences."""
    return f" over windows of {size} samples" if size else ""


def number(value: float | None, digits: int = 3, *, plain: bool = False) -> str:
    """A number to some significant digits, with a power of ten only where it helps."""
    if value is None or not math.isfinite(value):
        return "-" if plain else "–"
    if plain:
        return f"{value:.{digits}g}"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    if value == 0 or -4 < int(exponent) < 6:
        return f"{value:.{max(digits - 1 - int(exponent), 0)}f}" if value else "0"
    return f"{mantissa}×10{str(int(exponent)).translate(_RAISED)}"


def with_error(value: float | None, error: float | None, *, plain: bool = False) -> str:
    """A value with its standard error, both to the second digit of the error."""
    shown = _shortest(value, plain=plain)
    if value is None or error is None or not error > 0:
        return shown
    decimals = _decimals(value, error)
    if decimals is not None:
        return f"{value:.{decimals}f} ± {error:.{decimals}f}"
    return f"{shown} ± {number(error, 2, plain=plain)}"


def _decimals(value: float, error: float) -> int | None:
    """Those of a value whose error is told to its second digit; None where they are too many."""
    decimals = 1 - _power(error) if math.isfinite(error) else -1
    return decimals if 0 <= decimals <= 9 and abs(value) < 1e6 else None


def constant(own: Parameter | ParameterEntry, symbol: str) -> str:
    """A constant for the terminal: name, value, standard error, unit, and a wide interval."""
    shown = f"{own.name} = {with_error(own.value, own.stderr, plain=True)} {symbol}"
    wide = wide_interval(own, plain=True)
    return f"{shown}, {wide}" if wide else shown


def wide_interval(own: Parameter | ParameterEntry, *, plain: bool = False) -> str:
    """The 95 % interval where few trajectories make it far wider than two standard errors."""
    if own.value is None or own.interval is None or not own.stderr:
        return ""
    low, high = own.interval
    if high - low <= 2 * _WIDE * own.stderr:
        return ""
    ends = interval_ends(own.value, own.stderr, own.interval, plain=plain)
    return f"95 %: {' to '.join(ends)}" if ends[0] != ends[1] else ""


def interval_ends(
    value: float, error: float, interval: tuple[float, float], *, plain: bool = False
) -> list[str]:
    """Both ends of an interval, to the decimals with which the value is shown."""
    decimals = _decimals(value, error)
    if decimals is None:
        return [number(end, 3, plain=plain) for end in interval]
    return [f"{end:.{decimals}f}" for end in interval]


def unit(symbol: str) -> str:
    """A unit with raised powers; empty where dimensionless."""
    return "" if symbol in ("", "1", "dimensionless") else formula(symbol)


def formula(text: str) -> str:
    """A printed formula or unit with raised powers and products as dots."""
    raised = re.sub(r"\*\*(\d+)", lambda match: match.group(1).translate(_RAISED), text)
    return raised.replace("**", "^").replace("*", "·").replace(" - ", " − ")


def spread(own: Moments, networks: int, digits: int = 3, *, plain: bool = False) -> str:
    """Mean ± standard deviation, and over how many of the networks where some are missing."""
    counted = f" ({own.count} of {networks})" if 0 < own.count < networks else ""
    return _mean(own, digits, plain=plain) + counted


def seconds(value: float) -> str:
    """A duration."""
    return f"{value:.1f} s" if value < 120 else f"{value / 60:.0f} min"


def _mean(own: Moments, digits: int, *, plain: bool) -> str:
    mean, deviation = own.mean, own.std
    shown = number(mean, digits, plain=plain)
    if not mean or not deviation or not math.isfinite(deviation):
        return shown
    if plain:
        return f"{number(mean, 2, plain=True)} ± {number(deviation, 1, plain=True)}"
    places = min(1 - _power(deviation), digits - _power(mean))
    if not 0 <= places <= 6:
        return f"{shown} ± {number(deviation, 1)}"
    error = f"{deviation:.{places}f}"
    return f"{mean:.{places}f} ± {error}" if float(error) else shown


def _shortest(value: float | None, *, plain: bool) -> str:
    """Six significant digits without the zeros that end them."""
    shown, cross, power = number(value, 6, plain=plain).partition("×")
    if plain:
        return shown
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) + cross + power


def _power(value: float) -> int:
    """The power of ten that a number begins with."""
    return math.floor(math.log10(abs(value)))
