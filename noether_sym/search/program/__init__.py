"""Evaluation of many formulas together: one door to torch and to compiled code."""
