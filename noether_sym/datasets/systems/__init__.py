"""The built-in systems and the measured data."""
