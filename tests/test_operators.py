"""One record an operation: those of the package, and a new one through everything."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import expressions, is_tame, states, values
from test_export import assert_close, make, run
from test_export_more import NO_CC, computed_by_c

from noether_sym.datasets import Dataset, Trajectory, load
from noether_sym.dsl.distinct import enumerate_laws
from noether_sym.dsl.expression import INPUT, PARAMETER, call, input_, parameter
from noether_sym.dsl.grammar import GRAMMARS, Grammar, resolve_grammar
from noether_sym.dsl.operators import (
    BY_CODE,
    OPERATORS,
    Compiled,
    Freedom,
    Operator,
    Parity,
    UnitRule,
    register,
    registered,
)
from noether_sym.dsl.parser import parse
from noether_sym.dsl.tidy import tidied
from noether_sym.errors import GrammarError, UnitError
from noether_sym.export import export
from noether_sym.export.json import law_from_entry, law_to_entry
from noether_sym.search.candidate import Candidate, decompose
from noether_sym.search.program import Program, generated, make_evaluator
from noether_sym.search.program.compiled_evaluator import CompiledEvaluator
from noether_sym.search.program.torch_evaluator import TorchEvaluator
from noether_sym.units.dimension import DIMENSIONLESS, Dimension
from noether_sym.verdict.stage import FitOptions, fit

TANH = Operator(
    "tanh", 1, UnitRule.PURE,
    lambda lib, a: lib.tanh(a),
    lambda lib, value, a: (1.0 - value**2,),
    parity=Parity.ODD,
    compiled=Compiled("np.tanh(x)", ("1.0 - value * value",)),
)  # fmt: skip
Q, P = input_(0), input_(1)
C0, C1 = parameter(0), parameter(1)
POINTS = states()
POSITIVE = np.linspace(0.3, 2.7, 40)
UNARY = [own for own in BY_CODE if own.arity == 1]


@pytest.fixture
def tanh():
    with registered(TANH) as own:
        yield own


def kink():
    """``q + c0*tanh(c1*p)``."""
    return call("add", Q, call("mul", C0, call("tanh", call("mul", C1, P))))


@pytest.mark.parametrize("own", UNARY, ids=lambda own: own.name)
def test_records_say_what_is_true(own):
    one, other = own.apply(np, POSITIVE), own.apply(np, 1.7 * POSITIVE)
    if own.parity is not Parity.NONE:
        sign = -1 if own.parity is Parity.ODD else 1
        assert_close(own.apply(np, -POSITIVE), sign * one)
    assert (np.ptp(other / one) < 1e-12) == (own.factor is Freedom.FACTOR)
    assert (np.ptp(other - one) < 1e-12) == (own.factor is Freedom.CONSTANT)
    moved = own.apply(np, POSITIVE + 0.4)
    assert (np.ptp(moved / one) < 1e-12) == (own.constant is Freedom.FACTOR)
    if own.whole_power:
        assert_close(one, POSITIVE ** float(own.whole_power))
    if own.shifted:
        twin = OPERATORS[own.shifted]
        assert_close(own.apply(np, POSITIVE + np.pi / 2), twin.apply(np, POSITIVE))


@given(st.data())
def test_partials_are_the_slopes(data):
    own = data.draw(st.sampled_from(BY_CODE))
    numbers = [np.float64(data.draw(st.floats(0.4, 2.0))) for _ in range(own.arity)]
    partials = own.partials(np, own.apply(np, *numbers), *numbers)
    assert len(partials) == own.arity
    for place, partial in enumerate(partials):
        above, below = list(numbers), list(numbers)
        above[place] += 1e-6
        below[place] -= 1e-6
        slope = (own.apply(np, *above) - own.apply(np, *below)) / 2e-6
        assert slope == pytest.approx(partial, rel=1e-6, abs=1e-7)


def test_names_are_given_once_and_codes_in_order(tanh):
    assert tanh.code == len(UNARY) + 4 == BY_CODE.index(tanh)
    assert OPERATORS["tanh"] is tanh
    with pytest.raises(GrammarError, match="'tanh'"):
        register(TANH)
    with pytest.raises(GrammarError, match="'input'"):
        register(replace(TANH, name="input"))
    with pytest.raises(GrammarError, match="2 arguments"):
        register(replace(TANH, name="hypot", arity=2))
    with pytest.raises(GrammarError, match="free factor"):
        register(replace(TANH, name="halved", unit_rule=UnitRule.POWER, power=Fraction(1, 2)))
    with pytest.raises(GrammarError, match="unit"):
        register(replace(TANH, name="minus", unit_rule=UnitRule.EQUAL))


def test_a_record_is_gone_after_its_block():
    with registered(TANH), registered(replace(TANH, name="slope")) as second:
        formula = kink()
        assert BY_CODE[second.code].name == "slope"
    assert "tanh" not in OPERATORS
    assert len(BY_CODE) == len(OPERATORS)
    for use in (
        lambda: call("tanh", Q),
        lambda: Grammar("own", ("add", "tanh")),
        lambda: parse("tanh(q)", ["q"]),
        lambda: Program([Candidate(formula, (formula,), 2)], 2),
        lambda: formula.evaluate(np, [1.0, 2.0], [3.0, 4.0]),
        lambda: formula.text(["q", "p"], ["a", "b"]),
    ):
        with pytest.raises(GrammarError, match="tanh"):
            use()


def test_text_is_printed_and_read_back(tanh):
    formula = parse("q + c0*tanh(c1*p)", ["q", "p"])
    assert formula.expression == kink()
    assert kink().text(["q", "p"], ["c0", "c1"]) == "q + c0*tanh(c1*p)"
    squared = call("square", call("tanh", Q))
    assert parse(squared.text(["q"], []), ["q"]).expression == squared


@given(st.data())
def test_any_formula_with_it_is_read_back(data):
    with registered(TANH):
        formula = data.draw(expressions(operations=("add", "mul", "sqrt", "tanh")))
        numbers = data.draw(values(formula.parameter_count))
        if not is_tame(formula, POINTS, numbers):
            return
        text = formula.text(["x", "y", "z"], [repr(number) for number in numbers])
        again = parse(text, ["x", "y", "z"])
        own = [constant.value for constant in again.constants]
        columns = list(POINTS.T)
        assert_close(
            again.expression.evaluate(np, columns, own), formula.evaluate(np, columns, numbers)
        )


def test_a_length_is_refused(tanh):
    length = Dimension.of({"m": 1})
    with pytest.raises(UnitError, match="tanh of m, which is not dimensionless"):
        call("tanh", Q).parameter_dimensions([length])
    with pytest.raises(UnitError, match="at character 1: units do not fit: tanh of m"):
        parse("tanh(q)", ["q"], [length])
    whole, own = kink().parameter_dimensions([length, length])
    assert (whole, own) == (length, (length, length**-1))


def test_signs_come_out(tanh):
    tidy, numbers = tidied(kink(), [2.0, -3.0])
    assert tidy.text(["q", "p"], [str(number) for number in numbers]) == "q - 2.0*tanh(3.0*p)"


def test_values_and_slopes_agree_with_differences(tanh):
    columns, numbers = list(POINTS.T), [0.7, 1.3]

    def value(columns, numbers):
        return kink().evaluate(np, columns, numbers)

    for by, slots in ((INPUT, columns), (PARAMETER, numbers)):
        _, slopes = kink().linearise(np, columns, numbers, by)
        for slot, slope in slopes.items():
            sides = []
            for step in (1e-6, -1e-6):
                moved = [one + step * (n == slot) for n, one in enumerate(slots)]
                sides.append(value(*((moved, numbers) if by == INPUT else (columns, moved))))
            np.testing.assert_allclose((sides[0] - sides[1]) / 2e-6, slope, 1e-6, 1e-8)


@pytest.mark.parametrize("sort", [False, True], ids=["torch", "compiled"])
def test_evaluators_agree_with_the_formula(tanh, sort):
    if sort:
        pytest.importorskip("numba")
    terms = [call("tanh", call("mul", parameter(0), P)), call("mul", Q, call("tanh", P))]
    terms = [terms[0], call("mul", parameter(0), call("tanh", terms[1]))]
    program = Program([Candidate(term, (term,), 1) for term in terms], 2)
    evaluator = make_evaluator(program, "cpu", compiled=sort)
    assert type(evaluator) is (CompiledEvaluator if sort else TorchEvaluator)
    columns = torch.linspace(-2.0, 2.0, 4000, dtype=torch.float64).reshape(2, -1)
    nonlinear = torch.tensor([[[0.7], [-1.2]], [[2.0], [0.3]]], dtype=torch.float64)
    fixed = evaluator.fixed_values(columns)
    found, slopes = evaluator.slopes(fixed, nonlinear)
    assert torch.equal(evaluator.values(fixed, nonlinear), found)
    for row, term in enumerate(terms):
        for start in range(2):
            number = nonlinear[row, start].tolist()
            value, by = term.linearise(np, list(columns.numpy()), number, PARAMETER)
            np.testing.assert_allclose(found[0, row, start], value, 1e-12, 1e-14)
            np.testing.assert_allclose(slopes[0, row, start], by[0], 1e-12, 1e-14)


def test_without_compiled_source_torch_evaluates():
    with registered(replace(TANH, compiled=None)):
        program = Program([Candidate(call("tanh", Q), (call("tanh", Q),), 0)], 1)
        assert type(make_evaluator(program, "cpu")) is TorchEvaluator
        with pytest.raises(GrammarError, match="'tanh' has no compiled source"):
            CompiledEvaluator(program)


def test_kernels_are_written_once_and_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "own"))
    source = generated.kernel_source(BY_CODE)
    compile(source, "kernels", "exec")
    path = generated._kept(source, "kernels.py")
    before = path.stat().st_mtime_ns
    assert generated._kept(source, "kernels.py") == path
    assert path.stat().st_mtime_ns == before
    path.write_text("raise SystemExit")
    assert generated._kept(source, "kernels.py").read_text(encoding="utf-8") == source
    assert [one.name for one in path.parent.iterdir()] == ["kernels.py"]


def test_compilers_of_two_versions_share_no_machine_code(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert "numba 0." in generated._compiler()
    kernels = []
    for compiler in (
        "numba 0.60.0, LLVM (14, 0, 6), znver3",
        "numba 0.66.0, LLVM (22, 1, 0), znver3",
    ):
        monkeypatch.setattr(generated, "_compiler", lambda compiler=compiler: compiler)
        generated._loaded.cache_clear()
        kernels.append(generated.load_kernels())
    generated._loaded.cache_clear()
    assert kernels[0].__file__ != kernels[1].__file__
    assert len(list(tmp_path.glob("*.py"))) == 2


def test_nowhere_to_keep_kernels_falls_back_to_torch(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "below"))
    with registered(replace(TANH, compiled=Compiled("np.tanh(x)", ("1.0",)))):
        program = Program([Candidate(Q, (call("square", Q),), 0)], 1)
        assert type(make_evaluator(program, "cpu")) is TorchEvaluator


def test_the_packages_grammars_do_not_know_it(tanh):
    assert all("tanh" not in grammar.operations for grammar in GRAMMARS.values())
    assert resolve_grammar("paper+tanh").operators[-1] is tanh


def test_enumeration_finds_each_law_once(tanh):
    grammar = Grammar("own", ("add", "sub", "mul", "tanh"))
    found = enumerate_laws(grammar, [DIMENSIONLESS] * 2, 6)
    shown = [one.text(["q", "p"], ["a", "b"]) for one in found.expressions]
    assert len(shown) == len(set(shown))
    # a function of q is q, and an order makes no new law
    assert [text for text in shown if "p" not in text] == ["q"]
    inside = [text for text in shown if text.startswith(("q ", "tanh(")) and "tanh(a*p)" in text]
    assert inside == ["q + tanh(a*p)", "q - tanh(a*p)"]
    assert not {"q + tanh(p*a)", "tanh(a*p) + q"} & set(shown)


def test_terms_keep_their_parameters_inside(tanh):
    split = decompose(kink())
    assert [term.text(["q", "p"], ["a"]) for term in split.terms] == ["q", "tanh(a*p)"]


def planted() -> Dataset:
    """Trajectories on which ``x - tanh(1.3*y)`` stays as it is."""
    like = load("lotka_volterra")
    times = np.linspace(0.0, 6.0, 60)
    trajectories = []
    for number, level in enumerate(np.random.default_rng(2).uniform(-1.0, 1.0, 14)):
        angle = times + number
        y, by = 1.5 * np.sin(angle), 1.5 * np.cos(angle)
        bent = np.tanh(1.3 * y)
        rows = np.stack([level + bent, y], axis=1)
        slopes = np.stack([1.3 * (1 - bent**2) * by, by], axis=1)
        trajectories.append(Trajectory(str(number), times, rows, slopes))
    return Dataset(
        "planted", like.columns, like.time_unit, tuple(trajectories[:10]),
        tuple(trajectories[10:]), "exact",
    )  # fmt: skip


def test_a_fit_finds_a_law_with_it(tanh):
    dataset = planted()
    grammar = Grammar("own", ("add", "sub", "tanh", "mul"))
    distinct = enumerate_laws(grammar, dataset.dimensions, 6)
    found = fit(dataset, distinct, FitOptions()).judgement
    assert found.independent == 1
    law = found.laws[0]
    assert law.text().startswith("x - tanh(")
    assert law.values == (pytest.approx(1.3, rel=1e-6),)
    assert law.heldout_ratio < 1e-12
    assert law_from_entry(law_to_entry(law)) == law


def law():
    return make(kink(), 0.7, 1.3, names=("q", "tanh"), dimensions=(DIMENSIONLESS,) * 2)


def test_exported_code_gives_the_same_numbers(tanh):
    own, points = law(), POINTS[:, :2]
    expected, slopes = own(points), own.gradient(points)
    assert_close(expected, points[:, 0] + 0.7 * np.tanh(1.3 * points[:, 1]))
    module = run(export([own], "python"))
    assert_close(module["law_1"](points), expected)
    assert_close(module["law_1_gradient"](points), slopes)
    columns = run(export([own], "numpy"))
    assert_close(columns["law_1"](*points.T), expected)
    assert_close(np.stack(columns["law_1_gradient"](*points.T), axis=-1), slopes)
    network = run(export([own], "torch"))["Law1"]()
    assert_close(network(torch.tensor(points)).detach().numpy(), expected)
    assert run(export([own], "sympy"))["g1"] == own.sympy()
    assert own.sympy().has(sympy.tanh)


@pytest.mark.skipif(NO_CC, reason="there is no C compiler")
def test_exported_c_gives_the_same_numbers(tanh, tmp_path):
    own, points = law(), POINTS[:, :2]
    (table,) = computed_by_c([own], points, tmp_path)
    assert_close(table[:, 0], own(points))
    assert_close(table[:, 1:], own.gradient(points))


def test_exported_pictures_show_it(tanh):
    own = law().with_(inputs=(("q", ""), ("p", "")))
    assert r"\tanh" in export([own], "latex")
    assert r"\tanh" in export([own], "markdown")
    assert '<mo rspace="0.17em">\u2062</mo><mrow><mi>tanh</mi>' in export([own], "mathml")
    assert '"tanh"' in export([own], "json")
