"""The version, in one place, and those of what decides a result."""

from __future__ import annotations

__version__ = "0.1.0"

_COMPUTING = ("numpy", "scipy", "sympy", "torch", "pint")
_BESIDE = (
    "pandas",
    "pyarrow",
    "msgspec",
    "click",
    "matplotlib",
    "joblib",
    "numba",
    "scikit-learn",
    "distributed",
    "av",
)


def computing() -> dict[str, str]:
    """Versions of noether-sym, Python and what computes a run."""
    import platform

    found = {"noether-sym": __version__, "python": platform.python_version()}
    return {**found, **{name: _installed(name) for name in _COMPUTING}}


def installed() -> dict[str, str]:
    """The same with the libraries that read, write and speed up; nothing is imported for it."""
    return {**computing(), **{name: _installed(name) for name in _BESIDE}}


def _installed(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
