"""Numbers, units and formulas as people read them."""

from __future__ import annotations

import math
import re
from types import MappingProxyType

METHODS = MappingProxyType(
    {
        "hnn": "Hamiltonian NN",
        "oracle tailored": "tailored, known law",
        "oracle": "meta-tailored, known law",
    }
)
"""What people call a method of the tailoring stage, where it is not its name."""

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number(value: object, digits: int = 3) -> str:
    """A number to some significant digits, with a power of ten only where it helps."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    if value == 0 or -4 < int(exponent) < 6:
        return f"{value:.{max(digits - 1 - int(exponent), 0)}f}" if value else "0"
    return f"{mantissa}×10{str(int(exponent)).translate(_RAISED)}"


def with_error(value: object, error: object) -> str:
    """A value with its standard error, both to the second digit of the error."""
    shown = _shortest(value)
    if not isinstance(value, int | float) or not isinstance(error, int | float) or not error > 0:
        return shown
    decimals = 1 - _power(error) if math.isfinite(error) else -1
    if 0 <= decimals <= 9 and abs(value) < 1e6:
        return f"{value:.{decimals}f} ± {error:.{decimals}f}"
    return f"{shown} ± {number(error, 2)}"


def unit(text: object) -> str:
    """A unit with raised powers; empty where dimensionless."""
    own = str(text or "")
    return "" if own in ("1", "dimensionless") else formula(own)


def formula(text: str) -> str:
    """A printed formula or unit with raised powers and products as dots."""
    raised = re.sub(r"\*\*(\d+)", lambda match: match.group(1).translate(_RAISED), text)
    return raised.replace("**", "^").replace("*", "·").replace(" - ", " − ")


def spread(entry: object, digits: int = 3) -> str:
    """Mean ± standard deviation of a summary, or a plain number."""
    if not isinstance(entry, dict):
        return number(entry, digits)
    mean, deviation = entry.get("mean"), entry.get("std")
    shown = number(mean, digits)
    if not isinstance(mean, int | float) or not isinstance(deviation, int | float):
        return shown
    if not (mean and deviation > 0 and math.isfinite(deviation)):
        return shown
    places = min(1 - _power(deviation), digits - _power(mean))
    if not 0 <= places <= 6:
        return f"{shown} ± {number(deviation, 1)}"
    error = f"{deviation:.{places}f}"
    return f"{mean:.{places}f} ± {error}" if float(error) else shown


def seconds(value: object) -> str:
    """A duration."""
    if not isinstance(value, int | float):
        return "–"
    return f"{value:.1f} s" if value < 120 else f"{value / 60:.0f} min"


def _shortest(value: object) -> str:
    """Six significant digits without the zeros that end them."""
    shown, cross, power = number(value, 6).partition("×")
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) + cross + power


def _power(value: float) -> int:
    """The power of ten that a number begins with."""
    return math.floor(math.log10(abs(value)))
