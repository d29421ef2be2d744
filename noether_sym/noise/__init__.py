"""Noise on the columns: what it does to features of the state, and to the constants of laws."""
