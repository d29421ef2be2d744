"""What the report says: the run's JSON turned into the words and rows of the page.

Every key may be missing, since runs stop at any stage; what is not there is not shown.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from noether_sym._version import __version__
from noether_sym.errors import NoetherSymError
from noether_sym.export import law_from_json
from noether_sym.export.mathml import law_mathml, rate_mathml
from noether_sym.export.symmetry import rounded_flow
from noether_sym.laws.symmetry import NONE
from noether_sym.report import words
from noether_sym.report.command import command_line
from noether_sym.report.draw import shown_entry
from noether_sym.report.lookup import Entry, at, objects, part
from noether_sym.report.predictions import tailoring_view

_CLOSEST = 5
_HEADLINES = 4
_LONGEST = 80
_CAPTIONS = {
    "conservation": "The value of the law along each trajectory, beside the same formula on "
    "data whose columns are shuffled. A conserved quantity is flat on the left only.",
    "phase_portrait": "Trajectories in the plane of states. Along a conserved quantity they "
    "follow its level lines, or keep one colour.",
    "rollout_errors": "Mean squared error of predictions from the held-out starts, averaged "
    "over them. Lower is better.",
    "energies": "The energy of the predicted states along the first held-out trajectory. "
    "Lines that run away leave the frame.",
}
_ORDER = tuple(_CAPTIONS)


def page_view(
    run: Entry, laws: Entry, tailoring: Entry | None, figures: Mapping[str, str]
) -> dict[str, Any]:
    """Variables of the template."""
    import markupsafe

    entry = shown_entry(laws)
    accepted = objects(laws, "laws")
    closest = objects(laws, "candidates_not_accepted")[:_CLOSEST]
    own = tailoring_view(tailoring, laws) if tailoring else None
    return {
        "dataset": str(laws.get("dataset") or at(run, "dataset", "name") or "unnamed data"),
        "found": bool(accepted),
        "verdict": verdict(run, laws),
        "headlines": [
            (markupsafe.Markup(_mathml(one)), words.unit(one.get("unit")))
            for one in (_heads(accepted)[:_HEADLINES] if accepted else [entry] if entry else [])
        ],
        "selected": words.formula(_text(entry)) if entry and entry.get("selected") else "",
        "laws": [_law_row(one) for one in accepted],
        "closest": [_law_row(one) for one in closest],
        "symmetries": _symmetries(_heads(accepted)),
        "window": laws.get("window"),
        "counts": _counts(laws),
        "data": _data(run),
        "tailoring": own,
        "figures": _figures(figures),
        "command": command_line(run, tailoring),
        "facts": _facts(run),
        "version": str(at(run, "versions", "noether-sym") or __version__),
        "source": str(at(run, "dataset", "source") or ""),
    }


def verdict(run: Entry, laws: Entry) -> str:
    """What was found, in one sentence."""
    accepted = objects(laws, "laws")
    if accepted:
        count = laws.get("independent_laws")
        count = count if isinstance(count, int) and count > 0 else 1
        noun = "law" if count == 1 else "independent laws"
        best = "; ".join(words.formula(_text(one)) for one in _heads(accepted)[:count])
        approximately = ", approximately conserved" if laws.get("window") else ""
        sentence = f"{count} {noun} found{approximately}"
        return f"{sentence}: {best}" if len(best) <= _LONGEST else sentence
    depth = at(run, "search", "depth")
    sentence = f"No law found up to {depth} nodes" if depth else "No law found"
    closest = objects(laws, "candidates_not_accepted")
    if closest:
        ratio = words.number(closest[0].get("conservation_ratio"), 2)
        text = words.formula(_text(closest[0]))
        sentence += f". Closest, not conserved: {text} (ratio {ratio})"
    return sentence


def _heads(accepted: Sequence[Entry]) -> list[Entry]:
    """The first law of each family."""
    heads: dict[str, Entry] = {}
    for place, entry in enumerate(accepted):
        heads.setdefault(str(entry.get("family") or f"own {place}"), entry)
    return list(heads.values())


def _law_row(entry: Entry) -> dict[str, Any]:
    import markupsafe

    constants = [
        {
            "name": str(one.get("name", "")),
            "value": words.with_error(one.get("value"), one.get("stderr")),
            "unit": words.unit(one.get("unit")),
        }
        for one in objects(entry, "parameters")
    ]
    return {
        "rank": entry.get("rank") or "–",
        "family": entry.get("family") or "–",
        "formula": markupsafe.Markup(_mathml(entry)),
        "named": markupsafe.Markup(_mathml(entry, by_name=True)) if constants else "",
        "text": _text(entry),
        "unit": words.unit(entry.get("unit")),
        "constants": constants,
        "ratio": words.number(entry.get("conservation_ratio"), 2),
        "random": words.number(entry.get("random_ratio"), 2),
        "held_out": words.number(entry.get("heldout_ratio"), 2),
        "alignment": words.number(entry.get("alignment"), 2),
        "selected": bool(entry.get("selected")),
        "reason": str(entry.get("reason") or entry.get("status") or ""),
    }


def _mathml(entry: Entry, *, by_name: bool = False) -> str:
    """The formula of an entry; as plain text where its tree cannot be read."""
    from html import escape

    try:
        return law_mathml(law_from_json(entry), by_name=by_name)
    except NoetherSymError:
        return "" if by_name else f"<code>{escape(_text(entry))}</code>"


def _symmetries(heads: Sequence[Entry]) -> dict[str, Any] | None:
    """What each law generates by Noether's theorem; None for runs that did not look."""
    import markupsafe

    rows: list[dict[str, Any]] = []
    missing: list[str] = []
    notes: list[str] = []
    for entry in heads:
        own = part(entry, "symmetry")
        if not own:
            continue
        if own.get("name") == NONE:
            missing.append(str(own.get("about") or ""))
            continue
        rows.append(
            {
                "formula": markupsafe.Markup(_mathml(entry)),
                "name": str(own.get("name") or ""),
                "about": str(own.get("about") or ""),
                "flow": [markupsafe.Markup(one) for one in _flow(entry)],
            }
        )
        notes.append(str(own.get("note") or ""))
    if not rows and not missing:
        return None
    return {
        "rows": rows,
        "missing": [one for one in dict.fromkeys(missing) if one],
        "notes": [one for one in dict.fromkeys(notes) if one],
    }


def _flow(entry: Entry) -> list[str]:
    try:
        law = law_from_json(entry)
        return [rate_mathml(law, column, rate) for column, rate in rounded_flow(law)]
    except NoetherSymError:
        return []


def _counts(laws: Entry) -> list[tuple[str, str]]:
    labels = {
        "candidates": "formulas that units allow",
        "distinct": "distinct",
        "fitted": "fitted",
        "accepted": "accepted",
    }
    counts = part(laws, "counts")
    return [
        (f"{counts[name]:,}", label)
        for name, label in labels.items()
        if isinstance(counts.get(name), int)
    ]


def _data(run: Entry) -> list[tuple[str, str]]:
    """What the data are, as label and text."""
    dataset = part(run, "dataset")
    rows = []
    columns = [
        f"{one.get('name', '')} [{words.unit(one.get('unit')) or 'dimensionless'}]"
        for one in objects(run, "dataset", "columns")
    ]
    if columns:
        rows.append(("columns", ", ".join(columns)))
    for key in ("trajectories", "samples"):
        sizes = part(dataset, key)
        if sizes:
            rows.append((key, f"{sizes.get('train', 0)} to fit, {sizes.get('test', 0)} held out"))
    if dataset.get("derivative"):
        rows.append(("derivatives", str(dataset["derivative"])))
    notes = dataset.get("notes")
    rows += [("note", str(note)) for note in (notes if isinstance(notes, list) else [])]
    return rows


def _facts(run: Entry) -> list[tuple[str, str]]:
    """Options, versions, seed, hash and times, as label and text."""
    rows = []
    for group in ("data", "search"):
        rows += [
            ("acceptance" if key == "factor" else key, str(value))
            for key, value in part(run, group).items()
            if value not in (None, {}, [], "", False)
        ]
    digest = at(run, "identity", "dataset_sha256")
    if digest:
        rows.append(("data SHA-256", str(digest)))
    if run.get("device"):
        rows.append(("device", str(run["device"])))
    for stage in part(run, "stages"):
        if at(run, "stages", stage, "seconds") is not None:
            rows.append((f"time to {stage}", words.seconds(at(run, "stages", stage, "seconds"))))
    versions = [f"{name} {own}" for name, own in part(run, "versions").items()]
    if versions:
        rows.append(("versions", ", ".join(versions)))
    return rows


def _figures(figures: Mapping[str, str]) -> list[dict[str, str]]:
    names = [name for name in _ORDER if name in figures]
    names += [name for name in figures if name not in _ORDER]
    return [
        {
            "caption": _CAPTIONS.get(name, name),
            "source": "data:image/svg+xml;base64,"
            + base64.b64encode(figures[name].encode()).decode(),
        }
        for name in names
    ]


def _text(entry: Entry) -> str:
    return str(entry.get("expression") or "")
