"""Units: exact dimensions, and the border to pint."""

from noether_sym.units.coherent import Unit, coherent_units
from noether_sym.units.dimension import DIMENSIONLESS, Dimension, product

__all__ = ["DIMENSIONLESS", "Dimension", "Unit", "coherent_units", "product"]
