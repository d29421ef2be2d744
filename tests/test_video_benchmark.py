"""The benchmark of the pixel pendulum: it keeps what it has, and its words follow the numbers."""

import pytest

from benchmarks import neural, neural_pixels, neural_states
from benchmarks.kept import keep, path_of
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


def test_what_was_not_chosen_stays_on_the_page(tmp_path):
    kept = tmp_path / "neural"
    kept.mkdir()
    title = neural_states.TITLES["count"]
    (tmp_path / "neural.md").write_text(
        f"# A page\n\nA head.\n\n## {title}\n\nMeasured before.\n\n### A part\n\nOf it.\n"
    )
    costs = {"32 x 32": {"weights": 1e6, "plain": 0.1, "algorithm 1": 0.2}}
    cost = {"status": "done", "rows": costs}
    keep(path_of(kept, "pixels cost", "earlier sources"), cost)
    neural.main(["--only", "latent", "--page", "--output", str(tmp_path)])
    first = (tmp_path / "neural.md").read_text()
    assert f"## {title}\n\nMeasured before.\n\n### A part\n\nOf it.\n" in first
    assert f"Of '{title}' no answers are kept" in first
    assert "| 32 x 32 | 1 M | 0.1 | 0.2 |" in first
    assert "1 of 1 answers was measured with earlier sources." in first
    for own in kept.glob("*.json"):
        own.unlink()  # packed in neural.jsonl
    neural.main(["--only", "states", "--page", "--output", str(tmp_path)])
    assert (tmp_path / "neural.md").read_text() == first


def test_networks_are_kept_by_their_options_and_not_by_the_sources(tmp_path, monkeypatch):
    one = neural_pixels._folder(tmp_path, 0, quick=False)
    assert one == neural_pixels._folder(tmp_path, 0, quick=False)
    monkeypatch.setattr(neural_pixels, "digest", lambda *_: pytest.fail("asked for the sources"))
    assert one == neural_pixels._folder(tmp_path, 0, quick=False)
    assert one != neural_pixels._folder(tmp_path, 1, quick=False)
    assert one != neural_pixels._folder(tmp_path, 0, quick=True)
    monkeypatch.setattr(neural_pixels, "TRAINING", neural_pixels.TRAINING + 1)
    assert one != neural_pixels._folder(tmp_path, 0, quick=False)


@pytest.mark.slow
def test_the_page_is_written_from_what_is_kept(tmp_path, monkeypatch, capsys):
    main = neural.main
    main(["--output", str(tmp_path), "--quick", "--page"])
    before = (tmp_path / "neural.md").read_text()
    assert before.count("Not run yet.") == 4
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
