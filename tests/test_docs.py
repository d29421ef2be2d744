"""The code in docs/api.md runs as it stands there."""

import re
from pathlib import Path

import matplotlib.pyplot as plt

from noether_sym.dsl.operators import Operator, UnitRule, registered

TEXT = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_examples_of_the_python_interface_run(capsys):
    blocks = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)
    assert len(blocks) == 8
    names = {}
    mark = Operator("mark", 1, UnitRule.PURE, lambda lib, x: x, lambda lib, value, x: (1.0,))
    with registered(mark):  # what the page registers is forgotten after
        for block in blocks:
            exec(compile(block, "docs/api.md", "exec"), names)
    assert names["found"].independent == 1
    shown = capsys.readouterr().out
    assert "1 law found: x² + 0.25·v²" in shown
    assert "['x0**2 + 0.25*x1**2'] (600, 1) 1.0" in shown
    plt.close("all")
