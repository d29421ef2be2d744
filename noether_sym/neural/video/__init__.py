"""Predicting video: networks, a Noether loss on pictures, how good predictions are."""
