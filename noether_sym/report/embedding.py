"""What an embedding says of the laws, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noether_sym.neural.embed_verdict import NEAR_CHANCE, judged, looked_for_all

if TYPE_CHECKING:
    from noether_sym.neural.embed_document import EmbeddingDocument, PredictionEntry

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def completeness(document: EmbeddingDocument) -> str:
    """Whether the laws explain every conserved direction, in a sentence or two."""
    own = judged(document)
    count, explained, laws = own.directions, own.explained, len(own.laws)
    if own.complete and count == 0:
        return (
            "Nothing left: the embedding found no conserved direction, and the search no law, on "
            "trajectories that neither was trained on."
        )
    found = f"{_said(count, 'independent conserved direction')}, {_said(laws, 'law')}"
    if own.complete:
        verdict = "nothing left."
    elif own.complete is False:
        left = count - explained
        verdict = (
            f"search deeper. {_sentence(_said(left, 'direction'))} "
            f"{'is' if left == 1 else 'are'} conserved and explained by no law."
        )
    elif laws > count:
        verdict = "the embedding cannot tell whether anything is left."
    else:
        verdict = "undecided."
    return " ".join([f"{_sentence(found)}: {verdict}", *_bounds(own)])


def _bounds(own: EmbeddingDocument) -> list[str]:
    """Why the count may be too low, in sentences."""
    if own.complete:
        return []
    count, times = own.directions, own.next_over_chance
    beyond, reasons = len(own.laws) - own.explained, []
    if beyond > 0:
        reasons.append(
            f"{_sentence(_said(beyond, 'law'))} {'is' if beyond == 1 else 'are'} beyond what the "
            "embedding could learn from these data"
        )
    if times is not None and times > NEAR_CHANCE:
        reasons.append(
            f"{'the next' if count else 'its best'} output is conserved {times:.2g} times better "
            "than by chance, too little to count"
        )
    if reasons:
        return [f"{_sentence('; '.join(reasons))}: the count is a lower bound."]
    if count == own.most and not looked_for_all(own):
        were = "was" if own.most == 1 else "were"
        return [f"No more than {_said(own.most, 'direction')} {were} asked for."]
    if own.complete is None and times is None:
        return ["No further output could be trained on these data."]
    return []


def algorithm(own: PredictionEntry) -> str:
    """What algorithm 1 was worth, in words: beside plain training, and beside a random g."""
    learned, plain = own.errors["algorithm 1"], own.errors["plain training"]
    random = own.errors["frozen random g"]
    if learned is None:
        told = "Algorithm 1: a roll-out ran away."
    elif plain is None or learned < plain:
        told = "Algorithm 1 predicts better than the same updates of plain training"
        same = random is not None and (plain is None or random < plain)
        told += ", and so does a frozen embedding of random weights." if same else "."
    else:
        told = "Algorithm 1 predicts no better than the same updates of plain training."
    if own.conserved is not None:
        told += (
            f" Of the {own.outputs} outputs of its embedding {own.conserved} combinations are "
            "conserved along held-out trajectories; nothing in it asks for that."
        )
    return told + " This is one seed."


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _said(count: int, what: str) -> str:
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} {what}{'s' * (count != 1)}"
