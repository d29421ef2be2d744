"""How soon ``--help`` answers, beside the time that ``import torch`` takes."""

from __future__ import annotations

from benchmarks._measure import Section, alternate, run_child


def measure(quick: bool) -> Section:
    """Both in turn, in processes of their own."""
    found = alternate(
        {
            "help": lambda: run_child(["-m", "noether_sym", "--help"]),
            "torch": lambda: run_child(["-c", "import torch"]),
        },
        3 if quick else 15,
    )
    return Section(
        "Start-up",
        f"`noether-sym --help` takes {found['help'] / found['torch']:.3f} of the time of "
        f"`import torch` (medians of processes run in turn; {found['help'] * 1e3:.0f} ms).",
    )
