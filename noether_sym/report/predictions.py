"""The report's table of predictions: every control of the tailoring stage."""

from __future__ import annotations

from dataclasses import dataclass

from noether_sym.report import words
from noether_sym.tailor.document import OK, SummaryRow, TailoringDocument

_ABOUT = {
    "vanilla": "the MLP by itself",
    "extra epochs": "the MLP, trained for as many epochs more as tailoring takes",
    "hnn": "a Hamiltonian neural network",
    "projected": "the MLP's field projected onto the law's level set",
    "tailored": "the law as a loss inside the prediction, MLP unchanged",
    "meta-tailored": "the same, MLP trained through it",
}


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """A method, as the table writes it."""

    method: str
    about: str
    train_rmse: str
    test_rmse: str
    ratio: str
    test_mse: str
    energy_mse: str
    rate: str
    note: str


@dataclass(frozen=True, slots=True)
class Predictions:
    """What the page says of a tailoring."""

    rows: tuple[PredictionRow, ...]
    selected: str
    energy: str
    account: tuple[str, ...]


def predictions(tailoring: TailoringDocument) -> Predictions:
    """Rows of the table, what was selected, and what the figures are."""
    return Predictions(
        tuple(_row(row, tailoring) for row in tailoring.summary),
        words.selected(tailoring),
        words.energy(tailoring),
        (f"Errors: {tailoring.error}; RMSE is the root.", *words.account(tailoring)),
    )


def _row(row: SummaryRow, tailoring: TailoringDocument) -> PredictionRow:
    controls, networks = tailoring.controls(row.method), len(tailoring.seeds)
    rates = sorted({control.rate for control in controls if control.rate is not None})
    lost = [control.status for control in controls if control.status != OK]
    every = len(lost) == len(controls)
    note = "" if not lost else lost[0] if every else f"{len(lost)} of {len(controls)} lost"
    return PredictionRow(
        method=words.METHODS.get(row.method, row.method),
        about=_ABOUT.get(row.method, ""),
        train_rmse=words.spread(row.train_rmse, networks),
        test_rmse=words.spread(row.test_rmse, networks),
        ratio=words.number(row.rmse_over_vanilla, 2),
        test_mse=words.spread(row.test_mse, networks),
        energy_mse=words.spread(row.energy_mse, networks),
        rate=", ".join(words.number(rate, 2) for rate in rates) or "–",
        note=note,
    )
