"""Data sets: built-in systems, measured data, own files."""
