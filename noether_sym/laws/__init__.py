"""Laws as values; canonical coordinates and the symmetries that laws generate."""

from noether_sym.laws.law import ACCEPTED, CONSTRAINT, Law, Parameter, Symmetry

__all__ = ["ACCEPTED", "CONSTRAINT", "Law", "Parameter", "Symmetry"]
