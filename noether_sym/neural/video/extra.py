"""Packages of the extra `video`, and what to say where one is missing."""

from __future__ import annotations

import importlib.util

from noether_sym.errors import OptionError, install


def need(package: str) -> None:
    """Refuse to go on without a package of the extra.

    Raises
    ------
    OptionError
        If it is not installed, with the command that installs it.
    """
    if importlib.util.find_spec(package) is None:
        raise OptionError(
            f"the package {package} is missing, which predicting video needs; install it: "
            f"{install('video')}"
        )
