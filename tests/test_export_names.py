"""Users' names in LaTeX, MathML and Python."""

from __future__ import annotations

import keyword
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import NAMES

from noether_sym.export.names import (
    glyphs,
    identifiers,
    latex_name,
    latex_unit,
    mathml_name,
    one_line,
)

_TEX_LIKE = st.lists(
    st.sampled_from([*"xq_^{}'1 ,", r"\dot", r"\theta", r"\mathrm", r"\vec ", r"\Omega", "\\"]),
    min_size=1,
    max_size=9,
).map(lambda parts: f"${''.join(parts)}$")


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("q", "q"),
        ("v_x", "v_{x}"),
        ("x1", "x_{1}"),
        ("q₁", "q_{1}"),
        ("v_x_1", "v_{x,1}"),
        ("beta1", r"\beta_{1}"),
        ("lambda", r"\lambda"),
        ("Omega", r"\Omega"),
        ("Alpha", r"\mathrm{A}"),
        ("θ", r"\theta"),
        ("Ω_x", r"\Omega_{x}"),
        ("theta_dot", r"\dot{{\theta}}"),
        ("ẋ", r"\dot{x}"),
        ("q'", "q'"),
        ("speed", r"\mathrm{speed}"),
        ("local", r"\mathrm{local}"),
        ("x y", r"\mathrm{x\ y}"),
        ("a$b%", r"\mathrm{a\$b\%}"),
        ("<script>", r"\mathrm{{<}script{>}}"),
        ("énergie", r"\mathrm{\acute{e}nergie}"),
        ("中", r"\mathrm{U{+}4E2D}"),
        (r"$\dot\theta$", r"\dot{\theta}"),
        (r"$\theta$", r"\theta"),
        (r"\omega_1", r"\omega _{1}"),
        (r"$E_{\text{kin}}$", r"E_{\mathrm{kin}}"),
        (r"$\vec{r}_{12}'$", r"\vec{r}_{12}^{\prime}"),
        (r"$\input{a}$", r"\mathrm{\$\backslash input\{a\}\$}"),
        (r"$x_1_2$", r"\mathrm{\$x\_1\_2\$}"),
        (r"\nothing", r"\mathrm{\backslash nothing}"),
    ],
)
def test_latex_of_names(name, latex):
    assert latex_name(name) == latex


@given(st.one_of(st.sampled_from(NAMES), st.text(min_size=1, max_size=8), _TEX_LIKE))
def test_names_are_closed_latex_in_ascii(name):
    text = latex_name(name)
    assert text.isascii()
    assert text.isprintable()
    bare = text.replace(r"\{", "").replace(r"\}", "")
    depth = 0
    for char in bare:
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0
    assert depth == 0
    for special in "$%&#":
        assert bare.count(special) == bare.count(f"\\{special}")


@given(st.one_of(st.sampled_from(NAMES), st.text(min_size=1, max_size=8), _TEX_LIKE))
def test_names_are_one_mathml_element(name):
    root = ElementTree.fromstring(mathml_name(name))
    scripts = {"msub", "msup", "msubsup", "mover"}
    assert root.tag in {"mi", "mrow", *scripts}
    assert {node.tag for node in root.iter()} <= {"mi", "mn", "mo", "mrow", *scripts}


@given(st.lists(st.one_of(st.sampled_from(NAMES), st.text(max_size=6)), max_size=8))
def test_identifiers_are_distinct_and_valid(names):
    found = identifiers(names, {"states", "numpy"})
    assert len(set(found)) == len(names)
    for one in found:
        assert one.isidentifier()
        assert not keyword.iskeyword(one)
        assert one not in ("states", "numpy", "print")


def test_names_that_are_latex_are_set_in_mathml_too():
    dot = mathml_name(r"$\dot\theta$")
    assert dot == '<mover accent="true"><mi>θ</mi><mo stretchy="false">˙</mo></mover>'
    assert mathml_name(r"\omega_1") == "<msub><mi>ω</mi><mn>1</mn></msub>"
    assert mathml_name("$a<b$") == "<mi>$a&lt;b$</mi>"


def test_identifiers_stay_near_the_names():
    names = ["lambda", "x y", "x-y", "2x", "_", "x", "print", "θ", "states", "v_x", "c0"]
    assert identifiers(names, {"states"}) == [
        "lambda_", "x_y", "x_y_2", "x2x", "x_2", "x", "print_", "θ", "states_", "v_x", "c0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "latex"),
    [
        ("rad", r"\mathrm{rad}"),
        ("dimensionless", ""),
        ("kg*m**2/s", r"\mathrm{kg}\,\mathrm{m}^{2}\,\mathrm{s}^{-1}"),
        ("1/s", r"\mathrm{s}^{-1}"),
        ("m**(1/2)/s**(3/2)", r"\mathrm{m}^{1/2}\,\mathrm{s}^{-3/2}"),
        ("µm", r"\mathrm{{\mu}m}"),
        ("s⁻¹", r"\mathrm{s}^{-1}"),
        ("kg·m²·s⁻¹", r"\mathrm{kg}\,\mathrm{m}^{2}\,\mathrm{s}^{-1}"),
        ("kg m / s^2", r"\mathrm{kg}\,\mathrm{m}\,\mathrm{s}^{-2}"),
        ("mol/L", r"\mathrm{mol}\,\mathrm{L}^{-1}"),
    ],
)
def test_latex_of_units(unit, latex):
    assert latex_unit(unit) == latex


def test_words_are_no_symbols_in_disguise():
    assert glyphs("total").base == "total"
    assert glyphs("tau").base == "τ"
    assert one_line("a\nb\tc") == "a b c"
