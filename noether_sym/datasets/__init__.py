"""Data sets: built-in systems, measured data, own files."""

from noether_sym.datasets.catalogue import DatasetInfo, available, load
from noether_sym.datasets.dataset import Column, Dataset, Trajectory, stack

__all__ = ["Column", "Dataset", "DatasetInfo", "Trajectory", "available", "load", "stack"]
