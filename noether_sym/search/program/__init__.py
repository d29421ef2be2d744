"""Evaluation of many formulas together: one door to torch and to compiled code."""

from noether_sym.search.program.batch import Batch, Points, make_evaluator
from noether_sym.search.program.program import Evaluator, Program

__all__ = ["Batch", "Evaluator", "Points", "Program", "make_evaluator"]
