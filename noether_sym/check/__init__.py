"""Check a given formula on a data set: is it conserved? No search."""

from noether_sym.check.drift import Drift
from noether_sym.check.verdict import Checked, check

__all__ = ["Checked", "Drift", "check"]
