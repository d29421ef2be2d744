"""The fit and the tailoring on a GPU beside the CPU; writes results/performance-gpu.md.

    python -m benchmarks.gpu [--device cuda] [--quick] [--output DIR]

With ``--device cpu`` it runs through without a GPU, to see that it works.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks._measure import cores, machine, table, timed
from noether_sym.datasets import load
from noether_sym.dsl.distinct import enumerate_laws
from noether_sym.dsl.grammar import resolve_grammar
from noether_sym.laws.known import known_law
from noether_sym.runtime.device import resolve_device, single_threaded
from noether_sym.runtime.workers import Workers
from noether_sym.search.fit import fit_candidates
from noether_sym.statistics.samples import make_samples
from noether_sym.tailor import TailorOptions, tailor
from noether_sym.verdict.stage import distinct_candidates


def main(arguments: list[str] | None = None) -> None:
    """Measure both devices and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", choices=["cpu", "cuda"])
    parser.add_argument("--quick", action="store_true", help="small cases")
    parser.add_argument("--output", type=Path, default=Path("results"))
    options = parser.parse_args(arguments)
    resolve_device(options.device)
    rows = []
    for depth in (5,) if options.quick else (7, 9):
        cpu, other = (_fit(depth, device) for device in ("cpu", options.device))
        rows.append([f"fit, depth {depth}", f"{cpu:.1f}", f"{other:.1f}", f"{cpu / other:.2f}"])
    for seeds in (1,) if options.quick else (1, 5):
        cpu, other = (
            _tailor(seeds, device, quick=options.quick) for device in ("cpu", options.device)
        )
        label = f"tailoring, {2 if options.quick else 20} x 9 trials, {seeds} networks"
        rows.append([label, f"{cpu:.1f}", f"{other:.1f}", f"{cpu / other:.2f}"])
    page = [
        "# Performance on a GPU",
        f"Written by `python -m benchmarks.gpu --device {options.device}`. {machine()}; device "
        f"{_name(options.device)}; {cores()} CPU workers. The ideal pendulum.",
        table(["what", "CPU, s", f"{options.device}, s", "ratio"], rows),
    ]
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "performance-gpu.md"
    path.write_text("\n\n".join(page) + "\n", encoding="utf-8")
    print(page[-1], f"\n{path} written")


def _name(device: str) -> str:
    import torch

    return torch.cuda.get_device_name() if device == "cuda" else "CPU"


def _fit(depth: int, device: str) -> float:
    data = load("ideal_pendulum")
    laws = enumerate_laws(resolve_grammar("paper"), data.dimensions, depth)
    candidates = distinct_candidates(laws)
    samples = make_samples(data.train, window=None, seed=0)
    jobs = cores() if device == "cpu" else 1
    with single_threaded():
        fit_candidates(candidates[:50], samples, device=device)  # kernels are loaded first
        seconds, _ = timed(
            lambda: fit_candidates(candidates, samples, workers=Workers(jobs), device=device)
        )
    return seconds


def _tailor(seeds: int, device: str, *, quick: bool) -> float:
    data = load("ideal_pendulum")
    law = known_law(data)
    assert law is not None
    laws = [law.with_(status="accepted", family=row) for row in range(2 if quick else 20)]
    options = TailorOptions(
        seeds=seeds,
        device=device,
        jobs=cores() if device == "cpu" else 1,
        epochs=2 if quick else 100,
        baseline_steps=5 if quick else 2000,
        budget=None,
    )
    return timed(lambda: tailor(data, laws, options=options))[0]


if __name__ == "__main__":
    main()
