"""The verbs of video from end to end, on tiny pictures."""

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from noether_sym.cli import main
from noether_sym.neural.video import extra

TINY = ("--size", "8", "--width", "2", "--hidden", "4", "--outputs", "4", "--episodes", "1",
        "--tests", "3", "--past", "2", "--horizon", "4", "--stride", "20", "--warm-epochs", "1",
        "--epochs", "1", "--more-epochs", "1", "--batch", "64", "--inner-rate", "0.05")  # fmt: skip


def call(*arguments, code=0):
    result = CliRunner().invoke(main, ["video", *map(str, arguments)])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two seeds, trained and evaluated together."""
    where = tmp_path_factory.mktemp("video")
    own = [where / "one", where / "two"]
    for seed, folder in enumerate(own):
        call("train", "--output", folder, "--seed", seed, *TINY, "-q")
    call("evaluate", *own, "-q")
    return own


def test_train_says_what_came_and_what_is_next(folders, tmp_path):
    shown = call("train", "--output", folders[0], *TINY).stdout
    assert "Noether Network" in shown
    assert f"noether-sym video evaluate {folders[0]}" in shown.replace("\n", "")
    listed = json.loads(call("train", "--output", folders[0], *TINY, "--json").stdout)
    assert {name: own["epochs"] for name, own in listed["trainings"].items()} == {
        "warm": 1, "svg": 1, "more": 1, "noether": 1,
    }  # fmt: skip


def test_the_same_seed_gives_the_same_bytes(folders, tmp_path):
    call("train", "--output", tmp_path, "--seed", 1, *TINY, "-q")
    for name in ("svg", "more", "noether"):
        file = f"{name}.safetensors"
        assert (tmp_path / file).read_bytes() == (folders[1] / file).read_bytes()
    assert (tmp_path / "svg.safetensors").read_bytes() != (
        folders[0] / "svg.safetensors"
    ).read_bytes()


def test_evaluate_compares_paired_seeds(folders):
    single = [json.loads((own / "evaluation.json").read_text())["measures"] for own in folders]
    found = json.loads(call("evaluate", *folders, "--json").stdout)
    assert found["seeds"] == [0, 1]
    rows = {(row["method"], row["measure"]): row for row in found["rows"]}
    less = np.array([
        np.mean(np.subtract(own["more"]["mse"], own["svg"]["mse"])) for own in single
    ])  # fmt: skip
    row = rows["more", "mse"]
    assert row["difference"][-1] == pytest.approx(less.mean(), rel=1e-9)
    assert row["difference_stderr"][-1] == pytest.approx(abs(less[0] - less[1]) / 2, rel=1e-9)
    assert rows["zero", "mse"]["mean"] == rows["svg", "mse"]["mean"]
    shown = call("evaluate", *folders).stdout
    assert "SSIM, data range 2, seeds 0, 1" in shown
    assert "+/-" in shown
    assert all(len(line) <= 80 for line in shown.splitlines() if "Page:" not in line)
    alone = json.loads(call("evaluate", folders[0], "--json").stdout)
    assert alone["rows"][0]["stderr"][0] is None


def test_curve_and_attend_fill_the_page(folders):
    found = json.loads(call("curve", folders[0], "--steps", 3, "--json").stdout)
    assert len(found["mse"]) == len(found["noether_loss"]) == 4
    assert "least after" in call("curve", folders[0], "--steps", 3).stdout
    shown = call("attend", folders[0], "--components", 2, "--frames", 2).stdout
    assert "share of variance" in shown
    page = (folders[0] / "report.html").read_text()
    for title in ("Trainings", "Predictions", "Degree of conservation", "What the embedding"):
        assert title in page
    assert page.count("data:image/png;base64,") == 3
    assert "://" not in page


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["evaluate", "EMPTY"], 2, "holds no options.json; train networks there first"),
        (["evaluate", "ONE", "ONE"], 1, "a seed comes twice: 0, 0"),
        (["train", "--output", "ONE", "--seed", 5], 2, "networks of other options"),
        (["train", "--size", "33"], 2, "'33' is not one of"),
        (["train", "--rate", "nan"], 2, "nan"),
        (["train", "--policy", "scriptd"], 2, "Did you mean 'scripted'?"),
        (
            ["train", "--output", "EMPTY", "--past", "100", "--horizon", "101"],
            1,
            "an episode has 200",
        ),
        (["attend", "ONE", "--components", "5"], 1, "5 components were asked for, and there are 4"),
        (["attend", "ONE", "--frames", "9"], 1, "9 frames were asked for, and there are 5"),
    ],
)
def test_errors_are_said_in_words(folders, tmp_path, arguments, code, said):
    places = {"EMPTY": tmp_path, "ONE": folders[0]}
    result = call(*(places.get(own, own) for own in arguments), code=code)
    assert said in " ".join(result.output.split())
    assert not any(tmp_path.iterdir())


def test_a_missing_package_is_named(folders, monkeypatch):
    monkeypatch.setattr(extra.importlib.util, "find_spec", lambda name: None)
    said = call("attend", folders[0], code=1).output
    assert "pip install '.[video]'" in said


def test_help_of_the_verbs_is_light():
    code = (
        "import sys\n"
        "from noether_sym.cli import main\n"
        "sys.argv = ['noether-sym', 'video', 'train', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('heavy:', sorted({'torch', 'numpy', 'msgspec', 'jinja2'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("heavy: []\n"), done.stdout
