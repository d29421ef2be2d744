"""The code in docs/api.md runs as it stands there."""

import re
from pathlib import Path

import matplotlib.pyplot as plt

TEXT = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_examples_of_the_python_interface_run(capsys):
    blocks = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)
    assert len(blocks) == 5
    names = {}
    for block in blocks:
        exec(compile(block, "docs/api.md", "exec"), names)
    assert names["found"].independent == 1
    assert "1 law found: x² + 0.25·v²" in capsys.readouterr().out
    plt.close("all")
