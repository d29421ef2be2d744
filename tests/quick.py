"""The command line with a short training, for tests of what a run writes and how it goes on.

python tests/quick.py run --dataset ideal_spring --top 2 --epochs 2
"""

from dataclasses import replace

from noether_sym.commands import tailor

_whole = tailor.tailoring_from


def tailoring_from(values, search):
    """The options of a verb, with 50 training steps for 2,000 and three inner rates for nine."""
    return replace(_whole(values, search), baseline_steps=50, rates=(1e-2, 1e-1), budget=1.0)


if __name__ == "__main__":
    from noether_sym.cli import main

    tailor.tailoring_from = tailoring_from
    main()
