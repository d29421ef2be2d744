"""The benchmarks run through and write their page."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_quick_benchmarks_write_the_page(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.performance", "--quick"),
            *("--only", "enumeration,tailoring,startup", "--output", str(tmp_path)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "performance.md").read_text(encoding="utf-8")
    for title in ("Enumeration", "Tailoring", "Start-up"):
        assert f"## {title}" in page
    assert "plain loop over examples" in page


def test_an_unknown_subject_is_refused():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.performance", "--only", "nothing"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "known: enumeration" in done.stderr
