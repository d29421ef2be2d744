"""Export: a law as LaTeX, SymPy, Python, torch, JSON."""
