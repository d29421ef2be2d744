"""Tailoring: laws as Noether losses inside the prediction function of an MLP."""

from noether_sym.tailor.options import RATES, TailorOptions
from noether_sym.tailor.stage import tailor
from noether_sym.tailor.summary import Tailoring

__all__ = ["RATES", "TailorOptions", "Tailoring", "tailor"]
