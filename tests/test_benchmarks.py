"""The benchmarks run through and write their pages."""

import importlib
import json
import re

import numpy as np
import pytest
import torch

from benchmarks import gpu, paper, performance, same_laws
from benchmarks._measure import between


@pytest.fixture
def threads():
    kept = torch.get_num_threads()
    yield
    torch.set_num_threads(kept)


@pytest.mark.usefixtures("threads")
def test_quick_benchmarks_write_the_page(tmp_path):
    performance.main(["--quick", "--only", "tailoring", "--output", str(tmp_path)])
    page = (tmp_path / "performance.md").read_text(encoding="utf-8")
    assert "## Tailoring" in page
    for way in ("plain loop over examples", "torch.func.vmap over examples"):
        assert f"| {way} |" in page


@pytest.mark.parametrize("subject", [*performance.SUBJECTS, "gpu"])
def test_every_subject_can_be_imported(subject):
    assert callable(getattr(importlib.import_module(f"benchmarks.{subject}"), "measure", gpu.main))


def test_the_neural_half_runs_through_on_a_device_that_is_there(tmp_path, capsys):
    own = ["--device", "cpu", "--quick", "--only", "algorithm,cngrad", "--output", str(tmp_path)]
    gpu.main(own)
    page = (tmp_path / "performance-gpu.md").read_text(encoding="utf-8")
    assert "**No GPU took part: both columns are the CPU.**" in page
    rows = [line for line in page.splitlines() if line.startswith(("| algorithm", "| CNGRAD"))]
    assert [row.split("|")[-2].strip() for row in rows] == ["0.0e+00"] * 2
    with pytest.raises(SystemExit):
        gpu.main(["--only", "nothing"])
    assert "known: fit, sums, decoys" in capsys.readouterr().err


def test_the_default_race_is_measured_on_a_device_and_the_grid():
    race, grid = gpu._SUBJECTS["tailoring"](True)
    assert race.name.startswith("tailoring, race of 2 laws")
    assert grid.name.startswith("tailoring, grid of 2 laws")
    seconds, errors = race.run("cpu")
    assert seconds > 0
    assert len(errors) > 3


def test_without_a_gpu_the_benchmark_of_gpus_says_so(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SystemExit) as left:
        gpu.main(["--output", str(tmp_path)])
    assert left.value.code == 2
    assert "--device cpu runs everything on the CPU" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_an_unknown_subject_is_refused(capsys):
    with pytest.raises(SystemExit):
        performance.main(["--only", "nothing"])
    assert "known: enumeration" in capsys.readouterr().err


def entry(method, values, networks):
    mean = float(np.mean(values)) if values else None
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    cell = {"mean": mean, "std": std, "count": len(values)}
    complete = len(values) == networks
    return {
        "method": method,
        **dict.fromkeys(("test_rmse", "test_mse", "energy_mse"), cell),
        "rmse_over_vanilla": mean / 0.2 if complete else None,
    }


def tailoring(**others):
    methods = {"vanilla": [0.1, 0.3], "hnn": [0.1], "meta-tailored": [0.15, 0.25]}
    return {
        "selected": "q**2",
        "choice": {"law": "q**2", "selected": True, "reason": "it helps"},
        "summary": [entry(name, values, 2) for name, values in methods.items()],
        "seeds": [
            {
                "controls": [
                    {"method": name, "test_rmse": values[row] if row < len(values) else None}
                    for name, values in methods.items()
                ],
                "trials": [{"status": "ok"}, {"status": "diverged"}],
            }
            for row in range(2)
        ],
        **others,
    }


def test_networks_that_diverged_are_counted():
    page = "\n".join(paper.method_lines("ideal_pendulum", tailoring()))
    assert "| vanilla MLP | .0563 | 0.2 ± 0.1 | 2 of 2 | 0.1000, 0.3000 | 1.00 |" in page
    assert "| Hamiltonian NN |  | 0.1 | 1 of 2 | 0.1000, diverged | - |" in page
    assert "4 meta-tailoring trials, 2 diverged" in page
    assert "Selected: `q**2`; it helps." in page
    none = tailoring(choice={"law": "q**2", "selected": False, "reason": "no law helps"})
    said = paper.method_lines("ideal_pendulum", none)[0]
    assert said == "No law is selected: no law helps; the table takes `q**2`.\n"
    both = dict.fromkeys(paper.SHOWN, tailoring())
    shown = paper.predictions(both)
    assert "| Hamiltonian NN | 0.1, 1 of 2 | - | 0.1, 1 of 2 | - |" in shown
    assert "number 1 of 3 on the ideal pendulum" in shown


def test_an_energy_that_is_the_found_law_is_called_its_drift():
    header = paper.method_lines("real_pendulum", tailoring())[1].splitlines()[0]
    assert "| energy, MSE | published energy MSE |" in header
    own = tailoring(energy_is="found law")
    assert "| drift of the law, MSE |" in paper.method_lines("real_pendulum", own)[1]


def test_the_paper_page_reports_a_data_set_without_laws(tmp_path):
    paper.main(
        [
            *("--only", "ideal_spring", "--depth", "5", "--quick", "--jobs", "1"),
            *("--results", str(tmp_path)),
        ]
    )
    page = (tmp_path / "paper.md").read_text(encoding="utf-8")
    assert "| law | q^2 + 1.002 p^2 | none found; the closest: " in page
    assert "nothing was tailored" in page
    assert re.search(r"two variances \| 219 \| \d+ of \d+ distinct", page)


def test_marks_that_are_missing_are_named():
    with pytest.raises(ValueError, match="found: begin"):
        between("no marks", "found", "table")


def document(value=3.0, text="p**2 - 3.0*cos(q)", status="accepted"):
    law = {"expression": text, "status": status, "parameters": [{"value": value}]}
    return {"dataset": "ideal_pendulum", "counts": {"accepted": 1}, "laws": [law]}


@pytest.mark.parametrize(
    ("other", "code", "said"),
    [
        (document(), 0, "identical bytes"),
        (document(3.0 * (1 + 1e-12), "p**2 - 3.0000000000001*cos(q)"), 0, "same within"),
        (document(3.001), 1, "laws[0].parameters[0].value: 3.0, now 3.001"),
        (document(text="p**2 - 3.1*cos(q)"), 1, "laws[0].expression"),
        (document(status="near miss"), 1, "laws[0].status"),
        ({**document(), "laws": []}, 1, "laws: 1 entries, now 0"),
    ],
)
def test_laws_of_two_versions_are_compared(tmp_path, capsys, other, code, said):
    for folder, held in (("old", document()), ("new", other)):
        run_folder = tmp_path / folder / "ideal_pendulum-depth7-0"
        run_folder.mkdir(parents=True)
        (run_folder / "laws.json").write_text(json.dumps(held), encoding="utf-8")
    assert same_laws.main([str(tmp_path / "old"), str(tmp_path / "new")]) == code
    assert said in capsys.readouterr().out


def test_a_data_set_that_one_version_lacks_is_a_difference(tmp_path, capsys):
    for folder, names in (("old", ("a", "b")), ("new", ("a",))):
        (tmp_path / folder).mkdir()
        for name in names:
            path = tmp_path / folder / f"{name}.json"
            path.write_text(json.dumps(document()), encoding="utf-8")
    assert same_laws.main([str(tmp_path / "old"), str(tmp_path / "new")]) == 1
    assert "| b | only in OLD |" in capsys.readouterr().out
