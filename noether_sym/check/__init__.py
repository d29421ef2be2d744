"""Check a given formula on a data set: is it conserved? No search."""

from noether_sym.check.checked import Checked, check
from noether_sym.check.drift import Drift

__all__ = ["Checked", "Drift", "check"]
