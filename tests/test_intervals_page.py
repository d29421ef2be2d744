"""The benchmark of intervals: its cells are kept, its page puts the worst first."""

import json

import numpy as np
import pytest

from benchmarks import intervals


def cell(estimates, half=0.3, name="ideal_spring"):
    rows = np.array(estimates)[:, None]
    return {
        "system": name,
        "noise": 0.05,
        "trajectories": 10,
        "truth": [1.0],
        "seconds": 0.1,
        "estimate": rows.tolist(),
        "error": np.full(rows.shape, 0.1).tolist(),
        "low": (rows - half).tolist(),
        "high": (rows + half).tolist(),
    }


def test_coverage_and_bias_are_counted_and_the_worst_comes_first():
    good, bad = cell([1.0] * 19 + [2.0]), cell([1.0, 1.5] * 10, name="kepler_2d")
    found = intervals.summed([good, bad])
    assert [row["coverage"] for row in found["rows"]] == [0.5, 0.95]
    assert found["pooled"]["coverage"] == pytest.approx(29 / 40)
    assert found["rows"][0]["score"] == pytest.approx(2.5)
    assert found["rows"][0]["bias"] == pytest.approx(0.25)
    assert found["rows"][0]["exact"][1] < 0.95
    page = intervals.section(found)
    assert "72.5% hold the truth (outside 92.5% to 97%)" in page
    assert "leaves 95% out: 1 of 2" in page
    assert page.index("kepler_2d") < page.index("ideal_spring")


def test_a_page_without_cells_says_so(tmp_path):
    intervals.main(["--page", "--output", str(tmp_path)])
    assert "Not measured yet" in (tmp_path / "intervals.md").read_text(encoding="utf-8")


def test_cells_are_kept_and_shared_out(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(intervals, "_POOL", 12)
    monkeypatch.setattr(intervals, "NAMES", ("ideal_spring",))
    monkeypatch.setattr(intervals, "NOISES", (0.05,))
    intervals._pool.cache_clear()
    options = ["--repeats", "2", "--output", str(tmp_path), "--part"]
    monkeypatch.setattr(intervals, "TRAJECTORIES", (5, 10))
    intervals.main([*options, "1/2"])
    assert "1 of 2 cells" in capsys.readouterr().out
    intervals.main([*options, "2/2"])
    intervals.main([*options, "1/1"])
    shown = capsys.readouterr()
    assert shown.err.count("...") == 1
    rows = json.loads((tmp_path / "intervals.json").read_text(encoding="utf-8"))["rows"]
    assert sorted(row["trajectories"] for row in rows) == [5, 10]
    assert all(abs(row["bias"]) < 0.5 for row in rows)
    intervals._pool.cache_clear()
