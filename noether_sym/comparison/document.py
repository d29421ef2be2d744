"""What a comparison of runs says, as plain values; the names are the keys of its JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of a law in one run, in the shared form.

    Attributes
    ----------
    name, unit : str
        Of the shared form.
    value : float
    stderr : float or None
    interval : tuple of float, or None
        In which it lies with 95 % confidence.
    fixed : bool
        Whether it is a number of the run's own formula, which has no error: 0 of a term that the
        formula lacks.
    """

    name: str
    unit: str
    value: float
    stderr: float | None
    interval: tuple[float, float] | None
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class HalfLife:
    """How fast an approximate law drifts in one run.

    Attributes
    ----------
    value : float
    stderr : float or None
    unit : str
        That of the run's times.
    grows : bool
        Whether the distance from the last value doubles in that time, and does not halve.
    """

    value: float
    stderr: float | None
    unit: str
    grows: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """What one run says of a law.

    Attributes
    ----------
    run : str
    verdict : str
        ``law``, ``approximate law``, ``constraint``, ``undecided``, ``not a law``,
        ``not found``, or ``no such column``.
    reason : str
        Why it is no law there; empty for a law.
    expression : str or None
        The formula as the run states it; None where it is not found.
    constants : tuple of Constant
        In the shared form.
    covariance : bool
        Whether the covariance of the constants is known, and not only their errors.
    half_life : HalfLife or None
        Of an approximate law that drifts.
    """

    run: str
    verdict: str
    reason: str = ""
    expression: str | None = None
    constants: tuple[Constant, ...] = ()
    covariance: bool = False
    half_life: HalfLife | None = None


@dataclass(frozen=True, slots=True)
class Equality:
    """A test that constants are equal.

    Attributes
    ----------
    runs, constants : tuple of str
        What was tested; empty where nothing was.
    chi_square, degrees : float and int, or None
        See `noether_sym.comparison.equality.Agreement`.
    p, p_adjusted : float or None
        The latter for the number of tests that are looked at, by Holm's rule: of laws for tests
        of all runs, of pairs of runs for tests of two.
    joint : bool
        Whether all constants were tested together, with their covariance; if not, each by
        itself, the least p-value times their number.
    differ : bool or None
        Whether `p_adjusted` is below 0.05; None where nothing was tested.
    reason : str
        Why nothing was tested; empty if it was.
    untested : tuple of str
        Constants that took no part, for their errors are not known.
    """

    runs: tuple[str, ...]
    constants: tuple[str, ...]
    chi_square: float | None = None
    degrees: int | None = None
    p: float | None = None
    p_adjusted: float | None = None
    joint: bool = True
    differ: bool | None = None
    reason: str = ""
    untested: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Whether the constants differ, in a sentence without its full stop."""
        if self.p is None or self.p_adjusted is None or self.chi_square is None:
            return f"not tested: {self.reason}"
        said = "differ" if self.differ else "no difference seen"
        adjusted = "" if self.p_adjusted == self.p else f", {self.p_adjusted:.2g} for all tests"
        each = "" if self.joint else "; each constant by itself (Bonferroni)"
        without = f"; {', '.join(self.untested)} not tested: no error" if self.untested else ""
        return (
            f"{', '.join(self.constants)}: {said} (p = {self.p:.2g}{adjusted}; chi-square "
            f"{self.chi_square:.3g} with {self.degrees} degree{'s' * (self.degrees != 1)} of "
            f"freedom{each}){without}"
        )


@dataclass(frozen=True, slots=True)
class LawBeside:
    """One law in all runs.

    Attributes
    ----------
    form : str
        The formula with c0, c1, ... in the place of its constants.
    form_of : str
        The run whose form, and units, it is.
    findings : tuple of Finding
        One a run.
    equality : Equality
        Of the constants in all runs that have the law.
    pairs : tuple of Equality
        The same two by two, where more than two runs have it.
    """

    form: str
    form_of: str
    findings: tuple[Finding, ...]
    equality: Equality
    pairs: tuple[Equality, ...]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run that is compared; `laws` are the families, `independent` the independent laws."""

    name: str
    dataset: str
    trajectories: int
    laws: int
    independent: int


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Runs side by side.

    Attributes
    ----------
    runs : tuple of RunFacts
    laws : tuple of LawBeside
        Those of the first run by rank, then what others have beside them.
    """

    runs: tuple[RunFacts, ...]
    laws: tuple[LawBeside, ...]

    @property
    def table(self) -> pd.DataFrame:
        """A row for each law, run and constant.

        Columns: ``law`` (the shared form), ``run``, ``verdict``, ``constant``, ``value``,
        ``stderr``, ``low``, ``high`` (ends of the 95 % interval) and ``unit``. A half life has a
        row like a constant's. A law without constants, or one that a run does not have, has a row
        without a constant.
        """
        import pandas as pd

        columns = ("law", "run", "verdict", "constant", "value", "stderr", "low", "high", "unit")
        rows: list[tuple[object, ...]] = []
        for law in self.laws:
            for own in law.findings:
                start = (law.form, own.run, own.verdict)
                if not own.constants:
                    rows.append((*start, *[None] * 6))
                for one in own.constants:
                    low, high = one.interval or (None, None)
                    rows.append((*start, one.name, one.value, one.stderr, low, high, one.unit))
                if (slow := own.half_life) is not None:
                    name = "doubling time" if slow.grows else "half life"
                    rows.append((*start, name, slow.value, slow.stderr, None, None, slow.unit))
        return pd.DataFrame(rows, columns=columns)

    def __str__(self) -> str:
        lines = [f"{len(self.runs)} runs compared: {', '.join(run.name for run in self.runs)}"]
        for law in self.laws:
            lines.append(f"{law.form}: {law.equality}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Comparison({len(self.runs)} runs, {len(self.laws)} laws)"
