"""Data flows one way: no room knows one that comes after it, wherever the import stands."""

import ast
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path

import noether_sym

ROOT = Path(noether_sym.__file__).parent
ROOMS = (
    ("errors", "spelling", "_version"),
    ("units",),
    ("runtime",),
    ("dsl",),
    ("track",),
    ("datasets",),
    ("laws",),
    ("statistics",),
    ("noise",),
    ("search",),
    ("verdict",),
    ("tailor",),
    ("neural",),
    ("check",),
    ("store",),
    ("export",),
    ("comparison",),
    ("report",),
    ("pipeline",),
    ("api",),
    ("commands", "cli", "__main__", "__init__"),
)
RANK = {name: rank for rank, names in enumerate(ROOMS) for name in names}


def module_of(path):
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported(tree):
    """Modules of the package that a file imports, inside functions and for types too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in FILES)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "noether_sym":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in FILES else node.module


GRAPH = {
    module: set(imported(ast.parse(path.read_text(encoding="utf-8")))) - {module}
    for module, path in FILES.items()
}


def test_the_graph_sees_imports_inside_functions():
    assert "noether_sym.report.figures" in GRAPH["noether_sym.api.discovery"]
    assert sum(map(len, GRAPH.values())) > 300


def test_no_room_imports_one_below_it():
    for module, others in GRAPH.items():
        room = (*module.split("."), "__init__")[1]
        assert room in RANK, f"{module} belongs to no room"
        for other in others:
            theirs = (*other.split("."), "__init__")[1]
            assert RANK[theirs] <= RANK[room], f"{module} imports {other}"


def test_there_is_no_circle_between_files():
    TopologicalSorter(GRAPH).prepare()


def test_there_is_no_circle_between_what_lies_side_by_side():
    """At every level of folders; the file of a package itself is its door, not a neighbour."""
    neighbours = {}
    for module, others in GRAPH.items():
        for other in others:
            own, theirs = module.split("."), other.split(".")
            depth = next(
                (n for n, (a, b) in enumerate(zip(own, theirs, strict=False)) if a != b), None
            )
            if depth is not None:
                level = ".".join(own[:depth])
                graph = neighbours.setdefault(level, {})
                graph.setdefault(own[depth], set()).add(theirs[depth])
    assert len(neighbours) > 5
    for graph in neighbours.values():
        TopologicalSorter(graph).prepare()


def test_modules_need_no_trailing_underscore():
    names = [path.stem for path in FILES.values() if not path.stem.startswith("__")]
    assert not [name for name in names if name.endswith("_")]
    assert all(one != two for one, two in pairwise(sorted(FILES)))


def test_only_the_command_line_owns_a_console():
    for path in FILES.values():
        if path.relative_to(ROOT).parts[0] in ("commands", "cli.py", "__main__.py"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        assert "print" not in [node.id for node in called if isinstance(node, ast.Name)], path
        modules = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
        assert "click" not in [name.name for node in modules for name in node.names], path
