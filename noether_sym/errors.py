"""The errors that noether-sym raises on purpose.

Every message says what was wrong, where, and what to do. Each class also inherits
the builtin that a caller would expect, and takes the message alone, so that errors
survive pickling on their way back from a worker.
"""

from __future__ import annotations


class NoetherSymError(Exception):
    """Base of every error that noether-sym raises on purpose."""


class UnitError(NoetherSymError, ValueError):
    """A unit is unknown, or units do not fit together."""


class GrammarError(NoetherSymError, ValueError):
    """A grammar, a formula or a search depth is not usable."""


class DatasetError(NoetherSymError, ValueError):
    """A data set is unknown, missing or malformed."""


class OptionError(NoetherSymError, TypeError, ValueError):
    """An argument is not known, of a wrong type or out of range."""


class DomainError(NoetherSymError, ValueError):
    """A formula is evaluated where it is not defined."""


class DeviceError(NoetherSymError, RuntimeError):
    """The device that was asked for is not there."""


class RunError(NoetherSymError, RuntimeError):
    """A run folder is missing, incomplete, damaged, in use, or of another making."""


class StorageError(RunError):
    """Results cannot be written: no space, no permission."""


def install(extra: str) -> str:
    """How messages say that an extra is installed: from a clone, for no index has the package."""
    return f"in a clone of noether-sym, pip install '.[{extra}]'"
