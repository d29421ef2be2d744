"""Look-ups in JSON that may lack anything, since runs stop at any stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Entry = Mapping[str, Any]
"""A JSON object."""


def at(document: Entry, *keys: str) -> Any:
    """A nested value; None where a key is missing."""
    value: Any = document
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def objects(document: Entry, *keys: str) -> list[Entry]:
    """The objects of a nested list; none where it is missing."""
    value = at(document, *keys)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def part(document: Entry, *keys: str) -> Entry:
    """A nested object; an empty one where it is missing."""
    value = at(document, *keys)
    return value if isinstance(value, Mapping) else {}
