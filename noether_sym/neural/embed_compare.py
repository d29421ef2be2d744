"""The directions of an embedding beside the gradients of laws: what ``embedding.json`` holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from noether_sym.neural.directions import explained_directions
from noether_sym.neural.embed_document import DirectionRow, EmbeddingDocument, PredictionEntry
from noether_sym.neural.embed_verdict import judged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noether_sym.datasets.dataset import Dataset
    from noether_sym.neural.states import StatesFound, Tried
    from noether_sym.neural.states_predict import Predicted, Prediction

_DEPENDENT = 1e-3
"""Singular value of unit gradients below which laws that depend on each other add nothing."""


class Formula(Protocol):
    """A law, as far as it is compared with."""

    def gradient(self, states: NDArray[np.float64]) -> NDArray[np.float64]:
        """Partial derivatives by every column, of the shape of the states."""


def embedding_document(
    found: StatesFound,
    dataset: Dataset,
    laws: Sequence[Formula],
    *,
    outputs: int | None,
    seed: int,
) -> EmbeddingDocument:
    """Count the directions of an embedding and those that laws explain; judge what is left.

    Parameters
    ----------
    found : StatesFound
    dataset : Dataset
        The one that the embedding was trained on, derived columns among its columns.
    laws : sequence of Law
        One of each family.
    outputs, seed : int
        As the training was given them.
    """
    sines: list[float] = []
    explained = 0
    if found.count:
        own = found.embedding.directions(found.points)
        theirs = law_fields(laws, dataset, found)
        explained = explained_directions(own, theirs, tolerance=_DEPENDENT)
        sines = [_sine(own[:, place], theirs) for place in range(found.count)]
    rows = [
        _row(one, sines[place] if one.conserved else None) for place, one in enumerate(found.tried)
    ]
    document = EmbeddingDocument(
        dataset=dataset.name,
        seed=seed,
        outputs=outputs,
        most=found.most,
        directions=found.count,
        explained=explained,
        laws=tuple(str(law) for law in laws),
        chance_drift=found.chance.drift,
        chance_share=found.chance.share,
        tried=tuple(rows),
        possible=len(found.embedding.moving) - 1,
    )
    return judged(document)


def prediction_entry(predicted: Predicted, options: Prediction) -> PredictionEntry:
    """What algorithm 1 gave, as the document holds it."""
    held = predicted.held
    return PredictionEntry(
        form=options.meta.form,
        steps=options.meta.steps,
        outputs=options.outputs,
        errors={arm: _finite(own) for arm, own in predicted.errors.items()},
        rates=dict(predicted.rates),
        diverged=predicted.diverged,
        conserved=None if held is None else held.conserved,
        independent=None if held is None else held.independent,
    )


def law_fields(
    laws: Sequence[Formula], dataset: Dataset, found: StatesFound
) -> NDArray[np.float64]:
    """Gradients of laws (sample, law, moving column) at the points of an embedding."""
    states = found.points
    with np.errstate(all="ignore"):
        whole = np.column_stack([states, *_derived(states, dataset)])
        fields = [dataset.base_gradients(whole, law.gradient(whole)) for law in laws]
    own = found.embedding
    stacked = np.stack(fields, 1) if fields else np.zeros((len(states), 0, states.shape[1]))
    return np.asarray(stacked[..., own.moving] * own.spread)


def _derived(states: NDArray[np.float64], dataset: Dataset) -> list[NDArray[np.float64]]:
    """Values of the derived columns, in order; each may read those before it."""
    columns: list[NDArray[np.float64]] = []
    for _, formula in dataset.derived:
        columns.append(formula(np.column_stack([states, *columns])))
    return columns


def _sine(direction: NDArray[np.float64], fields: NDArray[np.float64]) -> float:
    """Median sine of the angle between unit vectors and spans, over samples."""
    usable = np.isfinite(fields).all((1, 2))
    if fields.shape[1] == 0 or not usable.any():
        return 1.0
    lengths = np.linalg.norm(fields[usable], axis=2, keepdims=True)
    units = fields[usable] / np.where(lengths > 0, lengths, 1.0)
    _, sizes, rows = np.linalg.svd(units, full_matrices=False)
    rows = rows * (sizes > _DEPENDENT)[:, :, None]
    inside = (np.einsum("skd,sd->sk", rows, direction[usable]) ** 2).sum(1)
    return float(np.median(np.sqrt(np.maximum(0.0, 1.0 - inside))))


def _row(one: Tried, sine: float | None) -> DirectionRow:
    tested = one.held_out
    return DirectionRow(
        one.width,
        one.conserved,
        _finite(one.crosswise.drift),
        _finite(one.crosswise.share),
        None if tested is None else _finite(tested.drift),
        None if tested is None else _finite(tested.share),
        sine,
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
