"""Answers that are kept, so that a benchmark that was cut short goes on where it stopped.

An answer is kept under a name and a digest of what decides it: its sources. The answers of a
folder are packed into one file beside it, FOLDER.jsonl, which can be published with the page, and
from which a benchmark goes on elsewhere.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import noether_sym

DATA = ("units", "runtime", "dsl", "datasets", "laws")
"""Parts of the package that decide what the data are."""

SEARCH = ("statistics", "noise", "search", "verdict", "pipeline.py", "api")
"""Parts of the package that decide what is found in them."""


_QUICK = "quick "

Key = TypeVar("Key", bound=Hashable)


def part(text: str) -> tuple[int, int]:
    """Read k/n."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no part; write 2/4 for the second of four")
    return int(found[1]), int(found[2])


def parser(description: str, unit: str) -> argparse.ArgumentParser:
    """A parser with what every resumable benchmark takes."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--part", type=part, default=(1, 1), help=f"k/n: every n-th {unit} from k")
    made.add_argument("--fresh", action="store_true", help="compute again")
    made.add_argument("--page", action="store_true", help="compute nothing, write the page")
    made.add_argument("--output", type=Path, default=Path("results"))
    return made


def sections_of(
    taken: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
    known: Collection[str],
    ways: Collection[str] = (),
) -> tuple[argparse.Namespace, list[str]]:
    """The options, and which sections to run: a parser's last arguments and its reading.

    Where there are ways to run a case, `options.ways` is a list of those asked for.
    """
    taken.add_argument(
        "--only", default=",".join(known), help="sections, with commas; by default all"
    )
    if ways:
        taken.add_argument(
            "--ways", default=",".join(ways), help="with commas; by default all of a section"
        )
    taken.add_argument("--quick", action="store_true", help="the first case of each section")
    options = taken.parse_args(arguments)
    if ways:
        options.ways = _names_of(taken, "ways", options.ways, ways)
    return options, _names_of(taken, "sections", options.only, known)


def _names_of(
    taken: argparse.ArgumentParser, kind: str, text: str, known: Collection[str]
) -> list[str]:
    """Names with commas between, each of which must be known."""
    chosen = text.split(",")
    if unknown := set(chosen) - set(known):
        taken.error(f"unknown {kind} {sorted(unknown)}; known: {','.join(known)}")
    return chosen


def path_of(folder: Path, name: str, sources: str, *, quick: bool = False) -> Path:
    """Where the answer of a name is kept, if its sources are these.

    One of a quick call has a name of its own: it never stands for the full answer, nor replaces it.
    """
    name = f"{_QUICK}{name}" if quick else name
    key = hashlib.sha256(f"{name}\0{sources}".encode()).hexdigest()[:12]
    return folder / f"{name.replace(' ', '_')}-{key}.json"


def held(path: Path) -> dict[str, Any] | None:
    """The answer that is kept, by itself or packed; None where there is none."""
    if not path.is_file():
        return _packed(path.parent).get(path.name)
    answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return answer


def latest(path: Path) -> tuple[dict[str, Any] | None, bool]:
    """The answer that a page shows, and whether its sources are those of now.

    Where there is none of these sources, that of earlier ones: it was measured, and a page says so.
    """
    own = held(path)
    if own is not None:
        return own, True
    for older in _same_name(path):
        return held(older), False
    for name, answer in _packed(path.parent).items():
        if _unkeyed(name) == _unkeyed(path.name):
            return answer, False
    return None, False


def answers_shown(
    paths: Mapping[Key, Path], made: Mapping[Key, dict[str, Any]] | None = None
) -> tuple[dict[Key, dict[str, Any] | None], set[Key]]:
    """The answers that a page shows, and those of them that are of earlier sources.

    What was `made` by this very call comes first: of missing data no answer is kept.
    """
    found = {key: latest(path) for key, path in paths.items()}
    older = {key for key, (own, current) in found.items() if own is not None and not current}
    answers = {key: own for key, (own, _) in found.items()} | dict(made or {})
    return answers, older - set(made or {})


def publish(target: Path, text: str, folder: Path) -> None:
    """Write a page, and the answers of a folder packed beside it."""
    target.write_text(text, encoding="utf-8")
    pack(folder)
    print(f"{target} written")


def pack(folder: Path) -> None:
    """Pack the answers of a folder, beside those packed before that none of them replaces.

    Those of quick calls stay where they are.
    """
    quick = _QUICK.replace(" ", "_")
    own = {
        path.name: held(path) for path in folder.glob("*.json") if not path.name.startswith(quick)
    }
    replaced = {_unkeyed(name) for name in own}
    older = {name: one for name, one in _packed(folder).items() if _unkeyed(name) not in replaced}
    lines = (f"{json.dumps(item)}\n" for item in sorted({**older, **own}.items()))
    if text := "".join(lines):
        pack_of(folder).write_text(text, encoding="utf-8")


def sections_of_page(target: Path) -> dict[str, str]:
    """The sections of a page that is there, by title."""
    if not target.is_file():
        return {}
    parts = re.split(r"^## (.+)\n", target.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {title: body.strip() for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def of_earlier_sources(count: int, every: int) -> str:
    """How many of the answers that are shown were measured with earlier sources, as a sentence."""
    verb = "was" if count == 1 else "were"
    return f"{count} of {every} answers {verb} measured with earlier sources." if count else ""


def pack_of(folder: Path) -> Path:
    """Where the answers of a folder are packed."""
    return folder.with_suffix(".jsonl")


def _packed(folder: Path) -> dict[str, dict[str, Any]]:
    """Packed answers of a folder, by file."""
    path = pack_of(folder)
    return _read(path, path.stat().st_mtime_ns) if path.is_file() else {}


@functools.cache
def _read(path: Path, _changed: int) -> dict[str, dict[str, Any]]:
    return dict(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def _unkeyed(name: str) -> str:
    """The name of an answer's file without the digest of its sources."""
    return name.rpartition("-")[0]


def _same_name(path: Path) -> list[Path]:
    """Files of answers of this name, whatever their sources."""
    return [own for own in path.parent.glob("*.json") if _unkeyed(own.name) == _unkeyed(path.name)]


def keep(path: Path, answer: dict[str, Any]) -> None:
    """Keep an answer in place of those of other sources; missing data may come."""
    if answer.get("status") == "missing":
        return
    for older in _same_name(path):
        older.unlink()
    whole = path.with_suffix(".part")
    whole.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    whole.replace(path)


@functools.cache
def digest(rooms: tuple[str, ...], own: tuple[str, ...]) -> str:
    """Digest of the sources of rooms of the package, and of files of this folder."""
    package, here = Path(noether_sym.__file__).parent, Path(__file__).parent
    places = [*(package / room for room in rooms), *(here / name for name in own)]
    files = [path for place in places for path in (sorted(place.rglob("*.py")) or [place])]
    found = hashlib.sha256()
    for path in files:
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()
