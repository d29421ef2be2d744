"""Folders of the user's."""

from __future__ import annotations

from pathlib import Path


def cache_folder() -> Path:
    """Where what was downloaded, tracked, decoded or generated is kept from call to call."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("noether-sym", appauthor=False))
