"""The command that makes a run again."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from noether_sym.store.options import DataOptions, SearchOptions
from noether_sym.store.schema import RunDocument
from noether_sym.tailor.document import TailoringDocument
from noether_sym.tailor.options import TailorOptions

_DATA, _SEARCH, _TAILORING = DataOptions(), SearchOptions(), TailorOptions()
_FLAGS = MappingProxyType(
    {
        "units": "--unit",
        "parameters": "--parameter",
        "vectors": "--vector",
        "constants": "--constant",
    }
)
_JOINED = MappingProxyType({"derive": " = "})
_LISTED = frozenset({"rates"})


def command_line(
    run: RunDocument,
    tailoring: TailoringDocument | None = None,
    *,
    verb: str = "run",
    brief: bool = False,
) -> str:
    """The shell command; options that have their default are left out.

    But for those that decide what is searched, unless it is to be `brief`: another version may
    have other defaults.
    """
    data, search = run.data, run.search
    words = ["noether-sym", verb, *(() if brief else ("--dataset",)), data.dataset]
    for name in DataOptions.__struct_fields__:
        value = getattr(data, name)
        if name not in ("dataset", "seed") and value != getattr(_DATA, name):
            words += _written(name, _FLAGS.get(name, f"--{name.replace('_', '-')}"), value)
    usual = _SEARCH if brief else None
    words += _changed(usual, search, {"method": "--search", "grammar": "--grammar"})
    words += ["--depth", str(search.depth)] if search.given else []
    if usual is None or search.budget != usual.budget:
        words += ["--budget", f"{search.budget:g}s"]
    words += _changed(
        _SEARCH, search, {"factor": "--acceptance", "fdr": "--fdr", "window": "--window"}
    )
    words += _changed(_SEARCH, search, {"decoys": "--decoys"})
    words += _changed(_DATA if brief else None, data, {"seed": "--seed"})
    if tailoring is not None:
        names = ("top", "seeds", "epochs", "weight_decay", "loss")
        flags = {name: f"--{name.replace('_', '-')}" for name in names}
        words += _changed(_TAILORING, tailoring.options, flags)
        words += _budgeted(tailoring.options.budget)
    return shlex.join(words)


def _budgeted(budget: float | None) -> list[str]:
    """The budget of the tailoring, where it is not the default."""
    if budget is None:
        return ["--exhaustive"]
    return [] if budget == _TAILORING.budget else ["--tailor-budget", f"{budget:g}s"]


def _written(name: str, flag: str, value: Any) -> list[str]:
    """An option of the data as words of the command line, by the type of its value."""
    if value is True:
        return [flag]
    if isinstance(value, Mapping):
        pairs = [
            f"{key}{_JOINED.get(name, '=')}{one if isinstance(one, str) else _text(one)}"
            for key, one in value.items()
        ]
        if name in _LISTED:
            return [flag, _listed(pairs)]
        return [word for pair in pairs for word in (flag, pair)]
    return [flag, _text(value)]


def _text(value: Any) -> str:
    """A list of names with commas; a number with all its digits; a text as it is."""
    if isinstance(value, (tuple, list)):
        return _listed(value)
    return value if isinstance(value, str) else repr(value)


def _listed(names: Sequence[str]) -> str:
    """Names with commas between, quoted where they hold commas themselves."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()


def _changed(defaults: object | None, options: object, flags: dict[str, str]) -> list[str]:
    """Options that differ from their defaults as words; all of them where there are none."""
    words = []
    for key, flag in flags.items():
        value = getattr(options, key)
        if defaults is None or value != getattr(defaults, key):
            words += [flag, str(value)]
    return words
