"""Report: figures and one self-contained HTML page."""

from noether_sym.report.draw import write_figures
from noether_sym.report.page import render_report, write_report

__all__ = ["render_report", "write_figures", "write_report"]
