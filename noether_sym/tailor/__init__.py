"""Tailoring: laws as Noether losses inside the prediction function of an MLP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noether_sym.tailor.options import RATES, TailorOptions
    from noether_sym.tailor.stage import tailor
    from noether_sym.tailor.summary import Tailoring

__all__ = ["RATES", "TailorOptions", "Tailoring", "tailor"]

_HOMES = {"RATES": "options", "TailorOptions": "options", "tailor": "stage", "Tailoring": "summary"}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and no more: who reads a document waits for no torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'noether_sym.tailor' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"noether_sym.tailor.{_HOMES[name]}"), name)
