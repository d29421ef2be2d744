"""noether-sym: symbolic conservation laws from trajectory data."""

from noether_sym._version import __version__

__all__ = ["__version__"]
