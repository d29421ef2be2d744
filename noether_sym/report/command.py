"""The command that makes a run again."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Sequence

from noether_sym.store.options import DataOptions, SearchOptions
from noether_sym.store.schema import RunDocument
from noether_sym.tailor.document import TailoringDocument
from noether_sym.tailor.options import TailorOptions

_DATA, _SEARCH, _TAILORING = DataOptions(), SearchOptions(), TailorOptions()


def command_line(run: RunDocument, tailoring: TailoringDocument | None = None) -> str:
    """The shell command; options that have their default are left out."""
    data, search = run.data, run.search
    words = ["noether-sym", "run", "--dataset", data.dataset]
    words += _changed(_DATA, data, {"noise": "--noise"})
    for name, unit in data.units.items():
        words += ["--unit", f"{name}={unit}"]
    words += ["--unitless"] if data.unitless else []
    words += ["--time", data.time] if data.time else []
    words += ["--trajectory", data.trajectory] if data.trajectory else []
    words += ["--columns", _listed(data.columns)] if data.columns else []
    words += ["--drop-missing"] if data.drop_missing else []
    words += ["--parameter", _listed(data.parameters)] if data.parameters else []
    rates = [f"{name}={column}" for name, column in data.rates.items()]
    words += ["--rates", _listed(rates)] if rates else []
    words += ["--with-time"] if data.with_time else []
    for name, text in data.derive.items():
        words += ["--derive", f"{name} = {text}"]
    for name, columns in data.vectors.items():
        words += ["--vector", f"{name}={_listed(columns)}"]
    for name, sigma in data.sigma.items():
        words += ["--sigma", f"{name}={sigma!r}"]
    for name, text in data.constants.items():
        words += ["--constant", f"{name}={text}"]
    words += ["--search", search.method, "--grammar", search.grammar]
    words += ["--depth", str(search.depth)] if search.given else []
    words += ["--budget", f"{search.budget:g}s"]
    words += _changed(
        _SEARCH, search, {"factor": "--acceptance", "fdr": "--fdr", "window": "--window"}
    )
    words += _changed(_SEARCH, search, {"decoys": "--decoys"})
    words += ["--seed", str(data.seed)]
    if tailoring is not None:
        names = ("top", "seeds", "epochs", "weight_decay", "loss")
        flags = {name: f"--{name.replace('_', '-')}" for name in names}
        words += _changed(_TAILORING, tailoring.options, flags)
    return shlex.join(words)


def _listed(names: Sequence[str]) -> str:
    """Names with commas between, quoted where they hold commas themselves."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()


def _changed(defaults: object, options: object, flags: dict[str, str]) -> list[str]:
    words = []
    for key, flag in flags.items():
        value = getattr(options, key)
        if value != getattr(defaults, key):
            words += [flag, str(value)]
    return words
