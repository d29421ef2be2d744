"""One module a verb of the command line."""

THREADS = "noether_sym.threads"
"""Key of a context's ``meta``: the variables of threads as the user has set them, before we do."""
