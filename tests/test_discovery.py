"""The Python interface: real small searches from what a program holds."""

import inspect
import pickle
import subprocess
import sys
from contextlib import contextmanager
from functools import partial

import numpy as np
import pandas as pd
import pytest

import noether_sym
from noether_sym import Discovery, discover
from noether_sym.dsl.operators import Operator, UnitRule, registered
from noether_sym.errors import DatasetError, GrammarError, OptionError, RunError
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
    units = {name: f"{name} [{unit}]" for name, unit in law.inputs}
    np.testing.assert_allclose(law(table.rename(columns=units)), law(table))
    np.testing.assert_allclose(law(table.rename(columns={"x": units["x"]})), law(table))
    np.testing.assert_allclose(law.gradient(table.rename(columns=units)), law.gradient(table))
    with pytest.raises(DatasetError, match=r"x in m, and column 'x \[km\]' is in km; convert it"):
        law(table.rename(columns={"x": "x [km]"}))


def test_notebooks_show_formulas(found):
    assert "<math" in found._repr_html_()
    assert found._repr_latex_() == f"${found.latex(found.best)}$"
    assert "1 " in found.summary()


def test_notebooks_show_constants_errors_units_verdicts_and_notes(found):
    page, law = found._repr_html_(), found.best
    (own,) = law.parameters
    for text in (
        f"{own.name} = ",
        " ± ",
        "s²",
        "m²",
        "law, judged on 5 trajectories",
        *found.notes,
    ):
        assert text in page, text
    assert "constant to within" in law._repr_html_()
    assert "<math" in law._repr_html_()


def test_names_are_escaped_and_notes_too():
    found = discover(oscillations(("<b>", "v")), unitless=True, search="sums", budget=1)
    assert "<b>" not in found._repr_html_() + found.best._repr_html_()
    assert "&lt;b&gt;" in found._repr_html_()


def test_what_is_shown_in_a_line_is_short(found):
    data = found.dataset
    assert repr(data) == "Dataset('data': x [m], v [m/s]; 5 + 1 trajectories, 344 samples)"
    assert repr(data.train[0]) == "Trajectory('0': 60 samples)"
    assert repr(found.best) == f"Law({found.best.text()!r}: law)"
    assert len(repr(noether_sym.check("x**2 + c0*v**2", data))) < 700


def test_notes_say_what_was_done():
    found = discover(
        [table.assign(**{"m [kg]": 2.0}) for table in oscillations()], search="sums", budget=1
    )
    assert any("'m' has the same value everywhere" in note for note in found.notes)


def test_reports_are_where_they_are_said_to_be(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = discover(oscillations(), search="sums", budget=1)
    written = found.report()
    assert written == tmp_path / f"{found.run.name}.html"
    assert "The table was given in memory" in written.read_text(encoding="utf-8")
    named = found.report("own.html")
    (tmp_path / "folder").mkdir()
    inside = found.report(tmp_path / "folder")
    kept = found.run.path
    del found
    assert not kept.exists()
    assert named.read_text() == written.read_text() == inside.read_text()
    assert "<math" in written.read_text()


def test_reports_of_kept_runs_stay_with_them(found, tmp_path):
    back = noether_sym.load_discovery(found.save(tmp_path / "saved"))
    assert back.report() == tmp_path / "saved" / "report.html"
    with pytest.raises(RunError, match="another path to report"):
        back.report("/dev/full/report.html")


def test_a_discovery_is_not_pickled(found):
    with pytest.raises(RunError, match=r"found\.save\(path\)"):
        pickle.dumps(found)
    assert pickle.loads(pickle.dumps(found.best)) == found.best


def test_verbs_stand_beside_discover(found):
    tables = oscillations()
    checked = noether_sym.check("x**2 + c0*v**2", tables, seed=0)
    assert checked.conserved
    assert checked.law.parameters[0].value == pytest.approx(0.25)
    assert not noether_sym.check("x + c0*v", tables).conserved
    read = noether_sym.inspect(tables)
    assert (read.train, read.test) == ((60, 45, 70, 50, 64), (55,))
    assert [(own.name, own.unit) for own in read.columns] == [("x", "m"), ("v", "m/s")]
    assert read.columns[0].noise is not None
    text = noether_sym.export(found, "python")
    assert "def law_1(" in text
    assert noether_sym.export(found.best, "c") == noether_sym.export(found.accepted, "c")
    with pytest.raises(OptionError, match="laws is a str"):
        noether_sym.export("results", "latex")
    with pytest.raises(OptionError, match="a Dataset is read already"):
        noether_sym.inspect(found.dataset, unitless=True)


def test_rooms_that_are_verbs_stay_rooms():
    from noether_sym.check import check_equations
    from noether_sym.export import FORMATS

    assert "latex" in FORMATS
    assert noether_sym.check.check_equations is check_equations
    assert "formula" in inspect.signature(noether_sym.check).parameters
    code = "from noether_sym import check, export; assert callable(check) and callable(export)"
    subprocess.run([sys.executable, "-c", code], check=True)


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


def test_an_operation_of_ones_own_is_found_in_a_law():
    angle = np.linspace(0.0, 6.0, 60)
    tables = []
    for number, level in enumerate(np.random.default_rng(2).uniform(-1.0, 1.0, 8)):
        y = 1.5 * np.sin(angle + number)
        tables.append(pd.DataFrame({"x": level + np.arctan(1.3 * y), "y": y}))

    def arctangent(lib, x):
        return (getattr(lib, "atan", None) or lib.arctan)(x)  # NumPy has atan from 2.0 on

    def slope(lib, value, x):
        return 1 / (1 + x**2)

    with restored_operators():
        for _ in range(2):  # a cell of a notebook is run again
            noether_sym.register_operator("atan", arctangent, slope, parity="odd")
        found = discover(
            tables, unitless=True, search="formulas", depth=6, grammar="add,sub,mul,atan"
        )
        assert found.best.text().startswith("x - atan(")
        assert found.best.values[0] == pytest.approx(1.3, rel=1e-6)
        with pytest.raises(GrammarError, match="its derivative is not the slope"):
            noether_sym.register_operator("tan2", lambda lib, x: lib.tan(x), slope)
        with pytest.raises(GrammarError, match="it has another parity"):
            noether_sym.register_operator("other", arctangent, slope, parity="even")
        with pytest.raises(GrammarError, match="taken"):
            noether_sym.register_operator(
                "sin", lambda lib, x: lib.sin(x), lambda lib, value, x: lib.cos(x)
            )
        with pytest.raises(GrammarError, match="take the library"):
            noether_sym.register_operator("odd", np.arctan, slope)


@contextmanager
def restored_operators():
    """Whatever is registered inside is forgotten after."""
    mark = Operator("mark", 1, UnitRule.PURE, lambda lib, x: x, lambda lib, value, x: (1.0,))
    with registered(mark):
        yield


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
        ({"t": [0, 1], "x": [1, 2, 3]}, {}, "differ in length"),
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


@pytest.mark.parametrize(("samples", "columns"), [(5, 1), (8, 2), (14, 5), (20, 5)])
def test_short_recordings_are_searched_and_nothing_is_claimed(samples, columns):
    noise = np.random.default_rng(0).normal(size=(samples, columns))
    names = [f"x{number}" for number in range(columns)]
    found = discover(noise, names=names, dt=0.1, unitless=True, search="sums", budget=1)
    assert found.best is None
