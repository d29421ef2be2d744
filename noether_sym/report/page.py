"""The report of a run: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from noether_sym.report.lookup import Entry
from noether_sym.report.view import page_view
from noether_sym.store.runs import Run

if TYPE_CHECKING:
    import jinja2

_TEMPLATE = "report.html"


def write_report(
    path: Path,
    *,
    run: Entry,
    laws: Entry,
    tailoring: Entry | None = None,
    figures: Mapping[str, str] | None = None,
) -> None:
    """Write the report, whole or not at all.

    Parameters
    ----------
    path : Path
    run, laws, tailoring : mapping
        Content of ``run.json``, ``laws.json`` and ``tailoring.json``; what is missing in
        them is left out of the page.
    figures : mapping of str to str
        Name and SVG text of each figure.

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    text = render_report(run=run, laws=laws, tailoring=tailoring, figures=figures)
    Run(path.parent).write_with(path.name, lambda own: own.write_text(text, encoding="utf-8"))


def render_report(
    *,
    run: Entry,
    laws: Entry,
    tailoring: Entry | None = None,
    figures: Mapping[str, str] | None = None,
) -> str:
    """The page as text; arguments as in `write_report`."""
    return _template().render(page_view(run, laws, tailoring, figures or {}))


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(_TEMPLATE)
