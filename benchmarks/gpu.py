"""Everything that a GPU can take, beside the CPU; writes results/performance-gpu.md.

    python -m benchmarks.gpu [--device cuda] [--only fit,decoys] [--quick] [--output DIR]

With ``--device cpu`` it runs through without a GPU, to see that it works: then both columns are
the CPU, and the page says so.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._measure import cores, machine, table, timed
from noether_sym.datasets import load
from noether_sym.datasets.dataset import Dataset
from noether_sym.dsl.distinct import DistinctLaws, enumerate_laws
from noether_sym.dsl.grammar import resolve_grammar
from noether_sym.errors import DeviceError
from noether_sym.laws.known import known_law
from noether_sym.runtime.device import resolve_device, single_threaded
from noether_sym.runtime.workers import Workers
from noether_sym.search.fit import fit_candidates
from noether_sym.search.sums.stage import search_sums
from noether_sym.statistics.samples import make_samples
from noether_sym.tailor import TailorOptions, tailor
from noether_sym.tailor.limits import DEFAULT_BUDGET
from noether_sym.verdict.decoys import decoy
from noether_sym.verdict.stage import FitOptions, distinct_candidates, fit

_HEADER = ["what", "CPU, s", "device, s", "ratio", "largest difference of results"]


@dataclass(frozen=True)
class Case:
    """Something to time on a device: seconds, and numbers by which devices are compared."""

    name: str
    run: Callable[[str], tuple[float, np.ndarray]]


def main(arguments: list[str] | None = None) -> None:
    """Measure both devices and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", choices=["cpu", "cuda"])
    parser.add_argument("--only", default=",".join(_SUBJECTS), help="subjects, with commas")
    parser.add_argument("--quick", action="store_true", help="small cases")
    parser.add_argument("--output", type=Path, default=Path("results"))
    options = parser.parse_args(arguments)
    chosen = options.only.split(",")
    if unknown := set(chosen) - set(_SUBJECTS):
        parser.error(f"unknown subjects {sorted(unknown)}; known: {', '.join(_SUBJECTS)}")
    try:
        resolve_device(options.device)
    except DeviceError:
        parser.exit(
            2,
            "No CUDA device is available to torch here. --device cpu runs everything on the CPU, "
            "to see that it works.\n",
        )
    rows = []
    for subject in chosen:
        for case in _SUBJECTS[subject](options.quick):
            rows.append(_row(case, options.device))
            print(" | ".join(rows[-1]), flush=True)
    flags = "".join(
        [
            f" --device {options.device}",
            "" if chosen == list(_SUBJECTS) else f" --only {options.only}",
            " --quick" if options.quick else "",
        ]
    )
    page = [
        "# Performance on a GPU",
        f"Written by `python -m benchmarks.gpu{flags}`. {machine()}; device "
        f"{_name(options.device)}; {cores()} CPU workers where there are several.",
        "The ratio is CPU seconds over the device's. Both devices do the same work; the last "
        "column is the largest relative difference of what they find. The search for sums, and the "
        "verdict, are linear algebra of NumPy and SciPy on the CPU on either machine: a device "
        "serves the formulas that are fitted beside them.",
        table(_HEADER, rows),
    ]
    if options.device == "cpu":
        page.insert(2, "**No GPU took part: both columns are the CPU.**")
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "performance-gpu.md"
    path.write_text("\n\n".join(page) + "\n", encoding="utf-8")
    print(f"{path} written")


def _row(case: Case, device: str) -> list[str]:
    (cpu, expected), (other, found) = (case.run(own) for own in ("cpu", device))
    return [case.name, f"{cpu:.2f}", f"{other:.2f}", f"{cpu / other:.2f}", _apart(expected, found)]


def _apart(expected: np.ndarray, found: np.ndarray) -> str:
    """Largest relative difference where both are finite, and where only one of them is."""
    if expected.shape != found.shape:
        return f"{expected.shape} and {found.shape} results"
    both = np.isfinite(expected) & np.isfinite(found)
    lost = int((np.isfinite(expected) != np.isfinite(found)).sum())
    size = np.maximum(np.abs(expected[both]), 1e-12)
    apart = float(np.max(np.abs(expected[both] - found[both]) / size, initial=0.0))
    return f"{apart:.1e}" + (f", {lost} finite on one only" if lost else "")


def _name(device: str) -> str:
    import torch

    return torch.cuda.get_device_name() if device == "cuda" else "CPU"


def _seconds(device: str, way: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds until the device is done, and what came out."""
    import torch

    def whole() -> Any:
        found = way()
        if device == "cuda":
            torch.cuda.synchronize()
        return found

    if device == "cuda":
        torch.cuda.synchronize()
    return timed(whole)


def _workers(device: str) -> Workers:
    return Workers(cores() if device == "cpu" else 1)


def _formulas(data: Dataset, depth: int) -> DistinctLaws:
    return enumerate_laws(resolve_grammar("paper"), data.dimensions, depth)


def _fit(quick: bool) -> Iterator[Case]:
    data = load("ideal_pendulum")
    samples = make_samples(data.train, window=None, seed=0)
    for depth in (5,) if quick else (7, 9):
        candidates = distinct_candidates(_formulas(data, depth))

        def run(device: str, candidates: Any = candidates) -> tuple[float, np.ndarray]:
            with single_threaded():
                fit_candidates(candidates[:50], samples, device=device)  # kernels are loaded first
                seconds, fits = _seconds(
                    device,
                    lambda: fit_candidates(
                        candidates, samples, workers=_workers(device), device=device
                    ),
                )
            return seconds, np.array([one.ratio for one in fits])

        yield Case(f"fit of {len(candidates):,} formulas, depth {depth}", run)


def _search(data: Dataset, depth: int, terms: int, device: str) -> np.ndarray:
    """Sums, formulas and verdict, as a run has them; the ratios of the laws."""
    sums = search_sums(data, limit=terms, seed=0)
    options = FitOptions(workers=_workers(device), device=device)
    found = fit(data, _formulas(data, depth), options, sums=sums)
    return np.array(sorted(law.conservation_ratio for law in found.judgement.laws))


def _sums(quick: bool) -> Iterator[Case]:
    name, depth, terms = ("ideal_spring", 4, 60) if quick else ("henon_heiles", 7, 600)
    data = load(name)
    yield Case(
        f"whole search of {name}: sums of {terms} terms, formulas of {depth} nodes, verdict",
        lambda device: _seconds(device, lambda: _search(data, depth, terms, device)),
    )


def _decoys(quick: bool) -> Iterator[Case]:
    name, depth, terms, count = ("ideal_spring", 4, 60, 1) if quick else ("kepler_2d", 6, 400, 5)
    data = load(name)

    def run(device: str) -> tuple[float, np.ndarray]:
        seconds, found = _seconds(
            device,
            lambda: [_search(decoy(data, own, 0), depth, terms, device) for own in range(count)],
        )
        return seconds, np.array([len(own) for own in found], dtype=float)

    yield Case(f"{count} decoys of {name}, {terms} terms, {depth} nodes (laws counted)", run)


def _tailor(quick: bool) -> Iterator[Case]:
    data = load("ideal_pendulum")
    law = known_law(data)
    assert law is not None
    laws = [law.with_(status="accepted", family=row) for row in range(2 if quick else 20)]
    ways = {"race": DEFAULT_BUDGET, "grid": None}
    for seeds, way in product((1,) if quick else (1, 5), ways):
        options = TailorOptions(
            seeds=seeds,
            epochs=2 if quick else 100,
            baseline_steps=5 if quick else 2000,
            budget=ways[way],
        )

        def run(device: str, options: TailorOptions = options) -> tuple[float, np.ndarray]:
            jobs = cores() if device == "cpu" else 1
            own = replace(options, device=device, jobs=jobs)
            seconds, found = _seconds(device, lambda: tailor(data, laws, options=own))
            rows = found.document.summary
            return seconds, np.array([row.test_rmse.mean or np.nan for row in rows])

        yield Case(
            f"tailoring, {way} of {len(laws)} laws at 9 rates, {seeds} networks (test RMSE)", run
        )


def _algorithm(quick: bool) -> Iterator[Case]:
    """Algorithm 1 on states: predictor and embedding trained through the inner steps."""
    import torch

    from noether_sym.neural.embedding import Increment, MetaTraining, meta_train, network

    data = load("ideal_pendulum")
    horizon, hidden = (3, 16) if quick else (10, 128)
    pieces = [
        own.states[begin : begin + horizon + 1]
        for own in data.train
        for begin in range(0, len(own) - horizon, horizon)
    ]
    windows = torch.tensor(np.array(pieces), dtype=torch.float32)
    options = MetaTraining(updates=3 if quick else 300, batch=8 if quick else 256)

    def run(device: str) -> tuple[float, np.ndarray]:
        predictor = Increment(network(2, 2, hidden=hidden)).to(device)
        embedding = network(2, 8, hidden=hidden, seed=1).to(device)
        own = windows.to(device)
        meta_train(predictor, embedding, own, replace(options, updates=1))
        seconds, found = _seconds(device, lambda: meta_train(predictor, embedding, own, options))
        return seconds, found.losses[:3].cpu().double().numpy()

    yield Case(
        f"algorithm 1, {options.updates} updates of {options.batch} roll-outs of {horizon} (first "
        "losses)",
        run,
    )


def _cngrad(quick: bool) -> Iterator[Case]:
    """Inner steps of CNGRAD on pictures: one backward pass for the whole batch."""
    import torch
    from torch import nn
    from torch.func import functional_call

    from noether_sym.neural.cngrad import ConditionalNorm, adapted, identity

    samples, channels, size, steps = (4, 8, 16, 2) if quick else (128, 64, 64, 10)
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for inputs in (3, channels, channels):
        layers += [nn.Conv2d(inputs, channels, 3, padding=1), nn.GroupNorm(4, channels)]
        layers += [ConditionalNorm(channels), nn.ReLU()]
    net = nn.Sequential(*layers)
    pictures = torch.rand(samples, 3, size, size)

    def run(device: str) -> tuple[float, np.ndarray]:
        own, inputs = net.to(device), pictures.to(device)

        def loss(conditions: Any) -> torch.Tensor:
            return functional_call(own, dict(conditions), (inputs,)).square().mean((1, 2, 3))

        def adapt(count: int) -> Any:
            return adapted(loss, identity(own, samples), rate=1e-2, steps=count, second_order=False)

        adapt(1)
        seconds, found = _seconds(device, lambda: adapt(steps))
        return seconds, torch.cat([one.flatten() for one in found.values()]).cpu().double().numpy()

    yield Case(f"CNGRAD, {steps} inner steps of {samples} pictures of {size} x {size}", run)


_SUBJECTS: dict[str, Callable[[bool], Iterator[Case]]] = {
    "fit": _fit,
    "sums": _sums,
    "decoys": _decoys,
    "tailoring": _tailor,
    "algorithm": _algorithm,
    "cngrad": _cngrad,
}


if __name__ == "__main__":
    main()
