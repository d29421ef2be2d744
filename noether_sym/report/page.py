"""The report of a run: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from noether_sym.neural.embed_document import EmbeddingDocument
from noether_sym.report import embedding as embeddings
from noether_sym.report import words
from noether_sym.report.view import command, flow, has_expansion, mathml, name, page_view
from noether_sym.store.run import REPORT_FILE, Run
from noether_sym.store.schema import LawsDocument, RunDocument
from noether_sym.tailor.document import TailoringDocument

if TYPE_CHECKING:
    import jinja2

_TEMPLATE = "report.html"


def write_report(
    folder: Run,
    run: RunDocument,
    laws: LawsDocument,
    tailoring: TailoringDocument | None = None,
    figures: Mapping[str, str] | None = None,
    missing: str = "",
    embedding: EmbeddingDocument | None = None,
) -> None:
    """Write ``report.html`` into a run folder, whole or not at all.

    Parameters
    ----------
    folder : Run
    run : RunDocument
    laws : LawsDocument
    tailoring : TailoringDocument, optional
    figures : mapping of str to str
        Name and SVG text of each figure.
    missing : str
        What the data lack, as `noether_sym.report.advice.missing` says; shown without laws.
    embedding : EmbeddingDocument, optional

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    if folder.has(run.data.dataset):  # the run keeps its data
        kept = str(folder.file(run.data.dataset))
        run = msgspec.structs.replace(run, data=msgspec.structs.replace(run.data, dataset=kept))
    text = render_report(run, laws, tailoring, figures, missing, embedding)
    folder.write_with(REPORT_FILE, lambda path: path.write_text(text, encoding="utf-8"))


def render_report(
    run: RunDocument,
    laws: LawsDocument,
    tailoring: TailoringDocument | None = None,
    figures: Mapping[str, str] | None = None,
    missing: str = "",
    embedding: EmbeddingDocument | None = None,
) -> str:
    """The page as text; arguments as in `write_report`."""
    view = page_view(run, laws, tailoring, figures or {}, missing)
    return _template().render(view, embedding=embedding, embeddings=embeddings)


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
    named = (words.number, words.unit, words.formula, words.with_error, words.wide_interval)
    told = (words.seconds, words.spread, words.evidence, words.constraint_reason)
    every = (*named, *told, mathml, flow, name, command)
    environment.filters.update({own.__name__: own for own in every})
    environment.tests["has_expansion"] = has_expansion
    return environment.get_template(_TEMPLATE)
