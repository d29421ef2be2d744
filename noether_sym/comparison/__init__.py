"""Runs beside each other: the same law recognised, its constants tested for equality."""

from noether_sym.comparison.beside import compare_runs
from noether_sym.comparison.document import Comparison
from noether_sym.comparison.runs import fitted

__all__ = ["Comparison", "compare_runs", "fitted"]
