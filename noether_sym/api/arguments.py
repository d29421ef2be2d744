"""Arguments of the Python interface: checked, and in the form that the stages take."""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from noether_sym.errors import OptionError
from noether_sym.store.limits import METHODS
from noether_sym.store.options import DataOptions, SearchOptions
from noether_sym.tailor.limits import DEFAULT_BUDGET as DEFAULT_TAILORING
from noether_sym.tailor.options import DEVICES

READING = tuple(name for name in DataOptions.__struct_fields__ if name != "dataset")
"""What every verb takes beside the data, to read them."""

_TABLES = ("names", "dt")
_WHERE = re.compile(r"(.*?)(?: - at `\$\.?(.*)`)?", re.DOTALL)
_WORDS = {
    "object": "a mapping",
    "array": "a sequence",
    "null": "None",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "True or False",
}
_CALLED = {"method": "search", "factor": "acceptance"}
_Options = TypeVar("_Options", DataOptions, SearchOptions)


def data_options(dataset: str, reading: Mapping[str, Any]) -> DataOptions:
    """How to read the data, from the arguments of a call.

    One name stands for a sequence of one; None is as if not given.

    Raises
    ------
    OptionError
        If an argument is not known, or has a wrong type.
    """
    for name in reading:
        if name not in READING:
            close = difflib.get_close_matches(name, (*READING, *_TABLES), n=1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            raise OptionError(f"there is no argument {name!r}{meant}")
    given = {name: value for name, value in reading.items() if value is not None}
    for name in ("columns", "parameters", "derivatives"):
        if isinstance(given.get(name), str):
            given[name] = (given[name],)
    if isinstance(given.get("constants"), Mapping):
        numbers = int | float | np.number
        given["constants"] = {
            name: str(own) if isinstance(own, numbers) else own
            for name, own in given["constants"].items()
        }
    if isinstance(given.get("sigma"), Mapping):
        for name, own in given["sigma"].items():
            if np.ndim(own) > 0:
                raise OptionError(
                    f"sigma of {name!r} holds {np.size(own)} numbers, and the data are named; give "
                    "the name of their column that holds them"
                )
    return _converted(DataOptions, {"dataset": dataset, **given})


def search_options(given: Mapping[str, Any]) -> SearchOptions:
    """What to search, and how far, from the arguments of a call.

    Raises
    ------
    OptionError
        If an argument has a wrong type, or is out of range.
    """
    own = _converted(SearchOptions, given)
    _among("search", own.method, METHODS)
    _among("device", own.device, DEVICES)
    _above("budget", own.budget, 0.0)
    _above("acceptance", own.factor, 1.0)
    check_window(own.window)
    if not 0.0 < own.fdr < 1.0:
        raise OptionError(f"fdr is {own.fdr}; give a share between 0 and 1, such as 0.01")
    if own.decoys < 0:
        raise OptionError(f"decoys is {own.decoys}; give their number, from 0 up")
    if own.depth is not None and own.depth < 1:
        raise OptionError(f"depth is {own.depth}; give a number of nodes, at least 1")
    return own


def check_tailoring(budget: Any, exhaustive: Any) -> None:
    """Refuse what is no budget of a tailoring.

    Raises
    ------
    OptionError
        If the budget is no number above 0, `exhaustive` is neither True nor False, or there is a
        budget for what has none.
    """
    budget = plain(budget)
    if isinstance(budget, bool) or not isinstance(budget, int | float):
        raise OptionError(f"tailor_budget is {budget!r}; give a number of seconds")
    _above("tailor_budget", budget, 0.0)
    if not isinstance(exhaustive, bool):
        raise OptionError(f"exhaustive is {exhaustive!r}; give True or False")
    if exhaustive and budget != DEFAULT_TAILORING:
        raise OptionError(
            "exhaustive tries the whole grid, which has no budget; leave out it or tailor_budget"
        )


def check_window(window: Any) -> None:
    """Refuse what is not a window.

    Raises
    ------
    OptionError
        If it is neither ``auto``, ``full`` nor a number of samples above 1.
    """
    is_number = isinstance(window, int) and not isinstance(window, bool) and window > 1
    if window not in ("auto", "full") and not is_number:
        raise OptionError(
            f"window is {window!r}; give 'auto', 'full' or a number of samples above 1"
        )


def is_named(data: Any) -> bool:
    """Whether data are named: a built-in data set, or a path."""
    return isinstance(data, str | os.PathLike)


def check_names(data: Any, names: Any, dt: Any) -> None:
    """Refuse what describes tables of a program where data are named, or is of a wrong type.

    Raises
    ------
    OptionError
    """
    if is_named(data):
        for name, value in (("names", names), ("dt", dt)):
            if value is not None:
                raise OptionError(f"{name} describes arrays, and the data are {str(data)!r}")
    if names is not None and (
        isinstance(names, str) or not all(isinstance(one, str) for one in _listed("names", names))
    ):
        raise OptionError(f"names is {names!r}; give a list of texts, as in ['q', 'p']")
    if dt is not None and not isinstance(plain(dt), int | float):
        raise OptionError(f"dt is {dt!r}; give the time between samples, a number")


def check_units(units: Any) -> None:
    """Refuse what is neither a mapping nor a list of texts.

    Raises
    ------
    OptionError
    """
    values = units.values() if isinstance(units, Mapping) else units
    if units is not None and (
        isinstance(units, str) or not all(isinstance(one, str) for one in _listed("units", values))
    ):
        raise OptionError(
            f"units is {units!r}; give a mapping, as in {{'q': 'rad'}}, or one text a column"
        )


def folder(name: str, path: Any) -> Path:
    """An argument that is a path.

    Raises
    ------
    OptionError
        If it is none.
    """
    if not is_named(path):
        raise OptionError(f"{name} is {path!r}; give a path")
    return Path(path)


def count(name: str, number: Any) -> int | None:
    """An argument that is a number from 1 up, or None.

    Raises
    ------
    OptionError
        If it is neither.
    """
    own = plain(number)
    if own is not None and (not isinstance(own, int) or isinstance(own, bool) or own < 1):
        raise OptionError(f"{name} is {number!r}; give a whole number, at least 1")
    return own


def plain(value: Any) -> Any:
    """Scalars of NumPy as those of Python, paths as text, inside of containers too."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, os.PathLike):
        return str(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    if isinstance(value, np.ndarray) and value.dtype.kind in "US" and value.ndim == 1:
        return tuple(value.tolist())
    return value


def _listed(name: str, values: Any) -> list[Any]:
    try:
        return list(values)
    except TypeError:
        raise OptionError(f"{name} is {values!r}; give a list of texts") from None


def _converted(kind: type[_Options], given: Mapping[str, Any]) -> _Options:
    try:
        return msgspec.convert(plain(given), kind)
    except msgspec.ValidationError as error:
        match = _WHERE.fullmatch(str(error))
        assert match is not None  # the pattern takes any text
        field, _, inside = (match[2] or "").replace("[...]", ".").partition(".")
        name = _CALLED.get(field, field)
        value = given.get(field)
        shown = f"{name} is {value!r}" if len(repr(value)) < 80 else name
        within = " inside" if inside else ""
        said = re.sub(r"[a-z]+", lambda word: _WORDS.get(word[0], word[0]), match[1])
        said = said.replace("`", "").replace(" | ", " or ")
        said = re.sub(r">= 0(\.0)?$", "from 0 up", said)
        raise OptionError(f"{shown}; {said[0].lower()}{said[1:]}{within}") from None


def _among(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        close = difflib.get_close_matches(value, known, n=1)
        meant = f"; did you mean {close[0]!r}?" if close else ";"
        raise OptionError(f"{name} is {value!r}{meant} known: {', '.join(known)}")


def _above(name: str, value: float, least: float) -> None:
    if not (math.isfinite(value) and value > least):
        raise OptionError(f"{name} is {value}; give a number above {least:g}")
