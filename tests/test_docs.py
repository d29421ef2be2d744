"""The documentation: its code runs, its output is what is said, its commands and links work.

The site is built, and its gallery executed, by ``.ci/run``; here is what needs no build.
"""

import dataclasses
import doctest
import importlib
import inspect
import re
import runpy
import shlex
import sys
from pathlib import Path

import click
import matplotlib.pyplot as plt
import pytest
from click.testing import CliRunner

import noether_sym
from noether_sym.cli import main
from noether_sym.dsl.operators import Operator, UnitRule, registered

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GENERATED = ("_build", "gallery", "results")
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *(
        path
        for path in sorted(DOCS.rglob("*.md"))
        if path.relative_to(DOCS).parts[0] not in GENERATED
    ),
    *sorted((ROOT / "results").glob("*.md")),
]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}


def blocks(name, *languages):
    """The fenced blocks of a page in one of some languages."""
    found = re.findall(r"^```([a-z]*)\n(.*?)^```$", TEXTS[name], flags=re.S | re.M)
    return [text for language, text in found if language in languages]


def test_the_examples_of_the_python_interface_run(capsys):
    code = blocks("docs/api.md", "python")
    assert len(code) >= 8
    names = {}
    mark = Operator("mark", 1, UnitRule.PURE, lambda lib, x: x, lambda lib, value, x: (1.0,))
    with registered(mark):  # what the page registers is forgotten after
        for block in code:
            exec(compile(block, "docs/api.md", "exec"), names)
    assert names["found"].independent == 1
    shown = capsys.readouterr().out
    assert "1 law found: x² + 0.25·v²" in shown
    assert "['x0**2 + 0.25*x1**2'] (600, 1) 1.0" in shown
    plt.close("all")


@pytest.mark.parametrize("name", ["searching", "verbs", "estimator", "operators"])
def test_the_examples_in_the_reference_hold(name):
    if name == "estimator":
        pytest.importorskip("sklearn")
    module = importlib.import_module(f"noether_sym.api.{name}")
    mark = Operator("mark", 1, UnitRule.PURE, lambda lib, x: x, lambda lib, value, x: (1.0,))
    with registered(mark):  # what an example registers is forgotten after
        failed, tried = doctest.testmod(module)
    assert not failed
    assert tried


SHOWN = {
    "docs/howto/several_files.md": "(96, 96, 96) (24, 24, 24)",
    "docs/howto/units.md": "m/s",
    "docs/howto/parameters.md": "law m*v**2 + 3*x**2",
    "docs/howto/derived_columns.md": "('x', 'y', 'vx', 'vy', 'r') m",
    "docs/howto/noise.md": (
        "[('q', 0.01), ('p', 0.0)]\n"
        "x**2 + 0.24747*v**2 constant to within 0.05 of its spread\n"
        "x**2 + 0.24795*v**2 constant to within 0.02 of its spread"
    ),
}
"""What the code of a how-to page prints."""


@pytest.mark.parametrize("name", [name for name in TEXTS if name.startswith("docs/howto/")])
def test_the_code_of_the_how_to_pages_runs(name, capsys):
    names = {}
    for block in blocks(name, "python"):
        exec(compile(block, name, "exec"), names)
    assert capsys.readouterr().out.strip() == SHOWN.get(name, "")


def commands(name):
    """The calls of noether-sym that a page shows, in blocks and in the text, as words."""
    in_text = re.findall(
        r"`(noether-sym [^`]+)`", re.sub(r"^```.*?^```$", "", TEXTS[name], flags=re.S | re.M)
    )
    in_blocks = [
        part
        for block in blocks(name, "", "console", "bash")
        for line in block.splitlines()
        for part in re.split(r"&&|\$ ", line)
    ]
    for line in [*in_text, *in_blocks]:
        words = re.sub(r"^\s*(\.venv/bin/)?noether-sym ", "noether-sym ", line).strip()
        template = re.search(r"[\[\]|…]|\.\.\.", words)  # such as [NAME|FILE]
        if words.startswith("noether-sym ") and not template:
            yield shlex.split(words, comments=True)[1:]


def parsed(arguments):
    """Parse what follows ``noether-sym``; raises click.UsageError."""
    group, context, names = main, click.Context(main, info_name="noether-sym"), [*arguments]
    while isinstance(group, click.Group) and names and not names[0].startswith("-"):
        _, command, names = group.resolve_command(context, names)
        context = click.Context(command, parent=context, info_name=command.name)
        group = command
    group.make_parser(context).parse_args(names)


@pytest.mark.parametrize("name", TEXTS)
def test_the_commands_that_a_page_shows_are_understood(name):
    for arguments in commands(name):
        try:
            parsed(arguments)
        except click.UsageError as error:
            pytest.fail(f"{name}: noether-sym {shlex.join(arguments)}: {error.message}")


def test_a_command_that_is_not_understood_is_found():
    assert len(list(commands("docs/howto/budget.md"))) >= 4
    parsed(["fit", "swings", "--budget", "2min"])
    parsed(["runs", "rm", "swings-both"])
    for wrong in (["fit", "swings", "--bugdet", "2min"], ["fitt", "swings"]):
        with pytest.raises(click.UsageError):
            parsed(wrong)


NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")


def same(shown, said):
    """Compare output with what a page shows: words alike, numbers to a tenth.

    Seconds and the hash in a run's name differ from call to call and machine to machine.
    """
    for text in (shown, said):
        assert text
    plain = [re.sub(r"[\d.]+ s: (.*)-[0-9a-f]{8}", r"some s: \1", text) for text in (shown, said)]
    lines = [[NUMBER.sub("#", line).split() for line in text.splitlines()] for text in plain]
    assert lines[0] == lines[1]
    pairs = zip(*(NUMBER.findall(text) for text in plain), strict=True)
    for one, other in pairs:
        values = [float(number.replace(",", "")) for number in (one, other)]
        assert values[0] == pytest.approx(values[1], rel=0.1), (one, other)


def sessions(name):
    """The commands of a page's consoles, each with the output that the page shows."""
    for block in blocks(name, "console"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def called(command):
    """What a call of noether-sym prints, but for progress."""
    result = CliRunner().invoke(main, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output
    return re.sub(r"^\w+: \d+/\d+,.*\n", "", result.output, flags=re.M)


def test_the_first_ten_minutes_go_as_the_page_says(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    ran = dict(sessions("docs/start/first_law.md"))
    script = next(command for command in ran if command.startswith("python docs/"))
    monkeypatch.setattr(sys, "argv", ["swings.py"])
    runpy.run_path(str(ROOT / script.partition(" ")[2]))
    same(ran[script], capfd.readouterr().out)
    fit = next(command for command in ran if command.startswith("noether-sym fit"))
    same(ran[fit], called(fit))
    # the page of verdicts explains the same answer
    explained = dict(sessions("docs/howto/verdict.md"))[fit]
    assert set(explained.splitlines()) < set(ran[fit].splitlines())
    for command in ran:
        if command.startswith(("noether-sym export", "noether-sym report")):
            assert called(command)
    assert list(tmp_path.glob("results/*/report.html"))
    (code,) = blocks("docs/start/first_law.md", "python")
    names = {}
    exec(compile(code, "docs/start/first_law.md", "exec"), names)
    assert names["found"].independent == 1


def test_two_days_are_compared_as_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["two_days.py"])
    script, *ran = sessions("docs/howto/compare.md")
    runpy.run_path(str(ROOT / script[0].partition(" ")[2]))
    for command, output in ran:
        runs = [
            str(one) for day in re.findall(r"results/\w+-\*", command) for one in Path().glob(day)
        ]
        said = called(re.sub(r" results/.*", " " + " ".join(runs), command))
        same(*(re.sub(r"(day-sums)-\w+", r"\1", text) for text in (said, output)))


def test_a_page_is_refreshed(tmp_path):
    refreshed = runpy.run_path(str(DOCS / "refresh.py"))["refreshed"]
    block = "```console\n$ echo one >kept\n$ cat kept\nold\n$ cat kept\n```\n"
    said = block.replace("old", "one")
    assert refreshed(f"text\n{block}\n```text\n$ no\nx\n```\n", tmp_path) == (
        f"text\n{said}\n```text\n$ no\nx\n```\n"
    )


def test_a_formula_of_ones_own_is_checked_as_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (equations,) = blocks("docs/howto/own_formula.md", "text")
    (tmp_path / "kepler.txt").write_text(equations, encoding="utf-8")
    exact = 0
    for command, output in sessions("docs/howto/own_formula.md"):
        said = called(command)
        if "--equations" in command:
            exact += 1
            assert said == output
        else:  # what is left of exact laws is rounding, and differs between machines
            assert said.splitlines()[0] == output.splitlines()[0]
            assert [line.split("  ")[0] for line in said.splitlines()] == [
                line.split("  ")[0] for line in output.splitlines()
            ]
    assert exact == 1


def slug(heading):
    """The anchor of a heading, as repositories and MyST make it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(text):
    """The anchors of a page."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", prose, flags=re.M)}


@pytest.mark.parametrize("name", TEXTS)
def test_the_links_of_a_page_lead_somewhere(name):
    prose = re.sub(r"^```.*?^```$|`[^`]*`", "", TEXTS[name], flags=re.S | re.M)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, fragment = link.partition("#")
        target = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        if target.is_relative_to(DOCS / "gallery"):  # written when the site is built
            scripts = DOCS / "examples" / "gallery"
            assert target.stem == "index" or (scripts / f"{target.stem}.py").is_file(), link
            continue
        if target.is_relative_to(DOCS / "results"):  # copied when the site is built
            assert target.stem == "index" or (ROOT / "results" / target.name).is_file(), link
            continue
        assert target.exists(), f"{name} links to {link}, which is not there"
        if fragment:
            assert fragment in anchors(target.read_text(encoding="utf-8")), f"{name}: {link}"


def test_the_reference_names_everything_that_is_public():
    page = TEXTS["docs/reference/python.md"]
    for name in [*noether_sym.__all__, "ConservationLaws"]:
        if not name.startswith("__"):
            assert re.search(rf"^\.\. auto\w+:: [\w.]*\b{name}$", page, flags=re.M), name


def results_of(function):
    """What a public function returns, and what that holds of classes of the same module."""
    name = inspect.signature(function).return_annotation
    home = inspect.getclosurevars(function).globals.get(name)
    if home is None:  # imported for types only, or in the function
        rooms = (importlib.import_module(f"noether_sym.{own}") for own in RESULT_ROOMS)
        home = next(own for own in (getattr(room, name, None) for room in rooms) if own)
    module, left, found = vars(sys.modules[home.__module__]), [home], set()
    while left:
        own = left.pop()
        found.add(own.__name__)
        types = " ".join(map(str, vars(own).get("__annotations__", {}).values()))
        held = [module[word] for word in re.findall(r"\w+", types) if word in module]
        held = [one for one in held if dataclasses.is_dataclass(one)]
        left += [one for one in held if one.__module__ == home.__module__]
        left = [one for one in left if one.__name__ not in found]
    return found


RESULT_ROOMS = ("api", "check", "comparison", "datasets.inspection")


def test_the_reference_names_what_public_functions_return():
    functions = [one for one in vars(noether_sym.api).values() if inspect.isfunction(one)]
    named = set()
    for function in functions:
        # an operation is registered for its name, which formulas read
        if inspect.signature(function).return_annotation not in ("str", "Operator"):
            named |= results_of(function)
    assert {"Discovery", "Embedding", "Checked", "Inspection", "ColumnFacts"} <= named
    assert {"Comparison", "LawBeside", "Finding", "Equality"} <= named
    page = TEXTS["docs/reference/python.md"]
    for name in named:
        assert re.search(rf"^\.\. autoclass:: [\w.]*\b{name}$", page, flags=re.M), name


def test_defaults_of_options_read_as_they_are_typed():
    def shown(group, context):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from shown(command, click.Context(command, parent=context))
            yield from ((name, own.opts, own.default) for own in command.params)

    options = list(shown(main, click.Context(main)))
    assert len(options) > 100
    paths = [one for one in options if isinstance(one[2], Path)]
    assert not paths, "the reference would show PosixPath('...')"


def test_links_that_lead_nowhere_are_found_in_the_site(tmp_path):
    links = runpy.run_path(str(DOCS / "links.py"))
    (tmp_path / "index.html").write_text(
        '<a href="a.html#there">1</a><a href="a.html#not">2</a><img src="no.png">'
        '<a href="https://example.org/x">3</a><a href="#here">4</a><p id="here">',
        encoding="utf-8",
    )
    (tmp_path / "a.html").write_text('<a id="there" href="index.html">5</a>', encoding="utf-8")
    wrong, inside, outside = links["broken"](tmp_path)
    assert wrong == [
        "index.html: a.html#not: that page has no 'not'",
        "index.html: no.png: there is no such file",
    ]
    assert (inside, outside) == (5, 1)
    assert links["main"](str(tmp_path)) == 1
    assert links["main"](str(tmp_path / "none")) == 1
    (tmp_path / "index.html").write_text('<a href="a.html#there">1</a>', encoding="utf-8")
    assert links["main"](str(tmp_path)) == 0


@pytest.fixture
def settings(monkeypatch):
    """The settings of the site, where a folder holds all measured data that there are."""
    pytest.importorskip("sphinx_gallery")

    def read(folder):
        monkeypatch.setenv("NOETHER_SYM_DATA", str(folder))
        recordings = "noether_sym.datasets.systems.schmidt_lipson"
        monkeypatch.setattr("noether_sym.runtime.folders.cache_folder", lambda: folder / "cache")
        monkeypatch.setattr(f"{recordings}._download", missing)
        return runpy.run_path(str(DOCS / "conf.py"))

    def missing(recording):
        raise noether_sym.errors.DatasetError(f"{recording.name} is not here")

    return read


def test_a_page_without_its_data_shows_no_result_and_says_so(settings, tmp_path):
    conf = settings(tmp_path)
    names = {
        "plot_real_pendulum": "real_pendulum",
        "plot_real_double_pendulum": "real_double_pendulum",
        "plot_video_to_law": "real_apple_pendulum",
    }
    assert conf["WITHOUT_DATA"] == names
    executed = conf["sphinx_gallery_conf"]["filename_pattern"]
    scripts = [path.as_posix() for path in (DOCS / "examples" / "gallery").glob("plot_*.py")]
    left = {Path(path).stem for path in scripts if not re.search(executed, path)}
    assert left == set(names)
    source = ["A real pendulum\n===============\n\nSwings\n"]
    conf["in_the_site"](None, "gallery/plot_real_pendulum", source)
    assert "its code was not run" in source[0]
    assert source[0].index("=====") < source[0].index(".. note::") < source[0].index("Swings")
    kept = "A real pendulum\n====\n\n.. rst-class:: sphx-glr-script-out\n"
    for name, text in {"plot_kepler": "Kepler\n======\n", "plot_real_pendulum": kept}.items():
        other = [text]
        conf["in_the_site"](None, f"gallery/{name}", other)
        assert other == [text]


@pytest.mark.measured
def test_every_page_of_the_gallery_is_executed_where_the_data_are(monkeypatch):
    pytest.importorskip("sphinx_gallery")
    conf = runpy.run_path(str(DOCS / "conf.py"))
    assert conf["WITHOUT_DATA"] == {}
    executed = conf["sphinx_gallery_conf"]["filename_pattern"]
    scripts = [path.as_posix() for path in (DOCS / "examples" / "gallery").glob("plot_*.py")]
    assert len(scripts) >= 6
    assert all(re.search(executed, path) for path in scripts)


def test_links_to_results_are_led_to_their_pages(settings, tmp_path):
    conf = settings(tmp_path)
    for name, link in {"method": "../results/x.md", "howto/noise": "../../results/x.md"}.items():
        source = [f"[x]({link})"]
        conf["in_the_site"](None, name, source)
        assert source == [f"[x]({link.replace('../results', 'results')})"]


@pytest.mark.parametrize(
    ("name", "marker"),
    [("docs/limits.md", "found"), ("docs/howto/predictions.md", "predictions")],
)
def test_tables_that_benchmarks_write_have_their_place(name, marker):
    begin, end = (TEXTS[name].index(f"<!-- {marker}: {side} -->") for side in ("begin", "end"))
    assert "| " in TEXTS[name][begin:end]
