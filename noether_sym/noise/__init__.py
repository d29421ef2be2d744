"""Measurement noise: how large it is in each column, what it does to laws and constants."""

from noether_sym.noise.estimate import (
    dataset_noise,
    estimate_noise,
    noise_report,
    training_noise,
)
from noether_sym.noise.model import Growing, Noise, NoiseReport, Outlier, Uneven

__all__ = [
    "Growing",
    "Noise",
    "NoiseReport",
    "Outlier",
    "Uneven",
    "dataset_noise",
    "estimate_noise",
    "noise_report",
    "training_noise",
]
