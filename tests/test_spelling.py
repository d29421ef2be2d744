"""A message names options as whoever reads it spells them: flags typed, arguments in Python."""

import threading

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import noether_sym
from noether_sym.cli import main
from noether_sym.errors import NoetherSymError
from noether_sym.spelling import on_the_command_line, spelt

T, Q, P = "t [s]", "q [m]", "p [m/s]"
TIMES = np.linspace(0, 6, 30)
TABLE = pd.DataFrame({T: TIMES, Q: np.cos(TIMES), P: -np.sin(TIMES)})
TWICE = pd.concat([TABLE, TABLE.assign(**{Q: 2 * TABLE[Q]})]).sort_values(T)
FILES = {
    "no unit": (TABLE.rename(columns={Q: "q"}), "--unit q=UNIT", "units={'q': UNIT}"),
    "words": (TABLE.assign(tag="a"), "--columns q,p", "columns=['q', 'p']"),
    "no time": (TABLE.drop(columns=T), "--time NAME", "time='NAME'"),
    "a gap": (TABLE.mask(TABLE == 1.0), "--drop-missing", "drop_missing=True"),
    "two times": (TABLE.assign(**{"time [s]": TIMES}), "--time NAME", "time='NAME'"),
    "two particles": (TWICE, "--particle", "particle="),
}


@pytest.fixture
def table(tmp_path, request):
    frame, flag, argument = FILES[request.param]
    path = tmp_path / "states.csv"
    frame.to_csv(path, index=False)
    return path, flag, argument


@pytest.mark.parametrize("table", FILES, indirect=True)
def test_who_types_reads_flags_and_who_calls_reads_arguments(table):
    path, flag, argument = table
    typed = CliRunner().invoke(main, ["inspect", str(path)])
    assert typed.exit_code == 2
    assert flag in typed.stderr
    assert argument not in typed.stderr
    with pytest.raises(NoetherSymError) as called:
        noether_sym.inspect(path)
    assert argument in str(called.value)
    assert "--" not in str(called.value)


def test_notes_and_advice_follow_too(tmp_path):
    times = np.linspace(0, 12, 200)
    frame = pd.DataFrame({"t [s]": times, "x [m]": np.cos(times), "m [kg]": 2.0})
    path = tmp_path / "states.csv"
    frame.to_csv(path, index=False)
    typed = CliRunner().invoke(main, ["inspect", str(path)]).stdout
    called = " ".join(noether_sym.inspect(path).notes)
    assert "--derivatives x" in " ".join(typed.split())
    assert "derivatives=['x']" in called
    assert "--" not in called


def test_the_side_ends_with_the_command():
    def failing():
        with on_the_command_line():
            raise ValueError(spelt("--time", "time="))

    with pytest.raises(ValueError, match="--time"):
        failing()
    assert spelt("--time", "time=") == "time="


def test_a_command_beside_python_changes_only_its_own_thread():
    found = []
    with on_the_command_line():
        thread = threading.Thread(target=lambda: found.append(spelt("--time", "time=")))
        thread.start()
        thread.join()
    assert found == ["time="]
