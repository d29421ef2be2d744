"""Check a given formula on data or by equations: is it conserved? No search."""

from noether_sym.check.checked import Checked, check
from noether_sym.check.drift import Drift
from noether_sym.check.equations import Equations, read_equations
from noether_sym.check.exact import ExactlyChecked, check_equations

__all__ = [
    "Checked",
    "Drift",
    "Equations",
    "ExactlyChecked",
    "check",
    "check_equations",
    "read_equations",
]
