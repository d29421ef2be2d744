"""``video train|evaluate`` on clips of Physics 101, from end to end."""

import json
import re

import msgspec
import pytest
from click.testing import CliRunner
from physics101_files import CLIP, write_clip, write_set

from noether_sym.cli import main
from noether_sym.commands import physics101 as commands_physics101
from noether_sym.commands import video
from noether_sym.neural.video import physics101
from noether_sym.neural.video.svg_lp_experiment import METHODS, SvgLpOptions
from noether_sym.runtime import folders

TINY = ("--data", "physics101", "--size", "16", "--horizon", "3", "--width", "2", "--hidden", "4",
        "--code", "4", "--latent", "2", "--layers", "1", "--outputs", "4", "--epochs", "1",
        "--share", "0.5", "--inner-rate", "0.5")  # fmt: skip


def call(*arguments, code=0):
    result = CliRunner().invoke(main, ["video", *map(str, arguments)])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    """Nothing is left in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setattr(folders, "cache_folder", lambda: folder)
        patch.delenv(physics101.DATA_VARIABLE, raising=False)
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = write_set(tmp_path_factory.mktemp("data"), ["torus", "block"], frames=16)
    ramp = root / "scenarios" / "ramp"
    write_clip(ramp / "cone" / "20_01" / "1" / CLIP, frames=5)
    (ramp / "cone" / "20_01" / "2").mkdir()
    (ramp / "cone" / "20_01" / "2" / CLIP).write_bytes(b"no film")
    return root


@pytest.fixture(scope="module")
def folder(root, tmp_path_factory):
    """Both methods, trained."""
    folder = tmp_path_factory.mktemp("trained")
    call("train", "--clips", root, "--output", folder, *TINY, "-q")
    return folder


def test_training_tells_clips_split_and_losses(root, folder):
    shown = call("train", "--clips", root, "--output", folder, *TINY).stdout
    assert "4 clips of 2 objects." in shown
    assert "1 clip is too short or too slow, and left out." in shown
    assert "Left out: cone/20_01/2: it cannot be decoded" in shown
    assert "2 clips for training, 2 for testing, 2 of which show an object that no" in shown
    assert f"noether-sym video evaluate {folder}" in shown
    found = json.loads(call("train", "--clips", root, "--output", folder, *TINY, "--json").stdout)
    assert {name: own["epochs"] for name, own in found["trainings"].items()} == {
        "svg": 1,
        "noether": 1,
    }
    assert not {name.split("/")[0] for name in found["train"]} & {
        name.split("/")[0] for name in found["test"]
    }
    assert [own["damaged"] for own in found["left_out"]] == [False, True]


def test_evaluation_tells_measures_differences_and_what_is_missing(root, folder, monkeypatch):
    monkeypatch.setenv(physics101.DATA_VARIABLE, str(root))
    shown = call("evaluate", folder).stdout
    rows = [line for line in shown.splitlines() if line.startswith(("mse", "ssim_range2"))]
    assert [row.split()[1] for row in rows] == ["SVG-LP", "Noether", "difference"] * 2
    assert max(map(len, rows)) <= 80
    values = [float(row.split()[-3]) for row in rows]  # mean +/- error of the last frame
    assert values[2] == pytest.approx(values[1] - values[0], abs=2e-4)
    page = (folder / "report.html").read_text()
    for expected in ("cone/20_01/2: it cannot be decoded", "<td>difference</td>", "data:image/png"):
        assert expected in page
    assert "lpips is not measured: frames of 16 x 16 pixels are too small for AlexNet." in shown
    found = json.loads(
        call("evaluate", folder, "--samples", 2, "--choice", "best", "--json").stdout
    )
    assert (found["samples"], found["choice"], found["unseen"]) == (2, "best", 2)
    assert found == json.loads((folder / "physics101_evaluation.json").read_text())
    assert found["measures"]["noether"]["mse"] != found["measures"]["svg"]["mse"]


def test_the_help_tells_the_defaults_that_are_taken():
    own = msgspec.structs.asdict(SvgLpOptions())
    known = {option.name: option for option in video.train.params}
    told = {
        name: match[1]
        for name in own
        if (match := re.search(r"Physics 101: .*\[default: (\S+)\]", known[name].help or ""))
    }
    assert told.keys() == {
        "split", "share", "frame_rate", "shortest", "code", "layers", "latent",
        "divergence_weight",
    }  # fmt: skip
    paragraph = video.train.help[video.train.help.index("The defaults are the paper's") :]
    for flag, value in re.findall(r"--([a-z-]+)\s+([0-9]+(?:\.[0-9]+)?)", paragraph):
        told[flag.replace("-", "_")] = value
    assert len(told) == 18
    for name, value in told.items():
        assert str(type(own[name])(value)) == str(own[name]), name
    assert commands_physics101._METHODS == METHODS


def test_one_method_alone_is_trained_and_evaluated_as_in_the_paper(root, tmp_path):
    how = (*TINY, "--only", "svg", "--split", "clip", "--no-flip", "--seed", 3)
    call("train", "--clips", root, "--output", tmp_path, *how, "-q")
    assert not (tmp_path / "noether.safetensors").exists()
    shown = call("evaluate", tmp_path, "--clips", root).stdout
    assert "Noether" not in shown
    assert "difference" not in shown


def test_what_does_not_fit_is_refused(root, folder, tmp_path):
    for arguments, code, message in (
        (("train", *TINY), 2, "Physics 101 are not on this machine (NOETHER_SYM_DATA is not set)"),
        (("train", *TINY, "--clips", tmp_path), 2, f"no folder scenarios/ramp is in {tmp_path}"),
        (("train", *TINY, "--policy", "random"), 2, "--policy cannot be used for --data physics"),
        (("train", "--latent", 4, "--no-flip"), 2, "--flip, --latent cannot be used for --data pe"),
        (("train", *TINY, "--clips", root, "--size", "64", "--output", folder), 2, "other options"),
        (("evaluate", folder, folder, "--clips", root), 2, "one at a time; give one"),
        (("curve", folder), 2, "the pixel pendulum"),
        (("attend", folder), 2, "the pixel pendulum"),
    ):
        output = call(*arguments, code=code).output
        assert message in " ".join(output.split()), output
