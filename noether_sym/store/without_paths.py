"""Texts of a run without the folders of the machine that it was made on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_FOLDERS = re.compile(
    r"(?<![\w)\]°%²³.])(?:~|[A-Za-z]:)?[/\\]"
    r"(?:[^/\\\s:;,'\"()]+[/\\])*(?=[^/\\\s])"
)
"""An absolute path up to its last part; the stroke of a unit follows a letter."""


def without_folders(value: Any) -> Any:
    """Plain values with every absolute path shortened to its last part.

    Parameters
    ----------
    value : str, dict, list, tuple or a number
        Of a dict only the values are changed.
    """
    if isinstance(value, str):
        home = str(Path.home())
        text = value.replace(home, "~") if len(home) > 1 else value
        return _FOLDERS.sub("", text)
    if isinstance(value, dict):
        return {key: without_folders(own) for key, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_folders(own) for own in value]
    return value
