"""The list of data sets, and the one door to them."""

import subprocess
import sys

import pytest

from noether_sym.datasets import available, load
from noether_sym.datasets.filmed import FILMS
from noether_sym.datasets.systems.records import SYSTEMS
from noether_sym.datasets.systems.schmidt_lipson import RECORDINGS
from noether_sym.errors import DatasetError


def test_list():
    infos = available()
    names = [info.name for info in infos]
    assert names[:2] == ["ideal_spring", "ideal_pendulum"]
    assert names == [*SYSTEMS, *RECORDINGS, *FILMS]
    assert len(set(names)) == len(names)
    for info in infos:
        assert info.description
        assert info.source
        assert len(info.invariants) >= info.known_laws
        assert bool(info.invariants) is (info.known_laws > 0)
        assert info.generated is (info.name not in {*RECORDINGS, *FILMS})


def test_unknown_name():
    with pytest.raises(DatasetError, match="did you mean ideal_pendulum") as caught:
        load("ideal_pendulm")
    for info in available():
        assert info.name in str(caught.value)
    assert "the path of a CSV, Excel, Parquet, NumPy or MATLAB file, or of a folder of them" in str(
        caught.value
    )


@pytest.mark.parametrize("name", [*RECORDINGS, "mine.csv"])
def test_noise_is_for_generated_data(name):
    with pytest.raises(DatasetError, match="generated data only"):
        load(name, noise=0.1)


@pytest.mark.parametrize(
    "options",
    [
        {"units": {"q": "m"}},
        {"time": "t"},
        {"trajectory": "a"},
        {"columns": ["q"]},
        {"drop_missing": True},
    ],
)
def test_options_of_files(options):
    with pytest.raises(DatasetError, match="built in and has its own"):
        load("ideal_spring", **options)


def test_without_units():
    plain, bare = load("ideal_spring"), load("ideal_spring", unitless=True)
    assert all(column.dimension.is_dimensionless for column in bare.columns)
    assert not any(column.dimension.is_dimensionless for column in plain.columns)
    assert (bare.train[0].states == plain.train[0].states).all()
    assert bare.notes == ("searched without units",)
    assert bare.digest() != plain.digest()


def test_listing_is_light():
    """Neither importing nor listing brings in a heavy library."""
    code = (
        "import sys; from noether_sym.datasets import available; available();"
        "heavy = {'scipy', 'pandas', 'pyarrow', 'torch', 'sympy', 'pooch', 'pint'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
