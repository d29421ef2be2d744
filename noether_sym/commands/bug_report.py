"""``noether-sym bug-report``: what a report of a fault should say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands import THREADS
from noether_sym.commands.completion import complete_runs
from noether_sym.commands.options import json_option, results_option

if TYPE_CHECKING:
    from noether_sym.store.run import Run


@click.command("bug-report", short_help="Versions, options and shape of a run, without data.")
@click.argument("name", metavar="[RUN]", required=False, shell_complete=complete_runs)
@results_option
@json_option
def command(name: str | None, results: Path, as_json: bool) -> None:
    """Print what a report of a fault should say, to be pasted into it.

    Versions, the machine, and of RUN (a folder or name; by default the newest run, if there is
    one) the options, the columns and their units, how many samples there are, and the notes on
    the data. No samples, no laws, no folders of yours. Read it before you send it: names of
    files and columns are in it, and what the notes say.
    """
    from noether_sym.commands.console import Screen
    from noether_sym.store.without_paths import without_folders

    found: dict[str, Any] = {"machine": _machine(), "run": without_folders(_run(name, results))}
    screen = Screen(as_json=as_json, quiet=False)
    screen.json(found)
    if found["run"] is None:
        found["run"] = {"run": "none in the folder of results; name one for its options"}
    for title, facts in found.items():
        screen.say(f"## {title}\n")
        for key, value in facts.items():
            screen.say(f"- {key}: {_written(value)}")
        screen.say("")


def _machine() -> dict[str, Any]:
    import os
    import platform

    from noether_sym._version import installed

    given: dict[str, str | None] = click.get_current_context().meta.get(THREADS, {})
    return {
        **installed(),
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "cores": os.cpu_count(),
        "CUDA": _cuda(),
        **{name: value or "not set, so 1" for name, value in given.items()},
    }


def _cuda() -> str:
    """The version of CUDA that torch is made for, and the devices that it sees."""
    import torch

    if torch.version.cuda is None:
        return "none (torch without CUDA)"
    names = [torch.cuda.get_device_name(own) for own in range(torch.cuda.device_count())]
    return f"{torch.version.cuda}, {'; '.join(names) or 'no device'}"


def _run(name: str | None, results: Path) -> dict[str, Any] | None:
    from noether_sym.errors import RunError
    from noether_sym.store import runs
    from noether_sym.store.run import RUN_FILE

    if name is None:
        try:
            return _facts(runs.newest_run(results, RUN_FILE))
        except RunError:
            return None
    return _facts(runs.find_run(name, results))


def _facts(run: Run) -> dict[str, Any]:
    """Facts of a run; of a damaged one what is wrong with it."""
    from noether_sym.errors import RunError
    from noether_sym.store.schema import LawsDocument, RunDocument, to_json

    try:
        held = run.read(RunDocument)
    except RunError as error:
        return {"run": run.name, "error": str(error)}
    data = held.dataset
    found: dict[str, Any] = {
        "run": run.name,
        "made with": held.versions,
        "device": held.device,
        "algorithm": held.identity.algorithm,
        "seed": held.identity.seed,
        "search": to_json(held.search),
        "reading": _changed(held.data),
        "tailoring": to_json(held.tailoring),
        "stages": to_json(held.stages),
        "columns": [
            f"{own.name} [{own.given}{'' if own.given == own.unit else f', as {own.unit}'}]"
            for own in data.columns
        ],
        "time": data.time_unit,
        "trajectories": to_json(data.trajectories),
        "samples": to_json(data.samples),
        "dx/dt": data.derivative,
        "notes": list(data.notes),
    }
    if held.stages.fit is not None:
        try:
            laws = run.read(LawsDocument)
            found["counts"] = to_json(laws.counts)
            found["verdicts"] = [own.verdict for own in laws.laws]
        except RunError as error:
            found["error"] = str(error)
    return found


def _changed(options: Any) -> dict[str, Any]:
    """Options of reading that are not the default."""
    from noether_sym.store.schema import to_json

    usual = to_json(type(options)())
    own = {key: value for key, value in to_json(options).items() if value != usual[key]}
    return {**own, "dataset": Path(options.dataset).name}


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_written(own)}" for key, own in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(map(_written, value)) or "none"
    return "none" if value is None else str(value)
