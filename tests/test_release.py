"""What an archive of a release says must agree: version, licence, what is imported."""

import ast
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

import noether_sym

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
ARCHIVE = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
_OTHER_NAMES = {"sklearn": "scikit-learn"}


EXTRAS = PROJECT["optional-dependencies"]


def bounds(lines):
    """Names and lower bounds, without our own extras."""
    own = [one for one in lines if not one.startswith("noether-sym")]
    return dict(re.match(r"([\w-]+)>=([\d.]+)", one).groups() for one in own)


def test_the_version_stands_in_every_place_alike():
    assert f"\nversion: {noether_sym.__version__}\n" in CITATION
    assert "version" not in ARCHIVE  # the archive takes it from the tag
    newest, *older = re.findall(r"^## (.*)$", CHANGES, flags=re.M)
    version, day = re.fullmatch(r"(\S+) \((.*)\)", newest).groups()
    assert version == noether_sym.__version__
    assert not [one for one in older if "unreleased" in one.lower()]
    released = re.search(r"^date-released: (.*)$", CITATION, flags=re.M)
    assert day == (released.group(1) if released else "unreleased")


def test_title_authors_keywords_and_licence_agree():
    assert PROJECT["license"] == ARCHIVE["license"] == "Apache-2.0"
    assert "\nlicense: Apache-2.0\n" in CITATION
    assert f'title: "{ARCHIVE["title"]}"' in CITATION
    assert PROJECT["authors"] == ARCHIVE["creators"]
    for creator in ARCHIVE["creators"]:
        assert f"- name: {creator['name']}" in CITATION
    listed = CITATION.split("\nkeywords:\n")[1].split("\nauthors:\n")[0]
    words = [line.removeprefix("  - ") for line in listed.splitlines()]
    assert words == PROJECT["keywords"] == ARCHIVE["keywords"]


def test_the_paper_is_cited_alike_everywhere():
    entry = CITATION.split("Noether Networks: Meta-Learning")[1].split("authors:")[0]
    cited = (ROOT / "docs" / "howto" / "citing.md").read_text(encoding="utf-8")
    volume = re.search(r"volume += {(\d+)}", cited).group(1)
    year = re.search(r"year += {(\d+)}", cited).group(1)
    assert f"volume: {volume}\n" in entry
    assert f"year: {year}\n" in entry


def test_the_pythons_of_the_classifiers_are_tried_before_a_release():
    ours = [re.fullmatch(r".*:: Python :: 3\.(\d+)", one) for one in PROJECT["classifiers"]]
    minors = [int(one.group(1)) for one in ours if one]
    script = (ROOT / ".ci" / "release").read_text(encoding="utf-8")
    tried = [int(own) for own in re.search(r"for minor in ([\d ]+);", script).group(1).split()]
    assert minors == tried[: len(minors)]
    assert PROJECT["requires-python"] == f">=3.{minors[0]}"


def test_what_is_imported_is_required_with_a_lower_bound():
    found = set()
    for path in (ROOT / "noether_sym").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                found.add((node.module or "").split(".")[0])
    outside = found - set(sys.stdlib_module_names) - {"noether_sym"}
    names = {_OTHER_NAMES.get(own, own.replace("_", "-")) for own in outside}
    every = bounds([*PROJECT["dependencies"], *(one for own in EXTRAS.values() for one in own)])
    assert names <= set(every)
    assert len(names) > 15


def test_extras_are_installed_from_a_clone_and_known():
    texts = [*(ROOT / "noether_sym").rglob("*.py"), ROOT / "README.md"]
    texts += [one for one in (ROOT / "docs").rglob("*.md") if "_build" not in one.parts]
    named = set()
    for path in texts:
        text = path.read_text(encoding="utf-8")
        assert "noether-sym[" not in text, f"{path} names a package that no index has"
        named |= set(re.findall(r"'\.\[(\w+)\]'|\binstall\(['\"](\w+)['\"]\)", text))
    extras = {one or other for one, other in named}
    assert {"dask", "files", "lpips", "sklearn", "video"} <= extras <= set(EXTRAS)


def test_the_pinned_versions_keep_to_the_bounds():
    pinned = dict(
        line.lower().split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    )

    def numbers(version):
        return [int(own) for own in re.findall(r"\d+", version)]

    tested = [*PROJECT["dependencies"], *EXTRAS["test"]]
    for name in re.fullmatch(r"noether-sym\[(.*)\]", EXTRAS["test"][0]).group(1).split(","):
        tested += EXTRAS[name]
    for name, least in bounds(tested).items():
        assert name in pinned, f"constraints.txt lacks {name}"
        assert numbers(pinned[name]) >= numbers(least), name


TRACKED = {
    ".ci/run",
    ".gitignore",
    ".zenodo.json",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "constraints.txt",
    "benchmarks/fit.py",
    "docs/_static/site.css",
    "docs/api.md",
    "docs/examples/gallery/plot_kepler.py",
    "results/figures/one.png",
    "results/paper.md",
    "results/verdict.jsonl",
    "tests/conftest.py",
}
BUILT = {
    "docs/_build/index.html",
    "docs/gallery/plot_kepler.rst",
    "docs/results/index.md",
    "docs/sg_execution_times.rst",
    "results/swings-both-1a2b3c4d/laws.json",
    "tests/__pycache__/conftest.cpython-311.pyc",
}


def test_the_source_archive_holds_what_is_tracked_and_nothing_built(tmp_path, monkeypatch):
    egg_info = pytest.importorskip("setuptools.command.egg_info")
    for name in TRACKED | BUILT:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    archived = egg_info.FileList()
    for line in (ROOT / "MANIFEST.in").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            archived.process_template_line(line)
    assert {Path(name).as_posix() for name in archived.files} == TRACKED
