"""What the report says beside the documents themselves: sentences, formulas, figures."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec
from markupsafe import Markup, escape

from noether_sym._version import __version__
from noether_sym.errors import NoetherSymError
from noether_sym.export import law_from_entry
from noether_sym.export.mathml import law_mathml_parts, rate_mathml
from noether_sym.export.names import mathml_name
from noether_sym.export.symmetry import rounded_flow
from noether_sym.export.tex import tex_name
from noether_sym.laws.law import LAW
from noether_sym.laws.symmetry import NONE
from noether_sym.report import advice, predictions, words
from noether_sym.report.command import command_line
from noether_sym.store.schema import IN_MEMORY, LawEntry, LawsDocument, RunDocument, to_json
from noether_sym.tailor.document import TailoringDocument

_HEADLINES = 4
"""Laws, one of each family, at the top of the page; how many more there are is said."""

_WORD = 36
"""Characters of a word of a command, up to which no line breaks inside it."""

_CAPTIONS = {
    "accuracy": "How well each formula is conserved against its size: laws filled, other "
    "candidates open. Lower is better; a law stands out from the formulas of its size.",
    "conservation": "The value of the law along each trajectory, beside the same formula on "
    "data whose columns are shuffled. A conserved quantity is flat on the left only.",
    "phase_portrait": "Trajectories in the plane of states. Along a conserved quantity they "
    "follow its level lines, or keep one colour.",
    "rollout_errors": "Root mean squared error of predictions from the held-out starts, over "
    "starts and columns. Lower is better.",
    "energies": "The {energy} of the predicted states along the first held-out trajectory. "
    "Lines that run away leave the frame.",
}


def page_view(
    run: RunDocument,
    laws: LawsDocument,
    tailoring: TailoringDocument | None,
    figures: Mapping[str, str],
    missing: str,
) -> dict[str, Any]:
    """Variables of the template; arguments as in `noether_sym.report.page.write_report`."""
    shown = laws.shown
    headlines = [entry for entry in laws.heads if entry.verdict == LAW] or laws.heads
    energy = words.energy(tailoring) if tailoring else ""
    return {
        "run": run,
        "laws": laws,
        "tailoring": tailoring,
        "verdict": words.found(laws, run.search),
        "headline": words.found(laws, run.search, formulas=False),
        "headlines": headlines[:_HEADLINES] or ((shown,) if shown else ()),
        "more": max(0, len(headlines) - _HEADLINES),
        "advice": [] if laws.laws else _advice(run, laws, missing),
        "suggestions": [] if laws.laws else advice.suggestions(run),
        "shown": shown,
        "symmetries": [entry for entry in laws.heads if entry.symmetry is not None],
        "NONE": NONE,
        "energy": energy,
        "words": words,
        "predictions": predictions,
        "figures": [
            (caption.format(energy=energy), base64.b64encode(figures[name].encode()).decode())
            for name, caption in _CAPTIONS.items()
            if name in figures
        ],
        "command": command_line(run, tailoring),
        "in_memory": run.dataset.source == IN_MEMORY,
        "facts": _facts(run),
        "version": run.versions.get("noether-sym", __version__),
    }


def has_expansion(entry: LawEntry) -> bool:
    """Whether an entry reads derived columns and has a form without them."""
    return entry.expanded is not msgspec.UNSET


def mathml(entry: LawEntry, *, by_name: bool = False, expanded: bool = False) -> Markup:
    """The formula of an entry; as plain text where its tree cannot be read."""
    try:
        law = law_from_entry(entry)
        shown = law.expanded if expanded and law.expanded is not None else law
        return Markup(" ").join(map(Markup, law_mathml_parts(shown, by_name=by_name)))
    except NoetherSymError:
        return Markup("" if by_name else f"<code>{escape(entry.expression)}</code>")


def name(text: str) -> Markup:
    """A column's name: set as a formula where it is LaTeX, else as it is."""
    if tex_name(text) is None:
        return escape(text)
    return Markup(f"<math>{mathml_name(text)}</math>")


def command(text: str) -> Markup:
    """A command whose lines break between words, and inside a word only where it is long."""
    parts = [
        Markup('<span class="word">{}</span>').format(word) if len(word) <= _WORD else escape(word)
        for word in text.split(" ")
    ]
    return Markup(" ").join(parts)


def flow(entry: LawEntry) -> list[Markup]:
    """The flow that a law generates; empty where its tree cannot be read."""
    try:
        law = law_from_entry(entry)
        return [Markup(rate_mathml(law, column, rate)) for column, rate in rounded_flow(law)]
    except NoetherSymError:
        return []


def _advice(run: RunDocument, laws: LawsDocument, missing: str) -> list[str]:
    """What was searched, how close it came, what the data lack, and what no command can mend."""
    said = (advice.searched(run, laws), advice.closest(run, laws), missing, advice.more_data(run))
    return [one for one in said if one]


def _facts(run: RunDocument) -> list[tuple[str, str]]:
    """Options, versions, seed, hash and times, as label and text."""
    own = run.stages
    stages = (("search sums", own.sums), ("enumerate", own.enumerate), ("fit", own.fit))
    options = {**to_json(run.data), **to_json(run.search)}
    options["acceptance"] = options.pop("factor")
    return [
        *((key, str(value)) for key, value in options.items() if value),
        ("data SHA-256", run.identity.dataset_sha256),
        *([("device", run.device)] if run.device else []),
        *(
            (f"time to {name}", words.seconds(own.seconds))
            for name, own in (*stages, ("tailor", run.stages.tailor))
            if own
        ),
        ("versions", ", ".join(f"{name} {own}" for name, own in run.versions.items())),
    ]
