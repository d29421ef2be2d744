"""Search of formulas: candidates with nonlinear parameters, fitted together."""
