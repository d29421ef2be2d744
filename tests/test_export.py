"""Laws in every format, run or compiled by what the format is for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import sympy
import torch
from hypothesis import assume, given, settings
from strategies import NAMES, is_tame, laws, states

from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.errors import DomainError
from noether_sym.export import FORMATS, ExportError, export
from noether_sym.export.latex import latex_document, law_latex, law_latex_named
from noether_sym.export.mathml import law_mathml
from noether_sym.export.sympy import law_srepr, law_sympy_source
from noether_sym.laws.law import Law, Parameter
from noether_sym.units.dimension import DIMENSIONLESS, Dimension

Q, P, R = (input_(column) for column in range(3))
C0, C1 = parameter(0), parameter(1)
MOMENTUM = Dimension.of({"kg": 1, "m": 2, "s": -1})
PENDULUM = call("sub", call("square", P), call("mul", C0, call("cos", Q)))
POINTS = states()


def make(expression, *values, names=("q", "p", "r"), dimensions=(DIMENSIONLESS, MOMENTUM), rank=1):
    dimensions = (*dimensions, *[DIMENSIONLESS] * len(names))[: len(names)]
    dimension, own = expression.parameter_dimensions(dimensions)
    return Law(
        expression=expression,
        inputs=tuple((name, str(one)) for name, one in zip(names, dimensions, strict=True)),
        parameters=tuple(
            Parameter(f"c{slot}", value, unit, 0.01)
            for slot, (value, unit) in enumerate(zip(values, own, strict=True))
        ),
        dimension=dimension,
        conservation_ratio=1e-4,
        random_ratio=0.9,
        rank=rank,
        family=1,
    )


def run(source):
    """Names that generated source defines."""
    namespace = {}
    exec(compile(source, "<generated>", "exec"), namespace)
    return namespace


def assert_close(own, expected, tolerance=1e-8):
    np.testing.assert_allclose(own, expected, rtol=tolerance, atol=tolerance)


@given(laws())
def test_python_module_computes_the_law_and_its_gradient(law):
    assume(is_tame(law.expression, POINTS, law.values))
    module = run(export([law], "python"))
    assert_close(module["law_1"](POINTS), law(POINTS))
    assert_close(module["law_1_gradient"](POINTS), law.gradient(POINTS))
    assert module["LAWS"] == [(module["law_1"], module["law_1_gradient"])]


@given(laws())
def test_torch_module_computes_the_law(law):
    assume(is_tame(law.expression, POINTS, law.values))
    module = run(export([law], "torch"))["Law1"]()
    points = torch.tensor(POINTS, requires_grad=True)
    value = module(points)
    assert_close(value.detach().numpy(), law(POINTS))
    if value.requires_grad:
        (slopes,) = torch.autograd.grad(value.sum(), points)
        assert_close(slopes.numpy(), law.gradient(POINTS))


@given(laws())
def test_sympy_text_round_trips(law):
    assume(is_tame(law.expression, POINTS, law.values))
    everything = dict(vars(sympy))
    assert eval(law_srepr(law), everything) == law.sympy()
    assert run(law_sympy_source(law))["g"] == law.sympy()


@given(laws())
def test_latex_and_mathml_are_closed_and_escaped(law):
    for text in (law_latex(law), law_latex_named(law), latex_document([law])):
        assert_balanced(text)
    for by_name in (False, True):
        text = law_mathml(law, by_name=by_name)
        assert parsed(text).tag.endswith("math")
        assert "<script" not in text


def read_mathml(node):
    """What a reader makes of the picture: symbols in a row, powers, fractions, roots."""
    tag = node.tag.rpartition("}")[2]
    parts = [read_mathml(child) for child in node]
    if tag == "msup":
        return f"{parts[0]}**({parts[1]})"
    if tag == "msub":
        return f"{parts[0]}_{parts[1]}"
    if tag == "mfrac":
        return f"(({parts[0]})/({parts[1]}))"
    if tag == "mroot":
        return f"({parts[0]})**(1/({parts[1]}))"
    if tag == "msqrt":
        return f"sqrt({''.join(parts)})"
    signs = {"\u2062": "*", "·": "*", "−": "-", "e": "exp(1)"}
    return "".join(parts) or signs.get(node.text, node.text)


@given(laws())
def test_mathml_means_the_formula(law):
    names = ("x", "y", "w")
    law = law.with_(inputs=tuple((name, "m") for name in names))
    assume(is_tame(law.expression, POINTS, law.values))
    columns = dict(zip(names, POINTS.T, strict=True))
    constants = {f"c_{slot}": value for slot, value in enumerate(law.values)}
    functions = {name: getattr(np, name) for name in ("sin", "cos", "log", "sqrt", "exp")}
    for by_name in (False, True):
        text = read_mathml(parsed(law_mathml(law, digits=15, by_name=by_name)))
        assume("|" not in text)
        value = eval(text, {"__builtins__": {}}, {**columns, **constants, **functions})
        assert_close(np.broadcast_to(value, len(POINTS)), law(POINTS))


def test_sums_in_sums_keep_their_sign():
    cosines = call("add", call("mul", C0, call("cos", Q)), call("mul", C1, call("cos", R)))
    law = make(call("sub", call("square", R), cosines), 39.2, 19.6)
    text = r"r^{2} - 39.2 \cos{\left(q \right)} - 19.6 \cos{\left(r \right)}"
    assert law_latex(law) == text
    assert read_mathml(parsed(law_mathml(law))) == "r**(2)-39.2*cos(q)-19.6*cos(r)"


def assert_balanced(text):
    bare = re.sub(r"(?m)(?<!\\)%.*$", "", text).replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")
    assert len(re.findall(r"\\left\b", bare)) == len(re.findall(r"\\right\b", bare))


def parsed(text):
    from xml.etree import ElementTree

    return ElementTree.fromstring(text)


@pytest.mark.parametrize(
    ("law", "latex", "by_name"),
    [
        (
            make(PENDULUM, 2.43),
            r"p^{2} - 2.43 \cos{\left(q \right)}",
            r"p^{2} - c_{0} \cos{\left(q \right)}",
        ),
        (
            make(PENDULUM, 2.43456789, names=("theta", "lambda")),
            r"\lambda^{2} - 2.4346 \cos{\left(\theta \right)}",
            r"\lambda^{2} - c_{0} \cos{\left(\theta \right)}",
        ),
        (
            make(PENDULUM, 2.43e-7, names=("E", "c0")),
            r"c_{0}^{2} - 2.43 \cdot 10^{-7} \cos{\left(E \right)}",
            r"c_{0}^{2} - k_{0} \cos{\left(E \right)}",
        ),
        (
            make(call("sub", call("square", Q), call("exp", Q)), names=("I", "N")),
            r"I^{2} - e^{I}",
            r"I^{2} - e^{I}",
        ),
        (
            make(call("mul", C0, call("add", Q, C1)), 2.5, 12345.678),
            r"2.5 \left(q + 12346\right)",
            r"c_{0} \left(c_{1} + q\right)",
        ),
        (
            make(PENDULUM, float("nan")),
            r"p^{2} - c_{0} \cos{\left(q \right)}",
            r"p^{2} - c_{0} \cos{\left(q \right)}",
        ),
    ],
)
def test_latex_reads_as_people_write(law, latex, by_name):
    assert law_latex(law) == latex
    assert law_latex_named(law) == by_name
    assert law_latex(law) == latex


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex")
def test_latex_document_compiles(tmp_path):
    pairs = [NAMES[place : place + 2] for place in range(len(NAMES) - 1)]
    ratio = call("div", PENDULUM, call("add", call("sqrt", call("square", C1)), call("exp", Q)))
    every = [make(PENDULUM, 2.43, names=pair) for pair in pairs]
    every += [make(ratio, 2.43e-9, -1.5, names=pair) for pair in pairs]
    (tmp_path / "laws.tex").write_text(latex_document(every), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "laws.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120)
    log = done.stdout.decode(errors="replace")
    assert done.returncode == 0, log[-3000:]
    assert not re.search(r"Missing character|invalid in math mode", log)


def test_latex_document_of_no_law():
    assert "No law was found." in latex_document([])


def test_latex_document_lists_units():
    text = latex_document([make(PENDULUM, 2.43)])
    energy = r"\mathrm{kg}^{2}\,\mathrm{m}^{4}\,\mathrm{s}^{-2}"
    assert f" in ${energy}$" in text
    assert rf"$c_{{0}} = \left(2.43 \pm 0.01\right)\,{energy}$" in text
    assert r"Columns: $q$, $p$ in $\mathrm{kg}\,\mathrm{m}^{2}\,\mathrm{s}^{-1}$." in text


def test_python_documentation_names_units_and_columns():
    law = make(PENDULUM, 2.43, names=("lambda", 'p"""\n'))
    module = run(export([law], "python"))
    text = module["law_1"].__doc__
    assert "``lambda`` [dimensionless]" in text
    assert "c0 : float\n        2.43 [kg**2*m**4/s**2], standard error 0.01." in text
    assert "In [kg**2*m**4/s**2]." in text
    assert "lambda_ = states[..., 0]  # column 'lambda' [dimensionless]" in export([law], "python")


def test_several_laws_have_a_name_each():
    second = make(call("add", Q, C0), 1.0, rank=4)
    source = export([make(PENDULUM, 2.43), second], "python")
    assert {"law_1", "law_4"} <= set(run(source))
    unranked = [make(PENDULUM, 2.43, rank=0), make(PENDULUM, 2.43, rank=0)]
    assert {"Law1", "Law2"} <= set(run(export(unranked, "torch")))


def test_torch_constants_are_fixed_unless_asked_otherwise():
    module = run(export([make(PENDULUM, 2.43)], "torch"))["Law1"]
    assert [own.requires_grad for own in module().parameters()] == [False]
    assert [own.requires_grad for own in module(trainable=True).parameters()] == [True]
    points = torch.ones(5, 3, dtype=torch.float32)
    assert module()(points).dtype == torch.float32


@pytest.mark.parametrize(
    "expression",
    [call("add", call("div", Q, Q), call("sub", R, R)), call("cos", C0), call("mul", C0, C0)],
)
def test_formulas_that_read_no_column_keep_the_shape(expression):
    law = make(expression.renumbered(), *[2.0] * expression.parameter_count)
    law = law.with_(dimension=DIMENSIONLESS)
    points = np.random.default_rng(0).uniform(1, 2, (4, 5, 3))
    assert_close(run(export([law], "python"))["law_1"](points), law(points))
    assert_close(run(export([law], "python"))["law_1_gradient"](points), np.zeros((4, 5, 3)))
    own = run(export([law], "torch"))["Law1"]()(torch.tensor(points))
    assert_close(own.detach().numpy(), law(points))


def test_numbers_that_sympy_makes_are_taken_by_torch():
    two = call("add", call("div", Q, Q), call("div", P, P))
    law = make(call("mul", call("sqrt", two), call("exp", call("div", Q, Q))))
    own = run(export([law], "torch"))["Law1"]()(torch.tensor(POINTS))
    assert_close(own.numpy(), law(POINTS))


@pytest.mark.parametrize("format", ["python", "torch"])
def test_formulas_without_a_value_are_refused_as_code(format):
    with pytest.raises(DomainError, match=r"1/\(q - q\) has no real value anywhere"):
        export([make(call("inverse", call("sub", Q, Q)))], format)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_takes_no_law_and_many(format):
    for own in ([], [make(PENDULUM, 2.43), make(call("add", Q, C0), -1.0, rank=2)]):
        text = export(own, format)
        assert text.endswith("\n")
        assert text == export(own, format)
    assert len(json.loads(export(own, "json"))) == 2
    if format in ("sympy", "python", "torch"):
        run(text)


def test_unknown_formats_are_refused():
    with pytest.raises(ExportError, match="unknown format 'pdf'; known: latex, sympy, python"):
        export([], "pdf")


@settings(max_examples=20)
@given(laws())
def test_every_format_takes_any_law(law):
    assume(is_tame(law.expression, POINTS, law.values))
    for format in FORMATS:
        assert export([law], format)
