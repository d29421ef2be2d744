"""Names that columns of a table have by habit."""

from __future__ import annotations

import re

TIME, TRAJECTORY = "t", "trajectory"
TIMES = (TIME, "time")

_UNIT = re.compile(r"\s*\[[^\[\]]*\]\s*\Z")


def bare(header: str) -> str:
    """The name in a header such as ``q [rad]``, without its unit."""
    return _UNIT.sub("", header.strip())


def is_time(header: str) -> bool:
    """Whether a header names the time by habit."""
    name = bare(header)
    return name in TIMES or name.lower() == TIMES[-1]
