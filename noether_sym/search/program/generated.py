"""Kernels of the operations that are registered: written as source, kept on disk, loaded.

numba keeps machine code beside the file of a function, for as long as the file stays as it
is. So each source has a file of its own, called by its hash, in ``NUMBA_CACHE_DIR`` or the
user's cache folder, and only the first process that needs it waits for the compiler. Compilers
of two versions, or for two processors, that run at once may read each other's code there: each
has a file of its own too.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from threading import Lock
from types import ModuleType

from noether_sym.dsl.operators import BY_CODE, Operator
from noether_sym.runtime import folders

_LOCK = Lock()
_POINT = re.compile(r"\b(x|y|value)\b")


def load_kernels() -> ModuleType:
    """The kernels of every operation that has a compiled source.

    Raises
    ------
    ImportError
        If numba is not installed.
    OSError, RuntimeError
        If there is no place to keep the source or the machine code.
    """
    import_module("numba")  # without it nothing is written
    with _LOCK:
        return _loaded(tuple(own for own in BY_CODE if own.compiled is not None))


def kernel_source(operators: Sequence[Operator]) -> str:
    """Source of the kernels module for these operations."""
    common = Path(__file__).with_name("kernels.py").read_text(encoding="utf-8")
    values, partials = [], []
    for own in operators:
        assert own.compiled is not None
        values.append((own, _statements(own.compiled.value, own.compiled.blocks)))
        slopes = [_statements(source, own.compiled.blocks) for source in own.compiled.partials]
        both = [slopes[0]] if own.arity == 1 else _branches(["which == 0", "True"], slopes)
        partials.append((own, "\n".join(both)))
    codes = ", ".join(str(own.code) for own in operators if own.arity == 2)
    return "\n\n".join(
        [
            common,
            _kernel("_binary(code)", f"return code in ({codes},)"),
            _kernel("_apply(code, x, y, z)", _by_code(values)),
            _kernel("_partial(code, which, x, y, value, z)", _by_code(partials)),
        ]
    )


def _statements(source: str, blocks: bool) -> str:
    if blocks:
        return source
    return "for i in range(len(z)):\n    z[i] = " + _POINT.sub(r"\1[i]", source)


def _by_code(bodies: Sequence[tuple[Operator, str]]) -> str:
    tests = [f"code == {own.code}" for own, _ in bodies]
    return "\n".join(_branches([*tests, "True"], [*(body for _, body in bodies), "z[:] = np.nan"]))


def _branches(tests: Sequence[str], bodies: Sequence[str]) -> list[str]:
    """``if``, ``elif`` and, for the last, ``else``."""
    heads = [f"elif {test}:" for test in tests]
    heads[0], heads[-1] = f"if {tests[0]}:", "else:"
    return [f"{head}\n{_indented(body)}" for head, body in zip(heads, bodies, strict=True)]


def _kernel(signature: str, body: str) -> str:
    return f"@_kernel\ndef {signature}:\n{_indented(body)}\n"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


@lru_cache(maxsize=8)
def _loaded(operators: tuple[Operator, ...]) -> ModuleType:
    source = kernel_source(operators)
    key = sha256(f"{_compiler()}\n{source}".encode()).hexdigest()[:20]
    name = f"noether_sym_kernels_{key}"
    path = _kept(source, f"{name}.py")
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # numba finds its environment by this name
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # the text, not what lies there
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _compiler() -> str:
    """What makes the machine code, and for which processor."""
    numba, llvm = import_module("numba"), import_module("llvmlite.binding")
    return f"numba {numba.__version__}, LLVM {llvm.llvm_version_info}, {llvm.get_host_cpu_name()}"


def _kept(source: str, name: str) -> Path:
    """The file of a source, written where it is missing or not the same."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(chosen) if chosen else folders.cache_folder() / "kernels"
    path = folder / name
    content = source.encode()
    if path.is_file() and path.read_bytes() == content:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return path
