"""Fit: parameters, conservation ratios, acceptance, families."""
