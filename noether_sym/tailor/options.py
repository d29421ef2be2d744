"""Options of the tailoring stage."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from noether_sym.tailor.limits import DEFAULT_BUDGET, Limits, limits

RATES = tuple(10.0 ** (exponent / 2) for exponent in range(-6, 3))
"""The paper's inner rates, 10^-3 to 10^1 by half decades."""

LOSSES = ("drift", "difference")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, slots=True)
class DecidingOptions:
    """The part of `TailorOptions` that decides the answer: the number of jobs does not.

    A document without a budget is that of the whole grid.
    """

    top: int
    rates: tuple[float, ...]
    epochs: int
    baseline_steps: int
    weight_decay: float
    seeds: int
    seed: int
    device: str
    loss: str
    budget: float | None = None

    def differing(self, other: DecidingOptions) -> list[str]:
        """Names of the options in which two sets differ."""
        names = [own.name for own in fields(self)]
        return [name for name in names if getattr(self, name) != getattr(other, name)]


@dataclass(frozen=True, slots=True)
class TailorOptions:
    """How to tailor.

    Parameters
    ----------
    top : int
        Candidates that are meta-tailored.
    rates : tuple of float
        Inner rates.
    epochs : int
        Epochs of meta-tailoring.
    baseline_steps : int
        Steps of training of the baseline MLP and of the Hamiltonian NN.
    weight_decay : float
        Of every network; the default is that of Greydanus et al. 2019 for generated data.
    seeds : int
        Number of networks; their seeds are seed, seed + 1, ...
    seed : int
    jobs : int
        Worker threads.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    loss : str
        ``drift`` or ``difference``.
    budget : float or None
        About how many seconds a network takes, on two cores: it becomes limits beforehand
        (`noether_sym.tailor.limits`), and candidates and rates are raced. None tries every
        rate of the best candidates in full, as the paper does, and sets no limits.

    Raises
    ------
    ValueError
        If an option makes no sense.
    """

    top: int = 20
    rates: tuple[float, ...] = RATES
    epochs: int = 100
    baseline_steps: int = 2000
    weight_decay: float = 1e-4
    seeds: int = 1
    seed: int = 0
    jobs: int = 1
    device: str = "auto"
    loss: str = "drift"
    budget: float | None = DEFAULT_BUDGET

    def __post_init__(self) -> None:
        for name in ("top", "epochs", "baseline_steps", "seeds", "jobs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give a whole number from 1 up")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; give a whole number from 0 up")
        if not self.rates or not all(0.0 < rate < math.inf for rate in self.rates):
            raise ValueError(f"rates are {self.rates}; give one or more positive numbers")
        if not 0.0 <= self.weight_decay < math.inf:
            raise ValueError(f"weight_decay is {self.weight_decay}; give a number from 0 up")
        if self.budget is not None and not 0.0 < self.budget < math.inf:
            raise ValueError(
                f"budget is {self.budget}; give seconds above 0, or None for no limits"
            )
        if self.loss not in LOSSES:
            raise ValueError(f"unknown Noether loss {self.loss!r}; known: {', '.join(LOSSES)}")
        if self.device not in DEVICES:
            raise ValueError(f"unknown device {self.device!r}; known: {', '.join(DEVICES)}")

    @property
    def limits(self) -> Limits | None:
        """What the budget becomes; None where everything is tried."""
        return None if self.budget is None else limits(self.budget)

    def deciding(self, device: str) -> DecidingOptions:
        """The options that decide the answer, with the device resolved."""
        shared = [own.name for own in fields(DecidingOptions) if own.name != "device"]
        return DecidingOptions(**{name: getattr(self, name) for name in shared}, device=device)
