"""What a stage tells whoever runs it and asks of them: progress, finished pieces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

Progress = Callable[[str, int, int], None]
"""Called with the stage, how much is done, and of how much."""


class Cache(Protocol):
    """Finished pieces of a stage by key, so that a run that was cut short goes on where it was."""

    def read(self, key: str) -> dict[str, NDArray[Any]] | None:
        """The arrays under a key; None if there are none that can be trusted."""

    def write(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays under a key."""
