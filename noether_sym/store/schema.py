"""What the JSON files of a run must hold, checked when they are read.

A file may be edited by hand, cut short or come from elsewhere; what is read beyond this
check is there and of the right type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from noether_sym.errors import RunError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBER = (int, float)
_PERHAPS_NUMBER = (int, float, type(None))
_PERHAPS_TEXT = (str, type(None))

_MOMENTS = {"mean": _PERHAPS_NUMBER, "std": _PERHAPS_NUMBER}
_LAW = {
    "rank": int,
    "family": int,
    "expression": str,
    "unit": str,
    "parameters": [
        {"name": str, "value": _NUMBER, "unit": str, "stderr": _PERHAPS_NUMBER},
    ],
    "size": int,
    "conservation_ratio": _PERHAPS_NUMBER,
    "random_ratio": _PERHAPS_NUMBER,
    "heldout_ratio": _PERHAPS_NUMBER,
    "status": str,
    "selected": bool,
    "inputs": [{"name": str, "unit": str}],
    "tree": list,
}

RUN: dict[str, Any] = {
    "format": int,
    "name": str,
    "identity": {
        "dataset_sha256": str,
        "grammar": [str],
        "depth": int,
        "factor": _NUMBER,
        "seed": int,
        "version": str,
    },
    "data": {
        "dataset": str,
        "noise": _NUMBER,
        "units": dict,
        "unitless": bool,
        "time": _PERHAPS_TEXT,
        "trajectory": _PERHAPS_TEXT,
        "columns": [str],
        "drop_missing": bool,
        "seed": int,
    },
    "search": {"grammar": str, "depth": int, "factor": _NUMBER, "window": (str, int)},
    "dataset": {"name": str, "source": str, "columns": [dict], "notes": [str]},
    "raw_counts": [int],
    "stages": dict,
}
PLAN: dict[str, Any] = {
    "top": int,
    "seeds": int,
    "epochs": int,
    "weight_decay": _NUMBER,
    "loss": str,
}
LAWS: dict[str, Any] = {
    "dataset": str,
    "inputs": [{"name": str, "unit": str}],
    "counts": {"candidates": int, "distinct": int, "fitted": int, "accepted": int},
    "independent_laws": int,
    "window": (int, type(None)),
    "laws": [_LAW],
    "candidates_not_accepted": [{**_LAW, "reason": str}],
}
TAILORING: dict[str, Any] = {
    "options": dict,
    "selected": _PERHAPS_TEXT,
    "candidates": [{"expression": str, "accepted": bool}],
    "seeds": [{"seed": int, "controls": [dict], "trials": [{"status": str}]}],
    "summary": [
        {
            "method": str,
            **dict.fromkeys(("train_rmse", "test_rmse", "test_mse", "energy_mse"), _MOMENTS),
            "rmse_over_vanilla": _PERHAPS_NUMBER,
        }
    ],
}


def check(document: Any, wanted: Any, where: str) -> None:
    """Check that a document holds what is wanted; more than that it may hold.

    Parameters
    ----------
    document : JSON
    wanted : dict, list of one, type or tuple of types
        A dict names entries, a list of one says what each member is.
    where : str
        The file and the place in it, for the message.

    Raises
    ------
    RunError
        If an entry is missing or of another type.
    """
    if isinstance(wanted, Mapping):
        _expect(isinstance(document, dict), where)
        for name, inner in wanted.items():
            _expect(name in document, f"{where}, entry {name!r}")
            check(document[name], inner, f"{where}, entry {name!r}")
    elif isinstance(wanted, list):
        _expect(isinstance(document, list), where)
        for number, member in enumerate(document):
            check(member, wanted[0], f"{where}[{number}]")
    else:
        kinds = wanted if isinstance(wanted, tuple) else (wanted,)
        boolean = isinstance(document, bool)
        _expect(isinstance(document, kinds) and (not boolean or bool in kinds), where)


def check_curves(arrays: Mapping[str, NDArray[Any]], where: str) -> None:
    """Check that arrays are the curves that the tailoring keeps for the figures.

    Parameters
    ----------
    arrays : mapping
        ``times`` (time,), ``methods`` (method,), ``error/<method>`` and ``energy/<method>``
        of shape (time,); more than that it may hold.
    where : str
        The file, for the message.

    Raises
    ------
    RunError
        If one is missing, or is of another shape or type.
    """
    for name, kind in (("times", "f"), ("methods", "U")):
        found = name in arrays and arrays[name].ndim == 1 and arrays[name].dtype.kind == kind
        _expect(found, f"{where}, array {name!r}")
    wanted = {f"error/{method}" for method in arrays["methods"].tolist()}
    for name in sorted(wanted | {name for name in arrays if name.startswith("energy/")}):
        _expect(
            name in arrays
            and arrays[name].dtype.kind == "f"
            and arrays[name].shape == arrays["times"].shape,
            f"{where}, array {name!r}",
        )


def _expect(found: bool, where: str) -> None:
    if not found:
        raise RunError(
            f"{where}: missing or of the wrong type; the file was changed or comes from another "
            "version, so run the stage again with --fresh, or in another --results folder"
        )
