"""noether-sym: symbolic conservation laws from trajectory data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noether_sym._version import __version__

if TYPE_CHECKING:
    from noether_sym.api import Discovery, discover
    from noether_sym.laws.law import Law

__all__ = ["Discovery", "Law", "__version__", "discover"]

_HOMES = {
    "Discovery": "noether_sym.api",
    "Law": "noether_sym.laws.law",
    "discover": "noether_sym.api",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and no more: ``--help`` waits for no library."""
    if name not in _HOMES:
        raise AttributeError(f"module 'noether_sym' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
