"""Node evaluations a second, beside pyoperon's evaluator and the machine's own ceiling."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from benchmarks._measure import Section, alternate, cores, table
from noether_sym.datasets import load
from noether_sym.dsl.enumeration import Enumeration
from noether_sym.dsl.expression import INPUT, Expression
from noether_sym.dsl.grammar import resolve_grammar
from noether_sym.search.candidate import Candidate
from noether_sym.search.program import Evaluator, Program, make_evaluator

_CHUNK = 1024
"""Trees of one tape."""


class Trees:
    """Trees ready to be evaluated by tapes of one sort."""

    def __init__(
        self,
        trees: list[Expression],
        states: np.ndarray,
        dtype: torch.dtype,
        tape: Callable[[Program], Evaluator],
    ) -> None:
        self.columns = torch.as_tensor(states, dtype=dtype)
        self.count = len(trees)
        self.parts = []
        for count in sorted({tree.parameter_count for tree in trees}):
            rows = [row for row, tree in enumerate(trees) if tree.parameter_count == count]
            for begin in range(0, len(rows), _CHUNK):
                part = rows[begin : begin + _CHUNK]
                own = [Candidate(trees[row], (trees[row],), count) for row in part]
                inner = torch.full((len(part), 1, count), 0.7, dtype=dtype)
                out = torch.empty((1, len(part), 1, states.shape[1]), dtype=dtype)
                self.parts.append((part, tape(Program(own, len(states))), inner, out))

    def evaluate(self, threads: int) -> None:
        """All trees at all points."""
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(self._one, self.parts))

    def _one(self, part: tuple[list[int], Evaluator, torch.Tensor, torch.Tensor]) -> None:
        _, tape, inner, out = part
        tape.values(tape.fixed_values(self.columns), inner, out)

    def results(self) -> np.ndarray:
        """Values in the order of the trees."""
        values = np.empty((self.count, self.columns.shape[1]))
        for rows, _, _, out in self.parts:
            values[rows] = out[0, :, 0].numpy()
        return values


def measure(quick: bool) -> Section:
    """A sample of all depth-7 formulas of the pendulum, at the pendulum's states."""
    torch.set_num_threads(1)
    threads = cores()
    data = load("ideal_pendulum")
    states = np.concatenate([one.states for one in data.train]).T.copy()
    text, rows = [], []
    for label, grammar in (("all operations", "paper"), ("no sine or cosine", "rational")):
        trees = _sample(data, grammar, 2_000 if quick else 10_000)
        nodes = sum(tree.size for tree in trees) * states.shape[1]
        compiled = Trees(trees, states, torch.float64, lambda layout: make_evaluator(layout, "cpu"))
        batched = Trees(
            trees,
            states,
            torch.float64,
            lambda layout: make_evaluator(layout, "cpu", compiled=False),
        )
        ways = {
            "compiled (float64)": lambda own=compiled: own.evaluate(threads),
            "batched torch (float64)": lambda own=batched: own.evaluate(threads),
        }
        operon = _operon(trees, states, threads)
        if operon is not None:
            ways["pyoperon (float32)"] = operon[0]
        found = alternate(ways, 3 if quick else 7)
        if operon is not None:
            text.append(_agreement(operon[1], compiled.results(), label))
        base = found.get("pyoperon (float32)")
        for name, seconds in found.items():
            ratio = "" if base is None else f"{base / seconds:.2f}"
            rows.append([label, name, f"{nodes / seconds / 1e9:.2f}", ratio])
    text.append(_ceiling(states.shape[1]))
    head = (
        f"{threads} threads; a node evaluation is one node of one tree at one point, leaves and "
        "shared parts counted for every tree. Results are stored for every tree and point, as "
        "pyoperon does.\n\n"
    )
    if base is None:
        head += "pyoperon is not installed here (`pip install pyoperon`): no comparison.\n\n"
    header = ["trees", "evaluator", "10^9 node evaluations/s", "over pyoperon"]
    return Section("Evaluation", head + table(header, rows) + "\n\n" + "\n".join(text))


def _sample(data, grammar: str, count: int) -> list[Expression]:  # type: ignore[no-untyped-def]
    formulas = Enumeration(resolve_grammar(grammar), data.dimensions, 7)
    generator = np.random.default_rng(0)
    trees = [
        formulas.expression(block, row) for block in formulas.blocks(7) for row in range(len(block))
    ]
    chosen = generator.choice(len(trees), min(count, len(trees)), replace=False)
    return [trees[row] for row in chosen]


def _operon(trees, states, threads):  # type: ignore[no-untyped-def]
    """Pyoperon's evaluation of the same trees, and where its results lie."""
    try:
        import pyoperon
    except ImportError:
        return None
    columns = np.asfortranarray(states.T.astype(np.float32))
    table_ = pyoperon.Dataset(columns)
    hashes = {variable.Name: variable.Hash for variable in table_.Variables}
    names = [variable.Name for variable in table_.Variables]
    parsed = [pyoperon.InfixParser.Parse(_infix(tree, names), hashes) for tree in trees]
    result = np.zeros((len(parsed), states.shape[1]), dtype=np.float32)
    whole = pyoperon.Range(0, states.shape[1])

    def evaluate(keep: np.ndarray = columns) -> None:  # the data set only looks at the array
        pyoperon.EvaluateTrees(parsed, table_, whole, result, threads)

    return evaluate, result


def _infix(tree: Expression, names: list[str]) -> str:
    """The tree as pyoperon reads it: squares by name, every operation in parentheses."""
    signs = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
    return str(
        tree.fold(
            lambda leaf: names[leaf.index] if leaf.head == INPUT else "0.7",
            lambda operator, *parts: (
                f"({parts[0]} {signs[operator.name]} {parts[1]})"
                if operator.name in signs
                else f"{operator.name}({parts[0]})"
            ),
        )
    )


def _agreement(theirs: np.ndarray, ours: np.ndarray, label: str) -> str:
    both = np.isfinite(theirs) & np.isfinite(ours)
    close = np.isclose(theirs[both], ours[both], rtol=1e-3, atol=1e-3)
    return (
        f"{label}: {close.mean():.4%} of the finite values of both agree to 0.1 % "
        f"({both.mean():.1%} of all are finite in both).\n"
    )


def _ceiling(points: int) -> str:
    """Elementwise rates of torch on one thread, in cache and out of it."""
    rows = []
    for place, count in (("in cache", 16 * points), ("out of cache", 1 << 24)):
        for dtype in (torch.float32, torch.float64):
            one, two = torch.rand(count, dtype=dtype), torch.rand(count, dtype=dtype)
            out = torch.empty_like(one)
            ways = {
                "add": lambda a=one, b=two, o=out: torch.add(a, b, out=o),
                "multiply": lambda a=one, b=two, o=out: torch.mul(a, b, out=o),
                "cosine": lambda a=one, o=out: torch.cos(a, out=o),
            }
            found = alternate(ways, 15)
            name = str(dtype).removeprefix("torch.")
            rows.append([place, name, *(f"{count / found[way] / 1e9:.2f}" for way in ways)])
    header = ["operands", "type", "add", "multiply", "cosine"]
    return "The machine's own rate, 10^9 elements/s on one thread:\n\n" + table(header, rows)
