"""Data flows one way: at import, no stage knows one that comes after it."""

import ast
from pathlib import Path

import noether_sym

ROOT = Path(noether_sym.__file__).parent
STAGES = (
    ("errors", "_version", "device", "contents"),
    ("dsl", "units"),
    ("runs", "checkpoint"),
    ("datasets",),
    ("symmetry", "canonical", "laws"),
    ("fit",),
    ("tailor",),
    ("export",),
    ("report",),
    ("preparation", "run_tables"),
    ("pipeline", "check"),
    ("discovery",),
    ("commands", "cli", "__main__", "__init__"),
)
RANK = {name: rank for rank, names in enumerate(STAGES) for name in names}


def imported(tree):
    """Modules of the package that a module imports when it is imported itself."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("noether_sym"):
            parts = node.module.split(".")
            if len(parts) > 1:
                yield parts[1]
            else:
                yield from (alias.name for alias in node.names)


def test_every_module_has_a_stage_and_imports_none_above_it():
    found = 0
    for path in sorted(ROOT.rglob("*.py")):
        own = path.relative_to(ROOT).parts[0].removesuffix(".py")
        assert own in RANK, f"{path} belongs to no stage"
        for other in imported(ast.parse(path.read_text(encoding="utf-8"))):
            found += 1
            assert RANK[other] <= RANK[own], f"{path} imports {other}"
    assert found > 100


def test_only_the_command_line_owns_a_console():
    for path in ROOT.rglob("*.py"):
        if path.relative_to(ROOT).parts[0] in ("commands", "cli.py", "__main__.py"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        assert "print" not in [node.id for node in called if isinstance(node, ast.Name)], path
        modules = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
        assert "click" not in [name.name for node in modules for name in node.names], path
