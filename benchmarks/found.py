"""What the default search finds in every built-in data set, failures included.

    python -m benchmarks.found [--only NAMES] [--fresh] [--quick] [--output DIR] [--runs DIR]
                               [--readme FILE]

Each data set is searched in a process of its own, and what came out is kept in
results/found/NAME.json, so that a call that was cut short goes on where it stopped; ``--fresh``
searches again, which is what a change of the search asks for. Writes results/found.md, and the
table in README.md between the lines ``<!-- found: begin -->`` and ``<!-- found: end -->``.

Whether a found quantity is a law is judged by its values, never by its text: it must be constant
along trajectories that the search has not seen, from another seed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._measure import between, run_child, table
from noether_sym import Discovery, Law
from noether_sym.datasets import DatasetInfo, Trajectory, available, load
from noether_sym.errors import DatasetError

GRAMMAR, DEPTH = "paper", 7
FRESH_SEED = 1_000
"""Of the trajectories that judge; the search takes those of seed 0."""

CONSERVED = 1e-6
"""Largest variance ratio of a law on fresh trajectories, which are free of noise."""

CONSERVED_MEASURED = 1e-2
"""The same within windows of measured data, which have friction and noise."""

_MISSING = "not on this machine"


def main(arguments: list[str] | None = None) -> None:
    """Search what is left to search, and write both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="data sets, with commas; by default all")
    parser.add_argument("--fresh", action="store_true", help="search again")
    parser.add_argument("--quick", action="store_true", help="depth 5, to see that it works")
    parser.add_argument("--output", type=Path, default=Path("results"))
    parser.add_argument("--runs", type=Path, help="a folder that keeps the runs, or holds them")
    parser.add_argument("--readme", type=Path, help="by default README.md, if all are searched")
    options = parser.parse_args(arguments)
    depth = 5 if options.quick else DEPTH
    infos = {info.name: info for info in available()}
    chosen = options.only.split(",") if options.only else list(infos)
    unknown = set(chosen) - set(infos)
    if unknown:
        parser.error(f"unknown data sets {sorted(unknown)}; known: {', '.join(infos)}")
    cache = options.output / "found"
    cache.mkdir(parents=True, exist_ok=True)
    entries = []
    for name in chosen:
        path = cache / f"{name}.json"
        entry = None if options.fresh else _held(path, depth)
        if entry is None:
            print(f"{name} ...", file=sys.stderr, flush=True)
            entry = _searched(infos[name], depth, options.runs)
            path.write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8")
        entries.append(entry)
    page = options.output / "found.md"
    page.write_text(_page(entries, depth), encoding="utf-8")
    print(f"{page} written")
    readme = options.readme
    if readme is None and not options.only and not options.quick:
        readme = Path("README.md")
    if readme is not None:
        text = readme.read_text(encoding="utf-8")
        readme.write_text(between(text, "found", _short_table(entries, depth)), encoding="utf-8")
        print(f"the table in {readme} written")


def _held(path: Path, depth: int) -> dict[str, Any] | None:
    """What an earlier call found with the same options; None where it has to be searched."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8") as file:
        entry: dict[str, Any] = json.load(file)
    same = entry["grammar"] == GRAMMAR and entry["depth"] == depth
    return entry if same and not entry["missing"] else None


def _searched(info: DatasetInfo, depth: int, runs: Path | None) -> dict[str, Any]:
    """Search one data set, and judge what was found."""
    entry = {
        "dataset": info.name,
        "grammar": GRAMMAR,
        "depth": depth,
        "known": info.known_laws,
        "known_laws": ", ".join(f"`{one}`" for one in info.invariants) or "none",
        "missing": False,
    }
    try:
        load(info.name)
    except DatasetError:
        return {**entry, "missing": True}
    with tempfile.TemporaryDirectory() as folder:
        results = runs or Path(folder)
        command = ["-m", "noether_sym", "fit", "--dataset", info.name, "--grammar", GRAMMAR]
        command += ["--depth", str(depth), "--results", str(results), "--json"]
        _, peak, output = run_child(command)
        document = json.loads(output)
        run = _run_of(results, document)
        with (run / "run.json").open(encoding="utf-8") as file:
            stages = json.load(file)["stages"]
        found = Discovery.load(run)
        laws, fresh = found.accepted, _fresh(info, found)
    judged = judge(laws, fresh, document["window"], measured=not info.generated)
    closest = document["candidates_not_accepted"]
    return {
        **entry,
        "window": document["window"],
        "formulas": document["counts"]["candidates"],
        "distinct": document["counts"]["distinct"],
        "seconds": stages["enumerate"]["seconds"] + stages["fit"]["seconds"],
        "peak_mib": round(peak),
        **counted(judged, info.known_laws),
        "laws": judged,
        "closest": closest[0]["expression"] if closest else None,
        "closest_ratio": closest[0]["conservation_ratio"] if closest else None,
    }


def _run_of(results: Path, document: dict[str, Any]) -> Path:
    """The run of this folder that holds these laws."""
    for path in sorted(results.glob(f"{document['dataset']}-depth*/laws.json")):
        with path.open(encoding="utf-8") as file:
            if json.load(file) == document:
                return path.parent
    raise RuntimeError(f"no run in {results} holds the laws of {document['dataset']}")


def _fresh(info: DatasetInfo, found: Discovery) -> Sequence[Trajectory]:
    """Trajectories that the search has not seen."""
    if not info.generated:
        return found.dataset.test
    again = load(info.name, seed=FRESH_SEED)
    return [*again.train, *again.test]


def judge(
    laws: Sequence[Law], fresh: Sequence[Trajectory], window: int | None, *, measured: bool
) -> list[dict[str, Any]]:
    """Judge found laws by their values on trajectories that the search has not seen.

    Parameters
    ----------
    laws : sequence of Law
        Best first.
    fresh : sequence of Trajectory
    window : int, optional
        Samples within which the laws are conserved; None for whole trajectories.
    measured : bool
        Whether the trajectories hold noise and friction.

    Returns
    -------
    list of dict
        A dict a law: ``law`` (text), ``ratio`` (on the searched data), ``fresh_ratio``,
        ``true`` (conserved on the fresh trajectories), ``independent`` (true, and no function
        of the true laws before it).
    """
    bound = CONSERVED_MEASURED if measured else CONSERVED
    states = np.concatenate([one.states for one in fresh])
    kept: list[NDArray[np.float64]] = []
    judged = []
    for law in laws:
        ratio = fresh_ratio(law, fresh, window)
        true = bool(ratio < bound)
        independent = False
        if true:
            slopes = _directions(law, states)
            independent = _rank([*kept, slopes]) > len(kept)
            kept += [slopes] if independent else []
        judged.append(
            {
                "law": law.text(),
                "ratio": law.conservation_ratio,
                "fresh_ratio": ratio if np.isfinite(ratio) else None,
                "true": true,
                "independent": independent,
            }
        )
    return judged


def fresh_ratio(law: Law, fresh: Sequence[Trajectory], window: int | None) -> float:
    """Variance of a law along trajectories over its spread on shuffled columns.

    The spread is that of the middle half of the values, as a variance of a Gaussian: a pole
    on one shuffled sample does not make it large. inf where the law does not vary at all.
    """
    states = np.concatenate([one.states for one in fresh])
    generator = np.random.default_rng(FRESH_SEED)
    shuffled = np.stack([generator.permutation(column) for column in states.T], -1)
    with np.errstate(all="ignore"):
        low, high = np.quantile(law(shuffled), (0.25, 0.75))
        spread = float((high - low) / 1.349) ** 2
        parts = [part for one in fresh for part in _parts(law(one.states), window)]
        within = sum(float(((part - part.mean()) ** 2).sum()) for part in parts)
    freedom = sum(len(part) - 1 for part in parts)
    size = float(np.max(np.abs(law(states))))
    if not spread > (1e-12 * size) ** 2:
        return float("inf")
    ratio = within / freedom / spread
    return ratio if np.isfinite(ratio) else float("inf")


def _parts(values: NDArray[np.float64], window: int | None) -> list[NDArray[np.float64]]:
    """Windows of a trajectory; the rest joins the last."""
    count = 1 if window is None else max(1, len(values) // window)
    edges = [part * (window or 0) for part in range(count)] + [len(values)]
    return [values[begin:end] for begin, end in itertools.pairwise(edges)]


def _directions(law: Law, states: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit gradients of a law in columns of unit spread, shape (sample, column)."""
    slopes = law.gradient(states) * states.std(axis=0)
    length = np.linalg.norm(slopes, axis=-1, keepdims=True)
    return slopes / np.where(length > 0, length, 1.0)


def _rank(slopes: Sequence[NDArray[np.float64]]) -> int:
    """Number of functionally independent quantities: the rank of their gradients, its median."""
    return int(np.median(np.linalg.matrix_rank(np.stack(slopes, 1), tol=1e-4)))


def counted(judged: Sequence[dict[str, Any]], known: int) -> dict[str, int]:
    """Independent true laws, at most as many as are known, and the false ones.

    More independent quantities than there are laws cannot all be laws: the rest is false.
    """
    independent = sum(one["independent"] for one in judged)
    false = sum(not one["true"] for one in judged)
    return {"found": min(independent, known), "false": false + max(0, independent - known)}


def _formulas(entry: dict[str, Any]) -> str:
    if entry["missing"]:
        return _MISSING
    shown = [
        f"`{one['law']}`" + ("" if one["true"] else " (false)")
        for one in entry["laws"]
        if one["independent"] or not one["true"]
    ]
    window = entry["window"]
    about = f", approximately: within windows of {window} samples" if window and shown else ""
    return (", ".join(shown) or "none") + about


def _counts(entry: dict[str, Any]) -> list[str]:
    if entry["missing"]:
        return [str(entry["known"]), "", ""]
    return [str(entry["known"]), str(entry["found"]), str(entry["false"])]


def _short_table(entries: Sequence[dict[str, Any]], depth: int) -> str:
    """The table of the README."""
    rows = [[one["dataset"], *_counts(one), _formulas(one)] for one in entries]
    searched = [one for one in entries if not one["missing"]]
    known, found, false = (sum(one[key] for one in searched) for key in ("known", "found", "false"))
    short = sum(one["found"] < one["known"] for one in searched)
    text = table(["data set", "laws known", "found", "false", "formulas found"], rows)
    counted_up = (
        f"In these {len(searched)} data sets the search to depth {depth} with the grammar "
        f"`{GRAMMAR}` finds {found} of {known} known laws, and {false} false ones; in {short} of "
        "them it does not find all. Ratios, seconds, and how a law is told from a false one: "
        "[results/found.md](results/found.md)."
    )
    return f"{text}\n\n{textwrap.fill(counted_up, 100)}"


def _page(entries: Sequence[dict[str, Any]], depth: int) -> str:
    rows = []
    for one in entries:
        if one["missing"]:
            rows.append([one["dataset"], str(one["known"]), "", "", _MISSING, "", "", "", "", ""])
            continue
        shown = [law for law in one["laws"] if law["independent"] or not law["true"]]
        nothing = ""
        if not one["laws"] and one["closest"] is not None:
            nothing = f"none; the closest: `{one['closest']}`"
        rows.append(
            [
                one["dataset"],
                *_counts(one),
                nothing or _formulas(one),
                ", ".join(_number(law["ratio"]) for law in shown) or _number(one["closest_ratio"]),
                ", ".join(_number(law["fresh_ratio"]) for law in shown),
                f"{one['formulas']:,}",
                f"{one['distinct']:,}",
                f"{one['seconds']:.1f}",
            ]
        )
    missed = [
        [one["dataset"], f"{one['found']} of {one['known']}", one["known_laws"]]
        for one in entries
        if not one["missing"] and one["found"] < one["known"]
    ]
    header = ["data set", "laws known", "found", "false", "formulas", "ratio", "fresh ratio"]
    header += ["valid formulas", "distinct", "seconds"]
    parts = [
        "# What is found in every built-in data set",
        f"Written by `python -m benchmarks.found`: `noether-sym fit --dataset NAME --grammar "
        f"{GRAMMAR} --depth {depth}`, no other option, the same for every data set. Seconds are "
        "those of enumeration and fit, in a process of its own, kernels compiled at first use "
        "included.",
        "*Found* counts functionally independent laws. A found quantity counts as a law if its "
        f"variance along trajectories of another seed ({FRESH_SEED}), which the search has not "
        "seen, is below "
        f"{CONSERVED:.0e} of its spread on the same trajectories with every column shuffled (the "
        "*fresh ratio*); its text is not looked at. Otherwise, and where there are more "
        "independent ones than laws are known, it is *false*. Measured data have no other seed: "
        f"there the held-out part judges, within the law's windows, with {CONSERVED_MEASURED:g}.",
        table(header, rows),
        "## Laws that are known and were not found",
        table(["data set", "found", "known laws"], missed) if missed else "None.",
    ]
    return "\n\n".join(parts) + "\n"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"


if __name__ == "__main__":
    main()
