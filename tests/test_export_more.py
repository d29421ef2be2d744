"""NumPy and C functions, Markdown, siunitx: run, compiled or read by what they are for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from strategies import NAMES, is_tame, laws, states
from test_export import C0, PENDULUM, P, Q, assert_balanced, assert_close, make, run

from noether_sym.dsl.expression import call
from noether_sym.errors import DomainError
from noether_sym.export import FORMATS, ExportError, export
from noether_sym.export.latex import latex_document, law_latex
from noether_sym.export.markdown import markdown_table
from noether_sym.laws.law import APPROXIMATE_LAW, LAW, Evidence
from noether_sym.laws.symmetry import Symmetry

POINTS = states()
NO_CC = shutil.which("cc") is None


@given(laws())
def test_numpy_functions_take_columns(law):
    assume(is_tame(law.expression, POINTS, law.values))
    own = run(export([law], "numpy"))
    assert_close(own["law_1"](*POINTS.T), law(POINTS))
    slopes = own["law_1_gradient"](*POINTS.T)
    assert_close(np.stack(slopes, axis=-1), law.gradient(POINTS))
    assert np.shape(own["law_1"](*POINTS[0])) == ()


def test_numpy_constants_have_names_and_columns_broadcast():
    own = run(export([make(PENDULUM, 2.0, names=("q", "lambda"))], "numpy"))
    q, p = np.linspace(0, 1, 5)[:, None], np.linspace(0, 2, 3)
    assert_close(own["law_1"](q, p), p**2 - 2 * np.cos(q))
    assert_close(own["law_1"](q=q, lambda_=p, c0=3.0), p**2 - 3 * np.cos(q))
    assert [one.shape for one in own["law_1_gradient"](q, p)] == [(5, 3), (5, 3)]
    alone = run(export([make(Q, names=("q",))], "numpy"))
    assert alone["law_1_gradient"](2) == (1.0,)


def computed_by_c(found, points, folder):
    """Values and gradients of laws by a compiled program: (law, point, 1 + column)."""
    count = points.shape[1]
    rows = ",\n".join("{" + ", ".join(map(repr, map(float, row))) + "}" for row in points)
    calls = "\n".join(
        f"        law_{n}_gradient(x[i], g);\n"
        f'        printf("%.17g", law_{n}(x[i]));\n'
        f'        for (j = 0; j < {count}; j++) printf(" %.17g", g[j]);\n'
        '        printf("\\n");'
        for n in range(1, len(found) + 1)
    )
    (folder / "laws.c").write_text(export(found, "c"), encoding="utf-8")
    (folder / "main.c").write_text(
        "#include <stdio.h>\n"
        + "".join(
            f"double law_{n}(const double *);\nvoid law_{n}_gradient(const double *, double *);\n"
            for n in range(1, len(found) + 1)
        )
        + f"static const double x[{len(points)}][{count}] = {{{rows}}};\n"
        f"int main(void) {{\n    int i, j; double g[{count}];\n"
        f"    for (i = 0; i < {len(points)}; i++) {{\n{calls}\n    }}\n    return 0;\n}}\n"
    )
    strict = ["cc", "-std=c99", "-Wall", "-Wextra", "-Werror"]
    for command in (
        [*strict, "-pedantic", "-c", "laws.c", "-o", "laws.o"],
        ["cc", "-std=c99", "main.c", "laws.o", "-o", "laws", "-lm"],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr + export(found, "c")
    text = subprocess.run(["./laws"], cwd=folder, capture_output=True, text=True, timeout=60).stdout
    table = np.array([[float(word) for word in line.split()] for line in text.splitlines()])
    return table.reshape(len(points), len(found), 1 + count).swapaxes(0, 1)


@pytest.mark.skipif(NO_CC, reason="there is no C compiler")
@settings(max_examples=25)
@given(law=laws())
def test_c_functions_compute_the_law(law, tmp_path_factory):
    assume(is_tame(law.expression, POINTS, law.values))
    (table,) = computed_by_c([law], POINTS, tmp_path_factory.mktemp("c"))
    assert_close(table[:, 0], law(POINTS))
    assert_close(table[:, 1:], law.gradient(POINTS))


HARD = [
    *NAMES, "int", "double", "state", "gradient", "cos", "exp", "y0", "gamma", "NAN", "errno",
    "*/", "/*", "??/", "\\", "θ̇", "main", "law_2", "a\nb", "α₁", "M_PI", "NULL", "E0",
]  # fmt: skip


@pytest.mark.skipif(NO_CC, reason="there is no C compiler")
def test_any_name_compiles(tmp_path):
    points = np.array([[0.3, 0.7]])
    found = [
        make(PENDULUM, 2.5, names=(name, other), rank=place + 1)
        for place, (name, other) in enumerate(zip(HARD, [*HARD[1:], "θ"], strict=True))
    ]
    table = computed_by_c(found, points, tmp_path)
    expected = [0.7**2 - 2.5 * np.cos(0.3), 2.5 * np.sin(0.3), 1.4]
    assert_close(table[:, 0], np.tile(expected, (len(found), 1)))
    assert len(set(re.findall(r"double (\w+) = state", export(found, "c")))) > 30


@pytest.mark.skipif(NO_CC, reason="there is no C compiler")
def test_c_of_formulas_without_columns_and_of_no_law(tmp_path):
    law = make(call("mul", C0, call("div", Q, Q)), 2.0)
    (table,) = computed_by_c([law], POINTS, tmp_path)
    assert_close(table, np.tile([2.0, 0, 0, 0], (len(POINTS), 1)))
    assert "No law" in export([], "c")
    with pytest.raises(DomainError):
        export([make(call("inverse", call("sub", Q, Q)))], "c")


def test_markdown_is_a_table():
    law = make(PENDULUM, 2.43, names=("a|b", "<script>"))
    law = law.with_(symmetry=Symmetry("time translation", "", ((0, 1),)))
    text = markdown_table([law, make(call("add", Q, C0), -1.5e-9, rank=2)])
    head, rule, *rows = text.split("\n\n")[0].splitlines()
    assert {line.count("|") for line in (head, rule, *rows)} == {8}
    assert len(rows) == 2
    assert "<" not in text
    assert "time translation" in rows[0]
    assert r"$c_{0} = \left(2.43 \pm 0.01\right)\,\mathrm{kg}^{2}" in rows[0]
    assert r"-1.5 \cdot 10^{-9}" in rows[1]
    assert "Columns: $" in text
    assert markdown_table([]) == "No law was found.\n"


@given(laws())
def test_markdown_rows_hold_whatever_the_names(law):
    assert_balanced(markdown_table([law]))
    rows = markdown_table([law]).split("\n\n")[0].splitlines()
    assert {line.count("|") for line in rows} == {8}


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (2.44694, 0.0131, r"\qty{2.447 +- 0.013}{kg^{2}.m^{4}.s^{-2}}"),
        (2.44694, None, r"\qty{2.4469}{kg^{2}.m^{4}.s^{-2}}"),
        (-1.5e-9, 2e-11, r"\qty{-1.500 +- 0.020 e-9}{kg^{2}.m^{4}.s^{-2}}"),
        (6.02e23, 1e22, r"\qty{6.02 +- 0.10 e23}{kg^{2}.m^{4}.s^{-2}}"),
        (12345.0, 210.0, r"\qty{12345 +- 210}{kg^{2}.m^{4}.s^{-2}}"),
        (3.0, 0.0, r"\qty{3}{kg^{2}.m^{4}.s^{-2}}"),
        (0.0, None, r"\qty{0}{kg^{2}.m^{4}.s^{-2}}"),
        (1.0, 1e-300, r"\qty{1}{kg^{2}.m^{4}.s^{-2}}"),
        (float("nan"), None, r"\mathrm{nan}\,\mathrm{kg}^{2}"),
    ],
)
def test_siunitx_quantities(value, error, shown):
    law = make(PENDULUM, value)
    own = law.parameters[0]
    law = law.with_(parameters=(type(own)(own.name, value, own.dimension, error),))
    text = latex_document([law], siunitx=True)
    assert f"$c_{{0}} = {shown}" in text
    assert r"\usepackage{siunitx}" in text
    assert r"$p$ in \unit{kg.m^{2}.s^{-1}}" in text


def test_fragments_have_no_preamble():
    for siunitx in (False, True):
        text = export([make(PENDULUM, 2.43)], "latex", siunitx=siunitx, document=False)
        assert "documentclass" not in text
        assert r"\begin{enumerate}" in text
        assert ("siunitx" in text) == siunitx
    with pytest.raises(ExportError, match="options of latex, not of json"):
        export([], "json", siunitx=True)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex")
@pytest.mark.parametrize("siunitx", [False, True])
def test_documents_and_fragments_compile(siunitx, tmp_path):
    if siunitx:
        found = subprocess.run(["kpsewhich", "siunitx.sty"], capture_output=True, text=True)
        if not found.stdout.strip():
            pytest.skip("the siunitx package is not there")
    every = [make(PENDULUM, 2.43, names=NAMES[n : n + 2]) for n in range(len(NAMES) - 1)]
    every += [make(call("mul", C0, P), value) for value in (1e-9, 3e30, 0.0, 123456.0)]
    whole = latex_document(every, siunitx=siunitx)
    part = latex_document(every, siunitx=siunitx, document=False)
    (tmp_path / "whole.tex").write_text(whole.replace(r"\end{document}", part + r"\end{document}"))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "whole.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=240)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-3000:]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    from click.testing import CliRunner

    from noether_sym.cli import main

    folder = tmp_path_factory.mktemp("results")
    arguments = ["fit", "--dataset", "ideal_spring", "--depth", "7", "--results", str(folder), "-q"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    return folder


def call_export(results, *arguments):
    from click.testing import CliRunner

    from noether_sym.cli import main

    return CliRunner().invoke(main, ["export", "--results", str(results), "-q", *arguments])


@pytest.mark.parametrize("form", FORMATS)
def test_the_command_writes_every_format(form, results):
    done = call_export(results, "--format", form)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip()


def test_the_command_takes_the_options_of_latex(results):
    done = call_export(results, "--siunitx", "--fragment")
    assert r"\unit{" in done.stdout
    assert "documentclass" not in done.stdout
    assert "documentclass" in call_export(results, "--document").stdout
    for option in ("--siunitx", "--document", "--fragment"):
        done = call_export(results, "--format", "json", option)
        assert done.exit_code == 2
        assert "for --format latex" in done.output


def test_the_command_exports_the_symmetry(results):
    (law,) = json.loads(call_export(results, "--format", "json").stdout)
    assert law["symmetry"]["name"] == "time translation"
    assert [one["column"] for one in law["symmetry"]["flow"]] == ["q", "p"]
    assert "time translation" in call_export(results, "--format", "markdown").stdout


@pytest.mark.parametrize("value", [-3.0, 3.0])
@pytest.mark.parametrize("outer", ["cos", "sin", "exp"])
def test_sums_that_are_all_minus_are_written(outer, value):
    law = make(call(outer, call("sub", C0, Q)), value)
    law = law.with_(symmetry=Symmetry("unnamed", "", ((0, 1),)))
    for form in FORMATS:
        assert export([law], form)


@pytest.mark.parametrize(
    ("value", "latex"),
    [
        (3.0, "3 "),
        (2.9999998, "3 "),
        (1.0, ""),
        (2.4469, "2.4469 "),
        (98765.4, "98765 "),
    ],
)
def test_constants_that_are_whole_are_written_so(value, latex):
    law = make(PENDULUM, value)
    assert law_latex(law) == rf"p^{{2}} - {latex}\cos{{\left(q \right)}}"


@pytest.mark.parametrize("format", [own for own in FORMATS if own != "json"])
def test_what_is_no_law_without_reserve_says_so(format):
    law = make(PENDULUM, 2.0)
    drifting = Evidence(APPROXIMATE_LAW, "it drifts", 0.02, 1e-9, 1e-9, 8, 44.7, 2.81)
    few = Evidence(APPROXIMATE_LAW, "only two trajectories show it; more -- would", 0.0, 1, 0, 2)
    told = " ".join(export([law.with_(evidence=drifting)], format).split())
    assert "approximate law: it halves in 44.7" in told.replace("Approximate", "approximate")
    assert "2.8" in told
    told = " ".join(export([law.with_(evidence=few)], format).split())
    assert "approximate law: only two trajectories" in told.replace("Approximate", "approximate")
    sure = export([law.with_(evidence=replace(few, verdict=LAW))], format)
    assert "pproximate" not in sure
    if format in ("python", "numpy", "sympy"):
        run(export([law.with_(evidence=few)], format))
