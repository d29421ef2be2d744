"""noether-sym: symbolic conservation laws from trajectory data."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from noether_sym._version import __version__

if TYPE_CHECKING:
    from noether_sym.api import (
        Discovery,
        Embedding,
        check,
        compare,
        discover,
        embed,
        export,
        inspect,
        load_discovery,
        register_operator,
    )
    from noether_sym.api.estimator import ConservationLaws as ConservationLaws
    from noether_sym.laws.law import Law

__all__ = [  # without ConservationLaws, which needs an extra
    "Discovery",
    "Embedding",
    "Law",
    "__version__",
    "check",
    "compare",
    "discover",
    "embed",
    "export",
    "inspect",
    "load_discovery",
    "register_operator",
]

_API = "noether_sym.api"
_HOMES = {
    "ConservationLaws": "noether_sym.api.estimator",
    "Discovery": _API,
    "Embedding": _API,
    "Law": "noether_sym.laws.law",
    "compare": _API,
    "discover": _API,
    "embed": _API,
    "inspect": _API,
    "load_discovery": _API,
    "register_operator": _API,
}
_VERBS = ("check", "export")
"""Verbs that have the name of a room, which may be called as they are."""


class _Verb(ModuleType):
    """A room that is called as the verb of its name: ``noether_sym.check(...)``."""

    @property
    def _function(self) -> Any:
        return getattr(import_module(_API), self.__name__.rpartition(".")[2])

    @property
    def __signature__(self) -> Any:
        from inspect import signature

        return signature(self._function)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._function(*arguments, **options)


class _Package(ModuleType):
    """This package: rooms that are verbs may be called from the moment they are imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _VERBS and isinstance(value, ModuleType):
            value.__class__ = _Verb
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """Import what is asked for, and no more: ``--help`` waits for no library."""
    if name in _VERBS:
        return import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'noether_sym' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_HOMES})
