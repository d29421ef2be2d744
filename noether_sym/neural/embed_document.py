"""What the training of an embedding reports: the content of ``embedding.json``.

Numbers that are not finite are None.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DirectionRow:
    """An output that was trained.

    Attributes
    ----------
    units : int
        Hidden units that it reads.
    conserved : bool
        Whether it counts.
    crosswise_drift, crosswise_share, heldout_drift, heldout_share : float or None
        See `noether_sym.neural.states_train.Score`; of folds of the training trajectories that
        were left out, and of those held out, None where there are none.
    sine_to_laws : float or None
        Median sine of the angle between its new direction and the span of the laws' gradients;
        1 without laws. None where it does not count.
    """

    units: int
    conserved: bool
    crosswise_drift: float | None
    crosswise_share: float | None
    heldout_drift: float | None
    heldout_share: float | None
    sine_to_laws: float | None


@dataclass(frozen=True, slots=True)
class PredictionEntry:
    """Algorithm 1 and its controls; see `noether_sym.neural.states_predict.Predicted`.

    Attributes
    ----------
    form : str
    steps : int
        Inner steps.
    outputs : int
    errors : dict of str to float or None
        By arm; None where a roll-out ran away.
    rates : dict of str to float
    diverged : tuple of str
    conserved, independent : int or None
        Combinations of the learned embedding's outputs that are conserved along held-out
        trajectories, and the directions that they span; None for one trajectory.
    """

    form: str
    steps: int
    outputs: int
    errors: dict[str, float | None]
    rates: dict[str, float]
    diverged: tuple[str, ...]
    conserved: int | None
    independent: int | None


@dataclass(frozen=True, slots=True)
class EmbeddingDocument:
    """Content of ``embedding.json``.

    Attributes
    ----------
    dataset : str
    seed : int
    outputs : int or None
        Directions that were asked for at most.
    most : int
        Directions that were looked for at most.
    directions : int
        Independent conserved directions.
    explained : int
        How many of them lie in the span of the laws' gradients.
    laws : tuple of str
        The formulas that were compared with, one a family.
    chance_drift, chance_share : float
        What the same training reaches where nothing is conserved.
    tried : tuple of DirectionRow
    prediction : PredictionEntry or None
        Where algorithm 1 was asked for.
    possible : int or None
        Directions that a flow of the columns that move can have.
    next_over_chance : float or None
        How many times better than by chance the first output that does not count is conserved,
        by the worst of its scores; None if every output that was trained counts.
    complete : bool or None
        Whether the laws are all there is: False if a direction is explained by no law, None if
        the embedding cannot tell.
    """

    dataset: str
    seed: int
    outputs: int | None
    most: int
    directions: int
    explained: int
    laws: tuple[str, ...]
    chance_drift: float
    chance_share: float
    tried: tuple[DirectionRow, ...]
    prediction: PredictionEntry | None = None
    possible: int | None = None
    next_over_chance: float | None = None
    complete: bool | None = None
