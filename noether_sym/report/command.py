"""The command that makes a run again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from noether_sym.report.lookup import Entry, part

_DEFAULTS = {
    "noise": 0.0,
    "factor": 100.0,
    "window": "auto",
    "top": 20,
    "seeds": 1,
    "epochs": 100,
    "weight_decay": 1e-4,
    "loss": "drift",
}


def command_line(run: Entry, tailoring: Entry | None = None) -> str:
    """The shell command, options that have their default left out; empty if not known."""
    if isinstance(run.get("command"), str):
        return str(run["command"])
    data, search = part(run, "data"), part(run, "search")
    if "dataset" not in data:
        return ""
    words = ["noether-sym", "run", "--dataset", str(data["dataset"])]
    words += _changed(data, {"noise": "--noise"})
    for name, unit in part(data, "units").items():
        words += ["--unit", f"{name}={unit}"]
    words += ["--unitless"] if data.get("unitless") else []
    words += ["--time", str(data["time"])] if data.get("time") else []
    for key in ("grammar", "depth"):
        words += [f"--{key}", str(search[key])] if search.get(key) is not None else []
    words += _changed(search, {"factor": "--acceptance", "window": "--window"})
    words += ["--seed", str(data.get("seed", 0))]
    names = ("top", "seeds", "epochs", "weight_decay", "loss")
    flags = {name: f"--{name.replace('_', '-')}" for name in names}
    words += _changed(part(tailoring or {}, "options"), flags)
    return shlex.join(words)


def _changed(options: Entry, flags: Mapping[str, str]) -> list[str]:
    words = []
    for key, flag in flags.items():
        if options.get(key) not in (None, _DEFAULTS[key]):
            words += [flag, str(options[key])]
    return words
