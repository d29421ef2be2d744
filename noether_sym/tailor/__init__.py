"""Tailoring: laws as Noether losses inside the prediction function of an MLP."""
