"""The benchmark of the pixel pendulum: it keeps what it has, and its words follow the numbers."""

import pytest

from benchmarks import neural, neural_pixels
from noether_sym.neural.video.evaluation import Evaluation


def evaluation(noether):
    svg = {"mse": [1.0, 2.0]}
    measures = {"svg": svg, "more": svg, "noether": {"mse": noether}}
    return Evaluation(windows=1, measures=measures, diverged=[])


@pytest.mark.parametrize(
    ("shifts", "word"),
    [
        ((-0.10, -0.11, -0.12), "better"),
        ((0.10, 0.11, 0.12), "worse"),
        ((-0.1, 0.1, 0.01), "no difference is shown"),
    ],
)
def test_a_difference_is_claimed_only_beyond_its_interval(shifts, word):
    own = [evaluation([1.0 + shift, 2.0 + shift]) for shift in shifts]
    lines = neural_pixels._verdicts(own)
    assert len(lines) == 6
    assert all(line.endswith(f"over 3 seeds: {word}.") for line in lines)
    mean = sum(shifts) / 3
    assert f"MSE of all frames: {mean:.3g} ({100 * mean / 1.5:+.2f} %)" in lines[0]
    assert "one seed, so that nothing can be said" in neural_pixels._verdicts(own[:1])[0]


@pytest.mark.slow
def test_the_page_is_written_from_what_is_kept(tmp_path, monkeypatch, capsys):
    main = neural.main
    main(["--output", str(tmp_path), "--quick", "--page"])
    before = (tmp_path / "neural.md").read_text()
    assert "0 of 1 seeds were run" in before
    assert before.count("Not run.") == 2
    monkeypatch.setattr(neural_pixels, "_cost", lambda quick: {"status": "done", "rows": {}})
    main(["--output", str(tmp_path), "--quick"])
    page = (tmp_path / "neural.md").read_text()
    assert "1 of 1 seeds were run" in page
    assert "| Noether Network |" in page
    assert (tmp_path / "figures" / "neural_pixels.png").stat().st_size > 1000
    monkeypatch.setattr(neural_pixels, "_seed", lambda *_, quick: pytest.fail("computed again"))
    main(["--output", str(tmp_path), "--quick"])
    assert _body((tmp_path / "neural.md").read_text()) == _body(page)


def _body(text):
    return text.partition("## ")[2]
