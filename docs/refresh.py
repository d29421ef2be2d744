"""Run the commands that a page shows, and put what they print today into the page.

    python docs/refresh.py docs/howto/compare.md

The commands of all blocks ```console run in their order in an empty folder, which has a link
``docs`` to this one. A command that the page shows without output keeps none.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", flags=re.S | re.M)
WIDTH = "80"
"""Columns of a terminal, for which the pages are written."""


def refreshed(text: str, folder: Path) -> str:
    """The text of a page with what its commands print in a folder."""
    return BLOCK.sub(lambda found: "".join(_session(found.group(), folder)), text)


def _session(block: str, folder: Path) -> list[str]:
    parts = []
    for part in re.split(r"^(?=\$ )", block, flags=re.M):
        command, _, shown = part.partition("\n")
        if not command.startswith("$ "):
            parts.append(part)
            continue
        printed = _printed(command.removeprefix("$ "), folder)
        parts.append(f"{command}\n{printed if shown.strip() else shown}")
    return parts


def _printed(command: str, folder: Path) -> str:
    own = {
        "COLUMNS": WIDTH,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | own,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.rstrip().splitlines())


def main(names: list[str]) -> None:
    """Refresh pages."""
    for name in names:
        page = Path(name)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "docs").symlink_to(DOCS)
            text = refreshed(page.read_text(encoding="utf-8"), Path(folder))
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
