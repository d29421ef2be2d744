"""Samples beside their surrogate, and the variances that everything is judged by."""
