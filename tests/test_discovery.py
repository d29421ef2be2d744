"""The Python interface: real small searches from what a program holds."""

import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest

import noether_sym
from noether_sym import Discovery, discover
from noether_sym.errors import DatasetError, RunError
from noether_sym.tailor import TailorOptions
from noether_sym.tailor.document import TailoringDocument


def oscillations(names=("x [m]", "v [m/s]"), omega=2.0):
    generator = np.random.default_rng(0)
    tables = []
    for count in (60, 45, 70, 50, 64, 55):
        t = np.linspace(0, 5, count)
        size, phase = generator.uniform(0.5, 2), generator.uniform(0, 6)
        x, v = size * np.cos(omega * t + phase), -size * omega * np.sin(omega * t + phase)
        tables.append(pd.DataFrame({"t [s]": t, names[0]: x, names[1]: v}))
    return tables


@pytest.fixture(scope="module")
def found():
    return discover(oscillations())


def test_a_law_comes_out_with_units_and_errors(found):
    assert found.independent == 1
    law = found.best
    assert law.text(4) in ("x**2 + 0.25*v**2", "v**2 + 4*x**2")
    (constant,) = found.laws.loc[1, "constants"].values()
    value, error, unit = constant
    assert min(abs(value - 4.0), abs(value - 0.25)) < 1e-3
    assert 0 < error < 1e-2
    assert unit in ("s**2", "1/s**2")
    assert list(found.laws.columns[:3]) == ["law", "ratio", "random_ratio"]


def test_a_law_evaluates_tables_and_arrays(found):
    law = found.best
    states = np.array([[1.0, 2.0], [0.5, -1.0]])
    table = pd.DataFrame(states, columns=["x", "v"])
    np.testing.assert_allclose(law(states), law(table))
    step = 1e-6
    ahead = states + np.array([step, 0.0])
    slope = (law(ahead) - law(states)) / step
    np.testing.assert_allclose(law.gradient(table)[:, 0], slope, rtol=1e-4)
    symbols = {symbol.name: symbol for symbol in law.sympy().free_symbols}
    value = law.sympy().subs({symbols["x"]: 1.0, symbols["v"]: 2.0})
    assert float(value) == pytest.approx(float(law(states)[0]))
    with pytest.raises(DatasetError, match="lacks v"):
        law(table[["x"]])
    with pytest.raises(DatasetError, match="2 columns"):
        law(np.zeros((3, 5)))


def test_notebooks_show_formulas(found):
    assert "<math" in found._repr_html_()
    assert found._repr_latex_() == f"${found.latex(found.best)}$"
    assert "1 " in found.summary()


def test_plot_draws_the_value_beside_the_control(found):
    figure = found.plot()
    left, right = figure.axes[:2]
    assert left.lines
    spread = [np.ptp(line.get_ydata()) for line in left.lines]
    control = [np.ptp(line.get_ydata()) for line in right.lines]
    assert max(spread) < 0.01 * min(control)


def test_saved_discoveries_come_back_and_serve_the_command_line(found, tmp_path):
    folder = found.save(tmp_path / "saved")
    back = Discovery.load(folder)
    assert back.best == found.best
    pd.testing.assert_frame_equal(back.laws, found.laws)
    assert back.report().is_file()
    text = subprocess.run(
        [sys.executable, "-m", "noether_sym", "export", str(folder), "--format", "latex"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "x" in text
    with pytest.raises(RunError, match="exists already"):
        found.save(folder)
    with pytest.raises(RunError, match="not the folder of a run"):
        Discovery.load(tmp_path)


def test_the_same_call_gives_the_same_laws_and_finds_them_again(found, tmp_path):
    again = discover(oscillations(), jobs=1, results=tmp_path)
    assert again.best == found.best
    stages = []
    held = discover(
        oscillations(), results=tmp_path, progress=lambda stage, done, total: stages.append(stage)
    )
    assert held.best == found.best
    assert not stages


def test_tailoring_compares_ways_of_predicting(found, monkeypatch, tmp_path):
    short = partial(TailorOptions, top=1, rates=(1e-3,), epochs=2, baseline_steps=20)
    monkeypatch.setattr(noether_sym.tailor, "TailorOptions", short)
    assert found.tailoring is None
    tailored = discover(oscillations(), search="sums", tailor=True, results=tmp_path)
    table = tailored.tailoring
    assert table.index.name == "method"
    assert list(table.index[:3]) == ["vanilla", "extra epochs", "hnn"]
    assert {"tailored", "meta-tailored", "projected"} <= set(table.index)
    assert list(table.columns[-2:]) == ["rmse_over_vanilla", "networks"]
    vanilla = table.loc["vanilla"]
    assert vanilla["rmse_over_vanilla"] == 1.0
    assert vanilla["networks"] == 1
    assert vanilla["test_rmse"] ** 2 == pytest.approx(vanilla["test_mse"])
    document = tailored.run.read(TailoringDocument)
    assert document.choice.candidate == 0
    assert tailored.best.selected == (document.selected is not None)
    stages = []
    held = discover(
        oscillations(),
        search="sums",
        tailor=True,
        results=tmp_path,
        progress=lambda stage, done, total: stages.append(stage),
    )
    pd.testing.assert_frame_equal(held.tailoring, table)
    assert not stages


def test_arrays_and_mappings_give_the_same_law():
    tables = oscillations(("x", "v"))
    arrays = [table[["t [s]", "x", "v"]].to_numpy() for table in tables]
    units = {"t": "s", "x": "m", "v": "m/s"}
    one = discover(arrays, names=["t", "x", "v"], units=units)
    two = discover(
        [{"t": part[:, 0], "x": part[:, 1], "v": part[:, 2]} for part in arrays], units=units
    )
    assert one.best is not None
    assert one.best == two.best


@pytest.mark.parametrize(
    "names", [("E", "S"), ("lambda", "θ"), ("<script>", "I"), ("x y", "class")]
)
def test_any_name_of_a_column_gives_the_right_law(names):
    found = discover(oscillations(names), unitless=True)
    law = found.best
    table = pd.DataFrame({names[0]: [1.0, 0.0], names[1]: [0.0, 2.0]})
    one, two = law(table)
    assert one == pytest.approx(two, rel=1e-3)
    assert "<script>" not in found._repr_html_()
    assert len(law.sympy().free_symbols) == 2


def test_nothing_is_claimed_where_nothing_is_conserved():
    noise = np.random.default_rng(1).normal(size=(400, 2))
    found = discover(noise, names=["a", "b"], dt=0.1, unitless=True, depth=5)
    assert found.best is None
    assert found.laws.empty
    assert found.independent == 0
    assert not found.closest.empty
    assert found._repr_latex_() is None
    with pytest.raises(RunError, match="nothing is conserved"):
        found.plot()


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (np.zeros((5, 2)), {}, "names="),
        (np.zeros(5), {"names": ["a"]}, "not \\(sample, column\\)"),
        ([], {}, "empty list"),
        (object(), {}, "not understood"),
        ({"t": [0, 1], "x": [1, 2, 3]}, {}, "unlike lengths"),
        (np.ones((9, 1)), {"names": ["a"], "dt": -1.0}, "dt is -1"),
        ("no_such_data", {}, "no_such_data"),
    ],
)
def test_bad_data_are_refused_in_words(data, options, message):
    with pytest.raises(DatasetError, match=message):
        discover(data, **options)


def test_columns_without_units_are_an_error():
    with pytest.raises(DatasetError, match="no unit for x, v"):
        discover(oscillations(("x", "v")))


def test_import_is_light():
    code = (
        "import sys, noether_sym; noether_sym.__version__; "
        "heavy = {'torch', 'sympy', 'pandas', 'numpy', 'scipy'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert "discover" in dir(noether_sym)
    with pytest.raises(AttributeError, match="nothing"):
        _ = noether_sym.nothing
